//! Facts for reports follow the records that tell them, whatever way these come and go.

use crate::filtering::{ANNA, holding};
use crate::support::NOW;
use crate::world::{BUCKET, staged};
use slipway_domain::checksum::row_checksum;
use slipway_domain::dhs::record::{Bin, Movement, MovementKind};
use slipway_domain::id::{CiId, DhsUnitId, MovementId, PersonId, ReleaseId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::record::{
    Costs, Packaging, Phase, PhaseEntry, Release, ReleaseClass, ReleaseType, Scope, Status, Training,
};
use slipway_domain::report::fact::Measure;
use slipway_domain::report::table::{Gathered, report};
use slipway_domain::report::{ALWAYS, ReportName, Selection, Stretch, stretches};
use slipway_domain::time::{Timestamp, Window};
use slipway_store::Store;
use slipway_store::facts::Narrowing;
use slipway_store::flip::{Cursor, Flip};
use std::collections::BTreeMap;
use uuid::Uuid;

const DAY: i64 = 86_400_000;
const BILL: CiId = CiId(Uuid::from_u128(0x4_0001));

/// Closed on that day, after a day in Assess.
pub fn closed(n: u32, phase: Phase, day: i64) -> Release {
    let entry = |from: Option<Phase>, to, at| PhaseEntry {
        from,
        to,
        action: "advance".to_owned(),
        by: ANNA,
        at: Timestamp(at),
        reason: String::new(),
    };
    let end = NOW.0 + day * DAY;
    Release {
        id: ReleaseId(Uuid::from_u128(0x7_0000 + u128::from(n))),
        number: Number::new(Series::Release, n),
        title: format!("Release {n}"),
        description: String::new(),
        release_type: Some(if n.is_multiple_of(2) { ReleaseType::Hardware } else { ReleaseType::Software }),
        class: if n.is_multiple_of(3) { ReleaseClass::Emergency } else { ReleaseClass::Minor },
        packaging: Packaging::Full,
        reason: String::new(),
        impact: None,
        urgency: None,
        impact_assessment: None,
        assessment_note: String::new(),
        priority: None,
        risk: None,
        manager: if n <= 3 { ANNA } else { PersonId(Uuid::from_u128(0x99)) },
        coordinator: None,
        requested_by: ANNA,
        scope: Scope { services: if n == 2 { [BILL].into() } else { [].into() }, ..Scope::default() },
        costs: Costs::default(),
        training: Training::Skipped,
        phase,
        status: Status::Closed,
        phase_history: vec![
            entry(None, Phase::Assess, end - 3 * DAY),
            entry(Some(Phase::Assess), Phase::Verification, end - 2 * DAY),
            entry(Some(Phase::Verification), phase, end),
        ],
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
        created_at: Timestamp(end - 3 * DAY),
    }
}

fn records() -> Vec<Record> {
    let mut records: Vec<Record> = (1..=6).map(|n| closed(n, Phase::Verified, i64::from(n)).into()).collect();
    records.push(closed(7, Phase::BackedOut, 1).into());
    records.push(
        Movement {
            id: MovementId(Uuid::from_u128(0x8_0001)),
            unit: DhsUnitId(Uuid::from_u128(0x8_0002)),
            kind: MovementKind::Issue,
            release: None,
            to: Bin::default(),
            by: ANNA,
            at: NOW,
            note: String::new(),
        }
        .into(),
    );
    records
}

fn period() -> Window {
    Window { start: Timestamp(NOW.0 - 10 * DAY), end: Timestamp(NOW.0 + 10 * DAY) }
}

fn gathered(store: &Store, name: ReportName, by: &Narrowing) -> Vec<Gathered> {
    store.gathered(name, &stretches(period()), by).unwrap()
}

fn head(store: &Store, name: ReportName, by: &Narrowing, title: &str) -> Option<i64> {
    let report = report(name, period(), &stretches(period()), &gathered(store, name, by));
    report.headlines.into_iter().find(|head| head.title == title).unwrap().figure.value
}

#[test]
fn facts_are_gathered_by_stretch_and_narrowed() {
    let laptop = holding(&records());
    let store = &laptop.store;
    let all = Narrowing::default();
    assert_eq!(head(store, ReportName::Outcomes, &all, "Closed"), Some(7));
    assert_eq!(head(store, ReportName::Outcomes, &all, "Success rate"), Some(857));
    assert_eq!(head(store, ReportName::Phases, &all, "Stays"), Some(14));
    assert_eq!(head(store, ReportName::Dhs, &all, "Out"), Some(1), "a movement has no list and is told all the same");
    for (by, expected) in [
        (Narrowing { kind_of: Some("hardware".to_owned()), ..all.clone() }, 3),
        (Narrowing { class: Some("emergency".to_owned()), ..all.clone() }, 2),
        (Narrowing { class: Some("no such class".to_owned()), ..all.clone() }, 0),
        (Narrowing { owner: Some(ANNA), ..all.clone() }, 3),
        (Narrowing { owner: Some(ANNA), kind_of: Some("software".to_owned()), ..all.clone() }, 2),
        (Narrowing { service: Some(BILL), ..all.clone() }, 1),
    ] {
        assert_eq!(head(store, ReportName::Outcomes, &by, "Closed"), Some(expected), "{by:?}");
    }
    let days = gathered(store, ReportName::Outcomes, &all);
    let first = stretches(period()).iter().position(|part| part.window.contains(Timestamp(NOW.0 + DAY))).unwrap();
    assert_eq!(days.iter().filter(|g| g.stretch == first).map(|g| g.values.len()).sum::<usize>(), 2);
    let early = [Stretch { title: String::new(), window: Window { start: Timestamp(0), end: NOW } }];
    assert_eq!(store.gathered(ReportName::Outcomes, &early, &all).unwrap(), [], "nothing was closed before");
}

#[test]
fn the_records_behind_a_figure_come_by_page_the_latest_first() {
    let laptop = holding(&records());
    let all = Narrowing::default();
    let of = Selection {
        measure: Measure::Closed,
        period: ALWAYS,
        groups: vec!["Verified".to_owned()],
        kind_of: None,
        class: None,
        values: None,
    };
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = laptop.store.facts_behind(&of, &all, after, 2).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.mark);
        seen.extend(page.into_iter().map(|fact| (fact.kind, fact.id)));
    }
    let expected: Vec<_> = (1..=6_u128).rev().map(|n| (Kind::Release, Uuid::from_u128(0x7_0000 + n))).collect();
    assert_eq!(seen, expected);
    let narrow = Selection { class: Some("emergency".to_owned()), ..of.clone() };
    assert_eq!(laptop.store.facts_behind(&narrow, &all, None, 10).unwrap().len(), 2);
    let service = Narrowing { service: Some(BILL), ..all };
    assert_eq!(laptop.store.facts_behind(&of, &service, None, 10).unwrap().len(), 1);
}

#[test]
fn facts_follow_their_record() {
    let laptop = holding(&records());
    let store = &laptop.store;
    let all = Narrowing::default();
    // What was verified is backed out, and another goes.
    let changed: Record = closed(1, Phase::BackedOut, 2).into();
    let gone: Record = closed(2, Phase::Verified, 2).into();
    let mut entries = vec![staged(&changed, 101), staged(&gone, 102)];
    entries[1].body = None;
    store.stage(&entries, &[]).unwrap();
    let kept: Vec<Record> = records().into_iter().filter(|record| record.id() != gone.id()).collect();
    let sum = kept.iter().zip([1, 3, 4, 5, 6, 7, 8]).fold(0_u64, |sum, (record, seq)| {
        let (record, seq) = if record.id() == changed.id() { (&changed, 101) } else { (record, seq) };
        let entry = staged(record, seq);
        sum.wrapping_add(row_checksum(&entry.kind, entry.id, entry.seq, entry.body.as_deref().unwrap()))
    });
    let cursor = Cursor { bucket: BUCKET.to_owned(), seq: 102, count: 7, sum };
    let flip = Flip { epoch: "first".to_owned(), at: NOW, cursors: vec![cursor], ..Flip::default() };
    let flipped = store.flip(&flip).unwrap();
    assert!(flipped.mismatched.is_empty());
    assert_eq!(head(store, ReportName::Outcomes, &all, "Closed"), Some(6));
    assert_eq!(head(store, ReportName::Outcomes, &all, "Back-out rate"), Some(333));
    assert_eq!(head(store, ReportName::Phases, &all, "Stays"), Some(12));
    let service = Narrowing { service: Some(BILL), ..all };
    assert_eq!(head(store, ReportName::Outcomes, &service, "Closed"), Some(0));
}
