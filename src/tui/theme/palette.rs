//! The colours of the themes that have any. Those of the 256-colour cube are the
//! same everywhere; the basic sixteen are the learner's own.

use ratatui::style::Color;

/// The few colours in which the themes differ.
pub(super) struct Palette {
    pub(super) accent: Color,
    pub(super) code: Color,
    pub(super) good: Color,
    pub(super) warn: Color,
    pub(super) bad: Color,
    /// `None`: secondary text is told apart by the terminal's dim attribute.
    pub(super) quiet: Option<Color>,
    pub(super) border: Option<Color>,
}

pub(super) const DARK: Palette = Palette {
    accent: Color::Indexed(80),
    code: Color::Indexed(180),
    good: Color::Indexed(114),
    warn: Color::Indexed(179),
    bad: Color::Indexed(203),
    quiet: Some(Color::Indexed(246)),
    border: Some(Color::Indexed(240)),
};

pub(super) const LIGHT: Palette = Palette {
    accent: Color::Indexed(24),
    code: Color::Indexed(94),
    good: Color::Indexed(22),
    warn: Color::Indexed(94),
    bad: Color::Indexed(124),
    quiet: Some(Color::Indexed(241)),
    border: Some(Color::Indexed(247)),
};

/// For terminals with sixteen colours: the palette is the learner's.
pub(super) const BASIC: Palette = Palette {
    accent: Color::Cyan,
    code: Color::Yellow,
    good: Color::Green,
    warn: Color::Yellow,
    bad: Color::Red,
    quiet: None,
    border: None,
};

/// After Okabe and Ito: blue for good, yellow for on its way, orange for bad
/// stay apart in every common kind of colour blindness.
pub(super) const COLOUR_BLIND: Palette = Palette {
    accent: Color::Indexed(153),
    code: Color::Indexed(187),
    good: Color::Indexed(39),
    warn: Color::Indexed(227),
    bad: Color::Indexed(208),
    quiet: Some(Color::Indexed(247)),
    border: Some(Color::Indexed(241)),
};

/// The same, dark enough for a light background.
pub(super) const COLOUR_BLIND_LIGHT: Palette = Palette {
    accent: Color::Indexed(17),
    code: Color::Indexed(58),
    good: Color::Indexed(25),
    warn: Color::Indexed(94),
    bad: Color::Indexed(166),
    quiet: Some(Color::Indexed(240)),
    border: Some(Color::Indexed(246)),
};

/// The same with the basic colours.
pub(super) const COLOUR_BLIND_BASIC: Palette = Palette {
    accent: Color::Cyan,
    code: Color::Reset,
    good: Color::Blue,
    warn: Color::Yellow,
    bad: Color::Magenta,
    quiet: None,
    border: None,
};
