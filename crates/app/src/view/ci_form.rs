//! A CI's class as a form: which attributes it has, what they are now, and what does not fit; and its history.

use crate::view::common::Named;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::attribute::Attribute;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// For which class, and of which CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CiFormRequest {
    /// Key or name.
    pub class: String,
    /// The CI that would come to that class; a new one when left out.
    #[serde(default)]
    pub ci: Option<String>,
}

/// A class as a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiForm {
    /// What the CI carries.
    pub class: String,
    /// As shown.
    pub name: String,
    /// Name of its icon.
    pub icon: String,
    /// Whether the class has a record; without one its attributes are free texts.
    pub known: bool,
    /// Its attributes, the root's first; then what the CI carries besides.
    pub attributes: Vec<AttributeField>,
}

/// An attribute with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttributeField {
    /// The attribute.
    pub attribute: Attribute,
    /// Whether the class declares it.
    pub declared: bool,
    /// The field that holds it.
    pub field: String,
    /// As stored; for a new CI the default.
    pub value: String,
    /// As shown: a reference by the name of its record.
    pub shown: String,
    /// What its values are, to end a sentence that begins with *it is*.
    pub words: String,
    /// A value of it.
    pub example: String,
    /// What is wrong with the value; empty for nothing.
    pub wrong: String,
}

/// The history of a CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiHistoryView {
    /// Newest first.
    pub lines: Vec<CiHistoryLine>,
    /// How many entries there are.
    pub total: u32,
}

/// One step of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiHistoryLine {
    /// When, by the clock of the device that did it.
    pub at: Timestamp,
    /// Who.
    pub by: Named,
    /// What was done, in words.
    pub what: String,
    /// The release that caused it.
    pub cause: Option<Named>,
    /// Field by field.
    pub fields: Vec<HistoryField>,
    /// Relations that came or went, in words.
    pub relations: Vec<String>,
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HistoryField {
    /// Which, by name.
    pub field: String,
    /// Which, as shown.
    pub title: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
}
