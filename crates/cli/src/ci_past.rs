//! `slipwayctl ci show --at` and `ci duplicates`: how a CI was, and which look alike.

use crate::desk::Desk;
use crate::print::{Answer, at, rows, table, text};
use crate::when;
use serde_json::json;
use slipway_app::error::CallError;

/// A CI as it was at a time, and what differs now.
pub async fn show(desk: &Desk, ci: &str, time: &str) -> Result<Answer, CallError> {
    let was = desk.call("cmdb.at", json!({ "ci": ci, "at": when::moment(time)? })).await?;
    let mut out = Vec::new();
    if at(&was, "/ci").is_null() {
        out.push(format!("{ci} was not there at {time}."));
    }
    out.extend(rows(&was, "/fields").iter().map(|f| format!("  {:<20}{}", text(f, "/field"), text(f, "/value"))));
    out.extend(rows(&was, "/relations").iter().map(|relation| format!("  {}", text(relation, ""))));
    let mut lines: Vec<Vec<String>> = rows(&was, "/differences")
        .iter()
        .map(|d| ["/field", "/was", "/is"].iter().map(|p| text(d, p)).collect())
        .collect();
    for relation in rows(&was, "/relation_differences") {
        let words = text(relation, "/words");
        let (then, now) = if at(relation, "/added").as_bool() == Some(true) {
            (String::new(), words)
        } else {
            (words, String::new())
        };
        lines.push(vec!["relation".to_owned(), then, now]);
    }
    if !lines.is_empty() {
        out.push(table(&["differs", "then", "now"], &lines));
    }
    let note = text(&was, "/note");
    if !note.is_empty() {
        out.push(note);
    }
    Ok(Answer::new(was, out.join("\n")))
}

/// Pairs of CIs that look alike.
pub async fn duplicates(desk: &Desk, ci: Option<String>) -> Result<Answer, CallError> {
    let queue = desk.call("duplicates.list", json!({ "ci": ci })).await?;
    let lines: Vec<Vec<String>> = rows(&queue, "/pairs")
        .iter()
        .map(|pair| {
            let signs: Vec<String> = rows(pair, "/signs").iter().map(|sign| text(sign, "")).collect();
            let one = |side: &str| {
                format!("{} ({})", text(pair, &format!("/{side}/label")), text(pair, &format!("/{side}/cells/number")))
            };
            vec![one("first"), one("second"), signs.join(", "), rows(pair, "/differences").len().to_string()]
        })
        .collect();
    let shown = if lines.is_empty() {
        "no CIs look alike".to_owned()
    } else {
        table(&["CI", "and", "share", "fields that differ"], &lines)
    };
    Ok(Answer::new(queue, shown))
}
