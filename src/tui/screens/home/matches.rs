//! The search: katas whose track and title contain every word typed, in the
//! order of the course.

use crate::session::{KataLine, State};

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
