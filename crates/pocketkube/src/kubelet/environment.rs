//! The environment of a container: Services, ConfigMaps, Secrets, the Pod's own fields, literals.
//!
//! A pure function of the Pod and what [`Sources`] finds. Mirrors `makeEnvironmentVariables` of
//! `pkg/kubelet/kubelet_pods.go` and `pkg/kubelet/envvars` (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, EnvFromSource, EnvVar, EnvVarSource, Pod, Secret, Service,
};

use super::downward;
use super::expansion::expand;
use crate::client::{Kind, Lister};

/// What containers are configured from.
pub trait Sources: Send + Sync {
    fn config_map(&self, namespace: &str, name: &str) -> Option<Arc<ConfigMap>>;
    fn secret(&self, namespace: &str, name: &str) -> Option<Arc<Secret>>;
    fn services(&self, namespace: &str) -> Vec<Arc<Service>>;
}

/// The shared caches as sources.
#[derive(Clone)]
pub struct Caches {
    pub config_maps: Lister<ConfigMap>,
    pub secrets: Lister<Secret>,
    pub services: Lister<Service>,
}

impl Sources for Caches {
    fn config_map(&self, namespace: &str, name: &str) -> Option<Arc<ConfigMap>> {
        self.config_maps.get(namespace, name)
    }

    fn secret(&self, namespace: &str, name: &str) -> Option<Arc<Secret>> {
        self.secrets.get(namespace, name)
    }

    fn services(&self, namespace: &str) -> Vec<Arc<Service>> {
        self.services.list(namespace)
    }
}

/// The facts about a Pod that only its node knows.
#[derive(Clone, Debug, Default)]
pub struct NodeFacts {
    pub node_name: String,
    pub host_ip: String,
    pub pod_ip: String,
    /// What limits default to where a container has none.
    pub allocatable_milli_cpu: i64,
    pub allocatable_memory: i64,
    pub allocatable_ephemeral_storage: i64,
}

/// The variables of a container, in the order in which they were defined. The error is what keeps
/// the container from being configured: `configmap "x" not found`.
pub fn environment(
    pod: &Pod,
    container: &Container,
    facts: &NodeFacts,
    sources: &dyn Sources,
) -> Result<Vec<(String, String)>, String> {
    let mut variables = Variables::default();
    let wants_links = pod.spec.as_ref().and_then(|spec| spec.enable_service_links);
    let services = service_variables(pod.namespace(), wants_links.unwrap_or(true), sources);
    for source in container.env_from.iter().flatten() {
        for (name, value) in from_source(pod, source, sources)? {
            variables.set(&name, value);
        }
    }
    let context = Context {
        pod,
        container,
        facts,
        sources,
    };
    for variable in container.env.iter().flatten() {
        let known = |name: &str| {
            let own = variables.get(name).cloned();
            own.or_else(|| services.get(name).cloned())
        };
        if let Some(value) = context.value(variable, known)? {
            variables.set(&variable.name, value);
        }
    }
    for (name, value) in services {
        if variables.get(&name).is_none() {
            variables.set(&name, value);
        }
    }
    Ok(variables.list)
}

#[derive(Default)]
struct Variables {
    list: Vec<(String, String)>,
}

impl Variables {
    fn get(&self, name: &str) -> Option<&String> {
        let mut list = self.list.iter();
        list.find(|(own, _)| own == name).map(|(_, value)| value)
    }

    fn set(&mut self, name: &str, value: String) {
        match self.list.iter_mut().find(|(own, _)| own == name) {
            Some(slot) => slot.1 = value,
            None => self.list.push((name.to_owned(), value)),
        }
    }
}

struct Context<'a> {
    pod: &'a Pod,
    container: &'a Container,
    facts: &'a NodeFacts,
    sources: &'a dyn Sources,
}

impl Context<'_> {
    /// `None` for an optional reference that leads nowhere.
    fn value(
        &self,
        variable: &EnvVar,
        known: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<String>, String> {
        match &variable.value_from {
            None => {
                let text = variable.value.as_deref().unwrap_or_default();
                Ok(Some(expand(text, known)))
            }
            Some(source) => self.referenced(source),
        }
    }

    fn referenced(&self, source: &EnvVarSource) -> Result<Option<String>, String> {
        let namespace = self.pod.namespace();
        if let Some(field) = &source.field_ref {
            return downward::field(self.pod, &field.field_path, self.facts).map(Some);
        }
        if let Some(resource) = &source.resource_field_ref {
            return downward::resource(self.pod, resource, self.container, self.facts).map(Some);
        }
        if let Some(key) = &source.config_map_key_ref {
            let optional = key.optional.unwrap_or_default();
            let Some(map) = self.sources.config_map(namespace, &key.name) else {
                return missing(optional, || format!("configmap {:?} not found", key.name));
            };
            let value = map.data.as_ref().and_then(|data| data.get(&key.key));
            return match value {
                Some(value) => Ok(Some(value.clone())),
                None => missing(optional, || {
                    format!(
                        "couldn't find key {} in ConfigMap {namespace}/{}",
                        key.key, key.name
                    )
                }),
            };
        }
        if let Some(key) = &source.secret_key_ref {
            let optional = key.optional.unwrap_or_default();
            let Some(secret) = self.sources.secret(namespace, &key.name) else {
                return missing(optional, || format!("secret {:?} not found", key.name));
            };
            let value = secret.data.as_ref().and_then(|data| data.get(&key.key));
            return match value {
                Some(value) => Ok(Some(String::from_utf8_lossy(&value.0).into_owned())),
                None => missing(optional, || {
                    format!(
                        "couldn't find key {} in Secret {namespace}/{}",
                        key.key, key.name
                    )
                }),
            };
        }
        Ok(Some(String::new()))
    }
}

fn missing<T>(optional: bool, message: impl FnOnce() -> String) -> Result<Option<T>, String> {
    if optional { Ok(None) } else { Err(message()) }
}

fn from_source(
    pod: &Pod,
    source: &EnvFromSource,
    sources: &dyn Sources,
) -> Result<Vec<(String, String)>, String> {
    let namespace = pod.namespace();
    let prefix = source.prefix.as_deref().unwrap_or_default();
    let named = |data: BTreeMap<String, String>| -> Vec<(String, String)> {
        let pairs = data.into_iter();
        pairs
            .map(|(key, value)| (format!("{prefix}{key}"), value))
            .collect()
    };
    if let Some(reference) = &source.config_map_ref {
        return match sources.config_map(namespace, &reference.name) {
            Some(map) => Ok(named(map.data.clone().unwrap_or_default())),
            None if reference.optional == Some(true) => Ok(Vec::new()),
            None => Err(format!("configmap {:?} not found", reference.name)),
        };
    }
    if let Some(reference) = &source.secret_ref {
        return match sources.secret(namespace, &reference.name) {
            Some(secret) => {
                let data = secret.data.iter().flatten();
                let texts = data.map(|(key, value)| {
                    (key.clone(), String::from_utf8_lossy(&value.0).into_owned())
                });
                Ok(named(texts.collect()))
            }
            None if reference.optional == Some(true) => Ok(Vec::new()),
            None => Err(format!("secret {:?} not found", reference.name)),
        };
    }
    Ok(Vec::new())
}

/// The variables that tell of Services: those of the namespace, and always `KUBERNETES_*`.
fn service_variables(
    namespace: &str,
    wants_links: bool,
    sources: &dyn Sources,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for service in sources.services("default") {
        if service.name() == "kubernetes" {
            add_service(&mut variables, &service);
        }
    }
    if wants_links {
        for service in sources.services(namespace) {
            add_service(&mut variables, &service);
        }
    }
    variables
}

fn add_service(variables: &mut BTreeMap<String, String>, service: &Service) {
    let Some(spec) = &service.spec else {
        return;
    };
    let ip = spec.cluster_ip.as_deref().unwrap_or_default();
    if ip.is_empty() || ip == "None" {
        return;
    }
    let prefix = variable_name(service.name());
    let ports = spec.ports.as_deref().unwrap_or_default();
    let Some(first) = ports.first() else {
        return;
    };
    variables.insert(format!("{prefix}_SERVICE_HOST"), ip.to_owned());
    variables.insert(format!("{prefix}_SERVICE_PORT"), first.port.to_string());
    for port in ports {
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            let name = variable_name(name);
            variables.insert(
                format!("{prefix}_SERVICE_PORT_{name}"),
                port.port.to_string(),
            );
        }
    }
    for (at, port) in ports.iter().enumerate() {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let lower = protocol.to_lowercase();
        let url = format!("{lower}://{ip}:{}", port.port);
        if at == 0 {
            variables.insert(format!("{prefix}_PORT"), url.clone());
        }
        let one = format!("{prefix}_PORT_{}_{}", port.port, protocol.to_uppercase());
        variables.insert(format!("{one}_PROTO"), lower);
        variables.insert(format!("{one}_PORT"), port.port.to_string());
        variables.insert(format!("{one}_ADDR"), ip.to_owned());
        variables.insert(one, url);
    }
}

fn variable_name(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

#[cfg(test)]
mod tests;
