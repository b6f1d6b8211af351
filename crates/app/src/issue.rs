//! From a request to a durable command: signed by the device, judged by the rules here, queued for the server.

use crate::error::CallError;
use crate::view::mutations::{Changes, Done, DryRun, IssueRequest};
use crate::{App, Open};
use slipway_domain::command::Command;
use slipway_domain::execute::Effect;
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, RecordRef};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use slipway_store::issue::{Issue, IssueError, Issued};
use slipway_store::numbers::Numbers;
use uuid::Uuid;

/// A record by kind and id: the one that an answer names.
pub type Key = (Kind, Uuid);

/// Issues any command.
///
/// # Errors
/// The refusal with every reason, or trouble.
pub fn issue(app: &App, request: &IssueRequest) -> Result<Done, CallError> {
    let key = about(&request.command);
    app.issue(request.command.clone(), key)
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
        self.issue_in_place_of(&command, key, None)
    }

    /// Issues one command, settling an item of *Needs attention*.
    ///
    /// # Errors
    /// The refusal with every reason, or trouble.
    pub fn issue_in_place_of(
        &self,
        command: &Command,
        key: Option<Key>,
        replaces: Option<CommandId>,
    ) -> Result<Done, CallError> {
        self.issue_numbered(None, &mut |_| command.clone(), key, replaces)
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
            None,
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
        })?;
        Ok(())
    }

    fn issue_numbered(
        &self,
        number: Option<(Series, Uuid)>,
        build: &mut dyn FnMut(Option<Number>) -> Command,
        key: Option<Key>,
        replaces: Option<CommandId>,
    ) -> Result<Done, CallError> {
        let open = self.open()?;
        let mut build = |numbers: &mut Numbers<'_>| build(number.map(|(series, id)| numbers.take(series, id)));
        let issued = self.issue_built(&open, &mut build, replaces)?;
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
        replaces: Option<CommandId>,
    ) -> Result<Issued, CallError> {
        let issued = open.store.issue(Issue {
            id: CommandId(self.host().new_id()),
            actor: open.actor,
            made_at: self.host().now(),
            build,
            sign: &|bytes| open.session.sign(bytes),
            replaces,
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
        let outcomes = self.store.try_out_all(self.actor, app.host().now(), &mut commands.iter().cloned())?;
        let mut all = Effect::default();
        for outcome in outcomes {
            all = sum(all, outcome?);
        }
        Ok(all)
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

/// The record that a command is about.
#[must_use]
pub fn about(command: &Command) -> Option<Key> {
    use slipway_domain::approval::record::Subject;
    use slipway_domain::command::{ApprovalCommand, ChangeCommand, CmdbCommand, DhsCommand, SetupCommand};
    use slipway_domain::release::task_record::Assignee;
    let subject = |subject: &Subject| match subject {
        Subject::Release(id) => (Kind::Release, id.0),
        Subject::Change(id) => (Kind::Change, id.0),
    };
    Some(match command {
        Command::Release(id, _) => (Kind::Release, id.0),
        Command::Task(id, _) => (Kind::Task, id.0),
        Command::Dsl(id, _) => (Kind::DslItem, id.0),
        Command::Comment(c) => (c.on.kind, c.on.id),
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
            CmdbCommand::ImportCis(_) | CmdbCommand::ImportRelations(_) => return None,
        },
        Command::Dhs(c) => match c {
            DhsCommand::PutModel(m) => (Kind::DhsModel, m.id.0),
            DhsCommand::Receive(u) => (Kind::DhsUnit, u.id.0),
            DhsCommand::Transfer { unit, .. }
            | DhsCommand::Reserve { unit, .. }
            | DhsCommand::ReleaseReservation(unit)
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
        },
    })
}
