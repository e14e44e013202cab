//! `kubekata cluster`: the cluster without the course.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Subcommand;

use super::app::App;
use super::clock::pace;
use super::output::span;
use super::{GOOD, Misuse, refused};
use crate::sandbox::{
    self, Embedded, EmbeddedOptions, HostFile, HostPlace, Order, Places, Port, Sandbox,
    write_private,
};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: ClusterCommand,
}

#[derive(Debug, Subcommand)]
enum ClusterCommand {
    /// Run a cluster in the foreground until Ctrl-C
    Serve(Serve),
    /// Show the cluster of the data folder
    Status,
    /// Stop the cluster of the data folder
    Stop,
    /// Host the cluster of the data folder until it idles for long
    #[command(hide = true)]
    Host,
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Write the kubeconfig here
    #[arg(long, value_name = "FILE")]
    kubeconfig: PathBuf,
    /// Listen on this port of 127.0.0.1; 0 takes any
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Simulated nodes; 0 is a control plane alone
    #[arg(long, value_name = "N", default_value_t = 3)]
    nodes: usize,
    /// Cluster seconds per second, or `max`
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed)]
    speed: f64,
    /// Keep what the cluster holds in this folder
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// What `--speed max` means: fast enough that no timer of a cluster is waited for.
pub const FASTEST: f64 = 1000.0;

fn speed(text: &str) -> Result<f64, String> {
    match text {
        "max" => Ok(FASTEST),
        _ => match text.parse::<f64>() {
            Ok(speed) if speed.is_finite() && speed >= 0.0 => Ok(speed),
            _ => Err("expected a number such as 1 or 20, or max".to_owned()),
        },
    }
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    match args.command {
        ClusterCommand::Serve(serve) => run_serve(&serve).await,
        ClusterCommand::Status => status(app).await,
        ClusterCommand::Stop => stop(app).await,
        ClusterCommand::Host => host(app).await,
    }
}

async fn run_serve(serve: &Serve) -> Result<ExitCode> {
    let ended = ended_by_signal()?;
    let embedded = Embedded::start(&EmbeddedOptions {
        nodes: serve.nodes,
        speed: serve.speed,
        port: Port::Exactly(serve.port),
        state: serve.state.clone(),
        ..EmbeddedOptions::default()
    })
    .await?;
    write_private(&serve.kubeconfig, &embedded.kubeconfig())?;
    say!("https://{}", embedded.socket());
    say!(
        "export KUBECONFIG={}",
        shell_words::quote(&serve.kubeconfig.display().to_string())
    );
    ended.await;
    embedded.close().await?;
    Ok(GOOD)
}

async fn host(app: &App) -> Result<ExitCode> {
    let ended = ended_by_signal()?;
    let places = app.places()?;
    let Some(hosting) = sandbox::host_in_background(&places).await? else {
        let message = "the cluster of this data folder is hosted already";
        return Err(Misuse(message.to_owned()).into());
    };
    tokio::select! {
        () = ended => {}
        () = hosting.stopped() => {}
    }
    hosting.close().await?;
    Ok(GOOD)
}

async fn status(app: &App) -> Result<ExitCode> {
    let runs = print_status(&app.places()?).await?;
    Ok(if runs { GOOD } else { refused() })
}

/// Says whether a cluster runs, and how it does.
pub async fn print_status(places: &Places) -> Result<bool> {
    let place = HostPlace::of(places)?;
    let Some(host) = place.living()? else {
        say!("cluster   not running; it starts when it is needed");
        return Ok(false);
    };
    let status = sandbox::ask(&host, Order::Status).await?;
    let kind = match status.background {
        true => "in the background",
        false => "in the terminal interface",
    };
    say!(
        "cluster   https://{}  {kind}, process {}",
        host.address,
        host.pid
    );
    say!("nodes     {}", status.nodes);
    say!("speed     {}", pace(&status));
    say!("idle      {}", span(status.idle));
    say!("config    {}", place.kubeconfig().display());
    Ok(true)
}

/// Who hosts the cluster of a data folder. Fails where nobody does.
pub fn running_host(places: &Places) -> Result<HostFile> {
    HostPlace::of(places)?.living()?.ok_or_else(|| {
        let message = "no cluster runs here; kubekata start KATA starts it";
        Misuse(message.to_owned()).into()
    })
}

async fn stop(app: &App) -> Result<ExitCode> {
    let place = HostPlace::of(&app.places()?)?;
    let Some(host) = place.living()? else {
        say!("no cluster runs");
        return Ok(GOOD);
    };
    let status = sandbox::ask(&host, Order::Stop).await?;
    if !status.background {
        let message = format!(
            "the terminal interface (process {}) hosts it; quit it there",
            host.pid
        );
        return Err(Misuse(message).into());
    }
    let gone = async {
        while place.living()?.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(Duration::from_secs(15), gone)
        .await
        .with_context(|| format!("process {} does not end", host.pid))??;
    say!("stopped");
    Ok(GOOD)
}

/// Ctrl-C, or the order to end that service managers send.
fn ended_by_signal() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // A terminal that closes does not end a cluster in the background.
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => return,
                    _ = terminate.recv() => return,
                    _ = hangup.recv() => {}
                }
            }
        })
    }
    #[cfg(not(unix))]
    {
        Ok(async {
            // Without a handler there is only the hard way to end it.
            let _ = tokio::signal::ctrl_c().await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_or_max() {
        assert_eq!(speed("20"), Ok(20.0));
        assert_eq!(speed("max"), Ok(FASTEST));
        assert!(speed("-1").is_err());
        assert!(speed("fast").is_err());
    }
}
