//! What is sent and answered.

use crate::core::{ApiPage, Stood};
use crate::error::ServerError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::execute::Conflict;
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

/// A page of records, ascending by identity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiRecords {
    items: Vec<ApiRecord>,
    /// What `after` has to be for the next page; none at the end. A page may be short, or empty, though there is a next.
    next: Option<Uuid>,
}

impl ApiRecord {
    pub(super) fn of<E: Entity>(stood: &Stood<E>) -> Result<Self, ServerError> {
        Ok(Self { seq: stood.seq, record: serde_json::to_value(&stood.record)? })
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }
}

impl ApiRecords {
    pub(super) fn of<E: Entity>(page: &ApiPage<E>) -> Result<Self, ServerError> {
        Ok(Self { items: page.items.iter().map(ApiRecord::of).collect::<Result<_, _>>()?, next: page.next })
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Only records after this one.
    pub(super) after: Option<Uuid>,
    /// At most so many; 1 to 200, 50 when left out.
    pub(super) limit: Option<usize>,
}

/// Which CIs. With a name, serial number or asset tag they are looked up; other filters pass over what does not fit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CiQuery {
    /// Only CIs after this one.
    pub(super) after: Option<Uuid>,
    /// At most so many; 1 to 200, 50 when left out.
    pub(super) limit: Option<usize>,
    /// Of this name, in any case.
    pub(super) name: Option<String>,
    /// Of this class, in any case.
    pub(super) class: Option<String>,
    /// With this serial number; together with the manufacturer.
    pub(super) serial_number: Option<String>,
    /// Of this manufacturer, in any case.
    pub(super) manufacturer: Option<String>,
    /// With this asset tag.
    pub(super) asset_tag: Option<String>,
    /// In this status, such as `in use`.
    pub(super) status: Option<String>,
    /// Of this environment, such as `production`.
    pub(super) environment: Option<String>,
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

/// A field from what was seen to what it shall be; an empty text is no value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiChange {
    /// Its name, as in a new CI.
    pub(super) field: String,
    /// What was read.
    pub(super) from: String,
    /// What it shall be.
    pub(super) to: String,
}

/// A status from what was seen to what it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiStatus {
    /// What was read.
    pub(super) from: String,
    /// What it shall be.
    pub(super) to: String,
}

/// What shall be different about a CI.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchApiCi {
    /// Fields; one whose value is not what was seen is a conflict and stays, the others go on.
    #[serde(default)]
    pub(super) fields: Vec<ApiChange>,
    /// The status.
    #[serde(default)]
    pub(super) status: Option<ApiStatus>,
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
    /// Fields that were not what was seen, and stayed.
    #[schema(value_type = Vec<Object>)]
    pub(super) conflicts: Vec<Conflict>,
}

/// A rule said no, or what was seen is not what is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiRefused {
    /// `refused`, `conflict` or `changed_meanwhile`.
    pub(super) code: &'static str,
    /// Why, in a sentence.
    pub(super) sentence: String,
    /// What to do.
    pub(super) way_out: String,
    /// Every reason.
    pub(super) findings: Vec<Finding>,
    /// The record as it stands, where there is one.
    pub(super) record: Option<ApiRecord>,
}
