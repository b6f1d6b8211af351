//! Whether a record is let through.

use crate::cmdb::ci::Ci;
use crate::cmdb::group::CiGroup;
use crate::cmdb::relation::Relation;
use crate::filter::field::Field;
use crate::filter::measure::measured;
use crate::filter::text::{fold, found};
use crate::filter::value::{Natural, Party, Wanted};
use crate::filter::{Filter, Link};
use crate::id::{CiId, GroupId, PersonId, SiteId};
use crate::lookup::Lookup;
use crate::people::{Group, Person, Site};
use crate::record::{Kind, Record};
use crate::records::{Memory, Records, RecordsExt};
use crate::refusal::Fault;
use crate::release::task_record::Assignee;
use crate::time::Timestamp;
use uuid::Uuid;

/// A value of a record, as filters compare it.
enum Datum {
    Text(String),
    /// In millionths.
    Figure(i64),
    Moment(i64),
    Party(Uuid),
    Site(SiteId),
    CiGroup(String),
    Flag(bool),
}

impl Filter {
    /// Whether the record is let through.
    ///
    /// # Errors
    /// A storage fault.
    pub fn matches(&self, record: &Record, records: &dyn Records) -> Result<bool, Fault> {
        match self {
            Self::All(parts) => {
                for part in parts {
                    if !part.matches(record, records)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.matches(record, records)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(part) => Ok(!part.matches(record, records)?),
            Self::Word(word) => Ok(found(record, word)),
            Self::Test { field, wanted } => test(record, field, wanted, records),
            Self::Related { link, to } => related(record.id().into(), *link, to.as_deref(), records),
        }
    }
}

fn test(record: &Record, field: &Field, wanted: &[Wanted], records: &dyn Records) -> Result<bool, Fault> {
    let data = read(record, field, records)?;
    for wanted in wanted {
        if *wanted == Wanted::Empty {
            if data.is_empty() {
                return Ok(true);
            }
            continue;
        }
        for datum in &data {
            if fits(datum, wanted, records)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn fits(datum: &Datum, wanted: &Wanted, records: &dyn Records) -> Result<bool, Fault> {
    Ok(match (datum, wanted) {
        (Datum::Text(text), Wanted::Begins(start)) => fold(text).starts_with(start.as_str()),
        (Datum::Text(text), Wanted::Is(whole)) => fold(text) == *whole,
        (Datum::Text(text), Wanted::OneOf(labels)) => labels.contains(&fold(text)),
        (Datum::Text(text), Wanted::Ordered(bounds)) => bounds.holds(&Natural(text.clone())),
        (Datum::Text(text), Wanted::Measure(bounds, unit)) => measured(text, unit).is_some_and(|m| bounds.holds(&m)),
        (Datum::Figure(figure), Wanted::Figure(bounds)) => bounds.holds(figure),
        (Datum::Moment(at), Wanted::Moment(bounds)) => bounds.holds(at),
        (Datum::Flag(is), Wanted::Flag(wanted)) => is == wanted,
        (Datum::Party(id) | Datum::Site(SiteId(id)), Wanted::Party(Party::Id(wanted))) => id == wanted,
        (Datum::Party(id), Wanted::Party(Party::Called(name))) => is_called(*id, name, records)?,
        (Datum::Site(id), Wanted::Called(name)) => {
            records.get::<Site>(*id)?.is_some_and(|site| fold(&site.name).starts_with(name.as_str()))
        }
        (Datum::Site(id), Wanted::CalledExactly(name)) => {
            records.get::<Site>(*id)?.is_some_and(|site| fold(&site.name) == *name)
        }
        (Datum::CiGroup(group), Wanted::Called(name)) => fold(group).starts_with(name.as_str()),
        (Datum::CiGroup(group), Wanted::CalledExactly(name)) => fold(group) == *name,
        _ => false,
    })
}

/// Whether a person or group of people has this sign-in name, or a name that begins so.
fn is_called(id: Uuid, name: &str, records: &dyn Records) -> Result<bool, Fault> {
    if let Some(person) = records.get::<Person>(PersonId(id))? {
        return Ok(fold(&person.user) == name || fold(&person.name).starts_with(name));
    }
    Ok(records.get::<Group>(GroupId(id))?.is_some_and(|group| fold(&group.name).starts_with(name)))
}

/// The texts that a record has in a field, for completion.
#[must_use]
pub fn texts(record: &Record, field: &Field) -> Vec<String> {
    let texts = |datum| if let Datum::Text(text) = datum { Some(text) } else { None };
    read(record, field, &Memory::default()).unwrap_or_default().into_iter().filter_map(texts).collect()
}

/// Whether a relation of the CI leads to a CI that is let through.
fn related(ci: CiId, link: Link, to: Option<&Filter>, records: &dyn Records) -> Result<bool, Fault> {
    let mut any = false;
    for (lookup, outgoing) in [(Lookup::RelationsFrom, true), (Lookup::RelationsTo, false)] {
        if link.outgoing.is_some_and(|wanted| wanted != outgoing) {
            continue;
        }
        for id in records.find(lookup, &ci.to_string())? {
            let Some(relation) = records.get::<Relation>(id.into())? else { continue };
            if link.by.is_some_and(|by| by != relation.relation_type) {
                continue;
            }
            let other = if outgoing { relation.target } else { relation.source };
            let Some(other) = records.read(Kind::Ci, other.0)? else { continue };
            any = true;
            if let Some(filter) = to
                && filter.matches(&other, records)?
            {
                return Ok(true);
            }
        }
    }
    Ok(to.is_none() && !any)
}

/// The values of a field; none when it is empty.
fn read(record: &Record, field: &Field, records: &dyn Records) -> Result<Vec<Datum>, Fault> {
    let mut out = Out(Vec::new());
    match field {
        Field::Number => match record {
            Record::Task(task) => out.figure(Some(task.ordinal)),
            _ => out.figure(record.number().and_then(crate::number::Number::position)),
        },
        Field::Label => out.text(record.label()),
        Field::Title => out.text(record.search_text().map(|(title, _)| title).unwrap_or_default()),
        _ => match record {
            Record::Release(r) => out.release(r, field),
            Record::Change(c) => out.change(c, field),
            Record::Ci(ci) => {
                if *field == Field::Group {
                    let groups = records.list::<CiGroup>(Lookup::GroupsOfCi, &ci.id.to_string())?;
                    out.0.extend(groups.into_iter().map(|group| Datum::CiGroup(group.name)));
                }
                out.ci(ci, field);
            }
            _ => out.other(record, field),
        },
    }
    Ok(out.0)
}

struct Out(Vec<Datum>);

impl Out {
    #[expect(clippy::needless_pass_by_value, reason = "labels are small, and texts come by reference")]
    fn text(&mut self, text: impl ToString) {
        let text = text.to_string();
        if !text.is_empty() {
            self.0.push(Datum::Text(text));
        }
    }

    fn label(&mut self, label: Option<impl ToString>) {
        self.0.extend(label.map(|label| Datum::Text(label.to_string())));
    }

    fn figure(&mut self, figure: Option<u32>) {
        self.0.extend(figure.map(|figure| Datum::Figure(i64::from(figure).saturating_mul(1_000_000))));
    }

    fn at(&mut self, at: Option<Timestamp>) {
        self.0.extend(at.filter(|at| at.0 != 0).map(|at| Datum::Moment(at.0)));
    }

    fn party(&mut self, id: Option<impl Into<Uuid>>) {
        self.0.extend(id.map(|id| Datum::Party(id.into())));
    }

    fn release(&mut self, r: &crate::release::record::Release, field: &Field) {
        match field {
            Field::Phase => self.text(r.phase),
            Field::State => self.text(r.status),
            Field::Type => self.label(r.release_type),
            Field::Class => self.text(r.class),
            Field::Packaging => self.text(r.packaging),
            Field::Risk => self.label(r.risk),
            Field::Priority => self.label(r.priority),
            Field::Impact => self.label(r.impact),
            Field::Urgency => self.label(r.urgency),
            Field::Owner => self.party(Some(r.manager)),
            Field::Coordinator => self.party(r.coordinator),
            Field::RequestedBy => self.party(Some(r.requested_by)),
            Field::At => self.at(r.scope.rollout_window.map(|w| w.start)),
            Field::Ends => self.at(r.scope.rollout_window.map(|w| w.end)),
            Field::Created => self.at(Some(r.created_at)),
            _ => {}
        }
    }

    fn change(&mut self, c: &crate::change::record::Change, field: &Field) {
        match field {
            Field::State => self.text(c.state),
            Field::Category => self.text(&c.category),
            Field::Type => self.text(c.kind),
            Field::Risk => self.label(c.risk),
            Field::Priority => self.label(c.priority),
            Field::Impact => self.label(c.impact),
            Field::Urgency => self.label(c.urgency),
            Field::Owner => self.party(c.coordinator),
            Field::RequestedBy => self.party(Some(c.requested_by)),
            Field::At => self.at(c.planned.map(|w| w.start)),
            Field::Ends => self.at(c.planned.map(|w| w.end)),
            Field::Created => self.at(Some(c.created_at)),
            Field::Foreign => self.label(c.foreign.as_ref().map(|f| &f.number)),
            _ => {}
        }
    }

    fn ci(&mut self, ci: &Ci, field: &Field) {
        match field {
            Field::Class => self.text(&ci.class),
            Field::State => self.text(ci.status),
            Field::Environment => self.text(ci.environment),
            Field::Criticality => self.text(ci.criticality),
            Field::Manufacturer => self.text(&ci.manufacturer),
            Field::Model => self.text(&ci.model),
            Field::Version => self.text(&ci.version),
            Field::Serial => self.text(&ci.serial_number),
            Field::Tag => self.text(&ci.asset_tag),
            Field::Site => self.0.extend(ci.location.site.map(Datum::Site)),
            Field::Building => self.text(&ci.location.building),
            Field::Room => self.text(&ci.location.room),
            Field::Rack => self.text(&ci.location.rack),
            Field::RackUnit => self.figure(ci.location.u),
            Field::Owner => self.party(ci.owner),
            Field::SupportGroup => self.party(ci.support_group),
            Field::Notes => self.text(&ci.notes),
            Field::Attribute(name) => {
                let plain = |name: &str| fold(name).replace(['_', '-'], " ");
                let wanted = plain(name);
                self.label(ci.attributes.iter().find(|(name, _)| plain(name) == wanted).map(|(_, value)| value));
            }
            _ => {}
        }
    }

    fn other(&mut self, record: &Record, field: &Field) {
        match (record, field) {
            (Record::Task(t), Field::State) => self.text(t.state),
            (Record::Task(t), Field::Phase) => self.text(t.phase),
            (Record::Task(t), Field::At) => self.at(t.planned_start),
            (Record::Task(t), Field::Minutes) => self.figure(Some(t.planned_minutes)),
            (Record::Task(t), Field::Mandatory) => self.0.push(Datum::Flag(t.mandatory)),
            (Record::Task(t), Field::Notes) => self.text(&t.notes),
            (Record::Task(t), Field::Owner) => match t.assignee {
                Some(Assignee::Person(id)) => self.party(Some(id)),
                Some(Assignee::Group(id)) => self.party(Some(id)),
                None => {}
            },
            (Record::Approval(a), Field::State) => self.text(a.state),
            (Record::Approval(a), Field::Owner) => self.party(Some(a.requested_by)),
            (Record::Approval(a), Field::At) => self.at(Some(a.due_at)),
            (Record::Approval(a), Field::Created) => self.at(Some(a.requested_at)),
            (Record::DslItem(i), Field::Version) => self.text(&i.version),
            (Record::DslItem(i), Field::Type) => self.text(i.kind),
            (Record::DslItem(i), Field::State) => self.text(i.state),
            (Record::DslItem(i), Field::Platform) => self.text(&i.platform),
            (Record::DslItem(i), Field::Vendor) => self.text(&i.vendor),
            (Record::DslItem(i), Field::Licence) => self.text(&i.licence),
            (Record::DslItem(i), Field::Owner) => self.party(Some(i.submitted_by)),
            (Record::DslItem(i), Field::At) => self.at(Some(i.submitted_at)),
            (Record::DhsUnit(u), Field::State) => self.text(u.state),
            (Record::DhsUnit(u), Field::Condition) => self.text(u.condition),
            (Record::DhsUnit(u), Field::Store) => self.text(&u.bin.store),
            (Record::DhsUnit(u), Field::Serial) => self.text(&u.serial_number),
            (Record::DhsUnit(u), Field::Tag) => self.text(&u.asset_tag),
            (Record::DhsUnit(u), Field::At) => self.at(u.facts.warranty_end),
            (Record::Stocktake(s), Field::State) => self.text(s.state),
            (Record::Stocktake(s), Field::Store) => self.text(&s.place.store),
            (Record::Stocktake(s), Field::Owner) => self.party(Some(s.by)),
            (Record::Stocktake(s), Field::At) => self.at(Some(s.at)),
            (Record::DhsStock(s), Field::Store) => self.text(&s.bin.store),
            (Record::DhsStock(s), Field::Site) => self.0.extend(s.bin.site.map(Datum::Site)),
            (Record::DhsModel(m), Field::Type) => self.text(m.facts.kind),
            (Record::DhsUnit(u), Field::Site) => self.0.extend(u.bin.site.map(Datum::Site)),
            (Record::DhsModel(m), Field::Manufacturer) => self.text(&m.manufacturer),
            (Record::DhsModel(m), Field::Part) => m.part_numbers.iter().for_each(|part| self.text(part)),
            (Record::DhsModel(m), Field::Height) => {
                self.0.push(Datum::Figure(i64::from(m.height_tenth_u).saturating_mul(100_000)));
            }
            (Record::Person(p), Field::User) => self.text(&p.user),
            (Record::Person(p), Field::Role) => p.roles.iter().for_each(|role| self.text(role)),
            (Record::Person(p), Field::State) => self.text(if p.active { "active" } else { "inactive" }),
            (Record::Group(g), Field::Owner) => self.party(g.lead),
            (Record::Group(g), Field::Member) => g.members.iter().for_each(|id| self.party(Some(*id))),
            (Record::Site(s), Field::Address) => self.text(&s.address),
            (Record::CiGroup(g), Field::Dynamic) => self.0.push(Datum::Flag(g.filter.is_some())),
            (Record::Baseline(b), Field::Owner) => self.party(Some(b.by)),
            (Record::Baseline(b), Field::At) => self.at(Some(b.at)),
            (Record::TestRecord(t), Field::Owner) => self.party(Some(t.by)),
            (Record::TestRecord(t), Field::At) => self.at(Some(t.at)),
            (Record::Freeze(f), Field::At) => self.at(Some(f.window.start)),
            (Record::Freeze(f), Field::Ends) => self.at(Some(f.window.end)),
            (Record::Observation(o), Field::State) => self.text(o.state),
            (Record::Observation(o), Field::Site) => self.0.extend(o.site.map(Datum::Site)),
            (Record::Observation(o), Field::Type) => self.text(&o.source),
            (Record::Observation(o), Field::At) => self.at(Some(o.seen_at)),
            (Record::Observation(o), Field::Owner) => self.party(Some(o.by)),
            (Record::Comment(c), Field::Owner) => self.party(Some(c.by)),
            (Record::Comment(c), Field::At) => self.at(Some(c.at)),
            _ => {}
        }
    }
}
