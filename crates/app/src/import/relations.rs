//! Relations from CSV: `source,relation,target` by the names of the CIs.

use super::cis::Names;
use super::header::{Columns, Header, Others};
use super::{Format, NumberSource, RowError, Wanted};
use crate::error::CallError;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::relation_kind::{self, RelationKind};
use slipway_domain::command::{CmdbCommand, Command, RelationRow};
use slipway_domain::id::RelationId;
use slipway_domain::records::{Records, RecordsExt};
use std::collections::{BTreeMap, HashMap};

/// Reads relation files.
#[derive(Debug, Default)]
pub struct Relations {
    header: Option<Header>,
    names: Names,
    /// The workspace's relation types.
    kinds: Option<BTreeMap<RelationType, RelationKind>>,
    /// Line on which a relation was seen first.
    seen: HashMap<RelationId, u32>,
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

    fn columns(&self) -> Columns {
        Columns {
            required: &["source", "relation", "target"],
            optional: &["source_class", "target_class"],
            others: Others::Refused,
        }
    }

    fn header(&mut self, header: Header) -> Result<(), CallError> {
        self.header = Some(header);
        Ok(())
    }

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<RelationRow>, RowError> {
        let Some(header) = &self.header else { return Err(RowError::because("there is no header")) };
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
        let (source, target) = if swapped { (target, source) } else { (source, target) };
        let relation = Relation::new(source, relation_type, target);
        if let Some(first) = self.seen.get(&relation.id) {
            return Err(RowError::because(format!(
                "the same relation is on line {first} already; keep one of the two rows"
            )));
        }
        self.seen.insert(relation.id, line);
        if records.get::<Relation>(relation.id)?.is_some() {
            return Ok(Wanted::Already);
        }
        Ok(Wanted::Send(RelationRow { line, relation }))
    }

    fn command(&self, rows: &[RelationRow], _numbers: &mut dyn NumberSource) -> Command {
        Command::Cmdb(CmdbCommand::ImportRelations(rows.to_vec()))
    }
}
