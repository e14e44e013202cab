//! The list of everything that can be done now, found by a few letters: the
//! orders of the screen from the keymap, and every kata.

use std::collections::HashSet;

use super::action::Action;
use super::available::is_available;
use super::keymap::{Binding, Context};
use super::state::State;
use super::strings;
use crate::course::KataId;

/// The list while it is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// The letters typed.
    pub text: String,
    /// Index into what matches.
    pub selected: usize,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is written.
    pub label: String,
    /// On the right: its keys, or what it is.
    pub detail: String,
    /// What it does.
    pub choice: Choice,
}

/// What an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// An order of the screen below.
    Order(Action),
    /// A kata is opened.
    Kata(KataId),
}

/// Orders that make no sense from a list: moving about in another one.
fn is_movement(action: Action) -> bool {
    matches!(
        action,
        Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::Top
            | Action::Bottom
            | Action::PreviousTrack
            | Action::NextTrack
            | Action::Answer(_)
            | Action::OpenPalette
            | Action::ShellPageUp
            | Action::ShellPageDown
    )
}

/// Everything that can be done on the screen below, then every kata.
pub fn entries(state: &State) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    for context in contexts(state) {
        for row in state.keymap.rows(context) {
            let is_new = !is_movement(row.action) && seen.insert(row.action);
            if is_new && is_available(row.action, state) {
                entries.push(order(row, state));
            }
        }
    }
    for track in state.session.map() {
        for kata in track.katas {
            entries.push(Entry {
                label: format!("{} {} {}", track.title, state.theme.glyphs.path, kata.title),
                detail: strings::KATA.to_owned(),
                choice: Choice::Kata(kata.id),
            });
        }
    }
    entries
}

/// Whoever calls the list from the shell has the orders of the kata, too.
fn contexts(state: &State) -> Vec<Context> {
    let below = match &state.page {
        Some(page) => page.context(),
        None => state.screen_context(),
    };
    match below {
        Context::Shell | Context::Copy => vec![Context::Shell, Context::Kata, Context::Anywhere],
        Context::Cluster | Context::Filter => vec![
            Context::Cluster,
            Context::Kata,
            Context::Shell,
            Context::Anywhere,
        ],
        Context::Kata => vec![Context::Kata, Context::Shell, Context::Anywhere],
        below => vec![below, Context::Anywhere],
    }
}

fn order(row: &Binding, state: &State) -> Entry {
    let keys: Vec<String> = row
        .keys
        .iter()
        .map(|key| key.name(state.theme.glyphs))
        .collect();
    Entry {
        label: row.says.to_owned(),
        detail: keys.join(", "),
        choice: Choice::Order(row.action),
    }
}

/// The entries that have every letter typed, in order, the closest first.
pub fn found(state: &State) -> Vec<Entry> {
    let Some(palette) = &state.palette else {
        return Vec::new();
    };
    let mut scored: Vec<(u32, Entry)> = entries(state)
        .into_iter()
        .filter_map(|entry| Some((cost(&entry.label, &palette.text)?, entry)))
        .collect();
    // Stable: of two that fit equally well the earlier one stays first.
    scored.sort_by_key(|(cost, _)| *cost);
    scored.into_iter().map(|(_, entry)| entry).collect()
}

/// How far `typed` is from `label`; `None` where a letter is missing. Letters
/// that follow each other and letters that begin words cost nothing.
pub fn cost(label: &str, typed: &str) -> Option<u32> {
    let label: Vec<char> = label.to_lowercase().chars().collect();
    let mut cost = 0;
    for word in typed.to_lowercase().split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        let starts = (0..label.len()).filter(|at| label[*at] == word[0]);
        cost += starts.filter_map(|at| cost_from(&label, &word, at)).min()?;
    }
    Some(cost)
}

/// The cost of finding `word` from `at` on, always taking the next place that fits.
fn cost_from(label: &[char], word: &[char], at: usize) -> Option<u32> {
    let begins_word = |at: usize| at == 0 || !label[at - 1].is_alphanumeric();
    let mut cost = if begins_word(at) { 0 } else { 4 };
    let mut here = at;
    for letter in &word[1..] {
        let next = (here + 1..label.len()).find(|at| label[*at] == *letter)?;
        if next > here + 1 {
            let gap = u32::try_from(next - here).unwrap_or(u32::MAX).min(20);
            cost += if begins_word(next) { 2 } else { 2 + gap };
        }
        here = next;
    }
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture::{home, working};

    fn labels(state: &mut State, typed: &str) -> Vec<String> {
        state.palette = Some(Palette {
            text: typed.to_owned(),
            selected: 0,
        });
        found(state).into_iter().map(|entry| entry.label).collect()
    }

    #[test]
    fn words_and_first_letters_are_found_before_scattered_letters() {
        assert_eq!(cost("uncover the next hint", "hint"), Some(0));
        assert!(cost("the lesson", "tl") < cost("start later", "tl"));
        assert_eq!(cost("zoom", "q"), None);
        assert_eq!(cost("anything", ""), Some(0));
        assert_eq!(cost("set the scene again", "again scene"), Some(0));
    }

    #[test]
    fn the_shell_offers_the_orders_of_the_kata_and_katas_are_offered_everywhere() {
        let mut state = working(80, 24);
        assert_eq!(
            labels(&mut state, "uncover next hint")[0],
            "uncover the next hint"
        );
        assert!(labels(&mut state, "set scene again").len() == 1);
        for mut state in [home(80, 24), working(80, 24)] {
            assert!(
                labels(&mut state, "port nobody")[0].contains("The port that nobody listens on")
            );
            assert!(labels(&mut state, "settings")[0].starts_with("settings:"));
            assert!(labels(&mut state, "tour")[0].contains("tour"));
        }
    }

    #[test]
    fn what_cannot_be_done_now_is_not_offered() {
        let mut state = home(80, 24);
        let found = labels(&mut state, "start the cluster again");
        assert!(
            !found
                .iter()
                .any(|label| label.starts_with("start the cluster"))
        );
    }
}
