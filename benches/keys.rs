//! From a key to the frame, with 2,000 Pods in the cluster pane at 200x60.
//!
//! `cargo bench -p kubekata --bench keys`; prints and never fails.

use std::time::Duration;

use kubekata::tui::measure::cluster_pane;

/// Pods in the picture.
const PODS: usize = 2_000;
/// Keys pressed.
const PRESSES: usize = 2_000;

fn main() {
    match cluster_pane(PODS, PRESSES) {
        Ok(mut measured) => {
            println!("{PODS} Pods, 200x60");
            tell("key to frame", &mut measured.keys);
            tell("picture to frame", &mut measured.pictures);
        }
        Err(error) => println!("not measured: {error:#}"),
    }
}

fn tell(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let at = |share: usize| {
        let place = (took.len() * share / 100).min(took.len().saturating_sub(1));
        took.get(place).copied().unwrap_or_default()
    };
    println!(
        "{what:18} p50 {:?}  p99 {:?}  max {:?}",
        at(50),
        at(99),
        at(100)
    );
}
