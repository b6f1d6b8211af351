//! Every kind of command against every role, and against records that lie where the person may not read. The table
//! that comes out stands in authorisation.txt: a kind that is new, or a right that changed, shows there.

use crate::builders::START;
use crate::every;
use slipway_domain::access::{TABLE, name};
use slipway_domain::attachment::{Attachment, PhotoOf};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::Command;
use slipway_domain::dhs::record::{DhsStock, DhsUnit};
use slipway_domain::dhs::stocktake::{Stocktake, StocktakeSight};
use slipway_domain::execute::{Context, execute};
use slipway_domain::id::{CommandId, PersonId, SiteId};
use slipway_domain::lookup::Lookup;
use slipway_domain::people::{Person, Role, SiteAccess};
use slipway_domain::record::{Entity, Kind, Record, RecordRef};
use slipway_domain::records::{Memory, Records, RecordsExt};
use slipway_domain::refusal::{Failure, Fault};
use slipway_domain::release::task_record::Assignee;
use slipway_domain::scope;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use uuid::Uuid;

const PAT: PersonId = PersonId(Uuid::from_u128(5));
const ELSEWHERE: SiteId = SiteId(Uuid::from_u128(0xe15e));
const TABLE_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authorisation.txt");

fn pat(roles: &[Role]) -> Person {
    Person { id: PAT, name: "Pat".into(), user: "pat".into(), roles: roles.iter().copied().collect(), active: true }
}

/// Codes of what the rules say to the command when a person with this role alone issues it.
fn codes(command: &Command, role: Role) -> BTreeSet<String> {
    let mut records = Memory::default();
    records.put(pat(&[role])).unwrap();
    let mut context =
        Context { command: CommandId(Uuid::from_u128(9)), actor: PAT, now: START, numbers: BTreeMap::new() };
    match execute(command, &mut context, &mut records) {
        Err(Failure::Refused(refusal)) => refusal.findings.into_iter().map(|finding| finding.code).collect(),
        Ok(_) | Err(_) => BTreeSet::new(),
    }
}

/// Records of which everything that can lie at a site lies where the person may not read, whatever its identity.
struct Elsewhere(Memory);

impl Elsewhere {
    fn of(person: &Person) -> Self {
        let mut records = Memory::default();
        let of = Assignee::Person(person.id);
        records.put(person.clone()).unwrap();
        records.put(SiteAccess { id: SiteAccess::id_for(of), of, sites: BTreeSet::new() }).unwrap();
        Self(records)
    }
}

/// A record of this type with this identity.
fn with_id<E: Entity>(id: Uuid, change: impl FnOnce(&mut E)) -> Option<Record> {
    let mut made: E = every::one();
    change(&mut made);
    let made: Record = made.into();
    let mut body: serde_json::Value = serde_json::from_str(&made.body().unwrap()).unwrap();
    body["id"] = id.to_string().into();
    Some(Record::from_body(E::KIND, &body.to_string()).unwrap())
}

impl Records for Elsewhere {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        if let Some(known) = self.0.read(kind, id)? {
            return Ok(Some(known));
        }
        let on = RecordRef { kind: Kind::DhsUnit, id, label: String::new() };
        Ok(match kind {
            Kind::Ci => with_id::<Ci>(id, |ci| ci.location.site = Some(ELSEWHERE)),
            Kind::DhsUnit => with_id::<DhsUnit>(id, |unit| {
                unit.bin.site = Some(ELSEWHERE);
                unit.reserved_for = None;
            }),
            Kind::DhsStock => with_id::<DhsStock>(id, |stock| {
                stock.bin.site = Some(ELSEWHERE);
                stock.reserved.clear();
                stock.issued.clear();
            }),
            Kind::Stocktake => with_id::<Stocktake>(id, |stocktake| stocktake.place.site = Some(ELSEWHERE)),
            Kind::StocktakeSight => with_id::<StocktakeSight>(id, |_| ()),
            Kind::Attachment => with_id::<Attachment>(id, |photo| photo.of = PhotoOf::Ci(every::one())),
            Kind::Relation => with_id::<slipway_domain::cmdb::relation::Relation>(id, |_| ()),
            Kind::CiForward => with_id::<slipway_domain::cmdb::merge_ci::CiForward>(id, |_| ()),
            Kind::CiDuplicate => with_id::<slipway_domain::cmdb::duplicate::CiDuplicate>(id, |_| ()),
            Kind::Redundancy => with_id::<slipway_domain::cmdb::redundancy::Redundancy>(id, |_| ()),
            Kind::CiStandard => with_id::<slipway_domain::cmdb::standard::CiStandard>(id, |_| ()),
            Kind::Observation => with_id::<slipway_domain::cmdb::observation::Observation>(id, |_| ()),
            Kind::Movement => with_id::<slipway_domain::dhs::record::Movement>(id, |_| ()),
            Kind::StockMovement => with_id::<slipway_domain::dhs::record::StockMovement>(id, |_| ()),
            Kind::CiStep => with_id::<slipway_domain::cmdb::moment::CiStep>(id, |_| ()),
            Kind::Baseline => with_id::<slipway_domain::cmdb::baseline::Baseline>(id, |baseline| {
                baseline.cis.iter_mut().for_each(|ci| ci.location.site = Some(ELSEWHERE));
            }),
            Kind::Exception => with_id::<slipway_domain::exception::Exception>(id, |one| {
                one.release = None;
                one.on = on;
            }),
            Kind::Comment => with_id::<slipway_domain::comment::Comment>(id, |one| one.on = on),
            _ => None,
        })
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        self.0.find(lookup, key)
    }

    fn write(&mut self, _record: Record) -> Result<(), Fault> {
        Err(Fault::new("judged only"))
    }

    fn remove(&mut self, _kind: Kind, _id: Uuid) -> Result<(), Fault> {
        Err(Fault::new("judged only"))
    }
}

/// How the shapes of one kind were judged.
#[derive(Default)]
struct Judged {
    /// Roles that may issue it.
    may: BTreeSet<Role>,
    /// Shapes that name something elsewhere, and are refused for that.
    refused_elsewhere: usize,
    /// Shapes that are let through to the rules of their part.
    let_through: usize,
}

fn judged() -> BTreeMap<&'static str, Judged> {
    let mut kinds: BTreeMap<&'static str, Judged> = BTreeMap::new();
    for command in every::commands() {
        let may: BTreeSet<Role> =
            Role::ALL.iter().copied().filter(|role| !codes(&command, *role).contains("NOT_ALLOWED")).collect();
        let is_new = !kinds.contains_key(name(&command));
        let kind = kinds.entry(name(&command)).or_default();
        assert!(is_new || kind.may == may, "{command:?} is judged otherwise than the others of its kind");
        kind.may = may;
        let person = pat(&[Role::Technician]);
        match scope::check(&command, &person, &Elsewhere::of(&person)) {
            Ok(()) => kind.let_through += 1,
            Err(Failure::Refused(refusal)) => {
                assert!(refusal.findings.iter().all(|finding| finding.code == "OUT_OF_SCOPE"), "{refusal:?}");
                kind.refused_elsewhere += 1;
            }
            Err(Failure::Fault(fault)) => panic!("{fault}"),
        }
    }
    kinds
}

fn table(kinds: &BTreeMap<&'static str, Judged>) -> String {
    let mut out = String::from(
        "# Who may issue which command, as the rules judge it: every kind with every role, in every shape that its type\n\
         # allows. Written by the test in authorisation.rs; `UPDATE_AUTHORISATION=1` writes it again. Read what changed.\n\
         #\n\
         # x: the role alone is enough. What depends on the record besides (members vote, assignees work a task, people\n\
         # take back what is theirs) is judged after that, by the rules of its part.\n\
         # elsewhere: what becomes of it when the records it names lie at a site that the person may not read. refused:\n\
         # always; partly: where it names such a record; -: it names none, or reaches them through a release.\n\n",
    );
    let width = kinds.keys().map(|kind| kind.len()).max().unwrap_or(0);
    for (at, role) in Role::ALL.iter().enumerate() {
        writeln!(out, "{:width$}  {}{}", "", "|  ".repeat(at), role.label()).unwrap();
    }
    writeln!(out, "{:width$}  {}elsewhere", "", "|  ".repeat(Role::ALL.len())).unwrap();
    for (kind, judged) in kinds {
        let marks: String =
            Role::ALL.iter().map(|role| if judged.may.contains(role) { "x  " } else { ".  " }).collect();
        let elsewhere = match (judged.refused_elsewhere, judged.let_through) {
            (0, _) => "-",
            (_, 0) => "refused",
            _ => "partly",
        };
        writeln!(out, "{kind:width$}  {marks}{elsewhere}").unwrap();
    }
    out
}

#[test]
fn every_kind_with_every_role_is_judged_as_the_table_says() {
    let kinds = judged();
    for row in TABLE {
        let judged = kinds.get(row.command).unwrap_or_else(|| panic!("no {} is made of its type", row.command));
        let told: BTreeSet<Role> = row.roles.iter().copied().collect();
        assert_eq!(judged.may, told, "{}: the rules judge otherwise than front ends are told", row.command);
    }
    let made = table(&kinds);
    if std::env::var_os("UPDATE_AUTHORISATION").is_some() {
        std::fs::write(TABLE_FILE, &made).unwrap();
    }
    let kept = std::fs::read_to_string(TABLE_FILE).unwrap_or_default();
    for (made, kept) in made.lines().zip(kept.lines()) {
        assert_eq!(made, kept, "decide, then write authorisation.txt again with UPDATE_AUTHORISATION=1");
    }
    assert_eq!(made, kept, "decide, then write authorisation.txt again with UPDATE_AUTHORISATION=1");
}
