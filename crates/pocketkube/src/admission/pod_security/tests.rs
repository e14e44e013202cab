use serde_json::json;

use super::*;

fn judged(level: &str, spec: Value) -> String {
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}});
    let (policy, errors) = Policy::of(&labels);
    assert!(errors.is_empty());
    detail(&evaluate(policy.enforce, &json!({}), &spec))
}

fn hardened() -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "a", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        }}],
    })
}

#[test]
fn a_plain_pod_is_baseline_but_not_restricted() {
    let plain = json!({"containers": [{"name": "a"}]});
    assert_eq!(judged("baseline", plain.clone()), "");
    assert_eq!(
        judged("restricted", plain),
        "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false), \
         unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]), \
         runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true), \
         seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    );
    assert_eq!(judged("restricted", hardened()), "");
}

#[test]
fn the_baseline_keeps_pods_in_their_box() {
    for (change, expected) in [
        (
            json!({"hostNetwork": true, "hostPID": true}),
            "host namespaces (hostNetwork=true, hostPID=true)",
        ),
        (
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
            "hostPath volumes (volume \"v\")",
        ),
        (
            json!({"containers": [{"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 443}]}]}),
            "hostPort (container \"a\" uses hostPorts 443, 80)",
        ),
        (
            json!({"containers": [{"name": "a", "securityContext": {"privileged": true}}]}),
            "privileged (container \"a\" must not set securityContext.privileged=true)",
        ),
        (
            json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}}]}),
            "non-default capabilities (container \"a\" must not include \"NET_ADMIN\" in securityContext.capabilities.add)",
        ),
        (
            json!({"containers": [{"name": "a", "securityContext": {"procMount": "Unmasked"}}]}),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")",
        ),
        (
            json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}}),
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
            "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
        ),
        (
            json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
            "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")",
        ),
        (
            json!({"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}}),
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set)",
        ),
        (
            json!({"securityContext": {"windowsOptions": {"hostProcess": true}}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            json!({"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "example.com"}}}]}),
            "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"example.com\")",
        ),
    ] {
        assert_eq!(judged("baseline", change), expected);
    }
}

#[test]
fn the_restricted_standard_says_better_what_the_baseline_says_too() {
    let mut spec = hardened();
    spec["volumes"] = json!([{"name": "v", "hostPath": {"path": "/"}}]);
    spec["securityContext"]["runAsUser"] = json!(0);
    spec["containers"][0]["securityContext"]["capabilities"]["add"] = json!(["NET_ADMIN"]);
    assert_eq!(
        judged("restricted", spec),
        "unrestricted capabilities (container \"a\" must not include \"NET_ADMIN\" in securityContext.capabilities.add), \
         restricted volume types (volume \"v\" uses restricted volume type \"hostPath\"), \
         runAsUser=0 (pod must not set runAsUser=0)"
    );
}

#[test]
fn labels_that_cannot_be_read_are_mistakes() {
    let namespace = json!({"metadata": {"labels": {
        "pod-security.kubernetes.io/enforce": "strict",
        "pod-security.kubernetes.io/warn-version": "1.30",
    }}});
    let (policy, errors) = Policy::of(&namespace);
    assert_eq!(policy.enforce.level, Level::Restricted);
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted",
            "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1.30\": must be \"latest\" or \"v1.x\"",
        ]
    );
}

#[test]
fn a_version_freezes_the_checks_of_its_time() {
    let labels = json!({"metadata": {"labels": {
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": "v1.31",
    }}});
    let enforce = Policy::of(&labels).0.enforce;
    assert_eq!(enforce.to_string(), "baseline:v1.31");
    let spec = json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}});
    let found = evaluate(enforce, &json!({}), &spec);
    assert_eq!(detail(&found), "forbidden sysctls (net.ipv4.tcp_rmem)");
}

#[test]
fn pods_with_the_same_faults_are_told_together() {
    assert_eq!(shown(&["b", "a"]), "a (and 1 other pod)");
    assert_eq!(shown(&["b", "a", "c"]), "a (and 2 other pods)");
}

#[test]
fn a_pod_that_only_changes_its_labels_is_not_judged_again() {
    let pod = json!({"spec": {"containers": [{"name": "a", "image": "x"}]}});
    let mut labelled = pod.clone();
    labelled["metadata"] = json!({"labels": {"a": "b"}});
    assert!(!is_significant(&labelled, &pod));
    labelled["spec"]["containers"][0]["image"] = json!("y");
    assert!(is_significant(&labelled, &pod));
}
