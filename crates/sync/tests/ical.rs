//! The calendar for other programs: the lines that they read.

use slipway_domain::change::record::{Change, ChangeKind, ChangeState};
use slipway_domain::id::{ChangeId, PersonId, ReleaseId};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Person;
use slipway_domain::records::{Memory, RecordsExt};
use slipway_domain::time::{Timestamp, Window};
use slipway_sync::ical::{Warnings, calendar};
use std::collections::BTreeSet;
use uuid::Uuid;

/// 2026-11-28T22:00:00Z
const SATURDAY: Timestamp = Timestamp(1_795_903_200_000);
const INES: PersonId = PersonId(Uuid::from_u128(1));

fn a_change(n: u32, title: &str, state: ChangeState) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(0x100 + u128::from(n))),
        number: Number::new(Series::Change, n),
        foreign: None,
        title: title.to_owned(),
        description: String::new(),
        category: "network".to_owned(),
        kind: ChangeKind::Normal,
        reason: String::new(),
        requested_by: INES,
        coordinator: Some(INES),
        impact: None,
        urgency: None,
        priority: None,
        risk: None,
        cis: BTreeSet::new(),
        ci_groups: BTreeSet::new(),
        services: BTreeSet::new(),
        planned: Some(Window { start: SATURDAY, end: SATURDAY.plus_hours(4) }),
        versions: None,
        release: None,
        state,
        outcome: None,
        state_reason: String::new(),
        created_at: Timestamp(0),
    }
}

fn lines(records: &Memory) -> Vec<String> {
    let period = Window { start: SATURDAY.plus_days(-7), end: SATURDAY.plus_days(7) };
    let text = calendar("Harbour", &period, SATURDAY.plus_days(-2), Warnings::Given, records).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "no line is longer than 75 bytes: {text}");
    // A line that goes on begins with a blank.
    text.replace("\r\n ", "").lines().map(str::to_owned).collect()
}

#[test]
fn a_change_is_an_event_that_says_when_and_how_it_stands() {
    let mut records = Memory::default();
    records
        .put(Person {
            id: INES,
            name: "Ines Marlow".to_owned(),
            user: "ines".to_owned(),
            roles: BTreeSet::new(),
            active: true,
        })
        .unwrap();
    let title = "Rotate keys; new ones, for every terminal in the Bristol yard and the quay — überall";
    records.put(a_change(1, title, ChangeState::Approved)).unwrap();
    let found = lines(&records);
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "X-WR-CALNAME:Harbour",
        "DTSTAMP:20261126T220000Z",
        "DTSTART:20261128T220000Z",
        "DTEND:20261129T020000Z",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "CATEGORIES:CHANGE",
        "DESCRIPTION:Approved\\nCoordinator: Ines Marlow",
        "UID:change-00000000-0000-0000-0000-000000000101@slipway",
    ] {
        assert!(found.iter().any(|one| one.eq_ignore_ascii_case(line)), "{line} in {found:#?}");
    }
    let summary = format!("SUMMARY:CHG-000001 {}", title.replace(';', "\\;").replace(',', "\\,"));
    assert!(found.contains(&summary), "{found:#?}");
}

#[test]
fn what_is_not_decided_is_tentative_and_what_a_release_carries_is_not_told_twice() {
    let mut records = Memory::default();
    records.put(a_change(1, "Asked for", ChangeState::ApprovalPending)).unwrap();
    let carried =
        Change { release: Some(ReleaseId(Uuid::from_u128(9))), ..a_change(2, "Carried", ChangeState::Approved) };
    records.put(carried).unwrap();
    let found = lines(&records);
    assert_eq!(found.iter().filter(|line| *line == "BEGIN:VEVENT").count(), 1, "{found:#?}");
    assert!(found.iter().any(|line| line == "STATUS:TENTATIVE"), "{found:#?}");
}
