//! What is recorded on a release without moving it: tests, verified masters, attested and waived criteria, outcomes,
//! the review.

use crate::command::Edit;
use crate::dsl::item::{DslItem, ItemState, MasterFile};
use crate::execute::{Conflict, Context, Effect};
use crate::id::{ChangeId, DslItemId, TestId};
use crate::people::Person;
use crate::readiness::Judgement;
use crate::readiness::evaluate::{Kind as CriterionKind, kind_of};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::create::id_taken;
use crate::release::edit::conflict;
use crate::release::phase::is_release_manager;
use crate::release::record::{Component, Outcome, Phase, Release, TestRecord, TestResult};
use crate::release::task::by_actor;
use crate::release::{closed_finding, must_be_open, refer};
use crate::text;

/// What can be recorded, and in which phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A test, or its waiver.
    Test,
    /// That a master's files were hashed again.
    Master,
    /// That a criterion is met or let through.
    Criterion,
    /// How a change turned out.
    Outcome,
    /// The review.
    Review,
}

impl Evidence {
    /// The phases in which it is recorded.
    #[must_use]
    pub fn phases(self) -> &'static [Phase] {
        match self {
            Self::Test | Self::Master => &[Phase::BuildAndTest],
            Self::Criterion => &[
                Phase::Assess,
                Phase::PlanAndDesign,
                Phase::BuildAndTest,
                Phase::Training,
                Phase::DistributionAndRollout,
            ],
            Self::Outcome => &[Phase::DistributionAndRollout, Phase::Verification],
            Self::Review => &[Phase::DistributionAndRollout, Phase::Verification, Phase::BackOut],
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Test => "a test is recorded",
            Self::Master => "a master is verified",
            Self::Criterion => "a criterion is attested or waived",
            Self::Outcome => "an outcome is recorded",
            Self::Review => "the review is written",
        }
    }
}

/// What speaks against recording that now.
///
/// # Errors
/// A storage fault.
pub(crate) fn phase_findings(
    release: &Release,
    evidence: Evidence,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    if release.phase.is_closed() {
        return Ok(vec![closed_finding(release, records)?]);
    }
    let about = refer(release);
    if !evidence.phases().contains(&release.phase) {
        let phases: Vec<&str> = evidence.phases().iter().map(|p| p.label()).collect();
        return Ok(vec![
            Finding::new(
                "NOT_IN_PHASE",
                format!("{} is in {}, where nothing of this kind is recorded.", release.number, release.phase),
                format!("In {} {}.", phases.join(", "), evidence.label()),
            )
            .about(about)
            .with("phase", release.phase),
        ]);
    }
    let too_early = matches!(evidence, Evidence::Outcome | Evidence::Review) && release.install.is_none();
    let too_late = evidence == Evidence::Criterion && release.install.is_some();
    Ok(if too_early {
        vec![
            Finding::new(
                "NOT_INSTALLED",
                format!("{} is not installed yet.", release.number),
                "Record the install first.",
            )
            .about(about),
        ]
    } else if too_late {
        vec![
            Finding::new(
                "ALREADY_INSTALLED",
                format!("{} is installed; its readiness was decided on.", release.number),
                "Note it in the review.",
            )
            .about(about),
        ]
    } else {
        Vec::new()
    })
}

/// A test as the command gives it.
pub(crate) struct NewTest<'a> {
    /// New identity.
    pub(crate) id: TestId,
    /// What was tested.
    pub(crate) title: &'a str,
    /// How it went.
    pub(crate) result: &'a TestResult,
    /// Evidence.
    pub(crate) note: &'a str,
}

/// Records a test.
pub(crate) fn record_test(
    release: &Release,
    new: &NewTest<'_>,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = phase_findings(release, Evidence::Test, records)?;
    if let Some(existing) = records.get::<TestRecord>(new.id)? {
        findings.push(id_taken(RecordRef::of(&existing)));
    }
    let title = text::filled_line("title", new.title).map_err(|f| findings.push(f)).unwrap_or_default();
    let note = text::prose("note", new.note).map_err(|f| findings.push(f)).unwrap_or_default();
    if let TestResult::Waived { reason, .. } = new.result {
        findings.extend(text::filled_prose("reason", reason).err());
    }
    none(findings)?;
    records.put(TestRecord {
        id: new.id,
        release: release.id,
        title,
        result: by_actor(Some(new.result), actor),
        note,
        by: actor.id,
        at: context.now,
        superseded: false,
    })?;
    Ok(Effect { created: 1, ..Effect::default() })
}

/// Lets a failed test through.
pub(crate) fn waive_test(
    release: &Release,
    test: TestId,
    reason: &str,
    actor: &Person,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = phase_findings(release, Evidence::Test, records)?;
    let mut test: TestRecord = records.must(test)?;
    let about = RecordRef::of(&test);
    if test.release != release.id || test.superseded || test.result != TestResult::Failed {
        findings.push(
            Finding::new(
                "NOTHING_TO_WAIVE",
                format!("{} is no failed test of this round of {}.", test.title, release.number),
                "Only a test that failed in this Build and test is waived.",
            )
            .about(about),
        );
    }
    let reason = text::filled_prose("reason", reason).map_err(|f| findings.push(f)).unwrap_or_default();
    none(findings)?;
    test.result = TestResult::Waived { reason, by: actor.id };
    records.put(test)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// The stored files of a master were read and hashed again: they must be what was accepted.
pub(crate) fn verify_master(
    mut release: Release,
    item: DslItemId,
    files: &[MasterFile],
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = phase_findings(&release, Evidence::Master, records)?;
    let item: DslItem = records.must(item)?;
    let about = RecordRef::of(&item);
    if !release.scope.components.contains(&Component::DslItem(item.id)) {
        findings.push(
            Finding::new(
                "NOT_A_COMPONENT",
                format!("{} is no component of {}.", about.label, release.number),
                "Add it in Scope first.",
            )
            .about(about.clone()),
        );
    }
    if item.state != ItemState::Accepted {
        findings.push(
            Finding::new(
                "MASTER_NOT_ACCEPTED",
                format!("{} is {}, not accepted in the DSL.", about.label, item.state),
                "Have a librarian accept it, or build from an accepted version.",
            )
            .about(about.clone()),
        );
    }
    findings.extend(file_findings(&item, files, &about));
    none(findings)?;
    release.verified_masters.insert(item.id, context.now);
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

fn file_findings(item: &DslItem, read: &[MasterFile], about: &RecordRef) -> Vec<Finding> {
    let differs = |name: &str, sentence: String| {
        Finding::new("MASTER_DIFFERS", sentence, "Repair the master from the server or another laptop.")
            .about(about.clone())
            .with("file", name)
    };
    let mut findings = Vec::new();
    for stored in &item.files {
        match read.iter().find(|f| f.name == stored.name) {
            None => findings.push(differs(&stored.name, format!("{} of {} was not read.", stored.name, about.label))),
            Some(file) if file.size_bytes != stored.size_bytes => findings.push(differs(
                &stored.name,
                format!("{} has {} bytes, the master {}.", stored.name, file.size_bytes, stored.size_bytes),
            )),
            Some(file) if !file.sha256.eq_ignore_ascii_case(&stored.sha256) => findings.push(differs(
                &stored.name,
                format!("{} has SHA-256 {}, the master {}.", stored.name, file.sha256, stored.sha256),
            )),
            Some(_) => {}
        }
    }
    for file in read.iter().filter(|f| !item.files.iter().any(|s| s.name == f.name)) {
        findings.push(differs(&file.name, format!("{} is no file of {}.", file.name, about.label)));
    }
    findings
}

/// Says that an attested criterion is met.
pub(crate) fn attest(
    mut release: Release,
    criterion: &str,
    note: &str,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = phase_findings(&release, Evidence::Criterion, records)?;
    let kind = criterion_kind(&release, criterion)?;
    if kind != CriterionKind::Attested {
        findings.push(
            Finding::new(
                "NOT_ATTESTABLE",
                format!("{criterion} is computed from the records; nobody can attest it."),
                "Meet it where it is met, or waive it where that is possible.",
            )
            .about(refer(&release)),
        );
    }
    let note = text::filled_prose("note", note).map_err(|f| findings.push(f)).unwrap_or_default();
    none(findings)?;
    let judgement = Judgement::Attested { by: actor.id, at: context.now, note };
    release.judgements.insert(criterion.to_owned(), judgement);
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// Lets a criterion through; the release manager does, with a reason.
pub(crate) fn waive(
    mut release: Release,
    criterion: &str,
    reason: &str,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = phase_findings(&release, Evidence::Criterion, records)?;
    if criterion_kind(&release, criterion)? == CriterionKind::Guard {
        findings.push(
            Finding::new(
                "NOT_WAIVABLE",
                format!("{criterion} is also a guard of the phase machine and cannot be waived."),
                "Meet it.",
            )
            .about(refer(&release)),
        );
    }
    if !is_release_manager(&release, actor) {
        findings.push(
            Finding::new(
                "NOT_THE_RELEASE_MANAGER",
                format!("{} is not the release manager of {}.", actor.name, release.number),
                "Ask the release manager.",
            )
            .about(refer(&release)),
        );
    }
    let reason = text::filled_prose("reason", reason).map_err(|f| findings.push(f)).unwrap_or_default();
    none(findings)?;
    let judgement = Judgement::Waived { by: actor.id, at: context.now, reason };
    release.judgements.insert(criterion.to_owned(), judgement);
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// Takes an attestation or waiver back; a standing go rested on it and goes too.
pub(crate) fn clear(mut release: Release, criterion: &str, records: &mut dyn Records) -> Result<Effect, Failure> {
    none(phase_findings(&release, Evidence::Criterion, records)?)?;
    criterion_kind(&release, criterion)?;
    if release.judgements.remove(criterion).is_none() {
        return Ok(Effect { unchanged: 1, ..Effect::default() });
    }
    release.go_no_go = None;
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

fn criterion_kind(release: &Release, criterion: &str) -> Result<CriterionKind, Failure> {
    kind_of(criterion).ok_or_else(|| {
        Finding::new(
            "UNKNOWN_CRITERION",
            format!("There is no criterion {criterion}."),
            "Choose one of those that readiness lists.",
        )
        .about(refer(release))
        .into()
    })
}

/// Records how a change turned out.
pub(crate) fn record_outcome(
    mut release: Release,
    change: ChangeId,
    outcome: Outcome,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = phase_findings(&release, Evidence::Outcome, records)?;
    if !release.scope.changes.contains(&change) {
        findings.push(
            Finding::new(
                "CHANGE_NOT_ATTACHED",
                format!("That change is not attached to {}.", release.number),
                "Choose one of its changes.",
            )
            .about(refer(&release)),
        );
    }
    none(findings)?;
    release.outcomes.insert(change, outcome);
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// Writes the review.
pub(crate) fn write_review(
    mut release: Release,
    edit: &Edit<String>,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    must_be_open(&release, records)?;
    let mut findings = phase_findings(&release, Evidence::Review, records)?;
    let to = text::prose("review", &edit.to).map_err(|f| findings.push(f)).unwrap_or_default();
    none(findings)?;
    if release.review != edit.from && release.review != to {
        let finding = conflict(refer(&release), "review", &edit.from, &release.review);
        let conflict = Conflict::of_field("review", edit.from.clone(), to, release.review, finding);
        return Ok(Effect { conflicts: vec![conflict], unchanged: 1, ..Effect::default() });
    }
    release.review = to;
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}
