//! How an attack stops and starts the program, wherever its keeper is.

use tokio::sync::watch;

use super::super::observe::{Listing, Observer};
use super::super::words::words_of;
use super::account::{ORDER, STATE, annotate, annotation, number_of, watched};

/// Gives orders to the keeper of the program that acts as a service account.
pub struct ProgramControl<'a> {
    observer: &'a Observer,
    namespace: &'a str,
    account: &'a str,
}

impl<'a> ProgramControl<'a> {
    pub fn new(observer: &'a Observer, namespace: &'a str, account: &'a str) -> Self {
        Self {
            observer,
            namespace,
            account,
        }
    }

    /// Whether somebody keeps the program. Fails where the cluster does not answer.
    pub async fn is_kept(&self) -> Result<bool, String> {
        let listing = self.observer.list(&watched(self.namespace)?).await?;
        Ok(self.annotation(&listing, STATE).is_some())
    }

    /// Has the program started or stopped, and waits until that is done. Fails where nobody keeps
    /// it any more.
    pub async fn order(&self, running: bool) -> Result<(), String> {
        let watched = watched(self.namespace)?;
        let listing = self.observer.list(&watched).await?;
        let number = number_of(self.annotation(&listing, ORDER)) + 1;
        let order = format!("{} {number}", if running { "running" } else { "stopped" });
        let mut changes = self.observer.changes(&watched);
        let client = self.observer.client();
        let written = annotate(client, self.namespace, self.account, ORDER, Some(&order)).await;
        written.map_err(|error| words_of(&error))?;
        self.carried_out(&mut changes, &order).await
    }

    async fn carried_out(
        &self,
        changes: &mut watch::Receiver<Listing>,
        order: &str,
    ) -> Result<(), String> {
        let done = changes.wait_for(|listing| {
            self.annotation(listing, STATE)
                .is_none_or(|state| state == order)
        });
        let listing = done.await.map_err(|_| "the cluster is gone".to_owned())?;
        match self.annotation(&listing, STATE) {
            Some(_) => Ok(()),
            None => Err("nobody runs the program any more: `kubekata run`".to_owned()),
        }
    }

    fn annotation<'l>(&self, listing: &'l Listing, name: &str) -> Option<&'l str> {
        annotation(listing.get(self.namespace, self.account)?, name)
    }
}
