//! nginx: reads its configuration, serves files and fixed answers, passes requests on.
//!
//! It understands servers, locations and the directives that answer requests; the rest of the
//! language is accepted and has no effect. Unknown directives are refused, as nginx does.

mod config;
mod respond;
mod site;

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::join_all;
use parking_lot::RwLock;

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::http::serve;
use crate::kubelet::runtime::process::{Process, Signal};
use crate::sockets::Listener;

use respond::Responder;
use site::Site;

pub const PROGRAM: Program = Program {
    names: &["nginx"],
    run: |process| Box::pin(run(process)),
    memory: 6 * MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const MAIN_CONFIG: &str = "/etc/nginx/nginx.conf";
const PID_FILE: &str = "/run/nginx.pid";

async fn run(process: Process) -> i32 {
    let arguments: Vec<&str> = process.arguments().iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["-v"] => {
            let version = &process.kernel.image.version;
            process
                .complain(format!("nginx version: nginx/{version}\n"))
                .await;
            0
        }
        ["-V"] => {
            let version = &process.kernel.image.version;
            process
                .complain(format!(
                    "nginx version: nginx/{version}\nbuilt by gcc 12.2.0 (Debian 12.2.0-14)\nTLS SNI support enabled\n"
                ))
                .await;
            0
        }
        ["-t" | "-T", ..] => test(&process, arguments[0] == "-T").await,
        ["-s", action] => signal(&process, action).await,
        _ => serve_site(process).await,
    }
}

fn load(process: &Process) -> Result<Site, config::ConfigError> {
    let directives = config::read(&process.filesystem, MAIN_CONFIG)?;
    Site::new(&directives)
}

async fn test(process: &Process, is_dump: bool) -> i32 {
    match load(process) {
        Ok(_) => {
            process
                .complain(format!(
                    "nginx: the configuration file {MAIN_CONFIG} syntax is ok\n\
                     nginx: configuration file {MAIN_CONFIG} test is successful\n"
                ))
                .await;
            if is_dump {
                let text = process.filesystem.read_to_string(MAIN_CONFIG);
                let text = text.unwrap_or_default();
                process
                    .print(format!("# configuration file {MAIN_CONFIG}:\n{text}\n"))
                    .await;
            }
            0
        }
        Err(error) => {
            process
                .complain(format!(
                    "nginx: [emerg] {error}\nnginx: configuration file {MAIN_CONFIG} test failed\n"
                ))
                .await;
            1
        }
    }
}

/// `nginx -s reload` and its like: a signal to the process of the PID file.
async fn signal(process: &Process, action: &str) -> i32 {
    let signal = match action {
        "reload" => Signal::Hangup,
        "stop" => Signal::Term,
        "quit" => Signal::Quit,
        "reopen" => Signal::User1,
        _ => {
            process
                .complain(format!("nginx: invalid option: \"-s {action}\"\n"))
                .await;
            return 1;
        }
    };
    let pid = process.filesystem.read_to_string(PID_FILE);
    let pid = pid.ok().and_then(|pid| pid.trim().parse().ok());
    match pid {
        Some(pid) if process.kernel.processes.signal(pid, signal) => {
            notice(process, "signal process started").await;
            0
        }
        _ => {
            process
                .complain(format!(
                    "nginx: [error] open() \"{PID_FILE}\" failed (2: No such file or directory)\n"
                ))
                .await;
            1
        }
    }
}

/// Writes a line of the error log at level notice.
async fn notice(process: &Process, text: &str) {
    let now = process.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
    let pid = process.pid();
    process
        .complain(format!("{now} [notice] {pid}#{pid}: {text}\n"))
        .await;
}

async fn serve_site(mut process: Process) -> i32 {
    let site = match load(&process) {
        Ok(site) => site,
        Err(error) => {
            let now = process.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
            let words = format!("{now} [emerg] 1#1: {error}\nnginx: [emerg] {error}\n");
            process.complain(words).await;
            return 1;
        }
    };
    let Some(mut listeners) = listen(&process, site.addresses()).await else {
        return 1;
    };
    let pid = format!("{}\n", process.pid());
    let _ = process.filesystem.write(
        PID_FILE,
        pid.as_bytes(),
        crate::kubelet::runtime::filesystem::WriteMode::Truncate,
    );
    greet(&process).await;
    let responder = Responder::new(&process, Arc::new(RwLock::new(site)));
    loop {
        let serving = join_all(listeners.drain(..).map(|(port, listener)| {
            let responder = responder.clone();
            serve(listener, move |request, peer| {
                let responder = responder.clone();
                async move { responder.respond(port, request, peer).await }
            })
        }));
        let signal = tokio::select! {
            _ = serving => continue,
            signal = process.signals.next() => signal,
        };
        match signal {
            Signal::Quit | Signal::Term | Signal::Interrupt => {
                farewell(&process, signal).await;
                return 0;
            }
            Signal::Hangup => reload(&process, &responder).await,
            _ => {}
        }
        let addresses = responder.site().read().addresses();
        match listen(&process, addresses).await {
            Some(again) => listeners = again,
            None => return 1,
        }
    }
}

async fn reload(process: &Process, responder: &Responder) {
    notice(process, "signal 1 (SIGHUP) received, reconfiguring").await;
    match load(process) {
        Ok(site) => {
            notice(process, "reconfiguring").await;
            *responder.site().write() = site;
        }
        Err(error) => {
            let now = process.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
            process
                .complain(format!("{now} [emerg] 1#1: {error}\n"))
                .await;
        }
    }
}

async fn listen(process: &Process, addresses: Vec<SocketAddr>) -> Option<Vec<(u16, Listener)>> {
    let mut listeners = Vec::new();
    for address in addresses {
        match process.kernel.network.listen(address) {
            Ok(listener) => listeners.push((address.port(), listener)),
            Err(_) => {
                let now = process.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
                let words = format!("bind() to {address} failed (98: Address already in use)");
                process
                    .complain(format!(
                        "{now} [emerg] 1#1: {words}\nnginx: [emerg] {words}\n"
                    ))
                    .await;
                return None;
            }
        }
    }
    Some(listeners)
}

async fn greet(process: &Process) {
    let version = &process.kernel.image.version;
    for text in [
        "using the \"epoll\" event method".to_owned(),
        format!("nginx/{version}"),
        "built by gcc 12.2.0 (Debian 12.2.0-14) ".to_owned(),
        "OS: Linux 6.8.0-kubekata".to_owned(),
        "getrlimit(RLIMIT_NOFILE): 1048576:1048576".to_owned(),
        "start worker processes".to_owned(),
        "start worker process 29".to_owned(),
        "start worker process 30".to_owned(),
    ] {
        notice(process, &text).await;
    }
}

async fn farewell(process: &Process, signal: Signal) {
    let action = if signal == Signal::Quit {
        "shutting down"
    } else {
        "exiting"
    };
    let number = signal.number();
    let name = signal.name();
    notice(
        process,
        &format!("signal {number} (SIG{name}) received, {action}"),
    )
    .await;
    notice(process, "exit").await;
}
