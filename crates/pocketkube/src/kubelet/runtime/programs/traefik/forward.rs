//! One request on its way to a Pod and back.

use std::net::SocketAddr;
use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::Traefik;
use super::options::EntryPoint;
use super::routes::Routes;
use crate::kubelet::runtime::http::{Answer, Exchange};
use crate::kubelet::runtime::net::DialError;

/// How long a server may take to be reached.
const DIAL_PATIENCE: Duration = Duration::from_secs(30);
const COST: Duration = Duration::from_micros(120);

/// Answers as the server behind the route does, or as Traefik where there is none.
pub(super) async fn pass_on(
    traefik: &Traefik,
    routes: &Routes,
    entry: &EntryPoint,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Answer {
    traefik.kernel.usage.charge_cpu(COST);
    let began = traefik.kernel.clock.now();
    let asked = Asked::of(&request, peer);
    let route = routes
        .find(&asked.host, &asked.path)
        .filter(|_| entry.has_routes);
    let server = route.and_then(|route| route.server());
    let answer = match (route, server) {
        (None, _) => traefik.words(404, "404 page not found\n"),
        (Some(_), None) => traefik.words(503, "no available server\n"),
        (Some(_), Some(server)) => ask(traefik, server, request, &asked).await,
    };
    if traefik.options.access_log {
        let router = route.map_or("-".to_owned(), |route| format!("{}@kubernetes", route.name));
        let server = server.map_or("-".to_owned(), |server| format!("http://{server}"));
        let took = traefik.kernel.clock.since(began).as_millis();
        let now = traefik
            .kernel
            .clock
            .now()
            .strftime("%d/%b/%Y:%H:%M:%S +0000");
        let line = format!(
            "{} - - [{now}] \"{} {} HTTP/1.1\" {} {} \"-\" \"-\" 1 \"{router}\" \"{server}\" {took}ms\n",
            peer.ip(),
            asked.method,
            asked.target,
            answer.status(),
            answer.body_len(),
        );
        traefik.print(line).await;
    }
    answer
}

/// What is remembered of a request while it is away.
struct Asked {
    method: http::Method,
    host: String,
    path: String,
    target: String,
    peer: SocketAddr,
}

impl Asked {
    fn of(request: &Request<Incoming>, peer: SocketAddr) -> Self {
        let host = request.headers().get(http::header::HOST);
        let target = request.uri().path_and_query();
        Self {
            method: request.method().clone(),
            host: host
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            path: request.uri().path().to_owned(),
            target: target.map_or_else(|| "/".to_owned(), ToString::to_string),
            peer,
        }
    }
}

async fn ask(
    traefik: &Traefik,
    server: SocketAddr,
    request: Request<Incoming>,
    asked: &Asked,
) -> Answer {
    let network = &traefik.kernel.network;
    let connection = match network.dial(server, Some(DIAL_PATIENCE)).await {
        Ok(connection) => connection,
        Err(DialError::TimedOut) => return traefik.words(504, "Gateway Timeout"),
        Err(_) => return traefik.words(502, "Bad Gateway"),
    };
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let mut onward = Request::builder().method(head.method).uri(&asked.target);
    let own = ["connection", "content-length", "transfer-encoding"];
    for (name, value) in &head.headers {
        if !own.contains(&name.as_str()) && !name.as_str().starts_with("x-forwarded-") {
            onward = onward.header(name, value);
        }
    }
    let onward = onward
        .header("X-Forwarded-For", asked.peer.ip().to_string())
        .header("X-Forwarded-Host", &asked.host)
        .header("X-Forwarded-Port", "80")
        .header("X-Forwarded-Proto", "http")
        .header("X-Forwarded-Server", network.hostname())
        .header("X-Real-Ip", asked.peer.ip().to_string())
        .body(Full::new(body.unwrap_or_default()));
    let Ok(onward) = onward else {
        return traefik.words(400, "Bad Request");
    };
    match Exchange::send(Box::new(connection.stream), onward).await {
        Ok(exchange) => {
            let answer = Answer::new(exchange.response.status().as_u16());
            exchange.relay(answer, &[]).await
        }
        Err(_) => traefik.words(502, "Bad Gateway"),
    }
}
