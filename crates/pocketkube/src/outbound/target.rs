//! Where another server is and whom to trust, read from the `clientConfig` of a webhook.
//!
//! Mirrors `ClientManager.HookClient` in `apiserver/pkg/util/webhook/client.go` (v1.35).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::api::tree::text;

const HTTPS: u16 = 443;

/// A server that speaks HTTPS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub place: Place,
    /// Begins with a slash.
    pub path: String,
    /// The authorities (PEM) that may have signed the server's certificate. Empty trusts nobody:
    /// this program brings no list of public authorities.
    pub authorities: Vec<u8>,
    /// Whether any certificate will do.
    pub trusts_anyone: bool,
    /// The certificate that the API server shows, where it shows one.
    pub identity: Option<Identity>,
}

/// A client's certificate and key, in PEM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A host of the world outside, by name or address.
    Url { host: String, port: Option<u16> },
    /// A port of a Service in the cluster.
    Service {
        namespace: String,
        name: String,
        port: u16,
    },
}

/// A configuration that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("webhook configuration must have either service or URL")]
    Nowhere,
    #[error("Unparsable URL: parse {0:?}")]
    Url(String),
    #[error("unable to load root certificates: unable to parse bytes as PEM block")]
    Authorities,
}

impl Target {
    /// Reads a `clientConfig` (of an admission webhook or a conversion), defaulted and validated.
    pub fn of(config: &Value) -> Result<Self, TargetError> {
        let service = &config["service"];
        let (place, path) = if service.is_object() {
            let place = Place::Service {
                namespace: text(service, "namespace").to_owned(),
                name: text(service, "name").to_owned(),
                port: port(&service["port"]),
            };
            (place, text(service, "path"))
        } else {
            split(text(config, "url"))?
        };
        let authorities = STANDARD.decode(text(config, "caBundle"));
        let authorities = authorities.map_err(|_| TargetError::Authorities)?;
        if !authorities.is_empty() && !has_certificate(&authorities) {
            return Err(TargetError::Authorities);
        }
        Ok(Self {
            place,
            path: joined(path),
            authorities,
            trusts_anyone: false,
            identity: None,
        })
    }

    /// `host:port` as in the URL.
    pub fn authority(&self) -> String {
        match &self.place {
            Place::Url { host, port: None } => host.clone(),
            Place::Url {
                host,
                port: Some(port),
            } => format!("{host}:{port}"),
            Place::Service { port, .. } => format!("{}:{port}", self.server_name()),
        }
    }

    /// The name that the server's certificate must have.
    pub fn server_name(&self) -> String {
        match &self.place {
            Place::Url { host, .. } => host.trim_matches(['[', ']']).to_owned(),
            Place::Service {
                namespace, name, ..
            } => format!("{name}.{namespace}.svc"),
        }
    }

    /// The URL that errors show, without its query.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.authority(), self.path)
    }
}

impl Place {
    /// The port that is called.
    pub fn port(&self) -> u16 {
        match self {
            Self::Url { port, .. } => port.unwrap_or(HTTPS),
            Self::Service { port, .. } => *port,
        }
    }
}

fn port(value: &Value) -> u16 {
    let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
    port.unwrap_or(HTTPS)
}

/// Place and path of `https://host[:port][/path]`.
fn split(url: &str) -> Result<(Place, &str), TargetError> {
    if url.is_empty() {
        return Err(TargetError::Nowhere);
    }
    let unreadable = || TargetError::Url(url.to_owned());
    let rest = url.get(8..).filter(|_| {
        let scheme = url.get(..8).unwrap_or_default();
        scheme.eq_ignore_ascii_case("https://")
    });
    let rest = rest.ok_or_else(unreadable)?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let port = port.parse().map_err(|_| unreadable())?;
            (host, Some(port))
        }
        _ => (authority, None),
    };
    let host = host.to_owned();
    Ok((Place::Url { host, port }, path))
}

/// As Go's `path.Join("/", path)`.
fn joined(path: &str) -> String {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    format!("/{}", steps.join("/"))
}

fn has_certificate(pem: &[u8]) -> bool {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    CertificateDer::pem_slice_iter(pem).any(|certificate| certificate.is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn urls_and_services_lead_to_servers() {
        for (config, url, name, port) in [
            (
                json!({"url": "https://127.0.0.1:8443/validate/"}),
                "https://127.0.0.1:8443/validate",
                "127.0.0.1",
                8443,
            ),
            (
                json!({"url": "https://localhost"}),
                "https://localhost/",
                "localhost",
                443,
            ),
            (
                json!({"url": "https://[::1]:9443/a//b"}),
                "https://[::1]:9443/a/b",
                "::1",
                9443,
            ),
            (
                json!({"service": {"namespace": "n", "name": "s", "port": 443, "path": "/v"}}),
                "https://s.n.svc:443/v",
                "s.n.svc",
                443,
            ),
        ] {
            let target = Target::of(&config).unwrap();
            assert_eq!(target.url(), url);
            assert_eq!(target.server_name(), name);
            assert_eq!(target.place.port(), port);
        }
    }

    #[test]
    fn configurations_that_lead_nowhere_say_so() {
        let error = |config: Value| Target::of(&config).unwrap_err().to_string();
        assert_eq!(
            error(json!({})),
            "webhook configuration must have either service or URL"
        );
        assert_eq!(
            error(json!({"url": "https://a/", "caBundle": "bm90IGEgY2VydGlmaWNhdGU="})),
            "unable to load root certificates: unable to parse bytes as PEM block"
        );
    }
}
