//! Small builders: a world with people, a CAB and its records, in memory, with fixed time and counted ids.

use slipway_domain::approval::record::ApprovalRule;
use slipway_domain::command::Command;
use slipway_domain::execute::{Context, Effect, execute, execute_at_desk};
use slipway_domain::id::{CommandId, GroupId, PersonId, SettingId};
use slipway_domain::people::{Group, Person, Role};
use slipway_domain::record::{Entity, Kind};
use slipway_domain::records::{Memory, Records, RecordsExt};
use slipway_domain::refusal::{Failure, Refusal};
use slipway_domain::setting::{ApprovalPolicy, Gate};
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// 2026-11-01T00:00:00Z, where every test's clock begins.
pub const START: Timestamp = Timestamp(1_793_491_200_000);

/// Release manager.
pub const RITA: PersonId = PersonId(Uuid::from_u128(0x11));
/// Release coordinator.
pub const CARL: PersonId = PersonId(Uuid::from_u128(0x12));
/// First CAB member.
pub const ANNE: PersonId = PersonId(Uuid::from_u128(0x13));
/// Second CAB member.
pub const BERT: PersonId = PersonId(Uuid::from_u128(0x14));
/// Change manager.
pub const CLEO: PersonId = PersonId(Uuid::from_u128(0x15));
/// Administrator.
pub const ADAM: PersonId = PersonId(Uuid::from_u128(0x16));
/// Technician.
pub const TESS: PersonId = PersonId(Uuid::from_u128(0x17));
/// Configuration manager.
pub const CORA: PersonId = PersonId(Uuid::from_u128(0x18));
/// DSL librarian.
pub const LIBBY: PersonId = PersonId(Uuid::from_u128(0x19));
/// DHS storekeeper.
pub const STAN: PersonId = PersonId(Uuid::from_u128(0x1a));
/// Viewer.
pub const VERA: PersonId = PersonId(Uuid::from_u128(0x1b));
/// The CAB: Anne and Bert.
pub const CAB: GroupId = GroupId(Uuid::from_u128(0x31));

type Rules = fn(&Command, &mut Context, &mut dyn Records) -> Result<Effect, Failure>;

/// Records in memory and a clock that only the test moves.
#[derive(Clone)]
pub struct World {
    pub records: Memory,
    pub now: Timestamp,
    next: u128,
}

impl World {
    /// People of every role and a CAB whose members must all approve.
    pub fn new() -> Self {
        let mut world = Self { records: Memory::default(), now: START, next: 0x1000 };
        for (id, name, role) in [
            (RITA, "Rita", Role::ReleaseManager),
            (CARL, "Carl", Role::ReleaseCoordinator),
            (ANNE, "Anne", Role::Approver),
            (BERT, "Bert", Role::Approver),
            (CLEO, "Cleo", Role::ChangeManager),
            (ADAM, "Adam", Role::Administrator),
            (TESS, "Tess", Role::Technician),
            (CORA, "Cora", Role::ConfigurationManager),
            (LIBBY, "Libby", Role::DslLibrarian),
            (STAN, "Stan", Role::DhsStorekeeper),
            (VERA, "Vera", Role::Viewer),
        ] {
            world.put(Person {
                id,
                name: name.to_owned(),
                user: name.to_lowercase(),
                roles: [role].into(),
                active: true,
            });
        }
        world.put(Group { id: CAB, name: "CAB".to_owned(), members: [ANNE, BERT].into(), lead: Some(ANNE) });
        for gate in [Gate::PlanAndDesign, Gate::BuildAndTest, Gate::DistributionAndRollout, Gate::Change] {
            world.policy(gate, ApprovalRule::AllMustApprove);
        }
        world
    }

    /// The CAB decides that gate by that rule.
    pub fn policy(&mut self, gate: Gate, rule: ApprovalRule) {
        let id = SettingId(Uuid::from_u128(0x41 + gate as u128));
        self.put(ApprovalPolicy { id, gate, class: None, groups: vec![CAB], rule, due_hours: 48 });
    }

    /// Nobody approves anything.
    pub fn forget_policies(&mut self) {
        for policy in self.records.all::<ApprovalPolicy>().expect("memory never fails") {
            self.records.remove(Kind::ApprovalPolicy, policy.id.into()).expect("memory never fails");
        }
    }

    /// The same moment with other records.
    pub fn with(&self, records: Memory) -> Self {
        Self { records, now: self.now, next: self.next }
    }

    /// A fresh id.
    pub fn id<I: From<Uuid>>(&mut self) -> I {
        self.next += 1;
        Uuid::from_u128(self.next).into()
    }

    /// Stores a record past the rules.
    pub fn put<E: Entity>(&mut self, record: E) {
        self.records.put(record).expect("memory never fails");
    }

    /// The record.
    pub fn get<E: Entity>(&self, id: E::Id) -> E {
        self.records.get(id).expect("memory never fails").expect("the record exists")
    }

    /// Issues a command at the desk; a refusal changes nothing, as in a transaction that is rolled back.
    pub fn run(&mut self, actor: PersonId, command: &Command) -> Result<Effect, Refusal> {
        self.by(execute_at_desk, actor, command)
    }

    /// Judges a command that was issued elsewhere, as the server does.
    pub fn judge(&mut self, actor: PersonId, command: &Command) -> Result<Effect, Refusal> {
        self.by(execute, actor, command)
    }

    fn by(&mut self, rules: Rules, actor: PersonId, command: &Command) -> Result<Effect, Refusal> {
        let mut context = Context { command: self.id::<CommandId>(), actor, now: self.now, numbers: BTreeMap::new() };
        let mut trial = self.records.clone();
        match rules(command, &mut context, &mut trial) {
            Ok(effect) => {
                self.records = trial;
                Ok(effect)
            }
            Err(Failure::Refused(refusal)) => Err(refusal),
            Err(Failure::Fault(fault)) => panic!("memory never fails: {fault}"),
        }
    }

    /// The same, where a refusal fails the test.
    #[track_caller]
    pub fn must(&mut self, actor: PersonId, command: &Command) -> Effect {
        self.run(actor, command).unwrap_or_else(|refusal| panic!("{command:?}\nrefused: {:#?}", refusal.findings))
    }

    /// The codes of the refusal that the command must meet.
    #[track_caller]
    pub fn refused(&mut self, actor: PersonId, command: &Command) -> Vec<String> {
        let before = self.records.clone();
        match self.run(actor, command) {
            Ok(_) => panic!("{command:?}\nwas carried out"),
            Err(refusal) => {
                assert!(before.records().eq(self.records.records()), "a refusal changes nothing");
                refusal.findings.into_iter().map(|f| f.code).collect()
            }
        }
    }
}
