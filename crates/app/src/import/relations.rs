//! Relations: `source,relation,target` by the names of the CIs.

use super::cis::{Named, Names, Would};
use super::header::Header;
use super::seen::Seen;
use super::{Format, Mode, NumberSource, RowError, Wanted};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::relation_kind::{self, RelationKind};
use slipway_domain::command::{CmdbCommand, Command, RelationRow};
use slipway_domain::records::{Records, RecordsExt};
use std::collections::BTreeMap;

/// What becomes of a relation that the file has named before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The row is refused: one of the two is a slip.
    Refused,
    /// It is passed over: the file names relations from both ends.
    Left,
}

/// Reads relations.
#[derive(Debug)]
pub struct Relations {
    again: Again,
    mode: Mode,
    header: Header,
    names: Names,
    /// The workspace's relation types.
    kinds: Option<BTreeMap<RelationType, RelationKind>>,
    seen: Seen,
}

impl Relations {
    /// Relations as a file has them.
    #[must_use]
    pub fn new(again: Again, mode: Mode, would: Would) -> Self {
        Self { again, mode, header: Header::default(), names: Names::beside(would), kinds: None, seen: Seen::default() }
    }
}

/// A relation type by its name or by that of its inverse; `true` when source and target change places.
fn relation_type(text: &str, kinds: &BTreeMap<RelationType, RelationKind>) -> Result<(RelationType, bool), RowError> {
    let words = text.trim().to_lowercase().replace(['_', '-'], " ");
    if let Some(kind) = kinds.values().find(|kind| kind.key.label() == words || kind.name.to_lowercase() == words) {
        return Ok((kind.key, false));
    }
    if let Some(kind) = kinds.values().find(|kind| kind.inverse.to_lowercase() == words) {
        return Ok((kind.key, true));
    }
    let names: Vec<&str> = kinds.values().map(|kind| kind.name.as_str()).collect();
    let inverses: Vec<&str> = kinds.values().map(|kind| kind.inverse.as_str()).collect();
    Err(RowError::because(format!(
        "relation {text:?} is none of: {}, or its inverse: {}",
        names.join(", "),
        inverses.join(", ")
    )))
}

impl Format for Relations {
    type Row = RelationRow;

    fn header(&mut self, header: Header) {
        self.header = header;
    }

    // Twice in a file is found by identity, which a row that was passed over does not have: the domain leaves it alone.
    fn pass_over(&mut self, _line: u32, _fields: &[String]) {}

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<RelationRow>, RowError> {
        let header = &self.header;
        let value = |column| header.value(fields, column);
        let kinds = match &self.kinds {
            Some(kinds) => kinds,
            None => self.kinds.insert(relation_kind::all(records)?),
        };
        let (relation_type, swapped) = relation_type(value("relation"), kinds)?;
        let source = self.names.one(value("source"), value("source_class"), records);
        let target = self.names.one(value("target"), value("target_class"), records);
        let (source, target) = match (source, target) {
            (Err(RowError::Refused(a)), Err(RowError::Refused(b))) if a != b => {
                return Err(RowError::Refused(format!("{a}; {b}")));
            }
            (source, target) => (source?, target?),
        };
        let (Named::Here(source), Named::Here(target)) = (source, target) else {
            return Ok(if self.mode == Mode::DryRun { Wanted::Would } else { Wanted::Already });
        };
        let (source, target) = if swapped { (target, source) } else { (source, target) };
        let relation = Relation::new(source, relation_type, target);
        if let Some(first) = self.seen.before(&relation.id.to_string(), line) {
            return match self.again {
                Again::Left => Ok(Wanted::Already),
                Again::Refused => Err(RowError::because(format!(
                    "the same relation is on line {first} already; keep one of the two rows"
                ))),
            };
        }
        if records.get::<Relation>(relation.id)?.is_some() {
            return Ok(Wanted::Already);
        }
        Ok(Wanted::Send(RelationRow { line, relation }))
    }

    fn command(&self, rows: &[RelationRow], _numbers: &mut dyn NumberSource) -> Command {
        Command::Cmdb(CmdbCommand::ImportRelations(rows.to_vec()))
    }
}
