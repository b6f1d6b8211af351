//! What a record tells reports: moments with a figure, each derived from that record alone.

use crate::approval::record::{Approval, ApprovalState};
use crate::cmdb::observation::Observation;
use crate::dhs::record::{Movement, StockMovement};
use crate::dhs::stocktake::StocktakeSight;
use crate::dsl::item::DslItem;
use crate::id::{CiId, PersonId};
use crate::level::named;
use crate::record::{Kind, Record};
use crate::release::record::{Outcome, Phase, Release};
use crate::report::Unit;
use crate::setting::Gate;
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

named! {
    /// What a fact is about. The comment says what group and value are.
    Measure {
        /// A release that is not closed, since it entered its phase: the phase; 1.
        Open = "release open",
        /// A release was closed: the phase; 1.
        Closed = "release closed",
        /// A release was installed: [`Against`] its window; milliseconds after its end, before its start below 0.
        Installed = "release installed",
        /// A release was installed: none; milliseconds since it was created.
        LeadTime = "lead time",
        /// A release was installed: none; how many changes it carries.
        Changes = "changes installed",
        /// A release was installed and changes of it failed: none; how many.
        FailedChanges = "changes failed",
        /// A release left a phase: the phase; milliseconds that it was there.
        Stay = "stay in a phase",
        /// A release left Back out: none; milliseconds that it was there.
        Restored = "restored",
        /// An approval was decided: what it opens; milliseconds since the request. Type: whether in time; class: how.
        Decided = "approval decided",
        /// A thing was seen: how that stands to the record; 1. Type: the source.
        Seen = "thing seen",
        /// A master was checked: how; 1. Class: whether it passed.
        Checked = "master checked",
        /// Pieces were counted in a stocktake: none; how many.
        Counted = "pieces counted",
        /// Pieces moved: the movement; how many.
        Moved = "pieces moved",
    }
    /// An install against the planned window.
    Against {
        /// Before it began.
        Early = "early",
        /// Within it.
        InTime = "in time",
        /// After its end.
        Late = "late",
        /// There was no window.
        Unplanned = "no window",
    }
}

impl Measure {
    /// What its values count.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::Installed | Self::LeadTime | Self::Stay | Self::Restored | Self::Decided => Unit::Time,
            Self::Open
            | Self::Closed
            | Self::Changes
            | Self::FailedChanges
            | Self::Seen
            | Self::Checked
            | Self::Counted
            | Self::Moved => Unit::Count,
        }
    }
}

/// Type of an approval that was decided after it was due.
pub const OVERDUE: &str = "overdue";
/// Type of an approval that was decided before.
pub const IN_TIME: &str = "in time";
/// Class of a check that passed.
pub const PASSED: &str = "passed";
/// Class of a check that did not.
pub const FAILED: &str = "failed";
/// Type of a release that has none yet.
pub const UNDECIDED: &str = "undecided";
/// Group of a check of a stored master for a release.
pub const FOR_A_RELEASE: &str = "verified for a release";

/// Something that a record says about a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub measure: Measure,
    /// When it was.
    pub at: Timestamp,
    /// See [`Measure`].
    pub group: String,
    /// Type of the release; see [`Measure`] of others.
    pub kind_of: String,
    /// Class of the release; see [`Measure`] of others.
    pub class: String,
    /// Manager of the release.
    pub owner: Option<PersonId>,
    /// See [`Measure`].
    pub value: i64,
}

/// Whether records of a kind tell anything.
#[must_use]
pub fn tells(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Release
            | Kind::Approval
            | Kind::Observation
            | Kind::DslItem
            | Kind::Movement
            | Kind::StockMovement
            | Kind::StocktakeSight
    )
}

/// Everything that a record tells, in a fixed order.
#[must_use]
pub fn facts(record: &Record) -> Vec<Fact> {
    match record {
        Record::Release(release) => of_release(release),
        Record::Approval(approval) => decided(approval).into_iter().collect(),
        Record::Observation(seen) => vec![observed(seen)],
        Record::DslItem(item) => checks(item),
        Record::Movement(moved) => vec![movement(moved)],
        Record::StockMovement(moved) => vec![stock_movement(moved)],
        Record::StocktakeSight(sight) => vec![counted(sight)],
        _ => Vec::new(),
    }
}

/// The business services that a record's facts are about.
#[must_use]
pub fn services(record: &Record) -> BTreeSet<CiId> {
    match record {
        Record::Release(release) => release.scope.services.clone(),
        _ => BTreeSet::new(),
    }
}

fn plain(measure: Measure, at: Timestamp, group: &str, value: i64) -> Fact {
    let (kind_of, class) = (String::new(), String::new());
    Fact { measure, at, group: group.to_owned(), kind_of, class, owner: None, value }
}

fn of_release(release: &Release) -> Vec<Fact> {
    let mut facts = Vec::new();
    let entered = release.entered_phase_at();
    let standing = if release.phase.is_closed() { Measure::Closed } else { Measure::Open };
    facts.push(plain(standing, entered, release.phase.label(), 1));
    stays(release, &mut facts);
    installed(release, &mut facts);
    for at in release.verified_masters.values() {
        let fact = plain(Measure::Checked, *at, FOR_A_RELEASE, 1);
        facts.push(Fact { class: PASSED.to_owned(), ..fact });
    }
    for fact in facts.iter_mut().filter(|fact| fact.measure != Measure::Checked) {
        fact.kind_of = release.release_type.map_or(UNDECIDED, |kind| kind.label()).to_owned();
        fact.class = release.class.label().to_owned();
        fact.owner = Some(release.manager);
    }
    facts
}

/// Every stay that is over; in a closed state nothing stays.
fn stays(release: &Release, facts: &mut Vec<Fact>) {
    let mut since = release.created_at;
    for entry in &release.phase_history {
        let Some(phase) = entry.from else {
            since = entry.at;
            continue;
        };
        if !phase.is_closed() {
            let length = entry.at.0.saturating_sub(since.0).max(0);
            facts.push(plain(Measure::Stay, entry.at, phase.label(), length));
            if phase == Phase::BackOut {
                facts.push(plain(Measure::Restored, entry.at, "", length));
            }
        }
        since = entry.at;
    }
}

fn installed(release: &Release, facts: &mut Vec<Fact>) {
    let Some(install) = &release.install else { return };
    let at = install.at;
    let (against, off) = against(release.scope.rollout_window, at);
    facts.push(plain(Measure::Installed, at, against.label(), off));
    facts.push(plain(Measure::LeadTime, at, "", at.0.saturating_sub(release.created_at.0).max(0)));
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    facts.push(plain(Measure::Changes, at, "", count(release.scope.changes.len())));
    let failed = if release.back_out.as_ref().is_some_and(|back| back.at >= at) {
        release.scope.changes.len()
    } else {
        release.outcomes.values().filter(|outcome| **outcome == Outcome::Failed).count()
    };
    if failed > 0 {
        facts.push(plain(Measure::FailedChanges, at, "", count(failed)));
    }
}

/// How an install stands to its window, and by how many milliseconds it is off.
#[must_use]
pub fn against(window: Option<Window>, at: Timestamp) -> (Against, i64) {
    match window {
        None => (Against::Unplanned, 0),
        Some(window) if at < window.start => (Against::Early, at.0.saturating_sub(window.start.0)),
        Some(window) if at < window.end => (Against::InTime, 0),
        Some(window) => (Against::Late, at.0.saturating_sub(window.end.0)),
    }
}

/// A gate in words.
#[must_use]
pub fn gate_word(gate: Gate) -> &'static str {
    match gate {
        Gate::PlanAndDesign => "Plan and design",
        Gate::BuildAndTest => "Build and test",
        Gate::DistributionAndRollout => "Distribution and rollout",
        Gate::Change => "Change",
    }
}

fn decided(approval: &Approval) -> Option<Fact> {
    if !matches!(approval.state, ApprovalState::Approved | ApprovalState::Denied) {
        return None;
    }
    let voted = approval.votes.iter().filter(|vote| vote.retracted.is_none()).map(|vote| vote.at).max();
    // An override decides whatever was voted.
    let at = approval.overridden.as_ref().map(|decided| decided.at).or(voted)?;
    let waited = at.0.saturating_sub(approval.requested_at.0).max(0);
    Some(Fact {
        kind_of: if at > approval.due_at { OVERDUE } else { IN_TIME }.to_owned(),
        class: approval.state.label().to_owned(),
        ..plain(Measure::Decided, at, gate_word(approval.gate), waited)
    })
}

fn observed(seen: &Observation) -> Fact {
    Fact { kind_of: seen.source.clone(), ..plain(Measure::Seen, seen.seen_at, seen.state.label(), 1) }
}

fn checks(item: &DslItem) -> Vec<Fact> {
    let passed = |passed: bool| if passed { PASSED } else { FAILED }.to_owned();
    let fact = |group: &str, at| plain(Measure::Checked, at, group, 1);
    item.checks
        .iter()
        .map(|(kind, check)| Fact { class: passed(check.passed), ..fact(kind.label(), check.at) })
        .collect()
}

fn movement(moved: &Movement) -> Fact {
    plain(Measure::Moved, moved.at, moved.kind.label(), 1)
}

fn stock_movement(moved: &StockMovement) -> Fact {
    plain(Measure::Moved, moved.at, moved.kind.label(), i64::from(moved.quantity))
}

fn counted(sight: &StocktakeSight) -> Fact {
    plain(Measure::Counted, sight.at, "", sight.pieces.as_ref().map_or(1, |pieces| i64::from(pieces.counted)))
}
