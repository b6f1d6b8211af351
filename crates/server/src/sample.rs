//! The sample company: a freight forwarder of our own invention, made by real commands of its people.
//!
//! Nothing is written past the rules: each record is the result of commands that the domain judged in order, so what a
//! newcomer sees is what the program makes. The commands are judged here once in memory, because a vote has to carry the
//! digest that its approver saw; the server then judges the same list again on its own records.

mod cmdb;
mod people;
mod releases;
mod stores;

use slipway_domain::command::Command;
use slipway_domain::execute::{Context, execute};
use slipway_domain::id::{CommandId, GroupId, PersonId};
use slipway_domain::number::Series;
use slipway_domain::people::Role;
use slipway_domain::records::Memory;
use slipway_domain::refusal::Failure;
use slipway_domain::setting::ApprovalPolicy;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Every sample user's password: the data is public, so is the key to it.
pub const PASSWORD: &str = "harbour-and-vale";

/// One command of the company's past.
#[derive(Clone, Debug)]
pub struct SampleCommand {
    /// Who issued it.
    pub actor: PersonId,
    /// When.
    pub at: Timestamp,
    /// Its identity.
    pub id: CommandId,
    /// What.
    pub command: Command,
}

/// Someone who can sign in.
#[derive(Clone, Debug)]
pub struct SampleUser {
    /// The person.
    pub person: PersonId,
    /// Sign-in name.
    pub user: &'static str,
    /// As shown.
    pub name: &'static str,
    /// What the person may do.
    pub roles: Vec<Role>,
}

/// Who can sign in; the release manager first.
#[must_use]
pub fn users() -> Vec<SampleUser> {
    people::users()
}

/// The company's past in order, ending a little before `now`.
///
/// `cab` and `emergency_cab` are the groups that the workspace already has, `policies` the approval rules it was set up
/// with.
///
/// # Errors
/// The first command that a rule refuses: the sample and the rules have drifted apart.
pub fn company(
    now: Timestamp,
    cab: GroupId,
    emergency_cab: GroupId,
    policies: &[ApprovalPolicy],
) -> Result<Vec<SampleCommand>, Failure> {
    let mut company = Company {
        records: Memory::default(),
        past: Vec::new(),
        now,
        clock: now.plus_days(-90),
        numbers: BTreeMap::new(),
    };
    people::groups_of_the_workspace(&mut company, cab, emergency_cab, policies)?;
    let given = company.past.len();
    people::build(&mut company, cab, emergency_cab)?;
    cmdb::build(&mut company)?;
    stores::build(&mut company)?;
    releases::build(&mut company)?;
    company.past.drain(..given);
    Ok(company.past)
}

/// The company while it is being made.
struct Company {
    records: Memory,
    past: Vec<SampleCommand>,
    now: Timestamp,
    clock: Timestamp,
    numbers: BTreeMap<Series, u32>,
}

impl Company {
    /// Issues a command a minute after the one before.
    fn issue(&mut self, actor: PersonId, command: Command) -> Result<(), Failure> {
        self.clock = Timestamp((self.clock.0 + 60_000).min(self.now.0));
        let id = CommandId(id(&format!("command/{}", self.past.len())));
        let mut context = Context { command: id, actor, now: self.clock, numbers: BTreeMap::new() };
        execute(&command, &mut context, &mut self.records)?;
        self.past.push(SampleCommand { actor, at: self.clock, id, command });
        Ok(())
    }

    /// Moves the company's clock to so many days before now; never back.
    fn days_ago(&mut self, days: i64) {
        self.clock = self.clock.max(self.now.plus_days(-days));
    }

    /// The next number of a series.
    fn number(&mut self, series: Series) -> slipway_domain::number::Number {
        let next = self.numbers.entry(series).or_insert(1);
        let number = slipway_domain::number::Number::new(series, *next);
        *next += 1;
        number
    }
}

/// The same name gives the same id, so that two sample workspaces can be compared.
fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("slipway-sample/{name}").as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]
    use super::*;
    use slipway_domain::record::Record;
    use slipway_domain::records::Records;
    use slipway_domain::release::record::{Phase, ReleaseType};
    use slipway_domain::setting::default_policies;
    use std::collections::BTreeSet;

    fn judged() -> Memory {
        let (cab, emergency) = (GroupId(id("group/cab")), GroupId(id("group/emergency")));
        let policies = default_policies(cab, emergency);
        let now = Timestamp(1_790_000_000_000);
        let past = company(now, cab, emergency, &policies).unwrap_or_else(|refused| panic!("{refused:?}"));
        let mut records = Memory::default();
        for policy in policies {
            records.write(policy.into()).unwrap();
        }
        for group in [(cab, "CAB"), (emergency, "Emergency CAB")] {
            let group =
                slipway_domain::people::Group { id: group.0, name: group.1.to_owned(), members: [].into(), lead: None };
            records.write(group.into()).unwrap();
        }
        for command in past {
            let mut context =
                Context { command: command.id, actor: command.actor, now: command.at, numbers: BTreeMap::new() };
            execute(&command.command, &mut context, &mut records).unwrap_or_else(|refused| panic!("{refused:?}"));
        }
        records
    }

    #[test]
    fn the_company_has_releases_of_both_types_and_one_in_every_phase() {
        let records = judged();
        let releases = records.records().filter_map(|r| match r {
            Record::Release(release) => Some((release.phase, release.release_type.unwrap())),
            _ => None,
        });
        let standing: Vec<(Phase, ReleaseType)> = releases.collect();
        let phases: BTreeSet<Phase> = standing.iter().map(|s| s.0).collect();
        assert_eq!(phases.len(), Phase::ALL.len(), "a newcomer sees every phase: {phases:?}");
        let types: BTreeSet<ReleaseType> = standing.iter().map(|s| s.1).collect();
        assert_eq!(types.len(), ReleaseType::ALL.len(), "hardware and software");
    }

    #[test]
    fn everybody_who_can_sign_in_has_a_record() {
        let records = judged();
        for user in users() {
            let person = records.read(slipway_domain::record::Kind::Person, user.person.0).unwrap();
            assert!(person.is_some(), "{} may sign in", user.user);
        }
    }
}
