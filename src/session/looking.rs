//! The driver's part in looking at the cluster and acting on it: pages, deeds, shells in
//! containers, the clock.

use std::time::Duration;

use pocketkube::clock::Clock;
use tokio::sync::mpsc;

use super::control::{self, ClockReading, Control};
use super::driver::{Driver, pass_on};
use super::event::Event;
use crate::browse;

impl Driver {
    /// Looks at something of the open kata's cluster, or acts on it.
    pub(super) fn browse(&mut self, order: browse::Order) {
        let (Some(sandbox), Some((kata, observer))) = (self.sandbox(), &self.scene) else {
            return;
        };
        let (sender, news) = mpsc::channel(16);
        let tools = browse::Tools {
            observer: observer.clone(),
            clock: sandbox.clock().clone(),
            namespace: kata.namespace().to_owned(),
            folder: self.places.shell(&kata.id).join("edit"),
            news: sender,
        };
        let news_of_it = pass_on(news, self.events.clone(), Event::Browsed);
        let order = match order {
            browse::Order::Input(life, input) => {
                if let Some(shell) = self.shells.get(&life) {
                    // A shell that does not read loses what is typed, as a stuck terminal does.
                    let _ = shell.try_send(input);
                }
                return;
            }
            browse::Order::HangUp(life) => {
                self.shells.remove(&life);
                return;
            }
            browse::Order::Exec(exec) => {
                let (keys, input) = mpsc::channel(256);
                self.shells.insert(exec.life, keys);
                return self.spawn_watching("a shell in a container", async move {
                    tokio::join!(browse::run_exec(tools, exec, input), news_of_it);
                });
            }
            other => other,
        };
        let is_page = matches!(order, browse::Order::Show(_) | browse::Order::Close);
        if is_page {
            self.looking.cancel();
            self.looking = self.tasks.token();
        }
        let token = match is_page {
            true => self.looking.clone(),
            false => self.watching.clone(),
        };
        self.tasks.spawn("browse", async move {
            let work = async { tokio::join!(tools.perform(order), news_of_it) };
            let _ = token.run_until_cancelled(work).await;
        });
    }

    /// Does something to the cluster's clock or nodes.
    pub(super) fn control(&self, control: Control) {
        let (places, events) = (self.places.clone(), self.events.clone());
        self.tasks.spawn("control the cluster", async move {
            let news = match control::perform(&places, &control).await {
                Ok(said) => browse::News::Done(said),
                Err(error) => browse::News::Failed(format!("{error:#}")),
            };
            let _ = events.send(Event::Browsed(news)).await;
        });
    }
}

/// How soon after one change of the clock the next is told; while time skips, every step is one.
const CLOCK_TOLD: Duration = Duration::from_millis(100);

/// Tells how the clock runs, now and after every change.
pub(super) async fn tell_clock(clock: Clock, events: mpsc::Sender<Event>) {
    loop {
        let changes = clock.jumps();
        let reading = ClockReading {
            now: clock.now(),
            pace: clock.pace(),
        };
        if events.send(Event::ClockTold(reading)).await.is_err() {
            return;
        }
        clock.jumped_since(changes).await;
        tokio::time::sleep(CLOCK_TOLD).await;
    }
}
