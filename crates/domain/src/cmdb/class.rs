//! Classes of CIs: a tree, each class with typed attributes that those below it inherit.
//!
//! A CI keeps the *key* of its class as text. The key never changes, so a class is renamed, moved and re-typed without
//! touching one CI, and what was stored before there were classes stays valid. Values that a change of the class leaves
//! behind are never rewritten: they are judged when somebody sets them again.

use crate::cmdb::attribute::{Attribute, AttributeType, ReferenceTo};
use crate::cmdb::field::ATTRIBUTES;
use crate::cmdb::relation_kind::RelationKind;
use crate::command::BULK_ROWS;
use crate::execute::{Effect, replace};
use crate::id::CiClassId;
use crate::lookup::Lookup;
use crate::record::{Kind, RecordRef};
use crate::records::overlay::Overlay;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use ts_rs::TS;
use uuid::Uuid;

/// Most classes of a workspace: each command that edits the tree looks at all of them.
pub const CLASSES: usize = 2_000;
/// Most steps from a class up to the root.
pub const DEPTH: usize = 12;

/// A class of CIs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiClass {
    /// Identity; derived from the key, see [`CiClass::id_of`], so that two laptops cannot make it twice.
    pub id: CiClassId,
    /// What CIs carry as their class; never changes.
    pub key: String,
    /// As shown.
    pub name: String,
    /// The class above; `None` at the root.
    pub parent: Option<CiClassId>,
    /// Name of the icon, such as `server`; empty for that of the class above.
    #[serde(default)]
    pub icon: String,
    /// What belongs to it.
    #[serde(default)]
    pub description: String,
    /// Its own attributes; those of the classes above come besides.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// Whether its CIs may carry more attributes than it declares, as texts.
    #[serde(default)]
    pub open: bool,
}

impl CiClass {
    /// The identity of the class of that key, in any case.
    #[must_use]
    pub fn id_of(key: &str) -> CiClassId {
        let name = format!("slipway.ci_class|{}", key.trim().to_lowercase());
        CiClassId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    /// A class that has a key and nothing else.
    #[must_use]
    pub fn new(key: &str, parent: Option<CiClassId>) -> Self {
        let key = key.trim().to_owned();
        Self {
            id: Self::id_of(&key),
            name: capitalised(&key),
            key,
            parent,
            icon: String::new(),
            description: String::new(),
            attributes: Vec::new(),
            open: true,
        }
    }
}

fn capitalised(key: &str) -> String {
    let mut chars = key.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A class with what it inherits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The class.
    pub class: CiClass,
    /// Keys from the class up to the root, lower case.
    pub keys: Vec<String>,
    /// Every attribute: those of the root first.
    pub attributes: Vec<Attribute>,
    /// Name of its icon.
    pub icon: String,
}

impl Lineage {
    /// The attribute of that name or title, in any case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        let name = name.to_lowercase();
        self.attributes
            .iter()
            .find(|a| a.name.to_lowercase() == name)
            .or_else(|| self.attributes.iter().find(|a| a.title.to_lowercase() == name))
    }
}

/// Classes looked up so far in one command: rows of an import name the same ones again and again.
#[derive(Default)]
pub struct Classes {
    known: BTreeMap<String, Option<Rc<Lineage>>>,
    exist: Option<bool>,
}

impl Classes {
    /// The class of that key, or of that name, with what it inherits.
    ///
    /// # Errors
    /// A storage fault.
    pub fn of(&mut self, key: &str, records: &dyn Records) -> Result<Option<Rc<Lineage>>, Fault> {
        let at = key.trim().to_lowercase();
        if let Some(known) = self.known.get(&at) {
            return Ok(known.clone());
        }
        let found = named(key, records)?.map(|class| lineage(class, records)).transpose()?.map(Rc::new);
        self.known.insert(at, found.clone());
        Ok(found)
    }

    /// Whether the workspace has classes at all. Without any, the class of a CI is a free text.
    ///
    /// # Errors
    /// A storage fault.
    pub fn exist(&mut self, records: &dyn Records) -> Result<bool, Fault> {
        if let Some(exist) = self.exist {
            return Ok(exist);
        }
        let exist = !records.find(Lookup::AllOf, Kind::CiClass.name())?.is_empty();
        self.exist = Some(exist);
        Ok(exist)
    }
}

/// The class of that key; or of that name, which may have changed since it was made.
///
/// # Errors
/// A storage fault.
pub fn named(text: &str, records: &dyn Records) -> Result<Option<CiClass>, Fault> {
    if let Some(class) = records.get::<CiClass>(CiClass::id_of(text))? {
        return Ok(Some(class));
    }
    let by_name = records.find(Lookup::Name, &crate::lookup::pair("ci_class", text))?;
    by_name.first().map_or(Ok(None), |id| records.get::<CiClass>(CiClassId(*id)))
}

/// The class with everything from above.
///
/// # Errors
/// A storage fault.
pub fn lineage(class: CiClass, records: &dyn Records) -> Result<Lineage, Fault> {
    let mut above = vec![class];
    while let Some(parent) = above.last().and_then(|class| class.parent) {
        // A tree has no loop; what a fault left behind must not hang either.
        let Some(parent) = records.get::<CiClass>(parent)?.filter(|_| above.len() <= DEPTH) else { break };
        above.push(parent);
    }
    let keys = above.iter().map(|class| class.key.to_lowercase()).collect();
    let icon = above.iter().map(|class| &class.icon).find(|icon| !icon.is_empty()).cloned().unwrap_or_default();
    let attributes = above.iter().rev().flat_map(|class| class.attributes.iter().cloned()).collect();
    let class = above.swap_remove(0);
    Ok(Lineage { class, keys, attributes, icon })
}

/// Whether a class is the other or lies below it; by key, in any case. A class that has no record is only itself.
///
/// # Errors
/// A storage fault.
pub fn is_below(key: &str, other: &str, records: &dyn Records) -> Result<bool, Fault> {
    let other = other.trim().to_lowercase();
    if key.trim().to_lowercase() == other {
        return Ok(true);
    }
    match records.get::<CiClass>(CiClass::id_of(key))? {
        Some(class) => Ok(lineage(class, records)?.keys.contains(&other)),
        None => Ok(false),
    }
}

/// The finding about a class that does not exist, with those that are written alike.
pub(crate) fn unknown(key: &str, records: &dyn Records) -> Result<Finding, Fault> {
    let wanted = key.trim().to_lowercase();
    let mut near: Vec<(f64, String)> = records
        .all::<CiClass>()?
        .into_iter()
        .map(|class| (strsim::jaro_winkler(&wanted, &class.key.to_lowercase()), class.key))
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let near: Vec<String> = near.into_iter().take(3).map(|(_, key)| key).collect();
    let way_out = if near.is_empty() {
        "Choose a class of the tree, or add this one (Settings, Classes) first.".to_owned()
    } else {
        format!("Did you mean {}? If it is new, add it to the tree (Settings, Classes) first.", near.join(" or "))
    };
    Ok(Finding::new("UNKNOWN_CLASS", format!("There is no class {:?}.", key.trim()), way_out)
        .with("field", "class")
        .with("class", key.trim()))
}

/// Creates or replaces classes, all of them or none.
pub(crate) fn put(classes: &[CiClass], records: &mut dyn Records) -> Result<Effect, Failure> {
    if classes.len() > BULK_ROWS {
        return Err(Finding::new(
            "TOO_MANY_ROWS",
            format!("{} classes came in one step; {BULK_ROWS} are possible.", classes.len()),
            "Split them into steps.",
        )
        .into());
    }
    let mut tree = Tree::of(records)?;
    let mut findings = Vec::new();
    let mut tidied = Vec::with_capacity(classes.len());
    for class in classes {
        let mut class = class.clone();
        findings.extend(tidy(&mut class));
        tree.0.insert(class.id, class.clone());
        tidied.push(class);
    }
    if tree.0.len() > CLASSES {
        findings.push(Finding::new(
            "TOO_MANY_CLASSES",
            format!("There would be {} classes; {CLASSES} are possible.", tree.0.len()),
            "Use attributes for what differs in details.",
        ));
    }
    for class in &tidied {
        findings.extend(tree.against(class));
    }
    none(findings)?;
    // An attribute may refer to a class of the same step.
    let mut beside = Overlay::over(&*records);
    for class in &tidied {
        beside.put(class.clone())?;
    }
    let mut findings = Vec::new();
    for class in &mut tidied {
        let about = RecordRef::of(&*class);
        for attribute in &mut class.attributes {
            findings.extend(attribute.judge(&beside)?.into_iter().map(|finding| finding.about(about.clone())));
        }
    }
    none(findings)?;
    let mut effect = Effect::default();
    for class in tidied {
        let id = class.id;
        let one = replace(class, id, records)?;
        effect.created += one.created;
        effect.updated += one.updated;
        effect.unchanged += one.unchanged;
    }
    Ok(effect)
}

fn tidy(class: &mut CiClass) -> Vec<Finding> {
    let mut findings = Vec::new();
    text::tidy(&mut class.key, "key", text::filled_line, &mut findings);
    if class.name.trim().is_empty() {
        class.name = capitalised(&class.key);
    }
    text::tidy(&mut class.name, "name", text::line, &mut findings);
    text::tidy(&mut class.icon, "icon", text::line, &mut findings);
    text::tidy(&mut class.description, "description", text::prose, &mut findings);
    class.id = CiClass::id_of(&class.key);
    findings
}

/// Every class, as it would be.
struct Tree(BTreeMap<CiClassId, CiClass>);

impl Tree {
    fn of(records: &dyn Records) -> Result<Self, Fault> {
        Ok(Self(records.all::<CiClass>()?.into_iter().map(|class| (class.id, class)).collect()))
    }

    /// What speaks against a class of the tree.
    fn against(&self, class: &CiClass) -> Vec<Finding> {
        let about = RecordRef::of(class);
        let mut findings = Vec::new();
        let name = class.name.to_lowercase();
        let same = |other: &&CiClass| {
            other.id != class.id && (other.name.to_lowercase() == name || other.key.to_lowercase() == name)
        };
        if let Some(other) = self.0.values().find(same) {
            findings.push(
                Finding::new(
                    "NAME_TAKEN",
                    format!("There is already a class {} ({}).", other.name, other.key),
                    "Choose another name, or use that class.",
                )
                .with("field", "name"),
            );
        }
        match self.above(class) {
            Ok(_) => findings.extend(self.below(class).into_iter().flat_map(|below| self.doubled(below))),
            Err(finding) => findings.push(finding),
        }
        findings.into_iter().map(|finding| finding.about(about.clone())).collect()
    }

    /// From the class up to the root.
    fn above<'a>(&'a self, class: &'a CiClass) -> Result<Vec<&'a CiClass>, Finding> {
        let mut path = vec![class];
        let mut at = class;
        while let Some(parent) = at.parent {
            let Some(next) = self.0.get(&parent) else {
                let sentence = format!("The class above {} does not exist here.", at.name);
                return Err(Finding::new("UNKNOWN_CLASS", sentence, "Choose a class of the tree, or sync.")
                    .with("field", "parent"));
            };
            path.push(next);
            if next.id == class.id {
                let way: Vec<&str> = path.iter().map(|class| class.name.as_str()).collect();
                return Err(Finding::new(
                    "CLASS_LOOP",
                    format!("{} would lie below itself: {}.", class.name, way.join(" below ")),
                    "Choose a class above it that does not lie below it.",
                )
                .with("field", "parent"));
            }
            if path.len() > DEPTH {
                return Err(Finding::new(
                    "CLASS_DEPTH",
                    format!("{} would lie more than {DEPTH} steps deep.", class.name),
                    "Keep the tree flatter.",
                )
                .with("field", "parent"));
            }
            at = next;
        }
        Ok(path)
    }

    /// The class and those below it; looked for from below, because classes know only what is above them.
    fn below<'a>(&'a self, class: &CiClass) -> Vec<&'a CiClass> {
        let lies_below =
            |other: &&CiClass| self.above(other).is_ok_and(|path| path.iter().any(|above| above.id == class.id));
        self.0.values().filter(lies_below).collect()
    }

    /// Attributes that a class has twice, of its own or through inheritance; or too many of them.
    fn doubled(&self, class: &CiClass) -> Vec<Finding> {
        let Ok(path) = self.above(class) else { return Vec::new() };
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut findings = Vec::new();
        for one in path.iter().rev() {
            for attribute in &one.attributes {
                let words: BTreeSet<String> = [attribute.name.to_lowercase(), attribute.title.to_lowercase()].into();
                if let Some(holder) = words.iter().find_map(|word| seen.get(word)) {
                    findings.push(
                        Finding::new(
                            "ATTRIBUTE_TWICE",
                            format!("{} would have {} twice: {holder} has it already.", class.name, attribute.title),
                            "Give the attribute another name, or remove one of the two.",
                        )
                        .with("attribute", &attribute.name),
                    );
                }
                seen.extend(words.into_iter().map(|word| (word, one.name.as_str())));
            }
        }
        let count: usize = path.iter().map(|class| class.attributes.len()).sum();
        if count > ATTRIBUTES {
            findings.push(Finding::new(
                "TOO_MANY_ATTRIBUTES",
                format!("{} would have {count} attributes; {ATTRIBUTES} are possible.", class.name),
                "Remove some, here or above.",
            ));
        }
        findings
    }
}

/// Removes a class that nothing uses; one that is gone already is as wanted.
pub(crate) fn remove(id: CiClassId, records: &mut dyn Records) -> Result<Effect, Failure> {
    let Some(class) = records.get::<CiClass>(id)? else { return Ok(Effect::unchanged()) };
    none(uses(&class, records)?)?;
    records.remove(Kind::CiClass, id.into())?;
    Ok(Effect::updated())
}

/// What uses a class: CIs, classes below it, attributes and relation types that name it.
///
/// # Errors
/// A storage fault.
pub fn uses(class: &CiClass, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    let about = RecordRef::of(class);
    let key = class.key.to_lowercase();
    if records.any(Lookup::CiByClass, &key)? {
        findings.push(
            Finding::new(
                "CLASS_IN_USE",
                format!("There are CIs of class {}.", class.name),
                "Give them another class first.",
            )
            .about(about),
        );
    }
    for other in records.all::<CiClass>()? {
        if other.parent == Some(class.id) {
            findings.push(
                Finding::new(
                    "CLASS_IN_USE",
                    format!("{} lies below {}.", other.name, class.name),
                    "Move it below another class first.",
                )
                .about(RecordRef::of(&other)),
            );
        }
        let refers =
            |a: &Attribute| matches!(&a.of, AttributeType::Reference(ReferenceTo::Ci(to)) if to.to_lowercase() == key);
        if let Some(attribute) = other.attributes.iter().find(|a| refers(a)).filter(|_| other.id != class.id) {
            findings.push(
                Finding::new(
                    "CLASS_IN_USE",
                    format!("The attribute {} of {} refers to {}.", attribute.title, other.name, class.name),
                    "Let it refer to another class first.",
                )
                .about(RecordRef::of(&other)),
            );
        }
    }
    for kind in records.all::<RelationKind>()? {
        if kind.sources.contains(&key) || kind.targets.contains(&key) {
            findings.push(
                Finding::new(
                    "CLASS_IN_USE",
                    format!("The relation type {:?} names {}.", kind.name, class.name),
                    "Take it out of that relation type first.",
                )
                .about(RecordRef::of(&kind)),
            );
        }
    }
    Ok(findings)
}
