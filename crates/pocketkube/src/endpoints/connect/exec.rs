//! `kubectl exec`, `attach`, `cp` and `debug`: which command, in which dialect.
//!
//! Mirrors `pkg/registry/core/pod/rest/subresources.go` and
//! `apimachinery/pkg/util/remotecommand` (v1.35).

use axum::body::Body;
use http::{Request as HttpRequest, Response};

use super::super::query::Query;
use super::remote_command::Command;
use super::{Target, channels, spdy};
use crate::api::StatusError;
use crate::registry::core::pod::connect::{container_named, require_node};

/// Whether a new command runs, or the container's own is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Exec,
    Attach,
}

/// Upgrades the connection and runs the command over it.
pub(super) fn serve(
    target: Target,
    query: &Query,
    request: HttpRequest<Body>,
    action: Action,
) -> Result<Response<Body>, StatusError> {
    let pod = target.pod.value();
    let command = Command {
        action,
        container: container_named(pod, query.text("container"))?,
        argv: query.all("command").map(str::to_owned).collect(),
        stdin: query.flag("stdin"),
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
        tty: query.flag("tty"),
    };
    require_node(pod)?;
    if !(command.stdin || command.stdout || command.stderr) {
        return Err(StatusError::bad_request(
            "you must specify at least 1 of stdin, stdout, stderr",
        ));
    }
    if action == Action::Exec && command.argv.is_empty() {
        return Err(StatusError::bad_request(
            "you must specify at least 1 command for the container",
        ));
    }
    if spdy::is_requested(request.headers()) {
        return spdy::serve_command(target, command, request);
    }
    channels::serve_command(target, command, request)
}

/// The answer to a connection that asks for no upgrade.
pub(super) fn upgrade_required() -> StatusError {
    StatusError::bad_request("Upgrade request required")
}
