//! `slipwayctl observe`: what was seen against what is recorded.

use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text, wrong_use};
use crate::scan::Scan;
use crate::transfer::{self, Import};
use crate::when;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

/// Decisions that go in one step.
const STEP: usize = 500;
/// Rows of the queue that a person is shown, and that are asked for at once.
const SHOWN: usize = 500;
/// What waits for a decision.
const OPEN: &str = "state:mismatch,missing,unknown";

/// What was seen, against what is recorded.
#[derive(Subcommand)]
#[command(after_help = "Examples:
  lshw -json > web-01.json; slipwayctl observe import web-01.json --class server --site Bremen
  ansible all -m setup > facts.txt; slipwayctl observe import facts.txt
  slipwayctl observe queue
  slipwayctl observe decide accept --filter \"site:Bremen source:ansible\"
  slipwayctl observe accuracy")]
pub enum Observe {
    /// Bring in what was seen: CSV, JSON lines, ansible facts or lshw -json. Example: slipwayctl observe import scan.csv --source scan
    Import(ObserveImport),
    /// Record codes as scanned where one stands, each answered at once. Example: slipwayctl observe scan FOC1234 --site Bremen --rack B2
    Scan(Scan),
    /// Take back a scan, by the undo of its answer in JSON.
    /// Example: slipwayctl observe unscan "$(slipwayctl observe scan FOC1234 --json | jq -c '.scans[0].undo')"
    Unscan {
        /// As scan --json answered it.
        undo: String,
    },
    /// What waits for a decision. Example: slipwayctl observe queue --filter "site:Bremen source:lshw"
    Queue {
        /// Words and conditions on state, site, source, seen, name.
        #[arg(long, default_value = "")]
        filter: String,
        /// Also what matches or is decided.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// One observation beside its record. Example: slipwayctl observe show 0190…
    Show {
        /// Its id.
        observation: String,
    },
    /// Decide: accept, keep, change, register, link, mark-missing, dismiss or look-again.
    /// Example: slipwayctl observe decide keep 0190… --note "Replaced next week"
    Decide(Decide),
    /// What a source should have seen and did not. Example: slipwayctl observe absent "site:Bremen class:server" --source lshw --since "2026-11-26 08:00"
    Absent {
        /// Which CIs should have been seen: a filter.
        filter: String,
        /// What saw the others.
        #[arg(long)]
        source: String,
        /// Since when it looked.
        #[arg(long)]
        since: String,
        /// Say what would be recorded; change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// By what things are recognised, and which fields only a change replaces.
    /// Example: slipwayctl observe rules --order asset_tag,serial,mac,host_name --managed class,version
    Rules {
        /// Rules in the order in which they are asked: serial, asset_tag, mac, host_name.
        #[arg(long, value_delimiter = ',')]
        order: Option<Vec<String>>,
        /// Managed fields; an empty text for none.
        #[arg(long, value_delimiter = ',')]
        managed: Option<Vec<String>>,
    },
    /// How far the records of each site are right. Example: slipwayctl observe accuracy
    Accuracy,
}

/// A file with what was seen.
#[derive(Args)]
pub struct ObserveImport {
    /// The file: CSV, JSON lines, what ansible -m setup prints, or lshw -json.
    file: PathBuf,
    /// What it holds, if its columns do not say so: observations, ansible or lshw.
    #[arg(long, value_parser = ["observations", "ansible", "lshw"])]
    kind: Option<String>,
    /// What saw it, such as scan; ansible, lshw or import, if not given.
    #[arg(long)]
    source: Option<String>,
    /// Where it was seen.
    #[arg(long)]
    site: Option<String>,
    /// Class of the things, where the file names none.
    #[arg(long)]
    class: Option<String>,
    /// Where columns go: a file in JSON, as slipwayctl import prints it with --show-map.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Say what would be done; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write the refused rows here, each with its reason, to be mended and imported again.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// Decisions on one observation or on many.
#[derive(Args)]
pub struct Decide {
    /// What becomes of them.
    #[arg(value_parser = ["accept", "keep", "change", "register", "link", "mark-missing", "dismiss", "look-again"])]
    verdict: String,
    /// Ids, as the queue lists them.
    observations: Vec<String>,
    /// Instead of ids: everything open that this lets through.
    #[arg(long, conflicts_with = "observations")]
    filter: Option<String>,
    /// Only these fields; everything that differs, if not given.
    #[arg(long, value_delimiter = ',')]
    fields: Option<Vec<String>>,
    /// Class of CIs to register, where the source names none.
    #[arg(long, default_value = "")]
    class: String,
    /// The CI that an unknown thing is, to link: name, number or id.
    #[arg(long, default_value = "")]
    ci: String,
    /// Why; needed to dismiss.
    #[arg(long, visible_alias = "reason", default_value = "")]
    note: String,
}

pub async fn run(desk: &Desk, call: Observe) -> Result<Answer, CallError> {
    match call {
        Observe::Import(import) => take(desk, import).await,
        Observe::Scan(scan) => crate::scan::scan(desk, &scan).await,
        Observe::Unscan { undo } => crate::scan::unscan(desk, &undo).await,
        Observe::Queue { filter, all, limit } => queue(desk, &filter, all, limit).await,
        Observe::Show { observation } => show(desk, &observation).await,
        Observe::Decide(decide) => self::decide(desk, &decide).await,
        Observe::Absent { filter, source, since, dry_run } => {
            let request =
                json!({ "filter": filter, "source": source, "since": when::moment(&since)?, "dry_run": dry_run });
            let report = desk.call("observations.absent", request).await?;
            let names: Vec<String> = rows(&report, "/absent").iter().map(|name| text(name, "")).collect();
            let prefix = if dry_run { "dry run: " } else { "" };
            let line = format!(
                "{prefix}{} expected, {} seen, {} absent",
                at(&report, "/expected"),
                at(&report, "/seen"),
                at(&report, "/absent_total")
            );
            Ok(Answer::new(report, [vec![line], names].concat().join("\n")))
        }
        Observe::Rules { order, managed } => rules(desk, order, managed).await,
        Observe::Accuracy => accuracy(desk).await,
    }
}

async fn take(desk: &Desk, import: ObserveImport) -> Result<Answer, CallError> {
    let path = transfer::whole(&import.file)?;
    let kind = match import.kind {
        Some(kind) => kind,
        None => match text(&desk.call("import.look", json!({ "path": path })).await?, "/kind").as_str() {
            known @ ("ansible" | "lshw") => known.to_owned(),
            _ => "observations".to_owned(),
        },
    };
    let constants = [("source", import.source), ("site", import.site), ("class", import.class)]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), json!(value))));
    let import = Import::of(kind, import.file, import.map, import.dry_run, import.rejects, constants.collect());
    transfer::import(desk, import).await
}

/// The ids of what a filter lets through.
async fn open_list(desk: &Desk, filter: &str, all: bool) -> Result<Value, CallError> {
    let filter = if all { filter.to_owned() } else { format!("{OPEN} {filter}") };
    let list = desk.call("lists.open", json!({ "kind": "observation", "filter": filter.trim() })).await?;
    match list.pointer("/error").filter(|error| !error.is_null()) {
        Some(error) => Err(wrong_use(
            format!("The filter {filter:?} is not understood: {}.", text(error, "/sentence")),
            "Use state, site, source, seen, name and words.",
        )),
        None => Ok(list),
    }
}

async fn queue(desk: &Desk, filter: &str, all: bool, limit: usize) -> Result<Answer, CallError> {
    let list = open_list(desk, filter, all).await?;
    let ids: Vec<&Value> = rows(&list, "/ids").iter().take(limit.min(SHOWN)).collect();
    let page = desk.call("lists.rows", json!({ "kind": "observation", "ids": ids })).await?;
    let lines: Vec<Vec<String>> = rows(&page, "/rows")
        .iter()
        .map(|row| {
            ["/id", "/state", "/label", "/cells/site", "/cells/source", "/title"].map(|place| text(row, place)).to_vec()
        })
        .collect();
    let total = at(&list, "/total").as_u64().unwrap_or_default();
    let mut shown = if lines.is_empty() {
        "nothing waits for a decision".to_owned()
    } else {
        table(&["observation", "state", "what", "site", "source", "difference"], &lines)
    };
    if total > lines.len() as u64 {
        shown.push_str(&format!("\n… {total} in all"));
    }
    Ok(Answer::new(json!({ "rows": at(&page, "/rows"), "total": total }), shown))
}

async fn show(desk: &Desk, observation: &str) -> Result<Answer, CallError> {
    let page = desk.call("observations.get", json!({ "observation": observation })).await?;
    let mut out = vec![
        format!("{}: {}", text(&page, "/row/label"), text(&page, "/row/state")),
        format!("  seen by {} on {}", text(&page, "/source"), when::shown(at(&page, "/seen_at"))),
    ];
    let ci = text(&page, "/ci/label");
    if !ci.is_empty() {
        let rule = text(&page, "/rule");
        let by = if rule.is_empty() { String::new() } else { format!(", recognised by {rule}") };
        out.push(format!("  {ci} ({}){by}", text(&page, "/ci/cells/number")));
    }
    let lines: Vec<Vec<String>> = rows(&page, "/facts")
        .iter()
        .map(|fact| {
            let mark = match (at(fact, "/differs") == true, at(fact, "/gap") == true, at(fact, "/managed") == true) {
                (true, _, true) => "differs, managed",
                (true, ..) => "differs",
                (_, true, _) => "not recorded",
                _ => "",
            };
            let decided = text(fact, "/decided");
            let mark = if decided.is_empty() { mark.to_owned() } else { decided };
            vec![text(fact, "/field"), text(fact, "/recorded"), text(fact, "/seen"), mark]
        })
        .collect();
    if !lines.is_empty() {
        out.push(table(&["field", "recorded", "seen", ""], &lines));
    }
    for action in rows(&page, "/actions") {
        let title = text(action, "/title");
        let why = text(action, "/findings/0/sentence");
        out.push(if why.is_empty() { format!("  may: {title}") } else { format!("  may not {title}: {why}") });
    }
    Ok(Answer::new(page, out.join("\n")))
}

async fn decide(desk: &Desk, decide: &Decide) -> Result<Answer, CallError> {
    let ids: Vec<String> = match &decide.filter {
        Some(filter) => {
            let list = open_list(desk, filter, false).await?;
            rows(&list, "/ids").iter().map(|id| text(id, "")).collect()
        }
        None => decide.observations.clone(),
    };
    if ids.is_empty() && decide.filter.is_none() {
        return Err(wrong_use("It is not said which observations.", "Name their ids, or give --filter."));
    }
    let mut whole = json!({ "created": 0, "decided": 0, "unchanged": 0 });
    let mut refused = Vec::new();
    for step in ids.chunks(STEP) {
        let request = json!({
            "observations": step, "verdict": decide.verdict.replace('-', "_"), "fields": decide.fields,
            "class": decide.class, "ci": decide.ci, "note": decide.note,
        });
        let report = desk.call("observations.decide", request).await?;
        for figure in ["created", "decided", "unchanged"] {
            let place = format!("/{figure}");
            let sum =
                at(&whole, &place).as_u64().unwrap_or_default() + at(&report, &place).as_u64().unwrap_or_default();
            if let Some(value) = whole.pointer_mut(&place) {
                *value = json!(sum);
            }
        }
        refused.extend(rows(&report, "/refused").iter().cloned());
    }
    let mut lines: Vec<String> = refused
        .iter()
        .map(|r| {
            let (what, sentence) = (text(r, "/label"), text(r, "/finding/sentence"));
            format!("{what}: {sentence} {}", text(r, "/finding/way_out"))
        })
        .collect();
    lines.push(format!(
        "{} registered, {} decided, {} unchanged, {} refused",
        at(&whole, "/created"),
        at(&whole, "/decided"),
        at(&whole, "/unchanged"),
        refused.len()
    ));
    let partly_refused = !refused.is_empty();
    if let Some(whole) = whole.as_object_mut() {
        whole.insert("refused".to_owned(), Value::Array(refused));
    }
    Ok(Answer { partly_refused, ..Answer::new(whole, lines.join("\n")) })
}

async fn rules(desk: &Desk, order: Option<Vec<String>>, managed: Option<Vec<String>>) -> Result<Answer, CallError> {
    let now = desk.call("observations.rules", Value::Null).await?;
    if order.is_none() && managed.is_none() {
        let order: Vec<String> = rows(&now, "/order").iter().map(|rule| text(rule, "/label")).collect();
        let managed: Vec<String> = rows(&now, "/managed").iter().map(|field| text(field, "")).collect();
        let shown = format!("recognised by: {}\nmanaged: {}", order.join("; then "), managed.join(", "));
        return Ok(Answer::new(now, shown));
    }
    let order = match order {
        Some(order) => json!(order.iter().map(|rule| rule.trim().replace('-', "_")).collect::<Vec<_>>()),
        None => json!(rows(&now, "/order").iter().map(|rule| at(rule, "/rule")).collect::<Vec<_>>()),
    };
    let managed = managed.map_or_else(|| at(&now, "/managed").clone(), |fields| json!(fields));
    desk.call("observations.put_rules", json!({ "order": order, "managed": managed })).await.map(done)
}

async fn accuracy(desk: &Desk) -> Result<Answer, CallError> {
    let list = desk.call("observations.accuracy", Value::Null).await?;
    let line = |site: &Value, name: String| {
        let share = at(site, "/per_mille").as_u64();
        let figure = |place: &str| text(site, place);
        vec![
            name,
            share.map_or_else(|| "-".to_owned(), |share| format!("{}.{} %", share / 10, share % 10)),
            figure("/total"),
            figure("/accuracy/matched"),
            figure("/accuracy/settled"),
            figure("/accuracy/mismatched"),
            figure("/accuracy/missing"),
            figure("/accuracy/unknown"),
        ]
    };
    let named = |site: &Value| {
        let name = text(site, "/name");
        if name.is_empty() { "(no site)".to_owned() } else { name }
    };
    let mut lines: Vec<Vec<String>> = rows(&list, "/sites").iter().map(|site| line(site, named(site))).collect();
    if lines.is_empty() {
        return Ok(Answer::new(list, "nothing was seen yet: slipwayctl observe import FILE".to_owned()));
    }
    lines.push(line(at(&list, "/all"), "all".to_owned()));
    let shown = table(&["site", "accuracy", "seen", "match", "decided", "mismatch", "missing", "unknown"], &lines);
    Ok(Answer::new(list, shown))
}
