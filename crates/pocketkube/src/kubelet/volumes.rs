//! What a Pod's volumes hold, worked out from their sources.
//!
//! A pure function of the Pod and what [`Sources`] finds; mounting, retries and events are the
//! worker's. Mirrors `pkg/volume/{configmap,secret,projected,downwardapi}` (v1.35).

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, Volume, VolumeProjection,
};

use super::downward;
use super::environment::{NodeFacts, Sources};
use super::runtime::filesystem::PublishedFile;
use crate::api::quantity::Quantity;

/// What a volume is.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// Files that the kubelet publishes and keeps up to date.
    Published(BTreeMap<String, PublishedFile>),
    /// A directory of the Pod's own. In memory with a limit where that is asked for.
    Empty { in_memory: bool, limit: Option<u64> },
    /// A directory of the node.
    Host { path: String },
    /// Storage that outlives the Pod, by the name of the claim.
    Claim { name: String },
}

/// A token that a volume wants: audience (empty for the API server) and seconds of validity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenWish {
    pub audience: String,
    pub expiration_seconds: i64,
}

/// Everything that volumes are made from.
pub struct VolumeContext<'a> {
    pub pod: &'a Pod,
    pub facts: &'a NodeFacts,
    pub sources: &'a dyn Sources,
    pub tokens: &'a BTreeMap<TokenWish, String>,
}

const DEFAULT_MODE: i32 = 0o644;

type Files = BTreeMap<String, PublishedFile>;

impl VolumeContext<'_> {
    /// The content of a volume. The error ends `MountVolume.SetUp failed for volume "x" : …`.
    pub fn content(&self, volume: &Volume) -> Result<Content, String> {
        if let Some(empty) = &volume.empty_dir {
            let limit: Option<Quantity> = empty
                .size_limit
                .as_ref()
                .and_then(|limit| limit.0.parse().ok());
            return Ok(Content::Empty {
                in_memory: empty.medium.as_deref() == Some("Memory"),
                limit: limit.and_then(|limit| u64::try_from(limit.value()).ok()),
            });
        }
        if let Some(host) = &volume.host_path {
            return Ok(Content::Host {
                path: host.path.clone(),
            });
        }
        if let Some(claim) = &volume.persistent_volume_claim {
            return Ok(Content::Claim {
                name: claim.claim_name.clone(),
            });
        }
        self.published(volume).map(Content::Published)
    }

    fn published(&self, volume: &Volume) -> Result<Files, String> {
        let mut files = Files::new();
        if let Some(source) = &volume.config_map {
            let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
            let optional = source.optional.unwrap_or_default();
            self.add_config_map(
                &mut files,
                &source.name,
                source.items.as_deref(),
                (mode, optional),
            )?;
        } else if let Some(source) = &volume.secret {
            let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
            let optional = source.optional.unwrap_or_default();
            let name = source.secret_name.as_deref().unwrap_or_default();
            self.add_secret(&mut files, name, source.items.as_deref(), (mode, optional))?;
        } else if let Some(source) = &volume.downward_api {
            let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
            for item in source.items.iter().flatten() {
                self.add_downward(&mut files, item, mode)?;
            }
        } else if let Some(source) = &volume.projected {
            let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
            for projection in source.sources.iter().flatten() {
                self.add_projection(&mut files, projection, mode)?;
            }
        } else {
            return Err("no volume plugin matched".to_owned());
        }
        Ok(files)
    }

    fn add_projection(
        &self,
        files: &mut Files,
        projection: &VolumeProjection,
        mode: i32,
    ) -> Result<(), String> {
        if let Some(source) = &projection.config_map {
            let optional = source.optional.unwrap_or_default();
            self.add_config_map(
                files,
                &source.name,
                source.items.as_deref(),
                (mode, optional),
            )?;
        }
        if let Some(source) = &projection.secret {
            let optional = source.optional.unwrap_or_default();
            self.add_secret(
                files,
                &source.name,
                source.items.as_deref(),
                (mode, optional),
            )?;
        }
        if let Some(source) = &projection.downward_api {
            for item in source.items.iter().flatten() {
                self.add_downward(files, item, mode)?;
            }
        }
        if let Some(source) = &projection.service_account_token {
            let wish = TokenWish {
                audience: source.audience.clone().unwrap_or_default(),
                expiration_seconds: source.expiration_seconds.unwrap_or(3600),
            };
            let token = self.tokens.get(&wish);
            let token = token.ok_or("failed to fetch token")?;
            files.insert(source.path.clone(), file(token.as_bytes().to_vec(), mode));
        }
        Ok(())
    }

    fn add_config_map(
        &self,
        files: &mut Files,
        name: &str,
        items: Option<&[KeyToPath]>,
        (mode, optional): (i32, bool),
    ) -> Result<(), String> {
        let namespace = crate::client::Kind::namespace(self.pod);
        let Some(map) = self.sources.config_map(namespace, name) else {
            return if optional {
                Ok(())
            } else {
                Err(format!("configmap {name:?} not found"))
            };
        };
        add_items(
            files,
            &bytes_of_config_map(&map),
            items,
            (mode, optional),
            "config",
        )
    }

    fn add_secret(
        &self,
        files: &mut Files,
        name: &str,
        items: Option<&[KeyToPath]>,
        (mode, optional): (i32, bool),
    ) -> Result<(), String> {
        let namespace = crate::client::Kind::namespace(self.pod);
        let Some(secret) = self.sources.secret(namespace, name) else {
            return if optional {
                Ok(())
            } else {
                Err(format!("secret {name:?} not found"))
            };
        };
        add_items(
            files,
            &bytes_of_secret(&secret),
            items,
            (mode, optional),
            "secret",
        )
    }

    fn add_downward(
        &self,
        files: &mut Files,
        item: &DownwardAPIVolumeFile,
        mode: i32,
    ) -> Result<(), String> {
        let value = match (&item.field_ref, &item.resource_field_ref) {
            (Some(field), _) => downward::field(self.pod, &field.field_path, self.facts)?,
            (None, Some(resource)) => {
                let nobody = Container::default();
                downward::resource(self.pod, resource, &nobody, self.facts)?
            }
            (None, None) => String::new(),
        };
        let mode = item.mode.unwrap_or(mode);
        files.insert(item.path.clone(), file(value.into_bytes(), mode));
        Ok(())
    }
}

/// The tokens that a Pod's volumes want.
pub fn token_wishes(pod: &Pod) -> Vec<TokenWish> {
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    let projections = volumes
        .filter_map(|volume| volume.projected.as_ref())
        .flat_map(|projected| projected.sources.iter().flatten());
    projections
        .filter_map(|projection| projection.service_account_token.as_ref())
        .map(|token| TokenWish {
            audience: token.audience.clone().unwrap_or_default(),
            expiration_seconds: token.expiration_seconds.unwrap_or(3600),
        })
        .collect()
}

/// An object that a Pod is configured from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    ConfigMap { namespace: String, name: String },
    Secret { namespace: String, name: String },
}

/// The ConfigMaps and Secrets that a change of which the Pod's worker wants to hear of.
pub fn references(pod: &Pod) -> Vec<Reference> {
    let namespace = crate::client::Kind::namespace(pod).to_owned();
    let config_map = |name: &str| Reference::ConfigMap {
        namespace: namespace.clone(),
        name: name.to_owned(),
    };
    let secret = |name: &str| Reference::Secret {
        namespace: namespace.clone(),
        name: name.to_owned(),
    };
    let mut found = Vec::new();
    let Some(spec) = &pod.spec else {
        return found;
    };
    for volume in spec.volumes.iter().flatten() {
        found.extend(volume.config_map.iter().map(|own| config_map(&own.name)));
        let names = volume
            .secret
            .iter()
            .filter_map(|own| own.secret_name.as_deref());
        found.extend(names.map(secret));
        let projections = volume
            .projected
            .iter()
            .flat_map(|own| own.sources.iter().flatten());
        for projection in projections {
            found.extend(
                projection
                    .config_map
                    .iter()
                    .map(|own| config_map(&own.name)),
            );
            found.extend(projection.secret.iter().map(|own| secret(&own.name)));
        }
    }
    for container in spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten())
    {
        for source in container.env_from.iter().flatten() {
            found.extend(
                source
                    .config_map_ref
                    .iter()
                    .map(|own| config_map(&own.name)),
            );
            found.extend(source.secret_ref.iter().map(|own| secret(&own.name)));
        }
        let values = container
            .env
            .iter()
            .flatten()
            .filter_map(|own| own.value_from.as_ref());
        for value in values {
            found.extend(
                value
                    .config_map_key_ref
                    .iter()
                    .map(|own| config_map(&own.name)),
            );
            found.extend(value.secret_key_ref.iter().map(|own| secret(&own.name)));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn add_items(
    files: &mut Files,
    data: &BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
    (mode, optional): (i32, bool),
    kind: &str,
) -> Result<(), String> {
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        let all = data.iter();
        files.extend(all.map(|(key, bytes)| (key.clone(), file(bytes.clone(), mode))));
        return Ok(());
    };
    for item in items {
        match data.get(&item.key) {
            Some(bytes) => {
                let mode = item.mode.unwrap_or(mode);
                files.insert(item.path.clone(), file(bytes.clone(), mode));
            }
            None if optional => {}
            None => return Err(format!("references non-existent {kind} key: {}", item.key)),
        }
    }
    Ok(())
}

fn bytes_of_config_map(map: &ConfigMap) -> BTreeMap<String, Vec<u8>> {
    let texts = map.data.iter().flatten();
    let binary = map.binary_data.iter().flatten();
    texts
        .map(|(key, text)| (key.clone(), text.clone().into_bytes()))
        .chain(binary.map(|(key, ByteString(bytes))| (key.clone(), bytes.clone())))
        .collect()
}

fn bytes_of_secret(secret: &Secret) -> BTreeMap<String, Vec<u8>> {
    let data = secret.data.iter().flatten();
    data.map(|(key, ByteString(bytes))| (key.clone(), bytes.clone()))
        .collect()
}

fn file(content: Vec<u8>, mode: i32) -> PublishedFile {
    PublishedFile {
        content,
        mode: u32::try_from(mode).unwrap_or(0o644),
    }
}
