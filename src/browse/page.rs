//! A page of an object, made again whenever the cluster changes.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::select_all;

use super::document::{Document, Tone};
use super::facts::Facts;
use super::{News, Tools, describe, logs, why, yaml};
use crate::check::Verdict;
use crate::sandbox::Reference;

/// Changes within this time make one page.
const GATHER: Duration = Duration::from_millis(50);

/// What to show of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Tells the news of this page from those of others.
    pub number: u64,
    pub of: Reference,
    pub side: Side,
    /// Whose log; the first one where none is named.
    pub container: Option<String>,
    /// The log of the run before this one.
    pub previous: bool,
    /// Managed fields are shown.
    pub unfolded: bool,
    /// The check that it is about, in place of the object itself.
    pub verdict: Option<Box<Verdict>>,
}

/// A side of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Side {
    #[default]
    Describe,
    Yaml,
    Events,
    Logs,
    Why,
}

impl Side {
    pub const ALL: [Self; 5] = [
        Self::Describe,
        Self::Yaml,
        Self::Events,
        Self::Logs,
        Self::Why,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Yaml => "yaml",
            Self::Events => "events",
            Self::Logs => "logs",
            Self::Why => "why",
        }
    }
}

/// Sends what the page shows, now and after every change.
pub(super) async fn follow(tools: &Tools, page: &Page) {
    if page.side == Side::Logs {
        return logs::follow(tools, page).await;
    }
    let watched = Facts::watched(&page.of);
    let mut feeds: Vec<_> = watched
        .iter()
        .map(|it| tools.observer.changes(it))
        .collect();
    let mut last = None;
    loop {
        let document = Arc::new(document(tools, page).await);
        if last.as_ref() != Some(&document) {
            last = Some(Arc::clone(&document));
            let number = page.number;
            if tools
                .news
                .send(News::Page { number, document })
                .await
                .is_err()
            {
                return;
            }
        }
        let changes = feeds.iter_mut().map(|feed| {
            async move {
                if feed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            .boxed()
        });
        tokio::select! {
            _ = select_all(changes) => {}
            () = tools.news.closed() => return,
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn document(tools: &Tools, page: &Page) -> Document {
    if let (Some(verdict), Side::Why) = (&page.verdict, page.side) {
        let facts = Facts::gather(tools, &page.of).await.ok();
        return why::of_check(verdict, facts.as_ref());
    }
    let facts = match Facts::gather(tools, &page.of).await {
        Ok(facts) => facts,
        Err(words) => return Document::words(Tone::Bad, words),
    };
    if facts.object.is_null() {
        let words = format!("There is no {} any more.", page.of.short());
        return Document::words(Tone::Warn, words);
    }
    match page.side {
        Side::Describe => describe::document(&facts),
        Side::Yaml => yaml::document(&facts.object, page.unfolded),
        Side::Events => describe::events_alone(&facts),
        Side::Why => why::document(&facts),
        Side::Logs => Document::default(),
    }
}
