//! Texts with limits: what a person or a file gives is trimmed and measured once, where it enters a record.

use crate::refusal::Finding;

/// Most characters of a text in one line: names, titles, versions.
pub const LINE_CHARS: usize = 250;

/// Most characters of a longer text: descriptions, notes, reasons.
pub const PROSE_CHARS: usize = 20_000;

/// A text in one line; may be empty.
///
/// # Errors
/// `TEXT_TOO_LONG` or `TEXT_NOT_A_LINE`, naming the field.
pub fn line(field: &str, value: &str) -> Result<String, Finding> {
    let value = value.trim();
    measure(field, value, LINE_CHARS)?;
    if value.chars().any(|c| c.is_control() || turns(c)) {
        return Err(Finding::new(
            "TEXT_NOT_A_LINE",
            format!("{field} holds a line break or another control character."),
            format!("Write {field} in one line."),
        )
        .with("field", field));
    }
    Ok(value.to_owned())
}

/// Whether it turns the direction of what stands after it: a name could then read as another, also of what stands
/// beside it. Languages that are written from right to left need none of these in a line.
#[must_use]
pub fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text in one line that must not be empty.
///
/// # Errors
/// `TEXT_MISSING`, `TEXT_TOO_LONG` or `TEXT_NOT_A_LINE`, naming the field.
pub fn filled_line(field: &str, value: &str) -> Result<String, Finding> {
    let value = line(field, value)?;
    if value.is_empty() { Err(missing(field)) } else { Ok(value) }
}

/// A longer text; may be empty.
///
/// # Errors
/// `TEXT_TOO_LONG` or `TEXT_NOT_READABLE`, naming the field.
pub fn prose(field: &str, value: &str) -> Result<String, Finding> {
    let value = value.trim();
    measure(field, value, PROSE_CHARS)?;
    if value.chars().any(|c| turns(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))) {
        return Err(Finding::new(
            "TEXT_NOT_READABLE",
            format!("{field} holds control characters."),
            format!("Give {field} as plain text."),
        )
        .with("field", field));
    }
    Ok(value.to_owned())
}

/// A longer text that must not be empty, such as a reason.
///
/// # Errors
/// `TEXT_MISSING`, `TEXT_TOO_LONG` or `TEXT_NOT_READABLE`, naming the field.
pub fn filled_prose(field: &str, value: &str) -> Result<String, Finding> {
    let value = prose(field, value)?;
    if value.is_empty() { Err(missing(field)) } else { Ok(value) }
}

/// One of the forms above.
pub type Form = fn(&str, &str) -> Result<String, Finding>;

/// Brings a text into its form in place; when it does not fit it stays, and the finding is kept.
pub fn tidy(place: &mut String, field: &str, form: Form, findings: &mut Vec<Finding>) {
    match form(field, place) {
        Ok(text) => *place = text,
        Err(finding) => findings.push(finding),
    }
}

fn missing(field: &str) -> Finding {
    Finding::new("TEXT_MISSING", format!("{field} is empty."), format!("Give a {field}.")).with("field", field)
}

fn measure(field: &str, value: &str, limit_chars: usize) -> Result<(), Finding> {
    let chars = value.chars().count();
    if chars <= limit_chars {
        return Ok(());
    }
    Err(Finding::new(
        "TEXT_TOO_LONG",
        format!("{field} has {chars} characters; {limit_chars} are possible."),
        format!("Shorten {field} to {limit_chars} characters."),
    )
    .with("field", field)
    .with("characters", chars)
    .with("limit", limit_chars))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::trimmed(line("name", "  a "), Ok("a".to_owned()))]
    #[case::at_the_limit(line("name", &"x".repeat(LINE_CHARS)), Ok("x".repeat(LINE_CHARS)))]
    #[case::over_the_limit(line("name", &"x".repeat(LINE_CHARS + 1)), Err("TEXT_TOO_LONG"))]
    #[case::two_lines(line("name", "a\nb"), Err("TEXT_NOT_A_LINE"))]
    #[case::turned(line("name", "invoice\u{202e}fdp.exe"), Err("TEXT_NOT_A_LINE"))]
    #[case::isolated(line("name", "a\u{2066}b"), Err("TEXT_NOT_A_LINE"))]
    #[case::written_from_the_right(line("name", "מתג ליבה"), Ok("מתג ליבה".to_owned()))]
    #[case::blank_line(filled_line("name", "  "), Err("TEXT_MISSING"))]
    #[case::two_lines_of_prose(prose("notes", "a\nb"), Ok("a\nb".to_owned()))]
    #[case::nul_in_prose(prose("notes", "a\0b"), Err("TEXT_NOT_READABLE"))]
    #[case::much_prose(prose("notes", &"x".repeat(PROSE_CHARS + 1)), Err("TEXT_TOO_LONG"))]
    #[case::no_reason(filled_prose("reason", "\n"), Err("TEXT_MISSING"))]
    fn a_text_is_trimmed_and_measured(#[case] got: Result<String, Finding>, #[case] want: Result<String, &str>) {
        assert_eq!(got.map_err(|f| f.code), want.map_err(str::to_owned));
    }
}
