//! The task templates that a workspace starts with. An administrator edits them as data.

use crate::id::SettingId;
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use crate::release::record::{Phase, ReleaseType};
use crate::setting::{TaskTemplate, TemplateTask};
use uuid::Uuid;

/// Whether the phase can be left without the task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Must,
    May,
}

/// Whether there is one task or one for each target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    Once,
    PerTarget,
}

use Count::{Once, PerTarget};
use Need::{May, Must};

/// Title, whether it must be done, positions of what comes first, how many, planned minutes.
type Row = (&'static str, Need, &'static [u32], Count, u32);

/// The default tasks by type and phase, as in the design.
#[rustfmt::skip]
static DEFAULTS: &[(ReleaseType, Phase, &[Row])] = &[
    (ReleaseType::Software, Phase::PlanAndDesign, &[
        ("Scope and content", Must, &[], Once, 120),
        ("Roles and schedule", Must, &[], Once, 60),
        ("Rollout plan", Must, &[0], Once, 120),
        ("Back-out plan", Must, &[0], Once, 120),
        ("Test plan", Must, &[0], Once, 120),
        ("Licences checked", Must, &[0], Once, 30),
        ("Release unit and packaging chosen", Must, &[0], Once, 30),
    ]),
    (ReleaseType::Hardware, Phase::PlanAndDesign, &[
        ("Scope and content", Must, &[], Once, 120),
        ("Roles and schedule", Must, &[], Once, 60),
        ("Rollout plan", Must, &[0], Once, 120),
        ("Back-out plan", Must, &[0], Once, 120),
        ("Site survey (space, power, cooling, cabling)", Must, &[0], Once, 240),
        ("Procurement and DHS stock checked", Must, &[0], Once, 60),
    ]),
    (ReleaseType::Software, Phase::BuildAndTest, &[
        ("Identify the affected systems", Must, &[], Once, 60),
        ("Create release", Must, &[0], Once, 60),
        ("Assemble package", Must, &[1], Once, 120),
        ("Store master in DSL and verify", Must, &[2], Once, 30),
        ("Install in test", Must, &[3], Once, 60),
        ("Functional test", Must, &[4], Once, 240),
        ("Back-out rehearsed", Must, &[4], Once, 60),
        ("Known errors recorded", May, &[5], Once, 30),
    ]),
    (ReleaseType::Hardware, Phase::BuildAndTest, &[
        ("Identify the affected systems", Must, &[], Once, 60),
        ("Receive and inspect into DHS", Must, &[], Once, 120),
        ("Configure and burn in", Must, &[1], Once, 480),
        ("Asset-tag and label", Must, &[1], Once, 60),
        ("Acceptance test", Must, &[2], Once, 120),
        ("Back-out rehearsed", Must, &[2], Once, 60),
    ]),
    (ReleaseType::Software, Phase::Training, &[
        ("Train users", Must, &[], Once, 240),
        ("Train service desk", Must, &[], Once, 120),
        ("Train operations", Must, &[], Once, 120),
    ]),
    (ReleaseType::Hardware, Phase::Training, &[
        ("Train technicians", Must, &[], Once, 240),
        ("Train service desk", Must, &[], Once, 120),
        ("Train operations", Must, &[], Once, 120),
    ]),
    (ReleaseType::Software, Phase::DistributionAndRollout, &[
        ("Announce", May, &[], Once, 15),
        ("Back up", Must, &[], Once, 60),
        ("Deploy", Must, &[1], PerTarget, 60),
        (crate::release::guard::rollout::UPDATE_SYSTEM, Must, &[2], Once, 30),
        ("Smoke test", Must, &[2], Once, 30),
    ]),
    (ReleaseType::Hardware, Phase::DistributionAndRollout, &[
        ("Announce", May, &[], Once, 15),
        ("Issue from DHS", Must, &[], Once, 30),
        ("Rack and cable", Must, &[1], PerTarget, 120),
        ("Power on and check", Must, &[2], Once, 60),
        (crate::release::guard::rollout::UPDATE_SYSTEM, Must, &[3], Once, 30),
    ]),
    (ReleaseType::Software, Phase::Verification, &[
        ("Service check", Must, &[], Once, 60),
        ("Monitoring and support handover", Must, &[], Once, 60),
        ("CMDB audit", Must, &[], Once, 60),
        ("Review", Must, &[0, 1, 2], Once, 60),
    ]),
    (ReleaseType::Hardware, Phase::Verification, &[
        ("Physical audit by scan", Must, &[], Once, 60),
        ("Monitoring and support handover", Must, &[], Once, 60),
        ("CMDB audit", Must, &[0], Once, 60),
        ("Review", Must, &[0, 1, 2], Once, 60),
    ]),
    (ReleaseType::Software, Phase::BackOut, &[
        ("Restore software", Must, &[], Once, 60),
        ("Verify service", Must, &[0], Once, 30),
        ("Inform", May, &[1], Once, 15),
    ]),
    (ReleaseType::Hardware, Phase::BackOut, &[
        ("Remove or swap back", Must, &[], Once, 120),
        ("Return to DHS", Must, &[0], Once, 30),
        ("Verify service", Must, &[0], Once, 30),
        ("Inform", May, &[2], Once, 15),
    ]),
];

/// The default templates; their ids are fixed, so that every workspace and every device means the same by them.
#[must_use]
pub fn default_templates() -> Vec<TaskTemplate> {
    DEFAULTS.iter().map(|(release_type, phase, rows)| template(*release_type, *phase, rows)).collect()
}

/// The id of the default template of a type and phase.
#[must_use]
pub fn default_id(release_type: ReleaseType, phase: Phase) -> SettingId {
    let name = format!("slipway.task_template|{}|{}", release_type.label(), phase.label());
    SettingId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// The template that holds for a type and phase: the workspace's own, or else the default.
///
/// # Errors
/// A storage fault.
pub fn template_for(
    release_type: ReleaseType,
    phase: Phase,
    records: &dyn Records,
) -> Result<Option<TaskTemplate>, Fault> {
    let mut own: Vec<TaskTemplate> = records.all()?;
    own.retain(|t| t.release_type == release_type && t.phase == phase);
    // One that the workspace made itself goes before the one it started with.
    own.sort_by_key(|t| (t.id == default_id(release_type, phase), t.id));
    if let Some(template) = own.into_iter().next() {
        return Ok(Some(template));
    }
    let defaults = DEFAULTS.iter().find(|(t, p, _)| *t == release_type && *p == phase);
    Ok(defaults.map(|(t, p, rows)| template(*t, *p, rows)))
}

fn template(release_type: ReleaseType, phase: Phase, rows: &[Row]) -> TaskTemplate {
    let tasks = rows
        .iter()
        .map(|(title, need, after, count, minutes)| TemplateTask {
            title: (*title).to_owned(),
            mandatory: *need == Must,
            after: after.to_vec(),
            per_target: *count == PerTarget,
            planned_minutes: *minutes,
        })
        .collect();
    TaskTemplate { id: default_id(release_type, phase), release_type, phase, tasks }
}
