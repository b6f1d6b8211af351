//! Tasks of a release.

use crate::id::{GroupId, PersonId, ReleaseId, TaskId};
use crate::level::named;
use crate::release::record::{Phase, TestResult};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

named! {
    /// Where a task stands. *Ready* is not stored: it follows from predecessors and phase.
    TaskState {
        /// Not begun.
        Planned = "planned",
        /// Being done.
        InProgress = "in progress",
        /// Something is in the way.
        Blocked = "blocked",
        /// Finished.
        Done = "done",
        /// Will not be done.
        Cancelled = "cancelled",
    }
}

/// Who does a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Assignee {
    /// One person.
    Person(PersonId),
    /// Anyone of a group.
    Group(GroupId),
}

impl std::fmt::Display for Assignee {
    /// The id, as a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(id) => id.fmt(f),
            Self::Group(id) => id.fmt(f),
        }
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Task {
    /// Identity.
    pub id: TaskId,
    /// Of which release.
    pub release: ReleaseId,
    /// 1, 2, 3 within the release; shown as `T01`.
    pub ordinal: u32,
    /// What is to be done.
    pub title: String,
    /// In which phase.
    pub phase: Phase,
    /// Whether the phase cannot be left without it.
    pub mandatory: bool,
    /// Made by a template and not touched since: may be replaced with the type.
    pub from_template: bool,
    /// Who does it.
    pub assignee: Option<Assignee>,
    /// Where it stands.
    pub state: TaskState,
    /// What must be done first; no cycles.
    pub predecessors: BTreeSet<TaskId>,
    /// Planned start.
    pub planned_start: Option<Timestamp>,
    /// Planned length.
    pub planned_minutes: u32,
    /// How long it took when it was last rehearsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<u32>")]
    pub rehearsed_minutes: Option<u32>,
    /// Actual start.
    pub started_at: Option<Timestamp>,
    /// Actual end.
    pub ended_at: Option<Timestamp>,
    /// Remarks.
    pub notes: String,
    /// How it went.
    pub result: Option<TestResult>,
}
