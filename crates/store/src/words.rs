//! Merging what the index of words has gathered, in steps that a person who writes meanwhile does not notice.

pub(crate) mod beside;

use crate::error::StoreError;
use crate::open::Store;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Pages that a step merges: some 10 ms.
const STEP_PAGES: i64 = 32;

pub(crate) const MERGE: &str = "INSERT INTO search (search, rank) VALUES ('merge', ?1)";

/// At which state of the database there was nothing left to merge: changes by this program, and those by others.
#[derive(Default)]
pub(crate) struct Merged(Mutex<Option<(u64, i64)>>);

impl Merged {
    fn is(&self, own: u64, foreign: i64) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) == Some((own, foreign))
    }

    fn note(&self, own: u64, foreign: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((own, foreign));
    }
}

impl Store {
    /// Does what was put off: copies a long log into the file, and merges a little of what was written to the index of
    /// words since; says whether there is more to merge. Costs
    /// next to nothing when nothing was written since the last time that there was not.
    ///
    /// Nobody has to call it: search finds the same without, only in more places. What is never merged this way is
    /// merged by whoever writes when there is too much of it.
    ///
    /// # Errors
    /// That the storage failed; nothing is lost then.
    pub fn merge_words(&self) -> Result<bool, StoreError> {
        self.pool.copy_log().map_err(|e| self.explain(e.into()))?;
        let foreign = self.foreign_writes()?;
        let (more, state) = self.writing(|db| {
            let before = db.total_changes();
            if self.merged.is(before, foreign) {
                return Ok((false, before));
            }
            db.prepare_cached(MERGE)?.execute((STEP_PAGES,))?;
            let after = db.total_changes();
            // The engine counts its own note of what is to be merged as one.
            Ok((after - before > 1, after))
        })?;
        if !more {
            self.merged.note(state, foreign);
        }
        Ok(more)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::key::Key;
    use crate::open::{Profile, Store};
    use slipway_domain::cmdb::ci::Ci;
    use slipway_domain::id::{CiId, DeviceId, WorkspaceId};
    use slipway_domain::number::{Number, Series};
    use slipway_domain::records::RecordsExt;
    use uuid::Uuid;

    /// Few enough that nobody has to merge before there is time for it.
    const WRITES: u32 = 12;

    fn write(store: &Store, n: u32, name: &str) {
        let id = CiId(Uuid::from_u128(u128::from(n)));
        let ci = Ci::blank(id, Number::new(Series::Ci, n), "server", name);
        store
            .writing(|db| {
                let mut writer = crate::write::Writer::new(db);
                writer.put(ci)?;
                writer.finish().map(|_| ())
            })
            .unwrap();
    }

    fn segments(store: &Store) -> i64 {
        let sql = "SELECT count(DISTINCT segid) FROM search_idx";
        store.reading(|db| Ok(db.query_row(sql, (), |row| row.get(0))?)).unwrap()
    }

    #[test]
    fn words_are_merged_when_there_is_time_and_found_before_and_after() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile { workspace: WorkspaceId(Uuid::nil()), device: DeviceId(Uuid::nil()) };
        let store = Store::create(&folder.path().join("slipway.db"), &Key::new([3; 32]), profile).unwrap();
        for n in 1..=WRITES {
            write(&store, n, &format!("payroll-{n}"));
        }
        write(&store, 1, "renamed-1");
        let found = |text: &str| store.search(text, &[], 200).unwrap().len();
        let check = || {
            assert_eq!((found("payroll"), found("renamed")), (WRITES as usize - 1, 1));
        };
        assert!(segments(&store) >= i64::from(WRITES), "whoever writes merges nothing");
        check();
        let mut steps = 0;
        while store.merge_words().unwrap() {
            steps += 1;
            assert!(steps < 100, "merging comes to an end");
        }
        assert!(steps > 0);
        assert!(segments(&store) < i64::from(WRITES) / 2, "{} segments are left", segments(&store));
        check();
        assert!(!store.merge_words().unwrap());
        write(&store, WRITES + 1, "later-1");
        store.merge_words().unwrap();
        assert_eq!(found("later"), 1);
    }
}
