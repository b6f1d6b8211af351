//! Which role may issue which command: one table, read by the rules, by every front end and by the server.
//!
//! Roles are a set, so in a small team one person holds many. What depends on the record besides (only members of a
//! group vote, the submitter never accepts, the assignee works a task) is judged where the record is at hand.

use crate::attachment::AttachmentCommand as P;
use crate::cmdb::observation::ObservationCommand as O;
use crate::command::{
    ApprovalCommand as A, ChangeAction, ChangeCommand as H, CmdbCommand as C, Command, DhsCommand as U,
    DslCommand as D, ExceptionCommand as E, ReleaseCommand as R, SetupCommand as S, TaskCommand as T,
};
use crate::dhs::stock::CountedMove as N;
use crate::dhs::stocktake::StocktakeAct as K;
use crate::id::PersonId;
use crate::lookup::Lookup;
use crate::people::Role::{
    self, Administrator, Approver, BuildManager, ChangeCoordinator, ChangeManager, ConfigurationManager,
    DhsStorekeeper, DslLibrarian, ReleaseCoordinator, ReleaseManager, Technician,
};
use crate::people::{Group, Person};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::release::task_record::{Assignee, Task};

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Stable name of the command, such as `release.advance`.
    pub command: &'static str,
    /// What it does, such as `advance a release`.
    pub words: &'static str,
    /// Who may issue it: any of these.
    pub roles: &'static [Role],
}

/// Everybody but auditor and viewer, who change nothing.
const WORKING: &[Role] = &[
    Administrator,
    ReleaseManager,
    ReleaseCoordinator,
    BuildManager,
    ChangeManager,
    ChangeCoordinator,
    Approver,
    ConfigurationManager,
    DslLibrarian,
    DhsStorekeeper,
    Technician,
];

/// Builds the table and the match from command to name together: a command without a line does not compile.
macro_rules! table {
    ($($pattern:pat => $name:literal, $words:literal, $roles:expr;)+) => {
        /// The table.
        pub const TABLE: &[Row] = &[$(Row { command: $name, words: $words, roles: $roles }),+];

        /// The stable name of a command.
        #[must_use]
        pub fn name(command: &Command) -> &'static str {
            match command { $($pattern => $name),+ }
        }
    };
}

#[rustfmt::skip]
table! {
    // command                                          name                        in words                              who
    Command::Setup(S::PutPerson(_))                  => "setup.person",             "set up people",                      &[Administrator];
    Command::Setup(S::PutGroup(_))                   => "setup.group",              "set up groups",                      &[Administrator];
    Command::Setup(S::PutSite(_))                    => "setup.site",               "set up sites",                       &[Administrator];
    Command::Setup(S::AssignSites(..))               => "setup.assign_sites",       "say which sites somebody may read",  &[Administrator];
    Command::Setup(S::PutTaskTemplate(_))            => "setup.task_template",      "edit task templates",                &[Administrator];
    Command::Setup(S::PutApprovalPolicy(_))          => "setup.approval_policy",    "edit approval rules",                &[Administrator];
    Command::Setup(S::PutWorkspaceRules(_))          => "setup.workspace_rules",    "edit workspace rules",               &[Administrator];
    Command::Setup(S::PutFreeze(_))                  => "setup.freeze",             "set a freeze",                       &[Administrator, ChangeManager];
    Command::Setup(S::PutVendorKey(_))               => "dsl.put_key",              "add and retire keys of vendors",     &[DslLibrarian, Administrator];
    Command::Setup(S::RemoveFreeze(_))               => "setup.remove_freeze",      "remove a freeze",                    &[Administrator, ChangeManager];

    Command::Release(_, R::Create(_))                => "release.create",           "create a release",                   &[ReleaseManager, ReleaseCoordinator];
    Command::Release(_, R::Edit(_))                  => "release.edit",             "edit a release",                     &[ReleaseManager, ReleaseCoordinator, BuildManager];
    Command::Release(_, R::AttachChange(_))          => "release.attach_change",    "attach a change",                    &[ReleaseManager, ReleaseCoordinator, ChangeManager];
    Command::Release(_, R::DetachChange(_))          => "release.detach_change",    "detach a change",                    &[ReleaseManager, ReleaseCoordinator, ChangeManager];
    Command::Release(_, R::Advance)                  => "release.advance",          "advance a release",                  &[ReleaseManager, ReleaseCoordinator];
    Command::Release(_, R::TestFailed { .. })        => "release.test_failed",      "record that the tests failed",       &[ReleaseManager, ReleaseCoordinator, BuildManager];
    Command::Release(_, R::RecordGoNoGo { .. })      => "release.record_go_no_go",  "record go or no-go",                 &[ReleaseManager];
    Command::Release(_, R::RecordInstall { .. })     => "release.record_install",   "record the install",                 &[ReleaseManager, ReleaseCoordinator, BuildManager, ChangeManager, Technician];
    Command::Release(_, R::RecordOutcome { .. })     => "release.record_outcome",   "record the outcome of a change",     &[ReleaseManager, ReleaseCoordinator, ChangeManager, ChangeCoordinator];
    Command::Release(_, R::WriteReview(_))           => "release.write_review",     "write the review",                   &[ReleaseManager, ReleaseCoordinator];
    Command::Release(_, R::VerifyAndClose)           => "release.verify_and_close", "verify and close a release",         &[ReleaseManager];
    Command::Release(_, R::BackOut { .. })           => "release.back_out",         "back out a release",                 &[ReleaseManager, ReleaseCoordinator];
    Command::Release(_, R::DecideConflict { .. })    => "release.decide_conflict",  "decide a conflict of the back-out",  &[ReleaseManager, ReleaseCoordinator, ConfigurationManager];
    Command::Release(_, R::CompleteBackOut { .. })   => "release.complete_back_out", "complete a back-out",               &[ReleaseManager];
    Command::Release(_, R::Terminate { .. })         => "release.terminate",        "terminate a release",                &[ReleaseManager];
    Command::Release(_, R::SendBack { .. })          => "release.send_back",        "send a release back",                &[ReleaseManager, ReleaseCoordinator];
    Command::Release(_, R::RecordTest { .. })        => "release.record_test",      "record a test",                      &[ReleaseManager, ReleaseCoordinator, BuildManager, Technician];
    Command::Release(_, R::WaiveTest { .. })         => "release.waive_test",       "waive a test",                       &[ReleaseManager];
    Command::Release(_, R::Attest { .. })            => "release.attest",           "attest a criterion",                 &[ReleaseManager, ReleaseCoordinator, BuildManager, ChangeManager, ConfigurationManager];
    Command::Release(_, R::WaiveCriterion { .. })    => "release.waive_criterion",  "waive a criterion",                  &[ReleaseManager];
    Command::Release(_, R::ClearCriterion { .. })    => "release.clear_criterion",  "take back what was attested or waived", &[ReleaseManager, ReleaseCoordinator];
    Command::Release(_, R::PlanRunbook)              => "release.plan_runbook",     "plan a runbook",                     &[ReleaseManager, ReleaseCoordinator, BuildManager];
    Command::Release(_, R::Hold { .. })              => "release.hold",             "put a rollout on hold",              &[ReleaseManager, ReleaseCoordinator, BuildManager, ChangeManager, Technician];
    Command::Release(_, R::Resume)                   => "release.resume",           "let a rollout go on",                &[ReleaseManager, ReleaseCoordinator];
    Command::Release(_, R::VerifyMaster { .. })      => "release.verify_master",    "verify a master",                    &[ReleaseManager, ReleaseCoordinator, BuildManager, DslLibrarian];

    Command::Task(_, T::Create { .. })               => "task.create",              "add a task",                         &[ReleaseManager, ReleaseCoordinator, BuildManager];
    Command::Task(_, T::Edit(_))                     => "task.edit",                "edit a task",                        &[ReleaseManager, ReleaseCoordinator, BuildManager];
    Command::Task(_, T::Rehearse { .. })             => "task.rehearse",            "record how long a rehearsal took",   WORKING;
    Command::Task(_, T::SetState { .. })             => "task.set_state",           "work a task",                        WORKING;

    Command::Approval(A::Request { .. })             => "approval.request",         "request an approval",                &[ReleaseManager, ReleaseCoordinator, ChangeManager, ChangeCoordinator];
    Command::Approval(A::Vote { .. })                => "approval.vote",            "vote",                               WORKING;
    Command::Approval(A::Retract { .. })             => "approval.retract",         "retract a vote",                     WORKING;
    Command::Approval(A::Override { .. })            => "approval.override",        "override an approval",               &[Administrator];
    Command::Approval(A::Delegate(_))                => "approval.delegate",        "delegate votes",                     WORKING;
    Command::Approval(A::RevokeDelegation(_))        => "approval.revoke_delegation", "revoke a delegation",              WORKING;

    Command::Change(H::Create(_))                    => "change.create",            "register a change",                  &[ChangeManager, ChangeCoordinator, ReleaseManager, ReleaseCoordinator, ConfigurationManager, Technician];
    Command::Change(H::Edit(..))                     => "change.edit",              "edit a change",                      &[ChangeManager, ChangeCoordinator];
    Command::Change(H::Do(_, ChangeAction::Assess))  => "change.assess",            "assess a change",                    &[ChangeManager, ChangeCoordinator];
    Command::Change(H::Do(_, ChangeAction::WithdrawApproval(_))) => "change.withdraw_approval", "withdraw the approval of a change", &[ChangeManager];
    Command::Change(H::Do(_, ChangeAction::Reconsider(_))) => "change.reconsider",  "reconsider a change",                &[ChangeManager, ChangeCoordinator];
    Command::Change(H::Do(_, ChangeAction::Implement)) => "change.implement",       "record that a change is implemented", &[ChangeManager, ChangeCoordinator, Technician];
    Command::Change(H::Do(_, ChangeAction::Review { .. })) => "change.review",      "review a change",                    &[ChangeManager, ChangeCoordinator];
    Command::Change(H::Do(_, ChangeAction::Close))   => "change.close",             "close a change",                     &[ChangeManager];
    Command::Change(H::Do(_, ChangeAction::Cancel(_))) => "change.cancel",          "cancel a change",                    &[ChangeManager, ChangeCoordinator];
    Command::Change(H::Import(_))                    => "change.import",            "import changes",                     &[ChangeManager, ChangeCoordinator, Administrator];

    Command::Cmdb(C::CreateCi(_))                    => "ci.create",                "create a CI",                        &[ConfigurationManager, Technician];
    Command::Cmdb(C::SetFields(..))                  => "ci.set_fields",            "edit a CI",                          &[ConfigurationManager, Technician];
    Command::Cmdb(C::SetStatus { .. })               => "ci.set_status",            "change the status of a CI",          &[ConfigurationManager, Technician];
    Command::Cmdb(C::Relate { .. })                  => "ci.relate",                "add a relation",                     &[ConfigurationManager, Technician];
    Command::Cmdb(C::Unrelate(_))                    => "ci.unrelate",              "remove a relation",                  &[ConfigurationManager, Technician];
    Command::Cmdb(C::PutGroup(_))                    => "ci.group",                 "edit a CI group",                    &[ConfigurationManager];
    Command::Cmdb(C::PutClasses(_))                  => "ci.class",                 "edit CI classes",                    &[ConfigurationManager, Administrator];
    Command::Cmdb(C::RemoveClass(_))                 => "ci.remove_class",          "remove a CI class",                  &[ConfigurationManager, Administrator];
    Command::Cmdb(C::PutRelationKind(_))             => "ci.relation_type",         "edit relation types",                &[ConfigurationManager, Administrator];
    Command::Cmdb(C::ImportCis(_))                   => "ci.import",                "import CIs",                         &[ConfigurationManager, Administrator];
    Command::Cmdb(C::ImportRelations(_))             => "ci.import_relations",      "import relations",                   &[ConfigurationManager, Administrator];
    Command::Cmdb(C::MergeCi { .. })                 => "ci.merge",                 "merge CIs",                          &[ConfigurationManager];
    Command::Cmdb(C::UndoMerge(_))                   => "ci.undo_merge",            "undo the merge of CIs",              &[ConfigurationManager];
    Command::Cmdb(C::DismissDuplicate { .. })        => "ci.dismiss_duplicate",     "say that CIs are no duplicates",     &[ConfigurationManager];
    Command::Cmdb(C::TakeBaseline(_))                => "ci.take_baseline",         "take a baseline",                    &[ConfigurationManager, ReleaseManager, ReleaseCoordinator, ChangeManager];
    Command::Cmdb(C::AddToBaseline { .. })           => "ci.add_to_baseline",       "take a baseline",                    &[ConfigurationManager, ReleaseManager, ReleaseCoordinator, ChangeManager];

    Command::Cmdb(C::EditCis(_))                     => "ci.edit_many",             "edit many CIs",                      &[ConfigurationManager];
    Command::Cmdb(C::PutRedundancy(_))               => "ci.put_redundancy",        "edit a redundancy rule",             &[ConfigurationManager];
    Command::Cmdb(C::RemoveRedundancy(_))            => "ci.remove_redundancy",     "remove a redundancy rule",           &[ConfigurationManager];
    Command::Cmdb(C::PutStandard(_))                 => "ci.put_standard",          "edit a standard",                    &[ConfigurationManager];
    Command::Cmdb(C::Standard { .. })                => "ci.standard",              "authorise, attach and except from standards", &[ConfigurationManager];
    Command::Cmdb(C::FillGroup(_))                   => "ci.fill_group",            "look up the members of a CI group",  &[ConfigurationManager, ReleaseManager, ReleaseCoordinator];

    Command::Dsl(_, D::Submit(_))                    => "dsl.submit",               "submit an item to the DSL",          &[DslLibrarian, BuildManager, ReleaseManager, ReleaseCoordinator, Technician];
    Command::Dsl(_, D::AddFiles(_))                  => "dsl.add_files",            "add files to a DSL item",            &[DslLibrarian, BuildManager, ReleaseManager, ReleaseCoordinator, Technician];
    Command::Dsl(_, D::RemoveFiles(_))               => "dsl.remove_files",         "take files out of a DSL item",       &[DslLibrarian, BuildManager, ReleaseManager, ReleaseCoordinator, Technician];
    Command::Dsl(_, D::PutSbom(_))                   => "dsl.put_sbom",             "read an SBOM into a DSL item",       &[DslLibrarian, BuildManager, ReleaseManager, ReleaseCoordinator, Technician];
    Command::Dsl(_, D::AddComponents { .. })         => "dsl.add_components",       "read an SBOM into a DSL item",       &[DslLibrarian, BuildManager, ReleaseManager, ReleaseCoordinator, Technician];
    Command::Dsl(_, D::RecordCheck { .. })           => "dsl.record_check",         "record a quarantine check",          &[DslLibrarian, BuildManager];
    Command::Dsl(_, D::Accept)                       => "dsl.accept",               "accept a master",                    &[DslLibrarian];
    Command::Dsl(_, D::Supersede)                    => "dsl.supersede",            "supersede a master",                 &[DslLibrarian];
    Command::Dsl(_, D::Withdraw { .. })              => "dsl.withdraw",             "withdraw an item",                   &[DslLibrarian];

    Command::Dhs(U::PutModel(_))                     => "dhs.model",                "edit a hardware model",              &[DhsStorekeeper, ConfigurationManager];
    Command::Dhs(U::Receive(_))                      => "dhs.receive",              "receive a unit",                     &[DhsStorekeeper, Technician];
    Command::Dhs(U::Transfer { .. })                 => "dhs.transfer",             "transfer a unit",                    &[DhsStorekeeper, Technician];
    Command::Dhs(U::Reserve { .. })                  => "dhs.reserve",              "reserve a unit",                     &[DhsStorekeeper, ReleaseManager, ReleaseCoordinator];
    Command::Dhs(U::ReleaseReservation(_))           => "dhs.release_reservation",  "release a reservation",              &[DhsStorekeeper, ReleaseManager, ReleaseCoordinator];
    Command::Dhs(U::Issue(_))                        => "dhs.issue",                "issue a unit",                       &[DhsStorekeeper];
    Command::Dhs(U::Install { .. })                  => "dhs.install",              "install a unit",                     &[DhsStorekeeper, Technician];
    Command::Dhs(U::Return { .. })                   => "dhs.return",               "return a unit",                      &[DhsStorekeeper, Technician];
    Command::Dhs(U::SendToRepair(_))                 => "dhs.send_to_repair",       "send a unit to repair",              &[DhsStorekeeper, Technician];
    Command::Dhs(U::Dispose { .. })                  => "dhs.dispose",              "dispose of a unit",                  &[DhsStorekeeper];

    Command::Dhs(U::EditModel { .. })                => "dhs.edit_model",           "edit a hardware model",              &[DhsStorekeeper, ConfigurationManager];
    Command::Dhs(U::ImportModels(_))                 => "dhs.import_models",        "import hardware models",             &[DhsStorekeeper, ConfigurationManager];
    Command::Dhs(U::DescribeUnit { .. })             => "dhs.describe",             "correct what is known of a unit",    &[DhsStorekeeper, Technician];
    Command::Dhs(U::Unreceive(_))                    => "dhs.unreceive",            "take a receipt back",                &[DhsStorekeeper, Technician];
    Command::Dhs(U::InstallAs { .. })                => "dhs.install_as",           "install a unit",                     &[DhsStorekeeper, Technician];
    Command::Dhs(U::TakeOut { .. })                  => "dhs.take_out",             "take a unit out of its rack",        &[DhsStorekeeper, Technician];
    Command::Dhs(U::Adjust { .. })                   => "dhs.adjust",               "adjust the count",                   &[DhsStorekeeper];
    Command::Dhs(U::Count { what: N::Receive(_) | N::TakeBack(_) | N::Transfer { .. } | N::Return { .. }, .. }) => "dhs.count_move", "move consumables", &[DhsStorekeeper, Technician];
    Command::Dhs(U::Count { what: N::Reserve { .. } | N::ReleaseReservation { .. }, .. }) => "dhs.count_reserve", "reserve consumables", &[DhsStorekeeper, ReleaseManager, ReleaseCoordinator];
    Command::Dhs(U::Count { what: N::Issue { .. } | N::Dispose { .. } | N::Adjust { .. }, .. }) => "dhs.count_out", "issue or adjust consumables", &[DhsStorekeeper];
    Command::Dhs(U::Stocktake { act: K::Start { .. } | K::See(_) | K::Unsee(_) | K::Count(_) | K::Uncount { .. } | K::End, .. }) => "dhs.stocktake_count", "take stock", &[DhsStorekeeper, Technician];
    Command::Dhs(U::Stocktake { act: K::Reopen | K::Settle(_) | K::SettleCounts(_) | K::Close | K::Cancel(_), .. }) => "dhs.stocktake_settle", "settle a stocktake", &[DhsStorekeeper];

    Command::Exception(E::Accept { .. })             => "exception.accept",         "accept an exception",                &[ReleaseManager, DhsStorekeeper];
    Command::Exception(E::BackOut { .. })            => "exception.back_out",       "back out an exception",              &[ReleaseManager, DhsStorekeeper];

    Command::Observation(O::Record(_))               => "observation.record",       "bring in what was seen",             &[ConfigurationManager, Technician];
    Command::Observation(O::Decide(_))               => "observation.decide",       "decide what becomes of an observation", &[ConfigurationManager];
    Command::Observation(O::Withdraw(_))             => "observation.withdraw",     "take back what one brought in",      &[ConfigurationManager, Technician];
    Command::Observation(O::PutRules(_))             => "observation.rules",        "edit the identification rules",      &[ConfigurationManager];

    Command::Attachment(P::Add(_))                   => "attachment.add",           "add a photo",                        &[ConfigurationManager, Technician, DhsStorekeeper];
    Command::Attachment(P::Describe(..))             => "attachment.describe",      "describe a photo",                   &[ConfigurationManager, Technician, DhsStorekeeper];
    Command::Attachment(P::Remove(_))                => "attachment.remove",        "remove a photo",                     &[ConfigurationManager, Technician, DhsStorekeeper];

    Command::Comment(_)                              => "comment.add",              "comment",                            WORKING;
}

/// What a command does, such as `advance a release`.
#[must_use]
pub fn words(command: &Command) -> &'static str {
    let name = name(command);
    TABLE.iter().find(|row| row.command == name).map_or(name, |row| row.words)
}

impl Command {
    /// The stable name of the command, such as `release.advance`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        name(self)
    }
}

/// The workspace itself as an actor: holds every role.
#[must_use]
pub fn system() -> Person {
    Person {
        id: PersonId::SYSTEM,
        name: "Slipway".to_owned(),
        user: "slipway".to_owned(),
        roles: Role::ALL.iter().copied().collect(),
        active: true,
    }
}

/// Whether the actor's roles allow the command.
///
/// # Errors
/// `NOT_ALLOWED`, naming the roles that could.
pub fn check(command: &Command, actor: &Person) -> Result<(), Failure> {
    denial(command.name(), actor).map_or(Ok(()), |finding| Err(finding.into()))
}

/// Why the person may not issue the command of this name; `None` if one of the roles allows it.
#[must_use]
pub fn denial(command: &str, person: &Person) -> Option<Finding> {
    let (words, roles) =
        TABLE.iter().find(|row| row.command == command).map_or((command, &[] as &[Role]), |row| (row.words, row.roles));
    if person.roles.iter().any(|role| roles.contains(role)) {
        return None;
    }
    let who = one_of(roles);
    Some(
        Finding::new(
            "NOT_ALLOWED",
            format!("{} may not {words}.", person.name),
            format!("Ask {who}, or have an administrator give {} that role.", person.name),
        )
        .with("command", command)
        .with("roles", roles.iter().map(|r| r.label()).collect::<Vec<_>>().join(", ")),
    )
}

/// `a release manager or a technician`.
fn one_of(roles: &[Role]) -> String {
    let named: Vec<String> = roles
        .iter()
        .map(|role| {
            let article = if role.label().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("{article} {}", role.label())
        })
        .collect();
    match named.as_slice() {
        [] => "nobody".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Why the person may not work this task; `None` for its assignee, members of its group, release managers and
/// coordinators, and technicians.
///
/// # Errors
/// A storage fault.
pub fn task_denial(task: &Task, person: &Person, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    if [ReleaseManager, ReleaseCoordinator, Technician].iter().any(|role| person.roles.contains(role)) {
        return Ok(None);
    }
    let assigned = match task.assignee {
        None => false,
        Some(Assignee::Person(assignee)) => assignee == person.id,
        Some(Assignee::Group(group)) => {
            records.get::<Group>(group)?.is_some_and(|group| group.members.contains(&person.id))
        }
    };
    if assigned {
        return Ok(None);
    }
    let release = records.get::<crate::release::record::Release>(task.release)?;
    let of = release.map_or_else(String::new, |r| format!(" of {}", r.number));
    Ok(Some(
        Finding::new(
            "NOT_ASSIGNED",
            format!("{} is not assigned to {:?}{of}.", person.name, task.title),
            "Have the task assigned, or ask its assignee, a release manager, a release coordinator or a technician.",
        )
        .about(crate::record::RecordRef::of(task)),
    ))
}

/// Whether another active person holds the role: asked before the last administrator gives it up.
///
/// # Errors
/// A storage fault.
pub fn held_by_another(role: Role, person: PersonId, records: &dyn Records) -> Result<bool, Fault> {
    let people = records.list::<Person>(Lookup::AllOf, crate::record::Kind::Person.name())?;
    Ok(people.iter().any(|other| other.id != person && other.active && other.roles.contains(&role)))
}
