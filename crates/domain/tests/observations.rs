//! What was seen against what is recorded: recognised, compared, decided.

use crate::builders::{ADAM, CLEO, CORA, START, TESS, VERA, World};
use crate::cmdb::id;
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::change::record::{Change, ChangeState};
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::observation::accuracy::Accuracy;
use slipway_domain::cmdb::observation::decide::{ObservationVerdict, actions, covered};
use slipway_domain::cmdb::observation::identify::{IdentificationRule, IdentificationRules, Identity, mac, rules};
use slipway_domain::cmdb::observation::sight::{Seen, Sighting};
use slipway_domain::cmdb::observation::{Observation, ObservationCommand, ObservationState, Verdict};
use slipway_domain::command::{BULK_ROWS, CmdbCommand, Command, Edit, SetupCommand};
use slipway_domain::execute::Effect;
use slipway_domain::id::{CiId, PersonId, SiteId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Person, Site};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::release::task_record::Assignee;
use slipway_domain::scope::{Bucket, buckets};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub const BREMEN: SiteId = SiteId(Uuid::from_u128(0xb));
pub const HAMBURG: SiteId = SiteId(Uuid::from_u128(0xa));

/// Two sites; `web-01` with every sign at Hamburg, `db-01` at Bremen, and two CIs of one name.
pub fn world() -> World {
    let mut world = World::new();
    for (id, name) in [(HAMBURG, "Hamburg"), (BREMEN, "Bremen")] {
        world.put(Site { id, name: name.into(), address: String::new() });
    }
    let ci = |n: u128, class: &str, name: &str| {
        Ci::blank(id(n), Number::new(Series::Ci, u32::try_from(n).unwrap()), class, name)
    };
    let mut web = ci(1, "server", "web-01");
    web.manufacturer = "Dell".into();
    web.serial_number = "S-1".into();
    web.asset_tag = "T-1".into();
    web.version = "7".into();
    web.attributes.insert("eth0".into(), "00:1B:44:11:3A:B7".into());
    web.attributes.insert("os".into(), "Debian 12".into());
    web.location.site = Some(HAMBURG);
    world.put(web);
    let mut db = ci(2, "server", "db-01");
    db.location.site = Some(BREMEN);
    db.serial_number = "S-2".into();
    world.put(db);
    world.put(ci(3, "server", "twin"));
    world.put(ci(4, "service", "twin"));
    world
}

fn thing(identity: Identity, facts: &[(&str, &str)]) -> Sighting {
    let facts = facts.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect();
    let seen = Seen::Thing { identity, class: String::new(), facts };
    Sighting { line: 2, source: "lshw".into(), seen_at: START, site: None, seen }
}

fn host(name: &str, facts: &[(&str, &str)]) -> Sighting {
    thing(Identity { host_name: name.into(), ..Identity::default() }, facts)
}

fn absent(ci: CiId) -> Sighting {
    Sighting { seen: Seen::Absent(ci), ..host("", &[]) }
}

pub fn record(rows: Vec<Sighting>) -> Command {
    Command::Observation(ObservationCommand::Record(rows))
}

pub fn decide(verdicts: Vec<ObservationVerdict>) -> Command {
    Command::Observation(ObservationCommand::Decide(verdicts))
}

fn put_rules(order: &[IdentificationRule], managed: &[&str]) -> Command {
    let managed = managed.iter().map(|f| (*f).to_owned()).collect();
    let rules = IdentificationRules { order: order.to_vec(), managed, ..IdentificationRules::default() };
    Command::Observation(ObservationCommand::PutRules(rules))
}

pub fn all(world: &World) -> Vec<Observation> {
    let is_observation = |record: &Record| match record {
        Record::Observation(observation) => Some((**observation).clone()),
        _ => None,
    };
    world.records.records().filter_map(is_observation).collect()
}

/// The only observation there is.
#[track_caller]
pub fn only(world: &World) -> Observation {
    let all = all(world);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.into_iter().next().unwrap()
}

/// Everything that the verdict covers, as a front end would send it.
pub fn verdict(world: &World, observation: &Observation, verdict: Verdict) -> ObservationVerdict {
    let ci: Option<Ci> = observation.ci.map(|ci| world.get(ci));
    ObservationVerdict {
        observation: observation.id,
        verdict,
        fields: covered(observation, ci.as_ref(), verdict, &rules(&world.records).unwrap()),
        class: String::new(),
        name: String::new(),
        ci: None,
        note: String::new(),
    }
}

fn codes(effect: &Effect) -> Vec<&str> {
    effect.conflicts.iter().map(|conflict| conflict.finding.code.as_str()).collect()
}

#[rstest]
#[case::serial(|i: &mut Identity| { i.manufacturer = "DELL".into(); i.serial_number = "s-1".into(); }, Some((1, IdentificationRule::Serial)))]
#[case::serial_of_another_maker(|i: &mut Identity| { i.manufacturer = "HP".into(); i.serial_number = "S-1".into(); }, None)]
#[case::tag(|i: &mut Identity| i.asset_tag = "t-1".into(), Some((1, IdentificationRule::AssetTag)))]
#[case::mac(|i: &mut Identity| i.macs = ["001b.4411.3ab7".to_owned()].into(), Some((1, IdentificationRule::Mac)))]
#[case::bare_mac(|i: &mut Identity| i.macs = ["001B44113AB7".to_owned()].into(), Some((1, IdentificationRule::Mac)))]
#[case::one_mac_of_two(|i: &mut Identity| i.macs = ["02:00:00:00:00:01".to_owned(), "00:1b:44:11:3a:b7".to_owned()].into(), Some((1, IdentificationRule::Mac)))]
#[case::host(|i: &mut Identity| i.host_name = "WEB-01".into(), Some((1, IdentificationRule::HostName)))]
#[case::host_with_domain(|i: &mut Identity| i.host_name = "db-01.example.org".into(), Some((2, IdentificationRule::HostName)))]
#[case::first_rule_first(|i: &mut Identity| { i.host_name = "db-01".into(); i.asset_tag = "T-1".into(); }, Some((1, IdentificationRule::AssetTag)))]
#[case::next_rule_when_the_first_finds_nothing(|i: &mut Identity| { i.host_name = "db-01".into(); i.asset_tag = "T-9".into(); }, Some((2, IdentificationRule::HostName)))]
#[case::two_of_one_name(|i: &mut Identity| i.host_name = "twin".into(), None)]
#[case::nothing_known(|i: &mut Identity| i.host_name = "new-01".into(), None)]
fn a_thing_is_recognised_by_the_first_rule_that_finds_exactly_one(
    #[case] say: fn(&mut Identity),
    #[case] expected: Option<(u128, IdentificationRule)>,
) {
    let mut world = world();
    let mut identity = Identity::default();
    say(&mut identity);
    world.must(TESS, &record(vec![thing(identity, &[])]));
    let seen = only(&world);
    assert_eq!(seen.ci.zip(seen.rule), expected.map(|(n, rule)| (id(n), rule)));
    let state = if expected.is_some() { ObservationState::Match } else { ObservationState::Unknown };
    assert_eq!(seen.state, state);
}

#[test]
fn the_order_of_the_rules_is_the_configuration_managers() {
    let mut world = world();
    let identity = || Identity { host_name: "db-01".into(), asset_tag: "T-1".into(), ..Identity::default() };
    let order = [IdentificationRule::HostName, IdentificationRule::AssetTag];
    assert_eq!(world.refused(TESS, &put_rules(&order, &[])), ["NOT_ALLOWED"]);
    assert_eq!(world.refused(CORA, &put_rules(&[], &[])), ["RULES_WRONG"]);
    let twice = [IdentificationRule::Mac, IdentificationRule::Mac];
    assert_eq!(world.refused(CORA, &put_rules(&twice, &["colour"])), ["RULES_WRONG", "UNKNOWN_FIELD"]);
    world.must(CORA, &put_rules(&order, &["version"]));
    world.must(TESS, &record(vec![thing(identity(), &[])]));
    assert_eq!(only(&world).ci, Some(id(2)));
    // With the asset tag alone the other one is found.
    world.must(CORA, &put_rules(&[IdentificationRule::AssetTag], &[]));
    let again = verdict(&world, &only(&world), Verdict::LookAgain);
    assert_eq!(world.must(CORA, &decide(vec![again])).updated, 1);
    assert_eq!(only(&world).ci, Some(id(1)));
    assert_eq!(world.must(CORA, &put_rules(&[IdentificationRule::AssetTag], &[])).unchanged, 1);
}

#[rstest]
#[case::same(host("web-01", &[("attributes.os", "debian 12"), ("version", "7")]), ObservationState::Match)]
#[case::address_written_otherwise(host("web-01", &[("attributes.eth0", "001b.4411.3ab7")]), ObservationState::Match)]
#[case::gap(host("web-01", &[("attributes.kernel", "6.1"), ("model", "R650")]), ObservationState::Match)]
#[case::differs(host("web-01", &[("attributes.os", "Debian 13")]), ObservationState::Mismatch)]
#[case::elsewhere(Sighting { site: Some(BREMEN), ..host("web-01", &[]) }, ObservationState::Mismatch)]
#[case::where_it_should_be(Sighting { site: Some(HAMBURG), ..host("web-01", &[]) }, ObservationState::Match)]
#[case::site_of_what_stands_nowhere(Sighting { site: Some(HAMBURG), ..thing(Identity { serial_number: "none".into(), ..Identity::default() }, &[]) }, ObservationState::Unknown)]
#[case::absent(absent(id(1)), ObservationState::Missing)]
fn what_was_seen_stands_to_the_record(#[case] row: Sighting, #[case] state: ObservationState) {
    let mut world = world();
    let before: Ci = world.get(id(1));
    world.must(TESS, &record(vec![row]));
    assert_eq!(only(&world).state, state);
    assert_eq!(world.get::<Ci>(id(1)), before, "a sighting changes no CI");
}

#[rstest]
#[case::no_identity(host("", &[("version", "1")]), &["NO_IDENTITY"])]
#[case::no_source(Sighting { source: " ".into(), ..host("a", &[]) }, &["TEXT_MISSING"])]
#[case::no_address(thing(Identity { macs: ["eth0".to_owned()].into(), host_name: "a".into(), ..Identity::default() }, &[]), &["WRONG_VALUE"])]
#[case::no_field(host("a", &[("colour", "red")]), &["UNKNOWN_FIELD"])]
#[case::no_value(host("a", &[("location.u", "0")]), &["WRONG_VALUE"])]
#[case::in_the_future(Sighting { seen_at: START.plus_days(2), ..host("a", &[]) }, &["SEEN_LATER"])]
#[case::clocks_apart(Sighting { seen_at: Timestamp(START.0 + 3_600_000), ..host("a", &[]) }, &[])]
#[case::no_site(Sighting { site: Some(SiteId(Uuid::nil())), ..host("a", &[]) }, &["UNKNOWN_SITE"])]
#[case::absent_and_unknown(absent(id(99)), &["NOT_FOUND"])]
fn a_wrong_row_is_listed_and_the_others_go_on(#[case] wrong: Sighting, #[case] expected: &[&str]) {
    let mut world = world();
    let effect = world.must(TESS, &record(vec![host("web-01", &[]), wrong, host("db-01", &[])]));
    assert_eq!(codes(&effect), expected);
    assert_eq!(effect.created, if expected.is_empty() { 3 } else { 2 });
}

#[test]
fn what_a_source_sees_again_takes_the_place_of_what_it_saw() {
    let mut world = world();
    let at =
        |days: i64, os: &str| Sighting { seen_at: START.plus_days(days), ..host("web-01", &[("attributes.os", os)]) };
    world.now = START.plus_days(9);
    assert_eq!(world.must(TESS, &record(vec![at(1, "Debian 12")])).created, 1);
    assert_eq!(world.must(TESS, &record(vec![at(1, "Debian 12")])).unchanged, 1, "the same file again");
    assert_eq!(world.must(TESS, &record(vec![at(3, "Debian 13")])).updated, 1);
    assert_eq!(world.must(TESS, &record(vec![at(2, "Debian 11")])).unchanged, 1, "what comes late is the past");
    assert_eq!(only(&world).facts["attributes.os"], "Debian 13");
    // Another source sees for itself; the serial number leads to the same CI, so to the same observation.
    let serial = Identity { manufacturer: "Dell".into(), serial_number: "S-1".into(), ..Identity::default() };
    let effect = world.must(TESS, &record(vec![Sighting { seen_at: START.plus_days(4), ..thing(serial, &[]) }]));
    assert_eq!((effect.updated, only(&world).state), (1, ObservationState::Match));
    let scan = Sighting { source: "scan".into(), ..at(4, "Debian 12") };
    assert_eq!(codes(&world.must(TESS, &record(vec![scan.clone(), Sighting { line: 3, ..scan }]))), ["ROW_TWICE"]);
    assert_eq!(all(&world).len(), 2);
    assert_eq!(world.refused(TESS, &record(vec![at(1, "x"); BULK_ROWS + 1])), ["TOO_MANY_ROWS"]);
}

#[test]
fn accepting_takes_over_what_is_free_and_fills_gaps() {
    let mut world = world();
    let facts = [("attributes.os", "Debian 13"), ("version", "8"), ("model", "R650"), ("attributes.kernel", "6.12")];
    world.must(TESS, &record(vec![host("web-01", &facts)]));
    let accept = verdict(&world, &only(&world), Verdict::Accept);
    let named: Vec<&str> = accept.fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(named, ["attributes.kernel", "attributes.os", "model"], "a managed field that is empty is a gap");
    assert_eq!(world.refused(TESS, &decide(vec![accept.clone()])), ["NOT_ALLOWED"]);
    assert_eq!(world.must(CORA, &decide(vec![accept])).updated, 1);
    let ci: Ci = world.get(id(1));
    assert_eq!((ci.model.as_str(), ci.version.as_str(), &*ci.attributes["os"]), ("R650", "7", "Debian 13"));
    assert_eq!(only(&world).state, ObservationState::Mismatch, "the version is managed");
    // What is left asks for a change.
    let accept = verdict(&world, &only(&world), Verdict::Accept);
    assert_eq!(codes(&world.must(CORA, &decide(vec![accept.clone()]))), ["FIELD_IS_MANAGED"]);
    let change = verdict(&world, &only(&world), Verdict::Change);
    world.must(CORA, &decide(vec![change]));
    let seen = only(&world);
    assert_eq!(seen.state, ObservationState::Settled);
    let change = seen.decisions["version"].change.unwrap();
    let mut registered: Change = world.get(change);
    assert_eq!((registered.state, registered.cis.clone()), (ChangeState::Registered, BTreeSet::from([id(1)])));
    assert!(registered.description.contains("version: recorded \"7\", seen \"8\""), "{}", registered.description);
    assert_eq!(codes(&world.must(CORA, &decide(vec![accept.clone()]))), ["FIELD_IS_MANAGED"], "not yet implemented");
    registered.state = ChangeState::Implemented;
    world.put(registered);
    assert_eq!(world.must(CORA, &decide(vec![accept])).updated, 1);
    assert_eq!((world.get::<Ci>(id(1)).version.as_str(), only(&world).state), ("8", ObservationState::Match));
}

#[test]
fn what_is_kept_stays_decided_until_something_else_is_seen() {
    let mut world = world();
    world.now = START.plus_days(9);
    let at = |days: i64, os: &str| {
        record(vec![Sighting { seen_at: START.plus_days(days), ..host("web-01", &[("attributes.os", os)]) }])
    };
    world.must(TESS, &at(1, "Debian 13"));
    let keep = verdict(&world, &only(&world), Verdict::Keep);
    assert_eq!(world.must(CORA, &decide(vec![keep.clone()])).updated, 1);
    assert_eq!(world.must(CORA, &decide(vec![keep])).unchanged, 1, "decided already");
    world.must(TESS, &at(2, "Debian 13"));
    assert_eq!(only(&world).state, ObservationState::Settled, "the same again");
    world.must(TESS, &at(3, "Debian 14"));
    assert_eq!(only(&world).state, ObservationState::Mismatch);
    let mut dismiss = verdict(&world, &only(&world), Verdict::Dismiss);
    assert_eq!(codes(&world.must(CORA, &decide(vec![dismiss.clone()]))), ["TEXT_MISSING"]);
    dismiss.note = "a test image".into();
    world.must(CORA, &decide(vec![dismiss]));
    assert_eq!(only(&world).decisions["attributes.os"].note, "a test image");
    assert_eq!(only(&world).state, ObservationState::Settled);
}

#[test]
fn a_decision_is_on_what_its_author_saw() {
    let mut world = world();
    world.must(TESS, &record(vec![host("web-01", &[("attributes.os", "Debian 13"), ("attributes.cpu", "8")])]));
    let seen = only(&world);
    let accept = verdict(&world, &seen, Verdict::Accept);
    let keep = verdict(&world, &seen, Verdict::Keep);
    // Meanwhile the source saw something else, and somebody edited the record.
    let later = Sighting {
        seen_at: Timestamp(START.0 + 1),
        ..host("web-01", &[("attributes.os", "Debian 14"), ("attributes.cpu", "8")])
    };
    world.must(TESS, &record(vec![later]));
    let mut ci: Ci = world.get(id(1));
    ci.attributes.insert("cpu".into(), "4".into());
    world.put(ci);
    let effect = world.must(CORA, &decide(vec![accept]));
    assert_eq!((codes(&effect), effect.unchanged), (vec!["FIELD_CHANGED", "SEEN_ANEW"], 0), "{effect:?}");
    assert_eq!(codes(&world.must(CORA, &decide(vec![keep]))), ["SEEN_ANEW"]);
    assert_eq!(world.get::<Ci>(id(1)).attributes["os"], "Debian 12");
    let twice = verdict(&world, &only(&world), Verdict::Keep);
    assert_eq!(codes(&world.must(CORA, &decide(vec![twice.clone(), twice]))), ["DECIDED_TWICE"]);
}

#[test]
fn an_unknown_thing_becomes_a_ci_once() {
    let mut world = world();
    let identity = Identity {
        manufacturer: "HP".into(),
        serial_number: "X-9".into(),
        host_name: "new-01".into(),
        ..Identity::default()
    };
    world.must(TESS, &record(vec![Sighting { site: Some(BREMEN), ..thing(identity, &[("model", "DL380")]) }]));
    let unknown = only(&world);
    assert_eq!((unknown.label.as_str(), unknown.site), ("new-01", Some(BREMEN)));
    let register = verdict(&world, &unknown, Verdict::Register);
    assert_eq!(codes(&world.must(CORA, &decide(vec![register.clone()]))), ["CLASS_MISSING"]);
    let register = ObservationVerdict { class: "server".into(), ..register };
    let taken = ObservationVerdict { name: "web-01".into(), ..register.clone() };
    assert_eq!(codes(&world.must(CORA, &decide(vec![taken]))), ["CI_NAME_TAKEN"]);
    assert_eq!(only(&world), unknown, "a refusal changes nothing");
    assert_eq!(world.must(CORA, &decide(vec![register.clone()])).created, 1);
    let known = only(&world);
    let ci: Ci = world.get(known.ci.unwrap());
    assert_eq!((ci.name.as_str(), ci.model.as_str(), ci.serial_number.as_str()), ("new-01", "DL380", "X-9"));
    assert_eq!((ci.location.site, known.state), (Some(BREMEN), ObservationState::Match));
    assert_eq!(known.rule, Some(IdentificationRule::Serial));
    // On another laptop the same was decided.
    assert_eq!(codes(&world.must(CORA, &decide(vec![register]))), ["VERDICT_IMPOSSIBLE"]);
}

#[test]
fn an_unknown_thing_that_was_entered_by_hand_is_recognised() {
    let mut world = world();
    world.must(TESS, &record(vec![host("new-01", &[("version", "2")])]));
    let register = ObservationVerdict { class: "server".into(), ..verdict(&world, &only(&world), Verdict::Register) };
    let mut ci = Ci::blank(id(9), Number::new(Series::Ci, 9), "server", "new-01");
    ci.version = "1".into();
    world.must(CORA, &Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci))));
    let effect = world.must(CORA, &decide(vec![register]));
    assert_eq!((effect.created, effect.updated, codes(&effect)), (0, 1, vec![]));
    assert_eq!((only(&world).ci, only(&world).state), (Some(id(9)), ObservationState::Mismatch));
}

#[test]
fn an_unknown_thing_is_linked_by_hand_until_a_rule_knows_better() {
    let mut world = world();
    world.must(TESS, &record(vec![host("twin", &[("version", "2")])]));
    let unknown = only(&world);
    assert_eq!((unknown.ci, unknown.state), (None, ObservationState::Unknown), "two CIs have the name");
    let link = verdict(&world, &unknown, Verdict::Link);
    assert_eq!(codes(&world.must(CORA, &decide(vec![link.clone()]))), ["CI_MISSING"]);
    let nowhere = ObservationVerdict { ci: Some(id(99)), ..link.clone() };
    assert_eq!(codes(&world.must(CORA, &decide(vec![nowhere]))), ["NOT_FOUND"]);
    assert_eq!(only(&world), unknown, "a refusal changes nothing");
    let link = ObservationVerdict { ci: Some(id(3)), ..link };
    assert_eq!(world.must(CORA, &decide(vec![link.clone()])).updated, 1);
    assert_eq!((only(&world).ci, only(&world).rule), (Some(id(3)), None));
    assert_eq!(codes(&world.must(CORA, &decide(vec![link]))), ["VERDICT_IMPOSSIBLE"], "it is known now");

    let seen_at = Timestamp(START.0 + 1);
    world.must(TESS, &record(vec![Sighting { seen_at, ..host("twin", &[("version", "3")]) }]));
    assert_eq!((only(&world).ci, only(&world).facts["version"].as_str()), (Some(id(3)), "3"), "the link holds");
    world.must(TESS, &record(vec![Sighting { seen_at, ..host("other", &[]) }]));
    let other = all(&world).into_iter().find(|o| o.label == "other").unwrap();
    let link = ObservationVerdict { ci: Some(id(3)), ..verdict(&world, &other, Verdict::Link) };
    assert_eq!(codes(&world.must(CORA, &decide(vec![link]))), ["SEEN_ALREADY"], "one thing of a source is one CI");
    world.put(Ci::blank(id(3), Number::new(Series::Ci, 3), "server", "renamed"));
    let later = Sighting { seen_at: Timestamp(START.0 + 2), ..host("twin", &[]) };
    world.must(TESS, &record(vec![later]));
    let twin = all(&world).into_iter().find(|o| o.id == unknown.id);
    assert!(twin.is_none_or(|twin| twin.ci != Some(id(3))), "now a rule recognises the other one");
}

#[test]
fn what_was_looked_for_and_not_found_is_marked_missing_until_it_is_seen() {
    let mut world = world();
    world.must(TESS, &record(vec![absent(id(1))]));
    let mark = verdict(&world, &only(&world), Verdict::MarkMissing);
    let register = ObservationVerdict { verdict: Verdict::Register, ..mark.clone() };
    assert_eq!(codes(&world.must(CORA, &decide(vec![register]))), ["VERDICT_IMPOSSIBLE"]);
    world.must(CORA, &decide(vec![mark]));
    assert_eq!(world.get::<Ci>(id(1)).status, CiStatus::Missing);
    assert_eq!(only(&world).state, ObservationState::Match, "record and reality agree");
    let found = Command::Cmdb(CmdbCommand::SetStatus { ci: id(1), from: CiStatus::Missing, to: CiStatus::InUse });
    world.must(CORA, &found);
    assert_eq!(only(&world).state, ObservationState::Missing, "and then again not");
    let later = Sighting { seen_at: Timestamp(START.0 + 1), ..host("web-01", &[]) };
    world.must(TESS, &record(vec![later]));
    assert_eq!(only(&world).state, ObservationState::Match);
    let disposed = Ci { status: CiStatus::Disposed, ..world.get::<Ci>(id(2)) };
    world.put(disposed);
    world.must(TESS, &record(vec![Sighting { source: "scan".into(), ..absent(id(2)) }]));
    let of_db = all(&world).into_iter().find(|o| o.ci == Some(id(2))).unwrap();
    let mark = verdict(&world, &of_db, Verdict::MarkMissing);
    assert_eq!(codes(&world.must(CORA, &decide(vec![mark]))), ["STATUS_MOVE"]);
}

#[test]
fn an_observation_follows_its_ci() {
    let mut world = world();
    world.must(TESS, &record(vec![host("web-01", &[("attributes.os", "Debian 13")])]));
    let set = |from: &str, to: &str| {
        let change = FieldChange { field: "attributes.os".into(), from: from.into(), to: to.into() };
        Command::Cmdb(CmdbCommand::SetFields(id(1), vec![change]))
    };
    world.must(CORA, &set("Debian 12", "Debian 13"));
    assert_eq!(only(&world).state, ObservationState::Match, "edited by hand");
    world.must(CORA, &set("Debian 13", "Debian 12"));
    assert_eq!(only(&world).state, ObservationState::Mismatch);
    let merge = Command::Cmdb(CmdbCommand::MergeCi { kept: id(2), gone: id(1), take: BTreeSet::new() });
    world.must(CORA, &merge);
    let seen = only(&world);
    assert_eq!((seen.ci, seen.label.as_str(), seen.site), (Some(id(2)), "db-01", Some(BREMEN)));
    assert_eq!(seen.state, ObservationState::Match, "the kept one has no system recorded: a gap");
    assert_eq!(world.records.find(Lookup::ObservationsOf, &id(1).to_string()).unwrap(), Vec::<Uuid>::new());
}

fn only_hamburg(world: &mut World, person: PersonId) {
    let edit = Edit { from: None, to: Some(BTreeSet::from([HAMBURG])) };
    world.must(ADAM, &Command::Setup(SetupCommand::AssignSites(Assignee::Person(person), edit)));
}

#[test]
fn an_observation_lies_with_its_ci_and_nobody_decides_on_what_they_may_not_read() {
    let mut world = world();
    let unknown = Sighting { site: Some(BREMEN), ..host("new-01", &[]) };
    world.must(TESS, &record(vec![host("db-01", &[("class", "switch")]), unknown.clone(), host("nowhere", &[])]));
    for seen in all(&world) {
        let lies: Vec<Bucket> = buckets(&seen.clone().into(), &world.records).unwrap().into_iter().collect();
        let expected = if seen.label == "nowhere" { Bucket::Workspace } else { Bucket::Site(BREMEN) };
        assert_eq!(lies, [expected], "{}", seen.label);
    }
    only_hamburg(&mut world, TESS);
    only_hamburg(&mut world, CORA);
    let later = |row: Sighting| Sighting { seen_at: Timestamp(START.0 + 1), ..row };
    let effect = world.must(TESS, &record(vec![later(host("db-01", &[])), later(unknown), later(host("new-01", &[]))]));
    assert_eq!(codes(&effect), ["OUT_OF_SCOPE", "OUT_OF_SCOPE", "OUT_OF_SCOPE"]);
    let keep = all(&world).iter().map(|o| verdict(&world, o, Verdict::LookAgain)).collect();
    assert_eq!(codes(&world.must(CORA, &decide(keep))), ["OUT_OF_SCOPE", "OUT_OF_SCOPE"]);
}

#[rstest]
#[case::mismatch(host("web-01", &[("attributes.os", "Debian 13")]), &["accept", "keep", "change", "dismiss", "look_again"])]
#[case::managed(host("web-01", &[("version", "8")]), &["accept!", "keep", "change", "dismiss", "look_again"])]
#[case::match_(host("web-01", &[]), &["look_again"])]
#[case::gap(host("web-01", &[("model", "R650")]), &["accept", "look_again"])]
#[case::unknown(host("new", &[]), &["register", "link", "dismiss", "look_again"])]
#[case::missing(absent(id(1)), &["mark_missing", "keep", "change", "dismiss", "look_again"])]
fn what_is_offered_is_what_the_rules_carry_out(#[case] row: Sighting, #[case] expected: &[&str]) {
    let mut world = world();
    world.must(TESS, &record(vec![row]));
    let seen = only(&world);
    let offered = |who: PersonId| actions(&seen, &world.get::<Person>(who), &world.records).unwrap();
    let named: Vec<String> =
        offered(CORA).iter().map(|a| format!("{}{}", a.action, if a.allowed { "" } else { "!" })).collect();
    assert_eq!(named, expected);
    assert!(offered(TESS).iter().chain(&offered(VERA)).all(|action| !action.allowed));
    for action in offered(CORA) {
        let what: Verdict = serde_json::from_value(action.action.clone().into()).unwrap();
        let mut given = verdict(&world, &seen, what);
        given.note = "because".into();
        given.class = "server".into();
        given.ci = Some(id(4));
        let effect = world.clone().must(CORA, &decide(vec![given]));
        assert_eq!(effect.conflicts.is_empty(), action.allowed, "{}: {effect:?}", action.action);
    }
    assert_eq!(world.refused(CLEO, &decide(vec![])), ["NOT_ALLOWED"]);
}

#[rstest]
#[case("00:1b:44:11:3a:b7", Some("001b44113ab7"))]
#[case("00-1B-44-11-3A-B7", Some("001b44113ab7"))]
#[case("001b44113ab7", Some("001b44113ab7"))]
#[case("00:00:00:00:00:00", None)]
#[case("ff:ff:ff:ff:ff:ff", None)]
#[case("ffffffffffff", None)]
#[case("eth0", None)]
#[case("", None)]
fn an_address_has_one_form(#[case] text: &str, #[case] form: Option<&str>) {
    assert_eq!(mac(text).as_deref(), form);
}

#[test]
fn accuracy_is_told_of_what_was_seen() {
    let mut accuracy = Accuracy::default();
    assert_eq!(accuracy.per_mille(), None);
    accuracy.add(ObservationState::Match, 1_998);
    accuracy.add(ObservationState::Settled, 1);
    accuracy.add(ObservationState::Unknown, 1);
    assert_eq!((accuracy.total(), accuracy.open(), accuracy.per_mille()), (2_000, 1, Some(999)));
}

prop_compose! {
    fn a_sighting()(host_at in 0_usize..4, os in 0_usize..3, gone in any::<bool>(), source in 0_usize..2, site in 0_usize..3) -> Sighting {
        let name = ["web-01", "db-01", "new-01", "twin"][host_at];
        let row = host(name, &[("attributes.os", ["Debian 12", "Debian 13", ""][os])]);
        let row = if gone && host_at < 2 { absent(id(host_at as u128 + 1)) } else { row };
        Sighting { source: ["lshw", "scan"][source].into(), site: [None, Some(HAMBURG), Some(BREMEN)][site], ..row }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Laptops come back in any order; what was seen last stands.
    #[test]
    fn the_order_in_which_sightings_arrive_makes_no_difference(
        rows in proptest::collection::vec(a_sighting(), 1..8),
        order in any::<proptest::sample::Index>(),
    ) {
        let rows: Vec<Sighting> = rows.into_iter().enumerate()
            .map(|(n, row)| Sighting { seen_at: Timestamp(START.0 + n as i64), ..row }).collect();
        let mut turned = rows.clone();
        turned.rotate_left(order.index(rows.len()));
        let [mut one, mut other] = [world(), world()];
        for row in &rows {
            one.must(TESS, &record(vec![row.clone()]));
        }
        for row in turned.iter().rev() {
            other.must(TESS, &record(vec![row.clone()]));
        }
        prop_assert_eq!(all(&one), all(&other));
        let mut accuracy: BTreeMap<Option<SiteId>, Accuracy> = BTreeMap::new();
        for seen in all(&one) {
            accuracy.entry(seen.site).or_default().add(seen.state, 1);
        }
        prop_assert!(accuracy.values().all(|a| a.per_mille().is_some_and(|share| share <= 1_000)));
        prop_assert_eq!(accuracy.values().map(|a| a.total() as usize).sum::<usize>(), all(&one).len());
    }

    /// Whatever is decided, the state stands to the record as if it were compared anew.
    #[test]
    fn a_state_is_always_true(rows in proptest::collection::vec(a_sighting(), 1..6), verdicts in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 0..10)) {
        let mut world = world();
        for row in rows {
            world.must(TESS, &record(vec![row]));
        }
        for (which, what) in verdicts {
            let seen = all(&world)[which.index(all(&world).len())].clone();
            let mut given = verdict(&world, &seen, Verdict::ALL[what.index(Verdict::ALL.len())]);
            given.note = "because".into();
            given.class = "server".into();
            world.must(CORA, &decide(vec![given]));
        }
        for seen in all(&world) {
            let again = ObservationVerdict { fields: vec![], ..verdict(&world, &seen, Verdict::LookAgain) };
            if seen.ci.is_some() || seen.absent {
                prop_assert_eq!(world.clone().must(CORA, &decide(vec![again])).unchanged, 1, "{:?}", seen);
            }
            if let Some(ci) = seen.ci {
                prop_assert_eq!(&seen.label, &world.get::<Ci>(ci).name);
            }
        }
        prop_assert!(world.records.records().all(|r| r.kind() != Kind::Exception));
    }
}
