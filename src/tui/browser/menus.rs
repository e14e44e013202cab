//! The menus: what can be done to the clock, to the nodes, to an object, and
//! what to begin from.

use super::panel::{Choice, Item, Menu};
use crate::browse::{Deed, TEMPLATES};
use crate::sandbox::chaos::Chaos;
use crate::sandbox::{ClockOrder, ClusterView, NodeView, PodView, Reference};
use crate::session::Control;
use crate::tui::browser::words as strings;

/// The cluster's time.
pub fn clock(paused: bool) -> Menu {
    let order = |label: &str, about: &str, order| {
        Item::new(label, about, Choice::Control(Control::Clock(order)))
    };
    let speed = |label: &str, speed| order(label, "", ClockOrder::Speed { speed });
    let skip = |label: &str, seconds| {
        order(
            label,
            "all that is due happens, in order",
            ClockOrder::Skip { seconds },
        )
    };
    let first = match paused {
        true => order("go on", "time runs again", ClockOrder::Resume),
        false => order("pause", "nothing that waits goes on", ClockOrder::Pause),
    };
    let next = Choice::Control(Control::NextTimer);
    let items = vec![
        first,
        speed("×1", 1.0),
        speed("×10", 10.0),
        speed("×100", 100.0),
        skip("skip 10 s", 10.0),
        skip("skip 1 min", 60.0),
        skip("skip 10 min", 600.0),
        Item::new("skip to the next timer", "whoever waits next", next),
    ];
    Menu::new(strings::CLOCK, strings::CLOCK_WORDS, items)
}

/// What can happen to the nodes.
pub fn chaos(view: &ClusterView) -> Menu {
    let deed = |label: String, about: &str, what: &str, targets: Vec<String>, off| {
        let chaos = Chaos::new(what, targets, off).ok()?;
        Some(Item::new(
            label,
            about,
            Choice::Control(Control::Chaos(chaos)),
        ))
    };
    let mut items = Vec::new();
    let is_worker = |node: &&NodeView| !node.roles.iter().any(|role| role == "control-plane");
    let workers: Vec<&NodeView> = view.nodes.iter().filter(is_worker).collect();
    for node in &workers {
        let name = vec![node.name.clone()];
        items.push(match node.ready {
            true => deed(
                format!("lose {}", node.name),
                "its kubelet falls silent",
                "node-loss",
                name,
                false,
            ),
            false => deed(
                format!("bring {} back", node.name),
                "its kubelet reports again",
                "node-return",
                name,
                false,
            ),
        });
    }
    let mut zones: Vec<&String> = workers
        .iter()
        .filter_map(|node| node.zone.as_ref())
        .collect();
    zones.sort();
    zones.dedup();
    for zone in zones {
        let mut inside = workers
            .iter()
            .filter(|node| node.zone.as_ref() == Some(zone));
        let is_there = inside.any(|node| node.ready);
        let (label, what) = match is_there {
            true => (format!("lose zone {zone}"), "zone-loss"),
            false => (format!("bring zone {zone} back"), "zone-return"),
        };
        items.push(deed(
            label,
            "all nodes in it",
            what,
            vec![zone.clone()],
            false,
        ));
    }
    for node in &workers {
        for (kind, trouble) in [("memory", "MemoryPressure"), ("disk", "DiskPressure")] {
            let off = node.troubles.iter().any(|it| it == trouble);
            let label = match off {
                true => format!("end {kind} pressure on {}", node.name),
                false => format!("{kind} pressure on {}", node.name),
            };
            let targets = vec![node.name.clone(), kind.to_owned()];
            items.push(deed(label, "", "pressure", targets, off));
        }
    }
    let items = items.into_iter().flatten().collect();
    Menu::new(strings::CHAOS, strings::CHAOS_WORDS, items)
}

/// A new object.
pub fn templates() -> Menu {
    let items = TEMPLATES
        .iter()
        .map(|template| Item::new(template.kind, template.says, Choice::Begin(template)));
    Menu::new(strings::NEW, strings::NEW_WORDS, items.collect())
}

/// A question before something that cannot be taken back.
pub fn delete(of: &Reference) -> Menu {
    let name = of.short();
    let items = vec![
        Item::new(strings::KEEP, "", Choice::Nothing),
        Item::new(
            strings::DELETE,
            strings::DELETE_ABOUT,
            Choice::Do(Deed::Delete(of.clone())),
        ),
    ];
    Menu::new(&strings::delete_title(&name), "", items)
}

/// Whose log.
pub fn logs(pod: &PodView) -> Menu {
    let mut items = Vec::new();
    for container in &pod.containers {
        let log = |previous| Choice::Log {
            container: Some(container.name.clone()),
            previous,
        };
        items.push(Item::new(&container.name, "this run", log(false)));
        if container.restarts > 0 {
            items.push(Item::new(&container.name, "the run before", log(true)));
        }
    }
    Menu::new(strings::LOGS, "", items)
}

/// Into which container.
pub fn exec(pod: &PodView) -> Menu {
    let items = pod.containers.iter().map(|container| {
        let choice = Choice::Exec(container.name.clone());
        Item::new(&container.name, &container.image, choice)
    });
    Menu::new(strings::EXEC, "", items.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chaos_is_offered_for_what_there_is() {
        let node = |name: &str, zone: &str, ready| NodeView {
            name: name.to_owned(),
            zone: Some(zone.to_owned()),
            ready,
            ..NodeView::default()
        };
        let view = ClusterView {
            nodes: vec![
                NodeView {
                    roles: vec!["control-plane".to_owned()],
                    ..node("control", "a", true)
                },
                node("one", "a", true),
                node("two", "b", false),
            ],
            ..ClusterView::default()
        };
        let menu = chaos(&view);
        let labels: Vec<&str> = menu.items.iter().map(|item| item.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "lose one",
                "bring two back",
                "lose zone a",
                "bring zone b back",
                "memory pressure on one",
                "disk pressure on one",
                "memory pressure on two",
                "disk pressure on two",
            ]
        );
    }
}
