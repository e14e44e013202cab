//! Pictures of clusters.

use insta::assert_snapshot;
use jiff::Timestamp;

use super::lines;
use crate::sandbox::{
    ClusterView, ContainerView, EventView, Health, NodeView, ObjectView, OwnerView, PodView,
    ServiceView,
};
use crate::tui::glyphs::{ASCII, Glyphs, UNICODE};
use crate::tui::theme::{Theme, ThemeName};

fn picture(view: &ClusterView, width: usize, glyphs: &'static Glyphs) -> String {
    let theme = Theme::new(ThemeName::Dark, true, glyphs);
    let lines: Vec<String> = lines(view, 0, width, &theme)
        .iter()
        .map(|line| line.to_string().trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn pod(name: &str, status: &str, health: Health) -> PodView {
    PodView {
        namespace: "harbor".into(),
        name: name.into(),
        status: status.into(),
        health,
        ready_containers: usize::from(health == Health::Good),
        all_containers: 1,
        node: Some("worker-1".into()),
        ip: Some("10.244.1.7".into()),
        ..PodView::default()
    }
}

fn broken_ledger() -> ClusterView {
    let at = |second| Timestamp::from_second(second).ok();
    ClusterView {
        namespaces: vec!["harbor".into()],
        nodes: vec![
            NodeView {
                name: "worker-1".into(),
                ready: true,
                schedulable: true,
                health: Health::Good,
                ..NodeView::default()
            },
            NodeView {
                name: "worker-2".into(),
                ready: true,
                schedulable: false,
                pods: 3,
                health: Health::Good,
                ..NodeView::default()
            },
        ],
        workloads: vec![OwnerView {
            kind: "Deployment".into(),
            short: "deploy".into(),
            namespace: "harbor".into(),
            name: "ledger".into(),
            ready: 1,
            wanted: 2,
            health: Health::Progressing,
            detail: "revision 1".into(),
            owners: vec![OwnerView {
                kind: "ReplicaSet".into(),
                short: "rs".into(),
                namespace: "harbor".into(),
                name: "ledger-6d8f9c".into(),
                ready: 1,
                wanted: 2,
                health: Health::Progressing,
                pods: vec![
                    PodView {
                        restarts: 5,
                        detail: Some("back-off 40s restarting failed container=ledger".into()),
                        containers: vec![ContainerView {
                            name: "ledger".into(),
                            image: "busybox:1.36".into(),
                            ..ContainerView::default()
                        }],
                        ..pod("ledger-6d8f9c-x2k9q", "CrashLoopBackOff", Health::Bad)
                    },
                    pod("ledger-6d8f9c-p7wz4", "Running", Health::Good),
                ],
                ..OwnerView::default()
            }],
            ..OwnerView::default()
        }],
        pods: vec![pod("probe", "Completed", Health::Finished)],
        services: vec![ServiceView {
            namespace: "harbor".into(),
            name: "ledger".into(),
            kind: "ClusterIP".into(),
            cluster_ip: Some("10.96.14.3".into()),
            ports: vec!["80→8080/TCP".into()],
            ready_endpoints: 1,
            all_endpoints: 2,
            health: Health::Progressing,
        }],
        objects: vec![ObjectView {
            kind: "ConfigMap".into(),
            short: "cm".into(),
            namespace: "harbor".into(),
            name: "ledger-confg".into(),
            detail: "1 key".into(),
        }],
        events: vec![EventView {
            at: at(1_000),
            warning: true,
            reason: "BackOff".into(),
            object: "pod/ledger-6d8f9c-x2k9q".into(),
            message: "Back-off restarting failed container".into(),
            count: 4,
        }],
        taken: at(1_008),
    }
}

#[test]
fn owners_states_and_reasons_line_up_when_there_is_room() {
    assert_snapshot!(picture(&broken_ledger(), 100, &UNICODE));
}

#[test]
fn a_narrow_pane_drops_facts_and_keeps_names_and_states() {
    assert_snapshot!(picture(&broken_ledger(), 44, &UNICODE));
}

#[test]
fn ascii_draws_the_same_tree() {
    assert_snapshot!(picture(&broken_ledger(), 70, &ASCII));
}

#[test]
fn an_empty_namespace_says_so_and_shows_the_nodes() {
    let view = ClusterView {
        workloads: Vec::new(),
        pods: Vec::new(),
        services: Vec::new(),
        objects: Vec::new(),
        events: Vec::new(),
        ..broken_ledger()
    };
    assert_snapshot!(picture(&view, 60, &UNICODE));
}

#[test]
fn no_width_panics() {
    for width in 0..30 {
        picture(&broken_ledger(), width, &UNICODE);
    }
}

#[test]
fn a_namespace_with_a_config_map_is_not_called_empty() {
    let view = ClusterView {
        workloads: Vec::new(),
        pods: Vec::new(),
        services: Vec::new(),
        ..broken_ledger()
    };
    assert!(!view.objects.is_empty());
    assert!(!picture(&view, 60, &UNICODE).contains("Nothing in namespace"));
}
