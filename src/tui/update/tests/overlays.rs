//! The list of orders, the settings, the tour, filters, panes and copying.

use super::*;
use crate::tui::keymap::Context;
use crate::tui::pages::Page;
use crate::tui::state::FilterStatus;
use crate::tui::theme::ThemeName;

fn written(commands: &[Command]) -> Vec<(&'static str, String)> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::WriteSetting(field, value) => Some((*field, value.clone())),
            _ => None,
        })
        .collect()
}

fn type_text(state: &mut State, text: &str) {
    for character in text.chars() {
        let key = KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE);
        update(state, Event::Key(key));
    }
}

#[test]
fn the_list_of_orders_does_what_is_chosen_on_the_screen_below() {
    let mut state = working(80, 24);
    press(&mut state, "ctrl-] :");
    assert_eq!(state.context(), Context::Palette);
    type_text(&mut state, "uncover next hint");
    press(&mut state, "enter");
    assert!(state.palette.is_none());
    let hints = state.session.open.as_ref().map(|open| open.hints.len());
    assert_eq!(hints, Some(1));
    press(&mut state, ":");
    press(&mut state, "esc");
    assert_eq!(state.context(), Context::Kata);
}

#[test]
fn the_list_of_orders_opens_screens_and_katas() {
    let mut state = home(80, 24);
    press(&mut state, ":");
    type_text(&mut state, "settings");
    press(&mut state, "enter");
    assert!(matches!(state.page, Some(Page::Settings { .. })));
    press(&mut state, "esc :");
    type_text(&mut state, "nobody listens");
    press(&mut state, "enter");
    let reader = state.reader.as_ref().and_then(|reader| reader.kata.clone());
    assert_eq!(reader, Some(KataId::new("services/port")));
}

#[test]
fn a_setting_holds_at_once_and_is_written_down() {
    let mut state = home(80, 24);
    let commands = press(&mut state, ", right");
    assert_eq!(state.settings.theme, Some(ThemeName::Dark));
    assert_eq!(written(&commands), [("theme", "dark".to_owned())]);
    let commands = press(&mut state, "down down enter");
    assert!(!state.mouse);
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::SetMouse(false)))
    );
    assert_eq!(written(&commands), [("mouse", "false".to_owned())]);
    press(&mut state, "esc");
    assert_eq!(state.context(), Context::Home);
}

#[test]
fn the_tour_can_be_left_at_once_and_is_not_begun_again_by_itself() {
    let mut state = home(80, 24);
    state.page = Some(Page::Tour(crate::tui::pages::Tour::default()));
    state.setup.welcome_mark = Some("/data/welcomed".into());
    let commands = press(&mut state, "esc");
    assert!(matches!(&commands[..], [Command::Remember(mark)] if mark.ends_with("welcomed")));
    assert_eq!(state.context(), Context::Home);
    press(&mut state, ":");
    type_text(&mut state, "tour");
    press(&mut state, "enter enter tab");
    let Some(Page::Tour(tour)) = &state.page else {
        panic!("the tour is there again");
    };
    assert!(tour.tried && tour.step == 1);
    assert!(press(&mut state, "enter enter enter enter").is_empty());
    assert!(state.page.is_none());
}

#[test]
fn filters_narrow_the_map_and_escape_widens_it_again() {
    let mut state = home(80, 24);
    press(&mut state, "f");
    assert_eq!(state.home.filter.status, Some(FilterStatus::Open));
    press(&mut state, "f f");
    let map = crate::tui::screens::home::matches::shown_map(&state);
    assert!(map.iter().all(|track| track.katas.is_empty()));
    press(&mut state, "enter c");
    press(&mut state, "esc");
    let mut state = home(80, 24);
    press(&mut state, "t");
    let map = crate::tui::screens::home::matches::shown_map(&state);
    assert_eq!(map.iter().map(|track| track.katas.len()).sum::<usize>(), 1);
    press(&mut state, "esc");
    assert!(!state.home.filter.is_set());
}

#[test]
fn the_task_gets_more_room_by_key_and_by_dragging_its_border() {
    use crate::tui::screens::kata::layout::Panes;
    let mut state = working(120, 40);
    let width = |state: &State| Panes::of(state).task.map_or(0, |area| area.width);
    let before = width(&state);
    let commands = press(&mut state, "ctrl-] >");
    assert!(width(&state) > before);
    assert_eq!(written(&commands), [("task-width", "46".to_owned())]);
    let edge = width(&state);
    click(&mut state, edge - 1, 10);
    mouse(&mut state, MouseEventKind::Drag(MouseButton::Left), 39, 10);
    assert_eq!(width(&state), 39);
    let commands = mouse(&mut state, MouseEventKind::Up(MouseButton::Left), 39, 10);
    assert_eq!(written(&commands), [("task-width", "33".to_owned())]);
    press(&mut state, "|");
    assert!(Panes::of(&state).task.is_some_and(|area| area.x > 60));
    let shell = Panes::of(&state).shell.expect("it is shown");
    click(&mut state, shell.x + 5, shell.y);
    mouse(
        &mut state,
        MouseEventKind::Drag(MouseButton::Left),
        shell.x + 5,
        30,
    );
    assert!(Panes::of(&state).shell.is_some_and(|area| area.y > shell.y));
}

#[test]
fn a_click_on_a_command_types_it_into_the_shell() {
    let mut state = working(120, 40);
    let screen = picture(&state);
    let row = screen
        .lines()
        .position(|line| line.contains("kubectl logs deploy/ledger"))
        .expect("the pane says where to look");
    let row = u16::try_from(row).unwrap();
    let commands = click(&mut state, 20, row);
    assert_eq!(typed(&commands), "kubectl logs deploy/ledger --previous");
    assert_eq!(state.kata.focus, Pane::Shell);
    assert!(typed(&click(&mut state, 4, row)).is_empty());
}

#[test]
fn the_shells_output_is_copied_by_keys_and_by_dragging() {
    let mut state = working(120, 40);
    let copied = |commands: &[Command]| {
        commands.iter().find_map(|command| match command {
            Command::Copy(text) => Some(text.clone()),
            _ => None,
        })
    };
    press(&mut state, "f3 up");
    assert_eq!(state.context(), Context::Copy);
    let life = state.shell.life;
    let bytes = b"meanwhile\r\n".to_vec();
    update(&mut state, Event::Shell(ShellNews::Output { life, bytes }));
    let commands = press(&mut state, "enter");
    assert_eq!(
        copied(&commands).as_deref(),
        Some("ledger-confg       1      4m")
    );
    assert!(state.shell.screen.screen().contents().contains("meanwhile"));
    assert_eq!(state.context(), Context::Shell);

    let inside = crate::tui::screens::kata::shell_inside(&state);
    click(&mut state, inside.x, inside.y);
    let drag = MouseEventKind::Drag(MouseButton::Left);
    mouse(&mut state, drag, inside.x, inside.y);
    mouse(&mut state, drag, inside.x + 5, inside.y);
    let up = MouseEventKind::Up(MouseButton::Left);
    let commands = mouse(&mut state, up, inside.x + 5, inside.y);
    assert_eq!(copied(&commands).as_deref(), Some("harbor"));
    assert_eq!(state.context(), Context::Shell);
}

#[test]
fn links_of_a_lesson_are_listed_and_opened() {
    let mut state = home(80, 24);
    press(&mut state, "enter o");
    assert!(state.page.is_none(), "this lesson has no links");
    if let Some(reader) = &mut state.reader {
        reader.text = "[one](https://one.example) [two](https://two.example)".into();
    }
    let commands = press(&mut state, "o down enter");
    assert!(matches!(&commands[..], [Command::OpenLink(link)] if link == "https://two.example"));
    press(&mut state, "esc");
    assert_eq!(state.context(), Context::Reader);
}

#[test]
fn keys_of_the_settings_file_hold_everywhere() {
    let mut state = home(80, 24);
    let text = "keys:\n  home:\n    quit: Q\n    show-help: [f4]\n";
    state.keymap = crate::tui::settings::parse("config.yaml", text).1;
    assert!(press(&mut state, "q").is_empty());
    assert!(picture(&state).contains("Q quit"));
    let commands = press(&mut state, "Q");
    assert!(matches!(commands.last(), Some(Command::Quit)));
}

fn picture(state: &State) -> String {
    crate::tui::screens::tests::picture(state)
}
