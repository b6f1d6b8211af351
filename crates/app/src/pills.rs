//! The word and the hue of every state, in one place, so that the same state looks the same everywhere.

use crate::view::common::{Hue, Pill};
use slipway_domain::approval::record::{ApprovalState, Decision};
use slipway_domain::change::record::ChangeState;
use slipway_domain::cmdb::ci::CiStatus;
use slipway_domain::cmdb::observation::ObservationState;
use slipway_domain::dhs::record::UnitState;
use slipway_domain::dsl::item::ItemState;
use slipway_domain::record::Record;
use slipway_domain::release::record::{Phase, Release, Status, TestResult};
use slipway_domain::release::task_record::TaskState;

fn pill(label: impl Into<String>, hue: Hue) -> Pill {
    Pill { label: label.into(), hue }
}

/// How a release stands: its status in its phase, or how it ended.
#[must_use]
pub fn release(r: &Release) -> Pill {
    match (r.phase, r.status) {
        (Phase::Verified, _) => pill("verified", Hue::Ok),
        (Phase::BackedOut, _) => pill("backed out", Hue::Bad),
        (Phase::Terminated, _) => pill("terminated", Hue::Neutral),
        (Phase::BackOut, _) => pill("backing out", Hue::Bad),
        (_, Status::Open) => pill("open", Hue::Info),
        (_, Status::ApprovalPending) => pill("approval pending", Hue::Pending),
        (_, Status::Approved) => pill("approved", Hue::Ok),
        (_, Status::Denied) => pill("denied", Hue::Bad),
        (_, Status::Installed) => pill("installed", Hue::Ok),
        (_, Status::Closed) => pill("closed", Hue::Neutral),
    }
}

/// How a change stands.
#[must_use]
pub fn change(state: ChangeState) -> Pill {
    let hue = match state {
        ChangeState::Registered | ChangeState::Cancelled | ChangeState::Closed => Hue::Neutral,
        ChangeState::Assessed => Hue::Info,
        ChangeState::ApprovalPending => Hue::Pending,
        ChangeState::Approved | ChangeState::Implemented | ChangeState::Reviewed => Hue::Ok,
        ChangeState::Denied | ChangeState::ApprovalWithdrawn => Hue::Bad,
    };
    pill(state.label(), hue)
}

/// How a CI stands.
#[must_use]
pub fn ci(status: CiStatus) -> Pill {
    let hue = match status {
        CiStatus::Planned | CiStatus::Received | CiStatus::Retired | CiStatus::Disposed => Hue::Neutral,
        CiStatus::InBuild | CiStatus::InTest | CiStatus::Reserved => Hue::Info,
        CiStatus::Pending => Hue::Pending,
        CiStatus::Available | CiStatus::Installed | CiStatus::InUse => Hue::Ok,
        CiStatus::InMaintenance => Hue::Warn,
        CiStatus::Missing => Hue::Bad,
    };
    pill(status.label(), hue)
}

/// How an observation stands to its record.
#[must_use]
pub fn observation(state: ObservationState) -> Pill {
    let hue = match state {
        ObservationState::Match => Hue::Ok,
        ObservationState::Mismatch => Hue::Warn,
        ObservationState::Missing => Hue::Bad,
        ObservationState::Unknown => Hue::Pending,
        ObservationState::Settled => Hue::Neutral,
    };
    pill(state.label(), hue)
}

/// How a DSL item stands.
#[must_use]
pub fn item(state: ItemState) -> Pill {
    let hue = match state {
        ItemState::Submitted | ItemState::Superseded => Hue::Neutral,
        ItemState::InQuarantine => Hue::Warn,
        ItemState::Accepted => Hue::Ok,
        ItemState::Withdrawn => Hue::Bad,
    };
    pill(state.label(), hue)
}

/// How a DHS unit stands.
#[must_use]
pub fn unit(state: UnitState) -> Pill {
    let hue = match state {
        UnitState::Expected | UnitState::Disposed => Hue::Neutral,
        UnitState::InStore | UnitState::Installed => Hue::Ok,
        UnitState::Reserved | UnitState::Issued => Hue::Info,
        UnitState::InRepair => Hue::Warn,
        UnitState::Missing => Hue::Bad,
    };
    pill(state.label(), hue)
}

/// How a task stands.
#[must_use]
pub fn task(state: TaskState, ready: bool) -> Pill {
    match state {
        TaskState::Planned if ready => pill("ready", Hue::Info),
        TaskState::Planned => pill(state.label(), Hue::Neutral),
        TaskState::InProgress => pill(state.label(), Hue::Info),
        TaskState::Blocked => pill(state.label(), Hue::Bad),
        TaskState::Done => pill(state.label(), Hue::Ok),
        TaskState::Cancelled => pill(state.label(), Hue::Neutral),
    }
}

/// How an approval stands.
#[must_use]
pub fn approval(state: ApprovalState) -> Pill {
    let hue = match state {
        ApprovalState::Pending => Hue::Pending,
        ApprovalState::Approved => Hue::Ok,
        ApprovalState::Denied => Hue::Bad,
        ApprovalState::Void => Hue::Warn,
        ApprovalState::Withdrawn => Hue::Neutral,
    };
    pill(state.label(), hue)
}

/// What a vote says.
#[must_use]
pub fn decision(decision: &Decision) -> Pill {
    match decision {
        Decision::Approve => pill("approved", Hue::Ok),
        Decision::Deny { reason, .. } => pill(format!("denied: {reason}"), Hue::Bad),
    }
}

/// How a test or task went.
#[must_use]
pub fn result(result: &TestResult) -> Pill {
    match result {
        TestResult::Passed => pill("passed", Hue::Ok),
        TestResult::Failed => pill("failed", Hue::Bad),
        TestResult::Waived { .. } => pill("waived", Hue::Warn),
    }
}

/// How any record stands; an empty word for kinds that have no state.
#[must_use]
pub fn of(record: &Record) -> Pill {
    match record {
        Record::Release(r) => release(r),
        Record::Change(r) => change(r.state),
        Record::Ci(r) => ci(r.status),
        Record::Observation(r) => observation(r.state),
        Record::DslItem(r) => item(r.state),
        Record::DhsUnit(r) => unit(r.state),
        Record::Stocktake(r) => crate::stocktakes::pill(r.state),
        Record::Task(r) => task(r.state, false),
        Record::Approval(r) => approval(r.state),
        Record::TestRecord(r) => result(&r.result),
        Record::Person(r) if r.active => pill("active", Hue::Ok),
        Record::Person(_) => pill("inactive", Hue::Neutral),
        _ => pill("", Hue::Neutral),
    }
}
