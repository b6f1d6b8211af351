//! CI groups: their members, what uses them, and what a dynamic one finds now.

use crate::error::CallError;
use crate::filters;
use crate::view::groups::{CiGroupActRequest, CiGroupPage, CiGroupRequest, FoundNow};
use crate::view::mutations::{Changes, Done};
use crate::view::releases::LINES_MOST;
use crate::{App, action_code, missing, resolve, rows, unknown_action};
use slipway_domain::cmdb::GROUP_MEMBERS;
use slipway_domain::cmdb::fill::FoundMembers;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::execute::Effect;
use slipway_domain::id::{CiGroupId, CiId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use slipway_domain::release::record::Release;
use slipway_store::list::ListSpec;
use std::collections::BTreeSet;

/// The page of a CI group.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &CiGroupRequest) -> Result<CiGroupPage, CallError> {
    let group = app.read(|sight| resolve::ci_group(sight, &request.group))?;
    let found = match &group.filter {
        Some(filter) => match look(app, filter) {
            Ok(found) => Some(FoundNow {
                count: u32::try_from(found.len()).unwrap_or(u32::MAX),
                added: u32::try_from(found.difference(&group.members).count()).unwrap_or(u32::MAX),
                gone: u32::try_from(group.members.difference(&found).count()).unwrap_or(u32::MAX),
                trouble: None,
            }),
            // A filter that cannot be looked up now is said beside the members that were found last.
            Err(CallError::Refused { findings }) => Some(FoundNow {
                trouble: findings.first().map(|f| format!("{} {}", f.sentence, f.way_out)),
                ..FoundNow::default()
            }),
            Err(trouble) => return Err(trouble),
        },
        None => None,
    };
    app.read(|sight| {
        let members = rows::rows(sight, Kind::Ci, group.members.iter().copied().take(LINES_MOST))?;
        let mut releases = Vec::new();
        for release in sight.records.list::<Release>(Lookup::OpenReleaseOfGroup, &group.id.to_string())? {
            releases.push(rows::row(sight, &release.into())?);
        }
        Ok(CiGroupPage {
            id: group.id.to_string(),
            name: group.name.clone(),
            filter: group.filter.clone(),
            enough: group.enough,
            member_count: u32::try_from(group.members.len()).unwrap_or(u32::MAX),
            members,
            releases,
            found,
        })
    })
}

/// Creates a CI group, or does something with one.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &CiGroupActRequest) -> Result<Done, CallError> {
    let action = action_code(&request.action);
    let named = || request.cis.iter().map(|text| Ok(app.read(|sight| resolve::ci(sight, text))?.id)).collect();
    if action == "create" {
        let members: Result<BTreeSet<CiId>, CallError> = match &request.filter {
            Some(filter) => look(app, filter),
            None => named(),
        };
        return put(
            app,
            CiGroup {
                id: CiGroupId(app.host().new_id()),
                name: request.name.clone().ok_or_else(|| missing(&action, "name"))?,
                members: members?,
                enough: request.enough,
                filter: request.filter.clone(),
            },
        );
    }
    let text = request.group.as_deref().ok_or_else(|| missing(&action, "group"))?;
    let mut group = app.read(|sight| resolve::ci_group(sight, text))?;
    let named: Result<BTreeSet<CiId>, CallError> = named();
    match action.as_str() {
        "add" | "remove" if group.filter.is_some() => {
            return Err(Finding::new(
                "GROUP_IS_DYNAMIC",
                format!("The members of {} are what its filter finds.", group.name),
                "Change its filter, or make a group without one.",
            )
            .into());
        }
        "add" => group.members.extend(named?),
        "remove" => {
            let gone = named?;
            group.members.retain(|member| !gone.contains(member));
        }
        "rename" => group.name = request.name.clone().ok_or_else(|| missing(&action, "name"))?,
        "set_enough" => group.enough = request.enough,
        "set_filter" => {
            let filter = request.filter.clone().filter(|filter| !filter.trim().is_empty());
            if let Some(filter) = &filter {
                group.members = look(app, filter)?;
            }
            group.filter = filter;
        }
        "fill" => {
            let id = group.id;
            return match filling(app, group)? {
                Some(command) => app.issue(command, Some((Kind::CiGroup, id.0))),
                None => Ok(Done { effect: Effect::unchanged(), changes: Changes::default(), record: None }),
            };
        }
        other => return Err(unknown_action("a CI group", other)),
    }
    put(app, group)
}

fn put(app: &App, group: CiGroup) -> Result<Done, CallError> {
    let key = Some((Kind::CiGroup, group.id.0));
    app.issue(Command::Cmdb(CmdbCommand::PutGroup(group)), key)
}

/// The command that makes what its filter finds now the members of a dynamic group; `None` where they are already.
fn filling(app: &App, group: CiGroup) -> Result<Option<Command>, CallError> {
    let Some(filter) = group.filter else { return Ok(None) };
    let members = look(app, &filter)?;
    if members == group.members {
        return Ok(None);
    }
    Ok(Some(Command::Cmdb(CmdbCommand::FillGroup(FoundMembers { group: group.id, filter, members }))))
}

/// Looks up the dynamic groups of a release that are not frozen into its scope: what its approval will be asked for.
///
/// # Errors
/// A refusal, or trouble.
pub(crate) fn fill_groups_of(app: &App, release: &Release) -> Result<(), CallError> {
    let scope = &release.scope;
    for id in scope.ci_groups.iter().filter(|id| !scope.frozen_groups.contains_key(id)) {
        let group = app.read(|sight| Ok::<_, CallError>(sight.records.get::<CiGroup>(*id)?))?;
        let Some(group) = group else { continue };
        if let Some(command) = filling(app, group)? {
            app.issue(command, Some((Kind::CiGroup, id.0)))?;
        }
    }
    Ok(())
}

/// What the filter of a dynamic group finds now: all of it, or nothing.
fn look(app: &App, text: &str) -> Result<BTreeSet<CiId>, CallError> {
    let filter = filters::for_everybody(app, Kind::Ci, text)?;
    let list = app.open()?.store.open_list(&ListSpec { kind: Kind::Ci, filter, sort: None, descending: false })?;
    filters::whole(&list, text)?;
    if list.total > GROUP_MEMBERS {
        return Err(Finding::new(
            "TOO_MANY_MEMBERS",
            format!("{text} finds {} CIs; a group has at most {GROUP_MEMBERS}.", list.total),
            "Narrow the filter.",
        )
        .into());
    }
    Ok(list.ids.into_iter().map(CiId).collect())
}
