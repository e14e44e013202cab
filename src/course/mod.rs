//! The course: lessons, katas and checks as files, read once into immutable data.
//!
//! ```text
//! lessons/ katas/ checks/ ─ files ─ document (YAML that knows its lines) ─ loader ─ Course
//! Course ─ Kata::instance(seed) ─ texts, manifests and scripts with the learner's own parameters
//! ```
//! Everything here is pure: no cluster, no clock, no terminal; only `git` calls a program. What a
//! check means is decided in `check`; here a check file is text with names in it.

mod definition;
mod document;
mod fields;
mod files;
mod git;
mod instance;
mod lint;
mod loader;
mod model;
mod parameters;
mod problem;
mod schema;
mod template;

pub use document::{Document, Node, NodeValue};
pub use fields::Fields;
pub use files::CourseFiles;
pub use git::{GitCourses, GitOrigin, Origin, Pinned};
pub use instance::{Hint, HintTier, KataInstance, TaskText};
pub use lint::lint;
pub use loader::{embedded, load, load_files};
pub use model::{
    Answer, Course, Difficulty, Kata, KataId, KataKind, Lesson, Need, ObjectName, ProgramOfKata,
    Question, SandboxNeeds, SourceFile, Track,
};
pub use parameters::{Parameter, Parameters, Values};
pub use problem::{Problem, Problems};
pub use schema::{course_schema, kata_schema, lesson_schema};
