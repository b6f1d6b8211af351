//! Impact analysis: which way failure travels, redundancy, the shortest path, and where the search ends.

use crate::cmdb::{codes, id, run, with_cis};
use rstest::rstest;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::impact::{Direction, Impact, Question, analyse, carries};
use slipway_domain::cmdb::relation::RelationType;
use slipway_domain::cmdb::relation_kind;
use slipway_domain::command::CmdbCommand;
use slipway_domain::id::{CiGroupId, CiId};
use slipway_domain::records::Memory;
use std::collections::BTreeSet;
use uuid::Uuid;

const DEPENDS: RelationType = RelationType::DependsOn;

fn world(cis: u128, relations: &[(u128, RelationType, u128)]) -> Memory {
    let mut records = with_cis(cis);
    for (source, relation_type, target) in relations {
        let relate = CmdbCommand::Relate { source: id(*source), relation_type: *relation_type, target: id(*target) };
        run(&mut records, relate).unwrap();
    }
    records
}

fn group(records: &mut Memory, n: u128, members: &[u128], enough: Option<u32>) -> Result<(), Vec<String>> {
    let members: BTreeSet<CiId> = members.iter().map(|m| id(*m)).collect();
    let group =
        CiGroup { id: CiGroupId(Uuid::from_u128(n)), name: format!("group {n}"), members, enough, filter: None };
    run(records, CmdbCommand::PutGroup(group)).map(drop).map_err(|refusal| codes(Err(refusal)))
}

fn failing(of: &[u128]) -> Question {
    Question::downstream(of.iter().map(|n| id(*n)).collect(), 10)
}

/// What was reached beside what was asked about, ascending.
fn reached(impact: &Impact) -> Vec<u128> {
    let mut found: Vec<u128> = impact.reached.iter().filter(|r| r.depth > 0).map(|r| r.ci.0.as_u128()).collect();
    found.sort_unstable();
    found
}

#[rstest]
#[case::depends(RelationType::DependsOn, &[], &[1])]
#[case::runs(RelationType::RunsOn, &[], &[1])]
#[case::hosted(RelationType::HostedOn, &[], &[1])]
#[case::contains(RelationType::Contains, &[2], &[])]
#[case::provides(RelationType::Provides, &[2], &[])]
#[case::connects(RelationType::ConnectsTo, &[2], &[1])]
fn failure_travels_as_the_type_says(#[case] relation_type: RelationType, #[case] of_1: &[u128], #[case] of_2: &[u128]) {
    let records = world(2, &[(1, relation_type, 2)]);
    assert_eq!(reached(&analyse(&failing(&[1]), &records).unwrap()), of_1, "the source fails");
    assert_eq!(reached(&analyse(&failing(&[2]), &records).unwrap()), of_2, "the target fails");
    let kind = relation_kind::of(relation_type, &records).unwrap().unwrap();
    assert_eq!(carries(&kind), (!of_1.is_empty(), !of_2.is_empty()));
    let upstream = |n| analyse(&Question { direction: Direction::Upstream, ..failing(&[n]) }, &records).unwrap();
    assert_eq!(
        (reached(&upstream(2)), reached(&upstream(1))),
        (of_1.iter().map(|_| 1).collect(), of_2.iter().map(|_| 2).collect())
    );
}

#[test]
fn the_shortest_path_explains_and_a_cycle_ends() {
    // 4 depends on 3, 3 on 2, 2 on 1, 1 on 4; and 4 on 2 directly.
    let records = world(4, &[(4, DEPENDS, 3), (3, DEPENDS, 2), (2, DEPENDS, 1), (1, DEPENDS, 4), (4, DEPENDS, 2)]);
    let impact = analyse(&failing(&[1]), &records).unwrap();
    assert_eq!(reached(&impact), [2, 3, 4]);
    let path: Vec<u128> = impact.path(id(4)).iter().map(|(step, _)| step.from.0.as_u128()).collect();
    assert_eq!(path, [1, 2]);
    assert_eq!(impact.of(id(4)).unwrap().depth, 2);
    assert!(!impact.cut_off && impact.path(id(1)).is_empty());
}

#[rstest]
#[case::depth_reached(2, 100, &[2, 3], true)]
#[case::depth_enough(3, 100, &[2, 3, 4], false)]
#[case::most(9, 3, &[2, 3], true)]
fn what_lies_beyond_is_said(#[case] depth: u32, #[case] most: usize, #[case] want: &[u128], #[case] cut_off: bool) {
    let records = world(4, &[(2, DEPENDS, 1), (3, DEPENDS, 2), (4, DEPENDS, 3)]);
    let impact = analyse(&Question { depth, most, ..failing(&[1]) }, &records).unwrap();
    assert_eq!((reached(&impact).as_slice(), impact.cut_off), (want, cut_off));
}

#[test]
fn only_relations_of_the_types_asked_for_are_followed() {
    let records = world(3, &[(2, DEPENDS, 1), (3, RelationType::RunsOn, 1)]);
    let impact = analyse(&Question { types: Some([RelationType::RunsOn].into()), ..failing(&[1]) }, &records).unwrap();
    assert_eq!(reached(&impact), [3]);
}

/// 1, 2 and 3 are a cluster, 4 runs on each, 5 depends on 4; 6 depends on 1 and is in no way guarded from 3.
#[rstest]
#[case::one_of_three_down(&[1], Some(2), &[], 1)]
#[case::two_of_three_down(&[1, 2], Some(2), &[4, 5, 6], 0)]
#[case::one_is_enough(&[1, 2], Some(1), &[], 1)]
#[case::all_needed(&[3], Some(3), &[4, 5], 0)]
#[case::no_redundancy(&[1], None, &[4, 5, 6], 0)]
fn what_depends_on_a_redundancy_group_is_spared_while_enough_are_up(
    #[case] of: &[u128],
    #[case] enough: Option<u32>,
    #[case] want: &[u128],
    #[case] spared: usize,
) {
    let runs = RelationType::RunsOn;
    let mut records = world(6, &[(4, runs, 1), (4, runs, 2), (4, runs, 3), (5, DEPENDS, 4), (6, DEPENDS, 1)]);
    group(&mut records, 1, &[1, 2, 3], enough).unwrap();
    let impact = analyse(&failing(of), &records).unwrap();
    assert_eq!((reached(&impact).as_slice(), impact.spared.len()), (want, spared));
}

#[test]
fn a_group_falls_when_failure_reaches_enough_members_on_different_ways() {
    // Hosts 2 and 3 hang on switch 1 at one and at two steps; service 5 depends on both, one of the two is enough.
    let mut records = world(5, &[(2, DEPENDS, 1), (4, DEPENDS, 1), (3, DEPENDS, 4), (5, DEPENDS, 2), (5, DEPENDS, 3)]);
    group(&mut records, 1, &[2, 3], Some(1)).unwrap();
    let impact = analyse(&failing(&[1]), &records).unwrap();
    assert_eq!(reached(&impact), [2, 3, 4, 5]);
    assert!(impact.spared.is_empty());
    let alone = analyse(&failing(&[4]), &records).unwrap();
    assert_eq!(reached(&alone), [3]);
    let held = &alone.spared[0];
    assert_eq!((held.down, held.members, held.enough), (1, 2, 1));
}

#[rstest]
#[case(Some(0), true)]
#[case(Some(1), false)]
#[case(Some(2), false)]
#[case(Some(3), true)]
#[case(None, false)]
fn enough_is_a_number_of_members(#[case] enough: Option<u32>, #[case] refused: bool) {
    let said = group(&mut with_cis(2), 1, &[1, 2], enough);
    assert_eq!(said.err(), refused.then(|| vec!["REDUNDANCY_IMPOSSIBLE".to_owned()]));
}
