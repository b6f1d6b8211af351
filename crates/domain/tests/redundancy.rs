//! Redundancy rules: who may make which, and what they spare, beside an oracle that only knows the definition.

use crate::builders::{CORA, TESS, World};
use crate::cmdb::{codes, id, run, with_cis};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::impact::{Question, RedundancyOf, analyse};
use slipway_domain::cmdb::redundancy::Redundancy;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{CiGroupId, CiId, RedundancyId};
use slipway_domain::records::{Memory, Records, RecordsExt};
use std::collections::BTreeSet;
use uuid::Uuid;

const DEPENDS: RelationType = RelationType::DependsOn;

fn rule(n: u128, ci: u128, providers: &[u128], enough: u32) -> Redundancy {
    let providers = providers.iter().map(|p| id(*p)).collect();
    Redundancy { id: RedundancyId(Uuid::from_u128(n)), ci: id(ci), providers, enough }
}

/// 4 and 5 depend on each of 1, 2 and 3; 6 depends on 4.
fn cluster() -> Memory {
    let mut records = with_cis(6);
    for (source, target) in [(4, 1), (4, 2), (4, 3), (5, 1), (5, 2), (5, 3), (6, 4)] {
        records.put(Relation::new(id(source), DEPENDS, id(target))).unwrap();
    }
    records
}

fn reached(records: &Memory, of: &[u128]) -> Vec<u128> {
    let question = Question::downstream(of.iter().map(|n| id(*n)).collect(), 100);
    let impact = analyse(&question, records).unwrap();
    let mut found: Vec<u128> = impact.reached.iter().filter(|r| r.depth > 0).map(|r| r.ci.0.as_u128()).collect();
    found.sort_unstable();
    found
}

#[rstest]
#[case::one_of_three_down(&[1], &[5])]
#[case::two_of_three_down(&[1, 3], &[4, 5, 6])]
fn a_rule_spares_its_own_ci_and_no_other(#[case] of: &[u128], #[case] want: &[u128]) {
    let mut records = cluster();
    run(&mut records, CmdbCommand::PutRedundancy(rule(1, 4, &[1, 2, 3], 2))).unwrap();
    assert_eq!(reached(&records, of), want);
}

#[test]
fn the_path_says_which_redundancy_fell_and_what_is_spared_says_how_it_stands() {
    let mut records = cluster();
    run(&mut records, CmdbCommand::PutRedundancy(rule(1, 4, &[1, 2, 3], 2))).unwrap();
    let both = analyse(&Question::downstream([id(1), id(2)].into(), 9), &records).unwrap();
    let path = both.path(id(6));
    let fallen = path[0].0.fallen.clone().unwrap();
    assert_eq!(fallen.of, RedundancyOf::Rule(RedundancyId(Uuid::from_u128(1))));
    assert_eq!((fallen.name.as_str(), fallen.down, fallen.members, fallen.enough), ("ci-4", 2, 3, 2));
    assert!(path[1].0.fallen.is_none());
    let one = analyse(&Question::downstream([id(1)].into(), 9), &records).unwrap();
    assert_eq!(one.spared.iter().map(|s| (s.name.as_str(), s.down)).collect::<Vec<_>>(), [("ci-4", 1)]);
}

#[test]
fn a_rule_of_the_ci_counts_more_than_a_group_of_its_providers() {
    let mut records = cluster();
    let members: BTreeSet<CiId> = [1, 2, 3].map(id).into();
    let group = |enough| CiGroup {
        id: CiGroupId(Uuid::from_u128(1)),
        name: "cluster".into(),
        members: members.clone(),
        enough: Some(enough),
        filter: None,
    };
    run(&mut records, CmdbCommand::PutGroup(group(1))).unwrap();
    run(&mut records, CmdbCommand::PutRedundancy(rule(1, 4, &[1, 2, 3], 3))).unwrap();
    assert_eq!(reached(&records, &[1]), [4, 6], "4 needs all three, 5 is spared by the group");
    run(&mut records, CmdbCommand::PutGroup(group(3))).unwrap();
    run(&mut records, CmdbCommand::PutRedundancy(rule(1, 4, &[1, 2, 3], 1))).unwrap();
    assert_eq!(reached(&records, &[1]), [5], "the group falls at once, the rule of 4 does not");
}

#[test]
fn a_rule_that_is_removed_spares_nothing_and_removing_it_again_changes_nothing() {
    let mut records = cluster();
    run(&mut records, CmdbCommand::PutRedundancy(rule(1, 4, &[1, 2, 3], 2))).unwrap();
    let remove = CmdbCommand::RemoveRedundancy(RedundancyId(Uuid::from_u128(1)));
    run(&mut records, remove.clone()).unwrap();
    assert_eq!(reached(&records, &[1]), [4, 5, 6]);
    assert_eq!(run(&mut records, remove).unwrap().unchanged, 1);
}

#[rstest]
#[case::good(rule(2, 4, &[1, 2], 1), &[])]
#[case::all_needed(rule(2, 4, &[1, 2], 2), &[])]
#[case::none_needed(rule(2, 4, &[1, 2], 0), &["REDUNDANCY_IMPOSSIBLE"])]
#[case::more_than_there_are(rule(2, 4, &[1, 2], 3), &["REDUNDANCY_IMPOSSIBLE"])]
#[case::no_provider(rule(2, 4, &[], 1), &["REDUNDANCY_IMPOSSIBLE"])]
#[case::unknown_ci(rule(2, 99, &[1, 2], 1), &["NOT_FOUND"])]
#[case::unknown_provider(rule(2, 4, &[1, 99], 1), &["UNKNOWN_CI"])]
#[case::not_needed(rule(2, 4, &[1, 6], 1), &["NO_PROVIDER"])]
#[case::needed_over_another(rule(2, 6, &[1, 4], 1), &["NO_PROVIDER"])]
#[case::itself(rule(2, 4, &[1, 4], 1), &["NO_PROVIDER"])]
#[case::in_another_rule(rule(2, 5, &[2, 3], 1), &["ALREADY_REDUNDANT"])]
fn a_rule_is_over_direct_providers(#[case] given: Redundancy, #[case] want: &[&str]) {
    let mut records = cluster();
    run(&mut records, CmdbCommand::PutRedundancy(rule(1, 5, &[1, 2], 1))).unwrap();
    let given = match want {
        ["ALREADY_REDUNDANT"] => rule(2, 5, &[2, 3], 1),
        _ => given,
    };
    assert_eq!(codes(run(&mut records, CmdbCommand::PutRedundancy(given))), want);
}

#[test]
fn too_many_providers_are_refused() {
    let mut records = with_cis(1);
    let providers: Vec<u128> = (2..200).collect();
    assert_eq!(codes(run(&mut records, CmdbCommand::PutRedundancy(rule(1, 1, &providers, 1)))), ["TOO_MANY_PROVIDERS"]);
}

#[test]
fn a_ci_with_rules_is_not_merged_away() {
    let mut records = cluster();
    run(&mut records, CmdbCommand::PutRedundancy(rule(1, 4, &[1, 2], 1))).unwrap();
    for gone in [4, 1] {
        let merge = CmdbCommand::MergeCi { kept: id(3), gone: id(gone), take: BTreeSet::new() };
        assert!(codes(run(&mut records, merge)).contains(&"IN_A_REDUNDANCY".to_owned()), "{gone}");
    }
}

#[test]
fn only_the_configuration_manager_makes_rules() {
    let mut world = World::new();
    for record in cluster().records() {
        world.records.write(record.clone()).unwrap();
    }
    let put = Command::Cmdb(CmdbCommand::PutRedundancy(rule(1, 4, &[1, 2], 1)));
    assert_eq!(world.refused(TESS, &put), ["NOT_ALLOWED"]);
    world.must(CORA, &put);
}

/// What is down, by the definition alone: the smallest set that holds the CIs asked about and is closed under failure.
fn oracle(of: &[u128], relations: &[(u128, u128)], rules: &[Redundancy], groups: &[CiGroup]) -> BTreeSet<u128> {
    let mut down: BTreeSet<u128> = of.iter().copied().collect();
    loop {
        let left = |members: &BTreeSet<CiId>| members.iter().filter(|m| !down.contains(&m.0.as_u128())).count();
        let falls = |source: u128, target: u128| {
            if !down.contains(&target) {
                return false;
            }
            let own: Vec<bool> = rules
                .iter()
                .filter(|r| r.ci == id(source) && r.providers.contains(&id(target)))
                .map(|r| left(&r.providers) < r.enough as usize)
                .collect();
            let shared: Vec<bool> = groups
                .iter()
                .filter(|g| g.members.contains(&id(target)))
                .map(|g| left(&g.members) < g.enough.unwrap() as usize)
                .collect();
            let guards = if own.is_empty() { shared } else { own };
            guards.is_empty() || guards.contains(&true)
        };
        let next: BTreeSet<u128> =
            relations.iter().filter(|(source, target)| falls(*source, *target)).map(|(source, _)| *source).collect();
        let before = down.len();
        down.extend(next);
        if down.len() == before {
            return down;
        }
    }
}

const CIS: u128 = 9;

fn some_cis(least: usize) -> impl Strategy<Value = Vec<u128>> {
    prop::collection::btree_set(1..=CIS, least..5).prop_map(|set| set.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Relations at random, so cycles are common; rules over any providers, so some have no relation any more.
    #[test]
    fn the_walk_finds_what_the_definition_says(
        of in some_cis(1),
        relations in prop::collection::vec((1..=CIS, 1..=CIS), 0..25),
        rules in prop::collection::vec((1..=CIS, some_cis(1), 1u32..4), 0..4),
        groups in prop::collection::vec((some_cis(1), 1u32..4), 0..3),
    ) {
        let mut records = with_cis(CIS);
        for (source, target) in &relations {
            records.put(Relation::new(id(*source), DEPENDS, id(*target))).unwrap();
        }
        let rules: Vec<Redundancy> =
            (1..).zip(&rules).map(|(n, (ci, providers, enough))| rule(n, *ci, providers, *enough)).collect();
        let groups: Vec<CiGroup> = (1..)
            .zip(&groups)
            .map(|(n, (members, enough))| CiGroup {
                id: CiGroupId(Uuid::from_u128(n)),
                name: format!("group {n}"),
                members: members.iter().map(|m| id(*m)).collect(),
                enough: Some(*enough),
                filter: None,
            })
            .collect();
        for rule in &rules {
            records.put(rule.clone()).unwrap();
        }
        for group in &groups {
            records.put(group.clone()).unwrap();
        }
        let impact = analyse(&Question::downstream(of.iter().map(|n| id(*n)).collect(), 100), &records).unwrap();
        let found: BTreeSet<u128> = impact.reached.iter().map(|r| r.ci.0.as_u128()).collect();
        prop_assert_eq!(found, oracle(&of, &relations, &rules, &groups));
        prop_assert!(!impact.cut_off);
        for reached in &impact.reached {
            let path = impact.path(reached.ci);
            prop_assert_eq!(path.is_empty(), reached.depth == 0);
            prop_assert!(path.len() <= reached.depth as usize);
            if let Some((step, _)) = path.first() {
                prop_assert!(of.contains(&step.from.0.as_u128()), "a path begins at a CI asked about");
            }
            for (step, to) in &path {
                prop_assert!(relations.contains(&(to.0.as_u128(), step.from.0.as_u128())), "each step is a relation");
            }
        }
    }
}
