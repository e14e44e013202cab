//! What lies over the list of the cluster pane: opened, moved in, chosen from,
//! closed; and the orders that look at an object or act on it.

mod choice;
mod program;

use ratatui::layout::Rect;

use super::super::action::Action;
use super::super::browser::menus;
use super::super::browser::panel::{PagePanel, Panel, Prompt};
use super::super::command::Command;
use super::super::keymap::Context;
use super::super::screens::kata::panel as drawn;
use super::super::shell::ShellNews;
use super::super::state::{Pane, State};
use super::super::widgets::scroll::{Movement, furthest, moved};
use super::pages::movement;
use super::{kata, notify, tell};
use crate::browse::{self, Deed, News, Order, Page, Side};
use crate::check::Verdict;
use crate::sandbox::Reference;
use crate::session::{self, Effect, SandboxState};

pub(super) use choice::type_number;
pub(super) use program::{
    hear_program, keep_in_step, paste_into_program, program_started, type_into_program,
};

use choice::{answer, choose};
use program::{edit, exec};

/// A pane with fewer rows gives way to the whole screen when something is opened.
const FEW_ROWS: usize = 24;

/// Returns whether it was an order of a panel, or opened one.
pub(super) fn carry_out(state: &mut State, action: Action, commands: &mut Vec<Command>) -> bool {
    if opens(state, action, commands) {
        return true;
    }
    match state.browser.panels.last_mut() {
        None => return false,
        Some(Panel::Menu(menu)) => match action {
            Action::Open => choose(state, commands),
            Action::Back => close(state, commands),
            _ => match movement(action) {
                Some(movement) => menu.step(steps(movement)),
                None => return false,
            },
        },
        Some(Panel::Prompt(_)) => match action {
            Action::Open => answer(state, commands),
            Action::Back => close(state, commands),
            _ => return false,
        },
        Some(Panel::Page(page)) => match action {
            Action::Back => close(state, commands),
            Action::NextView | Action::PreviousView => {
                let side = beside(page.page.side, action == Action::NextView);
                let of = page.page.of.clone();
                show(state, of, side, commands);
            }
            Action::Unfold => {
                page.page.unfolded = !page.page.unfolded;
                let order = page.order();
                browse(order, commands);
            }
            _ => match movement(action) {
                Some(movement) => scroll(state, movement),
                None => return false,
            },
        },
        Some(Panel::Program(_)) => return false,
    }
    true
}

/// Orders about the object at hand, and the menus.
fn opens(state: &mut State, action: Action, commands: &mut Vec<Command>) -> bool {
    let is_list = state.browser.panels.is_empty();
    match action {
        Action::Clock => {
            let menu = menus::clock(is_paused(state));
            push(state, Panel::Menu(menu));
            return true;
        }
        Action::Chaos => {
            let menu = menus::chaos(&state.session.cluster);
            push(state, Panel::Menu(menu));
            return true;
        }
        Action::New => {
            push(state, Panel::Menu(menus::templates()));
            return true;
        }
        _ => {}
    }
    let Some(of) = subject(state) else {
        return false;
    };
    match action {
        Action::Open if is_list && !state.browser.typing => {
            show(state, of, Side::Describe, commands)
        }
        Action::ShowYaml => show(state, of, Side::Yaml, commands),
        Action::ShowWhy => show(state, of, Side::Why, commands),
        Action::ShowLogs => logs(state, of, commands),
        Action::Exec => exec(state, &of, commands),
        Action::Edit => browse(Order::Checkout(of), commands),
        Action::Delete => push(state, Panel::Menu(menus::delete(&of))),
        Action::Scale => {
            let text = String::new();
            push(state, Panel::Prompt(Prompt { of, text }));
        }
        Action::RestartWorkload => browse(Order::Do(Deed::Restart(of)), commands),
        Action::Cordon => {
            let nodes = &state.session.cluster.nodes;
            let node = nodes.iter().find(|node| node.name == of.name);
            let on = node.is_none_or(|node| node.schedulable);
            browse(Order::Do(Deed::Cordon { node: of.name, on }), commands);
        }
        _ => return false,
    }
    true
}

fn is_paused(state: &State) -> bool {
    state.session.clock.is_some_and(|clock| clock.is_paused())
}

/// The object that orders are about: that of the topmost panel, else the one
/// under the cursor.
pub fn subject(state: &State) -> Option<Reference> {
    let of_panel = state.browser.panels.iter().rev().find_map(Panel::of);
    of_panel.or_else(|| state.browser.selected()).cloned()
}

fn browse(order: Order, commands: &mut Vec<Command>) {
    commands.push(Command::Session(Effect::Browse(order)));
}

fn beside(side: Side, next: bool) -> Side {
    let at = Side::ALL.iter().position(|it| *it == side).unwrap_or(0);
    let step = if next { 1 } else { Side::ALL.len() - 1 };
    Side::ALL[(at + step) % Side::ALL.len()]
}

fn steps(movement: Movement) -> isize {
    match movement {
        Movement::Lines(lines) => lines,
        Movement::Pages(pages) => pages.saturating_mul(10),
        Movement::Top => isize::MIN,
        Movement::Bottom => isize::MAX,
    }
}

/// Shows a side of an object, in place of another side of the same one.
fn show(state: &mut State, of: Reference, side: Side, commands: &mut Vec<Command>) {
    show_page(state, of, side, None, false, commands);
}

fn show_page(
    state: &mut State,
    of: Reference,
    side: Side,
    container: Option<String>,
    previous: bool,
    commands: &mut Vec<Command>,
) {
    state.browser.pages += 1;
    let page = PagePanel::new(Page {
        number: state.browser.pages,
        of,
        side,
        container,
        previous,
        unfolded: false,
        verdict: None,
    });
    browse(page.order(), commands);
    if let Some(Panel::Page(open)) = state.browser.panels.last_mut()
        && open.page.of == page.page.of
    {
        **open = page;
        return;
    }
    push(state, Panel::Page(Box::new(page)));
}

/// Why the current task's check does not hold.
pub(super) fn why_check(state: &mut State, commands: &mut Vec<Command>) {
    let Some(open) = &state.session.open else {
        return;
    };
    let verdict = open.current_task().and_then(|task| {
        open.open_verdicts(task)
            .first()
            .map(|it| Verdict::clone(it))
    });
    let Some(verdict) = verdict else {
        return;
    };
    let (checks, namespace) = (&open.kata.checks.text, open.kata.namespace());
    let of = browse::subject_of_check(checks, &verdict.check, namespace);
    let of = of.unwrap_or_else(|| Reference::new("", "check", "", &verdict.check));
    state.browser.pages += 1;
    let page = PagePanel::new(Page {
        number: state.browser.pages,
        of,
        side: Side::Why,
        container: None,
        previous: false,
        unfolded: false,
        verdict: Some(Box::new(verdict)),
    });
    browse(page.order(), commands);
    push(state, Panel::Page(Box::new(page)));
}

/// Puts a panel on top; a small pane gets the whole screen for it.
fn push(state: &mut State, panel: Panel) {
    if state.browser.panels.is_empty() {
        state.browser.zoomed_before = state.kata.zoomed;
        let rows = super::super::screens::kata::cluster::height(state);
        let is_page = !matches!(panel, Panel::Menu(_) | Panel::Prompt(_));
        if is_page && rows < FEW_ROWS {
            state.kata.zoomed = true;
        }
    }
    kata::focus(state, Pane::Cluster);
    state.browser.panels.push(panel);
}

/// Takes the topmost panel off; what lies under it is shown as it is now.
pub(super) fn close(state: &mut State, commands: &mut Vec<Command>) {
    state.browser.panels.pop();
    match state.browser.panels.last() {
        Some(Panel::Page(page)) => browse(page.order(), commands),
        Some(_) => {}
        None => {
            state.kata.zoomed = state.browser.zoomed_before;
            browse(Order::Close, commands);
        }
    }
}

/// Takes every panel off: the scene is another one.
pub(super) fn close_all(state: &mut State, commands: &mut Vec<Command>) {
    if !state.browser.panels.is_empty() {
        state.kata.zoomed = state.browser.zoomed_before;
        commands.push(Command::EndProgram);
    }
    state.browser = state.browser.anew();
}

/// The log of the only container, or the choice of one.
fn logs(state: &mut State, of: Reference, commands: &mut Vec<Command>) {
    let menu = pod(state, &of).map(menus::logs);
    match menu.filter(|menu| menu.items.len() > 1) {
        Some(menu) => {
            show(state, of, Side::Logs, commands);
            push(state, Panel::Menu(menu));
        }
        None => show(state, of, Side::Logs, commands),
    }
}

fn pod<'a>(state: &'a State, of: &Reference) -> Option<&'a crate::sandbox::PodView> {
    let pods = state.session.cluster.all_pods().into_iter();
    let mut pods = pods.filter(|_| of.kind == "Pod");
    pods.find(|pod| pod.name == of.name && pod.namespace == of.namespace())
}

/// Scrolls the topmost panel.
pub(super) fn scroll(state: &mut State, movement: Movement) {
    let extent = drawn::extent(state);
    match state.browser.panels.last_mut() {
        Some(Panel::Menu(menu)) => menu.step(steps(movement).signum()),
        Some(Panel::Page(page)) => {
            let Some((offset, content, height)) = extent else {
                return;
            };
            page.scroll = moved(offset, movement, content, height);
            let is_log = page.page.side == Side::Logs;
            page.at_end = is_log && page.scroll == furthest(content, height);
        }
        _ => {}
    }
}

/// A click on a side shows it, one on a choice takes it.
pub(super) fn click(
    state: &mut State,
    column: u16,
    row: u16,
    inside: Rect,
    commands: &mut Vec<Command>,
) {
    match state.browser.panels.last_mut() {
        Some(Panel::Menu(menu)) => {
            if let Some(item) = drawn::item_at(menu, row, inside) {
                menu.cursor = item;
                choose(state, commands);
            }
        }
        Some(Panel::Page(page)) if row == inside.bottom() => {
            let of = page.page.of.clone();
            if let Some(side) = drawn::side_at(state, column) {
                show(state, of, side, commands);
            }
        }
        _ => {}
    }
}

/// News of what was ordered.
pub(super) fn hear(state: &mut State, news: News, commands: &mut Vec<Command>) {
    match news {
        News::Page { number, document } => {
            if let Some(page) = page(state, number) {
                page.hear(document);
            }
        }
        News::Lines { number, lines } => {
            if let Some(page) = page(state, number) {
                page.grow(lines);
            }
        }
        News::Output { life, bytes } => {
            hear_program(state, &ShellNews::Output { life, bytes }, commands);
        }
        News::Ended { life, how } => {
            hear_program(state, &ShellNews::Ended { life, how }, commands);
        }
        News::Draft(draft) => edit(state, draft, commands),
        News::Done(said) => notify(state, &said),
        News::Failed(why) => tell(state, session::Event::Warned(why), commands),
    }
}

fn page(state: &mut State, number: u64) -> Option<&mut PagePanel> {
    let mut panels = state.browser.panels.iter_mut();
    panels.find_map(|panel| match panel {
        Panel::Page(page) if page.page.number == number => Some(&mut **page),
        _ => None,
    })
}

/// Whether an order about the object at hand makes sense.
pub fn is_available(action: Action, state: &State) -> bool {
    let embedded = match &state.session.sandbox {
        SandboxState::Ready(info) => info.kind == "embedded",
        _ => false,
    };
    let of = subject(state);
    let is = |test: fn(&Reference) -> bool| of.as_ref().is_some_and(test);
    match action {
        Action::Clock | Action::Chaos => embedded,
        Action::ShowYaml | Action::ShowWhy | Action::Edit | Action::Delete => of.is_some(),
        Action::ShowLogs => is(browse::has_logs),
        Action::Exec => is(|of| of.kind == "Pod"),
        Action::Scale => is(Deed::can_scale),
        Action::RestartWorkload => is(Deed::can_restart),
        Action::Cordon => is(|of| of.kind == "Node"),
        Action::Filter => state.browser.panels.is_empty(),
        Action::Open => state.context() != Context::Panel,
        Action::Unfold => matches!(
            state.browser.panels.last(),
            Some(Panel::Page(page)) if page.page.side == Side::Yaml
        ),
        _ => true,
    }
}
