//! What is asked of people, groups, sites, templates, approval rules, workspace rules and freezes before they are kept.
//!
//! Each function gives the record with its texts trimmed, or every finding.

use super::{ApprovalPolicy, Freeze, FreezeScope, Repeat, TaskTemplate, TemplateTask, WorkspaceRules};
use crate::access::held_by_another;
use crate::approval::record::ApprovalRule;
use crate::cmdb::relate;
use crate::command::Edit;
use crate::id::{GroupId, PersonId, SiteId};
use crate::lookup::{Lookup, pair};
use crate::people::{Group, Person, Role, Site, SiteAccess};
use crate::record::{Entity, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::task_record::Assignee;
use crate::scope;
use crate::text;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most characters of a sign-in name.
const USER_CHARS: usize = 64;
/// Most members of a group: each is a vote to wait for.
const MEMBERS: usize = 500;
/// Most sites that somebody is given; who needs more reads all.
const ASSIGNED_SITES: usize = 500;
/// Most tasks of a template.
const TEMPLATE_TASKS: usize = 200;
/// Most groups of an approval rule.
const POLICY_GROUPS: usize = 20;
/// Longest time to a due time: a year.
const DUE_HOURS: u32 = 8_784;
/// Longest back-out period: ten years.
const BACK_OUT_DAYS: u32 = 3_660;

/// Puts a trimmed text into its place, or keeps the finding.
fn take(place: &mut String, text: Result<String, Finding>, findings: &mut Vec<Finding>) {
    match text {
        Ok(text) => *place = text,
        Err(finding) => findings.push(finding),
    }
}

pub(super) fn person(given: &Person, records: &dyn Records) -> Result<Person, Failure> {
    let mut person = given.clone();
    let mut findings = Vec::new();
    take(&mut person.name, text::filled_line("name", &given.name), &mut findings);
    person.user = given.user.trim().to_lowercase();
    findings.extend(user_finding(&person.user));
    if person.id == PersonId::SYSTEM {
        findings.push(Finding::new(
            "SYSTEM_PERSON",
            "This identity stands for the workspace itself.",
            "Create the person anew.",
        ));
    }
    if let Some(id) = records.find(Lookup::User, &person.user)?.into_iter().find(|id| *id != person.id.0)
        && let Some(other) = records.get::<Person>(PersonId(id))?
    {
        findings.push(
            Finding::new(
                "USER_TAKEN",
                format!("The sign-in name {} belongs to {}.", person.user, other.name),
                "Choose another sign-in name.",
            )
            .about(RecordRef::of(&other)),
        );
    }
    let administers = |p: &Person| p.active && p.roles.contains(&Role::Administrator);
    if let Some(before) = records.get::<Person>(person.id)?
        && administers(&before)
        && !administers(&person)
        && !held_by_another(Role::Administrator, person.id, records)?
    {
        findings.push(
            Finding::new(
                "LAST_ADMINISTRATOR",
                format!("{} is the last administrator.", before.name),
                "Make somebody else an administrator first.",
            )
            .about(RecordRef::of(&before)),
        );
    }
    none(findings)?;
    Ok(person)
}

fn user_finding(user: &str) -> Option<Finding> {
    let fits = !user.is_empty()
        && user.chars().count() <= USER_CHARS
        && user
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@' | '+'));
    (!fits).then(|| {
        let shown: String = user.chars().take(USER_CHARS).collect();
        Finding::new(
            "WRONG_USER",
            format!("{shown:?} is no sign-in name."),
            format!("Use 1 to {USER_CHARS} letters, digits and . _ - @ +, without blanks."),
        )
    })
}

pub(super) fn group(given: &Group, records: &dyn Records) -> Result<Group, Failure> {
    let mut group = given.clone();
    let mut findings = Vec::new();
    take(&mut group.name, text::filled_line("name", &given.name), &mut findings);
    findings.extend(name_taken::<Group>("group", &group.name, group.id.0, records)?);
    if group.members.len() > MEMBERS {
        findings.push(too_many("members", group.members.len(), MEMBERS));
    } else {
        findings.extend(unknown::<Person>(group.members.iter().copied(), records)?);
    }
    if let Some(lead) = group.lead
        && !group.members.contains(&lead)
    {
        findings.push(Finding::new(
            "LEAD_NOT_MEMBER",
            format!("The lead of {} is not one of its members.", group.name),
            "Add the lead to the members, or choose a member.",
        ));
    }
    none(findings)?;
    Ok(group)
}

pub(super) fn site(given: &Site, records: &dyn Records) -> Result<Site, Failure> {
    let mut site = given.clone();
    let mut findings = Vec::new();
    take(&mut site.name, text::filled_line("name", &given.name), &mut findings);
    take(&mut site.address, text::prose("address", &given.address), &mut findings);
    findings.extend(name_taken::<Site>("site", &site.name, site.id.0, records)?);
    none(findings)?;
    Ok(site)
}

pub(super) fn site_access(
    of: Assignee,
    sites: &Edit<Option<BTreeSet<SiteId>>>,
    before: Option<&SiteAccess>,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    match of {
        Assignee::Group(group) => findings.extend(unknown::<Group>([group].into_iter(), records)?),
        Assignee::Person(id) => match records.get::<Person>(id)? {
            None => findings.extend(unknown::<Person>([id].into_iter(), records)?),
            Some(person) if sites.to.is_some() && scope::reads_all(&person) => findings.push(
                Finding::new(
                    "READS_ALL",
                    format!("{} reads every site by role.", person.name),
                    "Take the roles of administrator and auditor away first.",
                )
                .about(RecordRef::of(&person)),
            ),
            Some(_) => {}
        },
    }
    if sites.from.as_ref() != before.map(|access| &access.sites) && sites.to.as_ref() != before.map(|a| &a.sites) {
        findings.push(Finding::new(
            "SITES_CHANGED",
            "Somebody else gave other sites meanwhile.",
            "Look at the sites again, then decide.",
        ));
    }
    if let Some(to) = &sites.to {
        if to.len() > ASSIGNED_SITES {
            findings.push(too_many("sites", to.len(), ASSIGNED_SITES));
        } else {
            findings.extend(unknown::<Site>(to.iter().copied(), records)?);
        }
    }
    Ok(findings)
}

pub(super) fn template(given: &TaskTemplate, records: &dyn Records) -> Result<TaskTemplate, Failure> {
    let mut template = given.clone();
    let mut findings = Vec::new();
    if template.phase.is_closed() {
        findings.push(Finding::new(
            "PHASE_CLOSED",
            format!("A release in {} has no tasks.", template.phase),
            "Choose one of the seven phases.",
        ));
    }
    for (task, given) in template.tasks.iter_mut().zip(&given.tasks) {
        take(&mut task.title, text::filled_line("title", &given.title), &mut findings);
    }
    if template.tasks.len() > TEMPLATE_TASKS {
        findings.push(too_many("tasks", template.tasks.len(), TEMPLATE_TASKS));
    } else {
        findings.extend(order_findings(&template.tasks));
    }
    let same = |t: &TaskTemplate| t.release_type == template.release_type && t.phase == template.phase;
    if records.all::<TaskTemplate>()?.iter().any(|t| t.id != template.id && same(t)) {
        findings.push(Finding::new(
            "TEMPLATE_EXISTS",
            format!("There is already a template for {} releases in {}.", template.release_type, template.phase),
            "Edit that one.",
        ));
    }
    none(findings)?;
    Ok(template)
}

/// Predecessors must exist and must not go round in a circle.
fn order_findings(tasks: &[TemplateTask]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for task in tasks {
        for after in &task.after {
            if usize::try_from(*after).map_or(true, |n| n >= tasks.len()) {
                findings.push(Finding::new(
                    "UNKNOWN_PREDECESSOR",
                    format!(
                        "{:?} comes after task {}, which the template does not have.",
                        task.title,
                        after.saturating_add(1)
                    ),
                    "Choose a task of this template.",
                ));
            }
        }
    }
    if !findings.is_empty() {
        return findings;
    }
    // Take away tasks whose predecessors are all taken; what is left goes round in a circle.
    let mut taken = BTreeSet::new();
    loop {
        let free: Vec<u32> = (0u32..)
            .zip(tasks)
            .filter(|(n, task)| !taken.contains(n) && task.after.iter().all(|a| taken.contains(a)))
            .map(|(n, _)| n)
            .collect();
        if free.is_empty() {
            break;
        }
        taken.extend(free);
    }
    let circle: Vec<String> =
        (0u32..).zip(tasks).filter(|(n, _)| !taken.contains(n)).map(|(_, task)| format!("{:?}", task.title)).collect();
    if !circle.is_empty() {
        findings.push(Finding::new(
            "PREDECESSOR_CYCLE",
            format!("These tasks wait for each other: {}.", circle.join(", ")),
            "Remove one of their predecessors.",
        ));
    }
    findings
}

pub(super) fn policy(policy: &ApprovalPolicy, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if policy.groups.is_empty() {
        findings.push(Finding::new("NO_GROUPS", "An approval rule names no group.", "Choose at least one group."));
    }
    let distinct: BTreeSet<GroupId> = policy.groups.iter().copied().collect();
    if distinct.len() != policy.groups.len() {
        findings.push(Finding::new("GROUP_TWICE", "An approval rule names a group twice.", "Name each group once."));
    }
    if distinct.len() > POLICY_GROUPS {
        findings.push(too_many("groups", distinct.len(), POLICY_GROUPS));
    } else {
        findings.extend(unknown::<Group>(distinct.into_iter(), records)?);
    }
    if policy.rule == ApprovalRule::Quorum(0) {
        findings.push(Finding::new("WRONG_QUORUM", "A quorum of none approves by itself.", "Ask for at least one."));
    }
    if !(1..=DUE_HOURS).contains(&policy.due_hours) {
        findings.push(out_of_range("Hours to the due time", policy.due_hours, 1, DUE_HOURS));
    }
    let same = |p: &ApprovalPolicy| p.gate == policy.gate && p.class == policy.class;
    if records.all::<ApprovalPolicy>()?.iter().any(|p| p.id != policy.id && same(p)) {
        findings.push(Finding::new(
            "POLICY_EXISTS",
            "There is already an approval rule for this gate and class.",
            "Edit that one.",
        ));
    }
    Ok(findings)
}

pub(super) fn rules(rules: &WorkspaceRules) -> Vec<Finding> {
    let mut findings = Vec::new();
    if rules.id != WorkspaceRules::ID {
        findings.push(Finding::new(
            "ONE_RECORD",
            "A workspace has one record of rules.",
            "Edit the one that is there.",
        ));
    }
    if rules.back_out_days > BACK_OUT_DAYS {
        findings.push(out_of_range("The back-out period in days", rules.back_out_days, 0, BACK_OUT_DAYS));
    }
    findings
}

pub(super) fn freeze(given: &Freeze, records: &dyn Records) -> Result<Freeze, Failure> {
    let mut freeze = given.clone();
    let mut findings = Vec::new();
    take(&mut freeze.title, text::filled_line("title", &given.title), &mut findings);
    if !freeze.window.is_ordered() {
        findings.push(Finding::new(
            "WINDOW_ORDER",
            "The freeze ends before it begins.",
            "Choose an end after the start.",
        ));
    }
    let covers_nothing = match &freeze.scope {
        FreezeScope::Everything => false,
        FreezeScope::Services(services) => {
            for service in services {
                findings.extend(relate::absent(*service, records)?);
            }
            services.is_empty()
        }
        FreezeScope::Sites(sites) => {
            findings.extend(unknown::<Site>(sites.iter().copied(), records)?);
            sites.is_empty()
        }
    };
    findings.extend(freeze.repeats.and_then(|repeat| never_again(&freeze, repeat)));
    if covers_nothing {
        findings.push(Finding::new(
            "NO_SCOPE",
            "The freeze covers nothing.",
            "Choose services or sites, or let it cover everything.",
        ));
    }
    none(findings)?;
    Ok(freeze)
}

/// Why a freeze cannot come again like that.
fn never_again(freeze: &Freeze, repeat: Repeat) -> Option<Finding> {
    if freeze.window.end.0.saturating_sub(freeze.window.start.0) > repeat.every.shortest_ms() {
        return Some(Finding::new(
            "REPEATS_TOO_SOON",
            "The freeze would begin again before it ends.",
            "Let it end earlier, or come again later.",
        ));
    }
    let ends = repeat.until.is_some_and(|until| until <= freeze.window.start);
    ends.then(|| {
        Finding::new(
            "WINDOW_ORDER",
            "The freeze stops coming again before it begins.",
            "Choose a later end of the repetition.",
        )
    })
}

fn name_taken<E: Entity>(kind: &str, name: &str, id: Uuid, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    let Some(other) = records.find(Lookup::Name, &pair(kind, name))?.into_iter().find(|other| *other != id) else {
        return Ok(None);
    };
    let finding = Finding::new(
        "NAME_TAKEN",
        format!("There is already a {kind} {name}."),
        "Choose another name, or edit that one.",
    );
    Ok(Some(match records.get::<E>(other.into())? {
        Some(record) => finding.about(RecordRef::of(&record)),
        None => finding,
    }))
}

/// A finding for each id that names no record of the kind.
fn unknown<E: Entity>(ids: impl Iterator<Item = E::Id>, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let kind = E::KIND.name();
    let mut findings = Vec::new();
    for id in ids {
        if records.get::<E>(id)?.is_none() {
            let id: Uuid = id.into();
            findings.push(
                Finding::new(
                    &format!("UNKNOWN_{}", kind.to_uppercase()),
                    format!("There is no {kind} {id} here."),
                    format!("Choose another {kind}, or sync: it may have been created elsewhere."),
                )
                .about(RecordRef { kind: E::KIND, id, label: id.to_string() }),
            );
        }
    }
    Ok(findings)
}

fn too_many(what: &str, count: usize, limit: usize) -> Finding {
    Finding::new("TOO_MANY", format!("{count} {what} are too many."), format!("At most {limit} are possible."))
        .with("count", count)
        .with("limit", limit)
}

fn out_of_range(what: &str, value: u32, least: u32, most: u32) -> Finding {
    Finding::new("OUT_OF_RANGE", format!("{what} cannot be {value}."), format!("Choose from {least} to {most}."))
}
