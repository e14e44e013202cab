//! SPDY/3.1, which older clients speak for exec and port-forward, and kubectl's port-forward still
//! speaks inside a WebSocket.
//!
//! [`frame`] reads and writes frames, [`session`] turns them into streams with headers, the other
//! files say what the streams of each subresource mean.

mod command;
mod dictionary;
mod forward;
mod frame;
mod headers;
mod session;
mod tunnel;

pub(super) use command::serve_command;
pub(super) use forward::serve_port_forward;
pub(super) use tunnel::{is_tunnelled, serve_tunnel};

use axum::body::Body;
use http::header::{CONNECTION, HeaderName, UPGRADE};
use http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode};
use hyper::upgrade::OnUpgrade;

use super::exec::upgrade_required;
use crate::api::StatusError;

const UPGRADE_NAME: &str = "SPDY/3.1";
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// Whether a request asks to go on in SPDY.
pub(super) fn is_requested(headers: &HeaderMap) -> bool {
    headers
        .get(UPGRADE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case(UPGRADE_NAME))
}

/// Takes the connection over. The answer names the first of `protocols` that the client offers.
fn upgrade(
    mut request: HttpRequest<Body>,
    protocols: &[&'static str],
) -> Result<(OnUpgrade, Response<Body>), StatusError> {
    let offered: Vec<&str> = request
        .headers()
        .get_all(&PROTOCOL_VERSION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let protocol = protocols
        .iter()
        .find(|protocol| offered.contains(protocol))
        .copied();
    if protocol.is_none() && !offered.is_empty() {
        return Err(StatusError::new(
            403,
            "Forbidden",
            format!(
                "unable to negotiate protocol: client supports {offered:?}, server supports {protocols:?}"
            ),
        ));
    }
    let on_upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(upgrade_required)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(UPGRADE_NAME));
    if let Some(protocol) = protocol {
        headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(protocol));
    }
    Ok((on_upgrade, response))
}
