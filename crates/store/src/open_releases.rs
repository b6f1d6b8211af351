//! Releases that are not closed: for whoever looks at all work under way, however many releases came before.

use crate::db::Db;
use crate::error::Trouble;
use crate::view::{View, uuid};
use slipway_domain::record::Kind;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::Phase;
use uuid::Uuid;

pub(crate) const IN_PHASE: &str = "SELECT id FROM summary WHERE kind = ?1 AND grp = ?2";

impl View<'_> {
    /// Ids of all releases in a phase that is not closed, phase by phase.
    ///
    /// # Errors
    /// A storage fault.
    pub fn open_releases(&self) -> Result<Vec<Uuid>, Fault> {
        let mut found = Vec::new();
        for phase in Phase::ALL.iter().filter(|phase| !phase.is_closed()) {
            found.extend(in_phase(self.0, *phase).map_err(Trouble::into_fault)?);
        }
        Ok(found)
    }
}

fn in_phase(db: &Db, phase: Phase) -> Result<Vec<Uuid>, Trouble> {
    let mut statement = db.prepare_cached(IN_PHASE)?;
    let rows = statement.query_map((Kind::Release.name(), phase.label().to_lowercase()), |row| uuid(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
