//! THE list: everything a front end can ask for, by name, with what it sends and what it gets. The router, the
//! TypeScript interface and the tests all come from this one list.

use crate::error::CallError;
use crate::view::common::Nothing;
use crate::view::{
    approvals, attention, changes, cmdb, dhs, dsl, inbox, lists, mutations, profile, releases, settings,
};
use std::fmt::Write as _;
use std::path::Path;
use ts_rs::{Config, ExportError, TS};

macro_rules! commands {
    ($($name:literal: $request:ty => $response:ty;)+) => {
        /// The names of all commands, in the order of the list.
        pub const NAMES: &[&str] = &[$($name),+];

        /// Writes the TypeScript types of every request and response into a folder.
        ///
        /// # Errors
        /// A type that cannot be written.
        fn export_types(config: &Config) -> Result<(), ExportError> {
            $(<$request>::export_all(config)?; <$response>::export_all(config)?;)+
            Ok(())
        }

        /// The name and types of every command, in TypeScript.
        fn signatures(config: &Config) -> Vec<(&'static str, String, String)> {
            vec![$(($name, <$request>::name(config), <$response>::name(config))),+]
        }
    };
}

commands! {
    "app.state": Nothing => profile::AppState;
    "app.connect": profile::ConnectRequest => profile::AppState;
    "app.start_alone": profile::StartAloneRequest => profile::AppState;
    "app.unlock": profile::UnlockRequest => profile::AppState;
    "app.lock": Nothing => profile::AppState;
    "sync.now": Nothing => profile::SyncStatus;
    "sync.status": Nothing => profile::SyncStatus;

    "inbox.get": Nothing => inbox::Inbox;
    "inbox.seen": inbox::SeenRequest => Nothing;
    "attention.list": Nothing => attention::AttentionList;
    "attention.get": attention::AttentionRequest => attention::AttentionPage;
    "attention.discard": attention::AttentionRequest => Nothing;
    "attention.send_again": attention::SendAgainRequest => mutations::Done;

    "lists.open": lists::OpenListRequest => lists::OpenList;
    "lists.rows": lists::RowsRequest => lists::Rows;
    "search.records": lists::SearchRequest => lists::SearchHits;

    "releases.board": releases::BoardRequest => releases::Board;
    "releases.get": releases::ReleaseRequest => releases::ReleasePage;
    "releases.create": releases::NewReleaseRequest => mutations::Done;
    "releases.act": releases::ReleaseActRequest => mutations::Done;
    "releases.propose_ci_plan": releases::ReleaseRequest => releases::ProposedCiPlan;
    "tasks.create": releases::NewTaskRequest => mutations::Done;
    "tasks.act": releases::TaskActRequest => mutations::Done;
    "approvals.act": approvals::ApprovalActRequest => mutations::Done;
    "approvals.delegate": approvals::DelegateRequest => mutations::Done;
    "approvals.revoke_delegation": approvals::RevokeDelegationRequest => mutations::Done;

    "changes.get": changes::ChangeRequest => changes::ChangePage;
    "changes.create": changes::NewChangeRequest => mutations::Done;
    "changes.act": changes::ChangeActRequest => mutations::Done;

    "cmdb.get": cmdb::CiRequest => cmdb::CiPage;
    "cmdb.create": cmdb::NewCiRequest => mutations::Done;
    "cmdb.act": cmdb::CiActRequest => mutations::Done;

    "dsl.get": dsl::DslRequest => dsl::DslPage;
    "dsl.submit": dsl::SubmitRequest => mutations::Done;
    "dsl.act": dsl::DslActRequest => mutations::Done;

    "dhs.get": dhs::UnitRequest => dhs::UnitPage;
    "dhs.put_model": dhs::PutModelRequest => mutations::Done;
    "dhs.receive": dhs::ReceiveRequest => mutations::Done;
    "dhs.act": dhs::UnitActRequest => mutations::Done;

    "comments.add": mutations::CommentRequest => mutations::Done;
    "issue": mutations::IssueRequest => mutations::Done;
    "dry_run": mutations::IssueRequest => mutations::DryRun;

    "people.list": Nothing => profile::PeopleList;
    "groups.list": Nothing => profile::GroupList;
    "sites.list": Nothing => profile::SiteList;
    "settings.get": Nothing => settings::Settings;
    "settings.set": settings::SetSettingsRequest => settings::Settings;
    "setup.get": Nothing => settings::WorkspaceSetup;
    "setup.put": settings::PutSetupRequest => mutations::Done;
}

/// Writes the interface in TypeScript into an empty folder: a file for each type, and `commands.ts` over them.
///
/// # Errors
/// A type or file that cannot be written.
pub fn write_bindings(folder: &Path) -> Result<(), ExportError> {
    let config = Config::new().with_out_dir(folder).with_large_int("number");
    export_types(&config)?;
    CallError::export_all(&config)?;
    mutations::Changes::export_all(&config)?;
    std::fs::write(folder.join("commands.ts"), commands_ts(&config))?;
    Ok(())
}

fn commands_ts(config: &Config) -> String {
    let signatures = signatures(config);
    let events = [("changed", mutations::Changes::name(config)), ("sync", profile::SyncStatus::name(config))];
    let types: std::collections::BTreeSet<&String> =
        signatures.iter().flat_map(|(_, q, a)| [q, a]).chain(events.iter().map(|(_, t)| t)).collect();
    let mut out =
        String::from("// This file was generated from crates/app/src/commands.rs. Do not edit this file manually.\n");
    for name in types {
        let _ = writeln!(out, "import type {{ {name} }} from \"./{name}\";");
    }
    out.push_str("\n/** Everything that can be asked of the application, by name. */\nexport interface Commands {\n");
    for (name, request, response) in &signatures {
        let _ = writeln!(out, "  \"{name}\": {{ request: {request}; response: {response} }};");
    }
    out.push_str("}\n\n/** What the application tells unasked. */\nexport interface Events {\n");
    for (name, payload) in &events {
        let _ = writeln!(out, "  \"{name}\": {payload};");
    }
    out.push_str("}\n");
    out
}
