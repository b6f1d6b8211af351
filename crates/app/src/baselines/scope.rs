//! What a baseline is of: understood, evaluated, said in words.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::baselines::TakeBaselineRequest;
use crate::{App, filters, resolve};
use slipway_domain::cmdb::baseline::BaselineScope;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::impact::{Direction, Question, analyse};
use slipway_domain::id::CiId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use std::collections::BTreeSet;

/// Relations over which a service reaches what it needs.
const SERVICE_DEPTH: u32 = 25;

/// What the request names.
pub(super) fn named(app: &App, request: &TakeBaselineRequest) -> Result<BaselineScope, CallError> {
    let given = [
        request.filter.is_some(),
        request.group.is_some(),
        request.service.is_some(),
        request.site.is_some(),
        request.cis.is_some(),
    ];
    if given.iter().filter(|given| **given).count() != 1 {
        return Err(Finding::new(
            "ONE_SCOPE",
            "A baseline is of one thing: a filter, a CI group, a service, a site, or CIs named one by one.",
            "Name exactly one of them.",
        )
        .into());
    }
    app.read(|sight| {
        Ok(if let Some(filter) = &request.filter {
            BaselineScope::Filter(filter.trim().to_owned())
        } else if let Some(group) = &request.group {
            BaselineScope::Group(resolve::ci_group(sight, group)?.id)
        } else if let Some(service) = &request.service {
            BaselineScope::Service(resolve::ci(sight, service)?.id)
        } else if let Some(site) = &request.site {
            BaselineScope::Site(resolve::site(sight, site)?.id)
        } else {
            BaselineScope::Cis
        })
    })
}

/// The CIs that a scope holds now; `cis` names those of [`BaselineScope::Cis`].
pub(super) fn members(app: &App, of: &BaselineScope, cis: Option<&[String]>) -> Result<BTreeSet<CiId>, CallError> {
    match of {
        BaselineScope::Filter(filter) => filters::cis(app, "one baseline", filter),
        BaselineScope::Site(site) => filters::cis(app, "one baseline", &format!("site:{site}")),
        BaselineScope::Group(group) => {
            let group = app.read(|sight| Ok::<_, CallError>(sight.records.get::<CiGroup>(*group)?))?;
            match group {
                // Who is in a dynamic group is what its filter finds at this moment.
                Some(CiGroup { filter: Some(filter), .. }) => filters::cis(app, "one baseline", &filter),
                Some(group) => Ok(group.members),
                None => Ok(BTreeSet::new()),
            }
        }
        BaselineScope::Service(service) => app.read(|sight| {
            let mut question = Question::downstream([*service].into(), SERVICE_DEPTH);
            question.direction = Direction::Upstream;
            let reached = analyse(&question, sight.records)?;
            Ok(reached.reached.into_iter().map(|reached| reached.ci).chain([*service]).collect())
        }),
        BaselineScope::Cis => app.read(|sight| {
            cis.unwrap_or_default().iter().map(|ci| Ok(resolve::ci(sight, ci)?.id)).collect::<Result<_, CallError>>()
        }),
    }
}

/// What a baseline is of, in words.
pub(super) fn words(sight: Sight<'_>, of: &BaselineScope) -> Result<String, Fault> {
    Ok(match of {
        BaselineScope::Filter(filter) if filter.is_empty() => "every CI".to_owned(),
        BaselineScope::Filter(filter) => format!("filter {filter}"),
        BaselineScope::Group(group) => format!("CI group {}", sight.label(Kind::CiGroup, *group)?),
        BaselineScope::Service(service) => format!("service {}", sight.label(Kind::Ci, *service)?),
        BaselineScope::Site(site) => format!("site {}", sight.label(Kind::Site, *site)?),
        BaselineScope::Cis => "CIs named one by one".to_owned(),
    })
}
