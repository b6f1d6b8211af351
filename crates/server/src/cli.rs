//! The command line. Exit codes: 0 done, 1 refused by a rule, 2 wrong use, 3 trouble.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};
use slipway_domain::id::DeviceId;
use slipway_domain::people::{Group, Person, Role};
use slipway_domain::refusal::Refusal;
use slipway_server::core::system_clock;
use slipway_server::error::ServerError;
use slipway_server::folder::Folder;
use slipway_server::serve::{Config, Server};
use slipway_server::setup::{NewUser, NewWorkspace, Office, SetupError};
use slipway_server::storage::Device;
use slipway_server::storage::postgres::Address;
use slipway_server::storage::transfer;
use std::io::{IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The central server of Slipway.
#[derive(Parser)]
#[command(name = "slipway-server", version, about)]
pub struct Cli {
    /// Answers as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Data {
    /// The server's data folder.
    #[arg(long = "data", value_name = "DIR")]
    path: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a workspace: keys, certificate authority, groups, rules.
    Init {
        #[command(flatten)]
        data: Data,
        /// The workspace's name.
        #[arg(long, value_name = "NAME")]
        workspace: Option<String>,
        /// Sign-in name of the first administrator; the password comes with --password-stdin.
        #[arg(long, value_name = "USER", requires = "password_stdin")]
        admin: Option<String>,
        /// Reads the administrator's password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Keeps the records in this PostgreSQL database, postgres://USER:PASSWORD@HOST/NAME?sslmode=require; the folder
        /// remembers it. The environment hides it from other users of this computer.
        #[arg(long, value_name = "ADDRESS", env = "SLIPWAY_DATABASE", hide_env_values = true)]
        database: Option<String>,
        /// Fills the workspace with the sample company; sample-users.json in the folder names its people.
        #[arg(long)]
        sample: bool,
    },
    /// Serves the workspace over HTTPS until it is told to stop.
    Serve {
        #[command(flatten)]
        data: Data,
        /// Where to listen.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
        listen: SocketAddr,
        /// Another name under which laptops reach the server; may be given again.
        #[arg(long = "name", value_name = "HOST")]
        names: Vec<String>,
        /// Logs as JSON.
        #[arg(long)]
        log_json: bool,
    },
    /// People who may sign in.
    #[command(subcommand)]
    User(User),
    /// Groups of people.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Devices on which people signed in.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Prints a hash over every record, to compare with a laptop's.
    Hash {
        #[command(flatten)]
        data: Data,
    },
    /// Moves the records into a PostgreSQL database, or back into a file of the data folder. Stop the server first and
    /// start it again afterwards; laptops notice nothing.
    MigrateStorage {
        #[command(flatten)]
        data: Data,
        /// `sqlite`, or the address of a database: postgres://USER:PASSWORD@HOST/NAME?sslmode=require.
        #[arg(long, value_name = "WHERE", env = "SLIPWAY_DATABASE", hide_env_values = true)]
        to: String,
    },
    /// Declares that the data was put back from a backup, so that laptops send again what it lost. Run before serving it.
    Restored {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
enum User {
    /// Adds a person.
    Add {
        #[command(flatten)]
        data: Data,
        /// Sign-in name.
        #[arg(long)]
        user: String,
        /// Name as shown.
        #[arg(long)]
        name: String,
        /// What the person may do, such as "release manager"; may be given again.
        #[arg(long = "role", required = true, value_name = "ROLE")]
        roles: Vec<Role>,
        /// A group to join; may be given again.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// Reads the password from the first line of standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Sets a new password.
    Password {
        #[command(flatten)]
        data: Data,
        /// Sign-in name.
        #[arg(long)]
        user: String,
        /// Reads the password from the first line of standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Lists people.
    List {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
enum GroupCommand {
    /// Adds a group.
    Add {
        #[command(flatten)]
        data: Data,
        /// Its name.
        #[arg(long)]
        name: String,
        /// Sign-in name of a member; may be given again.
        #[arg(long = "member", value_name = "USER")]
        members: Vec<String>,
        /// Sign-in name of its lead, who is a member too.
        #[arg(long, value_name = "USER")]
        lead: Option<String>,
    },
    /// Changes who is in a group.
    Member {
        #[command(flatten)]
        data: Data,
        /// The group.
        #[arg(long)]
        name: String,
        /// Sign-in name of somebody to add; may be given again.
        #[arg(long = "add", value_name = "USER", required_unless_present = "remove")]
        add: Vec<String>,
        /// Sign-in name of somebody to take out; may be given again.
        #[arg(long = "remove", value_name = "USER")]
        remove: Vec<String>,
    },
    /// Lists groups.
    List {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
enum DeviceCommand {
    /// Lists devices.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Shuts a device out: it gets nothing more, and what it still sends is held.
    Revoke {
        #[command(flatten)]
        data: Data,
        /// The device.
        #[arg(long)]
        device: DeviceId,
    },
    /// Lets a device in again.
    Allow {
        #[command(flatten)]
        data: Data,
        /// The device.
        #[arg(long)]
        device: DeviceId,
    },
}

/// What is printed: JSON for programs, lines for people.
struct Said {
    json: Value,
    text: String,
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let json = cli.json;
    match carry_out(cli.command) {
        Ok(said) => {
            let line = if json { said.json.to_string() } else { said.text };
            // A closed pipe is the reader's business.
            let _ = writeln!(std::io::stdout(), "{line}");
            ExitCode::SUCCESS
        }
        Err(error) => complain(&error, json),
    }
}

fn complain(error: &anyhow::Error, json: bool) -> ExitCode {
    let mut stderr = std::io::stderr();
    let refusal = match error.downcast_ref::<SetupError>() {
        Some(SetupError::Refused(refusal)) => Some(refusal.clone()),
        Some(SetupError::Server(ServerError::Said(body))) => {
            let code = serde_json::to_value(body.code).ok().and_then(|v| v.as_str().map(str::to_uppercase));
            let code = code.unwrap_or_else(|| "REFUSED".to_owned());
            Some(slipway_domain::refusal::Finding::new(&code, &body.sentence, &body.way_out).into())
        }
        _ => None,
    };
    let (code, value, lines) = match refusal {
        Some(Refusal { findings }) => {
            let lines = findings.iter().map(|f| format!("{} {}", f.sentence, f.way_out)).collect::<Vec<_>>().join("\n");
            (1, json!({ "refused": findings }), lines)
        }
        None => (3, json!({ "trouble": format!("{error:#}") }), format!("{error:#}")),
    };
    let _ = writeln!(stderr, "{}", if json { value.to_string() } else { lines });
    ExitCode::from(code)
}

fn carry_out(command: Command) -> anyhow::Result<Said> {
    match command {
        Command::Init { data, workspace, admin, password_stdin, database, sample } => {
            let password = if password_stdin { password()? } else { String::new() };
            let administrator = admin.map(|user| NewUser {
                name: user.clone(),
                user,
                roles: vec![Role::Administrator],
                groups: Vec::new(),
                password,
            });
            let usual = if sample { "Harbour & Vale" } else { "Slipway" };
            let name = workspace.unwrap_or_else(|| usual.to_owned());
            let new = NewWorkspace { name: name.clone(), administrator };
            quiet_log();
            let database = database.map(|text| text.parse::<Address>()).transpose()?;
            let office = Office::create_in(&data.path, &new, database.as_ref(), system_clock())?;
            if sample {
                office.add_sample()?;
            }
            let state = office.state()?;
            Ok(Said {
                text: format!("Made the workspace {name:?} in {} with {} records.", data.path.display(), state.records),
                json: json!({ "workspace": name, "data": data.path, "state": state }),
            })
        }
        Command::Serve { data, listen, names, log_json } => serve(data.path, listen, names, log_json),
        Command::User(command) => user(command),
        Command::Group(command) => group(command),
        Command::Device(command) => device(command),
        Command::Hash { data } => {
            let state = office(&data)?.state()?;
            Ok(Said {
                text: format!("{}  {} records at {} of epoch {}", state.hash, state.records, state.head, state.epoch),
                json: serde_json::to_value(&state)?,
            })
        }
        Command::MigrateStorage { data, to } => migrate_storage(&data, &to),
        Command::Restored { data } => {
            let workspace = office(&data)?.declare_restored()?;
            Ok(Said {
                text: format!("Began epoch {}.", workspace.epoch),
                json: json!({ "epoch": workspace.epoch, "head": workspace.head }),
            })
        }
    }
}

fn office(data: &Data) -> Result<Office, SetupError> {
    quiet_log();
    Office::open(&data.path, system_clock())
}

fn migrate_storage(data: &Data, to: &str) -> anyhow::Result<Said> {
    quiet_log();
    let address = if to == "sqlite" { None } else { Some(to.parse::<Address>()?) };
    let moved = transfer::move_workspace(&Folder::find(&data.path)?, address.as_ref())?;
    let state = office(data)?.state()?;
    Ok(Said {
        text: format!(
            "Moved {} rows into {}; every row, {} records (hash {}) and the log's root are as they were.",
            moved.rows.values().sum::<u64>(),
            moved.place,
            state.records,
            state.hash
        ),
        json: json!({ "moved": moved, "state": state }),
    })
}

fn user(command: User) -> anyhow::Result<Said> {
    match command {
        User::Add { data, user, name, roles, groups, password_stdin: _ } => {
            let new = NewUser { user, name, roles, groups, password: password()? };
            let person = office(&data)?.add_user(&new)?;
            Ok(Said { text: format!("Added {} ({}).", person.name, person.user), json: person_json(&person) })
        }
        User::Password { data, user, password_stdin: _ } => {
            let person = office(&data)?.set_password(&user, &password()?)?;
            Ok(Said { text: format!("Set a new password for {}.", person.user), json: person_json(&person) })
        }
        User::List { data } => {
            let (people, _) = office(&data)?.people()?;
            let line = |p: &Person| {
                let roles: Vec<&str> = p.roles.iter().map(|role| role.label()).collect();
                let left = if p.active { "" } else { " (no longer active)" };
                format!("{:<20} {}{left}: {}", p.user, p.name, roles.join(", "))
            };
            let text = people.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok(Said { text, json: people.iter().map(person_json).collect() })
        }
    }
}

fn group(command: GroupCommand) -> anyhow::Result<Said> {
    let said = |verb: &str, group: &Group, json| Said {
        text: format!("{verb} {} with {} members.", group.name, group.members.len()),
        json,
    };
    match command {
        GroupCommand::Add { data, name, members, lead } => {
            let group = office(&data)?.add_group(&name, &members, lead.as_deref())?;
            Ok(said("Added", &group, group_json(&group)))
        }
        GroupCommand::Member { data, name, add, remove } => {
            let group = office(&data)?.change_members(&name, &add, &remove)?;
            Ok(said("Changed", &group, group_json(&group)))
        }
        GroupCommand::List { data } => {
            let (people, groups) = office(&data)?.people()?;
            let user = |id| people.iter().find(|p| p.id == id).map_or("?", |p| p.user.as_str());
            let line = |g: &Group| {
                let members: Vec<&str> = g.members.iter().map(|id| user(*id)).collect();
                format!("{:<24} {}", g.name, members.join(", "))
            };
            let text = groups.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok(Said { text, json: groups.iter().map(group_json).collect() })
        }
    }
}

fn device(command: DeviceCommand) -> anyhow::Result<Said> {
    let set = |data: &Data, device: DeviceId, revoked: bool, verb: &str| -> anyhow::Result<Said> {
        office(data)?.core().set_revoked(device, revoked).map_err(SetupError::from)?;
        Ok(Said { text: format!("{verb} device {device}."), json: json!({ "device": device, "revoked": revoked }) })
    };
    match command {
        DeviceCommand::List { data } => {
            let devices = office(&data)?.devices()?;
            let line = |d: &Device| {
                let state = if d.revoked { "  shut out" } else { "" };
                format!("{}  {:<30} {} commands{state}", d.id, d.name, d.counter)
            };
            let json = |d: &Device| json!({ "id": d.id, "name": d.name, "person": d.person, "commands": d.counter, "revoked": d.revoked });
            let text = devices.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok(Said { text, json: devices.iter().map(json).collect() })
        }
        DeviceCommand::Revoke { data, device } => set(&data, device, true, "Shut out"),
        DeviceCommand::Allow { data, device } => set(&data, device, false, "Let in"),
    }
}

fn person_json(person: &Person) -> Value {
    let roles: Vec<&str> = person.roles.iter().map(|role| role.label()).collect();
    json!({ "id": person.id, "user": person.user, "name": person.name, "roles": roles, "active": person.active })
}

fn group_json(group: &Group) -> Value {
    json!({ "id": group.id, "name": group.name, "members": group.members, "lead": group.lead })
}

fn password() -> anyhow::Result<String> {
    let mut text = String::new();
    let most = slipway_sync::limits::PASSWORD_BYTES as u64 + 2;
    std::io::stdin().take(most).read_to_string(&mut text).context("Reading the password from standard input")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn serve(data: PathBuf, listen: SocketAddr, names: Vec<String>, log_json: bool) -> anyhow::Result<Said> {
    let filter = EnvFilter::try_from_env("SLIPWAY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if log_json {
        log.json().init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
    let runtime = tokio::runtime::Runtime::new().context("Starting the runtime")?;
    runtime.block_on(async {
        let config = Config { data, listen, names, clock: system_clock() };
        let running = Server::start(config).await.context("Starting the server")?;
        told_to_stop().await?;
        tracing::info!("Stopping");
        running.stop().await;
        Ok(Said { text: "Stopped.".to_owned(), json: json!({ "stopped": true }) })
    })
}

#[cfg(unix)]
async fn told_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("Listening for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        done = tokio::signal::ctrl_c() => done.context("Listening for SIGINT"),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await.context("Listening for Ctrl+C")
}

/// Warnings only, for commands that people read the answer of.
fn quiet_log() {
    let filter = EnvFilter::try_from_env("SLIPWAY_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
