//! From an action's code to the command: the same mapping serves the window and `slipwayctl release do ACTION`.

use crate::error::CallError;
use crate::issue::How;
use crate::view::mutations::Done;
use crate::view::releases::ReleaseActRequest;
use crate::{App, Asked, action_code, approvals, files, groups, missing, resolve, unknown_action};
use slipway_domain::approval::record::Subject;
use slipway_domain::command::{Command, Edit, ReleaseCommand, ReleaseEdit};
use slipway_domain::id::{ChangeId, CiId, DslItemId, TestId};
use slipway_domain::record::Kind;
use slipway_domain::release::record::{Component, Release};
use slipway_store::issue::Facts;

/// Does something with a release.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &ReleaseActRequest) -> Result<Done, CallError> {
    let release = app.read(|sight| resolve::release(sight, &request.release))?;
    let key = Some((Kind::Release, release.id.0));
    let wanted = Wanted { app, release: &release, request };
    match action_code(&request.action).as_str() {
        "request_approval" => {
            groups::fill_groups_of(app, &release)?;
            let asked = Asked { groups: request.groups.as_deref(), rule: request.rule, due_at: request.due_at };
            app.issue(approvals::request(app, Subject::Release(release.id), &asked)?, key)
        }
        action => {
            let how = How { facts: Facts::of(request.as_exception), ..How::default() };
            app.issue_how(&Command::Release(release.id, wanted.command(action)?), key, how)
        }
    }
}

struct Wanted<'a> {
    app: &'a App,
    release: &'a Release,
    request: &'a ReleaseActRequest,
}

impl Wanted<'_> {
    fn command(&self, action: &str) -> Result<ReleaseCommand, CallError> {
        let q = self.request;
        let note = || q.note.clone().unwrap_or_default();
        let edit = |edit| ReleaseCommand::Edit(vec![edit]);
        Ok(match action {
            "advance" => ReleaseCommand::Advance,
            "test_failed" => ReleaseCommand::TestFailed { failure: self.reason() },
            "go" => ReleaseCommand::RecordGoNoGo { go: true, note: note() },
            "no_go" => ReleaseCommand::RecordGoNoGo { go: false, note: note() },
            "record_install" => ReleaseCommand::RecordInstall {
                window_override: filled(q.window_override.as_deref()),
                freeze_override: filled(q.freeze_override.as_deref()),
            },
            "record_outcome" => ReleaseCommand::RecordOutcome {
                change: self.change()?,
                outcome: q.outcome.ok_or_else(|| missing(action, "outcome"))?,
            },
            "write_review" => ReleaseCommand::WriteReview(Edit { from: self.release.review.clone(), to: self.text() }),
            "plan_runbook" => ReleaseCommand::PlanRunbook,
            "hold" => ReleaseCommand::Hold { reason: self.reason() },
            "resume" => ReleaseCommand::Resume,
            "verify_and_close" => ReleaseCommand::VerifyAndClose,
            "back_out" => ReleaseCommand::BackOut { reason: self.reason() },
            "decide_conflict" => ReleaseCommand::DecideConflict {
                ci: self.ci()?,
                field: q.field.clone().ok_or_else(|| missing(action, "field"))?,
                decision: q.decision.ok_or_else(|| missing(action, "decision"))?,
            },
            "complete_back_out" => ReleaseCommand::CompleteBackOut { rework: false },
            "rework" => ReleaseCommand::CompleteBackOut { rework: true },
            "terminate" => ReleaseCommand::Terminate { reason: self.reason() },
            "send_back" => {
                ReleaseCommand::SendBack { to: q.to.ok_or_else(|| missing(action, "to"))?, reason: self.reason() }
            }
            "record_test" => ReleaseCommand::RecordTest {
                test: TestId(self.app.host().new_id()),
                title: q.title.clone().ok_or_else(|| missing(action, "title"))?,
                result: q.result.clone().ok_or_else(|| missing(action, "result"))?,
                note: note(),
            },
            "waive_test" => ReleaseCommand::WaiveTest {
                test: resolve::must_id("test", q.test.as_deref().unwrap_or_default())?,
                reason: self.reason(),
            },
            "attest" => ReleaseCommand::Attest { criterion: self.criterion(action)?, note: note() },
            "waive_criterion" => {
                ReleaseCommand::WaiveCriterion { criterion: self.criterion(action)?, reason: self.reason() }
            }
            "clear_criterion" => ReleaseCommand::ClearCriterion { criterion: self.criterion(action)? },
            "verify_master" => {
                let paths = q.paths.as_deref().filter(|p| !p.is_empty()).ok_or_else(|| missing(action, "paths"))?;
                ReleaseCommand::VerifyMaster { item: self.item()?, files: files::hash(self.app, paths)? }
            }
            "attach_change" => ReleaseCommand::AttachChange(self.change()?),
            "detach_change" => ReleaseCommand::DetachChange(self.change()?),
            "ask_training" => edit(ReleaseEdit::AskTraining(Some(self.reason()))),
            "no_training" => edit(ReleaseEdit::AskTraining(None)),
            "write_assessment" => {
                edit(ReleaseEdit::AssessmentNote(Edit { from: self.release.assessment_note.clone(), to: self.text() }))
            }
            "add_ci" => edit(ReleaseEdit::AddCi(self.ci()?)),
            "remove_ci" => edit(ReleaseEdit::RemoveCi(self.ci()?)),
            "add_service" => edit(ReleaseEdit::AddService(self.ci()?)),
            "remove_service" => edit(ReleaseEdit::RemoveService(self.ci()?)),
            "add_item" => edit(ReleaseEdit::AddComponent(Component::DslItem(self.item()?))),
            "remove_item" => edit(ReleaseEdit::RemoveComponent(Component::DslItem(self.item()?))),
            "add_unit" => edit(ReleaseEdit::AddComponent(self.unit()?)),
            "remove_unit" => edit(ReleaseEdit::RemoveComponent(self.unit()?)),
            other => return Err(unknown_action("a release", other)),
        })
    }

    fn reason(&self) -> String {
        self.request.reason.clone().or_else(|| self.request.note.clone()).unwrap_or_default()
    }

    fn text(&self) -> String {
        self.request.note.clone().or_else(|| self.request.reason.clone()).unwrap_or_default()
    }

    fn criterion(&self, action: &str) -> Result<String, CallError> {
        self.request.criterion.clone().ok_or_else(|| missing(action, "criterion"))
    }

    fn change(&self) -> Result<ChangeId, CallError> {
        let text = self.request.change.as_deref().unwrap_or_default();
        Ok(self.app.read(|sight| resolve::change(sight, text))?.id)
    }

    fn ci(&self) -> Result<CiId, CallError> {
        let text = self.request.ci.as_deref().unwrap_or_default();
        Ok(self.app.read(|sight| resolve::ci(sight, text))?.id)
    }

    fn item(&self) -> Result<DslItemId, CallError> {
        let text = self.request.item.as_deref().unwrap_or_default();
        Ok(self.app.read(|sight| resolve::item(sight, text))?.id)
    }

    fn unit(&self) -> Result<Component, CallError> {
        let text = self.request.unit.as_deref().unwrap_or_default();
        Ok(Component::DhsUnit(self.app.read(|sight| resolve::unit(sight, text))?.id))
    }
}

fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
}
