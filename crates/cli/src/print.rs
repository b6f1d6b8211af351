//! What a person or a program reads: answers on standard output, reasons on standard error.

use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::io::Write;
use std::process::ExitCode;

/// What a call answers.
pub struct Answer {
    /// For programs.
    pub json: Value,
    /// For people.
    pub text: String,
    /// Whether something was refused although the call went on (rows of an import).
    pub partly_refused: bool,
    /// Whether the answer has been written already.
    pub silent: bool,
}

impl Answer {
    /// An answer for both.
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), partly_refused: false, silent: false }
    }

    /// The answer went to standard output already.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::new(Value::Null, "") }
    }
}

/// Prints an answer; a reader that went away is not our trouble.
pub fn answer(answer: &Answer, json: bool) -> ExitCode {
    let text = if json { answer.json.to_string() } else { answer.text.trim_end().to_owned() };
    if !text.is_empty() && !answer.silent {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
    if answer.partly_refused { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// Prints why nothing was done.
pub fn error(error: &CallError, json: bool) -> ExitCode {
    let mut out = std::io::stderr();
    match error {
        CallError::Refused { findings } => {
            if json {
                let _ = writeln!(out, "{}", json!({ "refused": findings }));
            } else {
                for finding in findings {
                    let _ = writeln!(out, "{}: {} {}", finding.code, finding.sentence, finding.way_out);
                }
            }
            ExitCode::from(1)
        }
        CallError::Trouble { code, sentence, way_out } => {
            if json {
                let trouble = json!({ "trouble": { "code": code, "sentence": sentence, "way_out": way_out } });
                let _ = writeln!(out, "{trouble}");
            } else {
                let _ = writeln!(out, "{code}: {sentence} {way_out}");
            }
            ExitCode::from(if code == WRONG_USE { 2 } else { 3 })
        }
    }
}

/// Code of trouble that the caller of the command made.
pub const WRONG_USE: &str = "WRONG_USE";

/// Wrong use: exit code 2.
pub fn wrong_use(sentence: impl Into<String>, way_out: impl Into<String>) -> CallError {
    CallError::trouble(WRONG_USE, sentence, way_out)
}

/// Rows as a table with aligned columns; nothing for no rows.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut out = vec![line(head.to_vec())];
    out.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    out.join("\n")
}

/// What stands at a place of an answer; null when there is nothing.
pub fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The text at a place of an answer; empty when there is none.
pub fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The rows at a place of an answer.
pub fn rows<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The answer of a mutation: what was done to which record.
pub fn done(done: Value) -> Answer {
    let label = text(&done, "/record/label");
    let conflicts: Vec<String> = rows(&done, "/effect/conflicts")
        .iter()
        .map(|c| format!("not taken: {}", text(c, "/finding/sentence")))
        .collect();
    let mut lines = vec![if label.is_empty() { "done".to_owned() } else { label }];
    lines.extend(conflicts);
    Answer::new(done, lines.join("\n"))
}
