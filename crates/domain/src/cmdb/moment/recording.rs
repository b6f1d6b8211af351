//! The one door at which steps of CIs are recorded: whatever a command writes or removes passes here.

use crate::attachment::Attachment;
use crate::cmdb::baseline::taken;
use crate::cmdb::ci::{Ci, FieldChange};
use crate::cmdb::duplicate;
use crate::cmdb::moment::{CiEvent, CiStep, PHOTO, RelationChange, append, field_changes};
use crate::cmdb::observation;
use crate::cmdb::relation::Relation;
use crate::command::{CmdbCommand, Command};
use crate::execute::Context;
use crate::id::{AttachmentId, CiId, RelationId};
use crate::lookup::Lookup;
use crate::record::{Kind, Record, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use crate::release::record::Release;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Records that remember how every CI and relation was before the command touched it.
pub(crate) struct Recording<'r> {
    below: &'r mut dyn Records,
    cis: BTreeMap<CiId, Option<Ci>>,
    relations: BTreeMap<RelationId, Option<Relation>>,
    photos: BTreeMap<AttachmentId, Option<Attachment>>,
}

impl<'r> Recording<'r> {
    pub(crate) fn over(below: &'r mut dyn Records) -> Self {
        Self { below, cis: BTreeMap::new(), relations: BTreeMap::new(), photos: BTreeMap::new() }
    }

    fn remember(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        match kind {
            Kind::Ci if !self.cis.contains_key(&CiId(id)) => {
                let before = self.below.get::<Ci>(CiId(id))?;
                self.cis.insert(CiId(id), before);
            }
            Kind::Relation if !self.relations.contains_key(&RelationId(id)) => {
                let before = self.below.get::<Relation>(RelationId(id))?;
                self.relations.insert(RelationId(id), before);
            }
            Kind::Attachment if !self.photos.contains_key(&AttachmentId(id)) => {
                let before = self.below.get::<Attachment>(AttachmentId(id))?;
                self.photos.insert(AttachmentId(id), before);
            }
            _ => {}
        }
        Ok(())
    }

    /// Appends a step to the history of every CI that the command changed.
    ///
    /// # Errors
    /// A storage fault.
    pub(crate) fn finish(self, command: &Command, context: &Context) -> Result<(), Fault> {
        let Self { below: records, cis, relations, photos } = self;
        if cis.is_empty() && relations.is_empty() && photos.is_empty() {
            return Ok(());
        }
        let baselines = taken(records)?;
        // A million rows that come in before the first baseline would only say that they came: the oldest known state
        // says as much.
        let beginnings = baselines > 0 || !is_import(command);
        let mut steps: BTreeMap<CiId, CiStep> = BTreeMap::new();
        let step = |ci: CiId| CiStep {
            id: CiStep::id_of(ci, 0),
            ci,
            at: context.now,
            by: context.actor,
            command: command.name().to_owned(),
            through: None,
            baselines,
            event: CiEvent::Changed,
            fields: Vec::new(),
            relations: Vec::new(),
            folded: 0,
        };
        for (id, before) in cis {
            let after = records.get::<Ci>(id)?;
            match &after {
                Some(ci) => duplicate::note(ci, before.as_ref(), context.now, records)?,
                None => duplicate::forget(id, records)?,
            }
            // What was just entered nobody has seen yet; what was just registered has come to terms with what was seen.
            if before.is_some() {
                observation::renew(id, after.as_ref(), records)?;
            }
            match (before, after) {
                (None, Some(_)) if beginnings => {
                    steps.entry(id).or_insert_with(|| step(id)).event = CiEvent::Created;
                }
                (Some(before), Some(after)) => {
                    let fields = field_changes(&before, &after);
                    if !fields.is_empty() {
                        steps.entry(id).or_insert_with(|| step(id)).fields = fields;
                    }
                }
                (Some(before), None) => {
                    steps.entry(id).or_insert_with(|| step(id)).event = CiEvent::Removed(Box::new(before));
                }
                (None, _) => {}
            }
        }
        for (id, before) in relations {
            let (relation, added) = match (before, records.get::<Relation>(id)?) {
                (None, Some(relation)) if beginnings => (relation, true),
                (Some(relation), None) => (relation, false),
                _ => continue,
            };
            for end in [relation.source, relation.target] {
                let change = RelationChange { relation: relation.clone(), added };
                steps.entry(end).or_insert_with(|| step(end)).relations.push(change);
            }
        }
        for (id, before) in photos {
            let after = records.get::<Attachment>(id)?;
            let (Some(ci), Some(change)) = (
                after.as_ref().or(before.as_ref()).and_then(|photo| photo.of.ci()),
                photo_change(id, before.as_ref(), after.as_ref()),
            ) else {
                continue;
            };
            // Who went before it took its history along.
            if records.get::<Ci>(ci)?.is_some() {
                steps.entry(ci).or_insert_with(|| step(ci)).fields.push(change);
            }
        }
        let through = through(command, records)?;
        for step in steps.into_values() {
            append(CiStep { through: through.clone(), ..step }, records)?;
        }
        Ok(())
    }
}

/// A photo that came, went or got another name; one that only moved with its CI did none of that. In the history it
/// stands as a field of its own, which no CI has: taking the step back leaves photos as they are.
fn photo_change(id: AttachmentId, before: Option<&Attachment>, after: Option<&Attachment>) -> Option<FieldChange> {
    let name = |photo: Option<&Attachment>| photo.map(|photo| photo.name().to_owned()).unwrap_or_default();
    let (from, to) = (name(before), name(after));
    (from != to).then(|| FieldChange { field: format!("{PHOTO}{id}"), from, to })
}

fn is_import(command: &Command) -> bool {
    matches!(command, Command::Cmdb(CmdbCommand::ImportCis(_) | CmdbCommand::ImportRelations(_)))
}

/// The release in whose name the command changes CIs.
fn through(command: &Command, records: &dyn Records) -> Result<Option<RecordRef>, Fault> {
    let Command::Release(id, _) = command else { return Ok(None) };
    let release = records.get::<Release>(*id)?;
    Ok(release.map(|release| RecordRef { kind: Kind::Release, id: id.0, label: release.number.to_string() }))
}

impl Records for Recording<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        self.below.read(kind, id)
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        self.below.find(lookup, key)
    }

    fn any(&self, lookup: Lookup, key: &str) -> Result<bool, Fault> {
        self.below.any(lookup, key)
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        self.remember(record.kind(), record.id())?;
        self.below.write(record)
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        self.remember(kind, id)?;
        self.below.remove(kind, id)
    }
}
