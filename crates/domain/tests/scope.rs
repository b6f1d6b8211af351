//! Where records lie, who may read them, and that nobody changes what they may not read.

use crate::builders::{ADAM, ANNE, BERT, CAB, CORA, RITA, STAN, START, TESS, VERA, World};
use rstest::rstest;
use slipway_domain::cmdb::baseline::Baseline;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{
    ApprovalCommand, CiRow, CmdbCommand, Command, DhsCommand, Edit, RelationRow, SetupCommand,
};
use slipway_domain::comment::Comment;
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, MovementKind, UnitFacts, UnitState};
use slipway_domain::id::{
    BaselineId, CiId, CommentId, DelegationId, DhsModelId, DhsUnitId, MovementId, PersonId, ReleaseId, SiteId,
};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Delegation, Group, Person, Role, Site, SiteAccess};
use slipway_domain::record::{Kind, Record, RecordRef};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::task_record::Assignee;
use slipway_domain::scope::{Bucket, Place, Sight, Sites, buckets, followers, place, together};
use std::collections::BTreeSet;
use uuid::Uuid;

const BREMEN: SiteId = SiteId(Uuid::from_u128(0xb));
const HAMBURG: SiteId = SiteId(Uuid::from_u128(0xa));

fn ci(n: u32, site: Option<SiteId>) -> Ci {
    let id = CiId(Uuid::from_u128(0x100 + u128::from(n)));
    let mut ci = Ci::blank(id, Number::new(Series::Ci, n), "server", &format!("srv-{n}"));
    ci.location.site = site;
    ci
}

fn unit(site: Option<SiteId>, reserved_for: Option<ReleaseId>) -> DhsUnit {
    DhsUnit {
        id: DhsUnitId(Uuid::from_u128(0x200)),
        number: Number::new(Series::DhsUnit, 1),
        model: DhsModelId(Uuid::from_u128(0x201)),
        serial_number: "S1".into(),
        asset_tag: String::new(),
        condition: Condition::New,
        state: UnitState::InStore,
        bin: Bin { site, store: "cellar".into(), ..Bin::default() },
        reserved_for,
        ci: None,
        facts: UnitFacts::default(),
    }
}

/// Two sites, a CI at each, one that stands nowhere.
fn world() -> World {
    let mut world = World::new();
    for (id, name) in [(HAMBURG, "Hamburg"), (BREMEN, "Bremen")] {
        world.put(Site { id, name: name.into(), address: String::new() });
    }
    world.put(ci(1, Some(HAMBURG)));
    world.put(ci(2, Some(BREMEN)));
    world.put(ci(3, None));
    world
}

fn lies(world: &World, record: impl Into<Record>) -> Vec<Bucket> {
    buckets(&record.into(), &world.records).unwrap().into_iter().collect()
}

fn relation(from: u32, to: u32) -> Relation {
    Relation::new(ci(from, None).id, RelationType::DependsOn, ci(to, None).id)
}

#[rstest]
#[case::at_a_site(1, 1, &[Bucket::Site(HAMBURG)])]
#[case::between_two_sites(1, 2, &[Bucket::Site(HAMBURG), Bucket::Site(BREMEN)])]
#[case::of_a_service(3, 2, &[Bucket::Site(BREMEN)])]
#[case::between_services(3, 3, &[Bucket::Workspace])]
#[case::with_one_end_gone(9, 1, &[Bucket::Site(HAMBURG)])]
#[case::with_no_end_left(9, 8, &[])]
fn a_relation_lies_where_its_ends_lie(#[case] from: u32, #[case] to: u32, #[case] expected: &[Bucket]) {
    assert_eq!(lies(&world(), relation(from, to)), expected);
}

#[test]
fn a_unit_lies_at_its_bin_and_in_the_workspace_while_a_release_needs_it() {
    let world = world();
    let release = Some(ReleaseId(Uuid::from_u128(5)));
    assert_eq!(lies(&world, unit(Some(HAMBURG), None)), [Bucket::Site(HAMBURG)]);
    assert_eq!(lies(&world, unit(Some(HAMBURG), release)), [Bucket::Workspace, Bucket::Site(HAMBURG)]);
    assert_eq!(lies(&world, unit(None, None)), [Bucket::Workspace]);
}

#[test]
fn movements_and_comments_lie_with_what_they_are_about() {
    let mut world = world();
    let unit = unit(Some(BREMEN), Some(ReleaseId(Uuid::from_u128(5))));
    world.put(unit.clone());
    let movement = slipway_domain::dhs::record::Movement {
        id: MovementId(Uuid::from_u128(1)),
        unit: unit.id,
        kind: MovementKind::Receive,
        release: None,
        to: unit.bin.clone(),
        by: STAN,
        at: START,
        note: String::new(),
    };
    assert_eq!(lies(&world, movement), [Bucket::Workspace, Bucket::Site(BREMEN)]);
    let comment = |id: u128, on: RecordRef| Comment {
        id: CommentId(Uuid::from_u128(id)),
        on,
        text: "seen".into(),
        by: TESS,
        at: START,
    };
    let first = comment(1, RecordRef::of(&ci(1, None)));
    assert_eq!(lies(&world, first.clone()), [Bucket::Site(HAMBURG)], "with the CI as it stands, not as it is named");
    world.put(first.clone());
    assert_eq!(lies(&world, comment(2, RecordRef::of(&first))), [Bucket::Site(HAMBURG)], "an answer to a comment too");
    let person: Person = world.get(TESS);
    let on_person = Record::from(comment(3, RecordRef::of(&person)));
    assert_eq!(place(&on_person), Place::In([Bucket::Workspace].into()), "without a look-up");
}

#[test]
fn a_baseline_lies_at_the_sites_of_what_it_copies_and_a_delegation_with_its_people() {
    let world = world();
    let baseline = |cis: Vec<Ci>| Baseline {
        id: BaselineId(Uuid::from_u128(1)),
        name: "before".into(),
        at: START,
        by: RITA,
        cis,
        relations: Vec::new(),
        absent_cis: Vec::new(),
        absent_relations: Vec::new(),
        taken: None,
    };
    assert_eq!(lies(&world, baseline(vec![ci(1, Some(HAMBURG)), ci(3, None)])), [Bucket::Site(HAMBURG)]);
    assert_eq!(lies(&world, baseline(vec![ci(3, None)])), [Bucket::Workspace]);
    let mut world = world;
    let delegation = delegation(ANNE, BERT, &world);
    world.must(ADAM, &Command::Approval(ApprovalCommand::Delegate(delegation.clone())));
    let stored: Delegation = world.get(delegation.id);
    let people: BTreeSet<Bucket> = [ANNE, BERT, ADAM].map(Bucket::Person).into();
    assert_eq!(BTreeSet::from_iter(lies(&world, stored)), people, "the administrator who set it up can take it back");
}

fn delegation(from: PersonId, to: PersonId, world: &World) -> Delegation {
    Delegation {
        id: DelegationId(Uuid::from_u128(0x701)),
        from,
        to: [to].into(),
        groups: None,
        starts_at: world.now,
        ends_at: world.now.plus_hours(1),
        revoked: false,
        by: None,
    }
}

#[test]
fn whoever_lies_with_a_record_is_found_by_it() {
    let mut world = world();
    for record in [Record::from(relation(1, 2)), Record::from(relation(3, 1))] {
        let Place::With(anchors) = place(&record) else { panic!("a relation lies with its ends") };
        match record {
            Record::Relation(r) => world.put(*r),
            _ => unreachable!(),
        }
        for (kind, id) in anchors {
            let found = followers(kind).iter().any(|(lookup, of)| {
                *of == Kind::Relation
                    && world.records.list::<Relation>(*lookup, &id.to_string()).unwrap().iter().any(|r| r.id.0 != id)
            });
            assert!(found, "or a move of this end would leave the relation behind");
        }
    }
    assert_eq!(together(&[]), BTreeSet::new());
}

fn assign(of: Assignee, from: Option<&[SiteId]>, to: Option<&[SiteId]>) -> Command {
    let set = |sites: Option<&[SiteId]>| sites.map(|sites| sites.iter().copied().collect());
    Command::Setup(SetupCommand::AssignSites(of, Edit { from: set(from), to: set(to) }))
}

fn sight(world: &World, person: PersonId) -> Sight {
    Sight::of(&world.get::<Person>(person), &world.records).unwrap()
}

#[test]
fn everybody_reads_all_sites_until_some_are_named_for_them_or_a_group() {
    let mut world = world();
    assert_eq!(sight(&world, TESS).sites, Sites::All);
    world.must(ADAM, &assign(Assignee::Person(TESS), None, Some(&[HAMBURG])));
    assert_eq!(sight(&world, TESS).sites, Sites::Only([HAMBURG].into()));
    assert_eq!(sight(&world, ANNE).sites, Sites::All, "somebody else's sites are theirs alone");
    world.must(ADAM, &assign(Assignee::Group(CAB), None, Some(&[BREMEN])));
    assert_eq!(sight(&world, ANNE).sites, Sites::Only([BREMEN].into()));
    let members = [ANNE, TESS].into();
    world.put(Group { members, ..world.get(CAB) });
    assert_eq!(sight(&world, TESS).sites, Sites::Only([HAMBURG, BREMEN].into()), "both together");
    assert_eq!(sight(&world, BERT).sites, Sites::All, "who left the group is no longer meant");
    world.must(ADAM, &assign(Assignee::Group(CAB), Some(&[BREMEN]), None));
    world.must(ADAM, &assign(Assignee::Person(TESS), Some(&[HAMBURG]), Some(&[])));
    let none = sight(&world, TESS);
    assert_eq!(none.sites, Sites::Only([].into()), "nobody's business but the workspace's");
    assert!(none.covers(Bucket::Workspace) && none.covers(Bucket::Person(TESS)));
    assert!(!none.covers(Bucket::Site(HAMBURG)) && !none.covers(Bucket::Person(ANNE)));
    world.must(ADAM, &assign(Assignee::Person(TESS), Some(&[]), None));
    assert!(world.records.get::<SiteAccess>(SiteAccess::id_for(Assignee::Person(TESS))).unwrap().is_none());
}

#[test]
fn administrators_and_auditors_read_all() {
    let mut world = world();
    world.put(Person { roles: [Role::Auditor].into(), ..world.get(VERA) });
    for reader in [ADAM, VERA] {
        assert_eq!(world.refused(ADAM, &assign(Assignee::Person(reader), None, Some(&[HAMBURG]))), ["READS_ALL"]);
    }
    world.must(ADAM, &assign(Assignee::Person(TESS), None, Some(&[HAMBURG])));
    world.put(Person { roles: [Role::Technician, Role::Auditor].into(), ..world.get(TESS) });
    assert_eq!(sight(&world, TESS).sites, Sites::All, "a role given later reads all as well");
}

#[rstest]
#[case::not_an_administrator(RITA, assign(Assignee::Person(TESS), None, Some(&[HAMBURG])), &["NOT_ALLOWED"])]
#[case::nobody(ADAM, assign(Assignee::Person(PersonId(Uuid::from_u128(9))), None, None), &["UNKNOWN_PERSON"])]
#[case::no_site(ADAM, assign(Assignee::Person(TESS), None, Some(&[SiteId(Uuid::from_u128(9))])), &["UNKNOWN_SITE"])]
#[case::changed_meanwhile(ADAM, assign(Assignee::Person(TESS), Some(&[BREMEN]), None), &[])]
#[case::given_by_another(ADAM, assign(Assignee::Person(TESS), Some(&[BREMEN]), Some(&[HAMBURG])), &["SITES_CHANGED"])]
fn sites_are_given_by_rule(#[case] actor: PersonId, #[case] command: Command, #[case] codes: &[&str]) {
    let mut world = world();
    let found = world
        .run(actor, &command)
        .err()
        .map_or_else(Vec::new, |refusal| refusal.findings.into_iter().map(|finding| finding.code).collect::<Vec<_>>());
    assert_eq!(found, codes);
}

fn set_notes(n: u32) -> Command {
    let change = FieldChange { field: "notes".into(), from: String::new(), to: "mine".into() };
    Command::Cmdb(CmdbCommand::SetFields(ci(n, None).id, vec![change]))
}

#[test]
fn nobody_changes_what_they_may_not_read() {
    let mut world = world();
    world.put(DhsModel {
        id: unit(None, None).model,
        manufacturer: "Maker".into(),
        name: "M".into(),
        part_numbers: Vec::new(),
        height_tenth_u: 10,
        facts: ModelFacts::default(),
    });
    world.put(unit(Some(BREMEN), None));
    world.put(relation(1, 2));
    world.put(relation(3, 2));
    let people: BTreeSet<PersonId> = [TESS, CORA, STAN].into();
    for person in people {
        world.must(ADAM, &assign(Assignee::Person(person), None, Some(&[HAMBURG])));
    }
    let unit_id = unit(None, None).id;
    let on = |record: RecordRef| {
        let id = CommentId(Uuid::from_u128(0x900));
        Command::Comment(Comment { id, on: record, text: "hm".into(), by: TESS, at: START })
    };
    let relate = |from: u32, to: u32| {
        let (source, target) = (ci(from, None).id, ci(to, None).id);
        Command::Cmdb(CmdbCommand::Relate { source, relation_type: RelationType::ConnectsTo, target })
    };
    for (actor, command) in [
        (TESS, set_notes(2)),
        (TESS, relate(1, 2)),
        (TESS, Command::Cmdb(CmdbCommand::Unrelate(relation(3, 2).id))),
        (TESS, on(RecordRef::of(&ci(2, None)))),
        (STAN, Command::Dhs(DhsCommand::Transfer { unit: unit_id, to: Bin::default() })),
        (STAN, Command::Dhs(DhsCommand::Dispose { unit: unit_id, reason: "old".into() })),
    ] {
        assert_eq!(world.refused(actor, &command), ["OUT_OF_SCOPE"], "{command:?}");
    }
    for command in [set_notes(1), set_notes(3), relate(1, 3), on(RecordRef::of(&ci(1, None)))] {
        world.must(TESS, &command);
    }
    world.must(TESS, &Command::Cmdb(CmdbCommand::Unrelate(relation(1, 2).id)));
    let row =
        |n: u32| CiRow { line: n, ci: Ci { notes: "new".into(), ..ci(n, None) }, columns: ["notes".into()].into() };
    let effect = world.must(CORA, &Command::Cmdb(CmdbCommand::ImportCis(vec![row(1), row(2)])));
    let codes: Vec<&str> = effect.conflicts.iter().map(|conflict| conflict.finding.code.as_str()).collect();
    assert_eq!((effect.updated, codes), (1, vec!["OUT_OF_SCOPE"]), "each row by itself");
    let row = |n: u32| RelationRow { line: n, relation: relation(n, 3) };
    let effect = world.must(CORA, &Command::Cmdb(CmdbCommand::ImportRelations(vec![row(1), row(2)])));
    let codes: Vec<&str> = effect.conflicts.iter().map(|conflict| conflict.finding.code.as_str()).collect();
    assert_eq!((effect.created, codes), (1, vec!["OUT_OF_SCOPE"]));
}
