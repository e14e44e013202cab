//! How fast the cluster starts and answers, beside a bare HTTPS handler that echoes the same
//! bodies in the same run: `cargo bench -p pocketkube --bench throughput`.
//!
//! Names of loads after `--` measure only those: `-- create patch` (what a later one reads must
//! have been made by `create`). Ratios are what counts; absolute numbers belong to the machine. Clients and servers share it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::any;
use base64::Engine;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use pocketkube::Cluster;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const CLIENTS: usize = 16;
const REQUESTS: usize = 500;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Where requests go, and how to get there.
#[derive(Clone)]
struct Target {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Target {
    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(self.tls.clone())
            .connect(name, stream)
            .await?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        task(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a benchmark ends with its process"
)]
fn task<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// One kind of request: how the n-th looks.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    method: &'static Method,
    content_type: &'static str,
    path: fn(usize) -> String,
    body: fn(usize) -> Bytes,
    requests: usize,
}

fn config_map(n: usize) -> Bytes {
    let data = "x".repeat(700);
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": format!("item-{n}"), "labels": {"app": "bench", "n": n.to_string()}},
        "data": {"text": data},
    });
    object.to_string().into()
}

fn patch(n: usize) -> Bytes {
    json!({"data": {"round": n.to_string()}}).to_string().into()
}

fn one(n: usize) -> String {
    format!("{}/item-{n}", collection(n))
}

fn collection(_: usize) -> String {
    "/api/v1/namespaces/default/configmaps".to_owned()
}

fn nothing(_: usize) -> Bytes {
    Bytes::new()
}

fn loads() -> Vec<Load> {
    let json = "application/json";
    let load = |name, method, content_type, path, body, requests| Load {
        name,
        method,
        content_type,
        path,
        body,
        requests,
    };
    vec![
        load(
            "create",
            &Method::POST,
            json,
            collection,
            config_map,
            REQUESTS,
        ),
        load("get", &Method::GET, json, one, nothing, REQUESTS),
        load(
            "patch",
            &Method::PATCH,
            "application/merge-patch+json",
            one,
            patch,
            REQUESTS,
        ),
        load("list", &Method::GET, json, collection, nothing, 5),
    ]
}

/// What a load took.
struct Measure {
    /// Requests a second, from all clients together.
    rate: f64,
    /// Processor time of a request, client and server together, in microseconds: unlike the rate
    /// it does not depend on what else the machine does.
    cost: f64,
}

async fn run(target: &Target, load: &Load) -> Result<Measure, Failure> {
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        clients.push((client, target.connect().await?));
    }
    let (start, processor) = (Instant::now(), processor_seconds());
    let work = clients.into_iter().map(|(client, mut sender)| {
        let load = *load;
        task(async move {
            for round in 0..load.requests {
                let n = client * load.requests + round;
                let request = Request::builder()
                    .method(load.method)
                    .uri((load.path)(n))
                    .header("host", "localhost")
                    .header("content-type", load.content_type)
                    .body(Full::new((load.body)(n)))?;
                sender.ready().await?;
                let response = sender.send_request(request).await?;
                let status = response.status();
                let body = response.into_body().collect().await?.to_bytes();
                if !matches!(status, StatusCode::OK | StatusCode::CREATED) {
                    return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
                }
            }
            Ok::<_, Failure>(())
        })
    });
    for result in futures::future::join_all(work).await {
        result??;
    }
    let total = (CLIENTS * load.requests) as f64;
    Ok(Measure {
        rate: total / start.elapsed().as_secs_f64(),
        cost: (processor_seconds() - processor) * 1e6 / total,
    })
}

/// One request, and the body of its answer.
async fn fetch(target: &Target, path: &str) -> Result<Bytes, Failure> {
    let mut sender = target.connect().await?;
    let request = Request::get(path)
        .header("host", "localhost")
        .body(Full::default())?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("{path}: {}", response.status()).into());
    }
    Ok(response.into_body().collect().await?.to_bytes())
}

/// What the bare handler answers to GET: the cluster's own answers, so that both send the same.
#[derive(Default)]
struct Answers {
    object: Bytes,
    list: Bytes,
}

/// An axum handler behind the same TLS, which returns what it is sent, and `answers` for GET.
async fn echo_server(answers: Arc<Mutex<Answers>>) -> Result<Target, Failure> {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let certificate = key.cert.der().clone();
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], private)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let echo = move |method: Method, uri: http::Uri, body: Bytes| {
        let answer = match method {
            Method::GET if uri.path().ends_with("/configmaps") => answers.lock().list.clone(),
            Method::GET => answers.lock().object.clone(),
            _ => body,
        };
        async move { answer }
    };
    let router = Router::new().fallback(any(echo));
    task(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            task(async move {
                let _ = stream.set_nodelay(true);
                if let Ok(stream) = acceptor.accept(stream).await {
                    let service = TowerToHyperService::new(router);
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                }
            });
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Target {
        address,
        tls: Arc::new(tls),
    })
}

/// The way to a served cluster, with the credentials of its kubeconfig.
fn cluster_target(cluster: &Cluster, address: SocketAddr) -> Result<Target, Failure> {
    let config: Value = serde_yaml::from_str(&cluster.kubeconfig())?;
    let decode = |value: &Value| -> Result<Vec<u8>, Failure> {
        let text = value.as_str().ok_or("the kubeconfig is complete")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(text)?)
    };
    let authority = decode(&config["clusters"][0]["cluster"]["certificate-authority-data"])?;
    let user = &config["users"][0]["user"];
    let certificate = decode(&user["client-certificate-data"])?;
    let key = decode(&user["client-key-data"])?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&authority)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(&certificate)?],
            PrivateKeyDer::from_pem_slice(&key)?,
        )?;
    Ok(Target {
        address,
        tls: Arc::new(tls),
    })
}

/// Resident memory of this process, where the system tells.
fn resident_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Processor time that this process has had, user and system, where the system tells.
fn processor_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else {
        return f64::NAN;
    };
    // Counted after the name, which may hold spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS_A_SECOND
}

fn memory(name: &str) {
    if let Some(megabytes) = resident_megabytes() {
        println!("{name:<28} {megabytes:>10.1} MB");
    }
}

/// From nothing to an API that has answered.
async fn start() -> Result<(Cluster, SocketAddr, Duration), Failure> {
    let begin = Instant::now();
    let cluster = Cluster::start().await?;
    let address = cluster.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let target = cluster_target(&cluster, address)?;
    fetch(&target, "/readyz").await?;
    Ok((cluster, address, begin.elapsed()))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    memory("memory before");
    let mut starts = Vec::new();
    for _ in 0..5 {
        let (cluster, _, took) = start().await?;
        let _ = cluster.shutdown().await;
        starts.push(took);
    }
    starts.sort();
    let millis = |span: Duration| span.as_secs_f64() * 1000.0;
    let (median, slowest) = (starts[2], starts[4]);
    println!(
        "start to API ready, 3 nodes   median {:.1} ms, slowest {:.1} ms",
        millis(median),
        millis(slowest)
    );
    let (cluster, address, _) = start().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    memory("memory, idle");
    let target = cluster_target(&cluster, address)?;
    let answers = Arc::new(Mutex::new(Answers::default()));
    let echo = echo_server(answers.clone()).await?;
    println!(
        "\n{CLIENTS} clients    cluster /s   bare echo /s   ratio    processor: cluster    bare"
    );
    let only: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |load: &Load| {
        let mut named = only.iter().filter(|name| !name.starts_with('-')).peekable();
        named.peek().is_none() || named.any(|name| name == load.name)
    };
    for load in loads().into_iter().filter(is_wanted) {
        if *load.method == Method::GET {
            let object = fetch(&target, &one(0)).await?;
            let list = fetch(&target, &collection(0)).await?;
            *answers.lock() = Answers { object, list };
        }
        // The bare handler goes first, so that it never profits from a warm machine alone.
        let bare = run(&echo, &load).await?;
        let own = run(&target, &load).await?;
        println!(
            "{:<10} {:>12.0} {:>14.0} {:>6.0}% {:>15.0} µs {:>5.0} µs",
            load.name,
            own.rate,
            bare.rate,
            100.0 * own.rate / bare.rate,
            own.cost,
            bare.cost,
        );
    }
    memory("\nmemory after the load");
    if let Err(left) = cluster.shutdown().await {
        println!("still running: {}", left.join(", "));
    }
    Ok(())
}
