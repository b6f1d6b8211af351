//! The order of a long list, and what becomes of it when records change.

use crate::filtering::{ANNA, holding, records};
use crate::support::{NOW, create, issue};
use slipway_domain::cmdb::ci::FieldChange;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::filter::{Reading, Vocabulary, parse};
use slipway_domain::id::CiId;
use slipway_domain::record::Kind;
use slipway_store::Store;
use slipway_store::list::ListSpec;
use slipway_store::list::order::{Beginning, FIRST, Order, SHORT_MOST, Stop};
use slipway_store::write::Changes;
use std::collections::BTreeSet;
use uuid::Uuid;

fn spec(text: &str, sort: Option<&str>, descending: bool) -> ListSpec {
    let reading = Reading { kind: Kind::Ci, me: Some(ANNA), now: NOW, vocabulary: &Vocabulary::default() };
    ListSpec { kind: Kind::Ci, filter: parse(text, &reading).unwrap(), sort: sort.map(str::to_owned), descending }
}

/// Every order, and filters that the row of a CI tells by itself.
fn specs() -> Vec<ListSpec> {
    let sorts =
        [None, Some("number"), Some("class"), Some("status"), Some("environment"), Some("criticality"), Some("owner")];
    let filters = ["", "-status:retired", "class:server,database", "name:web or class=switch"];
    let mut specs = Vec::new();
    for sort in sorts {
        for descending in [false, true] {
            specs.extend(filters.map(|filter| spec(filter, sort, descending)));
        }
    }
    specs
}

fn order(store: &Store, spec: &ListSpec) -> Order {
    store.order(spec, &Stop::default()).unwrap().expect("nobody stopped it")
}

fn set(n: u128, field: &str, from: &str, to: &str) -> Command {
    let change = FieldChange { field: field.to_owned(), from: from.to_owned(), to: to.to_owned() };
    Command::Cmdb(CmdbCommand::SetFields(CiId(Uuid::from_u128(0x4_0000 + n)), vec![change]))
}

#[test]
fn an_order_is_the_list_in_row_numbers() {
    let laptop = holding(&records());
    for spec in specs().into_iter().chain([spec("öre", None, false), spec("u:4..10", Some("name"), true)]) {
        let order = order(&laptop.store, &spec);
        let ids: Vec<Uuid> = laptop.store.numbered(&order.rows).unwrap().into_iter().flatten().collect();
        assert_eq!(ids, laptop.store.open_list(&spec).unwrap().ids, "{spec:?}");
        let places = laptop.store.places(Kind::Ci, &order, &ids).unwrap();
        assert!(places.into_iter().eq((0..ids.len()).map(Some)), "each is found at its place");
        assert_eq!(laptop.store.beginning(&spec).unwrap(), Beginning::Whole, "it is short");
    }
    let all = order(&laptop.store, &spec("", None, false));
    assert_eq!(laptop.store.places(Kind::Ci, &all, &[Uuid::from_u128(1)]).unwrap(), [None]);
    assert_eq!(laptop.store.numbered(&[u32::MAX]).unwrap(), [None], "what is gone leaves its place empty");
}

#[test]
fn what_was_stopped_gives_nothing() {
    let laptop = holding(&records());
    let stop = Stop::default();
    stop.stop();
    assert_eq!(laptop.store.order(&spec("", None, false), &stop).unwrap(), None);
    assert_eq!(
        laptop.store.open_list(&spec("", None, false)).unwrap().total,
        40,
        "the connection is as good as before"
    );
}

/// Records that changed are put where a new order has them, in every order and direction.
#[test]
fn records_that_changed_move_to_where_they_belong() {
    let laptop = holding(&records());
    let before: Vec<(ListSpec, Order)> = specs().into_iter().map(|s| (s.clone(), order(&laptop.store, &s))).collect();
    let mut changes = Changes::default();
    let commands = [
        set(9, "name", "core_sw-9", "AAA-9"),
        set(10, "name", "core_sw-10", "öre-10"),
        set(12, "class", "database", "Switch"),
        set(13, "criticality", "medium", "low"),
        create(7),
        create(8),
    ];
    for (command, n) in commands.iter().zip(1..) {
        let issued = issue(&laptop.store, n, command).unwrap();
        assert!(issued.effect.conflicts.is_empty(), "{command:?}: {:?}", issued.effect.conflicts);
        changes.kinds.extend(issued.changes.kinds);
        changes.ids.extend(issued.changes.ids);
    }
    for (spec, old) in before {
        let anew = order(&laptop.store, &spec);
        let moved = laptop.store.moved(&spec, &old, &changes.kinds, &changes.ids).unwrap();
        assert_eq!(moved.as_ref(), Some(&anew), "{spec:?}");
    }
    let words = spec("öre", None, false);
    let old = order(&laptop.store, &words);
    assert_eq!(laptop.store.moved(&words, &old, &changes.kinds, &changes.ids).unwrap(), None, "found anew");
    let unknown = BTreeSet::from([Uuid::from_u128(0x99)]);
    let (all, kinds) = (spec("", None, false), BTreeSet::from([Kind::Ci]));
    let old = order(&laptop.store, &all);
    assert_eq!(laptop.store.moved(&all, &old, &kinds, &unknown).unwrap(), None, "nobody knows which row is gone");
}

#[test]
fn a_long_list_begins_with_a_page() {
    use slipway_domain::cmdb::ci::Ci;
    use slipway_domain::number::{Number, Series};
    let cis = (1..=u32::try_from(SHORT_MOST).unwrap() + 1).map(|n| {
        let id = CiId(Uuid::from_u128(0x5_0000 + u128::from(n)));
        Ci::blank(id, Number::new(Series::Ci, n), "server", &format!("host-{n:05}")).into()
    });
    let laptop = holding(&cis.collect::<Vec<_>>());
    let Beginning::Long(first) = laptop.store.beginning(&spec("", None, false)).unwrap() else { panic!("it is long") };
    let all = order(&laptop.store, &spec("", None, false));
    let ids: Vec<Uuid> = laptop.store.numbered(&all.rows[..FIRST]).unwrap().into_iter().flatten().collect();
    assert_eq!((first, all.rows.len()), (ids, SHORT_MOST + 1));
    assert_eq!(laptop.store.beginning(&spec("name:host-00", None, false)).unwrap(), Beginning::Whole);
    assert_eq!(laptop.store.beginning(&spec("host", None, false)).unwrap(), Beginning::Long(Vec::new()), "words");
}
