use super::*;

fn job(spec: Value) -> Value {
    let mut job = json!({"metadata": {"name": "j", "uid": "u"}, "spec": spec});
    JobStrategy.default(&mut job);
    if job["spec"]["manualSelector"] != true {
        generate_selector(&mut job);
    }
    job
}

fn with(field: &str, value: Value) -> Value {
    let mut spec = json!({"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1"}],
    }}});
    spec[field] = value;
    job(spec)
}

fn check(job: &Value, expected: &[&str]) {
    let errors = validation::job(job);
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
}

#[test]
fn a_bare_job_runs_once_and_finds_its_pods_by_generated_labels() {
    let mut job = with("suspend", Value::Null);
    inherit_labels(&mut job);
    let spec = &job["spec"];
    for (field, value) in [
        ("completions", json!(1)),
        ("parallelism", json!(1)),
        ("backoffLimit", json!(6)),
        ("completionMode", json!("NonIndexed")),
        ("suspend", json!(false)),
        ("podReplacementPolicy", json!("TerminatingOrFailed")),
        (
            "selector",
            json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}),
        ),
    ] {
        assert_eq!(spec[field], value, "{field}");
    }
    assert_eq!(job["metadata"]["labels"]["job-name"], "j");
    check(&job, &[]);
}

#[test]
fn numbers_are_not_negative() {
    let job = job(json!({
        "completions": -1, "parallelism": -1, "backoffLimit": -1, "activeDeadlineSeconds": -1,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "b:1"}]}},
    }));
    check(
        &job,
        &[
            "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
            "spec.completions: Invalid value: -1: must be greater than or equal to 0",
            "spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
        ],
    );
}

#[test]
fn pods_of_a_job_end() {
    let job = job(json!({"template": {"spec": {"containers": [{"name": "c", "image": "b:1"}]}}}));
    check(
        &job,
        &[
            "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
        ],
    );
}

#[test]
fn a_selector_of_ones_own_needs_saying_so() {
    let job = with("selector", json!({"matchLabels": {"a": "b"}}));
    let texts: Vec<String> = validation::job(&job)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        texts[0].starts_with("spec.selector: Invalid value: {"),
        "{texts:?}"
    );
    assert!(texts[0].ends_with(": `selector` not auto-generated"));
}

#[test]
fn completions_are_fixed_unless_indexed_and_in_step() {
    let old = with("completions", json!(2));
    let mut new = old.clone();
    new["spec"]["completions"] = json!(5);
    let texts: Vec<String> = validation::update(&new, &old)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        ["spec.completions: Invalid value: 5: field is immutable"]
    );
    let mut old = old;
    old["spec"]["completionMode"] = json!("Indexed");
    new["spec"]["completionMode"] = json!("Indexed");
    new["spec"]["parallelism"] = json!(5);
    assert_eq!(validation::update(&new, &old), []);
}

#[test]
fn a_suspended_job_may_still_choose_its_nodes() {
    let mut old = with("suspend", json!(true));
    let mut new = old.clone();
    new["spec"]["template"]["spec"]["nodeSelector"] = json!({"disk": "ssd"});
    assert_eq!(validation::update(&new, &old), []);
    old["status"] = json!({"startTime": "2025-01-01T00:00:00Z"});
    let error = validation::update(&new, &old)[0].to_string();
    assert!(
        error.starts_with("spec.template: Invalid value: ")
            && error.ends_with("field is immutable")
    );
}

#[test]
fn failure_policies_are_complete() {
    let job = with(
        "podFailurePolicy",
        json!({"rules": [{"action": "Hope"}, {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [0]}}]}),
    );
    check(
        &job,
        &[
            "spec.podFailurePolicy.rules[0].action: Unsupported value: \"Hope\": supported values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"",
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
            "spec.podFailurePolicy.rules[1].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator",
        ],
    );
}

#[test]
fn a_job_is_complete_only_with_all_that_goes_with_it() {
    let old = with("suspend", json!(false));
    let mut new = old.clone();
    new["status"] = json!({"active": 1, "conditions": [{"type": "Complete", "status": "True"}]});
    let texts: Vec<String> = status::update(&new, &old)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        [
            "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
            "status.active: Invalid value: 1: active>0 is invalid for finished job",
            "status.startTime: Required value: startTime is required for finished job",
            "status.completionTime: Required value: completionTime is required for Complete jobs",
        ]
    );
}

#[test]
fn indexes_fail_or_succeed_but_not_both() {
    let mut old = with("completions", json!(5));
    old["spec"]["completionMode"] = json!("Indexed");
    old["spec"]["backoffLimitPerIndex"] = json!(1);
    let texts = |old: &Value, status: Value| -> Vec<String> {
        let mut new = old.clone();
        new["status"] = status;
        let errors = status::update(&new, old);
        errors.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        texts(
            &old,
            json!({"completedIndexes": "0,2", "failedIndexes": "1,3-4", "active": 1, "ready": 1})
        ),
        [""; 0]
    );
    assert_eq!(
        texts(
            &old,
            json!({"completedIndexes": "0-2", "failedIndexes": "2-3", "ready": 1})
        ),
        [
            "status.failedIndexes: Invalid value: \"2-3\": failedIndexes and completedIndexes overlap at index: 2",
            "status.ready: Invalid value: 1: cannot set more ready pods than active",
        ]
    );
    assert_eq!(
        texts(&old, json!({"failedIndexes": "7"})),
        [
            "status.failedIndexes: Invalid value: \"7\": error parsing failedIndexes: too large index: \"7\"",
        ]
    );
    old["spec"]["backoffLimitPerIndex"] = Value::Null;
    assert_eq!(
        texts(&old, json!({"failedIndexes": "1"})),
        [
            "status.failedIndexes: Invalid value: \"1\": cannot set non-null failedIndexes when backoffLimitPerIndex is null",
        ]
    );
}

#[test]
fn the_table_shows_how_far_a_job_is() {
    let now = "2025-01-01T00:01:00Z".parse().unwrap();
    let context = crate::printers::RowContext { now };
    let mut job = with("completions", json!(3));
    job["status"] = json!({"succeeded": 1, "startTime": "2025-01-01T00:00:00Z"});
    assert_eq!(table::cells(&job, context)[1..4], ["Running", "1/3", "60s"]);
    job["status"] = json!({
        "succeeded": 3, "startTime": "2025-01-01T00:00:00Z", "completionTime": "2025-01-01T00:00:05Z",
        "conditions": [{"type": "Complete", "status": "True"}],
    });
    assert_eq!(table::cells(&job, context)[1..4], ["Complete", "3/3", "5s"]);
}
