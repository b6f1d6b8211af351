//! Adding and removing relations: no self relation, no dangling end, no duplicate, and *contains* stays a tree.

use crate::cmdb::ci::Ci;
use crate::cmdb::relation::{Relation, RelationType};
use crate::cmdb::unknown_ci;
use crate::execute::Effect;
use crate::id::{CiId, RelationId};
use crate::lookup::Lookup;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};

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
    if records.get::<Ci>(ci)?.is_some() {
        return Ok(None);
    }
    Ok(Some(
        Finding::new(
            "UNKNOWN_CI",
            format!("There is no CI {ci} here."),
            "Sync, or hold the site where it stands (Settings, This laptop): it may have been created elsewhere. If it is new, create it first.",
        )
        .about(unknown_ci(ci)),
    ))
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
    if relation.relation_type != RelationType::Contains {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    if let Some(parent) = container(relation.target, records)?
        && parent != relation.source
    {
        findings.push(
            Finding::new(
                "ALREADY_CONTAINED",
                format!("{} is already part of {}.", name(relation.target)?, name(parent)?),
                "Remove it from there first.",
            )
            .about(unknown_ci(parent)),
        );
    }
    // Up from the new container: meeting the new part there would close a loop. The walk ends because what is
    // stored is a tree.
    let mut above = container(relation.source, records)?;
    while let Some(ci) = above {
        if ci == relation.target {
            findings.push(
                Finding::new(
                    "CONTAINS_LOOP",
                    format!("{} already contains {}.", name(relation.target)?, name(relation.source)?),
                    "A CI cannot be part of its own part; remove one of the relations on the way.",
                )
                .about(unknown_ci(relation.target)),
            );
            break;
        }
        above = container(ci, records)?;
    }
    Ok(findings)
}

/// The CI that contains this one; a tree has at most one.
fn container(ci: CiId, records: &dyn Records) -> Result<Option<CiId>, Fault> {
    let above = records.list::<Relation>(Lookup::RelationsTo, &ci.to_string())?;
    Ok(above.into_iter().find(|r| r.relation_type == RelationType::Contains).map(|r| r.source))
}
