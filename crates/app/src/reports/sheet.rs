//! A report in a file: the table as it is shown, as CSV, JSON or PDF.

use crate::error::CallError;
use crate::export::cells::safe;
use crate::export::unwritable;
use crate::labels::pdf;
use crate::view::reports::ReportPage;
use slipway_domain::report::{Figure, Unit};
use slipway_domain::time::{Timestamp, Window};
use std::io::Write;
use std::path::Path;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A table for spreadsheets: hours and per cent as plain figures.
    Csv,
    /// The report as it is answered.
    Json,
    /// On paper.
    Pdf,
}

impl Form {
    /// What the name of a file says.
    ///
    /// # Errors
    /// `WRONG_USE` for a name that says none.
    pub fn of(path: &Path) -> Result<Self, CallError> {
        let end = path.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
        match end.as_str() {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "pdf" => Ok(Self::Pdf),
            _ => Err(CallError::trouble(
                "WRONG_USE",
                format!("{} does not say in which form it is to be written.", path.display()),
                "Let its name end in .csv, .pdf or .json.",
            )),
        }
    }
}

/// Writes it.
///
/// # Errors
/// `OUTPUT_FAILED`.
pub fn write(page: &ReportPage, form: Form, out: &mut dyn Write) -> Result<(), CallError> {
    const WHAT: &str = "The report";
    match form {
        Form::Json => serde_json::to_writer_pretty(out, page).map_err(|error| unwritable(WHAT, &error.into())),
        Form::Pdf => out.write_all(&paper(page)).map_err(|error| unwritable(WHAT, &error)),
        Form::Csv => csv(page, out).map_err(|error| unwritable(WHAT, &error.into())),
    }
}

fn csv(page: &ReportPage, out: &mut dyn Write) -> Result<(), csv::Error> {
    let report = &page.report;
    let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let titles = report.columns.iter().map(|column| match column.unit {
        Unit::Count => column.title.clone(),
        Unit::PerMille => format!("{} (%)", column.title),
        Unit::Time => format!("{} (h)", column.title),
    });
    sheet.write_record(std::iter::once(report.head.clone()).chain(titles))?;
    for line in &report.lines {
        let figures = line.figures.iter().zip(&report.columns).map(|(figure, column)| plain(figure, column.unit));
        sheet.write_record(std::iter::once(safe(&line.title).into_owned()).chain(figures))?;
    }
    sheet.flush()?;
    Ok(())
}

/// A figure for a program: hours with two places, per cent with one.
fn plain(figure: &Figure, unit: Unit) -> String {
    let Some(value) = figure.value else { return String::new() };
    match unit {
        Unit::Count => value.to_string(),
        Unit::PerMille => tenths(value),
        Unit::Time => {
            let hundredths = value / 36_000;
            format!("{}{}.{:02}", sign(hundredths), hundredths.abs() / 100, hundredths.abs() % 100)
        }
    }
}

fn sign(value: i64) -> &'static str {
    if value < 0 { "-" } else { "" }
}

fn tenths(value: i64) -> String {
    format!("{}{}.{}", sign(value), value.abs() / 10, value.abs() % 10)
}

/// A figure for a person.
pub fn shown(value: Option<i64>, unit: Unit) -> String {
    let Some(value) = value else { return "–".to_owned() };
    match unit {
        Unit::Count => value.to_string(),
        Unit::PerMille => format!("{} %", tenths(value)),
        Unit::Time => length(value),
    }
}

/// Minutes, hours with one place, or days with one place.
fn length(ms: i64) -> String {
    const HOUR: i64 = 3_600_000;
    let whole_hours = ms.abs() / HOUR;
    if whole_hours == 0 {
        format!("{} min", ms / 60_000)
    } else if whole_hours < 48 {
        format!("{} h", tenths(ms / (HOUR / 10)))
    } else {
        format!("{} d", tenths(ms / (24 * HOUR / 10)))
    }
}

/// Over which period, in days of UTC.
pub fn spoken(period: Window) -> String {
    let day = |at: Timestamp| at.to_rfc3339().chars().take(10).collect::<String>();
    format!("{} to {}", day(period.start), day(Timestamp(period.end.0.saturating_sub(1))))
}

fn paper(page: &ReportPage) -> Vec<u8> {
    const WIDTH: f32 = 180.0;
    const FIRST: f32 = 38.0;
    let report = &page.report;
    let mut above = vec![spoken(page.period)];
    let narrowed = [("Manager", &page.manager), ("Service", &page.service)];
    above.extend(narrowed.iter().filter_map(|(what, named)| Some(format!("{what}: {}", named.as_ref()?.label))));
    above.push(String::new());
    above.extend(report.headlines.iter().map(|h| format!("{}: {}", h.title, shown(h.figure.value, h.unit))));
    #[allow(clippy::cast_precision_loss, reason = "some columns")]
    let width = (WIDTH - FIRST) / report.columns.len().max(1) as f32;
    let columns: Vec<(&str, f32)> = std::iter::once((report.head.as_str(), FIRST))
        .chain(report.columns.iter().map(|column| (column.title.as_str(), width)))
        .collect();
    let rows: Vec<Vec<String>> = report
        .lines
        .iter()
        .map(|line| {
            let figures =
                line.figures.iter().zip(&report.columns).map(|(figure, column)| shown(figure.value, column.unit));
            std::iter::once(line.title.clone()).chain(figures).collect()
        })
        .collect();
    pdf::table(&page.entry.title, &above, &columns, &rows, &[])
}

#[cfg(test)]
mod tests {
    use super::{plain, shown};
    use slipway_domain::report::{Figure, Unit};

    #[rstest::rstest]
    #[case(Unit::Count, 12, "12", "12")]
    #[case(Unit::PerMille, 875, "87.5", "87.5 %")]
    #[case(Unit::Time, 5_400_000, "1.50", "1.5 h")]
    #[case(Unit::Time, -5_400_000, "-1.50", "-1.5 h")]
    #[case(Unit::Time, 1_500_000, "0.41", "25 min")]
    #[case(Unit::Time, 302_400_000, "84.00", "3.5 d")]
    fn a_figure_is_written(#[case] unit: Unit, #[case] value: i64, #[case] file: &str, #[case] person: &str) {
        let figure = Figure { value: Some(value), of: None };
        assert_eq!((plain(&figure, unit).as_str(), shown(figure.value, unit).as_str()), (file, person));
    }

    #[test]
    fn what_cannot_be_computed_is_no_zero() {
        let none = Figure { value: None, of: None };
        assert_eq!((plain(&none, Unit::Count).as_str(), shown(none.value, Unit::Time).as_str()), ("", "–"));
    }
}
