//! Times of every report at 100,000 closed releases of ten years, made up; another number as the argument.
//!
//! `cargo run --release -p slipway-store --example reports`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use slipway_domain::checksum::row_checksum;
use slipway_domain::id::{BaselineId, CiId, DeviceId, PersonId, ReleaseId, WorkspaceId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Record;
use slipway_domain::release::record::{
    Costs, Install, Packaging, Phase, PhaseEntry, Release, ReleaseClass, ReleaseType, Scope, Status, Training,
};
use slipway_domain::report::table::report;
use slipway_domain::report::{ReportName, stretches, usual_period};
use slipway_domain::time::{Timestamp, Window};
use slipway_store::Store;
use slipway_store::facts::Narrowing;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::key::Key;
use slipway_store::open::Profile;
use slipway_store::stage::Staged;
use std::collections::BTreeMap;
use std::time::Instant;
use uuid::Uuid;

const NOW: i64 = 1_796_000_000_000;
const HOUR: i64 = 3_600_000;
const YEARS: i64 = 10 * 365 * 24 * HOUR;

fn main() {
    let count: i64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile { workspace: WorkspaceId(Uuid::from_u128(1)), device: DeviceId(Uuid::from_u128(2)) };
    let store = Store::create(&folder.path().join("slipway.db"), &Key::new([7; 32]), profile).unwrap();

    let start = Instant::now();
    let mut sum = 0_u64;
    for first in (0..count).step_by(5_000) {
        let page: Vec<Staged> = (first..count.min(first + 5_000)).map(|n| staged(release(n, count), n + 1)).collect();
        for s in &page {
            sum = sum.wrapping_add(row_checksum(&s.kind, s.id, s.seq, s.body.as_deref().unwrap_or_default()));
        }
        store.stage(&page, &[]).unwrap();
    }
    let seq = count.cast_unsigned();
    let cursor = Cursor { bucket: "workspace".to_owned(), seq, count: seq, sum };
    let flip = Flip { epoch: "e".to_owned(), at: Timestamp(NOW), cursors: vec![cursor], ..Flip::default() };
    assert!(store.flip(&flip).unwrap().mismatched.is_empty());
    println!("take {count} releases in            {:>9.2?}", start.elapsed());

    let everybody = Narrowing::default();
    let mine = Narrowing { owner: Some(person(3)), ..everybody.clone() };
    let service = Narrowing { service: Some(CiId(Uuid::from_u128(5))), ..everybody.clone() };
    let year = usual_period(Timestamp(NOW));
    let always = Window { start: Timestamp(NOW - YEARS), end: Timestamp(NOW) };
    for name in ReportName::ALL {
        for (what, period, by) in [
            ("a year", year, &everybody),
            ("a year of one manager", year, &mine),
            ("a year of one service", year, &service),
            ("ten years", always, &everybody),
        ] {
            let start = Instant::now();
            let parts = stretches(period);
            let gathered = store.gathered(*name, &parts, by).unwrap();
            let made = report(*name, period, &parts, &gathered);
            println!("{:<28} {what:<24} {:>9.2?} {} lines", name.code(), start.elapsed(), made.lines.len());
        }
    }
    let begun = Instant::now();
    let outcomes = report(ReportName::Outcomes, always, &stretches(always), &{
        store.gathered(ReportName::Outcomes, &stretches(always), &everybody).unwrap()
    });
    let of = outcomes.headlines[0].figure.of.clone().unwrap();
    let behind = store.facts_behind(&of, &everybody, None, 100).unwrap();
    println!("outcomes of ten years, and the first {} behind them {:>9.2?}", behind.len(), begun.elapsed());
}

fn person(n: i64) -> PersonId {
    PersonId(Uuid::from_u128(0x10 + u128::from(n.cast_unsigned())))
}

fn staged(release: Release, seq: i64) -> Staged {
    let record = Record::from(release);
    Staged {
        bucket: "workspace".to_owned(),
        seq: seq.cast_unsigned(),
        kind: record.kind().name().to_owned(),
        id: record.id(),
        body: Some(record.body().unwrap()),
    }
}

/// Through every phase in some days, closed at some moment of the ten years.
fn release(n: i64, count: i64) -> Release {
    let end = NOW - YEARS + YEARS / count.max(1) * n;
    let steps = [
        (None, Phase::Assess, 200),
        (Some(Phase::Assess), Phase::PlanAndDesign, 180),
        (Some(Phase::PlanAndDesign), Phase::BuildAndTest, 120),
        (Some(Phase::BuildAndTest), Phase::DistributionAndRollout, 60),
        (Some(Phase::DistributionAndRollout), Phase::Verification, 20),
        (Some(Phase::Verification), if n % 20 == 0 { Phase::BackedOut } else { Phase::Verified }, 0),
    ];
    let history = steps.map(|(from, to, before)| PhaseEntry {
        from,
        to,
        action: "advance".to_owned(),
        by: person(n % 40),
        at: Timestamp(end - before * HOUR + (n * 7_919) % HOUR),
        reason: String::new(),
    });
    let id = |space: u128| Uuid::from_u128((space << 64) + u128::from(n.cast_unsigned()));
    let scope = Scope {
        services: [CiId(Uuid::from_u128(u128::from((n % 200).cast_unsigned())))].into(),
        changes: (0..1 + n % 5)
            .map(|c| slipway_domain::id::ChangeId(id(0x100 + u128::from(c.cast_unsigned()))))
            .collect(),
        rollout_window: Some(Window { start: Timestamp(end - 40 * HOUR), end: Timestamp(end - 25 * HOUR) }),
        ..Scope::default()
    };
    Release {
        id: ReleaseId(id(1)),
        number: Number::new(Series::Release, u32::try_from(n + 1).unwrap()),
        title: format!("Release {n}"),
        description: "What it is about, in some words, as people write them.".to_owned(),
        release_type: Some(if n % 3 == 0 { ReleaseType::Hardware } else { ReleaseType::Software }),
        class: if n % 11 == 0 { ReleaseClass::Emergency } else { ReleaseClass::Minor },
        packaging: Packaging::Full,
        reason: String::new(),
        impact: None,
        urgency: None,
        impact_assessment: None,
        assessment_note: "Worth it.".to_owned(),
        priority: None,
        risk: None,
        manager: person(n % 40),
        coordinator: None,
        requested_by: person(n % 40),
        scope,
        costs: Costs::default(),
        training: Training::Skipped,
        phase: if n % 20 == 0 { Phase::BackedOut } else { Phase::Verified },
        status: Status::Closed,
        phase_history: history.to_vec(),
        judgements: BTreeMap::new(),
        go_no_go: None,
        verified_masters: BTreeMap::new(),
        install: Some(Install {
            by: person(n % 40),
            at: Timestamp(end - (20 + n % 15) * HOUR),
            baseline: BaselineId(id(2)),
            window_override: None,
            freeze_override: None,
        }),
        outcomes: BTreeMap::new(),
        review: "Went well.".to_owned(),
        back_out: None,
        runbook_planned: false,
        holds: Vec::new(),
        scope_edits: Vec::new(),
        task_count: 12,
        created_at: Timestamp(end - 200 * HOUR),
    }
}
