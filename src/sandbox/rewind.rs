//! Going back in the cluster's history, from any process.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::SignedDuration;
use pocketkube::{Rewinder, Rewound};
use serde::{Deserialize, Serialize};

/// How far back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "camelCase")]
pub enum RewindTo {
    /// Before the learner's last command that was not taken back yet.
    LastCommand,
    Revision {
        revision: u64,
    },
    /// In cluster time.
    Ago {
        seconds: f64,
    },
}

impl RewindTo {
    /// Goes back, and says what was done. Fails with the reason why it did not.
    pub(super) async fn act(&self, rewinder: &Rewinder) -> Result<String> {
        let rewound = match self {
            Self::LastCommand => rewinder.undo().await?,
            Self::Revision { revision } => rewinder.rewind(*revision).await?,
            Self::Ago { seconds } => {
                let span = Duration::try_from_secs_f64(*seconds).unwrap_or_default();
                let span = SignedDuration::try_from(span).context("too long ago")?;
                let moment = rewinder.now().checked_sub(span).context("too long ago")?;
                rewinder.rewind(rewinder.at(moment)?).await?
            }
        };
        Ok(said(&rewound))
    }
}

fn said(rewound: &Rewound) -> String {
    let Rewound {
        to,
        from,
        objects,
        undone,
    } = rewound;
    let objects = match objects {
        0 => "nothing had changed".to_owned(),
        1 => "1 object is as it was".to_owned(),
        objects => format!("{objects} objects are as they were"),
    };
    let what = match undone {
        Some(command) => format!("took {command} back"),
        None => format!("back at revision {to}"),
    };
    format!("{what}: {objects}; kubekata rewind --to {from} brings it back")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_and_how_to_take_that_back() {
        let rewound = Rewound {
            to: 7,
            from: 12,
            objects: 3,
            undone: Some("kubectl scale".to_owned()),
        };
        assert_eq!(
            said(&rewound),
            "took kubectl scale back: 3 objects are as they were; \
             kubekata rewind --to 12 brings it back"
        );
    }
}
