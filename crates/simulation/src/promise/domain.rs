//! Promises of the field on a state of the server: units, votes, phases, changes, numbers.

use slipway_domain::approval::record::Approval;
use slipway_domain::change::record::Change;
use slipway_domain::dhs::record::{DhsUnit, UnitState};
use slipway_domain::record::{Entity, Record};
use slipway_domain::records::Memory;
use slipway_domain::release::phase::TABLE;
use slipway_domain::release::record::Release;
use std::collections::{BTreeMap, BTreeSet};

pub fn all(records: &Memory) {
    units(records);
    votes(records);
    phases(records);
    changes(records);
    numbers(records);
}

fn every<E: Entity>(records: &Memory) -> impl Iterator<Item = E> {
    records.records().filter(|r| r.kind() == E::KIND).filter_map(|r| E::from_record(r.clone()))
}

fn units(records: &Memory) {
    let (mut serials, mut cis) = (BTreeSet::new(), BTreeSet::new());
    for unit in every::<DhsUnit>(records) {
        let kept = matches!(unit.state, UnitState::Reserved | UnitState::Issued);
        assert_eq!(
            unit.reserved_for.is_some(),
            kept,
            "I14 {} is {} for {:?}",
            unit.number,
            unit.state,
            unit.reserved_for
        );
        assert!(serials.insert(unit.serial_number.clone()), "I14 two units are {}", unit.serial_number);
        if let Some(ci) = unit.ci {
            assert!(cis.insert(ci), "I14 two units are the CI {ci}");
        }
    }
}

fn votes(records: &Memory) {
    for approval in every::<Approval>(records) {
        let mut voters = BTreeSet::new();
        for vote in approval.votes.iter().filter(|vote| vote.retracted.is_none()) {
            let elector = vote.on_behalf_of.unwrap_or(vote.by);
            assert!(voters.insert(elector), "I15 {elector} has two votes in {}", approval.id);
            assert_eq!(vote.digest, approval.digest, "I15 a vote in {} on another scope", approval.id);
            let member = approval.panels.iter().any(|panel| panel.members.contains(&elector));
            assert!(member, "I15 {elector} votes in {} and is in none of its groups", approval.id);
        }
    }
}

fn phases(records: &Memory) {
    for release in every::<Release>(records) {
        for pair in release.phase_history.windows(2) {
            assert_eq!(pair[1].from, Some(pair[0].to), "I16 {} has a gap in its phases", release.number);
        }
        for entry in &release.phase_history {
            let Some(from) = entry.from.filter(|from| *from != entry.to) else { continue };
            let row = TABLE.iter().any(|row| row.from == from && row.to == entry.to);
            assert!(row, "I16 {} went from {from} to {}", release.number, entry.to);
        }
        let last = release.phase_history.last().map(|entry| entry.to);
        assert_eq!(last, Some(release.phase), "I16 the phase of {} is not where it went", release.number);
    }
}

fn changes(records: &Memory) {
    let mut carriers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for release in every::<Release>(records).filter(|release| !release.phase.is_closed()) {
        for change in &release.scope.changes {
            carriers.entry(*change).or_default().push(release.id);
        }
    }
    for (change, releases) in &carriers {
        assert!(releases.len() == 1, "I17 {change} is in {releases:?}");
    }
    for change in every::<Change>(records) {
        if let Some(releases) = carriers.get(&change.id) {
            assert_eq!(change.release.as_ref(), releases.first(), "I17 {} says another release", change.number);
        }
    }
}

fn numbers(records: &Memory) {
    let mut owners = BTreeMap::new();
    for record in records.records() {
        let number = match record {
            Record::Release(it) => &it.number,
            Record::Change(it) => &it.number,
            Record::Ci(it) => &it.number,
            Record::DhsUnit(it) => &it.number,
            Record::DslItem(it) => &it.number,
            _ => continue,
        };
        assert!(!number.is_provisional(), "I3 {number} is still provisional on the server");
        assert_eq!(owners.insert(number.clone(), record.id()), None, "I3 {number} was given twice");
    }
}
