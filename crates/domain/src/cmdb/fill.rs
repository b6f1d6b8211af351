//! Dynamic CI groups: a saved filter, looked up where the group is used and carried by a command.
//!
//! A laptop holds the sites it holds, so no two machines need to find the same; the members that were found travel with
//! the command, and each is judged again by the filter where it is carried out.

use crate::cmdb::GROUP_MEMBERS;
use crate::cmdb::group::CiGroup;
use crate::execute::{Conflict, Context, Effect};
use crate::filter::{Filter, Reading, Vocabulary, parse};
use crate::id::{CiGroupId, CiId};
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// What the filter of a dynamic group found on a laptop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundMembers {
    /// The group.
    pub group: CiGroupId,
    /// The filter as it was read.
    pub filter: String,
    /// What it found.
    pub members: BTreeSet<CiId>,
}

/// The filter of a dynamic group, understood. There is no `me` in it: it is the same group for everybody.
///
/// # Errors
/// A storage fault; `FILTER_WRONG` is the answer.
pub fn filter(text: &str, context: &Context, records: &dyn Records) -> Result<Result<Filter, Finding>, Fault> {
    let vocabulary = Vocabulary::of(Kind::Ci, records)?;
    let reading = Reading { kind: Kind::Ci, me: None, now: context.now, vocabulary: &vocabulary };
    Ok(parse(text, &reading).map_err(|error| error.finding(text)))
}

/// Makes these the members of a dynamic group. Those that are not there, or that the filter does not let through (any
/// more), are left out and listed.
pub(crate) fn fill(
    found_by_author: &FoundMembers,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let FoundMembers { group, filter: seen, members } = found_by_author;
    let mut group: CiGroup = records.must(*group)?;
    let Some(text) = group.filter.clone() else {
        return Err(Finding::new(
            "GROUP_IS_STATIC",
            format!("{} has no filter: its members are chosen by hand.", group.name),
            "Add or remove members instead.",
        )
        .into());
    };
    if text != *seen {
        return Err(Finding::new(
            "GROUP_FILTER_CHANGED",
            format!("The filter of {} is another one by now: {text}", group.name),
            "Look the group up again.",
        )
        .into());
    }
    if members.len() > GROUP_MEMBERS {
        none(vec![too_many(&group.name, members.len())])?;
    }
    let filter = filter(&text, context, records)??;
    let mut conflicts = Vec::new();
    let mut found = BTreeSet::new();
    for member in members {
        let record = records.read(Kind::Ci, member.0)?;
        let fits = match &record {
            Some(record) => filter.matches(record, records)?,
            None => false,
        };
        if fits {
            found.insert(*member);
            continue;
        }
        let label = record.map_or_else(|| member.to_string(), |record| record.label());
        let finding = Finding::new(
            "NOT_IN_GROUP",
            format!("{label} is not what the filter of {} lets through.", group.name),
            "Look the group up again.",
        );
        conflicts.push(Conflict {
            line: Some(0),
            field: None,
            from: String::new(),
            mine: label,
            theirs: String::new(),
            finding,
        });
    }
    let is_changed = found != group.members;
    if is_changed {
        group.members = found;
        records.put(group)?;
    }
    Ok(Effect { conflicts, updated: u32::from(is_changed), unchanged: u32::from(!is_changed), ..Effect::default() })
}

/// That a group would have more members than one can have.
pub(crate) fn too_many(name: &str, members: usize) -> Finding {
    Finding::new(
        "TOO_MANY_MEMBERS",
        format!("{name} would have {members} members; {GROUP_MEMBERS} are possible."),
        "Split the group, or narrow its filter.",
    )
}
