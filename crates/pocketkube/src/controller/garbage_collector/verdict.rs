//! What is to become of an object, by the state of its owners. Pure.

use std::sync::Arc;

use super::Owner;

/// What is known of one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnerState {
    /// It is there.
    Solid,
    /// It is being deleted and waits for its dependents.
    Waiting,
    Absent,
}

/// What to do with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    /// It has other owners: forget these.
    RemoveOwners(Vec<Arc<str>>),
    /// Its owner waits for it, and it has dependents itself.
    DeleteInForeground,
    Delete,
}

/// One solid owner keeps an object alive.
pub(super) fn judge(owners: &[(Owner, OwnerState)], has_dependents: bool) -> Verdict {
    let has = |wanted| owners.iter().any(|(_, state)| *state == wanted);
    if owners.is_empty() {
        return Verdict::Keep;
    }
    if has(OwnerState::Solid) {
        let others = owners
            .iter()
            .filter(|(_, state)| *state != OwnerState::Solid);
        let uids: Vec<_> = others.map(|(owner, _)| owner.uid.clone()).collect();
        return match uids.is_empty() {
            true => Verdict::Keep,
            false => Verdict::RemoveOwners(uids),
        };
    }
    match has(OwnerState::Waiting) && has_dependents {
        true => Verdict::DeleteInForeground,
        false => Verdict::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::OwnerState::{Absent, Solid, Waiting};
    use super::*;

    #[track_caller]
    fn check(states: &[OwnerState], has_dependents: bool, expected: Verdict) {
        let owners: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(number, state)| {
                let owner = Owner {
                    api_version: "v1".to_owned(),
                    kind: "ConfigMap".to_owned(),
                    name: String::new(),
                    uid: number.to_string().into(),
                    blocks: true,
                };
                (owner, *state)
            })
            .collect();
        assert_eq!(judge(&owners, has_dependents), expected);
    }

    #[test]
    fn one_solid_owner_keeps_an_object() {
        check(&[], false, Verdict::Keep);
        check(&[Solid, Solid], false, Verdict::Keep);
        let removed = Verdict::RemoveOwners(vec!["0".into(), "2".into()]);
        check(&[Absent, Solid, Waiting], true, removed);
    }

    #[test]
    fn an_object_without_solid_owners_goes_as_its_owners_ask() {
        check(&[Absent], true, Verdict::Delete);
        check(&[Waiting], false, Verdict::Delete);
        check(&[Waiting, Absent], true, Verdict::DeleteInForeground);
    }
}
