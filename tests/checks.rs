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

#[tokio::test]
async fn a_check_turns_good_soon_after_the_state_is_right() {
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
        took = learning => assert!(took < Duration::from_millis(100), "it took {took:?}"),
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
        done = timeout(Duration::from_secs(5), learning) => done.expect("it turns"),
    }
}

#[tokio::test]
async fn what_may_take_time_is_waited_for_on_the_clusters_clock() {
    let (cluster, judge) =
        judged(&GREETS.replace("    object", "    within: 10m\n    object")).await;
    cluster.clock().set_speed(6000.0);
    let began = Instant::now();
    let verdicts = judge.settle(Patience::Full).await;
    assert_eq!(verdicts[0].outcome, Outcome::Fails);
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(90) && took < Duration::from_secs(5),
        "{took:?}"
    );
}

#[tokio::test]
async fn what_must_last_holds_only_after_that_time() {
    let (cluster, judge) =
        judged(&GREETS.replace("    object", "    holds: 10m\n    object")).await;
    create(&cluster.client(), GREETING).await;
    assert!(judge.glance().await[0].holds());
    cluster.clock().set_speed(6000.0);
    let before = cluster.clock().now();
    assert!(judge.settle(Patience::Full).await[0].holds());
    let waited = cluster.clock().now().duration_since(before);
    assert!(waited.as_secs() >= 600, "{waited}");
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
    assert_eq!(
        said(&verdicts[4]),
        ["object.data.text: so that object.data.text.size() > 9 / hello"]
    );
    assert_eq!(
        said(&verdicts[5]),
        ["configmap \"greeting\": object.data.other == 'x' / no `other`"]
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
