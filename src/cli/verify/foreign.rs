//! Proofs on a cluster that this program does not run: one after the other, in real time, and
//! nothing of them is left behind.

use anyhow::Result;

use super::super::app::App;
use super::case::{Case, Outcome};
use super::print;
use crate::course::KataInstance;
use crate::sandbox::{self, Abilities, Choice, Places, Sandbox, Territory};

/// What a script says that needs the cluster inside this program.
const ONLY_EMBEDDED: [&str; 2] = ["kubekata clock", "kubekata chaos"];

/// The outcomes in the order of the cases; each is printed as soon as it is there.
pub async fn prove(app: &App, cases: Vec<Case>) -> Result<Vec<Outcome>> {
    let learner = app.places()?;
    // Asks where that is due, and makes what has to be made.
    let sandbox = app.sandbox(&learner).await?;
    let folder = tempfile::tempdir()?;
    let sandbox = match &app.global.sandbox {
        // As somebody else than the learner, whose katas are left alone.
        Choice::Context(_) => {
            let places = Places::open(Some(folder.path()))?;
            sandbox::Consents::open(&learner).copy_to(&places)?;
            sandbox::open_foreign(&places, &app.global.sandbox, &|_| ()).await?
        }
        _ => sandbox,
    };
    let abilities = sandbox.abilities().await?;
    let mut outcomes = Vec::new();
    for case in cases {
        let kata = case.kata.clone();
        let outcome = case
            .prove_on(sandbox.as_ref(), why_not(&abilities, &kata))
            .await;
        print(app, &outcome);
        outcomes.push(outcome);
        leave(sandbox.as_ref(), &kata).await?;
    }
    sandbox.close().await?;
    Ok(outcomes)
}

/// Why nothing can be proven there about a kata.
fn why_not(abilities: &Abilities, kata: &KataInstance) -> Option<String> {
    let lacking = abilities.lacking(kata);
    if !lacking.is_empty() {
        return Some(lacking.join("; "));
    }
    let scripts = kata.solution.iter().chain(&kata.wrong_scripts);
    let uses = |text: &str| ONLY_EMBEDDED.iter().find(|words| text.contains(**words));
    let used = scripts.filter_map(|file| uses(&file.text)).next()?;
    Some(format!("its scripts call `{used}`"))
}

async fn leave(sandbox: &dyn Sandbox, kata: &KataInstance) -> Result<()> {
    let client = sandbox.client();
    match sandbox.territory() {
        Territory::Whole => sandbox::reset::remove(&client, kata).await,
        Territory::OwnNamespaces(owner) => owner.clean(&client, &[]).await.map(drop),
    }
}
