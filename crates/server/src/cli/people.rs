//! People, groups and devices on the command line.

use super::{Data, Said, office, password};
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::people::{Group, Person, Role};
use slipway_server::setup::{NewUser, SetupError, UserChange};
use slipway_server::storage::Device;

#[derive(Subcommand)]
pub(super) enum User {
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
    /// Changes a person's name, sign-in name or roles.
    Set {
        #[command(flatten)]
        data: Data,
        /// Sign-in name.
        #[arg(long)]
        user: String,
        /// Another name as shown.
        #[arg(long)]
        name: Option<String>,
        /// Another sign-in name.
        #[arg(long, value_name = "USER")]
        rename: Option<String>,
        /// All that the person may do from now on; may be given again.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<Role>,
    },
    /// Says that a person no longer works here: they lose every right and their sessions end.
    Deactivate {
        #[command(flatten)]
        data: Data,
        /// Sign-in name.
        #[arg(long)]
        user: String,
    },
    /// Says that a person works here again.
    Reactivate {
        #[command(flatten)]
        data: Data,
        /// Sign-in name.
        #[arg(long)]
        user: String,
    },
    /// Lists people.
    List {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
pub(super) enum GroupCommand {
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
pub(super) enum DeviceCommand {
    /// Lists devices.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Shuts a device out: its next request is refused, and it locks; what waits on it is kept there.
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

pub(super) fn user(command: User) -> anyhow::Result<Said> {
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
        User::Set { data, user, name, rename, roles } => {
            let roles = (!roles.is_empty()).then_some(roles);
            let change = UserChange { name, user: rename, roles, active: None };
            changed(&data, &user, &change, "Changed")
        }
        User::Deactivate { data, user } => {
            changed(&data, &user, &UserChange { active: Some(false), ..UserChange::default() }, "Deactivated")
        }
        User::Reactivate { data, user } => {
            changed(&data, &user, &UserChange { active: Some(true), ..UserChange::default() }, "Reactivated")
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

pub(super) fn group(command: GroupCommand) -> anyhow::Result<Said> {
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

pub(super) fn device(command: DeviceCommand) -> anyhow::Result<Said> {
    let set = |data: &Data, device: DeviceId, revoked: bool, verb: &str| -> anyhow::Result<Said> {
        office(data)?.core().set_revoked(device, revoked, PersonId::SYSTEM).map_err(SetupError::from)?;
        Ok(Said { text: format!("{verb} device {device}."), json: json!({ "device": device, "revoked": revoked }) })
    };
    match command {
        DeviceCommand::List { data } => {
            let office = office(&data)?;
            let (devices, (people, _)) = (office.devices()?, office.people()?);
            let whose = |id| people.iter().find(|p| p.id == id).map_or("-", |p| p.user.as_str());
            let line = |d: &Device| {
                let state = if d.revoked { "  shut out" } else { "" };
                format!("{}  {:<12} {:<30} {} commands{state}", d.id, whose(d.person), d.name, d.counter)
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

fn changed(data: &Data, user: &str, change: &UserChange, verb: &str) -> anyhow::Result<Said> {
    let person = office(data)?.change_user(user, change)?;
    Ok(Said { text: format!("{verb} {} ({}).", person.name, person.user), json: person_json(&person) })
}
