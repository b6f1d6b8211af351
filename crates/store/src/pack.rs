//! Bodies in a small form from which the exact bytes come back.
//!
//! Relations are their type and the row numbers of their ends; CIs are their fields one after the other, with names for
//! what many share. A body that would not come back byte for byte, and every body of another kind, stays the JSON that
//! it is: checksums and the wire need its bytes.

use crate::db::Db;
use crate::error::Trouble;
use crate::view::row_of;
use rusqlite::types::ValueRef;
use rusqlite::{Row, ToSql};
use slipway_domain::cmdb::ci::{Ci, CiStatus, Environment};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::id::{CiId, GroupId, PersonId, RelationId, SiteId};
use slipway_domain::level::Criticality;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use uuid::Uuid;

/// The first byte of a packed CI.
const CI_FORM: u8 = 1;

/// A body as it is stored, with the rows of a relation's ends.
pub(crate) struct Packed {
    body: Form,
    pub(crate) source: Option<i64>,
    pub(crate) target: Option<i64>,
}

enum Form {
    Json(String),
    Ci(Vec<u8>),
    Relation(i64),
}

impl ToSql for Packed {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match &self.body {
            Form::Json(text) => text.to_sql(),
            Form::Ci(bytes) => bytes.to_sql(),
            Form::Relation(code) => code.to_sql(),
        }
    }
}

/// Finds the row of a CI, and makes one where there is none yet.
pub(crate) type RowOf<'a> = &'a mut dyn FnMut(Uuid) -> Result<i64, Trouble>;

/// A body that is to be packed.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    /// That of this record.
    Of(&'a Record),
    /// This text, and what it says if this program can read it.
    Text(&'a str, Option<&'a Record>),
}

impl<'a> Body<'a> {
    fn record(self) -> Option<&'a Record> {
        match self {
            Self::Of(record) => Some(record),
            Self::Text(_, record) => record,
        }
    }

    fn is_exact(self, record: &Record) -> bool {
        match self {
            Self::Of(_) => true,
            Self::Text(text, _) => record.is_body(text),
        }
    }

    fn text(self) -> Result<String, Fault> {
        match self {
            Self::Of(record) => record.body(),
            Self::Text(text, _) => Ok(text.to_owned()),
        }
    }
}

/// Packs a body.
pub(crate) fn pack(db: &Db, body: Body<'_>, row_of: RowOf<'_>) -> Result<Packed, Trouble> {
    let json =
        |source, target| -> Result<Packed, Trouble> { Ok(Packed { body: Form::Json(body.text()?), source, target }) };
    match body.record() {
        Some(whole @ Record::Relation(relation)) => {
            let (source, target) = (Some(row_of(relation.source.0)?), Some(row_of(relation.target.0)?));
            match type_code(relation.relation_type) {
                Some(code) if body.is_exact(whole) => Ok(Packed { body: Form::Relation(code), source, target }),
                _ => json(source, target),
            }
        }
        Some(whole @ Record::Ci(ci)) => {
            let bytes = write_ci(db, ci)?;
            if body.is_exact(whole) && read_ci(db, ci.id.0, &bytes)? == **ci {
                return Ok(Packed { body: Form::Ci(bytes), source: None, target: None });
            }
            json(None, None)
        }
        _ => json(None, None),
    }
}

/// A body as it was stored, taken from a row: its columns are `body`, `source` and `target`.
pub(crate) enum Stored {
    /// There is no body.
    Nothing,
    Json(String),
    Ci(Vec<u8>),
    Relation(i64, i64, i64),
}

impl Stored {
    /// From a row whose column `at` is `body`, followed by `source` and `target`.
    pub(crate) fn from_row(row: &Row<'_>, at: usize) -> Result<Self, rusqlite::Error> {
        Ok(match row.get_ref(at)? {
            ValueRef::Null => Self::Nothing,
            ValueRef::Blob(bytes) => Self::Ci(bytes.to_owned()),
            ValueRef::Integer(code) => Self::Relation(code, row.get(at + 1)?, row.get(at + 2)?),
            other => Self::Json(other.as_str()?.to_owned()),
        })
    }

    /// Its exact bytes; `None` if there is none.
    pub(crate) fn body(self, db: &Db, id: Uuid) -> Result<Option<String>, Trouble> {
        Ok(match self {
            Self::Nothing => None,
            Self::Json(text) => Some(text),
            Self::Ci(bytes) => Some(Record::from(read_ci(db, id, &bytes)?).body()?),
            Self::Relation(..) => match self.record(db, Kind::Relation, id)? {
                Some(record) => Some(record.body()?),
                None => None,
            },
        })
    }

    /// The record; `None` if there is no body.
    pub(crate) fn record(self, db: &Db, kind: Kind, id: Uuid) -> Result<Option<Record>, Trouble> {
        Ok(Some(match self {
            Self::Nothing => return Ok(None),
            Self::Json(text) => Record::from_body(kind, &text)?,
            Self::Ci(bytes) => read_ci(db, id, &bytes)?.into(),
            Self::Relation(code, source, target) => Relation {
                id: RelationId(id),
                source: CiId(id_of(db, source)?),
                relation_type: type_of(code).ok_or_else(broken)?,
                target: CiId(id_of(db, target)?),
            }
            .into(),
        }))
    }
}

pub(crate) const AT_ROW: &str = "SELECT kind, id, body, source, target FROM record WHERE n = ?1";
pub(crate) const ID_OF: &str = "SELECT id FROM record WHERE n = ?1";

/// The identity of the record in a row.
pub(crate) fn id_of(db: &Db, n: i64) -> Result<Uuid, rusqlite::Error> {
    db.prepare_cached(ID_OF)?.query_row((n,), |row| crate::view::uuid(row, 0))
}

/// The row of a CI as the end of a relation: it may lie at a site that this laptop does not hold.
pub(crate) fn end(db: &Db, id: Uuid) -> Result<i64, Trouble> {
    row_of(db, Kind::Ci.name(), id)
}

/// Stored in every database: never changed, only added to. Relations of a workspace's own types have no code and stay
/// JSON.
pub(crate) fn type_code(relation_type: RelationType) -> Option<i64> {
    Some(match relation_type {
        RelationType::DependsOn => 0,
        RelationType::Contains => 1,
        RelationType::RunsOn => 2,
        RelationType::HostedOn => 3,
        RelationType::ConnectsTo => 4,
        RelationType::Provides => 5,
        _ => return None,
    })
}

pub(crate) fn type_of(code: i64) -> Option<RelationType> {
    RelationType::ALL.iter().copied().find(|t| type_code(*t) == Some(code))
}

fn broken() -> Trouble {
    Trouble::Fault(Fault::new("a packed body cannot be read"))
}

fn write_ci(db: &Db, ci: &Ci) -> Result<Vec<u8>, Trouble> {
    let mut out = Out { db, bytes: vec![CI_FORM] };
    match ci.number.position().filter(|n| Number::new(Series::Ci, *n) == ci.number) {
        Some(position) => out.count(u64::from(position) + 1),
        None => {
            out.count(0);
            out.text(ci.number.as_str());
        }
    }
    out.text(&ci.name);
    out.name(&ci.class)?;
    out.level(CiStatus::ALL, &ci.status);
    out.level(Environment::ALL, &ci.environment);
    out.level(Criticality::ALL, &ci.criticality);
    out.name(&ci.manufacturer)?;
    out.name(&ci.model)?;
    out.text(&ci.version);
    out.text(&ci.serial_number);
    out.text(&ci.asset_tag);
    out.id(ci.location.site.map(|id| id.0))?;
    out.name(&ci.location.building)?;
    out.name(&ci.location.room)?;
    out.name(&ci.location.rack)?;
    out.count(ci.location.u.map_or(0, |u| u64::from(u) + 1));
    out.id(ci.owner.map(|id| id.0))?;
    out.id(ci.support_group.map(|id| id.0))?;
    out.count(ci.attributes.len() as u64);
    for (name, value) in &ci.attributes {
        out.name(name)?;
        out.text(value);
    }
    out.text(&ci.notes);
    Ok(out.bytes)
}

fn read_ci(db: &Db, id: Uuid, bytes: &[u8]) -> Result<Ci, Trouble> {
    let mut from = In { db, bytes };
    if from.byte()? != CI_FORM {
        return Err(broken());
    }
    let number = match from.count()? {
        0 => from.text()?.parse().map_err(Fault::new)?,
        position => Number::new(Series::Ci, u32::try_from(position - 1).map_err(Fault::new)?),
    };
    let name = from.text()?;
    let class = from.name()?;
    let mut ci = Ci::blank(CiId(id), number, "", "");
    (ci.name, ci.class) = (name, class);
    ci.status = from.level(CiStatus::ALL)?;
    ci.environment = from.level(Environment::ALL)?;
    ci.criticality = from.level(Criticality::ALL)?;
    ci.manufacturer = from.name()?;
    ci.model = from.name()?;
    ci.version = from.text()?;
    ci.serial_number = from.text()?;
    ci.asset_tag = from.text()?;
    ci.location.site = from.id()?.map(SiteId);
    ci.location.building = from.name()?;
    ci.location.room = from.name()?;
    ci.location.rack = from.name()?;
    ci.location.u = match from.count()? {
        0 => None,
        u => Some(u32::try_from(u - 1).map_err(Fault::new)?),
    };
    ci.owner = from.id()?.map(PersonId);
    ci.support_group = from.id()?.map(GroupId);
    for _ in 0..from.count()? {
        let name = from.name()?;
        ci.attributes.insert(name, from.text()?);
    }
    ci.notes = from.text()?;
    Ok(ci)
}

struct Out<'d> {
    db: &'d Db,
    bytes: Vec<u8>,
}

impl Out<'_> {
    /// Seven bits a byte, the lowest first.
    fn count(&mut self, mut n: u64) {
        while n > 0x7f {
            self.bytes.push(u8::try_from(n & 0x7f).unwrap_or_default() | 0x80);
            n >>= 7;
        }
        self.bytes.push(u8::try_from(n).unwrap_or_default());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A text that many records share; 0 is the empty one.
    fn name(&mut self, text: &str) -> Result<(), rusqlite::Error> {
        let code = if text.is_empty() { 0 } else { self.db.code_or_new(text)? };
        self.count(code.cast_unsigned());
        Ok(())
    }

    fn id(&mut self, id: Option<Uuid>) -> Result<(), rusqlite::Error> {
        self.name(&id.map(|id| id.to_string()).unwrap_or_default())
    }

    /// A level as its place among all; new ones are added at the end of their list, or read back another way and
    /// then kept as JSON.
    fn level<T: PartialEq>(&mut self, all: &[T], level: &T) {
        self.count(all.iter().position(|l| l == level).unwrap_or(usize::MAX) as u64);
    }
}

struct In<'d> {
    db: &'d Db,
    bytes: &'d [u8],
}

impl In<'_> {
    fn byte(&mut self) -> Result<u8, Trouble> {
        let (first, rest) = self.bytes.split_first().ok_or_else(broken)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn count(&mut self) -> Result<u64, Trouble> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(broken())
    }

    fn text(&mut self) -> Result<String, Trouble> {
        let length = usize::try_from(self.count()?).map_err(Fault::new)?;
        let (text, rest) = self.bytes.split_at_checked(length).ok_or_else(broken)?;
        self.bytes = rest;
        Ok(std::str::from_utf8(text).map_err(Fault::new)?.to_owned())
    }

    fn name(&mut self) -> Result<String, Trouble> {
        match self.count()? {
            0 => Ok(String::new()),
            code => Ok(self.db.text(code.cast_signed())?.to_string()),
        }
    }

    fn id(&mut self) -> Result<Option<Uuid>, Trouble> {
        let text = self.name()?;
        if text.is_empty() { Ok(None) } else { Ok(Some(text.parse().map_err(Fault::new)?)) }
    }

    fn level<T: Copy>(&mut self, all: &[T]) -> Result<T, Trouble> {
        let place = usize::try_from(self.count()?).map_err(Fault::new)?;
        all.get(place).copied().ok_or_else(broken)
    }
}
