//! Pictures of clusters.

use std::sync::Arc;

use insta::assert_snapshot;
use jiff::Timestamp;

use super::Canvas;
use crate::sandbox::{
    ClusterView, ContainerView, EndpointView, EventView, Health, NodeView, ObjectView, OwnerView,
    PodView, ResourceView, ServiceView,
};
use crate::tui::browser::{Browser, Tab};
use crate::tui::glyphs::{ASCII, Glyphs, UNICODE};
use crate::tui::theme::{Theme, ThemeName};

fn picture(view: &ClusterView, tab: Tab, width: usize, glyphs: &'static Glyphs) -> String {
    let theme = Theme::new(ThemeName::Dark, true, glyphs);
    let mut browser = Browser {
        tab,
        ..Browser::default()
    };
    browser.keep_in_step(&Arc::new(view.clone()));
    let canvas = Canvas {
        width,
        widths: browser.widths,
        now: view.taken.map(Timestamp::as_second),
        theme: &theme,
    };
    let lines: Vec<String> = browser
        .rows
        .iter()
        .map(|row| canvas.line(row).to_string().trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// The views after the first.
fn tab(number: usize) -> Tab {
    Tab::all().nth(number).expect("there are as many")
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

fn usage(name: &str, asked: &str, of: &str, percent: u64) -> ResourceView {
    ResourceView {
        name: name.into(),
        asked: asked.into(),
        of: of.into(),
        percent,
    }
}

fn endpoint(address: &str, ready: bool, pod: &str) -> EndpointView {
    EndpointView {
        address: address.into(),
        ready,
        pod: Some(pod.into()),
        node: Some("worker-1".into()),
        ..EndpointView::default()
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
                pods: 5,
                other_pods: 2,
                taints: vec!["disk=ssd:NoSchedule".into()],
                resources: vec![
                    usage("cpu", "900m", "4", 23),
                    usage("memory", "7.1Gi", "8Gi", 89),
                    usage("pods", "5", "110", 5),
                ],
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
            detail: "1/2 available".into(),
            owners: vec![OwnerView {
                kind: "ReplicaSet".into(),
                short: "rs".into(),
                namespace: "harbor".into(),
                name: "ledger-6d8f9c".into(),
                ready: 1,
                wanted: 2,
                health: Health::Progressing,
                detail: "1/2 ready".into(),
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
            selector: vec!["app=ledger".into()],
            endpoints: vec![
                endpoint("10.244.1.7", true, "ledger-6d8f9c-p7wz4"),
                endpoint("10.244.1.8", false, "ledger-6d8f9c-x2k9q"),
            ],
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
            about: None,
        }],
        taken: at(1_008),
    }
}

#[test]
fn owners_states_and_reasons_line_up_when_there_is_room() {
    assert_snapshot!(picture(&broken_ledger(), Tab::default(), 100, &UNICODE));
}

#[test]
fn a_narrow_pane_drops_facts_and_keeps_names_and_states() {
    assert_snapshot!(picture(&broken_ledger(), Tab::default(), 44, &UNICODE));
}

#[test]
fn ascii_draws_the_same_tree() {
    assert_snapshot!(picture(&broken_ledger(), Tab::default(), 70, &ASCII));
}

#[test]
fn nodes_show_what_is_taken_and_the_pods_in_their_places() {
    assert_snapshot!("nodes", picture(&broken_ledger(), tab(1), 100, &UNICODE));
    assert_snapshot!(
        "nodes_narrow",
        picture(&broken_ledger(), tab(1), 40, &UNICODE)
    );
}

#[test]
fn services_show_the_addresses_behind_them() {
    assert_snapshot!("services", picture(&broken_ledger(), tab(2), 80, &UNICODE));
}

#[test]
fn views_without_anything_say_so() {
    for number in [2, 3] {
        let words = picture(&ClusterView::default(), tab(number), 80, &UNICODE);
        assert!(words.contains("No "), "{words}");
    }
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
    assert_snapshot!(picture(&view, Tab::default(), 60, &UNICODE));
}

#[test]
fn no_width_panics() {
    for width in 0..30 {
        for tab in Tab::all() {
            picture(&broken_ledger(), tab, width, &UNICODE);
        }
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
    let words = picture(&view, Tab::default(), 60, &UNICODE);
    assert!(!words.contains("Nothing in namespace"));
}
