//! A record as one row of a list: its columns by name.

use crate::bulk::words;
use crate::pills;
use crate::sight::{Sight, path};
use crate::view::common::{Cell, ListRow};
use slipway_domain::cmdb::ci::{Ci, Location};
use slipway_domain::cmdb::class;
use slipway_domain::cmdb::observation::{Difference, Observation};
use slipway_domain::dhs::record::Bin;
use slipway_domain::id::PersonId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::task_record::Assignee;
use slipway_domain::time::{Timestamp, Window};
use std::collections::BTreeMap;

/// The row of a record.
///
/// # Errors
/// A storage fault.
pub fn row(sight: Sight<'_>, record: &Record) -> Result<ListRow, Fault> {
    let pill = pills::of(record);
    let mut cells = Cells { sight, cells: BTreeMap::new() };
    let title = fill(&mut cells, record)?;
    Ok(ListRow {
        id: record.id().to_string(),
        kind: record.kind(),
        label: record.label(),
        title,
        state: pill.label,
        hue: pill.hue,
        cells: cells.cells,
        sync: sight.mark(record)?,
        path: path(record).unwrap_or_default(),
    })
}

/// The rows of records by id, those that are not here left out.
///
/// # Errors
/// A storage fault.
pub fn rows<I: Into<uuid::Uuid>>(
    sight: Sight<'_>,
    kind: Kind,
    ids: impl IntoIterator<Item = I>,
) -> Result<Vec<ListRow>, Fault> {
    let mut rows = Vec::new();
    for id in ids {
        if let Some(record) = sight.records.read(kind, id.into())? {
            rows.push(row(sight, &record)?);
        }
    }
    Ok(rows)
}

/// Fills the columns and gives the title.
fn fill(c: &mut Cells<'_>, record: &Record) -> Result<String, Fault> {
    let sight = c.sight;
    Ok(match record {
        Record::Release(r) => {
            c.text("number", r.number.as_str());
            c.text("phase", r.phase.label());
            c.text("type", r.release_type.map_or("", |t| t.label()));
            c.text("class", r.class.label());
            c.text("priority", r.priority.map_or("", |p| p.label()));
            c.text("risk", r.risk.map_or("", |p| p.label()));
            c.person("owner", Some(r.manager))?;
            c.person("coordinator", r.coordinator)?;
            c.window(r.scope.rollout_window);
            c.number("changes", r.scope.changes.len());
            c.time("created_at", Some(r.created_at));
            r.title.clone()
        }
        Record::Change(r) => {
            c.text("number", r.number.as_str());
            c.text("foreign", r.foreign.as_ref().map_or("", |f| f.number.as_str()));
            c.text("category", &r.category);
            c.text("kind", r.kind.label());
            c.text("priority", r.priority.map_or("", |p| p.label()));
            c.text("risk", r.risk.map_or("", |p| p.label()));
            c.person("coordinator", r.coordinator)?;
            c.person("requested_by", Some(r.requested_by))?;
            c.window(r.planned);
            c.link("release", Kind::Release, r.release.map(Into::into))?;
            c.number("cis", r.cis.len());
            c.time("created_at", Some(r.created_at));
            r.title.clone()
        }
        Record::Ci(r) => {
            c.text("number", r.number.as_str());
            let class = class_name(sight, &r.class)?;
            c.text("class", &class);
            c.text("environment", r.environment.label());
            c.text("criticality", r.criticality.label());
            c.text("manufacturer", &r.manufacturer);
            c.text("model", &r.model);
            c.text("version", &r.version);
            c.text("serial_number", &r.serial_number);
            c.text("asset_tag", &r.asset_tag);
            let place = c.place(&r.location)?;
            c.text("location", &place);
            c.person("owner", r.owner)?;
            format!("{class} {}", r.version).trim().to_owned()
        }
        Record::DslItem(r) => {
            c.text("number", r.number.as_str());
            c.text("name", &r.name);
            c.text("version", &r.version);
            c.text("vendor", &r.vendor);
            c.text("kind", r.kind.label());
            c.text("platform", &r.platform);
            c.text("licence", &r.licence);
            c.number("files", r.files.len());
            let bytes = r.files.iter().fold(0_u64, |sum, f| sum.saturating_add(f.size_bytes));
            c.cells.insert("size_bytes".to_owned(), Cell::Number(i64::try_from(bytes).unwrap_or(i64::MAX)));
            c.number("checks_passed", r.checks.values().filter(|check| check.passed).count());
            c.number("checks", slipway_domain::dsl::item::CheckKind::ALL.len());
            c.person("submitted_by", Some(r.submitted_by))?;
            c.time("submitted_at", Some(r.submitted_at));
            format!("{} {}", r.name, r.version)
        }
        Record::DhsUnit(r) => {
            c.text("number", r.number.as_str());
            c.link("model", Kind::DhsModel, Some(r.model.into()))?;
            c.text("serial_number", &r.serial_number);
            c.text("asset_tag", &r.asset_tag);
            c.text("condition", r.condition.label());
            let bin = c.bin(&r.bin)?;
            c.text("bin", &bin);
            c.link("release", Kind::Release, r.reserved_for.map(Into::into))?;
            c.link("ci", Kind::Ci, r.ci.map(Into::into))?;
            c.sight.label(Kind::DhsModel, r.model)?
        }
        Record::Stocktake(r) => {
            c.text("title", &r.title);
            let place = c.bin(&r.place)?;
            c.text("place", &place);
            c.person("by", Some(r.by))?;
            c.time("begun_at", Some(r.at));
            r.title.clone()
        }
        Record::DhsStock(r) => {
            c.link("model", Kind::DhsModel, Some(r.model.into()))?;
            let bin = c.bin(&r.bin)?;
            c.text("bin", &bin);
            c.number("quantity", r.quantity as usize);
            c.number("free", r.free() as usize);
            c.sight.label(Kind::DhsModel, r.model)?
        }
        Record::DhsModel(r) => {
            c.text("manufacturer", &r.manufacturer);
            c.text("name", &r.name);
            c.text("part_numbers", &r.part_numbers.join(", "));
            c.number("height_tenth_u", r.height_tenth_u as usize);
            c.text("kind", r.facts.kind.label());
            let stock = slipway_domain::dhs::on_hand::of_model(c.sight.records, r)?;
            c.number("in_store", stock.free() as usize);
            c.number("reserved", stock.reserved() as usize);
            c.number("minimum", r.facts.minimum.values().map(|n| *n as usize).sum());
            format!("{} {}", r.manufacturer, r.name)
        }
        Record::Task(r) => {
            c.text("number", &format!("T{:02}", r.ordinal));
            c.link("release", Kind::Release, Some(r.release.into()))?;
            c.text("phase", r.phase.label());
            match r.assignee {
                Some(Assignee::Person(id)) => c.person("assignee", Some(id))?,
                Some(Assignee::Group(id)) => c.link("assignee", Kind::Group, Some(id.into()))?,
                None => c.text("assignee", ""),
            }
            c.cells.insert("mandatory".to_owned(), Cell::Flag(r.mandatory));
            c.time("start_at", r.planned_start);
            c.number("minutes", r.planned_minutes as usize);
            r.title.clone()
        }
        Record::Approval(r) => {
            c.text("gate", gate(r.gate));
            c.person("requested_by", Some(r.requested_by))?;
            c.time("due_at", Some(r.due_at));
            c.time("requested_at", Some(r.requested_at));
            use slipway_domain::approval::record::Subject;
            match r.subject {
                Subject::Release(id) => c.sight.label(Kind::Release, id)?,
                Subject::Change(id) => c.sight.label(Kind::Change, id)?,
            }
        }
        Record::Person(r) => {
            c.text("user", &r.user);
            c.text("roles", &r.roles.iter().map(|role| role.label()).collect::<Vec<_>>().join(", "));
            r.name.clone()
        }
        Record::Group(r) => {
            c.number("members", r.members.len());
            c.person("lead", r.lead)?;
            r.name.clone()
        }
        Record::CiGroup(r) => {
            c.number("members", r.members.len());
            c.text("filter", r.filter.as_deref().unwrap_or_default());
            r.name.clone()
        }
        Record::Site(r) => {
            c.text("address", &r.address);
            r.name.clone()
        }
        Record::Baseline(r) => {
            c.time("at", Some(r.at));
            c.person("by", Some(r.by))?;
            c.number("cis", r.cis.len());
            r.name.clone()
        }
        Record::TestRecord(r) => {
            c.link("release", Kind::Release, Some(r.release.into()))?;
            c.person("by", Some(r.by))?;
            c.time("at", Some(r.at));
            r.title.clone()
        }
        Record::Freeze(r) => {
            c.window(Some(r.window));
            r.title.clone()
        }
        Record::Observation(r) => {
            c.text("source", &r.source);
            c.link("site", Kind::Site, r.site.map(Into::into))?;
            c.time("seen_at", Some(r.seen_at));
            c.person("by", Some(r.by))?;
            c.link("ci", Kind::Ci, r.ci.map(Into::into))?;
            c.text("rule", r.rule.map_or("", |rule| rule.label()));
            observed(sight, r)?
        }
        Record::Comment(r) => {
            c.person("by", Some(r.by))?;
            c.time("at", Some(r.at));
            r.text.clone()
        }
        other => other.label(),
    })
}

/// What is to be decided about an observation, in a line.
fn observed(sight: Sight<'_>, r: &Observation) -> Result<String, Fault> {
    let ci: Option<Ci> = match r.ci {
        Some(id) => sight.records.get(id)?,
        None => None,
    };
    let Some(ci) = ci else {
        let i = &r.identity;
        return Ok(joined(&[&r.class, &i.manufacturer, &i.serial_number, &i.asset_tag]));
    };
    let open = r.open(&ci).into_iter().filter(|difference| !difference.is_gap());
    let line = |d: Difference| -> Result<String, Fault> {
        Ok(format!("{}: {} → {}", d.field, words(sight, &d.field, &d.recorded)?, words(sight, &d.field, &d.seen)?))
    };
    Ok(open.map(line).collect::<Result<Vec<_>, Fault>>()?.join("; "))
}

/// What a class is called, by its key; the key where it is not among those that there are.
fn class_name(sight: Sight<'_>, key: &str) -> Result<String, Fault> {
    Ok(class::named(key, sight.records)?.map_or_else(|| key.to_owned(), |class| class.name))
}

/// What an approval opens, in words.
#[must_use]
pub fn gate(gate: slipway_domain::setting::Gate) -> &'static str {
    use slipway_domain::setting::Gate;
    match gate {
        Gate::PlanAndDesign => "Plan and design",
        Gate::BuildAndTest => "Build and test",
        Gate::DistributionAndRollout => "Distribution and rollout",
        Gate::Change => "Change",
    }
}

/// A place on a shelf, in words.
///
/// # Errors
/// A storage fault.
pub fn bin(sight: Sight<'_>, bin: &Bin) -> Result<String, Fault> {
    let site = bin.site.map(|id| sight.label(Kind::Site, id)).transpose()?.unwrap_or_default();
    Ok(joined(&[&site, &bin.store, &bin.aisle, &bin.shelf, &bin.bin]))
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" › ")
}

struct Cells<'a> {
    sight: Sight<'a>,
    cells: BTreeMap<String, Cell>,
}

impl Cells<'_> {
    fn text(&mut self, name: &str, text: &str) {
        self.cells.insert(name.to_owned(), Cell::Text(text.to_owned()));
    }

    fn number(&mut self, name: &str, number: usize) {
        self.cells.insert(name.to_owned(), Cell::Number(i64::try_from(number).unwrap_or(i64::MAX)));
    }

    fn time(&mut self, name: &str, time: Option<Timestamp>) {
        let cell = time.map_or_else(|| Cell::Text(String::new()), |t| Cell::Number(t.0));
        self.cells.insert(name.to_owned(), cell);
    }

    fn window(&mut self, window: Option<Window>) {
        self.time("start_at", window.map(|w| w.start));
        self.time("end_at", window.map(|w| w.end));
    }

    fn person(&mut self, name: &str, id: Option<PersonId>) -> Result<(), Fault> {
        self.link(name, Kind::Person, id.map(Into::into))
    }

    fn link(&mut self, name: &str, kind: Kind, id: Option<uuid::Uuid>) -> Result<(), Fault> {
        let label = id.map(|id| self.sight.label(kind, id)).transpose()?.unwrap_or_default();
        self.text(name, &label);
        Ok(())
    }

    fn place(&self, location: &Location) -> Result<String, Fault> {
        let site = location.site.map(|id| self.sight.label(Kind::Site, id)).transpose()?.unwrap_or_default();
        let u = location.u.map(|u| format!("U{u}")).unwrap_or_default();
        Ok(joined(&[&site, &location.building, &location.room, &location.rack, &u]))
    }

    fn bin(&self, of: &Bin) -> Result<String, Fault> {
        bin(self.sight, of)
    }
}
