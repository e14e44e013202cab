//! A watch as an HTTP answer: one JSON event a line, until the client or the time limit ends it, or
//! somebody who wants to see what clients do then cuts it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::WatchEvent;
use super::negotiate::{MediaType, Transform};
use super::query::Query;
use super::request::Request;
use super::respond;
use super::served;
use super::table::{Form, IncludeObject, partial_metadata, table};
use super::watch::{Start, watch};
use crate::api::field::{Error, Path};
use crate::api::{ObjectRef, StatusError};
use crate::clock::Clock;
use crate::registry::ResourceDef;
use crate::storage::Storage;

/// How often a quiet watch that allows bookmarks gets one.
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
/// How long before its end a watch that allows bookmarks gets a last one.
const BEFORE_END: Duration = Duration::from_secs(2);
/// How long a watch lasts whose client sets no limit.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Answers a watch request with its stream of events, until `cut` breaks it off.
pub(super) fn serve(
    request: &Request<'_>,
    query: &Query,
    media_type: MediaType,
    cut: CancellationToken,
) -> Result<Response<Body>, StatusError> {
    let bookmarks = query.flag("allowWatchBookmarks");
    check_initial_events(request)?;
    let start = Start::parse(request, bookmarks)?;
    let timeout = match query.number("timeoutSeconds")? {
        Some(seconds) if seconds > 0 => Duration::from_secs(seconds.unsigned_abs()),
        _ => DEFAULT_TIMEOUT,
    };
    let registry = request.server.registry();
    let lines = Lines {
        events: watch(request, start)?.boxed(),
        writer: EventWriter {
            resource: request.resource.clone(),
            transform: media_type.transform,
            include: query.include_object()?,
            initial_events: matches!(start, Start::CurrentState { bookmark: true }),
            columns_sent: false,
            clock: registry.clock().clone(),
        },
        storage: registry.storage().clone(),
        clock: registry.clock().clone(),
        bookmarks,
        last_words: Instant::now() + timeout.saturating_sub(BEFORE_END),
        has_ended: false,
        deadline: Instant::now() + timeout,
        cut,
    };
    let body = stream::unfold(lines, |mut lines| async move {
        let line = lines.next().await?;
        Some((line, lines))
    });
    let mut response = Response::new(Body::from_stream(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    respond::add_warnings(&mut response, &request.take_warnings());
    Ok(response)
}

/// Mirrors `validateWatchOptions` in
/// `apimachinery/pkg/apis/meta/internalversion/validation/validation.go`.
fn check_initial_events(request: &Request<'_>) -> Result<(), StatusError> {
    let options = &request.call.options.list;
    let matching = &options.resource_version_match;
    let path = Path::new("resourceVersionMatch");
    let error = if options.send_initial_events.is_some() {
        match matching.as_str() {
            "NotOlderThan" => return Ok(()),
            "" => Error::forbidden(
                path,
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ),
            other => Error::not_supported(path, other, &["NotOlderThan"]),
        }
    } else if matching.is_empty() {
        return Ok(());
    } else {
        Error::forbidden(
            path,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        )
    };
    Err(StatusError::invalid(
        "meta.k8s.io",
        "ListOptions",
        "",
        &[error],
    ))
}

/// The lines of one watch.
struct Lines {
    events: BoxStream<'static, WatchEvent>,
    writer: EventWriter,
    storage: Storage,
    clock: Clock,
    bookmarks: bool,
    /// When the bookmark is due from which the next watch can go on, and whether it was sent.
    last_words: Instant,
    has_ended: bool,
    /// In the client's time: a sped-up cluster does not cut its clients off early.
    deadline: Instant,
    cut: CancellationToken,
}

impl Lines {
    /// The next line; an error breaks the connection.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        // Taken before the log is read, so that no event up to here can still be unread when the
        // bookmark is due.
        let revision = self.storage.revision();
        let event = tokio::select! {
            biased;
            () = self.cut.cancelled() => return Some(Err(io::ErrorKind::ConnectionReset.into())),
            event = self.events.next() => event?,
            () = self.clock.sleep(BOOKMARK_PERIOD), if self.bookmarks => WatchEvent::Bookmark(revision),
            () = tokio::time::sleep_until(self.last_words), if self.bookmarks && !self.has_ended => {
                self.has_ended = true;
                WatchEvent::Bookmark(revision)
            }
            () = tokio::time::sleep_until(self.deadline) => return None,
        };
        Some(Ok(self.writer.line(&event)))
    }
}

/// Writes events in the form that the client asked for.
struct EventWriter {
    resource: Arc<ResourceDef>,
    transform: Transform,
    include: IncludeObject,
    /// Whether the first bookmark ends the initial events.
    initial_events: bool,
    columns_sent: bool,
    clock: Clock,
}

impl EventWriter {
    fn line(&mut self, event: &WatchEvent) -> Bytes {
        match event {
            WatchEvent::Added(object) => self.change("ADDED", object),
            WatchEvent::Modified(object) => self.change("MODIFIED", object),
            WatchEvent::Deleted(object) => self.change("DELETED", object),
            WatchEvent::Bookmark(revision) => self.bookmark(*revision),
            WatchEvent::Expired(why) => {
                let status = StatusError::expired(why.to_string()).to_value();
                encode_event("ERROR", &respond::encode(&status))
            }
        }
    }

    fn change(&mut self, kind: &str, object: &ObjectRef) -> Bytes {
        match self.transform {
            Transform::None => {
                let object = served::object(&self.resource, object.clone());
                encode_event(kind, object.encoded())
            }
            Transform::PartialMetadata => {
                encode_event(kind, &respond::encode(&partial_metadata(object.value())))
            }
            Transform::Table => {
                let form = Form {
                    resource: &self.resource,
                    columns: &self.resource.table,
                    include: self.include,
                    now: self.clock.now(),
                };
                let mut table = table(&form, [object]);
                self.finish_table(&mut table, object.resource_version());
                encode_event(kind, &respond::encode(&table))
            }
        }
    }

    /// The columns stand in the first table only.
    fn finish_table(&mut self, table: &mut Value, revision: u64) {
        table["metadata"] = json!({"resourceVersion": revision.to_string()});
        if std::mem::replace(&mut self.columns_sent, true) {
            table["columnDefinitions"] = Value::Null;
        }
    }

    fn bookmark(&mut self, revision: u64) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if std::mem::take(&mut self.initial_events) {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let mut object = match self.transform {
            Transform::PartialMetadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"})
            }
            _ => json!({
                "kind": self.resource.kind,
                "apiVersion": self.resource.group_version().to_string(),
            }),
        };
        object["metadata"] = metadata;
        if self.transform == Transform::Table {
            let row = json!({"cells": [], "object": object});
            object = json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "columnDefinitions": [], "rows": [row],
            });
            self.finish_table(&mut object, revision);
        }
        encode_event("BOOKMARK", &respond::encode(&object))
    }
}

fn encode_event(kind: &str, object: &[u8]) -> Bytes {
    let mut line = BytesMut::with_capacity(object.len() + 40);
    line.put_slice(b"{\"type\":\"");
    line.put_slice(kind.as_bytes());
    line.put_slice(b"\",\"object\":");
    line.put_slice(object);
    line.put_slice(b"}\n");
    line.freeze()
}
