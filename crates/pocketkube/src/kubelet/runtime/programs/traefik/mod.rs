//! Traefik as an Ingress controller: it reads Ingresses from the API as its ServiceAccount may,
//! passes requests on to the Pods behind their Services, and tells in their status where they are
//! served.
//!
//! HTTP only: entry points with TLS are not opened. Mirrors `pkg/provider/kubernetes/ingress` and
//! the words of `pkg/server` (v3.5).

mod api;
mod forward;
mod options;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use self::api::{Api, News, RESOURCES};
use self::options::{Endpoint, EntryPoint, Level, Options};
use self::routes::{Known, Routes};
use super::web::{ANY_ADDRESS, listen};
use super::{MEGABYTE, Program, UseInShell};
use crate::api::tree::text;
use crate::kubelet::runtime::http::{Answer, http_date, serve};
use crate::kubelet::runtime::process::{Kernel, Output, Process, Signal};

pub const PROGRAM: Program = Program {
    names: &["traefik"],
    run: |process| Box::pin(run(process)),
    memory: 30 * MEGABYTE,
    idle_millicores: 1,
    use_in_shell: UseInShell::Command,
};

/// What all parts of a running Traefik share.
struct Traefik {
    kernel: Arc<Kernel>,
    log: Output,
    options: Options,
    /// What the API has told, and by which of [`RESOURCES`] it has told everything once.
    known: Mutex<(Known, Vec<bool>)>,
    routes: Mutex<Arc<Routes>>,
    /// Something in `known` has changed.
    news: Notify,
}

async fn run(mut process: Process) -> i32 {
    if process.arguments().first().map(String::as_str) == Some("version") {
        let version = &process.kernel.image.version;
        let about = format!("Version:      {version}\nCodename:     chabichou\n");
        process.print(about).await;
        return 0;
    }
    let options = match Options::read(process.arguments()) {
        Ok(options) => options,
        Err(why) => {
            let now = process.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
            process
                .complain(format!("{now} command traefik error: {why}\n"))
                .await;
            return 1;
        }
    };
    let traefik = Arc::new(Traefik {
        kernel: process.kernel.clone(),
        log: process.start.stdout.clone(),
        options,
        known: Mutex::new((Known::default(), vec![false; RESOURCES.len()])),
        routes: Mutex::default(),
        news: Notify::new(),
    });
    let api = Api::in_cluster(&process);
    let is_init = process.is_init;
    let work = traefik.work(api);
    let handled = |signal| matches!(signal, Signal::Term | Signal::Interrupt).then_some(0);
    Process::until_signal(&mut process.signals, is_init, handled, work).await
}

impl Traefik {
    async fn work(self: &Arc<Self>, api: Result<Api, String>) -> i32 {
        let version = &self.kernel.image.version;
        self.say(
            Level::Info,
            &format!("Traefik version {version} version={version}"),
        )
        .await;
        let mut servers = Vec::new();
        for entry in &self.options.entry_points {
            match listen(&self.kernel, ANY_ADDRESS, entry.port) {
                Ok(listener) => {
                    let (traefik, entry) = (self.clone(), entry.clone());
                    servers.push(serve(listener, move |request, peer| {
                        let (traefik, entry) = (traefik.clone(), entry.clone());
                        async move { traefik.answer(&entry, request, peer).await }
                    }));
                }
                Err(_) => {
                    let words = format!(
                        "error while building entryPoint {}: error preparing server: error \
                         opening listener: listen tcp :{}: bind: address already in use",
                        entry.name, entry.port
                    );
                    self.say(Level::Fatal, &words).await;
                    return 1;
                }
            }
        }
        let serving = futures::future::join_all(servers);
        if !self.options.reads_ingresses {
            serving.await;
            return 0;
        }
        self.say(Level::Info, "Starting provider *ingress.Provider")
            .await;
        match api {
            Ok(api) => {
                tokio::join!(serving, self.watch(&api), self.configure(&api));
            }
            Err(why) => {
                let words = format!("Cannot start the provider *ingress.Provider error={why:?}");
                self.say(Level::Error, &words).await;
                serving.await;
            }
        }
        0
    }

    /// Keeps `known` as the API is.
    async fn watch(&self, api: &Api) {
        let each = RESOURCES
            .iter()
            .enumerate()
            .map(|(at, resource)| async move {
                let hear = |news: News| {
                    let mut known = self.known.lock();
                    known.0.hear(resource, news);
                    known.1[at] = true;
                    self.news.notify_one();
                };
                api.reflect(resource, hear, |words| self.print(words)).await;
            });
        futures::future::join_all(each).await;
    }

    /// Makes the routes anew after each change, once everything is known.
    async fn configure(&self, api: &Api) {
        let mut told = Vec::new();
        loop {
            self.news.notified().await;
            let (routes, problems, statuses) = {
                let known = self.known.lock();
                if known.1.contains(&false) {
                    continue;
                }
                let (routes, problems) = Routes::build(&known.0, &self.options);
                (routes, problems, self.statuses(&known.0))
            };
            *self.routes.lock() = Arc::new(routes);
            for problem in problems.iter().filter(|problem| !told.contains(*problem)) {
                self.say(Level::Error, problem).await;
            }
            told = problems;
            for (path, ingress) in statuses {
                if let Err(why) = api.put(&path, &ingress).await {
                    let words = format!(
                        "Error while updating ingress status error={why:?} ingress={} \
                         namespace={} providerName=kubernetes",
                        text(&ingress["metadata"], "name"),
                        text(&ingress["metadata"], "namespace"),
                    );
                    self.say(Level::Error, &words).await;
                }
            }
        }
    }

    /// The Ingresses whose status does not say yet where they are served, as they should be.
    fn statuses(&self, known: &Known) -> Vec<(String, Value)> {
        let wanted = match &self.options.endpoint {
            Endpoint::Unknown => return Vec::new(),
            Endpoint::Fixed(own) => json!([own]),
            Endpoint::Service(namespace, name) => {
                let service = known.service(namespace, name);
                let ingress = service.map(|own| own["status"]["loadBalancer"]["ingress"].clone());
                match ingress {
                    Some(Value::Array(list)) => list
                        .into_iter()
                        .map(|mut own| {
                            // What is about the Service's own ports is not copied.
                            own.as_object_mut().map(|own| own.remove("ipMode"));
                            own
                        })
                        .collect(),
                    _ => return Vec::new(),
                }
            }
        };
        let late = known
            .ingresses(&self.options)
            .filter(|own| own["status"]["loadBalancer"]["ingress"] != wanted);
        late.map(|ingress| {
            let mut ingress = ingress.clone();
            ingress["status"] = json!({"loadBalancer": {"ingress": wanted}});
            let metadata = &ingress["metadata"];
            let (namespace, name) = (text(metadata, "namespace"), text(metadata, "name"));
            let path = format!(
                "/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}/status"
            );
            (path, ingress)
        })
        .collect()
    }

    async fn answer(
        &self,
        entry: &EntryPoint,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Answer {
        if entry.answers_ping && request.uri().path() == "/ping" {
            return self.words(200, "OK");
        }
        let routes = self.routes.lock().clone();
        forward::pass_on(self, &routes, entry, request, peer).await
    }

    /// An answer of Traefik's own.
    fn words(&self, status: u16, words: &str) -> Answer {
        Answer::text(status, words).header("Date", http_date(self.kernel.clock.now()))
    }

    /// A line of the log, if somebody wants lines of this level.
    async fn say(&self, level: Level, words: &str) {
        if level >= self.options.log_level {
            let now = self.kernel.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ");
            self.print(format!("{now} {} {words}\n", level.short()))
                .await;
        }
    }

    async fn print(&self, line: String) {
        self.log.print(line).await;
    }
}
