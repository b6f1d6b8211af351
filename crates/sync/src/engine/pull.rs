//! The pulling half of a cycle: pages until one is complete, the flip, and the number blocks.

use super::{Doing, Engine, LeaseRequest, LocalRequest, LocalStatus, Millis, Page, Progress, Pull, ROUNDS, Trouble};
use crate::bucket::Bucket;
use crate::limits;
use crate::local::Flipped;
use crate::transport::Request;
use slipway_domain::number::Series;

impl Engine {
    pub(super) fn pull(&mut self, now: Millis) {
        let reached = self.cycle.cursors.values().copied().min().unwrap_or(0);
        // A reader that came close asks for the whole rest at once, so that busy writers cannot keep it behind for ever.
        let near = self.cycle.pages > 1 && self.cycle.head.saturating_sub(reached) < limits::TAIL_ENTRIES as u64;
        let pull = Pull {
            epoch: self.cycle.epoch,
            cursors: self.cycle.cursors.clone(),
            scope: self.cycle.scope.clone(),
            judged_after: self.cycle.judged,
            limit: if near { limits::TAIL_ENTRIES } else { limits::PAGE_ENTRIES },
        };
        self.call(now, Doing::Pull, Request::Pull(pull));
    }

    pub(super) fn page(&mut self, now: Millis, page: Box<Page>) {
        if page.epoch != self.cycle.epoch {
            return self.begin_epoch(now, page.epoch, 1);
        }
        if let Some(why) = self.nonsense(&page) {
            return self.fail(now, Trouble::Garbled { why: why.to_owned() }, None);
        }
        self.witness(now, page);
    }

    /// Keeps a page that fits what is known.
    pub(super) fn keep(&mut self, now: Millis, page: Box<Page>) {
        self.cycle.cursors.clone_from(&page.cursors);
        self.cycle.judged = page.judged;
        self.cycle.head = page.head;
        self.cycle.pages += 1;
        self.cycle.pulled += page.entries.len() as u64;
        let reached = self.cycle.cursors.values().copied().min().unwrap_or(0);
        self.report.progress =
            Some(Progress { entries: self.cycle.pulled, reached, head: page.head, ..Progress::default() });
        let doing = match &page.scope {
            // Other buckets are to be pulled now, or some no longer: only the store knows which of them it is to hold.
            Some(scope) => {
                self.cycle.rescopes += 1;
                if self.cycle.rescopes > ROUNDS {
                    let why = "what may be read changes with every answer".to_owned();
                    return self.fail(now, Trouble::Garbled { why }, None);
                }
                self.cycle.scope.clone_from(&scope.tag);
                Doing::StageScope
            }
            None => Doing::Stage { complete: page.complete },
        };
        self.local(now, doing, LocalRequest::Stage(page));
    }

    /// The store chose from the scope: what it holds goes on where it stands, what is new begins.
    pub(super) fn rescope(&mut self, now: Millis, status: LocalStatus) {
        let before = std::mem::take(&mut self.cycle.after);
        self.load(status);
        self.cycle.after = before;
        self.fetch(now);
    }

    /// A page that no honest server sends: staging it could lose records or never end.
    fn nonsense(&self, page: &Page) -> Option<&'static str> {
        let asked = &self.cycle.cursors;
        let fits = match &page.scope {
            None => page.cursors.keys().eq(asked.keys()),
            // What is no longer theirs to read has no cursor.
            Some(_) => {
                page.cursors.contains_key(&Bucket::Workspace)
                    && page.cursors.keys().all(|bucket| asked.contains_key(bucket))
            }
        };
        if !fits {
            return Some("cursors of other buckets than asked for");
        }
        if page.scope.as_ref().is_some_and(|scope| scope.tag == self.cycle.scope || scope.tag.is_empty()) {
            return Some("a scope that is known already");
        }
        if page.cursors.iter().any(|(bucket, seq)| asked.get(bucket).is_some_and(|before| seq < before)) {
            return Some("a cursor went back");
        }
        if page.judged < self.cycle.judged {
            return Some("results went back");
        }
        if !page.complete && page.scope.is_none() && page.cursors == *asked && page.judged == self.cycle.judged {
            return Some("a page without progress");
        }
        if page.entries.iter().any(|entry| page.cursors.get(&entry.bucket).is_none_or(|upto| entry.seq > *upto)) {
            return Some("an entry beyond its cursor");
        }
        None
    }

    pub(super) fn flipped(&mut self, now: Millis, flipped: Flipped) {
        if flipped.mismatched.is_empty() {
            self.local(now, Doing::Review, LocalRequest::Status);
        } else {
            self.pages_only = true;
            self.refetch(now, flipped.mismatched);
        }
    }

    pub(super) fn refetch(&mut self, now: Millis, buckets: Vec<Bucket>) {
        self.cycle.refetches += 1;
        if self.cycle.refetches >= ROUNDS {
            return self.fail(now, Trouble::Diverged { buckets }, None);
        }
        self.local(now, Doing::Refetch, LocalRequest::Refetch(buckets));
    }

    /// After the flip: commands issued meanwhile make another cycle, and short number blocks are topped up.
    pub(super) fn review(&mut self, now: Millis, status: &LocalStatus) {
        self.report.waiting = status.waiting;
        let (low, full) = (self.settings.numbers_low, self.settings.numbers_full.min(limits::LEASE_NUMBERS));
        self.cycle.leases = Series::ALL
            .into_iter()
            .map(|series| (series, status.numbers.get(&series).copied().unwrap_or(0)))
            .filter(|(_, left)| *left < low)
            .map(|(series, left)| LeaseRequest { series, count: full.saturating_sub(left).max(1) })
            .collect();
        self.next_lease(now);
    }

    pub(super) fn next_lease(&mut self, now: Millis) {
        match self.cycle.leases.pop_front() {
            Some(request) => self.call(now, Doing::Lease, Request::Lease(request)),
            None => self.finish(now),
        }
    }
}
