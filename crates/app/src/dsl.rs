//! The Definitive Software Library: the item page, handing in, actions.

use crate::error::CallError;
use crate::releases::page::comments;
use crate::sight::{Sight, path};
use crate::view::common::{Hue, Pill};
use crate::view::dsl::{CheckLine, DslActRequest, DslPage, DslRequest, SubmitRequest};
use crate::view::mutations::Done;
use crate::{App, action_code, jobs, missing, pills, resolve, rows, unknown_action};
use slipway_domain::command::{Command, DslCommand};
use slipway_domain::dsl::item::{CheckKind, DslItem, ItemKind, ItemState};
use slipway_domain::dsl::item_actions;
use slipway_domain::id::DslItemId;
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use slipway_domain::refusal::Finding;
use std::collections::{BTreeMap, BTreeSet};

pub mod checks;
pub mod components;
pub mod files;
pub mod set;
pub mod signature;
pub mod sums;

/// The page of an item.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &DslRequest) -> Result<DslPage, CallError> {
    app.read(|sight| {
        let item = resolve::item(sight, &request.item)?;
        let record = Record::from(item.clone());
        let accepted_by = item.accepted_by.map(|id| sight.named(Kind::Person, id)).transpose()?;
        let releases = sight.records.find(Lookup::OpenReleaseOfItem, &item.id.to_string())?;
        let others = sight.beside.titled(Kind::DslItem, &item.name)?;
        Ok(DslPage {
            path: path(&record).unwrap_or_default(),
            pill: pills::item(item.state),
            checks: CheckKind::ALL.iter().map(|&kind| check(sight, &item, kind)).collect::<Result<_, _>>()?,
            submitted_by: sight.named(Kind::Person, item.submitted_by)?,
            accepted_by,
            actions: item_actions(&item, &sight.person()?, sight.records)?,
            releases: rows::rows(sight, Kind::Release, releases)?,
            versions: rows::rows(sight, Kind::DslItem, others.into_iter().filter(|id| *id != item.id.0))?,
            comments: comments(sight, item.id.into())?,
            sync: sight.mark(&record)?,
            item,
        })
    })
}

fn check(sight: Sight<'_>, item: &DslItem, kind: CheckKind) -> Result<CheckLine, Fault> {
    let recorded = item.checks.get(&kind);
    let (label, hue) = match recorded {
        Some(check) if check.passed => ("passed", Hue::Ok),
        Some(_) => ("failed", Hue::Bad),
        None => ("not recorded", Hue::Warn),
    };
    Ok(CheckLine {
        check: kind,
        label: kind.label().to_owned(),
        pill: Pill { label: label.to_owned(), hue },
        note: recorded.map(|c| c.note.clone()).unwrap_or_default(),
        by: recorded.map(|c| sight.named(Kind::Person, c.by)).transpose()?,
        at: recorded.map(|c| c.at),
    })
}

/// What is said to who wants to change a master.
fn frozen(item: &DslItem) -> Finding {
    Finding::new(
        "MASTER_IMMUTABLE",
        format!("{} {} is {} and never changes again.", item.name, item.version, item.state),
        "Hand in another version.",
    )
    .about(item.reference())
}

/// Hands an item in; its files are read, hashed and kept while they stream by.
///
/// # Errors
/// A refusal, or trouble with a file.
pub fn submit(app: &App, request: &SubmitRequest) -> Result<Done, CallError> {
    let id = DslItemId(app.host().new_id());
    let open = app.open()?;
    let item = DslItem {
        id,
        number: Number::provisional(Series::DslItem, id.0),
        name: request.name.clone(),
        version: request.version.clone(),
        vendor: request.vendor.clone(),
        kind: request.kind.unwrap_or(ItemKind::Package),
        platform: request.platform.clone(),
        licence: request.licence.clone(),
        files: Vec::new(),
        state: ItemState::Submitted,
        checks: BTreeMap::new(),
        submitted_by: open.actor,
        submitted_at: app.host().now(),
        handed_in_by: BTreeSet::new(),
        accepted_by: None,
        accepted_at: None,
        withdrawn_because: String::new(),
        sbom: None,
    };
    // Before anything is handed in: a file that cannot be read keeps all of it from being.
    jobs::files::look(&request.paths)?;
    let hand_in = |item: &DslItem| {
        app.create(Series::DslItem, (Kind::DslItem, id.0), &mut |number| {
            Command::Dsl(id, DslCommand::Submit(Box::new(DslItem { number, ..item.clone() })))
        })
    };
    if request.in_background {
        let done = hand_in(&item)?;
        if !request.paths.is_empty() {
            jobs::files::begin_keep(app, &item, &request.paths)?;
        }
        return Ok(done);
    }
    open.try_all(app, &[Command::Dsl(id, DslCommand::Submit(Box::new(item.clone())))])?;
    let files = jobs::files::take_in(app, &request.paths)?;
    let uploads = jobs::files::uploads(id, &files);
    if !open.alone {
        uploads.iter().try_for_each(|upload| open.store.await_upload(*upload, app.host().now()))?;
    }
    hand_in(&DslItem { files, ..item }).inspect_err(|_| {
        for upload in &uploads {
            let _ = open.store.uploaded(*upload);
        }
    })
}

/// Does something with an item.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &DslActRequest) -> Result<Done, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    let action = action_code(&request.action);
    let command = match action.as_str() {
        "record_check" => DslCommand::RecordCheck {
            check: request.check.ok_or_else(|| missing(&action, "check"))?,
            passed: request.passed.ok_or_else(|| missing(&action, "passed"))?,
            note: request.note.clone().unwrap_or_default(),
            // Who checks by hand saw the files as they are listed here.
            files: (request.check != Some(CheckKind::Licence)).then(|| item.files_digest()),
        },
        "accept" => DslCommand::Accept,
        "supersede" => DslCommand::Supersede,
        "withdraw" => DslCommand::Withdraw { reason: request.reason.clone().unwrap_or_default() },
        other => return Err(unknown_action("a DSL item", other)),
    };
    app.issue(Command::Dsl(item.id, command), Some((Kind::DslItem, item.id.0)))
}
