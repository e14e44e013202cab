//! `/healthz`, `/livez` and `/readyz`: whether the API server is well, and what was looked at.
//!
//! A server that answers at all has finished its start, so every check passes; what differs is how
//! it is asked. Mirrors `apiserver/pkg/server/healthz/healthz.go` and the checks of kube-apiserver
//! (v1.35).

use axum::body::Body;
use http::{Response, StatusCode};

use super::respond;

/// Everything that is looked at, in the order in which it is told.
const CHECKS: &[&str] = &[
    "ping",
    "log",
    "etcd",
    "etcd-readiness",
    "informer-sync",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/aggregator-reload-proxy-client-cert",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
    "shutdown",
];

/// What only matters to whoever wants to send requests.
const ONLY_READY: [&str; 3] = ["etcd-readiness", "informer-sync", "shutdown"];

/// Answers a path below one of the three, where there is such a check.
pub(super) fn serve(path: &str, query: Option<&str>) -> Option<Response<Body>> {
    let path = path.trim_matches('/');
    let (name, check) = path.split_once('/').unwrap_or((path, ""));
    let mut checks = CHECKS
        .iter()
        .filter(|check| name == "readyz" || !ONLY_READY.contains(check));
    if !check.is_empty() {
        let known = checks.any(|known| *known == check);
        return known.then(|| respond::text(StatusCode::OK, "ok"));
    }
    let asked = |key: &str| {
        form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .filter(|(own, _)| own == key)
            .map(|(_, value)| value.into_owned())
            .collect::<Vec<_>>()
    };
    if asked("verbose").is_empty() {
        return Some(respond::text(StatusCode::OK, "ok"));
    }
    let text = told(name, checks, asked("exclude"));
    Some(respond::text(StatusCode::OK, text))
}

/// One line a check, and the sum of it.
fn told<'c>(
    name: &str,
    checks: impl Iterator<Item = &'c &'static str>,
    mut excluded: Vec<String>,
) -> String {
    let mut text = String::new();
    for check in checks {
        let is_excluded = excluded.iter().any(|own| own == check);
        text.push_str(&match is_excluded {
            true => format!("[+]{check} excluded: ok\n"),
            false => format!("[+]{check} ok\n"),
        });
        excluded.retain(|own| own != check);
    }
    if !excluded.is_empty() {
        excluded.sort();
        let names: Vec<String> = excluded.iter().map(|name| format!("{name:?}")).collect();
        text.push_str(&format!(
            "warn: some health checks cannot be excluded: no matches for {}\n",
            names.join(",")
        ));
    }
    text.push_str(&format!("{name} check passed\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbose(name: &str, excluded: &[&str]) -> String {
        let excluded = excluded.iter().map(|own| (*own).to_owned()).collect();
        let checks = CHECKS
            .iter()
            .filter(|check| name == "readyz" || !ONLY_READY.contains(check));
        told(name, checks, excluded)
    }

    #[test]
    fn readiness_looks_at_more_than_life() {
        let (ready, alive) = (verbose("readyz", &[]), verbose("livez", &[]));
        assert!(ready.starts_with("[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n"));
        assert!(ready.ends_with("[+]shutdown ok\nreadyz check passed\n"));
        assert!(!alive.contains("[+]informer-sync ok"));
        assert!(alive.ends_with("apiservice-openapiv3-controller ok\nlivez check passed\n"));
    }

    #[test]
    fn checks_can_be_left_out_and_unknown_ones_are_named() {
        let text = verbose("livez", &["etcd", "nothing"]);
        assert!(text.contains("[+]etcd excluded: ok\n"));
        assert!(text.ends_with(
            "warn: some health checks cannot be excluded: no matches for \"nothing\"\nlivez check passed\n"
        ));
    }

    #[test]
    fn each_check_can_be_asked_alone() {
        let status = |path: &str| serve(path, None).map(|answer| answer.status());
        let hook = "/livez/poststarthook/rbac/bootstrap-roles";
        assert_eq!(status(hook), Some(StatusCode::OK));
        assert_eq!(status("/livez/shutdown"), None);
        assert_eq!(status("/readyz/shutdown"), Some(StatusCode::OK));
    }
}
