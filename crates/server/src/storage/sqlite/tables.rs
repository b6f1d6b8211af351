//! A file as tables, for a move to another storage.

use super::super::StorageError;
use super::super::transfer::{Table, Tables, Value};
use super::{connect, migrate};
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A file inside one writing transaction.
pub(in super::super) struct SqliteTables {
    connection: Connection,
}

impl SqliteTables {
    /// Keeps every writer out of an existing file.
    pub(in super::super) fn lock(file: &Path) -> Result<Self, StorageError> {
        if !file.exists() {
            return Err(StorageError::NoWorkspace);
        }
        Self::begin(file)
    }

    /// Makes a new file without a workspace, in place of any of that name.
    pub(in super::super) fn fill(file: &Path) -> Result<Self, StorageError> {
        for old in with_log(file) {
            match fs::remove_file(&old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StorageError::Engine(Box::new(error)));
                }
                _ => {}
            }
        }
        Self::begin(file)
    }

    fn begin(file: &Path) -> Result<Self, StorageError> {
        let mut connection = connect(file)?;
        #[cfg(unix)]
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(|error| StorageError::Engine(Box::new(error)))?;
        migrate(&mut connection)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Self { connection })
    }

    /// Names the file so that it is neither served nor lost.
    pub(in super::super) fn put_aside(file: &Path) -> io::Result<()> {
        for old in with_log(file) {
            let mut name = old.clone().into_os_string();
            name.push(".moved");
            match fs::rename(&old, name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A file and what stands beside it while it is open.
fn with_log(file: &Path) -> Vec<PathBuf> {
    ["", "-wal", "-shm"]
        .into_iter()
        .map(|suffix| {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        })
        .collect()
}

/// A name as SQL has it; every name comes from the schema.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

impl Tables for SqliteTables {
    fn tables(&self) -> Result<Vec<Table>, StorageError> {
        let mut names = self.connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )?;
        let names = names.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        let mut tables = Vec::new();
        for name in names {
            let mut columns = self.connection.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY name")?;
            let columns = columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let columns = columns.collect::<Result<Vec<(String, i64)>, _>>()?;
            let mut key: Vec<&(String, i64)> = columns.iter().filter(|(_, place)| *place > 0).collect();
            key.sort_by_key(|(_, place)| *place);
            let key = key.into_iter().map(|(name, _)| name.clone()).collect();
            tables.push(Table { name, key, columns: columns.into_iter().map(|(name, _)| name).collect() });
        }
        Ok(tables)
    }

    fn each(
        &self,
        table: &Table,
        show: &mut dyn FnMut(Vec<Value>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let sql = format!("SELECT {} FROM \"{}\" ORDER BY {}", quoted(&table.columns), table.name, quoted(&table.key));
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let value = |at| {
                Ok(match row.get_ref(at)? {
                    ValueRef::Null => Value::Nothing,
                    ValueRef::Integer(figure) => Value::Figure(figure),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
                    ValueRef::Real(_) => {
                        let why = format!("{} holds a fraction", table.name);
                        return Err(StorageError::Corrupt { what: "cell", why });
                    }
                })
            };
            show((0..table.columns.len()).map(value).collect::<Result<_, StorageError>>()?)?;
        }
        Ok(())
    }

    fn add(&self, table: &Table, rows: Vec<Vec<Value>>) -> Result<(), StorageError> {
        let marks = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", table.name, quoted(&table.columns));
        let mut statement = self.connection.prepare_cached(&sql)?;
        for row in rows {
            statement.execute(rusqlite::params_from_iter(row))?;
        }
        Ok(())
    }

    fn forget_workspace(&self) -> Result<(), StorageError> {
        self.connection.execute("DELETE FROM workspace", [])?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StorageError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Nothing => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Figure(figure) => ToSqlOutput::Borrowed(ValueRef::Integer(*figure)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
