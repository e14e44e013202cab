//! Which command was a user's last: one that is not taken back already.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::api::GroupResource;
use crate::storage::Change;

/// Writes of a program that says no session belong together when they come this close.
const CLOSE: SignedDuration = SignedDuration::from_secs(1);

/// So many rewinds are remembered.
const MOST: usize = 1000;

/// The rewinds so far.
#[derive(Default)]
pub struct Rewinds {
    jumps: Vec<Jump>,
}

struct Jump {
    /// The newest revision after it.
    at: u64,
    to: u64,
}

/// A command that can be taken back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastCommand {
    pub name: String,
    /// The revision before its first write.
    pub before: u64,
}

impl Rewinds {
    pub(super) fn note(&mut self, at: u64, to: u64) {
        if self.jumps.len() == MOST {
            self.jumps.remove(0);
        }
        self.jumps.push(Jump { at, to });
    }

    pub(super) fn last_command(
        &self,
        history: &[(Arc<GroupResource>, Vec<Change>)],
    ) -> Option<LastCommand> {
        let changes = history.iter().flat_map(|(_, changes)| changes);
        let mut commands: Vec<&Change> = changes.filter(|own| is_a_users(own)).collect();
        commands.sort_unstable_by_key(|own| own.revision);
        let mut until = u64::MAX;
        loop {
            let count = commands.partition_point(|own| own.revision <= until);
            let last = commands[..count].last();
            let mut jumps = self.jumps.iter().rev();
            match (last, jumps.find(|jump| jump.at <= until)) {
                (Some(last), Some(jump)) if last.revision <= jump.at => until = jump.to,
                (None, Some(jump)) => until = jump.to,
                (Some(_), _) => return first_of(&commands[..count]),
                (None, None) => return None,
            }
        }
    }
}

/// The beginning of the last command among the writes of several.
fn first_of(writes: &[&Change]) -> Option<LastCommand> {
    let (last, earlier) = writes.split_last()?;
    let command = last.origin.command.as_ref()?;
    let mut first = *last;
    for write in earlier.iter().rev() {
        let is_same = write.origin.command.as_ref().is_some_and(|own| {
            own == command
                && write.origin.actor == last.origin.actor
                && (!own.session.is_empty()
                    || first.origin.at.duration_since(write.origin.at) <= CLOSE)
        });
        if !is_same {
            break;
        }
        first = write;
    }
    Some(LastCommand {
        name: command.name.clone(),
        before: first.revision - 1,
    })
}

/// Users say what they run; components of the cluster are no users.
fn is_a_users(change: &Change) -> bool {
    let origin = &change.origin;
    origin.command.is_some() && !origin.actor.starts_with("system:")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Object;
    use crate::storage::{ChangeKind, Command, Origin};

    /// Writes as (revision, second, user, command, session).
    #[track_caller]
    fn check(
        writes: &[(u64, i64, &str, &str, &str)],
        jumps: &[(u64, u64)],
        expected: Option<(&str, u64)>,
    ) {
        let changes = writes
            .iter()
            .map(|(revision, second, user, name, session)| Change {
                revision: *revision,
                kind: ChangeKind::Updated,
                object: Object::new(json!({})),
                previous: None,
                origin: Origin {
                    actor: (*user).into(),
                    at: jiff::Timestamp::from_second(*second).unwrap(),
                    command: (!name.is_empty()).then(|| {
                        Arc::new(Command {
                            name: (*name).to_owned(),
                            session: (*session).to_owned(),
                        })
                    }),
                    ..Origin::default()
                },
            });
        let resource = Arc::new(GroupResource::new("", "pods"));
        let mut rewinds = Rewinds::default();
        for (at, to) in jumps {
            rewinds.note(*at, *to);
        }
        let last = rewinds.last_command(&[(resource, changes.collect())]);
        let last = last.as_ref().map(|own| (own.name.as_str(), own.before));
        assert_eq!(last, expected);
    }

    const ME: &str = "kubernetes-admin";

    #[test]
    fn all_writes_of_one_run_of_kubectl_are_one_command() {
        let writes = [
            (10, 1, ME, "kubectl apply", "x"),
            (20, 2, ME, "kubectl apply", "y"),
            (21, 2, "system:kube-scheduler", "", ""),
            (22, 50, ME, "kubectl apply", "y"),
            (30, 60, ME, "", ""),
        ];
        check(&writes, &[], Some(("kubectl apply", 19)));
    }

    #[test]
    fn writes_without_a_session_belong_together_when_they_are_close() {
        let writes = [
            (10, 1, ME, "python", ""),
            (20, 5, ME, "python", ""),
            (21, 6, ME, "python", ""),
        ];
        check(&writes, &[], Some(("python", 19)));
    }

    #[test]
    fn what_was_taken_back_already_is_passed_over() {
        let writes = [
            (10, 1, ME, "kubectl create", "x"),
            (20, 2, ME, "kubectl scale", "y"),
            (50, 3, ME, "kubectl delete", "z"),
        ];
        check(&writes[..2], &[(30, 19)], Some(("kubectl create", 9)));
        // Another rewind brought the scaling back, and then something else was done.
        let jumps = [(30, 19), (40, 25)];
        check(&writes[..2], &jumps, Some(("kubectl scale", 19)));
        check(&writes, &jumps, Some(("kubectl delete", 49)));
        check(&writes[..1], &[(12, 9)], None);
    }

    #[test]
    fn programs_in_the_cluster_are_no_users() {
        let operator = "system:serviceaccount:shop:operator";
        check(&[(10, 1, operator, "python", "")], &[], None);
    }
}
