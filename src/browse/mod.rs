//! Looking into a cluster and acting on it without kubectl: what a page of an object shows, why
//! things are as they are, and the deeds of the lab itself.
//!
//! ```text
//! Order ─ perform ─ page (facts ─ describe │ yaml │ events │ why) ─ Document ─ News
//!                 └ logs ─ lines ─ News     └ deed (one file each) ─ News
//! ```
//! Everything works on any cluster that a `kube::Client` reaches. Nothing here knows how it is
//! drawn, and nothing keeps state between two orders.

mod deed;
mod describe;
mod document;
mod editing;
mod exec;
mod facts;
mod logs;
mod owner;
mod page;
mod template;
mod why;
mod yaml;

#[cfg(test)]
mod tests;

pub use deed::Deed;
pub use document::{Cell, Document, Part, Tone};
pub use editing::Draft;
pub use exec::{Exec, Input, run as run_exec};
pub use logs::has_logs;
pub use page::{Page, Side};
pub use template::{TEMPLATES, Template};
pub use why::subject_of_check;

use std::sync::Arc;

use pocketkube::clock::Clock;
use tokio::sync::mpsc;

use crate::sandbox::{Observer, Reference};

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Show a page and keep it as the cluster is, until the next page or `Close`.
    Show(Page),
    /// Nothing is looked at any more.
    Close,
    /// Change something.
    Do(Deed),
    /// Put an object into a file to be edited.
    Checkout(Reference),
    /// Put a new manifest into a file to be edited.
    Begin(&'static Template),
    /// Apply what a file says now.
    Submit(Draft),
    /// Open a shell in a container; answers `Output` and at last `Ended`.
    Exec(Exec),
    /// Something for the shell of this life.
    Input(u64, Input),
    /// Nobody looks at it any more.
    HangUp(u64),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// What a page shows now.
    Page {
        number: u64,
        document: Arc<Document>,
    },
    /// More lines of a page that grows.
    Lines { number: u64, lines: Vec<String> },
    /// A file is ready to be edited.
    Draft(Draft),
    /// What a shell in a container wrote.
    Output { life: u64, bytes: Vec<u8> },
    /// It ended; says how.
    Ended { life: u64, how: String },
    /// It was done; says what.
    Done(String),
    /// It was not done; says why.
    Failed(String),
}

/// What orders are carried out with.
#[derive(Clone)]
pub struct Tools {
    pub observer: Observer,
    pub clock: Clock,
    /// The namespace that new things go into.
    pub namespace: String,
    /// Where files to be edited are put.
    pub folder: std::path::PathBuf,
    pub news: mpsc::Sender<News>,
}

impl Tools {
    /// Carries out an order; a page goes on until this is dropped.
    pub async fn perform(self, order: Order) {
        let client = self.observer.client().clone();
        let news = match order {
            // Whoever keeps the shells carries these out.
            Order::Close | Order::Exec(_) | Order::Input(..) | Order::HangUp(_) => return,
            Order::Show(page) => return page::follow(&self, &page).await,
            Order::Do(deed) => match deed.act(&client, self.clock.now()).await {
                Ok(said) => News::Done(said),
                Err(error) => failed(&error),
            },
            Order::Checkout(of) => match editing::checkout(&client, &of, &self.folder).await {
                Ok(draft) => News::Draft(draft),
                Err(error) => failed(&error),
            },
            Order::Begin(template) => {
                match editing::begin(template, &self.namespace, &self.folder) {
                    Ok(draft) => News::Draft(draft),
                    Err(error) => failed(&error),
                }
            }
            Order::Submit(draft) => match editing::submit(&client, &draft, &self.namespace).await {
                Ok(editing::Outcome::Done(said)) => News::Done(said),
                Ok(editing::Outcome::Again(draft)) => News::Draft(draft),
                Err(error) => failed(&error),
            },
        };
        let _ = self.news.send(news).await;
    }
}

fn failed(error: &anyhow::Error) -> News {
    News::Failed(format!("{error:#}"))
}
