//! What the two rounds of mutating admission know of each other.
//!
//! When a webhook has changed an object, all plugins see it a second time; of the webhooks only
//! those that ask for it (`reinvocationPolicy: IfNeeded`) and that somebody changed something
//! after. Mirrors `apiserver/pkg/admission/reinvocation.go` and
//! `plugin/webhook/mutating/reinvocationcontext.go` (v1.35).

use std::collections::BTreeSet;

use parking_lot::Mutex;
use serde_json::Value;

/// The memory of one request. Its lock is never contended: plugins run one after the other.
#[derive(Default)]
pub struct Reinvocation {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_second_round: bool,
    is_needed: bool,
    /// The object as the webhooks left it.
    output: Option<Value>,
    /// Webhooks that were called and want to be called again, should anything change.
    called: BTreeSet<String>,
    /// Those for whom something has changed.
    to_call: BTreeSet<String>,
}

impl State {
    fn call_again(&mut self) {
        let called = std::mem::take(&mut self.called);
        self.to_call.extend(called);
    }
}

impl Reinvocation {
    /// Begins the second round where there has to be one. There is no third.
    pub(super) fn begin_second_round(&self) -> bool {
        let mut state = self.state.lock();
        let begins = state.is_needed && !state.is_second_round;
        state.is_second_round |= begins;
        begins
    }

    /// The webhooks get the object now: other plugins may have changed it since they left it.
    pub(super) fn enter_webhooks(&self, object: &Value) {
        let mut state = self.state.lock();
        let changed = state.output.as_ref().is_some_and(|output| output != object);
        if state.is_second_round && changed {
            state.call_again();
        }
    }

    pub(super) fn leave_webhooks(&self, object: &Value) {
        self.state.lock().output = Some(object.clone());
    }

    /// Whether a webhook is left out of this round.
    pub(super) fn passes_over(&self, webhook: &str) -> bool {
        let state = self.state.lock();
        state.is_second_round && !state.to_call.contains(webhook)
    }

    /// A webhook has changed the object.
    pub(super) fn changed(&self) {
        let mut state = self.state.lock();
        state.call_again();
        state.is_needed = true;
    }

    /// A webhook was called that wants to know of later changes.
    pub(super) fn called(&self, webhook: &str) {
        self.state.lock().called.insert(webhook.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_webhooks_that_missed_a_change_are_called_again() {
        let round = Reinvocation::default();
        assert!(!round.begin_second_round());
        round.enter_webhooks(&json!(1));
        round.called("first");
        round.changed();
        round.called("second");
        round.leave_webhooks(&json!(2));
        assert!(
            !round.passes_over("second"),
            "everyone is in the first round"
        );
        assert!(round.begin_second_round());
        round.enter_webhooks(&json!(2));
        assert!(!round.passes_over("first"));
        assert!(round.passes_over("second"));
        assert!(!round.begin_second_round(), "there is no third round");
    }

    #[test]
    fn a_change_by_another_plugin_concerns_all_of_them() {
        let round = Reinvocation::default();
        round.enter_webhooks(&json!(1));
        round.changed();
        round.called("only");
        round.leave_webhooks(&json!(2));
        assert!(round.begin_second_round());
        round.enter_webhooks(&json!(3));
        assert!(!round.passes_over("only"));
    }
}
