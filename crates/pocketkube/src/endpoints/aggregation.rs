//! Requests for API groups that other servers serve: APIServices with a Service behind them.
//!
//! The request has been authenticated and authorized here; the other server learns from headers who
//! asks, and believes it because of the client certificate that comes with them. Mirrors
//! `kube-aggregator/pkg/apiserver/handler_proxy.go` and `client-go/transport/round_trippers.go`
//! (v1.35).

use axum::body::Body;
use http::header::{
    AUTHORIZATION, CONNECTION, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode, Uri, Version};
use hyper::upgrade::OnUpgrade;
use serde_json::Value;

use super::{ApiServer, respond};
use crate::api::tree::{elements, text};
use crate::api::{GroupResource, ObjectRef, StatusError};
use crate::authentication::UserInfo;
use crate::outbound::Target;
use crate::registry::Objects;

const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
/// What tells the other server who asks; clients may not say so themselves.
const IDENTITY_PREFIX: &str = "x-remote-";
const IMPERSONATION_PREFIX: &str = "impersonate-";

/// The APIService whose server a path leads to; `None` where this server serves it.
pub(super) fn service_of(server: &ApiServer, path: &str) -> Option<ObjectRef> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let (root, group, version) = (segments.next()?, segments.next()?, segments.next()?);
    if root != "apis" {
        return None;
    }
    let services = GroupResource::new("apiregistration.k8s.io", "apiservices");
    let name = format!("{version}.{group}");
    let service = Objects::get(server.registry(), &services, "", &name)?;
    service.value()["spec"]["service"]
        .is_object()
        .then_some(service)
}

/// Passes a request on, and the answer back as it comes.
pub(super) async fn proxy(
    server: &ApiServer,
    service: &ObjectRef,
    user: &UserInfo,
    mut request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    if !is_available(service.value()) {
        return Ok(unavailable("service unavailable"));
    }
    let outbound = server.outbound();
    let target = match outbound.target_of(&service.value()["spec"]) {
        Ok(target) => target,
        Err(error) => {
            let message = format!("{error}\n");
            return Ok(respond::text(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
    };
    if outbound.resolve(&target.place).is_err() {
        return Ok(unavailable("service unavailable"));
    }
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let request = rewritten(request, &target, user)?;
    match outbound.forward(&target, request).await {
        Ok(mut response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let Some(client) = upgrade else {
                return Ok(unavailable("the connection cannot be upgraded"));
            };
            outbound.join(client, hyper::upgrade::on(&mut response));
            Ok(response.map(|_| Body::empty()))
        }
        Ok(response) => Ok(returned(response.map(Body::new))),
        Err(why) => Ok(unavailable(&format!(
            "error trying to reach service: {why}"
        ))),
    }
}

fn is_available(service: &Value) -> bool {
    elements(&service["status"]["conditions"])
        .iter()
        .any(|condition| {
            text(condition, "type") == "Available" && text(condition, "status") == "True"
        })
}

/// As Go's `http.Error` writes it.
fn unavailable(why: &str) -> Response<Body> {
    respond::text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"))
}

fn rewritten(
    request: HttpRequest<Body>,
    target: &Target,
    user: &UserInfo,
) -> Result<HttpRequest<Body>, StatusError> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path
        .parse::<Uri>()
        .map_err(|error| StatusError::bad_request(error.to_string()))?;
    parts.version = Version::HTTP_11;
    let own: Vec<HeaderName> = parts
        .headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            name.starts_with(IDENTITY_PREFIX) || name.starts_with(IMPERSONATION_PREFIX)
        })
        .cloned()
        .collect();
    let protocol = wanted_protocol(&parts.headers);
    for name in HOP_BY_HOP.into_iter().chain([AUTHORIZATION]).chain(own) {
        parts.headers.remove(name);
    }
    if let Some(protocol) = protocol {
        let upgrade = HeaderValue::from_static("Upgrade");
        parts.headers.insert(CONNECTION, upgrade);
        parts.headers.insert(UPGRADE, protocol);
    }
    if let Ok(host) = HeaderValue::from_str(&target.authority()) {
        parts.headers.insert(HOST, host);
    }
    identify(&mut parts.headers, user);
    Ok(HttpRequest::from_parts(parts, body))
}

/// What the connection is to speak from now on (WebSocket, SPDY), where it is not HTTP.
fn wanted_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut options = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let is_upgrade = options.any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(UPGRADE).filter(|_| is_upgrade).cloned()
}

/// Says who asks.
fn identify(headers: &mut HeaderMap, user: &UserInfo) {
    let mut add = |name: &str, value: &str| {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    };
    add("x-remote-user", &user.name);
    if !user.uid.is_empty() {
        add("x-remote-uid", &user.uid);
    }
    for group in &user.groups {
        add("x-remote-group", group);
    }
    for (key, values) in &user.extra {
        let escaped =
            percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
        for value in values {
            add(&format!("x-remote-extra-{escaped}"), value);
        }
    }
}

fn returned(mut response: Response<Body>) -> Response<Body> {
    for name in HOP_BY_HOP {
        response.headers_mut().remove(name);
    }
    *response.version_mut() = Version::HTTP_11;
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outbound::{Place, Target};

    #[test]
    fn the_other_server_learns_who_asks_from_us_alone() {
        let target = Target {
            place: Place::Service {
                namespace: "n".to_owned(),
                name: "s".to_owned(),
                port: 443,
            },
            path: "/".to_owned(),
            authorities: Vec::new(),
            trusts_anyone: true,
            identity: None,
        };
        let request = HttpRequest::builder()
            .uri("https://127.0.0.1:6443/apis/e.com/v1/things?watch=true")
            .header("authorization", "Bearer secret")
            .header("X-Remote-User", "root")
            .header("Impersonate-User", "ann")
            .body(Body::empty())
            .unwrap();
        let user = UserInfo::new("ann", &["dev", "ops"]);
        let sent = rewritten(request, &target, &user).unwrap();
        assert_eq!(sent.uri(), "/apis/e.com/v1/things?watch=true");
        assert_eq!(sent.headers()["x-remote-user"], "ann");
        let groups: Vec<_> = sent.headers().get_all("x-remote-group").iter().collect();
        assert_eq!(groups, ["dev", "ops"]);
        assert_eq!(sent.headers()["host"], "s.n.svc:443");
        for gone in ["authorization", "impersonate-user"] {
            assert!(!sent.headers().contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn a_connection_is_upgraded_only_if_it_says_so() {
        let wanted = |connection: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONNECTION, HeaderValue::from_static(connection));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            wanted_protocol(&headers)
        };
        assert_eq!(wanted("keep-alive, Upgrade").unwrap(), "websocket");
        assert_eq!(wanted("keep-alive"), None);
    }

    #[test]
    fn only_a_true_condition_makes_a_service_available() {
        let service = |status: &str| json!({"status": {"conditions": [{"type": "Available", "status": status}]}});
        assert!(is_available(&service("True")));
        assert!(!is_available(&service("False")));
        assert!(!is_available(&json!({})));
    }
}
