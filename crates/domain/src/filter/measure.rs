//! Figures with a unit: `ram>=32`, `ram>=0.5TB`, whatever unit the value was kept in.

use crate::cmdb::unit;
use crate::filter::value::{MILLION, Wrong};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The figure and the unit of a text such as `64 GB`; the unit is empty where none is written.
fn parts(text: &str) -> Option<(Decimal, &str)> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && *c == '-')))
        .map_or(text.len(), |(at, _)| at);
    let (figure, unit) = text.split_at_checked(end)?;
    Some((figure.parse().ok()?, unit.trim()))
}

/// Millionths of the unit that a text measures; `None` where it is no figure, or one of another kind. A bare figure is
/// one of that unit.
#[must_use]
pub fn measured(text: &str, unit: &str) -> Option<i64> {
    let (figure, own) = parts(text)?;
    let value = if own.is_empty() { figure } else { unit::convert(figure, own, unit)? };
    value.checked_mul(Decimal::from(MILLION))?.round().to_i64()
}

/// What a person typed, as a bare figure of the unit.
///
/// # Errors
/// What is wrong with it.
pub fn bare(text: &str, unit: &str) -> Result<String, Wrong> {
    let (figure, own) = parts(text).ok_or_else(|| {
        let example = format!("20 {unit}");
        (format!("{text} is not a figure such as {}.", example.trim()), None)
    })?;
    if own.is_empty() {
        return Ok(figure.to_string());
    }
    match unit::convert(figure, own, unit) {
        Some(figure) => Ok(figure.to_string()),
        None if unit.is_empty() => Err((format!("{text} has a unit; this has none."), Some(figure.to_string()))),
        None => Err((format!("{own} does not measure what {unit} does."), Some(format!("{figure}{unit}")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("64 GB", "GB", Some(64_000_000))]
    #[case("64", "GB", Some(64_000_000))]
    #[case("0.25 TB", "GB", Some(250_000_000))]
    #[case("-3.5", "", Some(-3_500_000))]
    #[case("1 GiB", "MiB", Some(1_024_000_000))]
    #[case("64 kg", "GB", None)]
    #[case("much", "GB", None)]
    #[case("", "GB", None)]
    #[case("99999999999999999999 PB", "B", None)]
    fn a_text_measures_so_much(#[case] text: &str, #[case] unit: &str, #[case] want: Option<i64>) {
        assert_eq!(measured(text, unit), want);
    }

    #[rstest]
    #[case("32", "GB", Ok("32"))]
    #[case("0.5TB", "GB", Ok("500"))]
    #[case("32kg", "GB", Err(("kg does not measure what GB does.", Some("32GB"))))]
    #[case("32GB", "", Err(("32GB has a unit; this has none.", Some("32"))))]
    #[case("much", "GB", Err(("much is not a figure such as 20 GB.", None)))]
    fn what_is_typed_becomes_a_figure_of_the_unit(
        #[case] text: &str,
        #[case] unit: &str,
        #[case] want: Result<&str, (&str, Option<&str>)>,
    ) {
        let got = bare(text, unit);
        let got = got.as_deref().map_err(|(sentence, near)| (sentence.as_str(), near.as_deref()));
        assert_eq!(got, want);
    }
}
