//! Tests of possible duplicates and of merging CIs.

use crate::builders::{CORA, RITA, START, TESS, World};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::duplicate::{CiDuplicate, Sign, alike};
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::merge_ci::{CiForward, names_of, resolve};
use slipway_domain::cmdb::moment;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::standard::{CiStandard, NewStandard, StandardAct};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{CiGroupId, CiId, StandardId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use std::collections::BTreeSet;
use uuid::Uuid;

const WEB: StandardId = StandardId(Uuid::from_u128(0x5747));

fn id(n: u32) -> CiId {
    CiId(Uuid::from_u128(0x700 + u128::from(n)))
}

fn a_ci(n: u32, name: &str) -> Ci {
    Ci::blank(id(n), Number::new(Series::Ci, n + 1), "server", name)
}

fn create(world: &mut World, ci: Ci) {
    world.must(CORA, &Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci))));
}

fn merge(kept: u32, gone: u32, take: &[&str]) -> Command {
    let take = take.iter().map(|f| (*f).to_owned()).collect();
    Command::Cmdb(CmdbCommand::MergeCi { kept: id(kept), gone: id(gone), take })
}

fn undo(gone: u32) -> Command {
    Command::Cmdb(CmdbCommand::UndoMerge(id(gone)))
}

fn relate(world: &mut World, source: u32, how: RelationType, target: u32) {
    let _ = world
        .run(CORA, &Command::Cmdb(CmdbCommand::Relate { source: id(source), relation_type: how, target: id(target) }));
}

fn open_pairs(world: &World) -> Vec<CiDuplicate> {
    world.records.list(Lookup::OpenDuplicates, Kind::CiDuplicate.name()).unwrap()
}

#[rstest]
#[case::separators(|a: &mut Ci, b: &mut Ci| { a.name = "WEB-01".into(); b.name = "web01".into(); }, &[Sign::Name])]
#[case::domain(|a: &mut Ci, b: &mut Ci| { a.name = "web-01".into(); b.name = "web-01.example.org".into(); }, &[Sign::Name])]
#[case::another_class(|a: &mut Ci, b: &mut Ci| { a.name = "web-01".into(); b.name = "web01".into(); b.class = "switch".into(); }, &[])]
#[case::versions(|a: &mut Ci, b: &mut Ci| { a.name = "oracle 12.1".into(); b.name = "oracle 1.21".into(); }, &[])]
#[case::ports(|a: &mut Ci, b: &mut Ci| { a.name = "1/0/1".into(); b.name = "10/1".into(); }, &[])]
#[case::serial(|a: &mut Ci, b: &mut Ci| { a.serial_number = "SN 1".into(); b.serial_number = "sn-1".into(); b.manufacturer = "HP".into(); }, &[Sign::Serial])]
#[case::mac(|a: &mut Ci, b: &mut Ci| { a.attributes.insert("mac".into(), "00:1B:44:11:3A:B7".into()); b.attributes.insert("eth0".into(), "001b.4411.3ab7".into()); }, &[Sign::Mac])]
#[case::no_mac(|a: &mut Ci, b: &mut Ci| { a.attributes.insert("n".into(), "001122334455".into()); b.attributes.insert("n".into(), "001122334455".into()); }, &[])]
fn what_looks_alike_is_found(#[case] make: fn(&mut Ci, &mut Ci), #[case] signs: &[Sign]) {
    let mut world = World::new();
    let (mut a, mut b) = (a_ci(1, "first"), a_ci(2, "second"));
    make(&mut a, &mut b);
    create(&mut world, a);
    let before: Vec<Sign> = alike(&b, &world.records).unwrap().into_values().flatten().collect();
    assert_eq!(before, signs, "before it is saved");
    create(&mut world, b);
    let queued: Vec<Sign> = open_pairs(&world).into_iter().flat_map(|pair| pair.signs).collect();
    assert_eq!(queued, signs, "and in the queue");
}

#[test]
fn a_pair_stays_dismissed_and_goes_when_it_is_alike_no_more() {
    let mut world = World::new();
    create(&mut world, a_ci(1, "web-01"));
    create(&mut world, a_ci(2, "web01"));
    let pair = open_pairs(&world)[0].id;
    let dismiss = |reason: &str| Command::Cmdb(CmdbCommand::DismissDuplicate { pair, reason: reason.into() });
    assert_eq!(world.refused(TESS, &dismiss("two racks")), ["NOT_ALLOWED"]);
    assert_eq!(world.refused(CORA, &dismiss(" ")), ["TEXT_MISSING"]);
    world.must(CORA, &dismiss("two racks"));
    assert_eq!(world.refused(CORA, &dismiss("again")), ["DUPLICATE_DECIDED"]);
    let set = |n: u32, from: &str, to: &str| {
        let change = FieldChange { field: "name".into(), from: from.into(), to: to.into() };
        Command::Cmdb(CmdbCommand::SetFields(id(n), vec![change]))
    };
    world.must(CORA, &set(2, "web01", "web_01"));
    assert!(open_pairs(&world).is_empty(), "it was said that they are two");
    create(&mut world, a_ci(3, "WEB 01"));
    assert_eq!(open_pairs(&world).len(), 2, "with either of them");
    world.must(CORA, &set(3, "WEB 01", "app-7"));
    assert!(open_pairs(&world).is_empty());
}

fn a_world() -> World {
    let mut world = World::new();
    create(&mut world, a_ci(1, "web-01"));
    let mut other = a_ci(2, "web01");
    (other.serial_number, other.version) = ("S1".into(), "2".into());
    create(&mut world, other);
    for (n, name) in [(3, "db"), (4, "rack"), (5, "shop")] {
        create(&mut world, a_ci(n, name));
    }
    relate(&mut world, 1, RelationType::RunsOn, 3);
    relate(&mut world, 2, RelationType::RunsOn, 3);
    relate(&mut world, 2, RelationType::DependsOn, 1);
    relate(&mut world, 5, RelationType::DependsOn, 2);
    relate(&mut world, 4, RelationType::Contains, 2);
    let group = CiGroup {
        id: CiGroupId(Uuid::from_u128(0x77)),
        name: "webs".into(),
        members: [id(2), id(3)].into(),
        enough: None,
        filter: None,
    };
    world.must(CORA, &Command::Cmdb(CmdbCommand::PutGroup(group)));
    let values = [("version".to_owned(), "3".to_owned())].into();
    let standard = NewStandard { id: WEB, name: "web".into(), about: String::new(), class: "server".into(), values };
    world.must(CORA, &Command::Cmdb(CmdbCommand::PutStandard(standard)));
    measure(&mut world, StandardAct::Authorise);
    measure(&mut world, StandardAct::Attach(vec![id(2)]));
    world
}

fn measure(world: &mut World, act: StandardAct) {
    world.must(CORA, &Command::Cmdb(CmdbCommand::Standard { standard: WEB, act }));
}

fn measured(world: &World) -> Vec<CiId> {
    world.records.list::<CiStandard>(Lookup::CisOfStandard, &WEB.to_string()).unwrap().iter().map(|s| s.ci).collect()
}

/// Everything but the histories, which only grow.
fn but_steps(world: &World) -> Vec<Record> {
    world.records.records().filter(|r| r.kind() != Kind::CiStep).cloned().collect()
}

#[test]
fn the_kept_ci_takes_over_what_the_other_had() {
    let mut world = a_world();
    let before = but_steps(&world);
    world.now = START.plus_hours(1);
    world.must(CORA, &merge(1, 2, &["serial_number"]));
    let ci: Ci = world.get(id(1));
    assert_eq!((ci.serial_number.as_str(), ci.version.as_str()), ("S1", ""), "only what was asked for");
    let relations: BTreeSet<_> = moment::State::now(id(1), &world.records).unwrap().relations.into_keys().collect();
    let expected = [
        Relation::id_of(id(1), RelationType::RunsOn, id(3)),
        Relation::id_of(id(5), RelationType::DependsOn, id(1)),
        Relation::id_of(id(4), RelationType::Contains, id(1)),
    ];
    assert_eq!(relations, expected.into(), "without doubles, and none to itself");
    assert_eq!(world.get::<CiGroup>(CiGroupId(Uuid::from_u128(0x77))).members, [id(1), id(3)].into());
    assert!(open_pairs(&world).is_empty());
    assert_eq!(measured(&world), [id(1)], "and is measured as the other was");
    assert_eq!(resolve(id(2), &world.records).unwrap(), id(1));
    assert_eq!(names_of(id(1), &world.records).unwrap(), [id(1), id(2)]);
    let then = moment::at(id(2), START, &world.records).unwrap();
    assert_eq!(then.state.ci.unwrap().version, "2", "its history is kept");
    assert_eq!(world.refused(RITA, &undo(2)), ["NOT_ALLOWED"]);
    world.must(CORA, &undo(2));
    assert_eq!(but_steps(&world), before);
    world.must(CORA, &merge(1, 2, &[]));
    world.must(CORA, &undo(2));
    assert_eq!(but_steps(&world), before, "again, and without any field");
}

#[test]
fn a_merge_is_undone_only_while_nothing_else_happened() {
    let mut world = a_world();
    world.must(CORA, &merge(1, 2, &["serial_number"]));
    let change = FieldChange { field: "version".into(), from: String::new(), to: "3".into() };
    world.must(CORA, &Command::Cmdb(CmdbCommand::SetFields(id(1), vec![change])));
    assert_eq!(world.refused(CORA, &undo(2)), ["CHANGED_SINCE"]);
    assert_eq!(world.refused(CORA, &undo(3)), ["NOT_FOUND"]);

    let mut world = a_world();
    world.must(CORA, &merge(1, 2, &[]));
    let reason = "It goes next month".to_owned();
    measure(&mut world, StandardAct::Except { ci: id(1), fields: BTreeSet::new(), reason });
    assert_eq!(world.refused(CORA, &undo(2)), ["CHANGED_SINCE"], "the exception would be lost");
}

#[test]
fn a_ci_that_is_measured_already_stays_so_when_another_is_merged_into_it() {
    let mut world = a_world();
    measure(&mut world, StandardAct::Attach(vec![id(1)]));
    let before = but_steps(&world);
    world.must(CORA, &merge(1, 2, &[]));
    assert_eq!(measured(&world), [id(1)]);
    world.must(CORA, &undo(2));
    assert_eq!(but_steps(&world), before);
}

#[test]
fn one_ci_is_not_merged_with_itself_nor_into_a_taken_name() {
    let mut world = a_world();
    assert_eq!(world.refused(CORA, &merge(1, 1, &[])), ["SAME_CI"]);
    assert_eq!(world.refused(CORA, &merge(1, 9, &[])), ["NOT_FOUND"]);
    assert_eq!(world.refused(CORA, &merge(1, 2, &["colour"])), ["UNKNOWN_FIELD"]);
    assert_eq!(world.refused(TESS, &merge(1, 2, &[])), ["NOT_ALLOWED"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_merge_undone_changes_nothing_and_is_the_same_on_both_sides(
        relations in prop::collection::vec((1..6_u32, 0..3_usize, 1..6_u32), 0..15),
        take in prop::collection::btree_set(prop::sample::select(vec!["version", "serial_number", "notes", "name"]), 0..4),
    ) {
        let mut world = a_world();
        let how = [RelationType::DependsOn, RelationType::Contains, RelationType::ConnectsTo];
        for (a, kind, b) in relations {
            relate(&mut world, a, how[kind], b);
        }
        let before = but_steps(&world);
        let mut other = world.clone();
        let take: Vec<&str> = take.into_iter().collect();
        world.must(CORA, &merge(1, 2, &take));
        other.judge(CORA, &merge(1, 2, &take)).unwrap();
        prop_assert!(world.records.records().eq(other.records.records()));
        prop_assert!(world.records.get::<CiForward>(CiForward::id_of(id(2))).unwrap().is_some());
        for relation in world.records.records().filter_map(|r| if let Record::Relation(r) = r { Some(r) } else { None }) {
            prop_assert!(relation.source != id(2) && relation.target != id(2));
        }
        world.must(CORA, &undo(2));
        prop_assert_eq!(but_steps(&world), before);
    }
}
