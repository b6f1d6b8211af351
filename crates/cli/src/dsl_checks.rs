//! `slipwayctl dsl`: checks in quarantine, keys of vendors, and what items are made of.

use crate::desk::Desk;
use crate::dsl_files::job;
use crate::print::{Answer, at, done, rows, table, text};
use crate::release::absolute;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum ChecksCall {
    /// Verify checksums and signatures with what lies among an item's files, and record it. Example: slipwayctl dsl verify DSL-000001
    Verify {
        /// DSL-000001
        item: String,
    },
    /// Scan an item's files for malware, and record it. Example: slipwayctl dsl scan DSL-000001
    Scan {
        /// DSL-000001
        item: String,
    },
    /// Show or set the scanner of this computer; the file's path comes last. Example: slipwayctl dsl scanner clamdscan --fdpass --no-summary
    Scanner {
        /// Its program and arguments; it ends with 0 for nothing found, with 1 for something.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// List the keys of vendors. Example: slipwayctl dsl keys
    Keys,
    /// Keep a vendor's public key, of minisign, OpenPGP or SSH. Example: slipwayctl dsl add-key acme.pub --vendor Acme --name "Acme 2026"
    AddKey {
        /// File with the key.
        file: PathBuf,
        /// Whose it is.
        #[arg(long)]
        vendor: String,
        /// What people call it.
        #[arg(long)]
        name: String,
    },
    /// Believe a key no more. Example: slipwayctl dsl retire-key "Acme 2026" --reason "Replaced"
    RetireKey {
        /// Its name.
        key: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Read an SBOM into an item: CycloneDX or SPDX. Example: slipwayctl dsl read-sbom DSL-000001 bom.json
    ReadSbom {
        /// DSL-000001
        item: String,
        /// The document.
        document: PathBuf,
        /// It is one of the item's files, by name.
        #[arg(long)]
        of_item: bool,
    },
    /// List what an item is made of. Example: slipwayctl dsl components DSL-000001 log4j
    Components {
        /// DSL-000001
        item: String,
        /// Only what holds this.
        #[arg(default_value = "")]
        filter: String,
    },
    /// List the licences of what an item is made of. Example: slipwayctl dsl licences DSL-000001
    Licences {
        /// DSL-000001
        item: String,
    },
    /// Where is a component? Example: slipwayctl dsl where log4j-core --version "<2.17"
    Where {
        /// Name, or a word of it.
        #[arg(default_value = "")]
        name: String,
        /// Versions, such as 2.14.1 or ">=2.0, <2.17".
        #[arg(long, default_value = "")]
        version: String,
        /// Package URL.
        #[arg(long, default_value = "")]
        package: String,
        /// Licence.
        #[arg(long, default_value = "")]
        licence: String,
        /// SHA-1, SHA-256 or SHA-512.
        #[arg(long, default_value = "")]
        hash: String,
    },
    /// What differs between two items. Example: slipwayctl dsl compare DSL-000001 DSL-000002
    Compare {
        /// DSL-000001
        from: String,
        /// DSL-000002
        to: String,
    },
}

pub async fn run(desk: &Desk, call: ChecksCall) -> Result<Answer, CallError> {
    match call {
        ChecksCall::Verify { item } => job(desk, "dsl.verify", json!({ "item": item }), "files looked at").await,
        ChecksCall::Scan { item } => job(desk, "dsl.scan", json!({ "item": item }), "files scanned").await,
        ChecksCall::Scanner { command } => {
            let set = if command.is_empty() { None } else { Some(command) };
            let scanner = desk.call("dsl.scanner", json!({ "command": set })).await?;
            let words: Vec<String> = rows(&scanner, "/command").iter().map(|word| text(word, "")).collect();
            let shown = if words.is_empty() { "none".to_owned() } else { words.join(" ") };
            Ok(Answer::new(scanner, shown))
        }
        ChecksCall::Keys => keys(desk).await,
        ChecksCall::AddKey { file, vendor, name } => {
            let path = absolute(std::slice::from_ref(&file))?.into_iter().next();
            desk.call("dsl.add_key", json!({ "vendor": vendor, "name": name, "path": path })).await.map(done)
        }
        ChecksCall::RetireKey { key, reason } => {
            desk.call("dsl.retire_key", json!({ "key": key, "reason": reason })).await.map(done)
        }
        ChecksCall::ReadSbom { item, document, of_item } => {
            let request = match of_item {
                true => json!({ "item": item, "file": document }),
                false => {
                    json!({ "item": item, "path": absolute(std::slice::from_ref(&document))?.into_iter().next() })
                }
            };
            job(desk, "dsl.read_sbom", request, "components read").await
        }
        ChecksCall::Components { item, filter } => components(desk, &item, &filter).await,
        ChecksCall::Licences { item } => licences(desk, &item).await,
        ChecksCall::Where { name, version, package, licence, hash } => {
            let asked = json!({
                "name": name, "version": version, "package": package, "licence": licence, "hash": hash,
            });
            find(desk, asked).await
        }
        ChecksCall::Compare { from, to } => compare(desk, &from, &to).await,
    }
}

async fn keys(desk: &Desk) -> Result<Answer, CallError> {
    let list = desk.call("dsl.keys", Value::Null).await?;
    let lines: Vec<Vec<String>> = rows(&list, "/keys")
        .iter()
        .map(|line| {
            let mut cells: Vec<String> =
                ["/key/name", "/key/vendor", "/key/form", "/fingerprint"].iter().map(|at| text(line, at)).collect();
            let why = text(line, "/key/retired_because");
            cells.push(if why.is_empty() { "believed".to_owned() } else { format!("retired: {why}") });
            cells
        })
        .collect();
    let shown = match lines.is_empty() {
        true => "no keys".to_owned(),
        false => table(&["key", "vendor", "form", "fingerprint", "state"], &lines),
    };
    Ok(Answer::new(list, shown))
}

fn component(component: &Value) -> Vec<String> {
    let licences: Vec<String> = rows(component, "/licences").iter().map(|licence| text(licence, "")).collect();
    let mut cells: Vec<String> = ["/name", "/version", "/group"].iter().map(|at| text(component, at)).collect();
    cells.push(licences.join(", "));
    cells.push(text(component, "/purl"));
    cells
}

const COMPONENT: [&str; 5] = ["component", "version", "group", "licences", "package"];

async fn components(desk: &Desk, item: &str, filter: &str) -> Result<Answer, CallError> {
    let page = desk.call("dsl.components", json!({ "item": item, "filter": filter, "count": 2000 })).await?;
    let lines: Vec<Vec<String>> = rows(&page, "/components").iter().map(component).collect();
    let total = at(&page, "/total").as_u64().unwrap_or_default();
    let mut shown = match lines.is_empty() {
        true => "none".to_owned(),
        false => table(&COMPONENT, &lines),
    };
    if total > lines.len() as u64 {
        shown.push_str(&format!("\n… and {} more: name what you look for", total - lines.len() as u64));
    }
    let missing = at(&page, "/missing_parts").as_u64().unwrap_or_default();
    if missing > 0 {
        shown.push_str(&format!("\n{missing} parts did not come yet: sync first"));
    }
    Ok(Answer::new(page, shown))
}

async fn licences(desk: &Desk, item: &str) -> Result<Answer, CallError> {
    let page = desk.call("dsl.components", json!({ "item": item, "count": 0 })).await?;
    let lines: Vec<Vec<String>> = rows(&page, "/licences")
        .iter()
        .map(|line| {
            let licence = text(line, "/licence");
            let examples: Vec<String> = rows(line, "/examples").iter().map(|name| text(name, "")).collect();
            let licence = if licence.is_empty() { "not told".to_owned() } else { licence };
            vec![licence, text(line, "/components"), examples.join(", ")]
        })
        .collect();
    let shown = if lines.is_empty() { "none".to_owned() } else { table(&["licence", "components", "such as"], &lines) };
    Ok(Answer::new(json!({ "licences": at(&page, "/licences") }), shown))
}

/// Every page of the answer: a question about a flaw wants all of it.
async fn find(desk: &Desk, mut asked: Value) -> Result<Answer, CallError> {
    let mut items: Vec<Value> = Vec::new();
    loop {
        let page = desk.call("components.find", asked.clone()).await?;
        for found in rows(&page, "/items") {
            match items.iter_mut().find(|item| at(item, "/item/id") == at(found, "/item/id")) {
                // An item's components may lie in parts of two pages.
                Some(item) => {
                    if let Some(list) = item.pointer_mut("/components").and_then(Value::as_array_mut) {
                        list.extend(rows(found, "/components").iter().cloned());
                    }
                    let more = at(item, "/more").as_u64().unwrap_or_default();
                    let sum = more.saturating_add(at(found, "/more").as_u64().unwrap_or_default());
                    if let Some(more) = item.pointer_mut("/more") {
                        *more = sum.into();
                    }
                }
                None => items.push(found.clone()),
            }
        }
        match at(&page, "/next") {
            Value::Null => break,
            next => {
                if let Some(asked) = asked.as_object_mut() {
                    asked.insert("from".to_owned(), next.clone());
                }
            }
        }
    }
    let mut shown = Vec::new();
    for found in &items {
        shown.push(format!(
            "{}  {}  {}",
            text(found, "/item/label"),
            text(found, "/title"),
            text(found, "/pill/label")
        ));
        for one in rows(found, "/components") {
            shown.push(format!("  {}", component(one).join("  ").trim_end()));
        }
        match at(found, "/more").as_u64().unwrap_or_default() {
            0 => {}
            more => shown.push(format!("  … and {more} more of this item: ask for a name or a hash")),
        }
        for (what, place) in [("release", "/releases"), ("installed", "/cis")] {
            for row in rows(found, place) {
                shown.push(format!("  {what}: {}  {}", text(row, "/label"), text(row, "/state")));
            }
        }
    }
    let shown = if shown.is_empty() { "nowhere".to_owned() } else { shown.join("\n") };
    Ok(Answer::new(json!({ "items": items }), shown))
}

async fn compare(desk: &Desk, from: &str, to: &str) -> Result<Answer, CallError> {
    let found = desk.call("dsl.compare", json!({ "from": from, "to": to })).await?;
    let mut shown = Vec::new();
    for (sign, place) in [("+", "/added"), ("-", "/removed")] {
        for one in rows(&found, place) {
            shown.push(format!("{sign} {}", component(one).join("  ").trim_end()));
        }
    }
    for one in rows(&found, "/changed") {
        let versions = |place: &str| rows(one, place).iter().map(|v| text(v, "")).collect::<Vec<_>>().join(", ");
        shown.push(format!("~ {}  {} -> {}", text(one, "/name"), versions("/from"), versions("/to")));
    }
    shown.push(format!("{} unchanged", at(&found, "/unchanged")));
    Ok(Answer::new(found, shown.join("\n")))
}
