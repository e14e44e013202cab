//! A small course and states of it, for the tests of the interface.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::glyphs::UNICODE;
use super::state::{Screen, State};
use super::theme::{Theme, ThemeName};
use super::update::update;
use crate::check::{Difference, Outcome, Verdict};
use crate::course::{Course, CourseFiles, KataId, load_files};
use crate::sandbox::{
    ClusterView, EventView, Health, NodeView, ObjectView, OwnerView, PodView, Reference,
    ServiceView, ShellEnvironment,
};
use crate::session::{self, Progress, SandboxInfo};
use crate::tui::command::Command;
use crate::tui::event::Event;

const COURSE: &str = "format: 1
title: Kubernetes by doing
tracks:
  - id: pods
    title: Pods
    about: The smallest thing that runs, and how it fails.
    lessons: [first, dying]
  - id: services
    title: Services and DNS
    about: Stable names for things that come and go.
    lessons: [port]
  - id: security
    title: Security
    lessons: []
";

const STORY: &str = "The team shipped `ledger` an hour ago. Since then the Pod restarts again and again, and nobody read its logs.\\n\\nFind out why, and repair it **without** changing the image.";

fn lesson(kata: &str, title: &str) -> String {
    format!(
        "---\nformat: 1\ntitle: {title}\nkata: {kata}\nminutes: 4\n---\n# {title}\n\nA *Pod* is the smallest thing you can run.\n\n```sh\nkubectl get pods\n```\n\n- it has an address\n- it has containers\n\n> [!TIP]\n> `kubectl logs --previous` shows the container before this one.\n"
    )
}

fn kata(title: &str, kind: &str) -> String {
    format!(
        "format: 1\ntitle: {title}\ndifficulty: easy\nkind: {kind}\nminutes: 10\nnamespaces: [harbor]\nstory: \"{STORY}\"\ntasks:\n  - {{id: logs, text: \"You read the previous container's logs\", checks: [seen]}}\n  - {{id: ready, text: \"Every Pod of `ledger` is Ready\", checks: [one, two]}}\n  - {{id: stays, text: \"It stays Ready for 30 s\", checks: [stays]}}\nhints:\n  - nudge: What did the container say before it died?\n  - look: The logs of the container before this one are kept.\n    command: kubectl logs deploy/ledger --previous\n  - answer: The ConfigMap's name has a typo.\nwrong:\n  other: one\n"
    )
}

const CHECKS: &str = "format: 1
checks:
  - {id: seen, says: The logs were read}
  - {id: one, says: One Pod is Ready}
  - {id: two, says: Two Pods are Ready}
  - {id: stays, says: It stays Ready}
";

const DEBRIEF: &str = "## What happened\n\nThe container looked for `/etc/ledger/ledger.yaml`, which was not there.\n\n## In production\n\nAn alert on restarts finds this before customers do.\n";

/// The course of the tests.
pub(super) fn course() -> Arc<Course> {
    let katas = [
        ("pods/first", "Your first Pod", "build"),
        ("pods/dying", "A container that keeps dying", "repair"),
        ("services/port", "The port that nobody listens on", "repair"),
    ];
    let mut files = vec![("lessons/course.yaml".to_owned(), COURSE.to_owned())];
    for (id, title, kind) in katas {
        files.push((format!("lessons/{id}.md"), lesson(id, title)));
        files.push((format!("katas/{id}/kata.yaml"), kata(title, kind)));
        files.push((format!("katas/{id}/debrief.md"), DEBRIEF.to_owned()));
        let solve = "kubectl rename configmap ledger-confg ledger-config\n".to_owned();
        files.push((format!("katas/{id}/solution/solve.sh"), solve));
        files.push((format!("katas/{id}/wrong/other.sh"), "true\n".to_owned()));
        files.push((format!("checks/{id}.yaml"), CHECKS.to_owned()));
    }
    let files = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    Arc::new(load_files(&CourseFiles::of(files)).expect("the tests' course is sound"))
}

/// The course map before the cluster is there.
pub(super) fn starting(columns: u16, rows: u16) -> State {
    let session = session::State::new(course(), 7, Progress::default());
    let theme = Theme::new(ThemeName::Dark, true, &UNICODE);
    State::new(session, theme, columns, rows)
}

/// The course map with a cluster.
pub(super) fn home(columns: u16, rows: u16) -> State {
    let mut state = starting(columns, rows);
    let ready = session::Event::SandboxReady(SandboxInfo {
        kind: "embedded".into(),
        version: "v1.35.0".into(),
        nodes: 3,
        speed: "×1".into(),
        hosted_here: true,
        address: None,
    });
    hear(&mut state, ready);
    state
}

/// The kata screen with nothing prepared yet.
pub(super) fn preparing(columns: u16, rows: u16) -> State {
    let mut state = home(columns, rows);
    let id = dying();
    let open = session::Event::Action(session::Action::OpenKata(id.clone()));
    hear(&mut state, open);
    state.select(&id);
    state.screen = Screen::Kata;
    update(&mut state, Event::Resize(columns, rows));
    state
}

/// The kata screen at work: one task done, one half done, a shell with output.
pub(super) fn working(columns: u16, rows: u16) -> State {
    let mut state = preparing(columns, rows);
    let kata = dying();
    let shell = Arc::new(ShellEnvironment {
        program: "/bin/sh".into(),
        workdir: "/".into(),
        ..ShellEnvironment::default()
    });
    let prepared = session::Event::KataPrepared {
        kata: kata.clone(),
        fresh: true,
        shell,
    };
    hear(&mut state, prepared);
    let life = state.shell.life;
    update(
        &mut state,
        Event::ShellStarted {
            life,
            failure: None,
        },
    );
    let bytes = b"harbor $ k get cm\r\nNAME               DATA   AGE\r\nkube-root-ca.crt   1      4m\r\nledger-confg       1      4m\r\nharbor $ ".to_vec();
    update(
        &mut state,
        Event::Shell(crate::tui::shell::ShellNews::Output { life, bytes }),
    );
    hear(
        &mut state,
        session::Event::ClusterChanged(Arc::new(cluster())),
    );
    for (check, outcome) in [
        ("seen", Outcome::Holds),
        ("one", Outcome::Holds),
        (
            "two",
            Outcome::Waiting {
                left: Duration::from_secs(40),
            },
        ),
    ] {
        judge(&mut state, check, outcome);
    }
    state
}

/// The kata screen after the last tick.
pub(super) fn solved(columns: u16, rows: u16) -> State {
    let mut state = working(columns, rows);
    for check in ["two", "stays"] {
        judge(&mut state, check, Outcome::Holds);
    }
    state.notice = None;
    state
}

/// Judges a check of the open kata.
pub(super) fn judge(state: &mut State, check: &str, outcome: Outcome) {
    let holds = outcome == Outcome::Holds;
    let differences = if holds {
        Vec::new()
    } else {
        vec![Difference::new("status.readyReplicas", "2", "1")]
    };
    let verdict = Verdict {
        check: check.to_owned(),
        says: format!("check {check}"),
        outcome,
        differences,
        otherwise: (!holds).then(|| "One of the Pods never becomes Ready.".to_owned()),
        look: vec!["kubectl logs deploy/ledger --previous".to_owned()],
    };
    let kata = dying();
    hear(state, session::Event::CheckFinished { kata, verdict });
}

/// A fact from the driver.
pub(super) fn hear(state: &mut State, event: session::Event) -> Vec<Command> {
    update(state, Event::Session(event))
}

/// The kata that the tests open.
pub(super) fn dying() -> KataId {
    KataId::new("pods/dying")
}

fn cluster() -> ClusterView {
    let at = |second| Timestamp::from_second(second).ok();
    let pod = |name: &str, status: &str, health, node: &str| PodView {
        namespace: "harbor".into(),
        name: name.into(),
        status: status.into(),
        health,
        ready_containers: usize::from(health == Health::Good),
        all_containers: 1,
        node: Some(node.into()),
        ..PodView::default()
    };
    let owner = |kind: &str, short: &str, name: &str| OwnerView {
        kind: kind.into(),
        short: short.into(),
        namespace: "harbor".into(),
        name: name.into(),
        ready: 1,
        wanted: 2,
        health: Health::Progressing,
        detail: "1/2 ready".into(),
        ..OwnerView::default()
    };
    ClusterView {
        namespaces: vec!["harbor".into()],
        nodes: vec![NodeView {
            name: "worker-1".into(),
            ready: true,
            schedulable: true,
            health: Health::Good,
            ..NodeView::default()
        }],
        workloads: vec![OwnerView {
            owners: vec![OwnerView {
                pods: vec![
                    PodView {
                        restarts: 5,
                        detail: Some("back-off 40s restarting failed container".into()),
                        ..pod(
                            "ledger-6d8f9c-x2k9q",
                            "CrashLoopBackOff",
                            Health::Bad,
                            "worker-1",
                        )
                    },
                    pod("ledger-6d8f9c-p7wz4", "Running", Health::Good, "worker-2"),
                ],
                ..owner("ReplicaSet", "rs", "ledger-6d8f9c")
            }],
            ..owner("Deployment", "deploy", "ledger")
        }],
        pods: Vec::new(),
        services: vec![ServiceView {
            namespace: "harbor".into(),
            name: "ledger".into(),
            kind: "ClusterIP".into(),
            cluster_ip: Some("10.96.14.3".into()),
            ports: vec!["80→8080/TCP".into()],
            ready_endpoints: 1,
            all_endpoints: 2,
            health: Health::Progressing,
            ..ServiceView::default()
        }],
        objects: vec![ObjectView {
            kind: "ConfigMap".into(),
            short: "cm".into(),
            namespace: "harbor".into(),
            name: "ledger-confg".into(),
            detail: "1 key".into(),
            ..ObjectView::default()
        }],
        events: vec![EventView {
            at: at(1_000),
            warning: true,
            reason: "BackOff".into(),
            object: "pod/ledger-6d8f9c-x2k9q".into(),
            message: "Back-off restarting failed container".into(),
            count: 4,
            about: Some(Reference::known("Pod", "harbor", "ledger-6d8f9c-x2k9q")),
        }],
        taken: at(1_008),
    }
}
