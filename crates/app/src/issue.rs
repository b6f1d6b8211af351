//! From a request to a durable command: signed by the device, judged by the rules here, queued for the server.

use crate::error::CallError;
use crate::view::mutations::{Changes, Done, DryRun, IssueRequest};
use crate::{App, Open};
use slipway_domain::command::Command;
use slipway_domain::command::about::about;
use slipway_domain::execute::Effect;
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, RecordRef};
use slipway_domain::records::Records;
use slipway_domain::refusal::{Fault, Refusal};
use slipway_store::issue::{Facts, Issue, IssueError, Issued, Replaces};
use slipway_store::numbers::Numbers;
use uuid::Uuid;

/// A record by kind and id: the one that an answer names.
pub type Key = (Kind, Uuid);

/// What is said beside a command.
#[derive(Clone, Copy, Debug, Default)]
pub struct How<'a> {
    /// The item of *Needs attention* that it is issued in place of.
    pub replaces: Option<Replaces<'a>>,
    /// Whether a fact that a rule is against is kept.
    pub facts: Facts,
    /// Its identity, where the caller has to know it.
    pub id: Option<CommandId>,
}

/// Issues any command.
///
/// # Errors
/// The refusal with every reason, or trouble.
pub fn issue(app: &App, request: &IssueRequest) -> Result<Done, CallError> {
    let how = How { facts: Facts::of(request.as_exception), ..How::default() };
    app.issue_how(&request.command, about(&request.command), how)
}

/// Tries any command; nothing is kept.
///
/// # Errors
/// Trouble; a refusal is an answer here.
pub fn dry_run(app: &App, request: &IssueRequest) -> Result<DryRun, CallError> {
    let open = app.open()?;
    Ok(match open.try_all(app, std::slice::from_ref(&request.command)) {
        Ok(effect) => DryRun { allowed: true, findings: Vec::new(), effect: Some(effect) },
        Err(CallError::Refused { findings }) => DryRun { allowed: false, findings, effect: None },
        Err(trouble) => return Err(trouble),
    })
}

impl App {
    /// Issues one command.
    ///
    /// # Errors
    /// The refusal with every reason, or trouble.
    #[expect(clippy::needless_pass_by_value, reason = "callers build the command for this call")]
    pub fn issue(&self, command: Command, key: Option<Key>) -> Result<Done, CallError> {
        self.issue_how(&command, key, How::default())
    }

    /// Issues one command in place of another, or insisting on what was done.
    ///
    /// # Errors
    /// The refusal with every reason, or trouble.
    pub fn issue_how(&self, command: &Command, key: Option<Key>, how: How<'_>) -> Result<Done, CallError> {
        self.issue_numbered(None, &mut |_| command.clone(), key, how)
    }

    /// Issues one command that creates a numbered record.
    ///
    /// # Errors
    /// The refusal with every reason, or trouble.
    pub fn create(
        &self,
        series: Series,
        key: Key,
        build: &mut dyn FnMut(Number) -> Command,
    ) -> Result<Done, CallError> {
        self.issue_numbered(
            Some((series, key.1)),
            &mut |n| build(n.unwrap_or_else(|| Number::provisional(series, key.1))),
            Some(key),
            How::default(),
        )
    }

    /// Issues one command as the workspace itself: only for what a workspace without a server begins with.
    pub(crate) fn issue_as_workspace(&self, command: &Command) -> Result<(), CallError> {
        let open = self.open()?;
        open.store.issue(Issue {
            id: CommandId(self.host().new_id()),
            actor: PersonId::SYSTEM,
            made_at: self.host().now(),
            build: &mut |_| command.clone(),
            sign: &|bytes| open.session.sign(bytes),
            replaces: None,
            facts: Facts::Refuse,
        })?;
        Ok(())
    }

    fn issue_numbered(
        &self,
        number: Option<(Series, Uuid)>,
        build: &mut dyn FnMut(Option<Number>) -> Command,
        key: Option<Key>,
        how: How<'_>,
    ) -> Result<Done, CallError> {
        let open = self.open()?;
        let mut build = |numbers: &mut Numbers<'_>| build(number.map(|(series, id)| numbers.take(series, id)));
        let issued = self.issue_built(&open, &mut build, how)?;
        let changes = Changes::from(&issued.changes);
        self.host().changed(&changes);
        let record = match key {
            Some((kind, id)) => open.store.read(|records| Ok::<_, CallError>(reference(records, kind, id)?))?,
            None => None,
        };
        Ok(Done { effect: issued.effect, changes, record })
    }

    /// Issues what `build` makes, as the person who works here, and wakes the sync.
    ///
    /// # Errors
    /// The refusal with every reason, or trouble.
    pub(crate) fn issue_built(
        &self,
        open: &Open,
        build: &mut dyn FnMut(&mut Numbers<'_>) -> Command,
        how: How<'_>,
    ) -> Result<Issued, CallError> {
        let issued = open.store.issue(Issue {
            id: how.id.unwrap_or_else(|| CommandId(self.host().new_id())),
            actor: open.actor,
            made_at: self.host().now(),
            build,
            sign: &|bytes| open.session.sign(bytes),
            replaces: how.replaces,
            facts: how.facts,
        })?;
        if let Some(driver) = &open.driver {
            driver.issued();
        }
        Ok(issued)
    }

    /// Issues several commands, none of them if one would be refused.
    ///
    /// # Errors
    /// The refusal with every reason, or trouble; after trouble the earlier ones may have been issued.
    pub fn issue_all(&self, commands: Vec<Command>, key: Option<Key>) -> Result<Done, CallError> {
        self.open()?.try_all(self, &commands)?;
        let mut all: Option<Done> = None;
        for command in commands {
            let done = self.issue(command, key)?;
            all = Some(match all {
                Some(before) => before.and(done),
                None => done,
            });
        }
        Ok(all.unwrap_or_else(|| Done { effect: Effect::default(), changes: Changes::default(), record: None }))
    }
}

impl Open {
    /// What commands would do one after the other; nothing is kept.
    pub(crate) fn try_all(&self, app: &App, commands: &[Command]) -> Result<Effect, CallError> {
        let outcomes = self.try_each(app, &mut commands.iter().cloned())?;
        let mut all = Effect::default();
        for outcome in outcomes {
            all = sum(all, outcome?);
        }
        Ok(all)
    }

    /// What each of these commands would do after those before it, or why it would be refused; nothing is kept.
    pub(crate) fn try_each(
        &self,
        app: &App,
        commands: &mut dyn Iterator<Item = Command>,
    ) -> Result<Vec<Result<Effect, Refusal>>, CallError> {
        Ok(self.store.try_out_all(self.actor, app.host().now(), commands)?)
    }
}

impl Done {
    /// This and what came after it, as one.
    pub(crate) fn and(mut self, later: Self) -> Self {
        self.effect = sum(self.effect, later.effect);
        for kind in later.changes.kinds {
            if !self.changes.kinds.contains(&kind) {
                self.changes.kinds.push(kind);
            }
        }
        if self.changes.ids.is_empty() || later.changes.ids.is_empty() {
            self.changes.ids.clear();
        }
        for id in later.changes.ids {
            if !self.changes.ids.contains(&id) {
                self.changes.ids.push(id);
            }
        }
        self.record = later.record.or(self.record);
        self
    }
}

fn sum(mut a: Effect, b: Effect) -> Effect {
    a.conflicts.extend(b.conflicts);
    a.created = a.created.saturating_add(b.created);
    a.updated = a.updated.saturating_add(b.updated);
    a.unchanged = a.unchanged.saturating_add(b.unchanged);
    a
}

fn reference(records: &dyn Records, kind: Kind, id: Uuid) -> Result<Option<RecordRef>, Fault> {
    Ok(records.read(kind, id)?.map(|record| RecordRef::to(&record)))
}

impl From<&slipway_store::write::Changes> for Changes {
    fn from(changes: &slipway_store::write::Changes) -> Self {
        Self {
            kinds: changes.kinds.iter().copied().collect(),
            ids: changes.ids.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<IssueError> for CallError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Refused(refusal) => refusal.into(),
            IssueError::TooLarge { size, limit } => Self::trouble(
                "TOO_LARGE",
                format!("This is too large for one command: {size} bytes, at most {limit}."),
                "Split it up; nothing was changed.",
            ),
            IssueError::Store(error) => error.into(),
        }
    }
}
