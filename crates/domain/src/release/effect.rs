//! The effects of the transition table: what happens beside the move, each a named function.

use crate::execute::Context;
use crate::id::CommandId;
use crate::level::{Assessment, Urgency};
use crate::lookup::Lookup;
use crate::people::Person;
use crate::readiness::GoNoGo;
use crate::readiness::evaluate::evaluate;
use crate::records::{Records, RecordsExt};
use crate::refusal::Failure;
use crate::release::guard::Ask;
use crate::release::phase::Transition;
use crate::release::record::{Phase, Release, TestRecord, TestResult, Training};
use uuid::Uuid;

/// What an effect works on. The release is stored after the last one.
pub struct EffectInput<'a> {
    /// The release.
    pub release: &'a mut Release,
    /// The row that is carried out.
    pub row: &'static Transition,
    /// What the command brings along.
    pub ask: &'a Ask<'a>,
    /// Who.
    pub actor: &'a Person,
    /// When, and numbers for new records.
    pub context: &'a mut Context,
    /// Ids for new records.
    pub ids: &'a mut Ids,
    /// Everything else.
    pub records: &'a mut dyn Records,
}

/// An effect.
pub type Effect = fn(&mut EffectInput<'_>) -> Result<(), Failure>;

/// Ids that a command gives away, the same on every machine.
#[derive(Debug)]
pub struct Ids {
    command: CommandId,
    next: u32,
}

impl Ids {
    /// The first is the command's derived id 0.
    #[must_use]
    pub fn of(command: CommandId) -> Self {
        Self { command, next: 0 }
    }

    /// The next id.
    pub fn fresh<I: From<Uuid>>(&mut self) -> I {
        let id = self.command.derived(self.next);
        self.next = self.next.saturating_add(1);
        id.into()
    }
}

/// What the history says when the release manager had asked for Training, so that the reason survives.
const TRAINING_ASKED: &str = "Training asked for: ";

/// Training is travelled when the impact assessment is high and the urgency high or critical [SM].
fn training_is_due(release: &Release) -> bool {
    release.impact_assessment == Some(Assessment::High)
        && matches!(release.urgency, Some(Urgency::Critical | Urgency::High))
}

/// On leaving Assess it is fixed whether Training is travelled.
pub fn fix_training(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    let active = training_is_due(i.release) || matches!(i.release.training, Training::Asked { .. });
    i.release.training = if active { Training::Active } else { Training::Skipped };
    Ok(())
}

/// The reason of the phase entry that leaves Assess: why Training was asked for.
#[must_use]
pub(crate) fn training_reason(release: &Release) -> String {
    match &release.training {
        Training::Asked { reason } => format!("{TRAINING_ASKED}{reason}"),
        Training::Undecided | Training::Active | Training::Skipped => String::new(),
    }
}

/// Back in Assess it is open again whether Training is travelled; a wish for it stays.
pub fn reopen_training(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    if i.row.to != Phase::Assess {
        return Ok(());
    }
    let asked = i
        .release
        .phase_history
        .iter()
        .rev()
        .find(|e| e.from == Some(Phase::Assess))
        .and_then(|e| e.reason.strip_prefix(TRAINING_ASKED));
    i.release.training = asked.map_or(Training::Undecided, |reason| Training::Asked { reason: reason.to_owned() });
    Ok(())
}

/// Every entry into Build and test begins a round: masters are verified anew, tests of earlier rounds are kept as
/// evidence and count no more.
pub fn begin_test_round(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    i.release.verified_masters.clear();
    for mut test in i.records.list::<TestRecord>(Lookup::TestsOfRelease, &i.release.id.to_string())? {
        if !test.superseded {
            test.superseded = true;
            i.records.put(test)?;
        }
    }
    Ok(())
}

/// The failure is a test record of its own [SM].
pub fn record_failure(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    i.records.put(TestRecord {
        id: i.ids.fresh(),
        release: i.release.id,
        title: "Build and test".to_owned(),
        result: TestResult::Failed,
        note: i.ask.reason.trim().to_owned(),
        by: i.actor.id,
        at: i.context.now,
        superseded: false,
    })?;
    Ok(())
}

/// The decision is kept with the criteria as they were.
pub fn store_decision(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    let criteria = evaluate(i.release, i.context.now, &*i.records)?;
    i.release.go_no_go = Some(GoNoGo {
        go: i.ask.go,
        by: i.actor.id,
        at: i.context.now,
        note: i.ask.reason.trim().to_owned(),
        criteria,
    });
    Ok(())
}

/// A go counts for one rollout only.
pub fn forget_go(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    i.release.go_no_go = None;
    Ok(())
}

/// The next install is a new one; baseline, back-out and history stay as evidence.
pub fn forget_install(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    i.release.install = None;
    i.release.outcomes.clear();
    Ok(())
}
