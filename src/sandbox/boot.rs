//! Finds the cluster of a data folder, or starts it: here, or in a process of its own.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::Instant;

use super::api::Sandbox;
use super::attached::Attached;
use super::choice::Choice;
use super::foreign::Foreign;
use super::host::HostPlace;
use super::hosting::Hosting;
use super::kind;
use super::places::Places;

/// How long a host may take from its start to its first answer.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How often a starting host is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// The cluster for a process that stays, such as the TUI: hosted here unless someone else does.
pub async fn host_or_attach(places: &Places, choice: &Choice) -> Result<Arc<dyn Sandbox>> {
    if *choice != Choice::Embedded {
        return open_foreign(places, choice, &|_| ()).await;
    }
    let place = HostPlace::of(places)?;
    let _turn = place.lock_start().await?;
    match place.lock_host()? {
        Some(lock) => Ok(Arc::new(Hosting::start(lock, &place, false).await?)),
        None => Ok(Arc::new(attach(&place, None).await?)),
    }
}

/// The cluster for a command that ends: a host is left in the background where there is none.
pub async fn attach_or_leave_host(places: &Places, choice: &Choice) -> Result<Arc<dyn Sandbox>> {
    if *choice != Choice::Embedded {
        return open_foreign(places, choice, &|_| ()).await;
    }
    let place = HostPlace::of(places)?;
    let _turn = place.lock_start().await?;
    let mut host = match place.living()? {
        Some(_) => None,
        None => Some(start_in_background(places, &place)?),
    };
    Ok(Arc::new(attach(&place, host.as_mut()).await?))
}

/// A cluster that this program does not run itself. `told` hears what is being done, which may
/// take minutes.
///
/// Fails with [`NotLocal`](super::NotLocal) where the learner has to agree first.
pub async fn open_foreign(
    places: &Places,
    choice: &Choice,
    told: &(dyn Fn(&str) + Sync),
) -> Result<Arc<dyn Sandbox>> {
    match choice {
        Choice::Embedded => bail!("the embedded cluster is not a foreign one"),
        Choice::Kind(name) => Ok(Arc::new(kind::open(places, name, told).await?)),
        Choice::Context(name) => Ok(Arc::new(Foreign::context(places, name).await?)),
    }
}

/// The cluster that runs, if one does.
pub async fn attach_if_running(places: &Places) -> Result<Option<Attached>> {
    let place = HostPlace::of(places)?;
    match place.living()? {
        Some(_) => attach(&place, None).await.map(Some),
        None => Ok(None),
    }
}

/// Hosts the cluster in this process, for others, until it is stopped or idles for long.
///
/// `None` where someone else hosts it already.
pub async fn host_in_background(places: &Places) -> Result<Option<Hosting>> {
    let place = HostPlace::of(places)?;
    match place.lock_host()? {
        Some(lock) => Hosting::start(lock, &place, true).await.map(Some),
        None => Ok(None),
    }
}

/// Connects to the host, which may still be starting; `host` is the process that was started.
async fn attach(place: &HostPlace, mut host: Option<&mut Child>) -> Result<Attached> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Some(host) = place.living()?
            && let Ok(attached) = Attached::connect(place, host).await
        {
            return Ok(attached);
        }
        if let Some(host) = &mut host
            && host.try_wait()?.is_some()
        {
            let log = std::fs::read_to_string(place.log()).unwrap_or_default();
            let said = log.trim().trim_start_matches("kubekata: ");
            bail!("the cluster ended as soon as it was started: {said}");
        }
        if Instant::now() > deadline {
            let log = place.log();
            bail!("the cluster did not start; see {}", log.display());
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn start_in_background(places: &Places, place: &HostPlace) -> Result<Child> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let log = std::fs::File::create(place.log())?;
    let mut command = Command::new(program);
    command
        .arg("--data")
        .arg(places.root())
        .args(["cluster", "host"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    // Ctrl-C in the learner's terminal is not meant for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().context("cannot start the cluster")
}
