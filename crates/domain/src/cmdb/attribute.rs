//! A typed attribute of a CI class: what its values look like, how they are written, and what is wrong with one.
//!
//! A value is stored as text in the one written form of its type: `64 GB`, `2026-11-26`, `10.0.0.7`, `aa:bb:cc:dd:ee:ff`,
//! `yes`, the identity of the record referred to. The unit stands in the value, so that a class may change its unit
//! without a stored value coming to mean something else.

use crate::cmdb::ci::Ci;
use crate::cmdb::class;
use crate::cmdb::unit;
use crate::id::{CiId, PersonId};
use crate::lookup::Lookup;
use crate::people::Person;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};
use crate::text;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::str::FromStr;
use ts_rs::TS;
use uuid::Uuid;

/// Most choices of one attribute.
pub const CHOICES: usize = 200;

/// An attribute as a class declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Attribute {
    /// Under which name CIs keep the value; never changes.
    pub name: String,
    /// As shown.
    pub title: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub of: AttributeType,
    /// Whether a new CI must have a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "bool")]
    pub required: bool,
    /// What a new CI gets when nothing is said; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(as = "String")]
    pub default: String,
    /// Changed only through a release; a free one by whoever may edit the CI.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "bool")]
    pub managed: bool,
    /// What to enter.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(as = "String")]
    pub help: String,
}

/// What the values of an attribute are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// Words.
    Text,
    /// A figure.
    Number {
        /// Such as GB; empty for a bare figure.
        unit: String,
        /// Lowest, in that unit.
        #[ts(type = "string | null")]
        min: Option<Decimal>,
        /// Highest, in that unit.
        #[ts(type = "string | null")]
        max: Option<Decimal>,
    },
    /// A day.
    Date,
    /// One of these.
    Choice(Vec<String>),
    /// Another record.
    Reference(ReferenceTo),
    /// An IPv4 or IPv6 address, with or without the length of its network.
    IpAddress,
    /// A MAC address.
    MacAddress,
    /// Yes or no.
    YesNo,
}

/// What a reference may name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceTo {
    /// A CI of this class (by its key) or of one below it; of any class when empty.
    Ci(String),
    /// A person.
    Person,
}

impl Attribute {
    /// A free text of this name, as an open class takes it.
    #[must_use]
    pub fn text(name: &str, title: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            of: AttributeType::Text,
            required: false,
            default: String::new(),
            managed: false,
            help: String::new(),
        }
    }

    /// The field of a CI that holds it.
    #[must_use]
    pub fn field(&self) -> String {
        format!("attributes.{}", self.name)
    }

    /// The value in its one written form, or what is wrong with it; an empty text is *no value*.
    ///
    /// # Errors
    /// A storage fault.
    pub fn written(&self, of: &str, value: &str, records: &dyn Records) -> Result<Result<String, Finding>, Fault> {
        let value = value.trim();
        if value.is_empty() {
            return Ok(Ok(String::new()));
        }
        let wrong = |is: &str| Err(self.wrong(of, value, is, "WRONG_VALUE"));
        Ok(match &self.of {
            AttributeType::Text => text::prose(&self.field(), value),
            AttributeType::Number { unit, min, max } => match number(value, unit, *min, *max) {
                Some(text) => Ok(text),
                None => wrong(&self.of.words()),
            },
            AttributeType::Date => match chrono::NaiveDate::parse_from_str(value, "%Y-%m-%d") {
                // Years beyond four digits are slips of the finger.
                Ok(day) if value.len() <= 10 => Ok(day.format("%Y-%m-%d").to_string()),
                _ => wrong(&self.of.words()),
            },
            AttributeType::Choice(values) => match values.iter().find(|v| v.to_lowercase() == value.to_lowercase()) {
                Some(choice) => Ok(choice.clone()),
                None => wrong(&self.of.words()),
            },
            AttributeType::Reference(to) => match reference(to, value, records)? {
                Some(id) => Ok(id.to_string()),
                None => Err(self.wrong(of, value, &self.of.words(), "UNKNOWN_REFERENCE")),
            },
            AttributeType::IpAddress => match ip_address(value) {
                Some(text) => Ok(text),
                None => wrong(&self.of.words()),
            },
            AttributeType::MacAddress => match mac_address(value) {
                Some(text) => Ok(text),
                None => wrong(&self.of.words()),
            },
            AttributeType::YesNo => match value.to_lowercase().as_str() {
                "yes" | "y" | "true" | "1" | "on" => Ok("yes".to_owned()),
                "no" | "n" | "false" | "0" | "off" => Ok("no".to_owned()),
                _ => wrong(&self.of.words()),
            },
        })
    }

    /// Names the field, what is wrong and an example.
    fn wrong(&self, of: &str, value: &str, is: &str, code: &str) -> Finding {
        let shown: String = value.chars().take(80).collect();
        let example = self.of.example();
        let way_out = match (&self.of, self.help.is_empty()) {
            (AttributeType::Reference(_), _) => {
                format!("Choose a record that exists, such as {example}; sync, if it was made elsewhere.")
            }
            (_, true) => format!("Write it like {example}, or leave it empty."),
            (_, false) => format!("Write it like {example}, or leave it empty. {}", self.help),
        };
        Finding::new(code, format!("{} of {of} cannot be {shown:?}: it is {is}.", self.title), way_out)
            .with("field", self.field())
            .with("example", example)
    }

    /// What is wrong with the declaration itself; it is tidied on the way.
    ///
    /// # Errors
    /// A storage fault.
    pub(crate) fn judge(&mut self, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        text::tidy(&mut self.name, "name", text::filled_line, &mut findings);
        if self.title.trim().is_empty() {
            self.title.clone_from(&self.name);
        }
        text::tidy(&mut self.title, "title", text::line, &mut findings);
        text::tidy(&mut self.help, "help", text::line, &mut findings);
        let mut why = None;
        match &mut self.of {
            AttributeType::Number { unit, min, max } => {
                *unit = unit::written(unit);
                if let (Some(low), Some(high)) = (&min, &max)
                    && low > high
                {
                    why = Some(format!("its lowest value {low} is above its highest {high}"));
                }
            }
            AttributeType::Choice(values) => {
                for value in values.iter_mut() {
                    *value = value.trim().to_owned();
                }
                values.retain(|value| !value.is_empty());
                let distinct: std::collections::BTreeSet<String> = values.iter().map(|v| v.to_lowercase()).collect();
                if values.is_empty() || values.len() > CHOICES || distinct.len() != values.len() {
                    why = Some(format!("a choice has 1 to {CHOICES} values, each once"));
                }
            }
            AttributeType::Reference(ReferenceTo::Ci(key)) if !key.trim().is_empty() => {
                match class::named(key, records)? {
                    Some(class) => *key = class.key,
                    None => why = Some(format!("it refers to a class {key} that does not exist")),
                }
            }
            _ => {}
        }
        findings.extend(why.map(|why| self.impossible(&why)));
        if !self.default.trim().is_empty() && findings.is_empty() {
            match self.written("a new CI", &self.default.clone(), records)? {
                Ok(value) => self.default = value,
                Err(finding) => findings.push(finding.with("part", "default")),
            }
        }
        Ok(findings.into_iter().map(|finding| finding.with("attribute", &self.name)).collect())
    }

    fn impossible(&self, why: &str) -> Finding {
        Finding::new(
            "WRONG_ATTRIBUTE",
            format!("The attribute {} is not possible: {why}.", self.name),
            "Correct the attribute, then save the class again.",
        )
    }
}

impl AttributeType {
    /// What a value is, to end a sentence that begins with *it is*.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Number { unit, min, max } => {
                let mut text = "a number".to_owned();
                if !unit.is_empty() {
                    text += &format!(" in {unit}");
                }
                match (min, max) {
                    (Some(min), Some(max)) => text += &format!(" from {min} to {max}"),
                    (Some(min), None) => text += &format!(" of at least {min}"),
                    (None, Some(max)) => text += &format!(" of at most {max}"),
                    (None, None) => {}
                }
                text
            }
            Self::Date => "a day as year-month-day".to_owned(),
            Self::Choice(values) => format!("one of {}", values.join(", ")),
            Self::Reference(ReferenceTo::Person) => "a person".to_owned(),
            Self::Reference(ReferenceTo::Ci(class)) if class.is_empty() => "a CI".to_owned(),
            Self::Reference(ReferenceTo::Ci(class)) => format!("a CI of class {class}"),
            Self::IpAddress => "an IP address".to_owned(),
            Self::MacAddress => "a MAC address".to_owned(),
            Self::YesNo => "yes or no".to_owned(),
        }
    }

    /// A value of this type.
    #[must_use]
    pub fn example(&self) -> String {
        match self {
            Self::Text => "any words".to_owned(),
            Self::Number { unit, min, max } => {
                let one = min.or(*max).unwrap_or(Decimal::from(8_u32));
                if unit.is_empty() { one.to_string() } else { format!("{one} {unit}") }
            }
            Self::Date => "2026-11-26".to_owned(),
            Self::Choice(values) => values.first().cloned().unwrap_or_default(),
            Self::Reference(ReferenceTo::Person) => "a sign-in name".to_owned(),
            Self::Reference(ReferenceTo::Ci(_)) => "its number CI-000001".to_owned(),
            Self::IpAddress => "10.0.0.7, 10.0.0.7/24 or 2001:db8::7".to_owned(),
            Self::MacAddress => "00:1b:44:11:3a:b7".to_owned(),
            Self::YesNo => "yes".to_owned(),
        }
    }
}

/// `64GB` or `64` as `64 GB`; `None` for what is no number, out of range, or measures something else.
fn number(value: &str, unit: &str, min: Option<Decimal>, max: Option<Decimal>) -> Option<String> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    let (digits, given) = value.split_at_checked(end)?;
    let given = given.trim();
    let figure = Decimal::from_str(digits).ok()?;
    let figure = if given.is_empty() { figure } else { unit::convert(figure, given, unit)? }.normalize();
    if min.is_some_and(|min| figure < min) || max.is_some_and(|max| figure > max) {
        return None;
    }
    Some(if unit.is_empty() { figure.to_string() } else { format!("{figure} {unit}") })
}

fn ip_address(value: &str) -> Option<String> {
    let (address, prefix) = match value.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (value, None),
    };
    let address: IpAddr = address.trim().parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match prefix {
        Some(prefix) if prefix > most => None,
        Some(prefix) => Some(format!("{address}/{prefix}")),
        None => Some(address.to_string()),
    }
}

/// Six or eight bytes in any of the usual spellings.
fn mac_address(value: &str) -> Option<String> {
    let parts: Vec<&str> = value.split([':', '-', '.']).collect();
    let (width, count) = (parts.first()?.len(), parts.len());
    let is_spelt = parts.iter().all(|part| part.len() == width)
        && matches!((width, count), (2, 6 | 8) | (4, 3 | 4) | (12 | 16, 1));
    let hex: String = parts.concat().to_lowercase();
    if !is_spelt || !hex.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let digits: Vec<char> = hex.chars().collect();
    Some(digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(":"))
}

/// The record that a text names: by identity, number or name (a CI), by identity or sign-in name (a person).
fn reference(to: &ReferenceTo, value: &str, records: &dyn Records) -> Result<Option<Uuid>, Fault> {
    let id = value.parse::<Uuid>().ok();
    let wanted = match to {
        ReferenceTo::Person => {
            if let Some(id) = id {
                return Ok(records.get::<Person>(PersonId(id))?.map(|p| p.id.0));
            }
            return Ok(records.find(Lookup::User, &value.to_lowercase())?.first().copied());
        }
        ReferenceTo::Ci(class) => class,
    };
    let mut found = match id {
        Some(id) => vec![id],
        None => records.find(Lookup::Number, &value.to_uppercase())?,
    };
    if found.is_empty() {
        found = records.find(Lookup::CiByBareName, &value.to_lowercase())?;
    }
    let mut fitting = Vec::new();
    for id in found {
        if let Some(ci) = records.get::<Ci>(CiId(id))?
            && (wanted.is_empty() || class::is_below(&ci.class, wanted, records)?)
        {
            fitting.push(id);
        }
    }
    Ok(match fitting.as_slice() {
        // A name that several CIs share names none of them.
        [one] => Some(*one),
        _ => None,
    })
}
