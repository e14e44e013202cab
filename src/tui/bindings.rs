//! The table of keys as this learner has it: the rows of `keymap` with the
//! changes of the settings file. Dispatch, last line, help and palette ask here.

use std::borrow::Cow;

use super::action::Action;
use super::key::Key;
use super::keymap::{Binding, Context, KEYMAP};

/// Every row that holds.
#[derive(Debug, Clone)]
pub struct Keymap {
    rows: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self {
            rows: KEYMAP.to_vec(),
        }
    }
}

impl Keymap {
    /// The action of a chord in a context. In shells the rows of `Anywhere`
    /// keep out of the way, except for the mouse, which no program can switch.
    pub fn action_for(&self, context: Context, key: Key) -> Option<Action> {
        let find = |wanted: Context| {
            self.rows(wanted)
                .find(|row| row.keys.contains(&key))
                .map(|row| row.action)
        };
        let anywhere = || match find(Context::Anywhere) {
            Some(Action::ToggleMouse) => Some(Action::ToggleMouse),
            action if !matches!(context, Context::Shell | Context::Program) => action,
            _ => None,
        };
        let chain = std::iter::successors(Some(context), |context| context.below());
        let mut found = chain.filter_map(find);
        found.next().or_else(anywhere)
    }

    /// The rows of one context, in the order of the table.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.rows.iter().filter(move |row| row.context == context)
    }

    /// The chord to show for an action.
    pub fn key_of(&self, context: Context, action: Action) -> Option<Key> {
        self.rows(context)
            .find(|row| row.action == action)
            .and_then(|row| row.keys.first().copied())
    }

    /// Gives an action other chords; rows of the same context let go of them.
    /// Says which actions have no key any more.
    pub fn rebind(&mut self, context: Context, action: Action, keys: Vec<Key>) -> Vec<Action> {
        let mut bereft = Vec::new();
        for row in self.rows.iter_mut().filter(|row| row.context == context) {
            if row.action == action {
                row.keys = Cow::Owned(keys.clone());
            } else if row.keys.iter().any(|key| keys.contains(key)) {
                let left = row.keys.iter().copied().filter(|key| !keys.contains(key));
                row.keys = Cow::Owned(left.collect());
                if row.keys.is_empty() {
                    bereft.push(row.action);
                }
            }
        }
        bereft
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::tui::key::{ch, ctrl, plain};

    #[test]
    fn the_shell_gets_the_keys_that_shells_need() {
        let keymap = Keymap::default();
        for key in [
            plain(KeyCode::Tab),
            plain(KeyCode::BackTab),
            plain(KeyCode::Esc),
            ctrl('c'),
            ctrl('z'),
            ctrl('d'),
            ctrl('r'),
            ctrl('o'),
            ctrl('p'),
            plain(KeyCode::F(10)),
            plain(KeyCode::PageUp),
            ch('q'),
            ch(':'),
        ] {
            assert_eq!(keymap.action_for(Context::Shell, key), None, "{key:?}");
        }
    }

    #[test]
    fn the_chord_that_leaves_the_shell_also_moves_on_outside_it() {
        let (keymap, chord) = (Keymap::default(), ctrl(']'));
        for context in [Context::Shell, Context::Kata] {
            assert_eq!(keymap.action_for(context, chord), Some(Action::NextPane));
        }
    }

    #[test]
    fn a_chord_that_moves_to_another_action_is_taken_from_the_one_it_had() {
        let mut keymap = Keymap::default();
        let bereft = keymap.rebind(Context::Kata, Action::Hint, vec![ch('z'), ch('H')]);
        assert_eq!(bereft, [Action::Zoom]);
        let action = |key| keymap.action_for(Context::Kata, key);
        assert_eq!(action(ch('z')), Some(Action::Hint));
        assert_eq!(action(ch('H')), Some(Action::Hint));
        assert_eq!(action(ch('h')), None);
        assert_eq!(keymap.key_of(Context::Kata, Action::Zoom), None);
        assert!(
            keymap
                .action_for(Context::Shell, plain(KeyCode::F(7)))
                .is_some()
        );
    }
}
