//! Tests of baselines and moments: what was is found again, whatever happened since.

use crate::builders::{CORA, RITA, START, TESS, World};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::cmdb::baseline::compare::{Comparison, Left, Side, Way, compare};
use slipway_domain::cmdb::baseline::{Baseline, BaselineScope, Members, NewBaseline, PARTS, members, restore};
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::moment::{self, CiEvent, KEPT, State};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{BaselineId, CiId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Kind;
use slipway_domain::records::{Memory, Records};
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

const CIS: u32 = 5;

fn id(n: u32) -> CiId {
    CiId(Uuid::from_u128(0x500 + u128::from(n)))
}

fn a_ci(n: u32) -> Ci {
    Ci::blank(id(n), Number::new(Series::Ci, n + 1), "server", &format!("srv-{n}"))
}

fn all(count: u32) -> BTreeSet<CiId> {
    (0..count).map(id).collect()
}

fn a_world() -> World {
    let mut world = World::new();
    for n in 0..CIS {
        world.must(CORA, &Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci(n)))));
    }
    world
}

fn new_baseline(n: u128, cis: &BTreeSet<CiId>) -> NewBaseline {
    NewBaseline {
        id: BaselineId(Uuid::from_u128(n)),
        name: format!("baseline {n}"),
        of: BaselineScope::Cis,
        members: u32::try_from(cis.len()).unwrap(),
        parts: 1,
        first: Members::of(cis),
    }
}

fn take(world: &mut World, n: u128, cis: &BTreeSet<CiId>) -> Baseline {
    world.must(CORA, &Command::Cmdb(CmdbCommand::TakeBaseline(Box::new(new_baseline(n, cis)))));
    world.get(BaselineId(Uuid::from_u128(n)))
}

fn set(world: &mut World, n: u32, field: &str, to: &str) {
    let from = world.get::<Ci>(id(n)).field(field).unwrap();
    let change = FieldChange { field: field.into(), from, to: to.into() };
    world.now = world.now.plus_hours(1);
    world.must(CORA, &Command::Cmdb(CmdbCommand::SetFields(id(n), vec![change])));
}

fn since(world: &World, baseline: &Baseline, now: &BTreeSet<CiId>) -> Comparison {
    compare(Side::Baseline(baseline), Side::Now(now), &world.records).unwrap()
}

#[test]
fn a_baseline_keeps_what_was_and_names_what_changed_since() {
    let mut world = a_world();
    let mut baseline = take(&mut world, 1, &all(3));
    assert_eq!(members(&baseline, &world.records).unwrap(), all(3));
    set(&mut world, 0, "version", "2");
    set(&mut world, 0, "version", "3");
    set(&mut world, 4, "version", "9");
    let relate = CmdbCommand::Relate { source: id(1), relation_type: RelationType::DependsOn, target: id(2) };
    world.must(CORA, &Command::Cmdb(relate));
    let found = since(&world, &baseline, &all(4));
    let version = FieldChange { field: "version".into(), from: String::new(), to: "3".into() };
    assert_eq!(found.changed, [(id(0), vec![version])].into(), "the way between does not show, nor who is not in it");
    let relation = Relation::new(id(1), RelationType::DependsOn, id(2));
    assert_eq!(found.relations, [(relation.id, (relation, Way::Added))].into());
    assert_eq!((found.added, found.removed.len(), found.unchanged), ([id(3)].into(), 0, 0));
    // A second one between: each interval tells what happened in it.
    let second = take(&mut world, 2, &all(4));
    set(&mut world, 0, "version", "");
    baseline = world.get(baseline.id);
    assert!(since(&world, &baseline, &all(3)).changed.is_empty(), "back to where it was");
    let between = compare(Side::Baseline(&baseline), Side::Baseline(&second), &world.records).unwrap();
    let back = compare(Side::Baseline(&second), Side::Baseline(&baseline), &world.records).unwrap();
    let one = |c: &Comparison| c.changed.get(&id(0)).map(|f| (f[0].from.clone(), f[0].to.clone()));
    assert_eq!((one(&between), one(&back)), (Some((String::new(), "3".into())), Some(("3".into(), String::new()))));
    let ways = |c: &Comparison| c.relations.values().map(|(_, way)| *way).collect::<Vec<_>>();
    assert_eq!((ways(&between), ways(&back)), (vec![Way::Added], vec![Way::Removed]));
}

#[test]
fn a_ci_that_went_is_missed_and_comes_back_by_the_plan() {
    let mut world = a_world();
    set(&mut world, 0, "version", "2");
    let was: Ci = world.get(id(0));
    let baseline = take(&mut world, 1, &all(2));
    let mut at = slipway_domain::execute::Context {
        command: world.id(),
        actor: RITA,
        now: world.now,
        numbers: std::collections::BTreeMap::new(),
    };
    assert!(at.numbers.is_empty());
    at.now = at.now.plus_hours(1);
    // Only a back-out removes a CI; its way is tested with the back-out.
    world.put(slipway_domain::cmdb::moment::CiStep {
        event: CiEvent::Removed(Box::new(was.clone())),
        id: moment::CiStep::id_of(id(0), 3),
        ci: id(0),
        at: at.now,
        by: RITA,
        command: "release.complete_back_out".into(),
        through: None,
        baselines: 1,
        fields: Vec::new(),
        relations: Vec::new(),
        folded: 0,
    });
    world.records.remove(Kind::Ci, id(0).into()).unwrap();
    let found = since(&world, &baseline, &all(2));
    assert_eq!(found.removed, [(id(0), Left::Altogether(Box::new(was.clone())))].into());
    let restoring = restore::plan(&found, &world.records).unwrap();
    assert_eq!(restoring.plan, [CiUpdate::Create(Box::new(was))]);
}

#[rstest]
#[case::no_name(|b: &mut NewBaseline| b.name = " ".into(), &["TEXT_MISSING"])]
#[case::name_taken(|b: &mut NewBaseline| b.name = "BASELINE 1".into(), &["NAME_TAKEN"])]
#[case::nothing(|b: &mut NewBaseline| b.members = 0, &["NO_MEMBERS"])]
#[case::nonsense(|b: &mut NewBaseline| b.first = Members("?".into()), &["WRONG_MEMBERS"])]
#[case::too_many(|b: &mut NewBaseline| b.parts = PARTS + 1, &["TOO_MANY_MEMBERS"])]
#[case::again(|b: &mut NewBaseline| b.id = BaselineId(Uuid::from_u128(1)), &["ID_TAKEN"])]
fn what_is_no_baseline_is_refused(#[case] spoil: fn(&mut NewBaseline), #[case] codes: &[&str]) {
    let mut world = a_world();
    take(&mut world, 1, &all(2));
    let mut new = new_baseline(2, &all(2));
    spoil(&mut new);
    assert_eq!(world.refused(CORA, &Command::Cmdb(CmdbCommand::TakeBaseline(Box::new(new)))), codes);
}

#[test]
fn only_the_parts_that_were_announced_come_in_and_only_once() {
    let mut world = a_world();
    let mut new = new_baseline(1, &all(2));
    (new.members, new.parts) = (3, 2);
    let baseline = new.id;
    world.must(CORA, &Command::Cmdb(CmdbCommand::TakeBaseline(Box::new(new))));
    let stored: Baseline = world.get(baseline);
    assert!(members(&stored, &world.records).is_err(), "the other part is on its way");
    let add = |position, cis: &BTreeSet<CiId>| {
        Command::Cmdb(CmdbCommand::AddToBaseline { baseline, position, members: Members::of(cis) })
    };
    let rest: BTreeSet<CiId> = [id(2)].into();
    assert_eq!(world.refused(RITA, &add(1, &rest)), ["BASELINE_FIXED"], "it is Cora's");
    assert_eq!(world.refused(TESS, &add(1, &rest)), ["NOT_ALLOWED"]);
    world.must(CORA, &add(1, &rest));
    assert_eq!(world.must(CORA, &add(1, &rest)).unchanged, 1, "twice is once");
    assert_eq!(world.refused(CORA, &add(1, &all(1))), ["BASELINE_FIXED"]);
    assert_eq!(world.refused(CORA, &add(2, &rest)), ["BASELINE_FIXED"]);
    assert_eq!(members(&stored, &world.records).unwrap(), all(3));
}

#[test]
fn a_moment_counts_from_its_predecessor_on_and_says_what_it_does_not_know() {
    let mut world = a_world();
    let hour = |n: i64| Timestamp(START.0 + n * 3_600_000);
    set(&mut world, 0, "version", "1"); // 1 o'clock
    world.now = hour(4);
    set(&mut world, 0, "version", "2"); // 5 o'clock
    world.now = hour(1);
    set(&mut world, 0, "version", "3"); // made at 2 o'clock without a network, taken after that of 5 o'clock
    let version = |at: Timestamp| {
        let moment = moment::at(id(0), at, &world.records).unwrap();
        (moment.state.ci.map(|ci| ci.version), moment.nearest)
    };
    assert_eq!(version(Timestamp(START.0 - 1)), (None, false), "it was not there yet");
    assert_eq!(version(START), (Some(String::new()), false));
    assert_eq!(version(hour(3)), (Some("1".into()), false));
    assert_eq!(version(hour(5)), (Some("3".into()), false));
    let mut old = World::new();
    old.put(a_ci(0));
    let moment = moment::at(id(0), START, &old.records).unwrap();
    assert!(moment.nearest && moment.state.ci.is_some(), "nothing was recorded: what is known is now");
}

#[test]
fn a_long_history_is_folded_but_never_over_a_baseline() {
    let mut world = a_world();
    set(&mut world, 0, "version", "old");
    let baseline = take(&mut world, 1, &all(1));
    for n in 0..2 * KEPT {
        set(&mut world, 0, "version", &format!("v{n}"));
    }
    let steps = moment::steps(id(0), &world.records).unwrap();
    assert_eq!(steps.len(), KEPT + 3, "created, set and folded stand before the kept ones");
    let found = since(&world, &baseline, &all(1));
    assert_eq!(found.changed[&id(0)][0].from, "old");
    let in_the_fold = moment::at(id(0), START.plus_hours(10), &world.records).unwrap();
    assert!(in_the_fold.nearest);
    let first_kept = &steps[steps.len() - KEPT];
    let moment = moment::at(id(0), first_kept.at, &world.records).unwrap();
    assert_eq!((moment.state.ci.unwrap().version, moment.nearest), (format!("v{KEPT}"), false));
}

/// What may happen to five CIs.
#[derive(Clone, Debug)]
enum Event {
    Set(u32, usize, u8),
    Status(u32, usize),
    Relate(u32, usize, u32),
    Unrelate(u32, usize, u32),
    Create(u32),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let n = 0..CIS;
    let event = prop_oneof![
        4 => (n.clone(), 0..4_usize, 0..3_u8).prop_map(|(n, field, to)| Event::Set(n, field, to)),
        2 => (n.clone(), 0..CiStatus::ALL.len() - 1).prop_map(|(n, to)| Event::Status(n, to)),
        2 => (n.clone(), 0..3_usize, n.clone()).prop_map(|(a, how, b)| Event::Relate(a, how, b)),
        2 => (n.clone(), 0..3_usize, n).prop_map(|(a, how, b)| Event::Unrelate(a, how, b)),
        1 => (CIS..CIS + 3).prop_map(Event::Create),
    ];
    prop::collection::vec(event, 0..25)
}

const HOW: [RelationType; 3] = [RelationType::DependsOn, RelationType::Contains, RelationType::ConnectsTo];

/// Carries out what the rules let through.
fn happen(world: &mut World, events: &[Event]) {
    for event in events {
        world.now = world.now.plus_hours(1);
        let command = match event {
            Event::Set(n, field, to) => {
                let field = ["version", "model", "attributes.cores", "notes"][*field];
                let from = world.get::<Ci>(id(*n)).field(field).unwrap();
                let to = if *to == 0 { String::new() } else { to.to_string() };
                CmdbCommand::SetFields(id(*n), vec![FieldChange { field: field.into(), from, to }])
            }
            Event::Status(n, to) => {
                let from = world.get::<Ci>(id(*n)).status;
                CmdbCommand::SetStatus { ci: id(*n), from, to: CiStatus::ALL[*to] }
            }
            Event::Relate(a, how, b) => {
                CmdbCommand::Relate { source: id(*a), relation_type: HOW[*how], target: id(*b) }
            }
            Event::Unrelate(a, how, b) => CmdbCommand::Unrelate(Relation::id_of(id(*a), HOW[*how], id(*b))),
            Event::Create(n) => CmdbCommand::CreateCi(Box::new(a_ci(*n))),
        };
        let _ = world.run(CORA, &Command::Cmdb(command));
    }
}

/// The line of a plan as a command: what an install does with it.
fn command(update: &CiUpdate) -> Command {
    Command::Cmdb(match update.clone() {
        CiUpdate::Create(ci) => CmdbCommand::CreateCi(ci),
        CiUpdate::SetFields { ci, fields } => CmdbCommand::SetFields(ci, fields),
        CiUpdate::SetStatus { ci, from, to } => CmdbCommand::SetStatus { ci, from, to },
        CiUpdate::AddRelation(r) => {
            CmdbCommand::Relate { source: r.source, relation_type: r.relation_type, target: r.target }
        }
        CiUpdate::RemoveRelation(r) => CmdbCommand::Unrelate(r.id),
    })
}

fn state(records: &Memory, n: u32) -> State {
    State::now(id(n), records).unwrap()
}

#[test]
fn a_connection_drawn_the_other_way_round_is_still_one_that_came() {
    let mut world = a_world();
    let baseline = take(&mut world, 1, &all(CIS));
    happen(&mut world, &[Event::Relate(4, 2, 2), Event::Unrelate(2, 2, 4), Event::Relate(2, 2, 4)]);
    let found = since(&world, &baseline, &all(CIS));
    let ways: Vec<Way> = found.relations.values().map(|(_, way)| *way).collect();
    assert_eq!(ways, [Way::Added]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_is_found_again_and_restored(before in events(), after in events(), more in events()) {
        let mut world = a_world();
        happen(&mut world, &before);
        let was = world.records.clone();
        let then = world.now;
        let baseline = take(&mut world, 1, &all(CIS));
        happen(&mut world, &after);
        let second = take(&mut world, 2, &all(CIS + 3));
        happen(&mut world, &more);
        for n in 0..CIS {
            prop_assert_eq!(&moment::at_baseline(id(n), 1, &world.records).unwrap(), &state(&was, n));
            prop_assert_eq!(&moment::at(id(n), then, &world.records).unwrap().state, &state(&was, n));
        }
        for side in [Side::Baseline(&baseline), Side::Baseline(&second), Side::Now(&all(CIS))] {
            prop_assert!(compare(side, side, &world.records).unwrap().is_empty(), "nothing differs from itself");
        }
        let everything = all(CIS + 3);
        let since = since(&world, &baseline, &everything);
        let restoring = restore::plan(&since, &world.records).unwrap();
        prop_assert_eq!(&restoring.notes, &Vec::<String>::new());
        for update in &restoring.plan {
            let ran = world.run(CORA, &command(update));
            prop_assert!(ran.is_ok(), "{:?}: {:?}", update, ran);
        }
        let now = compare(Side::Baseline(&baseline), Side::Now(&everything), &world.records).unwrap();
        prop_assert!(now.is_empty(), "{:?}", now);
        for n in 0..CIS {
            prop_assert_eq!(&state(&world.records, n).ci, &state(&was, n).ci);
        }
    }
}
