//! What was seen against what is recorded: one observation beside its record, decisions on many, the rules by which
//! things are recognised, and how far the CMDB is right. The queue itself is a list like any other.

use crate::bulk::words;
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::common::{ListRow, Nothing};
use crate::view::moments::FieldValue;
use crate::view::mutations::Done;
use crate::view::observations::{
    AbsentReport, AbsentRequest, AccuracyList, DecideObservationsRequest, DecideReport, IdentificationView,
    ObservationPage, ObservationRequest, ObservedFact, PutIdentificationRequest, RefusedDecision, RuleView,
    SiteAccuracy,
};
use crate::{App, filters, resolve, rows};
use slipway_domain::access;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::observation::accuracy::Accuracy;
use slipway_domain::cmdb::observation::decide::{ObservationVerdict, actions, covered};
use slipway_domain::cmdb::observation::identify::{
    IdentificationRule, IdentificationRules, Identity, Recognised, recognise, rules,
};
use slipway_domain::cmdb::observation::sight::{Seen, Sighting, is_absent};
use slipway_domain::cmdb::observation::{
    Decided, Difference, Observation, ObservationCommand, ObservationState, WHOLE,
};
use slipway_domain::command::{BULK_ROWS, Command};
use slipway_domain::id::{CiId, ObservationId, SiteId};
use slipway_domain::people::Site;
use slipway_domain::record::{Kind, Record, RecordRef};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_store::list::ListSpec;
use std::collections::BTreeMap;
use uuid::Uuid;

/// CIs that one look for what is absent may expect: as many as a person looks through in a day, and then some.
const EXPECTED_MOST: usize = 20_000;
/// Absent CIs that a report names.
const NAMED_MOST: usize = 100;

/// An observation beside its record.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &ObservationRequest) -> Result<ObservationPage, CallError> {
    app.read(|sight| page(sight, &must(sight, &request.observation)?))
}

fn must(sight: Sight<'_>, text: &str) -> Result<Observation, CallError> {
    let id = text.trim().parse::<Uuid>().map_err(|_| {
        Finding::new("NOT_FOUND", format!("There is no observation {text:?} here."), "Give an id that the queue lists.")
    })?;
    Ok(sight.records.must(ObservationId(id))?)
}

fn page(sight: Sight<'_>, observation: &Observation) -> Result<ObservationPage, CallError> {
    let records = sight.records;
    let ci: Option<Ci> = match observation.ci {
        Some(id) => records.get(id)?,
        None => None,
    };
    let rules = rules(records)?;
    let mut facts = Vec::new();
    let differences = ci.as_ref().map(|ci| observation.differences(ci)).unwrap_or_default();
    for (field, seen) in &observation.facts {
        let recorded = ci.as_ref().and_then(|ci| ci.field(field)).unwrap_or_default();
        let difference = differences.iter().find(|difference| difference.field == *field);
        let gap = difference.is_some_and(Difference::is_gap);
        let decided = observation.decisions.get(field).filter(|decided| decided.seen == *seen);
        facts.push(ObservedFact {
            field: field.clone(),
            recorded: words(sight, field, &recorded)?,
            seen: words(sight, field, seen)?,
            differs: difference.is_some() && !gap,
            gap,
            managed: rules.managed.contains(field),
            decided: decided.map(|decided| told(sight, decided)).transpose()?.unwrap_or_default(),
            change: decided.map(|decided| change(sight, decided)).transpose()?.flatten(),
        });
    }
    if let Some(decided) = observation.decisions.get(WHOLE) {
        facts.push(ObservedFact {
            field: String::new(),
            recorded: String::new(),
            seen: String::new(),
            differs: false,
            gap: false,
            managed: false,
            decided: told(sight, decided)?,
            change: change(sight, decided)?,
        });
    }
    // What contradicts comes first, then what the record lacks.
    facts.sort_by_key(|fact| (!fact.differs, !fact.gap));
    let row = |ci: Ci| rows::row(sight, &Record::from(ci));
    Ok(ObservationPage {
        row: rows::row(sight, &observation.clone().into())?,
        source: observation.source.clone(),
        seen_at: observation.seen_at,
        by: sight.label(Kind::Person, observation.by)?,
        site: observation.site.map(|site| sight.label(Kind::Site, site)).transpose()?.unwrap_or_default(),
        absent: observation.absent,
        identity: identity(&observation.identity),
        rule: observation.rule.map(|rule| rule.label().to_owned()).unwrap_or_default(),
        candidates: if ci.is_none() && !observation.absent {
            candidates(sight, &observation.identity, &rules)?
        } else {
            Vec::new()
        },
        ci: ci.map(row).transpose()?,
        class: observation.class.clone(),
        facts,
        actions: actions(observation, &sight.person()?, records)?,
    })
}

/// Who decided what, and why.
fn told(sight: Sight<'_>, decided: &Decided) -> Result<String, Fault> {
    let who = sight.label(Kind::Person, decided.by)?;
    let note = if decided.note.is_empty() { String::new() } else { format!(": {}", decided.note) };
    Ok(format!("{} ({who}){note}", decided.verdict))
}

fn change(sight: Sight<'_>, decided: &Decided) -> Result<Option<RecordRef>, Fault> {
    let reference = |id: slipway_domain::id::ChangeId| {
        Ok(RecordRef { kind: Kind::Change, id: id.0, label: sight.label(Kind::Change, id)? })
    };
    decided.change.map(reference).transpose()
}

fn identity(identity: &Identity) -> Vec<FieldValue> {
    let macs = identity.macs.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let fields = [
        ("host name", identity.host_name.as_str()),
        ("manufacturer", &identity.manufacturer),
        ("serial number", &identity.serial_number),
        ("asset tag", &identity.asset_tag),
        ("MAC addresses", &macs),
    ];
    let value = |(field, value): (&str, &str)| FieldValue { field: field.to_owned(), value: value.to_owned() };
    fields.into_iter().filter(|(_, value)| !value.is_empty()).map(value).collect()
}

fn candidates(sight: Sight<'_>, identity: &Identity, rules: &IdentificationRules) -> Result<Vec<ListRow>, Fault> {
    match recognise(identity, rules, sight.records)? {
        Recognised::OneOf(cis) => rows::rows(sight, Kind::Ci, cis),
        Recognised::As(ci, _) => rows::rows(sight, Kind::Ci, [ci]),
        Recognised::Nothing => Ok(Vec::new()),
    }
}

/// Decides about observations, each by itself.
///
/// # Errors
/// `TOO_MANY_ROWS`, a refusal, or trouble.
pub fn decide(app: &App, request: &DecideObservationsRequest) -> Result<DecideReport, CallError> {
    if request.observations.len() > BULK_ROWS {
        return Err(Finding::new(
            "TOO_MANY_ROWS",
            format!("{} observations came in one step; {BULK_ROWS} are possible.", request.observations.len()),
            "Split them into steps.",
        )
        .into());
    }
    let (verdicts, labels) = app.read(|sight| {
        let rules = rules(sight.records)?;
        let mut verdicts = Vec::with_capacity(request.observations.len());
        let mut labels = Vec::with_capacity(request.observations.len());
        for text in &request.observations {
            let observation = must(sight, text)?;
            verdicts.push(verdict(sight, &observation, request, &rules)?);
            labels.push(observation.label);
        }
        Ok::<_, CallError>((verdicts, labels))
    })?;
    let (mut report, kept) = already_refused(app, verdicts.into_iter().zip(labels).collect())?;
    let (verdicts, labels): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
    if verdicts.is_empty() {
        return Ok(report);
    }
    let ids: Vec<ObservationId> = verdicts.iter().map(|verdict| verdict.observation).collect();
    let about = match ids.as_slice() {
        [one] => Some((Kind::Observation, one.0)),
        _ => None,
    };
    let done = app.issue(Command::Observation(ObservationCommand::Decide(verdicts)), about)?;
    report.refused.extend(done.effect.conflicts.into_iter().filter_map(|conflict| {
        let place = usize::try_from(conflict.line?).ok()?.checked_sub(1)?;
        Some(RefusedDecision {
            observation: ids.get(place)?.to_string(),
            label: labels.get(place)?.clone(),
            finding: conflict.finding,
        })
    }));
    Ok(DecideReport {
        created: done.effect.created,
        decided: done.effect.updated,
        unchanged: done.effect.unchanged,
        ..report
    })
}

/// Sorts out the verdicts of which nothing would come: they are told at once, and never wait for a server.
fn already_refused(
    app: &App,
    verdicts: Vec<(ObservationVerdict, String)>,
) -> Result<(DecideReport, Vec<(ObservationVerdict, String)>), CallError> {
    let mut singles = verdicts
        .iter()
        .map(|(verdict, _)| Command::Observation(ObservationCommand::Decide(vec![verdict.clone()])))
        .collect::<Vec<_>>()
        .into_iter();
    let outcomes = app.open()?.try_each(app, &mut singles)?;
    let (mut report, mut kept) = (DecideReport::default(), Vec::with_capacity(verdicts.len()));
    for ((verdict, label), outcome) in verdicts.into_iter().zip(outcomes) {
        let effect = outcome?;
        if effect.created > 0 || effect.updated > 0 || effect.unchanged > 0 {
            kept.push((verdict, label));
            continue;
        }
        report.refused.extend(effect.conflicts.into_iter().map(|conflict| RefusedDecision {
            observation: verdict.observation.to_string(),
            label: label.clone(),
            finding: conflict.finding,
        }));
    }
    Ok((report, kept))
}

/// The verdict on one of them, with the fields that it is about as they stand here.
fn verdict(
    sight: Sight<'_>,
    observation: &Observation,
    request: &DecideObservationsRequest,
    rules: &IdentificationRules,
) -> Result<ObservationVerdict, CallError> {
    let ci: Option<Ci> = match observation.ci {
        Some(id) => sight.records.get(id)?,
        None => None,
    };
    let fields = match (&request.fields, &ci) {
        (Some(named), Some(ci)) => {
            let differences = observation.differences(ci).into_iter().filter(|d| named.contains(&d.field));
            let change = |d: Difference| FieldChange { field: d.field, from: d.recorded, to: d.seen };
            differences.map(change).collect()
        }
        _ => covered(observation, ci.as_ref(), request.verdict, rules),
    };
    Ok(ObservationVerdict {
        observation: observation.id,
        verdict: request.verdict,
        fields,
        class: if observation.class.is_empty() { request.class.clone() } else { String::new() },
        name: String::new(),
        ci: match request.ci.trim() {
            "" => None,
            named => Some(resolve::ci(sight, named)?.id),
        },
        note: request.note.clone(),
    })
}

/// How far the CMDB is right, site by site.
///
/// # Errors
/// Trouble.
pub fn accuracy(app: &App, _: &Nothing) -> Result<AccuracyList, CallError> {
    let counts = app.open()?.store.counts(Kind::Observation)?;
    let mut by_site: BTreeMap<String, Accuracy> = BTreeMap::new();
    let mut all = Accuracy::default();
    for count in counts {
        let Ok(state) = count.state.parse::<ObservationState>() else { continue };
        let figure = u32::try_from(count.count).unwrap_or(u32::MAX);
        by_site.entry(count.group).or_default().add(state, figure);
        all.add(state, figure);
    }
    app.read(|sight| {
        let mut sites = Vec::with_capacity(by_site.len());
        for (site, accuracy) in by_site {
            let named: Option<Site> = match site.parse::<Uuid>() {
                Ok(id) => sight.records.get(SiteId(id))?,
                Err(_) => None,
            };
            sites.push(of(site, named.map(|site| site.name).unwrap_or_default(), accuracy));
        }
        sites.sort_by(|a, b| (a.name.is_empty(), &a.name).cmp(&(b.name.is_empty(), &b.name)));
        Ok(AccuracyList { sites, all: of(String::new(), String::new(), all) })
    })
}

fn of(site: String, name: String, accuracy: Accuracy) -> SiteAccuracy {
    SiteAccuracy {
        site,
        name,
        accuracy,
        total: accuracy.total(),
        open: accuracy.open(),
        per_mille: accuracy.per_mille(),
    }
}

/// The rules by which things are recognised.
///
/// # Errors
/// Trouble.
pub fn identification(app: &App, _: &Nothing) -> Result<IdentificationView, CallError> {
    app.read(|sight| {
        let rules = rules(sight.records)?;
        let view = |rule: IdentificationRule| RuleView { rule, label: rule.label().to_owned() };
        let unused = IdentificationRule::ALL.iter().copied().filter(|rule| !rules.order.contains(rule));
        Ok(IdentificationView {
            unused: unused.map(view).collect(),
            order: rules.order.into_iter().map(view).collect(),
            managed: rules.managed,
            denied: access::denial("observation.rules", &sight.person()?),
        })
    })
}

/// Replaces the rules by which things are recognised.
///
/// # Errors
/// A refusal, or trouble.
pub fn put_identification(app: &App, request: &PutIdentificationRequest) -> Result<Done, CallError> {
    let rules = IdentificationRules {
        id: IdentificationRules::ID,
        order: request.order.clone(),
        managed: request
            .managed
            .iter()
            .map(|field| field.trim().to_owned())
            .filter(|field| !field.is_empty())
            .collect(),
    };
    let about = (Kind::IdentificationRules, rules.id.0);
    app.issue(Command::Observation(ObservationCommand::PutRules(rules)), Some(about))
}

/// Records as absent what a source should have seen and did not.
///
/// # Errors
/// A filter that is not understood, is empty or finds too many CIs; a refusal; or trouble.
pub fn absent(app: &App, request: &AbsentRequest) -> Result<AbsentReport, CallError> {
    let filter = filters::must(app, Kind::Ci, &request.filter)?;
    if filter.is_everything() {
        return Err(Finding::new(
            "FILTER_EMPTY",
            "It is not said which CIs should have been seen.",
            "Name them by a filter such as site:Bremen class:server.",
        )
        .into());
    }
    let list = app.open()?.store.open_list(&ListSpec { kind: Kind::Ci, filter, sort: None, descending: false })?;
    filters::whole(&list, &request.filter)?;
    if list.total > EXPECTED_MOST {
        return Err(Finding::new(
            "TOO_MANY_ROWS",
            format!("{} CIs should have been seen; {EXPECTED_MOST} can be looked for at once.", list.total),
            "Narrow the filter, room by room or class by class.",
        )
        .into());
    }
    let mut report =
        AbsentReport { expected: u32::try_from(list.total).unwrap_or(u32::MAX), ..AbsentReport::default() };
    let mut rows = Vec::new();
    let now = app.host().now();
    app.read(|sight| {
        for (line, id) in (1_u32..).zip(&list.ids) {
            let id = CiId(*id);
            let Some(ci) = sight.records.get::<Ci>(id)? else { continue };
            if !is_absent(&ci, &request.source, request.since, sight.records)? {
                report.seen += 1;
                continue;
            }
            if report.absent.len() < NAMED_MOST {
                report.absent.push(ci.name);
            }
            report.absent_total += 1;
            rows.push(Sighting {
                line,
                source: request.source.clone(),
                seen_at: now,
                site: None,
                seen: Seen::Absent(id),
            });
        }
        Ok::<_, CallError>(())
    })?;
    if !request.dry_run {
        for step in rows.chunks(BULK_ROWS) {
            app.issue(Command::Observation(ObservationCommand::Record(step.to_vec())), None)?;
        }
    }
    Ok(report)
}
