//! `kubekata` alone: the terminal interface over a session.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::mpsc;

use super::GOOD;
use super::app::{App, Learner};
use crate::session::{self, State};
use crate::tui::{self, Driver, Options};

/// How much may wait between the session and its driver, each way.
const QUEUE: usize = 64;

pub async fn run(app: &App) -> Result<ExitCode> {
    let course = app.course()?;
    let Learner {
        places,
        journal,
        progress,
        seed,
    } = app.learner()?;
    let state = State::new(Arc::clone(&course), seed, progress);
    let (effect_sender, effects) = mpsc::channel(QUEUE);
    let (event_sender, events) = mpsc::channel(QUEUE);
    let choice = app.global.sandbox.clone();
    let driving = session::drive(places, choice, journal, effects, event_sender);
    let driver = Driver {
        effects: effect_sender,
        events,
    };
    let options = Options {
        no_color: app.global.no_color,
        ascii: app.global.ascii,
    };
    // The interface lets go of its ends when it is left, and that ends the driver and the cluster.
    let (shown, driven) = tokio::join!(tui::run(state, driver, options), driving);
    shown?;
    driven?;
    Ok(GOOD)
}
