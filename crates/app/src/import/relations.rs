//! Relations from CSV: `source,relation,target` by the names of the CIs.

use super::cis::Names;
use super::header::{Columns, Header, Others};
use super::{Format, NumberSource, RowError, Wanted};
use crate::error::CallError;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{CmdbCommand, Command, RelationRow};
use slipway_domain::id::RelationId;
use slipway_domain::records::{Records, RecordsExt};
use std::collections::HashMap;

/// Reads relation files.
#[derive(Debug, Default)]
pub struct Relations {
    header: Option<Header>,
    names: Names,
    /// Line on which a relation was seen first.
    seen: HashMap<RelationId, u32>,
}

/// A relation type by its name or by that of its inverse; `true` when source and target change places.
fn relation_type(text: &str) -> Result<(RelationType, bool), RowError> {
    let inverse = text.trim().to_lowercase().replace(['_', '-'], " ");
    if let Some(found) = RelationType::ALL.iter().find(|t| t.inverse() == inverse && t.label() != inverse) {
        return Ok((*found, true));
    }
    match text.parse() {
        Ok(found) => Ok((found, false)),
        Err(error) => {
            let inverses: Vec<&str> = RelationType::ALL.iter().map(|t| t.inverse()).collect();
            Err(RowError::because(format!("relation {error}, or its inverse: {}", inverses.join(", "))))
        }
    }
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
        let (relation_type, swapped) = relation_type(value("relation"))?;
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
