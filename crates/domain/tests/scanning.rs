//! Codes as a scanner reads them, and taking back what was scanned.

use crate::builders::{CLEO, CORA, START, TESS, World};
use crate::cmdb::id;
use crate::observations::{BREMEN, HAMBURG, all, decide, only, record, verdict, world};
use rstest::rstest;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::observation::identify::{IdentificationRule, Recognised};
use slipway_domain::cmdb::observation::scan::{CodeKind, SOURCE, Scanned, scanned};
use slipway_domain::cmdb::observation::sight::{Seen, Sighting, seen_before};
use slipway_domain::cmdb::observation::withdraw::Withdrawal;
use slipway_domain::cmdb::observation::{Observation, ObservationCommand, ObservationState, Verdict};
use slipway_domain::command::Command;
use slipway_domain::id::SiteId;
use slipway_domain::number::{Number, Series};
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;

/// Two switches of two makers with one serial number, beside what [`world`] holds.
fn scanned_world() -> World {
    let mut world = world();
    for (n, maker) in [(5, "Cisco"), (6, "Juniper")] {
        let mut ci = Ci::blank(id(n), Number::new(Series::Ci, u32::try_from(n).unwrap()), "switch", &format!("sw-{n}"));
        ci.manufacturer = maker.into();
        ci.serial_number = "X 9".into();
        world.put(ci);
    }
    world
}

#[rstest]
#[case::serial_of_any_maker("s-1", Some(1), IdentificationRule::Serial)]
#[case::serial_without_separators("S1", Some(1), IdentificationRule::Serial)]
#[case::serial_without_a_maker("S-2", Some(2), IdentificationRule::Serial)]
#[case::asset_tag("t-1", Some(1), IdentificationRule::AssetTag)]
#[case::bare_address("001b44113ab7", Some(1), IdentificationRule::Mac)]
#[case::address("00-1B-44-11-3A-B7", Some(1), IdentificationRule::Mac)]
#[case::unknown_address("00:1b:44:11:3a:b8", None, IdentificationRule::Mac)]
#[case::twelve_figures_are_no_address("200000000017", None, IdentificationRule::AssetTag)]
#[case::unknown(" Q-77 ", None, IdentificationRule::AssetTag)]
fn a_code_says_which_thing_it_is_on(#[case] code: &str, #[case] ci: Option<u128>, #[case] rule: IdentificationRule) {
    let world = scanned_world();
    let Scanned { identity, found } = scanned(code, CodeKind::AssetTag, &world.records).unwrap();
    assert_eq!(found, ci.map_or(Recognised::Nothing, |ci| Recognised::As(id(ci), rule)));
    let filled = [
        (IdentificationRule::Serial, !identity.serial_number.is_empty()),
        (IdentificationRule::AssetTag, !identity.asset_tag.is_empty()),
        (IdentificationRule::Mac, !identity.macs.is_empty()),
        (IdentificationRule::HostName, !identity.host_name.is_empty()),
    ];
    for (of, is_filled) in filled {
        assert_eq!(is_filled, of == rule, "{of:?} of {identity:?}");
    }
}

#[test]
fn a_code_of_two_is_of_neither() {
    let world = scanned_world();
    let of_two = scanned("x9", CodeKind::AssetTag, &world.records).unwrap();
    assert_eq!(of_two.found, Recognised::OneOf([id(5), id(6)].into()));
    assert_eq!(of_two.identity.serial_number, "x9", "as what it was found under");
    assert!(scanned("  ", CodeKind::Serial, &world.records).is_err());
    assert!(scanned("a\nb", CodeKind::Serial, &world.records).is_err());
}

/// What TESS scans, minutes after the start.
fn scan(world: &World, code: &str, minute: i64, site: SiteId, rack: &str) -> Sighting {
    let Scanned { identity, .. } = scanned(code, CodeKind::Serial, &world.records).unwrap();
    let facts = BTreeMap::from([("location.rack".to_owned(), rack.to_owned())]);
    Sighting {
        line: 1,
        source: SOURCE.into(),
        seen_at: at(minute),
        site: Some(site),
        seen: Seen::Thing { identity, class: String::new(), facts },
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp(START.0 + minute * 60_000)
}

fn withdraw(of: &Observation, before: Option<Sighting>) -> Command {
    let before = before.map(Box::new);
    Command::Observation(ObservationCommand::Withdraw(Withdrawal { observation: of.id, seen_at: of.seen_at, before }))
}

#[test]
fn what_was_scanned_by_mistake_is_taken_back() {
    let mut world = world();
    let first = scan(&world, "S-1", 0, HAMBURG, "A1");
    world.must(TESS, &record(vec![first.clone()]));
    assert_eq!(only(&world).state, ObservationState::Match, "the record names no rack");
    let before = only(&world);
    let second = scan(&world, "S-1", 5, BREMEN, "B2");
    let was = seen_before(&second, &world.records).unwrap();
    assert_eq!(was.as_ref().map(|was| was.seen_at), Some(at(0)));
    world.must(TESS, &record(vec![second]));
    let elsewhere = only(&world);
    assert_eq!((elsewhere.state, elsewhere.facts.len()), (ObservationState::Mismatch, 2));
    let earlier = seen_before(&first, &world.records).unwrap().unwrap();
    assert_eq!(earlier.seen_at, at(5), "what the source saw last is what is seen before the next");
    world.must(TESS, &withdraw(&elsewhere, was));
    assert_eq!(only(&world), before, "what was seen before stands again");
    world.must(TESS, &withdraw(&before, None));
    assert!(all(&world).is_empty());
    assert_eq!(world.refused(TESS, &withdraw(&before, None)), ["NOT_FOUND"]);
}

#[test]
fn what_something_came_of_is_not_taken_back() {
    let mut world = world();
    let sighting = scan(&world, "S-1", 0, BREMEN, "A1");
    world.must(TESS, &record(vec![sighting.clone()]));
    let seen = only(&world);
    assert_eq!(world.refused(CORA, &withdraw(&seen, None)), ["NOT_YOURS"]);
    assert_eq!(world.refused(CLEO, &withdraw(&seen, None)), ["NOT_ALLOWED"]);
    assert_eq!(world.refused(TESS, &withdraw(&seen, Some(sighting))), ["NOT_BEFORE"]);
    let early = Observation { seen_at: at(-1), ..seen.clone() };
    assert_eq!(world.refused(TESS, &withdraw(&early, None)), ["SEEN_SINCE"]);
    let kept = verdict(&world, &seen, Verdict::Keep);
    world.must(CORA, &decide(vec![kept]));
    assert_eq!(world.refused(TESS, &withdraw(&only(&world), None)), ["DECIDED_SINCE"]);
}
