//! No kind of command comes in without the protocol level that brought it.

use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::{FreezeId, PersonId, ReleaseId};
use slipway_domain::release::task_record::Assignee;
use slipway_domain::setting::{Every, Freeze, FreezeScope, FreezeStrength, Repeat};
use slipway_domain::since::{SINCE, level_of, too_new};
use slipway_domain::time::Window;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Kinds that a server of the first release knows.
const FIRST: &str = include_str!("../../../tests/fixtures/v1/commands.txt");

/// The names of a group's kinds, as the parser lists them when it meets another.
fn kinds(group: &str) -> Vec<String> {
    let id = Uuid::nil();
    let tries = [format!("{{\"{group}\":{{\"none\":0}}}}"), format!("{{\"{group}\":[\"{id}\",{{\"none\":0}}]}}")];
    let listed = tries.iter().find_map(|json| {
        let error = serde_json::from_str::<Command>(json).unwrap_err().to_string();
        error.split_once("unknown variant `none`, expected ").map(|(_, names)| names.to_owned())
    });
    let listed = listed.unwrap_or_else(|| panic!("{group} lists no kinds"));
    listed.split('`').skip(1).step_by(2).map(|name| format!("{group}.{name}")).collect()
}

#[test]
fn every_kind_is_of_the_first_release_or_says_since_when_it_is_there() {
    let first: BTreeSet<&str> = FIRST.lines().collect();
    let groups = serde_json::from_str::<Command>("{\"none\":0}").unwrap_err().to_string();
    let groups: Vec<&str> = groups.split('`').skip(3).step_by(2).filter(|group| *group != "comment").collect();
    assert!(groups.len() >= 8, "{groups:?}");
    let all: BTreeSet<String> = groups.iter().flat_map(|group| kinds(group)).collect();
    let later: BTreeSet<String> = SINCE.iter().map(|(group, name, _)| format!("{group}.{name}")).collect();
    for kind in &all {
        assert!(first.contains(kind.as_str()) != later.contains(kind), "{kind} belongs into the table in since.rs");
    }
    for kind in first.iter().copied().chain(later.iter().map(String::as_str)) {
        assert!(all.contains(kind), "{kind} is gone: stored commands of that kind cannot be read any more");
    }
}

#[test]
fn the_level_is_found_by_the_names_and_nothing_else() {
    let assign = |note: usize| {
        let sites = (0..note).map(|_| slipway_domain::id::SiteId(Uuid::from_u128(note as u128))).collect();
        Command::Setup(SetupCommand::AssignSites(
            Assignee::Person(PersonId(Uuid::nil())),
            slipway_domain::command::Edit { from: None, to: Some(sites) },
        ))
    };
    for size in [0, 1, 500] {
        assert_eq!(level_of(&assign(size)), 2, "with {size} sites");
    }
    let advance = Command::Release(ReleaseId(Uuid::nil()), slipway_domain::command::ReleaseCommand::Advance);
    assert_eq!(level_of(&advance), 1);
    assert!(too_new(&advance, 1).is_none());
    let finding = too_new(&assign(1), 1).unwrap();
    assert_eq!((finding.code.as_str(), finding.data["needs"].as_str()), ("SERVER_TOO_OLD", "2"));
    assert!(too_new(&assign(1), 2).is_none());
}

/// A freeze that an older server would understand in part only is not offered to it.
#[test]
fn a_freeze_is_as_new_as_what_it_says() {
    let moment = slipway_domain::time::Timestamp(0);
    let freeze = Freeze {
        id: FreezeId(Uuid::nil()),
        title: "Year end".into(),
        window: Window { start: moment, end: moment.plus_days(1) },
        scope: FreezeScope::Everything,
        strength: FreezeStrength::Hard,
        repeats: None,
    };
    let level = |freeze: Freeze| level_of(&Command::Setup(SetupCommand::PutFreeze(freeze)));
    let text = serde_json::to_string(&freeze).unwrap();
    assert!(!text.contains("strength") && !text.contains("repeats"), "the form of before: {text}");
    assert_eq!(level(freeze.clone()), 1);
    assert_eq!(level(Freeze { strength: FreezeStrength::Soft, ..freeze.clone() }), 2);
    assert_eq!(level(Freeze { repeats: Some(Repeat { every: Every::Week, until: None }), ..freeze }), 2);
}
