//! Everything the screens show: the session, and what only the terminal knows
//! (which screen, which pane, what is selected, how far it is scrolled).
//!
//! Plain data without handles; `update` changes it, `screens` draw it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::course::{Difficulty, KataId, KataKind, Question};
use crate::sandbox::ShellEnvironment;
use crate::session::{self, Phase, SandboxState};

use super::bindings::Keymap;
use super::browser::Browser;
use super::copy::CopyMode;
use super::keymap::Context;
use super::pages::Page;
use super::palette::Palette;
use super::screens::home::matches::shown_map;
use super::settings::Settings;
use super::setup::Setup;
use super::shell::{ShellScreen, ShellSize};
use super::theme::Theme;

/// The state of the terminal interface.
#[derive(Debug)]
pub struct State {
    /// Course, progress, open kata, cluster.
    pub session: session::State,
    /// Colours and glyphs.
    pub theme: Theme,
    /// Columns and rows of the terminal.
    pub columns: u16,
    /// Rows of the terminal.
    pub rows: u16,
    /// The keys, as this learner has them.
    pub keymap: Keymap,
    /// What the learner has chosen.
    pub settings: Settings,
    /// What the settings came from and what stands above them.
    pub setup: Setup,
    /// What is on the screen.
    pub screen: Screen,
    /// The page that lies over the screen.
    pub page: Option<Page>,
    /// The list of all orders, while it is open.
    pub palette: Option<Palette>,
    /// How far the list of keys is scrolled, while it covers the screen.
    pub help: Option<usize>,
    /// The course map.
    pub home: Home,
    /// The kata.
    pub kata: KataScreen,
    /// The cluster pane of the kata.
    pub browser: Browser,
    /// Exams.
    pub exam: ExamScreen,
    /// The page being read.
    pub reader: Option<Reader>,
    /// The shell pane.
    pub shell: Shell,
    /// When the picture of the cluster came, by the learner's clock.
    pub pictured: Option<Timestamp>,
    /// Mouse reports are on.
    pub mouse: bool,
    /// Words of the interface itself in the last line.
    pub notice: Option<String>,
    /// Ticks since the notice or the session's newest message appeared.
    pub notice_age: u32,
}

/// The screens; questions and the list of keys lie over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The course map.
    Home,
    /// A page to read.
    Reader,
    /// Exams.
    Exam,
    /// The kata at work.
    Kata,
}

/// The course map: what is selected, what is searched.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// Index of the track.
    pub track: usize,
    /// Index of the kata in the track.
    pub kata: usize,
    /// The search, while it is open.
    pub search: Option<Search>,
    /// Which katas are listed.
    pub filter: Filter,
}

/// Which katas are listed; `None` lists them all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Open, begun or solved ones.
    pub status: Option<FilterStatus>,
    /// Those of a difficulty.
    pub difficulty: Option<Difficulty>,
    /// Those that build or repair.
    pub kind: Option<KataKind>,
}

impl Filter {
    /// Something is left out.
    pub fn is_set(self) -> bool {
        self != Self::default()
    }
}

/// Katas told apart by how far the learner has come with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterStatus {
    /// Not begun, or begun and not solved.
    Open,
    /// Begun and not solved.
    Started,
    /// Solved.
    Done,
}

/// A search for a title.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The letters typed.
    pub text: String,
    /// Index into the matches.
    pub selected: usize,
}

/// The exam screen: what is selected, what is wished for.
#[derive(Debug, Clone)]
pub struct ExamScreen {
    /// The selected row.
    pub row: usize,
    /// 0 for all tracks, else its index plus 1.
    pub track: usize,
    /// Index into [`ExamScreen::DIFFICULTIES`].
    pub difficulty: usize,
    /// How many katas.
    pub count: usize,
    /// The last exam was looked back on: another one is wished for.
    pub again: bool,
}

impl ExamScreen {
    /// What can be wished for.
    pub const DIFFICULTIES: [Option<Difficulty>; 4] = [
        None,
        Some(Difficulty::Easy),
        Some(Difficulty::Medium),
        Some(Difficulty::Hard),
    ];
}

impl Default for ExamScreen {
    fn default() -> Self {
        Self {
            row: 0,
            track: 0,
            difficulty: 0,
            count: 5,
            again: false,
        }
    }
}

/// The kata screen.
#[derive(Debug, Clone)]
pub struct KataScreen {
    /// The pane that gets the keys.
    pub focus: Pane,
    /// Task or cluster, where only one of them has room.
    pub upper: Pane,
    /// The focused pane has the whole screen.
    pub zoomed: bool,
    /// The lesson stands in place of the task.
    pub lesson: bool,
    /// How far the task is scrolled.
    pub task_scroll: usize,
    /// How far the lesson is scrolled.
    pub lesson_scroll: usize,
    /// The border that the mouse holds.
    pub dragged: Option<Border>,
}

impl Default for KataScreen {
    fn default() -> Self {
        Self {
            focus: Pane::Shell,
            upper: Pane::Task,
            zoomed: false,
            lesson: false,
            task_scroll: 0,
            lesson_scroll: 0,
            dragged: None,
        }
    }
}

/// A border between two panes, which the mouse can move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// Between the task and what stands beside it.
    Upright,
    /// Between the shell and what stands above it.
    Level,
}

/// The panes of the kata screen, in the order in which the focus moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// What to do (or the lesson, or the debrief).
    Task,
    /// The picture of the cluster.
    Cluster,
    /// The learner's shell.
    Shell,
}

impl Pane {
    /// The pane after this one.
    pub fn next(self) -> Self {
        match self {
            Self::Task => Self::Cluster,
            Self::Cluster => Self::Shell,
            Self::Shell => Self::Task,
        }
    }

    /// The pane before this one.
    pub fn previous(self) -> Self {
        self.next().next()
    }
}

/// A page to read before a kata.
#[derive(Debug, Clone)]
pub struct Reader {
    /// In the title line.
    pub title: String,
    /// Markdown.
    pub text: String,
    /// How far it is scrolled.
    pub scroll: usize,
    /// The kata that enter leads to.
    pub kata: Option<KataId>,
    /// Questions after the text.
    pub quiz: Vec<Question>,
    /// The answer chosen last to each question.
    pub chosen: Vec<Option<usize>>,
}

impl Reader {
    /// The first question that has no right answer yet.
    pub fn open_question(&self) -> Option<(usize, &Question)> {
        self.quiz
            .iter()
            .enumerate()
            .find(|(index, question)| !self.is_answered(*index, question))
    }

    fn is_answered(&self, index: usize, question: &Question) -> bool {
        let chosen = self.chosen.get(index).copied().flatten();
        chosen
            .and_then(|answer| question.answers.get(answer))
            .is_some_and(|answer| answer.right)
    }
}

/// The shell pane.
#[derive(Debug)]
pub struct Shell {
    /// What it shows.
    pub screen: ShellScreen,
    /// Whether something runs in it.
    pub status: ShellStatus,
    /// Counts the starts, so that news of an earlier shell are known as such.
    pub life: u64,
    /// Copying from its output.
    pub copy: Option<CopyMode>,
    /// What it was started with.
    pub environment: Option<Arc<ShellEnvironment>>,
}

/// The life of the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellStatus {
    /// The scene does not stand yet.
    Waiting,
    /// Ordered, not there yet.
    Starting,
    /// Keys go to it.
    Running,
    /// It exited; says how.
    Ended(String),
    /// It could not be run; says why.
    Failed(String),
}

impl ShellStatus {
    /// Enter starts it again.
    pub fn can_restart(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::Failed(_))
    }
}

impl State {
    /// The first state: the course map, with the suggested kata selected.
    pub fn new(session: session::State, theme: Theme, columns: u16, rows: u16) -> Self {
        let mut state = Self {
            session,
            theme,
            columns,
            rows,
            keymap: Keymap::default(),
            settings: Settings::default(),
            setup: Setup::default(),
            screen: Screen::Home,
            page: None,
            palette: None,
            help: None,
            home: Home::default(),
            kata: KataScreen::default(),
            browser: Browser::default(),
            exam: ExamScreen::default(),
            reader: None,
            shell: Shell {
                screen: ShellScreen::new(ShellSize::new(80, 24)),
                status: ShellStatus::Waiting,
                life: 0,
                copy: None,
                environment: None,
            },
            pictured: None,
            mouse: true,
            notice: None,
            notice_age: 0,
        };
        if let Some(kata) = state.session.next_kata() {
            state.select(&kata);
        }
        state
    }

    /// Selects a kata on the course map; one that the filter leaves out ends it.
    pub fn select(&mut self, id: &KataId) {
        let place = |state: &Self| {
            let map = shown_map(state);
            map.iter().enumerate().find_map(|(track_index, track)| {
                let index = track.katas.iter().position(|kata| kata.id == *id)?;
                Some((track_index, index))
            })
        };
        let found = place(self).or_else(|| {
            self.home.filter = Filter::default();
            place(self)
        });
        if let Some((track, kata)) = found {
            self.home.track = track;
            self.home.kata = kata;
        }
    }

    /// Colours and characters as the settings and the surroundings have them now.
    pub fn restyle(&mut self) {
        self.theme = self.setup.theme(&self.settings);
    }

    /// What the keys mean now: the topmost layer decides.
    pub fn context(&self) -> Context {
        if self.session.confirm.is_some() {
            return Context::Dialog;
        }
        if self.palette.is_some() {
            return Context::Palette;
        }
        if self.help.is_some() {
            return Context::Help;
        }
        if let Some(page) = &self.page {
            return page.context();
        }
        self.screen_context()
    }

    /// What the keys mean under the pages and lists that lie over the screen.
    pub fn screen_context(&self) -> Context {
        match self.screen {
            Screen::Home if self.home.search.is_some() => Context::Search,
            Screen::Home => Context::Home,
            Screen::Reader => Context::Reader,
            Screen::Exam => Context::Exam,
            Screen::Kata if self.trouble().is_some() => Context::Trouble,
            Screen::Kata if self.shell.copy.is_some() => Context::Copy,
            Screen::Kata if self.kata.focus == Pane::Shell => Context::Shell,
            Screen::Kata if self.kata.focus == Pane::Task => Context::Kata,
            Screen::Kata => self.browser.context(),
        }
    }

    /// Seconds of the cluster's time since its picture was taken.
    pub fn since_picture(&self) -> i64 {
        let (Some(now), Some(pictured)) = (self.session.now, self.pictured) else {
            return 0;
        };
        let passed = now.as_second() - pictured.as_second();
        match &self.session.clock {
            Some(clock) => (passed as f64 * clock.pace) as i64,
            None => passed,
        }
    }

    /// Why the open kata cannot be worked on, with a heading.
    pub fn trouble(&self) -> Option<(&'static str, &str)> {
        let open = self.session.open.as_ref()?;
        match (&self.session.sandbox, &open.phase) {
            (SandboxState::Failed(reason), _) => Some((super::strings::NO_CLUSTER_TITLE, reason)),
            (_, Phase::Failed(reason)) => Some((super::strings::NO_SCENE_TITLE, reason)),
            _ => None,
        }
    }
}
