//! `http`: a Service or a Pod answers a request as it should.
//!
//! ```yaml
//! http: {service: web, port: 80, path: /healthz, status: 200, body: contains ok}
//! http: {pod: web-0, port: 8080}
//! http: {url: 'http://web.harbor/', from: {labels: {app: client}}, body: contains Welcome}
//! ```
//! The request goes through the API server's proxy, which works in every cluster. With `from` it
//! is made inside a Pod, so that names, Services and policies are those of the Pod; the Pod needs
//! `curl` or `wget`. `status` is 200 unless it says otherwise; a `from` request with wget tells
//! success as 200.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt;
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::Target;
use super::super::verdict::Difference;
use super::exec;
use super::object::take_matcher;
use super::pod::{behaviour, pods};
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind { name: "http", read };

/// Who says nothing for so long says nothing.
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Http {
    place: Place,
    from: Option<Target>,
    namespace: Option<String>,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    status: Matcher,
    body: Option<Matcher>,
}

#[derive(Debug)]
enum Place {
    Service { name: String, port: Port },
    Pod { name: String, port: Port },
    Url(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Name(String),
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

struct Answer {
    status: u16,
    body: String,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let place = take_place(&mut fields);
    let from = Target::take_from(&mut fields);
    let probe = Http {
        namespace: fields.optional("namespace"),
        method: fields
            .optional("method")
            .unwrap_or_else(|| "GET".to_owned()),
        path: fields.optional("path").unwrap_or_else(|| "/".to_owned()),
        headers: fields.optional("headers").unwrap_or_default(),
        status: take_matcher(&mut fields, "status").unwrap_or(Matcher::Equals(200.into())),
        body: take_matcher(&mut fields, "body"),
        place: Place::Url(String::new()),
        from,
    };
    if !probe.path.starts_with('/') {
        fields.refuse("path", "starts with `/`");
    }
    let place = place?;
    if matches!(place, Place::Url(_)) && probe.from.is_none() {
        fields.refuse("url", "a `url` is asked `from` a Pod");
    }
    fields.end();
    Some(Box::new(Http { place, ..probe }))
}

fn take_place(fields: &mut Fields<'_>) -> Option<Place> {
    let service: Option<String> = fields.optional("service");
    let pod: Option<String> = fields.optional("pod");
    let url: Option<String> = fields.optional("url");
    let port: Option<Port> = fields.optional("port");
    let port = port.unwrap_or(Port::Number(80));
    match (service, pod, url) {
        (Some(name), None, None) => Some(Place::Service { name, port }),
        (None, Some(name), None) => Some(Place::Pod { name, port }),
        (None, None, Some(url)) => Some(Place::Url(url)),
        _ => {
            fields.refuse(
                "service",
                "expected exactly one of `service`, `pod` and `url`",
            );
            None
        }
    }
}

#[async_trait]
impl Probe for Http {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        behaviour(scene, self.namespace.as_deref())
    }

    fn is_behaviour(&self) -> bool {
        true
    }

    fn is_noticed(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        let place = match &self.place {
            Place::Service { name, port } => format!("service \"{name}\" port {port}"),
            Place::Pod { name, port } => format!("pod \"{name}\" port {port}"),
            Place::Url(url) => url.clone(),
        };
        format!("{} {} of {place}", self.method, self.path)
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let look = self.look();
        let answer = match &self.from {
            Some(from) => self.ask_from(scene, from).await,
            None => self.ask_through_proxy(scene).await,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(reason) => return Finding::fails(self.title(), "an answer", reason).look(look),
        };
        let status = Value::from(answer.status);
        let mut differences = self.status.differences(Some(&status), "HTTP status");
        if !differences.is_empty() && !answer.body.is_empty() {
            differences.push(Difference::new("answer", "", answer.body.trim_end()));
        } else if let Some(matcher) = &self.body {
            let body = Value::from(answer.body.as_str());
            differences.extend(matcher.differences(Some(&body), "body"));
        }
        Finding::of(differences, vec![look])
    }
}

impl Http {
    fn look(&self) -> String {
        match &self.place {
            Place::Service { name, .. } => {
                format!("kubectl get endpointslices -l kubernetes.io/service-name={name}")
            }
            Place::Pod { name, .. } => format!("kubectl logs {name}"),
            Place::Url(_) => "kubectl get services,endpointslices".to_owned(),
        }
    }

    async fn ask_through_proxy(&self, scene: &Scene) -> Result<Answer, String> {
        let namespace = self.namespace.as_deref().unwrap_or(&scene.namespace);
        let (resource, name, port) = match &self.place {
            Place::Service { name, port } => ("services", name, port),
            Place::Pod { name, port } => ("pods", name, port),
            Place::Url(_) => return Err("a url is asked from a Pod".to_owned()),
        };
        let uri = format!(
            "/api/v1/namespaces/{namespace}/{resource}/{name}:{port}/proxy{}",
            self.path
        );
        let mut request = http::Request::builder()
            .method(self.method.as_str())
            .uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Body::empty())
            .map_err(|error| error.to_string())?;
        let ask = async {
            let answer = scene.client().send(request).await?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await?.to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            Ok::<_, kube::Error>(Answer {
                status,
                body: message_of(body),
            })
        };
        match tokio::time::timeout(LONGEST, ask).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} s", LONGEST.as_secs())),
        }
    }

    async fn ask_from(&self, scene: &Scene, from: &Target) -> Result<Answer, String> {
        let pods = pods(from, scene).await?;
        let Some(pod) = pods.first() else {
            return Err(format!("no {}", from.title()));
        };
        let url = match &self.place {
            Place::Url(url) => url.clone(),
            Place::Pod { .. } => {
                return Err("from a Pod, a `url` or a `service` is asked".to_owned());
            }
            Place::Service { name, port } => {
                let namespace = self.namespace.as_deref().unwrap_or(&scene.namespace);
                format!("http://{name}.{namespace}:{port}{}", self.path)
            }
        };
        let script = self.script(&url);
        let words = ["sh".to_owned(), "-c".to_owned(), script];
        let output = exec::run(scene, pod, None, &words).await?;
        let Some((body, status)) = output.stdout.rsplit_once('\n') else {
            return Err(said(&output));
        };
        match status.trim().parse() {
            Ok(0) | Err(_) => Err(said(&output)),
            Ok(status) => Ok(Answer {
                status,
                body: body.to_owned(),
            }),
        }
    }
}

impl Http {
    /// Asks with what the Pod has. Its last line is the status; wget knows success only.
    fn script(&self, url: &str) -> String {
        let url = shell_words::quote(url);
        let (mut for_curl, mut for_wget) = (String::new(), String::new());
        for (name, value) in &self.headers {
            let header = format!("{name}: {value}");
            let header = shell_words::quote(&header);
            for_curl.push_str(&format!(" -H {header}"));
            for_wget.push_str(&format!(" --header {header}"));
        }
        if self.method != "GET" {
            for_curl.push_str(&format!(" -X {}", shell_words::quote(&self.method)));
        }
        let wget = match self.method.as_str() {
            "GET" => format!("wget -q -T 5 -O -{for_wget} {url} && printf '\\n200'"),
            method => format!("echo 'a {method} request needs curl in the Pod' >&2; false"),
        };
        format!(
            "if command -v curl >/dev/null 2>&1; then \
               curl -sS -m 5 -w '\\n%{{http_code}}'{for_curl} {url}; \
             else {wget}; fi"
        )
    }
}

fn said(output: &exec::Output) -> String {
    match output.stderr.trim_end() {
        "" => format!("exit code {}", output.exit),
        text => text.to_owned(),
    }
}

/// A Status of the API server says in its message what the learner wants to know.
fn message_of(body: String) -> String {
    match serde_json::from_str::<Value>(&body) {
        Ok(status) if status["kind"] == "Status" => match status["message"].as_str() {
            Some(message) => message.to_owned(),
            None => body,
        },
        _ => body,
    }
}
