//! What `wget` and `curl` do alike: from a URL to the head of an answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::kubelet::runtime::http::{Exchange, ExchangeError, Transport, Trust, Url, connect_tls};
use crate::kubelet::runtime::net::{DialError, LookupError, Resolver};
use crate::kubelet::runtime::process::Process;

/// Where a request stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    Lookup(LookupError),
    Dial(IpAddr, DialError),
    Tls(String),
    Exchange(ExchangeError),
}

/// A connection to the server of a URL.
pub struct Connected {
    pub ip: IpAddr,
    pub local: SocketAddr,
    pub transport: Box<dyn Transport>,
}

/// Finds the address of a URL's host.
pub async fn resolve(process: &Process, url: &Url) -> Result<Vec<IpAddr>, FetchError> {
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let addresses = resolver.addresses(&url.host).await;
    addresses.map_err(FetchError::Lookup)
}

/// Connects to one address of a URL's host, with TLS where the URL asks for it.
pub async fn connect(
    process: &Process,
    url: &Url,
    ip: IpAddr,
    patience: Option<Duration>,
    trust: Trust,
) -> Result<Connected, FetchError> {
    let network = &process.kernel.network;
    let connection = network
        .dial(SocketAddr::new(ip, url.port), patience)
        .await
        .map_err(|error| FetchError::Dial(ip, error))?;
    let local = connection.local;
    let plain: Box<dyn Transport> = Box::new(connection.stream);
    let transport = if url.is_tls {
        connect_tls(plain, &url.host, trust)
            .await
            .map_err(FetchError::Tls)?
    } else {
        plain
    };
    Ok(Connected {
        ip,
        local,
        transport,
    })
}

/// Sends a request and waits for the head of the answer.
pub async fn exchange(
    connected: Connected,
    request: Request<Full<Bytes>>,
) -> Result<Exchange, FetchError> {
    Exchange::send(connected.transport, request)
        .await
        .map_err(FetchError::Exchange)
}

/// What `strerror` says about a failed connection, in the words of the image's C library.
pub fn dial_error_text(process: &Process, error: &DialError) -> &'static str {
    let is_musl = process.kernel.image.fact("libc") == "musl";
    match error {
        DialError::Refused => "Connection refused",
        DialError::Unreachable if is_musl => "Host is unreachable",
        DialError::Unreachable => "No route to host",
        DialError::TimedOut if is_musl => "Operation timed out",
        DialError::TimedOut => "Connection timed out",
    }
}

/// The certificate authorities a program trusts: a file it was given, or the image's bundle.
pub fn authorities(process: &Process, given: Option<&str>) -> Vec<u8> {
    const BUNDLES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"];
    let files = &process.filesystem;
    let given = given.map(|path| process.path(path));
    let paths = given.iter().map(String::as_str).chain(BUNDLES);
    let mut found = paths.filter_map(|path| files.read(path).ok());
    found
        .next()
        .map(|content| content.to_vec())
        .unwrap_or_default()
}
