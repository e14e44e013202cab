//! `agnhost webhook`: a server for admission webhooks, over HTTPS, with the certificate and key it
//! is given.
//!
//! Mirrors `test/images/agnhost/webhook/{main,config}.go`. Its log is quiet unless `--v=2` or more
//! is asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::reviews::{Decision, PATHS, Path};
use super::{option, stop_by_signal, text};
use crate::api::tree::text as text_of;
use crate::kubelet::runtime::filesystem::{FileError, Filesystem};
use crate::kubelet::runtime::http::{Answer, http_date, key_pair, serve_tls};
use crate::kubelet::runtime::process::{Kernel, Output, Process};
use crate::kubelet::runtime::programs::web::{ANY_ADDRESS, listen};

/// From this verbosity on it tells what it does.
const TALKS: u8 = 2;
/// How a Go program ends that klog ends, and one that panics.
const FATAL: i32 = 255;
const PANIC: i32 = 2;
/// What Go says of a handler that has nothing to answer.
const NIL: &str = "runtime error: invalid memory address or nil pointer dereference";

/// What all requests share.
struct Webhook {
    kernel: Arc<Kernel>,
    log: Output,
    verbosity: u8,
    sidecar_image: String,
}

pub(super) async fn run(process: Process) -> i32 {
    let webhook = Arc::new(Webhook {
        kernel: process.kernel.clone(),
        log: process.start.stderr.clone(),
        verbosity: option(&process, "v").unwrap_or(0),
        sidecar_image: option(&process, "sidecar-image").unwrap_or_default(),
    });
    let config = match certificate(&process) {
        Ok(config) => config,
        Err(why) => {
            webhook.say('F', "config.go:34", &why).await;
            return FATAL;
        }
    };
    let port = option(&process, "port").unwrap_or(443);
    let Ok(listener) = listen(&process.kernel, ANY_ADDRESS, port) else {
        let words = format!("panic: listen tcp :{port}: bind: address already in use\n");
        process.complain(words).await;
        return PANIC;
    };
    let complaining = webhook.clone();
    let complain = move |words: String| {
        let webhook = complaining.clone();
        async move { webhook.complain(&words).await }
    };
    let serving = serve_tls(listener, config, complain, move |request, peer| {
        let webhook = webhook.clone();
        async move { webhook.answer(request, peer).await }
    });
    let work = async {
        serving.await;
        0
    };
    stop_by_signal(process, work).await
}

/// The certificate that the arguments name. The error is Go's.
fn certificate(process: &Process) -> Result<Arc<rustls::ServerConfig>, String> {
    let read = |name: &str| {
        let path: String = option(process, name).unwrap_or_default();
        read(&process.filesystem, process, &path)
    };
    let (certificate, key) = (read("tls-cert-file")?, read("tls-private-key-file")?);
    key_pair(&certificate, &key).map_err(|error| error.to_string())
}

fn read(files: &Filesystem, process: &Process, path: &str) -> Result<Vec<u8>, String> {
    let found = match path {
        "" => Err(FileError::NotFound),
        path => files.read(&process.path(path)),
    };
    match found {
        Ok(content) => Ok(content.to_vec()),
        Err(error) => Err(format!("open {path}: {}", error.to_string().to_lowercase())),
    }
}

impl Webhook {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        self.kernel.usage.charge_cpu(Duration::from_micros(300));
        let asked = request.uri().path();
        if asked == "/readyz" {
            return text(&self.kernel, 200, "ok");
        }
        match PATHS.iter().find(|path| path.path == asked) {
            Some(path) => self.review(path, request, peer).await,
            None => text(&self.kernel, 404, "404 page not found\n"),
        }
    }

    async fn review(&self, path: &Path, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let content_type = request.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|own| own.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let body = request.into_body().collect().await;
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        if content_type != "application/json" {
            let words = format!("contentType={content_type}, expect application/json");
            self.say('E', "main.go:104", &words).await;
            return self.dated(Answer::new(200));
        }
        let words = format!("handling request: {}", String::from_utf8_lossy(&body));
        self.tell("main.go:108", &words).await;
        let review = match read_review(&body) {
            Ok(review) => review,
            Err(why) => {
                self.say('E', "main.go:114", &why).await;
                return text(&self.kernel, 400, &format!("{why}\n"));
            }
        };
        self.tell(path.log.0, path.log.1).await;
        let request = &review["request"];
        let response = match (path.decide)(request, &self.sidecar_image) {
            Decision::Answer(response) => response,
            Decision::Late(response) => {
                self.kernel.clock.sleep(Duration::from_secs(5)).await;
                self.tell("alwaysallow.go:31", "calling always-allow").await;
                response
            }
            Decision::Never => std::future::pending().await,
            Decision::Crash => {
                let words = format!("http: panic serving {peer}: {NIL}");
                self.complain(&words).await;
                return Answer::hang_up();
            }
        };
        let answer = answered(&review, response);
        self.tell("main.go:150", &format!("sending response: {answer}"))
            .await;
        let answer = Answer::new(200)
            .header("Content-Type", "application/json")
            .body(answer.to_string());
        self.dated(answer)
    }

    fn dated(&self, answer: Answer) -> Answer {
        answer.header("Date", http_date(self.kernel.clock.now()))
    }

    /// Logs what only those want to know who asked for it.
    async fn tell(&self, place: &str, words: &str) {
        if self.verbosity >= TALKS {
            self.say('I', place, words).await;
        }
    }

    /// A line of Go's own server.
    async fn complain(&self, words: &str) {
        let now = self.kernel.clock.now().strftime("%Y/%m/%d %H:%M:%S");
        self.log.print(format!("{now} {words}\n")).await;
    }

    /// A line as klog writes it.
    async fn say(&self, severity: char, place: &str, words: &str) {
        let now = self.kernel.clock.now().strftime("%m%d %H:%M:%S%.6f");
        self.log
            .print(format!("{severity}{now}       1 {place}] {words}\n"))
            .await;
    }
}

/// The review that a body holds. The error is what the client is told.
fn read_review(body: &[u8]) -> Result<Value, String> {
    let review: Value = serde_json::from_slice(body).map_err(|error| {
        format!(
            "Request could not be decoded: couldn't get version/kind; json parse error: {error}"
        )
    })?;
    match (text_of(&review, "apiVersion"), text_of(&review, "kind")) {
        ("admission.k8s.io/v1" | "admission.k8s.io/v1beta1", "AdmissionReview") => Ok(review),
        (version, kind) => Err(format!(
            "Request could not be decoded: no kind {kind:?} is registered for version {version:?}"
        )),
    }
}

/// The review as it goes back.
fn answered(review: &Value, mut response: Value) -> Value {
    response["uid"] = review["request"]["uid"].clone();
    json!({"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reviews_of_admission_are_read() {
        let told = |body: &str| read_review(body.as_bytes()).unwrap_err();
        assert!(told("nonsense").starts_with(
            "Request could not be decoded: couldn't get version/kind; json parse error: "
        ));
        assert_eq!(
            told(r#"{"apiVersion": "v1", "kind": "Pod"}"#),
            "Request could not be decoded: no kind \"Pod\" is registered for version \"v1\""
        );
        let review = r#"{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {"uid": "u"}}"#;
        let review = read_review(review.as_bytes()).unwrap();
        let answer = answered(&review, json!({"allowed": true}));
        assert_eq!(answer["apiVersion"], "admission.k8s.io/v1beta1");
        assert_eq!(answer["response"], json!({"allowed": true, "uid": "u"}));
    }
}
