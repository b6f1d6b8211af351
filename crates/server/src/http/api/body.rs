//! What is sent and answered.

use crate::core::{ApiPage, Place, Stood};
use crate::error::ServerError;
use axum::http::{HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::cmdb::impact::Standing;
use slipway_domain::id::CiId;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Entity;
use slipway_domain::refusal::Finding;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A record as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiRecord {
    /// The sequence at which it last moved: what If-Match compares.
    seq: u64,
    /// The record, with the same names as in an export in JSON.
    #[schema(value_type = Object)]
    record: Value,
}

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiRecords {
    items: Vec<ApiRecord>,
    /// What `cursor` has to be for the next page; none at the end. A page may be short, or empty, though there is a next.
    next: Option<String>,
}

impl ApiRecord {
    pub(super) fn of<E: Entity>(stood: &Stood<E>) -> Result<Self, ServerError> {
        Ok(Self { seq: stood.seq, record: serde_json::to_value(&stood.record)? })
    }

    /// The header that says its version.
    pub(super) fn tag(&self) -> Option<(HeaderName, HeaderValue)> {
        Some((header::ETAG, HeaderValue::from_str(&format!("\"{}\"", self.seq)).ok()?))
    }
}

impl ApiRecords {
    pub(super) fn of<E: Entity>(
        page: &ApiPage<E>,
        cursor: impl FnOnce(&Place) -> Result<String, ServerError>,
    ) -> Result<Self, ServerError> {
        Ok(Self {
            items: page.items.iter().map(ApiRecord::of).collect::<Result<_, _>>()?,
            next: page.next.as_ref().map(cursor).transpose()?,
        })
    }
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Only what this lets through, in the language of the lists of the window, such as `status:"in use" site:bristol`.
    pub(super) filter: Option<String>,
    /// `created`, or `-created` for the newest first; of releases and changes also `number` and `-number`.
    pub(super) order: Option<String>,
    /// At most so many; 1 to 200, 50 when left out.
    pub(super) limit: Option<usize>,
    /// Where the page before ended: its `next`.
    pub(super) cursor: Option<String>,
}

/// Which CIs. A name, serial number, asset tag or class is looked up; a filter is asked of one CI after the other.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CiQuery {
    /// Only what this lets through, in the language of the lists of the window, such as `status:"in use" site:bristol`.
    pub(super) filter: Option<String>,
    /// `created`, `number`, `name` or `class` (and by name within it), with a dash before it the other way round; by
    /// name when a class is given, else `created`.
    pub(super) order: Option<String>,
    /// At most so many; 1 to 200, 50 when left out.
    pub(super) limit: Option<usize>,
    /// Where the page before ended: its `next`.
    pub(super) cursor: Option<String>,
    /// Of this name, in any case.
    pub(super) name: Option<String>,
    /// Of this class, in any case.
    pub(super) class: Option<String>,
    /// With this serial number; together with the manufacturer.
    pub(super) serial_number: Option<String>,
    /// Of this manufacturer, in any case; together with the serial number.
    pub(super) manufacturer: Option<String>,
    /// With this asset tag, in any case.
    pub(super) asset_tag: Option<String>,
}

/// What is asked of an impact analysis.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImpactQuery {
    /// `downstream`: what fails with it, when left out; `upstream`: what it needs.
    pub(super) direction: Option<String>,
    /// Over how many relations at most; 1 to 10, 3 when left out.
    pub(super) depth: Option<u32>,
}

/// What a CI reaches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiImpact {
    /// Nearest first, at most 500.
    pub(super) reached: Vec<ApiReached>,
    /// Redundancies that still hold although members are down.
    #[schema(value_type = Vec<Object>)]
    pub(super) spared: Vec<Standing>,
    /// More lies beyond the depth, or beyond the 500.
    pub(super) cut_off: bool,
}

/// A CI that is reached.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiReached {
    /// Identity of the CI.
    pub(super) ci: Uuid,
    /// Its name.
    pub(super) name: String,
    /// Its class.
    pub(super) class: String,
    /// How many relations away.
    pub(super) depth: u32,
    /// The CI before it on the shortest path.
    pub(super) from: Option<Uuid>,
    /// The relation between the two.
    pub(super) relation: Option<String>,
}

/// A CI to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiCi {
    /// Unique within its class.
    name: String,
    /// Such as `server`.
    class: String,
    /// Such as `in use`; that when left out.
    #[serde(default)]
    status: Option<String>,
    /// Any of its fields by name, as texts: `environment`, `criticality`, `manufacturer`, `model`, `version`,
    /// `serial_number`, `asset_tag`, `location.site` (an identity), `location.rack`, `location.u`, `notes`,
    /// `attributes.NAME` and so on.
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

impl NewApiCi {
    /// The CI, or every field that cannot be so.
    pub(super) fn ci(&self, id: Uuid) -> Result<Ci, Vec<Finding>> {
        let mut ci = Ci::blank(CiId(id), Number::provisional(Series::Ci, id), &self.class, &self.name);
        let mut findings = Vec::new();
        if let Some(status) = &self.status {
            match status.parse::<CiStatus>() {
                Ok(status) => ci.status = status,
                Err(error) => findings.push(
                    Finding::new("WRONG_VALUE", format!("status {error}."), "Use one of the values.")
                        .with("field", "status"),
                ),
            }
        }
        for (field, value) in &self.fields {
            findings.extend(ci.set_field(field, value).err());
        }
        if findings.is_empty() { Ok(ci) } else { Err(findings) }
    }
}

/// What shall be different about a CI.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchApiCi {
    /// Fields by name as in a new CI, `status` among them, with what they shall be; an empty text is no value.
    pub(super) fields: BTreeMap<String, String>,
}

/// A relation to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiRelation {
    /// Identity of a CI.
    pub(super) source: Uuid,
    /// Such as `depends on`.
    pub(super) relation: String,
    /// Identity of a CI.
    pub(super) target: Uuid,
}

/// A command took effect.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiDone {
    /// Identity of the command in the audit log.
    pub(super) command: Uuid,
    /// Identity of the record.
    pub(super) id: Uuid,
    /// The record as it stands now; none after a removal.
    pub(super) record: Option<ApiRecord>,
}
