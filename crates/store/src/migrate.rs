//! Numbered migrations on `user_version`. Forward only; a newer database is left alone.

use crate::error::{OpenError, Trouble};
use crate::key::Key;
use crate::pool::{Purpose, connect};
use rusqlite::backup::Backup;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// In order; the position plus one is the format it leads to.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_init.sql"),
    include_str!("../migrations/0002_sent_by_age.sql"),
    include_str!("../migrations/0003_snapshot.sql"),
    include_str!("../migrations/0004_marks.sql"),
    include_str!("../migrations/0005_carry.sql"),
    include_str!("../migrations/0006_compact.sql"),
    include_str!("../migrations/0007_narrow.sql"),
    include_str!("../migrations/0008_impact.sql"),
    include_str!("../migrations/0009_merging.sql"),
    include_str!("../migrations/0010_blobs.sql"),
    include_str!("../migrations/0011_names.sql"),
    include_str!("../migrations/0012_masters.sql"),
    include_str!("../migrations/0013_facts.sql"),
];

/// Marks the file as ours: `Slip`.
pub(crate) const APPLICATION_ID: u32 = 0x536c_6970;

/// Brings the database to the newest format. Before the first step a copy of it is kept beside it.
pub(crate) fn migrate(conn: &mut Connection, path: &Path, key: &Key, steps: &[&str]) -> Result<(), OpenError> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let explain = |e: rusqlite::Error| OpenError::Store(Trouble::from(e).at(path));
    let found = version(conn).map_err(explain)?;
    if found > known {
        return Err(OpenError::NewerThanProgram { path: path.to_owned(), found, known });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        copy(conn, &copy_path(path, found), key).map_err(explain)?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
    // Another process may have been faster.
    let from = version(&tx).map_err(explain)?;
    for sql in steps.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
        tx.execute_batch(sql).map_err(explain)?;
    }
    if from < known {
        tx.pragma_update(None, "user_version", known).map_err(explain)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(explain)?;
    }
    tx.commit().map_err(explain)
}

/// Where the copy from before the migration of that format is kept.
pub(crate) fn copy_path(path: &Path, format: u32) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".format{format}.copy"));
    path.with_file_name(name)
}

fn version(conn: &Connection) -> Result<u32, rusqlite::Error> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn copy(conn: &Connection, to: &Path, key: &Key) -> Result<(), rusqlite::Error> {
    let io = |e: std::io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(e));
    std::fs::File::create(to).map_err(io)?;
    let mut target = connect(to, key, Purpose::Write)?;
    Backup::new(conn, &mut target)?.run_to_completion(1_000, Duration::ZERO, None)?;
    drop(target);
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(io)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::{MIGRATIONS, copy_path, migrate, version};
    use crate::key::Key;
    use crate::open::{Profile, Store};
    use crate::pool::{Purpose, connect};
    use slipway_domain::id::{DeviceId, WorkspaceId};
    use uuid::Uuid;

    #[test]
    fn a_migration_keeps_a_copy_and_happens_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slipway.db");
        let key = Key::new([3; 32]);
        let profile = Profile { workspace: WorkspaceId(Uuid::nil()), device: DeviceId(Uuid::nil()) };
        let store = Store::create(&path, &key, profile).unwrap();
        store.remember("colour", "green").unwrap();
        drop(store);

        let add = "ALTER TABLE meta ADD COLUMN later TEXT NOT NULL DEFAULT 'x'";
        let mut conn = connect(&path, &key, Purpose::Write).unwrap();
        let now = u32::try_from(MIGRATIONS.len()).unwrap();
        let broken = migrate(&mut conn, &path, &key, &[MIGRATIONS, &[add, "CREATE NONSENSE"]].concat()).unwrap_err();
        assert!(broken.to_string().contains("nothing was changed"), "{broken}");
        assert_eq!(version(&conn).unwrap(), now, "neither of the two steps was kept");
        assert!(conn.prepare("SELECT later FROM meta").is_err(), "nor the column");

        migrate(&mut conn, &path, &key, &[MIGRATIONS, &[add]].concat()).unwrap();
        assert_eq!(version(&conn).unwrap(), now + 1, "the new format");
        let colour = |conn: &rusqlite::Connection| -> String {
            conn.query_row("SELECT value FROM meta WHERE name = 'colour'", (), |row| row.get(0)).unwrap()
        };
        assert_eq!(colour(&conn), "green", "what was there is there");

        let copy = connect(&copy_path(&path, now), &key, Purpose::Write).unwrap();
        assert_eq!(
            (version(&copy).unwrap(), colour(&copy).as_str()),
            (now, "green"),
            "the copy is as before, encrypted"
        );
        let plain = std::fs::read(copy_path(&path, now)).unwrap();
        assert!(!plain.windows(6).any(|w| w == b"colour"), "and nobody can read it without the key");
    }

    /// Bodies and checksums are those of the first format, whatever form they are kept in since.
    #[test]
    fn the_first_format_comes_along_byte_for_byte() {
        use slipway_domain::checksum::row_checksum;
        use slipway_domain::cmdb::ci::Ci;
        use slipway_domain::cmdb::relation::{Relation, RelationType};
        use slipway_domain::id::CiId;
        use slipway_domain::lookup::Lookup;
        use slipway_domain::number::{Number, Series};
        use slipway_domain::record::Record;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slipway.db");
        let key = Key::new([3; 32]);
        std::fs::File::create(&path).unwrap();
        let mut conn = connect(&path, &key, Purpose::Write).unwrap();
        crate::pool::durable(&conn).unwrap();
        let old = MIGRATIONS.iter().position(|sql| sql.contains("CREATE TABLE name")).unwrap();
        migrate(&mut conn, &path, &key, &MIGRATIONS[..old]).unwrap();
        conn.execute("INSERT INTO profile (one, workspace, device) VALUES (1, zeroblob(16), zeroblob(16))", ())
            .unwrap();

        let ci = |n: u32| {
            let id = CiId(Uuid::from_u128(u128::from(n) << 8));
            Ci {
                attributes: [("cores".to_owned(), n.to_string())].into(),
                ..Ci::blank(id, Number::new(Series::Ci, n), "server", &format!("srv-{n}"))
            }
        };
        let relation = Relation::new(ci(1).id, RelationType::RunsOn, ci(9).id);
        // The second is not as this program writes it; the target of the relation is not held here.
        let spaced = Record::from(ci(2)).body().unwrap().replace(",\"name\"", ", \"name\"");
        let mut rows: Vec<(&str, Uuid, String)> = vec![
            ("ci", ci(1).id.0, Record::from(ci(1)).body().unwrap()),
            ("ci", ci(2).id.0, spaced),
            ("relation", relation.id.0, Record::from(relation.clone()).body().unwrap()),
            ("of_tomorrow", Uuid::from_u128(77), "{\"new\":true}".to_owned()),
        ];
        let (mut count, mut sum) = (0_i64, 0_u64);
        for (kind, id, body) in &rows {
            conn.execute("INSERT INTO record (kind, id, body) VALUES (?1, ?2, ?3)", (kind, id.as_bytes(), body))
                .unwrap();
        }
        // A pending command removed this one.
        rows.push(("ci", ci(3).id.0, Record::from(ci(3)).body().unwrap()));
        conn.execute("INSERT INTO queue (n, counter, id, payload, signature) VALUES (1, 1, x'00', x'00', x'00')", ())
            .unwrap();
        let removed = rows.last().unwrap();
        conn.execute(
            "INSERT INTO before (kind, id, n, body) VALUES ('ci', ?1, 1, ?2)",
            (removed.1.as_bytes(), &removed.2),
        )
        .unwrap();
        for (kind, id, body) in &rows {
            count += 1;
            let row = row_checksum(kind, *id, 5, body);
            sum = sum.wrapping_add(row);
            conn.execute(
                "INSERT INTO member (bucket, kind, id, seq, sum) VALUES ('workspace', ?1, ?2, 5, ?3)",
                (kind, id.as_bytes(), row.cast_signed()),
            )
            .unwrap();
        }
        conn.execute(
            "INSERT INTO cursor (bucket, seq, count, sum) VALUES ('workspace', 5, ?1, ?2)",
            (count, sum.cast_signed()),
        )
        .unwrap();
        drop(conn);
        rows.sort();
        let before = slipway_domain::checksum::state_hash(rows.iter().map(|(k, id, body)| (*k, *id, body.as_str())));

        let mut told = Vec::new();
        let store = Store::open_telling(&path, &key, &mut |done, of| told.push((done, of))).unwrap();
        assert_eq!(told, [(5, 5)], "whoever waits is told how far it is");
        store.check().unwrap();
        assert_eq!(store.state_hash().unwrap(), before, "the confirmed state is the same");
        assert_eq!(store.verify_confirmed().unwrap(), Vec::<String>::new(), "and so are its checksums");
        let found = |lookup, key: String| store.read(|r| r.find(lookup, &key)).unwrap();
        assert_eq!(found(Lookup::CiByBareName, "srv-2".to_owned()), [ci(2).id.0], "look-ups lead there");
        assert_eq!(found(Lookup::RelationsTo, ci(9).id.to_string()), [relation.id.0], "also from an end not held");
        assert_eq!(store.search("srv-1", &[], 5).unwrap().len(), 1, "search finds them");
        let packed = store.reading(|db| {
            let sql = "SELECT count(*) FROM record WHERE typeof(body) IN ('blob', 'integer')";
            Ok(db.query_row(sql, (), |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(packed.unwrap(), 2, "one CI and the relation; what is written otherwise stays as it is");
    }
}
