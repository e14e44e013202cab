//! Reads the settings file. Every field stands for itself: one that is wrong is
//! reported with its line, and the others hold.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::{Loaded, PaneSizes, Settings};
use crate::course::{Document, Node, NodeValue, Problem};
use crate::tui::action::Action;
use crate::tui::bindings::Keymap;
use crate::tui::key::Key;
use crate::tui::keymap::{Context, KEYMAP};
use crate::tui::theme::ThemeName;

/// The fields, as messages list them.
const FIELDS: &str = "theme, ascii, mouse, linear, task-width, cluster-height, \
                      upper-height, task-side, keys";

/// Reads the file at `path`; one that does not exist says nothing.
pub fn read(path: &Path) -> Loaded {
    let file = super::shown(path);
    let (settings, keymap, problems) = match std::fs::read_to_string(path) {
        Ok(text) => parse(&file, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Default::default(),
        Err(error) => {
            let problem = Problem::new(file, format!("cannot be read: {error}"));
            (Settings::default(), Keymap::default(), vec![problem])
        }
    };
    Loaded {
        path: Some(path.to_owned()),
        settings,
        keymap,
        problems,
    }
}

/// Reads `text`, which stands in `file`.
pub fn parse(file: &str, text: &str) -> (Settings, Keymap, Vec<Problem>) {
    let nothing = text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if nothing {
        return Default::default();
    }
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(problem) => return (Settings::default(), Keymap::default(), vec![problem]),
    };
    let mut reader = Reader {
        document: &document,
        settings: Settings::default(),
        keymap: Keymap::default(),
        problems: Vec::new(),
    };
    reader.top(&document.root);
    (reader.settings, reader.keymap, reader.problems)
}

struct Reader<'d> {
    document: &'d Document,
    settings: Settings,
    keymap: Keymap,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn top(&mut self, root: &Node) {
        let NodeValue::Map(entries) = &root.value else {
            return self.refuse(root, "", "this is no list of fields like `theme: light`");
        };
        for (name, line, node) in entries {
            self.field(name, *line, node);
        }
    }

    fn field(&mut self, name: &str, line: usize, node: &Node) {
        match name {
            "theme" => self.theme(node),
            "ascii" if node.is_null() => self.settings.ascii = None,
            "ascii" => self.settings.ascii = self.decode(node, name),
            "mouse" => self.settings.mouse = self.decode(node, name).unwrap_or(true),
            "linear" => self.settings.linear = self.decode(node, name).unwrap_or(false),
            "task-width" | "cluster-height" | "upper-height" => self.share(name, node),
            "task-side" => match node.as_str() {
                Some("left") => self.settings.panes.task_on_right = false,
                Some("right") => self.settings.panes.task_on_right = true,
                _ => self.refuse(node, name, "is left or right"),
            },
            "keys" => self.keys(node),
            _ => {
                let message = format!("there is no such setting; there are {FIELDS}");
                let problem = Problem::new(&self.document.file, message);
                self.problems.push(problem.at_line(line).in_field(name));
            }
        }
    }

    fn theme(&mut self, node: &Node) {
        match node.as_str() {
            Some("auto") => self.settings.theme = None,
            name => match name.and_then(ThemeName::parse) {
                Some(theme) => self.settings.theme = Some(theme),
                None => {
                    let names: Vec<&str> =
                        ThemeName::ALL.iter().map(|name| name.as_str()).collect();
                    let message = format!("is auto, {}", names.join(", "));
                    self.refuse(node, "theme", &message);
                }
            },
        }
    }

    fn share(&mut self, name: &str, node: &Node) {
        let (least, most) = PaneSizes::LIMITS;
        let Some(share) = self.decode::<u16>(node, name) else {
            return;
        };
        if !(least..=most).contains(&share) {
            let message = format!("is a share in percent, from {least} to {most}");
            return self.refuse(node, name, &message);
        }
        let panes = &mut self.settings.panes;
        match name {
            "task-width" => panes.task_width = share,
            "cluster-height" => panes.cluster_height = share,
            _ => panes.upper_height = share,
        }
    }

    /// `keys: {kata: {hint: [h, f2]}}`
    fn keys(&mut self, node: &Node) {
        let NodeValue::Map(contexts) = &node.value else {
            return self.refuse(node, "keys", "is a list of screens, each with its orders");
        };
        for (name, _, node) in contexts {
            let path = format!("keys.{name}");
            let Some(context) = Context::ALL.into_iter().find(|it| it.name() == *name) else {
                let names = Context::ALL.map(|context| context.name()).join(", ");
                let message = format!("there is no such screen; there are {names}");
                self.refuse(node, &path, &message);
                continue;
            };
            let NodeValue::Map(orders) = &node.value else {
                self.refuse(node, &path, "is a list of orders with their keys");
                continue;
            };
            for (order, _, node) in orders {
                self.binding(context, order, node, &format!("{path}.{order}"));
            }
        }
    }

    fn binding(&mut self, context: Context, order: &str, node: &Node, path: &str) {
        let orders = || KEYMAP.iter().filter(|row| row.context == context);
        let Some(row) = orders().find(|row| row.action.name() == order) else {
            let names: Vec<String> = orders().map(|row| row.action.name()).collect();
            let message = format!(
                "there is no such order here; there are {}",
                names.join(", ")
            );
            return self.refuse(node, path, &message);
        };
        match self.chords(context, row.action, node) {
            Ok(keys) => {
                for bereft in self.keymap.rebind(context, row.action, keys) {
                    let message = format!("takes the only key of {}", bereft.name());
                    self.refuse(node, path, &message);
                }
            }
            Err(message) => self.refuse(node, path, &message),
        }
    }

    /// The chords of one order; nobody can be locked up in the shell by them.
    fn chords(&self, context: Context, action: Action, node: &Node) -> Result<Vec<Key>, String> {
        let words = match &node.value {
            NodeValue::List(nodes) => nodes.iter().map(text_of).collect(),
            _ => Some(vec![text_of(node).ok_or("is a key or a list of keys")?]),
        };
        let words: Vec<String> = words.ok_or("is a key or a list of keys")?;
        let keys: Vec<Key> = words
            .iter()
            .map(|word| Key::parse(word))
            .collect::<Result<_, _>>()?;
        if context.takes_text() && keys.iter().any(|key| key.is_text()) {
            return Err("would take a character that could not be typed there any more".into());
        }
        if keys.is_empty() && action.is_way_out() {
            return Err("needs a key: it is the way out".into());
        }
        Ok(keys)
    }

    fn decode<T: DeserializeOwned>(&mut self, node: &Node, path: &str) -> Option<T> {
        match self.document.decode(node, path) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn refuse(&mut self, node: &Node, path: &str, message: &str) {
        self.problems
            .push(self.document.problem(node, path, message));
    }
}

/// Digits are keys too.
fn text_of(node: &Node) -> Option<String> {
    match &node.value {
        NodeValue::Scalar(serde_json::Value::String(text)) => Some(text.clone()),
        NodeValue::Scalar(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::key::ch;

    #[test]
    fn a_whole_file_is_read() {
        let text = "# mine\ntheme: light\nascii: true\nmouse: false\nlinear: true\ntask-width: 50\ntask-side: right\nkeys:\n  kata:\n    hint: [H, 5]\n  shell:\n    next-pane: ctrl-g\n";
        let (settings, keymap, problems) = parse("config.yaml", text);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(settings.theme, Some(ThemeName::Light));
        assert_eq!(settings.ascii, Some(true));
        assert!(!settings.mouse && settings.linear && settings.panes.task_on_right);
        assert_eq!(settings.panes.task_width, 50);
        let action = |key| keymap.action_for(Context::Kata, key);
        assert_eq!(action(ch('H')), Some(Action::Hint));
        assert_eq!(action(ch('5')), Some(Action::Hint));
        assert_eq!(action(ch('h')), None);
    }

    #[test]
    fn each_mistake_names_its_line_and_field_and_the_rest_holds() {
        let text = "theme: blue\ncolour: 1\nmouse: perhaps\ntask-width: 99\nascii: true\nkeys:\n  kata:\n    hint: hyper-x\n    fly: x\n  shell:\n    next-pane: []\n    hint: h\n  moon: {}\n";
        let (settings, _, problems) = parse("config.yaml", text);
        assert_eq!(settings.ascii, Some(true));
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let begins = [
            "config.yaml:1: theme: is auto, dark",
            "config.yaml:2: colour: there is no such setting",
            "config.yaml:3: mouse: ",
            "config.yaml:4: task-width: is a share in percent, from 20 to 80",
            "config.yaml:8: keys.kata.hint: \"hyper-x\" begins with no modifier",
            "config.yaml:9: keys.kata.fly: there is no such order here; there are next-pane",
            "config.yaml:11: keys.shell.next-pane: needs a key",
            "config.yaml:12: keys.shell.hint: would take a character",
            "config.yaml:13: keys.moon: there is no such screen; there are home",
        ];
        assert_eq!(said.len(), begins.len(), "{said:#?}");
        for (said, begin) in said.iter().zip(begins) {
            assert!(said.starts_with(begin), "{said}\n{begin}");
        }
    }

    #[test]
    fn a_damaged_or_empty_file_leaves_everything_as_it_is() {
        let (settings, _, problems) = parse("config.yaml", "theme: [\n");
        assert_eq!((settings, problems.len()), (Settings::default(), 1));
        let (settings, _, problems) = parse("config.yaml", "# nothing yet\n\n");
        assert_eq!((settings, problems.len()), (Settings::default(), 0));
    }

    #[test]
    fn a_key_taken_from_another_order_is_told() {
        let (_, _, problems) = parse("c", "keys:\n  kata:\n    hint: z\n");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("the only key of zoom"));
    }
}
