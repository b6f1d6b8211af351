//! Adding and removing relations: no self relation, no dangling end, no duplicate, and what the relation's type says
//! about classes, number and loops.

use crate::cmdb::ci::Ci;
use crate::cmdb::class;
use crate::cmdb::relation::{Relation, RelationType};
use crate::cmdb::relation_kind::{self, RelationKind};
use crate::cmdb::unknown_ci;
use crate::execute::Effect;
use crate::id::{CiId, RelationId};
use crate::lookup::Lookup;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// CIs that a search for a loop looks at before it gives up; more lie on no path that a person could follow.
const LOOKED_AT: usize = 50_000;
/// CIs that a finding names of a loop.
const NAMED: usize = 12;

/// Adds a relation; one that is there already, made by somebody else meanwhile, is left as it is.
pub(crate) fn relate(
    source: CiId,
    relation_type: RelationType,
    target: CiId,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let relation = Relation::new(source, relation_type, target);
    if records.get::<Relation>(relation.id)?.is_some() {
        return Ok(Effect::unchanged());
    }
    none(findings(&relation, records)?)?;
    records.put(relation)?;
    Ok(Effect::created())
}

/// Removes a relation; one that is gone already is as wanted.
pub(crate) fn unrelate(id: RelationId, records: &mut dyn Records) -> Result<Effect, Failure> {
    if records.get::<Relation>(id)?.is_none() {
        return Ok(Effect::unchanged());
    }
    records.remove(Kind::Relation, id.into())?;
    Ok(Effect::updated())
}

/// Everything that speaks against adding the relation. Install asks the same for the CI update plan.
///
/// # Errors
/// A storage fault.
pub fn findings(relation: &Relation, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = absent(relation.source, records)?.into_iter().collect::<Vec<_>>();
    if relation.source != relation.target {
        findings.extend(absent(relation.target, records)?);
    }
    if findings.is_empty() {
        findings.extend(shape(relation, records)?);
    }
    Ok(findings)
}

/// The finding that this CI does not exist here, if it does not.
pub(crate) fn absent(ci: CiId, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    Ok(records.get::<Ci>(ci)?.is_none().then(|| unknown(ci)))
}

/// The finding that this CI does not exist here.
pub(crate) fn unknown(ci: CiId) -> Finding {
    Finding::new(
        "UNKNOWN_CI",
        format!("There is no CI {ci} here."),
        "Sync, or hold the site where it stands (Settings, This laptop): it may have been created elsewhere. If it is new, create it first.",
    )
    .about(unknown_ci(ci))
}

/// What speaks against the relation when both its ends exist.
pub(crate) fn shape(relation: &Relation, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let name =
        |id: CiId| -> Result<String, Fault> { Ok(records.get::<Ci>(id)?.map_or_else(|| id.to_string(), |ci| ci.name)) };
    if relation.source == relation.target {
        return Ok(vec![
            Finding::new(
                "SELF_RELATION",
                format!("{} cannot have a relation to itself.", name(relation.source)?),
                "Choose another CI at one end.",
            )
            .about(unknown_ci(relation.source)),
        ]);
    }
    let key = relation.relation_type;
    let Some(kind) = relation_kind::of(key, records)? else { return Ok(vec![unknown_kind(key, records)?]) };
    let mut findings = Vec::new();
    if kind.retired {
        findings.push(
            Finding::new(
                "RELATION_TYPE_RETIRED",
                format!("The relation type {:?} is retired.", kind.name),
                "Use another type (Settings, Relation types).",
            )
            .with("type", key.key()),
        );
    }
    findings.extend(wrong_end(relation.source, &kind.sources, &kind.name, "begins", records)?);
    findings.extend(wrong_end(relation.target, &kind.targets, &kind.name, "ends", records)?);
    findings.extend(too_many(relation, &kind, records)?);
    if kind.symmetric && records.get::<Relation>(Relation::id_of(relation.target, key, relation.source))?.is_some() {
        findings.push(
            Finding::new(
                "RELATION_EXISTS",
                format!("{} already {} {}.", name(relation.target)?, kind.name, name(relation.source)?),
                "It holds both ways; there is nothing to add.",
            )
            .about(unknown_ci(relation.target)),
        );
    }
    if !kind.may_cycle
        && let Some(path) = path(relation.target, relation.source, &kind, records)?
    {
        let mut words = Vec::new();
        for ci in path.iter().take(NAMED) {
            words.push(name(*ci)?);
        }
        let more = if path.len() > NAMED { " …" } else { "" };
        let way = words.join(&format!(" {} ", kind.name));
        let contains = key == RelationType::Contains;
        findings.push(
            Finding::new(
                if contains { "CONTAINS_LOOP" } else { "RELATION_LOOP" },
                format!(
                    "{way}{more}: with {} {} {} that would be a loop.",
                    name(relation.source)?,
                    kind.name,
                    name(relation.target)?
                ),
                if contains {
                    "A CI cannot be part of its own part; remove one of the relations on the way."
                } else {
                    "Relations of this type lead nowhere back; remove one of those on the way."
                },
            )
            .about(unknown_ci(relation.target))
            .with("path", path.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(" ")),
        );
    }
    Ok(findings)
}

fn unknown_kind(key: RelationType, records: &dyn Records) -> Result<Finding, Fault> {
    let kinds = relation_kind::all(records)?;
    let names: Vec<&str> = kinds.values().filter(|kind| !kind.retired).map(|kind| kind.name.as_str()).collect();
    Ok(Finding::new(
        "UNKNOWN_RELATION_TYPE",
        format!("There is no relation type {:?}.", key.label()),
        format!("Use one of {}; or add this one first (Settings, Relation types).", names.join(", ")),
    )
    .with("type", key.key()))
}

/// The finding about an end of a class that the type does not allow there.
fn wrong_end(
    end: CiId,
    allowed: &BTreeSet<String>,
    type_name: &str,
    word: &str,
    records: &dyn Records,
) -> Result<Option<Finding>, Fault> {
    let Some(ci) = records.get::<Ci>(end)?.filter(|_| !allowed.is_empty()) else { return Ok(None) };
    for key in allowed {
        if class::is_below(&ci.class, key, records)? {
            return Ok(None);
        }
    }
    let classes: Vec<&str> = allowed.iter().map(String::as_str).collect();
    Ok(Some(
        Finding::new(
            "RELATION_CLASS",
            format!("{} is a {}; {type_name:?} {word} at a {} only.", ci.name, ci.class, classes.join(" or ")),
            "Choose another CI or another type.",
        )
        .about(ci.reference()),
    ))
}

/// What a type that allows one relation at an end has against another.
fn too_many(relation: &Relation, kind: &RelationKind, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let name =
        |id: CiId| -> Result<String, Fault> { Ok(records.get::<Ci>(id)?.map_or_else(|| id.to_string(), |ci| ci.name)) };
    let mut findings = Vec::new();
    if kind.one_source
        && let Some(other) = others(relation.target, kind, Lookup::RelationsTo, records)?.first()
        && *other != relation.source
    {
        let (code, sentence) = if kind.key == RelationType::Contains {
            ("ALREADY_CONTAINED", format!("{} is already part of {}.", name(relation.target)?, name(*other)?))
        } else {
            let sentence = format!("{} already {} {}.", name(relation.target)?, kind.inverse, name(*other)?);
            ("ALREADY_RELATED", sentence)
        };
        findings.push(Finding::new(code, sentence, "Remove it from there first.").about(unknown_ci(*other)));
    }
    if kind.one_target
        && let Some(other) = others(relation.source, kind, Lookup::RelationsFrom, records)?.first()
        && *other != relation.target
    {
        let sentence = format!("{} already {} {}.", name(relation.source)?, kind.name, name(*other)?);
        findings
            .push(Finding::new("ALREADY_RELATED", sentence, "Remove that relation first.").about(unknown_ci(*other)));
    }
    Ok(findings)
}

/// The other ends of the relations of a type at a CI.
fn others(ci: CiId, kind: &RelationKind, lookup: Lookup, records: &dyn Records) -> Result<Vec<CiId>, Fault> {
    let relations = records.list::<Relation>(lookup, &ci.to_string())?.into_iter();
    let end = |r: Relation| if lookup == Lookup::RelationsTo { r.source } else { r.target };
    Ok(relations.filter(|r| r.relation_type == kind.key).map(end).collect())
}

/// The shortest way from one CI to another along relations of the type. Where a target has one source only the way is
/// looked for from its end, upwards, which meets no branches.
fn path(from: CiId, to: CiId, kind: &RelationKind, records: &dyn Records) -> Result<Option<Vec<CiId>>, Fault> {
    let (start, goal, lookup) =
        if kind.one_source { (to, from, Lookup::RelationsTo) } else { (from, to, Lookup::RelationsFrom) };
    let mut came: BTreeMap<CiId, Option<CiId>> = BTreeMap::from([(start, None)]);
    let mut edge = VecDeque::from([start]);
    while let Some(at) = edge.pop_front() {
        if at == goal {
            let mut way = vec![at];
            while let Some(Some(before)) = way.last().and_then(|ci| came.get(ci)) {
                way.push(*before);
            }
            if !kind.one_source {
                way.reverse();
            }
            return Ok(Some(way));
        }
        if came.len() >= LOOKED_AT {
            break;
        }
        for next in others(at, kind, lookup, records)? {
            came.entry(next).or_insert_with(|| {
                edge.push_back(next);
                Some(at)
            });
        }
    }
    Ok(None)
}
