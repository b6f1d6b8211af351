//! What an item is made of: its software bill of materials, as components that are found across all items.
//!
//! The item says which document it was read from and how many parts it has; each part is a record of its own with some
//! components, so that an item of a hundred thousand of them is handed in by commands of a bounded size.

use crate::blob::Sha256;
use crate::dsl::item::DslItem;
use crate::execute::Effect;
use crate::id::{DslItemId, SbomPartId};
use crate::level::named;
use crate::lookup::Lookup;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;
use uuid::Uuid;

/// Most components of a part.
pub const PART_COMPONENTS: usize = 250;
/// Most parts of an item: taking them away is one command.
pub const PARTS: u32 = 480;
/// Most characters of a text of a component.
pub const TEXT_CHARS: usize = 500;
/// Most licences of a component.
pub const LICENCES: usize = 30;
/// Most hashes of a component.
pub const HASHES: usize = 4;
/// Words of a name by which it is found, from its end.
const WORDS: usize = 12;

named! {
    /// In which form a document is.
    SbomForm {
        /// By OWASP.
        CycloneDx = "CycloneDX",
        /// By the Linux Foundation.
        Spdx = "SPDX",
    }
}

/// Of which document the components of an item are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Sbom {
    /// Its form.
    pub form: SbomForm,
    /// The version of its form.
    pub spec_version: String,
    /// What the document was called.
    pub file_name: String,
    /// SHA-256 of the document.
    pub sha256: Sha256,
    /// What it says that it is of, such as `dropwizard-parent 1.3.15`.
    pub subject: String,
    /// How many components it names.
    pub components: u32,
    /// In how many parts they lie.
    pub parts: u32,
}

/// A component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SbomComponent {
    /// Its name.
    pub name: String,
    /// Whose it is: the group or namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(type = "string | undefined")]
    pub group: String,
    /// Its version; empty where it is not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(type = "string | undefined")]
    pub version: String,
    /// What it is, in the document's words: library, file, operating-system.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(type = "string | undefined")]
    pub kind: String,
    /// Package URL.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(type = "string | undefined")]
    pub purl: String,
    /// Who supplies it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(type = "string | undefined")]
    pub supplier: String,
    /// SPDX identifiers, expressions or names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(type = "Array<string> | undefined")]
    pub licences: Vec<String>,
    /// By method, such as `SHA-256`; lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(type = "Record<string, string> | undefined")]
    pub hashes: BTreeMap<String, String>,
}

/// Some components of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SbomPart {
    /// Identity; derived from the item and the part's position.
    pub id: SbomPartId,
    /// Of which item.
    pub item: DslItemId,
    /// Of which document.
    pub of: Sha256,
    /// Position, from 0.
    pub position: u32,
    /// The components.
    pub components: Vec<SbomComponent>,
}

impl SbomPart {
    /// The identity of an item's part.
    #[must_use]
    pub fn id_of(item: DslItemId, position: u32) -> SbomPartId {
        SbomPartId(Uuid::new_v5(&item.0, format!("sbom {position}").as_bytes()))
    }

    /// Under which keys its components are found.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<(Lookup, String)> {
        let mut keys = BTreeSet::new();
        for component in &self.components {
            keys.extend(names(&component.name).into_iter().map(|key| (Lookup::ComponentsByName, key)));
            keys.extend(package(&component.purl).map(|key| (Lookup::ComponentsByPackage, key)));
            let licences = component.licences.iter().flat_map(|said| licences(said));
            keys.extend(licences.map(|key| (Lookup::ComponentsByLicence, key)));
            keys.extend(component.hashes.values().map(|hash| (Lookup::ComponentsByHash, hash.clone())));
        }
        keys
    }
}

/// By which words a name is found: as a whole, and by its parts, of which a long path has more than anybody looks for.
#[must_use]
pub fn names(name: &str) -> BTreeSet<String> {
    let whole = name.trim().to_lowercase();
    let words = whole.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1);
    let mut found: BTreeSet<String> = words.rev().take(WORDS).map(str::to_owned).collect();
    found.insert(whole);
    found
}

/// Under which keys a licence is found: what is said as a whole, and each licence of an expression such as
/// `(MIT OR Apache-2.0)`.
#[must_use]
pub fn licences(said: &str) -> BTreeSet<String> {
    let whole = said.trim().to_lowercase();
    let mut found: BTreeSet<String> = BTreeSet::new();
    if [" or ", " and ", " with "].iter().any(|word| whole.contains(word)) {
        let words = whole.split([' ', '(', ')']).filter(|word| !matches!(*word, "" | "or" | "and" | "with"));
        found.extend(words.take(LICENCES).map(str::to_owned));
    }
    found.insert(whole);
    found
}

/// The package of a package URL: without version, qualifiers and what is below it; `None` if it is none.
#[must_use]
pub fn package(purl: &str) -> Option<String> {
    let purl = purl.trim();
    let scheme = purl.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("pkg:"))?;
    let rest = purl.strip_prefix(scheme)?.trim_start_matches('/');
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    // A namespace may begin with an encoded or bare @; a version stands behind the last one after the last slash.
    let name_at = rest.rfind('/').map_or(0, |at| at.saturating_add(1));
    let (before, name) = rest.split_at(name_at);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let package = format!("pkg:{before}{name}").to_lowercase();
    (!before.is_empty() && !name.is_empty()).then_some(package)
}

/// Begins to take a document's components in: those of an earlier one go.
///
/// # Errors
/// The refusal with everything that is wrong, or a storage fault.
pub(super) fn put(mut item: DslItem, sbom: &Sbom, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let mut wrong = |what: &str, way_out: &str| {
        findings.push(Finding::new(
            "WRONG_SBOM",
            format!("The SBOM of {} {} {what}.", item.name, item.version),
            way_out,
        ));
    };
    if sbom.parts > PARTS || sbom.parts == 0 {
        wrong(&format!("has {} parts; from 1 to {PARTS} are possible", sbom.parts), "Split the document.");
    }
    let most = u64::from(sbom.parts).saturating_mul(PART_COMPONENTS as u64);
    if u64::from(sbom.components) > most {
        wrong("has more components than its parts hold", "Read the document anew.");
    }
    for text in [&sbom.spec_version, &sbom.file_name, &sbom.subject] {
        if !is_text(text) {
            wrong("has a text that is too long or is no line", "Read the document anew.");
        }
    }
    none(findings)?;
    if item.sbom.as_ref() == Some(sbom) {
        return Ok(Effect::unchanged());
    }
    for position in 0..item.sbom.as_ref().map_or(0, |before| before.parts) {
        let part = SbomPart::id_of(item.id, position);
        if records.get::<SbomPart>(part)?.is_some() {
            records.remove(Kind::SbomPart, part.0)?;
        }
    }
    item.sbom = Some(sbom.clone());
    records.put(item)?;
    Ok(Effect::updated())
}

/// Takes some components of the document in.
///
/// # Errors
/// The refusal with everything that is wrong, or a storage fault.
pub(super) fn add(
    item: &DslItem,
    of: Sha256,
    position: u32,
    components: &[SbomComponent],
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let mut wrong = |code: &str, what: String, way_out: &str| {
        findings.push(Finding::new(code, what, way_out).about(item.reference()));
    };
    match &item.sbom {
        Some(sbom) if sbom.sha256 == of && position < sbom.parts => {}
        _ => wrong(
            "OTHER_SBOM",
            format!("{} {} has no SBOM with such a part: another one took its place.", item.name, item.version),
            "Read the document again if it is the right one.",
        ),
    }
    if components.is_empty() || components.len() > PART_COMPONENTS {
        wrong(
            "SBOM_PART_SIZE",
            format!("A part of {} components is not possible; it has from 1 to {PART_COMPONENTS}.", components.len()),
            "Read the document again.",
        );
    }
    if let Some(n) = components.iter().position(|component| !is_component(component)) {
        wrong(
            "WRONG_COMPONENT",
            format!("Component {n} of part {position} has no name, or a text that is too long or is no line."),
            "Mend the document, then read it again.",
        );
    }
    none(findings)?;
    let part = SbomPart {
        id: SbomPart::id_of(item.id, position),
        item: item.id,
        of,
        position,
        components: components.to_vec(),
    };
    if records.get::<SbomPart>(part.id)?.as_ref() == Some(&part) {
        return Ok(Effect::unchanged());
    }
    records.put(part)?;
    Ok(Effect::updated())
}

/// How many parts of the item's SBOM are not there yet.
///
/// # Errors
/// A storage fault.
pub fn missing_parts(item: &DslItem, records: &dyn Records) -> Result<u32, Fault> {
    let Some(sbom) = &item.sbom else { return Ok(0) };
    let mut missing = 0;
    for position in 0..sbom.parts {
        let part = records.get::<SbomPart>(SbomPart::id_of(item.id, position))?;
        missing += u32::from(part.is_none_or(|part| part.of != sbom.sha256));
    }
    Ok(missing)
}

fn is_text(text: &str) -> bool {
    text.chars().count() <= TEXT_CHARS && !text.chars().any(|c| c.is_control() || text::turns(c))
}

fn is_component(c: &SbomComponent) -> bool {
    let texts = [&c.name, &c.group, &c.version, &c.kind, &c.purl, &c.supplier];
    let lists = c.licences.iter().chain(c.hashes.keys()).chain(c.hashes.values());
    !c.name.trim().is_empty()
        && texts.into_iter().chain(lists).all(|text| is_text(text))
        && c.licences.len() <= LICENCES
        && c.hashes.len() <= HASHES
}

#[cfg(test)]
mod tests {
    use super::{licences, names, package};
    use rstest::rstest;

    #[rstest]
    #[case(
        "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
        Some("pkg:maven/org.apache.logging.log4j/log4j-core")
    )]
    #[case("pkg:npm/%40angular/core@12.0.0?x=y#z", Some("pkg:npm/%40angular/core"))]
    #[case("pkg:npm/@angular/core@12.0.0", Some("pkg:npm/@angular/core"))]
    #[case("PKG:deb/debian/curl@7.50.3-1?arch=i386", Some("pkg:deb/debian/curl"))]
    #[case("pkg:golang/github.com/a/b", Some("pkg:golang/github.com/a/b"))]
    #[case("pkg:npm/", None)]
    #[case("pkg:npm", None)]
    #[case("http://example.org", None)]
    #[case("é", None)]
    fn a_package_url_names_a_package(#[case] purl: &str, #[case] want: Option<&str>) {
        assert_eq!(package(purl).as_deref(), want);
    }

    #[test]
    fn a_name_is_found_as_a_whole_and_by_its_parts() {
        let found: Vec<String> = names("Log4J-core").into_iter().collect();
        assert_eq!(found, ["core", "log4j", "log4j-core"]);
        let path = format!("/{}last.so", "folder42/".repeat(50).replace("42", "x"));
        assert!(names(&path).contains("last") && names(&path).len() <= 13, "a path has no end of words");
    }

    #[rstest]
    #[case("MIT", &["mit"])]
    #[case("(MIT OR Apache-2.0)", &["(mit or apache-2.0)", "apache-2.0", "mit"])]
    #[case("GPL-2.0-only WITH Classpath-exception-2.0", &["classpath-exception-2.0", "gpl-2.0-only", "gpl-2.0-only with classpath-exception-2.0"])]
    #[case("Eclipse Public License", &["eclipse public license"])]
    fn a_licence_is_found_by_each_of_an_expression(#[case] said: &str, #[case] want: &[&str]) {
        assert_eq!(licences(said).into_iter().collect::<Vec<_>>(), want);
    }
}
