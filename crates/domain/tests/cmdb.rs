//! Tests of CIs, relations, groups, imports.

use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{BULK_ROWS, CiRow, CmdbCommand, Command, RelationRow};
use slipway_domain::execute::{Context, Effect, execute};
use slipway_domain::id::{CiGroupId, CiId, CommandId, GroupId, PersonId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Record;
use slipway_domain::records::{Memory, RecordsExt};
use slipway_domain::refusal::{Failure, Refusal};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub fn id(n: u128) -> CiId {
    CiId(Uuid::from_u128(n))
}

fn a_ci(n: u128, name: &str) -> Ci {
    Ci::blank(id(n), Number::new(Series::Ci, u32::try_from(n).unwrap()), "server", name)
}

/// Runs a command as the laptop does (no numbers at hand); a refused command must have changed nothing.
pub fn run(records: &mut Memory, command: CmdbCommand) -> Result<Effect, Refusal> {
    run_with(records, command, BTreeMap::new())
}

fn run_with(records: &mut Memory, command: CmdbCommand, numbers: BTreeMap<Series, u32>) -> Result<Effect, Refusal> {
    let mut context =
        Context { command: CommandId(Uuid::from_u128(7)), actor: PersonId::SYSTEM, now: Timestamp(1_000), numbers };
    let before: Vec<Record> = records.records().cloned().collect();
    match execute(&Command::Cmdb(command), &mut context, records) {
        Ok(effect) => Ok(effect),
        Err(Failure::Refused(refusal)) => {
            assert_eq!(records.records().cloned().collect::<Vec<_>>(), before, "a refusal changes nothing");
            Err(refusal)
        }
        Err(Failure::Fault(fault)) => panic!("{fault}"),
    }
}

pub fn codes(result: Result<Effect, Refusal>) -> Vec<String> {
    result.err().map(|r| r.findings.into_iter().map(|f| f.code).collect()).unwrap_or_default()
}

pub fn with_cis(count: u128) -> Memory {
    let mut records = Memory::default();
    for n in 1..=count {
        records.put(a_ci(n, &format!("ci-{n}"))).unwrap();
    }
    records
}

fn change(field: &str, from: &str, to: &str) -> FieldChange {
    FieldChange { field: field.into(), from: from.into(), to: to.into() }
}

fn ci_of(records: &Memory, n: u128) -> Ci {
    records.get(id(n)).unwrap().unwrap()
}

fn row(line: u32, ci: Ci, columns: &[&str]) -> CiRow {
    CiRow { line, ci, columns: columns.iter().map(|c| (*c).to_owned()).collect() }
}

fn relation_row(line: u32, source: u128, relation_type: RelationType, target: u128) -> RelationRow {
    RelationRow { line, relation: Relation::new(id(source), relation_type, id(target)) }
}

fn relate(source: u128, relation_type: RelationType, target: u128) -> CmdbCommand {
    CmdbCommand::Relate { source: id(source), relation_type, target: id(target) }
}

#[test]
fn a_new_ci_is_stored_with_trimmed_texts() {
    let mut records = Memory::default();
    let mut ci = a_ci(1, " web-01 ");
    ci.version = " 1.2 ".into();
    run(&mut records, CmdbCommand::CreateCi(Box::new(ci))).unwrap();
    assert_eq!((ci_of(&records, 1).name.as_str(), ci_of(&records, 1).version.as_str()), ("web-01", "1.2"));
}

#[test]
fn every_fault_of_a_new_ci_is_named_at_once() {
    let mut records = with_cis(1);
    let mut ci = a_ci(2, "ci-1");
    ci.version = "two\nlines".into();
    ci.owner = Some(PersonId(Uuid::from_u128(99)));
    ci.support_group = Some(GroupId(Uuid::from_u128(99)));
    let found = codes(run(&mut records, CmdbCommand::CreateCi(Box::new(ci))));
    assert_eq!(found, ["TEXT_NOT_A_LINE", "CI_NAME_TAKEN", "UNKNOWN_PERSON", "UNKNOWN_GROUP"]);
}

#[test]
fn an_identity_is_never_given_twice() {
    let mut records = with_cis(1);
    assert_eq!(codes(run(&mut records, CmdbCommand::CreateCi(Box::new(a_ci(1, "other"))))), ["ID_TAKEN"]);
}

#[test]
fn a_taken_number_is_refused_on_a_laptop_and_replaced_on_the_server() {
    let mut records = with_cis(1);
    let mut ci = a_ci(2, "other");
    ci.number = Number::new(Series::Ci, 1);
    let create = CmdbCommand::CreateCi(Box::new(ci));
    assert_eq!(codes(run(&mut records, create.clone())), ["NUMBER_TAKEN"]);
    run_with(&mut records, create, BTreeMap::from([(Series::Ci, 50)])).unwrap();
    assert_eq!(ci_of(&records, 2).number.as_str(), "CI-000050");
}

#[test]
fn a_field_that_somebody_else_changed_is_a_conflict_and_the_others_apply() {
    let mut records = with_cis(1);
    run(&mut records, CmdbCommand::SetFields(id(1), vec![change("version", "", "2")])).unwrap();
    let effect = run(
        &mut records,
        CmdbCommand::SetFields(id(1), vec![change("version", "1", "3"), change("notes", "", "seen")]),
    )
    .unwrap();
    assert_eq!(effect.updated, 1);
    let [conflict] = effect.conflicts.as_slice() else { panic!("one conflict") };
    assert_eq!(conflict.field.as_deref(), Some("version"));
    assert_eq!((conflict.from.as_str(), conflict.mine.as_str(), conflict.theirs.as_str()), ("1", "3", "2"));
    assert_eq!(conflict.finding.code, "FIELD_CHANGED");
    assert_eq!((ci_of(&records, 1).version.as_str(), ci_of(&records, 1).notes.as_str()), ("2", "seen"));
}

#[test]
fn all_fields_in_conflict_is_still_applied_in_part() {
    let mut records = with_cis(1);
    let effect = run(&mut records, CmdbCommand::SetFields(id(1), vec![change("version", "1", "3")])).unwrap();
    assert_eq!((effect.conflicts.len(), effect.updated, effect.unchanged), (1, 0, 1));
}

#[test]
fn a_field_that_already_has_the_wanted_value_merges() {
    let mut records = with_cis(1);
    let wanted = CmdbCommand::SetFields(id(1), vec![change("environment", "development", "PRODUCTION")]);
    assert_eq!(run(&mut records, wanted).unwrap(), Effect { unchanged: 1, ..Effect::default() });
}

#[test]
fn a_value_that_another_ci_took_is_a_conflict_of_that_field_only() {
    let mut records = with_cis(2);
    run(&mut records, CmdbCommand::SetFields(id(1), vec![change("asset_tag", "", "T1")])).unwrap();
    let effect =
        run(&mut records, CmdbCommand::SetFields(id(2), vec![change("asset_tag", "", "t1"), change("model", "", "M")]))
            .unwrap();
    assert_eq!(effect.conflicts[0].finding.code, "ASSET_TAG_TAKEN");
    assert_eq!((ci_of(&records, 2).asset_tag.as_str(), ci_of(&records, 2).model.as_str()), ("", "M"));
}

#[rstest]
#[case::unknown_field(vec![change("colour", "", "red"), change("notes", "", "x")], &["UNKNOWN_FIELD"])]
#[case::two_wrong_values(vec![change("environment", "production", "space"), change("location.u", "", "x")], &["WRONG_VALUE", "WRONG_VALUE"])]
#[case::twice(vec![change("notes", "", "a"), change("notes", "", "b")], &["FIELD_TWICE"])]
fn a_wrong_value_refuses_the_whole_step(#[case] changes: Vec<FieldChange>, #[case] want: &[&str]) {
    assert_eq!(codes(run(&mut with_cis(1), CmdbCommand::SetFields(id(1), changes))), want);
}

#[rstest]
#[case::allowed(CiStatus::InUse, CiStatus::InMaintenance, &[])]
#[case::there_already(CiStatus::Installed, CiStatus::InUse, &[])]
#[case::seen_otherwise(CiStatus::Installed, CiStatus::Retired, &["STATUS_CHANGED"])]
#[case::not_in_the_table(CiStatus::InUse, CiStatus::Planned, &["STATUS_MOVE"])]
fn a_status_is_moved_whole_or_refused(#[case] from: CiStatus, #[case] to: CiStatus, #[case] want: &[&str]) {
    assert_eq!(codes(run(&mut with_cis(1), CmdbCommand::SetStatus { ci: id(1), from, to })), want);
}

#[rstest]
#[case::to_itself(relate(1, RelationType::DependsOn, 1), &["SELF_RELATION"])]
#[case::dangling(relate(8, RelationType::DependsOn, 9), &["UNKNOWN_CI", "UNKNOWN_CI"])]
#[case::second_container(relate(3, RelationType::Contains, 2), &["ALREADY_CONTAINED"])]
#[case::loop_of_two(relate(2, RelationType::Contains, 1), &["CONTAINS_LOOP"])]
#[case::fine(relate(2, RelationType::Contains, 3), &[])]
#[case::loop_of_another_type(relate(2, RelationType::DependsOn, 1), &[])]
fn a_relation_is_judged(#[case] command: CmdbCommand, #[case] want: &[&str]) {
    let mut records = with_cis(3);
    run(&mut records, relate(1, RelationType::Contains, 2)).unwrap();
    assert_eq!(codes(run(&mut records, command)), want);
}

#[test]
fn a_relation_is_made_and_removed_once() {
    let mut records = with_cis(2);
    assert_eq!(run(&mut records, relate(1, RelationType::ConnectsTo, 2)).unwrap().created, 1);
    assert_eq!(run(&mut records, relate(2, RelationType::ConnectsTo, 1)).unwrap().unchanged, 1, "symmetric");
    let relation = Relation::id_of(id(1), RelationType::ConnectsTo, id(2));
    assert_eq!(run(&mut records, CmdbCommand::Unrelate(relation)).unwrap().updated, 1);
    assert_eq!(run(&mut records, CmdbCommand::Unrelate(relation)).unwrap().unchanged, 1);
}

#[test]
fn a_ci_group_has_a_name_of_its_own_and_members_that_exist() {
    let mut records = with_cis(2);
    let group = |n: u128, name: &str, members: &[u128]| {
        CmdbCommand::PutGroup(CiGroup {
            id: CiGroupId(Uuid::from_u128(n)),
            name: name.into(),
            members: members.iter().map(|m| id(*m)).collect(),
            enough: None,
            filter: None,
        })
    };
    assert_eq!(run(&mut records, group(1, "web", &[1, 2])).unwrap().created, 1);
    assert_eq!(run(&mut records, group(1, "web", &[1])).unwrap().updated, 1);
    assert_eq!(codes(run(&mut records, group(2, "WEB", &[1]))), ["NAME_TAKEN"]);
    assert_eq!(codes(run(&mut records, group(2, "db", &[8, 9]))), ["UNKNOWN_CI", "UNKNOWN_CI"]);
}

#[test]
fn an_import_judges_each_row_by_itself() {
    let mut records = with_cis(2);
    run(&mut records, CmdbCommand::SetFields(id(1), vec![change("notes", "", "kept")])).unwrap();
    let mut update = a_ci(11, "CI-1");
    update.version = "2".into();
    let mut bad = a_ci(12, "ci-2");
    bad.version = "x".repeat(1_000);
    let mut retired = a_ci(2, "ci-2");
    retired.status = CiStatus::Planned;
    let rows = vec![
        row(2, update, &["name", "class", "version"]),
        row(3, bad, &["version"]),
        row(4, a_ci(13, "new"), &["version"]),
        row(5, a_ci(14, "new"), &["version"]),
        row(6, a_ci(15, ""), &["version"]),
    ];
    let effect = run(&mut records, CmdbCommand::ImportCis(rows)).unwrap();
    assert_eq!((effect.created, effect.updated, effect.unchanged), (1, 1, 0));
    let refused: Vec<_> = effect.conflicts.iter().map(|c| (c.line.unwrap(), c.finding.code.as_str())).collect();
    assert_eq!(refused, [(3, "TEXT_TOO_LONG"), (5, "ROW_TWICE"), (6, "TEXT_MISSING")]);
    let ci = ci_of(&records, 1);
    assert_eq!((ci.name.as_str(), ci.version.as_str(), ci.notes.as_str()), ("ci-1", "2", "kept"));

    let effect = run(&mut records, CmdbCommand::ImportCis(vec![row(2, retired, &["status"])])).unwrap();
    assert_eq!(effect.conflicts[0].finding.code, "STATUS_MOVE");
}

#[test]
fn an_import_that_is_too_long_is_refused() {
    let rows = |n: usize| (0..n).map(|i| row(1, a_ci(i as u128 + 1, &format!("c{i}")), &[])).collect::<Vec<_>>();
    assert_eq!(run(&mut Memory::default(), CmdbCommand::ImportCis(rows(BULK_ROWS))).unwrap().created, 500);
    assert_eq!(codes(run(&mut Memory::default(), CmdbCommand::ImportCis(rows(BULK_ROWS + 1)))), ["TOO_MANY_ROWS"]);
    let rows = (0..=BULK_ROWS).map(|_| relation_row(1, 1, RelationType::DependsOn, 2)).collect();
    assert_eq!(codes(run(&mut with_cis(2), CmdbCommand::ImportRelations(rows))), ["TOO_MANY_ROWS"]);
}

#[test]
fn a_relation_import_refuses_unknown_ends_and_keeps_the_tree() {
    let mut records = with_cis(3);
    let rows = vec![
        relation_row(2, 1, RelationType::DependsOn, 2),
        relation_row(3, 2, RelationType::DependsOn, 1),
        relation_row(4, 1, RelationType::DependsOn, 9),
        relation_row(5, 1, RelationType::Contains, 2),
        relation_row(6, 3, RelationType::Contains, 2),
        relation_row(7, 1, RelationType::DependsOn, 2),
    ];
    let effect = run(&mut records, CmdbCommand::ImportRelations(rows)).unwrap();
    assert_eq!((effect.created, effect.unchanged), (3, 1));
    let refused: Vec<_> = effect.conflicts.iter().map(|c| (c.line.unwrap(), c.finding.code.as_str())).collect();
    assert_eq!(refused, [(4, "UNKNOWN_CI"), (6, "ALREADY_CONTAINED")]);
}

#[test]
fn a_forged_relation_id_is_not_believed() {
    let mut records = with_cis(2);
    let mut row = relation_row(2, 1, RelationType::DependsOn, 2);
    row.relation.id = slipway_domain::id::RelationId(Uuid::from_u128(5));
    run(&mut records, CmdbCommand::ImportRelations(vec![row])).unwrap();
    assert_eq!(run(&mut records, relate(1, RelationType::DependsOn, 2)).unwrap().unchanged, 1);
}

fn a_field() -> impl Strategy<Value = (String, String)> {
    let names = prop::sample::select(vec!["version", "notes", "manufacturer", "location.rack", "attributes.a"]);
    (names, "[a-c]{0,2}").prop_map(|(name, value)| (name.to_owned(), value))
}

fn some_rows() -> impl Strategy<Value = Vec<CiRow>> {
    let one = ("[a-d]", "[a-b]{0,1}", "[x-y]{0,1}", "[t-u]{0,1}");
    prop::collection::vec(one, 0..12).prop_map(|rows| {
        rows.into_iter()
            .enumerate()
            .map(|(n, (name, version, serial, tag))| {
                let mut ci = a_ci(100 + n as u128, &name);
                (ci.version, ci.serial_number, ci.asset_tag) = (version, serial, tag);
                row(u32::try_from(n).unwrap() + 2, ci, &["name", "class", "version", "serial_number", "asset_tag"])
            })
            .collect()
    })
}

/// The part of each container, and no loop above any CI.
fn is_a_tree(records: &Memory) -> bool {
    let mut parent = BTreeMap::new();
    for record in records.records() {
        if let Record::Relation(r) = record
            && r.relation_type == RelationType::Contains
            && parent.insert(r.target, r.source).is_some()
        {
            return false;
        }
    }
    parent.keys().all(|start| {
        let mut seen = BTreeSet::new();
        let mut at = *start;
        while seen.insert(at) {
            match parent.get(&at) {
                Some(above) => at = *above,
                None => return true,
            }
        }
        false
    })
}

proptest! {
    #[test]
    fn edits_of_different_fields_commute(a in a_field(), b in a_field()) {
        prop_assume!(a.0 != b.0);
        let set = |(name, value): &(String, String)| CmdbCommand::SetFields(id(1), vec![change(name, "", value)]);
        let (mut one, mut two) = (with_cis(1), with_cis(1));
        for (records, order) in [(&mut one, [&a, &b]), (&mut two, [&b, &a])] {
            for edit in order {
                prop_assert_eq!(run(records, set(edit)).unwrap().conflicts, vec![]);
            }
        }
        prop_assert_eq!(ci_of(&one, 1), ci_of(&two, 1));
    }

    #[test]
    fn the_same_import_again_changes_nothing(rows in some_rows()) {
        let mut records = Memory::default();
        let first = run(&mut records, CmdbCommand::ImportCis(rows.clone())).unwrap();
        let after: Vec<Record> = records.records().cloned().collect();
        let second = run(&mut records, CmdbCommand::ImportCis(rows.clone())).unwrap();
        prop_assert_eq!(second.created + second.updated, 0);
        prop_assert_eq!(second.unchanged, first.created + first.updated + first.unchanged);
        // A row refused then may have one more reason now: what came after it in the file is stored.
        let lines = |e: &Effect| e.conflicts.iter().map(|c| c.line).collect::<Vec<_>>();
        prop_assert_eq!(lines(&second), lines(&first));
        prop_assert_eq!(records.records().cloned().collect::<Vec<_>>(), after);
        let judged = first.created + first.updated + first.unchanged;
        prop_assert_eq!(judged as usize + first.conflicts.len(), rows.len(), "each row is accounted for");
    }

    #[test]
    fn contains_stays_a_tree(steps in prop::collection::vec((any::<bool>(), 1u128..7, 1u128..7), 0..60)) {
        let mut records = with_cis(6);
        for (add, source, target) in steps {
            let contains = RelationType::Contains;
            let _judged = if add {
                run(&mut records, relate(source, contains, target))
            } else {
                run(&mut records, CmdbCommand::Unrelate(Relation::id_of(id(source), contains, id(target))))
            };
            prop_assert!(is_a_tree(&records));
        }
    }
}
