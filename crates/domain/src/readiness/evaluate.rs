//! The criteria: five families, each computed from records or attested by a person.

use crate::access;
use crate::collision::{Planned, around};
use crate::freeze::freezes;
use crate::readiness::{Criterion, CriterionState, Family, Judgement};
use crate::records::Records;
use crate::refusal::{Fault, Finding};
use crate::release::guard::{self, Ask, Guard, GuardInput, build, closing, planning, rollout};
use crate::release::person_name;
use crate::release::record::{Phase, PlanKind, Release, ReleaseClass, Training};
use crate::release::task::tasks_of;
use crate::release::task_record::TaskState;
use crate::setting::Gate;
use crate::time::Timestamp;

/// How a criterion is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Computed, and the phase machine insists on it too: nobody can waive it.
    Guard,
    /// Computed; the release manager may waive it.
    Computed,
    /// A person attests it; the release manager may waive it.
    Attested,
}

/// How a computed criterion stands.
struct Verdict {
    state: CriterionState,
    why: String,
    way_out: String,
}

fn met(why: impl Into<String>) -> Verdict {
    Verdict { state: CriterionState::Met, why: why.into(), way_out: String::new() }
}

fn not_met(why: impl Into<String>, way_out: impl Into<String>) -> Verdict {
    Verdict { state: CriterionState::NotMet, why: why.into(), way_out: way_out.into() }
}

fn not_applicable(why: impl Into<String>) -> Verdict {
    Verdict { state: CriterionState::NotApplicable, why: why.into(), way_out: String::new() }
}

type Judge = fn(&GuardInput<'_>) -> Result<Verdict, Fault>;

struct Spec {
    code: &'static str,
    family: Family,
    title: &'static str,
    kind: Kind,
    place: &'static str,
    judge: Judge,
}

const fn spec(
    code: &'static str,
    family: Family,
    title: &'static str,
    kind: Kind,
    place: &'static str,
    judge: Judge,
) -> Spec {
    Spec { code, family, title, kind, place, judge }
}

#[rustfmt::skip]
static CRITERIA: &[Spec] = &[
    spec("tests_recorded", Family::Quality, "Tests are recorded", Kind::Computed, "tasks", tests_recorded),
    spec("tests_passed", Family::Quality, "Every test passed or was waived", Kind::Guard, "tasks", tests_passed),
    spec("known_errors_reviewed", Family::Quality, "Known errors are reviewed", Kind::Attested, "readiness", attested),
    spec("exceptions_decided", Family::Quality, "What was done against a rule is decided", Kind::Guard, "overview", exceptions_decided),
    spec("components_ready", Family::Package, "The components come verified from the definitive stores", Kind::Guard, "scope", components_ready),
    spec("changes_approved", Family::Package, "Every change is approved", Kind::Guard, "scope", changes_approved),
    spec("approvals_current", Family::Package, "Build and test is approved on today's scope", Kind::Guard, "approvals", approvals_current),
    spec("windows_clear", Family::Package, "The rollout window is free of freezes and collisions", Kind::Computed, "scope", windows_clear),
    spec("ci_plan_applies", Family::Package, "The CI update plan applies", Kind::Guard, "ci_update", ci_plan_applies),
    spec("environment_ready", Family::Package, "The production environment is ready", Kind::Attested, "readiness", attested),
    spec("training_done", Family::TrainingAndSupport, "Training is done", Kind::Guard, "tasks", training_done),
    spec("support_plan", Family::TrainingAndSupport, "The support plan is written", Kind::Computed, "plans", support_plan),
    spec("service_desk_informed", Family::TrainingAndSupport, "The service desk is informed", Kind::Attested, "readiness", attested),
    spec("rollout_plan", Family::RolloutAndBackOut, "The rollout plan is written", Kind::Guard, "plans", rollout_plan),
    spec("back_out_plan", Family::RolloutAndBackOut, "The back-out plan is written", Kind::Guard, "plans", back_out_plan),
    spec("steps_owned", Family::RolloutAndBackOut, "Every rollout and back-out step has an owner", Kind::Computed, "plans", steps_owned),
    spec("back_out_rehearsed", Family::RolloutAndBackOut, "The back-out is rehearsed", Kind::Computed, "tasks", back_out_rehearsed),
    spec("risk_plan", Family::Risk, "The risk management plan is written", Kind::Guard, "plans", risk_plan),
    spec("risk_rated", Family::Risk, "The risk is rated", Kind::Computed, "scope", risk_rated),
];

/// How the criterion of that code is met; `None` when there is none.
#[must_use]
pub fn kind_of(code: &str) -> Option<Kind> {
    CRITERIA.iter().find(|c| c.code == code).map(|c| c.kind)
}

/// Every criterion as it stands now.
///
/// # Errors
/// A storage fault.
pub fn evaluate(release: &Release, now: Timestamp, records: &dyn Records) -> Result<Vec<Criterion>, Fault> {
    let actor = access::system();
    let input = GuardInput { release, ask: &Ask::default(), actor: &actor, now, records };
    CRITERIA.iter().map(|spec| criterion(spec, &input)).collect()
}

fn criterion(spec: &Spec, i: &GuardInput<'_>) -> Result<Criterion, Fault> {
    let mut verdict = (spec.judge)(i)?;
    let judgement = i.release.judgements.get(spec.code);
    match (spec.kind, judgement) {
        (Kind::Attested, Some(Judgement::Attested { by, at, note })) => {
            let by = person_name(*by, i.records)?;
            verdict = met(format!("Attested by {by} on {}: {note}", at.to_rfc3339()));
        }
        (Kind::Attested | Kind::Computed, Some(Judgement::Waived { by, at, reason }))
            if verdict.state == CriterionState::NotMet =>
        {
            let by = person_name(*by, i.records)?;
            let why = format!("Waived by {by} on {}: {reason}", at.to_rfc3339());
            verdict = Verdict { state: CriterionState::Waived, why, way_out: String::new() };
        }
        _ => {}
    }
    if verdict.state == CriterionState::NotMet {
        let hint = match spec.kind {
            Kind::Guard => " Also a guard of the phase machine: it cannot be waived.",
            Kind::Computed | Kind::Attested => " Or the release manager waives it with a reason.",
        };
        verdict.way_out.push_str(hint);
    }
    Ok(Criterion {
        code: spec.code.to_owned(),
        family: spec.family,
        title: spec.title.to_owned(),
        computed: spec.kind != Kind::Attested,
        state: verdict.state,
        why: verdict.why,
        way_out: verdict.way_out,
        place: spec.place.to_owned(),
    })
}

fn by_guard(guard: Guard, i: &GuardInput<'_>, fine: &str) -> Result<Verdict, Fault> {
    Ok(by_findings(&guard(i)?, fine))
}

fn by_findings(findings: &[Finding], fine: &str) -> Verdict {
    let Some(first) = findings.first() else { return met(fine) };
    let why = findings.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" ");
    not_met(why, first.way_out.clone())
}

fn attested(_: &GuardInput<'_>) -> Result<Verdict, Fault> {
    Ok(not_met("Nobody has attested it yet.", "Attest it with a note."))
}

fn tests_recorded(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    let count = build::current_tests(i.release, i.records)?.len();
    Ok(if count == 0 {
        not_met("No test is recorded in this round of Build and test.", "Record the tests in Build and test.")
    } else {
        met(format!("{count} recorded in this round."))
    })
}

fn tests_passed(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    by_guard(build::tests_passed_or_waived, i, "No test failed.")
}

fn exceptions_decided(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    if crate::exception::of_record(i.release.id, i.records)?.is_empty() {
        return Ok(not_applicable("Nothing was done against a rule."));
    }
    by_guard(closing::exceptions_decided, i, "Every exception is decided.")
}

fn components_ready(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    let mut findings = build::components_ready(i)?;
    findings.extend(build::no_master_withdrawn(i)?);
    Ok(by_findings(&findings, "Every component is verified or reserved."))
}

fn changes_approved(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    let mut findings = planning::change_attached(i)?;
    findings.extend(guard::every_change_approved(i)?);
    Ok(by_findings(&findings, "Every attached change is approved."))
}

fn approvals_current(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    Ok(if crate::approval::granted(i.release, Gate::BuildAndTest, i.records)? {
        met("Granted on today's scope.")
    } else {
        not_met(
            "Build and test is not approved on today's scope.",
            "Have it approved in Build and test; a release that went on is sent back for it.",
        )
    })
}

fn windows_clear(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    let Some(window) = i.release.scope.rollout_window else {
        return Ok(not_met("The rollout window is not set.", "Set it in Scope."));
    };
    let mut trouble = Vec::new();
    let mut soft = String::new();
    for (freeze, _) in freezes(i.release, &window, i.records)? {
        if freeze.is_soft() {
            soft += &format!(" {} will ask for a reason.", freeze.title);
        } else {
            trouble.push(format!("{} freezes it.", freeze.title));
        }
    }
    if let Some(mine) = Planned::of_release(i.release) {
        trouble.extend(around(&mine, i.records)?.into_iter().map(|f| f.sentence));
    }
    Ok(if trouble.is_empty() {
        met(format!("No freeze, no other release and no other change is in the way.{soft}"))
    } else {
        not_met(trouble.join(" "), "Move the window.")
    })
}

fn ci_plan_applies(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    if i.release.scope.ci_plan.is_empty() {
        return Ok(not_applicable("The plan is empty: the install changes nothing in the CMDB."));
    }
    if i.release.install.is_some() {
        return Ok(met("It was applied with the install."));
    }
    by_guard(rollout::ci_plan_applies, i, "Every CI is as the plan expects.")
}

fn training_done(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    match i.release.training {
        Training::Undecided | Training::Asked { .. } => {
            return Ok(not_applicable("Whether there is Training is decided on leaving Assess."));
        }
        Training::Skipped => return Ok(not_applicable("This release has no Training.")),
        Training::Active => {}
    }
    let tasks = tasks_of(i.release.id, i.records)?;
    let training: Vec<_> = tasks.iter().filter(|t| t.phase == Phase::Training && t.mandatory).collect();
    let done = training.iter().filter(|t| t.state == TaskState::Done).count();
    let passed_by = i.release.phase > Phase::Training;
    Ok(if done == training.len() && (passed_by || !training.is_empty()) {
        met(format!("{done} of {} tasks are done.", training.len()))
    } else {
        not_met(format!("{done} of {} tasks are done.", training.len()), "Finish the tasks of Training.")
    })
}

fn plan(i: &GuardInput<'_>, kind: PlanKind) -> Verdict {
    let steps = i.release.scope.plans.get(&kind).map_or(0, Vec::len);
    if steps > 0 {
        met(format!("{steps} steps."))
    } else {
        not_met(format!("The {kind} plan has no step."), "Write at least one step in Plans.")
    }
}

/// A plan that an emergency may write after the install.
fn needed_plan(i: &GuardInput<'_>, kind: PlanKind) -> Verdict {
    if i.release.class == ReleaseClass::Emergency && !planning::plan_written(i.release, kind) {
        return not_applicable("Emergency: it may follow the install and must be there before Verified.");
    }
    plan(i, kind)
}

fn support_plan(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    Ok(plan(i, PlanKind::Support))
}

fn rollout_plan(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    Ok(needed_plan(i, PlanKind::Rollout))
}

fn back_out_plan(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    Ok(needed_plan(i, PlanKind::BackOut))
}

fn risk_plan(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    Ok(needed_plan(i, PlanKind::RiskManagement))
}

fn steps_owned(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    let plans = [PlanKind::Rollout, PlanKind::BackOut];
    let steps = || plans.iter().filter_map(|p| i.release.scope.plans.get(p)).flatten();
    let without = steps().filter(|s| s.owner.is_none()).count();
    Ok(if without == 0 {
        met(format!("{} steps, each with an owner.", steps().count()))
    } else {
        not_met(format!("{without} steps have no owner."), "Name an owner for each step in Plans.")
    })
}

/// The task by which the template has the back-out rehearsed.
const REHEARSAL: &str = "Back-out rehearsed";

fn back_out_rehearsed(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    let tasks = tasks_of(i.release.id, i.records)?;
    let done = tasks.iter().any(|t| t.title.eq_ignore_ascii_case(REHEARSAL) && t.state == TaskState::Done);
    Ok(if done {
        met("The task Back-out rehearsed is done.")
    } else {
        not_met("The task Back-out rehearsed is not done.", "Rehearse the back-out in Build and test.")
    })
}

fn risk_rated(i: &GuardInput<'_>) -> Result<Verdict, Fault> {
    Ok(match i.release.risk {
        Some(risk) => met(format!("The risk is {risk}.")),
        None => not_met("The risk is not rated.", "Answer the risk questionnaire."),
    })
}
