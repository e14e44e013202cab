//! What the learner has chosen: colours, characters, mouse, panes, keys.
//!
//! One file, `config.yaml`, in the folder that the platform has for settings
//! (`$KUBEKATA_CONFIG` names another file). `read` reads it and says what is
//! wrong by line and field; the program starts all the same, with everything
//! that could be read. `write` changes single lines of it and leaves comments,
//! keys and everything else as they are.

mod panes;
mod read;
mod write;
mod writer;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

pub use self::panes::PaneSizes;
#[cfg(test)]
pub use self::read::parse;
pub use self::read::read;
pub use self::write::with_value;
pub use self::writer::Writer;

use super::bindings::Keymap;
use super::theme::ThemeName;
use crate::course::Problem;

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The colours; `None` takes those that fit the terminal.
    pub theme: Option<ThemeName>,
    /// Seven-bit characters only; `None` asks the terminal.
    pub ascii: Option<bool>,
    /// The mouse is reported to the program.
    pub mouse: bool,
    /// Plain text from top to bottom instead of screens.
    pub linear: bool,
    /// How the kata screen is divided.
    pub panes: PaneSizes,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: None,
            ascii: None,
            mouse: true,
            linear: false,
            panes: PaneSizes::default(),
        }
    }
}

/// What the settings file held.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The file, whether it exists or not; `None` where there is no folder for it.
    pub path: Option<PathBuf>,
    /// Everything that could be read.
    pub settings: Settings,
    /// The keys, changed as the file says.
    pub keymap: Keymap,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

/// Reads the settings of this learner.
pub fn load() -> Loaded {
    match path() {
        Some(path) => read(&path),
        None => Loaded::default(),
    }
}

/// Where the settings are, or would be.
fn path() -> Option<PathBuf> {
    let named = std::env::var_os("KUBEKATA_CONFIG").filter(|path| !path.is_empty());
    match named {
        Some(path) => Some(PathBuf::from(path)),
        None => {
            let folder = etcetera::choose_base_strategy().ok()?.config_dir();
            Some(folder.join("kubekata").join("config.yaml"))
        }
    }
}

/// The path as a person would write it, from their home folder where it is in there.
pub fn shown(path: &Path) -> String {
    let home = etcetera::home_dir().ok();
    match home
        .as_deref()
        .and_then(|home| path.strip_prefix(home).ok())
    {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => path.display().to_string(),
    }
}
