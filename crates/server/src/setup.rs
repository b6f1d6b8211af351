//! Making a workspace and setting up its people: what the administrator does on the server's own console.
//!
//! Everything is a command by the workspace itself, judged and logged like any other.

use crate::core::{Clock, Console, Core, DAYS_MOST, Exported, TokenInfo, Verified, sound_password};
use crate::error::ServerError;
use crate::folder::{Folder, FolderError, SAMPLE_USERS, random_id};
use crate::sample;
use crate::storage::postgres::Address;
use crate::storage::restored::begin_epoch;
use crate::storage::{Device, HeldCommand, Storage, Workspace};
use serde::Serialize;
use slipway_domain::checksum::StateHash;
use slipway_domain::cmdb::class::CiClass;
use slipway_domain::cmdb::class_tree::{classes_for, default_classes};
use slipway_domain::command::{BULK_ROWS, CmdbCommand, Command, SetupCommand};
use slipway_domain::id::{GroupId, PersonId};
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::people::{Group, Person, Role};
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Failure, Fault, Finding, Refusal};
use slipway_domain::setting::default_policies;
use slipway_sync::encoding::hex;
use slipway_sync::protocol::{Epoch, Verdict};
use slipway_sync::signing::PrivateKey;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The core failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The records failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Failure> for SetupError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(refusal),
            Failure::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// A workspace opened on the server's own console.
pub struct Office {
    folder: Folder,
    core: Core,
    key: PrivateKey,
}

/// Somebody to come.
#[derive(Clone)]
pub struct NewUser {
    /// Sign-in name.
    pub user: String,
    /// As shown.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Names of the groups they join.
    pub groups: Vec<String>,
    /// Their password.
    pub password: String,
}

/// For whom a token acts.
#[derive(Clone, Debug)]
pub enum TokenActs {
    /// For somebody with this sign-in name.
    For(String),
    /// For a person of its own, who cannot sign in, with these roles.
    As(Vec<Role>),
}

/// What shall be different about a person; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// As shown.
    pub name: Option<String>,
    /// Sign-in name.
    pub user: Option<String>,
    /// All that they may do.
    pub roles: Option<Vec<Role>>,
    /// Whether they work here.
    pub active: Option<bool>,
}

/// A workspace to make.
#[derive(Clone)]
pub struct NewWorkspace {
    /// As shown.
    pub name: String,
    /// Its first administrator.
    pub administrator: Option<NewUser>,
}

/// What is read of a CI to know its class.
#[derive(serde::Deserialize)]
struct ClassOf<'a> {
    #[serde(borrow)]
    class: std::borrow::Cow<'a, str>,
}

/// Everything the server holds, in a few figures; equal records give an equal hash on laptop and server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// Hash over every record.
    pub hash: String,
    /// How many there are.
    pub records: u64,
    /// Last sequence given.
    pub head: u64,
    /// Epoch of the history.
    pub epoch: Epoch,
    /// Entries of the audit log: commands, and what became of devices.
    pub log_size: u64,
    /// Root of its tree.
    pub log_root: String,
}

impl Office {
    /// Makes a workspace in a folder; when it fails, nothing of it remains.
    ///
    /// # Errors
    /// The folder holds one already or cannot be written; or a rule refuses a part.
    pub fn create(path: &Path, new: &NewWorkspace, clock: Clock) -> Result<Self, SetupError> {
        Self::create_in(path, new, None, clock)
    }

    /// The same with the records in a PostgreSQL database, or in the folder's own file.
    ///
    /// # Errors
    /// As [`Office::create`]; or the database cannot be reached.
    pub fn create_in(
        path: &Path,
        new: &NewWorkspace,
        database: Option<&Address>,
        clock: Clock,
    ) -> Result<Self, SetupError> {
        let now = clock();
        let (folder, storage) = Folder::create(path, &new.name, database, now)?;
        let made = Self::assemble(folder.clone(), storage, clock).and_then(|office| {
            office.core.register_console(office.folder.console(), &office.key)?;
            office.furnish(new)?;
            Ok(office)
        });
        if made.is_err() {
            folder.discard();
        }
        made
    }

    /// Opens the workspace in a folder, also while it is being served.
    ///
    /// # Errors
    /// The folder holds none, or cannot be read.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, SetupError> {
        let (folder, storage) = Folder::open(path)?;
        Self::assemble(folder, storage, clock)
    }

    fn assemble(folder: Folder, storage: Arc<dyn Storage>, clock: Clock) -> Result<Self, SetupError> {
        let key = folder.console_key()?;
        let core = Core::new(storage, folder.workspace(), folder.log_key()?, clock).with_tokens(&key);
        Ok(Self { folder, core, key })
    }

    /// SHA-256 of the workspace's certificate authority, which laptops pin at sign-in.
    ///
    /// # Errors
    /// The authority cannot be read.
    pub fn fingerprint(&self) -> Result<String, SetupError> {
        Ok(crate::tls::fingerprint(&crate::tls::authority_of(&self.folder)?))
    }

    /// The core, for what is not set-up.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.core
    }

    fn console(&self) -> Result<Console<'_>, ServerError> {
        self.core.console(self.folder.console(), &self.key)
    }

    /// The groups, rules and people that a workspace starts with.
    fn furnish(&self, new: &NewWorkspace) -> Result<(), SetupError> {
        let mut console = self.console()?;
        for command in start() {
            issue(&mut console, Command::Setup(command))?;
        }
        issue(&mut console, Command::Cmdb(CmdbCommand::PutClasses(default_classes())))?;
        if let Some(administrator) = &new.administrator {
            add_user(&mut console, administrator)?;
        }
        Ok(console.commit()?)
    }

    /// Gives a new workspace the sample company: its past as commands, its people as users, and a file that names
    /// them with their password.
    ///
    /// # Errors
    /// A rule refuses a part, because the sample and the rules have drifted apart; or the storage failed.
    pub fn add_sample(&self) -> Result<(), SetupError> {
        let mut console = self.console()?;
        let now = self.core.now();
        for past in sample::company(now, CAB, EMERGENCY_CAB, &default_policies(CAB, EMERGENCY_CAB))? {
            judged(console.issue_as(past.actor, past.at, past.id, past.command)?.verdict)?;
        }
        for user in sample::users() {
            let person = person_of(&console, user.user)?;
            console.put_password(&person, sample::PASSWORD)?;
        }
        console.commit()?;
        let users = sample::users().into_iter().map(
            |u| serde_json::json!({ "user": u.user, "password": sample::PASSWORD, "name": u.name, "roles": u.roles }),
        );
        let list = serde_json::Value::from_iter(users);
        Ok(self.folder.write(SAMPLE_USERS, format!("{list:#}\n").as_bytes())?)
    }

    /// Gives a workspace from before there were classes the tree that new ones start with, and a class for each further
    /// word that its CIs carry. One look at every record, once.
    ///
    /// # Errors
    /// A rule refuses it; or the storage failed.
    pub fn add_classes(&self) -> Result<(), SetupError> {
        let mut console = self.console()?;
        if !console.records().find(Lookup::AllOf, Kind::CiClass.name())?.is_empty() {
            return Ok(());
        }
        let mut words = BTreeSet::new();
        let view = self.core.snapshot()?;
        view.each_record(&mut |kind, _, body| {
            if kind == Kind::Ci.name()
                && let Ok(ClassOf { class }) = serde_json::from_str(body)
                && !words.contains(class.as_ref())
            {
                words.insert(class.into_owned());
            }
        })
        .map_err(ServerError::from)?;
        let classes: Vec<CiClass> = default_classes().into_iter().chain(classes_for(&words)).collect();
        for some in classes.chunks(BULK_ROWS) {
            issue(&mut console, Command::Cmdb(CmdbCommand::PutClasses(some.to_vec())))?;
        }
        tracing::info!(classes = classes.len(), "Gave the workspace its first classes");
        Ok(console.commit()?)
    }

    /// Adds a person with a password.
    ///
    /// # Errors
    /// A rule refuses it, a group is unknown; or the storage failed.
    pub fn add_user(&self, user: &NewUser) -> Result<Person, SetupError> {
        let mut console = self.console()?;
        let person = add_user(&mut console, user)?;
        console.commit()?;
        Ok(person)
    }

    /// Sets a new password; the sessions under the old one end.
    ///
    /// # Errors
    /// There is no such user; or the storage failed.
    pub fn set_password(&self, user: &str, password: &str) -> Result<Person, SetupError> {
        let mut console = self.console()?;
        let person = person_of(&console, user)?;
        sound_password(password)?;
        console.put_password(&person, password)?;
        console.end_sessions(person.id)?;
        console.commit()?;
        Ok(person)
    }

    /// Makes a token for another tool: it acts for a person who is there, or for one of its own with these roles.
    ///
    /// # Errors
    /// A rule refuses the person, there is no such user, the days are too many; or the storage failed.
    pub fn add_token(&self, name: &str, acts: &TokenActs, days: u32) -> Result<(TokenInfo, String), SetupError> {
        if days == 0 || days > DAYS_MOST {
            let sentence = format!("A token lives 1 to {DAYS_MOST} days, not {days}.");
            return Err(Refusal::from(Finding::new("WRONG_VALUE", sentence, "Choose fewer days.")).into());
        }
        let person = match acts {
            TokenActs::For(user) => person_of(&self.console()?, user)?,
            TokenActs::As(roles) => {
                let mut console = self.console()?;
                let user: String =
                    format!("tool-{name}").to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
                let person = Person {
                    id: PersonId(console.new_id()?),
                    name: name.trim().to_owned(),
                    user,
                    roles: roles.iter().copied().collect(),
                    active: true,
                };
                issue(&mut console, Command::Setup(SetupCommand::PutPerson(person.clone())))?;
                console.commit()?;
                person
            }
        };
        let expires_at = self.core.now().plus_days(i64::from(days));
        Ok(self.core.add_token(name, person.id, expires_at)?)
    }

    /// Changes what is known of a person.
    ///
    /// # Errors
    /// A rule refuses it, there is no such user; or the storage failed.
    pub fn change_user(&self, user: &str, change: &UserChange) -> Result<Person, SetupError> {
        let mut console = self.console()?;
        let person = person_of(&console, user)?;
        let person = Person {
            name: change.name.clone().unwrap_or(person.name),
            user: change.user.clone().unwrap_or(person.user),
            roles: change.roles.as_ref().map_or(person.roles, |roles| roles.iter().copied().collect()),
            active: change.active.unwrap_or(person.active),
            ..person
        };
        issue(&mut console, Command::Setup(SetupCommand::PutPerson(person.clone())))?;
        if !person.active {
            console.end_sessions(person.id)?;
        }
        console.commit()?;
        Ok(person)
    }

    /// Adds a group.
    ///
    /// # Errors
    /// A rule refuses it, a member is unknown; or the storage failed.
    pub fn add_group(&self, name: &str, members: &[String], lead: Option<&str>) -> Result<Group, SetupError> {
        let mut console = self.console()?;
        let mut group =
            Group { id: GroupId(console.new_id()?), name: name.trim().to_owned(), members: [].into(), lead: None };
        if let Some(lead) = lead {
            let person = person_of(&console, lead)?.id;
            group.members.insert(person);
            group.lead = Some(person);
        }
        for member in members {
            group.members.insert(person_of(&console, member)?.id);
        }
        issue(&mut console, Command::Setup(SetupCommand::PutGroup(group.clone())))?;
        console.commit()?;
        Ok(group)
    }

    /// Adds people to a group and takes people out of it.
    ///
    /// # Errors
    /// A rule refuses it, group or person is unknown; or the storage failed.
    pub fn change_members(&self, name: &str, add: &[String], remove: &[String]) -> Result<Group, SetupError> {
        let mut console = self.console()?;
        let mut group = group_of(&console, name)?;
        for user in add {
            group.members.insert(person_of(&console, user)?.id);
        }
        for user in remove {
            let person = person_of(&console, user)?.id;
            group.members.remove(&person);
            group.lead = group.lead.filter(|lead| *lead != person);
        }
        issue(&mut console, Command::Setup(SetupCommand::PutGroup(group.clone())))?;
        console.commit()?;
        Ok(group)
    }

    /// Everybody, and every group.
    ///
    /// # Errors
    /// The storage failed.
    pub fn people(&self) -> Result<(Vec<Person>, Vec<Group>), SetupError> {
        let console = self.console()?;
        let mut people: Vec<Person> = console.records().all()?;
        let mut groups: Vec<Group> = console.records().all()?;
        people.sort_by(|a, b| a.user.cmp(&b.user));
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((people, groups))
    }

    /// Commands that could not be judged, the longest waiting first.
    ///
    /// # Errors
    /// The storage failed.
    pub fn held(&self) -> Result<Vec<HeldCommand>, SetupError> {
        Ok(self.core.snapshot()?.held_commands(HELD_MOST).map_err(ServerError::from)?)
    }

    /// Every device on which somebody signed in, and the server's own.
    ///
    /// # Errors
    /// The storage failed.
    pub fn devices(&self) -> Result<Vec<Device>, SetupError> {
        Ok(self.core.snapshot()?.devices().map_err(ServerError::from)?)
    }

    /// Reads the whole audit log back.
    ///
    /// # Errors
    /// The storage failed.
    pub fn verify_log(&self) -> Result<Verified, SetupError> {
        Ok(self.core.verify_log()?)
    }

    /// Writes the whole audit log, to be verified with nothing but the log's public key.
    ///
    /// # Errors
    /// The storage failed, or `out` takes no more.
    pub fn export_log(&self, out: &mut dyn std::io::Write) -> Result<Exported, SetupError> {
        Ok(self.core.export_log(self.folder.console(), self.key.public(), out)?)
    }

    /// Declares that the data was put back from a backup: laptops send again what it does not know, and are told why.
    ///
    /// # Errors
    /// The storage failed.
    pub fn declare_restored(&self, why: &str) -> Result<Workspace, SetupError> {
        let mut tx = self.core.begin()?;
        begin_epoch(tx.as_mut(), Epoch(random_id()?), why, self.core.now()).map_err(ServerError::from)?;
        let workspace = tx.workspace().map_err(ServerError::from)?;
        tx.commit().map_err(ServerError::from)?;
        Ok(workspace)
    }

    /// Everything the server holds, in a few figures.
    ///
    /// # Errors
    /// The storage failed.
    pub fn state(&self) -> Result<State, SetupError> {
        let view = self.core.snapshot()?;
        let workspace = view.workspace().map_err(ServerError::from)?;
        let log = view.log().map_err(ServerError::from)?;
        let (mut hash, mut records) = (StateHash::default(), 0);
        view.each_record(&mut |kind, id, body| {
            hash.add(kind, id, body);
            records += 1;
        })
        .map_err(ServerError::from)?;
        Ok(State {
            hash: hash.finish(),
            records,
            head: workspace.head,
            epoch: workspace.epoch,
            log_size: log.size(),
            log_root: hex(&log.root()),
        })
    }
}

/// Fixed, so that every workspace means the same by them; one that an administrator makes gets an id of its own.
/// Most held commands that are listed at once.
const HELD_MOST: usize = 1_000;

const CAB: GroupId = GroupId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
const EMERGENCY_CAB: GroupId = GroupId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));

/// What every workspace starts with.
fn start() -> Vec<SetupCommand> {
    let group =
        |id, name: &str| SetupCommand::PutGroup(Group { id, name: name.to_owned(), members: [].into(), lead: None });
    let mut commands = vec![group(CAB, "CAB"), group(EMERGENCY_CAB, "Emergency CAB")];
    commands.extend(default_policies(CAB, EMERGENCY_CAB).into_iter().map(SetupCommand::PutApprovalPolicy));
    commands
}

fn issue(console: &mut Console<'_>, command: Command) -> Result<(), SetupError> {
    judged(console.issue(command)?.verdict)
}

/// On the console only a command that took effect whole goes on.
fn judged(verdict: Verdict) -> Result<(), SetupError> {
    match verdict {
        Verdict::Applied { .. } => Ok(()),
        Verdict::Partial { effect, .. } => {
            Err(Refusal { findings: effect.conflicts.into_iter().map(|conflict| conflict.finding).collect() }.into())
        }
        Verdict::Refused { findings } => Err(Refusal { findings }.into()),
        Verdict::Held { why } => Err(Refusal::from(Finding::new("HELD", why, "See the messages above.")).into()),
    }
}

fn add_user(console: &mut Console<'_>, new: &NewUser) -> Result<Person, SetupError> {
    sound_password(&new.password)?;
    let person = Person {
        id: PersonId(console.new_id()?),
        name: new.name.trim().to_owned(),
        user: new.user.trim().to_lowercase(),
        roles: new.roles.iter().copied().collect(),
        active: true,
    };
    issue(console, Command::Setup(SetupCommand::PutPerson(person.clone())))?;
    console.put_password(&person, &new.password)?;
    for name in &new.groups {
        let mut group = group_of(console, name)?;
        group.members.insert(person.id);
        issue(console, Command::Setup(SetupCommand::PutGroup(group)))?;
    }
    Ok(person)
}

fn person_of(console: &Console<'_>, user: &str) -> Result<Person, SetupError> {
    let user = user.trim().to_lowercase();
    let found: Option<Person> = console.records().list(Lookup::User, &user)?.into_iter().next();
    found.ok_or_else(|| {
        let sentence = format!("There is nobody with the sign-in name {user}.");
        Refusal::from(Finding::new("UNKNOWN_PERSON", sentence, "List the users, or add this one first.")).into()
    })
}

fn group_of(console: &Console<'_>, name: &str) -> Result<Group, SetupError> {
    let found: Option<Group> = console.records().list(Lookup::Name, &pair("group", name))?.into_iter().next();
    found.ok_or_else(|| {
        let sentence = format!("There is no group {}.", name.trim());
        Refusal::from(Finding::new("UNKNOWN_GROUP", sentence, "List the groups, or add this one first.")).into()
    })
}
