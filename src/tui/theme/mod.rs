//! Colours and text attributes by role.
//!
//! Screens ask for a role (`accent`, `quiet`, `bad`) and never name a colour.
//! Colour only repeats what a glyph and a word already say, so every theme,
//! including the one without colour, carries the same information. The
//! learner's own palette shows through: text and background are the
//! terminal's, and only emphasis is ours.

mod palette;
mod surroundings;

use ratatui::style::{Color, Modifier, Style};

use self::palette::Palette;
use super::glyphs::Glyphs;

pub use self::surroundings::Surroundings;

/// The themes, by the names that the settings file and `KUBEKATA_THEME` use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// White on black whatever the terminal has, bold, nothing dimmed.
    HighContrast,
    /// Blue, yellow and orange, which every kind of eye tells apart.
    ColourBlind,
    /// The same on light backgrounds.
    ColourBlindLight,
    /// No colour at all: bold, underline and reverse only (`NO_COLOR`).
    Plain,
}

impl ThemeName {
    /// Every theme.
    pub const ALL: [Self; 6] = [
        Self::Dark,
        Self::Light,
        Self::HighContrast,
        Self::ColourBlind,
        Self::ColourBlindLight,
        Self::Plain,
    ];

    /// Its name in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::ColourBlind => "colour-blind",
            Self::ColourBlindLight => "colour-blind-light",
            Self::Plain => "plain",
        }
    }

    /// The theme of a name; a few other spellings are understood.
    pub fn parse(name: &str) -> Option<Self> {
        let name = match name {
            "contrast" => "high-contrast",
            "color-blind" => "colour-blind",
            "color-blind-light" => "colour-blind-light",
            "none" => "plain",
            name => name,
        };
        Self::ALL.into_iter().find(|theme| theme.as_str() == name)
    }
}

/// Styles and glyphs for one run of the program.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// Under everything: the terminal's own colours, unless the theme sets them.
    pub base: Style,
    /// Titles, focus and the selection mark.
    pub accent: Style,
    /// Ordinary text.
    pub text: Style,
    /// Emphasis inside text.
    pub strong: Style,
    /// Secondary text: keys' descriptions, ages, counts.
    pub quiet: Style,
    /// Borders of panes without the focus.
    pub border: Style,
    /// Border of the pane that has the focus.
    pub border_focused: Style,
    /// The selected row of a list.
    pub selected: Style,
    /// Inline code and commands.
    pub code: Style,
    /// The state is as it should be.
    pub good: Style,
    /// The state is on its way or needs attention.
    pub warn: Style,
    /// The state is wrong.
    pub bad: Style,
    /// The glyph set that goes with it.
    pub glyphs: &'static Glyphs,
}

impl Theme {
    /// Builds the theme for a terminal that shows 256 colours or only sixteen.
    pub fn new(name: ThemeName, many_colours: bool, glyphs: &'static Glyphs) -> Self {
        match name {
            ThemeName::Plain => Self::plain(glyphs),
            ThemeName::HighContrast => Self::high_contrast(glyphs),
            ThemeName::Dark if many_colours => Self::from_palette(&palette::DARK, glyphs),
            ThemeName::Light if many_colours => Self::from_palette(&palette::LIGHT, glyphs),
            ThemeName::ColourBlind if many_colours => {
                Self::from_palette(&palette::COLOUR_BLIND, glyphs)
            }
            ThemeName::ColourBlindLight if many_colours => {
                Self::from_palette(&palette::COLOUR_BLIND_LIGHT, glyphs)
            }
            ThemeName::Dark | ThemeName::Light => Self::from_palette(&palette::BASIC, glyphs),
            ThemeName::ColourBlind | ThemeName::ColourBlindLight => {
                Self::from_palette(&palette::COLOUR_BLIND_BASIC, glyphs)
            }
        }
    }

    fn from_palette(palette: &Palette, glyphs: &'static Glyphs) -> Self {
        let dimmed = |colour: Option<Color>| match colour {
            Some(colour) => Style::new().fg(colour),
            None => Style::new().add_modifier(Modifier::DIM),
        };
        let accent = Style::new().fg(palette.accent);
        Self {
            base: Style::new(),
            accent,
            text: Style::new(),
            strong: Style::new().add_modifier(Modifier::BOLD),
            quiet: dimmed(palette.quiet),
            border: dimmed(palette.border),
            border_focused: accent,
            selected: accent.add_modifier(Modifier::BOLD),
            code: Style::new().fg(palette.code),
            good: Style::new().fg(palette.good),
            warn: Style::new().fg(palette.warn),
            bad: Style::new().fg(palette.bad),
            glyphs,
        }
    }

    /// Paints its own background: what is bright on black is nothing on white,
    /// and no terminal says reliably which of them it has.
    fn high_contrast(glyphs: &'static Glyphs) -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        Self {
            base: Style::new().fg(Color::White).bg(Color::Black),
            accent: bold.fg(Color::LightCyan),
            text: Style::new(),
            strong: bold,
            quiet: Style::new(),
            border: Style::new(),
            border_focused: bold.fg(Color::LightCyan),
            selected: bold.add_modifier(Modifier::REVERSED),
            code: bold,
            good: bold.fg(Color::LightGreen),
            warn: bold.fg(Color::LightYellow),
            bad: bold.fg(Color::LightRed),
            glyphs,
        }
    }

    fn plain(glyphs: &'static Glyphs) -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        Self {
            base: Style::new(),
            accent: bold,
            text: Style::new(),
            strong: bold,
            quiet: Style::new(),
            border: Style::new(),
            border_focused: bold,
            selected: bold.add_modifier(Modifier::REVERSED),
            code: Style::new().add_modifier(Modifier::UNDERLINED),
            good: Style::new(),
            warn: bold,
            bad: bold,
            glyphs,
        }
    }

    /// The style and the glyph of a grade of health; the word comes from the caller.
    pub fn grade(&self, grade: Grade) -> (Style, &'static str) {
        match grade {
            Grade::Good => (self.good, self.glyphs.good),
            Grade::Moving => (self.warn, self.glyphs.moving),
            Grade::Bad => (self.bad, self.glyphs.bad),
            Grade::Idle => (self.quiet, self.glyphs.idle),
        }
    }
}

/// How well something is, for its glyph and its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Broken, and it will not repair itself.
    Bad,
    /// On its way.
    Moving,
    /// As it should be.
    Good,
    /// Finished or not started: nothing to judge.
    Idle,
}

#[cfg(test)]
mod tests;
