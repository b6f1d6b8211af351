//! Redundancy rules: so many of these are enough for this CI.

use crate::error::CallError;
use crate::view::cmdb::CiRequest;
use crate::view::impact::{RedundancyActRequest, RedundancyLine, RedundancyList};
use crate::view::mutations::Done;
use crate::{App, action_code, missing, resolve, rows, unknown_action};
use slipway_domain::cmdb::impact::{Direction, Question, analyse};
use slipway_domain::cmdb::redundancy::{self, Redundancy};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::RedundancyId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use std::collections::BTreeSet;

/// The rules about a CI, and what it needs directly.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn list(app: &App, request: &CiRequest) -> Result<RedundancyList, CallError> {
    app.read(|sight| {
        let ci = resolve::ci(sight, &request.ci)?;
        let by_name = |ids: Vec<uuid::Uuid>| -> Result<_, CallError> {
            let mut found = rows::rows(sight, Kind::Ci, ids)?;
            found.sort_by(|a, b| a.label.cmp(&b.label));
            Ok(found)
        };
        let mut rules = Vec::new();
        for rule in redundancy::of(ci.id, true, sight.records)? {
            // A CI that is not held here cannot be shown, and so neither can what spares it.
            let Some(of) = rows::rows(sight, Kind::Ci, [rule.ci])?.pop() else { continue };
            let providers = by_name(rule.providers.iter().map(|p| p.0).collect())?;
            rules.push(RedundancyLine { ci: of, providers, rule });
        }
        rules.sort_by_key(|line| line.rule.ci != ci.id);
        let needed = Question { direction: Direction::Upstream, ..Question::downstream([ci.id].into(), 1) };
        let needed = analyse(&needed, sight.records)?;
        let providers = by_name(needed.reached.iter().filter(|r| r.depth > 0).map(|r| r.ci.0).collect())?;
        Ok(RedundancyList { rules, providers })
    })
}

/// Makes, changes or removes a rule.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &RedundancyActRequest) -> Result<Done, CallError> {
    let action = action_code(&request.action);
    let rule = match &request.rule {
        Some(text) => Some(resolve::must_id::<RedundancyId>("redundancy rule", text)?),
        None => None,
    };
    match action.as_str() {
        "put" => {
            let before = app.read(|sight| match rule {
                Some(id) => Ok::<_, CallError>(sight.records.get::<Redundancy>(id)?),
                None => Ok(None),
            })?;
            let ci = match (&request.ci, &before) {
                (Some(text), _) => app.read(|sight| resolve::ci(sight, text))?.id,
                (None, Some(before)) => before.ci,
                (None, None) => return Err(missing(&action, "ci")),
            };
            let named: BTreeSet<_> = app.read(|sight| {
                request.providers.iter().map(|text| Ok(resolve::ci(sight, text)?.id)).collect::<Result<_, CallError>>()
            })?;
            let providers = match &before {
                Some(before) if named.is_empty() => before.providers.clone(),
                _ => named,
            };
            let enough = request.enough.or(before.map(|b| b.enough)).ok_or_else(|| missing(&action, "enough"))?;
            let id = rule.unwrap_or_else(|| RedundancyId(app.host().new_id()));
            let rule = Redundancy { id, ci, providers, enough };
            app.issue(Command::Cmdb(CmdbCommand::PutRedundancy(rule)), Some((Kind::Ci, ci.0)))
        }
        "remove" => {
            let id = rule.ok_or_else(|| missing(&action, "rule"))?;
            app.issue(Command::Cmdb(CmdbCommand::RemoveRedundancy(id)), None)
        }
        other => Err(unknown_action("a redundancy rule", other)),
    }
}
