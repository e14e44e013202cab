//! The one table of keys: context, chord, action, words.
//!
//! Dispatch, the last line of every screen and the help screen all read these
//! rows (through `bindings`, with the learner's own changes); a key that is not
//! here does not exist, and a key that is here is documented. Text fields and
//! the shell take what no row claims.

use std::borrow::Cow;

use crossterm::event::KeyCode;

use super::action::Action;
use super::key::{Key, alt, ch, ctrl, plain, shift};

/// Where a key means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The course map.
    Home,
    /// The search field of the course map.
    Search,
    /// The kata, while its task has the focus.
    Kata,
    /// The kata, while its cluster has the focus: its own keys, and those of the kata.
    Cluster,
    /// A side of an object in the cluster pane.
    Panel,
    /// A menu in the cluster pane.
    Menu,
    /// A number is typed.
    Prompt,
    /// An editor, or a shell in a container, has the cluster pane: almost every key is its own.
    Program,
    /// Letters are typed into the cluster's filter.
    Filter,
    /// The kata, while the shell has the focus: almost every key is the shell's.
    Shell,
    /// A page to read.
    Reader,
    /// Exams.
    Exam,
    /// The list of keys.
    Help,
    /// The field in which any order can be found.
    Palette,
    /// The settings.
    Settings,
    /// The statistics, and other pages that are only read.
    Page,
    /// The tour.
    Tour,
    /// The links of a page.
    Links,
    /// The shell's output, to copy from it.
    Copy,
    /// A question with yes and no.
    Dialog,
    /// The cluster could not be started.
    Trouble,
    /// Everywhere where no text is typed.
    Anywhere,
}

impl Context {
    /// The context whose keys hold too, where this one does not claim them.
    pub fn below(self) -> Option<Self> {
        match self {
            Self::Panel => Some(Self::Cluster),
            Self::Cluster => Some(Self::Kata),
            _ => None,
        }
    }

    /// Every context, in the order of the list of keys.
    pub const ALL: [Self; 22] = [
        Self::Home,
        Self::Search,
        Self::Kata,
        Self::Cluster,
        Self::Filter,
        Self::Panel,
        Self::Menu,
        Self::Prompt,
        Self::Program,
        Self::Shell,
        Self::Copy,
        Self::Reader,
        Self::Exam,
        Self::Links,
        Self::Palette,
        Self::Settings,
        Self::Page,
        Self::Tour,
        Self::Trouble,
        Self::Dialog,
        Self::Help,
        Self::Anywhere,
    ];

    /// Its name in the settings.
    pub fn name(self) -> String {
        super::action::kebab(&format!("{self:?}"))
    }

    /// Whether characters are typed there.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Shell
                | Self::Program
                | Self::Prompt
                | Self::Search
                | Self::Filter
                | Self::Palette
                | Self::Anywhere
        )
    }

    /// The heading over these keys on the help screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Home => "Course map",
            Self::Search => "Search",
            Self::Kata => "Kata",
            Self::Cluster => "Cluster",
            Self::Filter => "Filter",
            Self::Panel => "Cluster: an object",
            Self::Menu => "Cluster: a menu",
            Self::Prompt => "Cluster: a number",
            Self::Program => "Cluster: an editor or a shell",
            Self::Shell => "Shell",
            Self::Reader => "Lesson",
            Self::Exam => "Exam",
            Self::Help => "Keys",
            Self::Palette => "Find an order",
            Self::Settings => "Settings",
            Self::Page => "Page",
            Self::Tour => "Tour",
            Self::Links => "Links",
            Self::Copy => "Copy from the shell",
            Self::Dialog => "Question",
            Self::Trouble => "No cluster",
            Self::Anywhere => "Anywhere",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The chords, the one to show first.
    pub keys: Cow<'static, [Key]>,
    /// What it orders.
    pub action: Action,
    /// One or two words for the last line; empty keeps it out of there.
    pub short: &'static str,
    /// A sentence for the help screen.
    pub says: &'static str,
}

const fn row(
    context: Context,
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    says: &'static str,
) -> Binding {
    Binding {
        context,
        keys: Cow::Borrowed(keys),
        action,
        short,
        says,
    }
}

const UP: &[Key] = &[plain(KeyCode::Up), ch('k')];
const DOWN: &[Key] = &[plain(KeyCode::Down), ch('j')];
const LEFT: &[Key] = &[plain(KeyCode::Left)];
const RIGHT: &[Key] = &[plain(KeyCode::Right)];
const PAGE_UP: &[Key] = &[plain(KeyCode::PageUp), ctrl('b')];
const PAGE_DOWN: &[Key] = &[plain(KeyCode::PageDown), ctrl('f'), ch(' ')];
const TOP: &[Key] = &[plain(KeyCode::Home), ch('g')];
const BOTTOM: &[Key] = &[plain(KeyCode::End), ch('G')];
const ENTER: &[Key] = &[plain(KeyCode::Enter)];
const ESC: &[Key] = &[plain(KeyCode::Esc)];
const HELP: &[Key] = &[ch('?'), plain(KeyCode::F(1))];
const PALETTE: &[Key] = &[ch(':'), ctrl('p')];
const NEXT: &[Key] = &[plain(KeyCode::Tab), plain(KeyCode::F(6)), ctrl(']')];

/// Every key of the program. Within a context the last line shows the rows in
/// this order, as many as fit.
#[rustfmt::skip]
pub const KEYMAP: &[Binding] = &[
    row(Context::Home, &[ch('r')],       Action::Retry,         "try again",   "start the cluster again, where it failed"),
    row(Context::Home, UP,               Action::Up,            "move",        "the kata above"),
    row(Context::Home, DOWN,             Action::Down,          "move",        "the kata below"),
    row(Context::Home, ENTER,            Action::Open,          "open",        "open the kata; a new one begins with its lesson"),
    row(Context::Home, &[ch('c')],       Action::Continue,      "continue",    "go on where you left off"),
    row(Context::Home, LEFT,             Action::PreviousTrack, "track",            "the track before"),
    row(Context::Home, RIGHT,            Action::NextTrack,     "track",       "the next track"),
    row(Context::Home, &[ch('/')],       Action::Search,        "search",      "find a kata by a few letters of its title"),
    row(Context::Home, &[ch('l')],       Action::Lesson,        "lesson",      "read the lesson of the selected kata"),
    row(Context::Home, &[ch('a')],       Action::Review,        "again",       "do a solved kata again, with other names: the selected one, or the one that is due"),
    row(Context::Home, &[ch('x')],       Action::Exam,          "exam",        "a timed set of katas"),
    row(Context::Home, &[ch('f')],       Action::FilterStatus,  "filter",      "only open, begun or solved katas, and all again"),
    row(Context::Home, &[ch('d')],       Action::FilterDifficulty, "",         "only easy, medium or hard katas, and all again"),
    row(Context::Home, &[ch('t')],       Action::FilterKind,    "",            "only katas that build or that repair, and all again"),
    row(Context::Home, &[plain(KeyCode::Esc)], Action::ClearFilter, "all katas", "every kata again"),
    row(Context::Home, &[ch('i')],       Action::ShowStatistics, "statistics", "statistics: how far you have come"),
    row(Context::Home, &[ch(',')],       Action::ShowSettings,  "settings",    "settings: colours, characters, mouse, panes, keys"),
    row(Context::Home, PALETTE,          Action::OpenPalette,   "find",        "find any order, screen or kata by a few letters"),
    row(Context::Home, PAGE_UP,          Action::PageUp,        "",            "a page up"),
    row(Context::Home, PAGE_DOWN,        Action::PageDown,      "",            "a page down"),
    row(Context::Home, TOP,              Action::Top,           "",            "the first kata"),
    row(Context::Home, BOTTOM,           Action::Bottom,        "",            "the last kata"),
    row(Context::Home, HELP,             Action::ShowHelp,      "keys",        "all keys"),
    row(Context::Home, &[ch('q')],       Action::Quit,          "quit",        "leave; the cluster is kept for the next time"),

    row(Context::Search, ENTER,                     Action::Open,   "open",   "open the kata"),
    row(Context::Search, &[plain(KeyCode::Up)],     Action::Up,     "",       "the match above"),
    row(Context::Search, &[plain(KeyCode::Down)],   Action::Down,   "",       "the match below"),
    row(Context::Search, ESC,                       Action::Back,   "cancel", "back to the course map"),

    row(Context::Kata, NEXT,                        Action::NextPane,     "next pane", "the next pane: task, cluster, shell"),
    row(Context::Kata, &[plain(KeyCode::BackTab)],  Action::PreviousPane, "",          "the pane before"),
    row(Context::Kata, &[ch('n')],                  Action::NextKata,     "next kata", "go to the next kata"),
    row(Context::Kata, &[ch('h')],                  Action::Hint,         "hint",      "uncover the next hint"),
    row(Context::Kata, &[ch('l')],                  Action::Lesson,       "lesson",    "the lesson in place of the task, and back"),
    row(Context::Kata, &[ch('z')],                  Action::Zoom,         "zoom",      "the focused pane on the whole screen, and back"),
    row(Context::Kata, &[ch('p')],                  Action::TypeCommand,  "put command", "put the command that looks into the shell; enter there runs it"),
    row(Context::Kata, &[ch('w')],                  Action::ShowWhy,      "why",       "why the check does not hold: expected, seen, and who set it"),
    row(Context::Kata, &[ch('c')],                  Action::Clock,        "clock",     "the cluster's time: pause it, speed it up, skip ahead"),
    row(Context::Kata, &[ch('X')],                  Action::Chaos,        "",          "something happens to the nodes, on purpose"),
    row(Context::Kata, &[ch('r')],                  Action::Reset,        "reset",     "set the scene again from the beginning"),
    row(Context::Kata, &[ch('u')],                  Action::UndoReset,    "undo reset", "take the last reset back: what stood before it is put back"),
    row(Context::Kata, &[ch('s')],                  Action::Solution,     "solution",  "uncover the solution"),
    row(Context::Kata, &[ch('x')],                  Action::DismissCoach, "",          "take the coach's words away"),
    row(Context::Kata, &[ch('o')],                  Action::ToggleCoach,  "",          "the coach off and on"),
    row(Context::Kata, &[ch('<')],                  Action::Narrower,     "",          "less width for the task"),
    row(Context::Kata, &[ch('>')],                  Action::Wider,        "",          "more width for the task"),
    row(Context::Kata, &[ch('-')],                  Action::ShellSmaller, "",          "less height for the shell"),
    row(Context::Kata, &[ch('+'), ch('=')],         Action::ShellLarger,  "",          "more height for the shell"),
    row(Context::Kata, &[ch('|')],                  Action::Swap,         "",          "task and shell change sides"),
    row(Context::Kata, &[ch('y')],                  Action::CopyMode,     "",          "copy from the shell's output"),
    row(Context::Kata, PALETTE,                     Action::OpenPalette,  "find",      "find any order, screen or kata by a few letters"),
    row(Context::Kata, UP,                          Action::Up,           "",          "scroll up"),
    row(Context::Kata, DOWN,                        Action::Down,         "",          "scroll down"),
    row(Context::Kata, PAGE_UP,                     Action::PageUp,       "",          "a page up"),
    row(Context::Kata, PAGE_DOWN,                   Action::PageDown,     "",          "a page down"),
    row(Context::Kata, TOP,                         Action::Top,          "",          "to the beginning"),
    row(Context::Kata, BOTTOM,                      Action::Bottom,       "",          "to the end"),
    row(Context::Kata, &[ch('1')],                  Action::FocusTask,    "",          "the task"),
    row(Context::Kata, &[ch('2')],                  Action::FocusCluster, "",          "the cluster"),
    row(Context::Kata, &[ch('3'), plain(KeyCode::Enter)], Action::FocusShell, "",      "the shell"),
    row(Context::Kata, HELP,                        Action::ShowHelp,     "keys",      "all keys"),
    row(Context::Kata, &[ch('q'), plain(KeyCode::Esc)], Action::Home,     "home",      "back to the course map"),

    row(Context::Cluster, ENTER,                    Action::Open,         "open",      "open what the cursor is on"),
    row(Context::Cluster, RIGHT,                    Action::NextView,     "view",      "the next view: objects, nodes, services, events"),
    row(Context::Cluster, LEFT,                     Action::PreviousView, "view",      "the view before"),
    row(Context::Cluster, &[ch('w')],               Action::ShowWhy,      "why",       "why it is as it is"),
    row(Context::Cluster, &[ch('l')],               Action::ShowLogs,     "logs",      "what its containers say"),
    row(Context::Cluster, &[ch('e')],               Action::Edit,         "edit",      "edit it in your editor; saving applies it"),
    row(Context::Cluster, &[ch('d'), plain(KeyCode::Delete)], Action::Delete, "delete", "delete it, after a question"),
    row(Context::Cluster, &[ch('y')],               Action::ShowYaml,     "",          "the object as YAML"),
    row(Context::Cluster, &[ch('x')],               Action::Exec,         "",          "a shell in one of its containers"),
    row(Context::Cluster, &[ch('a')],               Action::New,          "",          "a new manifest in your editor"),
    row(Context::Cluster, &[ch('S')],               Action::Scale,        "",          "another number of replicas"),
    row(Context::Cluster, &[ch('R')],               Action::RestartWorkload, "",       "replace its Pods, one after the other"),
    row(Context::Cluster, &[ch('C')],               Action::Cordon,       "",          "keep new Pods from a node, or let them come again"),
    row(Context::Cluster, &[ch('/')],               Action::Filter,       "filter",    "show only what has some letters"),
    row(Context::Cluster, UP,                       Action::Up,           "",          "the object above"),
    row(Context::Cluster, DOWN,                     Action::Down,         "",          "the object below"),

    row(Context::Panel, &[plain(KeyCode::Esc), ch('q'), plain(KeyCode::Backspace)], Action::Back, "back", "back to where you came from"),
    row(Context::Panel, &[ch('m')],                 Action::Unfold,       "managed fields", "managed fields in the YAML, or not"),
    row(Context::Panel, UP,                         Action::Up,           "",          "scroll up"),
    row(Context::Panel, DOWN,                       Action::Down,         "",          "scroll down"),

    row(Context::Menu, ENTER,                       Action::Open,         "choose",    "do what the cursor is on"),
    row(Context::Menu, UP,                          Action::Up,           "move",      "the choice above"),
    row(Context::Menu, DOWN,                        Action::Down,         "move",      "the choice below"),
    row(Context::Menu, &[plain(KeyCode::Esc), ch('q')], Action::Back,     "cancel",    "do nothing"),

    row(Context::Prompt, ENTER,                     Action::Open,         "do it",     "do it with this number"),
    row(Context::Prompt, ESC,                       Action::Back,         "cancel",    "do nothing"),

    row(Context::Program, &[ctrl(']'), plain(KeyCode::F(6))], Action::NextPane, "leave it open", "to the next pane; what runs here stays open"),
    row(Context::Program, &[plain(KeyCode::F(7))],  Action::Zoom,         "zoom",      "the whole screen for it, and back"),

    row(Context::Filter, ENTER,                     Action::Open,         "keep it",   "keep the filter and go on"),
    row(Context::Filter, &[plain(KeyCode::Up)],     Action::Up,           "",          "the object above"),
    row(Context::Filter, &[plain(KeyCode::Down)],   Action::Down,         "",          "the object below"),
    row(Context::Filter, ESC,                       Action::Back,         "everything", "show everything again"),

    row(Context::Shell, &[ctrl(']'), plain(KeyCode::F(6))], Action::NextPane, "leave the shell", "leave the shell for the next pane"),
    row(Context::Shell, &[plain(KeyCode::F(9))],    Action::NextKata,      "next kata", "go to the next kata"),
    row(Context::Shell, &[plain(KeyCode::F(2))],    Action::Hint,          "hint",   "uncover the next hint"),
    row(Context::Shell, &[plain(KeyCode::F(7))],    Action::Zoom,          "zoom",   "the shell on the whole screen, and back"),
    row(Context::Shell, &[shift(KeyCode::PageUp), alt(KeyCode::PageUp)],     Action::ShellPageUp,   "look back", "look back in the output"),
    row(Context::Shell, &[shift(KeyCode::PageDown), alt(KeyCode::PageDown)], Action::ShellPageDown, "",          "look forward again"),
    row(Context::Shell, &[plain(KeyCode::F(3))],    Action::CopyMode,      "copy",   "copy from the output, with the arrow keys or by dragging the mouse"),
    row(Context::Shell, &[plain(KeyCode::F(5))],    Action::OpenPalette,   "find",   "find any order, screen or kata by a few letters"),
    row(Context::Shell, ENTER,                      Action::RestartShell,  "start the shell again", "start the shell again once it has ended"),
    row(Context::Shell, &[plain(KeyCode::F(1))],    Action::ShowHelp,      "keys",   "all keys"),

    row(Context::Reader, ENTER,          Action::Open,     "go to the kata", "go to the kata"),
    row(Context::Reader, &[ch('1')],     Action::Answer(1), "answer",   "choose the first answer of the open question"),
    row(Context::Reader, &[ch('2')],     Action::Answer(2), "answer",   "choose the second answer"),
    row(Context::Reader, &[ch('3')],     Action::Answer(3), "",         "choose the third answer"),
    row(Context::Reader, &[ch('4')],     Action::Answer(4), "",         "choose the fourth answer"),
    row(Context::Reader, &[ch('5')],     Action::Answer(5), "",         "choose the fifth answer"),
    row(Context::Reader, PAGE_DOWN,      Action::PageDown, "page down", "a page down"),
    row(Context::Reader, PAGE_UP,        Action::PageUp,   "",          "a page up"),
    row(Context::Reader, UP,             Action::Up,       "",          "scroll up"),
    row(Context::Reader, DOWN,           Action::Down,     "",          "scroll down"),
    row(Context::Reader, TOP,            Action::Top,      "",          "to the beginning"),
    row(Context::Reader, BOTTOM,         Action::Bottom,   "",          "to the end"),
    row(Context::Reader, &[ch('o')],     Action::ShowLinks, "links",    "the links of this page, to open one"),
    row(Context::Reader, PALETTE,        Action::OpenPalette, "",       "find any order, screen or kata by a few letters"),
    row(Context::Reader, HELP,           Action::ShowHelp, "keys",      "all keys"),
    row(Context::Reader, &[plain(KeyCode::Esc), ch('q')], Action::Back, "back", "back to where you came from"),

    row(Context::Exam, ENTER,            Action::Open,       "open",        "open the kata, or begin the exam that you wish for"),
    row(Context::Exam, UP,               Action::Up,         "move",        "the row above"),
    row(Context::Exam, DOWN,             Action::Down,       "move",        "the row below"),
    row(Context::Exam, LEFT,             Action::PreviousTrack, "change",   "the value before"),
    row(Context::Exam, RIGHT,            Action::NextTrack,  "change",      "the next value"),
    row(Context::Exam, &[ch('f')],       Action::FinishExam, "finish",      "end the exam and look back at it"),
    row(Context::Exam, &[ch('x')],       Action::Exam,       "another one", "wish for another exam"),
    row(Context::Exam, HELP,             Action::ShowHelp,   "keys",        "all keys"),
    row(Context::Exam, &[plain(KeyCode::Esc), ch('q')], Action::Back, "home", "back to the course map; the time goes on"),

    row(Context::Help, DOWN,             Action::Down,     "",      "scroll down"),
    row(Context::Help, UP,               Action::Up,       "",      "scroll up"),
    row(Context::Help, PAGE_DOWN,        Action::PageDown, "page down", "a page down"),
    row(Context::Help, PAGE_UP,          Action::PageUp,   "",      "a page up"),
    row(Context::Help, &[plain(KeyCode::Esc), ch('q'), ch('?'), plain(KeyCode::F(1))], Action::Back, "back", "close the list of keys"),

    row(Context::Palette, ENTER,                    Action::Open, "do it",  "do what is selected"),
    row(Context::Palette, &[plain(KeyCode::Up), ctrl('k')], Action::Up, "move", "the entry above"),
    row(Context::Palette, &[plain(KeyCode::Down), ctrl('j')], Action::Down, "move", "the entry below"),
    row(Context::Palette, &[plain(KeyCode::PageUp)],   Action::PageUp,   "", "a page up"),
    row(Context::Palette, &[plain(KeyCode::PageDown)], Action::PageDown, "", "a page down"),
    row(Context::Palette, &[plain(KeyCode::Esc), ctrl('p')], Action::Back, "cancel", "close it"),

    row(Context::Settings, UP,           Action::Up,            "move",   "the setting above"),
    row(Context::Settings, DOWN,         Action::Down,          "move",   "the setting below"),
    row(Context::Settings, &[plain(KeyCode::Right), plain(KeyCode::Enter), ch(' ')], Action::NextValue, "change", "the next value; it holds at once and is written down"),
    row(Context::Settings, &[plain(KeyCode::Left), plain(KeyCode::Backspace)], Action::PreviousValue, "", "the value before"),
    row(Context::Settings, HELP,         Action::ShowHelp,      "keys",   "all keys"),
    row(Context::Settings, &[plain(KeyCode::Esc), ch('q'), ch(',')], Action::Back, "back", "back to where you came from"),

    row(Context::Page, DOWN,             Action::Down,     "",          "scroll down"),
    row(Context::Page, UP,               Action::Up,       "",          "scroll up"),
    row(Context::Page, PAGE_DOWN,        Action::PageDown, "page down", "a page down"),
    row(Context::Page, PAGE_UP,          Action::PageUp,   "",          "a page up"),
    row(Context::Page, TOP,              Action::Top,      "",          "to the beginning"),
    row(Context::Page, BOTTOM,           Action::Bottom,   "",          "to the end"),
    row(Context::Page, HELP,             Action::ShowHelp, "keys",      "all keys"),
    row(Context::Page, &[plain(KeyCode::Esc), ch('q'), ch('i')], Action::Back, "back", "back to where you came from"),

    row(Context::Tour, &[plain(KeyCode::Enter), plain(KeyCode::Right), ch(' ')], Action::Open, "go on", "the next step"),
    row(Context::Tour, &[plain(KeyCode::Left), plain(KeyCode::Backspace)], Action::PreviousValue, "step back", "the step before"),
    row(Context::Tour, NEXT,             Action::NextPane, "",          "try how the focus moves"),
    row(Context::Tour, DOWN,             Action::Down,     "",          "scroll down"),
    row(Context::Tour, UP,               Action::Up,       "",          "scroll up"),
    row(Context::Tour, HELP,             Action::ShowHelp, "keys",      "all keys"),
    row(Context::Tour, &[plain(KeyCode::Esc), ch('q')], Action::Back, "leave the tour", "leave the tour; it can be taken again from the list of orders"),

    row(Context::Links, UP,              Action::Up,       "move",      "the link above"),
    row(Context::Links, DOWN,            Action::Down,     "move",      "the link below"),
    row(Context::Links, ENTER,           Action::Open,     "open",      "open it in your browser"),
    row(Context::Links, &[ch('y')],      Action::Copy,     "copy",      "copy its address"),
    row(Context::Links, &[plain(KeyCode::Esc), ch('q'), ch('o')], Action::Back, "back", "back to the page"),

    row(Context::Copy, &[plain(KeyCode::Enter), ch('y')], Action::Copy,  "copy",      "copy what is selected, or the line, and go back to the shell"),
    row(Context::Copy, &[ch('v'), ch(' ')], Action::Mark,      "select",    "begin to select here, or forget the selection"),
    row(Context::Copy, UP,               Action::Up,        "move",      "up; at the top it goes on into the past"),
    row(Context::Copy, DOWN,             Action::Down,      "move",      "down"),
    row(Context::Copy, &[plain(KeyCode::Left), ch('h')],  Action::Left,  "",          "left"),
    row(Context::Copy, &[plain(KeyCode::Right), ch('l')], Action::Right, "",          "right"),
    row(Context::Copy, &[ch('0')],       Action::LineStart, "",          "the beginning of the line"),
    row(Context::Copy, &[ch('$')],       Action::LineEnd,   "",          "the end of the line"),
    row(Context::Copy, PAGE_UP,          Action::PageUp,    "",          "a page up"),
    row(Context::Copy, &[plain(KeyCode::PageDown), ctrl('f')], Action::PageDown, "", "a page down"),
    row(Context::Copy, TOP,              Action::Top,       "",          "the oldest line that is kept"),
    row(Context::Copy, BOTTOM,           Action::Bottom,    "",          "the newest line"),
    row(Context::Copy, &[plain(KeyCode::Esc), ch('q')], Action::Back, "back", "back to the shell"),

    row(Context::Dialog, &[ch('y'), plain(KeyCode::Enter)],         Action::Confirm, "yes", "yes"),
    row(Context::Dialog, &[ch('n'), plain(KeyCode::Esc), ch('q')],  Action::Cancel,  "no",  "no"),

    row(Context::Trouble, &[ch('r')],                        Action::Retry, "try again", "start the cluster again"),
    row(Context::Trouble, &[plain(KeyCode::Esc), ch('q')],   Action::Home,  "home",      "back to the course map"),

    row(Context::Anywhere, &[plain(KeyCode::F(8))], Action::ToggleMouse, "", "mouse reports off and on, to select text with the mouse (or hold shift)"),
    row(Context::Anywhere, &[plain(KeyCode::F(10))], Action::ShowSettings, "", "settings: colours, characters, mouse, panes, keys"),
    row(Context::Anywhere, &[plain(KeyCode::F(11))], Action::ShowStatistics, "", "statistics: how far you have come"),
    row(Context::Anywhere, &[plain(KeyCode::F(12))], Action::TakeTour,    "", "the tour of two minutes"),
    row(Context::Anywhere, &[alt(KeyCode::F(1))], Action::ShowKubectl,      "", "kubectl: how it is installed here"),
    row(Context::Anywhere, &[ctrl('z')],            Action::Suspend,     "", "suspend; fg brings it back"),
    row(Context::Anywhere, &[ctrl('c')],            Action::Quit,        "", "leave"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_chord_means_two_things_in_one_context() {
        let mut seen = HashSet::new();
        for row in KEYMAP {
            for key in row.keys.iter() {
                assert!(
                    seen.insert((row.context, *key)),
                    "{:?} {key:?}",
                    row.context
                );
            }
        }
    }

    #[test]
    fn every_row_has_words_and_a_key() {
        for row in KEYMAP {
            assert!(!row.says.is_empty() && !row.keys.is_empty(), "{row:?}");
        }
    }

    #[test]
    fn every_context_of_the_table_is_listed_and_has_a_name() {
        for row in KEYMAP {
            assert!(Context::ALL.contains(&row.context), "{:?}", row.context);
        }
        let names: HashSet<String> = Context::ALL.into_iter().map(Context::name).collect();
        assert_eq!(names.len(), Context::ALL.len());
    }
}
