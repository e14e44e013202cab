use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::check::{Difference, Outcome, Verdict};
use crate::course;
use crate::session::{judge_tasks, state};

fn open() -> OpenKata {
    let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    let kata = course.find("pods/first-pod").unwrap().instance(7).unwrap();
    OpenKata {
        tasks: judge_tasks(&kata, &[]),
        verdicts: BTreeMap::new(),
        ..state::OpenKata::new(Arc::new(kata), state::Phase::Working)
    }
}

fn call(verb: &str, resource: &str, name: &str, code: u16) -> ApiCall {
    ApiCall {
        verb: verb.to_owned(),
        resource: resource.to_owned(),
        name: name.to_owned(),
        namespace: "default".to_owned(),
        code,
        ..ApiCall::default()
    }
}

fn refused(field: &str, seen: &str) -> Verdict {
    Verdict {
        check: "a".to_owned(),
        says: String::new(),
        outcome: Outcome::Fails,
        differences: vec![Difference::new(field, "it exists", seen)],
        otherwise: None,
        look: Vec::new(),
    }
}

fn step(command: &str, exit: i32) -> Step {
    Step {
        at: Timestamp::UNIX_EPOCH,
        command: command.to_owned(),
        exit,
    }
}

fn says(open: &OpenKata, calls: Vec<ApiCall>) -> Option<String> {
    let mut coach = Coach::default();
    coach.hear(calls);
    coach.look(open);
    coach.says().map(str::to_owned)
}

#[test]
fn who_does_nothing_strange_hears_nothing() {
    let open = open();
    assert_eq!(says(&open, vec![]), None);
    assert_eq!(says(&open, vec![call("list", "pods", "", 200)]), None);
}

#[test]
fn an_object_that_is_checked_and_was_deleted_is_named() {
    let mut open = open();
    let verdict = refused("configmap \"web\"", "nothing");
    open.verdicts.insert("a".to_owned(), verdict);
    let gone = || call("delete", "configmaps", "web", 200);
    assert!(says(&open, vec![gone()]).unwrap().contains("`web`"));
    let other = call("delete", "configmaps", "other", 200);
    assert_eq!(says(&open, vec![other]), None);
    let in_vain = call("delete", "configmaps", "web", 404);
    assert_eq!(says(&open, vec![in_vain]), None);
}

#[test]
fn a_command_that_failed_three_times_is_noticed_until_another_one_is_tried() {
    let mut open = open();
    open.steps = vec![step("kubectl aply", 1); 2];
    assert_eq!(says(&open, vec![]), None);
    open.steps.push(step("kubectl aply", 1));
    assert!(says(&open, vec![]).unwrap().contains("three times"));
    let mut coach = Coach::default();
    coach.look(&open);
    open.steps.push(step("kubectl apply -f a", 0));
    coach.look(&open);
    assert_eq!(coach.says(), None);
}

#[test]
fn events_that_nobody_reads_are_recommended_only_after_some_time() {
    let mut open = open();
    let verdict = refused("status", "nothing yet");
    open.verdicts.insert("a".to_owned(), verdict);
    let busy = || vec![call("list", "pods", "", 200); 6];
    assert_eq!(says(&open, busy()), None);
    open.seconds = 300;
    assert!(says(&open, busy()).unwrap().contains("kubectl events"));
    let mut read = busy();
    read.push(call("list", "events", "", 200));
    assert_eq!(says(&open, read), None);
}

#[test]
fn what_is_forbidden_twice_and_what_lands_elsewhere_is_noticed() {
    let open = open();
    let forbidden = vec![call("list", "secrets", "", 403); 2];
    assert!(says(&open, forbidden).unwrap().contains("can-i"));
    let elsewhere = says(&open, vec![call("create", "pods", "a", 201)]).unwrap();
    assert!(elsewhere.contains(open.kata.namespace()), "{elsewhere}");
}

#[test]
fn a_notice_that_was_dismissed_is_not_said_again_and_silence_can_be_had() {
    let mut open = open();
    open.steps = vec![step("x", 1); 3];
    let mut coach = Coach::default();
    coach.look(&open);
    coach.dismiss();
    coach.look(&open);
    assert_eq!(coach.says(), None);
    coach.begin();
    coach.look(&open);
    assert!(coach.says().is_some(), "another attempt");
    coach.on = false;
    coach.look(&open);
    assert_eq!(coach.says(), None);
}
