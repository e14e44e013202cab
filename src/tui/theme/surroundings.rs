//! What the environment says about colours and characters, and the theme that
//! follows from it.

use super::{Theme, ThemeName};

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

    /// The theme for these surroundings. No colour, where the command line, the
    /// environment or the terminal says so, wins over everything; then
    /// `KUBEKATA_THEME`, then what was chosen in the settings.
    pub fn theme(&self, no_color: bool, chosen: Option<ThemeName>, ascii: Option<bool>) -> Theme {
        let name = if self.is_colourless(no_color) {
            ThemeName::Plain
        } else {
            self.theme_name(chosen)
        };
        let glyphs = if ascii.unwrap_or_else(|| self.needs_ascii()) {
            &super::super::glyphs::ASCII
        } else {
            &super::super::glyphs::UNICODE
        };
        Theme::new(name, self.has_many_colours(), glyphs)
    }

    /// What decides about colours before the settings do, if anything.
    pub fn overruled_by(&self, no_color: bool) -> Option<&'static str> {
        if no_color {
            Some("--no-color")
        } else if self.no_color {
            Some("NO_COLOR")
        } else if self.term == "dumb" {
            Some("TERM=dumb")
        } else if self.named().is_some() {
            Some("KUBEKATA_THEME")
        } else {
            None
        }
    }

    fn is_colourless(&self, no_color: bool) -> bool {
        no_color || self.no_color || self.term == "dumb"
    }

    fn named(&self) -> Option<ThemeName> {
        self.theme.as_deref().and_then(ThemeName::parse)
    }

    pub(super) fn theme_name(&self, chosen: Option<ThemeName>) -> ThemeName {
        match self.named().or(chosen) {
            Some(name) => name,
            None if self.has_light_background() => ThemeName::Light,
            None => ThemeName::Dark,
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
    pub(super) fn needs_ascii(&self) -> bool {
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
