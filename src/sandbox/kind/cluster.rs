//! Opens a kind cluster by its name, made if need be, and deletes it again.

use anyhow::{Context, Result, bail};

use super::super::api::Sandbox;
use super::super::choice::Choice;
use super::super::foreign::{Foreign, Owner};
use super::super::places::{Places, write_private};
use super::create::create;
use super::mark;
use super::recipe::context_of;
use super::record::Records;
use super::tools::Tools;
use super::trouble::KindTrouble;

/// The cluster `name`: the one that this data folder made, or a new one. `told` hears what is
/// being done, which may take minutes.
pub async fn open(places: &Places, name: &str, told: &(dyn Fn(&str) + Sync)) -> Result<Foreign> {
    let records = Records::of(places, name)?;
    let owner = Owner::of(places)?;
    let _turn = records.lock().await?;
    let tools = Tools::find().await?;
    if !tools.clusters().await?.iter().any(|known| known == name) {
        told(&format!(
            "making the kind cluster {name}; the first time takes minutes"
        ));
        records.write()?;
        create(&tools, &records, name, told).await?;
        let cluster = connect(&records, name).await?;
        mark::set(&cluster.client(), &owner).await?;
        return Ok(cluster);
    }
    if !records.is_made() {
        return Err(KindTrouble::NotOurs(name.to_owned()).into());
    }
    refresh(&tools, &records, name).await?;
    let cluster = connect(&records, name).await?;
    match mark::is_set(&cluster.client(), &owner).await? {
        true => Ok(cluster),
        false => Err(KindTrouble::NotOurs(name.to_owned()).into()),
    }
}

/// The ports of a cluster change when its containers start anew.
async fn refresh(tools: &Tools, records: &Records, name: &str) -> Result<()> {
    let said = tools.ask(&["get", "kubeconfig", "--name", name]).await?;
    if !said.good {
        return Err(KindTrouble::Dead(name.to_owned()).into());
    }
    write_private(&records.kubeconfig(), &said.out)
}

async fn connect(records: &Records, name: &str) -> Result<Foreign> {
    let kubeconfig = std::fs::read_to_string(records.kubeconfig());
    let kubeconfig = kubeconfig.context("kind wrote no kubeconfig")?;
    let choice = Choice::Kind(name.to_owned());
    let connected = Foreign::own(choice, &kubeconfig, &context_of(name)).await;
    connected.context(KindTrouble::Dead(name.to_owned()))
}

/// Deletes the cluster. Fails where this data folder did not make it.
pub async fn delete(places: &Places, name: &str) -> Result<()> {
    let records = Records::of(places, name)?;
    let _turn = records.lock().await?;
    if !records.is_made() {
        bail!("kubekata made no kind cluster {name} here, so it deletes none");
    }
    let tools = Tools::find().await?;
    refuse_others(places, &tools, &records, name).await?;
    let kubeconfig = records.kubeconfig().display().to_string();
    let arguments = [
        "delete",
        "cluster",
        "--name",
        name,
        "--kubeconfig",
        &kubeconfig,
    ];
    let said = tools.ask(&arguments).await?;
    if !said.good {
        bail!("kind does not delete {name}: {}", said.errors.trim());
    }
    records.remove()
}

/// A cluster that answers must carry our mark. One that does not was begun by us, and is broken.
async fn refuse_others(
    places: &Places,
    tools: &Tools,
    records: &Records,
    name: &str,
) -> Result<()> {
    if refresh(tools, records, name).await.is_err() {
        return Ok(());
    }
    let Ok(cluster) = connect(records, name).await else {
        return Ok(());
    };
    match mark::is_set(&cluster.client(), &Owner::of(places)?).await? {
        true => Ok(()),
        false => Err(KindTrouble::NotOurs(name.to_owned()).into()),
    }
}
