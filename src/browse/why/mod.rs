//! Why things are as they are: one file and one row a reason.
//!
//! Each reason is a pure function of the facts and stays silent where it does not apply; the page
//! shows what all of them have to say.

mod blocked;
mod check;
mod claim;
mod forbidden;
mod no_endpoints;
mod node;
mod not_ready;
mod pending;
mod workload;

pub use check::{of_check, subject_of_check};
pub use forbidden::Complaint;

use super::document::{Document, Part, Tone};
use super::facts::Facts;

/// Says why, or nothing.
type Reason = fn(&Facts) -> Vec<Part>;

const REASONS: [Reason; 8] = [
    pending::parts,
    not_ready::parts,
    workload::parts,
    no_endpoints::parts,
    node::parts,
    claim::parts,
    blocked::parts,
    forbidden::parts,
];

/// Everything there is to say about why an object is as it is.
pub fn document(facts: &Facts) -> Document {
    let mut parts = Vec::new();
    for reason in REASONS {
        let said = reason(facts);
        if !said.is_empty() && !parts.is_empty() {
            parts.push(Part::Gap);
        }
        parts.extend(said);
    }
    if parts.is_empty() {
        let words = format!(
            "Nothing keeps {} from being as it should.",
            facts.of.short()
        );
        parts.push(Part::words(Tone::Good, words));
        let mut events = facts.events.iter();
        if let Some(last) = events.rfind(|event| event["type"] == "Warning") {
            let message = last["message"].as_str().unwrap_or_default();
            parts.push(Part::words(
                Tone::Quiet,
                format!("The last warning about it: {message}"),
            ));
        }
    }
    Document::of(parts)
}
