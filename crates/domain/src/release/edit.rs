//! Edits of a release, each against what its author saw. A rule that an edit goes against refuses all of the command;
//! a text that somebody else wrote meanwhile is a conflict of that text only ([`by_field`]).
//!
//! Which fields may be edited when:
//! - title, description, reason, people, costs, risk: until the release is closed;
//! - class, packaging, impact, urgency, impact assessment, assessment note: in Assess and Plan and design;
//! - type: the same, as long as Plan and design is not approved;
//! - the wish for Training: in Assess, by the release manager;
//! - scope: until the install. An emergency may complete its plans until it is Verified.
//!
//! An edit that changes the scope digest voids every approval of another digest and the go decision.

use crate::approval;
use crate::cmdb::ci::Ci;
use crate::cmdb::group::CiGroup;
use crate::cmdb::update_plan::CiUpdate;
use crate::command::merge::by_field;
use crate::command::{Edit, ReleaseEdit};
use crate::dhs::record::{DhsModel, DhsUnit};
use crate::dsl::item::{DslItem, ItemState};
use crate::execute::{Conflict, Context, Effect, none_but};
use crate::id::CiId;
use crate::level::priority;
use crate::people::{Person, Site};
use crate::record::{Entity, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::release::create::person_finding;
use crate::release::effect::Ids;
use crate::release::phase::is_release_manager;
use crate::release::record::{Component, Phase, PlanStep, Release, ReleaseClass, ReleaseType, Target, Training};
use crate::release::scope::{difference, digest};
use crate::release::task::from_template::replace_template_tasks;
use crate::release::{must_be_open, refer, resting_status};
use crate::setting::Gate;
use crate::text;
use crate::time::{Timestamp, Window};
use serde::Serialize;
use std::collections::BTreeSet;

/// Most edits in one command.
pub const EDITS: usize = 500;
/// Most targets of a release.
pub const TARGETS: usize = 500;
/// Most steps of one plan.
pub const PLAN_STEPS: usize = 500;
/// Most lines of a CI update plan.
pub const CI_PLAN_LINES: usize = 5_000;

/// Carries edits out: all of them or none.
pub(crate) fn edit(
    release: Release,
    edits: &[ReleaseEdit],
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    must_be_open(&release, records)?;
    let before = release.clone();
    let mut editor =
        Editor { release, actor, records: &*records, findings: Vec::new(), conflicts: Vec::new(), merges: false };
    editor.limit("edits", edits.len(), EDITS);
    for edit in edits.iter().take(EDITS) {
        editor.merges = by_field(edit);
        if editor.phase_allows(edit)? {
            editor.apply(edit)?;
        }
    }
    editor.components_fit();
    let Editor { mut release, findings, conflicts, .. } = editor;
    none_but(&conflicts, findings)?;
    if release == before {
        return Ok(Effect { conflicts, unchanged: 1, ..Effect::default() });
    }
    release.priority = release.impact.zip(release.urgency).map(|(impact, urgency)| priority(impact, urgency));
    if release.release_type != before.release_type {
        replace_template_tasks(&mut release, &mut Ids::of(context.command), records)?;
    }
    scope_changed(&mut release, &before, actor, context.now, records)?;
    records.put(release)?;
    Ok(Effect { conflicts, updated: 1, ..Effect::default() })
}

/// After a scope edit: it stands in the release's journal, approvals of another digest are void, the go decision is
/// forgotten, the phase's request is open again.
pub(crate) fn scope_changed(
    release: &mut Release,
    before: &Release,
    actor: &Person,
    at: Timestamp,
    records: &mut dyn Records,
) -> Result<(), Failure> {
    let now = digest(release);
    if now == digest(before) {
        return Ok(());
    }
    let edit = difference::edit(before, release, actor, at, &*records)?;
    difference::remember(release, edit);
    approval::void_outdated(release.id, &now, records)?;
    release.status = resting_status(release);
    if release.install.is_none() {
        release.go_no_go = None;
    }
    Ok(())
}

/// That the scope is fixed since the install, if it is.
pub(crate) fn scope_fixed(release: &Release) -> Option<Finding> {
    let installed = release.install.is_some() || matches!(release.phase, Phase::Verification | Phase::BackOut);
    installed.then(|| {
        Finding::new(
            "SCOPE_IS_FIXED",
            format!("{} is installed; its scope is fixed.", release.number),
            "Back it out and rework it, or make another release.",
        )
        .about(refer(release))
    })
}

struct Editor<'a> {
    release: Release,
    actor: &'a Person,
    records: &'a dyn Records,
    findings: Vec<Finding>,
    conflicts: Vec<Conflict>,
    /// The present edit is of a text that merges by itself.
    merges: bool,
}

impl Editor<'_> {
    fn find(&mut self, code: &str, sentence: impl Into<String>, way_out: impl Into<String>) {
        self.findings.push(Finding::new(code, sentence, way_out).about(refer(&self.release)));
    }

    fn limit(&mut self, what: &str, count: usize, limit: usize) {
        if count > limit {
            self.findings.push(
                Finding::new(
                    "TOO_MANY",
                    format!("{count} {what} are more than the {limit} that are possible."),
                    "Split them.",
                )
                .about(refer(&self.release))
                .with("limit", limit),
            );
        }
    }

    /// Whether the edit's field may be edited now.
    fn phase_allows(&mut self, edit: &ReleaseEdit) -> Result<bool, Fault> {
        use ReleaseEdit as E;
        let release = &self.release;
        let early = matches!(release.phase, Phase::Assess | Phase::PlanAndDesign);
        let finding = match edit {
            E::Title(_)
            | E::Description(_)
            | E::Reason(_)
            | E::Manager(_)
            | E::Coordinator(_)
            | E::Risk(_)
            | E::EstimatedCost(_)
            | E::ActualCost(_) => None,
            E::Class(_)
            | E::Packaging(_)
            | E::Impact(_)
            | E::Urgency(_)
            | E::ImpactAssessment(_)
            | E::AssessmentNote(_) => (!early).then(|| {
                Finding::new(
                    "FIELD_IS_FIXED",
                    format!(
                        "{} is in {}; this is decided in Assess and Plan and design.",
                        release.number, release.phase
                    ),
                    "Send the release back first.",
                )
            }),
            E::Type(_) => {
                let approved = approval::granted_once(release, Gate::PlanAndDesign, self.records)?;
                (!early || approved).then(|| {
                    Finding::new(
                        "TYPE_IS_FIXED",
                        format!("The type of {} is fixed since Plan and design was approved.", release.number),
                        "Send the release back first; that voids the approval.",
                    )
                })
            }
            E::AskTraining(_) => (release.phase != Phase::Assess).then(|| {
                Finding::new(
                    "FIELD_IS_FIXED",
                    format!("Whether {} has Training was fixed on leaving Assess.", release.number),
                    "Send the release back to Assess first.",
                )
            }),
            E::Plan { .. }
                if release.class == ReleaseClass::Emergency
                    && matches!(release.phase, Phase::DistributionAndRollout | Phase::Verification) =>
            {
                None
            }
            E::AddCi(_)
            | E::RemoveCi(_)
            | E::AddCiGroup(_)
            | E::RemoveCiGroup(_)
            | E::AddService(_)
            | E::RemoveService(_)
            | E::AddComponent(_)
            | E::RemoveComponent(_)
            | E::Targets(_)
            | E::BuildWindow(_)
            | E::RolloutWindow(_)
            | E::Plan { .. }
            | E::CiPlan(_) => scope_fixed(release),
        };
        let allowed = finding.is_none();
        if let Some(finding) = finding {
            let finding = finding.about(refer(&self.release));
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
        Ok(allowed)
    }

    fn apply(&mut self, edit: &ReleaseEdit) -> Result<(), Fault> {
        use ReleaseEdit as E;
        match edit {
            E::Title(e) => {
                if let Some(to) = self.text(text::filled_line("title", &e.to))
                    && self.seen("title", &self.release.title.clone(), &e.from, &to)
                {
                    self.release.title = to;
                }
            }
            E::Description(e) => self.prose("description", e, |r| &mut r.description),
            E::Reason(e) => self.prose("reason", e, |r| &mut r.reason),
            E::AssessmentNote(e) => self.prose("assessment_note", e, |r| &mut r.assessment_note),
            E::Type(e) => self.release_type(e),
            E::Class(e) => self.value("class", e, |r| &mut r.class),
            E::Packaging(e) => self.value("packaging", e, |r| &mut r.packaging),
            E::Impact(e) => self.value("impact", e, |r| &mut r.impact),
            E::Urgency(e) => self.value("urgency", e, |r| &mut r.urgency),
            E::ImpactAssessment(e) => self.value("impact_assessment", e, |r| &mut r.impact_assessment),
            E::Risk(e) => self.value("risk", e, |r| &mut r.risk),
            E::Manager(e) => {
                self.findings.extend(person_finding("manager", e.to, self.records)?);
                self.value("manager", e, |r| &mut r.manager);
            }
            E::Coordinator(e) => {
                if let Some(person) = e.to {
                    self.findings.extend(person_finding("coordinator", person, self.records)?);
                }
                self.value("coordinator", e, |r| &mut r.coordinator);
            }
            E::EstimatedCost(e) => self.value("estimated_cost", e, |r| &mut r.costs.estimated),
            E::ActualCost(e) => self.value("actual_cost", e, |r| &mut r.costs.actual),
            E::AskTraining(reason) => self.ask_training(reason.as_deref()),
            E::AddCi(id) => self.add(*id, |r| &mut r.scope.cis)?,
            E::AddCiGroup(id) => {
                if self.exists::<CiGroup>(*id)? {
                    self.release.scope.ci_groups.insert(*id);
                }
            }
            E::AddService(id) => self.add(*id, |r| &mut r.scope.services)?,
            E::RemoveCi(id) => drop(self.release.scope.cis.remove(id)),
            E::RemoveCiGroup(id) => {
                self.release.scope.ci_groups.remove(id);
                self.release.scope.frozen_groups.remove(id);
            }
            E::RemoveService(id) => drop(self.release.scope.services.remove(id)),
            E::AddComponent(component) => self.add_component(component)?,
            E::RemoveComponent(component) => drop(self.release.scope.components.remove(component)),
            E::Targets(e) => self.targets(e)?,
            E::BuildWindow(e) => self.window("build_window", e, |r| &mut r.scope.build_window),
            E::RolloutWindow(e) => self.window("rollout_window", e, |r| &mut r.scope.rollout_window),
            E::Plan { plan, steps } => {
                self.limit("steps", steps.to.len(), PLAN_STEPS);
                self.steps(&steps.to)?;
                let field = format!("{plan} plan");
                let now = self.release.scope.plans.get(plan).cloned().unwrap_or_default();
                if self.seen(&field, &now, &steps.from, &steps.to) {
                    if steps.to.is_empty() {
                        self.release.scope.plans.remove(plan);
                    } else {
                        self.release.scope.plans.insert(*plan, steps.to.clone());
                    }
                }
            }
            E::CiPlan(e) => self.ci_plan(e)?,
        }
        Ok(())
    }

    /// Whether the author saw what is there; a value that is there already is no conflict.
    fn seen<T: PartialEq + Serialize>(&mut self, field: &str, is: &T, was: &T, to: &T) -> bool {
        if is == was || is == to {
            return true;
        }
        let finding = conflict(refer(&self.release), field, was, is);
        if self.merges {
            self.conflicts.push(Conflict::of_field(field, shown(was), shown(to), shown(is), finding));
        } else {
            self.findings.push(finding);
        }
        false
    }

    fn value<T: PartialEq + Clone + Serialize>(
        &mut self,
        field: &str,
        edit: &Edit<T>,
        place: impl Fn(&mut Release) -> &mut T,
    ) {
        let is = place(&mut self.release).clone();
        if self.seen(field, &is, &edit.from, &edit.to) {
            *place(&mut self.release) = edit.to.clone();
        }
    }

    fn text(&mut self, result: Result<String, Finding>) -> Option<String> {
        result.map_err(|finding| self.findings.push(finding)).ok()
    }

    fn prose(&mut self, field: &str, edit: &Edit<String>, place: impl Fn(&mut Release) -> &mut String) {
        if let Some(to) = self.text(text::prose(field, &edit.to)) {
            self.value(field, &Edit { from: edit.from.clone(), to }, place);
        }
    }

    fn release_type(&mut self, edit: &Edit<Option<ReleaseType>>) {
        if edit.to.is_none() && self.release.phase != Phase::Assess {
            self.find("TYPE_NOT_SET", "Outside Assess a release has a type.", "Choose hardware or software.");
        }
        self.value("type", edit, |r| &mut r.release_type);
    }

    fn ask_training(&mut self, reason: Option<&str>) {
        if !is_release_manager(&self.release, self.actor) {
            let sentence = format!("{} is not the release manager of {}.", self.actor.name, self.release.number);
            self.find("NOT_THE_RELEASE_MANAGER", sentence, "Ask the release manager.");
        }
        let wish = reason.map(|reason| text::filled_prose("reason", reason)).transpose();
        match wish {
            Ok(Some(reason)) => self.release.training = Training::Asked { reason },
            Ok(None) => self.release.training = Training::Undecided,
            Err(finding) => self.findings.push(finding),
        }
    }

    fn exists<E: Entity>(&mut self, id: E::Id) -> Result<bool, Fault> {
        match self.records.must::<E>(id) {
            Ok(_) => Ok(true),
            Err(Failure::Refused(refusal)) => {
                self.findings.extend(refusal.findings);
                Ok(false)
            }
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    fn add(&mut self, id: CiId, place: impl Fn(&mut Release) -> &mut BTreeSet<CiId>) -> Result<(), Fault> {
        if self.exists::<Ci>(id)? {
            place(&mut self.release).insert(id);
        }
        Ok(())
    }

    fn add_component(&mut self, component: &Component) -> Result<(), Fault> {
        let known = match component {
            Component::DslItem(id) => {
                let known = self.exists::<DslItem>(*id)?;
                if let Some(item) = self.records.get::<DslItem>(*id)?
                    && item.state == ItemState::Withdrawn
                {
                    let about = RecordRef::of(&item);
                    self.findings.push(
                        Finding::new(
                            "MASTER_WITHDRAWN",
                            format!("{} was withdrawn from the DSL: {}.", about.label, item.withdrawn_because),
                            "Use another version.",
                        )
                        .about(about),
                    );
                }
                known
            }
            Component::DhsUnit(id) => self.exists::<DhsUnit>(*id)?,
            Component::DhsModel { model, quantity } => {
                if *quantity == 0 {
                    self.find("QUANTITY_ZERO", "A component of no units is none.", "Give a quantity of at least 1.");
                }
                self.exists::<DhsModel>(*model)?
            }
        };
        if known {
            self.release.scope.components.insert(component.clone());
        }
        Ok(())
    }

    /// Software comes from the DSL, hardware from the DHS.
    fn components_fit(&mut self) {
        let Some(release_type) = self.release.release_type else { return };
        let wrong = self.release.scope.components.iter().any(|c| {
            let software = matches!(c, Component::DslItem(_));
            software != (release_type == ReleaseType::Software)
        });
        if wrong {
            let (from, way_out) = match release_type {
                ReleaseType::Software => ("DSL", "Remove the DHS components, or make it a hardware release."),
                ReleaseType::Hardware => ("DHS", "Remove the DSL components, or make it a software release."),
            };
            let sentence = format!("The components of a {release_type} release come from the {from}.");
            self.find("COMPONENT_OF_OTHER_TYPE", sentence, way_out);
        }
    }

    fn targets(&mut self, edit: &Edit<Vec<Target>>) -> Result<(), Fault> {
        self.limit("targets", edit.to.len(), TARGETS);
        let mut names = BTreeSet::new();
        for target in &edit.to {
            let Some(name) = self.text(text::filled_line("target", &target.name)) else { continue };
            if !names.insert(name.to_lowercase()) {
                let sentence = format!("Target {name} is named twice.");
                self.find("TARGET_NAME_TAKEN", sentence, "Give each target a name of its own.");
            }
            if let Some(site) = target.site {
                self.exists::<Site>(site)?;
            }
        }
        self.value("targets", edit, |r| &mut r.scope.targets);
        Ok(())
    }

    fn window(
        &mut self,
        field: &str,
        edit: &Edit<Option<Window>>,
        place: impl Fn(&mut Release) -> &mut Option<Window>,
    ) {
        if edit.to.is_some_and(|w| !w.is_ordered()) {
            self.find("WINDOW_NOT_ORDERED", "A window ends after it starts.", "Correct start or end.");
        }
        self.value(field, edit, place);
    }

    fn steps(&mut self, steps: &[PlanStep]) -> Result<(), Fault> {
        for step in steps {
            self.text(text::filled_prose("step", &step.text));
            if let Some(owner) = step.owner {
                self.findings.extend(person_finding("step owner", owner, self.records)?);
            }
        }
        Ok(())
    }

    /// The plan names CIs that exist or that an earlier line creates; whether it applies is judged at the install.
    fn ci_plan(&mut self, edit: &Edit<Vec<CiUpdate>>) -> Result<(), Fault> {
        self.limit("lines", edit.to.len(), CI_PLAN_LINES);
        let mut created = BTreeSet::new();
        for line in edit.to.iter().take(CI_PLAN_LINES) {
            match line {
                CiUpdate::Create(ci) => {
                    self.text(text::filled_line("name", &ci.name));
                    created.insert(ci.id);
                }
                CiUpdate::SetFields { ci, fields } => {
                    if !created.contains(ci) {
                        self.exists::<Ci>(*ci)?;
                    }
                    for change in fields {
                        let mut trial = Ci::blank(*ci, self.release.number.clone(), "class", "name");
                        self.findings.extend(trial.set_field(&change.field, &change.to).err());
                    }
                }
                CiUpdate::SetStatus { ci, .. } => {
                    if !created.contains(ci) {
                        self.exists::<Ci>(*ci)?;
                    }
                }
                CiUpdate::AddRelation(relation) | CiUpdate::RemoveRelation(relation) => {
                    for end in [relation.source, relation.target] {
                        if !created.contains(&end) {
                            self.exists::<Ci>(end)?;
                        }
                    }
                }
            }
        }
        self.value("ci_plan", edit, |r| &mut r.scope.ci_plan);
        Ok(())
    }
}

/// That somebody else edited the field since the author saw it.
pub(crate) fn conflict<T: Serialize>(about: RecordRef, field: &str, was: &T, is: &T) -> Finding {
    let (was, is) = (shown(was), shown(is));
    Finding::new(
        "EDIT_CONFLICT",
        format!("{field} of {} was {was:?} when you edited it and is {is:?} now.", about.label),
        "Look at the present value and edit again.",
    )
    .about(about)
    .with("field", field)
    .with("was", was)
    .with("is", is)
}

/// A value as text: a string as it is, anything else as JSON.
pub(crate) fn shown<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(serde_json::Value::Null) | Err(_) => String::new(),
        Ok(other) => other.to_string(),
    }
}
