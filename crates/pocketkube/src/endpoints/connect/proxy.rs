//! The proxy subresource of Pods and Services: plain HTTP through the API server.
//!
//! Mirrors `ResourceLocation` in `pkg/registry/core/{pod,service}` and
//! `apimachinery/pkg/util/proxy` (v1.35).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Request as HttpRequest, Response, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::super::ApiServer;
use super::super::request_info::RequestInfo;
use crate::api::{GroupResource, StatusError};
use crate::registry::core::pod::connect::NodeConnection;
use crate::registry::{Objects, ResourceDef};

/// Passes a request on to a Pod or to one of a Service's endpoints.
pub(super) async fn serve(
    server: &ApiServer,
    resource: &ResourceDef,
    info: &RequestInfo,
    nodes: Arc<dyn NodeConnection>,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    let (name, port) = split_name(&info.name)?;
    let address = match resource.plural.as_ref() {
        "pods" => pod_address(server, resource, info, name, port)?,
        "services" => service_address(server, resource, info, name, port)?,
        _ => return Err(StatusError::no_such_path()),
    };
    let connection = nodes.dial(address).await.map_err(|error| {
        StatusError::service_unavailable(format!(
            "error trying to reach service: dial tcp {address}: {error}"
        ))
    })?;
    send(connection, rewritten(request, info, address)?)
        .await
        .map_err(|error| {
            StatusError::service_unavailable(format!("error trying to reach service: {error}"))
        })
}

/// `[scheme:]name[:port]`
fn split_name(name: &str) -> Result<(&str, &str), StatusError> {
    match name.split(':').collect::<Vec<_>>().as_slice() {
        [name] => Ok((name, "")),
        [name, port] => Ok((name, port)),
        ["" | "http", name, port] => Ok((name, port)),
        _ => Err(StatusError::bad_request(format!(
            "invalid proxy request {name:?}"
        ))),
    }
}

fn pod_address(
    server: &ApiServer,
    resource: &ResourceDef,
    info: &RequestInfo,
    name: &str,
    port: &str,
) -> Result<SocketAddr, StatusError> {
    let pod = server.registry().get(resource, &info.namespace, name)?;
    let pod = pod.value();
    let ip = pod["status"]["podIP"]
        .as_str()
        .and_then(|ip| ip.parse::<IpAddr>().ok());
    let ip = ip.ok_or_else(|| StatusError::bad_request("address not allowed"))?;
    let port = match port {
        "" => pod["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .find_map(|container| container["ports"][0]["containerPort"].as_u64())
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(80),
        port => port
            .parse()
            .map_err(|_| StatusError::bad_request(format!("invalid port {port:?}")))?,
    };
    Ok(SocketAddr::new(ip, port))
}

fn service_address(
    server: &ApiServer,
    resource: &ResourceDef,
    info: &RequestInfo,
    name: &str,
    port: &str,
) -> Result<SocketAddr, StatusError> {
    let registry = server.registry();
    let service = registry.get(resource, &info.namespace, name)?;
    let ports = service.value()["spec"]["ports"].as_array();
    let number = port.parse::<u64>().ok();
    let wanted = ports.into_iter().flatten().find(|candidate| {
        let has_number = number.is_some() && candidate["port"].as_u64() == number;
        port.is_empty() || candidate["name"] == port || has_number
    });
    let missing = || {
        StatusError::service_unavailable(format!(
            "no service port {port:?} found for service {name:?}"
        ))
    };
    let port_name = match wanted {
        Some(wanted) => wanted["name"].as_str().unwrap_or_default(),
        None => return Err(missing()),
    };
    let endpoints = GroupResource::new("", "endpoints");
    let endpoints = Objects::get(registry, &endpoints, &info.namespace, name);
    endpoints
        .as_ref()
        .and_then(|endpoints| ready_endpoint(endpoints.value(), port_name))
        .ok_or_else(|| {
            StatusError::service_unavailable(format!("no endpoints available for service {name:?}"))
        })
}

/// A ready address of the subset that has the port; a random one where there are several.
fn ready_endpoint(endpoints: &Value, port_name: &str) -> Option<SocketAddr> {
    use rand::seq::IndexedRandom;
    let mut ready = Vec::new();
    for subset in endpoints["subsets"].as_array()? {
        let port = subset["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|port| port["name"].as_str().unwrap_or_default() == port_name)
            .and_then(|port| u16::try_from(port["port"].as_u64()?).ok());
        let addresses = subset["addresses"].as_array().into_iter().flatten();
        ready.extend(addresses.filter_map(|address| {
            let ip: IpAddr = address["ip"].as_str()?.parse().ok()?;
            Some(SocketAddr::new(ip, port?))
        }));
    }
    ready.choose(&mut rand::rng()).copied()
}

/// The request as the backend sees it: its own path, and nobody's credentials.
fn rewritten(
    request: HttpRequest<Body>,
    info: &RequestInfo,
    address: SocketAddr,
) -> Result<HttpRequest<Body>, StatusError> {
    let (mut parts, body) = request.into_parts();
    let path = match parts.uri.query() {
        Some(query) => format!("/{}?{query}", info.rest),
        None => format!("/{}", info.rest),
    };
    parts.uri = path
        .parse::<Uri>()
        .map_err(|error| StatusError::bad_request(error.to_string()))?;
    parts.version = http::Version::HTTP_11;
    parts.headers.remove(AUTHORIZATION);
    let host = HeaderValue::from_str(&address.to_string());
    parts
        .headers
        .insert(HOST, host.expect("an address is a valid header"));
    Ok(HttpRequest::from_parts(parts, body))
}

async fn send(
    connection: Box<dyn crate::registry::core::pod::connect::Connection>,
    request: HttpRequest<Body>,
) -> Result<Response<Body>, hyper::Error> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await?;
    #[allow(clippy::disallowed_methods, reason = "ends with its connection")]
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "proxied connection ended");
        }
    });
    Ok(sender.send_request(request).await?.map(Body::new))
}
