//! `kubekata` alone: the terminal interface over a session.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::GOOD;
use super::app::{App, Learner};
use crate::sandbox::{Choice, Places};
use crate::session::{self, Claim, Presence, State};
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
        seed_given,
        ..
    } = app.learner()?;
    let _presence = claim(app, &places)?;
    if app.global.sandbox == Choice::Embedded {
        app.provide_images(&places)?;
    } else {
        // Questions and minutes of waiting come before the screen is taken.
        app.sandbox(&places).await?.close().await?;
    }
    let mut state = State::new(Arc::clone(&course), seed, progress);
    state.seed_given = seed_given;
    let (effect_sender, effects) = mpsc::channel(QUEUE);
    let (event_sender, events) = mpsc::channel(QUEUE);
    let data = Some(places.root().to_owned());
    let choice = app.global.sandbox.clone();
    // A task of its own: a slow disk must not hold a frame up.
    let mut driving = JoinSet::new();
    driving.spawn(session::drive(
        places,
        choice,
        journal,
        effects,
        event_sender,
    ));
    let driver = Driver {
        effects: effect_sender,
        events,
    };
    let options = Options {
        data,
        no_color: app.global.no_color,
        ascii: app.global.ascii,
        linear: app.global.linear,
    };
    // The interface lets go of its ends when it is left, and that ends the driver and the cluster.
    let shown = tui::run(state, driver, options).await;
    if let Some(driven) = driving.join_next().await {
        driven??;
    }
    shown?;
    Ok(GOOD)
}

/// Two interfaces on one data folder would be in each other's way.
fn claim(app: &App, places: &Places) -> Result<Presence> {
    let who = match Presence::claim(places, app.now())? {
        Claim::Granted(presence) => return Ok(presence),
        Claim::Taken(who) => who,
    };
    let who = match who {
        Some(who) => format!(
            " (process {}, since {})",
            who.pid,
            who.since.strftime("%F %R UTC")
        ),
        None => String::new(),
    };
    bail!(
        "kubekata is open already with the data folder {}{who}.\n\
         Beside it you can use `kubekata shell`, `kubekata env` and `kubekata check --watch`; \
         another learner needs another folder: kubekata --data DIR",
        places.root().display()
    )
}
