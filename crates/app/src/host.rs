//! What the application needs of the program around it: a window, a command line, or a test.

use crate::view::jobs::JobView;
use crate::view::mutations::Changes;
use crate::view::profile::SyncStatus;
use serde::Serialize;
use slipway_domain::time::Timestamp;
use ts_rs::TS;
use uuid::Uuid;

/// The program around the application. Its methods are called from any thread and must not block for long.
pub trait Host: Send + Sync {
    /// The time by this computer's clock.
    fn now(&self) -> Timestamp {
        System.now()
    }

    /// A new identity (UUIDv7).
    fn new_id(&self) -> Uuid {
        System.new_id()
    }

    /// Records changed, by this program or by a sync: whoever shows them asks again.
    fn changed(&self, changes: &Changes);

    /// How sync stands has changed.
    fn sync(&self, status: &SyncStatus);

    /// Something that the person wants to be told even when the window is not in front.
    fn notify(&self, notice: &Notice);

    /// Opens an address in the system's browser; says whether there is one.
    fn browse(&self, url: &str) -> bool {
        let _ = url;
        false
    }

    /// A job began, went on or ended.
    fn job(&self, job: &JobView) {
        let _ = job;
    }

    /// Long work went on a step.
    fn progress(&self, step: &Progress) {
        let _ = step;
    }
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// In a line.
    pub title: String,
    /// In a sentence.
    pub body: String,
    /// Address in the window, opened by a click.
    pub path: String,
}

/// A step of long work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Progress {
    /// What is being done, such as `Hashing payroll-9.4.1.tar.gz`.
    pub what: String,
    /// How far.
    #[ts(type = "number")]
    pub done: u64,
    /// Of how much; 0 when that is not known.
    #[ts(type = "number")]
    pub of: u64,
}

/// A place that somebody outside of the window wants to see in it: by a link, or by opening a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Opening {
    /// Address in the window, such as `/releases/REL-000001`.
    pub address: String,
}

/// The clock and the randomness of this computer, for hosts that have nothing of their own.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl System {
    /// The time by this computer's clock.
    #[must_use]
    pub fn now(self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }

    /// A new identity.
    #[must_use]
    pub fn new_id(self) -> Uuid {
        Uuid::now_v7()
    }
}
