//! The Definitive Software Library: verified master copies of software.

use crate::access;
use crate::command::DslCommand;
use crate::dsl::item::{Check, CheckKind, DslItem, ItemKind, ItemState};
use crate::execute::{Context, Effect};
use crate::id::DslItemId;
use crate::lookup::{Lookup, pair};
use crate::number::Series;
use crate::people::Person;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::action::ActionState;
use crate::text;

mod files;
pub mod item;
pub mod sbom;
pub mod vendor_key;
pub mod version;

/// Most files of one item.
pub const FILES: usize = 1_000;
/// Most files of one command: what one command may carry.
pub const FILES_AT_ONCE: usize = 500;

/// The life of an item, read row by row: from where, to where.
const MOVES: [(ItemState, &[ItemState]); 5] = {
    use ItemState::{Accepted, InQuarantine, Submitted, Superseded, Withdrawn};
    [
        (Submitted, &[InQuarantine, Withdrawn]),
        // Back to Submitted: handed in again after a check failed.
        (InQuarantine, &[Submitted, Accepted, Withdrawn]),
        (Accepted, &[Superseded, Withdrawn]),
        (Superseded, &[Withdrawn]),
        (Withdrawn, &[]),
    ]
};

impl ItemState {
    /// Whether the table has a move from here to there.
    #[must_use]
    pub fn may_become(self, other: Self) -> bool {
        MOVES.iter().any(|(from, to)| *from == self && to.contains(&other))
    }

    /// Accepted once: files and metadata never change again.
    #[must_use]
    pub fn is_frozen(self) -> bool {
        matches!(self, Self::Accepted | Self::Superseded | Self::Withdrawn)
    }
}

impl DslItem {
    /// How other records and findings name it.
    #[must_use]
    pub fn reference(&self) -> RecordRef {
        RecordRef::of(self)
    }

    /// The checks that must have passed before it is accepted: all four, the licence only if the item has one.
    #[must_use]
    pub fn needed_checks(&self) -> Vec<CheckKind> {
        let none = ["none", "n/a", "not applicable"].iter().any(|text| self.licence.eq_ignore_ascii_case(text));
        CheckKind::ALL.iter().copied().filter(|check| *check != CheckKind::Licence || !none).collect()
    }
}

/// One action of an item.
struct Line {
    action: &'static str,
    title: &'static str,
    command: &'static str,
    from: &'static [ItemState],
    needs_reason: bool,
}

const ADD_FILES: Line = Line {
    action: "add_files",
    title: "Add files",
    command: "dsl.add_files",
    from: &[ItemState::Submitted, ItemState::InQuarantine],
    needs_reason: false,
};
const REMOVE_FILES: Line = Line {
    action: "remove_files",
    title: "Take files out",
    command: "dsl.remove_files",
    from: &[ItemState::Submitted, ItemState::InQuarantine],
    needs_reason: false,
};
const PUT_SBOM: Line = Line {
    action: "put_sbom",
    title: "Read an SBOM",
    command: "dsl.put_sbom",
    from: &[ItemState::Submitted, ItemState::InQuarantine],
    needs_reason: false,
};
const RECORD_CHECK: Line = Line {
    action: "record_check",
    title: "Record a check",
    command: "dsl.record_check",
    from: &[ItemState::Submitted, ItemState::InQuarantine],
    needs_reason: false,
};
const ACCEPT: Line = Line {
    action: "accept",
    title: "Accept as master",
    command: "dsl.accept",
    from: &[ItemState::Submitted, ItemState::InQuarantine],
    needs_reason: false,
};
const SUPERSEDE: Line = Line {
    action: "supersede",
    title: "Supersede",
    command: "dsl.supersede",
    from: &[ItemState::Accepted],
    needs_reason: false,
};
const WITHDRAW: Line = Line {
    action: "withdraw",
    title: "Withdraw",
    command: "dsl.withdraw",
    from: &[ItemState::Submitted, ItemState::InQuarantine, ItemState::Accepted, ItemState::Superseded],
    needs_reason: true,
};

/// What the state of the item leads to, each allowed or with every reason why not.
///
/// # Errors
/// A storage fault.
pub fn item_actions(item: &DslItem, actor: &Person, records: &dyn Records) -> Result<Vec<ActionState>, Fault> {
    let lines = [&ADD_FILES, &REMOVE_FILES, &PUT_SBOM, &RECORD_CHECK, &ACCEPT, &SUPERSEDE, &WITHDRAW];
    let states = lines.into_iter().filter(|line| line.from.contains(&item.state)).map(|line| {
        let mut findings: Vec<Finding> = access::denial(line.command, actor).into_iter().collect();
        findings.extend(findings_of(item, line, actor, records)?);
        Ok(ActionState {
            action: line.action.to_owned(),
            title: line.title.to_owned(),
            allowed: findings.is_empty(),
            findings,
            needs_reason: line.needs_reason,
            confirm: line.action == WITHDRAW.action,
        })
    });
    states.collect()
}

/// Everything that speaks against the action, but for who may by role and with what reason.
fn findings_of(item: &DslItem, line: &Line, actor: &Person, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if !line.from.contains(&item.state) {
        let from: Vec<&str> = line.from.iter().map(|s| s.label()).collect();
        findings.push(
            Finding::new(
                if item.state.is_frozen() { "MASTER_IMMUTABLE" } else { "ITEM_STATE" },
                format!("{} is {}; {} does not apply.", label(item), item.state, line.title.to_lowercase()),
                format!("It applies to an item that is {}.", from.join(" or ")),
            )
            .about(item.reference())
            .with("state", item.state),
        );
    }
    if line.action == ACCEPT.action {
        findings.extend(against_acceptance(item, actor));
        let missing = sbom::missing_parts(item, records)?;
        if missing > 0 {
            findings.push(
                Finding::new(
                    "SBOM_INCOMPLETE",
                    format!("{missing} parts of the SBOM of {} did not come yet.", label(item)),
                    "Wait until they are synced, or read the document again.",
                )
                .about(item.reference()),
            );
        }
    }
    Ok(findings)
}

fn against_acceptance(item: &DslItem, actor: &Person) -> Vec<Finding> {
    let about = |finding: Finding| finding.about(item.reference());
    let mut findings = Vec::new();
    if item.is_handed_in_by(actor.id) {
        findings.push(about(Finding::new(
            "SUBMITTER_ACCEPTS",
            format!("{} handed in {} or a part of it, and cannot accept it.", actor.name, label(item)),
            "Have another librarian accept it.",
        )));
    }
    if item.files.is_empty() && item.kind != ItemKind::Licence {
        findings.push(about(Finding::new("NO_FILES", format!("{} has no file.", label(item)), "Add its files.")));
    }
    for check in item.needed_checks() {
        let (code, state) = match item.checks.get(&check) {
            Some(recorded) if recorded.passed => continue,
            Some(_) => ("CHECK_FAILED", "failed"),
            None => ("CHECK_MISSING", "is not recorded"),
        };
        findings.push(about(
            Finding::new(
                code,
                format!("The {check} check of {} {state}.", label(item)),
                "Record the check once it has passed, or withdraw the item.",
            )
            .with("check", check),
        ));
    }
    findings
}

fn label(item: &DslItem) -> String {
    format!("{} {}", item.name, item.version)
}

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    id: DslItemId,
    command: &DslCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let line = match command {
        DslCommand::Submit(item) => return submit(id, item, actor, context, records),
        DslCommand::AddFiles(_) => &ADD_FILES,
        DslCommand::RemoveFiles(_) => &REMOVE_FILES,
        DslCommand::PutSbom(_) | DslCommand::AddComponents { .. } => &PUT_SBOM,
        DslCommand::RecordCheck { .. } => &RECORD_CHECK,
        DslCommand::Accept => &ACCEPT,
        DslCommand::Supersede => &SUPERSEDE,
        DslCommand::Withdraw { .. } => &WITHDRAW,
    };
    let mut item: DslItem = records.must(id)?;
    let mut findings = findings_of(&item, line, actor, records)?;
    let said = match command {
        DslCommand::RecordCheck { note, .. } => text::filled_prose("note", note),
        DslCommand::Withdraw { reason } => text::filled_prose("reason", reason),
        _ => Ok(String::new()),
    };
    let said = said.unwrap_or_else(|finding| {
        findings.push(finding);
        String::new()
    });
    let mut files = item.files.clone();
    findings.extend(match command {
        DslCommand::AddFiles(given) => files::add(&mut files, given),
        DslCommand::RemoveFiles(names) => files::remove(&item, &mut files, names),
        DslCommand::RecordCheck { files: Some(seen), .. } => files::others(&item, *seen).into_iter().collect(),
        _ => Vec::new(),
    });
    none(findings)?;
    if files == item.files && matches!(command, DslCommand::AddFiles(_) | DslCommand::RemoveFiles(_)) {
        return Ok(Effect::unchanged());
    }
    match command {
        DslCommand::PutSbom(sbom) => return sbom::put(item, sbom, records),
        DslCommand::AddComponents { of, position, components } => {
            return sbom::add(&item, *of, *position, components, records);
        }
        DslCommand::AddFiles(_) | DslCommand::RemoveFiles(_) => files::change(&mut item, files, actor.id),
        DslCommand::RecordCheck { check, passed, .. } => {
            let recorded = Check { passed: *passed, note: said, by: actor.id, at: context.now };
            item.checks.insert(*check, recorded);
            item.state = ItemState::InQuarantine;
        }
        DslCommand::Accept => {
            item.state = ItemState::Accepted;
            item.accepted_by = Some(actor.id);
            item.accepted_at = Some(context.now);
        }
        DslCommand::Supersede => item.state = ItemState::Superseded,
        // Releases that use it are not touched: their guards read this state.
        DslCommand::Withdraw { .. } => {
            item.state = ItemState::Withdrawn;
            item.withdrawn_because = said;
        }
        DslCommand::Submit(_) => {}
    }
    records.put(item)?;
    Ok(Effect::updated())
}

/// Hands an item in, or hands it in again while it is no master yet: what was checked before counts no more.
fn submit(
    id: DslItemId,
    given: &DslItem,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut item = given.clone();
    item.id = id;
    let mut findings = tidy(&mut item);
    let before = records.get::<DslItem>(id)?;
    if let Some(before) = before.as_ref().filter(|b| b.state.is_frozen()) {
        findings.push(
            Finding::new(
                "MASTER_IMMUTABLE",
                format!("{} is {} and never changes again.", label(before), before.state),
                "Hand in another version.",
            )
            .about(before.reference()),
        );
    }
    let same = records.find(Lookup::ItemByVersion, &pair(&item.name, &item.version))?;
    if let Some(other) = same.into_iter().find(|other| *other != id.0)
        && let Some(other) = records.get::<DslItem>(DslItemId(other))?
    {
        findings.push(
            Finding::new(
                "VERSION_EXISTS",
                format!("{} is already in the DSL ({}, {}).", label(&other), other.number, other.state),
                "Use that item, or hand in another version.",
            )
            .about(other.reference()),
        );
    }
    none(findings)?;
    item.number = match &before {
        Some(before) => before.number.clone(),
        None => context.number(records, Series::DslItem, &item.number)?,
    };
    item.state = ItemState::Submitted;
    item.checks.clear();
    // Whoever handed it in earlier did not become somebody else by that.
    item.handed_in_by = before.iter().flat_map(|b| b.handed_in_by.iter().copied().chain([b.submitted_by])).collect();
    item.handed_in_by.remove(&actor.id);
    item.submitted_by = actor.id;
    item.submitted_at = context.now;
    item.accepted_by = None;
    item.accepted_at = None;
    item.withdrawn_because = String::new();
    // What it is made of is read from a document, never handed in.
    item.sbom = before.as_ref().and_then(|before| before.sbom.clone());
    records.put(item)?;
    Ok(if before.is_some() { Effect::updated() } else { Effect::created() })
}

/// Trims the texts and finds what is wrong with them and with the files.
fn tidy(item: &mut DslItem) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut take = |place: &mut String, text: Result<String, Finding>| match text {
        Ok(text) => *place = text,
        Err(finding) => findings.push(finding),
    };
    let name = text::filled_line("name", &item.name);
    take(&mut item.name, name);
    let version = text::filled_line("version", &item.version);
    take(&mut item.version, version);
    let vendor = text::line("vendor", &item.vendor);
    take(&mut item.vendor, vendor);
    let platform = text::line("platform", &item.platform);
    take(&mut item.platform, platform);
    let licence = text::prose("licence", &item.licence);
    take(&mut item.licence, licence);
    findings.extend(files::wrong(&item.files));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_state_once_and_no_master_becomes_editable() {
        let rows: Vec<ItemState> = MOVES.iter().map(|(from, _)| *from).collect();
        assert_eq!(rows, ItemState::ALL);
        for (from, to) in MOVES {
            assert!(!from.is_frozen() || to.iter().all(|s| s.is_frozen()), "{from} can be edited again");
        }
    }
}
