//! Which record a command is about: where its marks show and where its refusal leads.

use crate::approval::record::Subject;
use crate::attachment::AttachmentCommand;
use crate::cmdb::class::CiClass;
use crate::cmdb::observation::ObservationCommand;
use crate::cmdb::observation::identify::IdentificationRules;
use crate::cmdb::relation_kind::RelationKind;
use crate::cmdb::standard::StandardAct;
use crate::command::{
    ApprovalCommand, ChangeCommand, CmdbCommand, Command, DhsCommand, ExceptionCommand, SetupCommand,
};
use crate::dhs::record::DhsStock;
use crate::record::Kind;
use crate::release::task_record::Assignee;
use uuid::Uuid;

/// The record that a command is about; `None` for those about many.
#[must_use]
pub fn about(command: &Command) -> Option<(Kind, Uuid)> {
    let subject = |subject: &Subject| match subject {
        Subject::Release(id) => (Kind::Release, id.0),
        Subject::Change(id) => (Kind::Change, id.0),
    };
    Some(match command {
        Command::Release(id, _) => (Kind::Release, id.0),
        Command::Task(id, _) => (Kind::Task, id.0),
        Command::Dsl(id, _) => (Kind::DslItem, id.0),
        Command::Comment(c) => (c.on.kind, c.on.id),
        Command::Attachment(c) => match c {
            AttachmentCommand::Add(new) => new.of.key(),
            AttachmentCommand::Describe(id, _) | AttachmentCommand::Remove(id) => (Kind::Attachment, id.0),
        },
        Command::Exception(
            ExceptionCommand::Accept { exception, .. } | ExceptionCommand::BackOut { exception, .. },
        ) => (Kind::Exception, exception.0),
        Command::Observation(c) => match c {
            ObservationCommand::Decide(verdicts) => match verdicts.as_slice() {
                [one] => (Kind::Observation, one.observation.0),
                _ => return None,
            },
            ObservationCommand::PutRules(_) => (Kind::IdentificationRules, IdentificationRules::ID.0),
            ObservationCommand::Withdraw(withdrawal) => (Kind::Observation, withdrawal.observation.0),
            ObservationCommand::Record(_) => return None,
        },
        Command::Approval(c) => match c {
            ApprovalCommand::Request { subject: s, .. } => subject(s),
            ApprovalCommand::Vote { approval, .. }
            | ApprovalCommand::Retract { approval, .. }
            | ApprovalCommand::Override { approval, .. } => (Kind::Approval, approval.0),
            ApprovalCommand::Delegate(d) => (Kind::Delegation, d.id.0),
            ApprovalCommand::RevokeDelegation(id) => (Kind::Delegation, id.0),
        },
        Command::Change(c) => match c {
            ChangeCommand::Create(c) => (Kind::Change, c.id.0),
            ChangeCommand::Edit(id, _) | ChangeCommand::Do(id, _) => (Kind::Change, id.0),
            ChangeCommand::Import(_) => return None,
        },
        Command::Cmdb(c) => match c {
            CmdbCommand::CreateCi(c) => (Kind::Ci, c.id.0),
            CmdbCommand::SetFields(id, _) | CmdbCommand::SetStatus { ci: id, .. } => (Kind::Ci, id.0),
            CmdbCommand::Relate { source, .. } => (Kind::Ci, source.0),
            CmdbCommand::Unrelate(id) => (Kind::Relation, id.0),
            CmdbCommand::PutGroup(g) => (Kind::CiGroup, g.id.0),
            CmdbCommand::MergeCi { kept, .. } => (Kind::Ci, kept.0),
            CmdbCommand::UndoMerge(gone) => (Kind::Ci, gone.0),
            CmdbCommand::DismissDuplicate { pair, .. } => (Kind::CiDuplicate, pair.0),
            CmdbCommand::PutRedundancy(rule) => (Kind::Ci, rule.ci.0),
            CmdbCommand::RemoveRedundancy(id) => (Kind::Redundancy, id.0),
            CmdbCommand::PutStandard(new) => (Kind::Standard, new.id.0),
            CmdbCommand::Standard { act: StandardAct::Except { ci, .. }, .. }
            | CmdbCommand::Standard { act: StandardAct::WithdrawException { ci, .. }, .. } => (Kind::Ci, ci.0),
            CmdbCommand::Standard { standard, .. } => (Kind::Standard, standard.0),
            CmdbCommand::FillGroup(found) => (Kind::CiGroup, found.group.0),
            CmdbCommand::TakeBaseline(b) => (Kind::Baseline, b.id.0),
            CmdbCommand::AddToBaseline { baseline, .. } => (Kind::Baseline, baseline.0),
            CmdbCommand::PutClasses(classes) => match classes.as_slice() {
                [class] => (Kind::CiClass, CiClass::id_of(&class.key).0),
                _ => return None,
            },
            CmdbCommand::RemoveClass(id) => (Kind::CiClass, id.0),
            CmdbCommand::PutRelationKind(k) => (Kind::RelationKind, RelationKind::id_of(k.key).0),
            CmdbCommand::ImportCis(_) | CmdbCommand::ImportRelations(_) | CmdbCommand::EditCis(_) => return None,
        },
        Command::Dhs(c) => match c {
            DhsCommand::PutModel(m) => (Kind::DhsModel, m.id.0),
            DhsCommand::EditModel { model, .. } => (Kind::DhsModel, model.0),
            DhsCommand::ImportModels(_) => return None,
            DhsCommand::Stocktake { stocktake, .. } => (Kind::Stocktake, stocktake.0),
            DhsCommand::Count { model, bin, .. } => (Kind::DhsStock, DhsStock::id_of(*model, bin).0),
            DhsCommand::Receive(u) => (Kind::DhsUnit, u.id.0),
            DhsCommand::Transfer { unit, .. }
            | DhsCommand::Reserve { unit, .. }
            | DhsCommand::ReleaseReservation(unit)
            | DhsCommand::DescribeUnit { unit, .. }
            | DhsCommand::Unreceive(unit)
            | DhsCommand::InstallAs { unit, .. }
            | DhsCommand::TakeOut { unit, .. }
            | DhsCommand::Adjust { unit, .. }
            | DhsCommand::Issue(unit)
            | DhsCommand::Install { unit, .. }
            | DhsCommand::Return { unit, .. }
            | DhsCommand::SendToRepair(unit)
            | DhsCommand::Dispose { unit, .. } => (Kind::DhsUnit, unit.0),
        },
        Command::Setup(c) => match c {
            SetupCommand::PutPerson(r) => (Kind::Person, r.id.0),
            SetupCommand::PutGroup(r) => (Kind::Group, r.id.0),
            SetupCommand::PutSite(r) => (Kind::Site, r.id.0),
            SetupCommand::AssignSites(of, _) => match of {
                Assignee::Person(id) => (Kind::Person, id.0),
                Assignee::Group(id) => (Kind::Group, id.0),
            },
            SetupCommand::PutTaskTemplate(r) => (Kind::TaskTemplate, r.id.0),
            SetupCommand::PutApprovalPolicy(r) => (Kind::ApprovalPolicy, r.id.0),
            SetupCommand::PutWorkspaceRules(r) => (Kind::WorkspaceRules, r.id.0),
            SetupCommand::PutFreeze(r) => (Kind::Freeze, r.id.0),
            SetupCommand::RemoveFreeze(_) => return None,
            SetupCommand::PutVendorKey(k) => (Kind::VendorKey, k.id.0),
        },
    })
}
