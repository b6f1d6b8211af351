//! A workspace in a database as tables, for a move to another storage.

use super::super::StorageError;
use super::super::transfer::{Table, Tables, Value};
use super::pool::{Connection, wait};
use super::{LOCK, Postgres, index_key};
use slipway_domain::id::WorkspaceId;
use std::collections::BTreeMap;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

/// A workspace inside one writing transaction.
pub(in super::super) struct PgTables {
    connection: Connection,
    id: Uuid,
}

/// A move takes as long as it takes.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// Rows that are fetched at once.
const STRIDE: usize = 2_000;

impl PgTables {
    /// Keeps every writer out of an existing workspace.
    pub(in super::super) fn lock(storage: &Postgres, id: WorkspaceId) -> Result<Self, StorageError> {
        let mut connection = storage.pool.take()?;
        connection.begin(BEGIN, LOCK, &[&id.0])?.ok_or(StorageError::NoWorkspace)?;
        Ok(Self { connection, id: id.0 })
    }

    /// Makes room for a workspace that is not there.
    pub(in super::super) fn fill(storage: &Postgres, id: WorkspaceId) -> Result<Self, StorageError> {
        let mut connection = storage.pool.take()?;
        if connection.begin(BEGIN, LOCK, &[&id.0])?.is_some() {
            return Err(StorageError::Engine("the database holds this workspace already".into()));
        }
        Ok(Self { connection, id: id.0 })
    }

    fn prepare(&self, sql: &str) -> Result<Statement, StorageError> {
        Ok(wait(self.connection.client()?.prepare(sql))?)
    }

    fn query(&self, statement: &Statement, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StorageError> {
        Ok(wait(self.connection.client()?.query(statement, params))?)
    }
}

/// The column that says whose a row is.
fn owner(table: &Table) -> &'static str {
    if table.name == "workspace" { "id" } else { "workspace" }
}

/// A name as SQL has it; every name comes from the schema.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

impl Tables for PgTables {
    fn tables(&self) -> Result<Vec<Table>, StorageError> {
        let columns = self.connection.rows(
            "SELECT table_name::text, column_name::text FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name <> 'slipway_version'
             ORDER BY table_name::text COLLATE \"C\", column_name::text COLLATE \"C\"",
            &[],
        )?;
        let keys = self.connection.rows(
            "SELECT key.table_name::text, key.column_name::text
             FROM information_schema.table_constraints AS made
             JOIN information_schema.key_column_usage AS key
               ON key.constraint_schema = made.constraint_schema AND key.constraint_name = made.constraint_name
              AND key.table_name = made.table_name
             WHERE made.constraint_type = 'PRIMARY KEY' AND made.table_schema = current_schema()
             ORDER BY key.ordinal_position",
            &[],
        )?;
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for row in columns {
            let (name, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let empty = Table { name: name.clone(), columns: Vec::new(), key: Vec::new() };
            tables.entry(name).or_insert(empty).columns.push(column);
        }
        for row in keys {
            let (name, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            if let Some(table) = tables.get_mut(&name) {
                table.key.push(column);
            }
        }
        for table in tables.values_mut() {
            // SQLite's file is one workspace's, so its rows do not say whose they are.
            table.columns.retain(|column| column != "workspace");
            table.key.retain(|column| column != "workspace");
        }
        Ok(tables.into_values().collect())
    }

    fn each(
        &self,
        table: &Table,
        show: &mut dyn FnMut(Vec<Value>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        self.connection.batch(&format!(
            "DECLARE moving NO SCROLL CURSOR FOR SELECT {} FROM \"{}\" WHERE \"{}\" = '{}' ORDER BY {}",
            quoted(&table.columns),
            table.name,
            owner(table),
            self.id,
            quoted(&table.key),
        ))?;
        let fetch = self.prepare(&format!("FETCH {STRIDE} FROM moving"))?;
        loop {
            let rows = self.query(&fetch, &[])?;
            for row in &rows {
                show((0..row.len()).map(|at| value(row, at)).collect::<Result<_, _>>()?)?;
            }
            if rows.len() < STRIDE {
                return self.connection.batch("CLOSE moving");
            }
        }
    }

    fn add(&self, table: &Table, rows: Vec<Vec<Value>>) -> Result<(), StorageError> {
        if rows.is_empty() {
            return Ok(());
        }
        let names = quoted(&table.columns);
        // Asked for the types only.
        let probe = self.prepare(&format!("SELECT {names} FROM \"{}\"", table.name))?;
        let types: Vec<Type> = probe.columns().iter().map(|column| column.type_().clone()).collect();
        let mut columns: Vec<Cells> = types.iter().map(Cells::of).collect::<Result<_, _>>()?;
        for row in rows {
            for ((cells, value), name) in columns.iter_mut().zip(row).zip(&table.columns) {
                match value {
                    Value::Text(key) if table.name == "lookup" && name == "key" => {
                        cells.push(Value::Text(index_key(&key)))?;
                    }
                    value => cells.push(value)?,
                }
            }
        }
        let arrays: Vec<String> =
            types.iter().enumerate().map(|(at, kind)| format!("${}::{}[]", at + 1, kind.name())).collect();
        let (whose, mine) = match owner(table) {
            "workspace" => ("workspace, ", format!("'{}'::uuid, ", self.id)),
            _ => ("", String::new()),
        };
        let sql = format!(
            "INSERT INTO \"{}\" ({whose}{names}) SELECT {mine}* FROM unnest({})",
            table.name,
            arrays.join(", ")
        );
        let insert = self.prepare(&sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Cells::param).collect();
        wait(self.connection.client()?.execute(&insert, &params))?;
        Ok(())
    }

    fn forget_workspace(&self) -> Result<(), StorageError> {
        self.connection.execute("DELETE FROM workspace WHERE id = $1", &[&self.id])?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StorageError> {
        self.connection.commit()
    }
}

/// One column's values for many rows.
enum Cells {
    Uuids(Vec<Option<Uuid>>),
    Figures(Vec<Option<i64>>),
    Small(Vec<Option<i32>>),
    Truths(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

fn odd(what: &Type) -> StorageError {
    StorageError::Corrupt { what: "cell", why: format!("it does not fit a column of type {what}") }
}

impl Cells {
    fn of(kind: &Type) -> Result<Self, StorageError> {
        Ok(match *kind {
            Type::UUID => Self::Uuids(Vec::new()),
            Type::INT8 => Self::Figures(Vec::new()),
            Type::INT4 => Self::Small(Vec::new()),
            Type::BOOL => Self::Truths(Vec::new()),
            Type::TEXT => Self::Texts(Vec::new()),
            Type::BYTEA => Self::Bytes(Vec::new()),
            _ => return Err(odd(kind)),
        })
    }

    fn push(&mut self, value: Value) -> Result<(), StorageError> {
        match (self, value) {
            (Self::Uuids(cells), Value::Bytes(bytes)) => {
                cells.push(Some(Uuid::from_slice(&bytes).map_err(|_| odd(&Type::UUID))?));
            }
            (Self::Figures(cells), Value::Figure(figure)) => cells.push(Some(figure)),
            (Self::Small(cells), Value::Figure(figure)) => {
                cells.push(Some(i32::try_from(figure).map_err(|_| odd(&Type::INT4))?));
            }
            (Self::Truths(cells), Value::Figure(figure)) => cells.push(Some(figure != 0)),
            (Self::Texts(cells), Value::Text(text)) => cells.push(Some(text)),
            (Self::Bytes(cells), Value::Bytes(bytes)) => cells.push(Some(bytes)),
            (Self::Uuids(cells), Value::Nothing) => cells.push(None),
            (Self::Figures(cells), Value::Nothing) => cells.push(None),
            (Self::Small(cells), Value::Nothing) => cells.push(None),
            (Self::Truths(cells), Value::Nothing) => cells.push(None),
            (Self::Texts(cells), Value::Nothing) => cells.push(None),
            (Self::Bytes(cells), Value::Nothing) => cells.push(None),
            _ => return Err(StorageError::Corrupt { what: "cell", why: "it is of another type".to_owned() }),
        }
        Ok(())
    }

    fn param(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Uuids(cells) => cells,
            Self::Figures(cells) => cells,
            Self::Small(cells) => cells,
            Self::Truths(cells) => cells,
            Self::Texts(cells) => cells,
            Self::Bytes(cells) => cells,
        }
    }
}

fn value(row: &Row, at: usize) -> Result<Value, StorageError> {
    let kind = row.columns().get(at).map_or(Type::UNKNOWN, |column| column.type_().clone());
    let value = match kind {
        Type::UUID => row.try_get::<_, Option<Uuid>>(at)?.map(|id| Value::Bytes(id.as_bytes().to_vec())),
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Value::Figure),
        Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(|figure| Value::Figure(figure.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map(|truth| Value::Figure(truth.into())),
        Type::TEXT => row.try_get::<_, Option<String>>(at)?.map(Value::Text),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Value::Bytes),
        _ => return Err(odd(&kind)),
    };
    Ok(value.unwrap_or(Value::Nothing))
}
