//! What the server counts, as Prometheus reads it at `/metrics`.
//!
//! Requests by verb, resource and code, how long they took, how many are under way, and how many
//! objects there are. Mirrors the names and labels of `apiserver/pkg/endpoints/metrics` (v1.35);
//! most other metrics of a real control plane are about parts that are not here.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Method, Request as HttpRequest, StatusCode};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::is_long_running;
use crate::endpoints::ApiServer;
use crate::endpoints::nonresource::KUBERNETES_VERSION;
use crate::endpoints::query::Query;
use crate::endpoints::request_info::RequestInfo;

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 23] = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0,
    10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
];

/// The counters of a server.
#[derive(Default)]
pub(in crate::endpoints) struct Metrics {
    requests: Mutex<HashMap<Labels, Series>>,
    reading: AtomicI64,
    writing: AtomicI64,
    long_running: AtomicI64,
}

/// What requests are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Labels {
    verb: &'static str,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    scope: &'static str,
    dry_run: &'static str,
}

#[derive(Default)]
struct Series {
    by_code: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
    count: u64,
}

/// A request under way.
pub(super) struct Observed<'a> {
    metrics: &'a Metrics,
    labels: Labels,
    under_way: &'a AtomicI64,
    is_long_running: bool,
    started: Instant,
}

impl Metrics {
    /// Counts a request in.
    pub(super) fn begin(
        &self,
        server: &ApiServer,
        info: &RequestInfo,
        query: &Query,
        request: &HttpRequest<Body>,
    ) -> Observed<'_> {
        let is_long_running = is_long_running(info);
        let under_way = if is_long_running {
            &self.long_running
        } else if matches!(info.verb.as_str(), "get" | "list") {
            &self.reading
        } else {
            &self.writing
        };
        under_way.fetch_add(1, Ordering::Relaxed);
        Observed {
            metrics: self,
            labels: Labels::of(server, info, query, request),
            under_way,
            is_long_running,
            started: Instant::now(),
        }
    }

    /// Everything in Prometheus' text format.
    pub(in crate::endpoints) fn text(&self, server: &ApiServer) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, server);
        text
    }

    fn write(&self, text: &mut String, server: &ApiServer) -> std::fmt::Result {
        head(
            text,
            "apiserver_current_inflight_requests",
            "gauge",
            "Maximal number of currently used inflight request limit of this apiserver per request kind in last second.",
        )?;
        for (kind, number) in [("mutating", &self.writing), ("readOnly", &self.reading)] {
            let number = number.load(Ordering::Relaxed);
            writeln!(
                text,
                "apiserver_current_inflight_requests{{request_kind=\"{kind}\"}} {number}"
            )?;
        }
        let requests = self.requests.lock();
        let mut series: Vec<_> = requests.iter().collect();
        series.sort_unstable_by_key(|(labels, _)| *labels);
        head(
            text,
            "apiserver_request_duration_seconds",
            "histogram",
            "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
        )?;
        for (labels, series) in &series {
            series.write_durations(text, &labels.shown())?;
        }
        head(
            text,
            "apiserver_request_total",
            "counter",
            "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
        )?;
        for (labels, series) in &series {
            for (code, count) in &series.by_code {
                let labels = labels.shown();
                writeln!(
                    text,
                    "apiserver_request_total{{code=\"{code}\",{labels}}} {count}"
                )?;
            }
        }
        drop(requests);
        head(
            text,
            "apiserver_resource_objects",
            "gauge",
            "Number of stored objects at the time of last check split by kind.",
        )?;
        let storage = server.registry().storage();
        let mut stored = storage.resources();
        stored.sort_unstable();
        for resource in &stored {
            let (group, name) = (&resource.group, &resource.resource);
            let count = storage.count(resource);
            writeln!(
                text,
                "apiserver_resource_objects{{group=\"{group}\",resource=\"{name}\"}} {count}"
            )?;
        }
        head(
            text,
            "kubernetes_build_info",
            "gauge",
            "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        )?;
        writeln!(
            text,
            "kubernetes_build_info{{git_version=\"{KUBERNETES_VERSION}\"}} 1"
        )
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(text, "# HELP {name} [STABLE] {help}\n# TYPE {name} {kind}")
}

impl Labels {
    /// Only what is served becomes a label, so that nobody can fill the memory with made-up paths.
    fn of(
        server: &ApiServer,
        info: &RequestInfo,
        query: &Query,
        request: &HttpRequest<Body>,
    ) -> Self {
        let resources = server.registry().resources();
        let row = resources.by_route(&info.group, &info.version, &info.resource);
        let text = |text: &str| {
            if row.is_some() {
                text.to_owned()
            } else {
                String::new()
            }
        };
        let is_subresource = row
            .as_ref()
            .is_some_and(|row| row.subresource(&info.subresource).is_some());
        let verb = match info.verb.as_str() {
            _ if super::connect::is_connection(&info.subresource) => "CONNECT",
            "create" | "post" => "POST",
            "update" | "put" => "PUT",
            "patch" if is_apply(request) => "APPLY",
            "patch" => "PATCH",
            "delete" => "DELETE",
            "deletecollection" => "DELETECOLLECTION",
            "list" => "LIST",
            "watch" => "WATCH",
            "get" | "head" => "GET",
            _ => "other",
        };
        let scope = if row.is_none() {
            ""
        } else if !info.name.is_empty() || info.verb == "create" {
            "resource"
        } else if info.namespace.is_empty() {
            "cluster"
        } else {
            "namespace"
        };
        Self {
            verb,
            group: text(&info.group),
            version: text(&info.version),
            resource: text(&info.resource),
            subresource: if is_subresource {
                info.subresource.clone()
            } else {
                String::new()
            },
            scope,
            dry_run: if query.text("dryRun") == "All" {
                "All"
            } else {
                ""
            },
        }
    }

    fn shown(&self) -> String {
        let Self {
            verb,
            group,
            version,
            resource,
            subresource,
            scope,
            dry_run,
        } = self;
        format!(
            "component=\"apiserver\",dry_run=\"{dry_run}\",group=\"{group}\",resource=\"{resource}\",scope=\"{scope}\",subresource=\"{subresource}\",verb=\"{verb}\",version=\"{version}\""
        )
    }
}

fn is_apply(request: &HttpRequest<Body>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    *request.method() == Method::PATCH
        && content_type
            .is_some_and(|value| value.as_bytes().starts_with(b"application/apply-patch"))
}

impl Series {
    fn observe(&mut self, code: u16, took: Option<Duration>) {
        *self.by_code.entry(code).or_default() += 1;
        let Some(took) = took else { return };
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket] += 1;
        }
        self.seconds += seconds;
        self.count += 1;
    }

    fn write_durations(&self, text: &mut String, labels: &str) -> std::fmt::Result {
        const NAME: &str = "apiserver_request_duration_seconds";
        if self.count == 0 {
            return Ok(());
        }
        let mut below = 0;
        for (bound, count) in BUCKETS.iter().zip(self.buckets) {
            below += count;
            writeln!(text, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {below}")?;
        }
        let (seconds, count) = (self.seconds, self.count);
        writeln!(text, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {count}")?;
        writeln!(text, "{NAME}_sum{{{labels}}} {seconds}")?;
        writeln!(text, "{NAME}_count{{{labels}}} {count}")
    }
}

impl Observed<'_> {
    /// Counts the answer. Of long-running requests only that they began.
    pub(super) fn end(self, status: StatusCode) {
        let took = (!self.is_long_running).then(|| self.started.elapsed());
        let mut requests = self.metrics.requests.lock();
        requests
            .entry(self.labels.clone())
            .or_default()
            .observe(status.as_u16(), took);
    }
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_everything_up_to_their_bound() {
        let mut series = Series::default();
        for millis in [1, 30, 70_000] {
            series.observe(200, Some(Duration::from_millis(millis)));
        }
        let mut text = String::new();
        series.write_durations(&mut text, "verb=\"GET\"").unwrap();
        for line in [
            "apiserver_request_duration_seconds_bucket{verb=\"GET\",le=\"0.005\"} 1",
            "apiserver_request_duration_seconds_bucket{verb=\"GET\",le=\"0.05\"} 2",
            "apiserver_request_duration_seconds_bucket{verb=\"GET\",le=\"60\"} 2",
            "apiserver_request_duration_seconds_bucket{verb=\"GET\",le=\"+Inf\"} 3",
            "apiserver_request_duration_seconds_count{verb=\"GET\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
