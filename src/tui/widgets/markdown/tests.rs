//! Markdown as people see it: one source, one width, one picture.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::render;
use crate::tui::glyphs::{ASCII, UNICODE};
use crate::tui::theme::{Theme, ThemeName};

fn picture(source: &str, width: u16) -> String {
    let theme = Theme::new(ThemeName::Dark, true, &UNICODE);
    let lines: Vec<String> = render(source, width, &theme)
        .iter()
        .map(|line| line.to_string().trim_end().to_owned())
        .collect();
    lines.join("\n")
}

#[test]
fn paragraphs_wrap_and_blocks_are_one_blank_line_apart() {
    let source = "# Pods\n\nA Pod is the *smallest* thing\nyou can run with `kubectl run`.\n\n## Next\n\nMore text\\\non two lines.";
    assert_snapshot!(picture(source, 30), @"
    Pods

    A Pod is the smallest thing
    you can run with kubectl run.

    Next

    More text
    on two lines.
    ");
}

#[test]
fn lists_nest_and_hang_and_loose_items_are_apart() {
    let source = "Do this:\n\n- first item that is too long\n  - inner\n  - other\n- second\n\n1. one\n\n2. two\n\n- [x] done\n- [ ] open\n";
    assert_snapshot!(picture(source, 20), @"
    Do this:

    • first item that is
      too long
      • inner
      • other
    • second

    1. one

    2. two

    • ✓ done
    • ○ open
    ");
}

#[test]
fn code_keeps_its_shape_and_marks_what_had_to_be_broken() {
    let source = "Run:\n\n```sh\n$ kubectl get pods --namespace harbor\n```\n\n```yaml\nspec:\n  replicas: 2 # two\n```\nafter";
    assert_snapshot!(picture(source, 24), @"
    Run:

      $ kubectl get pods
      ↳ --namespace harbor

      spec:
        replicas: 2 # two

    after
    ");
}

#[test]
fn tables_line_up_and_squeeze_their_widest_column() {
    let source = "| name | what it does for the learner | n |\n|---|---|--:|\n| a | short | 1 |\n| longer | also short | 22 |\n";
    assert_snapshot!(picture(source, 60), @"
    name    what it does for the learner   n
    ──────  ────────────────────────────  ──
    a       short                          1
    longer  also short                    22
    ");
    assert_snapshot!(picture(source, 26), @"
    name    what it does     n
            for the
            learner
    ──────  ──────────────  ──
    a       short            1
    longer  also short      22
    ");
}

#[test]
fn callouts_carry_a_word_and_links_go_to_the_end() {
    let source = "> [!WARNING]\n> Deleting is [final](https://example.com/a).\n\n> quoted\n\nSee [the docs](https://example.com/a) and <https://example.com/b>.";
    assert_snapshot!(picture(source, 40), @"
    ▏ Warning
    ▏ Deleting is final[1].

    ▏ quoted

    See the docs[1] and
    https://example.com/b.

    [1] https://example.com/a
    ");
}

proptest! {
    #[test]
    fn any_text_at_any_width_stays_inside_its_columns(
        source in "([a-z*_`>|#\\[\\]()~0-9. -]{0,20}\n?){0,12}",
        width in 12u16..60,
    ) {
        let theme = Theme::new(ThemeName::Plain, false, &ASCII);
        for line in render(&source, width, &theme) {
            // Deep nesting and tables of many columns may need more than there is.
            let nested = source.matches(['>', '|', '-', '.']).count();
            prop_assert!(nested > 3 || line.width() <= usize::from(width), "{line:?}");
        }
    }
}
