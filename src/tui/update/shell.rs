//! Keeps the shell pane in step: started when the scene stands, restarted when
//! it is set anew or the kata is another one, resized with its pane.

use super::super::command::Command;
use super::super::copy::MOST_HELD;
use super::super::screens::kata::layout::shell_size;
use super::super::shell::{ShellNews, ShellScreen};
use super::super::state::{Screen, ShellStatus, State};
use super::copy;

/// The running shell reports.
pub(super) fn hear(state: &mut State, news: ShellNews, commands: &mut Vec<Command>) {
    match news {
        ShellNews::Output { life, bytes } if life == state.shell.life => {
            if let Some(copy) = &mut state.shell.copy {
                copy.held.extend_from_slice(&bytes);
                if copy.held.len() > MOST_HELD {
                    copy::end(state, commands);
                }
                return;
            }
            let answers = state.shell.screen.feed(&bytes);
            if !answers.is_empty() {
                commands.push(Command::ShellInput(answers));
            }
        }
        ShellNews::Ended { life, how } if life == state.shell.life => {
            state.shell.status = ShellStatus::Ended(how);
        }
        // News of a shell that has been replaced.
        _ => {}
    }
}

/// The start of the shell worked, or not.
pub(super) fn started(state: &mut State, life: u64, failure: Option<String>) {
    if life != state.shell.life || state.shell.status != ShellStatus::Starting {
        return;
    }
    state.shell.status = match failure {
        None => ShellStatus::Running,
        Some(why) => ShellStatus::Failed(why),
    };
}

/// The learner wants a new shell: forget the old one, and the next step
/// starts another.
pub(super) fn restart(state: &mut State) {
    state.shell.environment = None;
}

/// After every event: the shell that should run, at the size of its pane.
pub(super) fn keep_in_step(state: &mut State, commands: &mut Vec<Command>) {
    if state.screen != Screen::Kata {
        return;
    }
    let size = shell_size(state);
    let wanted = state
        .session
        .open
        .as_ref()
        .and_then(|open| open.shell.clone());
    if let Some(environment) = wanted
        && state.shell.environment.as_ref() != Some(&environment)
    {
        state.shell.life += 1;
        state.shell.status = ShellStatus::Starting;
        state.shell.screen = ShellScreen::new(size);
        state.shell.copy = None;
        state.shell.environment = Some(environment.clone());
        commands.push(Command::StartShell {
            environment,
            life: state.shell.life,
            size,
        });
        return;
    }
    if state.shell.screen.size() != size {
        copy::end(state, commands);
        state.shell.screen.resize(size);
        commands.push(Command::ResizeShell(size));
    }
}
