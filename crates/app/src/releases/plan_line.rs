//! Adding one line to a CI update plan: what the person names, with what is there now as what the plan expects.

use crate::error::CallError;
use crate::view::mutations::Done;
use crate::view::releases::PlanLineRequest;
use crate::{App, action_code, missing, resolve, unknown_action};
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::command::{Command, Edit, ReleaseCommand, ReleaseEdit};
use slipway_domain::id::CiId;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Kind;

/// Adds a line to the plan of a release.
///
/// # Errors
/// A refusal, or trouble.
pub fn add(app: &App, request: &PlanLineRequest) -> Result<Done, CallError> {
    let (release, line) = app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        let action = action_code(&request.what);
        let need = |field: &Option<String>, name: &str| field.clone().ok_or_else(|| missing(&action, name));
        let ci = || -> Result<Ci, CallError> { resolve::ci(sight, &need(&request.ci, "ci")?) };
        let relation = || -> Result<Relation, CallError> {
            let kind = request.relation_type.ok_or_else(|| missing(&action, "relation_type"))?;
            Ok(Relation::new(ci()?.id, kind, resolve::ci(sight, &need(&request.target, "target")?)?.id))
        };
        let line = match action.as_str() {
            "create" => {
                let id = CiId(app.host().new_id());
                let (class, name) = (need(&request.class, "class")?, need(&request.name, "name")?);
                let mut ci = Ci::blank(id, Number::provisional(Series::Ci, id.0), &class, &name);
                ci.status = request.status.unwrap_or(CiStatus::InUse);
                ci.version = request.version.clone().unwrap_or_default();
                CiUpdate::Create(Box::new(ci))
            }
            "set_field" => {
                let (ci, field, to) = (ci()?, need(&request.field, "field")?, need(&request.to, "to")?);
                let from = ci.field(&field).unwrap_or_default();
                CiUpdate::SetFields { ci: ci.id, fields: vec![FieldChange { field, from, to }] }
            }
            "set_status" => {
                let (ci, to) = (ci()?, request.status.ok_or_else(|| missing(&action, "status"))?);
                CiUpdate::SetStatus { ci: ci.id, from: ci.status, to }
            }
            "retire" => {
                let ci = ci()?;
                CiUpdate::SetStatus { ci: ci.id, from: ci.status, to: CiStatus::Retired }
            }
            "add_relation" => CiUpdate::AddRelation(relation()?),
            "remove_relation" => CiUpdate::RemoveRelation(relation()?),
            other => return Err(unknown_action("a CI update plan", other)),
        };
        Ok((release, line))
    })?;
    let from = release.scope.ci_plan.clone();
    let to = from.iter().cloned().chain([line]).collect();
    let edit = ReleaseCommand::Edit(vec![ReleaseEdit::CiPlan(Edit { from, to })]);
    app.issue(Command::Release(release.id, edit), Some((Kind::Release, release.id.0)))
}
