//! From Ingresses to routes: which Pods a request is for. Pure.
//!
//! Mirrors `loadConfigurationFromIngresses` of `pkg/provider/kubernetes/ingress/kubernetes.go`: of
//! the rules that match, the longest one wins.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::api::{News, Resource};
use super::options::Options;
use crate::api::tree::{elements, text};

const CONTROLLER: &str = "traefik.io/ingress-controller";
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

type Objects = BTreeMap<(String, String), Value>;

/// What the API has told, by the plural of the kind.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<&'static str, Objects>);

impl Known {
    pub(super) fn hear(&mut self, resource: &Resource, news: News) {
        let objects = self.0.entry(resource.plural).or_default();
        match news {
            News::All(all) => *objects = all.into_iter().map(|own| (key(&own), own)).collect(),
            News::Put(own) => drop(objects.insert(key(&own), own)),
            News::Gone(own) => drop(objects.remove(&key(&own))),
        }
    }

    fn all(&self, plural: &str) -> impl Iterator<Item = &Value> {
        self.0.get(plural).into_iter().flat_map(BTreeMap::values)
    }

    pub(super) fn service(&self, namespace: &str, name: &str) -> Option<&Value> {
        let services = self.0.get("services")?;
        services.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The Ingresses that this controller serves.
    pub(super) fn ingresses<'a>(&'a self, options: &'a Options) -> impl Iterator<Item = &'a Value> {
        self.all("ingresses")
            .filter(|own| self.is_ours(own, options))
    }

    fn is_ours(&self, ingress: &Value, options: &Options) -> bool {
        let only = options.ingress_class.as_deref();
        if let Some(class) = ingress["spec"]["ingressClassName"].as_str() {
            return self.all("ingressclasses").any(|own| {
                let name = text(&own["metadata"], "name");
                text(&own["spec"], "controller") == CONTROLLER
                    && name == class
                    && only.is_none_or(|only| only == name)
            });
        }
        let annotation = ingress["metadata"]["annotations"][CLASS_ANNOTATION].as_str();
        annotation.unwrap_or_default() == only.unwrap_or_default()
            || only.is_none() && annotation == Some("traefik")
    }

    /// Where the Pods behind a port of a Service are.
    fn servers(&self, namespace: &str, backend: &Value) -> Result<Vec<SocketAddr>, String> {
        let name = text(backend, "name");
        let service = self.service(namespace, name).ok_or("service not found")?;
        if text(&service["spec"], "type") == "ExternalName" {
            return Err(
                "externalName services not allowed: ".to_owned() + &format!("{namespace}/{name}")
            );
        }
        let wanted = &backend["port"];
        let port = elements(&service["spec"]["ports"]).iter().find(|own| {
            let is_named = !text(wanted, "name").is_empty() && own["name"] == wanted["name"];
            is_named || !wanted["number"].is_null() && own["port"] == wanted["number"]
        });
        let port = text(port.ok_or("service port not found")?, "name");
        let slices = self.all("endpointslices").filter(|slice| {
            let metadata = &slice["metadata"];
            text(metadata, "namespace") == namespace
                && metadata["labels"][SERVICE_NAME_LABEL] == name
        });
        let mut servers = Vec::new();
        for slice in slices {
            let ports = elements(&slice["ports"]).iter();
            let mut numbers = ports.filter(|own| text(own, "name") == port);
            let number = numbers.next().and_then(|own| own["port"].as_u64());
            let Some(number) = number.and_then(|number| u16::try_from(number).ok()) else {
                continue;
            };
            for endpoint in elements(&slice["endpoints"]) {
                let addresses = elements(&endpoint["addresses"]).iter();
                if endpoint["conditions"]["ready"] == Value::Bool(false) {
                    continue;
                }
                let ips = addresses.filter_map(|ip| ip.as_str()?.parse::<IpAddr>().ok());
                servers.extend(ips.map(|ip| SocketAddr::new(ip, number)));
            }
        }
        servers.sort_unstable();
        servers.dedup();
        Ok(servers)
    }
}

fn key(object: &Value) -> (String, String) {
    let metadata = &object["metadata"];
    let namespace = text(metadata, "namespace").to_owned();
    (namespace, text(metadata, "name").to_owned())
}

/// All routes, the most particular first.
#[derive(Debug, Default)]
pub(super) struct Routes(Vec<Route>);

/// Requests that match go to one of the servers.
#[derive(Debug)]
pub(super) struct Route {
    /// As the access log names it.
    pub name: String,
    host: Host,
    path: Path,
    /// The length of the rule in Traefik's own language.
    priority: usize,
    servers: Vec<SocketAddr>,
    turn: AtomicUsize,
}

#[derive(Debug, PartialEq, Eq)]
enum Host {
    Any,
    Exact(String),
    /// What comes after the one label that `*` stands for, with its dot.
    Below(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Path {
    Exact(String),
    Prefix(String),
}

impl Routes {
    /// The routes of all Ingresses, and what is wrong with them in the words of the log.
    pub(super) fn build(known: &Known, options: &Options) -> (Self, Vec<String>) {
        let (mut routes, mut problems) = (Vec::new(), Vec::new());
        for ingress in known.ingresses(options) {
            let namespace = text(&ingress["metadata"], "namespace");
            let mut add =
                |host: &str, path: &Value, backend: &Value, is_default: bool| match backends(
                    known, options, namespace, backend,
                ) {
                    Ok(servers) => {
                        routes.push(Route::new(ingress, host, path, servers, is_default));
                    }
                    Err(why) => problems.push(problem(ingress, backend, &why)),
                };
            let rules = elements(&ingress["spec"]["rules"]);
            let default = &ingress["spec"]["defaultBackend"]["service"];
            if rules.is_empty() && !default.is_null() {
                add("", &Value::Null, default, true);
            }
            for rule in rules {
                for path in elements(&rule["http"]["paths"]) {
                    add(text(rule, "host"), path, &path["backend"]["service"], false);
                }
            }
        }
        routes.sort_by(|a, b| (b.priority, &a.name).cmp(&(a.priority, &b.name)));
        (Self(routes), problems)
    }

    /// The route of a request.
    pub(super) fn find(&self, host: &str, path: &str) -> Option<&Route> {
        let host = host.split(':').next().unwrap_or(host).to_lowercase();
        self.0.iter().find(|route| route.matches(&host, path))
    }
}

fn backends(
    known: &Known,
    options: &Options,
    namespace: &str,
    backend: &Value,
) -> Result<Vec<SocketAddr>, String> {
    let servers = known
        .servers(namespace, backend)
        .map_err(|why| format!("Cannot create service error={why:?}"))?;
    match servers.is_empty() && !options.allows_empty_services {
        true => Err("Skipping service: no endpoints found".to_owned()),
        false => Ok(servers),
    }
}

fn problem(ingress: &Value, backend: &Value, why: &str) -> String {
    let metadata = &ingress["metadata"];
    let port = &backend["port"];
    format!(
        "{why} ingress={} namespace={} providerName=kubernetes serviceName={} \
         servicePort=&ServiceBackendPort{{Name:{},Number:{},}}",
        text(metadata, "name"),
        text(metadata, "namespace"),
        text(backend, "name"),
        text(port, "name"),
        port["number"].as_u64().unwrap_or_default(),
    )
}

impl Route {
    fn new(
        ingress: &Value,
        host: &str,
        path: &Value,
        servers: Vec<SocketAddr>,
        is_default: bool,
    ) -> Self {
        let metadata = &ingress["metadata"];
        let written = text(path, "path");
        let name = format!(
            "{}-{}-{host}{written}",
            text(metadata, "namespace"),
            text(metadata, "name")
        );
        let (rule, priority) = (rule(host, path), 0);
        Self {
            name: match is_default {
                true => "default-router".to_owned(),
                false => normalized(&name),
            },
            host: match host.strip_prefix('*') {
                _ if host.is_empty() => Host::Any,
                Some(rest) => Host::Below(rest.to_lowercase()),
                None => Host::Exact(host.to_lowercase()),
            },
            path: match text(path, "pathType") {
                "Exact" => Path::Exact(written.to_owned()),
                _ if written.is_empty() => Path::Prefix("/".to_owned()),
                _ => Path::Prefix(written.to_owned()),
            },
            priority: if is_default { priority } else { rule.len() },
            servers,
            turn: AtomicUsize::new(0),
        }
    }

    fn matches(&self, host: &str, path: &str) -> bool {
        let is_host = match &self.host {
            Host::Any => true,
            Host::Exact(own) => own == host,
            Host::Below(rest) => host
                .strip_suffix(rest.as_str())
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
        };
        is_host
            && match &self.path {
                Path::Exact(own) => own == path,
                Path::Prefix(own) => path.starts_with(own.as_str()),
            }
    }

    /// Whose turn it is.
    pub(super) fn server(&self) -> Option<SocketAddr> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.servers.get(turn % self.servers.len().max(1)).copied()
    }
}

/// The rule in Traefik's language.
fn rule(host: &str, path: &Value) -> String {
    let host = match host.strip_prefix("*.") {
        _ if host.is_empty() => None,
        Some(rest) => {
            let rest = rest.replace('.', "\\.");
            Some(format!("HostRegexp(`[a-zA-Z0-9-]+\\.{rest}`)"))
        }
        None => Some(format!("Host(`{host}`)")),
    };
    let matcher = match text(path, "pathType") {
        "Exact" => "Path",
        _ => "PathPrefix",
    };
    let written = Some(text(path, "path")).filter(|path| !path.is_empty());
    let path = written.map(|path| format!("{matcher}(`{path}`)"));
    let parts: Vec<String> = host.into_iter().chain(path).collect();
    match parts.is_empty() {
        true => "PathPrefix(`/`)".to_owned(),
        false => parts.join(" && "),
    }
}

/// Letters and digits, with a dash for everything between.
fn normalized(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::api::RESOURCES;
    use super::*;

    fn known(objects: Value) -> Known {
        let mut known = Known::default();
        for resource in RESOURCES {
            let all = elements(&objects[resource.plural]).to_vec();
            known.hear(resource, News::All(all));
        }
        known
    }

    fn options(arguments: &[&str]) -> Options {
        let arguments: Vec<String> = arguments.iter().map(|&own| own.to_owned()).collect();
        Options::read(&arguments).expect("good arguments")
    }

    /// Services `a` and `b` with an endpoint each, `empty` without one.
    fn shop(rules: Value) -> Known {
        let service = |name: &str| {
            json!({"metadata": {"name": name, "namespace": "shop"},
                "spec": {"ports": [{"name": "http", "port": 80}]}})
        };
        let slice = |name: &str, ip: &str| {
            json!({"metadata": {"name": format!("{name}-x"), "namespace": "shop",
                    "labels": {"kubernetes.io/service-name": name}},
                "ports": [{"name": "http", "port": 8080}],
                "endpoints": [{"addresses": [ip], "conditions": {"ready": true}},
                    {"addresses": ["10.9.9.9"], "conditions": {"ready": false}}]})
        };
        known(json!({
            "services": [service("a"), service("b"), service("empty")],
            "endpointslices": [slice("a", "10.0.0.1"), slice("b", "10.0.0.2")],
            "ingresses": [{"metadata": {"name": "in", "namespace": "shop"},
                "spec": {"rules": rules}}],
        }))
    }

    fn to(service: &str, path: &str, path_type: &str) -> Value {
        json!({"path": path, "pathType": path_type,
            "backend": {"service": {"name": service, "port": {"number": 80}}}})
    }

    #[track_caller]
    fn check(known: &Known, host: &str, path: &str, server: Option<&str>) {
        let (routes, _) = Routes::build(known, &options(&[]));
        let found = routes.find(host, path).and_then(Route::server);
        let found = found.map(|address| address.to_string());
        assert_eq!(found.as_deref(), server, "{host}{path}");
    }

    #[test]
    fn hosts_and_paths_lead_to_ready_endpoints() {
        let shop = shop(json!([
            {"host": "shop.test", "http": {"paths": [to("a", "/", "Prefix"), to("b", "/b", "Prefix")]}},
            {"host": "*.any.test", "http": {"paths": [to("b", "/only", "Exact")]}},
        ]));
        check(&shop, "shop.test", "/", Some("10.0.0.1:8080"));
        check(&shop, "SHOP.test:80", "/b/c", Some("10.0.0.2:8080"));
        check(&shop, "other.test", "/", None);
        check(&shop, "x.any.test", "/only", Some("10.0.0.2:8080"));
        check(&shop, "x.any.test", "/only/more", None);
        check(&shop, "x.y.any.test", "/only", None);
        check(&shop, "any.test", "/only", None);
    }

    #[test]
    fn what_is_wrong_is_told_and_the_rest_works() {
        let shop = shop(json!([{"http": {"paths": [
            to("a", "/a", "Prefix"), to("nope", "/n", "Prefix"), to("empty", "/e", "Prefix")]}}]));
        let (_, problems) = Routes::build(&shop, &options(&[]));
        assert_eq!(
            problems,
            [
                "Cannot create service error=\"service not found\" ingress=in namespace=shop \
                 providerName=kubernetes serviceName=nope \
                 servicePort=&ServiceBackendPort{Name:,Number:80,}",
                "Skipping service: no endpoints found ingress=in namespace=shop \
                 providerName=kubernetes serviceName=empty \
                 servicePort=&ServiceBackendPort{Name:,Number:80,}",
            ]
        );
        check(&shop, "any", "/a", Some("10.0.0.1:8080"));
        check(&shop, "any", "/e", None);
        let allowing = options(&["--providers.kubernetesingress.allowemptyservices=true"]);
        let (routes, _) = Routes::build(&shop, &allowing);
        assert!(
            routes
                .find("any", "/e")
                .is_some_and(|route| route.server().is_none())
        );
    }

    #[test]
    fn only_ingresses_of_our_classes_are_served() {
        let class = |name: &str, controller: &str| json!({"metadata": {"name": name}, "spec": {"controller": controller}});
        let of = |class: Value| json!({"metadata": {"name": "in"}, "spec": class});
        let known = known(json!({"ingressclasses":
            [class("ours", CONTROLLER), class("theirs", "k8s.io/ingress-nginx")]}));
        let all = options(&[]);
        for (ingress, expected) in [
            (of(json!({})), true),
            (of(json!({"ingressClassName": "ours"})), true),
            (of(json!({"ingressClassName": "theirs"})), false),
            (of(json!({"ingressClassName": "nowhere"})), false),
        ] {
            assert_eq!(known.is_ours(&ingress, &all), expected, "{ingress}");
        }
        let only = options(&["--providers.kubernetesingress.ingressclass=other"]);
        assert!(!known.is_ours(&of(json!({"ingressClassName": "ours"})), &only));
        assert!(!known.is_ours(&of(json!({})), &only));
    }

    #[test]
    fn servers_take_turns() {
        let route = Route::new(
            &json!({}),
            "",
            &Value::Null,
            vec![
                "10.0.0.1:80".parse().expect("an address"),
                "10.0.0.2:80".parse().expect("an address"),
            ],
            false,
        );
        let turns: Vec<String> = (0..3)
            .filter_map(|_| route.server())
            .map(|own| own.to_string())
            .collect();
        assert_eq!(turns, ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"]);
    }
}
