//! agnhost, the image of Kubernetes' own end-to-end tests: `netexec`, `serve-hostname`, `webhook`, …
//!
//! Mirrors `test/images/agnhost`.

mod reviews;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use tokio::sync::watch;

use super::web::listen_or_complain;
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::http::{Answer, http_date, serve};
use crate::kubelet::runtime::net::{DialError, Resolver};
use crate::kubelet::runtime::process::{Kernel, Process, Signal};

pub const PROGRAM: Program = Program {
    names: &["agnhost"],
    run: |process| Box::pin(run(process)),
    memory: 10 * MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

async fn run(process: Process) -> i32 {
    let command = process.arguments().first().cloned();
    match command.as_deref() {
        Some("netexec") => {
            let port = option(&process, "http-port").unwrap_or(8080);
            net_exec(process, port).await
        }
        Some("serve-hostname") => {
            let port = option(&process, "port").unwrap_or(9376);
            serve_hostname(process, port).await
        }
        Some("pause") => {
            process.print("Paused\n").await;
            stop_by_signal(process, std::future::pending()).await
        }
        Some("liveness") => liveness(process).await,
        Some("webhook") => webhook::run(process).await,
        Some("connect") => connect(process).await,
        Some("etc-hosts" | "dns-suffix" | "dns-server-list") => {
            let file = if command.as_deref() == Some("etc-hosts") {
                "/etc/hosts"
            } else {
                "/etc/resolv.conf"
            };
            let text = process.filesystem.read_to_string(file);
            process.print(text.unwrap_or_default()).await;
            0
        }
        Some("--version") => {
            let version = &process.kernel.image.version;
            process.print(format!("agnhost version {version}\n")).await;
            0
        }
        other => {
            process
                .complain(format!(
                    "Error: unknown command {:?} for \"app\"\nRun 'app --help' for usage.\n",
                    other.unwrap_or_default()
                ))
                .await;
            1
        }
    }
}

/// `--name=value` or `--name value` among the arguments.
fn option<T: std::str::FromStr>(process: &Process, name: &str) -> Option<T> {
    let mut arguments = process.arguments().iter();
    while let Some(argument) = arguments.next() {
        let Some(rest) = argument.trim_start_matches('-').strip_prefix(name) else {
            continue;
        };
        return match rest.strip_prefix('=') {
            Some(value) => value.parse().ok(),
            None if rest.is_empty() => arguments.next()?.parse().ok(),
            None => continue,
        };
    }
    None
}

async fn stop_by_signal(mut process: Process, work: impl Future<Output = i32>) -> i32 {
    let is_init = process.is_init;
    let unhandled = |signal| matches!(signal, Signal::Term | Signal::Interrupt).then_some(2);
    Process::until_signal(&mut process.signals, is_init, unhandled, work).await
}

async fn serve_hostname(process: Process, port: u16) -> i32 {
    let Some(listener) = listen_or_complain(&process, port).await else {
        return 1;
    };
    let now = process.kernel.clock.now().strftime("%m%d %H:%M:%S");
    process
        .complain(format!(
            "I{now}.000000       1 log.go:198] Serving on port {port}.\n"
        ))
        .await;
    let kernel = process.kernel.clone();
    let serving = serve(listener, move |_, _| {
        let kernel = kernel.clone();
        async move {
            kernel.usage.charge_cpu(Duration::from_micros(60));
            text(&kernel, 200, kernel.network.hostname())
        }
    });
    let work = async {
        serving.await;
        0
    };
    stop_by_signal(process, work).await
}

async fn net_exec(process: Process, port: u16) -> i32 {
    let Some(listener) = listen_or_complain(&process, port).await else {
        return 1;
    };
    let stamp = process.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
    process
        .complain(format!("{stamp} Started HTTP server on port {port}\n"))
        .await;
    let exit = Arc::new(watch::Sender::new(None));
    let mut exited = exit.subscribe();
    let kernel = process.kernel.clone();
    let log = process.start.stderr.clone();
    let serving = serve(listener, move |request, peer| {
        let (kernel, exit, log) = (kernel.clone(), exit.clone(), log.clone());
        async move {
            let now = kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
            let path = request.uri().path().to_owned();
            log.print(format!("{now} {} {path}\n", request.method()))
                .await;
            net_exec_answer(&kernel, &exit, &request, peer)
        }
    });
    let work = async {
        tokio::select! {
            () = serving => 0,
            code = exited.wait_for(Option::is_some) => code.ok().and_then(|c| *c).unwrap_or(0),
        }
    };
    stop_by_signal(process, work).await
}

fn net_exec_answer(
    kernel: &Kernel,
    exit: &watch::Sender<Option<i32>>,
    request: &Request<Incoming>,
    peer: SocketAddr,
) -> Answer {
    kernel.usage.charge_cpu(Duration::from_micros(80));
    let query = request.uri().query().unwrap_or_default();
    let parameter = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    match request.uri().path() {
        "/" => {
            let now = kernel.clock.now();
            text(kernel, 200, &format!("NOW: {now}"))
        }
        "/hostname" | "/hostName" => text(kernel, 200, kernel.network.hostname()),
        "/clientip" => text(kernel, 200, &peer.to_string()),
        "/healthz" => text(kernel, 200, ""),
        "/echo" => {
            let code = parameter("code").and_then(|code| code.parse().ok());
            text(
                kernel,
                code.unwrap_or(200),
                &parameter("msg").unwrap_or_default(),
            )
        }
        "/exit" => {
            let code = parameter("code").and_then(|code| code.parse().ok());
            exit.send_replace(Some(code.unwrap_or(0)));
            text(kernel, 200, "")
        }
        "/header" => {
            let name = parameter("key").unwrap_or_default();
            let value = request.headers().get(&name).and_then(|v| v.to_str().ok());
            text(kernel, 200, value.unwrap_or_default())
        }
        _ => text(kernel, 404, "404 page not found\n"),
    }
}

fn text(kernel: &Kernel, status: u16, body: &str) -> Answer {
    Answer::text(status, body).header("Date", http_date(kernel.clock.now()))
}

/// Healthy for ten seconds, then not: the example of the liveness probe's documentation.
async fn liveness(process: Process) -> i32 {
    let Some(listener) = listen_or_complain(&process, 8080).await else {
        return 1;
    };
    let kernel = process.kernel.clone();
    let started = kernel.clock.now();
    let serving = serve(listener, move |_, _| {
        let kernel = kernel.clone();
        async move {
            let running = kernel.clock.since(started);
            if running > Duration::from_secs(10) {
                text(&kernel, 500, &format!("error: {}", running.as_secs_f64()))
            } else {
                text(&kernel, 200, "ok")
            }
        }
    });
    let work = async {
        serving.await;
        0
    };
    stop_by_signal(process, work).await
}

/// `connect HOST:PORT [--timeout=2s]`: says in one word how a connection failed.
async fn connect(process: Process) -> i32 {
    let arguments = process.arguments();
    let target = arguments.iter().skip(1).find(|word| !word.starts_with('-'));
    let Some((host, port)) = target.and_then(|target| target.rsplit_once(':')) else {
        process.complain("Usage: agnhost connect host:port\n").await;
        return 1;
    };
    let timeout: Option<String> = option(&process, "timeout");
    let timeout = timeout.and_then(|text| text.trim_end_matches('s').parse().ok());
    let timeout = timeout.map(Duration::from_secs);
    let network = &process.kernel.network;
    let resolver = Resolver::new(network, &process.filesystem);
    let word = match (resolver.addresses(host).await, port.parse()) {
        (Ok(ips), Ok(port)) => match network.dial(SocketAddr::new(ips[0], port), timeout).await {
            Ok(_) => return 0,
            Err(DialError::Refused) => "REFUSED",
            Err(DialError::TimedOut) => "TIMEOUT",
            Err(DialError::Unreachable) => "OTHER",
        },
        _ => "DNS",
    };
    process.complain(format!("{word}\n")).await;
    1
}
