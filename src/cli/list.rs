//! `kubekata list`: the course map.

use std::process::ExitCode;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;

use super::app::App;
use super::output::{Output, Tone, counted, span};
use super::{GOOD, app::Learner};
use crate::session::{KataLine, KataStatus, State, TrackLine};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// For programs
    #[arg(long)]
    json: bool,
}

pub fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let Learner { progress, seed, .. } = app.learner()?;
    let tracks = State::new(course, seed, progress).map();
    if args.json {
        say!("{}", serde_json::to_string_pretty(&as_json(&tracks))?);
    } else {
        print(&app.out, &tracks, app.now());
    }
    Ok(GOOD)
}

fn print(out: &Output, tracks: &[TrackLine], now: Timestamp) {
    let widest = |width: fn(&KataLine) -> usize| {
        tracks
            .iter()
            .flat_map(|track| &track.katas)
            .map(width)
            .max()
            .unwrap_or(0)
    };
    let id_width = widest(|kata| kata.id.as_str().chars().count());
    let title_width = widest(|kata| kata.title.chars().count());
    for (index, track) in tracks.iter().enumerate() {
        if index > 0 {
            say!("");
        }
        let progress = format!("{}/{}", track.solved, track.katas.len());
        say!("{}  {progress}", out.paint(Tone::Strong, &track.title));
        for kata in &track.katas {
            say!(
                "  {}  {:id_width$}  {:title_width$}  {:>3} min  {:6}  {}",
                status(out, kata.status),
                kata.id,
                kata.title,
                kata.minutes,
                kata.kind.as_str(),
                out.paint(Tone::Dim, &how(kata, now)),
            );
        }
    }
}

fn status(out: &Output, status: KataStatus) -> String {
    match status {
        KataStatus::Open => out.open("open   "),
        KataStatus::Started => out.partial("started"),
        KataStatus::Solved { .. } => out.good("done   "),
    }
}

fn how(kata: &KataLine, now: Timestamp) -> String {
    let KataStatus::Solved { hints, seconds } = kata.status else {
        return String::new();
    };
    let again = kata
        .due
        .map_or(String::new(), |due| format!(", again {}", due.words(now)));
    format!("{}, {}{again}", counted(hints, "hint"), span(seconds))
}

fn as_json(tracks: &[TrackLine]) -> serde_json::Value {
    let kata = |kata: &KataLine| {
        let (status, hints, seconds) = match kata.status {
            KataStatus::Open => ("open", None, None),
            KataStatus::Started => ("started", None, None),
            KataStatus::Solved { hints, seconds } => ("solved", Some(hints), Some(seconds)),
        };
        json!({
            "id": kata.id,
            "title": kata.title,
            "kind": kata.kind,
            "difficulty": kata.difficulty,
            "minutes": kata.minutes,
            "status": status,
            "hints": hints,
            "seconds": seconds,
            "due": kata.due.map(|due| due.at),
        })
    };
    tracks
        .iter()
        .map(|track| {
            json!({
                "id": track.id,
                "title": track.title,
                "solved": track.solved,
                "katas": track.katas.iter().map(kata).collect::<Vec<_>>(),
            })
        })
        .collect()
}
