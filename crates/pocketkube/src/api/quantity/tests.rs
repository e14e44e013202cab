//! Notations, rounding, sums and order.

use proptest::prelude::*;

use super::*;

fn quantity(text: &str) -> Quantity {
    text.parse().expect(text)
}

#[test]
fn quantities_print_as_kubernetes_prints_them() {
    for (text, wanted) in [
        ("0", "0"),
        ("0n", "0"),
        ("0Ki", "0"),
        ("-0", "0"),
        ("1", "1"),
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5", "1500m"),
        ("100m", "100m"),
        ("0.1", "100m"),
        ("2000m", "2"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Mi", "512Ki"),
        ("1000Ki", "1000Ki"),
        ("1023Ki", "1023Ki"),
        ("2048", "2048"),
        ("0.5Ki", "512"),
        ("128Mi", "128Mi"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("1000000", "1M"),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("12e6", "12e6"),
        ("1000e3", "1e6"),
        ("1.1e3", "1100"),
        ("1e-3", "1e-3"),
        ("1E", "1E"),
        ("1Ei", "1Ei"),
        ("16Ei", "9223372036854775807"),
        ("0.0000000001", "1n"),
        ("1.500", "1.500"),
        ("-1.5", "-1500m"),
        ("-1Ki", "-1Ki"),
        ("+5", "+5"),
        ("005", "005"),
        (".5", "500m"),
        ("0.001Ki", "1024m"),
        ("3.5k", "3500"),
    ] {
        assert_eq!(quantity(text).to_string(), wanted, "{text}");
    }
}

#[test]
fn malformed_quantities_are_refused_with_upstreams_words() {
    for text in [
        "", "lots", "1 Gi", "1..2", "100MB", "1.2.3", "ä", "1e5e", "1Gi ",
    ] {
        assert_eq!(Quantity::parse(text), Err(QuantityError::Format), "{text}");
    }
    for text in ["1K", "1e", "1ki", "1mm", "1Gim", "1e+", "1M5"] {
        assert_eq!(Quantity::parse(text), Err(QuantityError::Suffix), "{text}");
    }
    assert_eq!(
        QuantityError::Format.to_string(),
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    );
}

#[test]
fn values_round_away_from_zero() {
    assert_eq!(quantity("1500m").value(), 2);
    assert_eq!(quantity("-1500m").value(), -2);
    assert_eq!(quantity("0.1m").milli_value(), 1);
    assert_eq!(quantity("1Gi").value(), 1 << 30);
    assert_eq!(quantity("250m").milli_value(), 250);
    assert_eq!(quantity("1e40").value(), i64::MAX);
}

#[test]
fn sums_keep_the_notation_of_the_first_that_is_not_zero() {
    assert_eq!(
        (&quantity("1Gi") + &quantity("1024")).to_string(),
        "1048577Ki"
    );
    assert_eq!((&Quantity::ZERO + &quantity("1Gi")).to_string(), "1Gi");
    assert_eq!((&quantity("1") - &quantity("250m")).to_string(), "750m");
    assert_eq!((&quantity("1") - &quantity("1")).to_string(), "0");
}

#[test]
fn order_is_by_value() {
    assert!(quantity("1Gi") > quantity("1G"));
    assert_eq!(quantity("1000m"), quantity("1"));
    assert!(quantity("-1") < Quantity::ZERO);
}

proptest! {
    #[test]
    fn printing_and_reading_again_changes_nothing(number in -1_000_000_000_i64..1_000_000_000, fraction in "(\\.[0-9]{1,5})?", suffix in "(n|u|m|k|M|G|T|Ki|Mi|Gi|Ti|e3|e-2|E6)?") {
        let first = quantity(&format!("{number}{fraction}{suffix}"));
        let again = quantity(&first.to_string());
        prop_assert_eq!(&first, &again);
        let without_text = Quantity { text: None, ..first.clone() };
        prop_assert_eq!(quantity(&without_text.to_string()), first);
    }

    #[test]
    fn order_and_sums_agree_with_numbers(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
        let (x, y) = (quantity(&format!("{a}m")), quantity(&format!("{b}m")));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!((&x + &y).milli_value(), a + b);
        prop_assert_eq!((&x - &y).milli_value(), a - b);
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "[-+.0-9eEinumkKMGTPi ä]{0,45}") {
        let _ = Quantity::parse(&text);
    }
}
