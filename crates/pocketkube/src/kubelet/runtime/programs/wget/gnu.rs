//! GNU `wget`, as Debian-based images have it.

use super::super::fetch::{self, FetchError};
use super::super::options::Options;
use crate::kubelet::runtime::filesystem::WriteMode;
use crate::kubelet::runtime::http::{Exchange, Trust, Url, status_text};
use crate::kubelet::runtime::process::Process;

/// What GNU wget exits with.
const FAILED: i32 = 1;
const NETWORK: i32 = 4;
const CERTIFICATE: i32 = 5;
const SERVER_ERROR: i32 = 8;

pub async fn run(process: &Process, options: &Options) -> i32 {
    if options.operands.is_empty() {
        process
            .complain("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n")
            .await;
        return FAILED;
    }
    let mut code = 0;
    for text in &options.operands {
        match download(process, options, text).await {
            Ok(()) => {}
            Err(failure) => code = failure,
        }
    }
    code
}

async fn say(process: &Process, options: &Options, text: String) {
    if !options.has("quiet") && !options.has("no-verbose") {
        process.complain(text).await;
    }
}

async fn download(process: &Process, options: &Options, text: &str) -> Result<(), i32> {
    let Ok(mut url) = Url::parse(text) else {
        process
            .complain(format!("{text}: Unsupported scheme.\n"))
            .await;
        return Err(FAILED);
    };
    let name = url.file_name().to_owned();
    for _ in 0..=20 {
        let stamp = process.kernel.clock.now().strftime("%Y-%m-%d %H:%M:%S");
        say(process, options, format!("--{stamp}--  {url}\n")).await;
        let exchange = exchange(process, options, &url).await?;
        let status = exchange.response.status().as_u16();
        let words = format!("{}\n", status_text(status));
        say(process, options, words.clone()).await;
        match status {
            200..=299 => return save(process, options, exchange, &name).await,
            300..=308 => {
                let location = exchange.response.headers().get("location");
                let location = location.and_then(|location| location.to_str().ok());
                let next = location.and_then(|location| url.join(location).ok());
                let Some(next) = next else {
                    return Err(SERVER_ERROR);
                };
                let line = format!("Location: {} [following]\n", location.unwrap_or_default());
                say(process, options, line).await;
                url = next;
            }
            status => {
                let stamp = process.kernel.clock.now().strftime("%Y-%m-%d %H:%M:%S");
                let reason = status_text(status);
                let reason = reason.split_once(' ').map_or("", |(_, reason)| reason);
                let line = format!("{stamp} ERROR {status}: {reason}.\n\n");
                say(process, options, line).await;
                return Err(SERVER_ERROR);
            }
        }
    }
    say(process, options, "20 redirections exceeded.\n".to_owned()).await;
    Err(SERVER_ERROR)
}

async fn exchange(process: &Process, options: &Options, url: &Url) -> Result<Exchange, i32> {
    let host = &url.host;
    let port = url.port;
    let is_name = host.parse::<std::net::IpAddr>().is_err();
    if is_name {
        say(process, options, format!("Resolving {host} ({host})... ")).await;
    }
    let Ok(addresses) = fetch::resolve(process, url).await else {
        say(
            process,
            options,
            "failed: Name or service not known.\n".to_owned(),
        )
        .await;
        process
            .complain(format!("wget: unable to resolve host address '{host}'\n"))
            .await;
        return Err(NETWORK);
    };
    let ip = addresses[0];
    let at = if is_name {
        say(process, options, format!("{ip}\n")).await;
        format!("{host} ({host})|{ip}|:{port}")
    } else {
        format!("{ip}:{port}")
    };
    say(process, options, format!("Connecting to {at}... ")).await;
    let trust = if options.has("no-check-certificate") {
        Trust::Anyone
    } else {
        Trust::Authorities(fetch::authorities(process, options.value("ca-certificate")))
    };
    let patience = super::timeout(options, None);
    let connected = match fetch::connect(process, url, ip, patience, trust).await {
        Ok(connected) => connected,
        Err(FetchError::Dial(_, error)) => {
            let why = fetch::dial_error_text(process, &error);
            say(process, options, format!("failed: {why}.\n")).await;
            return Err(NETWORK);
        }
        Err(_) => {
            process
                .complain(format!("ERROR: cannot verify {host}'s certificate\n"))
                .await;
            return Err(CERTIFICATE);
        }
    };
    say(
        process,
        options,
        "connected.\nHTTP request sent, awaiting response... ".to_owned(),
    )
    .await;
    let request = super::request(url, options, "Wget/1.21.3").map_err(|_| FAILED)?;
    let clock = &process.kernel.clock;
    let answer = match patience {
        Some(patience) => {
            clock
                .timeout(patience, fetch::exchange(connected, request))
                .await
        }
        None => Some(fetch::exchange(connected, request).await),
    };
    match answer {
        Some(Ok(exchange)) => Ok(exchange),
        Some(Err(_)) => {
            say(process, options, "No data received.\n".to_owned()).await;
            Err(NETWORK)
        }
        None => {
            let words = "Read error (Connection timed out) in headers.\n";
            say(process, options, words.to_owned()).await;
            Err(NETWORK)
        }
    }
}

async fn save(
    process: &Process,
    options: &Options,
    mut exchange: Exchange,
    name: &str,
) -> Result<(), i32> {
    let header = |name: &str| {
        let value = exchange.response.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let length = header("content-length").unwrap_or_else(|| "unspecified".to_owned());
    let kind = header("content-type").map_or(String::new(), |kind| format!(" [{kind}]"));
    say(process, options, format!("Length: {length}{kind}\n")).await;
    let given = options.value("output-document");
    let to_stdout = given == Some("-");
    let mut file = given.unwrap_or(name).to_owned();
    if given.is_none() {
        // GNU never overwrites: it counts.
        let mut number = 0;
        while process.filesystem.exists(&process.path(&file)) {
            number += 1;
            file = format!("{name}.{number}");
        }
    }
    let shown = if to_stdout { "STDOUT" } else { &file };
    let quoted = if to_stdout {
        shown.to_owned()
    } else {
        format!("'{shown}'")
    };
    say(process, options, format!("Saving to: {quoted}\n\n")).await;
    let path = process.path(&file);
    if !to_stdout {
        let made = process.filesystem.write(&path, b"", WriteMode::Truncate);
        if let Err(error) = made {
            process.complain(format!("{file}: {error}\n")).await;
            return Err(3);
        }
    }
    let mut size = 0;
    while let Some(chunk) = exchange.chunk().await {
        size += chunk.len();
        if to_stdout {
            let _ = process.start.stdout.write(&chunk).await;
        } else {
            let _ = process.filesystem.write(&path, &chunk, WriteMode::Append);
        }
    }
    let stamp = process.kernel.clock.now().strftime("%Y-%m-%d %H:%M:%S");
    let what = if to_stdout {
        "written to stdout"
    } else {
        "saved"
    };
    let subject = if to_stdout { "-" } else { &quoted };
    let line = format!(
        "     0K                                                       100% 58.6M=0s\n\n{stamp} (58.6 MB/s) - {subject} {what} [{size}/{size}]\n\n"
    );
    say(process, options, line).await;
    Ok(())
}
