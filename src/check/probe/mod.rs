//! The ways to look at a cluster. A probe is one file here and one row in [`PROBES`].

mod absent;
mod attempt;
mod can_i;
mod cel;
mod columns;
mod converges;
mod count;
mod dns;
mod event;
mod exec;
mod http;
mod logs;
mod object;
mod pod;
mod rollout;

use std::fmt;

use async_trait::async_trait;

use super::scene::{Finding, Scene};
use crate::course::Fields;
use crate::sandbox::Watched;

/// A question to the cluster that changes nothing in it, unless it [`Probe::acts`].
#[async_trait]
pub trait Probe: Send + Sync + fmt::Debug {
    /// What the answer depends on; it is judged again when any of it changes.
    async fn reads(&self, scene: &Scene) -> Vec<Watched>;

    /// The answer can change without any object changing, so it is asked now and then too.
    fn is_behaviour(&self) -> bool {
        false
    }

    /// Asking leaves traces, such as lines in the log of a server.
    fn is_noticed(&self) -> bool {
        false
    }

    /// It changes the cluster in order to learn the answer, and must not be broken off.
    fn acts(&self) -> bool {
        false
    }

    /// What it looks for, in a few words: `deployment "web"`.
    fn title(&self) -> String;

    /// What it looks at, without what it expects there.
    fn subject(&self) -> String {
        self.title()
    }

    /// Its title is a formula, which nobody wants to read who has not written it.
    fn is_formula(&self) -> bool {
        false
    }

    async fn judge(&self, scene: &Scene) -> Finding;
}

/// A kind of probe: its name in check files, and how its fields are read.
pub struct ProbeKind {
    pub name: &'static str,
    /// Takes every field, notes the mistakes, and ends the mapping.
    pub read: fn(Fields<'_>) -> Option<Box<dyn Probe>>,
}

/// Every probe there is.
pub const PROBES: &[ProbeKind] = &[
    object::KIND,
    cel::KIND,
    count::KIND,
    absent::KIND,
    attempt::KIND,
    columns::KIND,
    rollout::KIND,
    http::KIND,
    dns::KIND,
    exec::KIND,
    logs::KIND,
    event::KIND,
    can_i::KIND,
    converges::KIND,
];
