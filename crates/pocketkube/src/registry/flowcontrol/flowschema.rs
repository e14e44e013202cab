//! FlowSchema: which requests belong to which priority level.
//!
//! Mirrors `pkg/registry/flowcontrol/flowschema` and `pkg/apis/flowcontrol/validation` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList};
use crate::api::meta;
use crate::api::names::{self, NameRule, NameUse};
use crate::api::tree::{elements, fill_absent, restore, text};
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const DEFAULT_PRECEDENCE: i64 = 1000;
const MAX_PRECEDENCE: i64 = 10_000;
const METHODS: &[&str] = &["ByNamespace", "ByUser"];
const SUBJECTS: &[(&str, &str)] = &[
    ("ServiceAccount", "serviceAccount"),
    ("User", "user"),
    ("Group", "group"),
];
const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "proxy",
    "update",
    "watch",
];

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(GROUP, "v1", "FlowSchema", "flowschemas", FlowSchemaStrategy)
        .table(table())
        .with_status()
}

struct FlowSchemaStrategy;

impl Strategy for FlowSchemaStrategy {
    fn default(&self, object: &mut Value) {
        fill_absent(
            &mut object["spec"],
            "matchingPrecedence",
            DEFAULT_PRECEDENCE,
        );
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({});
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(
            &Field::new(&object["spec"], "spec"),
            meta::name(object) == "exempt",
        )
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_spec(spec: &Field<'_>, is_exempt: bool) -> ErrorList {
    let mut errors = ErrorList::new();
    let precedence = spec.child("matchingPrecedence");
    let mut refuse = |is_wrong: bool, why: &str| {
        if is_wrong {
            errors.push(precedence.invalid(why));
        }
    };
    let number = precedence.integer();
    refuse(number <= 0, "must be a positive value");
    refuse(number > MAX_PRECEDENCE, "must not be greater than 10000");
    refuse(
        number == 1 && !is_exempt,
        "only the schema named 'exempt' may have matchingPrecedence 1",
    );
    let method = spec.child("distinguisherMethod");
    if method.is_set() {
        errors.extend(method.child("type").must_be_one_of(METHODS));
    }
    let level = spec.child("priorityLevelConfiguration").child("name");
    if level.is_empty() {
        errors.push(level.required("must reference a priority level"));
    } else {
        errors.extend(level.faults(names::name_is_dns_subdomain(level.text(), NameUse::Whole)));
    }
    for rule in spec.child("rules").items() {
        errors.extend(validate_rule(&rule));
    }
    errors
}

fn validate_rule(rule: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let subjects = rule.child("subjects");
    if subjects.is_empty() {
        errors.push(subjects.required("subjects must contain at least one value"));
    }
    for subject in subjects.items() {
        errors.extend(validate_subject(&subject));
    }
    let (resources, others) = (rule.child("resourceRules"), rule.child("nonResourceRules"));
    if resources.is_empty() && others.is_empty() {
        let why = "at least one of resourceRules and nonResourceRules has to be non-empty";
        errors.push(rule.required(why));
    }
    for resource in resources.items() {
        errors.extend(validate_resource_rule(&resource));
    }
    for other in others.items() {
        errors.extend(validate_verbs(&other.child("verbs")));
        let urls = other.child("nonResourceURLs");
        errors.extend(alone_or_set(
            &urls,
            "nonResourceURLs must contain at least one value",
            "non-resource URLs",
        ));
        if !has_wildcard(&urls) {
            errors.extend(urls.items().filter_map(|url| validate_url(&url)));
        }
    }
    errors
}

/// One kind, and the field of that kind with a name in it.
fn validate_subject(subject: &Field<'_>) -> ErrorList {
    let kind = subject.child("kind");
    let Some((_, own)) = SUBJECTS.iter().find(|(name, _)| *name == kind.text()) else {
        let supported = ["Group", "ServiceAccount", "User"];
        return vec![kind.not_supported(&supported)];
    };
    let mut errors = ErrorList::new();
    let value = subject.child(own);
    if !value.is_set() {
        let why = format!("{own} is required when subject kind is '{}'", kind.text());
        errors.push(value.required(&why));
    } else {
        errors.extend(value.child("name").must_be_set());
        if *own == "serviceAccount" {
            errors.extend(validate_service_account(&value));
        }
    }
    for (other_kind, other) in SUBJECTS.iter().filter(|(_, field)| field != own) {
        let why = format!("{other} is forbidden when subject kind is not '{other_kind}'");
        errors.extend(subject.child(other).must_not_be_set(&why));
    }
    errors
}

/// One of a namespace by name, or all of it.
fn validate_service_account(account: &Field<'_>) -> ErrorList {
    let (name, namespace) = (account.child("name"), account.child("namespace"));
    let mut errors = ErrorList::new();
    if !matches!(name.text(), "" | "*") {
        errors.extend(name.faults(names::name_is_dns_subdomain(name.text(), NameUse::Whole)));
    }
    if namespace.is_empty() {
        errors.push(namespace.required("must specify namespace for service account"));
    } else {
        errors.extend(namespace.faults(names::dns1123_label(namespace.text())));
    }
    errors
}

fn validate_resource_rule(rule: &Field<'_>) -> ErrorList {
    let mut errors = validate_verbs(&rule.child("verbs"));
    errors.extend(alone_or_set(
        &rule.child("apiGroups"),
        "resource rules must supply at least one api group",
        "api groups",
    ));
    errors.extend(alone_or_set(
        &rule.child("resources"),
        "resource rules must supply at least one resource",
        "resources",
    ));
    let namespaces = rule.child("namespaces");
    if !(namespaces.is_empty() && rule.child("clusterScope").is_true()) {
        errors.extend(alone_or_set(
            &namespaces,
            "resource rules that are not cluster scoped must supply at least one namespace",
            "namespaces",
        ));
    }
    if !has_wildcard(&namespaces) {
        for namespace in namespaces.items() {
            let faults = names::dns1123_label(namespace.text());
            errors.extend(faults.iter().map(|fault| {
                let why =
                    format!("each member of this list must be '*' or a DNS-1123 label; {fault}");
                namespace.invalid_text(&why)
            }));
        }
    }
    errors
}

fn validate_verbs(verbs: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(alone_or_set(
        verbs,
        "verbs must contain at least one value",
        "verbs",
    ));
    let is_unknown = |verb: Field<'_>| !VERBS.contains(&verb.text());
    if !has_wildcard(verbs) && verbs.items().any(is_unknown) {
        let value = verbs.value.clone();
        errors.push(Error::not_supported(verbs.path.clone(), value, VERBS));
    }
    errors
}

fn has_wildcard(list: &Field<'_>) -> bool {
    list.items().any(|item| item.text() == "*")
}

/// There is something, and `*` stands alone.
fn alone_or_set(list: &Field<'_>, missing: &str, what: &str) -> Option<Error> {
    if list.is_empty() {
        return Some(list.required(missing));
    }
    (has_wildcard(list) && list.items().count() > 1)
        .then(|| list.invalid(&format!("if '*' is present, must not specify other {what}")))
}

fn validate_url(url: &Field<'_>) -> Option<Error> {
    let text = url.text();
    let wildcards = text.matches('*').count();
    let why = if text.is_empty() {
        "must not be empty"
    } else if text == "/" {
        return None;
    } else if !text.starts_with('/') {
        "must start with slash"
    } else if text.contains(' ') {
        "must not contain white-space"
    } else if text.contains("//") {
        "must not contain double slash"
    } else if wildcards > 1 || (wildcards == 1 && !text.ends_with("/*")) {
        "wildcard can only do suffix matching"
    } else {
        return None;
    };
    Some(url.invalid_text(why))
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("PriorityLevel"),
            Column::text("MatchingPrecedence"),
            Column::text("DistinguisherMethod"),
            Column::age(),
            Column::text("MissingPL"),
        ],
        cells,
    )
}

fn cells(schema: &Value, context: RowContext) -> Vec<Value> {
    let spec = &schema["spec"];
    let method = spec["distinguisherMethod"]["type"]
        .as_str()
        .unwrap_or("<none>");
    let dangling = elements(&schema["status"]["conditions"])
        .iter()
        .find(|condition| text(condition, "type") == "Dangling")
        .map_or("?", |condition| text(condition, "status"));
    vec![
        schema["metadata"]["name"].clone(),
        spec["priorityLevelConfiguration"]["name"].clone(),
        spec["matchingPrecedence"].clone(),
        json!(method),
        json!(age_cell(schema, context.now)),
        json!(dangling),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, prepared, row};

    #[test]
    fn the_row_shows_level_and_precedence() {
        let schema = json!({"metadata": {"name": "s"}, "spec": {"priorityLevelConfiguration": {"name": "low"}}});
        let schema = prepared(&FlowSchemaStrategy, schema);
        assert_eq!(
            row(&resource(), &schema),
            ["s", "low", "1000", "<none>", "<unknown>", "?"]
        );
    }

    #[test]
    fn rules_name_subjects_and_requests() {
        let schema = json!({"spec": {"matchingPrecedence": 1, "rules": [{
            "subjects": [{"kind": "User", "group": {"name": "g"}}],
            "resourceRules": [{"verbs": ["*", "get"], "apiGroups": ["*"], "resources": ["*"]}],
        }]}});
        assert_eq!(
            errors_on_create(&FlowSchemaStrategy, schema),
            [
                "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
                "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
                "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
                "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
                "spec.rules[0].resourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify other verbs",
                "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace",
            ]
        );
    }

    #[test]
    fn service_accounts_are_one_or_all_of_a_namespace() {
        let of = |name: &str, namespace: &str| {
            let account = json!({"name": name, "namespace": namespace});
            let subject = json!({"kind": "ServiceAccount", "serviceAccount": account});
            let errors = validate_subject(&Field::new(&subject, "subject"));
            errors
                .iter()
                .map(|error| error.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("*", "default"), [""; 0]);
        let errors = of("No_body", "Some_where");
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with("subject.serviceAccount.name: Invalid value: \"No_body\": "));
        assert!(errors[1].starts_with("subject.serviceAccount.namespace: Invalid value: "));
        assert_eq!(
            of("a", ""),
            [
                "subject.serviceAccount.namespace: Required value: must specify namespace for service account"
            ]
        );
    }
}
