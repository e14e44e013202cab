//! What the arguments of Traefik say: `--section.name=value`, in any case.

use serde_json::{Value, json};

/// How grave a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Fatal,
}

impl Level {
    pub(super) fn short(self) -> &'static str {
        match self {
            Self::Debug => "DBG",
            Self::Info => "INF",
            Self::Warning => "WRN",
            Self::Error => "ERR",
            Self::Fatal => "FTL",
        }
    }
}

/// A port that requests come in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntryPoint {
    pub name: String,
    pub port: u16,
    /// Routes lead from here; the port for the program's own matters has none.
    pub has_routes: bool,
    pub answers_ping: bool,
}

/// Where Ingresses are told to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Unknown,
    /// An entry of the status.
    Fixed(Value),
    /// Where the Service of that namespace and name is.
    Service(String, String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub entry_points: Vec<EntryPoint>,
    pub reads_ingresses: bool,
    /// The only IngressClass to serve, where there are several.
    pub ingress_class: Option<String>,
    pub endpoint: Endpoint,
    pub allows_empty_services: bool,
    pub access_log: bool,
    pub log_level: Level,
}

/// The entry point for ping and dashboard.
const OWN: &str = "traefik";

impl Options {
    /// The error is what Traefik says of the argument.
    pub(super) fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            entry_points: Vec::new(),
            reads_ingresses: false,
            ingress_class: None,
            endpoint: Endpoint::Unknown,
            allows_empty_services: false,
            access_log: false,
            log_level: Level::Error,
        };
        let mut with_tls = Vec::new();
        let (mut pings, mut has_dashboard) = (false, false);
        for argument in arguments {
            let Some(rest) = argument.strip_prefix("--") else {
                return Err(format!("command not found: {argument}"));
            };
            let (key, value) = rest.split_once('=').unwrap_or((rest, "true"));
            let key = key.to_lowercase();
            let provider = key.strip_prefix("providers.kubernetesingress");
            match provider {
                Some(rest) => options.set_provider(rest, value),
                None => match key.as_str() {
                    "accesslog" => options.access_log = value == "true",
                    "log.level" => options.log_level = level(value)?,
                    "ping" => pings = value == "true",
                    "api.insecure" | "api" | "api.dashboard" => has_dashboard = value == "true",
                    _ => {
                        if let Some((name, what)) = entry_point(&key) {
                            match what {
                                "address" => options.open(name, port(value)?),
                                "http.tls" if value == "true" => with_tls.push(name.to_owned()),
                                _ => {}
                            }
                        }
                    }
                },
            }
        }
        if !options.entry_points.iter().any(|entry| entry.has_routes) {
            options.open("http", 80);
        }
        options
            .entry_points
            .retain(|entry| !with_tls.contains(&entry.name));
        if (pings || has_dashboard) && !options.entry_points.iter().any(|own| own.name == OWN) {
            options.open(OWN, 8080);
        }
        for entry in &mut options.entry_points {
            entry.answers_ping = pings && entry.name == OWN;
        }
        Ok(options)
    }

    fn set_provider(&mut self, key: &str, value: &str) {
        self.reads_ingresses = true;
        match key {
            "" => self.reads_ingresses = value == "true",
            ".ingressclass" => self.ingress_class = Some(value.to_owned()),
            ".allowemptyservices" => self.allows_empty_services = value == "true",
            ".ingressendpoint.ip" => self.endpoint = Endpoint::Fixed(json!({"ip": value})),
            ".ingressendpoint.hostname" => {
                self.endpoint = Endpoint::Fixed(json!({"hostname": value}));
            }
            ".ingressendpoint.publishedservice" => {
                if let Some((namespace, name)) = value.split_once('/') {
                    self.endpoint = Endpoint::Service(namespace.to_owned(), name.to_owned());
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, name: &str, port: u16) {
        self.entry_points.push(EntryPoint {
            name: name.to_owned(),
            port,
            has_routes: name != OWN,
            answers_ping: false,
        });
    }
}

/// Name and option of an entry point's argument.
fn entry_point(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("entrypoints.")?.split_once('.')
}

/// The port of `:8000/tcp`, `0.0.0.0:80`, `:80`.
fn port(address: &str) -> Result<u16, String> {
    let plain = address.split('/').next().unwrap_or(address);
    let port = plain.rsplit(':').next().unwrap_or(plain);
    port.parse()
        .map_err(|_| format!("error while building entryPoint: invalid address {address:?}"))
}

fn level(name: &str) -> Result<Level, String> {
    match name.to_uppercase().as_str() {
        "TRACE" | "DEBUG" => Ok(Level::Debug),
        "INFO" => Ok(Level::Info),
        "WARN" => Ok(Level::Warning),
        "ERROR" => Ok(Level::Error),
        "FATAL" | "PANIC" => Ok(Level::Fatal),
        _ => Err(format!(
            "error setting up logger: error parsing log level: Unknown Level String: {name:?}, \
             defaulting to NoLevel"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Options {
        let arguments: Vec<String> = arguments.iter().map(|&own| own.to_owned()).collect();
        Options::read(&arguments).expect("good arguments")
    }

    #[test]
    fn without_arguments_there_is_one_port_and_no_provider() {
        let options = read(&[]);
        let ports: Vec<u16> = options
            .entry_points
            .iter()
            .map(|entry| entry.port)
            .collect();
        assert_eq!((ports, options.reads_ingresses), (vec![80], false));
    }

    #[test]
    fn arguments_are_read_in_any_case() {
        let options = read(&[
            "--entryPoints.web.address=:8000/tcp",
            "--entrypoints.websecure.address=:8443/tcp",
            "--entrypoints.websecure.http.tls=true",
            "--ping=true",
            "--providers.kubernetesIngress",
            "--providers.kubernetesingress.ingressendpoint.publishedservice=ingress/traefik",
            "--accesslog",
            "--log.level=info",
        ]);
        let open: Vec<(&str, u16, bool)> = options
            .entry_points
            .iter()
            .map(|own| (own.name.as_str(), own.port, own.answers_ping))
            .collect();
        assert_eq!(open, [("web", 8000, false), ("traefik", 8080, true)]);
        assert!(options.reads_ingresses && options.access_log);
        assert_eq!(options.log_level, Level::Info);
        let service = Endpoint::Service("ingress".to_owned(), "traefik".to_owned());
        assert_eq!(options.endpoint, service);
    }
}
