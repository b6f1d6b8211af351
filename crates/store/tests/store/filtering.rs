//! A filter finds the same in the laptop's tables as it lets through in memory.

use crate::support::{Laptop, NOW};
use crate::world::{BUCKET, staged};
use proptest::prelude::*;
use slipway_domain::checksum::row_checksum;
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::filter::{Reading, Vocabulary, parse};
use slipway_domain::id::{CiGroupId, CiId, PersonId, SiteId};
use slipway_domain::level::Criticality;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Person, Site};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Memory, Records};
use slipway_store::filter::CANDIDATES_MOST;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::list::ListSpec;
use slipway_store::stage::Staged;
use std::cell::Cell;
use std::collections::BTreeSet;
use uuid::Uuid;

pub const ANNA: PersonId = PersonId(Uuid::from_u128(0x11));
const BJÖRN: PersonId = PersonId(Uuid::from_u128(0x12));
const SITE: SiteId = SiteId(Uuid::from_u128(0x51));
const CIS: u128 = 40;

/// Forty CIs whose fields repeat in different rhythms, relations among them, two people, a site and a group.
pub fn records() -> Vec<Record> {
    fn pick<'a>(values: &[&'a str], n: u128) -> &'a str {
        values[usize::try_from(n).unwrap() % values.len()]
    }
    let mut records: Vec<Record> = Vec::new();
    for (id, name, user) in [(ANNA, "Anna Öberg", "anna"), (BJÖRN, "Björn Ash", "bjorn")] {
        records.push(
            Person { id, name: name.to_owned(), user: user.to_owned(), roles: BTreeSet::new(), active: true }.into(),
        );
    }
    records.push(Site { id: SITE, name: "Århus".to_owned(), address: String::new() }.into());
    for n in 1..=CIS {
        let class = pick(&["server", "Switch", "database", "Software Package", "söftware"], n);
        let name = format!("{}-{n}", pick(&["web", "DB", "öre", "core_sw", "ab cd"], n / 3));
        let number = Number::new(Series::Ci, u32::try_from(n).unwrap());
        let mut ci = Ci::blank(CiId(Uuid::from_u128(0x4_0000 + n)), number, class, &name);
        ci.status = CiStatus::ALL[usize::try_from(n).unwrap() % CiStatus::ALL.len()];
        ci.criticality = Criticality::ALL[usize::try_from(n / 2).unwrap() % 4];
        ci.manufacturer = pick(&["Cisco", "", "Dell EMC", "Ångström"], n).to_owned();
        ci.version = pick(&["9.4", "9.10", "2.0-rc1", "", "10"], n / 2).to_owned();
        ci.serial_number = pick(&["FOC12", "foc-99", "", "Z 1"], n / 4).to_owned();
        ci.owner = [None, Some(ANNA), Some(BJÖRN)][usize::try_from(n).unwrap() % 3];
        ci.location.site = n.is_multiple_of(3).then_some(SITE);
        ci.location.u = n.is_multiple_of(2).then_some(u32::try_from(n).unwrap());
        let warranty = pick(&["2026-01-31", "", "2027-06-30"], n);
        if !warranty.is_empty() {
            ci.attributes.insert("warranty".to_owned(), warranty.to_owned());
        }
        records.push(ci.into());
    }
    for n in 1..CIS {
        let by = RelationType::ALL[usize::try_from(n).unwrap() % RelationType::ALL.len()];
        let end = |n: u128| CiId(Uuid::from_u128(0x4_0000 + n));
        records.push(Relation::new(end(n), by, end(1 + (n * 7) % CIS)).into());
    }
    let members = (1..=5).map(|n| CiId(Uuid::from_u128(0x4_0000 + n))).collect();
    let id = CiGroupId(Uuid::from_u128(0x61));
    records.push(CiGroup { id, name: "Core".to_owned(), members, enough: None, filter: None }.into());
    records
}

pub fn holding(records: &[Record]) -> Laptop {
    let laptop = Laptop::new();
    let page: Vec<Staged> = records.iter().zip(1..).map(|(record, seq)| staged(record, seq)).collect();
    let sum = page
        .iter()
        .fold(0_u64, |sum, s| sum.wrapping_add(row_checksum(&s.kind, s.id, s.seq, s.body.as_deref().unwrap())));
    laptop.store.stage(&page, &[]).unwrap();
    let count = page.len() as u64;
    let cursor = Cursor { bucket: BUCKET.to_owned(), seq: count, count, sum };
    let flip = Flip { epoch: "first".to_owned(), at: NOW, cursors: vec![cursor], ..Flip::default() };
    laptop.store.flip(&flip).unwrap();
    laptop
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        [
            "web",
            "ore",
            "\"ab c\"",
            "foc",
            "core",
            "--",
            "class:s",
            "class=switch",
            "class:sö",
            "class:\"software package\",database",
            "class>s",
            "name:db",
            "name:ör",
            "name=web-1",
            "name:\"core_\"",
            "name:\"\"",
            "name:empty",
            "status:in",
            "status:retired,missing",
            "criticality>=high",
            "criticality:medium",
            "manufacturer:c",
            "manufacturer:empty",
            "manufacturer=\"dell emc\"",
            "manufacturer:ån",
            "version>=9.4",
            "version:9",
            "version:9..10",
            "version<2.0",
            "serial:foc",
            "serial=\"foc-99\"",
            "serial:\"z 1\"",
            "owner:me",
            "owner:bj",
            "owner:björn",
            "owner:anna,empty",
            "site:år",
            "site:empty",
            "u>20",
            "u:4..10",
            "u:empty",
            "number:CI-3..CI-9",
            "number>30",
            "number<=2",
            "group:core",
            "group=cor",
            "attributes.warranty<+90d",
            "attributes.warranty:2026",
            "attributes.warranty:empty",
            "depends-on:(class:server)",
            "used-by:(u>10 or web)",
            "connects-to:db",
            "related-to:(status:retired)",
            "contains:empty",
            "part-of:(depends-on:(class:switch))",
        ]
        .as_slice(),
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" "))),
            inner.prop_map(|part| format!("not {part}")),
        ]
    })
}

#[test]
fn a_filter_finds_the_same_in_tables_as_in_memory() {
    let records = records();
    let laptop = holding(&records);
    let mut memory = Memory::default();
    for record in &records {
        memory.write(record.clone()).unwrap();
    }
    let runs = ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    let (empty, all) = (Cell::new(0), Cell::new(0));
    proptest!(runs, |(text in condition())| {
        let reading = Reading { kind: Kind::Ci, me: Some(ANNA), now: NOW, vocabulary: &Vocabulary::default() };
        let filter = parse(&text, &reading).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let expected: BTreeSet<Uuid> = records
            .iter()
            .filter(|r| r.kind() == Kind::Ci && filter.matches(r, &memory).unwrap())
            .map(Record::id)
            .collect();
        let list = laptop.store.open_list(&ListSpec { kind: Kind::Ci, filter, sort: None, descending: false }).unwrap();
        prop_assert_eq!(list.total, list.ids.len());
        prop_assert_eq!(list.looked_at, None);
        prop_assert_eq!(list.ids.into_iter().collect::<BTreeSet<_>>(), expected.clone(), "{}", text);
        empty.set(empty.get() + usize::from(expected.is_empty()));
        all.set(all.get() + 1);
    });
    assert!(empty.get() * 3 < all.get(), "most filters let something through");
}

#[test]
fn what_no_index_has_is_looked_for_within_a_bound_that_is_said() {
    let records: Vec<Record> = (1..=u128::try_from(CANDIDATES_MOST).unwrap() + 10)
        .map(|n| {
            let number = Number::new(Series::Ci, u32::try_from(n).unwrap());
            let mut ci = Ci::blank(CiId(Uuid::from_u128(0x4_0000 + n)), number, "server", &format!("host-{n:06}"));
            ci.location.u = Some(u32::try_from(n % 40).unwrap());
            ci.environment = slipway_domain::cmdb::ci::Environment::Test;
            ci.into()
        })
        .collect();
    let laptop = holding(&records);
    let list = |text: &str| {
        let reading = Reading { kind: Kind::Ci, me: None, now: NOW, vocabulary: &Vocabulary::default() };
        let filter = parse(text, &reading).unwrap();
        laptop.store.open_list(&ListSpec { kind: Kind::Ci, filter, sort: None, descending: false }).unwrap()
    };
    let all = list("u:39");
    assert_eq!(all.looked_at, Some(CANDIDATES_MOST), "there may be more");
    assert_eq!(all.total, CANDIDATES_MOST / 40);
    let narrowed = list("u:39 name:host-0001");
    assert_eq!((narrowed.looked_at, narrowed.total), (None, 3), "the name narrows it enough");
}

#[test]
fn values_are_offered_from_what_there_is() {
    use slipway_domain::filter::field::Field;
    let laptop = holding(&records());
    let values = |field: Field, prefix: &str| laptop.store.values(Kind::Ci, &field, prefix, 12).unwrap();
    assert_eq!(values(Field::Class, "s"), ["server", "software package", "switch", "söftware"], "once each");
    assert_eq!(values(Field::Class, "so"), ["software package"]);
    assert_eq!(values(Field::Label, "db-1"), ["DB-18", "DB-19"]);
    assert_eq!(values(Field::Manufacturer, "ci"), ["Cisco"]);
    assert_eq!(values(Field::Version, "9"), ["9.10", "9.4"]);
    assert!(laptop.store.called(Kind::Person, "an", 5).unwrap().contains(&ANNA.0));
}

/// Page after page gives what the whole list gives, both ways, in every order.
#[test]
fn pages_follow_one_another_through_the_whole_list() {
    let laptop = holding(&records());
    for sort in [None, Some("name"), Some("number"), Some("class"), Some("status"), Some("environment"), Some("owner")]
    {
        for descending in [false, true] {
            for text in ["", "-status:retired", "öre", "class:server,database", "manufacturer:cisco"] {
                let reading = Reading { kind: Kind::Ci, me: Some(ANNA), now: NOW, vocabulary: &Vocabulary::default() };
                let filter = parse(text, &reading).unwrap();
                let spec = ListSpec { kind: Kind::Ci, filter, sort: sort.map(str::to_owned), descending };
                let whole = laptop.store.open_list(&spec).unwrap().ids;
                let mut pages: Vec<Uuid> = Vec::new();
                loop {
                    let page = laptop.store.page(&spec, pages.last().copied(), 7).unwrap();
                    if page.is_empty() {
                        break;
                    }
                    assert!(page.len() == 7 || pages.len() + page.len() == whole.len(), "only the last is short");
                    pages.extend(page);
                }
                let set = |ids: &[Uuid]| ids.iter().copied().collect::<BTreeSet<_>>();
                assert_eq!((pages.len(), set(&pages)), (whole.len(), set(&whole)), "{text} by {sort:?}");
                if text.is_empty() || sort == Some("name") {
                    assert_eq!(pages, whole, "{text} by {sort:?}, descending: {descending}");
                }
            }
        }
    }
    assert_eq!(laptop.store.total(Kind::Ci).unwrap(), u64::try_from(CIS).unwrap());
    assert!(
        laptop
            .store
            .page(
                &ListSpec {
                    kind: Kind::Ci,
                    filter: parse(
                        "",
                        &Reading { kind: Kind::Ci, me: None, now: NOW, vocabulary: &Vocabulary::default() }
                    )
                    .unwrap(),
                    sort: None,
                    descending: false
                },
                None,
                2_000
            )
            .is_err()
    );
}
