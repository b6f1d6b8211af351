//! `slipwayctl dhs stocktake`: what lies in a store against what the record says.

use crate::desk::Desk;
use crate::dhs_stock::bin;
use crate::print::{Answer, at, done, rows, table, text};
use crate::transfer::whole;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum StocktakeCall {
    /// Begin one over a store, or a part of it. Example: slipwayctl dhs stocktake start "Spares A, week 48" "Spares A"
    Start {
        /// In a line.
        title: String,
        /// What is counted, as STORE[/AISLE[/SHELF[/BIN]]].
        place: String,
    },
    /// List stocktakes. Example: slipwayctl dhs stocktake list state:counting
    List {
        /// Words and conditions.
        filter: Vec<String>,
    },
    /// Scan what lies there. Example: slipwayctl dhs stocktake see "Spares A, week 48" --at "Spares A/02/B" FCW2233L0QX
    See {
        /// Its title or id.
        stocktake: String,
        /// Codes as a scanner sends them.
        #[arg(required = true)]
        codes: Vec<String>,
        /// Where they lie, as STORE[/AISLE[/SHELF[/BIN]]].
        #[arg(long)]
        at: String,
    },
    /// Count pieces of a consumable; what several people count adds up, 0 says that the bin is empty.
    /// Example: slipwayctl dhs stocktake count "Spares A, week 48" --at "Spares A/02/B" SFP-10G-SR 24
    Count {
        /// Its title or id.
        stocktake: String,
        /// Name or part number of the model.
        model: String,
        /// How many.
        quantity: u32,
        /// Where they lie, as STORE[/AISLE[/SHELF[/BIN]]].
        #[arg(long)]
        at: String,
    },
    /// What was found. Example: slipwayctl dhs stocktake show "Spares A, week 48" --finding missing
    Show {
        /// Its title or id.
        stocktake: String,
        /// found, moved, missing, unexpected or unknown.
        #[arg(long)]
        finding: Option<String>,
    },
    /// All was scanned. Example: slipwayctl dhs stocktake end "Spares A, week 48"
    End {
        /// Its title or id.
        stocktake: String,
    },
    /// Scan on. Example: slipwayctl dhs stocktake reopen "Spares A, week 48"
    Reopen {
        /// Its title or id.
        stocktake: String,
    },
    /// Let the record follow: these units, or all with --all.
    /// Example: slipwayctl dhs stocktake settle "Spares A, week 48" UNI-000007
    Settle {
        /// Its title or id.
        stocktake: String,
        /// UNI-000001, serial number or asset tag.
        units: Vec<String>,
        /// A bin of consumables, by the stock that show --json names; may be given several times.
        #[arg(long = "stock")]
        stocks: Vec<String>,
        /// Every difference.
        #[arg(long, conflicts_with_all = ["units", "stocks"])]
        all: bool,
    },
    /// It is over. Example: slipwayctl dhs stocktake close "Spares A, week 48"
    Close {
        /// Its title or id.
        stocktake: String,
    },
    /// Give it up; nothing moves. Example: slipwayctl dhs stocktake cancel "Spares A, week 48" --reason "begun twice"
    Cancel {
        /// Its title or id.
        stocktake: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Write every line into a file. Example: slipwayctl dhs stocktake report "Spares A, week 48" --output stock.pdf
    Report {
        /// Its title or id.
        stocktake: String,
        /// The file: .pdf, else CSV.
        #[arg(long, short)]
        output: PathBuf,
    },
}

pub async fn run(desk: &Desk, call: StocktakeCall) -> Result<Answer, CallError> {
    let act = |request| async move { desk.call("stocktakes.act", request).await.map(done) };
    match call {
        StocktakeCall::Start { title, place } => {
            desk.call("stocktakes.start", json!({ "title": title, "place": bin(&place) })).await.map(done)
        }
        StocktakeCall::List { filter } => {
            desk.list("stocktake", &filter.join(" "), &[("place", "place"), ("by", "begun by")]).await
        }
        StocktakeCall::See { stocktake, codes, at } => see(desk, &stocktake, &codes, &bin(&at)).await,
        StocktakeCall::Count { stocktake, model, quantity, at } => {
            let request = json!({ "stocktake": stocktake, "model": model, "bin": bin(&at), "quantity": quantity });
            let answer = desk.call("stocktakes.count", request).await?;
            let line = format!("{}. {}", text(&answer, "/label"), text(&answer, "/sentence"));
            Ok(Answer::new(answer, line))
        }
        StocktakeCall::Show { stocktake, finding } => {
            let page = desk.call("stocktakes.get", json!({ "stocktake": stocktake, "finding": finding })).await?;
            let shown = show(&page);
            Ok(Answer::new(page, shown))
        }
        StocktakeCall::End { stocktake } => act(json!({ "stocktake": stocktake, "action": "end" })).await,
        StocktakeCall::Reopen { stocktake } => act(json!({ "stocktake": stocktake, "action": "reopen" })).await,
        StocktakeCall::Settle { stocktake, units, stocks, all } => {
            let action = if all { "settle_all" } else { "settle" };
            act(json!({ "stocktake": stocktake, "action": action, "units": units, "stocks": stocks })).await
        }
        StocktakeCall::Close { stocktake } => act(json!({ "stocktake": stocktake, "action": "close" })).await,
        StocktakeCall::Cancel { stocktake, reason } => {
            act(json!({ "stocktake": stocktake, "action": "cancel", "reason": reason })).await
        }
        StocktakeCall::Report { stocktake, output } => {
            let request = json!({ "stocktake": stocktake, "path": whole(&output)? });
            let page = desk.call("stocktakes.report", request).await?;
            Ok(Answer::new(page, format!("wrote {}", output.display())))
        }
    }
}

async fn see(desk: &Desk, stocktake: &str, codes: &[String], bin: &Value) -> Result<Answer, CallError> {
    let (mut answers, mut lines, mut partly) = (Vec::new(), Vec::new(), false);
    for code in codes {
        let request = json!({ "stocktake": stocktake, "code": code, "bin": bin });
        match desk.call("stocktakes.see", request).await {
            Ok(answer) => {
                let again = if at(&answer, "/again") == true { ", seen before" } else { "" };
                lines.push(format!("{code}: {}{again}. {}", text(&answer, "/finding"), text(&answer, "/sentence")));
                answers.push(answer);
            }
            // The codes behind it are no worse for it.
            Err(CallError::Refused { findings }) if codes.len() > 1 => {
                partly = true;
                let why: Vec<String> = findings.iter().map(|f| format!("{} {}", f.sentence, f.way_out)).collect();
                lines.push(format!("{code}: refused. {}", why.join(" ")));
                answers.push(json!({ "finding": "refused", "label": code, "findings": findings }));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    let mut answer = Answer::new(json!({ "scans": answers }), lines.join("\n"));
    answer.partly_refused = partly;
    Ok(answer)
}

fn show(page: &Value) -> String {
    let mut lines = vec![format!("{}  {}", text(page, "/stocktake/title"), text(page, "/pill/label"))];
    let counts: Vec<String> =
        rows(page, "/counts").iter().map(|c| format!("{} {}", text(c, "/count"), text(c, "/label"))).collect();
    lines.push(counts.join(", "));
    let shown: Vec<Vec<String>> = rows(page, "/lines")
        .iter()
        .map(|l| {
            ["/pill/label", "/unit/label", "/label", "/recorded", "/seen", "/by/label"]
                .map(|cell| text(l, cell))
                .to_vec()
        })
        .collect();
    lines.push(table(&["finding", "unit", "serial or code", "recorded", "seen", "by"], &shown));
    let bins: Vec<Vec<String>> = rows(page, "/bins")
        .iter()
        .map(|bin| {
            ["/pill/label", "/model/label", "/place", "/expected", "/counted", "/difference", "/by/label"]
                .map(|cell| text(bin, cell))
                .to_vec()
        })
        .collect();
    if !bins.is_empty() {
        lines.push(table(&["finding", "consumable", "place", "expected", "counted", "difference", "by"], &bins));
    }
    lines.join("\n")
}
