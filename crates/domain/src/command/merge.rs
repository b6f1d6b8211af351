//! How a command meets a record that changed since its author saw it: one table for the whole domain.

use crate::attachment::AttachmentCommand;
use crate::cmdb::observation::ObservationCommand;
use crate::cmdb::standard::StandardAct;
use crate::command::{
    ApprovalCommand, ChangeCommand, ChangeEdit, CmdbCommand, Command, DhsCommand, DslCommand, ExceptionCommand,
    ReleaseCommand, ReleaseEdit, SetupCommand, TaskCommand,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What happens to a command that was made on an older state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MergePolicy {
    /// Carried out whole or refused whole: decisions, states, access.
    Guarded,
    /// Field by field, or row by row: what conflicts is listed, the rest applies.
    Descriptive,
    /// Always accepted when the record it belongs to exists.
    Additive,
    /// Never an absolute figure, only movements; a movement is carried out whole or refused.
    Counts,
}

/// The policy of a command.
#[must_use]
pub fn policy(command: &Command) -> MergePolicy {
    use MergePolicy::{Additive, Counts, Descriptive, Guarded};
    match command {
        Command::Setup(
            SetupCommand::PutPerson(_)
            | SetupCommand::PutGroup(_)
            | SetupCommand::PutSite(_)
            | SetupCommand::AssignSites(..)
            | SetupCommand::PutTaskTemplate(_)
            | SetupCommand::PutApprovalPolicy(_)
            | SetupCommand::PutWorkspaceRules(_)
            | SetupCommand::PutFreeze(_)
            | SetupCommand::RemoveFreeze(_)
            | SetupCommand::PutVendorKey(_),
        ) => Guarded,
        Command::Release(_, ReleaseCommand::RecordTest { .. }) => Additive,
        Command::Release(_, ReleaseCommand::WriteReview(_)) => Descriptive,
        Command::Release(_, ReleaseCommand::Edit(edits)) if edits.iter().all(by_field) => Descriptive,
        Command::Release(..) => Guarded,
        Command::Task(
            _,
            TaskCommand::Create { .. }
            | TaskCommand::Edit(_)
            | TaskCommand::SetState { .. }
            | TaskCommand::Rehearse { .. },
        ) => Guarded,
        Command::Approval(
            ApprovalCommand::Request { .. }
            | ApprovalCommand::Vote { .. }
            | ApprovalCommand::Retract { .. }
            | ApprovalCommand::Override { .. }
            | ApprovalCommand::Delegate(_)
            | ApprovalCommand::RevokeDelegation(_),
        ) => Guarded,
        Command::Change(ChangeCommand::Edit(_, edits)) if edits.iter().all(change_by_field) => Descriptive,
        Command::Change(ChangeCommand::Create(_) | ChangeCommand::Edit(..) | ChangeCommand::Do(..)) => Guarded,
        Command::Change(ChangeCommand::Import(_)) => Descriptive,
        Command::Cmdb(
            CmdbCommand::SetFields(..)
            | CmdbCommand::ImportCis(_)
            | CmdbCommand::ImportRelations(_)
            | CmdbCommand::EditCis(_)
            | CmdbCommand::FillGroup(_)
            | CmdbCommand::Standard { act: StandardAct::Attach(_) | StandardAct::Detach(_), .. },
        ) => Descriptive,
        Command::Cmdb(
            CmdbCommand::CreateCi(_)
            | CmdbCommand::SetStatus { .. }
            | CmdbCommand::Relate { .. }
            | CmdbCommand::Unrelate(_)
            | CmdbCommand::PutGroup(_)
            | CmdbCommand::PutRedundancy(_)
            | CmdbCommand::RemoveRedundancy(_)
            | CmdbCommand::PutStandard(_)
            | CmdbCommand::Standard { .. }
            | CmdbCommand::MergeCi { .. }
            | CmdbCommand::UndoMerge(_)
            | CmdbCommand::DismissDuplicate { .. }
            | CmdbCommand::TakeBaseline(_)
            | CmdbCommand::AddToBaseline { .. }
            | CmdbCommand::PutClasses(_)
            | CmdbCommand::RemoveClass(_)
            | CmdbCommand::PutRelationKind(_),
        ) => Guarded,
        Command::Dsl(
            _,
            DslCommand::Submit(_)
            | DslCommand::AddFiles(_)
            | DslCommand::RemoveFiles(_)
            | DslCommand::PutSbom(_)
            | DslCommand::AddComponents { .. }
            | DslCommand::RecordCheck { .. }
            | DslCommand::Accept
            | DslCommand::Supersede
            | DslCommand::Withdraw { .. },
        ) => Guarded,
        Command::Dhs(DhsCommand::PutModel(_)) => Guarded,
        Command::Dhs(DhsCommand::EditModel { .. } | DhsCommand::ImportModels(_) | DhsCommand::DescribeUnit { .. }) => {
            Descriptive
        }
        Command::Dhs(
            DhsCommand::Receive(_)
            | DhsCommand::Transfer { .. }
            | DhsCommand::Reserve { .. }
            | DhsCommand::ReleaseReservation(_)
            | DhsCommand::Issue(_)
            | DhsCommand::Install { .. }
            | DhsCommand::Return { .. }
            | DhsCommand::SendToRepair(_)
            | DhsCommand::Dispose { .. }
            | DhsCommand::Unreceive(_)
            | DhsCommand::InstallAs { .. }
            | DhsCommand::TakeOut { .. }
            | DhsCommand::Count { .. }
            | DhsCommand::Stocktake { .. }
            | DhsCommand::Adjust { .. },
        ) => Counts,
        Command::Comment(_) | Command::Attachment(AttachmentCommand::Add(_)) => Additive,
        Command::Attachment(AttachmentCommand::Describe(..)) => Descriptive,
        Command::Attachment(AttachmentCommand::Remove(_)) => Guarded,
        Command::Exception(ExceptionCommand::Accept { .. } | ExceptionCommand::BackOut { .. }) => Guarded,
        Command::Observation(ObservationCommand::Record(_) | ObservationCommand::Decide(_)) => Descriptive,
        Command::Observation(ObservationCommand::PutRules(_) | ObservationCommand::Withdraw(_)) => Guarded,
    }
}

/// Texts of a release: each merges by itself, whatever becomes of the other edits of its command.
#[must_use]
pub fn by_field(edit: &ReleaseEdit) -> bool {
    matches!(
        edit,
        ReleaseEdit::Title(_)
            | ReleaseEdit::Description(_)
            | ReleaseEdit::Reason(_)
            | ReleaseEdit::AssessmentNote(_)
            | ReleaseEdit::Plan { .. }
    )
}

/// Texts of a change: each merges by itself, whatever becomes of the other edits of its command.
#[must_use]
pub fn change_by_field(edit: &ChangeEdit) -> bool {
    matches!(edit, ChangeEdit::Title(_) | ChangeEdit::Description(_) | ChangeEdit::Category(_) | ChangeEdit::Reason(_))
}

/// What somebody did with their hands: a unit was scanned or moved, an install performed, a test done. A rule does not
/// undo it, so it is never thrown away; decisions are.
#[must_use]
pub fn is_fact(command: &Command) -> bool {
    match command {
        Command::Dhs(
            DhsCommand::Receive(_)
            | DhsCommand::Transfer { .. }
            | DhsCommand::Issue(_)
            | DhsCommand::Install { .. }
            | DhsCommand::Return { .. }
            | DhsCommand::SendToRepair(_)
            | DhsCommand::Dispose { .. },
        )
        | Command::Release(_, ReleaseCommand::RecordInstall { .. } | ReleaseCommand::RecordTest { .. }) => true,
        Command::Dhs(
            DhsCommand::PutModel(_)
            | DhsCommand::EditModel { .. }
            | DhsCommand::ImportModels(_)
            | DhsCommand::DescribeUnit { .. }
            | DhsCommand::Unreceive(_)
            | DhsCommand::InstallAs { .. }
            | DhsCommand::TakeOut { .. }
            | DhsCommand::Count { .. }
            | DhsCommand::Stocktake { .. }
            | DhsCommand::Adjust { .. }
            | DhsCommand::Reserve { .. }
            | DhsCommand::ReleaseReservation(_),
        )
        | Command::Release(..)
        | Command::Setup(_)
        | Command::Task(..)
        | Command::Approval(_)
        | Command::Change(_)
        | Command::Cmdb(_)
        | Command::Dsl(..)
        | Command::Comment(_)
        | Command::Attachment(_)
        | Command::Observation(_)
        | Command::Exception(_) => false,
    }
}
