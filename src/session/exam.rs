//! Exams: a timed set of katas, drawn by a seed, with credit for every task. Pure data and sums.
//!
//! The clock on the wall counts, whether the program runs or not. What was judged last before the
//! time was over is what counts; each task weighs as much as its kata is difficult.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::course::{Course, Difficulty, KataId};

/// This share of the points passes.
pub const PASS_PERCENT: u32 = 66;

/// One exam, under way or over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exam {
    pub began: Timestamp,
    /// How long it may take.
    pub seconds: u64,
    /// Katas and parameters are drawn from it.
    pub seed: u64,
    pub katas: Vec<ExamKata>,
    /// When the learner ended it, or it was found to be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// A kata of an exam, and how far it was when it was judged last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExamKata {
    pub kata: KataId,
    /// What each of its tasks is worth.
    pub weight: u32,
    /// The ids of its tasks.
    pub tasks: Vec<String>,
    /// Those that were done.
    #[serde(default)]
    pub done: Vec<String>,
    /// When something about it changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Timestamp>,
}

/// A judgement of one kata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    pub at: Timestamp,
    /// The ids of the tasks that are done.
    pub done: Vec<String>,
}

/// What an exam is drawn from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wish {
    /// Only of these tracks; of all where it is empty.
    pub tracks: Vec<String>,
    /// Only as difficult as this.
    pub difficulty: Option<Difficulty>,
    pub count: usize,
    /// The time for the whole; the sum of what the katas say where it is missing.
    pub minutes: Option<u32>,
    pub seed: u64,
}

impl Exam {
    /// Draws the katas; `None` where none is as wished. The same wish draws the same exam.
    pub fn draw(course: &Course, wish: &Wish, now: Timestamp) -> Option<Self> {
        let wished = |track: &str, difficulty: Difficulty| {
            (wish.tracks.is_empty() || wish.tracks.iter().any(|it| it == track))
                && wish.difficulty.is_none_or(|it| it == difficulty)
        };
        let mut drawn: Vec<_> = course
            .katas_in_order()
            .enumerate()
            .filter(|(_, kata)| wished(kata.id.track(), kata.difficulty))
            .collect();
        drawn.sort_by_key(|(_, kata)| lot(wish.seed, &kata.id));
        drawn.truncate(wish.count);
        // Worked on in the order of the course: what is easier comes first.
        drawn.sort_by_key(|(place, _)| *place);
        let minutes: u32 = drawn.iter().map(|(_, kata)| kata.minutes).sum();
        let katas: Vec<ExamKata> = drawn
            .into_iter()
            .filter_map(|(_, kata)| {
                let tasks = kata.instance(wish.seed).ok()?.tasks;
                Some(ExamKata {
                    kata: kata.id.clone(),
                    weight: weight(kata.difficulty),
                    tasks: tasks.into_iter().map(|task| task.id).collect(),
                    done: Vec::new(),
                    judged: None,
                })
            })
            .collect();
        (!katas.is_empty()).then(|| Self {
            began: now,
            seconds: u64::from(wish.minutes.unwrap_or(minutes).max(1)) * 60,
            seed: wish.seed,
            katas,
            ended: None,
        })
    }

    pub fn kata(&self, id: &KataId) -> Option<&ExamKata> {
        self.katas.iter().find(|kata| kata.kata == *id)
    }

    /// When its time is over.
    pub fn deadline(&self) -> Timestamp {
        let seconds = i64::try_from(self.seconds).unwrap_or(i64::MAX);
        let end = self.began.as_second().saturating_add(seconds);
        Timestamp::from_second(end).unwrap_or(Timestamp::MAX)
    }

    /// Seconds that are left.
    pub fn left(&self, now: Timestamp) -> u64 {
        let end = self.ended.unwrap_or(now).max(now);
        let left = self.deadline().as_second() - end.as_second();
        u64::try_from(left).unwrap_or(0)
    }

    /// The time is over, or the learner has ended it.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ended.is_some() || now >= self.deadline()
    }

    /// Takes a judgement down; too late is too late.
    pub fn judged(&mut self, id: &KataId, score: &Score) {
        if score.at > self.deadline() {
            return;
        }
        if let Some(kata) = self.katas.iter_mut().find(|kata| kata.kata == *id) {
            let known = |task: &&String| kata.tasks.contains(task);
            kata.done = score.done.iter().filter(known).cloned().collect();
            kata.judged = Some(score.at);
        }
    }

    /// Whether this judgement would change anything.
    pub fn is_news(&self, id: &KataId, done: &[String], now: Timestamp) -> bool {
        let kata = self.kata(id);
        now <= self.deadline() && kata.is_some_and(|kata| kata.done != done)
    }

    /// Points reached, and points there are.
    pub fn points(&self) -> (u32, u32) {
        self.katas.iter().fold((0, 0), |(reached, all), kata| {
            let (its, of) = kata.points();
            (reached + its, all + of)
        })
    }

    pub fn percent(&self) -> u32 {
        let (reached, all) = self.points();
        reached * 100 / all.max(1)
    }

    pub fn is_passed(&self) -> bool {
        self.percent() >= PASS_PERCENT
    }

    /// The first kata that is not done, from the beginning.
    pub fn next(&self) -> Option<&ExamKata> {
        self.katas
            .iter()
            .find(|kata| kata.done.len() < kata.tasks.len())
    }
}

impl ExamKata {
    /// Points reached, and points there are.
    pub fn points(&self) -> (u32, u32) {
        let count = |list: &[String]| u32::try_from(list.len()).unwrap_or(0);
        (
            count(&self.done) * self.weight,
            count(&self.tasks) * self.weight,
        )
    }
}

fn weight(difficulty: Difficulty) -> u32 {
    match difficulty {
        Difficulty::Easy => 1,
        Difficulty::Medium => 2,
        Difficulty::Hard => 3,
    }
}

/// Where a kata stands in the urn: the same for the same seed, on every machine.
fn lot(seed: u64, id: &KataId) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(id.as_str());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn wish(count: usize, seed: u64) -> Wish {
        Wish {
            count,
            seed,
            ..Wish::default()
        }
    }

    fn draw(wish: &Wish) -> Option<Exam> {
        let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
        Exam::draw(&course, wish, at(0))
    }

    fn ids(exam: &Exam) -> Vec<&KataId> {
        exam.katas.iter().map(|kata| &kata.kata).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_exam_and_another_one_another() {
        let one = draw(&wish(3, 7)).unwrap();
        assert_eq!(one, draw(&wish(3, 7)).unwrap());
        let others = (8..20).map(|seed| draw(&wish(3, seed)).unwrap());
        assert!(others.into_iter().any(|other| ids(&other) != ids(&one)));
    }

    #[test]
    fn an_exam_keeps_to_tracks_and_difficulty_and_is_none_where_nothing_fits() {
        let tracks = vec!["pods".to_owned()];
        let of_pods = draw(&Wish {
            tracks,
            ..wish(9, 1)
        });
        let of_pods = of_pods.unwrap();
        assert!(of_pods.katas.iter().all(|kata| kata.kata.track() == "pods"));
        let easy = draw(&Wish {
            difficulty: Some(Difficulty::Easy),
            ..wish(9, 1)
        });
        assert!(easy.unwrap().katas.iter().all(|kata| kata.weight == 1));
        let tracks = vec!["nowhere".to_owned()];
        assert_eq!(
            draw(&Wish {
                tracks,
                ..wish(9, 1)
            }),
            None
        );
    }

    #[test]
    fn every_task_that_is_done_counts_and_so_does_its_loss() {
        let mut exam = draw(&wish(2, 3)).unwrap();
        let kata = exam.katas[0].clone();
        let (_, all) = exam.points();
        let done = vec![kata.tasks[0].clone(), "no task".to_owned()];
        assert!(exam.is_news(&kata.kata, &done, at(5)));
        exam.judged(&kata.kata, &Score { at: at(5), done });
        assert_eq!(exam.points(), (kata.weight, all));
        let lost = Score {
            at: at(6),
            done: Vec::new(),
        };
        exam.judged(&kata.kata, &lost);
        assert_eq!(exam.points(), (0, all));
    }

    #[test]
    fn what_is_done_after_the_time_counts_for_nothing() {
        let minutes = Some(1);
        let mut exam = draw(&Wish {
            minutes,
            ..wish(1, 3)
        })
        .unwrap();
        assert_eq!((exam.left(at(20)), exam.is_over(at(59))), (40, false));
        assert!(exam.is_over(at(60)));
        let (kata, done) = (exam.katas[0].kata.clone(), exam.katas[0].tasks.clone());
        assert!(!exam.is_news(&kata, &done, at(61)));
        let late = Score {
            at: at(61),
            done: done.clone(),
        };
        exam.judged(&kata, &late);
        assert_eq!(exam.points().0, 0);
        exam.judged(&kata, &Score { at: at(60), done });
        assert_eq!(exam.percent(), 100);
        assert!(exam.is_passed());
        assert_eq!(exam.next(), None);
    }
}
