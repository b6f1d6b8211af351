//! Records for other tools: read within the scope of the person that a token acts for, written by the very same
//! commands that a laptop sends, signed by the token's own device.
//!
//! A page walks an index and looks at a bounded number of records, however many there are and however few pass.

mod issue;
mod metered;

use super::scope::Seen;
use super::{Caller, Core, not_signed_in};
use crate::error::ServerError;
use crate::storage::{Keys, Stretch, WorkspaceView};
use metered::{Metered, READ_MOST};
use slipway_domain::cmdb::impact::{Impact, Question, analyse};
use slipway_domain::filter::Vocabulary;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Person;
use slipway_domain::record::{Entity, Kind};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::Fault;
use slipway_domain::scope::Sight;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use uuid::Uuid;

/// Records looked at for one page: a filter that few pass gives short pages, never a long wait.
const LOOKED_AT: usize = 2_000;
/// A page ends where its filter has read so much.
const READ_ENOUGH: usize = READ_MOST / 2;
/// Keys fetched at once.
const CHUNK: usize = 200;

/// A record as it stood at a sequence.
pub struct Stood<T> {
    /// The record.
    pub record: T,
    /// The sequence at which it last moved.
    pub seq: u64,
}

/// One page of records.
pub struct ApiPage<T> {
    /// In the order asked for.
    pub items: Vec<Stood<T>>,
    /// From where the next page goes on; `None` at the end.
    pub next: Option<Place>,
}

/// Where on its way a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// On which of the ways.
    pub way: usize,
    /// The key there; empty where the way goes by identity.
    pub key: String,
    /// The last record looked at.
    pub id: Uuid,
}

/// A way along which records are looked at; each has an index.
#[derive(Clone, Debug)]
pub enum Way {
    /// All of the kind by identity, which is the order in which they were made.
    Made,
    /// By the keys of a look-up that begin so, then by identity.
    Begin(Lookup, String),
    /// Those under this key of a look-up, by identity.
    Is(Lookup, String),
}

/// Which page is asked for.
pub struct Asked<'a, E> {
    /// One after the other.
    pub ways: &'a [Way],
    /// Each from its end.
    pub backwards: bool,
    /// After this place.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: usize,
    /// Whether a record belongs to it.
    pub passes: &'a dyn Fn(&E, &dyn Records) -> Result<bool, Fault>,
}

impl Core {
    /// What a filter of the kind may name.
    ///
    /// # Errors
    /// The storage failed.
    pub fn vocabulary(&self, caller: &Caller, kind: Kind) -> Result<Vocabulary, ServerError> {
        let view = self.snapshot()?;
        let sight = sight(view.as_ref(), caller)?;
        Ok(Vocabulary::of(kind, &Metered::new(view.as_ref(), &sight))?)
    }

    /// A page of records of a kind.
    ///
    /// # Errors
    /// [`ErrorCode::TooLarge`] when the filter reads too much for a single record; or the storage failed.
    pub fn api_page<E: Entity>(&self, caller: &Caller, asked: Asked<'_, E>) -> Result<ApiPage<E>, ServerError> {
        let view = self.snapshot()?;
        let sight = sight(view.as_ref(), caller)?;
        let metered = Metered::new(view.as_ref(), &sight);
        let mut page = ApiPage { items: Vec::new(), next: None };
        let mut last = asked.after;
        let mut looked_at = 0;
        let first = last.as_ref().map_or(0, |place| place.way);
        for (at, way) in asked.ways.iter().enumerate().skip(first) {
            loop {
                let from = last.as_ref().filter(|place| place.way == at);
                let keys = way.keys(view.as_ref(), E::KIND, from, asked.backwards)?;
                let is_last = keys.len() < CHUNK;
                for (key, id) in keys {
                    let is_enough = looked_at == LOOKED_AT || metered.so_far() > READ_ENOUGH;
                    if page.items.len() == asked.limit || is_enough {
                        page.next = last;
                        return Ok(page);
                    }
                    looked_at += 1;
                    last = Some(Place { way: at, key, id });
                    let Some(record) = metered.read(E::KIND, id)?.and_then(E::from_record) else { continue };
                    if (asked.passes)(&record, &metered).map_err(|fault| too_much(&metered, fault))? {
                        page.items.push(Stood { record, seq: view.seq_of(E::KIND, id)? });
                    }
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(page)
    }

    /// One record, by identity or number.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], also for a record out of scope; or the storage failed.
    pub fn api_get<E: Entity>(&self, caller: &Caller, named: &str) -> Result<Stood<E>, ServerError> {
        let view = self.snapshot()?;
        let sight = sight(view.as_ref(), caller)?;
        let metered = Metered::new(view.as_ref(), &sight);
        let ids = match named.parse::<Uuid>() {
            Ok(id) => vec![id],
            Err(_) => view.ids_under(Lookup::Number, named)?,
        };
        for id in ids {
            if let Some(record) = metered.read(E::KIND, id)?.and_then(E::from_record) {
                return Ok(Stood { record, seq: view.seq_of(E::KIND, id)? });
            }
        }
        Err(absent(E::KIND, named).into())
    }

    /// What CIs reach, as far as the caller may read; and the same records for whoever tells of it.
    ///
    /// # Errors
    /// [`ErrorCode::TooLarge`] when it reads too much; or the storage failed.
    pub fn api_impact<T>(
        &self,
        caller: &Caller,
        question: &Question,
        tell: impl FnOnce(&Impact, &dyn Records) -> Result<T, Fault>,
    ) -> Result<T, ServerError> {
        self.api_look(caller, |records| tell(&analyse(question, records)?, records))
    }

    /// Looks at records as far as the caller may read.
    ///
    /// # Errors
    /// [`ErrorCode::TooLarge`] when it reads too much; or the storage failed.
    pub fn api_look<T>(
        &self,
        caller: &Caller,
        look: impl FnOnce(&dyn Records) -> Result<T, Fault>,
    ) -> Result<T, ServerError> {
        let view = self.snapshot()?;
        let sight = sight(view.as_ref(), caller)?;
        let metered = Metered::new(view.as_ref(), &sight);
        look(&metered).map_err(|fault| too_much(&metered, fault))
    }
}

impl Way {
    /// The next keys on the way.
    fn keys(
        &self,
        view: &dyn WorkspaceView,
        kind: Kind,
        from: Option<&Place>,
        backwards: bool,
    ) -> Result<Vec<(String, Uuid)>, ServerError> {
        let (lookup, keys) = match self {
            Self::Made => {
                let from = from.map(|place| place.id);
                let ids = match backwards {
                    true => view.ids_before(kind, from, CHUNK)?,
                    false => view.ids_after(kind, from, CHUNK)?,
                };
                return Ok(ids.into_iter().map(|id| (String::new(), id)).collect());
            }
            Self::Begin(lookup, start) => (*lookup, Keys::Begin(start)),
            Self::Is(lookup, key) => (*lookup, Keys::Is(key)),
        };
        let after = from.map(|place| (place.key.as_str(), place.id));
        Ok(view.along(&Stretch { lookup, keys, after, backwards, limit: CHUNK })?)
    }
}

fn sight(view: &dyn WorkspaceView, caller: &Caller) -> Result<Sight, ServerError> {
    let records = Seen(view);
    let person = records.get::<Person>(caller.person)?.ok_or_else(not_signed_in)?;
    Ok(Sight::of(&person, &records)?)
}

fn too_much(metered: &Metered<'_>, fault: Fault) -> ServerError {
    if !metered.is_spent() {
        return fault.into();
    }
    ErrorBody::new(
        ErrorCode::TooLarge,
        format!("The answer needs more than the {READ_MOST} records that one request may read."),
        "Ask for less: a filter that follows fewer relations, or a smaller depth.",
    )
    .into()
}

fn absent(kind: Kind, named: &str) -> ErrorBody {
    let what = kind.name().replace('_', " ");
    ErrorBody::new(ErrorCode::NotFound, format!("There is no {what} {named}."), "List them, then name one of them.")
}
