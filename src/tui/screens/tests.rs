//! Each screen in each of its states at the sizes people use. The pictures
//! are under `snapshots/`; `cargo insta review` shows what changed.

use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::view;
use crate::course::{Answer, Question};
use crate::session;
use crate::tui::fixture::{hear, home, preparing, solved, starting, working};
use crate::tui::glyphs::{ASCII, UNICODE};
use crate::tui::pages::{Page, Tour};
use crate::tui::palette::Palette;
use crate::tui::state::{Filter, FilterStatus, Pane, Reader, Screen, Search, ShellStatus, State};
use crate::tui::theme::{Theme, ThemeName};

/// What the screen shows, without colours.
pub fn picture(state: &State) -> String {
    let backend = TestBackend::new(state.columns, state.rows);
    let mut terminal = Terminal::new(backend).unwrap();
    terminal.draw(|frame| view(state, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let lines: Vec<String> = buffer
        .content()
        .chunks(usize::from(state.columns))
        .map(|row| {
            let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn reading(columns: u16, rows: u16) -> State {
    let mut state = home(columns, rows);
    state.reader = Some(Reader {
        title: "Your first Pod".into(),
        text: "# Pods\n\nA *Pod* is the smallest thing you can run.\n\n```sh\nkubectl get pods\n```\n\n| field | says |\n|---|---|\n| `spec` | what you want |\n| `status` | what there is |\n\n> [!TIP]\n> Read the events.".into(),
        scroll: 0,
        kata: None,
        quiz: quiz(),
        chosen: vec![Some(1), None],
    });
    state.screen = Screen::Reader;
    state
}

fn quiz() -> Vec<Question> {
    let answer = |text: &str, right| Answer {
        text: text.to_owned(),
        right,
        because: "A Pod has *one* address.".to_owned(),
    };
    vec![
        Question {
            ask: "How many addresses has a Pod?".to_owned(),
            answers: vec![answer("Two", false), answer("One", true)],
        },
        Question {
            ask: "What restarts a container?".to_owned(),
            answers: vec![answer("The kubelet", true), answer("The scheduler", false)],
        },
    ]
}

#[test]
fn home_before_the_cluster_is_there() {
    assert_snapshot!(picture(&starting(80, 24)));
}

#[test]
fn home_at_every_size() {
    assert_snapshot!("home_40x12", picture(&home(40, 12)));
    assert_snapshot!("home_80x24", picture(&home(80, 24)));
    assert_snapshot!("home_120x40", picture(&home(120, 40)));
    assert_snapshot!("home_200x60", picture(&home(200, 60)));
}

#[test]
fn home_remembers_what_was_solved() {
    let mut state = solved(80, 24);
    state.session.open = None;
    state.screen = Screen::Home;
    assert_snapshot!(picture(&state));
}

#[test]
fn home_without_a_cluster_says_so() {
    let mut state = starting(80, 24);
    let failed = session::Event::SandboxFailed("address in use".into());
    hear(&mut state, failed);
    assert_snapshot!(picture(&state));
}

#[test]
fn home_without_katas() {
    let mut state = home(80, 24);
    state.session.course = Default::default();
    assert_snapshot!(picture(&state));
}

#[test]
fn search_lists_matches_of_all_tracks() {
    let mut state = home(80, 24);
    state.home.search = Some(Search {
        text: "th".into(),
        selected: 1,
    });
    assert_snapshot!("search", picture(&state));
    state.home.search = Some(Search {
        text: "nothing like this".into(),
        selected: 0,
    });
    assert_snapshot!("search_without_match", picture(&state));
}

/// The sizes that people have, from a phone to a wall.
const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (300, 100)];

#[test]
fn every_screen_at_every_size() {
    for (columns, rows) in SIZES {
        for (name, state) in every_screen(columns, rows) {
            let name = format!("{name}_at_{columns}x{rows}");
            assert_snapshot!(name, picture(&state));
        }
    }
}

/// One state of each screen.
fn every_screen(columns: u16, rows: u16) -> Vec<(&'static str, State)> {
    let on_page = |page| {
        let mut state = home(columns, rows);
        state.page = Some(page);
        state
    };
    let mut palette = working(columns, rows);
    palette.palette = Some(Palette {
        text: "the".into(),
        selected: 2,
    });
    let mut statistics = solved(columns, rows);
    statistics.page = Some(Page::Statistics { scroll: 0 });
    let mut help = home(columns, rows);
    help.help = Some(0);
    let mut debrief = solved(columns, rows);
    debrief.kata.focus = Pane::Task;
    let mut no_kubectl = on_page(Page::Tour(Tour::default()));
    no_kubectl.setup.lacks_kubectl = true;
    no_kubectl.setup.machine = ("linux", "x86_64");
    vec![
        ("home", home(columns, rows)),
        ("lesson", reading(columns, rows)),
        ("kata", working(columns, rows)),
        ("debrief", debrief),
        ("palette", palette),
        ("settings", on_page(Page::Settings { selected: 5 })),
        ("statistics", statistics),
        ("tour", no_kubectl),
        (
            "tour_panes",
            on_page(Page::Tour(Tour {
                step: 1,
                focus: 2,
                tried: true,
                scroll: 0,
            })),
        ),
        (
            "links",
            on_page(Page::Links {
                links: vec![
                    "https://kubernetes.io/docs/concepts/workloads/pods/".into(),
                    "https://kubernetes.io/docs/concepts/services-networking/".into(),
                ],
                selected: 1,
            }),
        ),
        ("help", help),
    ]
}

/// Which cells have which style: each style gets a letter, listed at the end.
fn styles(state: &State) -> String {
    let backend = TestBackend::new(state.columns, state.rows);
    let mut terminal = Terminal::new(backend).unwrap();
    terminal.draw(|frame| view(state, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut known = Vec::new();
    let mut text = String::new();
    for row in buffer.content().chunks(usize::from(state.columns)) {
        let mut letters = String::new();
        for cell in row {
            let style = cell.style();
            let at = known
                .iter()
                .position(|one| *one == style)
                .unwrap_or_else(|| {
                    known.push(style);
                    known.len() - 1
                });
            let letter = char::from(b'a' + u8::try_from(at).unwrap());
            letters.push(if cell.symbol() == " " { ' ' } else { letter });
        }
        text.push_str(letters.trim_end());
        text.push('\n');
    }
    for (at, style) in known.into_iter().enumerate() {
        let letter = char::from(b'a' + u8::try_from(at).unwrap());
        let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
        text.push_str(&format!("{letter} {fg} on {bg} {:?}\n", style.add_modifier));
    }
    text
}

#[test]
fn every_theme_says_the_same_in_its_own_colours() {
    let plain = picture(&working(120, 40));
    for name in ThemeName::ALL {
        let mut state = working(120, 40);
        state.theme = Theme::new(name, true, &UNICODE);
        assert_eq!(picture(&state), plain, "{name:?} shows other text");
        assert_snapshot!(format!("theme_{}", name.as_str()), styles(&state));
    }
}

#[test]
fn the_task_can_stand_on_the_right_and_be_narrow() {
    let mut state = working(120, 40);
    state.settings.panes.task_on_right = true;
    state.settings.panes.task_width = 30;
    assert_snapshot!(picture(&state));
}

#[test]
fn a_filtered_map_says_what_it_leaves_out() {
    let mut state = home(80, 24);
    state.home.filter = Filter {
        status: Some(FilterStatus::Open),
        difficulty: None,
        kind: Some(crate::course::KataKind::Repair),
    };
    assert_snapshot!(picture(&state));
}

#[test]
fn mistakes_in_the_settings_file_are_listed() {
    let mut state = home(80, 24);
    state.page = Some(Page::Settings { selected: 0 });
    state.setup.file = Some("/home/learner/kubekata/config.yaml".into());
    state.setup.problems = crate::tui::settings::parse("config.yaml", "theme: blue\nfly: 1\n").2;
    assert_snapshot!(picture(&state));
}

#[test]
fn kata_at_work_at_every_size() {
    assert_snapshot!("kata_80x24", picture(&working(80, 24)));
    assert_snapshot!("kata_120x40", picture(&working(120, 40)));
    assert_snapshot!("kata_200x60", picture(&working(200, 60)));
}

#[test]
fn a_small_terminal_shows_one_pane_at_a_time() {
    let mut state = working(40, 12);
    for (name, pane) in [
        ("kata_40x12_task", Pane::Task),
        ("kata_40x12_cluster", Pane::Cluster),
        ("kata_40x12_shell", Pane::Shell),
    ] {
        state.kata.focus = pane;
        assert_snapshot!(name, picture(&state));
    }
}

#[test]
fn kata_while_the_scene_is_set() {
    assert_snapshot!(picture(&preparing(120, 40)));
}

#[test]
fn kata_with_hints_and_solution() {
    let mut state = working(120, 40);
    for _ in 0..2 {
        let hint = session::Event::Action(session::Action::RevealHint);
        hear(&mut state, hint);
    }
    if let Some(open) = &mut state.session.open {
        open.solution_shown = true;
    }
    assert_snapshot!(picture(&state));
}

#[test]
fn kata_when_solved_turns_into_the_debrief() {
    let mut state = solved(120, 40);
    state.kata.focus = Pane::Task;
    assert_snapshot!(picture(&state));
}

#[test]
fn kata_with_a_lesson_beside_the_shell() {
    let mut state = working(80, 24);
    state.kata.lesson = true;
    assert_snapshot!(picture(&state));
}

#[test]
fn kata_with_a_zoomed_cluster() {
    let mut state = working(80, 24);
    state.kata.focus = Pane::Cluster;
    state.kata.zoomed = true;
    assert_snapshot!(picture(&state));
}

#[test]
fn kata_with_a_shell_that_has_ended() {
    let mut state = working(80, 24);
    state.shell.status = ShellStatus::Ended("exit 0".into());
    assert_snapshot!(picture(&state));
}

#[test]
fn kata_whose_scene_could_not_be_set() {
    let mut state = preparing(80, 24);
    let failed = session::Event::KataFailed {
        kata: crate::tui::fixture::dying(),
        reason: "start/deployment.yaml: deployments.apps \"ledger\" is invalid: spec.replicas: Invalid value: -1".into(),
    };
    hear(&mut state, failed);
    assert_snapshot!(picture(&state));
}

#[test]
fn a_question_lies_over_the_kata() {
    let mut state = working(80, 24);
    state.session.confirm = Some(session::Confirm::Reset);
    assert_snapshot!(picture(&state));
}

#[test]
fn a_warning_takes_the_last_line() {
    let mut state = working(80, 24);
    let warned = session::Event::Warned("progress cannot be written: disk full".into());
    hear(&mut state, warned);
    assert_snapshot!(
        picture(&state)
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    );
}

#[test]
fn lesson_wide_and_narrow() {
    assert_snapshot!("lesson_80x24", picture(&reading(80, 24)));
    assert_snapshot!("lesson_40x12", picture(&reading(40, 12)));
}

#[test]
fn help_comes_from_the_keymap() {
    let mut state = working(80, 24);
    state.help = Some(0);
    assert_snapshot!("help_80x24", picture(&state));
    let mut state = home(120, 40);
    state.help = Some(0);
    assert_snapshot!("help_120x40", picture(&state));
}

#[test]
fn ascii_has_the_same_layout() {
    let mut state = working(80, 24);
    state.theme = Theme::new(ThemeName::Plain, false, &ASCII);
    let ascii = picture(&state);
    assert_snapshot!("kata_ascii", ascii);
    let unicode = picture(&working(80, 24));
    for (plain, drawn) in ascii.lines().zip(unicode.lines()).skip(1).take(22) {
        assert_eq!(
            plain.chars().count(),
            drawn.chars().count(),
            "{plain}\n{drawn}"
        );
    }
}

#[test]
fn a_terminal_too_small_for_anything_says_so() {
    assert_snapshot!(picture(&home(30, 5)), @"30x5 is too small: 40x12 is
needed.");
}
