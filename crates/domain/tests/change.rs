//! Tests of change states, edits, imports and collisions.

use crate::builders::{ADAM, ANNE, CARL, CLEO, CORA, RITA, START, TESS, VERA, World};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::approval::record::{Approval, ApprovalRule, ApprovalState, Subject};
use slipway_domain::change::change_actions;
use slipway_domain::change::record::{Change, ChangeKind, ChangeState, Foreign};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::collision::{Planned, collisions};
use slipway_domain::command::{ChangeAction, ChangeCommand, ChangeEdit, ChangeRow, Command, Edit};
use slipway_domain::execute::Effect;
use slipway_domain::id::{ApprovalId, BaselineId, ChangeId, CiId, PersonId, ReleaseId};
use slipway_domain::level::{Criticality, Impact, Priority, Risk, Urgency};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Person;
use slipway_domain::record::RecordRef;
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{
    Costs, Install, Outcome, Packaging, Phase, Release, ReleaseClass, Scope, Status, Training,
};
use slipway_domain::setting::Gate;
use slipway_domain::time::Window;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const ID: ChangeId = ChangeId(Uuid::from_u128(0x501));

fn a_change(n: u32, title: &str) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(0x500 + u128::from(n))),
        number: Number::new(Series::Change, n),
        foreign: None,
        title: title.into(),
        description: String::new(),
        category: "software".into(),
        kind: ChangeKind::Normal,
        reason: String::new(),
        requested_by: RITA,
        coordinator: None,
        impact: Some(Impact::SiteDepartment),
        urgency: Some(Urgency::High),
        priority: None,
        risk: None,
        cis: BTreeSet::new(),
        ci_groups: BTreeSet::new(),
        services: BTreeSet::new(),
        planned: None,
        versions: None,
        release: None,
        state: ChangeState::Registered,
        outcome: None,
        state_reason: String::new(),
        created_at: START,
    }
}

fn in_state(state: ChangeState) -> Change {
    Change { state, ..a_change(1, "Upgrade") }
}

fn ci(n: u128) -> CiId {
    CiId(Uuid::from_u128(n))
}

fn put_ci(world: &mut World, n: u128, class: &str, criticality: Criticality) {
    let number = Number::new(Series::Ci, u32::try_from(n).unwrap());
    let mut record = Ci::blank(ci(n), number, class, &format!("ci-{n}"));
    record.criticality = criticality;
    world.put(record);
}

/// An open release that carries the change, installed or not.
pub fn put_release(world: &mut World, changes: &[ChangeId], installed: bool) -> ReleaseId {
    let id = ReleaseId(Uuid::from_u128(0x601));
    let baseline = BaselineId(Uuid::nil());
    world.put(Release {
        id,
        number: Number::new(Series::Release, 1),
        title: "Spring".into(),
        description: String::new(),
        release_type: None,
        class: ReleaseClass::Minor,
        packaging: Packaging::Full,
        reason: String::new(),
        impact: None,
        urgency: None,
        impact_assessment: None,
        assessment_note: String::new(),
        priority: None,
        risk: None,
        manager: RITA,
        coordinator: None,
        requested_by: RITA,
        scope: Scope { changes: changes.iter().copied().collect(), ..Scope::default() },
        costs: Costs::default(),
        training: Training::Undecided,
        phase: if installed { Phase::DistributionAndRollout } else { Phase::Assess },
        status: if installed { Status::Installed } else { Status::Open },
        phase_history: vec![],
        judgements: BTreeMap::new(),
        go_no_go: None,
        verified_masters: BTreeMap::new(),
        install: installed.then_some(Install {
            by: RITA,
            at: START,
            baseline,
            window_override: None,
            freeze_override: None,
        }),
        outcomes: BTreeMap::new(),
        review: String::new(),
        back_out: None,
        runbook_planned: false,
        holds: Vec::new(),
        scope_edits: Vec::new(),
        task_count: 0,
        created_at: START,
    });
    id
}

fn create(change: Change) -> Command {
    Command::Change(ChangeCommand::Create(Box::new(change)))
}

fn act(action: ChangeAction) -> Command {
    Command::Change(ChangeCommand::Do(ID, action))
}

fn edit(edits: Vec<ChangeEdit>) -> Command {
    Command::Change(ChangeCommand::Edit(ID, edits))
}

fn import(changes: Vec<Change>) -> Command {
    let rows = (2..).zip(changes).map(|(line, change)| ChangeRow { line, change }).collect();
    Command::Change(ChangeCommand::Import(rows))
}

fn foreign(n: u32, state: ChangeState) -> Change {
    let foreign = Some(Foreign { system: "SEC".into(), number: format!("SEC-{n:04}") });
    Change { foreign, state, ..a_change(n, &format!("Upgrade {n}")) }
}

fn edit_of<T>(from: T, to: T) -> Edit<T> {
    Edit { from, to }
}

#[rstest]
#[case(ChangeKind::Normal, ChangeState::Registered)]
#[case(ChangeKind::Emergency, ChangeState::Registered)]
#[case(ChangeKind::Standard, ChangeState::Approved)]
fn a_new_change_begins_where_its_kind_begins(#[case] kind: ChangeKind, #[case] state: ChangeState) {
    let mut world = World::new();
    let given = Change {
        kind,
        state: ChangeState::Closed,
        outcome: Some(Outcome::Failed),
        release: Some(ReleaseId(Uuid::nil())),
        ..a_change(1, " Upgrade ")
    };
    world.must(CLEO, &create(given));
    let change: Change = world.get(ID);
    assert_eq!(
        (change.state, change.outcome, change.release),
        (state, None, None),
        "what is given of these is ignored"
    );
    assert_eq!((change.title.as_str(), change.priority), ("Upgrade", Some(Priority::High)));
}

#[test]
fn every_fault_of_a_new_change_is_named_at_once() {
    let mut world = World::new();
    put_ci(&mut world, 1, "server", Criticality::Low);
    let wrong = Change {
        foreign: Some(Foreign { system: "SEC".into(), number: "1".into() }),
        requested_by: PersonId(Uuid::from_u128(0xdead)),
        cis: [ci(9)].into(),
        services: [ci(1)].into(),
        planned: Some(Window { start: START, end: START }),
        kind: ChangeKind::Standard,
        ..a_change(1, "")
    };
    assert_eq!(
        world.refused(RITA, &create(wrong)),
        [
            "TEXT_MISSING",
            "WINDOW_ORDER",
            "UNKNOWN_PERSON",
            "UNKNOWN_CI",
            "NOT_A_SERVICE",
            "FOREIGN_NUMBER",
            "STANDARD_NOT_ALLOWED"
        ]
    );
    world.must(RITA, &create(a_change(1, "a")));
    assert_eq!(world.refused(RITA, &create(a_change(1, "b"))), ["ID_TAKEN"]);
}

fn actions() -> Vec<(&'static str, ChangeAction)> {
    vec![
        ("assess", ChangeAction::Assess),
        ("implement", ChangeAction::Implement),
        ("review", ChangeAction::Review { outcome: Outcome::Successful }),
        ("close", ChangeAction::Close),
        ("reconsider", ChangeAction::Reconsider("again".into())),
        ("withdraw_approval", ChangeAction::WithdrawApproval("found a fault".into())),
        ("cancel", ChangeAction::Cancel("no longer wanted".into())),
    ]
}

#[rstest]
#[case(ChangeState::Registered, &["assess", "cancel"])]
#[case(ChangeState::Assessed, &["cancel"])]
#[case(ChangeState::ApprovalPending, &["cancel"])]
#[case(ChangeState::Approved, &["implement", "withdraw_approval", "cancel"])]
#[case(ChangeState::Implemented, &["review"])]
#[case(ChangeState::Reviewed, &["close"])]
#[case(ChangeState::Closed, &[])]
#[case(ChangeState::Denied, &["reconsider", "cancel"])]
#[case(ChangeState::Cancelled, &[])]
#[case(ChangeState::ApprovalWithdrawn, &["reconsider", "cancel"])]
fn each_state_leads_where_the_table_says_and_nowhere_else(#[case] state: ChangeState, #[case] want: &[&str]) {
    let mut done = Vec::new();
    for (name, action) in actions() {
        let mut world = World::new();
        world.put(in_state(state));
        match world.run(CLEO, &act(action)) {
            Ok(_) => {
                let after: Change = world.get(ID);
                assert!(state.may_become(after.state), "{name} led from {state} to {}", after.state);
                done.push(name);
            }
            Err(refusal) => assert!(refusal.has("CHANGE_STATE"), "{refusal}"),
        }
    }
    assert_eq!(done, want);
}

#[test]
fn the_actions_shown_are_the_ones_that_are_carried_out() {
    for state in ChangeState::ALL {
        for with_release in [false, true] {
            let mut world = World::new();
            world.put(in_state(*state));
            if with_release {
                put_release(&mut world, &[ID], true);
            }
            for actor in [CLEO, CARL, VERA, TESS] {
                let person: Person = world.get(actor);
                let shown = change_actions(&world.get(ID), &person, START, &world.records).unwrap();
                for (name, action) in actions() {
                    let judged = world.clone().run(actor, &act(action));
                    let allowed = shown.iter().any(|a| a.action == name && a.allowed);
                    assert_eq!(judged.is_ok(), allowed, "{name} of a change that is {state} by {}", person.name);
                }
            }
        }
    }
}

#[test]
fn assessing_asks_for_impact_and_urgency_and_finds_the_risk() {
    let mut world = World::new();
    put_ci(&mut world, 1, "server", Criticality::Critical);
    world.put(Change { impact: None, urgency: None, cis: [ci(1)].into(), ..in_state(ChangeState::Registered) });
    assert_eq!(world.refused(CLEO, &act(ChangeAction::Assess)), ["NOT_ASSESSED", "NOT_ASSESSED"]);
    world.must(
        CLEO,
        &edit(vec![
            ChangeEdit::Impact(edit_of(None, Some(Impact::Enterprise))),
            ChangeEdit::Urgency(edit_of(None, Some(Urgency::Low))),
        ]),
    );
    world.must(CLEO, &act(ChangeAction::Assess));
    assert_eq!(world.get::<Change>(ID).risk, Some(Risk::VeryHigh), "a critical CI and the whole enterprise");
}

#[rstest]
#[case::nothing(&[], Risk::VeryLow)]
#[case::the_worst_counts(&[Criticality::Low, Criticality::High, Criticality::Medium], Risk::Medium)]
#[case::many(&[Criticality::Low; 20], Risk::Low)]
#[case::not_yet_many(&[Criticality::Low; 19], Risk::VeryLow)]
fn the_risk_follows_from_what_is_affected(#[case] criticalities: &[Criticality], #[case] want: Risk) {
    let mut world = World::new();
    let mut change = in_state(ChangeState::Registered);
    for (n, criticality) in (1..).zip(criticalities) {
        put_ci(&mut world, n, "server", *criticality);
        change.cis.insert(ci(n));
    }
    assert_eq!(slipway_domain::change::risk::from_impact(&change, &world.records).unwrap(), want);
}

/// Server 1 is named; what depends on it in a chain of so many steps is of these classes and criticalities.
#[rstest]
#[case::a_critical_service(&[("server", Criticality::Low), ("service", Criticality::Critical)], 1, Risk::High)]
#[case::a_critical_server_is_only_reached(&[("server", Criticality::Critical)], 0, Risk::VeryLow)]
#[case::too_far(&[("server", Criticality::Low), ("server", Criticality::Low), ("server", Criticality::Low), ("service", Criticality::Critical)], 0, Risk::VeryLow)]
fn services_that_fail_with_it_make_a_change_riskier(
    #[case] chain: &[(&str, Criticality)],
    #[case] services: usize,
    #[case] want: Risk,
) {
    let mut world = World::new();
    put_ci(&mut world, 1, "server", Criticality::Low);
    for (n, (class, criticality)) in (2..).zip(chain) {
        put_ci(&mut world, n, class, *criticality);
        world.put(Relation::new(ci(n), RelationType::DependsOn, ci(n - 1)));
    }
    let change = Change { cis: [ci(1)].into(), ..in_state(ChangeState::Registered) };
    let weight = slipway_domain::change::risk::weigh(&change, &world.records).unwrap();
    assert_eq!((weight.risk, weight.services.len(), weight.named, weight.more), (want, services, 1, false));
}

#[test]
fn many_that_fail_with_it_make_a_change_riskier_and_redundancy_does_not_count_them() {
    let mut world = World::new();
    put_ci(&mut world, 1, "server", Criticality::Low);
    put_ci(&mut world, 2, "server", Criticality::Low);
    for n in 3..23 {
        put_ci(&mut world, n, "server", Criticality::Low);
        for provider in [1, 2] {
            world.put(Relation::new(ci(n), RelationType::DependsOn, ci(provider)));
        }
    }
    let change = Change { cis: [ci(1)].into(), ..in_state(ChangeState::Registered) };
    let risk = |world: &World| slipway_domain::change::risk::from_impact(&change, &world.records).unwrap();
    assert_eq!(risk(&world), Risk::Low);
    for n in 3..23 {
        world.put(slipway_domain::cmdb::redundancy::Redundancy {
            id: slipway_domain::id::RedundancyId(Uuid::from_u128(n)),
            ci: ci(n),
            providers: [ci(1), ci(2)].into(),
            enough: 1,
        });
    }
    assert_eq!(risk(&world), Risk::VeryLow);
}

#[test]
fn a_risk_that_a_person_set_stays() {
    let mut world = World::new();
    world.put(Change { risk: Some(Risk::Medium), ..in_state(ChangeState::Registered) });
    world.must(CLEO, &act(ChangeAction::Assess));
    assert_eq!(world.get::<Change>(ID).risk, Some(Risk::Medium));
}

#[rstest]
#[case(ChangeAction::WithdrawApproval(" ".into()))]
#[case(ChangeAction::Cancel(String::new()))]
fn a_reason_is_asked_for(#[case] action: ChangeAction) {
    let mut world = World::new();
    world.put(in_state(ChangeState::Approved));
    assert_eq!(world.refused(CLEO, &act(action)), ["TEXT_MISSING"]);
}

#[test]
fn withdrawing_ends_what_was_granted_and_keeps_the_reason() {
    let mut world = World::new();
    world.put(in_state(ChangeState::Approved));
    let approval = ApprovalId(Uuid::from_u128(0x701));
    world.put(Approval {
        id: approval,
        subject: Subject::Change(ID),
        gate: Gate::Change,
        panels: vec![],
        rule: ApprovalRule::AllMustApprove,
        digest: None,
        requested_by: RITA,
        requested_at: START,
        due_at: START,
        state: ApprovalState::Approved,
        votes: vec![],
        overridden: None,
        ended_because: String::new(),
    });
    world.must(CLEO, &act(ChangeAction::WithdrawApproval("found a fault".into())));
    let change: Change = world.get(ID);
    assert_eq!((change.state, change.state_reason.as_str()), (ChangeState::ApprovalWithdrawn, "found a fault"));
    assert_eq!(world.get::<Approval>(approval).state, ApprovalState::Withdrawn);
}

#[rstest]
#[case::implement(ChangeState::Approved, ChangeAction::Implement, false, &["CHANGE_IN_RELEASE"])]
#[case::cancel(ChangeState::Approved, ChangeAction::Cancel("no".into()), false, &["CHANGE_IN_RELEASE"])]
#[case::review(ChangeState::Implemented, ChangeAction::Review { outcome: Outcome::Failed }, true, &["CHANGE_IN_RELEASE"])]
#[case::withdraw(ChangeState::Approved, ChangeAction::WithdrawApproval("no".into()), false, &[])]
#[case::withdraw_too_late(ChangeState::Approved, ChangeAction::WithdrawApproval("no".into()), true, &["CHANGE_INSTALLED"])]
fn a_release_that_carries_a_change_moves_it(
    #[case] state: ChangeState,
    #[case] action: ChangeAction,
    #[case] installed: bool,
    #[case] want: &[&str],
) {
    let mut world = World::new();
    world.put(in_state(state));
    put_release(&mut world, &[ID], installed);
    if want.is_empty() {
        world.must(CLEO, &act(action));
    } else {
        assert_eq!(world.refused(CLEO, &act(action)), want);
    }
}

#[test]
fn an_edit_merges_only_with_what_its_author_saw() {
    let mut world = World::new();
    world.put(in_state(ChangeState::Registered));
    let title = |from: &str, to: &str| edit(vec![ChangeEdit::Title(edit_of(from.into(), to.into()))]);
    assert_eq!(world.must(CLEO, &title("Upgrade", "Upgrade web")).updated, 1);
    assert_eq!(world.must(CLEO, &title("Upgrade", "Upgrade web")).unchanged, 1, "already so");
    let both = edit(vec![
        ChangeEdit::Title(edit_of("Upgrade".into(), "Other".into())),
        ChangeEdit::Reason(edit_of(String::new(), "security".into())),
    ]);
    assert_eq!(world.refused(CLEO, &both), ["EDIT_CONFLICT"]);
    assert_eq!(world.get::<Change>(ID).reason, "", "at the desk all edits or none");
    let effect = world.judge(CLEO, &both).unwrap();
    assert_eq!(effect.conflicts[0].field.as_deref(), Some("title"));
    assert_eq!((&*effect.conflicts[0].mine, &*effect.conflicts[0].theirs), ("Other", "Upgrade web"));
    assert_eq!(world.get::<Change>(ID).reason, "security", "the rest merges");
}

#[rstest]
#[case(ChangeState::Registered, true, true)]
#[case(ChangeState::Denied, true, true)]
#[case(ChangeState::ApprovalPending, false, true)]
#[case(ChangeState::Approved, false, true)]
#[case(ChangeState::Implemented, false, false)]
#[case(ChangeState::Cancelled, false, false)]
fn what_was_approved_stays_as_it_was(#[case] state: ChangeState, #[case] content: bool, #[case] planned: bool) {
    let mut world = World::new();
    world.put(in_state(state));
    let title = edit(vec![ChangeEdit::Title(edit_of("Upgrade".into(), "Other".into()))]);
    assert_eq!(world.clone().run(CLEO, &title).is_ok(), content);
    let window = Some(Window { start: START, end: START.plus_days(1) });
    let plan = edit(vec![ChangeEdit::Planned(edit_of(None, window))]);
    assert_eq!(world.run(CLEO, &plan).is_ok(), planned);
}

#[test]
fn a_change_does_not_become_standard_by_an_edit() {
    let mut world = World::new();
    world.put(in_state(ChangeState::Registered));
    let kind = edit(vec![ChangeEdit::Kind(edit_of(ChangeKind::Normal, ChangeKind::Standard))]);
    assert_eq!(world.refused(CLEO, &kind), ["STANDARD_BY_EDIT"]);
}

#[test]
fn an_imported_change_is_read_only_here() {
    let mut world = World::new();
    world.must(CLEO, &import(vec![foreign(1, ChangeState::Approved)]));
    assert_eq!(world.refused(CLEO, &act(ChangeAction::Cancel("no".into()))), ["CHANGE_IMPORTED"]);
    assert_eq!(world.refused(CLEO, &edit(vec![ChangeEdit::AddCi(ci(1))])), ["CHANGE_IMPORTED", "UNKNOWN_CI"]);
    let actions = change_actions(&world.get(ID), &world.get(CLEO), START, &world.records).unwrap();
    assert!(actions.iter().all(|a| !a.allowed), "nothing is offered that would be refused");
}

#[test]
fn an_import_takes_each_row_by_itself() {
    let mut world = World::new();
    let effect = world.must(
        ADAM,
        &import(vec![
            foreign(1, ChangeState::Approved),
            a_change(2, "no number"),
            Change { cis: [ci(9)].into(), ..foreign(3, ChangeState::Approved) },
            foreign(1, ChangeState::Approved),
            foreign(4, ChangeState::ApprovalPending),
        ]),
    );
    assert_eq!((effect.created, effect.updated, effect.unchanged), (2, 0, 0));
    let refused: Vec<_> = effect.conflicts.iter().map(|c| (c.line.unwrap(), c.finding.code.as_str())).collect();
    assert_eq!(refused, [(3, "NO_FOREIGN_NUMBER"), (4, "UNKNOWN_CI"), (5, "ROW_TWICE")]);
    let changed = Change { title: "Upgrade one".into(), ..foreign(1, ChangeState::Denied) };
    let effect = world.must(ADAM, &import(vec![changed, foreign(4, ChangeState::ApprovalPending)]));
    assert_eq!((effect.created, effect.updated, effect.unchanged), (0, 1, 1));
    assert_eq!(world.get::<Change>(ID).state, ChangeState::Denied, "the other suite's word counts");
}

#[test]
fn an_import_never_undoes_what_a_release_brought_into_production() {
    let mut world = World::new();
    let release = Some(ReleaseId(Uuid::from_u128(0x601)));
    world.put(Change { release, outcome: Some(Outcome::Successful), ..foreign(1, ChangeState::Implemented) });
    let effect = world.must(ADAM, &import(vec![Change { title: "New".into(), ..foreign(1, ChangeState::Approved) }]));
    let change: Change = world.get(ID);
    assert_eq!((effect.updated, change.title.as_str(), change.release), (1, "New", release));
    assert_eq!((change.state, change.outcome), (ChangeState::Implemented, Some(Outcome::Successful)));
}

#[test]
fn an_imported_withdrawal_leaves_the_release_to_its_own_guards() {
    let mut world = World::new();
    world.put(foreign(1, ChangeState::Approved));
    let release = put_release(&mut world, &[ID], false);
    let before: Release = world.get(release);
    world.must(ADAM, &import(vec![foreign(1, ChangeState::ApprovalWithdrawn)]));
    assert_eq!(world.get::<Change>(ID).state, ChangeState::ApprovalWithdrawn);
    assert_eq!(world.get::<Release>(release), before);
}

fn planned(n: u32, cis: &[u128], services: &[u128], days: (i64, i64)) -> Planned {
    let record = RecordRef::of(&a_change(n, "x"));
    Planned {
        record,
        window: Window { start: START.plus_days(days.0), end: START.plus_days(days.1) },
        cis: cis.iter().map(|n| ci(*n)).collect(),
        services: services.iter().map(|n| ci(*n)).collect(),
    }
}

/// 1 depends on 2 runs on 3 is hosted on 4 depends on 5; 6 connects to 1.
fn a_chain() -> World {
    let mut world = World::new();
    for n in 1..=6 {
        put_ci(&mut world, n, "server", Criticality::Low);
    }
    for (source, relation_type, target) in [
        (1, RelationType::DependsOn, 2),
        (2, RelationType::RunsOn, 3),
        (3, RelationType::HostedOn, 4),
        (4, RelationType::DependsOn, 5),
        (6, RelationType::ConnectsTo, 1),
    ] {
        world.put(Relation::new(ci(source), relation_type, ci(target)));
    }
    world
}

#[rstest]
#[case::same(&[1], &[1], (0, 2), &[("COLLISION_SAME_CI", "ci-1")])]
#[case::same_at_another_time(&[1], &[1], (1, 2), &[])]
#[case::one_step(&[1], &[2], (0, 2), &[("COLLISION_DEPENDENCY", "ci-1 depends on ci-2")])]
#[case::one_step_back(&[2], &[1], (0, 2), &[("COLLISION_DEPENDENCY", "ci-1 depends on ci-2")])]
#[case::three_steps(&[1], &[4], (0, 2), &[("COLLISION_DEPENDENCY", "ci-1 depends on ci-2 runs on ci-3 hosted on ci-4")])]
#[case::four_steps(&[1], &[5], (0, 2), &[])]
#[case::connected(&[6], &[1], (0, 2), &[])]
fn windows_collide_with_the_path_that_links_them(
    #[case] one: &[u128],
    #[case] other: &[u128],
    #[case] days: (i64, i64),
    #[case] want: &[(&str, &str)],
) {
    let world = a_chain();
    let (one, other) = (planned(1, one, &[], (0, 1)), planned(2, other, &[], days));
    let found = collisions(&one, &other, &world.records).unwrap();
    let found: Vec<_> = found.iter().map(|f| (f.code.as_str(), f.data["path"].as_str())).collect();
    assert_eq!(found, want);
}

/// Changes on other CIs of the chain, all at one time: those within three steps are found, in both directions.
#[test]
fn plans_nearby_are_found_along_dependencies() {
    let mut world = a_chain();
    let window = planned(1, &[], &[], (0, 1)).window;
    for n in [1, 3, 5, 6] {
        world.put(Change {
            id: ChangeId(Uuid::from_u128(0x700 + n)),
            number: Number::new(Series::Change, u32::try_from(n).unwrap()),
            cis: [ci(n)].into(),
            planned: Some(if n == 5 { planned(1, &[], &[], (9, 10)).window } else { window }),
            ..in_state(ChangeState::Approved)
        });
    }
    let mine = planned(0x990, &[4], &[], (0, 1));
    let near: Vec<u128> = slipway_domain::collision::nearby(&mine, &world.records)
        .unwrap()
        .iter()
        .map(|plan| plan.record.id.as_u128() - 0x700)
        .collect();
    assert_eq!(near, [1, 3], "5 is planned for later, and being connected is no dependency");
    let found = slipway_domain::collision::around(&mine, &world.records).unwrap();
    let paths: Vec<_> = found.iter().map(|f| f.data["path"].as_str()).collect();
    assert_eq!(paths, ["ci-1 depends on ci-2 runs on ci-3 hosted on ci-4", "ci-3 hosted on ci-4"]);
}

#[test]
fn windows_collide_over_a_shared_service_but_never_with_themselves() {
    let world = a_chain();
    let (one, other) = (planned(1, &[], &[6], (0, 1)), planned(2, &[], &[6], (0, 1)));
    let found = collisions(&one, &other, &world.records).unwrap();
    assert_eq!(found.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["COLLISION_SERVICE"]);
    assert!(collisions(&one, &one, &world.records).unwrap().is_empty());
}

fn a_state() -> impl Strategy<Value = ChangeState> {
    prop::sample::select(ChangeState::ALL)
}

proptest! {
    #[test]
    fn the_same_import_again_changes_nothing(rows in prop::collection::vec((1u32..6, a_state(), "[a-c]{0,2}"), 0..10)) {
        let mut world = World::new();
        let rows: Vec<Change> = (0x900u128..)
            .zip(rows)
            .map(|(id, (n, state, title))| Change { id: ChangeId(Uuid::from_u128(id)), title, ..foreign(n, state) })
            .collect();
        let count = rows.len();
        let first = world.must(ADAM, &import(rows.clone()));
        let before = world.records.clone();
        let second = world.must(ADAM, &import(rows));
        prop_assert_eq!((second.created, second.updated), (0, 0));
        prop_assert_eq!(second.unchanged, first.created);
        prop_assert_eq!(first.created as usize + first.conflicts.len(), count);
        prop_assert!(world.records.records().eq(before.records()));
    }

    #[test]
    fn no_path_of_actions_leaves_the_table(steps in prop::collection::vec(0usize..7, 0..20)) {
        let mut world = World::new();
        world.must(CLEO, &create(a_change(1, "Upgrade")));
        for step in steps {
            let before: Change = world.get(ID);
            let judged: Result<Effect, _> = world.run(CLEO, &act(actions()[step].1.clone()));
            let after: Change = world.get(ID);
            match judged {
                Ok(_) => prop_assert!(before.may_become(after.state)),
                Err(_) => prop_assert_eq!(before, after),
            }
        }
    }
}

#[test]
fn who_may_not_is_told_who_could() {
    let mut world = World::new();
    world.put(in_state(ChangeState::Approved));
    for actor in [ANNE, CORA, VERA] {
        assert_eq!(world.refused(actor, &act(ChangeAction::Implement)), ["NOT_ALLOWED"]);
    }
    assert!(world.records.get::<Change>(ID).unwrap().is_some());
}
