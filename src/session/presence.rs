//! One terminal interface a data folder: a second one is told who is there.
//!
//! Commands that end (`check`, also with `--watch`, `hint`, `reset`, …) may run beside it: they
//! write to the same journal, and the interface hears of it. Two interfaces would count the same
//! time twice and judge each other's attacks.

use std::fs::{File, OpenOptions, TryLockError};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sandbox::{Places, write_private};

/// Held while the interface is open.
#[derive(Debug)]
pub struct Presence {
    _file: File,
}

/// Who holds it instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    pub pid: u32,
    pub since: Timestamp,
}

/// The answer to a claim.
#[derive(Debug)]
pub enum Claim {
    Granted(Presence),
    /// Somebody else is there; who, if that can be read.
    Taken(Option<Elsewhere>),
}

impl Presence {
    /// Claims the data folder for this process, until it is dropped or the process ends.
    pub fn claim(places: &Places, now: Timestamp) -> Result<Claim> {
        let lock = places.root().join("session.lock");
        let told = places.root().join("session.json");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .with_context(|| format!("cannot open {}", lock.display()))?;
        match file.try_lock() {
            Ok(()) => {
                let ours = Elsewhere {
                    pid: std::process::id(),
                    since: now,
                };
                write_private(&told, &serde_json::to_string(&ours)?)?;
                Ok(Claim::Granted(Self { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let text = std::fs::read_to_string(&told).unwrap_or_default();
                Ok(Claim::Taken(serde_json::from_str(&text).ok()))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", lock.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_is_there_until_the_first_one_leaves() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::open(Some(folder.path())).expect("places");
        let at = Timestamp::UNIX_EPOCH;
        let Claim::Granted(first) = Presence::claim(&places, at).expect("it asks") else {
            panic!("nobody is there");
        };
        let Claim::Taken(Some(who)) = Presence::claim(&places, at).expect("it asks") else {
            panic!("somebody is there");
        };
        assert_eq!((who.pid, who.since), (std::process::id(), at));
        drop(first);
        let again = Presence::claim(&places, at).expect("it asks");
        assert!(matches!(again, Claim::Granted(_)));
    }
}
