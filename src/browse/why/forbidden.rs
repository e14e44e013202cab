//! Why somebody was forbidden something: which rule is missing, and which bindings there are.
//!
//! The refusal is found in what the Pod's containers said and in events; a review asks the cluster
//! whether it still stands.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::super::document::{Cell, Part, Tone};
use super::super::facts::{Facts, list, text};

/// A refusal, taken from its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub user: String,
    pub verb: String,
    pub resource: String,
    pub subresource: Option<String>,
    pub group: String,
    pub namespace: Option<String>,
}

/// The sentence of every refusal, as the API server writes it.
static SENTENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"User "([^"]+)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?"#,
    )
    .expect("the expression is sound")
});

impl Complaint {
    /// The newest refusal that is known.
    pub fn find(facts: &Facts) -> Option<Self> {
        let said = facts.said.iter().flat_map(|(_, lines)| lines.iter().rev());
        let events = facts
            .events
            .iter()
            .rev()
            .filter_map(|it| it["message"].as_str());
        said.map(String::as_str).chain(events).find_map(Self::parse)
    }

    fn parse(sentence: &str) -> Option<Self> {
        // A log may have it inside a JSON string.
        let sentence = sentence.replace("\\\"", "\"");
        let found = SENTENCE.captures(&sentence)?;
        let part = |index: usize| found.get(index).map(|it| it.as_str().to_owned());
        let resource = part(3)?;
        let (resource, subresource) = match resource.split_once('/') {
            Some((resource, subresource)) => (resource.to_owned(), Some(subresource.to_owned())),
            None => (resource, None),
        };
        Some(Self {
            user: part(1)?,
            verb: part(2)?,
            resource,
            subresource,
            group: part(4)?,
            namespace: part(5),
        })
    }

    /// The groups that a service account is in.
    pub fn groups(&self) -> Vec<String> {
        let mut groups = vec!["system:authenticated".to_owned()];
        if let Some((namespace, _)) = self.service_account() {
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
        }
        groups
    }

    fn service_account(&self) -> Option<(&str, &str)> {
        self.user
            .strip_prefix("system:serviceaccount:")?
            .split_once(':')
    }

    fn what(&self) -> String {
        match &self.subresource {
            Some(subresource) => format!("{}/{subresource}", self.resource),
            None => self.resource.clone(),
        }
    }
}

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let Some((complaint, allowed)) = &facts.reviewed else {
        return Vec::new();
    };
    if *allowed {
        let words = format!(
            "{} was refused to {} {} before, and may do so now.",
            complaint.user,
            complaint.verb,
            complaint.what()
        );
        return vec![Part::words(Tone::Good, words)];
    }
    let group = match complaint.group.as_str() {
        "" => "\"\" (core)",
        group => group,
    };
    let place = match &complaint.namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "in the whole cluster".to_owned(),
    };
    let mut parts = vec![
        Part::heading("It is forbidden what it asks for"),
        Part::field("who", &complaint.user),
        Part::field(
            "wants to",
            format!("{} {} {place}", complaint.verb, complaint.what()),
        ),
        Part::toned(
            Tone::Bad,
            "missing rule",
            format!(
                "apiGroups: [{group}], resources: [{}], verbs: [{}]",
                complaint.what(),
                complaint.verb
            ),
        ),
        Part::Gap,
    ];
    parts.extend(bindings(complaint, facts));
    parts
}

/// The bindings that name the user, and what their roles allow of this resource.
fn bindings(complaint: &Complaint, facts: &Facts) -> Vec<Part> {
    let mut rows = Vec::new();
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        for binding in facts.all(kind).filter(|it| names(it, complaint)) {
            let role = format!(
                "{} {}",
                text(binding, "/roleRef/kind"),
                text(binding, "/roleRef/name")
            );
            rows.push(vec![
                Cell::new(format!("{kind} {}", text(binding, "/metadata/name"))),
                Cell::new(role),
                Cell::toned(Tone::Warn, allows(binding, complaint, facts)),
            ]);
        }
    }
    if rows.is_empty() {
        let words = "No binding names it.";
        return vec![Part::words(Tone::Warn, words)];
    }
    vec![Part::Table {
        head: ["Binding", "gives", "which allows"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }]
}

fn names(binding: &Value, complaint: &Complaint) -> bool {
    list(binding, "/subjects").iter().any(|subject| {
        let name = text(subject, "/name");
        match (text(subject, "/kind").as_str(), complaint.service_account()) {
            ("ServiceAccount", Some((namespace, account))) => {
                name == account && text(subject, "/namespace") == namespace
            }
            ("User", _) => name == complaint.user,
            ("Group", _) => complaint.service_account().is_some_and(|(namespace, _)| {
                name == "system:serviceaccounts"
                    || name == format!("system:serviceaccounts:{namespace}")
            }),
            _ => false,
        }
    })
}

/// What a binding's role says of the resource.
fn allows(binding: &Value, complaint: &Complaint, facts: &Facts) -> String {
    let kind = text(binding, "/roleRef/kind");
    let name = text(binding, "/roleRef/name");
    let role = facts
        .all(&kind)
        .find(|it| text(it, "/metadata/name") == name);
    let Some(role) = role else {
        return format!("nothing: there is no {kind} {name}");
    };
    let has = |rule: &Value, field: &str, wanted: &str| {
        let values = rule[field].as_array().into_iter().flatten();
        let mut values = values.filter_map(Value::as_str);
        values.any(|value| value == "*" || value == wanted)
    };
    let rules = list(role, "/rules").iter();
    let about: Vec<&Value> = rules
        .filter(|rule| has(rule, "resources", &complaint.what()))
        .collect();
    if about.is_empty() {
        return format!("nothing on {}", complaint.what());
    }
    let verbs = |rule: &&Value| {
        let verbs = rule["verbs"].as_array().into_iter().flatten();
        let verbs: Vec<&str> = verbs.filter_map(Value::as_str).collect();
        let mut words = verbs.join(", ");
        if !has(rule, "apiGroups", &complaint.group) {
            words.push_str(" in another API group");
        }
        words
    };
    let verbs: Vec<String> = about.iter().map(verbs).collect();
    verbs.join("; ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sandbox::Reference;
    use serde_json::json;

    const LINE: &str = "pods is forbidden: User \"system:serviceaccount:shop:robot\" cannot list \
        resource \"pods\" in API group \"\" in the namespace \"shop\"";

    #[test]
    fn the_missing_rule_and_the_bindings_are_named() {
        let mut facts = Facts {
            of: Reference::known("Pod", "shop", "robot"),
            said: vec![("main".to_owned(), vec![LINE.to_owned()])],
            lists: [
                ("RoleBinding".to_owned(), vec![Arc::new(json!({
                    "metadata": {"name": "robot"}, "roleRef": {"kind": "Role", "name": "reader"},
                    "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "shop"}]}))]),
                ("Role".to_owned(), vec![Arc::new(json!({"metadata": {"name": "reader"},
                    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}))]),
            ]
            .into_iter()
            .collect(),
            ..Facts::default()
        };
        let complaint = Complaint::find(&facts).expect("it complains");
        assert_eq!(
            (complaint.verb.as_str(), complaint.resource.as_str()),
            ("list", "pods")
        );
        facts.reviewed = Some((complaint.clone(), false));
        let text = super::super::document(&facts).text();
        assert!(
            text.contains("missing rule: apiGroups: [\"\" (core)]"),
            "{text}"
        );
        assert!(
            text.contains("RoleBinding robot | Role reader | get"),
            "{text}"
        );
        facts.reviewed = Some((complaint, true));
        assert!(
            super::super::document(&facts)
                .text()
                .contains("may do so now")
        );
    }
}
