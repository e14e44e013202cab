//! Minutes have passed, something does not become ready, and nobody looked at the Events.

use super::{Notice, Seen};

/// So long somebody may think first.
const PATIENCE: u64 = 4 * 60;

/// Somebody who asked for less than this has not begun.
const ASKED: usize = 5;

pub(super) const NOTICE: Notice = Notice {
    name: "events-unread",
    look,
};

fn look(seen: &Seen<'_>) -> Option<String> {
    let busy = seen.open.seconds >= PATIENCE && seen.calls.len() >= ASKED;
    // `kubectl describe` asks for them, too.
    let read = seen.calls.iter().any(|call| call.resource == "events");
    let refused = seen.open.verdicts.values().any(|verdict| !verdict.holds());
    (busy && refused && !read).then(|| {
        "The cluster tells what it tried: `kubectl events`, or the end of `kubectl describe`. \
         You have not looked there yet."
            .to_owned()
    })
}
