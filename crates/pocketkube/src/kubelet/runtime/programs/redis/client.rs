//! `redis-cli`: one command, or those of standard input.

use std::net::SocketAddr;

use tokio::io::BufReader;

use super::super::options::{Options, flag, value};
use super::protocol::{Reply, ask};
use crate::kubelet::runtime::net::{DialError, Resolver};
use crate::kubelet::runtime::process::Process;

pub async fn run(process: Process) -> i32 {
    let specs = [
        value('h', ""),
        value('p', ""),
        value('a', ""),
        value('n', ""),
        flag('\0', "no-auth-warning"),
        flag('\0', "raw"),
        flag('\0', "version"),
    ];
    // Options end where the command begins.
    let words = process.arguments();
    let mut end = 0;
    while let Some(word) = words.get(end).filter(|word| word.starts_with('-')) {
        end += if matches!(word.as_str(), "-h" | "-p" | "-a" | "-n") {
            2
        } else {
            1
        };
    }
    let end = end.min(words.len());
    let Ok(options) = Options::parse(&words[..end], &specs) else {
        process
            .complain("Unrecognized option or bad number of args\n")
            .await;
        return 1;
    };
    if options.has("version") {
        let version = &process.kernel.image.version;
        process.print(format!("redis-cli {version}\n")).await;
        return 0;
    }
    let host = options.value("h").unwrap_or("127.0.0.1");
    let port: u16 = options
        .value("p")
        .and_then(|port| port.parse().ok())
        .unwrap_or(6379);
    let network = &process.kernel.network;
    let failed = |why: &str| format!("Could not connect to Redis at {host}:{port}: {why}\n");
    let resolver = Resolver::new(network, &process.filesystem);
    let Ok(ips) = resolver.addresses(host).await else {
        process.complain(failed("Name or service not known")).await;
        return 1;
    };
    let connection = match network.dial(SocketAddr::new(ips[0], port), None).await {
        Ok(connection) => connection,
        Err(error) => {
            process
                .complain(failed(match error {
                    DialError::Refused => "Connection refused",
                    DialError::Unreachable => "No route to host",
                    DialError::TimedOut => "Connection timed out",
                }))
                .await;
            return 1;
        }
    };
    let mut stream = BufReader::new(connection.stream);
    let is_terminal = process.start.terminal.is_some();
    if let Some(password) = options.value("a").or(process.variable("REDISCLI_AUTH")) {
        let auth = ["AUTH".to_owned(), password.to_owned()];
        if let Ok(Reply::Error(words)) = ask(&mut stream, &auth).await {
            process.complain(format!("AUTH failed: {words}\n")).await;
        }
    }
    let commands: Vec<Vec<String>> = if end < words.len() {
        vec![words[end..].to_vec()]
    } else {
        let input = process.start.stdin.read_to_end().await;
        let text = String::from_utf8_lossy(&input).into_owned();
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .collect()
    };
    let mut code = 0;
    for command in commands {
        match ask(&mut stream, &command).await {
            Ok(reply) => {
                code = i32::from(matches!(reply, Reply::Error(_)));
                process
                    .print(format!("{}\n", reply.show(is_terminal)))
                    .await;
            }
            Err(_) => {
                process
                    .complain("Error: Server closed the connection\n")
                    .await;
                return 1;
            }
        }
    }
    code
}
