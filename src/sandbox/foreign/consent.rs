//! Nobody's production is touched by mistake: a cluster that is not on this machine is worked in
//! only after the learner said so, once for each context and server.
//!
//! What was said is kept in the data folder. Who asks is not decided here.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::super::places::{Places, write_private};

/// A cluster that is not on this machine, and that nobody has agreed to yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "the context {context} leads to {server}, which is not on this machine; --yes agrees to work there"
)]
pub struct NotLocal {
    pub context: String,
    pub server: String,
}

/// What the learner agreed to: context → server.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consents(BTreeMap<String, String>);

impl Consents {
    /// Nothing, where nothing readable was kept: asking again does no harm.
    pub fn open(places: &Places) -> Self {
        let text = std::fs::read_to_string(places.root().join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Fails with [`NotLocal`] unless the cluster is local or was agreed to.
    pub fn allow(&self, context: &str, server: &str) -> Result<(), NotLocal> {
        // A context that now leads elsewhere is another cluster.
        if is_local(server) || self.0.get(context).is_some_and(|agreed| agreed == server) {
            return Ok(());
        }
        Err(NotLocal {
            context: context.to_owned(),
            server: server.to_owned(),
        })
    }

    /// Remembers that the learner agreed.
    pub fn agree(&mut self, places: &Places, to: &NotLocal) -> Result<()> {
        self.0.insert(to.context.clone(), to.server.clone());
        self.copy_to(places)
    }

    /// Remembers all of it for another data folder.
    pub fn copy_to(&self, places: &Places) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        write_private(&places.root().join(FILE), &text).context("cannot keep what you agreed to")
    }
}

const FILE: &str = "agreed-contexts.json";

/// Names by which programs on this machine reach its clusters.
const LOCAL_NAMES: [&str; 5] = [
    "localhost",
    "kubernetes.docker.internal",
    "host.docker.internal",
    "host.containers.internal",
    "control-plane.minikube.internal",
];

/// The networks in which minikube's machines live, by default.
const MINIKUBE: [[u8; 3]; 4] = [
    [192, 168, 49],
    [192, 168, 39],
    [192, 168, 59],
    [192, 168, 64],
];

/// Whether a server is on this machine: loopback, or the machine of a local minikube.
pub fn is_local(server: &str) -> bool {
    let Ok(uri) = server.parse::<http::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            ip.is_loopback() || MINIKUBE.contains(&[a, b, c])
        }
        Ok(IpAddr::V6(ip)) => ip.is_loopback(),
        Err(_) => LOCAL_NAMES.contains(&host) || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_minikube_are_local_and_everything_else_is_far() {
        for server in [
            "https://127.0.0.1:6443",
            "https://localhost:6443",
            "https://[::1]:6443",
            "https://192.168.49.2:8443",
            "https://kubernetes.docker.internal:6443",
        ] {
            assert!(is_local(server), "{server}");
        }
        for server in [
            "https://10.0.0.1",
            "https://api.example.com",
            "https://192.168.1.7:6443",
            "https://127.0.0.1.example.com",
            "https://localhost.example.com",
            "nonsense",
        ] {
            assert!(!is_local(server), "{server}");
        }
    }

    #[test]
    fn agreement_is_for_one_server_and_is_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::open(Some(folder.path())).expect("places");
        let far = "https://api.example.com";
        let asked = Consents::open(&places)
            .allow("prod", far)
            .expect_err("nobody agreed");
        assert!(asked.to_string().contains(far), "{asked}");
        Consents::open(&places)
            .agree(&places, &asked)
            .expect("it is kept");
        let consents = Consents::open(&places);
        assert!(consents.allow("prod", far).is_ok());
        assert!(
            consents
                .allow("prod", "https://elsewhere.example.com")
                .is_err()
        );
        assert!(consents.allow("other", far).is_err());
    }
}
