//! What a person types above a list, in one grammar for lists, groups, bulk edits and the command line:
//! `payroll phase:build owner:me -state:closed (warranty<+90d or warranty:empty) depends-on:(class:database)`.
//!
//! [`parse`] makes a typed tree of the text or says what is wrong where; [`Filter::matches`] judges a record by it. The
//! laptop's store turns the same tree into SQL. What both must agree on, word for word:
//!
//! - Text is compared folded: lower case, `_` stands for a blank. After `:` a value is the beginning of what is looked
//!   for, after `=` the whole of it.
//! - A comma separates alternatives, `a..b` is a range with both ends, `empty` is *no value*.
//! - A record without the value matches no comparison, and so matches its negation.
//! - Days begin at midnight UTC everywhere: the same filter must find the same on every machine.

pub mod evaluate;
pub mod field;
pub mod measure;
pub mod parse;
pub mod suggest;
pub mod text;
pub mod value;
pub mod vocabulary;

use crate::cmdb::relation::RelationType;
use crate::filter::field::Field;
use crate::filter::value::Wanted;
use crate::id::PersonId;
use crate::record::Kind;
use crate::refusal::Finding;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

pub use parse::parse;

/// Most characters of a filter.
pub const CHARS_MOST: usize = 2_000;
/// Most conditions and words of a filter.
pub const CONDITIONS_MOST: usize = 100;
/// Deepest nesting of parentheses and relations.
pub const DEPTH_MOST: usize = 12;

/// A filter, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of these; without any: everything.
    All(Vec<Filter>),
    /// At least one of these.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A word as search finds it: the beginning of a word in title, number or texts.
    Word(String),
    /// A field with one of these values.
    Test {
        /// Which.
        field: Field,
        /// Any of these.
        wanted: Vec<Wanted>,
    },
    /// A relation to a CI.
    Related {
        /// Which.
        link: Link,
        /// To a CI that this lets through; `None`: there is no such relation.
        to: Option<Box<Filter>>,
    },
}

impl Filter {
    /// Lets everything through.
    pub const EVERYTHING: Self = Self::All(Vec::new());

    /// Whether it lets everything through.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }
}

/// A relation as it is read from the CI in question; without a type any relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which; `None`: any.
    pub by: Option<RelationType>,
    /// Whether the CI in question is the source; `None`: either way.
    pub outgoing: Option<bool>,
}

/// What a class attribute holds, as far as filters compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// Any text; compared by its figures where it has some.
    Text,
    /// A figure, in this unit unless another one stands after it; empty for a bare figure.
    Number(String),
    /// A day as `2026-11-26`.
    Date,
    /// One of these.
    Choice(Vec<String>),
}

/// What a filter may name besides the fields that every record of the kind has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Class attributes by name.
    pub attributes: BTreeMap<String, AttributeType>,
}

/// Where, by whom and when a filter is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// What it is a filter of.
    pub kind: Kind,
    /// Who `me` is.
    pub me: Option<PersonId>,
    /// When `today` is.
    pub now: Timestamp,
    /// Class attributes.
    pub vocabulary: &'a Vocabulary,
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FilterError {
    /// First character that is wrong, counted from 0.
    pub at: u32,
    /// How many characters are.
    pub length: u32,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// What may have been meant.
    pub nearest: Option<String>,
    /// The text ends too early, as it does while it is being typed.
    pub unfinished: bool,
}

impl FilterError {
    /// The same as a reason of a refusal.
    #[must_use]
    pub fn finding(&self, text: &str) -> Finding {
        let way_out = match &self.nearest {
            Some(nearest) => format!("Did you mean {nearest}?"),
            None => "Correct the filter; words between quotes are only looked for.".to_owned(),
        };
        Finding::new("FILTER_WRONG", format!("{} (at character {})", self.sentence, self.at.saturating_add(1)), way_out)
            .with("filter", text)
            .with("at", self.at)
            .with("length", self.length)
    }
}
