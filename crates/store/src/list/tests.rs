//! No query behind a screen reads a whole table.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{CI_LABELS, COUNTS, FIRST_GROUP, LABELS, ListSpec, NEXT_GROUP, next_code, query};
use crate::db::Db;
use crate::filter::{Column, Query};
use crate::key::Key;
use crate::open::{Profile, Store};
use crate::search::{BEGINNING, BY_LABEL, BY_WORDS, CI_BEGINNING, CI_BY_LABEL};
use rusqlite::Connection;
use rusqlite::types::Value;
use slipway_domain::filter::field::known;
use slipway_domain::filter::{Filter, Reading, Vocabulary, parse};
use slipway_domain::id::{DeviceId, PersonId, WorkspaceId};
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

fn filter(kind: Kind, text: &str) -> Filter {
    let reading =
        Reading { kind, me: Some(PersonId(Uuid::nil())), now: Timestamp(0), vocabulary: &Vocabulary::default() };
    parse(text, &reading).unwrap_or_else(|e| panic!("{text}: {}", e.sentence))
}

/// The steps of a plan.
fn plan(conn: &Connection, query: &Query) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
    let values = rusqlite::params_from_iter(query.values.iter());
    let rows = statement.query_map(values, |row| row.get::<_, String>(3)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The steps of a plan that read every row of a table or of an index of it.
fn scans(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let count = statement.parameter_count();
    let values = std::iter::repeat_n("1", count);
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
    rows.map(Result::unwrap).filter(|step| step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE")).collect()
}

fn on_a_store(test: impl FnOnce(&Db)) {
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
        assert_eq!(
            scans(conn, "SELECT id FROM summary ORDER BY kind, label").len(),
            1,
            "an index read whole is no better"
        );
    });
}

/// A filter of each field that a kind has, by each of its names.
fn filters(kind: Kind) -> Vec<Filter> {
    let mut texts = vec![String::new(), "word".to_owned(), "two words".to_owned(), "not word".to_owned()];
    for known in known(kind) {
        use slipway_domain::filter::field::Holds;
        let name = known.names[0];
        let values: &[&str] = match known.holds {
            Holds::Text | Holds::Version => &[":a,b", "=a", "<b", ":empty", ":a..b"],
            Holds::Figure | Holds::Position => &[":1", ">1", ":1..2"],
            Holds::Moment | Holds::Day => &["<today", ":2026", ":empty"],
            Holds::Choice(labels, _) => {
                let label = labels()[0].replace(' ', "_");
                texts.push(format!("{name}:{label}"));
                texts.push(format!("-{name}:{label} or word"));
                &[":empty"]
            }
            Holds::Party => &[":me", ":anna", ":empty"],
            Holds::Site | Holds::CiGroup => &[":a", "=a"],
            Holds::Flag => &[":yes"],
        };
        texts.extend(values.iter().map(|value| format!("{name}{value}")));
    }
    if kind == Kind::Ci {
        texts.push("depends-on:(class:database name:orders) or class:server".to_owned());
        texts.push("attributes.warranty<+90d related-to:empty".to_owned());
    }
    texts.iter().map(|text| filter(kind, text)).collect()
}

#[test]
fn every_list_in_every_order_comes_from_an_index() {
    on_a_store(|conn| {
        for kind in Kind::ALL {
            let columns: BTreeSet<&str> =
                known(*kind).iter().filter_map(|k| Column::of(*kind, k.field)).map(Column::name).collect();
            let sorts: Vec<Option<Column>> = known(*kind)
                .iter()
                .filter_map(|k| Column::of(*kind, k.field))
                .filter(|c| columns.contains(c.name()))
                .map(Some)
                .chain([None])
                .collect();
            for filter in filters(*kind) {
                for sort in &sorts {
                    let spec = ListSpec { kind: *kind, filter: filter.clone(), sort: None, descending: false };
                    let query = query(conn, &spec, *sort).unwrap();
                    let steps = plan(conn, &query);
                    // The table of CIs holds nothing but their kind.
                    let scans = steps.iter().any(|s| {
                        s.starts_with("SCAN") && !s.contains("VIRTUAL TABLE") && !s.starts_with("SCAN ci_summary")
                    });
                    assert!(!scans, "{}\n{steps:#?}", query.sql);
                }
            }
        }
    });
}

/// Selective conditions are searched by their own index: nothing else of the kind is read.
#[test]
fn a_selective_condition_is_found_by_its_own_index() {
    on_a_store(|conn| {
        for (kind, text, index) in [
            (Kind::Ci, "class:server", "ci_grp (grp=?)"),
            (Kind::Ci, "class=server status:retired", "ci_grp (grp=? AND state=?)"),
            (Kind::Ci, "status:retired,missing", "ci_state (state=?)"),
            (Kind::Ci, "environment:test", "ci_type (type=?)"),
            (Kind::Ci, "criticality:high", "ci_level (level=?)"),
            (Kind::Ci, "name=web-01", "ci_label (label=?)"),
            (Kind::Ci, "name:web", "ci_label (label>? AND label<?)"),
            (Kind::Ci, "number:CI-12", "ci_position (position>? AND position<?)"),
            (Kind::Ci, "owner:me", "ci_owner (owner=?)"),
            (Kind::Release, "name=web-01", "summary_label (kind=? AND label=?)"),
            (Kind::DslItem, "name:web", "summary_label (kind=? AND label>? AND label<?)"),
            (Kind::DslItem, "type:package", "summary_grp (kind=? AND grp=?"),
            (Kind::Observation, "state:mismatch,missing,unknown", "summary_state (kind=? AND state=?)"),
            (Kind::Observation, "state:mismatch site:a", "summary_grp (kind=? AND grp=? AND state=?)"),
            (Kind::Release, "window:2026-12", "summary_at (kind=? AND at>? AND at<?)"),
            (Kind::Ci, "serial:FOC12", "INTEGER PRIMARY KEY"),
            (Kind::Ci, "payroll", "INTEGER PRIMARY KEY"),
            (Kind::Ci, "model=\"X 1\" u>20", "INTEGER PRIMARY KEY"),
            (Kind::Ci, "class:server payroll or foc", "INTEGER PRIMARY KEY"),
            (Kind::Ci, "group:core", "INTEGER PRIMARY KEY"),
            (Kind::Ci, "depends-on:(name:orders)", "INTEGER PRIMARY KEY"),
        ] {
            let query = Query::of(conn, kind, &filter(kind, text)).unwrap();
            let steps = plan(conn, &query);
            assert!(steps.iter().any(|step| step.contains(index)), "{text}: {steps:#?}");
        }
    });
}

#[test]
fn the_usual_orders_need_no_sorting() {
    on_a_store(|conn| {
        for kind in Kind::ALL {
            let spec = ListSpec { kind: *kind, filter: Filter::EVERYTHING, sort: None, descending: false };
            let query = query(conn, &spec, None).unwrap();
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
            let steps = statement.query_map(("x",), |row| row.get::<_, String>(3)).unwrap();
            let sorted = steps.map(Result::unwrap).any(|step| step.contains("TEMP B-TREE"));
            assert!(!sorted, "{} comes as the index has it", query.sql);
        }
    });
}

/// What follows a row is found from there on, however far into a list it lies.
#[test]
fn every_page_of_cis_begins_at_its_place() {
    use crate::page::{STATES, along, among, of_classes, value_at};
    on_a_store(|conn| {
        for text in ["", "class=server", "-status:retired", "owner:me"] {
            let query = Query::of(conn, Kind::Ci, &filter(Kind::Ci, text)).unwrap();
            let planned = |sql: String| {
                let places = conn.prepare(&sql).unwrap().parameter_count();
                let mut values = query.values.clone();
                values.resize(places, Value::from(0));
                plan(conn, &Query { sql, values, is_exact: true, names_rows: false })
            };
            for column in known(Kind::Ci).iter().filter_map(|k| Column::of(Kind::Ci, k.field)) {
                if matches!(column, Column::Code(_) | Column::Owner) {
                    let columns: &[&str] = if column.name() == "grp" { &["grp", "state"] } else { &[column.name()] };
                    let steps = planned(among(&query, columns));
                    let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
                    assert!(steps[0].contains("rowid>?") && !is_sorted, "{text} by {columns:?}: {steps:#?}");
                } else {
                    for down in [false, true] {
                        let steps = planned(along(&query, column, down, true));
                        let bound = format!("({}{}?)", column.name(), if down { "<" } else { ">" });
                        let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
                        assert!(steps[0].contains(&bound) && !is_sorted, "by {}: {steps:#?}", column.name());
                    }
                }
                assert_eq!(scans(conn, &value_at(column)), [""; 0]);
            }
            for down in [false, true] {
                let steps = planned(of_classes(&query, &[7, 9], down, true, 200));
                let bound = format!("ci_class_name (grp=? AND label{}?)", if down { "<" } else { ">" });
                let seeks = steps.iter().filter(|step| step.contains(&bound)).count();
                let sorts = steps.iter().filter(|step| step.contains("TEMP B-TREE")).count();
                assert!((seeks, sorts) == (2, 1), "{text} by name within classes: {steps:#?}");
            }
        }
        assert_eq!(scans(conn, STATES), [""; 0]);
    });
}

/// A million CIs are in order by every column already.
#[test]
fn no_order_of_all_cis_needs_sorting() {
    on_a_store(|conn| {
        for column in known(Kind::Ci).iter().filter_map(|k| Column::of(Kind::Ci, k.field)) {
            for descending in [false, true] {
                let spec = ListSpec { kind: Kind::Ci, filter: Filter::EVERYTHING, sort: None, descending };
                let query = query(conn, &spec, Some(column)).unwrap();
                let steps = plan(conn, &query);
                let is_index = steps.iter().any(|step| step.contains("USING") && step.contains("INDEX ci_"));
                let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
                assert!(is_index && !is_sorted, "{}\n{steps:#?}", query.sql);
            }
        }
    });
}

/// Whether a CI that changed is in a list, and where, is told by its own row and a few others.
#[test]
fn a_row_is_put_in_its_place_without_a_walk() {
    use super::order::{compared, is_listed};
    on_a_store(|conn| {
        for text in ["", "class=server", "-status:retired", "class:server name:web"] {
            let query = Query::of(conn, Kind::Ci, &filter(Kind::Ci, text)).unwrap();
            let mut values = query.values.clone();
            values.push(Value::from(7));
            let sql = is_listed(&query);
            let steps = plan(conn, &Query { sql, values, is_exact: true, names_rows: false });
            let own = steps.iter().filter(|step| step.contains("ci_summary"));
            assert!(own.clone().all(|step| step.contains("rowid=?")) && own.count() == 1, "{text}: {steps:#?}");
        }
        for column in known(Kind::Ci).iter().filter_map(|k| Column::of(Kind::Ci, k.field)) {
            assert_eq!(scans(conn, &compared(column)), [""; 0]);
        }
    });
}

#[test]
fn a_page_of_a_class_begins_where_its_mark_says() {
    on_a_store(|conn| {
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", crate::of_class::IN_STATE)).unwrap();
        let steps = statement.query_map((3, 4, 7, 50), |row| row.get::<_, String>(3)).unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        let index = "ci_grp (grp=? AND state=? AND rowid>?)";
        assert!(steps.first().is_some_and(|step| step.contains(index)), "{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:#?}");
    });
}

/// The releases of ten years are closed: whoever asks for the open ones reads none of them.
#[test]
fn open_releases_are_found_phase_by_phase() {
    on_a_store(|conn| {
        let sql = crate::open_releases::IN_PHASE;
        let query = Query { sql: sql.to_owned(), values: vec![Value::Null; 2], is_exact: true, names_rows: false };
        let steps = plan(conn, &query);
        assert!(steps.iter().any(|step| step.contains("summary_grp (kind=? AND grp=?)")), "{steps:#?}");
    });
}

#[test]
fn every_other_query_of_a_screen_comes_from_an_index() {
    on_a_store(|conn| {
        for sql in [
            COUNTS,
            crate::impact::SERVICES,
            crate::impact::CALLED,
            crate::pack::AT_ROW,
            crate::pack::ID_OF,
            crate::db::CODE,
            crate::db::TEXT,
            crate::view::ROW,
            crate::view::FROM_SOURCE,
            crate::view::TO_TARGET,
            crate::write::POINTED_AT,
            crate::view::OF_CLASS,
            crate::names::NAMED,
            crate::names::NUMBERED,
            crate::names::NAMED_OF_CLASS,
            crate::of_class::IN_STATE,
            crate::of_class::NEXT_STATE,
            crate::of_class::SO_MANY,
            crate::places::NEXT_PLACE,
            crate::places::AT_PLACE,
            LABELS,
            CI_LABELS,
            BEGINNING,
            CI_BEGINNING,
            CI_BY_LABEL,
            FIRST_GROUP,
            NEXT_GROUP,
            BY_WORDS,
            BY_LABEL,
            crate::view::BODY,
            crate::view::FIND,
            crate::under::UNDER,
            crate::open_releases::IN_PHASE,
            crate::view::WAITING,
            crate::view::LABELLED,
            crate::view::CI_LABELLED,
            crate::view::TITLED,
            crate::queue::OWN,
            crate::attention::OPEN,
            crate::attention::SETTLED,
            crate::attention::ONE,
            crate::carry::CARRIED,
            crate::carry::MADE_BY,
            crate::carry::NEXT_TO_RELAY,
            crate::guard::DROP,
            crate::facts::FORGET,
            crate::facts::FORGET_SERVICES,
            crate::facts::GATHERED,
            crate::facts::LATEST,
            crate::facts::OF_SERVICE,
            crate::facts::IS_OF_SERVICE,
            "SELECT count(*) FROM attention WHERE settled_at = 0",
        ] {
            assert_eq!(scans(conn, sql), [""; 0], "{sql}");
        }
        for column in ["grp", "state", "type", "level"].map(Column::Code).into_iter().chain([Column::Owner]) {
            assert_eq!(scans(conn, &next_code(column)), [""; 0], "one seek for each value");
        }
    });
}
