//! Relation types as data: ends, number, loops with their path, and words that stay apart.

use crate::classes::{a_ci, create, workspace};
use crate::cmdb::{codes, id, run};
use rstest::rstest;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::relation_kind::{Carries, RelationKind};
use slipway_domain::command::{CmdbCommand, RelationRow};
use slipway_domain::records::Memory;

fn key(text: &str) -> RelationType {
    text.parse().unwrap()
}

fn relate(source: u128, of: RelationType, target: u128) -> CmdbCommand {
    CmdbCommand::Relate { source: id(source), relation_type: of, target: id(target) }
}

/// A workspace with four servers, a service, and a type `backed_up_by`.
fn world(edit: fn(&mut RelationKind)) -> Memory {
    let mut records = workspace();
    for n in 1..=4 {
        assert_eq!(create(&mut records, a_ci(n, "server", &format!("srv-{n}"))), [""; 0]);
    }
    assert_eq!(create(&mut records, a_ci(5, "service", "Mail")), [""; 0]);
    let mut kind = RelationKind::new(key("backed_up_by"), "backs up", Carries::Nothing);
    edit(&mut kind);
    run(&mut records, CmdbCommand::PutRelationKind(kind)).unwrap();
    records
}

#[rstest]
#[case::plain(|_: &mut RelationKind| (), &[(1, 2), (2, 1)], (3, 4), &[])]
#[case::target_class(|k: &mut RelationKind| { k.targets.insert("Hardware".into()); }, &[], (1, 5), &["RELATION_CLASS"])]
#[case::target_class_below(|k: &mut RelationKind| { k.targets.insert("Hardware".into()); }, &[], (5, 1), &[])]
#[case::source_class(|k: &mut RelationKind| { k.sources.insert("service".into()); }, &[], (1, 2), &["RELATION_CLASS"])]
#[case::one_source(|k: &mut RelationKind| k.one_source = true, &[(1, 3)], (2, 3), &["ALREADY_RELATED"])]
#[case::one_target(|k: &mut RelationKind| k.one_target = true, &[(1, 3)], (1, 2), &["ALREADY_RELATED"])]
#[case::loops(|k: &mut RelationKind| k.may_cycle = false, &[(1, 2), (2, 3), (2, 4)], (3, 1), &["RELATION_LOOP"])]
#[case::no_loop(|k: &mut RelationKind| k.may_cycle = false, &[(1, 2), (2, 3)], (1, 3), &[])]
#[case::retired(|k: &mut RelationKind| k.retired = true, &[], (1, 2), &["RELATION_TYPE_RETIRED"])]
#[case::symmetric(|k: &mut RelationKind| k.symmetric = true, &[(1, 2)], (2, 1), &["RELATION_EXISTS"])]
fn a_relation_is_what_its_type_allows(
    #[case] edit: fn(&mut RelationKind),
    #[case] before: &[(u128, u128)],
    #[case] (source, target): (u128, u128),
    #[case] want: &[&str],
) {
    let of = key("backed_up_by");
    let mut records = world(edit);
    for (source, target) in before {
        run(&mut records, relate(*source, of, *target)).unwrap();
    }
    assert_eq!(codes(run(&mut records, relate(source, of, target))), want);
    let row = RelationRow { line: 2, relation: Relation::new(id(source), of, id(target)) };
    let effect = run(&mut records, CmdbCommand::ImportRelations(vec![row])).unwrap();
    assert_eq!(effect.conflicts.len(), usize::from(!want.is_empty()), "an import is judged alike");
}

#[rstest]
#[case(RelationType::Contains, "CONTAINS_LOOP", "srv-1 contains srv-2 contains srv-3")]
#[case(key("backed_up_by"), "RELATION_LOOP", "srv-1 backed up by srv-2 backed up by srv-3")]
fn a_loop_is_named_by_its_path(#[case] of: RelationType, #[case] code: &str, #[case] path: &str) {
    let mut records = world(|kind| kind.may_cycle = false);
    run(&mut records, relate(1, of, 2)).unwrap();
    run(&mut records, relate(2, of, 3)).unwrap();
    let refusal = run(&mut records, relate(3, of, 1)).unwrap_err();
    let finding = refusal.findings.iter().find(|f| f.code == code).unwrap();
    assert!(finding.sentence.contains(path), "{}", finding.sentence);
}

#[test]
fn a_relation_of_no_type_or_no_end_is_refused() {
    let mut records = world(|_| ());
    let refusal = run(&mut records, relate(1, key("haunts"), 2)).unwrap_err();
    assert!(refusal.has("UNKNOWN_RELATION_TYPE"));
    assert!(refusal.findings[0].way_out.contains("depends on"), "{}", refusal.findings[0].way_out);
    assert_eq!(codes(run(&mut records, relate(1, key("backed_up_by"), 99))), ["UNKNOWN_CI"]);
}

#[rstest]
#[case::words(|k: &mut RelationKind| k.inverse = "Depends on".into(), &["NAME_TAKEN"])]
#[case::no_inverse(|k: &mut RelationKind| k.inverse = " ".into(), &["TEXT_MISSING"])]
#[case::class(|k: &mut RelationKind| { k.sources.insert("nix".into()); }, &["UNKNOWN_CLASS"])]
#[case::symmetric(|k: &mut RelationKind| { k.symmetric = true; k.may_cycle = false; }, &["SYMMETRIC_RELATION"])]
fn a_type_that_makes_no_sense_is_refused(#[case] edit: fn(&mut RelationKind), #[case] want: &[&str]) {
    let mut kind = RelationKind::new(key("haunts"), "is haunted by", Carries::Nothing);
    edit(&mut kind);
    assert_eq!(codes(run(&mut workspace(), CmdbCommand::PutRelationKind(kind))), want);
}

#[test]
fn a_stored_type_takes_the_place_of_one_that_every_workspace_has() {
    let mut records = world(|_| ());
    let contains = RelationKind::defaults().into_iter().find(|kind| kind.key == RelationType::Contains).unwrap();
    run(&mut records, CmdbCommand::PutRelationKind(RelationKind { one_source: false, ..contains })).unwrap();
    run(&mut records, relate(1, RelationType::Contains, 3)).unwrap();
    assert_eq!(codes(run(&mut records, relate(2, RelationType::Contains, 3))), [""; 0]);
}
