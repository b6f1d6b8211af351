//! How votes count, and what they come to.

use crate::approval::record::{Approval, ApprovalRule, ApprovalState, Decision, Panel, Vote};
use crate::id::PersonId;
use std::collections::{BTreeMap, BTreeSet};

/// What the votes come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Where the request stands by its rule.
    pub state: ApprovalState,
    /// A denial stands that keeps every approval from counting, even while others may still vote.
    pub denied: bool,
}

/// Whose vote it is: the person represented, or the one who cast it.
#[must_use]
pub fn voter(vote: &Vote) -> PersonId {
    vote.on_behalf_of.unwrap_or(vote.by)
}

/// The votes that were not taken back, by voter: `true` for yes.
fn standing(votes: &[Vote]) -> BTreeMap<PersonId, bool> {
    votes
        .iter()
        .filter(|v| v.retracted.is_none())
        .map(|v| (voter(v), matches!(v.decision, Decision::Approve)))
        .collect()
}

/// Members of a panel who may vote: not those whom separation of duties keeps out, nor those who left.
fn electors<'a>(panel: &'a Panel, barred: &'a BTreeSet<PersonId>) -> impl Iterator<Item = PersonId> + 'a {
    panel.members.iter().copied().filter(|m| !barred.contains(m))
}

/// Everybody who may vote.
#[must_use]
pub fn electorate(panels: &[Panel], barred: &BTreeSet<PersonId>) -> BTreeSet<PersonId> {
    panels.iter().flat_map(|p| electors(p, barred)).collect()
}

/// Counts the votes.
///
/// No vote counts while a denial stands unretracted [SM]: with *all*, *one* and *quorum* the request is then denied
/// once everybody has voted, and until then waits for the denial to be taken back. With *immediate denial* the first
/// one decides. With *one per sequence* a denial only counts when everyone in the sequence denies.
#[must_use]
pub fn tally(approval: &Approval, barred: &BTreeSet<PersonId>) -> Tally {
    let votes = standing(&approval.votes);
    if approval.rule == ApprovalRule::OneMustApprovePerSequence {
        let state = by_sequence(&approval.panels, &votes, barred);
        return Tally { state, denied: state == ApprovalState::Denied };
    }
    let electorate = electorate(&approval.panels, barred);
    let denied = votes.iter().any(|(voter, yes)| electorate.contains(voter) && !yes);
    let yes = electorate.iter().filter(|p| votes.get(p) == Some(&true)).count();
    let everybody_voted = electorate.iter().all(|p| votes.contains_key(p));
    let enough = match approval.rule {
        ApprovalRule::AllMustApprove | ApprovalRule::AllMustApproveImmediateDenial => yes == electorate.len(),
        ApprovalRule::OneMustApprove | ApprovalRule::OneMustApprovePerSequence => yes >= 1,
        ApprovalRule::Quorum(n) => yes >= n as usize,
    };
    let immediate = approval.rule == ApprovalRule::AllMustApproveImmediateDenial;
    let state = if electorate.is_empty() {
        ApprovalState::Pending
    } else if denied {
        if immediate || everybody_voted { ApprovalState::Denied } else { ApprovalState::Pending }
    } else if enough {
        ApprovalState::Approved
    } else {
        ApprovalState::Pending
    };
    Tally { state, denied }
}

fn by_sequence(panels: &[Panel], votes: &BTreeMap<PersonId, bool>, barred: &BTreeSet<PersonId>) -> ApprovalState {
    let mut any = false;
    for panel in panels {
        let mut electors = electors(panel, barred).peekable();
        if electors.peek().is_none() {
            continue;
        }
        any = true;
        let here: Vec<Option<bool>> = electors.map(|p| votes.get(&p).copied()).collect();
        if here.contains(&Some(true)) {
            continue;
        }
        let all_deny = here.iter().all(|v| *v == Some(false));
        return if all_deny { ApprovalState::Denied } else { ApprovalState::Pending };
    }
    if any { ApprovalState::Approved } else { ApprovalState::Pending }
}

/// The panel whose turn it is, with *one per sequence*; `None` with any other rule and when all are through.
#[must_use]
pub fn turn<'a>(approval: &'a Approval, barred: &BTreeSet<PersonId>) -> Option<&'a Panel> {
    if approval.rule != ApprovalRule::OneMustApprovePerSequence {
        return None;
    }
    let votes = standing(&approval.votes);
    approval.panels.iter().find(|panel| {
        let mut here = electors(panel, barred).peekable();
        here.peek().is_some() && !here.any(|p| votes.get(&p) == Some(&true))
    })
}
