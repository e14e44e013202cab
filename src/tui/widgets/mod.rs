//! Reusable parts of the screens. Each takes plain data and a theme and gives
//! lines or draws into an area; none keeps state and none knows a key.

pub mod cluster;
pub mod dialog;
pub mod document;
pub mod footer;
pub mod markdown;
pub mod pane;
pub mod path;
pub mod progress;
pub mod quiz;
pub mod scroll;
pub mod shell;
pub mod tasks;
pub mod text;
pub mod wrap;
