//! `slipwayctl dsl`: the Definitive Software Library.

use crate::desk::Desk;
use crate::dsl_checks::{self, ChecksCall};
use crate::dsl_files::{self, FilesCall};
use crate::print::{Answer, done, text};
use crate::release::{absolute, code};
use clap::{Args, Subcommand};
use serde_json::json;
use slipway_app::error::CallError;
use std::path::PathBuf;

/// Columns of the list.
const LIST: &[(&str, &str)] = &[("version", "version"), ("kind", "kind"), ("vendor", "vendor")];

#[derive(Subcommand)]
pub enum DslCall {
    /// Hand an item in with its files. Example: slipwayctl dsl submit --name Payroll --version 9.4 payroll.deb
    Submit(Submit),
    /// Record a quarantine check. Example: slipwayctl dsl check DSL-000001 malware-scan --note "clean"
    Check {
        /// DSL-000001
        item: String,
        /// checksum, signature, malware-scan or licence.
        check: String,
        /// It did not pass.
        #[arg(long)]
        failed: bool,
        /// What was done and seen.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Make it a master. Example: slipwayctl dsl accept DSL-000001
    Accept {
        /// DSL-000001
        item: String,
    },
    /// A newer one takes its place. Example: slipwayctl dsl supersede DSL-000001
    Supersede {
        /// DSL-000001
        item: String,
    },
    /// It must not be used any more. Example: slipwayctl dsl withdraw DSL-000001 --reason "Known flaw"
    Withdraw {
        /// DSL-000001
        item: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// List items. Example: slipwayctl dsl list state:accepted
    List {
        /// Words and conditions, such as 'version>=9.4 or owner:me'.
        filter: Vec<String>,
    },
    /// Show an item. Example: slipwayctl dsl show DSL-000001
    Show {
        /// DSL-000001
        item: String,
    },
    #[command(flatten)]
    Files(FilesCall),
    #[command(flatten)]
    Checks(ChecksCall),
}

/// A new item.
#[derive(Args)]
pub struct Submit {
    /// Name.
    #[arg(long)]
    name: String,
    /// Version.
    #[arg(long)]
    version: String,
    /// Vendor.
    #[arg(long, default_value = "")]
    vendor: String,
    /// application, package, image, firmware, source, script, document or licence.
    #[arg(long)]
    kind: Option<String>,
    /// For what it is made.
    #[arg(long, default_value = "")]
    platform: String,
    /// Licence in words.
    #[arg(long, default_value = "")]
    licence: String,
    /// Its files; more can be added later.
    files: Vec<PathBuf>,
}

pub async fn run(desk: &Desk, call: DslCall) -> Result<Answer, CallError> {
    let act = |request| async move { desk.call("dsl.act", request).await.map(done) };
    match call {
        DslCall::Submit(s) => {
            let request = json!({
                "name": s.name, "version": s.version, "vendor": s.vendor, "kind": s.kind.map(|k| code(&k)),
                "platform": s.platform, "licence": s.licence, "paths": absolute(&s.files)?,
            });
            desk.call("dsl.submit", request).await.map(done)
        }
        DslCall::Check { item, check, failed, note } => {
            let request = json!({
                "item": item, "action": "record_check", "check": code(&check), "passed": !failed, "note": note,
            });
            act(request).await
        }
        DslCall::Accept { item } => act(json!({ "item": item, "action": "accept" })).await,
        DslCall::Supersede { item } => act(json!({ "item": item, "action": "supersede" })).await,
        DslCall::Withdraw { item, reason } => {
            act(json!({ "item": item, "action": "withdraw", "reason": reason })).await
        }
        DslCall::Checks(call) => dsl_checks::run(desk, call).await,
        DslCall::Files(call) => dsl_files::run(desk, call).await,
        DslCall::List { filter } => desk.list("dsl_item", &filter.join(" "), LIST).await,
        DslCall::Show { item } => {
            let page = desk.call("dsl.get", json!({ "item": item })).await?;
            let line = format!(
                "{}  {} {}\n{}\n{}",
                text(&page, "/item/number"),
                text(&page, "/item/name"),
                text(&page, "/item/version"),
                text(&page, "/pill/label"),
                crate::release::actions(&page),
            );
            Ok(Answer::new(page, line))
        }
    }
}
