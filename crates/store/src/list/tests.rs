//! No query behind a screen reads a whole table.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{COUNTS, ListSpec, OWNERS, ROWS, query};
use crate::filter::{Field, Filter};
use crate::key::Key;
use crate::open::{Profile, Store};
use crate::search::{BY_LABEL, BY_WORDS};
use rusqlite::Connection;
use slipway_domain::id::{DeviceId, WorkspaceId};
use slipway_domain::record::Kind;
use uuid::Uuid;

/// The steps of a plan that read every row of a table or of an index of it.
fn scans(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let count = statement.parameter_count();
    let values = std::iter::repeat_n("1", count);
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
    rows.map(Result::unwrap).filter(|step| step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE")).collect()
}

fn on_a_store(test: impl FnOnce(&Connection)) {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile { workspace: WorkspaceId(Uuid::nil()), device: DeviceId(Uuid::nil()) };
    let store = Store::create(&folder.path().join("slipway.db"), &Key::new([1; 32]), profile).unwrap();
    store
        .reading(|conn| {
            test(conn);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_scan_would_be_noticed() {
    on_a_store(|conn| {
        assert_eq!(scans(conn, "SELECT id FROM summary WHERE level = ?1").len(), 1, "there is no index to search");
        assert_eq!(scans(conn, "SELECT id FROM record ORDER BY kind, id").len(), 1, "an index read whole is no better");
    });
}

#[test]
fn every_list_in_every_order_comes_from_an_index() {
    on_a_store(|conn| {
        for kind in Kind::ALL {
            for sort in Field::ALL.into_iter().map(Some).chain([None]) {
                for filter in ["", "word", "state:a,b", "class:a", "-state:closed", "owner:me type:x word"] {
                    for descending in [false, true] {
                        let spec =
                            ListSpec { kind: *kind, filter: filter.to_owned(), sort: None, descending, me: None };
                        let query = query(conn, &spec, &Filter::parse(*kind, filter), sort).unwrap();
                        assert_eq!(scans(conn, &query.sql), [""; 0], "{}", query.sql);
                    }
                }
            }
        }
    });
}

#[test]
fn the_usual_orders_need_no_sorting() {
    on_a_store(|conn| {
        for kind in Kind::ALL {
            let spec = ListSpec { kind: *kind, filter: String::new(), sort: None, descending: false, me: None };
            let query = query(conn, &spec, &Filter::default(), None).unwrap();
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
            let steps = statement.query_map(("x",), |row| row.get::<_, String>(3)).unwrap();
            let sorted = steps.map(Result::unwrap).any(|step| step.contains("TEMP B-TREE"));
            assert!(!sorted, "{} comes as the index has it", query.sql);
        }
    });
}

#[test]
fn every_other_query_of_a_screen_comes_from_an_index() {
    on_a_store(|conn| {
        for sql in [
            COUNTS,
            ROWS,
            OWNERS,
            BY_WORDS,
            BY_LABEL,
            crate::view::BODY,
            crate::view::FIND,
            crate::view::WAITING,
            crate::view::LABELLED,
            crate::view::TITLED,
            crate::attention::OPEN,
            crate::attention::SETTLED,
            crate::attention::ONE,
            "SELECT count(*) FROM attention WHERE settled_at = 0",
        ] {
            assert_eq!(scans(conn, sql), [""; 0], "{sql}");
        }
    });
}
