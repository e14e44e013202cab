//! `curl`: the options people use with services, its messages and its exit codes.

mod report;
mod request;
mod specs;

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::fetch::{self, Connected, FetchError};
use super::options::{OptionError, Options};
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::filesystem::WriteMode;
use crate::kubelet::runtime::http::{Exchange, ExchangeError, Trust, Url, UrlError};
use crate::kubelet::runtime::net::{DialError, LookupError};
use crate::kubelet::runtime::process::Process;

use report::Report;

pub const PROGRAM: Program = Program {
    names: &["curl"],
    run: |process| Box::pin(run(process)),
    memory: 4 * MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

/// A failure as curl numbers and words it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    code: i32,
    message: String,
}

fn failure(code: i32, message: impl Into<String>) -> Failure {
    Failure {
        code,
        message: message.into(),
    }
}

async fn run(mut process: Process) -> i32 {
    let options = match Options::parse(process.arguments(), specs::SPECS) {
        Ok(options) => options,
        Err(error) => {
            let words = match error {
                OptionError::Unknown(option) => format!("option {option}: is unknown"),
                OptionError::MissingValue(option) => {
                    format!("option {option}: requires parameter")
                }
            };
            process
                .complain(format!(
                    "curl: {words}\ncurl: try 'curl --help' for more information\n"
                ))
                .await;
            return 2;
        }
    };
    if options.has("version") {
        let version = version(&process);
        process
            .print(format!(
                "curl {version} (x86_64-pc-linux-gnu) libcurl/{version} (simulated)\nProtocols: http https\nFeatures: IPv6 SSL\n"
            ))
            .await;
        return 0;
    }
    let mut urls = options.operands.clone();
    urls.extend(options.values("url").map(str::to_owned));
    if urls.is_empty() {
        process
            .complain("curl: (2) no URL specified\ncurl: try 'curl --help' for more information\n")
            .await;
        return 2;
    }
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let work = async {
        let mut code = 0;
        for (number, url) in urls.iter().enumerate() {
            code = with_retries(&process, &options, url, number).await;
        }
        code
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

fn version(process: &Process) -> String {
    match process.kernel.image.fact("curl") {
        "" => "8.9.1".to_owned(),
        version => version.to_owned(),
    }
}

async fn with_retries(process: &Process, options: &Options, url: &str, number: usize) -> i32 {
    let retries: u32 = number_of(options, "retry").unwrap_or(0.0) as u32;
    let mut wait = Duration::from_secs(1);
    let mut left = retries;
    loop {
        let (code, status) = transfer(process, options, url, number).await;
        let is_transient = matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
            || matches!(code, 28 | 5 | 6)
            || (code == 7 && options.has("retry-connrefused"))
            || (code != 0 && options.has("retry-all-errors"));
        if left == 0 || !is_transient {
            return code;
        }
        let given = number_of(options, "retry-delay").map(Duration::from_secs_f64);
        let pause = given.unwrap_or(wait);
        if !options.has("silent") {
            process
                .complain(format!(
                    "Warning: Problem: {}. Will retry in {} second{}. {left} retr{} left.\n",
                    if code == 0 {
                        "HTTP error"
                    } else {
                        "connection refused"
                    },
                    pause.as_secs(),
                    if pause.as_secs() == 1 { "" } else { "s" },
                    if left == 1 { "y" } else { "ies" },
                ))
                .await;
        }
        process.kernel.clock.sleep(pause).await;
        wait *= 2;
        left -= 1;
    }
}

fn number_of(options: &Options, name: &str) -> Option<f64> {
    options.value(name)?.parse().ok()
}

fn seconds(options: &Options, name: &str) -> Option<Duration> {
    let seconds = number_of(options, name).filter(|seconds| *seconds > 0.0)?;
    Some(Duration::from_secs_f64(seconds))
}

/// One URL from beginning to end: curl's exit code and the HTTP status, if there was one.
async fn transfer(process: &Process, options: &Options, text: &str, number: usize) -> (i32, u16) {
    let clock = &process.kernel.clock;
    let mut report = Report::new(process, text);
    report.start_meter(process, options).await;
    let most = seconds(options, "max-time");
    let outcome = {
        let work = redirected(process, options, text, number, &mut report);
        match most {
            Some(most) => clock.timeout(most, work).await,
            None => Some(work.await),
        }
    };
    let outcome = outcome.unwrap_or_else(|| {
        let spent = clock.since(report.began).as_millis();
        Err(if report.has_connected() {
            let received = report.downloaded;
            failure(
                28,
                format!(
                    "Operation timed out after {spent} milliseconds with {received} bytes received"
                ),
            )
        } else {
            failure(
                28,
                format!("Connection timed out after {spent} milliseconds"),
            )
        })
    });
    report.ended();
    let code = match &outcome {
        Ok(()) => 0,
        Err(failure) => {
            if !options.has("silent") || options.has("show-error") {
                report.clear_meter(process).await;
                let Failure { code, message } = failure;
                process
                    .complain(format!("curl: ({code}) {message}\n"))
                    .await;
            }
            failure.code
        }
    };
    if let Some(format) = options.value("write-out") {
        let format = match format.strip_prefix('@') {
            Some(path) => process
                .filesystem
                .read_to_string(&process.path(path))
                .unwrap_or_default(),
            None => format.to_owned(),
        };
        process.print(report.write_out(&format, code)).await;
    }
    (code, report.status)
}

async fn redirected(
    process: &Process,
    options: &Options,
    text: &str,
    number: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut url = Url::parse(text).map_err(|error| match error {
        UrlError::Scheme(scheme) => failure(1, format!("Protocol \"{scheme}\" not supported")),
        UrlError::Port => failure(
            3,
            "URL rejected: Port number was not a decimal number between 0 and 65535",
        ),
        UrlError::Malformed => failure(3, "URL rejected: No host part in the URL"),
    })?;
    let most = number_of(options, "max-redirs").map_or(50, |most| most as usize);
    loop {
        report.url = url.to_string();
        let exchange = ask(process, options, &url, report).await?;
        let status = exchange.response.status().as_u16();
        let location = exchange.response.headers().get("location");
        let location = location.and_then(|location| location.to_str().ok());
        let next = location.and_then(|location| url.join(location).ok());
        match next.filter(|_| options.has("location") && (300..400).contains(&status)) {
            Some(next) if report.redirects < most => {
                report.redirects += 1;
                report.show_head(process, options, &exchange).await;
                url = next;
            }
            Some(_) => {
                return Err(failure(47, format!("Maximum ({most}) redirects followed")));
            }
            None => return receive(process, options, exchange, &url, number, report).await,
        }
    }
}

async fn ask(
    process: &Process,
    options: &Options,
    url: &Url,
    report: &mut Report,
) -> Result<Exchange, Failure> {
    let clock = &process.kernel.clock;
    let addresses = addresses(process, options, url).await?;
    report.resolved(url, &addresses, process, options).await;
    let began = clock.now();
    let connected = connect(process, options, url, &addresses, began, report).await?;
    report.connected(url, &connected, process, options).await;
    let request = request::build(process, options, url, &version(process))?;
    report.sent(&request, process, options).await;
    let exchange = fetch::exchange(connected, request).await;
    let exchange = exchange.map_err(|error| match error {
        FetchError::Exchange(ExchangeError::Malformed) => {
            failure(1, "Received HTTP/0.9 when not allowed")
        }
        _ => failure(52, "Empty reply from server"),
    })?;
    report.answered(&exchange, process, options).await;
    Ok(exchange)
}

/// The host's addresses, those of `--resolve` before all others.
async fn addresses(
    process: &Process,
    options: &Options,
    url: &Url,
) -> Result<Vec<IpAddr>, Failure> {
    let wanted = format!("{}:{}:", url.host, url.port);
    let pinned = options.values("resolve").find_map(|entry| {
        let ips = entry.strip_prefix(&wanted)?;
        ips.split(',').next()?.parse().ok()
    });
    if let Some(ip) = pinned {
        return Ok(vec![ip]);
    }
    fetch::resolve(process, url)
        .await
        .map_err(|error| match error {
            FetchError::Lookup(LookupError::TimedOut) => {
                let host = &url.host;
                failure(28, format!("Resolving timed out for host: {host}"))
            }
            _ => failure(6, format!("Could not resolve host: {}", url.host)),
        })
}

async fn connect(
    process: &Process,
    options: &Options,
    url: &Url,
    addresses: &[IpAddr],
    began: Timestamp,
    report: &mut Report,
) -> Result<Connected, Failure> {
    let clock = &process.kernel.clock;
    let trust = || {
        if options.has("insecure") {
            Trust::Anyone
        } else {
            Trust::Authorities(fetch::authorities(process, options.value("cacert")))
        }
    };
    let patience = seconds(options, "connect-timeout");
    let mut last = DialError::Refused;
    for ip in addresses {
        report.trying(*ip, url.port, process, options).await;
        match fetch::connect(process, url, *ip, patience, trust()).await {
            Ok(connected) => return Ok(connected),
            Err(FetchError::Dial(_, error)) => {
                let why = fetch::dial_error_text(process, &error);
                report
                    .dial_failed(*ip, url.port, why, process, options)
                    .await;
                last = error;
            }
            Err(FetchError::Tls(reason)) => return Err(tls_failure(&reason)),
            Err(_) => return Err(failure(7, "Could not connect to server")),
        }
    }
    let spent = clock.since(began).as_millis();
    let Url { host, port, .. } = url;
    if last == DialError::TimedOut && patience.is_some() {
        return Err(failure(
            28,
            format!("Connection timed out after {spent} milliseconds"),
        ));
    }
    let code = if last == DialError::TimedOut { 28 } else { 7 };
    Err(failure(
        code,
        format!(
            "Failed to connect to {host} port {port} after {spent} ms: Could not connect to server"
        ),
    ))
}

fn tls_failure(reason: &str) -> Failure {
    const MORE: &str = "\nMore details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\nestablish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the webpage mentioned above.";
    if reason.contains("UnknownIssuer") {
        let words = "SSL certificate problem: unable to get local issuer certificate";
        failure(60, format!("{words}{MORE}"))
    } else if reason.contains("not valid for name") || reason.contains("NotValidForName") {
        let words = "SSL: no alternative certificate subject name matches target host name";
        failure(60, format!("{words}{MORE}"))
    } else if reason.contains("certificate") {
        failure(60, format!("SSL certificate problem: {reason}{MORE}"))
    } else {
        failure(
            35,
            "TLS connect error: error:0A00010B:SSL routines::wrong version number",
        )
    }
}

async fn receive(
    process: &Process,
    options: &Options,
    mut exchange: Exchange,
    url: &Url,
    number: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let status = exchange.response.status().as_u16();
    if status >= 400 && (options.has("fail") || options.has("fail-with-body")) {
        let error = failure(22, format!("The requested URL returned error: {status}"));
        if options.has("fail") {
            return Err(error);
        }
        deliver(process, options, &mut exchange, url, number, report).await?;
        return Err(error);
    }
    deliver(process, options, &mut exchange, url, number, report).await
}

async fn deliver(
    process: &Process,
    options: &Options,
    exchange: &mut Exchange,
    url: &Url,
    number: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let named = options.values("output").nth(number);
    let path = match named {
        Some("-") => None,
        Some(path) => Some(process.path(path)),
        None if options.has("remote-name") => Some(process.path(url.file_name())),
        None => None,
    };
    let to_file = path.as_deref().filter(|path| *path != "/dev/null");
    if let Some(path) = to_file {
        let made = process.filesystem.write(path, b"", WriteMode::Truncate);
        made.map_err(|_| {
            failure(
                23,
                "client returned ERROR on write, 0 bytes were not written",
            )
        })?;
    }
    let is_body_wanted = path.is_none();
    let head = report.head_to_show(options, exchange);
    let mut pieces = vec![bytes::Bytes::from(head)];
    if options.has("head") {
        pieces.retain(|piece| !piece.is_empty());
    }
    loop {
        for piece in pieces.drain(..) {
            if piece.is_empty() {
                continue;
            }
            if let Some(path) = to_file {
                let written = process.filesystem.write(path, &piece, WriteMode::Append);
                written.map_err(|_| failure(23, "Failure writing output to destination"))?;
            } else if is_body_wanted {
                let written = process.start.stdout.write(&piece).await;
                written.map_err(|_| failure(23, "Failure writing output to destination"))?;
            }
        }
        match exchange.chunk().await {
            Some(chunk) => {
                report.downloaded += chunk.len() as u64;
                pieces.push(chunk);
            }
            None => break,
        }
    }
    report.finish_meter(process).await;
    report.left_intact(url, process, options).await;
    Ok(())
}
