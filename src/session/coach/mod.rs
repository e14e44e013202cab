//! The coach: looks at what the learner asks of the cluster and types, and says so when something
//! obvious was not done. Pure: it is given what was seen, and gives words.
//!
//! At most one notice at a time, each once an attempt; it goes when it is dismissed or no longer
//! true. Where the sandbox does not tell what was asked, and no shell what was typed, it is quiet.
//! A notice is one file here and one row in [`NOTICES`].

mod deleted_what_is_checked;
mod elsewhere;
mod events_unread;
mod forbidden;
mod same_failure;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use super::progress::Step;
use super::state::{OpenKata, Phase};
use crate::sandbox::ApiCall;

/// So many requests are looked back on.
const REMEMBERED: usize = 400;

/// One thing that the coach notices.
pub(super) struct Notice {
    /// It is said once an attempt.
    pub(super) name: &'static str,
    pub(super) look: fn(&Seen<'_>) -> Option<String>,
}

/// Every notice; the first that has something to say is heard.
const NOTICES: &[Notice] = &[
    deleted_what_is_checked::NOTICE,
    elsewhere::NOTICE,
    same_failure::NOTICE,
    forbidden::NOTICE,
    events_unread::NOTICE,
];

/// What a notice may look at.
pub(super) struct Seen<'a> {
    pub(super) open: &'a OpenKata,
    /// The latest requests of this attempt, the oldest first.
    pub(super) calls: &'a VecDeque<ApiCall>,
    /// What was typed in this attempt.
    pub(super) steps: &'a [Step],
}

/// The coach of one learner.
#[derive(Debug, Clone)]
pub struct Coach {
    /// The learner may want none.
    pub on: bool,
    calls: VecDeque<ApiCall>,
    /// Names of the notices that were given.
    given: BTreeSet<&'static str>,
    saying: Option<(&'static str, String)>,
}

impl Default for Coach {
    fn default() -> Self {
        Self {
            on: true,
            calls: VecDeque::new(),
            given: BTreeSet::new(),
            saying: None,
        }
    }
}

impl Coach {
    /// The notice of this moment.
    pub fn says(&self) -> Option<&str> {
        let saying = self.saying.as_ref().filter(|_| self.on);
        saying.map(|(_, words)| words.as_str())
    }

    /// Something new was asked.
    pub(super) fn hear(&mut self, calls: Vec<ApiCall>) {
        self.calls.extend(calls);
        let surplus = self.calls.len().saturating_sub(REMEMBERED);
        self.calls.drain(..surplus);
    }

    /// The learner has read it.
    pub(super) fn dismiss(&mut self) {
        self.saying = None;
    }

    /// Another kata, or another attempt.
    pub(super) fn begin(&mut self) {
        *self = Self {
            on: self.on,
            ..Self::default()
        };
    }

    /// Looks at the kata as it is now.
    pub(super) fn look(&mut self, open: &OpenKata) {
        if !self.on || open.phase != Phase::Working {
            self.saying = None;
            return;
        }
        let seen = Seen {
            open,
            calls: &self.calls,
            steps: &open.steps,
        };
        if let Some((name, words)) = &mut self.saying {
            let notice = NOTICES.iter().find(|notice| notice.name == *name);
            match notice.and_then(|notice| (notice.look)(&seen)) {
                Some(now) => *words = now,
                None => self.saying = None,
            }
            return;
        }
        let new = NOTICES.iter().filter(|it| !self.given.contains(it.name));
        let found = new
            .into_iter()
            .find_map(|it| Some((it.name, (it.look)(&seen)?)));
        if let Some((name, words)) = found {
            self.given.insert(name);
            self.saying = Some((name, words));
        }
    }
}

/// Whether a request succeeded.
pub(super) fn succeeded(call: &ApiCall) -> bool {
    (200..300).contains(&call.code) || call.code == 101
}
