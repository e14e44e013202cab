//! Answering one request by the rules of its location, and the access log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use jiff::Timestamp;
use parking_lot::RwLock;

use super::site::{FixedAnswer, Rules, Site};
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::kubelet::runtime::http::{Answer, Exchange, Url, http_date, status_text};
use crate::kubelet::runtime::net::{DialError, Resolver};
use crate::kubelet::runtime::process::{Kernel, Output, Process};
use crate::kubelet::runtime::programs::web::{self, Found};

/// Everything needed to answer; clones share the site.
#[derive(Clone)]
pub struct Responder {
    kernel: Arc<Kernel>,
    files: Filesystem,
    site: Arc<RwLock<Site>>,
    access_log: Output,
    error_log: Output,
    version: String,
}

/// What of a request matters.
struct Asked {
    method: http::Method,
    path: String,
    query: Option<String>,
    host: String,
    agent: String,
    referer: String,
    forwarded: String,
    headers: http::HeaderMap,
    body: Bytes,
    peer: SocketAddr,
    port: u16,
}

impl Responder {
    pub fn new(process: &Process, site: Arc<RwLock<Site>>) -> Self {
        Self {
            kernel: process.kernel.clone(),
            files: process.filesystem.clone(),
            site,
            access_log: process.start.stdout.clone(),
            error_log: process.start.stderr.clone(),
            version: process.kernel.image.version.clone(),
        }
    }

    pub fn site(&self) -> &RwLock<Site> {
        &self.site
    }

    pub async fn respond(&self, port: u16, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        self.kernel.usage.charge_cpu(Duration::from_micros(150));
        let asked = Asked::of(port, request, peer).await;
        let rules = {
            let site = self.site.read();
            let server = site.server(port, &asked.host);
            server.map(|server| server.rules(&asked.path).clone())
        };
        let answer = match rules {
            Some(rules) => self.by_rules(&rules, &asked).await,
            None => self.error(404),
        };
        self.log_access(&asked, &answer).await;
        answer
    }

    async fn by_rules(&self, rules: &Rules, asked: &Asked) -> Answer {
        let mut answer = if rules.deny_all {
            self.error(403)
        } else if let Some(realm) = &rules.basic_auth
            && !asked.headers.contains_key(http::header::AUTHORIZATION)
        {
            self.error(401)
                .header("WWW-Authenticate", format!("Basic realm=\"{realm}\""))
        } else if let Some(fixed) = &rules.answer {
            self.fixed(fixed, rules, asked)
        } else if let Some(target) = &rules.proxy_pass {
            self.pass_on(target, asked).await
        } else if rules.stub_status {
            self.head(Answer::new(200))
                .header("Content-Type", "text/plain")
                .body("Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n")
        } else {
            self.file(rules, asked).await
        };
        if let Some((_, page)) = rules
            .error_pages
            .iter()
            .find(|(code, _)| *code == answer.status())
            && let Found::File {
                content,
                content_type,
                ..
            } = web::find_file(&self.files, &rules.root, page, &[])
        {
            answer = self
                .head(Answer::new(answer.status()))
                .header("Content-Type", content_type)
                .body(content);
        }
        for (name, value) in &rules.headers {
            answer = answer.header(name, self.fill(value, asked));
        }
        answer
    }

    fn fixed(&self, fixed: &FixedAnswer, rules: &Rules, asked: &Asked) -> Answer {
        let text = self.fill(&fixed.text, asked);
        match fixed.status {
            301 | 302 | 303 | 307 | 308 if !text.is_empty() => {
                self.error(fixed.status).header("Location", text)
            }
            status if text.is_empty() && status >= 300 => self.error(status),
            status => self
                .head(Answer::new(status))
                .header("Content-Type", rules.default_type.clone())
                .body(text),
        }
    }

    async fn file(&self, rules: &Rules, asked: &Asked) -> Answer {
        if !matches!(asked.method, http::Method::GET | http::Method::HEAD) {
            return self.error(405);
        }
        let index: Vec<&str> = rules.index.iter().map(String::as_str).collect();
        let look = |path: &str| match &rules.alias {
            Some((prefix, to)) => {
                let rest = path.strip_prefix(prefix.as_str()).unwrap_or(path);
                web::find_file(&self.files, to, rest, &index)
            }
            None => web::find_file(&self.files, &rules.root, path, &index),
        };
        let mut found = look(&asked.path);
        if let Some((last, tries)) = rules.try_files.split_last() {
            let hit = tries
                .iter()
                .find_map(|candidate| match look(&self.fill(candidate, asked)) {
                    Found::Missing | Found::Directory => None,
                    found => Some(found),
                });
            found = match (hit, last.strip_prefix('=')) {
                (Some(found), _) => found,
                (None, Some(code)) => return self.error(code.parse().unwrap_or(404)),
                (None, None) => look(&self.fill(last, asked)),
            };
        }
        match found {
            Found::File {
                content,
                content_type,
                modified,
            } => self
                .head(Answer::new(200))
                .header("Content-Type", content_type)
                .header("Last-Modified", http_date(modified))
                .header("Connection", "keep-alive")
                .header("ETag", etag(modified, content.len()))
                .header("Accept-Ranges", "bytes")
                .body(content),
            Found::Directory => {
                let location = format!("http://{}{}/", asked.host, asked.path);
                self.error(301).header("Location", location)
            }
            Found::Forbidden => {
                self.log_error(
                    asked,
                    &format!(
                        "directory index of \"{}{}\" is forbidden",
                        rules.root, asked.path
                    ),
                )
                .await;
                self.error(403)
            }
            Found::Missing => {
                self.log_error(
                    asked,
                    &format!(
                        "open() \"{}{}\" failed (2: No such file or directory)",
                        rules.root, asked.path
                    ),
                )
                .await;
                self.error(404)
            }
        }
    }

    async fn pass_on(&self, target: &str, asked: &Asked) -> Answer {
        let Ok(mut url) = Url::parse(&self.fill(target, asked)) else {
            return self.error(500);
        };
        if url.target == "/" && !target.trim_start_matches("http://").contains('/') {
            url.target = asked.target();
        }
        let network = &self.kernel.network;
        let resolver = Resolver::new(network, &self.files);
        let Ok(addresses) = resolver.addresses(&url.host).await else {
            let words = format!("{} could not be resolved (3: Host not found)", url.host);
            self.log_error(asked, &words).await;
            return self.error(502);
        };
        let Some(ip) = addresses.first() else {
            return self.error(502);
        };
        let to = SocketAddr::new(*ip, url.port);
        let connection = match network.dial(to, Some(Duration::from_secs(60))).await {
            Ok(connection) => connection,
            Err(error) => {
                let (words, status) = match error {
                    DialError::Refused => ("connect() failed (111: Connection refused)", 502),
                    DialError::Unreachable => ("connect() failed (113: No route to host)", 502),
                    DialError::TimedOut => ("upstream timed out (110: Connection timed out)", 504),
                };
                let words = format!("{words} while connecting to upstream");
                self.log_error(asked, &words).await;
                return self.error(status);
            }
        };
        let mut request = Request::builder()
            .method(asked.method.clone())
            .uri(&url.target)
            .header("Host", url.authority())
            .header("Connection", "close");
        for (name, value) in &asked.headers {
            if !matches!(name.as_str(), "host" | "connection" | "content-length") {
                request = request.header(name, value);
            }
        }
        let Ok(request) = request.body(Full::new(asked.body.clone())) else {
            return self.error(400);
        };
        let Ok(exchange) = Exchange::send(Box::new(connection.stream), request).await else {
            return self.error(502);
        };
        let answer = self.head(Answer::new(exchange.response.status().as_u16()));
        exchange.relay(answer, &["server", "date"]).await
    }

    fn head(&self, answer: Answer) -> Answer {
        answer
            .header("Server", format!("nginx/{}", self.version))
            .header("Date", http_date(self.kernel.clock.now()))
    }

    /// nginx's own page for a status.
    fn error(&self, status: u16) -> Answer {
        let title = match status {
            301 => "301 Moved Permanently".to_owned(),
            302 => "302 Found".to_owned(),
            401 => "401 Authorization Required".to_owned(),
            405 => "405 Not Allowed".to_owned(),
            503 => "503 Service Temporarily Unavailable".to_owned(),
            504 => "504 Gateway Time-out".to_owned(),
            status => status_text(status),
        };
        let version = &self.version;
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx/{version}</center>\r\n</body>\r\n</html>\r\n"
        );
        self.head(Answer::new(status))
            .header("Content-Type", "text/html")
            .header("Connection", "keep-alive")
            .body(page)
    }

    /// Replaces nginx's variables in a text.
    fn fill(&self, text: &str, asked: &Asked) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let now = self.kernel.clock.now();
        let request_uri = asked.target();
        let hostname = self.kernel.network.hostname();
        let mut text = text.to_owned();
        for (name, value) in [
            ("request_uri", request_uri.as_str()),
            ("request_method", asked.method.as_str()),
            ("remote_addr", &asked.peer.ip().to_string()),
            ("remote_port", &asked.peer.port().to_string()),
            ("server_addr", &self.kernel.network.ip().to_string()),
            ("server_port", &asked.port.to_string()),
            ("hostname", hostname),
            (
                "time_local",
                &now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            ),
            (
                "time_iso8601",
                &now.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
            ),
            ("nginx_version", &self.version),
            ("http_user_agent", &asked.agent),
            ("is_args", if asked.query.is_some() { "?" } else { "" }),
            ("args", asked.query.as_deref().unwrap_or_default()),
            ("scheme", "http"),
            ("host", asked.host.split(':').next().unwrap_or_default()),
            ("http_host", &asked.host),
            ("uri", &asked.path),
            ("request_id", "5f0c7d6b1e2a4938a7b6c5d4e3f20190"),
        ] {
            text = text.replace(&format!("${{{name}}}"), value);
            text = text.replace(&format!("${name}"), value);
        }
        text
    }

    async fn log_access(&self, asked: &Asked, answer: &Answer) {
        let now = self.kernel.clock.now().strftime("%d/%b/%Y:%H:%M:%S +0000");
        let line = format!(
            "{} - - [{now}] \"{} {} HTTP/1.1\" {} {} \"{}\" \"{}\" \"{}\"\n",
            asked.peer.ip(),
            asked.method,
            asked.target(),
            answer.status(),
            answer.body_len(),
            asked.referer,
            asked.agent,
            asked.forwarded,
        );
        self.access_log.print(line).await;
    }

    async fn log_error(&self, asked: &Asked, what: &str) {
        let now = self.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
        let line = format!(
            "{now} [error] 29#29: *1 {what}, client: {}, server: localhost, request: \"{} {} HTTP/1.1\", host: \"{}\"\n",
            asked.peer.ip(),
            asked.method,
            asked.target(),
            asked.host,
        );
        self.error_log.print(line).await;
    }
}

impl Asked {
    async fn of(port: u16, request: Request<Incoming>, peer: SocketAddr) -> Self {
        let (parts, body) = request.into_parts();
        let header = |name: &str, missing: &str| {
            let value = parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or(missing).to_owned()
        };
        let path = percent_encoding::percent_decode_str(parts.uri.path());
        let body = body.collect().await.map(|body| body.to_bytes());
        Self {
            path: path.decode_utf8_lossy().into_owned(),
            query: parts.uri.query().map(str::to_owned),
            host: header("host", ""),
            agent: header("user-agent", "-"),
            referer: header("referer", "-"),
            forwarded: header("x-forwarded-for", "-"),
            body: body.unwrap_or_default(),
            method: parts.method,
            headers: parts.headers,
            peer,
            port,
        }
    }

    /// Path and query.
    fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

fn etag(modified: Timestamp, length: usize) -> String {
    format!("\"{:x}-{length:x}\"", modified.as_second())
}
