//! The walk by row numbers beside the one over look-ups, and the plans of its queries.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{CALLED, GUARDS, IN, OUT, SERVICES, Wanted, analyse, page};
use crate::key::Key;
use crate::open::{Profile, Store};
use crate::write::Writer;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::impact::{self, Direction, Impact, Question};
use slipway_domain::cmdb::redundancy::Redundancy;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::relation_kind::{Carries, RelationKind};
use slipway_domain::id::{CiGroupId, CiId, DeviceId, RedundancyId, WorkspaceId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Memory, Records};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Numbers by chance, the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn some(&mut self, of: u64, most: u64) -> BTreeSet<CiId> {
        (0..=self.below(most)).map(|_| id(self.below(of))).collect()
    }
}

fn id(n: u64) -> CiId {
    // The last bytes are what the index has.
    CiId(Uuid::from_u128(u128::from(n + 1) << 8 | 7))
}

fn ci(n: u64) -> Ci {
    let class = if n.is_multiple_of(5) { "Service" } else { "server" };
    Ci::blank(id(n), Number::new(Series::Ci, u32::try_from(n + 1).unwrap()), class, &format!("ci-{n}"))
}

fn group(n: u64, members: BTreeSet<CiId>, enough: Option<u32>) -> Record {
    let name = format!("group {n}");
    CiGroup { id: CiGroupId(Uuid::from_u128(u128::from(n) + 0x9000)), name, members, enough, filter: None }.into()
}

fn a_store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile { workspace: WorkspaceId(Uuid::nil()), device: DeviceId(Uuid::nil()) };
    let store = Store::create(&folder.path().join("slipway.db"), &Key::new([1; 32]), profile).unwrap();
    (folder, store)
}

/// The same in both.
struct Both {
    store: Store,
    memory: Memory,
    _folder: tempfile::TempDir,
}

impl Both {
    fn change(&mut self, written: Vec<Record>, removed: &[(Kind, Uuid)]) {
        let wrote = self.store.pool.write(|db| {
            let mut writer = Writer::new(db);
            for record in &written {
                writer.write(record.clone()).unwrap();
            }
            for (kind, id) in removed {
                writer.remove(*kind, *id).unwrap();
            }
            writer.finish()
        });
        assert!(wrote.is_ok());
        for record in written {
            self.memory.write(record).unwrap();
        }
        for (kind, id) in removed {
            self.memory.remove(*kind, *id).unwrap();
        }
    }

    fn agree(&self, question: &Question) {
        let plain = impact::analyse(question, &self.memory).unwrap();
        let rows = self.store.reading(|db| Ok(analyse(db, question)?)).unwrap();
        let depths = |impact: &Impact| -> BTreeMap<CiId, u32> {
            impact.reached.iter().map(|reached| (reached.ci, reached.depth)).collect()
        };
        assert_eq!(depths(&rows), depths(&plain), "{question:?}");
        assert_eq!((rows.cut_off, rows.full), (plain.cut_off, plain.full), "{question:?}");
        assert_eq!(rows.spared, plain.spared, "{question:?}");
        let wanted = Wanted { from: 0, limit: 1_000, paths: true };
        let shown = self.store.reading(|db| page(db, question, wanted)).unwrap();
        assert_eq!(shown.reached, plain.reached.iter().filter(|reached| reached.depth > 0).count());
        for line in &shown.lines {
            assert_eq!(Some(line.depth), plain.of(line.ci).map(|reached| reached.depth));
            assert_eq!(line.is_service, (line.ci.0.as_u128() >> 8) % 5 == 1);
            assert_eq!(line.path.last().map(|(_, to)| *to), Some(line.ci));
        }
        assert!(shown.lines.is_sorted_by_key(|line| (!line.is_service, line.depth)), "services first, then nearest");
        assert_eq!(shown.services, shown.lines.iter().filter(|line| line.is_service).count());
    }
}

#[test]
fn row_numbers_find_what_look_ups_find() {
    const CIS: u64 = 60;
    let mut dice = Dice(7);
    let (folder, store) = a_store();
    let mut both = Both { store, memory: Memory::default(), _folder: folder };
    // One that only this workspace has, and one that it changed: failure of what connects goes one way.
    let own: RelationType = "fed by".parse().unwrap();
    let types: Vec<RelationType> = RelationType::ALL.iter().copied().chain([own]).collect();
    let changed = RelationKind::new(RelationType::ConnectsTo, "is connected to by", Carries::ToTarget);
    both.change(vec![RelationKind::new(own, "feeds", Carries::ToSource).into(), changed.into()], &[]);
    let relation = |dice: &mut Dice| {
        let relation_type = types[usize::try_from(dice.below(7)).unwrap()];
        Relation::new(id(dice.below(CIS)), relation_type, id(dice.below(CIS)))
    };
    let rule = |dice: &mut Dice, n: u64| -> Record {
        let providers = dice.some(CIS, 4);
        let enough = u32::try_from(dice.below(providers.len() as u64) + 1).unwrap();
        let id = RedundancyId(Uuid::from_u128(u128::from(n) + 0x8000));
        Redundancy { id, ci: self::id(dice.below(CIS)), providers, enough }.into()
    };
    let mut relations: Vec<Relation> = (0..120).map(|_| relation(&mut dice)).collect();
    // Every fifth CI comes after what points at it.
    let mut written: Vec<Record> = (0..CIS).filter(|n| n % 5 > 0).map(|n| ci(n).into()).collect();
    written.extend(relations.iter().cloned().map(Record::from));
    written.extend((0..12).map(|n| rule(&mut dice, n)));
    written.extend((0..5).map(|n| group(n, dice.some(CIS, 6), Some(1))));
    written.extend((0..CIS).filter(|n| n % 5 == 0).map(|n| ci(n).into()));
    both.change(written, &[]);
    for _ in 0..6 {
        for _ in 0..40 {
            let mut question = Question::downstream(dice.some(CIS, 4), u32::try_from(dice.below(9)).unwrap());
            if dice.below(4) == 0 {
                question.direction = Direction::Upstream;
            }
            if dice.below(3) == 0 {
                question.types = Some(types.iter().copied().filter(|_| dice.below(2) == 0).collect());
            }
            both.agree(&question);
        }
        let gone: Vec<(Kind, Uuid)> =
            relations.drain(..10).map(|relation| (Kind::Relation, relation.id.0)).chain([]).collect();
        let fresh: Vec<Relation> = (0..10).map(|_| relation(&mut dice)).collect();
        let n = dice.below(12);
        let mut written = vec![rule(&mut dice, n), group(dice.below(5), dice.some(CIS, 6), None)];
        written.push(group(dice.below(5), dice.some(CIS, 6), Some(1)));
        both.change(written, &gone);
        both.change(
            fresh.iter().cloned().map(Record::from).collect(),
            &[(Kind::Redundancy, Uuid::from_u128(u128::from(dice.below(12)) + 0x8000))],
        );
        relations.extend(fresh);
    }
}

#[test]
fn every_query_of_a_walk_comes_from_an_index_and_reads_no_body() {
    let (_folder, store) = a_store();
    store
        .reading(|db| {
            for (sql, index) in [
                (OUT, "COVERING INDEX record_source (source=?)"),
                (IN, "COVERING INDEX record_target (target=?)"),
                (GUARDS, "PRIMARY KEY (member=?)"),
                (SERVICES, "COVERING INDEX ci_grp (grp=?)"),
                (CALLED, "INTEGER PRIMARY KEY (rowid=?)"),
            ] {
                let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let steps: Vec<String> = statement.query_map(("[1]",), |row| row.get(3))?.collect::<Result<_, _>>()?;
                assert!(steps.iter().any(|step| step.contains(index)), "{sql}: {steps:?}");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_loop_of_sixty_thousand_cis_ends() {
    const CIS: u64 = 60_000;
    let (_folder, store) = a_store();
    let filled = store.pool.write(|db| {
        let mut put = db.prepare("INSERT INTO record (n, kind, id) VALUES (?1, ?2, ?3)")?;
        let mut relate =
            db.prepare("INSERT INTO record (kind, id, body, source, target) VALUES (?1, ?2, 0, ?3, ?4)")?;
        let (ci, relation) = (db.code_or_new(Kind::Ci.name())?, db.code_or_new(Kind::Relation.name())?);
        for n in 0..CIS {
            put.execute((n.cast_signed() + 1, ci, id(n).0.as_bytes()))?;
        }
        // Four relations each: to the next, which closes the loop, and over it.
        for n in 0..CIS {
            for jump in [1, 7, 1_001, 30_011] {
                let of = Uuid::from_u128(u128::from(n * 100_000 + jump) << 8);
                let to = (n + jump) % CIS;
                relate.execute((relation, of.as_bytes(), n.cast_signed() + 1, to.cast_signed() + 1))?;
            }
        }
        Ok::<_, crate::error::Trouble>(())
    });
    assert!(filled.is_ok());
    let question = Question { most: 100_000, ..Question::downstream([id(0)].into(), 1_000) };
    let began = std::time::Instant::now();
    let found = store.reading(|db| page(db, &question, Wanted { from: 59_990, limit: 20, paths: false })).unwrap();
    assert_eq!((found.reached, found.lines.len(), found.cut_off), (59_999, 9, false));
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}
