//! Commands: everything that can change a record, as one typed enum, and the envelope that a device signs.
//!
//! A command kind that a program does not know fails to parse; the server *holds* such a command, it is never lost.

use crate::approval::record::{ApprovalRule, Decision, Subject};
use crate::attachment::AttachmentCommand;
use crate::change::record::{Change, ChangeKind};
use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::class::CiClass;
use crate::cmdb::group::CiGroup;
use crate::cmdb::observation::ObservationCommand;
use crate::cmdb::relation::RelationType;
use crate::cmdb::relation_kind::RelationKind;
use crate::comment::Comment;
use crate::dsl::item::MasterFile;
use crate::dsl::vendor_key::VendorKey;
use crate::id::{
    ApprovalId, ChangeId, CiClassId, CiGroupId, CiId, CommandId, DelegationId, DeviceId, DslItemId, ExceptionId,
    FreezeId, GroupId, PersonId, ReleaseId, SiteId, TaskId, TestId, WorkspaceId,
};
use crate::level::{Assessment, Impact, Risk, Urgency};
use crate::number::Number;
use crate::people::{Delegation, Group, Person, Site};
use crate::release::record::{
    BackOutDecision, Component, Outcome, Packaging, Phase, PlanKind, PlanStep, ReleaseClass, ReleaseType, Target,
    TestResult,
};
use crate::release::scope::ScopeDigest;
use crate::release::task_record::{Assignee, TaskState};
use crate::setting::{ApprovalPolicy, Freeze, TaskTemplate, WorkspaceRules};
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

pub mod about;
mod bulk;
pub mod merge;
mod rows;
mod stores;

pub use rows::{CiRow, RelationRow};
pub use stores::{DhsCommand, DslCommand};

/// A command, by the part of the domain that judges it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// People, groups, templates, rules.
    Setup(SetupCommand),
    /// A release and its phase machine.
    Release(ReleaseId, ReleaseCommand),
    /// A task of a release.
    Task(TaskId, TaskCommand),
    /// Approval requests and votes.
    Approval(ApprovalCommand),
    /// Changes.
    Change(ChangeCommand),
    /// Configuration items, relations, groups.
    Cmdb(CmdbCommand),
    /// The Definitive Software Library.
    Dsl(DslItemId, DslCommand),
    /// The Definitive Hardware Store.
    Dhs(DhsCommand),
    /// A remark on a record.
    Comment(Comment),
    /// A photo of a CI.
    Attachment(AttachmentCommand),
    /// What becomes of a fact that a rule is against.
    Exception(ExceptionCommand),
    /// What was seen, and what becomes of it.
    Observation(ObservationCommand),
}

/// What an administrator sets up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SetupCommand {
    /// Creates or replaces a person.
    PutPerson(Person),
    /// Creates or replaces a group.
    PutGroup(Group),
    /// Creates or replaces a site.
    PutSite(Site),
    /// Says which sites a person, or the members of a group, may read; `None`: all.
    AssignSites(Assignee, Edit<Option<BTreeSet<SiteId>>>),
    /// Creates or replaces a task template.
    PutTaskTemplate(TaskTemplate),
    /// Creates or replaces an approval policy.
    PutApprovalPolicy(ApprovalPolicy),
    /// Replaces the workspace rules.
    PutWorkspaceRules(WorkspaceRules),
    /// Creates or replaces a freeze.
    PutFreeze(Freeze),
    /// Removes a freeze.
    RemoveFreeze(FreezeId),
    /// Adds a vendor's key, or retires one.
    PutVendorKey(VendorKey),
}

/// A new release, as the sheet gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewRelease {
    /// From the device's number block, or provisional.
    pub number: Number,
    /// In a line.
    pub title: String,
    /// In full.
    pub description: String,
    /// May be decided later, in Assess.
    pub release_type: Option<ReleaseType>,
    /// Major, minor, emergency.
    pub class: ReleaseClass,
    /// Full, delta, package.
    pub packaging: Packaging,
    /// Why.
    pub reason: String,
    /// Owner.
    pub manager: PersonId,
    /// Who asked for it.
    pub requested_by: PersonId,
}

/// One edit of a release. Values that two people may edit carry what the author saw; another value found there is
/// a conflict of that text, or refuses the command where it is more than a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseEdit {
    /// Title.
    Title(Edit<String>),
    /// Description.
    Description(Edit<String>),
    /// Reason.
    Reason(Edit<String>),
    /// Type.
    Type(Edit<Option<ReleaseType>>),
    /// Class.
    Class(Edit<ReleaseClass>),
    /// Packaging.
    Packaging(Edit<Packaging>),
    /// Impact.
    Impact(Edit<Option<Impact>>),
    /// Urgency.
    Urgency(Edit<Option<Urgency>>),
    /// Impact assessment.
    ImpactAssessment(Edit<Option<Assessment>>),
    /// Assessment note.
    AssessmentNote(Edit<String>),
    /// Risk.
    Risk(Edit<Option<Risk>>),
    /// Owner.
    Manager(Edit<PersonId>),
    /// Coordinator.
    Coordinator(Edit<Option<PersonId>>),
    /// Estimated cost.
    EstimatedCost(Edit<Option<u32>>),
    /// Actual cost.
    ActualCost(Edit<Option<u32>>),
    /// Asks for Training with a reason, in Assess; `None` takes the wish back.
    AskTraining(Option<String>),
    /// Adds an affected CI.
    AddCi(CiId),
    /// Removes an affected CI.
    RemoveCi(CiId),
    /// Adds an affected CI group.
    AddCiGroup(CiGroupId),
    /// Removes an affected CI group.
    RemoveCiGroup(CiGroupId),
    /// Adds a business service.
    AddService(CiId),
    /// Removes a business service.
    RemoveService(CiId),
    /// Adds a component.
    AddComponent(Component),
    /// Removes a component.
    RemoveComponent(Component),
    /// All targets.
    Targets(Edit<Vec<Target>>),
    /// Build window.
    BuildWindow(Edit<Option<Window>>),
    /// Rollout window.
    RolloutWindow(Edit<Option<Window>>),
    /// Steps of one plan.
    Plan {
        /// Which.
        plan: PlanKind,
        /// Steps.
        steps: Edit<Vec<PlanStep>>,
    },
    /// The CI update plan.
    CiPlan(Edit<Vec<crate::cmdb::update_plan::CiUpdate>>),
}

/// From what the author saw to what it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Edit<T> {
    /// Seen.
    pub from: T,
    /// Wanted.
    pub to: T,
}

/// Commands on a release; the id stands beside it in [`Command::Release`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseCommand {
    /// Creates it in Assess.
    Create(NewRelease),
    /// Edits fields and scope: all edits or none, but for texts, which merge one by one.
    Edit(Vec<ReleaseEdit>),
    /// Attaches a change.
    AttachChange(ChangeId),
    /// Detaches a change; it is approved and unscheduled again.
    DetachChange(ChangeId),
    /// To the next phase of the table.
    Advance,
    /// Build and test failed: back to Plan and design.
    TestFailed {
        /// What failed.
        failure: String,
    },
    /// Go or no-go.
    RecordGoNoGo {
        /// Which.
        go: bool,
        /// Remark.
        note: String,
    },
    /// The install was performed.
    RecordInstall {
        /// Why outside the window, by the release manager.
        window_override: Option<String>,
        /// Why during a freeze, by the change manager.
        freeze_override: Option<String>,
    },
    /// Outcome of one change.
    RecordOutcome {
        /// The change.
        change: ChangeId,
        /// How it turned out.
        outcome: Outcome,
    },
    /// The review text.
    WriteReview(Edit<String>),
    /// Verification to Verified.
    VerifyAndClose,
    /// Begins the back-out.
    BackOut {
        /// Why.
        reason: String,
    },
    /// Decides one conflict of the back-out.
    DecideConflict {
        /// The CI.
        ci: CiId,
        /// The field.
        field: String,
        /// What to do.
        decision: BackOutDecision,
    },
    /// Ends the back-out: Backed out, or rework.
    CompleteBackOut {
        /// Back to Plan and design with the evidence kept.
        rework: bool,
    },
    /// Gives the release up.
    Terminate {
        /// Why.
        reason: String,
    },
    /// Back to an earlier phase.
    SendBack {
        /// Which.
        to: Phase,
        /// Why.
        reason: String,
    },
    /// Records a test; additive.
    RecordTest {
        /// New identity.
        test: TestId,
        /// What was tested.
        title: String,
        /// How it went.
        result: TestResult,
        /// Evidence.
        note: String,
    },
    /// Waives a failed test.
    WaiveTest {
        /// Which.
        test: TestId,
        /// Why.
        reason: String,
    },
    /// Says that an attested criterion is met.
    Attest {
        /// Criterion code.
        criterion: String,
        /// Note and evidence.
        note: String,
    },
    /// Lets a criterion through.
    WaiveCriterion {
        /// Criterion code.
        criterion: String,
        /// Why.
        reason: String,
    },
    /// Takes an attestation or waiver back.
    ClearCriterion {
        /// Criterion code.
        criterion: String,
    },
    /// Makes the tasks of rollout and back-out ahead of their phases.
    PlanRunbook,
    /// Stops the rollout: nothing more is begun.
    Hold {
        /// Why.
        reason: String,
    },
    /// Lets the rollout go on.
    Resume,
    /// The master's files were hashed again and match.
    VerifyMaster {
        /// The component.
        item: DslItemId,
        /// What was read: name, hash and size of each file.
        files: Vec<MasterFile>,
    },
}

/// Commands on a task; the id stands beside it in [`Command::Task`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TaskCommand {
    /// Adds one to a release.
    Create {
        /// The release.
        release: ReleaseId,
        /// In which phase.
        phase: Phase,
        /// What is to be done.
        title: String,
        /// Whether the phase cannot be left without it.
        mandatory: bool,
        /// What comes first.
        predecessors: BTreeSet<TaskId>,
        /// Planned length.
        planned_minutes: u32,
    },
    /// Edits it.
    Edit(Vec<TaskEdit>),
    /// Moves it along.
    SetState {
        /// Where to.
        state: TaskState,
        /// How it went, with *done*.
        result: Option<TestResult>,
        /// Remark, appended to the notes.
        note: String,
    },
    /// Records how long it took when it was rehearsed; the last rehearsal counts.
    Rehearse {
        /// Whole minutes.
        minutes: u32,
        /// Remark, appended to the notes.
        note: String,
    },
}

/// One edit of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TaskEdit {
    /// Title.
    Title(Edit<String>),
    /// Assignee.
    Assignee(Edit<Option<Assignee>>),
    /// Planned start.
    PlannedStart(Edit<Option<Timestamp>>),
    /// Planned length.
    PlannedMinutes(Edit<u32>),
    /// Mandatory or not.
    Mandatory(Edit<bool>),
    /// Adds a predecessor.
    AddPredecessor(TaskId),
    /// Removes a predecessor.
    RemovePredecessor(TaskId),
}

/// Commands on approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalCommand {
    /// Asks for the approval that the subject needs now.
    Request {
        /// New identity.
        approval: ApprovalId,
        /// What is to be approved.
        subject: Subject,
        /// Instead of the policy's groups.
        groups: Option<Vec<GroupId>>,
        /// Instead of the policy's rule.
        rule: Option<ApprovalRule>,
        /// Instead of the policy's due time.
        due_at: Option<Timestamp>,
    },
    /// Votes.
    Vote {
        /// On which request.
        approval: ApprovalId,
        /// For whom, when through a delegation.
        on_behalf_of: Option<PersonId>,
        /// Yes or no.
        decision: Decision,
        /// Remark.
        note: String,
        /// The scope digest that the approver saw; `None` for a change.
        digest: Option<ScopeDigest>,
    },
    /// Takes one's vote back: the request is pending again.
    Retract {
        /// On which request.
        approval: ApprovalId,
        /// For whom it was cast.
        on_behalf_of: Option<PersonId>,
        /// Why.
        reason: String,
    },
    /// An administrator decides in place of the groups.
    Override {
        /// Which request.
        approval: ApprovalId,
        /// Why.
        reason: String,
    },
    /// Hands one's votes on for a time.
    Delegate(Delegation),
    /// Takes a delegation back.
    RevokeDelegation(DelegationId),
}

/// Commands on changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCommand {
    /// Registers one. State, release, outcome and priority of the given record are ignored; *standard* is approved at once.
    Create(Box<Change>),
    /// Edits fields; each by name with what the author saw.
    Edit(ChangeId, Vec<ChangeEdit>),
    /// Moves it along.
    Do(ChangeId, ChangeAction),
    /// Takes changes of another suite: creates, updates, or leaves alone by foreign number. Each row is judged by itself.
    Import(Vec<ChangeRow>),
}

/// One edit of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeEdit {
    /// Title.
    Title(Edit<String>),
    /// Description.
    Description(Edit<String>),
    /// Category.
    Category(Edit<String>),
    /// Kind.
    Kind(Edit<ChangeKind>),
    /// Reason.
    Reason(Edit<String>),
    /// Impact.
    Impact(Edit<Option<Impact>>),
    /// Urgency.
    Urgency(Edit<Option<Urgency>>),
    /// Risk.
    Risk(Edit<Option<Risk>>),
    /// Coordinator.
    Coordinator(Edit<Option<PersonId>>),
    /// Planned window.
    Planned(Edit<Option<Window>>),
    /// Adds an affected CI.
    AddCi(CiId),
    /// Removes an affected CI.
    RemoveCi(CiId),
    /// Adds an affected service.
    AddService(CiId),
    /// Removes an affected service.
    RemoveService(CiId),
}

/// A move of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// Impact and risk are known.
    Assess,
    /// The approval is taken back, with a reason.
    WithdrawApproval(String),
    /// Back to Assessed after a denial or withdrawal, with a reason.
    Reconsider(String),
    /// In production, outside a release.
    Implement,
    /// Looked back on.
    Review {
        /// How it turned out.
        outcome: Outcome,
    },
    /// Finished.
    Close,
    /// Given up, with a reason.
    Cancel(String),
}

/// A row of a change import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeRow {
    /// Line of the file it came from, to name it in findings.
    pub line: u32,
    /// The change; `foreign` is set, its state is taken as it is.
    pub change: Change,
}

/// Commands on the CMDB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CmdbCommand {
    /// Creates a CI.
    CreateCi(Box<Ci>),
    /// Sets fields; merges field by field, conflicts are listed.
    SetFields(CiId, Vec<FieldChange>),
    /// Moves the status.
    SetStatus {
        /// The CI.
        ci: CiId,
        /// Seen.
        from: CiStatus,
        /// Wanted.
        to: CiStatus,
    },
    /// Adds a relation.
    Relate {
        /// From.
        source: CiId,
        /// How.
        relation_type: RelationType,
        /// To.
        target: CiId,
    },
    /// Removes a relation.
    Unrelate(crate::id::RelationId),
    /// Creates or replaces a CI group.
    PutGroup(CiGroup),
    /// Creates or replaces classes, all of them or none; at most [`BULK_ROWS`]. Their identities come from their keys.
    PutClasses(Vec<CiClass>),
    /// Removes a class that nothing uses.
    RemoveClass(CiClassId),
    /// Creates or replaces a relation type.
    PutRelationKind(RelationKind),
    /// Creates or updates CIs by class and name; at most [`BULK_ROWS`]. Each row is judged by itself.
    ImportCis(Vec<CiRow>),
    /// Adds relations that are not there yet; at most [`BULK_ROWS`]. Each row is judged by itself.
    ImportRelations(Vec<RelationRow>),
    /// Two CIs are one: `gone` is merged into `kept`.
    MergeCi {
        /// The CI that stays.
        kept: CiId,
        /// The CI that goes.
        gone: CiId,
        /// Fields that the kept one takes from the other.
        take: BTreeSet<String>,
    },
    /// Undoes the merge of this CI, while nothing else happened since.
    UndoMerge(CiId),
    /// Two CIs that look alike are two.
    DismissDuplicate {
        /// The pair.
        pair: crate::id::CiDuplicateId,
        /// Why.
        reason: String,
    },
    /// Sets fields of many CIs; at most [`BULK_ROWS`]. Each CI is judged by itself, each field merges.
    EditCis(Vec<crate::cmdb::edit_many::CiEdit>),
    /// Makes what its filter found the members of a dynamic CI group.
    FillGroup(crate::cmdb::fill::FoundMembers),
    /// Creates or replaces a redundancy rule.
    PutRedundancy(crate::cmdb::redundancy::Redundancy),
    /// Removes a redundancy rule.
    RemoveRedundancy(crate::id::RedundancyId),
    /// Creates a standard, or replaces a draft.
    PutStandard(crate::cmdb::standard::NewStandard),
    /// Does something with a standard.
    Standard {
        /// Which.
        standard: crate::id::StandardId,
        /// What.
        act: crate::cmdb::standard::StandardAct,
    },
    /// Takes a baseline.
    TakeBaseline(Box<crate::cmdb::baseline::NewBaseline>),
    /// Adds a part of the members that were announced when the baseline was taken.
    AddToBaseline {
        /// Which.
        baseline: crate::id::BaselineId,
        /// Position of the part, from 1.
        position: u32,
        /// The CIs.
        members: crate::cmdb::baseline::Members,
    },
}

/// Most rows in one bulk command.
pub const BULK_ROWS: usize = 500;

/// Decisions on an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionCommand {
    /// It stands: the record follows what was done.
    Accept {
        /// Which.
        exception: ExceptionId,
        /// Why.
        reason: String,
    },
    /// It was undone by hand: the record stays as it is.
    BackOut {
        /// Which.
        exception: ExceptionId,
        /// Why.
        reason: String,
    },
}

/// What a device signs: the command and everything that binds it to person, device, place in the chain and workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<C = Command> {
    /// Domain separation: [`Envelope::DOMAIN`].
    pub domain: String,
    /// The workspace it is meant for.
    pub workspace: WorkspaceId,
    /// Version of the rules the device judged it by.
    pub rules_version: u32,
    /// Identity.
    pub id: CommandId,
    /// The device.
    pub device: DeviceId,
    /// 1, 2, 3 on this device, without gaps.
    pub counter: u64,
    /// Who.
    pub actor: PersonId,
    /// When, by the device's clock.
    pub made_at: Timestamp,
    /// Highest server sequence the device had seen.
    pub last_seq: u64,
    /// Lower-case hex of the SHA-256 of this device's previous payload; empty for its first.
    pub previous: String,
    /// The command that this one replaces after a refusal.
    pub replaces: Option<CommandId>,
    /// What is to be done.
    pub command: C,
}

impl Envelope {
    /// Signed with every command, so that a signature can never be taken for one of another protocol.
    pub const DOMAIN: &'static str = "slipway.command.v1";
}

/// Version of the rules in this crate; stored with every result.
pub const RULES_VERSION: u32 = 1;
