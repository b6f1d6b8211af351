//! Standards: the list, what one says, how CIs compare with it, and the plan that corrects them.
//!
//! CIs of a standard are walked in the order of their attachments, some a call, so that a page costs what it shows.

use crate::baselines::put_into;
use crate::error::CallError;
use crate::releases::plan;
use crate::sight::Sight;
use crate::view::cmdb::CiRequest;
use crate::view::common::Nothing;
use crate::view::releases::ProposedCiPlan;
use crate::view::standards::{
    CiCompliance, CompliancePage, ComplianceRequest, CorrectionProposal, CorrectionRequest, Decided, DeviationLine,
    StandardActRequest, StandardDone, StandardList, StandardOfCi, StandardPage, StandardRequest, StandardRow,
    StandardState, StandardValue,
};
use crate::{App, action_code, ci_form, filters, missing, resolve, rows, unknown_action};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::class::{self, Lineage};
use slipway_domain::cmdb::standard::{CiStandard, Deviation, NewStandard, Signed, Standard, StandardAct};
use slipway_domain::command::{BULK_ROWS, CmdbCommand, Command};
use slipway_domain::id::{CiId, StandardId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::{Fault, Finding};
use std::collections::BTreeSet;
use uuid::Uuid;

/// CIs that one page looks at.
const LOOKED_AT: usize = 2_000;
/// CIs that one page names.
const PAGE: usize = 50;
/// Most CIs that one plan corrects.
const CORRECTED: usize = 500;

/// Standards by name.
///
/// # Errors
/// Trouble.
pub fn list(app: &App, _: &Nothing) -> Result<StandardList, CallError> {
    app.read(|sight| {
        let mut standards = sight.records.all::<Standard>()?;
        standards.sort_by_cached_key(|standard| standard.name.to_lowercase());
        let standards = standards.iter().map(|standard| row(sight, standard)).collect::<Result<_, Fault>>()?;
        Ok(StandardList { standards })
    })
}

fn row(sight: Sight<'_>, standard: &Standard) -> Result<StandardRow, Fault> {
    let class = class::named(&standard.class, sight.records)?;
    Ok(StandardRow {
        id: standard.id.to_string(),
        name: standard.name.clone(),
        about: standard.about.clone(),
        class: standard.class.clone(),
        class_name: class.map_or_else(|| standard.class.clone(), |class| class.name),
        state: match (&standard.authorised, &standard.retired) {
            (_, Some(_)) => StandardState::Retired,
            (Some(_), None) => StandardState::Authorised,
            (None, None) => StandardState::Draft,
        },
        fields: u32::try_from(standard.values.len()).unwrap_or(u32::MAX),
    })
}

/// What a standard says.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &StandardRequest) -> Result<StandardPage, CallError> {
    app.read(|sight| {
        let standard = resolve::standard(sight, &request.standard)?;
        let shown = Shown::of(sight, &standard)?;
        let mut values = Vec::new();
        for (field, value) in &standard.values {
            values.push(StandardValue {
                field: field.clone(),
                title: shown.title(field),
                value: value.clone(),
                shown: shown.value(field, value)?,
            });
        }
        Ok(StandardPage {
            row: row(sight, &standard)?,
            values,
            attached: u32::try_from(attachments(sight, standard.id)?.len()).unwrap_or(u32::MAX),
            authorised: standard.authorised.as_ref().map(|signed| decided(sight, signed)).transpose()?,
            retired: standard.retired.as_ref().map(|signed| decided(sight, signed)).transpose()?,
        })
    })
}

fn decided(sight: Sight<'_>, signed: &Signed) -> Result<Decided, Fault> {
    Ok(Decided { by: sight.named(Kind::Person, signed.by)?, at: signed.at, reason: signed.reason.clone() })
}

/// What attaches CIs to a standard, in the order in which they are walked.
fn attachments(sight: Sight<'_>, standard: StandardId) -> Result<Vec<Uuid>, Fault> {
    let mut ids = sight.records.find(Lookup::CisOfStandard, &standard.to_string())?;
    ids.sort_unstable();
    Ok(ids)
}

/// Fields and values of a class as a person reads them.
struct Shown<'a> {
    sight: Sight<'a>,
    lineage: Option<Lineage>,
}

impl<'a> Shown<'a> {
    fn of(sight: Sight<'a>, standard: &Standard) -> Result<Self, Fault> {
        let class = class::named(&standard.class, sight.records)?;
        let lineage = class.map(|class| class::lineage(class, sight.records)).transpose()?;
        Ok(Self { sight, lineage })
    }

    fn attribute(&self, field: &str) -> Option<&slipway_domain::cmdb::attribute::Attribute> {
        self.lineage.as_ref()?.attribute(field.strip_prefix("attributes.")?)
    }

    fn title(&self, field: &str) -> String {
        match self.attribute(field) {
            Some(attribute) => attribute.title.clone(),
            None => field.trim_start_matches("attributes.").replace('_', " "),
        }
    }

    fn value(&self, field: &str, value: &str) -> Result<String, Fault> {
        self.attribute(field)
            .map_or_else(|| Ok(value.to_owned()), |attribute| ci_form::shown(self.sight, attribute, value))
    }

    fn line(&self, deviation: Deviation) -> Result<DeviationLine, Fault> {
        Ok(DeviationLine {
            title: self.title(&deviation.field),
            authorised: self.value(&deviation.field, &deviation.authorised)?,
            is: self.value(&deviation.field, &deviation.is)?,
            excepted: deviation.excepted.map(|excepted| decided(self.sight, &excepted.signed)).transpose()?,
            field: deviation.field,
        })
    }

    fn beside(&self, standard: &StandardRow, ci: Ci, deviations: Vec<Deviation>) -> Result<CiCompliance, Fault> {
        Ok(CiCompliance {
            out: deviations.iter().any(|deviation| deviation.excepted.is_none()),
            standard: standard.clone(),
            deviations: deviations.into_iter().map(|deviation| self.line(deviation)).collect::<Result<_, Fault>>()?,
            ci: rows::row(self.sight, &ci.into())?,
        })
    }
}

/// How the CIs of a standard compare with it: those that differ, or all of them.
///
/// # Errors
/// `NOT_FOUND`, `WRONG_PLACE`, or trouble.
pub fn compliance(app: &App, request: &ComplianceRequest) -> Result<CompliancePage, CallError> {
    app.read(|sight| {
        let standard = resolve::standard(sight, &request.standard)?;
        let shown = Shown::of(sight, &standard)?;
        let as_row = row(sight, &standard)?;
        let after = request.after.as_deref().map(place).transpose()?;
        let mut page = CompliancePage { cis: Vec::new(), looked_at: 0, out: 0, next: None };
        let mut last = None;
        let left = attachments(sight, standard.id)?.into_iter().filter(|id| after.is_none_or(|after| *id > after));
        for (looked_at, id) in left.enumerate() {
            if looked_at >= LOOKED_AT || page.cis.len() >= PAGE {
                page.next = last.map(|id: Uuid| id.to_string());
                break;
            }
            last = Some(id);
            page.looked_at = page.looked_at.saturating_add(1);
            let Some((ci, attached)) = attached_ci(sight.records, id)? else { continue };
            let deviations = standard.deviations(&ci, &attached);
            let compared = (request.all == Some(true) || !deviations.is_empty())
                .then(|| shown.beside(&as_row, ci, deviations))
                .transpose()?;
            page.out = page.out.saturating_add(u32::from(compared.as_ref().is_some_and(|compared| compared.out)));
            page.cis.extend(compared);
        }
        Ok(page)
    })
}

/// Place of a walk.
fn place(text: &str) -> Result<Uuid, CallError> {
    Ok(text.parse().map_err(|_| {
        Finding::new(
            "WRONG_PLACE",
            format!("{text:?} is no place among the CIs of a standard."),
            "Give the `next` of a page as it came, or begin anew.",
        )
        .with("field", "after")
    })?)
}

fn attached_ci(records: &dyn Records, id: Uuid) -> Result<Option<(Ci, CiStandard)>, Fault> {
    let Some(attached) = records.get::<CiStandard>(id.into())? else { return Ok(None) };
    Ok(records.get::<Ci>(attached.ci)?.map(|ci| (ci, attached)))
}

/// The standard of a CI, and where the CI differs.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn of_ci(app: &App, request: &CiRequest) -> Result<StandardOfCi, CallError> {
    app.read(|sight| {
        let ci = resolve::ci(sight, &request.ci)?;
        let Some(attached) = sight.records.get::<CiStandard>(CiStandard::id_of(ci.id))? else {
            return Ok(StandardOfCi { compliance: None });
        };
        let Some(standard) = sight.records.get::<Standard>(attached.standard)? else {
            return Ok(StandardOfCi { compliance: None });
        };
        let deviations = standard.deviations(&ci, &attached);
        let compared = Shown::of(sight, &standard)?.beside(&row(sight, &standard)?, ci, deviations)?;
        Ok(StandardOfCi { compliance: Some(compared) })
    })
}

/// Writes or uses a standard.
///
/// # Errors
/// The refusal with every reason, or trouble.
pub fn act(app: &App, request: &StandardActRequest) -> Result<StandardDone, CallError> {
    let action = action_code(&request.action);
    let named = match &request.standard {
        Some(text) => Some(app.read(|sight| resolve::standard(sight, text))?),
        None => None,
    };
    if action == "put" {
        return put(app, request, named.as_ref());
    }
    let standard = named.ok_or_else(|| missing(&action, "standard"))?;
    let reason = || request.reason.clone().ok_or_else(|| missing(&action, "reason"));
    let fields: BTreeSet<String> = request.fields.iter().flatten().cloned().collect();
    let one = || -> Result<CiId, CallError> {
        let [ci] = request.cis.as_deref().unwrap_or_default() else { return Err(missing(&action, "cis")) };
        app.read(|sight| Ok(resolve::ci(sight, ci)?.id))
    };
    let act = match action.as_str() {
        "copy" => return copy(app, request, standard),
        "attach" | "detach" => return attach(app, request, &action, &standard),
        "authorise" => StandardAct::Authorise,
        "retire" => StandardAct::Retire { reason: reason()? },
        "except" => StandardAct::Except { ci: one()?, fields, reason: reason()? },
        "withdraw_exception" => StandardAct::WithdrawException { ci: one()?, fields },
        other => return Err(unknown_action("a standard", other)),
    };
    issue(app, Command::Cmdb(CmdbCommand::Standard { standard: standard.id, act }), standard.id)
}

fn issue(app: &App, command: Command, standard: StandardId) -> Result<StandardDone, CallError> {
    let done = app.issue(command, Some((Kind::Standard, standard.0)))?;
    Ok(StandardDone {
        record: done.record,
        changed: done.effect.created.saturating_add(done.effect.updated),
        unchanged: done.effect.unchanged,
        refused: done
            .effect
            .conflicts
            .into_iter()
            .map(|conflict| format!("{} {}", conflict.finding.sentence, conflict.finding.way_out))
            .collect(),
    })
}

fn put(app: &App, request: &StandardActRequest, before: Option<&Standard>) -> Result<StandardDone, CallError> {
    let kept = |given: &Option<String>, kept: fn(&Standard) -> &String| {
        given.clone().or_else(|| before.map(|before| kept(before).clone()))
    };
    let new = NewStandard {
        id: before.map_or_else(|| StandardId(app.host().new_id()), |before| before.id),
        name: kept(&request.name, |s| &s.name).ok_or_else(|| missing("put", "name"))?,
        about: kept(&request.about, |s| &s.about).unwrap_or_default(),
        class: kept(&request.class, |s| &s.class).ok_or_else(|| missing("put", "class"))?,
        values: match (&request.values, before) {
            (Some(values), _) => values.clone(),
            (None, Some(before)) => before.values.clone(),
            (None, None) => return Err(missing("put", "values")),
        },
    };
    let id = new.id;
    issue(app, Command::Cmdb(CmdbCommand::PutStandard(new)), id)
}

/// A draft that says what another standard says.
fn copy(app: &App, request: &StandardActRequest, of: Standard) -> Result<StandardDone, CallError> {
    let new = NewStandard {
        id: StandardId(app.host().new_id()),
        name: request.name.clone().ok_or_else(|| missing("copy", "name"))?,
        about: request.about.clone().unwrap_or(of.about),
        class: of.class,
        values: of.values,
    };
    let id = new.id;
    issue(app, Command::Cmdb(CmdbCommand::PutStandard(new)), id)
}

fn attach(app: &App, request: &StandardActRequest, action: &str, to: &Standard) -> Result<StandardDone, CallError> {
    let cis: Vec<CiId> = match (&request.cis, &request.filter) {
        (Some(cis), None) => {
            app.read(|sight| cis.iter().map(|ci| Ok(resolve::ci(sight, ci)?.id)).collect::<Result<_, CallError>>())?
        }
        (None, Some(filter)) => filters::cis(app, "one step", filter)?.into_iter().collect(),
        _ => return Err(missing(action, "cis or filter")),
    };
    let mut all = StandardDone { record: None, changed: 0, unchanged: 0, refused: Vec::new() };
    for part in cis.chunks(BULK_ROWS) {
        let act =
            if action == "attach" { StandardAct::Attach(part.to_vec()) } else { StandardAct::Detach(part.to_vec()) };
        let done = issue(app, Command::Cmdb(CmdbCommand::Standard { standard: to.id, act }), to.id)?;
        all.record = done.record;
        all.changed = all.changed.saturating_add(done.changed);
        all.unchanged = all.unchanged.saturating_add(done.unchanged);
        all.refused.extend(done.refused);
    }
    Ok(all)
}

/// The plan that corrects what is out of compliance; put into a release where one is named.
///
/// # Errors
/// `NOT_FOUND`, `IN_COMPLIANCE`, `TOO_MANY_CIS`, a refusal of the edit, or trouble.
pub fn correct(app: &App, request: &CorrectionRequest) -> Result<CorrectionProposal, CallError> {
    let (plan, release) = app.read(|sight| {
        let standard = resolve::standard(sight, &request.standard)?;
        let attached = match &request.cis {
            Some(cis) => cis
                .iter()
                .map(|ci| Ok(CiStandard::id_of(resolve::ci(sight, ci)?.id).0))
                .collect::<Result<Vec<Uuid>, CallError>>()?,
            None => attachments(sight, standard.id)?,
        };
        let mut updates = Vec::new();
        for id in attached {
            let Some((ci, attached)) = attached_ci(sight.records, id)? else { continue };
            if attached.standard == standard.id {
                updates.extend(standard.correction(&ci, &attached));
            }
            if updates.len() > CORRECTED {
                return Err(Finding::new(
                    "TOO_MANY_CIS",
                    format!("More than {CORRECTED} CIs of {} are out of compliance.", standard.name),
                    "Name those that this release corrects.",
                )
                .about(standard.reference())
                .with("limit", CORRECTED)
                .into());
            }
        }
        if updates.is_empty() {
            return Err(Finding::new(
                "IN_COMPLIANCE",
                format!("Nothing is out of compliance with {}.", standard.name),
                "Compare again after something changed.",
            )
            .about(standard.reference())
            .into());
        }
        let release = request.release.as_deref().map(|text| resolve::release(sight, text)).transpose()?;
        let rows = plan::rows(sight, false, &updates)?;
        Ok::<_, CallError>((ProposedCiPlan { rows, updates, notes: Vec::new() }, release))
    })?;
    let Some(release) = release else { return Ok(CorrectionProposal { plan, release: None }) };
    let done = put_into(app, &release, &plan.updates)?;
    Ok(CorrectionProposal { plan, release: done.record })
}
