//! Standards: who may write them, what locks, who may be attached, what is out of compliance, what corrects it.

use crate::cmdb::{codes, id, run, with_cis};
use rstest::rstest;
use slipway_domain::cmdb::attribute::{Attribute, AttributeType};
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::class::CiClass;
use slipway_domain::cmdb::standard::{CiStandard, Deviation, NewStandard, Standard, StandardAct};
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::command::CmdbCommand;
use slipway_domain::execute::Effect;
use slipway_domain::id::{PersonId, StandardId};
use slipway_domain::records::{Memory, RecordsExt};
use slipway_domain::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const WEB: StandardId = StandardId(Uuid::from_u128(0x5747));

fn web() -> NewStandard {
    let values = [("version", "12.4"), ("attributes.ram", "64 gb")];
    NewStandard {
        id: WEB,
        name: " Web server ".into(),
        about: String::new(),
        class: "SERVER".into(),
        values: values.map(|(field, value)| (field.to_owned(), value.to_owned())).into(),
    }
}

/// CIs 1 to 3 of class `server`, which has memory in GB; and a class `switch`.
fn servers() -> Memory {
    let mut records = with_cis(3);
    let mut server = CiClass::new("server", None);
    let of = AttributeType::Number { unit: "GB".into(), min: None, max: None };
    server.attributes = vec![Attribute { of, ..Attribute::text("ram", "Memory") }];
    for class in [server, CiClass::new("switch", None), CiClass::new("blade", Some(CiClass::id_of("server")))] {
        records.put(class).unwrap();
    }
    for n in 1..=3 {
        let mut ci: Ci = records.must(id(n)).unwrap();
        ci.class = "server".into();
        ci.set_field("version", "12.4").unwrap();
        ci.set_field("attributes.ram", "64 GB").unwrap();
        records.put(ci).unwrap();
    }
    records
}

fn act(records: &mut Memory, act: StandardAct) -> Result<Effect, Refusal> {
    run(records, CmdbCommand::Standard { standard: WEB, act })
}

fn set(records: &mut Memory, ci: u128, field: &str, value: &str) {
    let mut ci: Ci = records.must(id(ci)).unwrap();
    ci.set_field(field, value).unwrap();
    records.put(ci).unwrap();
}

/// Every server attached to the authorised standard.
fn attached() -> Memory {
    let mut records = servers();
    run(&mut records, CmdbCommand::PutStandard(web())).unwrap();
    act(&mut records, StandardAct::Authorise).unwrap();
    act(&mut records, StandardAct::Attach((1..=3).map(id).collect())).unwrap();
    records
}

fn deviations(records: &Memory, ci: u128) -> Vec<Deviation> {
    let standard: Standard = records.must(WEB).unwrap();
    let held: CiStandard = records.must(CiStandard::id_of(id(ci))).unwrap();
    standard.deviations(&records.must(id(ci)).unwrap(), &held)
}

#[test]
fn a_draft_keeps_values_in_the_written_form_of_the_class() {
    let mut records = servers();
    run(&mut records, CmdbCommand::PutStandard(web())).unwrap();
    let kept: Standard = records.must(WEB).unwrap();
    assert_eq!((kept.name.as_str(), kept.class.as_str()), ("Web server", "server"));
    assert_eq!(kept.values["attributes.ram"], "64 GB");
    assert!(!kept.measures(), "nothing is measured by a draft");
}

#[rstest]
#[case::no_name(|s: &mut NewStandard| s.name = " ".into(), &["TEXT_MISSING"])]
#[case::name_of_another(|s: &mut NewStandard| { s.id = StandardId(Uuid::from_u128(7)); s.name = "web SERVER".into(); }, &["NAME_TAKEN"])]
#[case::no_such_class(|s: &mut NewStandard| s.class = "serverr".into(), &["UNKNOWN_CLASS"])]
#[case::what_no_two_share(|s: &mut NewStandard| { s.values.insert("serial_number".into(), "1".into()); }, &["NO_STANDARD_FIELD"])]
#[case::no_value(|s: &mut NewStandard| { s.values.insert("model".into(), " ".into()); }, &["VALUE_MISSING"])]
#[case::value_of_another_type(|s: &mut NewStandard| { s.values.insert("attributes.ram".into(), "much".into()); }, &["WRONG_VALUE"])]
#[case::no_level(|s: &mut NewStandard| { s.values.insert("environment".into(), "moon".into()); }, &["WRONG_VALUE"])]
#[case::too_many(|s: &mut NewStandard| s.values.extend((0..100).map(|n| (format!("attributes.a{n}"), "1".to_owned()))), &["TOO_MANY_VALUES"])]
fn a_draft_that_cannot_be_is_refused(#[case] edit: fn(&mut NewStandard), #[case] want: &[&str]) {
    let mut records = servers();
    run(&mut records, CmdbCommand::PutStandard(web())).unwrap();
    let before: Standard = records.must(WEB).unwrap();
    let mut new = web();
    edit(&mut new);
    assert_eq!(codes(run(&mut records, CmdbCommand::PutStandard(new))), want);
    assert_eq!(records.must::<Standard>(WEB).unwrap(), before);
}

#[test]
fn authorising_locks_and_only_what_says_something_can_be() {
    let mut records = servers();
    run(&mut records, CmdbCommand::PutStandard(NewStandard { values: BTreeMap::new(), ..web() })).unwrap();
    assert_eq!(codes(act(&mut records, StandardAct::Authorise)), ["STANDARD_EMPTY"]);
    run(&mut records, CmdbCommand::PutStandard(web())).unwrap();
    act(&mut records, StandardAct::Authorise).unwrap();
    let locked: Standard = records.must(WEB).unwrap();
    assert_eq!(locked.authorised.as_ref().map(|signed| signed.by), Some(PersonId::SYSTEM));
    assert_eq!(codes(run(&mut records, CmdbCommand::PutStandard(web()))), ["STANDARD_LOCKED"]);
    assert_eq!(act(&mut records, StandardAct::Authorise).unwrap(), Effect::unchanged());
    assert_eq!(records.must::<Standard>(WEB).unwrap(), locked, "the first signature stands");
}

#[test]
fn each_ci_is_attached_by_itself_and_to_one_standard_only() {
    let mut records = servers();
    set(&mut records, 2, "class", "blade");
    set(&mut records, 3, "class", "switch");
    run(&mut records, CmdbCommand::PutStandard(web())).unwrap();
    let all = StandardAct::Attach([1, 9, 2, 3].map(id).into());
    let effect = act(&mut records, all.clone()).unwrap();
    let refused: Vec<_> = effect.conflicts.iter().map(|c| (c.line.unwrap(), c.finding.code.as_str())).collect();
    assert_eq!((effect.updated, refused), (2, vec![(2, "UNKNOWN_CI"), (4, "OTHER_CLASS")]), "a blade is a server");
    assert_eq!(act(&mut records, all).unwrap().unchanged, 2);

    let other = StandardId(Uuid::from_u128(8));
    run(&mut records, CmdbCommand::PutStandard(NewStandard { id: other, name: "Database".into(), ..web() })).unwrap();
    let to = |standard, act| CmdbCommand::Standard { standard, act };
    run(&mut records, to(other, StandardAct::Attach(vec![id(1)]))).unwrap();
    assert_eq!(records.must::<CiStandard>(CiStandard::id_of(id(1))).unwrap().standard, other);
    let detached = act(&mut records, StandardAct::Detach([1, 2].map(id).into())).unwrap();
    assert_eq!((detached.updated, detached.unchanged), (1, 1), "the first is the other standard's now");
}

#[test]
fn what_differs_is_out_of_compliance_until_it_is_excepted_and_again_when_it_changes() {
    let mut records = attached();
    assert_eq!(deviations(&records, 1), [], "all as authorised");
    set(&mut records, 1, "version", "12.3");
    set(&mut records, 1, "attributes.ram", "");
    let found: Vec<_> = deviations(&records, 1).into_iter().map(|d| (d.field, d.authorised, d.is)).collect();
    let want = [("attributes.ram", "64 GB", ""), ("version", "12.4", "12.3")];
    assert_eq!(found, want.map(|(f, a, i)| (f.to_owned(), a.to_owned(), i.to_owned())));

    let except = |fields: &[&str]| StandardAct::Except {
        ci: id(1),
        fields: fields.iter().map(|f| (*f).to_owned()).collect(),
        reason: "The vendor supports no other".into(),
    };
    assert_eq!(codes(act(&mut records, except(&["model"]))), ["IN_COMPLIANCE"]);
    act(&mut records, except(&["version"])).unwrap();
    let open = |records: &Memory| -> Vec<String> {
        deviations(records, 1).into_iter().filter(|d| d.excepted.is_none()).map(|d| d.field).collect()
    };
    assert_eq!(open(&records), ["attributes.ram"]);
    set(&mut records, 1, "version", "11");
    assert_eq!(open(&records), ["attributes.ram", "version"], "the exception was of 12.3");
    set(&mut records, 1, "version", "12.3");
    assert_eq!(open(&records), ["attributes.ram"]);
    let back = StandardAct::WithdrawException { ci: id(1), fields: BTreeSet::new() };
    act(&mut records, back).unwrap();
    assert_eq!(open(&records), ["attributes.ram", "version"]);
}

#[test]
fn a_correction_sets_what_is_neither_right_nor_excepted() {
    let mut records = attached();
    let correction = |records: &Memory, ci: u128| {
        let held: CiStandard = records.must(CiStandard::id_of(id(ci))).unwrap();
        records.must::<Standard>(WEB).unwrap().correction(&records.must(id(ci)).unwrap(), &held)
    };
    assert_eq!(correction(&records, 1), None);
    set(&mut records, 1, "version", "12.3");
    let fields = vec![FieldChange { field: "version".into(), from: "12.3".into(), to: "12.4".into() }];
    assert_eq!(correction(&records, 1), Some(CiUpdate::SetFields { ci: id(1), fields }));
    let reason = "Until the move".to_owned();
    act(&mut records, StandardAct::Except { ci: id(1), fields: BTreeSet::new(), reason }).unwrap();
    assert_eq!(correction(&records, 1), None);
}

#[test]
fn nothing_is_measured_by_a_retired_standard_and_nothing_attached_to_it() {
    let mut records = attached();
    set(&mut records, 1, "version", "12.3");
    assert_eq!(codes(act(&mut records, StandardAct::Retire { reason: " ".into() })), ["TEXT_MISSING"]);
    act(&mut records, StandardAct::Retire { reason: "Replaced".into() }).unwrap();
    assert_eq!(deviations(&records, 1), []);
    assert_eq!(codes(act(&mut records, StandardAct::Attach(vec![id(1)]))), ["STANDARD_RETIRED"]);
}

#[rstest]
#[case::not_attached(StandardAct::Except { ci: id(4), fields: BTreeSet::new(), reason: "x".into() }, &["NOT_FOUND"])]
#[case::detached(StandardAct::WithdrawException { ci: id(3), fields: BTreeSet::new() }, &["NOT_ATTACHED"])]
#[case::too_many(StandardAct::Attach(vec![id(1); 501]), &["TOO_MANY_ROWS"])]
fn what_cannot_be_done_says_why(#[case] what: StandardAct, #[case] want: &[&str]) {
    let mut records = attached();
    act(&mut records, StandardAct::Detach(vec![id(3)])).unwrap();
    assert_eq!(codes(act(&mut records, what)), want);
}
