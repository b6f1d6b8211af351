//! The pushing half of a cycle, and what the server's errors mean for it.

use super::{CommandResult, Doing, Engine, LocalRequest, Millis, Queued, ROUNDS, SIGNED_OUT_MS, State, Trouble};
use crate::protocol::{Epoch, ErrorBody, ErrorCode, Push, Pushed};
use crate::transport::{Request, TransportError};

impl Engine {
    pub(super) fn next_batch(&mut self, now: Millis) {
        if self.cycle.push_off {
            return self.fetch(now);
        }
        let (after, commands, payload_bytes) = (self.cycle.after, self.cycle.commands, self.cycle.payload_bytes);
        self.local(now, Doing::Batch, LocalRequest::Batch { after, commands, payload_bytes });
    }

    pub(super) fn push(&mut self, now: Millis, batch: Vec<Queued>) {
        let Some(first) = batch.first().map(|queued| queued.counter) else { return self.fetch(now) };
        let counters: Vec<u64> = batch.iter().map(|queued| queued.counter).collect();
        let gapless = counters.iter().zip(self.cycle.after + 1..).all(|(have, want)| *have == want);
        if !gapless {
            // What the server misses is no longer kept here: its link in the chain cannot be closed.
            return self.reissue(now);
        }
        let push = Push {
            device: self.cycle.device,
            epoch: self.cycle.epoch,
            first_counter: first,
            commands: batch.into_iter().map(|queued| queued.signed).collect(),
        };
        self.call(now, Doing::Push { counters }, Request::Push(push));
    }

    pub(super) fn pushed(&mut self, now: Millis, counters: &[u64], pushed: Pushed) {
        if pushed.epoch != self.cycle.epoch {
            return self.begin_epoch(now, pushed.epoch, 1);
        }
        let answered = |results: &[CommandResult]| results.iter().map(|result| result.counter).collect::<Vec<_>>();
        let Some(last) = counters.last().copied().filter(|_| answered(&pushed.results) == counters) else {
            return self.fail(now, Trouble::Garbled { why: "results of other commands".to_owned() }, None);
        };
        self.local(now, Doing::Record { last }, LocalRequest::Record(pushed.results));
    }

    /// The server, or the way to it, did not give what was asked for.
    pub(super) fn refused(&mut self, now: Millis, error: TransportError) {
        match error {
            TransportError::Unreachable { why } => self.fail(now, Trouble::Unreachable { why }, None),
            TransportError::Untrusted { why } => self.fail(now, Trouble::Untrusted { why }, None),
            TransportError::Garbled { why } => self.fail(now, Trouble::Garbled { why }, None),
            TransportError::SignedOut => self.sign_out(now, Trouble::SignedOut),
            TransportError::Refused(body) => self.refused_by_server(now, body),
        }
    }

    fn refused_by_server(&mut self, now: Millis, body: Box<ErrorBody>) {
        self.report.offline_since = None;
        match body.code {
            ErrorCode::EpochChanged => match body.epoch {
                Some(epoch) => self.begin_epoch(now, epoch, body.expected_counter.unwrap_or(1)),
                None => self.fail(now, Trouble::Server(body), None),
            },
            ErrorCode::CursorAhead => {
                let buckets = self.cycle.cursors.keys().copied().collect();
                self.refetch(now, buckets);
            }
            ErrorCode::ResyncRequired => {
                let all = || self.cycle.cursors.keys().copied().collect();
                let buckets = if body.buckets.is_empty() { all() } else { body.buckets };
                self.refetch(now, buckets);
            }
            ErrorCode::CounterGap => match body.expected_counter {
                Some(expected) if expected > 0 && self.cycle.gaps < ROUNDS => {
                    self.cycle.gaps += 1;
                    self.cycle.after = expected - 1;
                    self.next_batch(now);
                }
                _ => self.reissue(now),
            },
            // Commands of an earlier identity, back from the kept ones after a restore, take the present one.
            ErrorCode::DeviceForked | ErrorCode::BadSignature | ErrorCode::WrongDevice => self.reissue(now),
            ErrorCode::TooLarge if self.cycle.commands > 1 => {
                self.cycle.commands /= 2;
                self.cycle.payload_bytes /= 2;
                self.next_batch(now);
            }
            // The queue cannot go, but records can come.
            ErrorCode::WrongActor | ErrorCode::TooLarge if !self.cycle.push_off => {
                self.cycle.push_off = true;
                self.report.trouble = Some(Trouble::Server(body));
                self.fetch(now);
            }
            ErrorCode::NotSignedIn | ErrorCode::DeviceRevoked | ErrorCode::WrongCredentials => {
                self.sign_out(now, Trouble::Server(body));
            }
            _ => {
                let at_least = body.retry_after_ms;
                self.fail(now, Trouble::Server(body), at_least);
            }
        }
    }

    fn sign_out(&mut self, now: Millis, trouble: Trouble) {
        self.report.trouble = Some(trouble);
        self.report.progress = None;
        self.state = State::SignedOut { retry_at: now.saturating_add(SIGNED_OUT_MS) };
    }

    pub(super) fn begin_epoch(&mut self, now: Millis, epoch: Epoch, expected_counter: u64) {
        self.local(now, Doing::BeginEpoch, LocalRequest::BeginEpoch { epoch, expected_counter });
    }

    fn reissue(&mut self, now: Millis) {
        self.cycle.reissues += 1;
        if self.cycle.reissues > ROUNDS {
            let why = "every new device is refused like the one before".to_owned();
            return self.fail(now, Trouble::Garbled { why }, None);
        }
        let ticket = self.busy(now, Doing::Reissue, self.settings.call_ms + self.settings.local_ms);
        self.out.push(super::Output::Reissue { ticket });
    }
}
