//! Relations: `source,relation,target` by the names of the CIs.

use super::cis::{Named, Names, Would};
use super::header::Header;
use super::seen::Seen;
use super::{Format, Mode, NumberSource, RowError, Wanted};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{CmdbCommand, Command, RelationRow};
use slipway_domain::records::{Records, RecordsExt};

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
    seen: Seen,
}

impl Relations {
    /// Relations as a file has them.
    #[must_use]
    pub fn new(again: Again, mode: Mode, would: Would) -> Self {
        Self { again, mode, header: Header::default(), names: Names::beside(would), seen: Seen::default() }
    }
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

    fn header(&mut self, header: Header) {
        self.header = header;
    }

    // Twice in a file is found by identity, which a row that was passed over does not have: the domain leaves it alone.
    fn pass_over(&mut self, _line: u32, _fields: &[String]) {}

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<RelationRow>, RowError> {
        let header = &self.header;
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
