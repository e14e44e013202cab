//! `kubekata doctor`: whether everything needed is here, and what to do where it is not.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use super::app::App;
use super::{GOOD, refused};
use crate::sandbox::{Embedded, EmbeddedOptions, Sandbox};

/// The least terminal that shows a kata.
const SMALLEST: (u16, u16) = (60, 16);

/// What one look found.
enum Found {
    Good(String),
    /// It works, but not as well as it could.
    Fair(String),
    Bad(String),
}

pub async fn run(app: &App) -> Result<ExitCode> {
    let looks = [
        ("kubectl", kubectl().await),
        ("terminal", terminal()),
        ("text", text()),
        ("data", data(app)),
        ("course", course(app)),
        ("cluster", cluster().await),
    ];
    let mut healthy = true;
    for (name, found) in looks {
        let (mark, words) = match found {
            Found::Good(words) => (app.out.good("good"), words),
            Found::Fair(words) => (app.out.partial("fair"), words),
            Found::Bad(words) => {
                healthy = false;
                (app.out.bad("bad "), words)
            }
        };
        say!(" {mark}  {name:10} {words}");
    }
    Ok(if healthy { GOOD } else { refused() })
}

async fn kubectl() -> Found {
    match kubectl_version().await {
        Ok(version) => Found::Good(version),
        Err(error) => Found::Bad(format!(
            "{error:#}; install it: https://kubernetes.io/docs/tasks/tools/"
        )),
    }
}

async fn kubectl_version() -> Result<String> {
    let output = Command::new("kubectl")
        .args(["version", "--client", "--output=json"])
        .output()
        .await
        .context("kubectl is not in the PATH")?;
    if !output.status.success() {
        bail!("kubectl does not run: {}", output.status);
    }
    let version: Value = serde_json::from_slice(&output.stdout)?;
    let version = version.pointer("/clientVersion/gitVersion");
    Ok(version
        .and_then(Value::as_str)
        .unwrap_or("unknown")
        .to_owned())
}

fn terminal() -> Found {
    if !std::io::stdout().is_terminal() {
        return Found::Fair("not a terminal: only the commands work here".to_owned());
    }
    match crossterm::terminal::size() {
        Ok((columns, lines)) if columns >= SMALLEST.0 && lines >= SMALLEST.1 => {
            Found::Good(format!("{columns} columns, {lines} lines"))
        }
        Ok((columns, lines)) => Found::Fair(format!(
            "{columns} columns, {lines} lines; {} by {} show more",
            SMALLEST.0, SMALLEST.1
        )),
        Err(error) => Found::Fair(format!("its size is not known: {error}")),
    }
}

fn text() -> Found {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    let lower = locale.to_lowercase();
    if cfg!(windows) || lower.contains("utf-8") || lower.contains("utf8") {
        return Found::Good("UTF-8".to_owned());
    }
    let locale = if locale.is_empty() { "none" } else { &locale };
    Found::Fair(format!(
        "the locale is {locale}, not UTF-8; --ascii shows plain characters"
    ))
}

fn data(app: &App) -> Found {
    match app.learner() {
        Ok(learner) => Found::Good(learner.places.root().display().to_string()),
        Err(error) => Found::Bad(format!("{error:#}")),
    }
}

fn course(app: &App) -> Found {
    match app.course() {
        Ok(course) => Found::Good(format!("{}, {} katas", course.title, course.katas.len())),
        Err(error) => Found::Bad(format!("{error:#}")),
    }
}

async fn cluster() -> Found {
    let began = Instant::now();
    let started = async {
        let embedded = Embedded::start(&EmbeddedOptions::default()).await?;
        let version = embedded.client().apiserver_version().await?.git_version;
        let took = began.elapsed();
        embedded.close().await?;
        Ok::<_, anyhow::Error>((version, took))
    };
    match started.await {
        Ok((version, took)) => Found::Good(format!("{version}, ready in {} ms", took.as_millis())),
        Err(error) => Found::Bad(format!("{error:#}")),
    }
}
