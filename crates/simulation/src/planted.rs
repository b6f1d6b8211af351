//! Bugs put in on purpose, to see that the promises notice them. The product's own code stays clean: a bug is in the
//! laptop in memory, or between the laptops and the server, or done to the server's tables behind its back.

use crate::server::Server;
use slipway_domain::command::{ApprovalCommand, Command, Envelope};
use slipway_domain::id::DeviceId;
use slipway_domain::records::RecordsExt;
use slipway_sync::bucket::Bucket;
use slipway_sync::protocol::{Epoch, Page, Push, Verdict};
use slipway_sync::transport::{Answer, Request, TransportError};
use std::collections::BTreeMap;

/// A rule of sync that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    NoRebase,
    DropOnPushAnswer,
    PageByPage,
    CheckpointBeforeData,
    FreshIdsOnRetry,
    ForgetSentOnEpoch,
    HeadAtStart,
    NoEpochCheck,
    SameEpochAfterRestore,
    LateCommit,
    NoTombstones,
    ResultNotStored,
    NoIdempotency,
    ChainNotChecked,
    LockLate,
    DigestIgnored,
    LeafForgotten,
    RefusalLeavesTraces,
}

impl Bug {
    pub const ALL: &'static [Self] = &[
        Self::NoRebase,
        Self::DropOnPushAnswer,
        Self::PageByPage,
        Self::CheckpointBeforeData,
        Self::FreshIdsOnRetry,
        Self::ForgetSentOnEpoch,
        Self::HeadAtStart,
        Self::NoEpochCheck,
        Self::SameEpochAfterRestore,
        Self::LateCommit,
        Self::NoTombstones,
        Self::ResultNotStored,
        Self::NoIdempotency,
        Self::ChainNotChecked,
        Self::LockLate,
        Self::DigestIgnored,
        Self::LeafForgotten,
        Self::RefusalLeavesTraces,
    ];

    /// What is wrong, in a line.
    pub fn what(self) -> &'static str {
        match self {
            Self::NoRebase => "a flip forgets the pending commands' effects",
            Self::DropOnPushAnswer => "a command leaves the queue on the push's answer, before its effects come",
            Self::PageByPage => "each page of a pull is put in force as it comes",
            Self::CheckpointBeforeData => "the cursor is stored before the rows it stands for",
            Self::FreshIdsOnRetry => "a retry sends its commands under fresh ids",
            Self::ForgetSentOnEpoch => "what was judged once is not pushed again to a restored server",
            Self::HeadAtStart => "a pull is complete at the head as it was at its first page",
            Self::NoEpochCheck => "the server does not compare epochs",
            Self::SameEpochAfterRestore => "a restored server keeps its epoch",
            Self::LateCommit => "a row becomes visible behind the cursor (sequence order is not commit order)",
            Self::NoTombstones => "pages leave out that a record is gone",
            Self::ResultNotStored => "the result of a command is not stored",
            Self::NoIdempotency => "a repeated push is judged again",
            Self::ChainNotChecked => "counter and hash of the device's chain are not compared",
            Self::LockLate => "a command is judged on the state before the push that came first",
            Self::DigestIgnored => "a vote counts on whatever scope",
            Self::LeafForgotten => "a judged command gets no leaf in the log",
            Self::RefusalLeavesTraces => "a refused command leaves a change behind",
        }
    }
}

/// Stands between the network and the server while a bug is planted.
#[derive(Default)]
pub struct Saboteur {
    /// Head at the first page of a pull, by device.
    heads: BTreeMap<DeviceId, u64>,
    /// The epoch that the laptop believes in.
    believed: Option<Epoch>,
    /// Records as they were before this push, and before the one before it, with the device that pushed.
    rows: Rows,
    rows_before: Option<(DeviceId, Rows)>,
    head: i64,
    log: (i64, Vec<u8>),
    pages: u64,
}

const PUT_BODY: &str = "UPDATE record SET body = ?3 WHERE kind = ?1 AND id = ?2 AND deleted = 0 AND seq <= ?4";

/// Kind, id and body of every record.
type Rows = BTreeMap<(String, Vec<u8>), String>;

fn rows(connection: &rusqlite::Connection) -> Rows {
    let mut statement = connection.prepare("SELECT kind, id, body FROM record WHERE deleted = 0").unwrap();
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn envelopes(push: &Push) -> Vec<Envelope<serde_json::Value>> {
    push.commands.iter().map(|signed| serde_json::from_slice(&signed.payload.0).unwrap()).collect()
}

impl Saboteur {
    /// Before the server sees a request.
    pub fn before(&mut self, bug: Bug, server: &Server, device: DeviceId, request: &mut Request) {
        if bug == Bug::NoEpochCheck {
            let epoch = match request {
                Request::Push(push) => &mut push.epoch,
                Request::Pull(pull) => &mut pull.epoch,
                _ => return,
            };
            // A laptop that never synced is told the true one.
            self.believed = (!epoch.0.is_nil()).then_some(*epoch);
            if self.believed.is_some() {
                *epoch = server.view().workspace().unwrap().epoch;
            }
        }
        let Request::Push(push) = request else { return };
        let connection = rusqlite::Connection::open(server.file()).unwrap();
        match bug {
            Bug::NoIdempotency | Bug::ChainNotChecked => admit(bug, &connection, push),
            Bug::LockLate => {
                let now = rows(&connection);
                if let Some((_, before)) = self.rows_before.take().filter(|(other, _)| *other != device) {
                    for (key, body) in before.iter().filter(|(key, body)| now.get(*key).is_some_and(|is| is != *body)) {
                        connection.execute(PUT_BODY, (&key.0, &key.1, body, i64::MAX)).unwrap();
                    }
                }
                self.rows = now;
                self.head = connection.query_row("SELECT head FROM workspace", [], |row| row.get(0)).unwrap();
            }
            Bug::LeafForgotten => {
                let sql = "SELECT log_size, log_edge FROM workspace";
                self.log = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            }
            _ => {}
        }
    }

    /// Before the laptop hears of the answer.
    pub fn after(
        &mut self,
        bug: Bug,
        server: &Server,
        device: DeviceId,
        request: &Request,
        answer: &mut Result<Answer, TransportError>,
    ) {
        match (request, answer) {
            (Request::Pull(_), Ok(Answer::Page(page))) => self.spoil_page(bug, server, device, page),
            (Request::Push(push), Ok(Answer::Pushed(pushed))) => {
                if let (Bug::NoEpochCheck, Some(epoch)) = (bug, self.believed) {
                    pushed.epoch = epoch;
                }
                let verdicts: Vec<Verdict> = pushed.results.iter().map(|result| result.verdict.clone()).collect();
                self.spoil_push(bug, server, push, &verdicts);
            }
            _ => {}
        }
        if bug == Bug::LockLate && matches!(request, Request::Push(_)) {
            self.mend_rows(server, device);
        }
    }

    fn spoil_page(&mut self, bug: Bug, server: &Server, device: DeviceId, page: &mut Page) {
        self.pages += 1;
        match bug {
            Bug::NoEpochCheck => page.epoch = self.believed.unwrap_or(page.epoch),
            Bug::NoTombstones => page.entries.retain(|entry| entry.body.is_some()),
            Bug::LateCommit if page.entries.len() > 1 && self.pages.is_multiple_of(5) => {
                page.entries.pop();
            }
            Bug::HeadAtStart if page.complete => {
                self.heads.remove(&device);
            }
            Bug::HeadAtStart => {
                let start = *self.heads.entry(device).or_insert(page.head);
                if page.cursors.values().all(|seq| *seq >= start) {
                    self.heads.remove(&device);
                    page.complete = true;
                    let sum = |bucket: &Bucket| (*bucket, server.view().sum(*bucket).unwrap());
                    page.sums = page.cursors.keys().map(sum).collect();
                }
            }
            _ => {}
        }
    }

    fn spoil_push(&self, bug: Bug, server: &Server, push: &Push, verdicts: &[Verdict]) {
        let envelopes = envelopes(push);
        let refused = || envelopes.iter().zip(verdicts).filter(|(_, v)| matches!(v, Verdict::Refused { .. }));
        match bug {
            Bug::ResultNotStored => {
                if let Some(last) = envelopes.last() {
                    let connection = rusqlite::Connection::open(server.file()).unwrap();
                    connection.execute("DELETE FROM command WHERE id = ?1", [last.id.0.as_bytes()]).unwrap();
                }
            }
            Bug::LeafForgotten => {
                let connection = rusqlite::Connection::open(server.file()).unwrap();
                let gone = "DELETE FROM log_leaf WHERE idx >= ?1";
                connection.execute(gone, [self.log.0]).unwrap();
                let back = "UPDATE workspace SET log_size = ?1, log_edge = ?2";
                connection.execute(back, (self.log.0, &self.log.1)).unwrap();
            }
            Bug::DigestIgnored => {
                for (envelope, _) in refused() {
                    let command = serde_json::from_value(envelope.command.clone());
                    if let Ok(Command::Approval(ApprovalCommand::Vote { approval, decision, digest, .. })) = command {
                        server.past_the_rules(|records| {
                            let Some(mut approval) = records
                                .get::<slipway_domain::approval::record::Approval>(approval)
                                .unwrap()
                                .filter(|_| digest.is_some())
                            else {
                                return;
                            };
                            approval.votes.push(slipway_domain::approval::record::Vote {
                                by: envelope.actor,
                                on_behalf_of: None,
                                delegation: None,
                                decision: decision.clone(),
                                note: String::new(),
                                at: envelope.made_at,
                                digest: digest.clone(),
                                retracted: None,
                            });
                            records.write(approval.into()).unwrap();
                        });
                    }
                }
            }
            Bug::RefusalLeavesTraces => {
                for (envelope, _) in refused() {
                    let command = serde_json::from_value(envelope.command.clone());
                    if let Ok(Command::Release(id, _)) = command {
                        server.past_the_rules(|records| {
                            let release = records.get::<slipway_domain::release::record::Release>(id).unwrap();
                            if let Some(mut release) = release {
                                release.title.push('!');
                                records.write(release.into()).unwrap();
                            }
                        });
                    }
                }
            }
            _ => {}
        }
    }

    /// What the late push did not touch is again as the earlier one left it.
    fn mend_rows(&mut self, server: &Server, device: DeviceId) {
        let connection = rusqlite::Connection::open(server.file()).unwrap();
        for (key, body) in &self.rows {
            // The sequence tells whether this push wrote the row: then it stays, lost update and all.
            connection.execute(PUT_BODY, (&key.0, &key.1, body, self.head)).unwrap();
        }
        self.rows_before = Some((device, std::mem::take(&mut self.rows)));
    }
}

/// Makes the tables such that the chain's end fits this push, whatever it is.
fn admit(bug: Bug, connection: &rusqlite::Connection, push: &Push) {
    let envelopes = envelopes(push);
    let Some(first) = envelopes.first() else { return };
    let known = |id: &[u8]| -> bool {
        connection.query_row("SELECT count(*) FROM command WHERE id = ?1", [id], |row| row.get(0)).unwrap()
    };
    let device = push.device.0.as_bytes().as_slice();
    let end: Option<i64> =
        connection.query_row("SELECT counter FROM device WHERE id = ?1", [device], |row| row.get(0)).ok();
    let Some(end) = end else { return };
    let repeated = first.counter <= end.unsigned_abs();
    let mine = match bug {
        Bug::NoIdempotency => repeated && known(first.id.0.as_bytes()),
        _ => !known(first.id.0.as_bytes()) && first.counter <= end.unsigned_abs() + 1,
    };
    if !mine {
        return;
    }
    if bug == Bug::NoIdempotency {
        for envelope in &envelopes {
            connection.execute("DELETE FROM command WHERE id = ?1", [envelope.id.0.as_bytes().as_slice()]).unwrap();
        }
    }
    let counter = first.counter.cast_signed();
    connection.execute("DELETE FROM chain WHERE device = ?1 AND counter >= ?2", (device, counter)).unwrap();
    let back = "UPDATE device SET counter = ?2, last_hash = ?3 WHERE id = ?1";
    connection.execute(back, (device, counter - 1, &first.previous)).unwrap();
}
