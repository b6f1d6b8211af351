//! By what a thing that was seen is recognised as a CI: rules in an order that the configuration manager edits.

use crate::cmdb::ci::Ci;
use crate::cmdb::duplicate::{self, Sign};
use crate::cmdb::observation::FACTS;
use crate::execute::{Effect, replace};
use crate::id::{CiId, SettingId};
use crate::level::named;
use crate::lookup::{Lookup, pair};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;
use uuid::Uuid;

/// Most network cards of one thing by which it is looked up.
pub const MACS: usize = 64;

named! {
    /// By what a thing is recognised.
    IdentificationRule {
        /// Serial number and manufacturer.
        Serial = "serial number and manufacturer",
        /// Asset tag.
        AssetTag = "asset tag",
        /// Address of a network card, in whichever attribute the CI has it.
        Mac = "MAC address",
        /// Name of the CI, with or without its domain.
        HostName = "host name",
    }
}

/// By what a thing says which one it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Identity {
    /// Maker.
    pub manufacturer: String,
    /// Serial number.
    pub serial_number: String,
    /// Asset tag.
    pub asset_tag: String,
    /// Addresses of its network cards: twelve figures, lower case.
    pub macs: BTreeSet<String>,
    /// Host name.
    pub host_name: String,
}

/// In which order things are recognised, and which fields only a change sets. One record; absent means
/// [`IdentificationRules::default`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IdentificationRules {
    /// Identity: [`IdentificationRules::ID`].
    pub id: SettingId,
    /// The first that finds exactly one CI decides.
    pub order: Vec<IdentificationRule>,
    /// Managed fields: what they hold is replaced through a release or change only. All others are free.
    pub managed: BTreeSet<String>,
}

impl IdentificationRules {
    /// The only record of its kind.
    pub const ID: SettingId = SettingId(Uuid::from_u128(2));
}

impl Default for IdentificationRules {
    fn default() -> Self {
        let managed = ["class", "model", "version"].map(str::to_owned);
        Self { id: Self::ID, order: IdentificationRule::ALL.to_vec(), managed: managed.into() }
    }
}

/// The rules as they are.
///
/// # Errors
/// A storage fault.
pub fn rules(records: &dyn Records) -> Result<IdentificationRules, Fault> {
    Ok(records.get::<IdentificationRules>(IdentificationRules::ID)?.unwrap_or_default())
}

/// Replaces the rules.
pub(crate) fn put_rules(given: &IdentificationRules, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let once: BTreeSet<IdentificationRule> = given.order.iter().copied().collect();
    if given.order.is_empty() || once.len() != given.order.len() {
        findings.push(Finding::new(
            "RULES_WRONG",
            "The identification rules name none at all, or one of them twice.",
            "Name at least one, and each once.",
        ));
    }
    if given.managed.len() > FACTS {
        findings.push(Finding::new(
            "TOO_MANY_FIELDS",
            format!("{} fields are managed; {FACTS} can be.", given.managed.len()),
            "Leave those free that nobody plans.",
        ));
    }
    let probe = Ci::blank(CiId(Uuid::nil()), crate::number::Number::new(crate::number::Series::Ci, 1), "x", "x");
    for field in &given.managed {
        if probe.field(field).is_none() {
            findings.push(
                Finding::new(
                    "UNKNOWN_FIELD",
                    format!("A CI has no field {field}."),
                    format!("Use one of {}, or attributes.NAME.", Ci::FIELDS.join(", ")),
                )
                .with("field", field),
            );
        }
    }
    none(findings)?;
    let rules = IdentificationRules { id: IdentificationRules::ID, ..given.clone() };
    Ok(replace(rules, IdentificationRules::ID, records)?)
}

/// The address of a network card as twelve figures in lower case, if this is one.
#[must_use]
pub fn mac(text: &str) -> Option<String> {
    let text = text.trim();
    duplicate::mac(text).or_else(|| {
        let is_bare = text.len() == 12 && text.chars().all(|c| c.is_ascii_hexdigit());
        let lower = text.to_lowercase();
        (is_bare && lower != "000000000000" && lower != "ffffffffffff").then_some(lower)
    })
}

impl Identity {
    /// What tells this thing from others of the same source: the first that it has.
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
        (!self.host_name.is_empty()).then(|| format!("host|{}", self.host_name.to_lowercase()))
    }

    /// How a person calls the thing.
    #[must_use]
    pub fn label(&self) -> &str {
        let names = [&self.host_name, &self.asset_tag, &self.serial_number];
        let named = names.into_iter().find(|text| !text.is_empty()).or_else(|| self.macs.first());
        named.map_or("?", String::as_str)
    }

    /// Texts trimmed and measured, addresses in their one form; a wrong one is found.
    pub(crate) fn tidy(&mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (field, value) in [
            ("manufacturer", &mut self.manufacturer),
            ("serial_number", &mut self.serial_number),
            ("asset_tag", &mut self.asset_tag),
            ("host_name", &mut self.host_name),
        ] {
            match text::line(field, value) {
                Ok(clean) => *value = clean,
                Err(finding) => findings.push(finding),
            }
        }
        if self.macs.len() > MACS {
            findings.push(Finding::new(
                "TOO_MANY_ADDRESSES",
                format!("{} has {} MAC addresses; {MACS} are possible.", self.label(), self.macs.len()),
                "Leave those of its virtual network cards out.",
            ));
        }
        for given in std::mem::take(&mut self.macs) {
            match mac(&given) {
                Some(mac) => {
                    self.macs.insert(mac);
                }
                None => findings.push(
                    Finding::new(
                        "WRONG_VALUE",
                        format!("{:?} is no MAC address.", given.chars().take(80).collect::<String>()),
                        "Write it like 00:1b:44:11:3a:b7.",
                    )
                    .with("field", "mac"),
                ),
            }
        }
        findings
    }
}

/// What the rules say about a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// It is this CI, by this rule.
    As(CiId, IdentificationRule),
    /// Each rule that found something found several: these.
    OneOf(BTreeSet<CiId>),
    /// No rule found anything.
    Nothing,
}

/// Which CI a thing is: what the first rule says that finds exactly one. A few look-ups, however many CIs there are.
///
/// # Errors
/// A storage fault.
pub fn recognise(identity: &Identity, rules: &IdentificationRules, records: &dyn Records) -> Result<Recognised, Fault> {
    let mut several = BTreeSet::new();
    for rule in &rules.order {
        let found = candidates(*rule, identity, records)?;
        match (found.len(), found.first()) {
            (1, Some(ci)) => return Ok(Recognised::As(*ci, *rule)),
            _ => several.extend(found),
        }
    }
    Ok(if several.is_empty() { Recognised::Nothing } else { Recognised::OneOf(several) })
}

fn candidates(rule: IdentificationRule, identity: &Identity, records: &dyn Records) -> Result<BTreeSet<CiId>, Fault> {
    let mut found = Vec::new();
    match rule {
        IdentificationRule::Serial if !identity.serial_number.is_empty() => {
            let key = pair(&identity.manufacturer, &identity.serial_number);
            found.extend(records.find(Lookup::CiBySerial, &key)?);
        }
        IdentificationRule::AssetTag if !identity.asset_tag.is_empty() => {
            found.extend(records.find(Lookup::CiByTag, &identity.asset_tag.to_lowercase())?);
        }
        IdentificationRule::Mac => {
            for mac in &identity.macs {
                found.extend(records.find(Lookup::CiBySign, &duplicate::sign_key(Sign::Mac, mac))?);
            }
        }
        IdentificationRule::HostName if !identity.host_name.is_empty() => {
            let host = identity.host_name.to_lowercase();
            found.extend(records.find(Lookup::CiByBareName, &host)?);
            if let (true, Some((bare, _))) = (found.is_empty(), host.split_once('.')) {
                found.extend(records.find(Lookup::CiByBareName, bare)?);
            }
        }
        _ => {}
    }
    Ok(found.into_iter().map(CiId).collect())
}
