//! How the company takes a release along the phase machine, up to where it stands today.

use super::super::people::{AARON, BRAM, DANA, INES, JONAS, LUCIA, PRIYA, SAM, TOM, group, person};
use super::super::stores::master;
use super::super::{Company, id};
use super::register;
use slipway_domain::approval::record::{Approval, ApprovalState, Decision, DenyReason, Subject};
use slipway_domain::cmdb::ci::FieldChange;
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::command::{
    ApprovalCommand, ChangeAction, ChangeCommand, Command, DhsCommand, Edit, NewRelease, ReleaseCommand, ReleaseEdit,
    TaskCommand, TaskEdit,
};
use slipway_domain::dsl::item::DslItem;
use slipway_domain::id::{ApprovalId, ChangeId, CiGroupId, CiId, DhsUnitId, ReleaseId, TestId};
use slipway_domain::level::{Assessment, Impact, Urgency};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::Series;
use slipway_domain::readiness::{self, CriterionState};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Failure;
use slipway_domain::release::record::{
    Component, Outcome, Packaging, Phase, PlanKind, PlanStep, Release, ReleaseClass, ReleaseType, Target, TestResult,
};
use slipway_domain::release::task_record::{Assignee, Task, TaskState};
use slipway_domain::time::Window;

/// Where a release stands today.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    Assess,
    PlanAndDesign,
    PlanApprovalPending,
    BuildAndTest,
    BuildApprovalPending,
    Terminated,
    Training,
    Rollout,
    Installed,
    Verification,
    Verified,
    BackOut,
    BackedOut,
}

/// A component and the unit to reserve for it.
pub struct Part {
    pub component: Component,
    pub reserve: Option<DhsUnitId>,
}

/// A release and how far it has come.
pub struct Journey {
    pub title: &'static str,
    pub release_type: ReleaseType,
    pub class: ReleaseClass,
    pub impact: Impact,
    pub urgency: Urgency,
    pub assessment: Assessment,
    pub changes: Vec<String>,
    pub cis: Vec<CiId>,
    pub groups: Vec<CiGroupId>,
    pub services: Vec<CiId>,
    pub parts: Vec<Part>,
    pub versions: Vec<(CiId, String, String)>,
    pub targets: Vec<Target>,
    pub days_ago: i64,
    pub stop: Stop,
}

/// Takes a release from its changes to its stop, where the open tasks have somebody to do them.
pub fn travel(company: &mut Company, journey: &Journey) -> Result<(), Failure> {
    go(company, journey)?;
    assign(company, ReleaseId(id(&format!("release/{}", journey.title))))
}

/// Gives the open tasks of the present phase to the people and groups who do such work.
fn assign(company: &mut Company, release: ReleaseId) -> Result<(), Failure> {
    let phase = company.records.must::<Release>(release)?.phase;
    let hands = [
        Assignee::Person(person(INES)),
        Assignee::Group(group("release")),
        Assignee::Group(group("operations")),
        Assignee::Person(person(PRIYA)),
    ];
    let tasks = company.records.list::<Task>(Lookup::TasksOfRelease, &release.to_string())?;
    let open = tasks.iter().filter(|t| t.phase == phase && t.state == TaskState::Planned);
    for (task, hand) in open.zip(hands.into_iter().cycle()) {
        let edit = TaskEdit::Assignee(Edit { from: task.assignee, to: Some(hand) });
        company.issue(person(INES), Command::Task(task.id, TaskCommand::Edit(vec![edit])))?;
    }
    Ok(())
}

fn go(company: &mut Company, journey: &Journey) -> Result<(), Failure> {
    company.days_ago(journey.days_ago);
    let release = assess(company, journey)?;
    if journey.stop == Stop::Assess {
        return Ok(());
    }
    act(company, release, ReleaseCommand::Advance)?;
    plan(company, release, journey)?;
    if journey.stop == Stop::PlanAndDesign {
        return Ok(());
    }
    finish_tasks(company, release)?;
    if journey.stop == Stop::PlanApprovalPending {
        return ask_with_one_vote(company, Subject::Release(release));
    }
    approve(company, Subject::Release(release))?;
    act(company, release, ReleaseCommand::Advance)?;
    build_and_test(company, release, journey)?;
    match journey.stop {
        Stop::BuildAndTest => return Ok(()),
        Stop::Terminated => {
            let reason = "the vendor withdrew the library; a fixed one comes with the next version".to_owned();
            return act(company, release, ReleaseCommand::Terminate { reason });
        }
        _ => finish_tasks(company, release)?,
    }
    if journey.stop == Stop::BuildApprovalPending {
        return ask_with_one_vote(company, Subject::Release(release));
    }
    approve(company, Subject::Release(release))?;
    act(company, release, ReleaseCommand::Advance)?;
    if journey.stop == Stop::Training {
        return Ok(());
    }
    roll_out(company, release, journey)
}

fn roll_out(company: &mut Company, release: ReleaseId, journey: &Journey) -> Result<(), Failure> {
    if journey.stop == Stop::Rollout {
        return Ok(());
    }
    attest(company, release)?;
    act(
        company,
        release,
        ReleaseCommand::RecordGoNoGo { go: true, note: "all criteria read out in the release meeting".to_owned() },
    )?;
    for part in &journey.parts {
        if let Some(unit) = part.reserve {
            company.issue(person(DANA), Command::Dhs(DhsCommand::Issue(unit)))?;
        }
    }
    act(company, release, ReleaseCommand::RecordInstall { window_override: None, freeze_override: None })?;
    if journey.stop == Stop::Installed {
        return Ok(());
    }
    finish_tasks(company, release)?;
    approve(company, Subject::Release(release))?;
    act(company, release, ReleaseCommand::Advance)?;
    if journey.stop == Stop::Verification {
        return Ok(());
    }
    if matches!(journey.stop, Stop::BackOut | Stop::BackedOut) {
        return back_out(company, release, journey);
    }
    finish_tasks(company, release)?;
    for change in &journey.changes {
        let change = ChangeId(id(&format!("change/{change}")));
        act(company, release, ReleaseCommand::RecordOutcome { change, outcome: Outcome::Successful })?;
    }
    let review = Edit { from: String::new(), to: "Went in within the window; response times unchanged.".to_owned() };
    act(company, release, ReleaseCommand::WriteReview(review))?;
    act(company, release, ReleaseCommand::VerifyAndClose)
}

fn back_out(company: &mut Company, release: ReleaseId, journey: &Journey) -> Result<(), Failure> {
    let reason = "users report wrong totals since the install".to_owned();
    act(company, release, ReleaseCommand::BackOut { reason })?;
    if journey.stop == Stop::BackOut {
        return Ok(());
    }
    finish_tasks(company, release)?;
    for part in &journey.parts {
        if let Some(unit) = part.reserve {
            let held = company.records.must::<slipway_domain::dhs::record::DhsUnit>(unit)?;
            let back = DhsCommand::Return { unit, to: held.bin, condition: held.condition };
            company.issue(person(DANA), Command::Dhs(back))?;
        }
    }
    act(company, release, ReleaseCommand::CompleteBackOut { rework: false })
}

fn assess(company: &mut Company, journey: &Journey) -> Result<ReleaseId, Failure> {
    let mut changes = Vec::new();
    for title in &journey.changes {
        let change = register(company, title, &journey.cis, &journey.services)?;
        company.issue(person(JONAS), Command::Change(ChangeCommand::Do(change, ChangeAction::Assess)))?;
        approve(company, about_change(change))?;
        changes.push(change);
    }
    let release = ReleaseId(id(&format!("release/{}", journey.title)));
    let number = company.number(Series::Release);
    act(
        company,
        release,
        ReleaseCommand::Create(NewRelease {
            number,
            title: journey.title.to_owned(),
            description: String::new(),
            release_type: Some(journey.release_type),
            class: journey.class,
            packaging: Packaging::Full,
            reason: "planned work".to_owned(),
            manager: person(INES),
            requested_by: person(SAM),
        }),
    )?;
    act(
        company,
        release,
        ReleaseCommand::Edit(vec![
            ReleaseEdit::Impact(Edit { from: None, to: Some(journey.impact) }),
            ReleaseEdit::Urgency(Edit { from: None, to: Some(journey.urgency) }),
            ReleaseEdit::ImpactAssessment(Edit { from: None, to: Some(journey.assessment) }),
            ReleaseEdit::AssessmentNote(Edit {
                from: String::new(),
                to: "Wanted by the business this quarter; nothing else depends on it.".to_owned(),
            }),
            ReleaseEdit::Coordinator(Edit { from: None, to: Some(person(TOM)) }),
        ]),
    )?;
    for change in changes {
        act(company, release, ReleaseCommand::AttachChange(change))?;
    }
    Ok(release)
}

fn plan(company: &mut Company, release: ReleaseId, journey: &Journey) -> Result<(), Failure> {
    let steps = |texts: &[&str]| {
        texts
            .iter()
            .map(|t| PlanStep { text: (*t).to_owned(), owner: Some(person(TOM)), minutes: 30 })
            .collect::<Vec<_>>()
    };
    let start = company.clock.plus_hours(-1);
    let build = Some(Window { start, end: start.plus_days(5) });
    // What is installed was so within its window; what is not has one still to come, a night of its own.
    let rollout = if journey.stop >= Stop::Installed {
        Some(Window { start, end: start.plus_days(14) })
    } else {
        let night = company.now.plus_days(3 + journey.days_ago % 9);
        Some(Window { start: night, end: night.plus_hours(4) })
    };
    let mut edits: Vec<ReleaseEdit> = Vec::new();
    edits.extend(journey.cis.iter().map(|c| ReleaseEdit::AddCi(*c)));
    edits.extend(journey.groups.iter().map(|g| ReleaseEdit::AddCiGroup(*g)));
    edits.extend(journey.services.iter().map(|s| ReleaseEdit::AddService(*s)));
    edits.extend(journey.parts.iter().map(|p| ReleaseEdit::AddComponent(p.component.clone())));
    edits.push(ReleaseEdit::Targets(Edit { from: Vec::new(), to: journey.targets.clone() }));
    edits.push(ReleaseEdit::BuildWindow(Edit { from: None, to: build }));
    edits.push(ReleaseEdit::RolloutWindow(Edit { from: None, to: rollout }));
    for (plan, texts) in [
        (PlanKind::Rollout, &["Announce to the desks", "Drain the node", "Deploy", "Smoke test"] as &[&str]),
        (PlanKind::BackOut, &["Stop the service", "Restore the former version", "Smoke test"]),
        (PlanKind::Test, &["Functional test", "Load test with a day's traffic"]),
        (PlanKind::Training, &["Hand-out to the desks"]),
        (PlanKind::Support, &["Named contact for the first week"]),
        (PlanKind::RiskManagement, &["Vendor on call during the window"]),
    ] {
        edits.push(ReleaseEdit::Plan { plan, steps: Edit { from: Vec::new(), to: steps(texts) } });
    }
    let updates: Vec<CiUpdate> = journey
        .versions
        .iter()
        .map(|(ci, from, to)| CiUpdate::SetFields {
            ci: *ci,
            fields: vec![FieldChange { field: "version".to_owned(), from: from.clone(), to: to.clone() }],
        })
        .collect();
    edits.push(ReleaseEdit::CiPlan(Edit { from: Vec::new(), to: updates }));
    act(company, release, ReleaseCommand::Edit(edits))
}

fn build_and_test(company: &mut Company, release: ReleaseId, journey: &Journey) -> Result<(), Failure> {
    for (n, title) in ["Installs on an empty host", "Functional test", "Back-out rehearsed"].into_iter().enumerate() {
        let test = TestId(id(&format!("test/{}/{n}", journey.title)));
        let record = ReleaseCommand::RecordTest {
            test,
            title: title.to_owned(),
            result: TestResult::Passed,
            note: "see the test log".to_owned(),
        };
        company.issue(person(PRIYA), Command::Release(release, record))?;
    }
    for part in &journey.parts {
        if let Component::DslItem(item) = part.component {
            let stored = company.records.must::<DslItem>(item)?;
            let files = vec![master(&stored.name, &stored.version)];
            company.issue(person(PRIYA), Command::Release(release, ReleaseCommand::VerifyMaster { item, files }))?;
        }
        if let Some(unit) = part.reserve {
            company.issue(person(DANA), Command::Dhs(DhsCommand::Reserve { unit, release }))?;
        }
    }
    Ok(())
}

/// Finishes every task of the present phase, those without open predecessors first.
fn finish_tasks(company: &mut Company, release: ReleaseId) -> Result<(), Failure> {
    loop {
        let phase = company.records.must::<Release>(release)?.phase;
        let tasks = company.records.list::<Task>(Lookup::TasksOfRelease, &release.to_string())?;
        let open = |t: &&Task| t.phase == phase && !matches!(t.state, TaskState::Done | TaskState::Cancelled);
        let unfinished: Vec<_> = tasks.iter().filter(open).map(|t| t.id).collect();
        let Some(task) = tasks.iter().filter(open).find(|t| t.predecessors.iter().all(|p| !unfinished.contains(p)))
        else {
            return Ok(());
        };
        for (state, result) in [(TaskState::InProgress, None), (TaskState::Done, Some(TestResult::Passed))] {
            let command = TaskCommand::SetState { state, result, note: String::new() };
            let by = if phase == Phase::DistributionAndRollout { AARON } else { TOM };
            company.issue(person(by), Command::Task(task.id, command))?;
        }
    }
}

/// Attests what no record can show.
fn attest(company: &mut Company, release: ReleaseId) -> Result<(), Failure> {
    let standing = company.records.must::<Release>(release)?;
    for criterion in readiness::evaluate::evaluate(&standing, company.clock, &company.records)? {
        if criterion.state == CriterionState::NotMet {
            let command = if criterion.computed {
                ReleaseCommand::WaiveCriterion {
                    criterion: criterion.code,
                    reason: "accepted in the release meeting".to_owned(),
                }
            } else {
                ReleaseCommand::Attest {
                    criterion: criterion.code,
                    note: "confirmed in the release meeting".to_owned(),
                }
            };
            act(company, release, command)?;
        }
    }
    Ok(())
}

fn act(company: &mut Company, release: ReleaseId, command: ReleaseCommand) -> Result<(), Failure> {
    company.issue(person(INES), Command::Release(release, command))
}

/// The change as the subject of an approval.
pub fn about_change(change: ChangeId) -> Subject {
    Subject::Change(change)
}

/// Asks for the approval that the subject needs now.
pub fn ask(company: &mut Company, subject: Subject) -> Result<ApprovalId, Failure> {
    let approval = ApprovalId(id(&format!("approval/{}", company.past.len())));
    let by = if matches!(subject, Subject::Change(_)) { SAM } else { INES };
    let request = ApprovalCommand::Request { approval, subject, groups: None, rule: None, due_at: None };
    company.issue(person(by), Command::Approval(request))?;
    Ok(approval)
}

fn ask_with_one_vote(company: &mut Company, subject: Subject) -> Result<(), Failure> {
    let approval = ask(company, subject)?;
    vote(company, approval, LUCIA, Decision::Approve)
}

/// Asks and has everybody of the panels who may vote approve.
pub fn approve(company: &mut Company, subject: Subject) -> Result<(), Failure> {
    let approval = ask(company, subject)?;
    for user in [JONAS, LUCIA, BRAM] {
        let standing = company.records.must::<Approval>(approval)?;
        if standing.state == ApprovalState::Pending && standing.panels.iter().any(|p| p.members.contains(&person(user)))
        {
            vote(company, approval, user, Decision::Approve)?;
        }
    }
    Ok(())
}

/// Asks for a change's approval and has the CAB's lead deny it.
pub fn deny(company: &mut Company, change: ChangeId) -> Result<(), Failure> {
    let approval = ask(company, about_change(change))?;
    let text = "partners' networks are not segmented yet".to_owned();
    vote(company, approval, JONAS, Decision::Deny { reason: DenyReason::Technical, text })
}

fn vote(company: &mut Company, approval: ApprovalId, user: &str, decision: Decision) -> Result<(), Failure> {
    let digest = company.records.must::<Approval>(approval)?.digest;
    let vote = ApprovalCommand::Vote { approval, on_behalf_of: None, decision, note: String::new(), digest };
    company.issue(person(user), Command::Approval(vote))
}
