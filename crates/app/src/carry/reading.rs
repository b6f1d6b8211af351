//! The server as the sync engine meets it in a carry file: it answers pushes and pulls with what the file holds.

use slipway_domain::time::Timestamp;
use slipway_sync::carry::{BadCarry, Part, Reader};
use slipway_sync::protocol::{CommandResult, Page, Pull, Push, Pushed};
use slipway_sync::snapshot::Offers;
use slipway_sync::transport::{Answer, Request, TransportError};
use std::io::Read;

/// What one reading of an answer found, all parts checked.
pub(super) struct Found {
    /// Results of own commands, in counter order.
    pub(super) results: Vec<CommandResult>,
    /// The last page, when everything is there.
    pub(super) last: Option<Page>,
    /// What is missing.
    pub(super) cut: Option<BadCarry>,
    /// Records in it.
    pub(super) records: u64,
    /// Tag of the scope that it tells, where that is another one than the laptop knew.
    pub(super) scope: Option<String>,
}

/// Reads everything once: what is not as it was made shows before anything is done.
pub(super) fn look<R: Read>(mut reader: Reader<R>, whole: bool) -> Result<Found, BadCarry> {
    let mut found = Found { results: Vec::new(), last: None, cut: None, records: 0, scope: None };
    loop {
        match reader.next_part() {
            Ok(Some(Part::Results(more))) => found.results.extend(more),
            Ok(Some(Part::Page(page))) => {
                found.records += page.entries.len() as u64;
                if let Some(scope) = &page.scope {
                    found.scope = Some(scope.tag.clone());
                }
                found.last = Some(*page);
            }
            Ok(Some(Part::Commands(_) | Part::Voucher(_) | Part::Sealed(_))) => {
                return Err(BadCarry::Damaged("it holds what no server sends"));
            }
            Ok(None) => break,
            Err(cut @ BadCarry::CutOff { .. }) if !whole => {
                (found.cut, found.last) = (Some(cut), None);
                return Ok(found);
            }
            Err(BadCarry::CutOff { .. }) => return Err(BadCarry::Damaged("its seal is broken")),
            Err(error) => return Err(error),
        }
    }
    if found.last.as_ref().is_none_or(|page| !page.complete) {
        return Err(BadCarry::Damaged("its records have no end"));
    }
    Ok(found)
}

/// Answers the engine.
pub(super) struct Reading<R> {
    reader: Reader<R>,
    results: Vec<CommandResult>,
}

fn ends() -> TransportError {
    TransportError::Unreachable { why: "the carry file ends here".to_owned() }
}

impl<R: Read> Reading<R> {
    pub(super) fn of(reader: Reader<R>, results: Vec<CommandResult>) -> Self {
        Self { reader, results }
    }

    /// The last own command that the file has a result for.
    pub(super) fn judged(&self) -> u64 {
        self.results.last().map_or(0, |result| result.counter)
    }

    pub(super) fn call(&mut self, request: &Request) -> Result<Answer, TransportError> {
        match request {
            Request::Push(push) => Ok(Answer::Pushed(self.pushed(push))),
            Request::Pull(pull) => self.page(pull).map(|page| Answer::Page(Box::new(page))),
            // Everything comes in pages.
            Request::Offers(_) => {
                Ok(Answer::Offers(Offers { epoch: self.reader.manifest().epoch, snapshots: Vec::new() }))
            }
            // The file holds no proof: the log is held against the one seen when the server can be asked.
            Request::Consistency { .. } => Ok(Answer::Consistency(None)),
            Request::Lease(_) | Request::Frames { .. } => Err(ends()),
        }
    }

    fn pushed(&self, push: &Push) -> Pushed {
        let last = push.first_counter.saturating_add(push.commands.len() as u64);
        let asked = push.first_counter..last;
        Pushed {
            epoch: self.reader.manifest().epoch,
            results: self.results.iter().filter(|result| asked.contains(&result.counter)).cloned().collect(),
            head: 0,
            server_time: self.made_at(),
        }
    }

    fn made_at(&self) -> Timestamp {
        self.reader.manifest().made_at
    }

    /// The next page with anything that was not asked for before; what is here already is left out of it.
    fn page(&mut self, pull: &Pull) -> Result<Page, TransportError> {
        loop {
            let part = self.reader.next_part().map_err(|_| ends())?.ok_or_else(ends)?;
            let Part::Page(page) = part else { continue };
            if let Some(page) = self.fitted(*page, pull) {
                return Ok(page);
            }
        }
    }

    fn fitted(&self, mut page: Page, pull: &Pull) -> Option<Page> {
        if page.scope.as_ref().is_some_and(|scope| scope.tag == pull.scope) {
            // It was told in the meantime; the buckets that it brings come with the pages after this one.
            (page.scope, page.complete) = (None, false);
        }
        page.entries.retain(|entry| pull.cursors.get(&entry.bucket).is_some_and(|have| entry.seq > *have));
        if page.scope.is_none() {
            for (bucket, have) in &pull.cursors {
                let reached = page.cursors.get(bucket).copied().unwrap_or(*have);
                page.cursors.insert(*bucket, reached.max(*have));
            }
        }
        page.cursors.retain(|bucket, _| pull.cursors.contains_key(bucket));
        page.results = self.results.iter().filter(|result| result.counter > pull.judged_after).cloned().collect();
        page.judged = self.judged().max(pull.judged_after);
        let moved = page.cursors != pull.cursors || page.judged != pull.judged_after;
        (page.complete || page.scope.is_some() || moved).then_some(page)
    }
}
