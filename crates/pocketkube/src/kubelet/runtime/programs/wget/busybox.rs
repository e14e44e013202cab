//! BusyBox `wget`: its messages, which changed a little over the versions.

use super::super::fetch::{self, FetchError};
use super::super::options::Options;
use crate::kubelet::runtime::filesystem::WriteMode;
use crate::kubelet::runtime::http::{Exchange, Trust, Url, UrlError, status_text};
use crate::kubelet::runtime::net::DialError;
use crate::kubelet::runtime::process::Process;

pub const USAGE: &str = "Usage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]\n\t[--post-data STR | --post-file FILE] [-Y on/off]\n\t[--no-check-certificate] [-P DIR] [-U AGENT] [-T SEC] URL...\n";

const MOST_REDIRECTS: usize = 20;

pub async fn run(process: &Process, options: &Options) -> i32 {
    if options.operands.is_empty() {
        process.complain(USAGE).await;
        return 1;
    }
    for url in &options.operands {
        if let Err(message) = download(process, options, url).await {
            process.complain(format!("wget: {message}\n")).await;
            return 1;
        }
    }
    0
}

async fn download(process: &Process, options: &Options, text: &str) -> Result<(), String> {
    let is_quiet = options.has("quiet");
    let mut url = Url::parse(text).map_err(|error| match error {
        UrlError::Port => "bad port spec".to_owned(),
        _ => format!("not an http or ftp url: {text}"),
    })?;
    // The name of the file is taken from the first URL.
    let name = url.file_name().to_owned();
    for _ in 0..=MOST_REDIRECTS {
        let exchange = exchange(process, options, &url, is_quiet).await?;
        let status = exchange.response.status().as_u16();
        if options.has("server-response") {
            print_head(process, &exchange).await;
        }
        match status {
            200 | 204 | 206 => {
                if options.has("spider") {
                    if !is_quiet {
                        process.complain("remote file exists\n").await;
                    }
                    return Ok(());
                }
                return save(process, options, exchange, &name, is_quiet).await;
            }
            300..=308 => {
                let location = exchange.response.headers().get("location");
                let location = location.and_then(|location| location.to_str().ok());
                let location = location.ok_or("no location in redirect")?;
                url = url
                    .join(location)
                    .map_err(|_| format!("not an http or ftp url: {location}"))?;
            }
            status => {
                return Err(format!(
                    "server returned error: HTTP/1.1 {}",
                    status_text(status)
                ));
            }
        }
    }
    Err("too many redirections".to_owned())
}

async fn exchange(
    process: &Process,
    options: &Options,
    url: &Url,
    is_quiet: bool,
) -> Result<Exchange, String> {
    let addresses = fetch::resolve(process, url)
        .await
        .map_err(|_| format!("bad address '{}'", authority(url)))?;
    let ip = addresses[0];
    if !is_quiet {
        let words = format!("Connecting to {} ({ip}:{})\n", authority(url), url.port);
        process.complain(words).await;
    }
    let patience = super::timeout(options, Some(900));
    if url.is_tls && !options.has("no-check-certificate") {
        process
            .complain("wget: note: TLS certificate validation not implemented\n")
            .await;
    }
    let agent = "Wget";
    let request = super::request(url, options, agent).map_err(|error| error.to_string())?;
    let clock = &process.kernel.clock;
    let began = clock.now();
    let work = async {
        let connected = fetch::connect(process, url, ip, patience, Trust::Anyone).await?;
        fetch::exchange(connected, request).await
    };
    let outcome = match patience {
        Some(patience) => clock.timeout(patience, work).await,
        None => Some(work.await),
    };
    match outcome {
        None => Err("download timed out".to_owned()),
        Some(Ok(exchange)) => Ok(exchange),
        Some(Err(FetchError::Dial(_, DialError::TimedOut)))
            if patience.is_some_and(|patience| clock.since(began) >= patience) =>
        {
            Err("download timed out".to_owned())
        }
        Some(Err(FetchError::Dial(ip, error))) => {
            let why = fetch::dial_error_text(process, &error);
            Err(format!("can't connect to remote host ({ip}): {why}"))
        }
        Some(Err(FetchError::Tls(_))) => Err("TLS error from peer".to_owned()),
        Some(Err(_)) => Err("error getting response".to_owned()),
    }
}

fn authority(url: &Url) -> String {
    url.authority()
}

async fn print_head(process: &Process, exchange: &Exchange) {
    let response = &exchange.response;
    let mut text = format!("  HTTP/1.1 {}\n", status_text(response.status().as_u16()));
    for (name, value) in response.headers() {
        let name = title_case(name.as_str());
        text.push_str(&format!(
            "  {name}: {}\n",
            value.to_str().unwrap_or_default()
        ));
    }
    process.complain(text + "  \n").await;
}

/// `content-type` → `Content-Type`
pub fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

async fn save(
    process: &Process,
    options: &Options,
    mut exchange: Exchange,
    name: &str,
    is_quiet: bool,
) -> Result<(), String> {
    let given = options.value("output-document");
    let to_stdout = given == Some("-");
    let shown = if to_stdout {
        "-"
    } else {
        given.unwrap_or(name)
    };
    let path = match (given, options.value("directory-prefix")) {
        (Some(given), _) => process.path(given),
        (None, Some(directory)) => process.path(&format!("{directory}/{name}")),
        (None, None) => process.path(name),
    };
    if !to_stdout {
        if given.is_none() && process.filesystem.exists(&path) {
            return Err(format!("can't open '{shown}': File exists"));
        }
        process
            .filesystem
            .write(&path, b"", WriteMode::Truncate)
            .map_err(|error| format!("can't open '{shown}': {error}"))?;
    }
    // These lines came with 1.29.
    let is_chatty = !is_quiet && is_newer(process.kernel.image.fact("busybox"), 29);
    if is_chatty && to_stdout {
        process.complain("writing to stdout\n").await;
    } else if is_chatty {
        process.complain(format!("saving to '{shown}'\n")).await;
    }
    let mut size = 0;
    while let Some(chunk) = exchange.chunk().await {
        size += chunk.len();
        if to_stdout {
            let written = process.start.stdout.write(&chunk).await;
            written.map_err(|_| "short write".to_owned())?;
        } else {
            let written = process.filesystem.write(&path, &chunk, WriteMode::Append);
            written.map_err(|error| format!("short write: {error}"))?;
        }
    }
    if !is_quiet {
        process.complain(meter(shown, size)).await;
    }
    if is_chatty && to_stdout {
        process.complain("written to stdout\n").await;
    } else if is_chatty {
        process.complain(format!("'{shown}' saved\n")).await;
    }
    Ok(())
}

fn is_newer(version: &str, minor: u32) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(1), Some(has)) => has >= minor,
        _ => true,
    }
}

/// The last state of the progress bar.
fn meter(name: &str, size: usize) -> String {
    let stars = "*".repeat(32);
    let size = match size {
        size if size >= 100_000 => format!("{:.1}k", size as f64 / 1024.0),
        size => size.to_string(),
    };
    format!("{name:<20.20} 100% |{stars}| {size:>5}  0:00:00 ETA\n")
}
