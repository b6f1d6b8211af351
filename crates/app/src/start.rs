//! From the first start to an open profile: connect to a server, start alone, unlock, lock.

use crate::App;
use crate::error::CallError;
use crate::host::Progress;
use crate::key::SecretKey;
use crate::link::Link;
use crate::profile::{Identity, KeyChoice, KeyKeeping, Profile, ProfileError, ShutOut, Trust};
use crate::session::{Credentials, Session, computer_name};
use crate::tls;
use crate::view::common::Nothing;
use crate::view::profile::{
    AppState, ConnectRequest, LockReason, PersonView, ReadyState, StartAloneRequest, UnlockRequest,
};
use slipway_domain::cmdb::class::CiClass;
use slipway_domain::cmdb::class_tree::{classes_for, default_classes};
use slipway_domain::command::{BULK_ROWS, CmdbCommand, Command, SetupCommand};
use slipway_domain::id::{GroupId, PersonId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::Series;
use slipway_domain::people::{Group, Person, Role};
use slipway_domain::record::Kind;
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::release::template::default_templates;
use slipway_domain::setting::{WorkspaceRules, default_policies};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Numbers of each series that a workspace without a server gives itself.
const NUMBERS_ALONE: u32 = 999_999;

/// Where the application stands; a profile that opens without being asked anything is opened.
///
/// # Errors
/// Trouble with an open profile; one that does not open is an answer here.
pub fn state(app: &App, _: &Nothing) -> Result<AppState, CallError> {
    if app.open().is_err() {
        if let Some(closed) = closed(app) {
            return Ok(closed);
        }
        if let Err(error) = opened(app, None).and_then(|session| app.put(session)).and_then(|_| add_classes(app)) {
            return Ok(locked_by(error));
        }
    }
    ready(app)
}

/// Signs in at a server. The first time a profile is made.
///
/// # Errors
/// What keeps the profile, the server or the sign-in from working; then nothing is open.
pub async fn connect(app: App, request: ConnectRequest) -> Result<AppState, CallError> {
    let trust = trust(request.certificate.as_deref(), request.fingerprint.as_deref())?;
    let keychain = app.keychain().clone();
    let folder = app.folder().to_owned();
    let passphrase = request.passphrase.clone();
    let (profile, key) = blocking(move || prepare(&folder, passphrase.as_deref(), keychain.as_ref())).await?;
    let credentials = Credentials {
        server: &request.server,
        trust: trust.as_ref(),
        user: &request.user,
        password: &request.password,
    };
    let session = Session::sign_in(profile, &key, app.keychain().clone(), credentials).await?;
    app.put(session)?;
    blocking(move || ready(&app)).await
}

/// Makes a workspace on this computer alone, with one person who may do everything.
///
/// # Errors
/// What keeps the profile from being made.
pub fn start_alone(app: &App, request: &StartAloneRequest) -> Result<AppState, CallError> {
    if request.name.trim().is_empty() {
        return Err(crate::missing("start alone", "name"));
    }
    let (profile, key) = prepare(app.folder(), request.passphrase.as_deref(), app.keychain().as_ref())?;
    let session = Session::start_alone(profile, &key, app.keychain(), &request.name)?;
    let open = app.put(session)?;
    for series in Series::ALL {
        open.store.lease(series, 1, NUMBERS_ALONE)?;
    }
    open.store.remember(WORKSPACE_NAME, request.workspace.trim())?;
    for command in beginnings(app, open.actor, request.name.trim()) {
        app.issue_as_workspace(&Command::Setup(command))?;
    }
    add_classes(app)?;
    ready(app)
}

/// Gives a workspace without a server the class tree, and a class for each further word that its CIs carry: a new one,
/// and one from before there were classes.
fn add_classes(app: &App) -> Result<(), CallError> {
    let open = app.open()?;
    let exist = |records: &dyn Records| Ok::<_, CallError>(records.find(Lookup::AllOf, Kind::CiClass.name())?);
    if open.session.account().is_some() || !open.store.read(exist)?.is_empty() {
        return Ok(());
    }
    let words = open.store.counts(Kind::Ci)?.into_iter().map(|count| count.group).collect();
    let classes: Vec<CiClass> = default_classes().into_iter().chain(classes_for(&words)).collect();
    for some in classes.chunks(BULK_ROWS) {
        app.issue_as_workspace(&Command::Cmdb(CmdbCommand::PutClasses(some.to_vec())))?;
    }
    Ok(())
}

/// Under which name the workspace's name is remembered when there is no server to know it.
const WORKSPACE_NAME: &str = "workspace_name";

/// What a workspace of one person begins with: the person, the two boards that approve, rules and templates.
fn beginnings(app: &App, id: PersonId, name: &str) -> Vec<SetupCommand> {
    let group = |name: &str| Group {
        id: GroupId(app.host().new_id()),
        name: name.to_owned(),
        members: BTreeSet::from([id]),
        lead: Some(id),
    };
    let (cab, emergency) = (group("CAB"), group("Emergency CAB"));
    let policies = default_policies(cab.id, emergency.id);
    let user = name.split_whitespace().next().unwrap_or("me").to_lowercase();
    let person = Person {
        id,
        name: name.to_owned(),
        user: user.chars().filter(|c| c.is_alphanumeric()).collect(),
        roles: Role::ALL.iter().copied().filter(|r| !matches!(r, Role::Auditor | Role::Viewer)).collect(),
        active: true,
    };
    // There is nobody else to vote.
    let rules = WorkspaceRules { separation_of_duties: false, ..WorkspaceRules::default() };
    let mut commands = vec![
        SetupCommand::PutPerson(person),
        SetupCommand::PutGroup(cab),
        SetupCommand::PutGroup(emergency),
        SetupCommand::PutWorkspaceRules(rules),
    ];
    commands.extend(policies.into_iter().map(SetupCommand::PutApprovalPolicy));
    commands.extend(default_templates().into_iter().map(SetupCommand::PutTaskTemplate));
    commands
}

/// Opens a locked profile.
///
/// # Errors
/// Why it does not open.
pub async fn unlock(app: App, request: UnlockRequest) -> Result<AppState, CallError> {
    if app.open().is_err() {
        let closed = app.clone();
        let session = blocking(move || opened(&closed, request.passphrase.as_deref())).await?;
        let session = if session.profile().shut_out().is_some() { let_in(session).await? } else { session };
        app.put(session)?;
        let opened = app.clone();
        blocking(move || add_classes(&opened)).await?;
    }
    blocking(move || ready(&app)).await
}

/// A device that was shut out opens only once its server lets it in again.
async fn let_in(session: Session) -> Result<Session, CallError> {
    let session = Arc::new(session);
    if let Some(link) = Link::of(session.clone())? {
        link.ask(|server, access| async move { server.devices(&access).await }).await?;
        drop(link);
    }
    session.let_in()?;
    Arc::into_inner(session).ok_or_else(|| {
        CallError::trouble("INTERRUPTED", "The profile is still in use.", "Try again; what was saved before is kept.")
    })
}

/// Closes the profile until it is unlocked.
///
/// # Errors
/// None at present.
pub fn lock(app: &App, _: &Nothing) -> Result<AppState, CallError> {
    app.close();
    Ok(closed(app).unwrap_or(AppState::NoProfile))
}

fn opened(app: &App, passphrase: Option<&str>) -> Result<Session, CallError> {
    let profile = Profile::load(app.folder())?;
    let key = profile.unlock(passphrase, app.keychain().as_ref())?;
    let what = "Bringing your records to the form of this version".to_owned();
    Session::open(profile, &key, app.keychain(), &mut |done, of| {
        app.host().progress(&Progress { what: what.clone(), done, of });
    })
}

/// Why the profile stays closed without being tried; `None` when it may be tried.
fn closed(app: &App) -> Option<AppState> {
    let profile = match Profile::load(app.folder()) {
        Ok(profile) => profile,
        Err(ProfileError::Missing { .. }) => return Some(AppState::NoProfile),
        Err(error) => return Some(locked_by(error.into())),
    };
    if *profile.identity() == Identity::Nobody {
        return Some(AppState::NoProfile);
    }
    let passphrase = matches!(profile.key(), KeyKeeping::Passphrase(_));
    if let Some(shut_out) = profile.shut_out() {
        return Some(AppState::Locked {
            reason: LockReason::ShutOut,
            sentence: shut_out_sentence(&profile, shut_out),
            way_out: "Ask an administrator to let it in again, then unlock it: what waits is sent then.".to_owned(),
            passphrase,
        });
    }
    if !passphrase && !app.is_locked() {
        return None;
    }
    let (reason, way_out) =
        if passphrase { (LockReason::Passphrase, "Type the passphrase.") } else { (LockReason::Locked, "Unlock it.") };
    Some(AppState::Locked {
        reason,
        sentence: "The profile on this computer is locked.".to_owned(),
        way_out: way_out.to_owned(),
        passphrase,
    })
}

fn shut_out_sentence(profile: &Profile, shut_out: ShutOut) -> String {
    let workspace = profile.account().map_or("its workspace", |account| account.workspace_name.as_str());
    let kept = match shut_out.waiting {
        0 => "Nothing waited on it.".to_owned(),
        1 => "One command waited on it for the server; it is kept.".to_owned(),
        many => format!("{many} commands waited on it for the server; they are kept."),
    };
    format!("This device was shut out of {workspace}. {kept}")
}

/// A profile that does not open, as an answer.
fn locked_by(error: CallError) -> AppState {
    let (code, sentence, way_out) = match error {
        CallError::Trouble { code, sentence, way_out } => (code, sentence, way_out),
        CallError::Refused { findings } => match findings.into_iter().next() {
            Some(f) => (f.code, f.sentence, f.way_out),
            None => (String::new(), String::new(), String::new()),
        },
    };
    let reason = match code.as_str() {
        "PASSPHRASE_NEEDED" | "WRONG_PASSPHRASE" => LockReason::Passphrase,
        "PROFILE_NEWER" => LockReason::Newer,
        code if code.starts_with("KEYCHAIN") || code.starts_with("DEVICE_KEY") => LockReason::Keychain,
        _ => LockReason::Damaged,
    };
    AppState::Locked { reason, sentence, way_out, passphrase: reason == LockReason::Passphrase }
}

fn ready(app: &App) -> Result<AppState, CallError> {
    let open = app.open()?;
    let account = open.session.account();
    let person = open.store.read(|records: &_| Ok::<_, CallError>(records.get::<Person>(open.actor)?))?;
    let named = || match open.session.profile().identity() {
        Identity::Account(account) => account.user.clone(),
        Identity::Alone(alone) => alone.name.clone(),
        Identity::Nobody => String::new(),
    };
    let person = person.map_or_else(
        // Signed in, and nothing synced yet.
        || PersonView { id: open.actor.to_string(), name: named(), user: named(), roles: Vec::new(), active: true },
        view,
    );
    let workspace = match &account {
        Some(account) => account.workspace_name.clone(),
        None => open.store.remembered(WORKSPACE_NAME)?.unwrap_or_default(),
    };
    Ok(AppState::Ready(ReadyState {
        person,
        workspace,
        provider: account.as_ref().and_then(|a| a.provider.clone()),
        server: account.map(|a| a.server),
        device: open.store.profile()?.device.to_string(),
        passphrase: matches!(open.session.profile().key(), KeyKeeping::Passphrase(_)),
    }))
}

/// A person as screens show them.
#[must_use]
pub fn view(person: Person) -> PersonView {
    PersonView {
        id: person.id.to_string(),
        name: person.name,
        user: person.user,
        roles: person.roles.into_iter().collect(),
        active: person.active,
    }
}

/// The profile of a folder with its key: made when there is none.
pub(crate) fn prepare(
    folder: &std::path::Path,
    passphrase: Option<&str>,
    keychain: &dyn crate::keychain::Keychain,
) -> Result<(Profile, SecretKey), CallError> {
    match Profile::load(folder) {
        Ok(profile) => {
            let key = profile.unlock(passphrase, keychain)?;
            Ok((profile, key))
        }
        Err(ProfileError::Missing { .. }) => {
            let choice = passphrase.map_or(KeyChoice::Keychain, KeyChoice::Passphrase);
            Ok(Profile::create(folder, choice, &computer_name(), keychain)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Why the server's certificate is believed, as the person gave it.
pub(crate) fn trust(certificate: Option<&str>, fingerprint: Option<&str>) -> Result<Option<Trust>, CallError> {
    if let Some(text) = fingerprint.filter(|t| !t.trim().is_empty()) {
        let fingerprint = tls::parse_fingerprint(text).map_err(|error| {
            CallError::trouble("BAD_FINGERPRINT", error.to_string(), "Give the 64 hex digits as the administrator did.")
        })?;
        return Ok(Some(Trust::Fingerprint(fingerprint)));
    }
    let Some(path) = certificate.filter(|p| !p.trim().is_empty()) else { return Ok(None) };
    match std::fs::read_to_string(path) {
        Ok(pem) => Ok(Some(Trust::Authority(pem))),
        Err(error) => Err(CallError::trouble(
            "FILE_UNREADABLE",
            format!("The file {path} cannot be read: {error}."),
            "Check the path and the file's rights, then try again.",
        )),
    }
}

/// Runs what blocks off the asynchronous threads.
///
/// # Errors
/// What `work` returns, or `INTERRUPTED`.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CallError> + Send + 'static,
) -> Result<T, CallError> {
    crate::session::off_thread(work).await
}
