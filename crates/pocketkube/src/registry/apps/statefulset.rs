//! StatefulSets: Pods with names, order and storage of their own.
//!
//! Mirrors `pkg/registry/apps/statefulset/strategy.go`, `pkg/apis/apps/v1/defaults.go` and the
//! StatefulSet part of `pkg/apis/apps/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::int_or_percent;
use super::workload::{self, Counter};
use crate::api::field::{Error, ErrorList};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::selector::LabelSelector;
use crate::api::tree::{elements, elements_mut, fill, fill_absent, integer, restore, text};
use crate::api::validate::semantically_equal;
use crate::printers::{Column, RowContext, TableDef, age_cell, container_cells};
use crate::registry::core::pod::template;
use crate::registry::core::pod::warnings::claim_spec_warnings;
use crate::registry::validation::{Field, must_not_be_decremented};
use crate::registry::{HookContext, ResourceDef, ScalePaths, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "apps",
        "v1",
        "StatefulSet",
        "statefulsets",
        StatefulSetStrategy,
    )
    .short_names(&["sts"])
    .in_all()
    .table(table())
    .with_status()
    .with_scale(ScalePaths {
        spec_replicas: ".spec.replicas".into(),
        status_replicas: ".status.replicas".into(),
        selector: Some(".spec.selector".into()),
    })
}

fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::text("Ready").described("Number of the pod with ready state"),
        Column::age(),
        Column::text("Containers").wide(),
        Column::text("Images").wide(),
    ];
    TableDef::new(columns, cells)
}

fn cells(set: &Value, context: RowContext) -> Vec<Value> {
    let spec = &set["spec"];
    let ready = integer(&set["status"], "readyReplicas");
    let [names, images] = container_cells(&spec["template"]["spec"]["containers"]);
    vec![
        json!(meta::name(set)),
        json!(format!("{ready}/{}", integer(spec, "replicas"))),
        json!(age_cell(set, context.now)),
        json!(names),
        json!(images),
    ]
}

struct StatefulSetStrategy;

impl Strategy for StatefulSetStrategy {
    fn default(&self, set: &mut Value) {
        map_at(set, "spec");
        let spec = &mut set["spec"];
        map_at(spec, "template");
        template::default(&mut spec["template"]);
        fill(spec, "podManagementPolicy", "OrderedReady");
        fill_absent(spec, "replicas", 1);
        fill_absent(spec, "revisionHistoryLimit", 10);
        map_at(spec, "updateStrategy");
        let strategy = &mut spec["updateStrategy"];
        fill(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate" {
            map_at(strategy, "rollingUpdate");
            fill_absent(&mut strategy["rollingUpdate"], "partition", 0);
        }
        map_at(spec, "persistentVolumeClaimRetentionPolicy");
        let retention = &mut spec["persistentVolumeClaimRetentionPolicy"];
        fill(retention, "whenDeleted", "Retain");
        fill(retention, "whenScaled", "Retain");
        for claim in elements_mut(spec, "volumeClaimTemplates") {
            default_claim(claim);
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_label
    }

    fn prepare_for_create(&self, set: &mut Value, _context: &HookContext<'_>) {
        set["status"] = json!({"availableReplicas": 0, "replicas": 0});
    }

    fn validate(&self, set: &Value, _context: &HookContext<'_>) -> ErrorList {
        spec(&Field::new(&set["spec"], "spec"))
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        errors.extend(only_some_fields_changed(new, old));
        errors
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "spec");
    }

    fn validate_status_update(
        &self,
        new: &Value,
        old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        status(&Field::new(&new["status"], "status"), &old["status"])
    }

    fn warnings(&self, set: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings = workload::warnings(set, old);
        let spec = Field::new(&set["spec"], "spec");
        for claim in spec.child("volumeClaimTemplates").items() {
            // Upstream leaves out the spec in the path, or writes it large.
            let path = match old {
                None => claim.path.clone(),
                Some(_) => claim.path.child("Spec"),
            };
            warnings.extend(claim_spec_warnings(&Field::new(&claim.value["spec"], path)));
        }
        if spec.child("revisionHistoryLimit").integer() < 0 {
            warnings.push("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended".to_owned());
        }
        warnings
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }
}

/// Claims in the set carry their kind and an empty life of their own, as Kubernetes writes them.
fn default_claim(claim: &mut Value) {
    fill(claim, "apiVersion", "v1");
    fill(claim, "kind", "PersistentVolumeClaim");
    map_at(claim, "spec");
    fill_absent(&mut claim["spec"], "volumeMode", "Filesystem");
    map_at(claim, "status");
    fill(&mut claim["status"], "phase", "Pending");
}

fn spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let policy = spec.child("podManagementPolicy");
    if !matches!(policy.text(), "OrderedReady" | "Parallel") {
        errors.push(policy.invalid("must be 'OrderedReady' or 'Parallel'"));
    }
    errors.extend(update_strategy(&spec.child("updateStrategy")));
    let retention = spec.child("persistentVolumeClaimRetentionPolicy");
    for when in ["whenDeleted", "whenScaled"] {
        errors.extend(retention.child(when).must_be_one_of(&["Delete", "Retain"]));
    }
    errors.extend(spec.child("replicas").must_not_be_negative());
    errors.extend(spec.child("minReadySeconds").must_not_be_negative());
    errors.extend(spec.child("ordinals").child("start").must_not_be_negative());
    let service = spec.child("serviceName");
    if !service.is_empty() {
        errors.extend(service.faults(names::dns1123_label(service.text())));
    }
    errors.extend(workload::selector(&spec.child("selector"), "statefulset"));
    errors.extend(pod_template(spec));
    errors
}

fn update_strategy(strategy: &Field<'_>) -> ErrorList {
    let rolling = strategy.child("rollingUpdate");
    match text(strategy.value, "type") {
        "OnDelete" if rolling.is_set() => {
            vec![rolling.invalid("only allowed for updateStrategy 'RollingUpdate'")]
        }
        "OnDelete" => ErrorList::new(),
        "RollingUpdate" => {
            let mut errors = rolling.child("partition").must_not_be_negative();
            let unavailable = rolling.child("maxUnavailable");
            if unavailable.is_set() {
                errors.extend(int_or_percent::not_negative(&unavailable));
                if int_or_percent::value(&unavailable) == 0 {
                    errors.push(unavailable.invalid("cannot be 0"));
                }
                errors.extend(int_or_percent::at_most_100_percent(&unavailable));
            }
            errors
        }
        _ => vec![strategy.invalid("must be 'RollingUpdate' or 'OnDelete'")],
    }
}

/// The template, in which the claims of the set count as volumes.
fn pod_template(spec: &Field<'_>) -> ErrorList {
    let selector = spec.child("selector");
    let Ok(labels) = LabelSelector::from_value(selector.value) else {
        return vec![selector.invalid("")];
    };
    let template = spec.child("template");
    let mut errors = ErrorList::new();
    errors.extend(workload::labels_match(&labels, &template));
    let with_claims = with_claim_volumes(template.value, &spec.value["volumeClaimTemplates"]);
    let template = Field::new(&with_claims, template.path);
    errors.extend(template::validate_long_running(&template, "StatefulSet"));
    errors
}

fn with_claim_volumes(template: &Value, claims: &Value) -> Value {
    let mut template = template.clone();
    let names: Vec<&str> = elements(claims).iter().map(meta::name).collect();
    if names.is_empty() {
        return template;
    }
    let spec = &mut template["spec"];
    let mut volumes: Vec<Value> = elements(&spec["volumes"])
        .iter()
        .filter(|volume| !names.contains(&text(volume, "name")))
        .cloned()
        .collect();
    volumes.extend(
        names
            .iter()
            .map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}})),
    );
    spec["volumes"] = Value::Array(volumes);
    template
}

/// What may change while the set lives: the rest shapes Pods and claims that are there already.
fn only_some_fields_changed(new: &Value, old: &Value) -> Option<Error> {
    const CHANGEABLE: &[&str] = &[
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let mut spec = new["spec"].clone();
    for field in CHANGEABLE {
        restore(&mut spec, &old["spec"], field);
    }
    (!semantically_equal(&spec, &old["spec"])).then(|| {
        Error::forbidden(
            "spec".into(),
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        )
    })
}

fn status(status: &Field<'_>, old: &Value) -> ErrorList {
    const NOT_ABOVE: &[Counter] = &[
        Counter::at_most_replicas("readyReplicas"),
        Counter::at_most_replicas("currentReplicas"),
        Counter::at_most_replicas("updatedReplicas"),
        Counter::at_most_replicas("availableReplicas"),
        Counter::new(
            "availableReplicas",
            "readyReplicas",
            "cannot be greater than status.readyReplicas",
        ),
    ];
    let mut errors = ErrorList::new();
    for counter in [
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount",
    ] {
        errors.extend(status.child(counter).must_not_be_negative());
    }
    errors.extend(workload::counters(status, NOT_ABOVE));
    let collisions = status.child("collisionCount");
    errors.extend(must_not_be_decremented(&collisions, &old["collisionCount"]));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Value {
        let mut set = json!({"metadata": {"name": "db"}, "spec": {
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{
                    "name": "a", "image": "x:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                }]},
            },
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}],
        }});
        StatefulSetStrategy.default(&mut set);
        set
    }

    fn texts(set: &Value) -> Vec<String> {
        let errors = spec(&Field::new(&set["spec"], "spec"));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_bare_set_is_ordered_and_keeps_its_claims() {
        let set = set();
        let spec = &set["spec"];
        assert_eq!(spec["podManagementPolicy"], "OrderedReady");
        assert_eq!(
            spec["updateStrategy"],
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
        );
        assert_eq!(
            spec["persistentVolumeClaimRetentionPolicy"],
            json!({"whenDeleted": "Retain", "whenScaled": "Retain"})
        );
        assert_eq!(
            spec["volumeClaimTemplates"][0]["kind"],
            "PersistentVolumeClaim"
        );
        assert_eq!(
            spec["volumeClaimTemplates"][0]["status"]["phase"],
            "Pending"
        );
        assert_eq!(texts(&set), [""; 0], "claims count as volumes");
    }

    #[test]
    fn policies_are_words_of_a_list() {
        let mut set = set();
        set["spec"]["podManagementPolicy"] = json!("Chaos");
        set["spec"]["updateStrategy"] = json!({"type": "Never"});
        assert_eq!(
            texts(&set),
            [
                "spec.podManagementPolicy: Invalid value: \"Chaos\": must be 'OrderedReady' or 'Parallel'",
                "spec.updateStrategy: Invalid value: {\"type\":\"Never\"}: must be 'RollingUpdate' or 'OnDelete'",
            ]
        );
    }

    #[test]
    fn only_some_fields_may_change() {
        let old = set();
        let mut new = old.clone();
        new["spec"]["replicas"] = json!(5);
        new["spec"]["minReadySeconds"] = json!(5);
        assert_eq!(only_some_fields_changed(&new, &old), None);
        new["spec"]["serviceName"] = json!("other");
        let error = only_some_fields_changed(&new, &old).unwrap().to_string();
        assert!(error.starts_with(
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', "
        ));
    }

    #[test]
    fn what_a_set_will_regret_is_warned_of() {
        let mut set = set();
        set["spec"]["revisionHistoryLimit"] = json!(-1);
        set["spec"]["volumeClaimTemplates"][0]["spec"]["resources"] =
            json!({"requests": {"storage": "500m"}});
        assert_eq!(
            StatefulSetStrategy.warnings(&set, None),
            [
                "spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value \"500m\" is invalid, must be an integer",
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended",
            ]
        );
    }
}
