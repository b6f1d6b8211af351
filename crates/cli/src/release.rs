//! `slipwayctl release`: releases and their phases.

mod act;
mod edit;
mod paper;
mod runbook;
mod show;

use crate::desk::Desk;
use crate::print::Answer;
use clap::{Args, Subcommand};
use slipway_app::error::CallError;
use std::path::PathBuf;

pub use act::{absolute, code, given};
pub use show::actions;

#[derive(Subcommand)]
pub enum ReleaseCall {
    /// Create a release in Assess. Example: slipwayctl release new --title "Payroll 9.4" --type software --change CHG-000001
    New(Box<New>),
    /// List releases. Example: slipwayctl release list phase:assess
    List {
        /// Words and conditions, such as 'state:approved or owner:me'.
        filter: Vec<String>,
    },
    /// Show a release: phase, gates, scope, tasks, approvals. Example: slipwayctl release show REL-000001
    Show {
        /// REL-000001
        release: String,
    },
    /// Change fields and scope: all of it or nothing. Example: slipwayctl release edit REL-000001 --impact "multiple users" --add-ci gw-1
    Edit(Box<edit::Edit>),
    /// Attach changes. Example: slipwayctl release attach REL-000001 CHG-000001
    Attach {
        /// REL-000001
        release: String,
        /// CHG-000001 or the foreign number.
        #[arg(required = true)]
        changes: Vec<String>,
    },
    /// Detach a change; it is approved and unscheduled again. Example: slipwayctl release detach REL-000001 CHG-000001
    Detach {
        /// REL-000001
        release: String,
        /// CHG-000001 or the foreign number.
        change: String,
    },
    /// The release notes: changes, components, CIs, decision, back-out plan; as Markdown, or in a file (.pdf, .md).
    /// Example: slipwayctl release notes REL-000001 --output notes.pdf
    Notes(paper::Paper),
    /// The bill of materials: DSL items with versions and checksums, DHS units, CIs; as Markdown, or in a file (.pdf, .md).
    /// Example: slipwayctl release bom REL-000001 --output bom.pdf
    Bom(paper::Paper),
    /// The runbook: steps with planned and expected times, and what is critical; or as a paper (.pdf, .md).
    /// Example: slipwayctl release runbook REL-000001 --output runbook.pdf
    Runbook(runbook::Runbook),
    /// Record how long a step took in rehearsal. Example: slipwayctl release rehearse REL-000001-T03 25
    Rehearse(runbook::Rehearse),
    /// Take rehearsed minutes over into the plan. Example: slipwayctl release take-rehearsed REL-000001
    TakeRehearsed {
        /// REL-000001
        release: String,
    },
    /// Do an action of the phase machine; without one: what may be done, and why not.
    /// Example: slipwayctl release do advance REL-000001
    Do(Box<act::Do>),
    /// The steps of a plan. Example: slipwayctl release plan REL-000001 rollout --step "Deploy" --minutes 30
    Plan(edit::Plan),
    /// The CI update plan: show it, or take the proposal. Example: slipwayctl release ci-plan REL-000001 --propose
    CiPlan {
        /// REL-000001
        release: String,
        /// Put the proposal from changes and components in its place.
        #[arg(long)]
        propose: bool,
        /// Put the JSON list of this file in its place.
        #[arg(long, conflicts_with = "propose")]
        file: Option<PathBuf>,
    },
    /// Add a line to the CI update plan. Example: slipwayctl release plan-line REL-000001 set-field --ci gw-1 --field version --to 12.4
    PlanLine(edit::PlanLine),
    /// What is planned for the same time on the same things. Example: slipwayctl release collisions REL-000001
    Collisions {
        /// REL-000001
        release: String,
    },
    /// What fails with its scope and is not in it. Example: slipwayctl release affected REL-000001
    Affected {
        /// REL-000001
        release: String,
    },
    /// The tasks. Example: slipwayctl release tasks REL-000001
    Tasks {
        /// REL-000001
        release: String,
    },
    /// Add a task. Example: slipwayctl release add-task REL-000001 --title "Warn the desk" --mandatory
    AddTask(act::AddTask),
    /// Move a task: start, done, block, cancel. Example: slipwayctl release task REL-000001-T03 done --result passed
    Task(act::TaskDo),
    /// Do every open task of the present phase, in order. Example: slipwayctl release finish-tasks REL-000001
    FinishTasks {
        /// REL-000001
        release: String,
    },
    /// Record a test. Example: slipwayctl release test REL-000001 --title "Smoke test" --result passed
    Test(act::Test),
    /// Check a DSL component's files against the stored checksums. Example: slipwayctl release verify-master REL-000001 DSL-000001 payroll.deb
    VerifyMaster {
        /// REL-000001
        release: String,
        /// DSL-000001
        item: String,
        /// The files as they lie here.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Ask for the approval that the phase needs. Example: slipwayctl release request-approval REL-000001
    RequestApproval {
        /// REL-000001
        release: String,
        /// Groups instead of the rule's.
        #[arg(long = "group")]
        groups: Vec<String>,
    },
    /// Approve the pending request. Example: slipwayctl release approve REL-000001
    Approve(act::Vote),
    /// Deny the pending request. Example: slipwayctl release deny REL-000001 --reason technical --note "No back-out"
    Deny(act::Deny),
    /// Take one's vote back. Example: slipwayctl release retract REL-000001 --reason "New facts"
    Retract(act::Retract),
    /// Readiness: show it, attest or waive a criterion. Example: slipwayctl release readiness REL-000001
    Readiness(act::Readiness),
    /// Everything about a release as the window gets it, in JSON. Example: slipwayctl release page REL-000001
    Page {
        /// REL-000001
        release: String,
    },
}

#[derive(Args)]
pub struct New {
    /// In a line.
    #[arg(long)]
    pub title: String,
    /// In full.
    #[arg(long, default_value = "")]
    pub description: String,
    /// hardware or software.
    #[arg(long = "type")]
    pub release_type: Option<String>,
    /// major, minor or emergency.
    #[arg(long)]
    pub class: Option<String>,
    /// full, delta or package.
    #[arg(long)]
    pub packaging: Option<String>,
    /// Why it is made.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// enterprise, site/department, multiple users or user.
    #[arg(long)]
    pub impact: Option<String>,
    /// critical, high, average or low.
    #[arg(long)]
    pub urgency: Option<String>,
    /// high, medium or low.
    #[arg(long)]
    pub assessment: Option<String>,
    /// Attach this change; may be given several times.
    #[arg(long = "change")]
    pub changes: Vec<String>,
    /// Sign-in name of the release manager, if not you.
    #[arg(long)]
    pub manager: Option<String>,
}

pub async fn run(desk: &Desk, call: ReleaseCall) -> Result<Answer, CallError> {
    match call {
        ReleaseCall::New(new) => act::new(desk, *new).await,
        ReleaseCall::List { filter } => desk.list("release", &filter.join(" "), show::LIST).await,
        ReleaseCall::Show { release } => show::show(desk, &release).await,
        ReleaseCall::Page { release } => show::page(desk, &release).await,
        ReleaseCall::Edit(edit) => edit::edit(desk, *edit).await,
        ReleaseCall::Attach { release, changes } => edit::attach(desk, &release, &changes).await,
        ReleaseCall::Detach { release, change } => edit::detach(desk, &release, &change).await,
        ReleaseCall::Runbook(call) => runbook::show(desk, call).await,
        ReleaseCall::Rehearse(call) => runbook::rehearse(desk, call).await,
        ReleaseCall::TakeRehearsed { release } => runbook::take_rehearsed(desk, &release).await,
        ReleaseCall::Notes(paper) => paper::write(desk, "releases.notes", paper).await,
        ReleaseCall::Bom(paper) => paper::write(desk, "releases.bom", paper).await,
        ReleaseCall::Do(call) => act::act(desk, *call).await,
        ReleaseCall::Plan(plan) => edit::plan(desk, plan).await,
        ReleaseCall::PlanLine(line) => edit::plan_line(desk, line).await,
        ReleaseCall::CiPlan { release, propose, file } => edit::ci_plan(desk, &release, propose, file).await,
        ReleaseCall::Collisions { release } => {
            crate::ci_impact::collisions(desk, serde_json::json!({ "release": release })).await
        }
        ReleaseCall::Affected { release } => crate::ci_impact::affected(desk, &release).await,
        ReleaseCall::Tasks { release } => show::tasks(desk, &release).await,
        ReleaseCall::AddTask(task) => act::add_task(desk, task).await,
        ReleaseCall::Task(task) => act::task(desk, task).await,
        ReleaseCall::FinishTasks { release } => act::finish_tasks(desk, &release).await,
        ReleaseCall::Test(test) => act::test(desk, test).await,
        ReleaseCall::VerifyMaster { release, item, files } => act::verify_master(desk, &release, &item, &files).await,
        ReleaseCall::RequestApproval { release, groups } => act::request_approval(desk, &release, groups).await,
        ReleaseCall::Approve(vote) => act::approve(desk, vote).await,
        ReleaseCall::Deny(deny) => act::deny(desk, deny).await,
        ReleaseCall::Retract(retract) => act::retract(desk, retract).await,
        ReleaseCall::Readiness(readiness) => act::readiness(desk, readiness).await,
    }
}
