//! The request that curl's options describe.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use super::super::options::Options;
use super::{Failure, failure};
use crate::kubelet::runtime::http::Url;
use crate::kubelet::runtime::process::Process;

/// Builds the request for one URL.
pub fn build(
    process: &Process,
    options: &Options,
    url: &Url,
    version: &str,
) -> Result<Request<Full<Bytes>>, Failure> {
    let data = data(process, options)?;
    let is_query = options.has("get");
    let method = match options.value("request") {
        Some(method) => method,
        None if options.has("head") => "HEAD",
        None if options.has("upload-file") => "PUT",
        None if data.is_some() && !is_query => "POST",
        None => "GET",
    };
    let mut target = url.target.clone();
    if let Some(data) = data.as_ref().filter(|_| is_query) {
        let sign = if target.contains('?') { '&' } else { '?' };
        target = format!("{target}{sign}{}", String::from_utf8_lossy(data));
    }
    let uri: http::Uri = target
        .parse()
        .map_err(|_| failure(3, "URL rejected: Malformed input to a URL function"))?;
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .body(Full::default())
        .map_err(|error| failure(43, error.to_string()))?;
    let agent = options.value("user-agent");
    let agent = agent.map_or_else(|| format!("curl/{version}"), str::to_owned);
    let mut headers = vec![
        ("Host".to_owned(), url.authority()),
        ("User-Agent".to_owned(), agent),
        ("Accept".to_owned(), "*/*".to_owned()),
    ];
    if let Some(user) = options.value("user").or(url.user.as_deref()) {
        let token = format!("Basic {}", STANDARD.encode(user));
        headers.insert(1, ("Authorization".to_owned(), token));
    }
    if let Some(token) = options.value("oauth2-bearer") {
        headers.insert(1, ("Authorization".to_owned(), format!("Bearer {token}")));
    }
    for (option, name) in [("referer", "Referer"), ("cookie", "Cookie")] {
        if let Some(value) = options.value(option) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let has_body = data.is_some() && !is_query;
    if options.has("json") {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        headers.retain(|(name, _)| name != "Accept");
        headers.push(("Accept".to_owned(), "application/json".to_owned()));
    } else if has_body && !options.has("upload-file") {
        let form = "application/x-www-form-urlencoded";
        headers.push(("Content-Type".to_owned(), form.to_owned()));
    }
    for header in options.values("header") {
        let Some((name, value)) = header.split_once([':', ';']) else {
            continue;
        };
        headers.retain(|(existing, _)| !existing.eq_ignore_ascii_case(name.trim()));
        // `-H 'Name:'` takes a header away.
        if !value.trim().is_empty() {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            request.headers_mut().append(name, value);
        }
    }
    if let Some(data) = data.filter(|_| has_body) {
        *request.body_mut() = Full::new(data);
    }
    Ok(request)
}

/// The body that `-d` and its relatives add up to.
fn data(process: &Process, options: &Options) -> Result<Option<Bytes>, Failure> {
    if let Some(path) = options.value("upload-file") {
        let content = process.filesystem.read(&process.path(path));
        let content = content.map_err(|_| failure(26, format!("Failed to open {path}")))?;
        return Ok(Some(Bytes::from(content.to_vec())));
    }
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for option in [
        "data",
        "data-ascii",
        "data-raw",
        "data-binary",
        "json",
        "data-urlencode",
    ] {
        for text in options.values(option) {
            parts.push(part(process, option, text)?);
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let separator: &[u8] = if options.has("json") { b"" } else { b"&" };
    Ok(Some(Bytes::from(parts.join(separator))))
}

fn part(process: &Process, option: &str, text: &str) -> Result<Vec<u8>, Failure> {
    if option == "data-urlencode" {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let encoded: String = match text.split_once('=') {
            Some((name, value)) => format!("{name}={}", encode(value)),
            None => encode(text),
        };
        return Ok(encoded.into_bytes());
    }
    let Some(path) = text.strip_prefix('@').filter(|_| option != "data-raw") else {
        return Ok(text.as_bytes().to_vec());
    };
    let content = process.filesystem.read(&process.path(path));
    let mut content = content
        .map_err(|_| failure(26, format!("Failed to open {path}")))?
        .to_vec();
    if option != "data-binary" {
        content.retain(|byte| !matches!(byte, b'\n' | b'\r'));
    }
    Ok(content)
}
