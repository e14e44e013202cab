//! What curl says beside the body: `-v`, the progress meter, `-i`, and `-w`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Body;
use jiff::Timestamp;

use super::super::fetch::Connected;
use super::super::options::Options;
use super::super::wget::title_case;
use crate::clock::Clock;
use crate::kubelet::runtime::http::{Exchange, Url, status_text};
use crate::kubelet::runtime::process::Process;

/// What is known of a transfer.
pub struct Report {
    clock: Clock,
    pub began: Timestamp,
    pub url: String,
    pub status: u16,
    pub redirects: usize,
    pub downloaded: u64,
    method: String,
    content_type: String,
    header_bytes: usize,
    uploaded: u64,
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    looked_up: Duration,
    connected_after: Duration,
    first_byte: Duration,
    total: Duration,
    has_meter: bool,
    connections: usize,
}

const METER_HEAD: &str = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n";
const METER_START: &str =
    "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0";

impl Report {
    pub fn new(process: &Process, url: &str) -> Self {
        let clock = process.kernel.clock.clone();
        Self {
            began: clock.now(),
            clock,
            url: url.to_owned(),
            status: 0,
            redirects: 0,
            downloaded: 0,
            method: "GET".to_owned(),
            content_type: String::new(),
            header_bytes: 0,
            uploaded: 0,
            remote: None,
            local: None,
            looked_up: Duration::ZERO,
            connected_after: Duration::ZERO,
            first_byte: Duration::ZERO,
            total: Duration::ZERO,
            has_meter: false,
            connections: 0,
        }
    }

    pub fn has_connected(&self) -> bool {
        self.remote.is_some()
    }

    fn spent(&self) -> Duration {
        self.clock.since(self.began)
    }

    pub async fn resolved(
        &mut self,
        url: &Url,
        ips: &[IpAddr],
        process: &Process,
        options: &Options,
    ) {
        self.looked_up = self.spent();
        if !options.has("verbose") || url.host.parse::<IpAddr>().is_ok() {
            return;
        }
        let list: Vec<String> = ips.iter().map(ToString::to_string).collect();
        let Url { host, port, .. } = url;
        let list = list.join(", ");
        let words = format!("* Host {host}:{port} was resolved.\n* IPv6: (none)\n* IPv4: {list}\n");
        process.complain(words).await;
    }

    pub async fn trying(&self, ip: IpAddr, port: u16, process: &Process, options: &Options) {
        if options.has("verbose") {
            let words = format!("*   Trying {ip}:{port}...\n");
            process.complain(words).await;
        }
    }

    pub async fn dial_failed(
        &self,
        ip: IpAddr,
        port: u16,
        why: &str,
        process: &Process,
        options: &Options,
    ) {
        if options.has("verbose") {
            let words = format!("* connect to {ip} port {port} failed: {why}\n");
            process.complain(words).await;
        }
    }

    pub async fn connected(
        &mut self,
        url: &Url,
        connected: &Connected,
        process: &Process,
        options: &Options,
    ) {
        self.connected_after = self.spent();
        self.remote = Some(SocketAddr::new(connected.ip, url.port));
        self.local = Some(connected.local);
        if options.has("verbose") {
            let Url { host, port, .. } = url;
            let ip = connected.ip;
            let mut words = format!("* Connected to {host} ({ip}) port {port}\n");
            if url.is_tls {
                words.push_str("* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384\n");
            }
            process.complain(words).await;
        }
    }

    pub async fn sent(
        &mut self,
        request: &Request<Full<Bytes>>,
        process: &Process,
        options: &Options,
    ) {
        self.method = request.method().to_string();
        self.uploaded = request.body().size_hint().exact().unwrap_or(0);
        if !options.has("verbose") {
            return;
        }
        let mut words = format!("> {} {} HTTP/1.1\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            let name = title_case(name.as_str());
            words.push_str(&format!(
                "> {name}: {}\n",
                value.to_str().unwrap_or_default()
            ));
        }
        if self.uploaded > 0 {
            words.push_str(&format!("> Content-Length: {}\n", self.uploaded));
        }
        words.push_str("> \n* Request completely sent off\n");
        process.complain(words).await;
    }

    pub async fn answered(&mut self, exchange: &Exchange, process: &Process, options: &Options) {
        self.first_byte = self.spent();
        self.status = exchange.response.status().as_u16();
        let content_type = exchange.response.headers().get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok());
        self.content_type = content_type.unwrap_or_default().to_owned();
        let head = head(exchange, "\n");
        self.header_bytes += head.len();
        if options.has("verbose") {
            let lines = head.lines().map(|line| format!("< {line}\n"));
            process.complain(lines.collect::<String>()).await;
        }
    }

    /// What `-i` and `-I` print before the body.
    pub fn head_to_show(&self, options: &Options, exchange: &Exchange) -> String {
        if options.has("include") || options.has("head") {
            head(exchange, "\r\n")
        } else {
            String::new()
        }
    }

    pub async fn show_head(&self, process: &Process, options: &Options, exchange: &Exchange) {
        let head = self.head_to_show(options, exchange);
        if !head.is_empty() {
            process.print(head).await;
        }
    }

    /// The meter appears unless the body goes to a terminal.
    pub async fn start_meter(&mut self, process: &Process, options: &Options) {
        let is_silent = options.has("silent") || options.has("no-progress-meter");
        let is_to_file = options.has("output") || options.has("remote-name");
        let is_on_terminal = process.start.terminal.is_some() && !is_to_file;
        self.has_meter = !is_silent && !is_on_terminal;
        if self.has_meter {
            process.complain(format!("{METER_HEAD}{METER_START}")).await;
            let line_end = if options.has("verbose") { "\n" } else { "" };
            process.complain(line_end).await;
        }
    }

    pub async fn finish_meter(&mut self, process: &Process) {
        if !self.has_meter {
            return;
        }
        self.has_meter = false;
        let seconds = self.spent().as_secs_f64().max(0.001);
        let size = short(self.downloaded as f64);
        let speed = short(self.downloaded as f64 / seconds);
        let (up, up_speed) = (
            short(self.uploaded as f64),
            short(self.uploaded as f64 / seconds),
        );
        let percent = if self.downloaded > 0 { 100 } else { 0 };
        process
            .complain(format!(
                "\r{percent:>3} {size:>5}  {percent:>3} {size:>5}  {:>3} {up:>5} {speed:>6} {up_speed:>6} --:--:-- --:--:-- --:--:-- {speed:>5}\n",
                if self.uploaded > 0 { 100 } else { 0 }
            ))
            .await;
    }

    /// Ends the line of a meter that an error interrupts.
    pub async fn clear_meter(&mut self, process: &Process) {
        if std::mem::take(&mut self.has_meter) {
            process.complain("\n").await;
        }
    }

    pub async fn left_intact(&mut self, url: &Url, process: &Process, options: &Options) {
        if options.has("verbose") {
            let (number, host) = (self.connections, &url.host);
            let words = format!("* Connection #{number} to host {host} left intact\n");
            process.complain(words).await;
        }
        self.connections += 1;
    }

    pub fn ended(&mut self) {
        self.total = self.spent();
    }

    /// Expands the format of `-w`.
    pub fn write_out(&self, format: &str, code: i32) -> String {
        let mut text = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['%', '\\']) {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(variable) = rest.strip_prefix("%{")
                && let Some(end) = variable.find('}')
            {
                text.push_str(&self.variable(&variable[..end], code));
                rest = &variable[end + 1..];
                continue;
            }
            let (shown, length) = match rest.as_bytes().get(..2) {
                Some(b"\\n") => ("\n", 2),
                Some(b"\\r") => ("\r", 2),
                Some(b"\\t") => ("\t", 2),
                Some(b"%%") => ("%", 2),
                _ => (&rest[..1], 1),
            };
            text.push_str(shown);
            rest = &rest[length..];
        }
        text + rest
    }

    fn variable(&self, name: &str, code: i32) -> String {
        let time = |span: Duration| format!("{:.6}", span.as_secs_f64());
        let ip = |at: Option<SocketAddr>| at.map_or(String::new(), |at| at.ip().to_string());
        let port = |at: Option<SocketAddr>| at.map_or("0".to_owned(), |at| at.port().to_string());
        match name {
            "http_code" | "response_code" => format!("{:03}", self.status),
            "http_version" => "1.1".to_owned(),
            "time_total" => time(self.total),
            "time_namelookup" => time(self.looked_up),
            "time_connect" | "time_pretransfer" => time(self.connected_after),
            "time_appconnect" | "time_redirect" => time(Duration::ZERO),
            "time_starttransfer" => time(self.first_byte),
            "size_download" => self.downloaded.to_string(),
            "size_upload" => self.uploaded.to_string(),
            "size_header" => self.header_bytes.to_string(),
            "speed_download" => {
                let seconds = self.total.as_secs_f64().max(0.001);
                format!("{:.0}", self.downloaded as f64 / seconds)
            }
            "content_type" => self.content_type.clone(),
            "num_redirects" => self.redirects.to_string(),
            "num_connects" => self.connections.to_string(),
            "url" | "url_effective" => self.url.clone(),
            "method" => self.method.clone(),
            "scheme" => self
                .url
                .split(':')
                .next()
                .unwrap_or_default()
                .to_uppercase(),
            "remote_ip" => ip(self.remote),
            "remote_port" => port(self.remote),
            "local_ip" => ip(self.local),
            "local_port" => port(self.local),
            "exitcode" => code.to_string(),
            _ => String::new(),
        }
    }
}

fn head(exchange: &Exchange, line_end: &str) -> String {
    let response = &exchange.response;
    let mut text = format!(
        "HTTP/1.1 {}{line_end}",
        status_text(response.status().as_u16())
    );
    for (name, value) in response.headers() {
        let name = title_case(name.as_str());
        let value = value.to_str().unwrap_or_default();
        text.push_str(&format!("{name}: {value}{line_end}"));
    }
    text + line_end
}

/// A number in five characters.
fn short(number: f64) -> String {
    match number {
        n if n < 100_000.0 => format!("{n:.0}"),
        n if n < 10_240_000.0 => format!("{:.0}k", n / 1024.0),
        n => format!("{:.1}M", n / 1_048_576.0),
    }
}
