//! Possible duplicates: the queue, a look before saving, and what is decided.

use crate::baselines::differences;
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::moments::{
    AlikeCi, AlikeList, AlikeRequest, DuplicateActRequest, DuplicateList, DuplicatePair, DuplicatesRequest,
};
use crate::view::mutations::Done;
use crate::{App, action_code, missing, resolve, rows, unknown_action};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::duplicate::{CiDuplicate, Sign, alike as look};
use slipway_domain::cmdb::moment::field_changes;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::CiId;
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use std::collections::BTreeSet;

/// Most pairs of the list.
const PAIRS_MOST: usize = 200;

/// Pairs that nobody decided on.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn list(app: &App, request: &DuplicatesRequest) -> Result<DuplicateList, CallError> {
    app.read(|sight| {
        let (lookup, key) = match &request.ci {
            Some(ci) => (Lookup::DuplicatesOf, resolve::ci(sight, ci)?.id.to_string()),
            None => (Lookup::OpenDuplicates, Kind::CiDuplicate.name().to_owned()),
        };
        let ids = sight.records.find(lookup, &key)?;
        let total = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let mut pairs = Vec::new();
        for id in ids.into_iter().take(PAIRS_MOST) {
            if let Some(found) = sight.records.get::<CiDuplicate>(id.into())?
                && found.dismissed.is_none()
            {
                pairs.extend(pair(sight, &found)?);
            }
        }
        pairs.sort_by(|a, b| (a.at, &a.first.label).cmp(&(b.at, &b.first.label)));
        Ok(DuplicateList { pairs, total })
    })
}

fn pair(sight: Sight<'_>, found: &CiDuplicate) -> Result<Option<DuplicatePair>, Fault> {
    let both = (sight.records.get::<Ci>(found.first)?, sight.records.get::<Ci>(found.second)?);
    let (Some(first), Some(second)) = both else { return Ok(None) };
    Ok(Some(DuplicatePair {
        id: found.id.to_string(),
        signs: labels(&found.signs),
        at: found.at,
        differences: differences(sight, &field_changes(&first, &second))?,
        first: rows::row(sight, &first.into())?,
        second: rows::row(sight, &second.into())?,
    }))
}

fn labels(signs: &BTreeSet<Sign>) -> Vec<String> {
    signs.iter().map(|sign| sign.label().to_owned()).collect()
}

/// CIs that look like one that is about to be entered.
///
/// # Errors
/// Trouble.
pub fn alike(app: &App, request: &AlikeRequest) -> Result<AlikeList, CallError> {
    let id = CiId(uuid::Uuid::nil());
    let mut ci = Ci::blank(id, Number::provisional(Series::Ci, id.0), &request.class, &request.name);
    ci.serial_number.clone_from(&request.serial_number);
    ci.asset_tag.clone_from(&request.asset_tag);
    ci.attributes.clone_from(&request.attributes);
    app.read(|sight| {
        let mut cis = Vec::new();
        for (id, signs) in look(&ci, sight.records)? {
            if let Some(ci) = sight.records.get::<Ci>(id)? {
                cis.push(AlikeCi { ci: rows::row(sight, &ci.into())?, signs: labels(&signs) });
            }
        }
        Ok(AlikeList { cis })
    })
}

/// Merges two CIs, undoes that, or says that they are two.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &DuplicateActRequest) -> Result<Done, CallError> {
    let action = action_code(&request.action);
    let ci = |given: &Option<String>, field: &str| -> Result<CiId, CallError> {
        let text = given.as_deref().ok_or_else(|| missing(&action, field))?;
        app.read(|sight| resolve::must_ci(sight, text))
    };
    let gone = ci(&request.gone, "gone")?;
    let (command, about) = match action.as_str() {
        "merge" => {
            let kept = ci(&request.kept, "kept")?;
            (CmdbCommand::MergeCi { kept, gone, take: request.take.clone() }, kept)
        }
        "undo_merge" => (CmdbCommand::UndoMerge(gone), gone),
        "dismiss" => {
            let pair = CiDuplicate::id_of(ci(&request.kept, "kept")?, gone);
            let reason = request.reason.clone().unwrap_or_default();
            (CmdbCommand::DismissDuplicate { pair, reason }, gone)
        }
        other => return Err(unknown_action("possible duplicates", other)),
    };
    app.issue(Command::Cmdb(command), Some((Kind::Ci, about.0)))
}
