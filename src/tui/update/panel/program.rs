//! Programs in the cluster pane: the learner's editor, and shells in containers.

use std::path::Path;
use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::{browse, drawn, pod, push};
use crate::browse::{Draft, Exec, Input, Order};
use crate::sandbox::{Reference, ShellEnvironment};
use crate::tui::browser::panel::{Panel, Program, ProgramKind};
use crate::tui::browser::{FIRST_PROGRAM, menus, words};
use crate::tui::command::Command;
use crate::tui::shell::{ShellNews, ShellSize, key_bytes, paste_bytes};
use crate::tui::state::State;
use crate::tui::update::notify;

/// Opens a shell in the only container, or asks in which.
pub(super) fn exec(state: &mut State, of: &Reference, commands: &mut Vec<Command>) {
    let menu = pod(state, of).map(menus::exec);
    match menu.filter(|menu| menu.items.len() > 1) {
        Some(menu) => push(state, Panel::Menu(menu)),
        None => open_shell(state, of, None, commands),
    }
}

pub(super) fn open_shell(
    state: &mut State,
    of: &Reference,
    container: Option<String>,
    commands: &mut Vec<Command>,
) {
    let (life, size) = push_program(state, ProgramKind::Shell(of.clone()));
    let exec = Exec {
        life,
        of: of.clone(),
        container,
        columns: size.columns(),
        rows: size.rows(),
    };
    browse(Order::Exec(exec), commands);
}

/// Puts a program on top, and says which it is and how large.
pub(super) fn push_program(state: &mut State, kind: ProgramKind) -> (u64, ShellSize) {
    state.browser.programs += 1;
    let life = FIRST_PROGRAM + state.browser.programs;
    let program = Program::new(life, drawn::program_size(state), kind);
    push(state, Panel::Program(Box::new(program)));
    // The pane may have become larger for it.
    let size = drawn::program_size(state);
    if let Some(Panel::Program(program)) = state.browser.panels.last_mut() {
        program.screen.resize(size);
    }
    (life, size)
}

/// Bytes for a program: an editor runs here, a shell in a container elsewhere.
pub(super) fn send(program: &Program, bytes: Vec<u8>, commands: &mut Vec<Command>) {
    match &program.kind {
        ProgramKind::Editor(_) => commands.push(Command::ProgramInput(bytes)),
        ProgramKind::Shell(_) => browse(Order::Input(program.life, Input::Bytes(bytes)), commands),
    }
}

/// Opens the learner's editor on a file.
pub(super) fn edit(state: &mut State, draft: Draft, commands: &mut Vec<Command>) {
    let shell = state
        .session
        .open
        .as_ref()
        .and_then(|open| open.shell.clone());
    let Some(shell) = shell else {
        return;
    };
    let environment = Arc::new(editor(&shell, &draft.path));
    let (life, size) = push_program(state, ProgramKind::Editor(draft));
    commands.push(Command::StartProgram {
        environment,
        life,
        size,
    });
}

/// The editor that the learner's shell knows.
pub(super) fn editor(shell: &ShellEnvironment, path: &Path) -> ShellEnvironment {
    let path = path.display().to_string();
    let (program, arguments) = if cfg!(windows) {
        ("notepad.exe", vec![path])
    } else {
        let find = "exec ${VISUAL:-${EDITOR:-$(command -v nano || command -v vim || command -v vi)}} \"$1\"";
        let arguments = ["-c", find, "sh"].map(str::to_owned);
        ("/bin/sh", [arguments.to_vec(), vec![path]].concat())
    };
    ShellEnvironment {
        program: program.into(),
        arguments,
        workdir: shell.workdir.clone(),
        variables: shell.variables.clone(),
    }
}

/// News of the program on top; returns whether they were its.
pub(in crate::tui::update) fn hear_program(
    state: &mut State,
    news: &ShellNews,
    commands: &mut Vec<Command>,
) -> bool {
    let (ShellNews::Output { life, .. } | ShellNews::Ended { life, .. }) = news;
    let place = state
        .browser
        .panels
        .iter()
        .position(|panel| matches!(panel, Panel::Program(program) if program.life == *life));
    let Some(place) = place else {
        return *life > FIRST_PROGRAM;
    };
    match news {
        ShellNews::Output { bytes, .. } => {
            if let Some(Panel::Program(program)) = state.browser.panels.get_mut(place) {
                let answers = program.screen.feed(bytes);
                if !answers.is_empty() {
                    send(program, answers, commands);
                }
            }
        }
        ShellNews::Ended { how, .. } => ended(state, place, how, commands),
    }
    true
}

pub(super) fn ended(state: &mut State, place: usize, how: &str, commands: &mut Vec<Command>) {
    let Panel::Program(program) = state.browser.panels.remove(place) else {
        return;
    };
    if state.browser.panels.is_empty() {
        state.kata.zoomed = state.browser.zoomed_before;
    }
    let well = how == "exit 0";
    match program.kind {
        ProgramKind::Editor(draft) if well => {
            commands.push(Command::EndProgram);
            browse(Order::Submit(draft), commands);
        }
        ProgramKind::Editor(_) => notify(state, &words::editor_failed(how)),
        ProgramKind::Shell(_) => {
            browse(Order::HangUp(program.life), commands);
            if !well {
                notify(state, how);
            }
        }
    }
}

/// The program could not be run.
pub(in crate::tui::update) fn program_started(
    state: &mut State,
    life: u64,
    failure: Option<&str>,
) -> bool {
    if life <= FIRST_PROGRAM {
        return false;
    }
    if let Some(failure) = failure {
        state
            .browser
            .panels
            .retain(|panel| !matches!(panel, Panel::Program(program) if program.life == life));
        notify(state, failure);
    }
    true
}

/// Keys go to the program as they are.
pub(in crate::tui::update) fn type_into_program(
    state: &State,
    key: &KeyEvent,
    commands: &mut Vec<Command>,
) {
    if let Some(Panel::Program(program)) = state.browser.panels.last() {
        let bytes = key_bytes(key, program.screen.screen());
        if !bytes.is_empty() {
            send(program, bytes, commands);
        }
    }
}

/// After every event: the program at the size of its pane.
pub(in crate::tui::update) fn keep_in_step(state: &mut State, commands: &mut Vec<Command>) {
    let size = drawn::program_size(state);
    if let Some(Panel::Program(program)) = state.browser.panels.last_mut()
        && program.screen.size() != size
    {
        program.screen.resize(size);
        match &program.kind {
            ProgramKind::Editor(_) => commands.push(Command::ResizeProgram(size)),
            ProgramKind::Shell(_) => {
                let input = Input::Size(size.columns(), size.rows());
                browse(Order::Input(program.life, input), commands);
            }
        }
    }
}

/// So does what is pasted.
pub(in crate::tui::update) fn paste_into_program(
    state: &State,
    text: &str,
    commands: &mut Vec<Command>,
) {
    if let Some(Panel::Program(program)) = state.browser.panels.last() {
        let bytes = paste_bytes(text, program.screen.screen());
        send(program, bytes, commands);
    }
}
