//! Settings: the person's own on this computer, people and groups, and what is set up for the workspace.

use crate::App;
use crate::error::CallError;
use crate::resolve;
use crate::start;
use crate::view::common::Nothing;
use crate::view::mutations::{CommentRequest, Done};
use crate::view::profile::{GroupList, GroupView, PeopleList, SiteList};
use crate::view::settings::{PutSetupRequest, SetSettingsRequest, Settings, WorkspaceSetup};
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::command::about::about;
use slipway_domain::command::{CmdbCommand, Command, SetupCommand};
use slipway_domain::comment::Comment;
use slipway_domain::id::{CiGroupId, CommentId, FreezeId, GroupId, PersonId, SettingId, SiteId};
use slipway_domain::people::{Delegation, Group, Person, Role, Site};
use slipway_domain::record::RecordRef;
use slipway_domain::records::RecordsExt;
use slipway_domain::setting::{ApprovalPolicy, Freeze, TaskTemplate, WorkspaceRules};

/// Under which name the settings are remembered.
const SETTINGS: &str = "settings";

/// The person's settings; what cannot be read is as at first.
///
/// # Errors
/// Trouble.
pub fn get(app: &App, _: &Nothing) -> Result<Settings, CallError> {
    let text = app.open()?.store.remembered(SETTINGS)?.unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Replaces the person's settings.
///
/// # Errors
/// Trouble.
pub fn set(app: &App, request: &SetSettingsRequest) -> Result<Settings, CallError> {
    let text = serde_json::to_string(&request.settings).unwrap_or_default();
    app.open()?.store.remember(SETTINGS, &text)?;
    Ok(request.settings.clone())
}

/// Everybody who has a record here, by name.
///
/// # Errors
/// Trouble.
pub fn people(app: &App, _: &Nothing) -> Result<PeopleList, CallError> {
    app.read(|sight| {
        let mut people = sight.records.all::<Person>()?;
        people.sort_by_key(|p| p.name.to_lowercase());
        let administers = |p: &Person| p.id == sight.me && p.active && p.roles.contains(&Role::Administrator);
        let may_set_passwords = people.iter().any(administers) && app.open()?.session.account().is_some();
        Ok(PeopleList { people: people.into_iter().map(start::view).collect(), may_set_passwords })
    })
}

/// Every group, by name.
///
/// # Errors
/// Trouble.
pub fn groups(app: &App, _: &Nothing) -> Result<GroupList, CallError> {
    app.read(|sight| {
        let mut groups = sight.records.all::<Group>()?;
        groups.sort_by_key(|g| g.name.to_lowercase());
        let view = |group: Group| {
            let mut members = Vec::new();
            for id in group.members {
                members.extend(sight.records.get::<Person>(id)?.map(start::view));
            }
            Ok::<_, CallError>(GroupView {
                id: group.id.to_string(),
                name: group.name,
                members,
                lead: group.lead.map(|id| id.to_string()),
            })
        };
        Ok(GroupList { groups: groups.into_iter().map(view).collect::<Result<_, _>>()? })
    })
}

/// Every site, by name.
///
/// # Errors
/// Trouble.
pub fn sites(app: &App, _: &Nothing) -> Result<SiteList, CallError> {
    app.read(|sight| {
        let mut sites = sight.records.all::<Site>()?;
        sites.sort_by_key(|s| s.name.to_lowercase());
        Ok(SiteList { sites })
    })
}

/// What is set up for the workspace.
///
/// # Errors
/// Trouble.
pub fn workspace(app: &App, _: &Nothing) -> Result<WorkspaceSetup, CallError> {
    app.read(|sight| {
        let records = sight.records;
        let mut delegations = records.all::<Delegation>()?;
        delegations.retain(|d| !d.revoked && d.ends_at > sight.now);
        Ok(WorkspaceSetup {
            sites: records.all()?,
            task_templates: records.all::<TaskTemplate>()?,
            approval_policies: records.all::<ApprovalPolicy>()?,
            rules: records.get(WorkspaceRules::ID)?.unwrap_or_default(),
            freezes: records.all()?,
            delegations,
        })
    })
}

/// Creates or replaces a part of the workspace's set-up.
///
/// # Errors
/// A refusal, or trouble.
pub fn put(app: &App, request: &PutSetupRequest) -> Result<Done, CallError> {
    let new = || app.host().new_id();
    let command = match request.clone() {
        PutSetupRequest::Person { id, name, user, roles, active } => Command::Setup(SetupCommand::PutPerson(Person {
            id: id.unwrap_or_else(|| PersonId(new())),
            name,
            user,
            roles,
            active,
        })),
        PutSetupRequest::Group { id, name, members, lead } => Command::Setup(SetupCommand::PutGroup(Group {
            id: id.unwrap_or_else(|| GroupId(new())),
            name,
            members,
            lead,
        })),
        PutSetupRequest::Site { id, name, address } => {
            Command::Setup(SetupCommand::PutSite(Site { id: id.unwrap_or_else(|| SiteId(new())), name, address }))
        }
        PutSetupRequest::CiGroup { id, name, members, enough, filter } => {
            Command::Cmdb(CmdbCommand::PutGroup(CiGroup {
                id: id.unwrap_or_else(|| CiGroupId(new())),
                name,
                members,
                enough,
                filter,
            }))
        }
        PutSetupRequest::ApprovalPolicy { id, gate, class, groups, rule, due_hours } => {
            Command::Setup(SetupCommand::PutApprovalPolicy(ApprovalPolicy {
                id: id.unwrap_or_else(|| SettingId(new())),
                gate,
                class,
                groups,
                rule,
                due_hours,
            }))
        }
        PutSetupRequest::Freeze { id, title, window, scope, strength, repeats } => {
            Command::Setup(SetupCommand::PutFreeze(Freeze {
                id: id.unwrap_or_else(|| FreezeId(new())),
                title,
                window,
                scope,
                strength,
                repeats,
            }))
        }
    };
    let key = about(&command);
    app.issue(command, key)
}

/// Adds a remark to a record.
///
/// # Errors
/// A refusal, or trouble.
pub fn comment(app: &App, request: &CommentRequest) -> Result<Done, CallError> {
    let on = app.read(|sight| Ok(RecordRef::to(&resolve::any(sight, request.kind, &request.record)?)))?;
    let key = Some((on.kind, on.id));
    let comment = Comment {
        id: CommentId(app.host().new_id()),
        on,
        text: request.text.clone(),
        by: app.open()?.actor,
        at: app.host().now(),
    };
    app.issue(Command::Comment(comment), key)
}
