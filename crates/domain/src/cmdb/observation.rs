//! Managed and actual state: what a technician or a discovery tool saw, against what the record says.
//!
//! An observation never changes a CI by itself. Each difference is decided: taken over (only what is free), brought on
//! the way as an unplanned change (what is managed), given to somebody to correct, or left.

use crate::change;
use crate::change::record::{Change, ChangeKind, ChangeState};
use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::import::{RowEffect, bounded, count};
use crate::cmdb::{judge_new, set_fields, status_move};
use crate::command::ChangeCommand;
use crate::execute::{Context, Effect, replace};
use crate::id::{ChangeId, CiId, ObservationId, PersonId, SettingId, SiteId};
use crate::level::named;
use crate::lookup::{Lookup, pair};
use crate::number::{Number, Series};
use crate::people::Person;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::scope::Sight;
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// Most facts of one observation.
pub const FACTS: usize = 100;

named! {
    /// How an observation stands to its record.
    ObservationState {
        /// The record says the same.
        Match = "match",
        /// Some fields differ.
        Mismatch = "mismatch",
        /// The CI was not where it should be.
        Missing = "missing",
        /// No record is of this thing.
        Unknown = "unknown",
        /// Every difference is decided.
        Settled = "settled",
    }
    /// What becomes of a difference.
    Verdict {
        /// The record takes it over.
        Accept = "accept",
        /// An unplanned change is registered.
        Change = "change",
        /// Somebody corrects the thing; the next observation shows whether.
        Correct = "correct",
        /// It is left as it is.
        Ignore = "ignore",
    }
    /// By what a thing is recognised.
    IdentificationRule {
        /// Serial number and manufacturer.
        Serial = "serial number and manufacturer",
        /// Asset tag.
        AssetTag = "asset tag",
        /// A network card's address, kept as attribute `mac`.
        Mac = "MAC address",
        /// Name, with or without its domain.
        Hostname = "host name",
    }
}

/// By what a thing says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Identity {
    /// Maker.
    pub manufacturer: String,
    /// Serial number.
    pub serial_number: String,
    /// Asset tag.
    pub asset_tag: String,
    /// Addresses of its network cards: lower-case hex.
    pub macs: BTreeSet<String>,
    /// Host name.
    pub hostname: String,
}

/// What a source saw of one thing. The same thing seen again by the same source replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Observation {
    /// Identity: [`Observation::id_of`].
    pub id: ObservationId,
    /// Such as `lshw`, `ansible`, `scan`, `import`.
    pub source: String,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// Who brought it in.
    pub by: PersonId,
    /// Where it was seen; that of its CI where nothing is said.
    pub site: Option<SiteId>,
    /// By what it is recognised.
    pub identity: Identity,
    /// Class of the CI to create, if there is none.
    pub class: String,
    /// Fields of a CI as they were seen, by name.
    pub facts: BTreeMap<String, String>,
    /// The CI it was recognised as.
    pub ci: Option<CiId>,
    /// The CI was looked for and not found.
    pub absent: bool,
    /// What was decided, by field; of the whole thing under an empty name.
    pub decisions: BTreeMap<String, Decided>,
    /// How it stood when it was last brought in or decided.
    pub state: ObservationState,
}

/// A decision on one difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Decided {
    /// What becomes of it.
    pub verdict: Verdict,
    /// The value that was seen; another one is a new difference.
    pub seen: String,
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Remark.
    pub note: String,
    /// The change that was registered.
    pub change: Option<ChangeId>,
}

/// In which order things are recognised, and which fields only a change or release sets. One record; absent means
/// [`IdentificationRules::default`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IdentificationRules {
    /// Identity: [`IdentificationRules::ID`].
    pub id: SettingId,
    /// The first that finds exactly one CI decides.
    pub order: Vec<IdentificationRule>,
    /// Fields that are managed; all others are free.
    pub managed: BTreeSet<String>,
}

impl IdentificationRules {
    /// The only record of its kind.
    pub const ID: SettingId = SettingId(uuid::Uuid::from_u128(2));
}

impl Default for IdentificationRules {
    fn default() -> Self {
        let managed = ["name", "class", "manufacturer", "model", "version", "serial_number", "asset_tag", "status"];
        Self {
            id: Self::ID,
            order: IdentificationRule::ALL.to_vec(),
            managed: managed.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// The rules as they are.
///
/// # Errors
/// A storage fault.
pub fn rules(records: &dyn Records) -> Result<IdentificationRules, Fault> {
    Ok(records.get::<IdentificationRules>(IdentificationRules::ID)?.unwrap_or_default())
}

/// A row of an import of observations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ObservationRow {
    /// Line of the file it came from.
    pub line: u32,
    /// What was seen; identity, author, CI, decisions and state of the given record are ignored.
    pub observation: Observation,
}

/// A decision on an observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ObservationVerdict {
    /// Which.
    pub observation: ObservationId,
    /// One field; `None`: everything about it that is open and that the verdict can be on.
    pub field: Option<String>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Values of the record as the author saw them, by field.
    pub from: BTreeMap<String, String>,
    /// Remark.
    pub note: String,
}

/// Commands on what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ObservationCommand {
    /// Brings observations in; at most [`crate::command::BULK_ROWS`]. Each row is judged by itself.
    Bring(Vec<ObservationRow>),
    /// Decides; at most [`crate::command::BULK_ROWS`]. Each is judged by itself.
    Decide(Vec<ObservationVerdict>),
    /// Replaces the identification rules.
    PutRules(IdentificationRules),
}

/// An address as it is compared: hex digits only.
#[must_use]
pub fn mac(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    let separators = text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '-' | '.'));
    (separators && hex.len() == 12 && hex != "000000000000").then_some(hex)
}

/// Addresses that a CI has, in its attributes called `mac` or `mac address`.
#[must_use]
pub fn macs_of(ci: &Ci) -> BTreeSet<String> {
    let named = |name: &str| matches!(name.to_lowercase().replace(['_', '-'], " ").as_str(), "mac" | "mac address");
    let values = ci.attributes.iter().filter(|(name, _)| named(name)).map(|(_, value)| value);
    values.flat_map(|value| value.split([',', ' ', ';'])).filter_map(mac).collect()
}

impl Identity {
    /// What tells this thing from others of the same source: the first it has.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        if !self.serial_number.is_empty() {
            return Some(format!("serial|{}", pair(&self.manufacturer, &self.serial_number)));
        }
        if !self.asset_tag.is_empty() {
            return Some(format!("tag|{}", self.asset_tag.to_lowercase()));
        }
        if let Some(mac) = self.macs.first() {
            return Some(format!("mac|{mac}"));
        }
        (!self.hostname.is_empty()).then(|| format!("host|{}", self.hostname.to_lowercase()))
    }

    /// How a person calls the thing.
    #[must_use]
    pub fn label(&self) -> &str {
        [&self.hostname, &self.asset_tag, &self.serial_number].into_iter().find(|t| !t.is_empty()).map_or("?", |t| t)
    }
}

impl Observation {
    /// The identity of what a source saw of a thing.
    #[must_use]
    pub fn id_of(source: &str, key: &str) -> ObservationId {
        let name = format!("{}|{key}", source.to_lowercase());
        ObservationId(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    /// Fields in which the record differs: name, value of the record, value seen.
    #[must_use]
    pub fn differences(&self, ci: &Ci) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        if self.absent {
            return found;
        }
        for (field, seen) in &self.facts {
            let mut trial = ci.clone();
            // As the CI would write it; what it cannot take differs anyway.
            let written = match trial.set_field(field, seen) {
                Ok(()) => trial.field(field).unwrap_or_default(),
                Err(_) => seen.clone(),
            };
            let is = ci.field(field).unwrap_or_default();
            if !is.eq_ignore_ascii_case(&written) {
                found.push((field.clone(), is, written));
            }
        }
        found
    }

    /// Differences that nobody has decided.
    #[must_use]
    pub fn open(&self, ci: &Ci) -> Vec<(String, String, String)> {
        let decided = |field: &str, seen: &str| self.decisions.get(field).is_some_and(|d| d.seen == seen);
        self.differences(ci).into_iter().filter(|(field, _, seen)| !decided(field, seen)).collect()
    }

    fn stand(&self, ci: Option<&Ci>) -> ObservationState {
        let whole = self.decisions.contains_key("");
        match ci {
            None if whole => ObservationState::Settled,
            None => ObservationState::Unknown,
            Some(ci) if self.absent => {
                if whole || ci.status == CiStatus::Missing { ObservationState::Settled } else { ObservationState::Missing }
            }
            Some(ci) if !self.open(ci).is_empty() => ObservationState::Mismatch,
            Some(ci) if self.differences(ci).is_empty() => ObservationState::Match,
            Some(_) => ObservationState::Settled,
        }
    }
}

/// Judges and carries out a command on what was seen.
///
/// # Errors
/// The refusal with every finding, or a storage fault.
pub fn execute(
    command: &ObservationCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        ObservationCommand::Bring(rows) => {
            bounded(rows.len())?;
            let rules = rules(records)?;
            let mut effect = Effect::default();
            for row in rows {
                let outcome = bring(&row.observation, &rules, actor, records);
                count(&mut effect, row.line, row.observation.identity.label(), outcome)?;
            }
            Ok(effect)
        }
        ObservationCommand::Decide(verdicts) => {
            bounded(verdicts.len())?;
            let mut effect = Effect::default();
            let sight = Sight::of(actor, records)?;
            for (line, verdict) in (0_u32..).zip(verdicts) {
                let outcome = decide(verdict, line, &sight, actor, context, records);
                count(&mut effect, line.saturating_add(1), verdict.verdict.label(), outcome)?;
            }
            Ok(effect)
        }
        ObservationCommand::PutRules(rules) => put_rules(rules, records),
    }
}

fn put_rules(rules: &IdentificationRules, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let once: BTreeSet<IdentificationRule> = rules.order.iter().copied().collect();
    if rules.order.is_empty() || once.len() != rules.order.len() {
        findings.push(Finding::new(
            "RULES_WRONG",
            "The identification rules name none, or one of them twice.",
            "Name each rule at most once, and at least one.",
        ));
    }
    if rules.managed.len() > FACTS {
        findings.push(Finding::new("TOO_MANY", "Too many fields are managed.", format!("Name at most {FACTS}.")));
    }
    none(findings)?;
    let rules = IdentificationRules { id: IdentificationRules::ID, ..rules.clone() };
    Ok(replace(rules, IdentificationRules::ID, records)?)
}

fn bring(
    given: &Observation,
    rules: &IdentificationRules,
    actor: &Person,
    records: &mut dyn Records,
) -> Result<RowEffect, Failure> {
    let mut seen = given.clone();
    let mut findings = tidy(&mut seen);
    let key = match (seen.absent, seen.ci) {
        (true, Some(ci)) => Some(format!("ci|{ci}")),
        (true, None) => None,
        (false, _) => seen.identity.key(),
    };
    let Some(key) = key else {
        findings.push(Finding::new(
            "NO_IDENTITY",
            "Nothing says which thing was seen: no serial number, asset tag, MAC address or host name.",
            "Give one of them.",
        ));
        none(findings)?;
        return Ok(RowEffect::Unchanged);
    };
    none(findings)?;
    seen.id = Observation::id_of(&seen.source, &key);
    seen.by = actor.id;
    if !seen.absent {
        seen.ci = recognise(&seen.identity, rules, records)?;
    }
    let ci: Option<Ci> = match seen.ci {
        Some(id) => records.get(id)?,
        None => None,
    };
    seen.ci = ci.as_ref().map(|ci| ci.id);
    if seen.absent && ci.is_none() {
        return Err(Finding::new("NOT_FOUND", "The CI that was not seen is not here either.", "Sync, then try again.").into());
    }
    seen.site = seen.site.or(ci.as_ref().and_then(|ci| ci.location.site));
    let before: Option<Observation> = records.get(seen.id)?;
    seen.decisions = before.as_ref().map(|before| before.decisions.clone()).unwrap_or_default();
    if before.as_ref().is_some_and(|before| before.ci != seen.ci) {
        seen.decisions.remove("");
    }
    seen.state = seen.stand(ci.as_ref());
    match before {
        Some(before) if Observation { seen_at: seen.seen_at, ..before.clone() } == seen && before.seen_at >= seen.seen_at => {
            Ok(RowEffect::Unchanged)
        }
        // An older file must not undo what a newer one said.
        Some(before) if before.seen_at > seen.seen_at => Ok(RowEffect::Unchanged),
        Some(_) => {
            records.put(seen)?;
            Ok(RowEffect::Updated)
        }
        None => {
            records.put(seen)?;
            Ok(RowEffect::Created)
        }
    }
}

/// Texts trimmed, addresses in one form, facts that a CI has.
fn tidy(seen: &mut Observation) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut line = |field: &str, value: &mut String| match text::line(field, value) {
        Ok(clean) => *value = clean,
        Err(finding) => findings.push(finding),
    };
    line("source", &mut seen.source);
    line("class", &mut seen.class);
    line("manufacturer", &mut seen.identity.manufacturer);
    line("serial_number", &mut seen.identity.serial_number);
    line("asset_tag", &mut seen.identity.asset_tag);
    line("hostname", &mut seen.identity.hostname);
    if seen.source.is_empty() {
        "import".clone_into(&mut seen.source);
    }
    seen.identity.macs = seen.identity.macs.iter().filter_map(|text| mac(text)).collect();
    if seen.facts.len() > FACTS {
        findings.push(Finding::new("TOO_MANY", format!("{} facts came of one thing.", seen.facts.len()), format!("Give at most {FACTS}.")));
    }
    let mut trial = Ci::blank(CiId(seen.id.0), Number::provisional(Series::Ci, seen.id.0), "x", "x");
    for (field, value) in &mut seen.facts {
        *value = value.trim().to_owned();
        findings.extend(trial.set_field(field, value).err());
    }
    seen.facts.retain(|_, value| !value.is_empty());
    findings
}

/// The CI that a thing is, by the first rule that finds exactly one.
///
/// # Errors
/// A storage fault.
pub fn recognise(
    identity: &Identity,
    rules: &IdentificationRules,
    records: &dyn Records,
) -> Result<Option<CiId>, Fault> {
    for rule in &rules.order {
        let found: BTreeSet<uuid::Uuid> = match rule {
            IdentificationRule::Serial if !identity.serial_number.is_empty() => {
                let key = pair(&identity.manufacturer, &identity.serial_number);
                records.find(Lookup::CiBySerial, &key)?.into_iter().collect()
            }
            IdentificationRule::AssetTag if !identity.asset_tag.is_empty() => {
                records.find(Lookup::CiByTag, &identity.asset_tag.to_lowercase())?.into_iter().collect()
            }
            IdentificationRule::Mac => {
                let mut found = BTreeSet::new();
                for mac in &identity.macs {
                    found.extend(records.find(Lookup::CiByMac, mac)?);
                }
                found
            }
            IdentificationRule::Hostname if !identity.hostname.is_empty() => {
                let host = identity.hostname.to_lowercase();
                let mut found: BTreeSet<uuid::Uuid> = records.find(Lookup::CiByBareName, &host)?.into_iter().collect();
                if found.is_empty()
                    && let Some((bare, _)) = host.split_once('.')
                {
                    found.extend(records.find(Lookup::CiByBareName, bare)?);
                }
                found
            }
            _ => continue,
        };
        if let (1, Some(id)) = (found.len(), found.first()) {
            return Ok(Some(CiId(*id)));
        }
    }
    Ok(None)
}

fn decide(
    given: &ObservationVerdict,
    n: u32,
    sight: &Sight,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<RowEffect, Failure> {
    let mut observation: Observation = records.must(given.observation)?;
    none(sight.denial(Kind::Observation, given.observation.0, records)?.into_iter().collect())?;
    let note = text::prose("note", &given.note)?;
    let by = |seen: &str, change: Option<ChangeId>| Decided {
        verdict: given.verdict,
        seen: seen.to_owned(),
        by: actor.id,
        at: context.now,
        note: note.clone(),
        change,
    };
    let ci: Option<Ci> = match observation.ci {
        Some(id) => records.get(id)?,
        None => None,
    };
    let Some(ci) = ci else {
        let decided = by("", None);
        return unknown(observation, decided, n, context, records);
    };
    if observation.absent {
        let decided = by("", None);
        return absent(observation, &ci, decided, n, actor, context, records);
    }
    let rules = rules(records)?;
    let mut open = observation.open(&ci);
    if let Some(field) = &given.field {
        open.retain(|(name, ..)| name == field);
    }
    if open.is_empty() {
        return stored(observation, Some(&ci), records);
    }
    match given.verdict {
        Verdict::Accept => {
            let managed: Vec<&str> =
                open.iter().map(|(name, ..)| name.as_str()).filter(|name| rules.managed.contains(*name)).collect();
            if given.field.is_some() && !managed.is_empty() {
                return Err(managed_finding(&ci, &managed).into());
            }
            let free: Vec<&(String, String, String)> =
                open.iter().filter(|(name, ..)| !rules.managed.contains(name)).collect();
            if free.is_empty() {
                return Err(managed_finding(&ci, &managed).into());
            }
            let changes: Vec<FieldChange> = free
                .iter()
                .map(|(field, is, seen)| FieldChange {
                    field: field.clone(),
                    from: given.from.get(field).unwrap_or(is).clone(),
                    to: seen.clone(),
                })
                .collect();
            let decided: Vec<(String, Decided)> =
                free.iter().map(|(field, _, seen)| (field.clone(), by(seen, None))).collect();
            let effect = set_fields(ci.id, &changes, records)?;
            none(effect.conflicts.into_iter().map(|conflict| conflict.finding).collect())?;
            observation.decisions.extend(decided);
        }
        Verdict::Change => {
            let lines: Vec<String> =
                open.iter().map(|(field, is, seen)| format!("{field}: recorded {is:?}, seen {seen:?}")).collect();
            let change = register(&observation, &ci, &lines.join("\n"), n, actor, context, records)?;
            for (field, _, seen) in &open {
                let decided = Decided { change: Some(change), at: context.now, ..decided_as(given, actor, seen, &note) };
                observation.decisions.insert(field.clone(), decided);
            }
        }
        Verdict::Correct | Verdict::Ignore => {
            for (field, _, seen) in &open {
                observation.decisions.insert(field.clone(), by(seen, None));
            }
        }
    }
    let ci: Option<Ci> = records.get(ci.id)?;
    stored(observation, ci.as_ref(), records)
}

fn decided_as(given: &ObservationVerdict, actor: &Person, seen: &str, note: &str) -> Decided {
    Decided {
        verdict: given.verdict,
        seen: seen.to_owned(),
        by: actor.id,
        at: Timestamp(0),
        note: note.to_owned(),
        change: None,
    }
}

fn managed_finding(ci: &Ci, fields: &[&str]) -> Finding {
    Finding::new(
        "FIELD_IS_MANAGED",
        format!("{} of {} is managed: only a change or release sets it.", fields.join(", "), ci.name),
        "Register an unplanned change, or have the thing corrected.",
    )
    .about(ci.reference())
    .with("field", fields.join(", "))
}

/// Puts the observation as it stands now.
fn stored(mut observation: Observation, ci: Option<&Ci>, records: &mut dyn Records) -> Result<RowEffect, Failure> {
    observation.state = observation.stand(ci);
    let id = observation.id;
    let effect = replace(observation, id, records)?;
    Ok(if effect.updated > 0 { RowEffect::Updated } else { RowEffect::Unchanged })
}

/// A thing that no record is of.
fn unknown(
    mut observation: Observation,
    mut decided: Decided,
    n: u32,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<RowEffect, Failure> {
    let mut created = None;
    match decided.verdict {
        Verdict::Accept => {
            let id = CiId(context.command.derived(n));
            let class = if observation.class.is_empty() { "server" } else { &observation.class };
            let mut ci = Ci::blank(id, Number::provisional(Series::Ci, id.0), class, observation.identity.label());
            ci.manufacturer.clone_from(&observation.identity.manufacturer);
            ci.serial_number.clone_from(&observation.identity.serial_number);
            ci.asset_tag.clone_from(&observation.identity.asset_tag);
            ci.location.site = observation.site;
            for (field, seen) in &observation.facts {
                ci.set_field(field, seen)?;
            }
            let ci = judge_new(&ci, context, records)?;
            records.put(ci.clone())?;
            observation.ci = Some(ci.id);
            created = Some(ci);
        }
        Verdict::Change => {
            return Err(Finding::new(
                "NOTHING_TO_CHANGE",
                format!("There is no CI of {} that a change could be about.", observation.identity.label()),
                "Accept it as a new CI, or ignore it.",
            )
            .into());
        }
        Verdict::Correct | Verdict::Ignore => {}
    }
    decided.change = None;
    observation.decisions.insert(String::new(), decided);
    stored(observation, created.as_ref(), records)
}

/// A CI that was looked for and not found.
fn absent(
    mut observation: Observation,
    ci: &Ci,
    mut decided: Decided,
    n: u32,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<RowEffect, Failure> {
    match decided.verdict {
        Verdict::Accept => {
            if !ci.status.may_become(CiStatus::Missing) {
                return Err(status_move(ci, CiStatus::Missing).into());
            }
            records.put(Ci { status: CiStatus::Missing, ..ci.clone() })?;
        }
        Verdict::Change => {
            let what = format!("{} was looked for and not found.", ci.name);
            decided.change = Some(register(&observation, ci, &what, n, actor, context, records)?);
        }
        Verdict::Correct | Verdict::Ignore => {}
    }
    observation.decisions.insert(String::new(), decided);
    stored(observation, Some(ci), records)
}

/// Registers an unplanned change about what differs.
fn register(
    observation: &Observation,
    ci: &Ci,
    what: &str,
    n: u32,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<ChangeId, Failure> {
    let id = ChangeId(context.command.derived(n));
    let change = Change {
        id,
        number: Number::provisional(Series::Change, id.0),
        foreign: None,
        title: format!("Unplanned change of {}", ci.name),
        description: format!("{} saw on {}:\n{what}", observation.source, observation.seen_at.to_rfc3339()),
        category: "unplanned".to_owned(),
        kind: ChangeKind::Normal,
        reason: "The thing differs from its record.".to_owned(),
        requested_by: actor.id,
        coordinator: None,
        impact: None,
        urgency: None,
        priority: None,
        risk: None,
        cis: [ci.id].into(),
        ci_groups: BTreeSet::new(),
        services: BTreeSet::new(),
        planned: None,
        versions: None,
        release: None,
        state: ChangeState::Registered,
        outcome: None,
        state_reason: String::new(),
        created_at: context.now,
    };
    change::execute(&ChangeCommand::Create(Box::new(change)), actor, context, records)?;
    Ok(id)
}
