//! Opens a cluster that this program does not run: asks first where that is due, and says what is
//! being done while it takes minutes.

use std::sync::Arc;

use anyhow::Result;

use super::Misuse;
use super::app::App;
use super::output::confirmed;
use crate::sandbox::{self, Consents, NotLocal, Places, Sandbox};

/// The sandbox that `--sandbox` names. Fails where the learner does not agree.
pub async fn open(app: &App, places: &Places) -> Result<Arc<dyn Sandbox>> {
    let choice = &app.global.sandbox;
    let told = |doing: &str| eprintln!("kubekata: {doing}");
    let not_local = match sandbox::open_foreign(places, choice, &told).await {
        Err(error) => error.downcast::<NotLocal>()?,
        opened => return opened,
    };
    let question = format!(
        "the context {} leads to {}, which is not on this machine. kubekata makes namespaces of \
         its own there, and touches no others. Work there?",
        not_local.context, not_local.server
    );
    if !app.global.yes && !confirmed(&question)? {
        return Err(Misuse("nothing was touched".to_owned()).into());
    }
    Consents::open(places).agree(places, &not_local)?;
    sandbox::open_foreign(places, choice, &told).await
}
