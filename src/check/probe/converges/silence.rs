//! How quiet a program must fall once all is well: so many writes in such a span, and no more.

use std::time::Duration;

use jiff::Timestamp;

use super::super::super::matcher::Matcher;
use super::super::super::scene::{Finding, Phase, Scene};
use super::super::object::take_matcher;
use crate::course::Fields;
use crate::sandbox::service_account_user;

/// `then: {serviceAccount: gardener, for: 20s, writes: 0}`
#[derive(Debug)]
pub(super) struct Quiet {
    account: String,
    span: Duration,
    writes: Matcher,
}

/// A span that may turn out to be quiet enough.
#[derive(Debug, Clone)]
pub(super) struct Silence {
    since: Timestamp,
    writes: u64,
}

impl Quiet {
    pub(super) fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let node = fields.node("then")?;
        let path = fields.path_of("then");
        let document = fields.document();
        let mut inner = Fields::of(document, node, &path, fields.problems())?;
        let account = inner.required("serviceAccount");
        let span = inner.span("for");
        if span.is_none() {
            inner.refuse("for", "say for how long");
        }
        let writes = take_matcher(&mut inner, "writes");
        if writes.is_none() {
            inner.refuse("writes", "say how many");
        }
        inner.end();
        Some(Self {
            account: account?,
            span: span?,
            writes: writes?,
        })
    }

    pub(super) fn span(&self) -> Duration {
        self.span
    }

    /// Listens on. Every time there is too much noise the span begins anew, until `until`.
    pub(super) async fn listen(
        &self,
        silence: &mut Option<Silence>,
        until: Timestamp,
        scene: &Scene,
    ) -> Result<Finding, String> {
        let user = service_account_user(&scene.namespace, &self.account);
        let traffic = scene.wire.traffic(&user).await;
        let writes = traffic.map_err(|error| format!("{error:#}"))?.writes;
        let now = scene.clock.now();
        let began = silence.get_or_insert(Silence { since: now, writes });
        let since = writes.saturating_sub(began.writes);
        let field = format!("writes of {}", self.account);
        let differences = self.writes.differences(Some(&since.into()), &field);
        if !differences.is_empty() {
            let loud = Finding::of(differences, Vec::new());
            if now < until {
                *silence = Some(Silence { since: now, writes });
            }
            return Ok(loud);
        }
        let so_far: Duration = now
            .duration_since(began.since)
            .try_into()
            .unwrap_or_default();
        if so_far >= self.span {
            return Ok(Finding::holds());
        }
        let seen = format!(
            "quiet for {} of {} s",
            so_far.as_secs(),
            self.span.as_secs()
        );
        Ok(Finding::fails(field, "", seen).in_phase(Phase::UnderWay))
    }
}
