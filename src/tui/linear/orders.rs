//! What each line orders, and what is told without being asked. Pure: words
//! and effects come out, nothing is done.

use std::sync::Arc;

use super::text::Writer;
use crate::course::KataId;
use crate::sandbox::ShellEnvironment;
use crate::session::{self, Action, Confirm, Effect, Event, Phase, SandboxState, TaskStatus};
use crate::tui::strings::linear as words;
use crate::tui::strings::question;

/// The program as plain text.
pub(super) struct Linear {
    pub(super) session: session::State,
    writer: Writer,
    /// Answers chosen to the questions of the lesson that was read last.
    quiz: Option<(KataId, usize)>,
}

/// What comes of a line or of news.
#[derive(Default)]
pub(super) struct Answer {
    /// Lines to write.
    pub(super) said: Vec<String>,
    /// For the driver.
    pub(super) effects: Vec<Effect>,
    /// A shell to run now.
    pub(super) shell: Option<Arc<ShellEnvironment>>,
}

impl Linear {
    pub(super) fn new(session: session::State, columns: u16) -> Self {
        Self {
            session,
            writer: Writer::new(columns),
            quiz: None,
        }
    }

    /// The first words.
    pub(super) fn welcome(&self, lacks_kubectl: bool) -> Vec<String> {
        let mut said = vec![format!("kubekata: {}", self.session.course.title)];
        if lacks_kubectl {
            said.push(crate::tui::strings::LACKS_KUBECTL.to_owned());
        }
        said.push(words::WELCOME.to_owned());
        if let Some(next) = self.session.next_kata() {
            said.push(words::comes_next(&self.title(&next)));
        }
        said
    }

    /// What stands before the learner's line.
    pub(super) fn prompt(&self) -> String {
        match (&self.session.confirm, &self.session.open) {
            (Some(_), _) => "yes or no? ".to_owned(),
            (None, Some(open)) => format!("{}> ", open.kata.id),
            (None, None) => "kubekata> ".to_owned(),
        }
    }

    /// Leaves, whatever is asked at the moment.
    pub(super) fn leave(&mut self) -> Answer {
        let mut answer = Answer::default();
        self.act(Action::Quit, &mut answer);
        answer
    }

    /// Carries out a line.
    pub(super) fn order(&mut self, line: &str) -> Answer {
        let mut answer = Answer::default();
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if self.session.confirm.is_some() {
            self.confirm(word, &mut answer);
            return answer;
        }
        match word {
            "" => {}
            "help" | "?" => answer.said.extend(words::HELP.lines().map(str::to_owned)),
            "list" => answer.said = self.writer.course(&self.session, rest.trim()),
            "open" | "start" => self.open(rest.trim(), &mut answer),
            "continue" => match self.session.next_kata() {
                Some(id) => self.open(id.as_str(), &mut answer),
                None => answer.said.push(crate::tui::strings::ALL_SOLVED.to_owned()),
            },
            "lesson" => self.lesson(rest.trim(), &mut answer),
            "answer" => self.answer(rest.trim(), &mut answer),
            "statistics" => answer.said = self.writer.statistics(&self.session),
            "quit" | "exit" => self.act(Action::Quit, &mut answer),
            _ if self.session.open.is_none() => answer.said.push(words::no_order(word)),
            _ => self.in_kata(word, &mut answer),
        }
        answer
    }

    /// Orders that need an open kata.
    fn in_kata(&mut self, word: &str, answer: &mut Answer) {
        let Some(open) = &self.session.open else {
            return;
        };
        match word {
            "task" | "tasks" | "check" => {
                if word == "check" {
                    self.act(Action::Recheck, answer);
                }
                if let Some(open) = &self.session.open {
                    answer.said.extend(self.writer.tasks(open));
                }
            }
            "story" => answer.said = self.writer.story(open),
            "cluster" => answer.said = self.writer.cluster(&self.session.cluster),
            "hint" => {
                self.act(Action::RevealHint, answer);
                if let Some(open) = &self.session.open {
                    answer.said.extend(self.writer.last_hint(open));
                }
            }
            "solution" if open.solution_shown => answer.said = self.writer.solution(open),
            "solution" => self.act(Action::ShowSolution, answer),
            "reset" => self.act(Action::Reset, answer),
            "debrief" if open.solved => answer.said = self.writer.debrief(open),
            "debrief" => answer.said.push(words::NO_DEBRIEF.to_owned()),
            "shell" => match open.shell.clone() {
                Some(shell) => answer.shell = Some(shell),
                None => answer
                    .said
                    .push(crate::tui::strings::SHELL_WAITS.to_owned()),
            },
            "next" => {
                let next = self.session.course.after(&open.kata.id);
                match next.map(|kata| kata.id.clone()) {
                    Some(id) => self.open(id.as_str(), answer),
                    None => answer.said.push(words::LAST_KATA.to_owned()),
                }
            }
            "home" | "leave" => {
                self.act(Action::LeaveKata, answer);
                answer.said.push(words::LEFT.to_owned());
            }
            _ => answer.said.push(words::no_order(word)),
        }
        if let Some(confirm) = self.session.confirm {
            let (title, text) = question(confirm);
            answer.said.push(title.to_owned());
            answer.said.extend(self.writer.prose(text));
        }
    }

    fn confirm(&mut self, word: &str, answer: &mut Answer) {
        let question = self.session.confirm;
        match word.to_lowercase().as_str() {
            "y" | "yes" => self.act(Action::ConfirmYes, answer),
            "n" | "no" => return self.act(Action::ConfirmNo, answer),
            _ => return answer.said.push(words::YES_OR_NO.to_owned()),
        }
        match (question, &self.session.open) {
            (Some(Confirm::ShowSolution), Some(open)) => {
                answer.said.extend(self.writer.solution(open));
            }
            _ => answer.said.push(words::RESETTING.to_owned()),
        }
    }

    /// By its number in the list, its id, or words of its title.
    fn open(&mut self, wanted: &str, answer: &mut Answer) {
        let Some(id) = self.find(wanted) else {
            answer.said.push(words::no_kata(wanted));
            return;
        };
        self.act(Action::OpenKata(id.clone()), answer);
        answer.said.push(words::opening(&self.title(&id)));
        if let SandboxState::Failed(reason) = &self.session.sandbox {
            answer.said.push(words::no_cluster(reason));
        }
    }

    fn find(&self, wanted: &str) -> Option<KataId> {
        let course = &self.session.course;
        if let Ok(number) = wanted.parse::<usize>() {
            let kata = course.katas_in_order().nth(number.checked_sub(1)?);
            return kata.map(|kata| kata.id.clone());
        }
        if let Some(kata) = course.find(wanted) {
            return Some(kata.id.clone());
        }
        let wanted = wanted.to_lowercase();
        let has = |title: &str| {
            let title = title.to_lowercase();
            wanted.split_whitespace().all(|word| title.contains(word))
        };
        let mut found = course.katas_in_order().filter(|kata| has(&kata.title));
        found
            .next()
            .filter(|_| !wanted.is_empty())
            .map(|kata| kata.id.clone())
    }

    /// The lesson of a kata: the open one, or the one that is named.
    fn lesson(&mut self, wanted: &str, answer: &mut Answer) {
        let id = match (&self.session.open, wanted) {
            (Some(open), "") => Some(open.kata.id.clone()),
            (None, "") => self.session.next_kata(),
            _ => self.find(wanted),
        };
        let Some(id) = id else {
            answer.said.push(words::no_kata(wanted));
            return;
        };
        let course = &self.session.course;
        let kata = course
            .kata(&id)
            .map(|kata| kata.instance(self.session.seed_of(&id)));
        let Some(Ok(kata)) = kata else {
            return;
        };
        answer.said = self.writer.prose(&kata.lesson);
        self.quiz = Some((id.clone(), 0));
        if let Some(question) = course.lesson_of(&id).and_then(|lesson| lesson.quiz.first()) {
            answer.said.extend(self.writer.question(question));
        }
    }

    /// `answer 2`: to the open question of the lesson read last.
    fn answer(&mut self, number: &str, answer: &mut Answer) {
        let Some((id, at)) = self.quiz.clone() else {
            answer.said.push(words::NO_QUESTION.to_owned());
            return;
        };
        let quiz = self
            .session
            .course
            .lesson_of(&id)
            .map(|lesson| &lesson.quiz);
        let Some(question) = quiz.and_then(|quiz| quiz.get(at)) else {
            answer.said.push(words::NO_QUESTION.to_owned());
            return;
        };
        let number = number.parse::<usize>().unwrap_or(0);
        let Some(chosen) = number
            .checked_sub(1)
            .and_then(|at| question.answers.get(at))
        else {
            answer.said.push(words::answer_from(question.answers.len()));
            return;
        };
        answer.said = self.writer.chosen(chosen);
        if chosen.right {
            self.quiz = Some((id, at + 1));
            if let Some(next) = quiz.and_then(|quiz| quiz.get(at + 1)) {
                answer.said.extend(self.writer.question(next));
            }
        }
    }

    fn act(&mut self, action: Action, answer: &mut Answer) {
        let heard = self.hear(Event::Action(action));
        answer.said.extend(heard.said);
        answer.effects.extend(heard.effects);
    }

    /// A fact: what the learner should know of it is told at once.
    pub(super) fn hear(&mut self, event: Event) -> Answer {
        let before = Standing::of(&self.session);
        let messages = self.session.messages.len();
        let effects = session::update(&mut self.session, event);
        let mut said: Vec<String> = self
            .session
            .messages
            .iter()
            .skip(messages)
            .map(|message| message.text.clone())
            .collect();
        self.session.messages.clear();
        said.extend(self.news(&before));
        Answer {
            said,
            effects,
            shell: None,
        }
    }

    /// What differs from before, in words.
    fn news(&self, before: &Standing) -> Vec<String> {
        let now = Standing::of(&self.session);
        let mut said = Vec::new();
        if now.cluster != before.cluster {
            match &self.session.sandbox {
                SandboxState::Ready(_) => said.push(words::CLUSTER_READY.to_owned()),
                SandboxState::Failed(reason) => said.push(words::no_cluster(reason)),
                SandboxState::Starting => {}
            }
        }
        let Some(open) = &self.session.open else {
            return said;
        };
        if now.phase != before.phase {
            match &open.phase {
                Phase::Working if before.phase != Some(Stage::Debrief) => {
                    said.push(words::SCENE_STANDS.to_owned());
                    said.extend(self.writer.story(open));
                    said.extend(self.writer.tasks(open));
                }
                Phase::Debrief => said.extend(self.writer.debrief(open)),
                Phase::Failed(reason) => said.push(words::no_scene(reason)),
                _ => {}
            }
        } else if now.done != before.done && open.phase == Phase::Working {
            for (index, task) in open.tasks.iter().enumerate() {
                let was_done = before.done.contains(&index);
                let is_done = task.status == TaskStatus::Done;
                if was_done != is_done {
                    said.push(words::task_changed(index + 1, is_done));
                }
            }
        }
        said
    }

    fn title(&self, id: &KataId) -> String {
        let kata = self.session.course.kata(id);
        kata.map_or_else(|| id.to_string(), |kata| kata.title.clone())
    }
}

/// What can change without an order.
#[derive(PartialEq)]
struct Standing {
    cluster: u8,
    phase: Option<Stage>,
    done: Vec<usize>,
}

#[derive(PartialEq, Clone, Copy)]
enum Stage {
    Preparing,
    Working,
    Debrief,
    Failed,
}

impl Standing {
    fn of(session: &session::State) -> Self {
        let open = session.open.as_ref();
        Self {
            cluster: match session.sandbox {
                SandboxState::Starting => 0,
                SandboxState::Ready(_) => 1,
                SandboxState::Failed(_) => 2,
            },
            phase: open.map(|open| match open.phase {
                Phase::Preparing(_) => Stage::Preparing,
                Phase::Working => Stage::Working,
                Phase::Debrief => Stage::Debrief,
                Phase::Failed(_) => Stage::Failed,
            }),
            done: open.map_or_else(Vec::new, |open| {
                let is_done = |index: &usize| open.tasks[*index].status == TaskStatus::Done;
                (0..open.tasks.len()).filter(is_done).collect()
            }),
        }
    }
}

#[cfg(test)]
mod tests;
