//! Classes of CIs and relation types: reading and editing the tree.

use crate::App;
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::classes::{
    ClassListRequest, ClassRequest, ClassTree, ClassView, Inherited, PutClassRequest, PutRelationTypeRequest,
};
use crate::view::mutations::Done;
use slipway_domain::access;
use slipway_domain::cmdb::class::{self, CiClass};
use slipway_domain::cmdb::relation::RelationType;
use slipway_domain::cmdb::relation_kind::{self, Carries, RelationKind};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::CiClassId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use std::collections::BTreeMap;

/// Every class, with its CIs counted if that is asked for, and every relation type.
///
/// # Errors
/// Trouble.
pub fn list(app: &App, request: &ClassListRequest) -> Result<ClassTree, CallError> {
    app.read(|sight| {
        let all = sight.records.all::<CiClass>()?;
        let mut cis: BTreeMap<String, u32> = BTreeMap::new();
        if request.counts == Some(true) {
            for class in &all {
                let key = class.key.to_lowercase();
                let count = sight.beside.count_of_class(&key)?;
                cis.insert(key, u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
        let mut relation_types: Vec<RelationKind> = relation_kind::all(sight.records)?.into_values().collect();
        relation_types.sort_by(|a, b| a.name.cmp(&b.name));
        let person = sight.person()?;
        Ok(ClassTree {
            classes: tree(&all, &cis),
            relation_types,
            may_edit: access::denial("ci.class", &person).is_none(),
        })
    })
}

/// The classes from the roots down, by name within each.
fn tree(all: &[CiClass], cis: &BTreeMap<String, u32>) -> Vec<ClassView> {
    let ids: BTreeMap<CiClassId, &CiClass> = all.iter().map(|class| (class.id, class)).collect();
    let mut below: BTreeMap<Option<CiClassId>, Vec<&CiClass>> = BTreeMap::new();
    for class in all {
        // One whose parent is not here stands at the root, to be seen at all.
        below.entry(class.parent.filter(|parent| ids.contains_key(parent))).or_default().push(class);
    }
    for classes in below.values_mut() {
        classes.sort_by_key(|class| std::cmp::Reverse(class.name.to_lowercase()));
    }
    let mut views: Vec<ClassView> = Vec::with_capacity(all.len());
    let mut inherited: BTreeMap<CiClassId, Vec<Inherited>> = BTreeMap::new();
    let mut next: Vec<(&CiClass, u32)> = below.get(&None).into_iter().flatten().map(|class| (*class, 0)).collect();
    while let Some((class, depth)) = next.pop() {
        let parent = class.parent.and_then(|parent| ids.get(&parent));
        let mut from_above = class.parent.and_then(|parent| inherited.get(&parent)).cloned().unwrap_or_default();
        views.push(ClassView {
            key: class.key.clone(),
            name: class.name.clone(),
            parent: parent.map(|parent| parent.key.clone()),
            depth,
            icon: class.icon.clone(),
            description: class.description.clone(),
            open: class.open,
            attributes: class.attributes.clone(),
            inherited: from_above.clone(),
            cis: cis.get(&class.key.to_lowercase()).copied().unwrap_or_default(),
        });
        from_above
            .extend(class.attributes.iter().map(|a| Inherited { from: class.name.clone(), attribute: a.clone() }));
        inherited.insert(class.id, from_above);
        next.extend(below.get(&Some(class.id)).into_iter().flatten().map(|class| (*class, depth.saturating_add(1))));
    }
    views
}

/// Creates or replaces a class.
///
/// # Errors
/// A refusal, or trouble.
pub fn put(app: &App, request: &PutClassRequest) -> Result<Done, CallError> {
    let class = app.read(|sight| wanted(sight, request))?;
    let key = (Kind::CiClass, class.id.0);
    app.issue(Command::Cmdb(CmdbCommand::PutClasses(vec![class])), Some(key))
}

/// Removes a class that nothing uses.
///
/// # Errors
/// A refusal, or trouble.
pub fn remove(app: &App, request: &ClassRequest) -> Result<Done, CallError> {
    let class = app.read(|sight| named(sight, &request.class))?;
    app.issue(Command::Cmdb(CmdbCommand::RemoveClass(class.id)), Some((Kind::CiClass, class.id.0)))
}

/// The class that a request asks for.
pub(crate) fn wanted(sight: Sight<'_>, request: &PutClassRequest) -> Result<CiClass, CallError> {
    let existing = sight.records.get::<CiClass>(CiClass::id_of(&request.key))?;
    let parent = match request.parent.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Some(named(sight, text)?.id),
        None => None,
    };
    Ok(CiClass {
        id: CiClass::id_of(&request.key),
        // In the spelling that CIs already carry.
        key: existing.as_ref().map_or_else(|| request.key.trim().to_owned(), |class| class.key.clone()),
        name: request.name.clone(),
        parent,
        icon: request.icon.clone(),
        description: request.description.clone(),
        attributes: request.attributes.clone(),
        open: request.open.or(existing.map(|class| class.open)).unwrap_or(true),
    })
}

/// The class of that key or name.
///
/// # Errors
/// `UNKNOWN_CLASS`, or trouble.
pub(crate) fn named(sight: Sight<'_>, text: &str) -> Result<CiClass, CallError> {
    Ok(class::named(text, sight.records)?.ok_or_else(|| {
        Finding::new(
            "UNKNOWN_CLASS",
            format!("There is no class {text:?}."),
            "Look at the tree (Settings, Classes), or sync.",
        )
        .with("class", text)
    })?)
}

/// Creates or replaces a relation type.
///
/// # Errors
/// A refusal, or trouble.
pub fn put_relation_type(app: &App, request: &PutRelationTypeRequest) -> Result<Done, CallError> {
    let key: RelationType = request.key.parse().map_err(|_| {
        Finding::new(
            "WRONG_KEY",
            format!("{:?} cannot be the key of a relation type.", request.key),
            "Use 1 to 40 small letters, digits and _, such as backed_up_by.",
        )
        .with("field", "key")
    })?;
    let filled = |text: &str, or: &str| if text.trim().is_empty() { or.to_owned() } else { text.to_owned() };
    let kind = RelationKind {
        id: RelationKind::id_of(key),
        key,
        name: filled(&request.name, key.label()),
        inverse: request.inverse.clone(),
        symmetric: request.symmetric,
        sources: request.sources.clone(),
        targets: request.targets.clone(),
        one_source: request.one_source,
        one_target: request.one_target,
        may_cycle: request.may_cycle.unwrap_or(true),
        carries: request.carries.unwrap_or(Carries::Nothing),
        retired: request.retired,
    };
    let at = (Kind::RelationKind, kind.id.0);
    app.issue(Command::Cmdb(CmdbCommand::PutRelationKind(kind)), Some(at))
}
