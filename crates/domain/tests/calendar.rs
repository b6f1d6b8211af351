//! Tests of the calendar: what is planned within a period, and what stands in its way.

use crate::builders::{RITA, START, World};
use crate::change::put_release;
use crate::story::{CHG, PAYROLL, a_change};
use crate::transitions::at;
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::approval::record::{Approval, ApprovalState};
use slipway_domain::calendar::moving::{command, consider};
use slipway_domain::calendar::slot::{Found, Wanted, next_free};
use slipway_domain::calendar::{Plan, hindrances, keys, plans};
use slipway_domain::change::record::{Change, ChangeState};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::collision::{Planned, collisions};
use slipway_domain::freeze::Affected;
use slipway_domain::id::{ChangeId, CiId, FreezeId, ReleaseId, SiteId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record, RecordRef};
use slipway_domain::release::record::{Phase, Release};
use slipway_domain::setting::{Every, Freeze, FreezeScope, FreezeStrength, Gate, Repeat};
use slipway_domain::time::{Timestamp, Window};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn hours(start: i64, end: i64) -> Window {
    Window { start: START.plus_hours(start), end: START.plus_hours(end) }
}

fn change(n: u32, window: Window, cis: &[CiId]) -> Change {
    let id = ChangeId(Uuid::from_u128(0x900 + u128::from(n)));
    Change { planned: Some(window), cis: cis.iter().copied().collect(), ..a_change(id, n, ChangeState::Approved) }
}

fn ci(n: u128) -> CiId {
    CiId(Uuid::from_u128(0x700 + n))
}

/// CIs of which each depends on the next.
fn a_chain(length: u128) -> World {
    let mut world = World::new();
    for n in 0..length {
        world.put(Ci::blank(
            ci(n),
            Number::new(Series::Ci, 10 + u32::try_from(n).unwrap()),
            "server",
            &format!("ci-{n}"),
        ));
        if n > 0 {
            world.put(Relation::new(ci(n - 1), RelationType::DependsOn, ci(n)));
        }
    }
    world
}

fn labels(found: &[Plan]) -> Vec<String> {
    found.iter().map(|plan| plan.record.label()).collect()
}

fn codes(world: &World, period: Window, freezes: &[Freeze], of: Uuid, now: Timestamp) -> Vec<String> {
    let shown = plans(&period, &world.records).unwrap();
    let found = hindrances(&shown, freezes, now, &world.records).unwrap();
    found.of.get(&of).into_iter().flatten().map(|finding| finding.code.clone()).collect()
}

#[test]
fn a_period_has_what_shares_a_moment_with_it_in_the_order_of_time() {
    let mut world = World::new();
    for (n, window) in
        [(1, hours(30, 40)), (2, hours(-50, 1)), (3, hours(-50, 0)), (4, hours(48, 50)), (5, hours(2, 3))]
    {
        world.put(change(n, window, &[]));
    }
    world.put(Change { planned: None, ..change(6, hours(0, 1), &[]) });
    world.put(Change { state: ChangeState::Cancelled, ..change(7, hours(0, 1), &[]) });
    assert_eq!(labels(&plans(&hours(0, 48), &world.records).unwrap()), ["CHG-000002", "CHG-000005", "CHG-000001"]);
}

#[test]
fn a_terminated_release_is_planned_no_more() {
    let mut world = World::new();
    let id = put_release(&mut world, &[], false);
    let window = |release: &mut Release| release.scope.rollout_window = Some(hours(0, 4));
    let mut release: Release = world.get(id);
    window(&mut release);
    world.put(release.clone());
    assert_eq!(labels(&plans(&hours(0, 48), &world.records).unwrap()), ["REL-000001"]);
    world.put(Release { phase: Phase::Terminated, ..release });
    assert!(plans(&hours(0, 48), &world.records).unwrap().is_empty());
}

/// What a period costs follows the period: a window is found by its weeks, and only one of half a year by itself.
#[rstest]
#[case::an_hour(hours(0, 1), 1)]
#[case::a_week_and_an_hour(hours(0, 169), 2)]
#[case::a_quarter(hours(0, 24 * 90), 14)]
#[case::three_years(hours(0, 24 * 1_100), 1)]
fn a_window_has_few_keys(#[case] window: Window, #[case] most: usize) {
    let found = keys(Kind::Change, &window);
    assert!(!found.is_empty() && found.len() <= most, "{found:?}");
}

#[test]
fn a_window_of_years_is_found_in_each_of_its_weeks() {
    let mut world = World::new();
    world.put(change(1, hours(-20_000, 20_000), &[]));
    assert_eq!(labels(&plans(&hours(500, 501), &world.records).unwrap()), ["CHG-000001"]);
    assert!(plans(&hours(20_000, 20_001), &world.records).unwrap().is_empty(), "it ends there");
}

#[test]
fn plans_that_collide_say_so_on_both_sides_with_the_path() {
    let mut world = a_chain(3);
    world.put(change(1, hours(0, 4), &[ci(0)]));
    world.put(change(2, hours(3, 8), &[ci(2)]));
    world.put(change(3, hours(4, 8), &[ci(0)]));
    let shown = plans(&hours(0, 2), &world.records).unwrap();
    assert_eq!(labels(&shown), ["CHG-000001"], "the other one is beyond the period");
    let found = hindrances(&shown, &[], START, &world.records).unwrap();
    let paths: Vec<_> = found.of.values().flatten().map(|f| f.data["path"].as_str()).collect();
    assert_eq!(paths, ["ci-0 depends on ci-1 depends on ci-2"]);
    let shown = plans(&hours(0, 24), &world.records).unwrap();
    let found = hindrances(&shown, &[], START, &world.records).unwrap();
    let about: BTreeMap<_, Vec<_>> = found
        .of
        .iter()
        .map(|(id, f)| (id.as_u128() - 0x900, f.iter().map(|f| f.record.as_ref().unwrap().label.as_str()).collect()))
        .collect();
    let want = [(1, vec!["CHG-000002"]), (2, vec!["CHG-000001", "CHG-000003"]), (3, vec!["CHG-000002"])];
    assert_eq!(about, want.into());
}

#[rstest]
#[case::ahead(|_: &mut Change| (), &["COLLISION_SAME_CI"])]
#[case::implemented(|c: &mut Change| c.state = ChangeState::Implemented, &[])]
#[case::closed(|c: &mut Change| c.state = ChangeState::Closed, &[])]
#[case::carried(|c: &mut Change| c.release = Some(ReleaseId(Uuid::from_u128(0x601))), &[])]
#[case::over(|c: &mut Change| c.planned = Some(hours(-9, -1)), &[])]
fn only_what_is_ahead_collides(#[case] spoil: fn(&mut Change), #[case] want: &[&str]) {
    let mut world = a_chain(1);
    let mut mine = change(1, hours(0, 4), &[ci(0)]);
    spoil(&mut mine);
    world.put(mine.clone());
    world.put(change(2, hours(-9, 8), &[ci(0)]));
    assert_eq!(codes(&world, hours(-24, 24), &[], mine.id.into(), START), want);
}

#[rstest]
#[case::everything(FreezeScope::Everything, true)]
#[case::its_service(FreezeScope::Services([ci(0)].into()), true)]
#[case::another_service(FreezeScope::Services([ci(1)].into()), false)]
#[case::the_site_of_its_ci(FreezeScope::Sites([SiteId(Uuid::from_u128(7))].into()), true)]
#[case::another_site(FreezeScope::Sites([SiteId(Uuid::from_u128(8))].into()), false)]
fn a_change_falls_into_a_freeze_of_what_it_affects(#[case] scope: FreezeScope, #[case] falls: bool) {
    let mut world = a_chain(1);
    let mut service: Ci = world.get(ci(0));
    "service".clone_into(&mut service.class);
    service.location.site = Some(SiteId(Uuid::from_u128(7)));
    world.put(service);
    let mine = change(1, hours(0, 4), &[ci(0)]);
    world.put(mine.clone());
    let freeze = Freeze {
        id: FreezeId(Uuid::from_u128(1)),
        title: "Year end".into(),
        window: hours(3, 30),
        scope,
        strength: FreezeStrength::Hard,
        repeats: None,
    };
    let want: &[&str] = if falls { &["COLLISION_FREEZE"] } else { &[] };
    assert_eq!(codes(&world, hours(0, 24), &[freeze], mine.id.into(), START), want);
}

#[test]
fn a_release_falls_into_a_freeze_of_what_its_changes_affect() {
    let mut world = a_chain(1);
    let mut carried = a_change(CHG, 1, ChangeState::Approved);
    carried.services = [PAYROLL].into();
    world.put(carried);
    let id = put_release(&mut world, &[CHG], false);
    let mut release: Release = world.get(id);
    release.scope.rollout_window = Some(hours(0, 4));
    world.put(release);
    let scope = FreezeScope::Services([PAYROLL].into());
    let freeze = |window| Freeze {
        id: FreezeId(Uuid::from_u128(1)),
        title: "Year end".into(),
        window,
        scope: scope.clone(),
        strength: FreezeStrength::Hard,
        repeats: None,
    };
    assert_eq!(codes(&world, hours(0, 24), &[freeze(hours(3, 30))], id.into(), START), ["COLLISION_FREEZE"]);
    assert!(codes(&world, hours(0, 24), &[freeze(hours(4, 30))], id.into(), START).is_empty(), "it begins at the end");
}

/// A release with an approval for what it is and one that is asked for, moved to another day.
#[test]
fn a_move_says_what_it_voids_and_what_it_meets_there_before_it_is_done() {
    let mut world = at(Phase::BuildAndTest);
    world.prepare();
    let before = world.release();
    let window = before.scope.rollout_window;
    let to = hours(100, 104);
    let rival = Change { id: ChangeId(Uuid::from_u128(0x999)), ..change(9, hours(101, 102), &[PAYROLL]) };
    world.put(rival);
    let record = Record::from(before.clone());
    let found = consider(&record, window, to, RITA, world.now, &world.records).unwrap();
    assert!(found.refused.is_empty(), "{found:?}");
    let voids: Vec<_> = found.voids.iter().map(|approval| approval.gate).collect();
    assert!(voids.contains(&Gate::BuildAndTest), "{found:?}");
    assert_eq!(found.meets.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["COLLISION_SAME_CI"]);
    assert_eq!(world.release(), before, "nothing was done");

    world.must(RITA, &command(&record, window, to).unwrap());
    assert_eq!(world.release().scope.rollout_window, Some(to));
    for voided in &found.voids {
        assert_eq!(world.get::<Approval>(voided.id).state, ApprovalState::Void, "as it was said");
    }
    let again = consider(&world.release().into(), window, hours(200, 204), RITA, world.now, &world.records).unwrap();
    assert!(!again.refused.is_empty(), "somebody has moved it meanwhile");
}

#[test]
fn a_move_that_is_not_allowed_says_why() {
    let mut world = at(Phase::Verification);
    world.now = START.plus_hours(30);
    let release = world.release();
    let found = consider(
        &release.clone().into(),
        release.scope.rollout_window,
        hours(100, 104),
        RITA,
        world.now,
        &world.records,
    );
    assert_eq!(found.unwrap().refused.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["SCOPE_IS_FIXED"]);
}

fn slot_for(world: &World, cis: &[CiId], minutes: u32, within: &[(i64, i64)], through_soft: bool) -> Found {
    let cis: BTreeSet<CiId> = cis.iter().copied().collect();
    let affected = Affected::by_cis(&cis, &world.records).unwrap();
    let record = RecordRef::of(&change(0x50, hours(0, 1), &[]));
    let plan = Planned { record, window: hours(0, 0), cis, services: affected.services.clone() };
    let hours = within.iter().map(|(from, to)| hours(*from, *to)).collect();
    next_free(&Wanted { plan, affected, minutes, hours, through_soft }, START, &world.records).unwrap()
}

/// Beginning and end in hours, and for each hour that was passed over the code of what was in the way.
type Shown = (Option<(i64, i64)>, Vec<(i64, String)>);

fn shown(found: &Found) -> Shown {
    let hour = |at: Timestamp| (at.0 - START.0) / 3_600_000;
    let slot = found.slot.map(|slot| (hour(slot.start), hour(slot.end)));
    let passed = found.passed.iter().flat_map(|p| p.why.iter().map(move |why| (hour(p.slot.start), why.code.clone())));
    (slot, passed.collect())
}

#[test]
fn the_next_free_slot_is_the_first_without_freeze_or_collision_and_each_before_it_says_why() {
    let mut world = a_chain(3);
    world.put(change(1, hours(1, 3), &[ci(0)]));
    world.put(change(2, hours(6, 8), &[ci(2)]));
    world.put(change(3, hours(8, 9), &[]));
    world.put(Freeze { window: hours(9, 20), ..a_freeze(FreezeStrength::Hard, None) });
    let found = slot_for(&world, &[ci(0)], 240, &[(0, 7), (8, 12), (18, 40)], false);
    let codes = |code: &str| code.to_owned();
    let want = vec![
        (0, codes("COLLISION_SAME_CI")),
        (3, codes("COLLISION_DEPENDENCY")),
        (8, codes("COLLISION_FREEZE")),
        (18, codes("COLLISION_FREEZE")),
    ];
    assert_eq!(shown(&found), (Some((20, 24)), want));
    assert_eq!(shown(&slot_for(&world, &[ci(0)], 180, &[(3, 7)], false)).0, Some((3, 6)), "it ends as the next begins");
    assert_eq!(shown(&slot_for(&world, &[], 60, &[(1, 7)], false)).0, Some((1, 2)), "nothing is affected");
}

#[test]
fn a_soft_freeze_is_passed_over_unless_it_may_be_gone_through() {
    let mut world = World::new();
    world.put(Freeze { window: hours(0, 20), ..a_freeze(FreezeStrength::Soft, None) });
    assert_eq!(shown(&slot_for(&world, &[], 60, &[(0, 40)], false)).0, Some((20, 21)));
    assert_eq!(shown(&slot_for(&world, &[], 60, &[(0, 40)], true)).0, Some((0, 1)));
}

#[test]
fn where_no_slot_is_free_it_says_so_and_whether_the_hours_are_too_short() {
    let mut world = World::new();
    world.put(Freeze { window: hours(0, 60), ..a_freeze(FreezeStrength::Hard, None) });
    let found = slot_for(&world, &[], 120, &[(0, 1), (10, 50)], false);
    assert_eq!((found.slot, found.too_short, found.passed.len()), (None, true, 1));
    assert_eq!(slot_for(&world, &[], 120, &[], false).slot, None);
}

fn a_freeze(strength: FreezeStrength, repeats: Option<Repeat>) -> Freeze {
    Freeze {
        id: FreezeId(Uuid::from_u128(0x42)),
        title: "Month end".into(),
        window: hours(0, 24),
        scope: FreezeScope::Everything,
        strength,
        repeats,
    }
}

/// Days after the first of November on which it begins.
#[rstest]
#[case::once(None, (0, 400), &[0])]
#[case::once_beyond(None, (1, 400), &[])]
#[case::weekly(Some((Every::Week, None)), (0, 22), &[0, 7, 14, 21])]
#[case::weekly_from_later(Some((Every::Week, None)), (8, 22), &[14, 21])]
#[case::weekly_within_the_freeze(Some((Every::Week, None)), (7, 8), &[7])]
#[case::weekly_until(Some((Every::Week, Some(14))), (0, 100), &[0, 7])]
#[case::monthly(Some((Every::Month, None)), (20, 95), &[30, 61, 92])]
#[case::yearly(Some((Every::Year, None)), (300, 800), &[365, 731])]
#[case::before_it_begins(Some((Every::Week, None)), (-30, 0), &[])]
fn a_freeze_comes_again(
    #[case] repeats: Option<(Every, Option<i64>)>,
    #[case] period: (i64, i64),
    #[case] want: &[i64],
) {
    let repeats = repeats.map(|(every, until)| Repeat { every, until: until.map(|days| START.plus_days(days)) });
    let period = Window { start: START.plus_days(period.0), end: START.plus_days(period.1) };
    let found = a_freeze(FreezeStrength::Hard, repeats).occurrences(&period);
    let days: Vec<i64> = found.iter().map(|window| (window.start.0 - START.0) / 86_400_000).collect();
    assert_eq!(days, want);
    assert!(found.iter().all(|window| window.end == window.start.plus_days(1)), "each as long as the first");
}

#[test]
fn a_freeze_of_the_last_of_the_month_comes_on_the_last_of_each() {
    let last = |day: i64| Window { start: START.plus_days(day), end: START.plus_days(day + 1) };
    // The 31st of January 2027.
    let repeats = Some(Repeat { every: Every::Month, until: None });
    let freeze = Freeze { window: last(91), ..a_freeze(FreezeStrength::Hard, repeats) };
    let found = freeze.occurrences(&Window { start: START.plus_days(91), end: START.plus_days(152) });
    assert_eq!(found.iter().map(|w| w.start.day()).collect::<Vec<_>>(), ["2027-01-31", "2027-02-28", "2027-03-31"]);
}

fn some_changes() -> impl Strategy<Value = Vec<(i64, i64, Vec<u128>)>> {
    prop::collection::vec((-2_000i64..2_000, 1i64..400, prop::collection::vec(0u128..6, 0..3)), 1..9)
}

proptest! {
    /// By keys of weeks the same is found as by looking at everything.
    #[test]
    fn a_period_misses_nothing(
        windows in prop::collection::vec((-9_000i64..9_000, 1i64..6_000), 0..12),
        from in -9_000i64..9_000,
        length in 1i64..2_000,
    ) {
        let mut world = World::new();
        let mut all = Vec::new();
        for (n, (start, length)) in (1..).zip(windows) {
            let one = change(n, hours(start, start + length), &[]);
            world.put(one.clone());
            all.push(one);
        }
        let period = hours(from, from + length);
        let mut want: Vec<_> = all.into_iter().filter(|c| c.planned.unwrap().overlaps(&period)).collect();
        want.sort_by_key(|c| (c.planned.unwrap().start, c.planned.unwrap().end, Uuid::from(c.id)));
        let want: Vec<Record> = want.into_iter().map(Record::from).collect();
        let found: Vec<Record> = plans(&period, &world.records).unwrap().into_iter().map(|plan| plan.record).collect();
        prop_assert_eq!(found, want);
    }

    /// The pairs that are looked at closely are all those that collide.
    #[test]
    fn no_collision_is_missed(changes in some_changes()) {
        let mut world = a_chain(6);
        let mut all = Vec::new();
        for (n, (start, length, cis)) in (1..).zip(changes) {
            let cis: Vec<CiId> = cis.into_iter().map(ci).collect();
            let one = change(n, hours(start, start + length), &cis);
            world.put(one.clone());
            all.push(one);
        }
        let shown = plans(&hours(-3_000, 3_000), &world.records).unwrap();
        let found = hindrances(&shown, &[], START.plus_hours(-3_000), &world.records).unwrap();
        for mine in &all {
            let mut want = Vec::new();
            for theirs in &all {
                let (one, other) = (Planned::of_change(mine).unwrap(), Planned::of_change(theirs).unwrap());
                want.extend(collisions(&one, &other, &world.records).unwrap());
            }
            let mut found = found.of.get(&mine.id.into()).cloned().unwrap_or_default();
            let order = |f: &slipway_domain::refusal::Finding| f.sentence.clone();
            want.sort_by_key(order);
            found.sort_by_key(order);
            prop_assert_eq!(found, want);
        }
    }
}
