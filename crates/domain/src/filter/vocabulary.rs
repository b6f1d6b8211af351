//! What filters of CIs may name besides the fields that every CI has: the attributes of all classes, by their types.

use crate::cmdb::attribute;
use crate::cmdb::class::CiClass;
use crate::filter::{AttributeType, Vocabulary};
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use std::collections::btree_map::Entry;

impl Vocabulary {
    /// The words of a kind. Where two classes call different things by the same name, it is compared as text.
    ///
    /// # Errors
    /// A storage fault.
    pub fn of(kind: Kind, records: &dyn Records) -> Result<Self, Fault> {
        let mut words = Self::default();
        if kind != Kind::Ci {
            return Ok(words);
        }
        for class in records.all::<CiClass>()? {
            for attribute in class.attributes {
                let of = compared(attribute.of);
                match words.attributes.entry(attribute.name) {
                    Entry::Vacant(place) => {
                        place.insert(of);
                    }
                    Entry::Occupied(mut place) if *place.get() != of => {
                        place.insert(AttributeType::Text);
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        Ok(words)
    }
}

/// As what filters compare it.
fn compared(of: attribute::AttributeType) -> AttributeType {
    match of {
        attribute::AttributeType::Number { unit, .. } => AttributeType::Number(unit),
        attribute::AttributeType::Date => AttributeType::Date,
        attribute::AttributeType::Choice(choices) => AttributeType::Choice(choices),
        attribute::AttributeType::YesNo => AttributeType::Choice(vec!["yes".to_owned(), "no".to_owned()]),
        attribute::AttributeType::Text
        | attribute::AttributeType::Reference(_)
        | attribute::AttributeType::IpAddress
        | attribute::AttributeType::MacAddress => AttributeType::Text,
    }
}
