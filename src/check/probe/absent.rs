//! `absent`: no such object is there, or none that matches.
//!
//! ```yaml
//! absent: {kind: Pod, name: old}
//! absent: {kind: Pod, match: {status: {containerStatuses: [{ready: false}]}}}
//! ```

use async_trait::async_trait;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::{Target, title_of};
use super::super::verdict::Difference;
use super::object::take_matcher;
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "absent",
    read,
};

#[derive(Debug)]
struct Absent {
    target: Target,
    matcher: Option<Matcher>,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let target = Target::take(&mut fields);
    let matcher = take_matcher(&mut fields, "match");
    fields.end();
    Some(Box::new(Absent {
        target: target?,
        matcher,
    }))
}

#[async_trait]
impl Probe for Absent {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        self.target.reads(scene).await
    }

    fn title(&self) -> String {
        format!("no {}", self.target.title())
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let objects = match self.target.objects(scene).await {
            Ok(objects) => objects,
            Err(reason) => return Finding::unknown(reason),
        };
        let there = objects.iter().filter(|object| match &self.matcher {
            Some(matcher) => matcher.matches(Some(object)),
            None => true,
        });
        let differences = there
            .map(|object| {
                let leaving = !object["metadata"]["deletionTimestamp"].is_null();
                let seen = if leaving { "still leaving" } else { "there" };
                Difference::new(title_of(object), "absent", seen)
            })
            .collect();
        let look = format!("kubectl get {}", self.target.arguments());
        Finding::of(differences, vec![look])
    }
}
