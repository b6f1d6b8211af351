//! People, groups, sites and delegations: who there is and for whom they may speak.

use crate::id::{DelegationId, GroupId, PersonId, SiteAccessId, SiteId};
use crate::level::named;
use crate::release::task_record::Assignee;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

named! {
    /// What a person may do; `access.rs` says which role may issue which command.
    Role {
        /// Sets up the workspace; may override an approval, with a reason.
        Administrator = "administrator",
        /// Owns releases end to end.
        ReleaseManager = "release manager",
        /// Plans, evaluates, activates the back-out plan.
        ReleaseCoordinator = "release coordinator",
        /// Release packaging and build manager: moves a package between environments.
        BuildManager = "release packaging and build manager",
        /// Owns changes end to end.
        ChangeManager = "change manager",
        /// Registers and coordinates changes.
        ChangeCoordinator = "change coordinator",
        /// CAB member: votes.
        Approver = "CAB member",
        /// Owns the CMDB.
        ConfigurationManager = "configuration manager",
        /// Accepts masters into the DSL.
        DslLibrarian = "DSL librarian",
        /// Keeps the DHS.
        DhsStorekeeper = "DHS storekeeper",
        /// Does the work on site.
        Technician = "technician",
        /// Reads all, changes nothing.
        Auditor = "auditor",
        /// Reads.
        Viewer = "viewer",
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Person {
    /// Identity.
    pub id: PersonId,
    /// As shown.
    pub name: String,
    /// Sign-in name, unique, lower case.
    pub user: String,
    /// What the person may do.
    pub roles: BTreeSet<Role>,
    /// Someone who left keeps the record and loses every right.
    pub active: bool,
}

/// A group with members and a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Group {
    /// Identity.
    pub id: GroupId,
    /// Unique name.
    pub name: String,
    /// Everybody in it.
    pub members: BTreeSet<PersonId>,
    /// Whom an overdue request goes to.
    pub lead: Option<PersonId>,
}

/// A site: the outermost part of a location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Site {
    /// Identity.
    pub id: SiteId,
    /// Unique name.
    pub name: String,
    /// Where it is.
    pub address: String,
}

/// Which sites a person, or the members of a group, may read. Without one they read all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteAccess {
    /// Identity: [`SiteAccess::id_for`].
    pub id: SiteAccessId,
    /// Whose.
    pub of: Assignee,
    /// Nothing at other sites is sent to them.
    pub sites: BTreeSet<SiteId>,
}

impl SiteAccess {
    /// The only record of a person or group: it has their identity.
    #[must_use]
    pub fn id_for(of: Assignee) -> SiteAccessId {
        SiteAccessId(match of {
            Assignee::Person(id) => id.0,
            Assignee::Group(id) => id.0,
        })
    }
}

/// From one person to others, for a time: the record of a vote keeps both names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Delegation {
    /// Identity.
    pub id: DelegationId,
    /// Whose votes.
    pub from: PersonId,
    /// Who may cast them.
    pub to: BTreeSet<PersonId>,
    /// For these groups; `None` for all.
    pub groups: Option<BTreeSet<GroupId>>,
    /// First moment.
    pub starts_at: Timestamp,
    /// First moment after.
    pub ends_at: Timestamp,
    /// Taken back.
    pub revoked: bool,
    /// The administrator who set it up for the giver; `None` when the giver did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub by: Option<PersonId>,
}
