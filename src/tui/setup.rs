//! What the interface was started with: where its settings come from, what the
//! command line and the environment put above them, what the machine lacks.

use std::path::PathBuf;

use super::settings::Settings;
use super::theme::{Surroundings, Theme};
use crate::course::Problem;

/// Facts that do not change while the program runs.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The settings file, whether it exists or not.
    pub file: Option<PathBuf>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What the environment says about colours and characters.
    pub surroundings: Surroundings,
    /// `--no-color`.
    pub no_color: bool,
    /// `--ascii`.
    pub ascii: bool,
    /// The operating system and the processor, as Rust names them.
    pub machine: (&'static str, &'static str),
    /// There is no kubectl in the PATH.
    pub lacks_kubectl: bool,
    /// Where it is remembered that the tour was seen.
    pub welcome_mark: Option<PathBuf>,
}

impl Setup {
    /// Colours and characters for these settings.
    pub fn theme(&self, settings: &Settings) -> Theme {
        let ascii = if self.ascii {
            Some(true)
        } else {
            settings.ascii
        };
        self.surroundings
            .theme(self.no_color, settings.theme, ascii)
    }
}

/// Whether a program of this name can be found in the PATH.
pub fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).any(|folder| folder.join(&name).is_file())
}
