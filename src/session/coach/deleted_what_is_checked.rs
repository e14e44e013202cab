//! A check looks for an object, and the learner has deleted it.

use super::{Notice, Seen, succeeded};

pub(super) const NOTICE: Notice = Notice {
    name: "deleted-what-is-checked",
    look,
};

fn look(seen: &Seen<'_>) -> Option<String> {
    let deleted = seen
        .calls
        .iter()
        .filter(|call| call.verb == "delete" && succeeded(call) && !call.name.is_empty());
    let missing = |name: &str| {
        let verdicts = seen.open.verdicts.values();
        let mut differences = verdicts.flat_map(|verdict| &verdict.differences);
        // As the probes say it: `configmap "web"`, expected that it exists, seen nothing.
        differences.any(|it| it.field.ends_with(&format!(" \"{name}\"")) && it.seen == "nothing")
    };
    let call = deleted.rev().find(|call| missing(&call.name))?;
    Some(format!(
        "A check looks for `{}` among the {}, and you have deleted it. Make it again, or reset.",
        call.name, call.resource
    ))
}
