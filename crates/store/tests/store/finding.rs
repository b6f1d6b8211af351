use crate::support::{Laptop, NOW, a_ci, ci_id, command_id, create, issue, set_version};
use crate::world::{BUCKET, staged};
use rstest::rstest;
use slipway_domain::change::record::{Change, ChangeKind, ChangeState, Foreign};
use slipway_domain::checksum::row_checksum;
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::class::CiClass;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::filter::field::Field;
use slipway_domain::filter::{Filter, Reading, Vocabulary, parse};
use slipway_domain::id::{ChangeId, CiId, PersonId, ReleaseId};
use slipway_domain::level::Risk;
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Person;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{
    Costs, Packaging, Phase, Release, ReleaseClass, ReleaseType, Scope, Status, Training,
};
use slipway_domain::time::Timestamp;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::list::ListSpec;
use slipway_store::of_class::ClassMark;
use slipway_store::stage::Staged;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const RITA: PersonId = PersonId(Uuid::from_u128(0x11));
const CARL: PersonId = PersonId(Uuid::from_u128(0x12));

fn person(id: PersonId, name: &str, user: &str) -> Record {
    Person { id, name: name.to_owned(), user: user.to_owned(), roles: BTreeSet::new(), active: true }.into()
}

fn release(n: u32, title: &str, phase: Phase, manager: PersonId) -> Release {
    Release {
        id: ReleaseId(Uuid::from_u128(0x2_0000 + u128::from(n))),
        number: Number::new(Series::Release, n),
        title: title.to_owned(),
        description: String::new(),
        release_type: Some(ReleaseType::Software),
        class: ReleaseClass::Minor,
        packaging: Packaging::Full,
        reason: String::new(),
        impact: None,
        urgency: None,
        impact_assessment: None,
        assessment_note: String::new(),
        priority: None,
        risk: None,
        manager,
        coordinator: None,
        requested_by: manager,
        scope: Scope::default(),
        costs: Costs::default(),
        training: Training::Undecided,
        phase,
        status: if phase.is_closed() { Status::Closed } else { Status::Open },
        phase_history: Vec::new(),
        judgements: BTreeMap::new(),
        go_no_go: None,
        verified_masters: BTreeMap::new(),
        install: None,
        outcomes: BTreeMap::new(),
        review: String::new(),
        back_out: None,
        runbook_planned: false,
        holds: Vec::new(),
        scope_edits: Vec::new(),
        task_count: 0,
        created_at: Timestamp(0),
    }
}

fn change(n: u32, title: &str, foreign: Option<&str>) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(0x3_0000 + u128::from(n))),
        number: Number::new(Series::Change, n),
        foreign: foreign.map(|number| Foreign { system: "suite".to_owned(), number: number.to_owned() }),
        title: title.to_owned(),
        description: "Security update after an advisory, restart included.".to_owned(),
        category: "software".to_owned(),
        kind: ChangeKind::Normal,
        reason: String::new(),
        requested_by: RITA,
        coordinator: Some(CARL),
        impact: None,
        urgency: None,
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
        created_at: Timestamp(0),
    }
}

fn ci(n: u128, class: &str, name: &str, status: CiStatus) -> Ci {
    let id = CiId(Uuid::from_u128(0x4_0000 + n));
    Ci { status, ..Ci::blank(id, Number::new(Series::Ci, u32::try_from(n).unwrap()), class, name) }
}

/// A laptop that has pulled these records.
fn holding(records: &[Record]) -> Laptop {
    let laptop = Laptop::new();
    let page: Vec<Staged> = records.iter().zip(1..).map(|(record, seq)| staged(record, seq)).collect();
    let sum = page
        .iter()
        .fold(0_u64, |sum, s| sum.wrapping_add(row_checksum(&s.kind, s.id, s.seq, s.body.as_deref().unwrap())));
    laptop.store.stage(&page, &[]).unwrap();
    let count = page.len() as u64;
    let cursor = Cursor { bucket: BUCKET.to_owned(), seq: count, count, sum };
    let flip = Flip { epoch: "first".to_owned(), at: NOW, cursors: vec![cursor], ..Flip::default() };
    let flipped = laptop.store.flip(&flip).unwrap();
    assert!(flipped.mismatched.is_empty(), "count and sum agree");
    laptop
}

fn company() -> Laptop {
    let openssl = Ci {
        serial_number: "FOC1234X0AB".to_owned(),
        asset_tag: "A-00077".to_owned(),
        ..ci(3, "software package", "libssl1.1", CiStatus::InUse)
    };
    let mut urgent = release(12, "Payroll 4.2", Phase::BuildAndTest, RITA);
    urgent.class = ReleaseClass::Emergency;
    urgent.risk = Some(Risk::High);
    let mut calm = release(123, "Payroll portal", Phase::Assess, CARL);
    calm.risk = Some(Risk::VeryLow);
    holding(&[
        person(RITA, "Rita Holm", "rita"),
        person(CARL, "Carl Möller", "carl"),
        urgent.into(),
        calm.into(),
        release(7, "Core switches", Phase::Verified, RITA).into(),
        change(40, "Patch OpenSSL on the payroll servers", None).into(),
        change(41, "Renew certificates", Some("CHG0030001")).into(),
        ci(1, "server", "db-payroll-01", CiStatus::InUse).into(),
        ci(2, "switch", "SW-CORE-1", CiStatus::InMaintenance).into(),
        openssl.into(),
        ci(4, "server", "db-payroll-02", CiStatus::Retired).into(),
    ])
}

fn labels(laptop: &Laptop, text: &str) -> Vec<String> {
    laptop.store.search(text, &[], 20).unwrap().into_iter().map(|hit| hit.label).collect()
}

#[rstest]
#[case::a_name_with_dots("libssl1.1", "libssl1.1")]
#[case::an_unfinished_name("libss", "libssl1.1")]
#[case::dashes("sw-core", "SW-CORE-1")]
#[case::a_part_between_dashes("core-1", "SW-CORE-1")]
#[case::a_serial_number("foc1234x", "libssl1.1")]
#[case::an_asset_tag("A-00077", "libssl1.1")]
#[case::the_whole_number("REL-000012", "REL-000012")]
#[case::a_short_number("rel-12", "REL-000012")]
#[case::a_beginning_of_a_number("REL-123", "REL-000123")]
#[case::a_foreign_number("chg0030", "CHG0030001")]
#[case::letters_with_marks("moller", "Carl Möller")]
#[case::two_words_in_any_order("portal pay", "REL-000123")]
#[case::words_of_the_text("openssl payroll", "CHG-000040")]
#[case::class("software pack", "libssl1.1")]
fn search_finds_as_it_is_typed(#[case] text: &str, #[case] first: &str) {
    let laptop = company();
    assert_eq!(labels(&laptop, text).first().map(String::as_str), Some(first), "{:?}", labels(&laptop, text));
}

#[test]
fn a_short_number_also_finds_the_longer_ones_after_it() {
    assert_eq!(labels(&company(), "rel-12"), ["REL-000012", "REL-000123"], "the exact one first");
}

#[rstest]
#[case("")]
#[case("  ")]
#[case("\" AND")]
#[case("* -- ()")]
#[case("NEAR(a b)")]
#[case("title:x")]
#[case("a\"b")]
#[case("ä\u{0}b")]
fn nothing_that_is_typed_is_an_error(#[case] text: &str) {
    let laptop = company();
    laptop.store.search(text, &[Kind::Ci], 20).unwrap();
    let filter = Filter::Word(text.to_owned());
    laptop.store.open_list(&ListSpec { kind: Kind::Ci, filter, sort: None, descending: false }).unwrap();
    laptop.store.values(Kind::Ci, &Field::Version, text, 5).unwrap();
}

#[test]
fn search_keeps_to_kinds_and_limit_and_shows_where() {
    let laptop = company();
    let hits = laptop.store.search("payroll", &[Kind::Change], 20).unwrap();
    assert_eq!(hits.len(), 1, "one change has it");
    assert_eq!(hits[0].title, "Patch OpenSSL on the payroll servers", "the title is shown");
    let hits = laptop.store.search("advisory", &[Kind::Change, Kind::Release], 1).unwrap();
    assert!(hits[0].snippet.contains("after an advisory"), "the excerpt is around it: {}", hits[0].snippet);
    assert_eq!(hits.len(), 1, "of two, as many as asked for");
}

#[test]
fn search_follows_what_is_issued_and_what_is_undone() {
    let laptop = Laptop::new();
    issue(&laptop.store, 1, &create(1)).unwrap();
    issue(&laptop.store, 2, &set_version(1, "", "zebra")).unwrap();
    assert_eq!(labels(&laptop, "zeb"), ["srv-1"], "found at once");
    issue(&laptop.store, 3, &set_version(1, "zebra", "yak")).unwrap();
    assert!(labels(&laptop, "zebra").is_empty(), "the old value is forgotten");
    let judged = [1, 2, 3].map(|n| slipway_store::queue::Judged {
        id: command_id(n),
        counter: u64::try_from(n).unwrap(),
        seq: 0,
        verdict: slipway_store::queue::Verdict::Refused { findings: vec![] },
    });
    let flip = Flip { epoch: "first".to_owned(), at: NOW, judged: judged.to_vec(), ..Flip::default() };
    laptop.store.flip(&flip).unwrap();
    assert!(labels(&laptop, "srv").is_empty(), "undone and not found any more");
    assert!(laptop.store.open_list(&list(Kind::Ci, "")).unwrap().ids.is_empty(), "nor listed");
}

fn list(kind: Kind, filter: &str) -> ListSpec {
    let reading = Reading { kind, me: Some(CARL), now: NOW, vocabulary: &Vocabulary::default() };
    ListSpec { kind, filter: parse(filter, &reading).unwrap(), sort: None, descending: false }
}

fn listed(laptop: &Laptop, spec: &ListSpec) -> Vec<String> {
    let ids = laptop.store.open_list(spec).unwrap().ids;
    laptop.store.rows(spec.kind, &ids).unwrap().iter().map(Record::label).collect()
}

#[rstest]
#[case::all("", &["REL-000123", "REL-000012", "REL-000007"])]
#[case::a_phase("phase:build", &["REL-000012"])]
#[case::a_whole_phase("phase:build_and_test", &["REL-000012"])]
#[case::not_closed("-state:closed", &["REL-000123", "REL-000012"])]
#[case::words("payroll", &["REL-000123", "REL-000012"])]
#[case::words_and_pairs("payroll phase:assess type:software", &["REL-000123"])]
#[case::either("phase:assess,verified", &["REL-000123", "REL-000007"])]
#[case::mine("owner:me", &["REL-000123"])]
#[case::a_user("owner:rita", &["REL-000012", "REL-000007"])]
#[case::a_name("manager:\"carl m\"", &["REL-000123"])]
#[case::nobody("owner:nobody", &[])]
#[case::a_class("class:emergency", &["REL-000012"])]
#[case::risk("risk:high", &["REL-000012"])]
fn a_filter_lets_through(#[case] filter: &str, #[case] expected: &[&str]) {
    assert_eq!(listed(&company(), &list(Kind::Release, filter)), expected, "{filter}");
}

#[rstest]
#[case::newest_first(None, false, &["REL-000123", "REL-000012", "REL-000007"])]
#[case::turned_round(None, true, &["REL-000007", "REL-000012", "REL-000123"])]
#[case::number(Some("number"), false, &["REL-000007", "REL-000012", "REL-000123"])]
#[case::phases_in_their_order(Some("phase"), false, &["REL-000123", "REL-000012", "REL-000007"])]
#[case::title(Some("title"), false, &["REL-000007", "REL-000012", "REL-000123"])]
#[case::risk_by_weight(Some("risk"), true, &["REL-000012", "REL-000123", "REL-000007"])]
fn a_list_is_sorted(#[case] sort: Option<&str>, #[case] descending: bool, #[case] expected: &[&str]) {
    let spec = ListSpec { sort: sort.map(str::to_owned), descending, ..list(Kind::Release, "") };
    assert_eq!(listed(&company(), &spec), expected);
}

#[test]
fn what_a_list_does_not_know_is_named() {
    let spec = ListSpec { sort: Some("weight".to_owned()), ..list(Kind::Ci, "payroll") };
    let open = company().store.open_list(&spec).unwrap();
    assert_eq!(open.unknown, ["weight"], "a CI has none");
    assert_eq!((open.ids.len(), open.total), (2, 2), "it is listed all the same");
}

#[test]
fn provisional_numbers_come_last() {
    let laptop = company();
    issue(&laptop.store, 1, &create(1)).unwrap();
    let spec = ListSpec { sort: Some("number".to_owned()), ..list(Kind::Ci, "") };
    assert_eq!(laptop.store.open_list(&spec).unwrap().ids.last(), Some(&ci_id(1).0), "its number is still to come");
}

#[test]
fn groups_are_counted() {
    let counts = company().store.counts(Kind::Ci).unwrap();
    let counts: Vec<_> = counts.iter().map(|c| (c.group.as_str(), c.state.as_str(), c.count)).collect();
    assert_eq!(
        counts,
        [
            ("server", "in use", 1),
            ("server", "retired", 1),
            ("software package", "in use", 1),
            ("switch", "in maintenance", 1)
        ]
    );
}

#[test]
fn rows_come_in_the_order_asked_for_and_those_that_are_gone_do_not() {
    let laptop = Laptop::new();
    for n in 1..4 {
        issue(&laptop.store, n, &create(n)).unwrap();
    }
    let rows = laptop.store.rows(Kind::Ci, &[ci_id(3).0, ci_id(9).0, ci_id(1).0]).unwrap();
    assert_eq!(rows.iter().map(Record::label).collect::<Vec<_>>(), [a_ci(3).name, a_ci(1).name]);
    let too_many = vec![Uuid::nil(); slipway_store::list::ROWS_MOST + 1];
    assert!(laptop.store.rows(Kind::Ci, &too_many).is_err(), "there is a limit");
}

#[test]
fn cis_of_a_class_come_page_by_page_each_once() {
    let laptop = Laptop::new();
    for n in 1..8 {
        issue(&laptop.store, n, &create(n)).unwrap();
    }
    for n in [2, 5] {
        let status = CmdbCommand::SetStatus { ci: ci_id(n), from: CiStatus::InUse, to: CiStatus::Retired };
        issue(&laptop.store, 20 + n, &Command::Cmdb(status)).unwrap();
    }
    let mut mark = ClassMark::default();
    let mut seen: Vec<Uuid> = Vec::new();
    loop {
        let page = laptop.store.look(|view| view.cis_of_class("server", &mark, 2)).unwrap();
        assert!(page.len() <= 2);
        let Some((_, last)) = page.last() else { break };
        mark = last.clone();
        seen.extend(page.iter().map(|(id, _)| id));
    }
    assert_eq!(seen.len(), 7, "none is left out between statuses, none comes twice");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 7);
    let counted = |class| laptop.store.look(|view| view.count_of_class(class)).unwrap();
    assert_eq!((counted("server"), counted("switch")), (7, 0));
    assert_eq!(laptop.store.look(|view| view.cis_of_class("switch", &ClassMark::default(), 2)).unwrap(), []);
}

#[test]
fn a_class_is_in_use_as_soon_as_a_ci_is_of_it() {
    let laptop = Laptop::new();
    let class = |key: &str| Command::Cmdb(CmdbCommand::PutClasses(vec![CiClass::new(key, None)]));
    issue(&laptop.store, 1, &class("server")).unwrap();
    issue(&laptop.store, 2, &class("switch")).unwrap();
    issue(&laptop.store, 3, &create(1)).unwrap();
    let found = |key: &str| {
        laptop
            .store
            .read(|r| Ok::<_, Fault>((r.find(Lookup::CiByClass, key)?, r.any(Lookup::CiByClass, key)?)))
            .unwrap()
    };
    assert_eq!(found("server"), (vec![ci_id(1).0], true));
    assert_eq!(found("switch"), (Vec::new(), false));
    let remove = |key: &str| Command::Cmdb(CmdbCommand::RemoveClass(CiClass::id_of(key)));
    assert!(issue(&laptop.store, 4, &remove("server")).is_err(), "a CI is of it");
    let moved = FieldChange { field: "class".to_owned(), from: "server".to_owned(), to: "switch".to_owned() };
    issue(&laptop.store, 5, &Command::Cmdb(CmdbCommand::SetFields(ci_id(1), vec![moved]))).unwrap();
    assert_eq!(found("switch"), (vec![ci_id(1).0], true));
    assert!(issue(&laptop.store, 6, &remove("switch")).is_err(), "now one is of this");
    issue(&laptop.store, 7, &remove("server")).unwrap();
}

fn standing(n: u128, building: &str, room: &str, rack: &str) -> Command {
    let mut ci = a_ci(n);
    ci.location.building = building.to_owned();
    ci.location.room = room.to_owned();
    ci.location.rack = rack.to_owned();
    Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)))
}

#[test]
fn places_are_found_level_by_level_while_something_stands_there() {
    let laptop = Laptop::new();
    let stand = [(1, "Hall", "Room 1", "R1"), (2, "hall", "Room 1", "R2"), (3, "Hall", "", ""), (4, "Annex", "", "R9")];
    for (n, building, room, rack) in stand {
        issue(&laptop.store, n, &standing(n, building, room, rack)).unwrap();
    }
    issue(&laptop.store, 5, &create(5)).unwrap();
    let below = |above: &[&str], after: Option<&str>, most: usize| {
        let above: Vec<String> = above.iter().map(|part| (*part).to_owned()).collect();
        let found = laptop.store.look(|view| view.places_below(&above, after, most)).unwrap();
        found.into_iter().map(|place| place.part).collect::<Vec<_>>()
    };
    assert_eq!(below(&[], None, 9), [""], "no CI says at which site it stands");
    assert_eq!(below(&[""], None, 9), ["annex", "hall"], "one hall, however it is written");
    assert_eq!(below(&[""], None, 1), ["annex"]);
    assert_eq!(below(&[""], Some("annex"), 1), ["hall"], "and on from there");
    assert_eq!(below(&["", "hall"], None, 9), ["", "room 1"]);
    assert_eq!(below(&["", "hall", "room 1"], None, 9), ["r1", "r2"]);
    assert_eq!(below(&["", "hall", ""], None, 9), [""], "no rack");
    let moved = [("location.building", "Annex", "Hall"), ("location.rack", "R9", "")];
    let change = |(field, from, to): (&str, &str, &str)| FieldChange {
        field: field.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let moved = CmdbCommand::SetFields(ci_id(4), moved.map(change).to_vec());
    issue(&laptop.store, 6, &Command::Cmdb(moved)).unwrap();
    assert_eq!(below(&[""], None, 9), ["hall"], "nothing stands in the annex any more");
}

/// Names as they are found: without regard to case and to spaces around them, whatever the letters.
#[rstest]
#[case::of_a_class(Lookup::CiByName, "server|web", &[1, 3, 7])]
#[case::of_another_class(Lookup::CiByName, "database|web", &[2])]
#[case::of_no_class_there_is(Lookup::CiByName, "switch|web", &[])]
#[case::alone(Lookup::CiByBareName, "web", &[1, 2, 3, 7])]
#[case::a_part_of_it(Lookup::CiByBareName, "we", &[])]
#[case::beyond_ascii(Lookup::CiByBareName, "größe", &[4])]
#[case::a_sign_that_becomes_a_letter(Lookup::CiByBareName, "k", &[5])]
#[case::a_bar_in_the_name(Lookup::CiByName, "server|a|b", &[6])]
#[case::after_a_nul(Lookup::CiByBareName, "web\0x", &[8])]
#[case::by_number(Lookup::Number, "CI-000003", &[3])]
#[case::by_a_number_written_otherwise(Lookup::Number, "CI-3", &[])]
#[case::by_no_number(Lookup::Number, "CI-", &[])]
fn cis_are_found_by_name(#[case] lookup: Lookup, #[case] key: &str, #[case] expected: &[u128]) {
    let named = [
        (1, "server", "web"),
        (2, "database", "Web"),
        (3, "Server", "WEB"),
        (4, "server", "GRÖßE"),
        (5, "server", "\u{212a}"),
        (6, "server", "a|b"),
        (7, "server", " web "),
        (8, "server", "web\0X"),
    ];
    let cis: Vec<Record> = named.map(|(n, class, name)| ci(n, class, name, CiStatus::InUse).into()).into();
    let laptop = holding(&cis);
    let found = laptop.store.read(|records: &_| records.find(lookup, key)).unwrap();
    let expected: Vec<Uuid> = expected.iter().map(|n| Uuid::from_u128(0x4_0000 + n)).collect();
    assert_eq!(found, expected);
}
