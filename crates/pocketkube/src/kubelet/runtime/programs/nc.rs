//! `nc` (BusyBox's and OpenBSD's answers) and `telnet`: raw TCP, looking or talking.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::fetch::dial_error_text;
use super::options::{Options, Spec, flag, value};
use super::web::ANY_ADDRESS;
use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::net::{DialError, Resolver};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["nc", "netcat", "telnet"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 2,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const SPECS: &[Spec] = &[
    flag('z', ""),
    flag('v', ""),
    flag('l', ""),
    flag('n', ""),
    flag('u', ""),
    flag('k', ""),
    flag('N', ""),
    flag('4', ""),
    flag('6', ""),
    flag('d', ""),
    flag('t', ""),
    value('w', ""),
    value('p', ""),
    value('q', ""),
    value('i', ""),
    value('s', ""),
    value('e', ""),
];

async fn run(mut process: Process) -> i32 {
    let name = process.name().to_owned();
    let Ok(options) = Options::parse(process.arguments(), SPECS) else {
        process
            .complain(format!(
                "{name}: invalid option\nUsage: {name} [OPTIONS] HOST PORT\n"
            ))
            .await;
        return 1;
    };
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let work = async {
        if options.has("l") {
            listen(&process, &options).await
        } else {
            dial(&process, &options, &name).await
        }
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

async fn listen(process: &Process, options: &Options) -> i32 {
    let port = options
        .value("p")
        .or(options.operands.last().map(String::as_str));
    let Some(port) = port.and_then(|port| port.parse().ok()) else {
        process.complain("nc: bad local port\n").await;
        return 1;
    };
    let at = SocketAddr::new(ANY_ADDRESS, port);
    let Ok(mut listener) = process.kernel.network.listen(at) else {
        process.complain("nc: bind: Address already in use\n").await;
        return 1;
    };
    if options.has("v") {
        process
            .complain(format!("listening on 0.0.0.0:{port} ...\n"))
            .await;
    }
    loop {
        let connection = listener.accept().await;
        if options.has("v") {
            let words = format!("connect to {} from {}\n", connection.local, connection.peer);
            process.complain(words).await;
        }
        talk(process, connection.stream, None).await;
        if !options.has("k") {
            return 0;
        }
    }
}

async fn dial(process: &Process, options: &Options, name: &str) -> i32 {
    let (host, port) = match options.operands.as_slice() {
        [host] if name == "telnet" => (host, "23"),
        [host, port, ..] => (host, port.as_str()),
        _ => {
            process
                .complain(format!("Usage: {name} [OPTIONS] HOST PORT\n"))
                .await;
            return 1;
        }
    };
    let Ok(port) = port.parse::<u16>() else {
        process
            .complain(format!("{name}: bad port '{port}'\n"))
            .await;
        return 1;
    };
    let is_openbsd = process.kernel.image.fact("nc") == "openbsd";
    let resolver = Resolver::new(&process.kernel.network, &process.filesystem);
    let Ok(addresses) = resolver.addresses(host).await else {
        let words = if is_openbsd {
            format!("nc: getaddrinfo for host \"{host}\" port {port}: Name or service not known\n")
        } else {
            format!("{name}: bad address '{host}'\n")
        };
        process.complain(words).await;
        return 1;
    };
    let ip = addresses[0];
    let patience = options.value("w").and_then(|seconds| seconds.parse().ok());
    let patience = patience.map(Duration::from_secs);
    let network = &process.kernel.network;
    let connection = match network.dial(SocketAddr::new(ip, port), patience).await {
        Ok(connection) => connection,
        Err(error) => {
            let words = match &error {
                DialError::TimedOut if patience.is_some() && !is_openbsd => {
                    format!("{name}: timed out\n")
                }
                error if is_openbsd => {
                    let why = match error {
                        DialError::TimedOut => "Operation timed out",
                        error => dial_error_text(process, error),
                    };
                    format!("nc: connect to {host} ({ip}) port {port} (tcp) failed: {why}\n")
                }
                error if name == "telnet" => {
                    let why = dial_error_text(process, error);
                    format!("telnet: can't connect to remote host ({ip}): {why}\n")
                }
                error => {
                    let why = dial_error_text(process, error);
                    format!("{name}: {host} ({ip}:{port}): {why}\n")
                }
            };
            if !is_openbsd || options.has("v") {
                process.complain(words).await;
            }
            return 1;
        }
    };
    if options.has("v") {
        let words = if is_openbsd {
            format!("Connection to {host} ({ip}) {port} port [tcp/*] succeeded!\n")
        } else {
            format!("{host} ({ip}:{port}) open\n")
        };
        process.complain(words).await;
    }
    if options.has("z") {
        return 0;
    }
    if name == "telnet" {
        process.print(format!("Connected to {host}\n")).await;
    }
    talk(process, connection.stream, patience).await;
    0
}

/// Copies both ways until the other end closes, or nothing comes for `patience`.
async fn talk(process: &Process, stream: DuplexStream, patience: Option<Duration>) {
    let (mut read, mut write) = tokio::io::split(stream);
    let stdin = process.start.stdin.clone();
    let send = async {
        while let Some(content) = stdin.read().await {
            if write.write_all(&content).await.is_err() {
                return;
            }
        }
        let _ = write.shutdown().await;
        std::future::pending::<()>().await;
    };
    let receive = async {
        let mut buffer = vec![0; 4096];
        loop {
            let next = read.read(&mut buffer);
            let count = match patience {
                Some(patience) => match process.kernel.clock.timeout(patience, next).await {
                    Some(count) => count,
                    None => return,
                },
                None => next.await,
            };
            match count {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    if process.start.stdout.write(&buffer[..count]).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = receive => {}
        () = send => {}
    }
}
