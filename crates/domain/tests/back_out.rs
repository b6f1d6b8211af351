//! Tests of the install and the back-out: the plan applies whole, and comes back by a three-way merge.

use crate::builders::{CORA, RITA, TESS, World};
use crate::story::{AGENT, DB, PAYROLL, REL, a_world, field, the_plan};
use rstest::rstest;
use slipway_domain::cmdb::baseline::Baseline;
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::command::{CmdbCommand, Command, ReleaseCommand as C};
use slipway_domain::id::CiId;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{BackOutDecision, Outcome, Phase, Status};
use uuid::Uuid;

const LIBRARY: CiId = CiId(Uuid::from_u128(0x304));
const INSTALL: C = C::RecordInstall { window_override: None, freeze_override: None };

fn ready_with(plan: &[CiUpdate]) -> World {
    let mut world = a_world();
    world.planned();
    world.spoil(|r| r.scope.ci_plan = plan.to_vec());
    world.travel_to(Phase::DistributionAndRollout);
    world.go();
    world.now = crate::builders::START.plus_hours(25);
    world
}

fn installed_with(plan: &[CiUpdate]) -> World {
    let mut world = ready_with(plan);
    world.on(RITA, INSTALL);
    world
}

fn back_out(world: &mut World) {
    world.on(RITA, C::BackOut { reason: "errors".into() });
}

fn conflicts(world: &World) -> Vec<(CiId, String, String, String, String)> {
    let release = world.release();
    let back_out = release.back_out.unwrap();
    back_out.conflicts.into_iter().map(|c| (c.ci, c.field, c.before, c.installed, c.now)).collect()
}

fn runs_on_db() -> Relation {
    Relation::new(PAYROLL, RelationType::RunsOn, DB)
}

#[test]
fn the_install_applies_the_plan_and_keeps_a_baseline() {
    let mut world = ready_with(&the_plan());
    let before: Ci = world.get(PAYROLL);
    world.on(RITA, INSTALL);
    let ci: Ci = world.get(PAYROLL);
    assert_eq!((ci.version.as_str(), ci.notes.as_str()), ("9.4", "new"));
    assert_eq!(world.get::<Ci>(LIBRARY).name, "library");
    let relation = |r: Relation| world.records.get::<Relation>(r.id).unwrap();
    assert!(relation(Relation::new(PAYROLL, RelationType::DependsOn, LIBRARY)).is_some(), "added");
    assert!(relation(runs_on_db()).is_none(), "removed");
    let baseline: Baseline = world.get(world.release().install.unwrap().baseline);
    assert_eq!((baseline.cis, baseline.absent_cis), (vec![before], vec![LIBRARY]));
    assert_eq!(baseline.relations, [runs_on_db()]);
    assert_eq!(world.release().status, Status::Installed);
}

#[test]
fn a_plan_that_does_not_apply_is_refused_with_the_whole_list_and_changes_nothing() {
    let mut world = ready_with(&the_plan());
    let ci: Ci = world.get(PAYROLL);
    world.put(Ci { version: "9.3.1".into(), notes: "hands off".into(), ..ci });
    world.put(Ci::blank(LIBRARY, Number::new(Series::Ci, 4), "software package", "library"));
    world.put(Relation::new(PAYROLL, RelationType::DependsOn, LIBRARY));
    world.records_remove(&runs_on_db());
    let codes = world.no(RITA, INSTALL);
    let expected = ["CI_NOT_AS_PLANNED", "CI_NOT_AS_PLANNED", "CI_EXISTS", "RELATION_EXISTS", "RELATION_NOT_FOUND"];
    assert_eq!(codes, expected);
}

#[rstest]
#[case::name_taken(vec![CiUpdate::SetFields { ci: AGENT, fields: vec![field("name", "agent", "Payroll")] }], &["CI_NAME_TAKEN"])]
#[case::created_twice(vec![CiUpdate::Create(Box::new(Ci::blank(LIBRARY, Number::new(Series::Ci, 9), "software package", "agent")))], &["CI_NAME_TAKEN"])]
#[case::tag_twice(vec![
    CiUpdate::SetFields { ci: AGENT, fields: vec![field("asset_tag", "", "T1")] },
    CiUpdate::SetFields { ci: DB, fields: vec![field("asset_tag", "", "t1")] },
], &["ASSET_TAG_TAKEN", "ASSET_TAG_TAKEN"])]
#[case::unknown_ci(vec![CiUpdate::SetStatus { ci: LIBRARY, from: CiStatus::InUse, to: CiStatus::Retired }], &["UNKNOWN_CI"])]
#[case::status_differs(vec![CiUpdate::SetStatus { ci: DB, from: CiStatus::Planned, to: CiStatus::Received }], &["CI_NOT_AS_PLANNED"])]
#[case::no_such_move(vec![CiUpdate::SetStatus { ci: DB, from: CiStatus::InUse, to: CiStatus::Planned }], &["STATUS_MOVE_NOT_ALLOWED"])]
#[case::unknown_field(vec![CiUpdate::SetFields { ci: DB, fields: vec![field("colour", "", "red")] }], &["UNKNOWN_FIELD"])]
#[case::self_relation(vec![CiUpdate::AddRelation(Relation::new(DB, RelationType::DependsOn, DB))], &["SELF_RELATION"])]
fn a_plan_breaks_no_rule_of_the_cmdb(#[case] plan: Vec<CiUpdate>, #[case] codes: &[&str]) {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::DistributionAndRollout);
    world.go();
    world.now = crate::builders::START.plus_hours(25);
    world.spoil(|r| r.scope.ci_plan.clone_from(&plan));
    assert_eq!(world.no(RITA, INSTALL), codes);
}

#[test]
fn two_cis_may_swap_a_name_within_one_plan() {
    let world = installed_with(&[
        CiUpdate::SetFields { ci: AGENT, fields: vec![field("name", "agent", "db-01")] },
        CiUpdate::SetFields { ci: DB, fields: vec![field("name", "db-01", "agent")] },
    ]);
    assert_eq!((world.get::<Ci>(AGENT).name, world.get::<Ci>(DB).name), ("db-01".to_owned(), "agent".to_owned()));
    let mut world = world;
    back_out(&mut world);
    assert_eq!((world.get::<Ci>(AGENT).name, world.get::<Ci>(DB).name), ("agent".to_owned(), "db-01".to_owned()));
    assert!(conflicts(&world).is_empty(), "and swap it back");
}

#[test]
fn backing_out_what_nobody_touched_restores_all_of_it() {
    let mut world = ready_with(&the_plan());
    let cis = |w: &World| [PAYROLL, DB, AGENT].map(|ci| w.get::<Ci>(ci));
    let before = cis(&world);
    world.on(RITA, INSTALL);
    back_out(&mut world);
    assert_eq!(cis(&world), before);
    assert!(world.records.get::<Ci>(LIBRARY).unwrap().is_none(), "what was created is gone");
    assert!(world.records.get::<Relation>(runs_on_db().id).unwrap().is_some(), "what was removed is back");
    assert!(conflicts(&world).is_empty());
}

#[test]
fn a_field_that_somebody_else_changed_is_listed_and_the_others_go_back() {
    let mut world = installed_with(&the_plan());
    let set = |fields| Command::Cmdb(CmdbCommand::SetFields(PAYROLL, fields));
    world.must(CORA, &set(vec![field("version", "9.4", "9.4.1"), field("model", "", "XL")]));
    back_out(&mut world);
    let ci: Ci = world.get(PAYROLL);
    assert_eq!((ci.version.as_str(), ci.notes.as_str(), ci.model.as_str()), ("9.4.1", "", "XL"));
    let expected = (PAYROLL, "version".to_owned(), "9.3".to_owned(), "9.4".to_owned(), "9.4.1".to_owned());
    assert_eq!(conflicts(&world), [expected]);
    let decide = |decision| C::DecideConflict { ci: PAYROLL, field: "version".into(), decision };
    assert_eq!(
        world.no(RITA, C::DecideConflict { ci: DB, field: "version".into(), decision: BackOutDecision::Keep }),
        ["CONFLICT_NOT_FOUND"]
    );
    world.on(CORA, decide(BackOutDecision::Restore));
    assert_eq!(world.get::<Ci>(PAYROLL).version, "9.3");
    assert_eq!(world.no(RITA, decide(BackOutDecision::Keep)), ["CONFLICT_DECIDED"]);
    world.do_tasks();
    world.on(RITA, C::CompleteBackOut { rework: false });
}

#[test]
fn what_is_kept_stays() {
    let mut world = installed_with(&the_plan());
    let ci: Ci = world.get(PAYROLL);
    world.put(Ci { version: "9.4.1".into(), ..ci });
    back_out(&mut world);
    world.on(RITA, C::DecideConflict { ci: PAYROLL, field: "version".into(), decision: BackOutDecision::Keep });
    assert_eq!(world.get::<Ci>(PAYROLL).version, "9.4.1");
}

#[rstest]
#[case::changed(|w: &mut World| { let ci: Ci = w.get(LIBRARY); w.put(Ci { notes: "mine".into(), ..ci }); }, "changed notes")]
#[case::built_on(|w: &mut World| w.put(Relation::new(AGENT, RelationType::DependsOn, LIBRARY)), "agent depends on library")]
fn a_created_ci_that_somebody_builds_on_is_listed(#[case] touch: fn(&mut World), #[case] now: &str) {
    let mut world = installed_with(&the_plan());
    touch(&mut world);
    back_out(&mut world);
    let expected = (LIBRARY, "ci".to_owned(), String::new(), "created as library".to_owned(), now.to_owned());
    assert_eq!(conflicts(&world), [expected]);
    world.on(RITA, C::DecideConflict { ci: LIBRARY, field: "ci".into(), decision: BackOutDecision::Restore });
    assert!(world.records.get::<Ci>(LIBRARY).unwrap().is_none());
    assert!(world.records.get::<Relation>(Relation::id_of(AGENT, RelationType::DependsOn, LIBRARY)).unwrap().is_none());
}

#[test]
fn a_name_that_another_ci_took_is_listed_and_not_taken_back() {
    let mut world =
        installed_with(&[CiUpdate::SetFields { ci: AGENT, fields: vec![field("name", "agent", "agent-2")] }]);
    let other = CiId(Uuid::from_u128(0x309));
    world.put(Ci::blank(other, Number::new(Series::Ci, 9), "software package", "agent"));
    back_out(&mut world);
    assert_eq!(world.get::<Ci>(AGENT).name, "agent-2");
    assert_eq!(conflicts(&world).len(), 1);
    let restore = C::DecideConflict { ci: AGENT, field: "name".into(), decision: BackOutDecision::Restore };
    assert_eq!(world.no(RITA, restore), ["CI_NAME_TAKEN"]);
}

#[test]
fn a_status_comes_back_as_a_field_does() {
    let status = |from, to| CiUpdate::SetStatus { ci: DB, from, to };
    let mut world = installed_with(&[
        status(CiStatus::InUse, CiStatus::InMaintenance),
        CiUpdate::SetFields { ci: DB, fields: vec![field("attributes.cores", "", "8")] },
    ]);
    assert_eq!(world.get::<Ci>(DB).attributes["cores"], "8");
    back_out(&mut world);
    let ci: Ci = world.get(DB);
    assert_eq!((ci.status, ci.attributes.len()), (CiStatus::InUse, 0));
}

#[test]
fn rework_plans_anew_with_the_evidence_kept() {
    let mut world = installed_with(&the_plan());
    world.do_tasks();
    back_out(&mut world);
    assert_eq!(world.release().outcomes.values().copied().collect::<Vec<_>>(), [Outcome::Failed]);
    world.do_tasks();
    world.on(RITA, C::CompleteBackOut { rework: true });
    let release = world.release();
    assert_eq!(
        (release.phase, release.install.is_some(), release.go_no_go.is_some()),
        (Phase::PlanAndDesign, false, false)
    );
    assert!(release.back_out.is_some(), "the evidence is kept");
    world.travel_to(Phase::Verified);
    assert_eq!(world.get::<Ci>(PAYROLL).version, "9.4", "the second time it lasts");
    assert_eq!(world.no(TESS, C::VerifyAndClose), ["NOT_ALLOWED"]);
    assert_eq!(world.get::<slipway_domain::release::record::Release>(REL).phase, Phase::Verified);
}

impl World {
    fn records_remove(&mut self, relation: &Relation) {
        use slipway_domain::record::Kind;
        use slipway_domain::records::Records;
        self.records.remove(Kind::Relation, relation.id.into()).unwrap();
    }
}
