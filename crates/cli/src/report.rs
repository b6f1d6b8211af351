//! `slipwayctl report`: figures over a period, and the records behind them.

use crate::desk::Desk;
use crate::print::{Answer, at, rows, table, text, wrong_use};
use crate::transfer::whole;
use crate::when;
use clap::Args;
use serde_json::{Map, Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

/// Reports.
#[derive(Args)]
#[command(after_help = "Examples:
  slipwayctl report
  slipwayctl report outcomes --from 2026-01-01 --to 2026-07-01
  slipwayctl report phases --type hardware --csv phases.csv
  slipwayctl report delivery --service Payroll --pdf delivery.pdf
  slipwayctl report outcomes --behind \"Backed out\" --line 2026-10")]
pub struct Report {
    /// Which report; without it: list them.
    name: Option<String>,
    /// From this day on, as 2026-01-01 in UTC, or a time; the year up to now when left out.
    #[arg(long)]
    from: Option<String>,
    /// Up to before this day, or a time; now when left out.
    #[arg(long)]
    to: Option<String>,
    /// Releases of this type only: software or hardware.
    #[arg(long = "type", value_name = "TYPE")]
    release_type: Option<String>,
    /// Releases of this class only: major, minor or emergency.
    #[arg(long)]
    class: Option<String>,
    /// Releases of this manager only, by sign-in name.
    #[arg(long)]
    manager: Option<String>,
    /// Releases about this business service only, by name or number.
    #[arg(long)]
    service: Option<String>,
    /// Write the table to this file.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the report to this file.
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// List the records behind a figure of this column, the latest first.
    #[arg(long, value_name = "COLUMN")]
    behind: Option<String>,
    /// The figure of this line only.
    #[arg(long, value_name = "LINE", requires = "behind")]
    line: Option<String>,
    /// At most so many records.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

pub async fn run(desk: &Desk, call: Report) -> Result<Answer, CallError> {
    let list = desk.call("reports.list", Value::Null).await?;
    let Some(name) = &call.name else {
        let lines: Vec<Vec<String>> =
            rows(&list, "/reports").iter().map(|r| vec![text(r, "/code"), text(r, "/title")]).collect();
        let shown = table(&["name", "report"], &lines);
        return Ok(Answer::new(list, shown));
    };
    let wanted = name.trim().to_lowercase();
    let Some(entry) = rows(&list, "/reports").iter().find(|entry| text(entry, "/code") == wanted) else {
        let names: Vec<String> = rows(&list, "/reports").iter().map(|entry| text(entry, "/code")).collect();
        return Err(wrong_use(format!("There is no report {name}."), format!("Ask for one of: {}.", names.join(", "))));
    };
    let request = request(&call, at(entry, "/name"))?;
    for path in [&call.csv, &call.pdf].into_iter().flatten() {
        let is_pdf = call.pdf.as_ref() == Some(path);
        let end = if is_pdf { "pdf" } else { "csv" };
        if path.extension().is_none_or(|found| !found.eq_ignore_ascii_case(end)) {
            return Err(wrong_use(
                format!("{} does not end in .{end}.", path.display()),
                format!("Name it something.{end}."),
            ));
        }
    }
    let mut said = Vec::new();
    for path in [&call.csv, &call.pdf].into_iter().flatten() {
        desk.call("reports.save", json!({ "report": request, "path": whole(path)? })).await?;
        said.push(format!("wrote {}", path.display()));
    }
    let page = desk.call("reports.get", request.clone()).await?;
    if let Some(column) = &call.behind {
        return behind(desk, &call, column, &request, &page).await;
    }
    if said.is_empty() {
        said.push(shown(&page));
    }
    Ok(Answer::new(page, said.join("\n")))
}

fn request(call: &Report, name: &Value) -> Result<Value, CallError> {
    let mut request = Map::new();
    request.insert("name".to_owned(), name.clone());
    let names = [
        ("release_type", &call.release_type),
        ("class", &call.class),
        ("manager", &call.manager),
        ("service", &call.service),
    ];
    for (field, given) in names {
        if let Some(given) = given {
            let given = if field == "release_type" || field == "class" { given.to_lowercase() } else { given.clone() };
            request.insert(field.to_owned(), Value::from(given));
        }
    }
    if call.from.is_some() || call.to.is_some() {
        let end = call.to.as_deref().map_or_else(|| Ok(chrono::Utc::now().timestamp_millis()), when::day)?;
        let year_ms = 365 * 86_400_000;
        let start = call.from.as_deref().map_or(Ok(end - year_ms), when::day)?;
        request.insert("period".to_owned(), json!({ "start": start, "end": end }));
    }
    Ok(Value::Object(request))
}

async fn behind(desk: &Desk, call: &Report, column: &str, request: &Value, page: &Value) -> Result<Answer, CallError> {
    let columns = rows(page, "/report/columns");
    let Some(place) = columns.iter().position(|c| text(c, "/title").eq_ignore_ascii_case(column.trim())) else {
        let names: Vec<String> = columns.iter().map(|c| text(c, "/title")).collect();
        return Err(wrong_use(format!("There is no column {column}."), format!("It has: {}.", names.join(", "))));
    };
    let mut lines = rows(page, "/report/lines").iter();
    let figures: Vec<&Value> = match &call.line {
        Some(line) => {
            let Some(found) = lines.find(|l| text(l, "/title").eq_ignore_ascii_case(line.trim())) else {
                let names: Vec<String> = rows(page, "/report/lines").iter().map(|l| text(l, "/title")).collect();
                return Err(wrong_use(format!("There is no line {line}."), format!("It has: {}.", names.join(", "))));
            };
            vec![found]
        }
        None => lines.rev().collect(),
    };
    let mut found = Vec::new();
    for line in figures {
        let of = at(line, &format!("/figures/{place}/of")).clone();
        let mut after = Value::Null;
        while !of.is_null() && found.len() < call.limit {
            let page = desk.call("reports.records", json!({ "report": request, "of": of, "after": after })).await?;
            found.extend(rows(&page, "/lines").iter().cloned());
            after = at(&page, "/next").clone();
            if after.is_null() {
                break;
            }
        }
    }
    found.truncate(call.limit);
    let shown: Vec<Vec<String>> = found
        .iter()
        .map(|line| {
            let mut row = vec![when::shown(at(line, "/at"))];
            row.extend(["/row/label", "/row/title", "/group"].map(|pointer| text(line, pointer)));
            row
        })
        .collect();
    let told = if shown.is_empty() {
        "Nothing is behind it.".to_owned()
    } else {
        table(&["when", "record", "title", "of"], &shown)
    };
    Ok(Answer::new(Value::Array(found), told))
}

/// A report for people: headlines, then the table.
fn shown(page: &Value) -> String {
    let mut said = vec![text(page, "/entry/title")];
    if at(page, "/empty") == true {
        said.push("Nothing was recorded in this period.".to_owned());
        return said.join("\n");
    }
    for head in rows(page, "/report/headlines") {
        said.push(format!("{}: {}", text(head, "/title"), figure(at(head, "/figure/value"), &text(head, "/unit"))));
    }
    let columns = rows(page, "/report/columns");
    let mut head = vec![text(page, "/report/head")];
    head.extend(columns.iter().map(|column| text(column, "/title")));
    let lines: Vec<Vec<String>> = rows(page, "/report/lines")
        .iter()
        .map(|line| {
            let mut cells = vec![text(line, "/title")];
            let figures = rows(line, "/figures").iter().zip(columns);
            cells.extend(figures.map(|(f, column)| figure(at(f, "/value"), &text(column, "/unit"))));
            cells
        })
        .collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    said.push(table(&head, &lines));
    said.join("\n")
}

fn figure(value: &Value, unit: &str) -> String {
    let Some(value) = value.as_i64() else { return "-".to_owned() };
    slipway_app::reports::in_words(value, unit)
}
