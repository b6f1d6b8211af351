//! Tests of people, groups, templates, approval rules, freezes and comments.

use crate::builders::{ADAM, ANNE, BERT, CAB, RITA, START, TESS, VERA, World};
use rstest::rstest;
use slipway_domain::approval::record::ApprovalRule;
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::comment::Comment;
use slipway_domain::id::{CiId, CommentId, FreezeId, GroupId, PersonId, SettingId, SiteId};
use slipway_domain::people::{Group, Person, Role, Site};
use slipway_domain::record::{Kind, RecordRef};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{Phase, ReleaseClass, ReleaseType};
use slipway_domain::setting::{
    ApprovalPolicy, Every, Freeze, FreezeScope, FreezeStrength, Gate, Repeat, TaskTemplate, TemplateTask,
    WorkspaceRules, default_policies,
};
use slipway_domain::time::Window;
use uuid::Uuid;

const NOBODY: PersonId = PersonId(Uuid::from_u128(0xdead));

fn put_person(id: PersonId, user: &str, roles: &[Role]) -> Command {
    let roles = roles.iter().copied().collect();
    Command::Setup(SetupCommand::PutPerson(Person { id, name: "Pat".into(), user: user.into(), roles, active: true }))
}

fn put_group(name: &str, members: &[PersonId], lead: Option<PersonId>) -> Command {
    let members = members.iter().copied().collect();
    Command::Setup(SetupCommand::PutGroup(Group {
        id: GroupId(Uuid::from_u128(0x99)),
        name: name.into(),
        members,
        lead,
    }))
}

fn put_template(after: &[&[u32]]) -> Command {
    let tasks = after
        .iter()
        .map(|after| TemplateTask {
            title: "do".into(),
            mandatory: true,
            after: after.to_vec(),
            per_target: false,
            planned_minutes: 10,
        })
        .collect();
    let id = SettingId(Uuid::from_u128(0x77));
    Command::Setup(SetupCommand::PutTaskTemplate(TaskTemplate {
        id,
        release_type: ReleaseType::Software,
        phase: Phase::BuildAndTest,
        tasks,
    }))
}

fn put_policy(id: u128, groups: &[GroupId], rule: ApprovalRule, due_hours: u32) -> Command {
    Command::Setup(SetupCommand::PutApprovalPolicy(ApprovalPolicy {
        id: SettingId(Uuid::from_u128(id)),
        gate: Gate::Change,
        class: Some(ReleaseClass::Major),
        groups: groups.to_vec(),
        rule,
        due_hours,
    }))
}

/// A freeze of some days that comes again until a day.
fn put_again(every: Every, days: i64, until: Option<i64>) -> Command {
    let window = Window { start: START, end: START.plus_days(days) };
    let Command::Setup(SetupCommand::PutFreeze(freeze)) = put_freeze(window, FreezeScope::Everything) else {
        panic!("it puts a freeze");
    };
    let repeats = Some(Repeat { every, until: until.map(|days| START.plus_days(days)) });
    Command::Setup(SetupCommand::PutFreeze(Freeze { repeats, ..freeze }))
}

fn put_freeze(window: Window, scope: FreezeScope) -> Command {
    Command::Setup(SetupCommand::PutFreeze(Freeze {
        id: FreezeId(Uuid::from_u128(0x66)),
        title: "Year end".into(),
        window,
        scope,
        strength: FreezeStrength::Hard,
        repeats: None,
    }))
}

fn a_window() -> Window {
    Window { start: START, end: START.plus_days(1) }
}

#[rstest]
#[case::fine(put_person(NOBODY, "pat", &[Role::Viewer]), &[])]
#[case::case_is_folded(put_person(NOBODY, " RITA ", &[]), &["USER_TAKEN"])]
#[case::own_name(put_person(RITA, "rita", &[Role::ReleaseManager]), &[])]
#[case::blank_inside(put_person(NOBODY, "p at", &[]), &["WRONG_USER"])]
#[case::empty(put_person(NOBODY, "", &[]), &["WRONG_USER"])]
#[case::the_workspace_itself(put_person(PersonId::SYSTEM, "root", &[]), &["SYSTEM_PERSON"])]
#[case::last_administrator(put_person(ADAM, "adam", &[Role::Viewer]), &["LAST_ADMINISTRATOR"])]
#[case::group(put_group("Operations", &[TESS, RITA], Some(TESS)), &[])]
#[case::empty_group(put_group("Operations", &[], None), &[])]
#[case::group_name(put_group("cab", &[TESS], None), &["NAME_TAKEN"])]
#[case::group_members(put_group("Operations", &[TESS, NOBODY], Some(RITA)), &["UNKNOWN_PERSON", "LEAD_NOT_MEMBER"])]
#[case::template(put_template(&[&[], &[0], &[0, 1]]), &[])]
#[case::out_of_range(put_template(&[&[1], &[2]]), &["UNKNOWN_PREDECESSOR"])]
#[case::circle(put_template(&[&[], &[2], &[1]]), &["PREDECESSOR_CYCLE"])]
#[case::self_circle(put_template(&[&[0]]), &["PREDECESSOR_CYCLE"])]
#[case::policy(put_policy(0x55, &[CAB], ApprovalRule::Quorum(1), 24), &[])]
#[case::policy_groups(put_policy(0x55, &[GroupId(NOBODY.0)], ApprovalRule::AllMustApprove, 24), &["UNKNOWN_GROUP"])]
#[case::policy_faults(put_policy(0x55, &[], ApprovalRule::Quorum(0), 0), &["NO_GROUPS", "WRONG_QUORUM", "OUT_OF_RANGE"])]
#[case::freeze(put_freeze(a_window(), FreezeScope::Everything), &[])]
#[case::freeze_backwards(put_freeze(Window { start: START.plus_days(1), end: START }, FreezeScope::Services([].into())), &["WINDOW_ORDER", "NO_SCOPE"])]
#[case::freeze_service(put_freeze(a_window(), FreezeScope::Services([CiId(NOBODY.0)].into())), &["UNKNOWN_CI"])]
#[case::freeze_site(put_freeze(a_window(), FreezeScope::Sites([SiteId(NOBODY.0)].into())), &["UNKNOWN_SITE"])]
#[case::freeze_weekly(put_again(Every::Week, 7, None), &[])]
#[case::freeze_too_long_for_a_week(put_again(Every::Week, 8, None), &["REPEATS_TOO_SOON"])]
#[case::freeze_too_long_for_february(put_again(Every::Month, 29, None), &["REPEATS_TOO_SOON"])]
#[case::freeze_ends_before_it_begins(put_again(Every::Year, 7, Some(0)), &["WINDOW_ORDER"])]
fn a_setting_is_kept_or_every_fault_is_named(#[case] command: Command, #[case] want: &[&str]) {
    let mut world = World::new();
    if want.is_empty() {
        assert_eq!(world.must(ADAM, &command).unchanged, 0);
        let again = world.must(ADAM, &command);
        assert_eq!(again.unchanged, 1, "the same again changes nothing");
    } else {
        assert_eq!(world.refused(ADAM, &command), want);
    }
}

#[test]
fn a_gate_and_class_have_one_rule_and_a_phase_one_template() {
    let mut world = World::new();
    world.must(ADAM, &put_policy(0x55, &[CAB], ApprovalRule::AllMustApprove, 24));
    assert_eq!(world.refused(ADAM, &put_policy(0x56, &[CAB], ApprovalRule::AllMustApprove, 24)), ["POLICY_EXISTS"]);
    world.must(ADAM, &put_template(&[&[]]));
    let Command::Setup(SetupCommand::PutTaskTemplate(mut other)) = put_template(&[&[]]) else { panic!() };
    other.id = SettingId(Uuid::from_u128(0x78));
    assert_eq!(world.refused(ADAM, &Command::Setup(SetupCommand::PutTaskTemplate(other))), ["TEMPLATE_EXISTS"]);
}

#[test]
fn an_administrator_may_go_when_another_stays() {
    let mut world = World::new();
    world.must(ADAM, &put_person(RITA, "rita", &[Role::Administrator]));
    world.must(ADAM, &put_person(ADAM, "adam", &[Role::Viewer]));
    assert_eq!(world.refused(RITA, &put_person(RITA, "rita", &[])), ["LAST_ADMINISTRATOR"]);
}

#[test]
fn workspace_rules_are_one_record_within_bounds() {
    let mut world = World::new();
    let put = |rules| Command::Setup(SetupCommand::PutWorkspaceRules(rules));
    world.must(ADAM, &put(WorkspaceRules { back_out_days: 0, ..WorkspaceRules::default() }));
    let wrong = WorkspaceRules { id: SettingId(Uuid::nil()), back_out_days: u32::MAX, separation_of_duties: false };
    assert_eq!(world.refused(ADAM, &put(wrong)), ["ONE_RECORD", "OUT_OF_RANGE"]);
}

#[test]
fn a_site_is_named_once_and_a_freeze_is_removed_once() {
    let mut world = World::new();
    let site = |n: u128, name: &str| {
        Command::Setup(SetupCommand::PutSite(Site {
            id: SiteId(Uuid::from_u128(n)),
            name: name.into(),
            address: String::new(),
        }))
    };
    world.must(ADAM, &site(1, "Gdynia"));
    assert_eq!(world.refused(ADAM, &site(2, "GDYNIA")), ["NAME_TAKEN"]);
    world.must(ADAM, &put_freeze(a_window(), FreezeScope::Everything));
    let remove = Command::Setup(SetupCommand::RemoveFreeze(FreezeId(Uuid::from_u128(0x66))));
    assert_eq!(world.must(ADAM, &remove).updated, 1);
    assert_eq!(world.must(ADAM, &remove).unchanged, 1);
    assert!(world.records.all::<Freeze>().unwrap().is_empty());
}

#[test]
fn the_default_approval_rules_pass_their_own_judgement_and_are_the_same_everywhere() {
    let mut world = World::new();
    for policy in world.records.all::<ApprovalPolicy>().unwrap() {
        slipway_domain::records::Records::remove(&mut world.records, Kind::ApprovalPolicy, policy.id.0).unwrap();
    }
    let emergency = GroupId(Uuid::from_u128(0x32));
    world.put(Group { id: emergency, name: "Emergency CAB".into(), members: [ANNE, BERT].into(), lead: None });
    let policies = default_policies(CAB, emergency);
    assert_eq!(policies, default_policies(CAB, emergency));
    for policy in &policies {
        world.must(ADAM, &Command::Setup(SetupCommand::PutApprovalPolicy(policy.clone())));
    }
    for gate in [Gate::PlanAndDesign, Gate::BuildAndTest, Gate::DistributionAndRollout, Gate::Change] {
        let rule = |class| policies.iter().find(|p| p.gate == gate && p.class == class).map(|p| (p.rule, p.groups[0]));
        assert_eq!(rule(None), Some((ApprovalRule::AllMustApprove, CAB)));
        assert_eq!(rule(Some(ReleaseClass::Emergency)), Some((ApprovalRule::OneMustApprove, emergency)));
    }
}

fn a_comment(n: u128, on: RecordRef, text: &str) -> Command {
    Command::Comment(Comment {
        id: CommentId(Uuid::from_u128(n)),
        on,
        text: text.into(),
        by: VERA,
        at: START.plus_days(-9),
    })
}

#[test]
fn a_comment_bears_its_author_and_time_whatever_it_says() {
    let mut world = World::new();
    let on = RecordRef { kind: Kind::Group, id: CAB.0, label: "wrong".into() };
    world.must(RITA, &a_comment(1, on, " seen "));
    let comment: Comment = world.get(CommentId(Uuid::from_u128(1)));
    assert_eq!((comment.by, comment.at, comment.text.as_str()), (RITA, START, "seen"));
    assert_eq!(comment.on.label, "CAB");
}

#[test]
fn a_comment_says_something_about_a_record_that_exists() {
    let mut world = World::new();
    let gone = RecordRef { kind: Kind::Ci, id: Uuid::from_u128(1), label: "web-01".into() };
    assert_eq!(world.refused(RITA, &a_comment(1, gone, "")), ["TEXT_MISSING", "NOT_FOUND"]);
    let on = RecordRef { kind: Kind::Group, id: CAB.0, label: "CAB".into() };
    world.must(RITA, &a_comment(1, on.clone(), "one"));
    assert_eq!(world.refused(RITA, &a_comment(1, on, "two")), ["ID_TAKEN"], "what was said stays");
}
