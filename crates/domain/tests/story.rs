//! A release on its way: a world that is ready for every step, and the steps themselves.

use crate::builders::{ANNE, BERT, CARL, CLEO, LIBBY, RITA, START, TESS, World};
use slipway_domain::approval::record::{Approval, Decision, Subject};
use slipway_domain::change::record::{Change, ChangeKind, ChangeState};
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::command::{ApprovalCommand, Command, Edit, NewRelease, ReleaseCommand, ReleaseEdit, TaskCommand};
use slipway_domain::dsl::item::{DslItem, ItemKind, ItemState, MasterFile};
use slipway_domain::id::{ApprovalId, ChangeId, CiId, DslItemId, PersonId, ReleaseId, TestId};
use slipway_domain::level::{Impact, Risk, Urgency};
use slipway_domain::lookup::{Lookup, subject_key};
use slipway_domain::number::{Number, Series};
use slipway_domain::readiness::CriterionState;
use slipway_domain::readiness::evaluate::{Kind, evaluate, kind_of};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{
    Component, Outcome, Packaging, Phase, PlanKind, PlanStep, Release, ReleaseClass, ReleaseType, TestResult, Training,
};
use slipway_domain::release::scope::digest;
use slipway_domain::release::task::{is_ready, tasks_of};
use slipway_domain::release::task_record::{Task, TaskState};
use slipway_domain::time::{Timestamp, Window};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub const REL: ReleaseId = ReleaseId(Uuid::from_u128(0x100));
pub const CHG: ChangeId = ChangeId(Uuid::from_u128(0x201));
pub const PAYROLL: CiId = CiId(Uuid::from_u128(0x301));
pub const DB: CiId = CiId(Uuid::from_u128(0x302));
pub const AGENT: CiId = CiId(Uuid::from_u128(0x303));
pub const ITEM: DslItemId = DslItemId(Uuid::from_u128(0x401));

/// The hours of the rollout window, which begins a day after the start.
pub fn rollout_window() -> Window {
    Window { start: START.plus_hours(24), end: START.plus_hours(28) }
}

pub fn a_change(id: ChangeId, n: u32, state: ChangeState) -> Change {
    Change {
        id,
        number: Number::new(Series::Change, n),
        foreign: None,
        title: format!("Change {n}"),
        description: String::new(),
        category: "software".into(),
        kind: ChangeKind::Normal,
        reason: String::new(),
        requested_by: CLEO,
        coordinator: None,
        impact: Some(Impact::MultipleUsers),
        urgency: Some(Urgency::Average),
        priority: None,
        risk: None,
        cis: [PAYROLL].into(),
        ci_groups: [].into(),
        services: [].into(),
        planned: Some(rollout_window()),
        versions: None,
        release: None,
        state,
        outcome: None,
        state_reason: String::new(),
        created_at: START,
    }
}

pub fn the_item() -> DslItem {
    DslItem {
        id: ITEM,
        number: Number::new(Series::DslItem, 1),
        name: "Payroll server".into(),
        version: "9.4".into(),
        vendor: "Acme".into(),
        kind: ItemKind::Application,
        platform: "linux".into(),
        licence: String::new(),
        files: vec![MasterFile { name: "payroll.tar".into(), sha256: "ab".repeat(32), size_bytes: 10 }],
        state: ItemState::Accepted,
        checks: BTreeMap::new(),
        submitted_by: TESS,
        submitted_at: START,
        handed_in_by: BTreeSet::new(),
        accepted_by: Some(LIBBY),
        accepted_at: Some(START),
        withdrawn_because: String::new(),
        sbom: None,
    }
}

/// Three CIs, an approved change and a master.
pub fn a_world() -> World {
    let mut world = World::new();
    for (n, id, name) in [(1, PAYROLL, "Payroll"), (2, DB, "db-01"), (3, AGENT, "agent")] {
        let mut ci = Ci::blank(id, Number::new(Series::Ci, n), "software package", name);
        ci.version = "9.3".into();
        world.put(ci);
    }
    world.put(Relation::new(PAYROLL, RelationType::RunsOn, DB));
    world.put(a_change(CHG, 1, ChangeState::Approved));
    world.put(the_item());
    world
}

pub fn field(field: &str, from: &str, to: &str) -> FieldChange {
    FieldChange { field: field.into(), from: from.into(), to: to.into() }
}

/// What the release does to the CMDB: a version, a new CI and a relation to it.
pub fn the_plan() -> Vec<CiUpdate> {
    let created = CiId(Uuid::from_u128(0x304));
    vec![
        CiUpdate::SetFields { ci: PAYROLL, fields: vec![field("version", "9.3", "9.4"), field("notes", "", "new")] },
        CiUpdate::Create(Box::new(Ci::blank(created, Number::new(Series::Ci, 4), "software package", "library"))),
        CiUpdate::AddRelation(Relation::new(PAYROLL, RelationType::DependsOn, created)),
        CiUpdate::RemoveRelation(Relation::new(PAYROLL, RelationType::RunsOn, DB)),
    ]
}

pub fn edit<T>(from: T, to: T) -> Edit<T> {
    Edit { from, to }
}

/// Steps of a release that is called [`REL`] unless said otherwise.
impl World {
    pub fn release(&self) -> Release {
        self.get(REL)
    }

    #[track_caller]
    pub fn on(&mut self, actor: PersonId, command: ReleaseCommand) {
        self.must(actor, &Command::Release(REL, command));
    }

    #[track_caller]
    pub fn no(&mut self, actor: PersonId, command: ReleaseCommand) -> Vec<String> {
        self.refused(actor, &Command::Release(REL, command))
    }

    #[track_caller]
    pub fn create(&mut self, id: ReleaseId, n: u32) {
        let new = NewRelease {
            number: Number::new(Series::Release, n),
            title: "Payroll 9.4".into(),
            description: String::new(),
            release_type: Some(ReleaseType::Software),
            class: ReleaseClass::Major,
            packaging: Packaging::Full,
            reason: "new tax year".into(),
            manager: RITA,
            requested_by: CARL,
        };
        self.must(RITA, &Command::Release(id, ReleaseCommand::Create(new)));
    }

    /// In Assess with everything that leaving it needs.
    #[track_caller]
    pub fn assessed(&mut self) {
        self.create(REL, 1);
        self.on(
            RITA,
            ReleaseCommand::Edit(vec![
                ReleaseEdit::Impact(edit(None, Some(Impact::SiteDepartment))),
                ReleaseEdit::Urgency(edit(None, Some(Urgency::High))),
                ReleaseEdit::AssessmentNote(edit(String::new(), "worth it".into())),
            ]),
        );
        self.on(RITA, ReleaseCommand::AttachChange(CHG));
    }

    /// In Plan and design with everything but tasks and approval.
    #[track_caller]
    pub fn planned(&mut self) {
        self.assessed();
        self.plan();
    }

    /// The same with Training to come.
    #[track_caller]
    pub fn planned_with_training(&mut self) {
        self.assessed();
        self.on(RITA, ReleaseCommand::Edit(vec![ReleaseEdit::AskTraining(Some("new screens".into()))]));
        self.plan();
    }

    #[track_caller]
    fn plan(&mut self) {
        self.on(RITA, ReleaseCommand::Advance);
        let step = |text: &str| vec![PlanStep { text: text.into(), owner: Some(TESS), minutes: 10 }];
        let plan = |plan| ReleaseEdit::Plan { plan, steps: edit(vec![], step("a step")) };
        let mut edits: Vec<ReleaseEdit> = PlanKind::ALL.iter().copied().map(plan).collect();
        edits.extend([
            ReleaseEdit::Risk(edit(None, Some(Risk::Low))),
            ReleaseEdit::AddCi(PAYROLL),
            ReleaseEdit::AddComponent(Component::DslItem(ITEM)),
            ReleaseEdit::BuildWindow(edit(None, Some(Window { start: START, end: START.plus_hours(20) }))),
            ReleaseEdit::RolloutWindow(edit(None, Some(rollout_window()))),
            ReleaseEdit::CiPlan(edit(vec![], the_plan())),
        ]);
        self.on(RITA, ReleaseCommand::Edit(edits));
    }

    /// Finishes every task of the present phase, in an order that the predecessors allow.
    #[track_caller]
    pub fn do_tasks(&mut self) {
        loop {
            let release = self.release();
            let tasks = tasks_of(REL, &self.records).unwrap();
            let ready: Vec<Task> =
                tasks.into_iter().filter(|t| is_ready(t, &release, &self.records).unwrap()).collect();
            if ready.is_empty() {
                return;
            }
            for task in ready {
                self.finish(task.id);
            }
        }
    }

    #[track_caller]
    pub fn finish(&mut self, task: slipway_domain::id::TaskId) {
        self.must(TESS, &Command::Task(task, set_state(TaskState::Done)));
    }

    pub fn task(&self, title: &str) -> Task {
        tasks_of(REL, &self.records).unwrap().into_iter().find(|t| t.title == title).expect("the task exists")
    }

    #[track_caller]
    pub fn request(&mut self) -> ApprovalId {
        let approval = self.id();
        self.must(RITA, &Command::Approval(request(approval, Subject::Release(REL))));
        approval
    }

    #[track_caller]
    pub fn vote(&mut self, voter: PersonId, approval: ApprovalId, decision: Decision) {
        let command = self.ballot(approval, decision);
        self.must(voter, &command);
    }

    /// A vote on what the voter sees now.
    pub fn ballot(&self, approval: ApprovalId, decision: Decision) -> Command {
        let digest = match self.get::<Approval>(approval).subject {
            Subject::Release(id) => Some(digest(&self.get::<Release>(id))),
            Subject::Change(_) => None,
        };
        let note = String::new();
        Command::Approval(ApprovalCommand::Vote { approval, on_behalf_of: None, decision, note, digest })
    }

    /// Both CAB members say yes.
    #[track_caller]
    pub fn approve(&mut self) {
        let approval = self.request();
        self.vote(ANNE, approval, Decision::Approve);
        self.vote(BERT, approval, Decision::Approve);
    }

    #[track_caller]
    pub fn verify_master(&mut self) {
        let files = the_item().files;
        self.on(LIBBY, ReleaseCommand::VerifyMaster { item: ITEM, files });
    }

    #[track_caller]
    pub fn test(&mut self, result: TestResult) -> TestId {
        let test = self.id();
        let (title, note) = ("Functional".to_owned(), String::new());
        self.on(TESS, ReleaseCommand::RecordTest { test, title, result, note });
        test
    }

    /// Attests what is attested, then records the go.
    #[track_caller]
    pub fn go(&mut self) {
        let unmet: Vec<String> = evaluate(&self.release(), self.now, &self.records)
            .unwrap()
            .into_iter()
            .filter(|c| c.state == CriterionState::NotMet)
            .map(|c| c.code)
            .collect();
        for criterion in unmet {
            match kind_of(&criterion).unwrap() {
                Kind::Attested => self.on(CARL, ReleaseCommand::Attest { criterion, note: "seen".into() }),
                Kind::Computed => {
                    self.on(RITA, ReleaseCommand::WaiveCriterion { criterion, reason: "small".into() });
                }
                Kind::Guard => {}
            }
        }
        self.on(RITA, ReleaseCommand::RecordGoNoGo { go: true, note: String::new() });
    }

    /// Records the install inside the window.
    #[track_caller]
    pub fn install(&mut self) {
        self.now = self.now.max(START.plus_hours(25));
        self.on(RITA, ReleaseCommand::RecordInstall { window_override: None, freeze_override: None });
    }

    /// Does everything that leaving the present phase needs.
    #[track_caller]
    pub fn prepare(&mut self) {
        if self.release().phase == Phase::DistributionAndRollout && self.release().install.is_none() {
            self.go();
            self.install();
        }
        self.do_tasks();
        match self.release().phase {
            Phase::PlanAndDesign | Phase::DistributionAndRollout => self.approve(),
            Phase::BuildAndTest => {
                self.verify_master();
                self.test(TestResult::Passed);
                self.approve();
            }
            Phase::Verification => self.outcomes(),
            Phase::Assess | Phase::Training | Phase::BackOut => {}
            closed => panic!("{closed} leads nowhere"),
        }
    }

    /// Takes the release, as [`World::planned`] left it or later, on until it is in that phase.
    #[track_caller]
    pub fn travel_to(&mut self, phase: Phase) {
        while self.release().phase != phase {
            self.prepare();
            let verify = self.release().phase == Phase::Verification;
            self.on(RITA, if verify { ReleaseCommand::VerifyAndClose } else { ReleaseCommand::Advance });
        }
    }

    /// Edits the release past the rules; grants of its scope are kept up, so that nothing but the edit is wrong.
    pub fn spoil(&mut self, edit: impl Fn(&mut Release)) {
        let mut release = self.release();
        edit(&mut release);
        let today = digest(&release);
        for mut approval in
            self.records.list::<Approval>(Lookup::ApprovalsOf, &subject_key(Subject::Release(REL))).unwrap()
        {
            approval.digest = Some(today.clone());
            self.put(approval);
        }
        self.put(release);
    }

    /// Outcome and review.
    #[track_caller]
    pub fn outcomes(&mut self) {
        self.on(RITA, ReleaseCommand::RecordOutcome { change: CHG, outcome: Outcome::Successful });
        self.on(RITA, ReleaseCommand::WriteReview(edit(String::new(), "went well".into())));
    }
}

pub fn request(approval: ApprovalId, subject: Subject) -> ApprovalCommand {
    ApprovalCommand::Request { approval, subject, groups: None, rule: None, due_at: None }
}

pub fn set_state(state: TaskState) -> TaskCommand {
    TaskCommand::SetState { state, result: None, note: String::new() }
}

#[test]
fn a_release_travels_from_assess_to_verified() {
    let mut world = a_world();
    world.planned();
    assert_eq!(world.release().training, Training::Skipped, "the impact assessment is not high");
    world.travel_to(Phase::Verified);
    let release = world.release();
    let phases: Vec<Phase> = release.phase_history.iter().map(|e| e.to).collect();
    assert_eq!(
        phases,
        [
            Phase::Assess,
            Phase::PlanAndDesign,
            Phase::BuildAndTest,
            Phase::DistributionAndRollout,
            Phase::Verification,
            Phase::Verified
        ],
        "Training is skipped"
    );
    assert_eq!(world.get::<Ci>(PAYROLL).version, "9.4", "the plan was applied");
    let change: Change = world.get(CHG);
    assert_eq!(change.state, ChangeState::Reviewed);
    assert_eq!(change.outcome, Some(Outcome::Successful));
    assert_eq!(change.release, Some(REL), "the closed release did it");
    let at: Timestamp = release.install.expect("installed").at;
    assert!(rollout_window().contains(at));
}
