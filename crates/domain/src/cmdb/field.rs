//! The fields of a CI by name: how commands, update plans and imports read and set them as text.
//!
//! An empty text is *no value*. What [`Ci::set_field`] takes, [`Ci::field`] gives back in its one written form, so
//! two texts are the same value exactly when they are equal.

use crate::cmdb::ci::Ci;
use crate::refusal::Finding;
use crate::text;
use std::str::FromStr;

/// Most class attributes of one CI.
pub const ATTRIBUTES: usize = 100;

/// Highest rack unit a location can name.
pub const RACK_UNITS: u32 = 100;

impl Ci {
    /// Every field that is set by name; a class attribute is named `attributes.NAME` besides.
    pub const FIELDS: &'static [&'static str] = &[
        "name",
        "class",
        "environment",
        "criticality",
        "manufacturer",
        "model",
        "version",
        "serial_number",
        "asset_tag",
        "location.site",
        "location.building",
        "location.room",
        "location.rack",
        "location.u",
        "location.height",
        "location.face",
        "owner",
        "support_group",
        "notes",
    ];

    /// The value of a field as text, empty for none; `None` when no field has this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        fn some(value: Option<impl ToString>) -> String {
            value.map(|v| v.to_string()).unwrap_or_default()
        }
        Some(match name {
            "name" => self.name.clone(),
            "class" => self.class.clone(),
            "environment" => self.environment.to_string(),
            "criticality" => self.criticality.to_string(),
            "manufacturer" => self.manufacturer.clone(),
            "model" => self.model.clone(),
            "version" => self.version.clone(),
            "serial_number" => self.serial_number.clone(),
            "asset_tag" => self.asset_tag.clone(),
            "location.site" => some(self.location.site),
            "location.building" => self.location.building.clone(),
            "location.room" => self.location.room.clone(),
            "location.rack" => self.location.rack.clone(),
            "location.u" => some(self.location.u),
            "location.height" => some(self.location.height),
            "location.face" => some(self.location.face),
            "owner" => some(self.owner),
            "support_group" => some(self.support_group),
            "notes" => self.notes.clone(),
            _ => {
                let attribute = attribute_name(name)?;
                self.attributes.get(attribute).cloned().unwrap_or_default()
            }
        })
    }

    /// Sets a field from text; the CI is unchanged after a finding.
    ///
    /// # Errors
    /// `UNKNOWN_FIELD`, `WRONG_VALUE`, or what [`text`] finds.
    pub fn set_field(&mut self, name: &str, value: &str) -> Result<(), Finding> {
        match name {
            "name" => self.name = text::filled_line(name, value)?,
            "class" => self.class = text::filled_line(name, value)?,
            "environment" => self.environment = level(name, value)?,
            "criticality" => self.criticality = level(name, value)?,
            "manufacturer" => self.manufacturer = text::line(name, value)?,
            "model" => self.model = text::line(name, value)?,
            "version" => self.version = text::line(name, value)?,
            "serial_number" => self.serial_number = text::line(name, value)?,
            "asset_tag" => self.asset_tag = text::line(name, value)?,
            "location.site" => self.location.site = id(name, value)?,
            "location.building" => self.location.building = text::line(name, value)?,
            "location.room" => self.location.room = text::line(name, value)?,
            "location.rack" => self.location.rack = text::line(name, value)?,
            "location.u" => self.location.u = rack_unit(name, value)?,
            "location.height" => self.location.height = rack_unit(name, value)?,
            "location.face" => {
                self.location.face = if value.trim().is_empty() { None } else { Some(level(name, value)?) };
            }
            "owner" => self.owner = id(name, value)?,
            "support_group" => self.support_group = id(name, value)?,
            "notes" => self.notes = text::prose(name, value)?,
            _ => self.set_attribute(name, value)?,
        }
        Ok(())
    }

    fn set_attribute(&mut self, name: &str, value: &str) -> Result<(), Finding> {
        let Some(attribute) = attribute_name(name) else {
            return Err(Finding::new(
                "UNKNOWN_FIELD",
                format!("A CI has no field {name}."),
                format!("Use one of {}, or attributes.NAME.", Self::FIELDS.join(", ")),
            )
            .with("field", name));
        };
        let value = text::prose(name, value)?;
        if value.is_empty() {
            self.attributes.remove(attribute);
            return Ok(());
        }
        if self.attributes.len() >= ATTRIBUTES && !self.attributes.contains_key(attribute) {
            return Err(Finding::new(
                "TOO_MANY_ATTRIBUTES",
                format!("{} already has {ATTRIBUTES} attributes.", self.name),
                "Remove an attribute first.",
            )
            .about(self.reference())
            .with("field", name));
        }
        self.attributes.insert(attribute.to_owned(), value);
        Ok(())
    }

    /// Puts every field through [`Ci::set_field`], for a CI that comes in whole: texts are trimmed, wrong ones found.
    pub fn tidy(&mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for name in Self::FIELDS {
            let value = self.field(name).unwrap_or_default();
            findings.extend(self.set_field(name, &value).err());
        }
        for (attribute, value) in std::mem::take(&mut self.attributes) {
            findings.extend(self.set_attribute(&format!("attributes.{attribute}"), &value).err());
        }
        findings
    }
}

/// `NAME` of `attributes.NAME`: in one line, not empty, not padded.
fn attribute_name(field: &str) -> Option<&str> {
    let name = field.strip_prefix("attributes.")?;
    let clean = text::filled_line("attribute", name).ok()?;
    (clean == name).then_some(name)
}

fn wrong(name: &str, value: &str, way_out: String) -> Finding {
    let shown: String = value.chars().take(80).collect();
    Finding::new("WRONG_VALUE", format!("{name} cannot be {shown:?}."), way_out).with("field", name)
}

fn level<T: FromStr<Err = crate::level::NotALevel>>(name: &str, value: &str) -> Result<T, Finding> {
    value.parse().map_err(|e: crate::level::NotALevel| wrong(name, value, format!("Use one of: {}.", e.accepted)))
}

fn id<T: FromStr>(name: &str, value: &str) -> Result<Option<T>, Finding> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    value.parse().map(Some).map_err(|_| wrong(name, value, "Choose a record from the list, or leave it empty.".into()))
}

fn rack_unit(name: &str, value: &str) -> Result<Option<u32>, Finding> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    match value.parse() {
        Ok(u) if (1..=RACK_UNITS).contains(&u) => Ok(Some(u)),
        _ => Err(wrong(name, value, format!("Use a rack unit from 1 to {RACK_UNITS}, or leave it empty."))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::id::CiId;
    use crate::number::{Number, Series};
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    fn a_ci() -> Ci {
        Ci::blank(CiId(Uuid::from_u128(1)), Number::new(Series::Ci, 1), "server", "web-01")
    }

    #[rstest]
    #[case("environment", "TEST", "test")]
    #[case("criticality", "High", "high")]
    #[case("version", " 1.2 ", "1.2")]
    #[case("location.u", "042", "42")]
    #[case("location.u", "", "")]
    #[case("owner", "00000000000000000000000000000007", "00000000-0000-0000-0000-000000000007")]
    #[case("attributes.CPU cores", "8", "8")]
    #[case("attributes.CPU cores", "", "")]
    fn a_field_reads_back_in_its_one_written_form(#[case] name: &str, #[case] value: &str, #[case] written: &str) {
        let mut ci = a_ci();
        ci.set_field(name, value).unwrap();
        assert_eq!(ci.field(name).as_deref(), Some(written));
    }

    #[rstest]
    #[case("name", "", "TEXT_MISSING")]
    #[case("class", " ", "TEXT_MISSING")]
    #[case("environment", "prod", "WRONG_VALUE")]
    #[case("environment", "", "WRONG_VALUE")]
    #[case("location.u", "0", "WRONG_VALUE")]
    #[case("location.u", "-1", "WRONG_VALUE")]
    #[case("location.site", "Berlin", "WRONG_VALUE")]
    #[case("status", "installed", "UNKNOWN_FIELD")]
    #[case("attributes.", "x", "UNKNOWN_FIELD")]
    #[case("attributes. padded", "x", "UNKNOWN_FIELD")]
    fn a_wrong_value_is_found_and_changes_nothing(#[case] name: &str, #[case] value: &str, #[case] code: &str) {
        let mut ci = a_ci();
        let finding = ci.set_field(name, value).unwrap_err();
        assert_eq!(finding.code, code);
        assert_eq!(finding.data.get("field").map(String::as_str), Some(name), "the finding names the field");
        assert_eq!(ci, a_ci());
    }

    #[test]
    fn the_number_of_attributes_is_limited() {
        let mut ci = a_ci();
        for n in 0..ATTRIBUTES {
            ci.set_field(&format!("attributes.a{n}"), "1").unwrap();
        }
        ci.set_field("attributes.a0", "2").unwrap();
        assert_eq!(ci.set_field("attributes.more", "1").unwrap_err().code, "TOO_MANY_ATTRIBUTES");
    }

    proptest! {
        #[test]
        fn what_a_field_gives_it_also_takes(index in 0..Ci::FIELDS.len(), value in ".{0,40}") {
            let mut ci = a_ci();
            let name = Ci::FIELDS[index];
            if ci.set_field(name, &value).is_ok() {
                let read = ci.field(name).unwrap();
                let before = ci.clone();
                prop_assert_eq!(ci.set_field(name, &read), Ok(()));
                prop_assert_eq!(ci, before, "the written form is stable");
            }
        }

        #[test]
        fn a_tidied_ci_is_tidy(name in "\\PC{1,20}", attribute in "\\PC{0,10}", value in "\\PC{0,10}") {
            let mut ci = a_ci();
            ci.name = name;
            ci.attributes.insert(attribute, value);
            ci.tidy();
            let before = ci.clone();
            if ci.tidy().is_empty() {
                prop_assert_eq!(ci, before);
            }
        }
    }
}
