//! Bringing in what was seen: each row is recognised, compared, and put in place of what its source saw before.

use crate::cmdb::ci::{Ci, CiStatus};
use crate::cmdb::import::{RowEffect, bounded, count};
use crate::cmdb::observation::identify::{IdentificationRules, Identity, Recognised, recognise, rules};
use crate::cmdb::observation::{FACTS, Observation, ObservationState};
use crate::execute::{Context, Effect};
use crate::id::{CiId, ObservationId, SiteId};
use crate::lookup::Lookup;
use crate::number::{Number, Series};
use crate::people::{Person, Site};
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::scope::{Bucket, Sight, Sites};
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use uuid::Uuid;

/// A thing may have been seen so much later than the laptop's clock says, whose source has another clock.
const CLOCKS_APART_DAYS: i64 = 1;

/// What a source saw once, as it comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Sighting {
    /// Line of the file it came from, to name it in findings.
    pub line: u32,
    /// Such as `lshw`, `ansible`, `scan`.
    pub source: String,
    /// When.
    pub seen_at: Timestamp,
    /// Where, if the source says so.
    pub site: Option<SiteId>,
    /// What.
    pub seen: Seen,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// A thing.
    Thing {
        /// By what it is recognised.
        identity: Identity,
        /// Class it has by its source; may be empty.
        class: String,
        /// Fields of a CI as they were seen, by name.
        facts: BTreeMap<String, String>,
    },
    /// Nothing, where this CI should have been.
    Absent(CiId),
}

impl Sighting {
    /// How a person calls what was seen.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.seen {
            Seen::Thing { identity, .. } => identity.label().to_owned(),
            Seen::Absent(ci) => ci.to_string(),
        }
    }
}

pub(crate) fn record(
    rows: &[Sighting],
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    bounded(rows.len())?;
    let rules = rules(records)?;
    let sight = Sight::of(actor, records)?;
    let mut effect = Effect::default();
    let mut lines = BTreeMap::new();
    for row in rows {
        let outcome = one(row, &rules, &sight, &mut lines, context, records);
        count(&mut effect, row.line, &row.label(), outcome)?;
    }
    Ok(effect)
}

pub(super) fn one(
    row: &Sighting,
    rules: &IdentificationRules,
    sight: &Sight,
    lines: &mut BTreeMap<ObservationId, u32>,
    context: &Context,
    records: &mut dyn Records,
) -> Result<RowEffect, Failure> {
    let (mut seen, key) = read(row, rules, sight, context, records)?;
    if seen.ci.is_none() {
        seen.ci = linked(&seen, &key, records)?;
    }
    let ci: Option<Ci> = match seen.ci {
        Some(id) => {
            if sight.sites != Sites::All {
                none(sight.denial(Kind::Ci, id.0, records)?.into_iter().collect())?;
            }
            Some(records.must(id)?)
        }
        None => None,
    };
    let before = known(seen.ci, &seen.source, &key, records)?;
    if let (Some(before), Sites::Only(_)) = (&before, &sight.sites) {
        none(sight.denial(Kind::Observation, before.id.0, records)?.into_iter().collect())?;
    }
    // One of a source for each CI, by whichever sign it was seen first.
    let key = ci.as_ref().map_or(key, |ci| format!("ci|{}", ci.id));
    seen.id = before.as_ref().map_or_else(|| id_of(&seen.source, &key), |before| before.id);
    if let Some(first) = lines.insert(seen.id, row.line) {
        return Err(Finding::new(
            "ROW_TWICE",
            format!("{} stands in line {first} already.", row.label()),
            "Keep one of the two rows.",
        )
        .with("line", first)
        .into());
    }
    // A laptop that comes back from a cellar does not bring the past back with it.
    if before.as_ref().is_some_and(|before| before.seen_at > seen.seen_at) {
        return Ok(RowEffect::Unchanged);
    }
    if let Some(before) = &before
        && before.ci == seen.ci
        && before.absent == seen.absent
    {
        seen.decisions.clone_from(&before.decisions);
    }
    if let (Some(site), Some(ci)) = (row.site, &ci)
        && !seen.absent
        && ci.location.site.is_some()
    {
        seen.facts.entry("location.site".to_owned()).or_insert_with(|| site.to_string());
    }
    let effect = if before.is_some() { RowEffect::Updated } else { RowEffect::Created };
    let is_new = seen.settle(ci.as_ref(), before.as_ref(), records)?;
    Ok(if is_new { effect } else { RowEffect::Unchanged })
}

/// The row as an observation, with what tells it from others of its source.
fn read(
    row: &Sighting,
    rules: &IdentificationRules,
    sight: &Sight,
    context: &Context,
    records: &dyn Records,
) -> Result<(Observation, String), Failure> {
    let mut findings = Vec::new();
    let source = text::filled_line("source", &row.source).map_err(|f| findings.push(f)).unwrap_or_default();
    if row.seen_at > context.now.plus_days(CLOCKS_APART_DAYS) {
        findings.push(Finding::new(
            "SEEN_LATER",
            format!("{} was seen on {}, which is yet to come.", row.label(), row.seen_at.to_rfc3339()),
            "Set the clock of the source, or give the time at which it was seen.",
        ));
    }
    if let Some(site) = row.site {
        if records.get::<Site>(site)?.is_none() {
            findings.push(Finding::new(
                "UNKNOWN_SITE",
                format!("{} was seen at a site that does not exist here.", row.label()),
                "Choose another site, or leave it out.",
            ));
        } else if !sight.covers(Bucket::Site(site)) {
            findings.push(Finding::new(
                "OUT_OF_SCOPE",
                "This site is not yours to read.",
                "Ask an administrator for it, or leave the site out.",
            ));
        }
    }
    let mut seen = Observation {
        id: ObservationId(Uuid::nil()),
        source,
        seen_at: row.seen_at,
        by: context.actor,
        site: row.site,
        label: row.label(),
        identity: Identity::default(),
        class: String::new(),
        facts: BTreeMap::new(),
        ci: None,
        rule: None,
        absent: false,
        decisions: BTreeMap::new(),
        state: ObservationState::Unknown,
    };
    let key = match &row.seen {
        Seen::Absent(ci) => {
            seen.absent = true;
            seen.ci = Some(*ci);
            format!("ci|{ci}")
        }
        Seen::Thing { identity, class, facts } => {
            seen.identity = identity.clone();
            findings.extend(seen.identity.tidy());
            identity.label().clone_into(&mut seen.label);
            seen.class = text::line("class", class).map_err(|f| findings.push(f)).unwrap_or_default();
            match written_forms(facts) {
                Ok(facts) => seen.facts = facts,
                Err(found) => findings.extend(found),
            }
            if findings.is_empty()
                && let Recognised::As(ci, rule) = recognise(&seen.identity, rules, records)?
            {
                seen.ci = Some(ci);
                seen.rule = Some(rule);
            }
            seen.identity.key().unwrap_or_else(|| {
                findings.push(Finding::new(
                    "NO_IDENTITY",
                    "Nothing says which thing this is: no serial number, asset tag, MAC address or host name.",
                    "Give one of them.",
                ));
                String::new()
            })
        }
    };
    none(findings)?;
    Ok((seen, key))
}

/// The facts as a CI would write them; what no CI could hold is found.
fn written_forms(facts: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Vec<Finding>> {
    if facts.len() > FACTS {
        return Err(vec![Finding::new(
            "TOO_MANY_FACTS",
            format!("{} facts came of one thing; {FACTS} are possible.", facts.len()),
            "Leave out what no CI needs.",
        )]);
    }
    let mut findings = Vec::new();
    let mut trial = Ci::blank(CiId(Uuid::nil()), Number::new(Series::Ci, 1), "x", "x");
    let mut written = BTreeMap::new();
    for (field, value) in facts.iter().filter(|(_, value)| !value.trim().is_empty()) {
        match trial.set_field(field, value) {
            Ok(()) => {
                written.insert(field.clone(), trial.field(field).unwrap_or_default());
            }
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() { Ok(written) } else { Err(findings) }
}

/// What the same source saw of the same thing before: of the same CI, or of what calls itself the same.
fn known(ci: Option<CiId>, source: &str, key: &str, records: &dyn Records) -> Result<Option<Observation>, Fault> {
    if let Some(ci) = ci {
        for other in records.list::<Observation>(Lookup::ObservationsOf, &ci.to_string())? {
            if other.source.eq_ignore_ascii_case(source) {
                return Ok(Some(other));
            }
        }
    }
    records.get(id_of(source, key))
}

/// What the source of a row saw of the same thing before, as it would come in again.
///
/// # Errors
/// A storage fault.
pub fn seen_before(row: &Sighting, records: &dyn Records) -> Result<Option<Sighting>, Fault> {
    let Seen::Thing { identity, .. } = &row.seen else { return Ok(None) };
    let mut identity = identity.clone();
    identity.tidy();
    let ci = match recognise(&identity, &rules(records)?, records)? {
        Recognised::As(ci, _) => Some(ci),
        Recognised::OneOf(_) | Recognised::Nothing => None,
    };
    let Some(before) = known(ci, &row.source, &identity.key().unwrap_or_default(), records)? else { return Ok(None) };
    Ok(Some(Sighting {
        line: row.line,
        source: before.source,
        seen_at: before.seen_at,
        // Of a CI, where it was seen is among the facts.
        site: if before.ci.is_some() { None } else { before.site },
        seen: match before.ci {
            Some(ci) if before.absent => Seen::Absent(ci),
            _ => Seen::Thing { identity: before.identity, class: before.class, facts: before.facts },
        },
    }))
}

/// The CI that somebody said this thing is: while no rule recognises it, that holds.
fn linked(seen: &Observation, key: &str, records: &dyn Records) -> Result<Option<CiId>, Fault> {
    let before: Option<Observation> = records.get(id_of(&seen.source, key))?;
    let Some(ci) = before.filter(|before| before.rule.is_none() && !before.absent).and_then(|before| before.ci) else {
        return Ok(None);
    };
    Ok(records.get::<Ci>(ci)?.map(|ci| ci.id))
}

/// Whether a source that looked where the CI should be has not seen it since then: so it is absent. What stands
/// nowhere, or is known to be gone, is not looked for.
///
/// # Errors
/// A storage fault.
pub fn is_absent(ci: &Ci, source: &str, since: Timestamp, records: &dyn Records) -> Result<bool, Fault> {
    if matches!(
        ci.status,
        CiStatus::Planned | CiStatus::Pending | CiStatus::Missing | CiStatus::Retired | CiStatus::Disposed
    ) {
        return Ok(false);
    }
    let seen = records.list::<Observation>(Lookup::ObservationsOf, &ci.id.to_string())?;
    let saw = |o: &Observation| !o.absent && o.seen_at >= since && o.source.eq_ignore_ascii_case(source.trim());
    Ok(!seen.iter().any(saw))
}

/// The identity of what a source saw of a thing.
fn id_of(source: &str, key: &str) -> ObservationId {
    let name = format!("{}|{key}", source.to_lowercase());
    ObservationId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}
