//! Scanning straight into the reconcile queue: each code is recorded as seen where one stands, and answered at once.

use crate::App;
use crate::bulk::words;
use crate::error::CallError;
use crate::resolve;
use crate::rows;
use crate::sight::Sight;
use crate::view::cmdb::FieldDifference;
use crate::view::mutations::Done;
use crate::view::scanning::{ScanAnswer, ScanOutcome, ScanRequest, UndoScanRequest};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::observation::identify::Recognised;
use slipway_domain::cmdb::observation::scan::{CodeKind, SOURCE, scanned};
use slipway_domain::cmdb::observation::sight::{Seen, Sighting, seen_before};
use slipway_domain::cmdb::observation::withdraw::Withdrawal;
use slipway_domain::cmdb::observation::{Observation, ObservationCommand};
use slipway_domain::command::Command;
use slipway_domain::id::ObservationId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Finding, Refusal};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Records what was scanned, and says how it stands.
///
/// # Errors
/// A code, site or place that cannot be, a refusal, or trouble.
pub fn scan(app: &App, request: &ScanRequest) -> Result<ScanAnswer, CallError> {
    let seen_at = app.host().now();
    let (sighting, before, found) = app.read(|sight| {
        let code = scanned(&request.code, request.otherwise.unwrap_or(CodeKind::AssetTag), sight.records)?;
        let site = match request.site.trim() {
            "" => None,
            named => Some(resolve::site(sight, named)?.id),
        };
        let mut facts = BTreeMap::new();
        for (field, value) in [("location.room", &request.room), ("location.rack", &request.rack)] {
            if !value.trim().is_empty() {
                facts.insert(field.to_owned(), value.trim().to_owned());
            }
        }
        let seen = Seen::Thing { identity: code.identity, class: String::new(), facts };
        let sighting = Sighting { line: 1, source: SOURCE.to_owned(), seen_at, site, seen };
        let before = seen_before(&sighting, sight.records)?;
        Ok((sighting, before, code.found))
    })?;
    let command = Command::Observation(ObservationCommand::Record(vec![sighting]));
    // A row that is refused is no reason to send a command of nothing.
    let tried = app.open()?.try_all(app, std::slice::from_ref(&command))?;
    if !tried.conflicts.is_empty() {
        let findings = tried.conflicts.into_iter().map(|conflict| conflict.finding).collect();
        return Err(CallError::from(Refusal { findings }));
    }
    let done = app.issue(command, None)?;
    app.read(|sight| answer(sight, &done, before.clone(), &found))
}

/// How what was recorded stands.
fn answer(
    sight: Sight<'_>,
    done: &Done,
    before: Option<Sighting>,
    found: &Recognised,
) -> Result<ScanAnswer, CallError> {
    let mut observed: Option<Observation> = None;
    for id in &done.changes.ids {
        let id: Option<Uuid> = id.parse().ok();
        if let Some(id) = id
            && let Some(one) = sight.records.get::<Observation>(ObservationId(id))?
        {
            observed = Some(one);
        }
    }
    let Some(observed) = observed else {
        return Err(Finding::new(
            "NOTHING_SEEN",
            "Nothing new came of this scan: a later one of the same thing is here already.",
            "Set the clock of this computer, then scan it again.",
        )
        .into());
    };
    let ci: Option<Ci> = match observed.ci {
        Some(id) => sight.records.get(id)?,
        None => None,
    };
    let open = ci.as_ref().map(|ci| observed.open(ci)).unwrap_or_default();
    let mut differences = Vec::new();
    for d in open.into_iter().filter(|difference| !difference.is_gap()) {
        let (was, is) = (words(sight, &d.field, &d.recorded)?, words(sight, &d.field, &d.seen)?);
        differences.push(FieldDifference { field: d.field, was, is });
    }
    let candidates = match (&ci, found) {
        (None, Recognised::OneOf(cis)) => rows::rows(sight, Kind::Ci, cis.iter().copied())?,
        _ => Vec::new(),
    };
    let outcome = match &ci {
        Some(_) if differences.is_empty() => ScanOutcome::Matches,
        Some(_) => ScanOutcome::Elsewhere,
        None if candidates.is_empty() => ScanOutcome::Unknown,
        None => ScanOutcome::Ambiguous,
    };
    Ok(ScanAnswer {
        outcome,
        label: observed.label.clone(),
        ci: ci.map(|ci| rows::row(sight, &Record::from(ci))).transpose()?,
        candidates,
        differences,
        again: before.is_some(),
        undo: UndoScanRequest { observation: observed.id.to_string(), seen_at: observed.seen_at, before },
    })
}

/// Takes a scan back: what was scanned of the thing before stands again.
///
/// # Errors
/// `NOT_FOUND`, a refusal, or trouble.
pub fn undo(app: &App, request: &UndoScanRequest) -> Result<Done, CallError> {
    let observation = request.observation.parse::<Uuid>().map_err(|_| {
        let sentence = format!("There is no observation {:?} here.", request.observation);
        CallError::from(Finding::new("NOT_FOUND", sentence, "Give the one that the scan was answered with."))
    })?;
    let withdrawal = Withdrawal {
        observation: ObservationId(observation),
        seen_at: request.seen_at,
        before: request.before.clone().map(Box::new),
    };
    app.issue(Command::Observation(ObservationCommand::Withdraw(withdrawal)), None)
}
