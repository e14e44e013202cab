//! The cluster has forbidden several requests.

use super::{Notice, Seen};

/// So many, before the first that is allowed again.
const TIMES: usize = 2;

pub(super) const NOTICE: Notice = Notice {
    name: "forbidden",
    look,
};

fn look(seen: &Seen<'_>) -> Option<String> {
    let latest = seen.calls.iter().rev().take(TIMES);
    let refused = latest.filter(|call| call.code == 403);
    (refused.count() == TIMES).then(|| {
        "The cluster says who was refused what, and why, in the words after `forbidden`. \
         `kubectl auth can-i --list` shows what is allowed."
            .to_owned()
    })
}
