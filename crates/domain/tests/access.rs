//! Tests of which role may issue which command.

use crate::builders::{RITA, TESS, VERA, World};
use rstest::rstest;
use slipway_domain::access::{TABLE, check, denial, name, system, task_denial};
use slipway_domain::command::merge::{MergePolicy, policy};
use slipway_domain::command::{CmdbCommand, Command, DhsCommand, DslCommand, ReleaseCommand, SetupCommand};
use slipway_domain::id::{CiId, DhsUnitId, DslItemId, FreezeId, GroupId, PersonId, ReleaseId, TaskId};
use slipway_domain::people::{Group, Person, Role};
use slipway_domain::release::record::Phase;
use slipway_domain::release::task_record::{Assignee, Task, TaskState};
use std::collections::BTreeSet;
use uuid::Uuid;

fn a_person(roles: &[Role]) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(5)),
        name: "Pat".into(),
        user: "pat".into(),
        roles: roles.iter().copied().collect(),
        active: true,
    }
}

fn advance() -> Command {
    Command::Release(ReleaseId(Uuid::nil()), ReleaseCommand::Advance)
}

#[test]
fn auditors_and_viewers_can_issue_no_command_at_all() {
    let reader = a_person(&[Role::Auditor, Role::Viewer]);
    for row in TABLE {
        assert!(denial(row.command, &reader).is_some(), "{} changes something", row.command);
    }
}

#[test]
fn each_line_has_a_name_of_its_own_and_somebody_who_may() {
    let names: BTreeSet<_> = TABLE.iter().map(|row| row.command).collect();
    assert_eq!(names.len(), TABLE.len());
    assert!(TABLE.iter().all(|row| !row.roles.is_empty()));
}

#[test]
fn every_role_that_works_may_do_something() {
    for role in Role::ALL.iter().filter(|r| !matches!(r, Role::Auditor | Role::Viewer)) {
        let person = a_person(&[*role]);
        assert!(TABLE.iter().any(|row| denial(row.command, &person).is_none()), "{role} may do nothing");
    }
}

#[test]
fn a_person_with_every_role_may_do_everything() {
    assert!(TABLE.iter().all(|row| denial(row.command, &system()).is_none()));
}

#[rstest]
#[case(advance(), "release.advance", Role::ReleaseManager, Role::DslLibrarian)]
#[case(Command::Dsl(DslItemId(Uuid::nil()), DslCommand::Accept), "dsl.accept", Role::DslLibrarian, Role::BuildManager)]
#[case(
    Command::Setup(SetupCommand::RemoveFreeze(FreezeId(Uuid::nil()))),
    "setup.remove_freeze",
    Role::Administrator,
    Role::ReleaseManager
)]
#[case(Command::Cmdb(CmdbCommand::SetFields(CiId(Uuid::nil()), vec![])), "ci.set_fields", Role::ConfigurationManager, Role::Approver)]
#[case(Command::Dhs(DhsCommand::Issue(DhsUnitId(Uuid::nil()))), "dhs.issue", Role::DhsStorekeeper, Role::Technician)]
fn a_command_is_for_the_roles_of_its_line(
    #[case] command: Command,
    #[case] stable_name: &str,
    #[case] may: Role,
    #[case] may_not: Role,
) {
    assert_eq!((name(&command), command.name()), (stable_name, stable_name));
    assert!(check(&command, &a_person(&[may])).is_ok());
    assert!(check(&command, &a_person(&[may_not])).is_err());
    assert!(check(&command, &a_person(&[may, may_not])).is_ok(), "one person can hold many roles");
}

#[test]
fn the_refusal_names_who_could() {
    let finding = denial("release.terminate", &a_person(&[Role::Viewer])).unwrap();
    assert_eq!(finding.code, "NOT_ALLOWED");
    assert_eq!(finding.sentence, "Pat may not terminate a release.");
    assert_eq!(finding.way_out, "Ask a release manager, or have an administrator give Pat that role.");
    let finding = denial("setup.freeze", &a_person(&[])).unwrap();
    assert!(finding.way_out.starts_with("Ask an administrator or a change manager,"), "{}", finding.way_out);
    assert!(denial("no.such_command", &system()).is_some(), "what the table does not know is for nobody");
}

#[test]
fn the_rules_ask_for_access_before_anything_else() {
    let mut world = World::new();
    assert_eq!(world.refused(VERA, &advance()), ["NOT_ALLOWED"]);
    assert_ne!(world.refused(RITA, &advance()), ["NOT_ALLOWED"]);
    let mut tess: Person = world.get(TESS);
    tess.active = false;
    world.put(tess);
    assert_eq!(world.refused(TESS, &advance()), ["PERSON_INACTIVE"]);
}

#[rstest]
#[case::technician(&[Role::Technician], None, true)]
#[case::release_coordinator(&[Role::ReleaseCoordinator], None, true)]
#[case::nobody_assigned(&[Role::Approver], None, false)]
#[case::assignee(&[Role::Approver], Some(Assignee::Person(PersonId(Uuid::from_u128(5)))), true)]
#[case::another_assignee(&[Role::Approver], Some(Assignee::Person(VERA)), false)]
#[case::member_of_the_group(&[Role::Approver], Some(Assignee::Group(GroupId(Uuid::from_u128(8)))), true)]
#[case::member_of_another_group(&[Role::Approver], Some(Assignee::Group(GroupId(Uuid::from_u128(9)))), false)]
fn a_task_is_worked_by_who_is_assigned(#[case] roles: &[Role], #[case] assignee: Option<Assignee>, #[case] may: bool) {
    let mut world = World::new();
    let person = a_person(roles);
    world.put(Group {
        id: GroupId(Uuid::from_u128(8)),
        name: "Operations".into(),
        members: [person.id].into(),
        lead: None,
    });
    let task = Task {
        id: TaskId(Uuid::from_u128(1)),
        release: ReleaseId(Uuid::from_u128(2)),
        ordinal: 1,
        title: "Deploy".into(),
        phase: Phase::BuildAndTest,
        mandatory: true,
        from_template: false,
        assignee,
        state: TaskState::Planned,
        predecessors: BTreeSet::new(),
        planned_start: None,
        planned_minutes: 30,
        rehearsed_minutes: None,
        started_at: None,
        ended_at: None,
        notes: String::new(),
        result: None,
    };
    let found = task_denial(&task, &person, &world.records).unwrap();
    assert_eq!(found.map(|f| f.code), (!may).then(|| "NOT_ASSIGNED".to_owned()));
}

#[rstest]
#[case(advance(), MergePolicy::Guarded)]
#[case(Command::Cmdb(CmdbCommand::SetFields(CiId(Uuid::nil()), vec![])), MergePolicy::Descriptive)]
#[case(Command::Dhs(DhsCommand::Issue(DhsUnitId(Uuid::nil()))), MergePolicy::Counts)]
fn a_command_merges_by_its_kind(#[case] command: Command, #[case] want: MergePolicy) {
    assert_eq!(policy(&command), want);
}
