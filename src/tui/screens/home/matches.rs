//! What is listed: the katas that the filter lets through, and the search:
//! katas whose track and title contain every word typed, in the order of the
//! course.

use crate::session::{KataLine, KataStatus, State, TrackLine};
use crate::tui::state::{self, Filter, FilterStatus};

/// The course map as far as the filter lets it through; the counts of the
/// tracks are those of all their katas.
pub fn shown_map(state: &state::State) -> Vec<TrackLine> {
    let mut map = state.session.map();
    for track in &mut map {
        track.katas.retain(|kata| passes(kata, state.home.filter));
    }
    map
}

/// Whether a kata is listed.
pub fn passes(kata: &KataLine, filter: Filter) -> bool {
    let has_status = filter.status.is_none_or(|status| match status {
        FilterStatus::Open => !matches!(kata.status, KataStatus::Solved { .. }),
        FilterStatus::Started => kata.status == KataStatus::Started,
        FilterStatus::Done => matches!(kata.status, KataStatus::Solved { .. }),
    });
    has_status
        && filter.kind.is_none_or(|kind| kind == kata.kind)
        && filter
            .difficulty
            .is_none_or(|difficulty| difficulty == kata.difficulty)
}

/// Track title and kata of each match.
pub fn of(session: &State, typed: &str) -> Vec<(String, KataLine)> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mut found = Vec::new();
    for track in session.map() {
        for kata in track.katas {
            let text = format!("{} {} {}", track.title, kata.title, kata.id).to_lowercase();
            if words.iter().all(|word| text.contains(word)) {
                found.push((track.title.clone(), kata));
            }
        }
    }
    found
}
