//! A paper as Markdown, with tables that any reader of it shows.

use crate::view::papers::PaperPart;
use std::fmt::Write;

/// The whole paper.
#[must_use]
pub fn of(title: &str, above: &[String], parts: &[PaperPart]) -> String {
    let mut out = format!("# {}\n", line(title));
    for said in above {
        let _ = write!(out, "\n{}\n", line(said));
    }
    for part in parts {
        let _ = write!(out, "\n## {}\n\n", line(&part.title));
        if part.rows.is_empty() {
            let _ = writeln!(out, "{}", line(&part.none));
            continue;
        }
        let row = |out: &mut String, cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| line(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        };
        row(&mut out, &part.head);
        let _ = writeln!(out, "|{}", " --- |".repeat(part.head.len()));
        for cells in &part.rows {
            row(&mut out, cells);
        }
    }
    out
}

/// Text in one line in which nothing is a mark of Markdown.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_changes_no_table() {
        let part = PaperPart {
            title: "Changes".to_owned(),
            head: vec!["Number".to_owned(), "Title".to_owned()],
            rows: vec![vec!["CHG-000001".to_owned(), "a | b\n<b>c</b>".to_owned()]],
            none: String::new(),
        };
        let text = of("Notes", &["*all*".to_owned()], &[part]);
        assert!(text.contains("| CHG-000001 | a \\| b \\<b\\>c\\</b\\> |"), "{text}");
        assert!(text.contains("\\*all\\*") && text.contains("| --- | --- |"), "{text}");
    }
}
