//! Every laptop is a witness of the audit log: what a page shows of it has to continue what was seen before.
//!
//! A log that is longer is proved to begin with the one seen, in a request of its own before the page is kept. One that
//! does not is kept as an alarm, and nothing is sent or fetched until a person lifts it. The exception is a new epoch
//! that an administrator declared: what was lost there is told, and sync goes on, because laptops hold what the
//! server lost.

use super::{Doing, Engine, LocalRequest, Millis, Page, Trouble};
use crate::encoding::Base64;
use crate::local::LogNote;
use crate::log::Checkpoint;
use crate::log::alarm::{Alarm, Difference, Follows, compare, proved};
use crate::protocol::ErrorCode;
use crate::transport::{Request, TransportError};

impl Engine {
    /// Looks at the log that a page shows, and then keeps the page.
    pub(super) fn witness(&mut self, now: Millis, page: Box<Page>) {
        let Some(seen) = self.seen() else {
            // Nothing to hold it against: but it has to be signed.
            return if page.checkpoint.is_some() && self.settings.log.is_some() && self.shown(&page).is_none() {
                self.fail(now, Trouble::LogForged, None)
            } else {
                self.keep(now, page)
            };
        };
        if !page.complete && page.checkpoint.is_none() {
            return self.keep(now, page);
        }
        let Some(shown) = self.shown(&page) else { return self.fail(now, Trouble::LogForged, None) };
        match compare(&seen, &shown) {
            Follows::Same => self.keep(now, page),
            Follows::ToProve => {
                let request = Request::Consistency { epoch: page.epoch, from: seen.size, to: shown.size };
                self.cycle.unproved = Some(page);
                self.call(now, Doing::Consistency, request);
            }
            Follows::Not(what) => self.differs(now, page, what, Vec::new()),
        }
    }

    /// The server's proof; `None` where whoever answers cannot ask the server, as a carry file cannot.
    pub(super) fn consistency(&mut self, now: Millis, proof: Option<Vec<Base64>>) {
        let Some(mut page) = self.cycle.unproved.take() else { return self.read_status(now) };
        let Some(proof) = proof else {
            // The records are taken; the log is held against the older checkpoint when the server can be asked.
            page.checkpoint = None;
            return self.keep(now, page);
        };
        let follows = self.seen().zip(self.shown(&page)).is_some_and(|(seen, shown)| proved(&seen, &shown, &proof));
        if !follows {
            return self.differs(now, page, Difference::Unproved, proof);
        }
        if self.cycle.proves {
            return self.keep(now, page);
        }
        self.cycle.proves = true;
        self.cycle.unproved = Some(page);
        self.local(now, Doing::NoteLog { alarm: None }, LocalRequest::NoteLog(LogNote::Proves));
    }

    pub(super) fn consistency_refused(&mut self, now: Millis, error: TransportError) {
        let code = match &error {
            TransportError::Refused(body) => body.code,
            _ => ErrorCode::Unrecognised,
        };
        match (code, self.cycle.unproved.take()) {
            // An older server has no such route, but no server becomes older without anybody's knowing.
            (ErrorCode::NotFound, Some(page)) if self.cycle.proves => {
                self.differs(now, page, Difference::NoProof, Vec::new());
            }
            (ErrorCode::NotFound, Some(page)) => self.keep(now, page),
            (ErrorCode::BadRequest, Some(page)) => self.differs(now, page, Difference::Unproved, Vec::new()),
            _ => self.refused(now, error),
        }
    }

    /// What was found is kept: by then an alarm is durable, and the page may be.
    pub(super) fn log_noted(&mut self, now: Millis, alarm: Option<Box<Alarm>>) {
        match (alarm, self.cycle.unproved.take()) {
            (Some(alarm), _) if alarm.what.stops() => self.fail(now, Trouble::LogRewritten(alarm), None),
            (_, Some(page)) => self.keep(now, page),
            (_, None) => self.read_status(now),
        }
    }

    fn differs(&mut self, now: Millis, page: Box<Page>, what: Difference, proof: Vec<Base64>) {
        let (Some((name, key)), Some(seen)) = (self.settings.log.clone(), self.seen()) else {
            return self.keep(now, page);
        };
        // A backup holds what was seen before it was made: only what came after can be lost by an honest restore.
        let explains = |size: u64| self.cycle.former && seen.size > size;
        let restored = page.restored.clone().filter(|it| explains(it.size) && it.is_of(page.epoch, &name, &key));
        let alarm = Box::new(Alarm {
            what: if restored.is_some() { Difference::Restored } else { what },
            seen: self.cycle.checkpoint.clone().unwrap_or_default(),
            shown: page.checkpoint.clone().unwrap_or_default(),
            proof,
            restored,
        });
        self.cycle.unproved = Some(page);
        let note = LogNote::Alarm(alarm.clone());
        self.local(now, Doing::NoteLog { alarm: Some(alarm) }, LocalRequest::NoteLog(note));
    }

    fn seen(&self) -> Option<Checkpoint> {
        self.verified(self.cycle.checkpoint.as_ref()?)
    }

    fn shown(&self, page: &Page) -> Option<Checkpoint> {
        self.verified(page.checkpoint.as_ref()?)
    }

    fn verified(&self, note: &str) -> Option<Checkpoint> {
        let (name, key) = self.settings.log.as_ref()?;
        Checkpoint::verify(note, name, key)
    }
}
