//! `count`: how many objects there are, or how many match.
//!
//! ```yaml
//! count: {kind: Pod, labels: {app: web}, match: {status: {phase: Running}}, is: 3}
//! count: {kind: ConfigMap, is: '>= 2'}
//! ```
//! Objects that are being deleted do not count.

use async_trait::async_trait;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::Target;
use super::object::take_matcher;
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "count",
    read,
};

#[derive(Debug)]
struct Count {
    target: Target,
    matcher: Option<Matcher>,
    is: Matcher,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let target = Target::take(&mut fields);
    let matcher = take_matcher(&mut fields, "match");
    let is = take_matcher(&mut fields, "is");
    if is.is_none() {
        fields.refuse("is", "required");
    }
    fields.end();
    Some(Box::new(Count {
        target: target?,
        matcher,
        is: is?,
    }))
}

#[async_trait]
impl Probe for Count {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        self.target.reads(scene).await
    }

    fn title(&self) -> String {
        match &self.matcher {
            Some(matcher) => format!("{} with {}", self.target.title(), matcher.describe()),
            None => self.target.title(),
        }
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let objects = match self.target.objects(scene).await {
            Ok(objects) => objects,
            Err(reason) => return Finding::unknown(reason),
        };
        let count = objects
            .iter()
            .filter(|object| object["metadata"]["deletionTimestamp"].is_null())
            .filter(|object| match &self.matcher {
                Some(matcher) => matcher.matches(Some(object)),
                None => true,
            })
            .count();
        let field = format!("number of {}", self.title());
        let differences = self.is.differences(Some(&Value::from(count)), &field);
        let look = format!("kubectl get {}", self.target.arguments());
        Finding::of(differences, vec![look])
    }
}
