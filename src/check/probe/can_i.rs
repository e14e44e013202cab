//! `can_i`: someone may do something, or may not.
//!
//! ```yaml
//! can_i: {serviceAccount: deployer, verb: [get, list, patch], resource: deployments.apps}
//! can_i: {serviceAccount: deployer, verb: delete, resource: pods, allowed: false}
//! can_i: {as: anna, groups: [developers], verb: get, resource: pods/log, namespace: harbor}
//! can_i: {serviceAccount: viewer, verb: list, resource: nodes, namespace: ''}
//! ```
//! Asked with a SubjectAccessReview, so that whatever authorizes in this cluster answers. Several
//! verbs must all be allowed, or with `allowed: false` all be refused. An empty `namespace` asks
//! about the whole cluster.

use async_trait::async_trait;
use futures::future::join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;
use serde::Deserialize;

use super::super::scene::{Finding, Scene};
use super::super::verdict::Difference;
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::{Watched, words_of};

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "can_i",
    read,
};

#[derive(Debug)]
struct CanI {
    subject: Subject,
    groups: Vec<String>,
    verbs: Vec<String>,
    resource: Resource,
    name: Option<String>,
    /// Where the question is about; the kata's own where it is left out.
    namespace: Option<String>,
    allowed: bool,
}

#[derive(Debug)]
enum Subject {
    User(String),
    ServiceAccount(String),
}

/// `pods`, `deployments.apps`, `pods/log`.
#[derive(Debug, PartialEq)]
struct Resource {
    plural: String,
    group: String,
    subresource: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let user: Option<String> = fields.optional("as");
    let account: Option<String> = fields.optional("serviceAccount");
    let subject = match (user, account) {
        (Some(user), None) => Some(Subject::User(user)),
        (None, Some(account)) => Some(Subject::ServiceAccount(account)),
        _ => {
            fields.refuse("as", "expected exactly one of `as` and `serviceAccount`");
            None
        }
    };
    let groups = fields.list("groups");
    let verbs = match fields.required("verb") {
        Some(OneOrMany::One(verb)) => vec![verb],
        Some(OneOrMany::Many(verbs)) => verbs,
        None => Vec::new(),
    };
    let resource: Option<String> = fields.required("resource");
    let probe = CanI {
        groups,
        verbs,
        name: fields.optional("name"),
        namespace: fields.optional("namespace"),
        allowed: fields.optional("allowed").unwrap_or(true),
        resource: Resource::parse(&resource.unwrap_or_default()),
        subject: Subject::User(String::new()),
    };
    fields.end();
    let subject = subject?;
    Some(Box::new(CanI { subject, ..probe }))
}

impl Resource {
    fn parse(text: &str) -> Self {
        let (whole, subresource) = text.split_once('/').unwrap_or((text, ""));
        let (plural, group) = whole.split_once('.').unwrap_or((whole, ""));
        Self {
            plural: plural.to_owned(),
            group: group.to_owned(),
            subresource: subresource.to_owned(),
        }
    }

    fn text(&self) -> String {
        let mut text = self.plural.clone();
        for (sign, part) in [('.', &self.group), ('/', &self.subresource)] {
            if !part.is_empty() {
                text.push(sign);
                text.push_str(part);
            }
        }
        text
    }
}

#[async_trait]
impl Probe for CanI {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        let namespace = self.namespace(scene);
        let namespace = (!namespace.is_empty()).then_some(namespace);
        ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]
            .iter()
            .filter_map(|kind| scene.watched(kind, namespace))
            .collect()
    }

    fn title(&self) -> String {
        let may = if self.allowed { "may" } else { "may not" };
        let verbs = self.verbs.join(", ");
        format!("{} {may} {verbs} {}", self.who(), self.resource.text())
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let asked = self.verbs.iter().map(|verb| self.ask(scene, verb));
        let mut differences = Vec::new();
        for (verb, answer) in self.verbs.iter().zip(join_all(asked).await) {
            let allowed = match answer {
                Ok(allowed) => allowed,
                Err(reason) => return Finding::unknown(reason),
            };
            if allowed != self.allowed {
                let field = format!("{} {} {verb}", self.who(), self.resource.text());
                differences.push(Difference::new(
                    field,
                    yes_no(self.allowed),
                    yes_no(allowed),
                ));
            }
        }
        Finding::of(differences, vec![self.look(scene)])
    }
}

impl CanI {
    fn namespace<'a>(&'a self, scene: &'a Scene) -> &'a str {
        self.namespace.as_deref().unwrap_or(&scene.namespace)
    }

    fn who(&self) -> String {
        match &self.subject {
            Subject::User(user) => user.clone(),
            Subject::ServiceAccount(account) => format!("serviceaccount \"{account}\""),
        }
    }

    /// The user's name and groups, as authentication would tell them.
    fn identity(&self, scene: &Scene) -> (String, Vec<String>) {
        let mut groups = self.groups.clone();
        groups.push("system:authenticated".to_owned());
        match &self.subject {
            Subject::User(user) => (user.clone(), groups),
            Subject::ServiceAccount(account) => {
                let (namespace, name) = account
                    .split_once(':')
                    .unwrap_or((scene.namespace.as_str(), account));
                groups.push("system:serviceaccounts".to_owned());
                groups.push(format!("system:serviceaccounts:{namespace}"));
                (format!("system:serviceaccount:{namespace}:{name}"), groups)
            }
        }
    }

    async fn ask(&self, scene: &Scene, verb: &str) -> Result<bool, String> {
        let (user, groups) = self.identity(scene);
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(user),
                groups: Some(groups),
                resource_attributes: Some(ResourceAttributes {
                    verb: text(verb),
                    resource: text(&self.resource.plural),
                    group: text(&self.resource.group),
                    subresource: text(&self.resource.subresource),
                    namespace: text(self.namespace(scene)),
                    name: self.name.clone(),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let reviews: Api<SubjectAccessReview> = Api::all(scene.client().clone());
        let answer = reviews.create(&PostParams::default(), &review).await;
        let answer = answer.map_err(|error| words_of(&error))?;
        let status = answer.status.ok_or("the cluster did not say")?;
        Ok(status.allowed)
    }

    fn look(&self, scene: &Scene) -> String {
        let (user, _) = self.identity(scene);
        let mut look = format!("kubectl auth can-i --list --as={user}");
        for group in &self.groups {
            look.push_str(&format!(" --as-group={group}"));
        }
        look
    }
}

fn yes_no(allowed: bool) -> &'static str {
    if allowed { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_written_as_kubectl_writes_it() {
        for text in [
            "pods",
            "pods/log",
            "deployments.apps",
            "deployments.apps/scale",
        ] {
            assert_eq!(Resource::parse(text).text(), text);
        }
        let scale = Resource::parse("widgets.example.com/scale");
        assert_eq!(
            (scale.plural.as_str(), scale.group.as_str()),
            ("widgets", "example.com")
        );
        assert_eq!(scale.subresource, "scale");
    }
}
