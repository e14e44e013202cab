//! Probes and lifecycle hooks: what a kubelet asks a container, and what it tells it.
//!
//! Mirrors `validateProbe`, `validateHandler` and `validateLifecycle`.

use super::spec::SpecContext;
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::registry::validation::Field;

const PROBE_HANDLERS: &[&str] = &["exec", "httpGet", "tcpSocket", "grpc"];
const LIFECYCLE_HANDLERS: &[&str] = &["exec", "httpGet", "tcpSocket", "sleep"];

pub fn liveness(probe: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    let mut errors = common(probe, context);
    errors.extend(succeeds_at_once(probe));
    errors
}

pub fn startup(probe: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    liveness(probe, context)
}

pub fn readiness(probe: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    let mut errors = common(probe, context);
    let grace_period = probe.child("terminationGracePeriodSeconds");
    if grace_period.is_set() {
        errors.push(grace_period.invalid("must not be set for readinessProbes"));
    }
    errors
}

fn common(probe: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    if !probe.is_set() {
        return ErrorList::new();
    }
    let mut errors = handler(probe, PROBE_HANDLERS, context);
    for number in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        errors.extend(probe.child(number).must_not_be_negative());
    }
    let grace_period = probe.child("terminationGracePeriodSeconds");
    if grace_period.is_set() && grace_period.integer() <= 0 {
        errors.push(grace_period.invalid("must be greater than 0"));
    }
    errors
}

/// Only readiness may ask for several successes in a row.
fn succeeds_at_once(probe: &Field<'_>) -> Option<Error> {
    let threshold = probe.child("successThreshold");
    (probe.is_set() && threshold.integer() != 1).then(|| threshold.invalid("must be 1"))
}

pub fn lifecycle(lifecycle: &Field<'_>, context: &SpecContext<'_>) -> ErrorList {
    const SIGNAL: &str = "stopSignal";
    let mut errors = ErrorList::new();
    for hook in ["postStart", "preStop"] {
        let hook = lifecycle.child(hook);
        if hook.is_set() {
            errors.extend(handler(&hook, LIFECYCLE_HANDLERS, context));
        }
    }
    let signal = lifecycle.child(SIGNAL);
    if signal.is_set() && !signal.text().starts_with("SIG") {
        errors.push(signal.not_supported(&[]));
    }
    errors
}

/// Exactly one of the handlers, and that one right.
fn handler(parent: &Field<'_>, supported: &[&str], context: &SpecContext<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut found = false;
    for name in supported {
        let handler = parent.child(name);
        if !handler.is_set() {
            continue;
        }
        if found {
            errors.push(handler.forbidden("may not specify more than 1 handler type"));
            continue;
        }
        found = true;
        match *name {
            "exec" => errors.extend(handler.child("command").must_be_set()),
            "httpGet" => errors.extend(http_get(&handler)),
            "tcpSocket" | "grpc" => errors.extend(port(&handler.child("port"))),
            _ => errors.extend(sleep(&handler, context)),
        }
    }
    if !found {
        errors.push(parent.required("must specify a handler type"));
    }
    errors
}

fn http_get(action: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(action.child("path").must_be_set());
    errors.extend(port(&action.child("port")));
    errors.extend(action.child("scheme").must_be_one_of(&["HTTP", "HTTPS"]));
    let headers = action.child("httpHeaders");
    for header in headers.items() {
        let name = header.child("name").text();
        errors.extend(
            names::http_header_name(name)
                .iter()
                .map(|fault| Error::invalid(headers.path.clone(), name, fault)),
        );
    }
    errors
}

/// A port by number or by name.
pub fn port(port: &Field<'_>) -> ErrorList {
    match port.value.as_str() {
        Some(name) => port.faults(names::port_name(name)),
        None => {
            let number = port.integer();
            names::port_number(number)
                .iter()
                .map(|fault| Error::invalid(port.path.clone(), number, fault))
                .collect()
        }
    }
}

fn sleep(action: &Field<'_>, context: &SpecContext<'_>) -> Option<Error> {
    let seconds = action.child("seconds").integer();
    let grace_period = context.grace_period_seconds?;
    (seconds < 0 || seconds > grace_period).then(|| {
        let detail = format!(
            "must be non-negative and less than terminationGracePeriodSeconds ({grace_period})"
        );
        Error::invalid(action.path.clone(), seconds, &detail)
    })
}
