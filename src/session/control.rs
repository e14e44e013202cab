//! The cluster's clock and the fates of its nodes, for whoever looks at it: the same orders over
//! the same wire as `kubekata clock` and `kubekata chaos`.

use anyhow::{Context, Result, anyhow};
use jiff::{SignedDuration, Timestamp};

use super::state::State;
use crate::sandbox::chaos::Chaos;
use crate::sandbox::{self, ClockOrder, HostPlace, HostStatus, Order, Places};

/// Something to be done to the whole cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    Clock(ClockOrder),
    /// Time skips to whatever is due next.
    NextTimer,
    Chaos(Chaos),
}

/// How the cluster's clock runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockReading {
    pub now: Timestamp,
    /// Cluster seconds per second just now; 0 while it is paused.
    pub pace: f64,
}

impl ClockReading {
    pub fn is_paused(&self) -> bool {
        self.pace == 0.0
    }

    /// `×20`, `paused`.
    pub fn words(&self) -> String {
        match self.is_paused() {
            true => "paused".to_owned(),
            false => format!("×{}", self.pace),
        }
    }
}

impl State {
    /// The cluster's time at the last tick, where it is known.
    pub fn cluster_now(&self) -> Option<Timestamp> {
        let clock = self.clock?;
        let (Some(now), Some(heard)) = (self.now, self.clock_heard) else {
            return Some(clock.now);
        };
        let passed = now.duration_since(heard).as_secs_f64() * clock.pace;
        let passed = SignedDuration::try_from_secs_f64(passed).ok()?;
        clock.now.checked_add(passed).ok()
    }
}

/// Does it, and says what was done.
///
/// # Errors
/// The cluster of these places is not ours, or refuses.
pub(super) async fn perform(places: &Places, control: &Control) -> Result<String> {
    let host = HostPlace::of(places)?.living()?;
    let host =
        host.context("only a cluster of kubekata's own has a clock and nodes to play with")?;
    let before = sandbox::ask(&host, Order::Status).await?;
    let order = match control {
        Control::Clock(order) => Order::Clock {
            order: order.clone(),
        },
        Control::Chaos(chaos) => Order::Chaos {
            chaos: chaos.clone(),
        },
        Control::NextTimer => {
            let order = ClockOrder::Timers;
            let status = sandbox::ask(&host, Order::Clock { order }).await?;
            let next = status.timers.first();
            let until = next
                .ok_or_else(|| anyhow!("nobody in the cluster waits"))?
                .due;
            Order::Clock {
                order: ClockOrder::SkipUntil { until },
            }
        }
    };
    let after = sandbox::ask(&host, order).await?;
    Ok(said(control, &before, &after))
}

fn said(control: &Control, before: &HostStatus, after: &HostStatus) -> String {
    let now = after.now.strftime("%H:%M:%S");
    match control {
        Control::Chaos(_) => after.said.clone().unwrap_or_default(),
        Control::Clock(ClockOrder::Pause) => format!("paused at {now}"),
        Control::Clock(ClockOrder::Resume) => format!("time goes on from {now}, ×{}", after.speed),
        Control::Clock(ClockOrder::Speed { .. }) if after.paused => {
            format!("time will run ×{} once it goes on", after.speed)
        }
        Control::Clock(ClockOrder::Speed { .. }) => format!("time runs ×{}", after.speed),
        _ => {
            let passed = after.now.duration_since(before.now).as_secs();
            format!("{passed} s have passed: it is {now}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Embedded, EmbeddedOptions, publish};
    use std::sync::Arc;

    #[tokio::test]
    async fn clock_and_nodes_obey_as_they_do_on_the_command_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::open(Some(folder.path())).expect("places");
        let nobody = perform(&places, &Control::NextTimer).await;
        assert!(nobody.is_err_and(|error| error.to_string().contains("kubekata's own")));
        let embedded = Embedded::start(&EmbeddedOptions::default()).await;
        let embedded = Arc::new(embedded.expect("it starts"));
        let desk = publish(&places, Arc::clone(&embedded))
            .await
            .expect("a desk");
        let pause = perform(&places, &Control::Clock(ClockOrder::Pause)).await;
        assert!(pause.expect("it pauses").starts_with("paused at"));
        let skip = perform(&places, &Control::Clock(ClockOrder::Skip { seconds: 60.0 })).await;
        assert!(skip.expect("it skips").starts_with("60 s have passed"));
        let chaos = Chaos::new("node-loss", vec!["nobody".to_owned()], false).expect("a chaos");
        let refused = perform(&places, &Control::Chaos(chaos)).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("nobody")));
        desk.close().await.expect("it closes");
    }
}
