//! Colours and text attributes by role.
//!
//! Screens ask for a role (`accent`, `quiet`, `bad`) and never name a colour.
//! Colour only repeats what a glyph and a word already say, so every theme,
//! including the one without colour, carries the same information. The
//! learner's own palette shows through: text and background are the
//! terminal's, and only emphasis is ours.

use ratatui::style::{Color, Modifier, Style};

use super::glyphs::Glyphs;

/// What the learner asked for on the command line or in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// Basic colours, bold and reversed text, no dimming.
    HighContrast,
    /// No colour at all: bold, underline and reverse only (`NO_COLOR`).
    Plain,
}

/// Styles and glyphs for one run of the program.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
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

/// The few colours in which the themes differ.
struct Palette {
    accent: Color,
    code: Color,
    good: Color,
    warn: Color,
    bad: Color,
    /// `None`: secondary text is told apart by the terminal's dim attribute.
    quiet: Option<Color>,
    border: Option<Color>,
}

const DARK: Palette = Palette {
    accent: Color::Indexed(80),
    code: Color::Indexed(180),
    good: Color::Indexed(114),
    warn: Color::Indexed(179),
    bad: Color::Indexed(203),
    quiet: Some(Color::Indexed(246)),
    border: Some(Color::Indexed(240)),
};

const LIGHT: Palette = Palette {
    accent: Color::Indexed(24),
    code: Color::Indexed(94),
    good: Color::Indexed(22),
    warn: Color::Indexed(94),
    bad: Color::Indexed(124),
    quiet: Some(Color::Indexed(241)),
    border: Some(Color::Indexed(247)),
};

/// For terminals with sixteen colours: the palette is the learner's.
const BASIC: Palette = Palette {
    accent: Color::Cyan,
    code: Color::Yellow,
    good: Color::Green,
    warn: Color::Yellow,
    bad: Color::Red,
    quiet: None,
    border: None,
};

impl Theme {
    /// Builds the theme for a terminal that shows 256 colours or only sixteen.
    pub fn new(name: ThemeName, many_colours: bool, glyphs: &'static Glyphs) -> Self {
        match name {
            ThemeName::Plain => Self::plain(glyphs),
            ThemeName::HighContrast => Self::high_contrast(glyphs),
            ThemeName::Dark if many_colours => Self::from_palette(&DARK, glyphs),
            ThemeName::Light if many_colours => Self::from_palette(&LIGHT, glyphs),
            ThemeName::Dark | ThemeName::Light => Self::from_palette(&BASIC, glyphs),
        }
    }

    fn from_palette(palette: &Palette, glyphs: &'static Glyphs) -> Self {
        let dimmed = |colour: Option<Color>| match colour {
            Some(colour) => Style::new().fg(colour),
            None => Style::new().add_modifier(Modifier::DIM),
        };
        let accent = Style::new().fg(palette.accent);
        Self {
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

    fn high_contrast(glyphs: &'static Glyphs) -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        Self {
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

/// What the environment says about colours and characters.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `NO_COLOR` is set to anything but the empty string.
    pub no_color: bool,
    /// `KUBEKATA_THEME`, if set.
    pub theme: Option<String>,
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: String,
    /// `COLORFGBG`, which some terminals set to `foreground;background`.
    pub colorfgbg: String,
    /// The locale that decides about characters: `LC_ALL`, `LC_CTYPE` or `LANG`.
    pub locale: String,
}

impl Surroundings {
    /// Reads the process environment.
    pub fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let first = |names: &[&str]| {
            names
                .iter()
                .map(|name| variable(name))
                .find(|value| !value.is_empty())
                .unwrap_or_default()
        };
        Self {
            no_color: !variable("NO_COLOR").is_empty(),
            theme: Some(variable("KUBEKATA_THEME")).filter(|theme| !theme.is_empty()),
            term: variable("TERM"),
            colorterm: variable("COLORTERM"),
            colorfgbg: variable("COLORFGBG"),
            locale: first(&["LC_ALL", "LC_CTYPE", "LANG"]),
        }
    }

    /// The theme for these surroundings; `no_color` and `ascii` are the command
    /// line's switches and win over everything else.
    pub fn theme(&self, no_color: bool, ascii: bool) -> Theme {
        let name = if no_color || self.no_color || self.term == "dumb" {
            ThemeName::Plain
        } else {
            self.theme_name()
        };
        let glyphs = if ascii || self.needs_ascii() {
            &super::glyphs::ASCII
        } else {
            &super::glyphs::UNICODE
        };
        Theme::new(name, self.has_many_colours(), glyphs)
    }

    fn theme_name(&self) -> ThemeName {
        match self.theme.as_deref() {
            Some("dark") => ThemeName::Dark,
            Some("light") => ThemeName::Light,
            Some("high-contrast" | "contrast") => ThemeName::HighContrast,
            Some("plain" | "none") => ThemeName::Plain,
            _ if self.has_light_background() => ThemeName::Light,
            _ => ThemeName::Dark,
        }
    }

    /// `COLORFGBG=0;15` and `0;7` are black on white and black on light grey.
    fn has_light_background(&self) -> bool {
        let background = self.colorfgbg.rsplit(';').next().unwrap_or_default();
        matches!(background, "7" | "15")
    }

    fn has_many_colours(&self) -> bool {
        self.term.contains("256")
            || self.term.contains("direct")
            || self.term.contains("kitty")
            || self.term.contains("alacritty")
            || self.term.contains("ghostty")
            || !self.colorterm.is_empty()
    }

    /// The Linux console lacks most of our glyphs; a locale that names another
    /// character set than UTF-8 cannot show them either. An unset locale says
    /// nothing: containers leave it unset under terminals that know UTF-8.
    fn needs_ascii(&self) -> bool {
        if self.term == "linux" || self.term == "dumb" {
            return true;
        }
        match self.locale.split_once('.') {
            Some((_, charset)) => {
                let charset = charset.split('@').next().unwrap_or_default();
                !charset.eq_ignore_ascii_case("utf-8") && !charset.eq_ignore_ascii_case("utf8")
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(edit: impl FnOnce(&mut Surroundings)) -> Surroundings {
        let mut surroundings = Surroundings {
            term: "xterm-256color".into(),
            ..Surroundings::default()
        };
        edit(&mut surroundings);
        surroundings
    }

    #[test]
    fn no_color_leaves_no_colour_in_any_role() {
        let theme = surroundings(|s| s.no_color = true).theme(false, false);
        for style in [
            theme.accent,
            theme.quiet,
            theme.border,
            theme.selected,
            theme.code,
            theme.good,
            theme.warn,
            theme.bad,
        ] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn a_light_background_chooses_the_light_theme_unless_told_otherwise() {
        let light = surroundings(|s| s.colorfgbg = "0;15".into());
        assert_eq!(light.theme_name(), ThemeName::Light);
        let told = surroundings(|s| {
            s.colorfgbg = "0;15".into();
            s.theme = Some("high-contrast".into());
        });
        assert_eq!(told.theme_name(), ThemeName::HighContrast);
    }

    #[test]
    fn glyphs_fall_back_to_ascii_where_unicode_cannot_be_shown() {
        assert!(surroundings(|s| s.term = "linux".into()).needs_ascii());
        assert!(surroundings(|s| s.locale = "de_DE.ISO-8859-1".into()).needs_ascii());
        assert!(!surroundings(|s| s.locale = "de_DE.utf8".into()).needs_ascii());
        assert!(!surroundings(|s| s.locale = "C.UTF-8".into()).needs_ascii());
        assert!(!surroundings(|_| {}).needs_ascii());
    }
}
