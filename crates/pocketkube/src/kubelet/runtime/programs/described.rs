//! Plays the servers that images describe by data.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use tokio::sync::watch;

use super::MEGABYTE;
use super::web::{self, ANY_ADDRESS, Found};
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::kubelet::runtime::http::{Answer, http_date, serve, status_text};
use crate::kubelet::runtime::image::{RouteDetails, Server};
use crate::kubelet::runtime::process::{Kernel, Output, Process};
use crate::sockets::Listener;

/// Runs a described server to its end.
pub async fn run(server: Arc<Server>, mut process: Process) -> i32 {
    let kernel = process.kernel.clone();
    let bytes = server.memory.unwrap_or(8.0) * MEGABYTE as f64;
    let _memory = kernel.usage.allocate(bytes as u64).await;
    if process.is_init {
        kernel.usage.set_idle_millicores(server.idle);
    }
    let player = Arc::new(Player::new(server.clone(), &process));
    if let Some(requirement) = &server.requires
        && !requirement.any_of.iter().any(|name| {
            process
                .variable(name)
                .is_some_and(|value| !value.is_empty())
        })
    {
        let text = player.fill(&requirement.otherwise);
        process.complain(text).await;
        return requirement.exit_code;
    }
    let port = player.port(&process);
    let is_init = process.is_init;
    let stop_signal = kernel.image.stop_signal;
    let work = player.clone().play(port);
    let stops_with = server.stops_with;
    let code = Process::until_signal(
        &mut process.signals,
        is_init,
        |signal| {
            let is_stop = signal == stop_signal
                || matches!(
                    signal,
                    crate::kubelet::runtime::process::Signal::Term
                        | crate::kubelet::runtime::process::Signal::Interrupt
                        | crate::kubelet::runtime::process::Signal::Quit
                );
            stops_with.filter(|_| is_stop)
        },
        work,
    )
    .await;
    if Some(code) == stops_with {
        player.log(&server.stop_log).await;
    }
    code
}

/// A server at work.
struct Player {
    server: Arc<Server>,
    kernel: Arc<Kernel>,
    files: Filesystem,
    environment: std::collections::BTreeMap<String, String>,
    output: Output,
    exit: watch::Sender<Option<i32>>,
}

impl Player {
    fn new(server: Arc<Server>, process: &Process) -> Self {
        let output = if server.logs_to_stderr {
            process.start.stderr.clone()
        } else {
            process.start.stdout.clone()
        };
        Self {
            server,
            kernel: process.kernel.clone(),
            files: process.filesystem.clone(),
            environment: process.start.environment.clone(),
            output,
            exit: watch::Sender::new(None),
        }
    }

    fn port(&self, process: &Process) -> Option<u16> {
        let variable = self.server.port_variable.as_ref();
        let from_variable = variable.and_then(|name| process.variable(name)?.parse().ok());
        let from_option = self.server.port_option.as_ref().and_then(|option| {
            let mut arguments = process.arguments().iter();
            arguments.find_map(|argument| {
                let value = argument.strip_prefix(option.as_str())?;
                value.trim_start_matches(['=', ':']).parse().ok()
            })
        });
        from_option.or(from_variable).or(self.server.port)
    }

    async fn log(&self, lines: &[String]) {
        for line in lines {
            self.output.print(format!("{}\n", self.fill(line))).await;
        }
    }

    async fn play(self: Arc<Self>, port: Option<u16>) -> i32 {
        self.log(&self.server.log).await;
        let starts_in = Duration::try_from_secs_f64(self.server.starts_in);
        self.kernel.clock.sleep(starts_in.unwrap_or_default()).await;
        let mut silent = Vec::new();
        for port in &self.server.silent_ports {
            match self
                .kernel
                .network
                .listen(SocketAddr::new(ANY_ADDRESS, *port))
            {
                Ok(listener) => silent.push(listener),
                Err(_) => return self.port_is_taken(*port).await,
            }
        }
        let listener = match port {
            Some(port) => match self
                .kernel
                .network
                .listen(SocketAddr::new(ANY_ADDRESS, port))
            {
                Ok(listener) => Some(listener),
                Err(_) => return self.port_is_taken(port).await,
            },
            None => None,
        };
        self.log(&self.server.ready_log).await;
        let player = self.clone();
        let answering = async {
            match listener {
                Some(listener) => {
                    serve(listener, move |request, peer| {
                        player.clone().answer(request, peer)
                    })
                    .await;
                }
                None => std::future::pending().await,
            }
        };
        let mut exit = self.exit.subscribe();
        tokio::select! {
            () = answering => 0,
            () = hold_silently(silent) => 0,
            code = exit.wait_for(Option::is_some) => code.ok().and_then(|code| *code).unwrap_or(0),
        }
    }

    async fn port_is_taken(&self, port: u16) -> i32 {
        let words = format!("listen tcp :{port}: bind: address already in use\n");
        self.output.print(words).await;
        1
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        self.kernel.usage.charge_cpu(Duration::from_micros(200));
        let path = request.uri().path().to_owned();
        let method = request.method().to_string();
        let headers = request
            .headers()
            .iter()
            .fold(String::new(), |text, (name, value)| {
                let value = value.to_str().unwrap_or_default();
                format!("{text}{name}: {value}\n")
            });
        let fill = |text: &str| {
            self.fill(text)
                .replace("{client}", &peer.ip().to_string())
                .replace("{client_port}", &peer.port().to_string())
                .replace("{method}", &method)
                .replace("{path}", &path)
                .replace("{headers}", headers.trim_end())
        };
        let (mut answer, exits_with) = match self.route(&path) {
            Some(route) => (self.by_route(&route, &fill), route.exits_with),
            None => (self.by_file(&path, &fill), None),
        };
        answer = answer.header("Date", http_date(self.kernel.clock.now()));
        for (name, value) in &self.server.headers {
            answer = answer.header(name, fill(value));
        }
        if let Some(line) = &self.server.access_log {
            let line = fill(line)
                .replace("{status}", &answer.status().to_string())
                .replace("{bytes}", &answer.body_len().to_string());
            self.output.print(format!("{line}\n")).await;
        }
        if exits_with.is_some() {
            self.exit.send_replace(exits_with);
        }
        answer
    }

    fn route(&self, path: &str) -> Option<RouteDetails> {
        if let Some(route) = self.server.routes.get(path) {
            return Some(route.details());
        }
        let prefixes = self.server.routes.iter().filter_map(|(key, route)| {
            let prefix = key.strip_suffix('*')?;
            path.starts_with(prefix).then_some((prefix.len(), route))
        });
        let longest = prefixes.max_by_key(|(length, _)| *length);
        longest.map(|(_, route)| route.details())
    }

    fn by_route(&self, route: &RouteDetails, fill: &dyn Fn(&str) -> String) -> Answer {
        let content_type = route.content_type.as_deref();
        Answer::new(route.status)
            .header(
                "Content-Type",
                content_type.unwrap_or("text/plain; charset=utf-8"),
            )
            .body(fill(&route.body))
    }

    fn by_file(&self, path: &str, fill: &dyn Fn(&str) -> String) -> Answer {
        let missing = || match &self.server.not_found {
            Some(route) => {
                let mut route = route.details();
                if route.status == 200 {
                    route.status = 404;
                }
                self.by_route(&route, fill)
            }
            None => Answer::text(404, "404 page not found\n"),
        };
        let Some(root) = &self.server.document_root else {
            return missing();
        };
        match web::find_file(&self.files, root, path, &["index.html"]) {
            Found::File {
                content,
                content_type,
                modified,
            } => Answer::new(200)
                .header("Last-Modified", http_date(modified))
                .header("Content-Type", content_type)
                .body(content),
            Found::Directory => Answer::new(301).header("Location", format!("{path}/")),
            Found::Missing => missing(),
            Found::Forbidden => Answer::text(403, format!("{}\n", status_text(403))),
        }
    }

    fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let now = self.kernel.clock.now();
        let mut text = text
            .replace("{hostname}", self.kernel.network.hostname())
            .replace("{ip}", &self.kernel.network.ip().to_string())
            .replace("{version}", &self.kernel.image.version)
            .replace("{date}", &now.strftime("%Y-%m-%d").to_string())
            .replace("{time}", &now.strftime("%H:%M:%S").to_string())
            .replace(
                "{apache_time}",
                &now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            )
            .replace(
                "{apache_error_time}",
                &now.strftime("%a %b %d %H:%M:%S.%6f %Y").to_string(),
            );
        while let Some(start) = text.find("{env.") {
            let Some(length) = text[start..].find('}') else {
                break;
            };
            let name = &text[start + 5..start + length];
            let value = self.environment.get(name).cloned().unwrap_or_default();
            text.replace_range(start..=start + length, &value);
        }
        text
    }
}

/// Accepts connections on ports nobody speaks on, and keeps them open.
async fn hold_silently(listeners: Vec<Listener>) {
    let hold = listeners.into_iter().map(|mut listener| async move {
        let mut open = std::collections::VecDeque::new();
        loop {
            let connection = listener.accept().await;
            open.push_back(connection);
            if open.len() > 64 {
                open.pop_front();
            }
        }
    });
    let held: Vec<()> = futures::future::join_all(hold).await;
    if held.is_empty() {
        std::future::pending::<()>().await;
    }
}
