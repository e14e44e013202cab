//! Mounting a Pod's volumes: sandbox first, then content, tokens and claims; trying again what
//! fails, and keeping published files up to date.
//!
//! Mirrors `pkg/kubelet/volumemanager` (v1.35).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, Pod, ServiceAccount, Volume as VolumeSource,
};

use super::PodWorker;
use crate::api::quantity::Quantity;
use crate::client::{EventType, Kind};
use crate::endpoints::Reply;
use crate::kubelet::container_config::ReadyVolume;
use crate::kubelet::environment::NodeFacts;
use crate::kubelet::node::Node;
use crate::kubelet::runtime::filesystem::Volume;
use crate::kubelet::runtime::{DnsConfig, SandboxConfig};
use crate::kubelet::volumes::{Content, TokenWish, VolumeContext, token_wishes};

/// First and longest waits before a volume that could not be mounted is tried again.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(122);

/// The volumes of a Pod.
#[derive(Default)]
pub(super) struct Mounts {
    pub ready: BTreeMap<String, ReadyVolume>,
    tokens: BTreeMap<TokenWish, (String, Timestamp)>,
    /// When to try again, and how long to wait after that.
    retry: Option<(Timestamp, Duration)>,
    is_mounted: bool,
}

impl Mounts {
    /// Something that volumes are made from may have changed.
    pub fn refresh(&mut self) {
        self.is_mounted = false;
        self.retry = None;
    }
}

impl PodWorker {
    /// The Pod's sandbox, made when it is missing. False where it could not be made.
    pub(super) fn make_sandbox(&mut self) -> bool {
        if self.sandbox.is_some() {
            return true;
        }
        match self.node.runtime.run_sandbox(self.sandbox_config()) {
            Ok(sandbox) => {
                self.view.set_sandbox(Some(sandbox.clone()));
                self.sandbox = Some(sandbox);
                true
            }
            Err(error) => {
                let message = format!(
                    "Failed to create pod sandbox: rpc error: code = Unknown desc = {error}"
                );
                self.node.event(
                    &self.pod,
                    EventType::Warning,
                    "FailedCreatePodSandBox",
                    message,
                );
                self.wake_after(super::RESYNC);
                false
            }
        }
    }

    fn sandbox_config(&self) -> SandboxConfig {
        let spec = self.spec();
        let node = &self.node;
        let (namespace, domain) = (self.pod.namespace(), &node.cluster_domain);
        let host_network = spec.host_network.unwrap_or_default();
        let hostname = match (&spec.hostname, host_network) {
            (_, true) => node.config.name.clone(),
            (Some(hostname), false) => hostname.clone(),
            // A hostname has at most 63 characters.
            (None, false) => self.pod.name().chars().take(63).collect(),
        };
        let subdomain = spec.subdomain.as_deref().filter(|own| !own.is_empty());
        let aliases = spec.host_aliases.iter().flatten();
        SandboxConfig {
            namespace: namespace.to_owned(),
            name: self.pod.name().to_owned(),
            uid: self.pod.uid().to_owned(),
            fully_qualified_name: subdomain
                .map(|subdomain| format!("{hostname}.{subdomain}.{namespace}.svc.{domain}")),
            hostname,
            host_network,
            dns: self.dns(host_network),
            host_aliases: aliases
                .filter_map(|alias| {
                    let names = alias.hostnames.clone().unwrap_or_default();
                    Some((alias.ip.parse().ok()?, names))
                })
                .collect(),
        }
    }

    fn dns(&self, host_network: bool) -> DnsConfig {
        let spec = self.spec();
        let node = &self.node;
        let mut dns = match spec.dns_policy.as_deref().unwrap_or("ClusterFirst") {
            "None" => DnsConfig::default(),
            "ClusterFirst" if !host_network => {
                let namespace = self.pod.namespace();
                DnsConfig::cluster_first(node.cluster_dns, namespace, &node.cluster_domain)
            }
            "ClusterFirstWithHostNet" => {
                let namespace = self.pod.namespace();
                DnsConfig::cluster_first(node.cluster_dns, namespace, &node.cluster_domain)
            }
            _ => DnsConfig {
                servers: vec![node.cluster_dns],
                ..DnsConfig::default()
            },
        };
        if let Some(own) = &spec.dns_config {
            let servers = own.nameservers.iter().flatten();
            dns.servers
                .extend(servers.filter_map(|server| server.parse::<IpAddr>().ok()));
            dns.searches.extend(own.searches.iter().flatten().cloned());
            for option in own.options.iter().flatten() {
                let name = option.name.clone().unwrap_or_default();
                dns.options
                    .retain(|existing| existing.split(':').next() != Some(&name));
                dns.options.push(match &option.value {
                    Some(value) => format!("{name}:{value}"),
                    None => name,
                });
            }
        }
        dns
    }

    /// What the Pod may know of its node and of itself.
    pub(super) fn facts(&self) -> NodeFacts {
        let config = &self.node.config;
        let amount = |text: &str| text.parse::<Quantity>().unwrap_or_default();
        let ip = self
            .sandbox
            .as_ref()
            .map(|sandbox| sandbox.ip().to_string());
        NodeFacts {
            node_name: config.name.clone(),
            host_ip: config.ip.to_string(),
            pod_ip: ip.unwrap_or_default(),
            allocatable_milli_cpu: amount(&config.cpu).milli_value(),
            allocatable_memory: amount(&config.memory).value(),
            allocatable_ephemeral_storage: 0,
        }
    }

    /// Mounts what is not mounted yet and brings published files up to date. False while some
    /// volume is missing that the containers need.
    pub(super) async fn mount(&mut self) -> bool {
        let now = self.node.clock.now();
        let needs_token = self.mounts.tokens.values().any(|(_, renew)| *renew <= now);
        if self.mounts.is_mounted && !needs_token {
            self.wake_for_tokens();
            return true;
        }
        if let Some((at, _)) = self.mounts.retry
            && at > now
        {
            self.wake_at(at);
            return self.has_all_volumes();
        }
        match self.mount_all(now).await {
            Ok(()) => {
                self.mounts.is_mounted = true;
                self.mounts.retry = None;
                self.wake_for_tokens();
                true
            }
            Err((volume, error)) => {
                let message = format!("MountVolume.SetUp failed for volume {volume:?} : {error}");
                self.node
                    .event(&self.pod, EventType::Warning, "FailedMount", message);
                let wait = self.mounts.retry.map_or(FIRST_RETRY, |(_, wait)| wait);
                let at = now.saturating_add(wait).unwrap_or(now);
                self.mounts.retry = Some((at, (wait * 2).min(LONGEST_RETRY)));
                self.wake_at(at);
                self.has_all_volumes()
            }
        }
    }

    fn has_all_volumes(&self) -> bool {
        let volumes = self.spec().volumes.iter().flatten();
        volumes
            .map(|volume| &volume.name)
            .all(|name| self.mounts.ready.contains_key(name))
    }

    fn wake_for_tokens(&mut self) {
        if let Some(renew) = self.mounts.tokens.values().map(|(_, renew)| *renew).min() {
            self.wake_at(renew);
        }
    }

    async fn mount_all(&mut self, now: Timestamp) -> Result<(), (String, String)> {
        let pod = self.pod.clone();
        let volumes = pod
            .spec
            .iter()
            .flat_map(|spec| spec.volumes.iter().flatten());
        let tokens = self.fetch_tokens(now).await;
        let facts = self.facts();
        let mut failure = None;
        for source in volumes {
            let fail = |error: String| (source.name.clone(), error);
            if let (Some(_), Err(error)) = (&source.projected, &tokens) {
                failure.get_or_insert(fail(error.clone()));
                continue;
            }
            let known = self.mounts.tokens.iter();
            let known: BTreeMap<TokenWish, String> = known
                .map(|(wish, (token, _))| (wish.clone(), token.clone()))
                .collect();
            let context = VolumeContext {
                pod: &pod,
                facts: &facts,
                sources: &self.node.sources,
                tokens: &known,
            };
            let mounted = match context.content(source) {
                Ok(content) => self.mount_one(source, content, now).await,
                Err(error) => Err(error),
            };
            if let Err(error) = mounted {
                failure.get_or_insert(fail(error));
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn mount_one(
        &mut self,
        source: &VolumeSource,
        content: Content,
        now: Timestamp,
    ) -> Result<(), String> {
        let existing = self.mounts.ready.get(&source.name);
        let group = self
            .spec()
            .security_context
            .as_ref()
            .and_then(|own| own.fs_group);
        let group = group.and_then(|group| u32::try_from(group).ok());
        let (volume, is_read_only) = match content {
            Content::Published(files) => {
                let volume = existing.map_or_else(Volume::empty, |ready| ready.volume.clone());
                volume.publish(&files, (0, group.unwrap_or_default()), now);
                (volume, true)
            }
            _ if existing.is_some() => return Ok(()),
            Content::Empty {
                in_memory: true,
                limit,
            } => (Volume::in_memory(limit), false),
            Content::Empty { .. } => (Volume::empty(), false),
            Content::Host { path } => (self.node.host_path(&path), false),
            Content::Claim { name } => (
                claimed(&self.node.clone(), &self.pod.clone(), &name).await?,
                false,
            ),
        };
        if let (Some(group), None, false) = (group, existing, is_read_only) {
            volume.set_group(group);
        }
        let ready = ReadyVolume {
            volume,
            is_read_only,
        };
        self.mounts.ready.insert(source.name.clone(), ready);
        Ok(())
    }

    /// Requests the tokens that are missing or due for renewal.
    async fn fetch_tokens(&mut self, now: Timestamp) -> Result<(), String> {
        for wish in token_wishes(&self.pod) {
            let known = self.mounts.tokens.get(&wish);
            if known.is_some_and(|(_, renew)| *renew > now) {
                continue;
            }
            let token = request_token(&self.node.clone(), &self.pod.clone(), &wish).await?;
            // Renewed after four fifths of its life.
            let life = u64::try_from(wish.expiration_seconds).unwrap_or(3600);
            let renew = now.saturating_add(Duration::from_secs(life * 4 / 5));
            let renew = renew.unwrap_or(Timestamp::MAX);
            self.mounts.tokens.insert(wish, (token, renew));
        }
        Ok(())
    }
}

/// The storage behind a claim.
async fn claimed(node: &Node, pod: &Pod, name: &str) -> Result<Arc<Volume>, String> {
    let namespace = pod.namespace();
    let claim: PersistentVolumeClaim = node
        .client
        .get(namespace, name)
        .await
        .map_err(|error| error.to_string())?;
    let volume = claim.spec.and_then(|spec| spec.volume_name);
    match volume.filter(|volume| !volume.is_empty()) {
        Some(volume) => Ok(node.persistent_volume(&volume)),
        None => Err(format!("PVC {namespace}/{name} is not bound")),
    }
}

/// A token of the Pod's service account, bound to the Pod.
async fn request_token(node: &Node, pod: &Pod, wish: &TokenWish) -> Result<String, String> {
    let account = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.service_account_name.as_deref());
    let account = account.unwrap_or("default");
    let audiences = Some(wish.audience.clone()).filter(|audience| !audience.is_empty());
    let request = TokenRequest {
        spec: TokenRequestSpec {
            audiences: audiences.into_iter().collect(),
            expiration_seconds: Some(wish.expiration_seconds),
            bound_object_ref: Some(BoundObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                name: Some(pod.name().to_owned()),
                uid: Some(pod.uid().to_owned()),
            }),
        },
        ..TokenRequest::default()
    };
    let reply = node
        .client
        .post::<ServiceAccount, _>(pod.namespace(), account, "token", &request)
        .await
        .map_err(|error| format!("failed to fetch token: {error}"))?;
    let token = match &reply {
        Reply::Object(object) => object.value()["status"]["token"].as_str(),
        Reply::Value(value) => value["status"]["token"].as_str(),
        Reply::List(_) => None,
    };
    let token = token.ok_or("failed to fetch token: the reply holds none")?;
    Ok(token.to_owned())
}
