//! `redis-server`: its settings, its log, its connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::io::{AsyncWriteExt, BufReader};

use super::super::web::{ANY_ADDRESS, listen};
use super::protocol::read_command;
use super::store::Store;
use crate::kubelet::runtime::process::{Process, Signal};
use crate::sockets::Connection;

pub async fn run(mut process: Process) -> i32 {
    let mut port = 6379;
    let mut password = None;
    let mut bind = ANY_ADDRESS;
    let mut words = process.arguments().iter().map(String::as_str).peekable();
    let config = words.next_if(|word| !word.starts_with("--"));
    let text = config.map(|path| process.filesystem.read_to_string(&process.path(path)));
    let text = match text {
        Some(Err(_)) => {
            let now = process.kernel.clock.now().strftime("%d %b %Y %H:%M:%S.000");
            let path = config.unwrap_or_default();
            process
                .print(format!(
                    "1:C {now} # Fatal error, can't open config file '{path}': No such file or directory\n"
                ))
                .await;
            return 1;
        }
        Some(Ok(text)) => text,
        None => String::new(),
    };
    let mut settings: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    while let Some(word) = words.next() {
        if let Some(name) = word.strip_prefix("--") {
            let value = words.next_if(|word| !word.starts_with("--"));
            settings.push((name.to_owned(), value.unwrap_or_default().to_owned()));
        }
    }
    for (name, value) in settings {
        match name.as_str() {
            "port" => port = value.parse().unwrap_or(port),
            "requirepass" => password = Some(value.trim_matches('"').to_owned()),
            "bind" => {
                let first = value.split(' ').next().unwrap_or_default();
                bind = first.parse().unwrap_or(bind);
            }
            _ => {}
        }
    }
    let kernel = process.kernel.clone();
    let version = kernel.image.version.clone();
    let stamp = {
        let kernel = kernel.clone();
        move || {
            kernel
                .clock
                .now()
                .strftime("%d %b %Y %H:%M:%S.%3f")
                .to_string()
        }
    };
    process
        .print(format!(
            "1:C {0} * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n1:C {0} * Redis version={version}, bits=64, commit=00000000, modified=0, pid=1, just started\n1:M {0} * monotonic clock: POSIX clock_gettime\n",
            stamp()
        ))
        .await;
    let Ok(mut listener) = listen(&kernel, bind, port) else {
        process
            .print(format!(
                "1:M {0} # Warning: Could not create server TCP listening socket {bind}:{port}: bind: Address already in use\n1:M {0} # Failed listening on port {port} (tcp), aborting.\n",
                stamp()
            ))
            .await;
        return 1;
    };
    process
        .print(format!(
            "1:M {0} * Running mode=standalone, port={port}.\n1:M {0} * Server initialized\n1:M {0} * Ready to accept connections tcp\n",
            stamp()
        ))
        .await;
    let store = Arc::new(Mutex::new(Store {
        values: BTreeMap::new(),
        password,
        kernel: kernel.clone(),
    }));
    let mut open: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            signal = process.signals.next() => {
                if matches!(signal, Signal::Term | Signal::Interrupt) {
                    let name = if signal == Signal::Term { "SIGTERM" } else { "SIGINT" };
                    process
                        .print(format!(
                            "1:signal-handler ({1}) Received {name} scheduling shutdown...\n1:M {0} * User requested shutdown...\n1:M {0} * Saving the final RDB snapshot before exiting.\n1:M {0} * DB saved on disk\n1:M {0} # Redis is now ready to exit, bye bye...\n",
                            stamp(),
                            kernel.clock.now().as_second(),
                        ))
                        .await;
                    return 0;
                }
            }
            connection = listener.accept() => {
                let store = store.clone();
                open.push(Box::pin(async move {
                    let _ = converse(connection, store).await;
                }));
            }
            Some(()) = open.next() => {}
        }
    }
}

async fn converse(connection: Connection, store: Arc<Mutex<Store>>) -> std::io::Result<()> {
    let (read, mut write) = tokio::io::split(connection.stream);
    let mut read = BufReader::new(read);
    let mut is_trusted = store.lock().password.is_none();
    while let Some(words) = read_command(&mut read).await? {
        let reply = {
            let mut store = store.lock();
            store.kernel.usage.charge_cpu(Duration::from_micros(20));
            store.execute(&words, &mut is_trusted)
        };
        write.write_all(reply.encode().as_bytes()).await?;
        if words
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("quit"))
        {
            break;
        }
    }
    Ok(())
}
