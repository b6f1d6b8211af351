//! Classes of CIs: the tree, typed values, defaults, and what becomes of CIs when classes change.

use crate::cmdb::{codes, id, run};
use rstest::rstest;
use rust_decimal::Decimal;
use slipway_domain::cmdb::attribute::{Attribute, AttributeType, ReferenceTo};
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::class::{self, CiClass};
use slipway_domain::cmdb::class_tree::{ROOT, default_classes};
use slipway_domain::cmdb::classify;
use slipway_domain::cmdb::moment::CiStep;
use slipway_domain::command::{CiRow, CmdbCommand};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::{Memory, RecordsExt};

/// A workspace with the tree that new ones start with.
pub fn workspace() -> Memory {
    let mut records = Memory::default();
    run(&mut records, CmdbCommand::PutClasses(default_classes())).unwrap();
    records
}

pub fn a_ci(n: u128, class: &str, name: &str) -> Ci {
    Ci::blank(id(n), Number::new(Series::Ci, u32::try_from(n).unwrap()), class, name)
}

pub fn create(records: &mut Memory, ci: Ci) -> Vec<String> {
    codes(run(records, CmdbCommand::CreateCi(Box::new(ci))))
}

pub fn stored(records: &Memory, n: u128) -> Ci {
    records.get::<Ci>(id(n)).unwrap().unwrap()
}

fn set(n: u128, changes: &[(&str, &str, &str)]) -> CmdbCommand {
    let change = |(field, from, to): &(&str, &str, &str)| FieldChange {
        field: (*field).to_owned(),
        from: (*from).to_owned(),
        to: (*to).to_owned(),
    };
    CmdbCommand::SetFields(id(n), changes.iter().map(change).collect())
}

fn attribute(name: &str, of: AttributeType) -> Attribute {
    Attribute { of, ..Attribute::text(name, name) }
}

fn number(unit: &str, min: u32, max: u32) -> AttributeType {
    AttributeType::Number { unit: unit.to_owned(), min: Some(Decimal::from(min)), max: Some(Decimal::from(max)) }
}

/// A closed class `appliance` below hardware, with one attribute of each type.
fn appliance() -> CiClass {
    let mut class = CiClass::new("appliance", Some(CiClass::id_of("hardware")));
    class.open = false;
    class.attributes = vec![
        attribute("slots", number("", 1, 16)),
        attribute("memory", number("GB", 1, 4_096)),
        attribute("delivered", AttributeType::Date),
        attribute("tier", AttributeType::Choice(vec!["Gold".into(), "Silver".into()])),
        attribute("address", AttributeType::IpAddress),
        attribute("mac", AttributeType::MacAddress),
        attribute("encrypted", AttributeType::YesNo),
        attribute("backup of", AttributeType::Reference(ReferenceTo::Ci("server".into()))),
        attribute("remark", AttributeType::Text),
    ];
    class
}

fn with_appliance() -> Memory {
    let mut records = workspace();
    run(&mut records, CmdbCommand::PutClasses(vec![appliance()])).unwrap();
    assert_eq!(create(&mut records, a_ci(1, "appliance", "box-1")), [""; 0]);
    assert_eq!(create(&mut records, a_ci(2, "server", "web-01")), [""; 0]);
    assert_eq!(create(&mut records, a_ci(3, "service", "Mail")), [""; 0]);
    records
}

#[rstest]
#[case("slots", "08", "8")]
#[case("memory", "64", "64 GB")]
#[case("memory", "2TB", "2000 GB")]
#[case("memory", "1.5 tb", "1500 GB")]
#[case("delivered", "2026-02-28", "2026-02-28")]
#[case("tier", "gold", "Gold")]
#[case("address", "2001:DB8:0::7", "2001:db8::7")]
#[case("address", "10.0.0.7/24", "10.0.0.7/24")]
#[case("mac", "001B.4411.3AB7", "00:1b:44:11:3a:b7")]
#[case("mac", "00-1b-44-11-3a-b7", "00:1b:44:11:3a:b7")]
#[case("encrypted", "TRUE", "yes")]
#[case("backup of", "web-01", "00000000-0000-0000-0000-000000000002")]
#[case("backup of", "ci-000002", "00000000-0000-0000-0000-000000000002")]
#[case("MEMORY", "1 GB", "1 GB")]
#[case("tier", "", "")]
fn a_value_is_kept_in_its_one_written_form(#[case] name: &str, #[case] value: &str, #[case] written: &str) {
    let mut records = with_appliance();
    let field = format!("attributes.{name}");
    run(&mut records, set(1, &[(&field, "", value)])).unwrap();
    let now = stored(&records, 1).attributes.get(&name.to_lowercase()).cloned().unwrap_or_default();
    assert_eq!(now, written);
    let again = run(&mut records, set(1, &[(&field, written, written)])).unwrap();
    assert_eq!((again.unchanged, again.conflicts.len()), (1, 0), "and is stable");
}

#[rstest]
#[case("slots", "lots", "WRONG_VALUE")]
#[case("slots", "17", "WRONG_VALUE")]
#[case("slots", "0", "WRONG_VALUE")]
#[case("slots", "4 GB", "WRONG_VALUE")]
#[case("memory", "64 kg", "WRONG_VALUE")]
#[case("memory", "5 TB", "WRONG_VALUE")]
#[case("memory", "1e3", "WRONG_VALUE")]
#[case("delivered", "28.02.2026", "WRONG_VALUE")]
#[case("delivered", "2026-02-30", "WRONG_VALUE")]
#[case("tier", "bronze", "WRONG_VALUE")]
#[case("address", "10.0.0.256", "WRONG_VALUE")]
#[case("address", "10.0.0.7/33", "WRONG_VALUE")]
#[case("mac", "00:1b:44:11:3a", "WRONG_VALUE")]
#[case("mac", "00:1b:44:11:3a:zz", "WRONG_VALUE")]
#[case("encrypted", "maybe", "WRONG_VALUE")]
#[case("backup of", "nobody", "UNKNOWN_REFERENCE")]
#[case("backup of", "Mail", "UNKNOWN_REFERENCE")]
#[case("remark", "a\0b", "TEXT_NOT_READABLE")]
#[case("colour", "red", "UNKNOWN_ATTRIBUTE")]
fn a_wrong_value_is_refused_with_field_reason_and_example(#[case] name: &str, #[case] value: &str, #[case] code: &str) {
    let mut records = with_appliance();
    let field = format!("attributes.{name}");
    let refusal = run(&mut records, set(1, &[(&field, "", value)])).unwrap_err();
    let finding = &refusal.findings[0];
    assert_eq!(finding.code, code);
    assert_eq!(finding.data.get("field"), Some(&field), "the finding names the field");
    if code == "WRONG_VALUE" {
        let example = &finding.data["example"];
        assert!(finding.way_out.contains(example), "and gives an example: {}", finding.way_out);
        assert!(finding.sentence.contains("box-1"), "and the CI: {}", finding.sentence);
    }
}

#[test]
fn a_new_ci_gets_defaults_and_must_have_what_is_required() {
    let mut records = workspace();
    let mut class = appliance();
    class.attributes[0].required = true;
    class.attributes[1].default = "0.5 TB".to_owned();
    run(&mut records, CmdbCommand::PutClasses(vec![class])).unwrap();
    assert_eq!(create(&mut records, a_ci(1, "appliance", "box-1")), ["ATTRIBUTE_MISSING"]);
    let mut ci = a_ci(1, "Appliance", "box-1");
    ci.attributes.insert("slots".into(), "4".into());
    assert_eq!(create(&mut records, ci), [""; 0]);
    let ci = stored(&records, 1);
    assert_eq!(ci.class, "appliance", "in the spelling of the tree");
    assert_eq!(ci.attributes["memory"], "500 GB", "the default, as it is written");
    assert_eq!(codes(run(&mut records, set(1, &[("attributes.slots", "4", "")]))), ["ATTRIBUTE_MISSING"]);
}

#[rstest]
#[case("gateway", "UNKNOWN_CLASS")]
#[case("sever", "UNKNOWN_CLASS")]
fn a_class_that_does_not_exist_is_refused_with_those_alike(#[case] class: &str, #[case] code: &str) {
    let mut records = workspace();
    let refusal = run(&mut records, CmdbCommand::CreateCi(Box::new(a_ci(1, class, "x")))).unwrap_err();
    assert_eq!(refusal.findings[0].code, code);
    if class == "sever" {
        assert!(refusal.findings[0].way_out.contains("server"), "{}", refusal.findings[0].way_out);
    }
    let row = CiRow { line: 7, ci: a_ci(1, class, "x"), columns: ["name".to_owned()].into() };
    let effect = run(&mut records, CmdbCommand::ImportCis(vec![row])).unwrap();
    assert_eq!(effect.conflicts[0].finding.code, code);
    assert_eq!(effect.conflicts[0].line, Some(7));
}

#[test]
fn a_workspace_from_before_goes_on_and_so_do_its_cis() {
    let mut records = Memory::default();
    let mut old = a_ci(1, "gateway", "gw-1");
    old.attributes.insert("memory".into(), "a lot".into());
    assert_eq!(create(&mut records, old), [""; 0], "without classes every word is one");
    run(&mut records, CmdbCommand::PutClasses(default_classes())).unwrap();
    run(&mut records, set(1, &[("version", "", "2"), ("attributes.colour", "", "red")])).unwrap();
    let mut second = a_ci(2, "server", "web-01");
    second.attributes.insert("memory".into(), "64".into());
    records.put(Ci { attributes: [("memory".to_owned(), "plenty".to_owned())].into(), ..second }).unwrap();
    run(&mut records, set(2, &[("version", "", "2")])).unwrap();
    assert_eq!(stored(&records, 2).attributes["memory"], "plenty", "nobody touched it");
    assert_eq!(codes(run(&mut records, set(2, &[("attributes.memory", "plenty", "more")]))), ["WRONG_VALUE"]);
}

#[test]
fn another_class_takes_along_what_fits_and_lists_what_does_not() {
    let mut records = with_appliance();
    run(&mut records, set(2, &[("attributes.memory", "", "64"), ("attributes.colour", "", "red")])).unwrap();
    let effect = run(&mut records, set(2, &[("class", "server", "appliance"), ("version", "", "3")])).unwrap();
    let listed: Vec<&str> = effect.conflicts.iter().map(|c| c.finding.data["field"].as_str()).collect();
    assert_eq!(listed, ["attributes.colour"], "a closed class has no colour");
    let ci = stored(&records, 2);
    assert_eq!((ci.class.as_str(), ci.version.as_str()), ("server", "3"), "the rest is done, and nothing is lost");
    let step = set(2, &[("class", "server", "appliance"), ("attributes.colour", "red", "")]);
    assert_eq!(run(&mut records, step).unwrap().conflicts, []);
    let ci = stored(&records, 2);
    assert_eq!(ci.class, "appliance");
    assert_eq!(ci.attributes, [("memory".to_owned(), "64 GB".to_owned())].into());
}

#[rstest]
#[case::of_itself("server", "server", "CLASS_LOOP")]
#[case::of_its_own("hardware", "switch", "CLASS_LOOP")]
#[case::of_nothing("server", "nowhere", "UNKNOWN_CLASS")]
fn the_classes_stay_a_tree(#[case] class: &str, #[case] parent: &str, #[case] code: &str) {
    let mut records = workspace();
    let mut class = class::named(class, &records).unwrap().unwrap();
    class.parent = Some(CiClass::id_of(parent));
    let refusal = run(&mut records, CmdbCommand::PutClasses(vec![class])).unwrap_err();
    assert!(refusal.has(code), "{refusal:?}");
    if parent == "switch" {
        let sentence = &refusal.findings.iter().find(|f| f.code == code).unwrap().sentence;
        assert!(sentence.contains("Hardware below Switch below Network device below Hardware"), "{sentence}");
    }
}

#[rstest]
#[case::twice(|c: &mut CiClass| c.attributes.push(Attribute::text("Slots", "x")), "ATTRIBUTE_TWICE")]
#[case::inherited(|c: &mut CiClass| c.attributes.push(Attribute::text("power draw", "x")), "ATTRIBUTE_TWICE")]
#[case::no_name(|c: &mut CiClass| c.attributes.push(Attribute::text(" ", "x")), "TEXT_MISSING")]
#[case::no_choice(|c: &mut CiClass| c.attributes[3].of = AttributeType::Choice(vec![]), "WRONG_ATTRIBUTE")]
#[case::range(|c: &mut CiClass| c.attributes[0].of = number("", 9, 3), "WRONG_ATTRIBUTE")]
#[case::reference(|c: &mut CiClass| c.attributes[7].of = AttributeType::Reference(ReferenceTo::Ci("nix".into())), "WRONG_ATTRIBUTE")]
#[case::default(|c: &mut CiClass| c.attributes[0].default = "many".into(), "WRONG_VALUE")]
#[case::name(|c: &mut CiClass| c.name = "Server".into(), "NAME_TAKEN")]
fn a_class_that_makes_no_sense_is_refused(#[case] edit: fn(&mut CiClass), #[case] code: &str) {
    let mut records = workspace();
    let mut class = appliance();
    edit(&mut class);
    assert!(codes(run(&mut records, CmdbCommand::PutClasses(vec![class]))).contains(&code.to_owned()));
}

#[test]
fn an_attribute_from_above_may_not_collide_with_one_below() {
    let mut records = with_appliance();
    let mut hardware = class::named("hardware", &records).unwrap().unwrap();
    hardware.attributes.push(Attribute::text("tier", "Tier"));
    assert_eq!(codes(run(&mut records, CmdbCommand::PutClasses(vec![hardware]))), ["ATTRIBUTE_TWICE"]);
}

#[test]
fn a_class_is_renamed_and_re_typed_without_touching_a_ci_and_deleted_only_unused() {
    let mut records = with_appliance();
    run(&mut records, set(1, &[("attributes.slots", "", "4")])).unwrap();
    let before = stored(&records, 1);
    let mut class = appliance();
    class.name = "Black box".to_owned();
    class.attributes[0].of = AttributeType::Date;
    run(&mut records, CmdbCommand::PutClasses(vec![class])).unwrap();
    assert_eq!(stored(&records, 1), before);
    let found = class::named("black box", &records).unwrap().unwrap();
    let lineage = class::lineage(found, &records).unwrap();
    assert_eq!(lineage.keys, ["appliance", "hardware", ROOT]);
    let misfits = classify::misfits(&before, &lineage, &records).unwrap();
    assert_eq!(misfits.len(), 1, "4 is no day");

    let remove = |key: &str| CmdbCommand::RemoveClass(CiClass::id_of(key));
    assert_eq!(codes(run(&mut records, remove("appliance"))), ["CLASS_IN_USE"]);
    assert!(codes(run(&mut records, remove("hardware"))).iter().all(|code| code == "CLASS_IN_USE"));
    run(&mut records, set(1, &[("class", "appliance", "laptop")])).unwrap();
    run(&mut records, remove("appliance")).unwrap();
    assert!(records.get::<CiClass>(CiClass::id_of("appliance")).unwrap().is_none());
}

#[test]
fn a_managed_attribute_is_changed_by_releases_only() {
    let mut records = with_appliance();
    let mut class = appliance();
    class.attributes[8].managed = true;
    run(&mut records, CmdbCommand::PutClasses(vec![class])).unwrap();
    assert_eq!(codes(run(&mut records, set(1, &[("attributes.remark", "", "x")]))), ["ATTRIBUTE_MANAGED"]);
    let mut ci = a_ci(1, "appliance", "box-1");
    ci.attributes.insert("remark".into(), "y".into());
    let row = CiRow { line: 2, ci, columns: ["attributes.remark".to_owned()].into() };
    let effect = run(&mut records, CmdbCommand::ImportCis(vec![row])).unwrap();
    assert_eq!(effect.conflicts[0].finding.code, "ATTRIBUTE_MANAGED");
}

#[test]
fn an_import_writes_values_as_the_class_does() {
    let mut records = with_appliance();
    let mut ci = a_ci(1, "Appliance", "BOX-1");
    ci.attributes = [("Memory".to_owned(), "2 TB".to_owned()), ("tier".to_owned(), "gold".to_owned())].into();
    let columns = ["attributes.Memory".to_owned(), "attributes.tier".to_owned()].into();
    let row = CiRow { line: 2, ci, columns };
    let effect = run(&mut records, CmdbCommand::ImportCis(vec![row.clone()])).unwrap();
    assert_eq!((effect.updated, effect.conflicts.len()), (1, 0));
    assert_eq!(stored(&records, 1).attributes["memory"], "2000 GB");
    assert_eq!(run(&mut records, CmdbCommand::ImportCis(vec![row])).unwrap().unchanged, 1, "and again changes nothing");
}

#[test]
fn every_change_of_a_ci_is_in_its_history() {
    let mut records = with_appliance();
    let entries = |records: &Memory| records.list::<CiStep>(Lookup::StepsOfCi, &id(1).to_string()).unwrap();
    assert_eq!(entries(&records).len(), 1, "its creation");
    run(&mut records, set(1, &[("version", "", "2"), ("attributes.memory", "", "1 TB")])).unwrap();
    let entries = entries(&records);
    let last = entries.iter().find(|entry| !entry.fields.is_empty()).unwrap();
    assert_eq!(last.command, "ci.set_fields");
    let said: Vec<(&str, &str, &str)> =
        last.fields.iter().map(|f| (f.field.as_str(), f.from.as_str(), f.to.as_str())).collect();
    assert_eq!(said, [("attributes.memory", "", "1000 GB"), ("version", "", "2")], "by name");
}
