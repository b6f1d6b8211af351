//! Many CIs edited at once, and dynamic groups.

use crate::builders::{CORA, RITA, TESS, World};
use crate::cmdb::id;
use crate::story::{PAYROLL, REL, a_world, request};
use slipway_domain::approval::record::{Approval, Subject};
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::edit_many::{CiEdit, undone};
use slipway_domain::cmdb::fill::FoundMembers;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::command::{BULK_ROWS, CmdbCommand, Command, ReleaseCommand, ReleaseEdit};
use slipway_domain::id::{ApprovalId, CiGroupId, CiId};
use slipway_domain::number::{Number, Series};
use slipway_domain::release::scope::digest;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Lets the application of the story through.
const FILTER: &str = "name:payroll";
const GROUP: CiGroupId = CiGroupId(Uuid::from_u128(0x61));

fn with_cis(count: u128) -> World {
    let mut world = World::new();
    for n in 1..=count {
        let mut ci = Ci::blank(id(n), Number::new(Series::Ci, u32::try_from(n).unwrap()), "server", &format!("ci-{n}"));
        ci.version = "1".to_owned();
        world.put(ci);
    }
    world
}

fn edit(n: u128, changes: &[(&str, &str, &str)]) -> CiEdit {
    let change = |(field, from, to): &(&str, &str, &str)| FieldChange {
        field: (*field).to_owned(),
        from: (*from).to_owned(),
        to: (*to).to_owned(),
    };
    CiEdit { ci: id(n), changes: changes.iter().map(change).collect() }
}

fn edits(edits: Vec<CiEdit>) -> Command {
    Command::Cmdb(CmdbCommand::EditCis(edits))
}

#[test]
fn each_ci_is_judged_by_itself() {
    let mut world = with_cis(4);
    let effect = world.must(
        CORA,
        &edits(vec![
            edit(1, &[("version", "1", "2"), ("status", "in use", "retired")]),
            edit(2, &[("version", "0", "2")]),
            edit(3, &[("environment", "production", "moon")]),
            edit(9, &[("version", "1", "2")]),
            edit(4, &[("status", "in use", "planned/on order")]),
            edit(1, &[("version", "2", "3")]),
        ]),
    );
    assert_eq!((effect.updated, effect.unchanged), (1, 2), "{effect:?}");
    let found: Vec<_> = effect.conflicts.iter().map(|c| (c.line.unwrap(), c.finding.code.as_str())).collect();
    let expected = [(2, "FIELD_CHANGED"), (3, "WRONG_VALUE"), (4, "NOT_FOUND"), (5, "STATUS_MOVE"), (6, "CI_TWICE")];
    assert_eq!(found, expected);
    let ci: Ci = world.get(id(1));
    assert_eq!((ci.version.as_str(), ci.status), ("2", CiStatus::Retired));
    assert_eq!(world.get::<Ci>(id(4)).status, CiStatus::InUse);
}

#[test]
fn a_step_turned_round_undoes_it_where_nobody_was_meanwhile() {
    let mut world = with_cis(2);
    let step = vec![
        edit(1, &[("version", "1", "2"), ("status", "in use", "in maintenance")]),
        edit(2, &[("version", "1", "2"), ("model", "", "X")]),
    ];
    world.must(CORA, &edits(step.clone()));
    world.must(TESS, &Command::Cmdb(CmdbCommand::SetFields(id(2), edit(2, &[("version", "2", "3")]).changes)));
    let effect = world.must(CORA, &edits(undone(&step)));
    let kept: Vec<_> = effect.conflicts.iter().map(|c| (c.line, c.field.as_deref(), c.theirs.as_str())).collect();
    assert_eq!(kept, [(Some(2), Some("version"), "3")], "what Tess set stays");
    let (one, two): (Ci, Ci) = (world.get(id(1)), world.get(id(2)));
    assert_eq!((one.version.as_str(), one.status), ("1", CiStatus::InUse));
    assert_eq!((two.version.as_str(), two.model.as_str()), ("3", ""));
}

#[test]
fn a_step_has_a_limit_and_a_role() {
    let mut world = with_cis(1);
    let many = (0..=BULK_ROWS).map(|n| edit(n as u128, &[])).collect();
    assert_eq!(world.refused(CORA, &edits(many)), ["TOO_MANY_ROWS"]);
    assert_eq!(world.refused(TESS, &edits(Vec::new())), ["NOT_ALLOWED"]);
}

fn group(filter: Option<&str>, members: &[u128]) -> CiGroup {
    CiGroup {
        id: GROUP,
        name: "servers".to_owned(),
        members: members.iter().map(|n| id(*n)).collect(),
        enough: None,
        filter: filter.map(str::to_owned),
    }
}

fn put(filter: Option<&str>, members: &[u128]) -> Command {
    Command::Cmdb(CmdbCommand::PutGroup(group(filter, members)))
}

fn fill(filter: &str, members: &[u128]) -> Command {
    let members = members.iter().map(|n| id(*n)).collect();
    Command::Cmdb(CmdbCommand::FillGroup(FoundMembers { group: GROUP, filter: filter.to_owned(), members }))
}

#[test]
fn a_dynamic_group_has_a_filter_that_is_the_same_for_everybody() {
    let mut world = with_cis(2);
    assert_eq!(world.refused(CORA, &put(Some("clas:server"), &[])), ["FILTER_WRONG"]);
    assert_eq!(world.refused(CORA, &put(Some("owner:me"), &[])), ["FILTER_WRONG"]);
    assert_eq!(world.refused(CORA, &put(Some(" "), &[])), ["GROUP_FILTER_EMPTY"]);
    world.must(CORA, &put(Some("class:server"), &[1]));
    assert_eq!(world.get::<CiGroup>(GROUP).filter.as_deref(), Some("class:server"));
}

#[test]
fn only_what_its_filter_lets_through_fills_a_group() {
    let mut world = with_cis(3);
    world.must(CORA, &put(Some("version:1"), &[]));
    world.must(CORA, &edits(vec![edit(2, &[("version", "1", "2")])]));
    let effect = world.must(RITA, &fill("version:1", &[1, 2, 3, 9]));
    let left: Vec<_> = effect.conflicts.iter().map(|c| c.mine.clone()).collect();
    assert_eq!(left, ["ci-2".to_owned(), id(9).to_string()], "another version, and nothing at all");
    assert_eq!(world.get::<CiGroup>(GROUP).members, BTreeSet::from([id(1), id(3)]));
    assert_eq!(world.refused(RITA, &fill("version:2", &[2])), ["GROUP_FILTER_CHANGED"]);
    world.must(CORA, &put(None, &[1]));
    assert_eq!(world.refused(RITA, &fill("version:1", &[1])), ["GROUP_IS_STATIC"]);
}

/// Members of a dynamic group are frozen into the scope when its approval is first asked for, and signed with it.
#[test]
fn an_approval_freezes_dynamic_groups() {
    let mut world = a_world();
    world.planned();
    world.must(CORA, &put_with([PAYROLL].into()));
    world.on(RITA, ReleaseCommand::Edit(vec![ReleaseEdit::AddCiGroup(GROUP)]));
    assert!(world.release().scope.frozen_groups.is_empty(), "nobody has asked yet");
    let before = digest(&world.release());
    let approval: ApprovalId = world.id();
    world.must(RITA, &Command::Approval(request(approval, Subject::Release(REL))));
    let frozen = world.release().scope.frozen_groups.get(&GROUP).cloned();
    assert_eq!(frozen, Some(BTreeSet::from([PAYROLL])));
    assert_ne!(digest(&world.release()), before, "the members are part of what is signed");
    assert_eq!(world.get::<Approval>(approval).digest, Some(digest(&world.release())));
    let lines: Vec<String> =
        world.release().scope_edits.last().unwrap().lines.iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line.starts_with("member of servers +")), "{lines:?}");
    world.must(CORA, &fill(FILTER, &[]));
    assert_eq!(world.release().scope.frozen_groups.get(&GROUP).cloned(), frozen, "the group goes on, the scope stays");
    world.on(RITA, ReleaseCommand::Edit(vec![ReleaseEdit::RemoveCiGroup(GROUP)]));
    assert!(world.release().scope.frozen_groups.is_empty(), "taken out with its group");
}

fn put_with(members: BTreeSet<CiId>) -> Command {
    let group = CiGroup { members, ..group(Some(FILTER), &[]) };
    Command::Cmdb(CmdbCommand::PutGroup(group))
}
