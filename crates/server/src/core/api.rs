//! Records for other tools: read within the scope of the person that a token acts for, written by the very same
//! commands that a laptop sends, signed by the token's own device.

use super::scope::Seen;
use super::{Caller, Core, not_signed_in};
use crate::error::ServerError;
use crate::storage::WorkspaceView;
use slipway_domain::command::{Command, Envelope, RULES_VERSION};
use slipway_domain::id::CommandId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Person;
use slipway_domain::record::{Entity, Kind, Record};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::scope::{Bucket, Sight, buckets};
use slipway_sync::protocol::{ErrorBody, ErrorCode, Push, Verdict};
use slipway_sync::signing::sign;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use uuid::Uuid;

/// Records looked at for one page: a filter that few pass gives short pages, never a long wait.
const LOOKED_AT: usize = 2_000;
/// Records fetched at once.
const CHUNK: usize = 200;
/// How often a command is tried again that another server process got in front of.
const TRIES: u32 = 5;

/// A record as it stood at a sequence.
pub struct Stood<T> {
    /// The record.
    pub record: T,
    /// The sequence at which it last moved.
    pub seq: u64,
}

/// One page of records.
pub struct ApiPage<T> {
    /// Ascending by identity.
    pub items: Vec<Stood<T>>,
    /// From where the next page goes on; `None` at the end.
    pub next: Option<Uuid>,
}

/// Where a page comes from.
pub enum From<'a> {
    /// All records of the kind after this one.
    All(Option<Uuid>),
    /// Those under a key.
    Key(Lookup, &'a str),
}

impl Core {
    /// A page of records of a kind that pass a filter.
    ///
    /// # Errors
    /// The storage failed.
    pub fn api_page<E: Entity>(
        &self,
        caller: &Caller,
        from: &From<'_>,
        limit: usize,
        passes: &dyn Fn(&E) -> bool,
    ) -> Result<ApiPage<E>, ServerError> {
        let view = self.snapshot()?;
        let sight = sight(view.as_ref(), caller)?;
        let mut page = ApiPage { items: Vec::new(), next: None };
        let (mut after, keyed) = match from {
            From::All(after) => (*after, None),
            From::Key(lookup, key) => (None, Some(view.ids_under(*lookup, key)?)),
        };
        let mut looked_at = 0;
        loop {
            let ids = match &keyed {
                Some(ids) => ids.clone(),
                None => view.ids_after(E::KIND, after, CHUNK)?,
            };
            for id in &ids {
                if page.items.len() == limit || looked_at == LOOKED_AT {
                    page.next = after;
                    return Ok(page);
                }
                looked_at += 1;
                after = Some(*id);
                if let Some(stood) = seen::<E>(view.as_ref(), &sight, *id)?
                    && passes(&stood.record)
                {
                    page.items.push(stood);
                }
            }
            if keyed.is_some() || ids.len() < CHUNK {
                return Ok(page);
            }
        }
    }

    /// One record, by identity or number.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], also for a record out of scope; or the storage failed.
    pub fn api_get<E: Entity>(&self, caller: &Caller, named: &str) -> Result<Stood<E>, ServerError> {
        let view = self.snapshot()?;
        let sight = sight(view.as_ref(), caller)?;
        let ids = match named.parse::<Uuid>() {
            Ok(id) => vec![id],
            Err(_) => view.ids_under(Lookup::Number, named)?,
        };
        for id in ids {
            if let Some(stood) = seen::<E>(view.as_ref(), &sight, id)? {
                return Ok(stood);
            }
        }
        Err(absent(E::KIND, named).into())
    }

    /// Judges a command with a token's device. The same key of idempotency gives the same command, whose result is
    /// given again.
    ///
    /// # Errors
    /// The token's person may not; or the storage failed. A refusal is in the verdict.
    pub fn api_issue(
        &self,
        caller: &Caller,
        key: &str,
        command: &Command,
    ) -> Result<(CommandId, Verdict), ServerError> {
        let id = CommandId(Uuid::new_v5(&caller.device.0, key.as_bytes()));
        let signer = self.token_key(caller.device)?;
        // Commands of one device are a chain: one after the other.
        let turn = self.token_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tries = 0;
        let verdict = loop {
            let view = self.snapshot()?;
            if let Some(known) = view.known(id)? {
                break known.result.verdict;
            }
            let workspace = view.workspace()?;
            let device = view.device(caller.device)?.ok_or_else(not_signed_in)?;
            drop(view);
            let envelope = Envelope {
                domain: Envelope::<Command>::DOMAIN.to_owned(),
                workspace: workspace.id,
                rules_version: RULES_VERSION,
                id,
                device: device.id,
                counter: device.counter + 1,
                actor: caller.person,
                made_at: self.now(),
                last_seq: workspace.head,
                previous: device.last_hash,
                replaces: None,
                command,
            };
            let signed = sign(&envelope, &signer).map_err(|error| ServerError::Worker(error.to_string()))?;
            let (first_counter, commands) = (device.counter + 1, vec![signed]);
            let push = Push { device: device.id, epoch: workspace.epoch, first_counter, commands };
            match self.push(caller, &push) {
                Ok(pushed) => match pushed.results.into_iter().next() {
                    Some(result) => break result.verdict,
                    None => return Err(ServerError::Worker("a push gave no result".to_owned())),
                },
                Err(ServerError::Said(body))
                    if tries < TRIES && matches!(body.code, ErrorCode::CounterGap | ErrorCode::DeviceForked) =>
                {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        };
        drop(turn);
        Ok((id, verdict))
    }

    /// Whether a command with this key of idempotency was judged before.
    ///
    /// # Errors
    /// The storage failed.
    pub fn api_knows(&self, caller: &Caller, key: &str) -> Result<bool, ServerError> {
        let id = CommandId(Uuid::new_v5(&caller.device.0, key.as_bytes()));
        Ok(self.snapshot()?.known(id)?.is_some())
    }
}

fn sight(view: &dyn WorkspaceView, caller: &Caller) -> Result<Sight, ServerError> {
    let records = Seen(view);
    let person = records.get::<Person>(caller.person)?.ok_or_else(not_signed_in)?;
    Ok(Sight::of(&person, &records)?)
}

/// A record that the caller may read, with its sequence.
fn seen<E: Entity>(view: &dyn WorkspaceView, sight: &Sight, id: Uuid) -> Result<Option<Stood<E>>, ServerError> {
    let records = Seen(view);
    let Some(record) = records.read(E::KIND, id)? else { return Ok(None) };
    let lies: BTreeSet<Bucket> = buckets(&record, &records)?;
    if !lies.is_empty() && !lies.iter().any(|bucket| sight.covers(*bucket)) {
        return Ok(None);
    }
    let seq = sequence(view, &record, &lies)?;
    Ok(E::from_record(record).map(|record| Stood { record, seq }))
}

/// The sequence at which a record last moved, as its bucket's feed has it.
fn sequence(view: &dyn WorkspaceView, record: &Record, lies: &BTreeSet<Bucket>) -> Result<u64, ServerError> {
    let bucket = lies.first().copied().unwrap_or(Bucket::Workspace);
    let before = Uuid::from_u128(record.id().as_u128().saturating_sub(1));
    let entries = view.held(bucket, Some((record.kind().name(), before)), 1)?;
    Ok(entries.first().filter(|entry| entry.id == record.id()).map_or(0, |entry| entry.seq))
}

fn absent(kind: Kind, named: &str) -> ErrorBody {
    let what = kind.name().replace('_', " ");
    ErrorBody::new(ErrorCode::NotFound, format!("There is no {what} {named}."), "List them, then name one of them.")
}
