//! Servers described by data: what they log, which environment they insist on, what they answer.
//!
//! Many images run a program of which only its face to the world matters. Such a program is a few
//! lines in the image's file; [`crate::kubelet::runtime::programs`] plays it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A program and its behaviour. Texts may use `{hostname}`, `{ip}`, `{version}`, `{date}`,
/// `{time}` and `{env.NAME}`; answers `{client}`, `{method}`, `{path}` and `{headers}` as well.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    pub port: Option<u16>,
    /// The environment variable that changes the port.
    pub port_variable: Option<String>,
    /// The option that changes the port, as in `--port=8080`.
    pub port_option: Option<String>,
    /// Further ports that accept connections and say nothing.
    pub silent_ports: Vec<u16>,
    pub requires: Option<Requirement>,
    /// Lines printed at the start.
    pub log: Vec<String>,
    /// Seconds from the start until it listens, and the lines printed then.
    pub starts_in: f64,
    pub ready_log: Vec<String>,
    /// Whether the lines go to standard error.
    pub logs_to_stderr: bool,
    /// A line for each request.
    pub access_log: Option<String>,
    /// Exact path, or path prefix ending in `*` → answer.
    pub routes: BTreeMap<String, Route>,
    pub document_root: Option<String>,
    pub not_found: Option<Route>,
    pub headers: BTreeMap<String, String>,
    /// The status SIGTERM (or the image's stop signal) ends it with; without one it ignores them.
    pub stops_with: Option<i32>,
    pub stop_log: Vec<String>,
    /// In megabytes.
    pub memory: Option<f64>,
    /// In thousandths of a core.
    pub idle: u64,
}

/// At least one of some environment variables must be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    pub any_of: Vec<String>,
    pub otherwise: String,
    #[serde(default = "one")]
    pub exit_code: i32,
}

fn one() -> i32 {
    1
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Route {
    Text(String),
    Full(RouteDetails),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteDetails {
    #[serde(default = "ok")]
    pub status: u16,
    #[serde(default)]
    pub body: String,
    pub content_type: Option<String>,
    /// Ends the process with this status once it has answered.
    pub exits_with: Option<i32>,
}

fn ok() -> u16 {
    200
}

impl Route {
    pub fn details(&self) -> RouteDetails {
        match self {
            Self::Full(details) => details.clone(),
            Self::Text(body) => RouteDetails {
                status: 200,
                body: body.clone(),
                content_type: None,
                exits_with: None,
            },
        }
    }
}
