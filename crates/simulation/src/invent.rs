//! What a person might do next, by what is on the screen.

use crate::random::Random;
use crate::server::{CAB, PEOPLE, SITES};
use slipway_domain::approval::record::{Approval, ApprovalState, Decision, DenyReason, Subject};
use slipway_domain::change::record::{Change, ChangeKind, ChangeState};
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{
    ApprovalCommand, ChangeAction, ChangeCommand, CmdbCommand, Command, DhsCommand, Edit, NewRelease, ReleaseCommand,
    ReleaseEdit, SetupCommand, TaskCommand,
};
use slipway_domain::comment::Comment;
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, UnitFacts, UnitState};
use slipway_domain::id::{
    ChangeId, CiId, CommentId, DhsModelId, DhsUnitId, FreezeId, PersonId, ReleaseId, SiteId, TaskId,
};
use slipway_domain::level::{Impact, Urgency};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Delegation, SiteAccess};
use slipway_domain::record::{Entity, Record, RecordRef};
use slipway_domain::records::Memory;
use slipway_domain::release::record::{Outcome, Packaging, Phase, Release, ReleaseClass, ReleaseType, TestResult};
use slipway_domain::release::scope::digest;
use slipway_domain::release::task_record::{Assignee, Task, TaskState};
use slipway_domain::setting::{Freeze, FreezeScope, FreezeStrength};
use slipway_domain::time::{Timestamp, Window};

/// Who is about to do something, and what is on their screen.
pub struct Desk<'a> {
    pub person: PersonId,
    pub now: Timestamp,
    pub seen: &'a Memory,
    pub random: &'a mut Random,
}

/// Gives the new record of a command the device's next number.
pub fn give_number(command: &mut Command, numbers: &mut crate::machine::Numbering<'_>) {
    match command {
        Command::Cmdb(CmdbCommand::CreateCi(ci)) => ci.number = numbers(Series::Ci, ci.id.0),
        Command::Release(id, ReleaseCommand::Create(new)) => new.number = numbers(Series::Release, id.0),
        Command::Change(ChangeCommand::Create(change)) => change.number = numbers(Series::Change, change.id.0),
        Command::Dhs(DhsCommand::Receive(unit)) => unit.number = numbers(Series::DhsUnit, unit.id.0),
        _ => {}
    }
}

pub fn a_release(id: ReleaseId, person: PersonId, title: &str) -> NewRelease {
    NewRelease {
        number: Number::provisional(Series::Release, id.0),
        title: title.into(),
        description: String::new(),
        release_type: Some(ReleaseType::Software),
        class: ReleaseClass::Minor,
        packaging: Packaging::Full,
        reason: "wanted".into(),
        manager: person,
        requested_by: person,
    }
}

pub fn a_change(id: ChangeId, person: PersonId, now: Timestamp, title: &str) -> Change {
    Change {
        id,
        number: Number::provisional(Series::Change, id.0),
        foreign: None,
        title: title.into(),
        description: String::new(),
        category: "software".into(),
        kind: ChangeKind::Normal,
        reason: String::new(),
        requested_by: person,
        coordinator: None,
        impact: Some(Impact::User),
        urgency: Some(Urgency::High),
        priority: None,
        risk: Some(slipway_domain::level::Risk::Low),
        cis: [].into(),
        ci_groups: [].into(),
        services: [].into(),
        planned: None,
        versions: None,
        release: None,
        state: ChangeState::Registered,
        outcome: None,
        state_reason: String::new(),
        created_at: now,
    }
}

impl Desk<'_> {
    fn all<E: Entity>(&self) -> Vec<E> {
        self.seen.records().filter(|r| r.kind() == E::KIND).filter_map(|r| E::from_record(r.clone())).collect()
    }

    fn any<E: Entity>(&mut self) -> Option<E> {
        let all = self.all::<E>();
        self.random.pick(&all).cloned()
    }

    fn words(&mut self) -> String {
        format!("{:x}", self.random.below(1 << 20))
    }

    /// A command, if what is on the screen allows for the kind that was drawn.
    pub fn command(&mut self) -> Option<Command> {
        match self.random.below(100) {
            0..12 => self.create_ci(),
            12..21 => self.set_field(),
            21..27 => self.move_ci(),
            27 => self.assign_sites(),
            28..32 => self.relate(),
            32..38 => self.comment(),
            38..46 => self.create_release(),
            46..58 => self.on_release(),
            58..63 => self.freeze(),
            63..72 => self.on_change(),
            72..80 => self.approve(),
            80..85 => self.on_task(),
            _ => self.on_unit(),
        }
    }

    fn create_ci(&mut self) -> Option<Command> {
        let id = CiId(self.random.uuid());
        // Few names, so that two laptops make the same CI.
        let name = format!("host-{}", self.random.below(40));
        let mut ci = Ci::blank(id, Number::provisional(Series::Ci, id.0), "server", &name);
        ci.location.site = self.site();
        Some(Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci))))
    }

    fn set_field(&mut self) -> Option<Command> {
        let ci: Ci = self.any()?;
        if self.random.percent(15) {
            let to = *self.random.pick(CiStatus::ALL)?;
            return Some(Command::Cmdb(CmdbCommand::SetStatus { ci: ci.id, from: ci.status, to }));
        }
        let mut fields = Vec::new();
        for field in ["version", "notes", "model"] {
            if self.random.percent(50) {
                fields.push(FieldChange { field: field.into(), from: ci.field(field)?, to: self.words() });
            }
        }
        Some(Command::Cmdb(CmdbCommand::SetFields(ci.id, fields)))
    }

    /// Any site, or none.
    fn site(&mut self) -> Option<SiteId> {
        if self.random.percent(25) { None } else { self.random.pick(&SITES).copied() }
    }

    fn move_ci(&mut self) -> Option<Command> {
        let ci: Ci = self.any()?;
        let to = self.site().map(|site| site.to_string()).unwrap_or_default();
        let field = FieldChange { field: "location.site".into(), from: ci.field("location.site")?, to };
        Some(Command::Cmdb(CmdbCommand::SetFields(ci.id, vec![field])))
    }

    /// Grants and revocations.
    fn assign_sites(&mut self) -> Option<Command> {
        let person = Assignee::Person(*self.random.pick(&PEOPLE)?);
        let of = if self.random.percent(25) { Assignee::Group(CAB) } else { person };
        let seen = self.all::<SiteAccess>();
        let from = seen.into_iter().find(|access| access.of == of).map(|access| access.sites);
        let some = SITES.into_iter().filter(|_| self.random.percent(60)).collect();
        let to = (from.is_none() || self.random.percent(40)).then_some(some);
        Some(Command::Setup(SetupCommand::AssignSites(of, Edit { from, to })))
    }

    fn relate(&mut self) -> Option<Command> {
        if self.random.percent(40) {
            return Some(Command::Cmdb(CmdbCommand::Unrelate(self.any::<Relation>()?.id)));
        }
        let (source, target) = (self.any::<Ci>()?.id, self.any::<Ci>()?.id);
        let relation_type = *self.random.pick(RelationType::ALL)?;
        Some(Command::Cmdb(CmdbCommand::Relate { source, relation_type, target }))
    }

    fn comment(&mut self) -> Option<Command> {
        let on = match self.random.below(6) {
            0 => Record::from(self.any::<Relation>()?),
            1 => Record::from(self.any::<DhsUnit>()?),
            2 => Record::from(self.any::<Comment>()?),
            _ => Record::from(self.any::<Ci>()?),
        };
        let on = RecordRef::to(&on);
        let (id, text) = (CommentId(self.random.uuid()), self.words());
        Some(Command::Comment(Comment { id, on, text, by: self.person, at: Timestamp(0) }))
    }

    fn create_release(&mut self) -> Option<Command> {
        let id = ReleaseId(self.random.uuid());
        let title = self.words();
        let new = a_release(id, self.person, &title);
        Some(Command::Release(id, ReleaseCommand::Create(new)))
    }

    fn on_release(&mut self) -> Option<Command> {
        let release: Release = self.any()?;
        let command = match self.random.below(16) {
            0..3 => {
                let title = Edit { from: release.title.clone(), to: self.words() };
                ReleaseCommand::Edit(vec![ReleaseEdit::Title(title)])
            }
            3..6 => ReleaseCommand::AttachChange(self.any::<Change>()?.id),
            6 => ReleaseCommand::DetachChange(*release.scope.changes.first()?),
            7 => ReleaseCommand::Edit(vec![
                ReleaseEdit::Impact(Edit { from: release.impact, to: Some(Impact::User) }),
                ReleaseEdit::Urgency(Edit { from: release.urgency, to: Some(Urgency::High) }),
                ReleaseEdit::AssessmentNote(Edit { from: release.assessment_note.clone(), to: "worth it".into() }),
            ]),
            8 => ReleaseCommand::Edit(vec![ReleaseEdit::AddCi(self.any::<Ci>()?.id)]),
            9 | 10 => ReleaseCommand::Advance,
            11 | 12 => ReleaseCommand::PlanRunbook,
            13 => ReleaseCommand::Hold { reason: "the weather".into() },
            14 => ReleaseCommand::Resume,
            _ => ReleaseCommand::Terminate { reason: "not wanted any more".into() },
        };
        Some(Command::Release(release.id, command))
    }

    fn freeze(&mut self) -> Option<Command> {
        let freezes: Vec<Freeze> = self.all();
        Some(Command::Setup(match self.random.pick(&freezes) {
            Some(freeze) if freezes.len() > 2 => SetupCommand::RemoveFreeze(freeze.id),
            _ => SetupCommand::PutFreeze(Freeze {
                id: FreezeId(self.random.uuid()),
                title: self.words(),
                window: Window { start: Timestamp(1), end: Timestamp(2) },
                scope: FreezeScope::Everything,
                strength: FreezeStrength::Hard,
                repeats: None,
            }),
        }))
    }

    fn on_change(&mut self) -> Option<Command> {
        let change = if self.random.percent(40) { None } else { self.any::<Change>() };
        let Some(change) = change else {
            let id = ChangeId(self.random.uuid());
            let kind = if self.random.percent(50) { ChangeKind::Standard } else { ChangeKind::Normal };
            let title = self.words();
            let change = Change { kind, ..a_change(id, self.person, self.now, &title) };
            return Some(Command::Change(ChangeCommand::Create(Box::new(change))));
        };
        let action = match self.random.below(8) {
            0..3 => ChangeAction::Assess,
            3 => ChangeAction::WithdrawApproval("seen again".into()),
            4 => ChangeAction::Reconsider("asked again".into()),
            5 => ChangeAction::Implement,
            6 => ChangeAction::Review { outcome: Outcome::Successful },
            _ => ChangeAction::Cancel("not wanted".into()),
        };
        Some(Command::Change(ChangeCommand::Do(change.id, action)))
    }

    fn approve(&mut self) -> Option<Command> {
        let approvals: Vec<Approval> = self.all();
        let pending: Vec<_> = approvals.iter().filter(|a| a.state == ApprovalState::Pending).cloned().collect();
        // Now and then on one that is over, as from an old screen.
        let some = if self.random.percent(80) { self.random.pick(&pending) } else { self.random.pick(&approvals) };
        let command = match (self.random.below(10), some.cloned()) {
            (0..5, Some(approval)) => {
                let seen = match approval.subject {
                    Subject::Release(id) => self.all::<Release>().into_iter().find(|r| r.id == id).map(|r| digest(&r)),
                    Subject::Change(_) => None,
                };
                let deny = Decision::Deny { reason: DenyReason::Technical, text: "no".into() };
                ApprovalCommand::Vote {
                    approval: approval.id,
                    on_behalf_of: self.random.percent(10).then_some(approval.requested_by),
                    decision: if self.random.percent(75) { Decision::Approve } else { deny },
                    note: String::new(),
                    digest: seen,
                }
            }
            (5, Some(approval)) => {
                ApprovalCommand::Retract { approval: approval.id, on_behalf_of: None, reason: "thought again".into() }
            }
            (6, _) => ApprovalCommand::Delegate(Delegation {
                id: self.random.uuid().into(),
                from: self.person,
                to: [*self.random.pick(&PEOPLE)?].into(),
                groups: None,
                starts_at: self.now,
                ends_at: self.now.plus_days(3),
                revoked: false,
                by: None,
            }),
            _ => {
                let subject = if self.random.percent(50) {
                    // Where an approval leads on; the others are asked for now and then.
                    let all: Vec<Release> = self.all();
                    let ready: Vec<_> = all.iter().filter(|r| r.phase == Phase::PlanAndDesign).cloned().collect();
                    let some = if self.random.percent(90) { self.random.pick(&ready) } else { self.random.pick(&all) };
                    Subject::Release(some?.id)
                } else {
                    Subject::Change(self.any::<Change>()?.id)
                };
                let approval = self.random.uuid().into();
                ApprovalCommand::Request { approval, subject, groups: None, rule: None, due_at: None }
            }
        };
        Some(Command::Approval(command))
    }

    fn on_task(&mut self) -> Option<Command> {
        if self.random.percent(50) {
            let task: Task = self.any()?;
            if self.random.percent(20) {
                let minutes = u32::try_from(self.random.below(90)).unwrap_or(1);
                return Some(Command::Task(task.id, TaskCommand::Rehearse { minutes, note: String::new() }));
            }
            let state = *self.random.pick(TaskState::ALL)?;
            let result = (state == TaskState::Done).then_some(TestResult::Passed);
            return Some(Command::Task(task.id, TaskCommand::SetState { state, result, note: String::new() }));
        }
        let release = self.any::<Release>()?;
        let title = self.words();
        let create = TaskCommand::Create {
            release: release.id,
            phase: Phase::PlanAndDesign,
            title,
            mandatory: self.random.percent(30),
            predecessors: [].into(),
            planned_minutes: 10,
        };
        Some(Command::Task(TaskId(self.random.uuid()), create))
    }

    fn on_unit(&mut self) -> Option<Command> {
        let Some(model) = self.any::<DhsModel>() else {
            return Some(Command::Dhs(DhsCommand::PutModel(DhsModel {
                id: DhsModelId(self.random.uuid()),
                manufacturer: "Acme".into(),
                name: "Blade".into(),
                part_numbers: Vec::new(),
                height_tenth_u: 10,
                facts: ModelFacts::default(),
            })));
        };
        let site = self.site();
        let bin = |n: u64| Bin { site, store: "Cellar".into(), shelf: n.to_string(), ..Bin::default() };
        let units: Vec<DhsUnit> = self.all();
        if units.len() < 4 || self.random.percent(20) {
            let id = DhsUnitId(self.random.uuid());
            return Some(Command::Dhs(DhsCommand::Receive(Box::new(DhsUnit {
                id,
                number: Number::provisional(Series::DhsUnit, id.0),
                model: model.id,
                // Few, so that two laptops receive the same unit.
                serial_number: format!("SN-{}", self.random.below(60)),
                asset_tag: String::new(),
                condition: Condition::New,
                state: UnitState::Expected,
                bin: bin(1),
                reserved_for: None,
                ci: None,
                facts: UnitFacts::default(),
            }))));
        }
        // Few units and several laptops: they race for the last one.
        let unit = self.random.pick(&units)?.id;
        Some(Command::Dhs(match self.random.below(8) {
            0..3 => DhsCommand::Reserve { unit, release: self.any::<Release>()?.id },
            3 => DhsCommand::ReleaseReservation(unit),
            4 => DhsCommand::Issue(unit),
            5 => DhsCommand::Install { unit, ci: self.any::<Ci>()?.id },
            6 => DhsCommand::Return { unit, to: bin(self.random.below(3)), condition: Condition::Used },
            _ => DhsCommand::Transfer { unit, to: bin(self.random.below(3)) },
        }))
    }
}
