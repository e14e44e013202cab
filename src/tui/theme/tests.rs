//! Every theme says the same; the environment and the settings choose one.

use ratatui::style::Style;

use super::*;
use crate::tui::glyphs::{ASCII, UNICODE};

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
    let theme = surroundings(|s| s.no_color = true).theme(false, None, None);
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
    assert_eq!(light.theme_name(None), ThemeName::Light);
    assert_eq!(light.theme_name(Some(ThemeName::Dark)), ThemeName::Dark);
    let told = surroundings(|s| {
        s.colorfgbg = "0;15".into();
        s.theme = Some("high-contrast".into());
    });
    let chosen = Some(ThemeName::Dark);
    assert_eq!(told.theme_name(chosen), ThemeName::HighContrast);
}

#[test]
fn glyphs_fall_back_to_ascii_where_unicode_cannot_be_shown() {
    assert!(surroundings(|s| s.term = "linux".into()).needs_ascii());
    assert!(surroundings(|s| s.locale = "de_DE.ISO-8859-1".into()).needs_ascii());
    assert!(!surroundings(|s| s.locale = "de_DE.utf8".into()).needs_ascii());
    assert!(!surroundings(|s| s.locale = "C.UTF-8".into()).needs_ascii());
    assert!(!surroundings(|_| {}).needs_ascii());
}

#[test]
fn every_theme_is_found_by_its_name() {
    for theme in ThemeName::ALL {
        assert_eq!(ThemeName::parse(theme.as_str()), Some(theme));
    }
    assert_eq!(ThemeName::parse("solarized"), None);
}

#[test]
fn good_on_its_way_and_bad_differ_in_every_theme_with_colours() {
    for name in ThemeName::ALL {
        for many in [true, false] {
            let theme = Theme::new(name, many, &UNICODE);
            let grades = [theme.good, theme.warn, theme.bad];
            if name != ThemeName::Plain {
                assert!(grades[0] != grades[1] && grades[1] != grades[2], "{name:?}");
                assert_ne!(grades[0], grades[2], "{name:?}");
            }
        }
    }
}

#[test]
fn high_contrast_brings_its_own_background() {
    let theme = Theme::new(ThemeName::HighContrast, true, &ASCII);
    assert!(theme.base.fg.is_some() && theme.base.bg.is_some());
    let others = ThemeName::ALL
        .into_iter()
        .filter(|name| *name != ThemeName::HighContrast);
    for name in others {
        assert_eq!(Theme::new(name, true, &ASCII).base, Style::new());
    }
}

#[test]
fn the_settings_choose_characters_and_the_terminal_where_they_do_not() {
    let linux = surroundings(|s| s.term = "linux".into());
    assert_eq!(*linux.theme(false, None, None).glyphs, ASCII);
    assert_eq!(*linux.theme(false, None, Some(false)).glyphs, UNICODE);
    let other = surroundings(|_| {});
    assert_eq!(*other.theme(false, None, Some(true)).glyphs, ASCII);
}
