//! The filter language: what it means, what is wrong where, and what is offered while it is typed.

use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::filter::suggest::{SUGGESTIONS_MOST, place, suggestions, written};
use slipway_domain::filter::{AttributeType, CHARS_MOST, Filter, FilterError, Reading, Vocabulary, parse};
use slipway_domain::id::{CiGroupId, CiId, PersonId, SiteId};
use slipway_domain::level::Criticality;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Person, Site};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Memory, RecordsExt};
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

const RITA: PersonId = PersonId(Uuid::from_u128(0x11));
/// 2026-11-26 12:00 UTC.
const NOON: Timestamp = Timestamp(1_795_694_400_000);

fn vocabulary() -> Vocabulary {
    let attributes = [
        ("warranty", AttributeType::Date),
        ("CPU cores", AttributeType::Number("vCPU".to_owned())),
        ("memory", AttributeType::Number("GB".to_owned())),
        ("tier", AttributeType::Choice(vec!["Gold".to_owned(), "Bronze".to_owned()])),
    ];
    Vocabulary { attributes: attributes.into_iter().map(|(name, holds)| (name.to_owned(), holds)).collect() }
}

fn read(kind: Kind, text: &str) -> Result<Filter, FilterError> {
    parse(text, &Reading { kind, me: Some(RITA), now: NOON, vocabulary: &vocabulary() })
}

/// A switch in a rack, a database and the application on it, and a spare that has nothing.
fn company() -> (Memory, Vec<Ci>) {
    let mut records = Memory::default();
    let site = SiteId(Uuid::from_u128(0x51));
    records.put(Site { id: site, name: "Rotterdam DC".to_owned(), address: String::new() }).unwrap();
    records
        .put(Person {
            id: RITA,
            name: "Rita Holm".to_owned(),
            user: "rita".to_owned(),
            roles: BTreeSet::new(),
            active: true,
        })
        .unwrap();
    let blank = |n: u128, class: &str, name: &str| {
        Ci::blank(CiId(Uuid::from_u128(n)), Number::new(Series::Ci, u32::try_from(n).unwrap()), class, name)
    };
    let mut switch = blank(1, "switch", "sw_core-1");
    switch.manufacturer = "Cisco".to_owned();
    switch.serial_number = "FOC1234X0AB".to_owned();
    switch.version = "9.10".to_owned();
    switch.location.site = Some(site);
    switch.location.u = Some(21);
    switch.owner = Some(RITA);
    switch.attributes.insert("warranty".to_owned(), "2027-01-31".to_owned());
    let mut database = blank(2, "database", "orders");
    database.version = "15.8".to_owned();
    database.criticality = Criticality::Critical;
    database.attributes.insert("CPU cores".to_owned(), "16 vCPU".to_owned());
    database.attributes.insert("memory".to_owned(), "128 GB".to_owned());
    database.attributes.insert("tier".to_owned(), "gold".to_owned());
    let mut application = blank(3, "application", "Web Shop");
    application.status = CiStatus::InTest;
    application.version = "2.0-rc1".to_owned();
    application.attributes.insert("patched".to_owned(), "2026-10-01".to_owned());
    let mut spare = blank(4, "switch", "spare");
    spare.status = CiStatus::Available;
    spare.version = "9.4".to_owned();
    let cis = vec![switch, database, application, spare];
    for ci in &cis {
        records.put(ci.clone()).unwrap();
    }
    let on = |a: u128, by, b: u128| Relation::new(CiId(Uuid::from_u128(a)), by, CiId(Uuid::from_u128(b)));
    records.put(on(3, RelationType::DependsOn, 2)).unwrap();
    records.put(on(2, RelationType::ConnectsTo, 1)).unwrap();
    records
        .put(CiGroup {
            id: CiGroupId(Uuid::from_u128(0x61)),
            name: "Core network".to_owned(),
            members: [CiId(Uuid::from_u128(1))].into(),
            enough: None,
            filter: None,
        })
        .unwrap();
    (records, cis)
}

#[rstest]
#[case::everything("", "sw orders shop spare")]
#[case::a_word("orders", "orders")]
#[case::the_beginning_of_a_word("sho", "shop")]
#[case::a_serial_by_its_beginning("foc12", "sw")]
#[case::words_in_a_row("\"web sh\"", "shop")]
#[case::class("class:switch", "sw spare")]
#[case::the_beginning_of_a_class("class:sw", "sw spare")]
#[case::exactly("class=sw", "")]
#[case::alternatives("class:database,application", "orders shop")]
#[case::a_set("class:(database, application)", "orders shop")]
#[case::a_blank_as_a_line("status:in_use", "sw orders")]
#[case::quotes("status:\"in test\"", "shop")]
#[case::turned_round("-class:switch", "orders shop")]
#[case::not("not class:switch", "orders shop")]
#[case::both("class:switch status:available", "spare")]
#[case::and("class:switch and status:available", "spare")]
#[case::either("orders or spare", "orders spare")]
#[case::and_binds_closer("class:switch spare or orders", "orders spare")]
#[case::parentheses("class:switch (spare or orders)", "spare")]
#[case::not_either("-(class:switch or orders)", "shop")]
#[case::not_equal("class!=switch", "orders shop")]
#[case::above("u>20", "sw")]
#[case::above_itself("u>21", "")]
#[case::blanks_around("u >= 21", "sw")]
#[case::a_range("u:20..22", "sw")]
#[case::half_a_range("u:..20", "")]
#[case::versions("version>=9.4", "sw orders spare")]
#[case::versions_by_figures("version>9.4 class:switch", "sw")]
#[case::a_release_candidate_is_less("version<2.0", "shop")]
#[case::a_version_range("version:9..10", "sw spare")]
#[case::levels("criticality>=high", "orders")]
#[case::levels_below("criticality<critical", "sw shop spare")]
#[case::me("owner:me", "sw")]
#[case::a_user("owner:rita", "sw")]
#[case::a_name("owner:rita_h", "sw")]
#[case::nobody("owner:empty", "orders shop spare")]
#[case::a_site("site:rotterdam", "sw")]
#[case::no_site("site:empty class:switch", "spare")]
#[case::a_group("group:\"core network\"", "sw")]
#[case::a_day("warranty<2027-02-01", "sw")]
#[case::a_month("warranty:2027-01", "sw")]
#[case::relative("warranty<+90d", "sw")]
#[case::relative_not_yet("warranty<+30d", "")]
#[case::no_day("warranty:empty", "orders shop spare")]
#[case::a_figure_with_a_unit("cpu_cores>=16", "orders")]
#[case::a_figure_in_the_unit_of_its_class("memory:100..200", "orders")]
#[case::a_figure_in_another_unit("memory>=0.1TB", "orders")]
#[case::a_figure_below_another_unit("memory>1tb", "")]
#[case::no_figure("memory:empty", "sw shop spare")]
#[case::a_choice("tier:gold", "orders")]
#[case::an_attribute_no_class_has("attributes.patched<-30d", "shop")]
#[case::a_relation("depends-on:(class:database name:orders)", "shop")]
#[case::a_relation_by_name("depends-on:ord", "shop")]
#[case::the_other_way("used-by:(class:application)", "orders")]
#[case::both_ways("connects-to:(class:switch,database)", "sw orders")]
#[case::any_relation("related-to:orders", "sw shop")]
#[case::no_relation("related-to:empty", "spare")]
#[case::nested("depends-on:(connects-to:(class:switch))", "shop")]
#[case::numbers("number:CI-2..3", "orders shop")]
#[case::underscores_between_quotes("name:\"sw_core\"", "sw")]
fn a_filter_lets_through(#[case] text: &str, #[case] expected: &str) {
    let (records, cis) = company();
    let filter = read(Kind::Ci, text).unwrap_or_else(|e| panic!("{e:?}"));
    let short = ["sw", "orders", "shop", "spare"];
    let found: Vec<&str> = cis
        .iter()
        .zip(short)
        .filter(|(ci, _)| filter.matches(&Record::from((*ci).clone()), &records).unwrap())
        .map(|(_, name)| name)
        .collect();
    assert_eq!(found.join(" "), expected, "{filter:?}");
}

#[rstest]
#[case::a_name("clas:server", 0, 4, Some("class"), false)]
#[case::a_name_later("web stauts:installed", 4, 6, Some("status"), false)]
#[case::a_relation("depend-on:x", 0, 9, Some("depends-on"), false)]
#[case::an_attribute_of_no_class("colour:red", 0, 6, None, false)]
#[case::a_label("status:instaled", 7, 8, Some("installed"), false)]
#[case::within_a_relation("used-by:(clas:x)", 9, 4, Some("class"), false)]
#[case::a_figure("u>high", 2, 4, None, false)]
#[case::a_date("warranty<soon", 9, 4, None, false)]
#[case::no_order("owner>rita", 6, 4, None, false)]
#[case::no_value("status:", 7, 1, None, true)]
#[case::no_value_here("status: web", 7, 1, None, false)]
#[case::an_open_quote("name:\"web", 5, 4, None, true)]
#[case::an_open_parenthesis("(web or shop", 0, 12, None, true)]
#[case::nothing_open("web )x", 4, 1, None, false)]
#[case::nothing_between("web ()", 4, 2, None, false)]
#[case::after_or("web or", 4, 2, None, true)]
#[case::before_or("or web", 0, 2, None, false)]
#[case::after_and("web and )", 4, 4, None, false)]
#[case::after_not("not", 0, 3, None, true)]
#[case::ordered_twice("u>1,2", 2, 3, None, false)]
#[case::beyond_ascii("märz clas:x", 5, 4, Some("class"), false)]
fn what_is_wrong_is_marked(
    #[case] text: &str,
    #[case] at: u32,
    #[case] length: u32,
    #[case] nearest: Option<&str>,
    #[case] unfinished: bool,
) {
    let error = read(Kind::Ci, text).unwrap_err();
    assert_eq!((error.at, error.length, error.nearest.as_deref()), (at, length, nearest), "{error:?}");
    assert_eq!(error.unfinished, unfinished, "{error:?}");
    assert!(error.sentence.ends_with('.'), "{error:?}");
}

#[rstest]
#[case::a_time("10:30")]
#[case::dashes("-x --y core-1")]
#[case::symbols("%& *")]
fn what_looks_like_a_word_is_one(#[case] text: &str) {
    assert!(read(Kind::Release, text).is_ok());
}

#[test]
fn a_filter_has_limits() {
    let many = "a ".repeat(CHARS_MOST);
    assert_eq!(read(Kind::Ci, &many).unwrap_err().at, u32::try_from(CHARS_MOST).unwrap());
    assert!(read(Kind::Ci, &"a ".repeat(101)).unwrap_err().sentence.contains("100"));
    assert!(read(Kind::Ci, &format!("{}x", "not ".repeat(60))).is_err());
    assert!(read(Kind::Ci, &format!("{}x{}", "(".repeat(60), ")".repeat(60))).is_err());
}

#[rstest]
#[case::names("cl", "class:")]
#[case::after_a_word("web sta", "status: state:")]
#[case::labels("status:in_", "in_build in_test in_use in_maintenance")]
#[case::turned_round("-status:ret", "retired")]
#[case::the_second("status:retired,dis", "disposed")]
#[case::dates("warranty<+", "+7d +90d +1y")]
#[case::choices("tier:g", "Gold")]
#[case::relations("depends-on:", "( empty")]
#[case::within_a_relation("depends-on:(crit", "criticality:")]
#[case::people("owner:m", "me")]
fn what_can_stand_there_is_offered(#[case] text: &str, #[case] expected: &str) {
    let place = place(Kind::Ci, text, text.chars().count(), &vocabulary());
    let offered: Vec<String> = suggestions(Kind::Ci, &place, &vocabulary()).into_iter().map(|s| s.insert).collect();
    assert_eq!(offered.join(" "), expected, "{place:?}");
}

proptest! {
    /// Whatever is typed, and however far, nothing breaks; and an error lies within the text.
    #[test]
    fn any_text_is_read_or_marked(text in "(class|u|owner|warranty|name|\\PC|:|<|>=|\\(|\\)|\"|-|,|\\.\\.| |not|or|and|me|empty|[0-9]{1,3}){0,24}") {
        let chars = u32::try_from(text.chars().count()).unwrap();
        if let Err(error) = read(Kind::Ci, &text) {
            prop_assert!(error.at <= chars, "{:?}", error);
        }
        for cursor in 0..=text.chars().count() {
            let place = place(Kind::Ci, &text, cursor, &vocabulary());
            prop_assert!(place.from <= place.to && place.to == cursor);
            prop_assert!(suggestions(Kind::Ci, &place, &vocabulary()).len() <= SUGGESTIONS_MOST);
        }
    }

    /// A value that completion writes means itself.
    #[test]
    fn a_written_value_means_itself(name in "[a-zA-Z0-9_ ,().:=<>-]{1,12}") {
        prop_assume!(!name.trim().is_empty() && name.trim() == name);
        let filter = read(Kind::Ci, &format!("name={}", written(&name))).unwrap();
        let ci = Ci::blank(CiId(Uuid::from_u128(1)), Number::new(Series::Ci, 1), "server", &name);
        prop_assert!(filter.matches(&ci.into(), &Memory::default()).unwrap());
    }
}

#[test]
fn filters_know_the_attributes_of_every_class_by_their_types() {
    use slipway_domain::cmdb::attribute::{self, Attribute};
    use slipway_domain::cmdb::class::CiClass;
    let mut records = Memory::default();
    let number = |unit: &str| attribute::AttributeType::Number { unit: unit.to_owned(), min: None, max: None };
    let class = |key: &str, attributes: &[(&str, attribute::AttributeType)]| {
        let mut class = CiClass::new(key, None);
        class.attributes =
            attributes.iter().map(|(name, of)| Attribute { of: of.clone(), ..Attribute::text(name, name) }).collect();
        class
    };
    records.put(class("server", &[("ram", number("GB")), ("size", number("U"))])).unwrap();
    let yes_no = attribute::AttributeType::YesNo;
    records.put(class("phone", &[("ram", number("GB")), ("size", number("in")), ("lent", yes_no)])).unwrap();
    let vocabulary = Vocabulary::of(Kind::Ci, &records).unwrap();
    let wanted = [
        ("lent", AttributeType::Choice(vec!["yes".to_owned(), "no".to_owned()])),
        ("ram", AttributeType::Number("GB".to_owned())),
        ("size", AttributeType::Text),
    ];
    assert_eq!(vocabulary.attributes, wanted.map(|(name, of)| (name.to_owned(), of)).into());
    assert_eq!(Vocabulary::of(Kind::Release, &records).unwrap(), Vocabulary::default());
}
