//! What the learner makes lands in a namespace that has nothing to do with the kata.

use super::{Notice, Seen, succeeded};

pub(super) const NOTICE: Notice = Notice {
    name: "elsewhere",
    look,
};

fn look(seen: &Seen<'_>) -> Option<String> {
    let ours = &seen.open.kata.namespaces;
    if ours.iter().any(|name| name == "default") {
        return None;
    }
    let made = seen.calls.iter().rev();
    let mut made = made.filter(|call| {
        let writes = matches!(call.verb.as_str(), "create" | "patch" | "update");
        writes && succeeded(call) && !call.namespace.is_empty()
    });
    let last = made.next()?;
    (last.namespace == "default").then(|| {
        format!(
            "You have just written to the namespace `default`; this kata lives in `{}`.",
            seen.open.kata.namespace()
        )
    })
}
