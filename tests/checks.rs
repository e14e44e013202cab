//! The check engine against a cluster: it waits for changes, and says what is different.

use std::time::Duration;

use kubekata::check::{Outcome, Patience, Verdict};
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::support::{self, create, judged, patch};

const GREETING: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting, labels: {app: a}}
data: {text: hello}
";

const GREETS: &str = "  - id: greets
    says: It greets
    object: {kind: ConfigMap, name: greeting, match: {data: {text: hello}}}
";

fn said(verdict: &Verdict) -> Vec<String> {
    verdict
        .differences
        .iter()
        .map(|it| format!("{}: {} / {}", it.field, it.expected, it.seen))
        .collect()
}

#[tokio::test]
async fn a_verdict_says_what_was_expected_and_what_was_seen() {
    let (cluster, judge) = judged(GREETS).await;
    let verdicts = judge.glance().await;
    assert_eq!(verdicts[0].outcome, Outcome::Fails);
    assert_eq!(
        said(&verdicts[0]),
        ["configmap \"greeting\": it exists / nothing"]
    );
    create(&cluster.client(), &GREETING.replace("hello", "bye")).await;
    let verdicts = support::judge(&cluster, GREETS).glance().await;
    assert_eq!(said(&verdicts[0]), ["data.text: hello / bye"]);
    assert_eq!(verdicts[0].look, ["kubectl get configmap greeting -o yaml"]);
}

#[tokio::test(start_paused = true)]
async fn a_check_turns_good_without_any_time_passing() {
    let (cluster, judge) = judged(GREETS).await;
    let (sender, mut verdicts) = mpsc::channel::<Verdict>(8);
    let (_again, again) = watch::channel(0);
    let judging = judge.watch(sender, again);
    let learning = async {
        assert!(!verdicts.recv().await.expect("a verdict").holds());
        create(&cluster.client(), GREETING).await;
        let right = Instant::now();
        while !verdicts.recv().await.expect("a verdict").holds() {}
        right.elapsed()
    };
    tokio::select! {
        () = judging => panic!("the judge ended"),
        took = learning => assert!(took < Duration::from_millis(10), "it took {took:?}"),
    }
}

#[tokio::test]
async fn a_check_turns_bad_again_when_the_state_does() {
    let (cluster, judge) = judged(GREETS).await;
    create(&cluster.client(), GREETING).await;
    let (sender, mut verdicts) = mpsc::channel::<Verdict>(8);
    let (_again, again) = watch::channel(0);
    let learning = async {
        while !verdicts.recv().await.expect("a verdict").holds() {}
        patch(
            &cluster.client(),
            "ConfigMap",
            "greeting",
            json!({"data": {"text": "bye"}}),
        )
        .await;
        while verdicts.recv().await.expect("a verdict").holds() {}
    };
    tokio::select! {
        () = judge.watch(sender, again) => panic!("the judge ended"),
        done = timeout(Duration::from_secs(60), learning) => done.expect("it turns"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_take_time_is_waited_for_on_the_clusters_clock() {
    let (cluster, judge) =
        judged(&GREETS.replace("    object", "    within: 10m\n    object")).await;
    let before = cluster.clock().now();
    let verdicts = judge.settle(Patience::Full).await;
    assert_eq!(verdicts[0].outcome, Outcome::Fails);
    let waited = cluster.clock().now().duration_since(before);
    assert!((600..602).contains(&waited.as_secs()), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn what_must_last_holds_only_after_that_time() {
    let (cluster, judge) =
        judged(&GREETS.replace("    object", "    holds: 10m\n    object")).await;
    create(&cluster.client(), GREETING).await;
    assert!(judge.glance().await[0].holds());
    let before = cluster.clock().now();
    assert!(judge.settle(Patience::Full).await[0].holds());
    let waited = cluster.clock().now().duration_since(before);
    assert!((600..602).contains(&waited.as_secs()), "{waited}");
}

#[tokio::test]
async fn counts_absences_and_expressions_read_the_same_objects() {
    let checks = "  - {id: one, says: One, count: {kind: ConfigMap, labels: {app: a}, is: 1}}
  - {id: none, says: None, absent: {kind: ConfigMap, name: other}}
  - {id: there, says: There, not: {absent: {kind: ConfigMap, name: greeting}}}
  - id: cel
    says: Long enough
    cel: {kind: ConfigMap, name: greeting, expression: object.data.text.size() == 5}
  - id: shown
    says: Much longer
    cel: {kind: ConfigMap, name: greeting, expression: object.data.text.size() > 9, show: object.data.text}
  - id: missing
    says: A field that is not there
    cel: {kind: ConfigMap, name: greeting, expression: object.data.other == 'x'}
  - id: either
    says: One way or the other
    any:
      - object: {kind: ConfigMap, name: other}
      - all:
          - object: {kind: ConfigMap, labels: {app: a}, which: any, match: {data: {text: '~^hel'}}}
";
    let (cluster, judge) = judged(checks).await;
    create(&cluster.client(), GREETING).await;
    let verdicts = judge.glance().await;
    let outcomes: Vec<_> = verdicts
        .iter()
        .map(|it| (it.check.as_str(), it.outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("one", Outcome::Holds),
            ("none", Outcome::Holds),
            ("there", Outcome::Holds),
            ("cel", Outcome::Holds),
            ("shown", Outcome::Fails),
            ("missing", Outcome::Fails),
            ("either", Outcome::Holds),
        ]
    );
    assert_eq!(said(&verdicts[4]), ["configmap \"greeting\":  / hello"]);
    assert_eq!(
        said(&verdicts[5]),
        ["configmap \"greeting\":  / no `other`"]
    );
}

#[tokio::test]
async fn a_kind_that_the_cluster_does_not_have_is_not_known_rather_than_wrong() {
    let checks =
        "  - {id: a, says: A, object: {kind: Widget, apiVersion: example.com/v1, name: w}}\n";
    let (_cluster, judge) = judged(checks).await;
    let verdicts = judge.glance().await;
    assert_eq!(verdicts[0].outcome, Outcome::Unknown);
    assert_eq!(
        said(&verdicts[0]),
        ["cluster: an answer / the cluster has no kind Widget of example.com/v1"]
    );
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'nginx:1.27'}]}
";

const WEB_SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

const CLIENT: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: client}
spec: {containers: [{name: client, image: 'busybox:1.36', command: [sleep, infinity]}]}
";

#[tokio::test(start_paused = true)]
async fn rollouts_names_and_answers_are_seen_from_inside_the_cluster() {
    let checks = "  - {id: rollout, says: Rolled out, within: 60s, rollout: {name: web, revision: 1}}
  - {id: name, says: Named, within: 60s, dns: {name: web, from: {name: client}, answers: {$size: 1}}}
  - {id: other, says: Other, within: 60s, dns: {name: other, from: {name: client}, answers: absent}}
  - {id: answer, says: A, within: 60s, http: {service: web, from: {name: client}, body: contains nginx}}
  - {id: nothing, says: Nothing, within: 60s, dns: {name: nothing, from: {name: client}}}
";
    let (cluster, judge) = judged(checks).await;
    for manifest in [WEB, WEB_SERVICE, CLIENT] {
        create(&cluster.client(), manifest).await;
    }
    let verdicts = judge.settle(Patience::Full).await;
    let refused: Vec<_> = verdicts.iter().filter(|it| !it.holds()).collect();
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert_eq!(
        said(refused[0]),
        ["answers for nothing: an address / nothing"]
    );
    assert_eq!(refused[0].look, ["kubectl exec client -- nslookup nothing"]);
}

#[tokio::test]
async fn what_someone_may_do_is_asked_for_every_verb() {
    let checks = "  - {id: admin, says: A, can_i: {as: root, groups: ['system:masters'], verb: [get, delete], resource: pods}}
  - {id: anna, says: B, can_i: {as: anna, verb: [get, list], resource: deployments.apps}}
  - {id: account, says: C, can_i: {serviceAccount: default, verb: delete, resource: pods, allowed: false}}
";
    let (_cluster, judge) = judged(checks).await;
    let verdicts = judge.glance().await;
    assert!(verdicts[0].holds(), "{:?}", verdicts[0]);
    assert_eq!(
        said(&verdicts[1]),
        [
            "anna deployments.apps get: yes / no",
            "anna deployments.apps list: yes / no"
        ]
    );
    assert_eq!(verdicts[1].look, ["kubectl auth can-i --list --as=anna"]);
    assert!(verdicts[2].holds(), "{:?}", verdicts[2]);
}

const SIEGE: &str = "  - id: heals
    says: It heals
    within: 60s
    converges:
      attack:
        - patch: {kind: ConfigMap, name: greeting, merge: {data: {text: bye}}}
        - delete: {kind: Service, name: web}
      to:
        all:
          - object: {kind: ConfigMap, name: greeting, match: {data: {text: hello}}}
          - object: {kind: Service, name: web}
";

#[tokio::test(start_paused = true)]
async fn what_is_attacked_and_not_made_good_again_is_told() {
    let (cluster, judge) = judged(SIEGE).await;
    for manifest in [GREETING, WEB_SERVICE] {
        create(&cluster.client(), manifest).await;
    }
    let verdicts = judge.settle(Patience::Full).await;
    assert_eq!(verdicts[0].outcome, Outcome::Fails);
    let after = "after a change of configmap \"greeting\", the deletion of service \"web\": ";
    assert_eq!(
        said(&verdicts[0]),
        [
            format!("{after}data.text: hello / bye"),
            format!("{after}service \"web\": it exists / nothing"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_made_good_again_after_an_attack_converges() {
    let (cluster, judge) = judged(SIEGE).await;
    let client = cluster.client();
    for manifest in [GREETING, WEB_SERVICE] {
        create(&client, manifest).await;
    }
    let operator = async {
        let services: kube::Api<k8s_openapi::api::core::v1::Service> =
            kube::Api::namespaced(client.clone(), support::NAMESPACE);
        while services.get_opt("web").await.expect("an answer").is_some() {
            cluster.clock().sleep(Duration::from_secs(1)).await;
        }
        create(&client, WEB_SERVICE).await;
        patch(
            &client,
            "ConfigMap",
            "greeting",
            json!({"data": {"text": "hello"}}),
        )
        .await;
    };
    let (verdicts, ()) = tokio::join!(judge.settle(Patience::Full), operator);
    assert!(verdicts[0].holds(), "{:?}", verdicts[0]);
}

const QUIET: &str = "  - id: quiet
    says: It falls silent
    within: 60s
    converges:
      once: {object: {kind: ServiceAccount, name: operator}}
      attack:
        - cut: {serviceAccount: operator}
      to: {object: {kind: ConfigMap, name: greeting, match: {data: {text: hello}}}}
      in: 30s
      then: {serviceAccount: operator, for: 10s, writes: 0}
      keeps: [{kind: ServiceAccount, name: operator}]
";

const OPERATOR: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata: {name: operator}
";

/// Writes the greeting every second, so often.
async fn greet(cluster: &pocketkube::Cluster, times: usize) {
    let operator = pocketkube::authentication::UserInfo::new(
        "system:serviceaccount:default:operator",
        &["system:masters"],
    );
    let client = cluster.client_as(operator);
    for _ in 0..times {
        cluster.clock().sleep(Duration::from_secs(1)).await;
        patch(
            &client,
            "ConfigMap",
            "greeting",
            json!({"data": {"text": "hello"}}),
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_writes_for_a_while_and_then_falls_silent_is_quiet_enough() {
    let (cluster, judge) = judged(QUIET).await;
    for manifest in [GREETING, OPERATOR] {
        create(&cluster.client(), manifest).await;
    }
    let before = cluster.clock().now();
    let (verdicts, ()) = tokio::join!(judge.settle(Patience::Full), greet(&cluster, 15));
    assert!(verdicts[0].holds(), "{:?}", verdicts[0]);
    let took = cluster.clock().now().duration_since(before).as_secs();
    assert!((24..40).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn who_never_stops_writing_is_told_and_need_not_wait_any_longer() {
    let (cluster, judge) = judged(QUIET).await;
    for manifest in [GREETING, OPERATOR] {
        create(&cluster.client(), manifest).await;
    }
    let verdicts = tokio::select! {
        verdicts = judge.settle(Patience::Full) => verdicts,
        () = greet(&cluster, 600) => panic!("it was still waiting"),
    };
    assert_eq!(verdicts[0].outcome, Outcome::Fails);
    let told = said(&verdicts[0]).join("\n");
    assert!(
        told.starts_with("after the watches of operator were cut: writes of operator: 0 / "),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_attack_waits_for_the_other() {
    let second = SIEGE
        .replace("id: heals", "id: second")
        .replace("- delete: {kind: Service, name: web}", "");
    let (cluster, judge) = judged(&format!("{SIEGE}{second}")).await;
    let client = cluster.client();
    for manifest in [GREETING, WEB_SERVICE] {
        create(&client, manifest).await;
    }
    // Nobody mends anything: the second attack finds nothing that it could begin with.
    let verdicts = judge.settle(Patience::Full).await;
    let attacked = verdicts
        .iter()
        .filter(|it| said(it).iter().any(|line| line.starts_with("after ")));
    assert_eq!(attacked.count(), 1, "{verdicts:#?}");
}

#[tokio::test]
async fn what_is_tried_is_judged_by_the_answer_and_nothing_stays() {
    let checks = "  - {id: fine, says: A, attempt: {create: {apiVersion: v1, kind: ConfigMap, data: {a: b}}, becomes: {data: {a: b}}}}
  - {id: refused, says: B, attempt: {create: {apiVersion: v1, kind: Service, spec: {ports: [{port: 0}]}}, refused: contains spec.ports}}
  - {id: accepted, says: C, attempt: {create: {apiVersion: v1, kind: ConfigMap, data: {a: b}}, refused: exists}}
  - {id: patched, says: D, attempt: {patch: {kind: ConfigMap, name: greeting, merge: {data: {text: bye}}}, becomes: {data: {text: bye}}}}
  - {id: columns, says: E, columns: {kind: ConfigMap, name: greeting, cells: {Data: 1, Size: exists}}}
";
    let (cluster, judge) = judged(checks).await;
    create(&cluster.client(), GREETING).await;
    let verdicts = judge.glance().await;
    let holding: Vec<&str> = verdicts
        .iter()
        .filter(|it| it.holds())
        .map(|it| it.check.as_str())
        .collect();
    assert_eq!(holding, ["fine", "refused", "patched"], "{verdicts:#?}");
    assert_eq!(
        said(&verdicts[2]),
        ["creating a configmap: refused with anything / accepted"]
    );
    assert_eq!(
        said(&verdicts[4]),
        ["column SIZE: a column / no such column"]
    );
    let checks = "  - {id: none, says: None, count: {kind: ConfigMap, match: {data: {a: b}}, is: 0}}\n  - {id: same, says: Same, object: {kind: ConfigMap, name: greeting, match: {data: {text: hello}}}}\n";
    let verdicts = support::judge(&cluster, checks).glance().await;
    assert!(verdicts.iter().all(Verdict::holds), "{verdicts:#?}");
}
