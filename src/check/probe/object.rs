//! `object`: an object, or those with certain labels, are as a partial description says.
//!
//! ```yaml
//! object: {kind: Deployment, name: web, match: {spec: {replicas: 3}}}
//! object: {kind: Pod, labels: {app: web}, which: every, match: {status: {phase: Running}}}
//! ```
//! With `labels` at least one object must be there; `which: any` is content with one that matches,
//! `every` (the default) asks all of them.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::{Target, title_of};
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "object",
    read,
};

#[derive(Debug)]
struct Object {
    target: Target,
    which: Which,
    matcher: Option<Matcher>,
}

/// How many of several objects must be as described.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Which {
    #[default]
    Every,
    Any,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let target = Target::take(&mut fields);
    let which = fields.optional("which").unwrap_or_default();
    let matcher = take_matcher(&mut fields, "match");
    fields.end();
    Some(Box::new(Object {
        target: target?,
        which,
        matcher,
    }))
}

/// A field that is a matcher.
pub(super) fn take_matcher(fields: &mut Fields<'_>, name: &'static str) -> Option<Matcher> {
    let node = fields.node(name)?;
    let path = fields.path_of(name);
    let document = fields.document();
    Some(Matcher::read(document, node, &path, fields.problems()))
}

#[async_trait]
impl Probe for Object {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        self.target.reads(scene).await
    }

    fn title(&self) -> String {
        match &self.matcher {
            Some(matcher) => format!("{} with {}", self.target.title(), matcher.describe()),
            None => self.target.title(),
        }
    }

    fn subject(&self) -> String {
        self.target.title()
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let look = format!("kubectl get {} -o yaml", self.target.arguments());
        let objects = match self.target.objects(scene).await {
            Ok(objects) => objects,
            Err(reason) => return Finding::unknown(reason),
        };
        if objects.is_empty() {
            let list = format!("kubectl get {}", self.target.kind.to_lowercase());
            return Finding::fails(self.target.title(), "it exists", "nothing").look(list);
        }
        let Some(matcher) = &self.matcher else {
            return Finding::holds();
        };
        let several = self.target.name.is_none();
        let different = |object: &Value| {
            let mut differences = matcher.differences(Some(object), "");
            if several {
                for difference in &mut differences {
                    difference.field = format!("{} {}", title_of(object), difference.field);
                }
            }
            differences
        };
        let mut found: Vec<_> = objects.iter().map(|object| different(object)).collect();
        let differences = match self.which {
            Which::Every => found.concat(),
            Which::Any => {
                found.sort_by_key(Vec::len);
                found.into_iter().next().unwrap_or_default()
            }
        };
        Finding::of(differences, vec![look])
    }
}
