//! Photos: who may add which, what becomes of them when what they show moves, merges, goes or is edited elsewhere.

use crate::builders::{ADAM, ANNE, CORA, STAN, START, TESS, VERA, World};
use rstest::rstest;
use slipway_domain::attachment::{
    Attachment, AttachmentCommand, AttachmentEdit, FILE_NAME_CHARS, MediaType, NewAttachment, PHOTO_BYTES, PHOTOS,
    PhotoOf, photos_of,
};
use slipway_domain::blob::Sha256;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::moment::{PHOTO, State, steps};
use slipway_domain::command::about::about;
use slipway_domain::command::merge::{MergePolicy, is_fact, policy};
use slipway_domain::command::{CmdbCommand, Command, DhsCommand, Edit, SetupCommand};
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::record::{Bin, DhsModel};
use slipway_domain::dhs::stocktake::{SeenUnit, StocktakeAct, StocktakeSight};
use slipway_domain::id::{AttachmentId, CiId, DhsModelId, PersonId, SiteId, StocktakeId, StocktakeSightId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Site;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::task_record::Assignee;
use slipway_domain::scope::{Bucket, Place, followers, place};
use slipway_domain::since::level_of;
use std::collections::BTreeSet;
use uuid::Uuid;

const HAMBURG: SiteId = SiteId(Uuid::from_u128(0xa));
const BREMEN: SiteId = SiteId(Uuid::from_u128(0xb));

fn ci(n: u32) -> CiId {
    CiId(Uuid::from_u128(0x100 + u128::from(n)))
}

fn id(n: u128) -> AttachmentId {
    AttachmentId(Uuid::from_u128(0x900 + n))
}

/// Two CIs in Hamburg, one in Bremen.
fn world() -> World {
    let mut world = World::new();
    for (id, name) in [(HAMBURG, "Hamburg"), (BREMEN, "Bremen")] {
        world.put(Site { id, name: name.into(), address: String::new() });
    }
    for (n, site) in [(1, HAMBURG), (2, HAMBURG), (3, BREMEN)] {
        let mut record = Ci::blank(ci(n), Number::new(Series::Ci, n), "server", &format!("srv-{n}"));
        record.location.site = Some(site);
        world.put(record);
    }
    world
}

fn photo(n: u128, of: u32) -> NewAttachment {
    NewAttachment {
        id: id(n),
        of: PhotoOf::Ci(ci(of)),
        file_name: "front.jpg".into(),
        title: format!("Front {n}"),
        media_type: MediaType::Jpeg,
        size_bytes: 5_000,
        sha256: Sha256([u8::try_from(n).unwrap(); 32]),
    }
}

fn add(photo: NewAttachment) -> Command {
    Command::Attachment(AttachmentCommand::Add(photo))
}

fn title(n: u128, from: &str, to: &str) -> Command {
    let edit = AttachmentEdit::Title(Edit { from: from.into(), to: to.into() });
    Command::Attachment(AttachmentCommand::Describe(id(n), vec![edit]))
}

fn remove(n: u128) -> Command {
    Command::Attachment(AttachmentCommand::Remove(id(n)))
}

#[test]
fn a_photo_is_its_authors_at_the_commands_time_and_is_found_by_its_ci_and_its_hash() {
    let mut world = world();
    assert_eq!(world.must(TESS, &add(NewAttachment { title: "  Front ".into(), ..photo(1, 1) })).created, 1);
    let stored: Attachment = world.get(id(1));
    assert_eq!((stored.by, stored.at, stored.title.as_str()), (TESS, START, "Front"));
    assert_eq!(photos_of(PhotoOf::Ci(ci(1)), &world.records).unwrap(), std::slice::from_ref(&stored));
    let by_hash = world.records.list::<Attachment>(Lookup::AttachmentsByHash, &"01".repeat(32)).unwrap();
    assert_eq!(by_hash, std::slice::from_ref(&stored));
    let record = Record::from(stored);
    assert_eq!(Record::from_body(Kind::Attachment, &record.body().unwrap()).unwrap(), record);
    assert_eq!(record.label(), "Front");
}

#[rstest]
#[case::good(photo(1, 1), &[])]
#[case::at_the_limit(NewAttachment { size_bytes: PHOTO_BYTES, ..photo(1, 1) }, &[])]
#[case::over_the_limit(NewAttachment { size_bytes: PHOTO_BYTES + 1, ..photo(1, 1) }, &["PHOTO_SIZE"])]
#[case::nothing_in_it(NewAttachment { size_bytes: 0, ..photo(1, 1) }, &["PHOTO_SIZE"])]
#[case::no_ci(photo(1, 9), &["NOT_FOUND"])]
#[case::long_title(NewAttachment { title: "x".repeat(251), ..photo(1, 1) }, &["TEXT_TOO_LONG"])]
#[case::title_in_two_lines(NewAttachment { title: "a\nb".into(), ..photo(1, 1) }, &["TEXT_NOT_A_LINE"])]
#[case::identity_taken(photo(7, 1), &["ID_TAKEN"])]
#[case::same_bytes_again(NewAttachment { id: id(8), ..photo(7, 1) }, &["SAME_PHOTO"])]
#[case::same_bytes_of_another_ci(NewAttachment { id: id(8), ..photo(7, 2) }, &[])]
#[case::everything_at_once(
    NewAttachment { size_bytes: 0, file_name: String::new(), ..photo(7, 1) },
    &["TEXT_MISSING", "PHOTO_SIZE", "ID_TAKEN"]
)]
fn what_is_no_photo_of_a_ci_is_refused(#[case] given: NewAttachment, #[case] want: &[&str]) {
    let mut world = world();
    world.must(TESS, &add(photo(7, 1)));
    match want {
        [] => assert_eq!(world.must(TESS, &add(given)).created, 1),
        want => assert_eq!(world.refused(TESS, &add(given)), want),
    }
}

#[rstest]
#[case::plain("IMG 2041 (2).JPG", true)]
#[case::umlauts("Übersicht.jpg", true)]
#[case::at_the_limit(&"x".repeat(FILE_NAME_CHARS), true)]
#[case::over_the_limit(&"x".repeat(FILE_NAME_CHARS + 1), false)]
#[case::upwards("../../etc/passwd", false)]
#[case::absolute("/etc/passwd", false)]
#[case::backslash("..\\boot.ini", false)]
#[case::drive("C:boot.ini", false)]
#[case::hidden(".profile", false)]
#[case::this_folder(".", false)]
#[case::ends_with_a_dot("front.jpg.", false)]
#[case::nul("front\0.jpg", false)]
#[case::two_lines("a\nb.jpg", false)]
#[case::reads_backwards("photo\u{202e}gpj.exe", false)]
#[case::quoted("a\".jpg", false)]
#[case::empty("  ", false)]
fn a_files_name_is_no_path(#[case] name: &str, #[case] good: bool) {
    let mut world = world();
    let given = NewAttachment { file_name: name.into(), ..photo(1, 1) };
    assert_eq!(world.run(TESS, &add(given)).is_ok(), good, "{name:?}");
}

#[test]
fn a_ci_has_so_many_photos_and_no_more() {
    let mut world = world();
    for n in 0..PHOTOS as u128 {
        world.must(TESS, &add(photo(n, 1)));
    }
    assert_eq!(world.refused(TESS, &add(photo(200, 1))), ["TOO_MANY_PHOTOS"]);
    world.must(TESS, &add(photo(200, 2)));
    world.must(TESS, &remove(3));
    world.must(TESS, &add(photo(201, 1)));
}

#[rstest]
#[case::who_added_it(TESS, &[])]
#[case::configuration_manager(CORA, &[])]
#[case::another_technician(STAN, &["NOT_YOUR_PHOTO"])]
#[case::an_approver(ANNE, &["NOT_ALLOWED"])]
#[case::a_viewer(VERA, &["NOT_ALLOWED"])]
fn a_photo_is_changed_by_who_added_it_or_answers_for_the_cmdb(#[case] who: PersonId, #[case] want: &[&str]) {
    for command in [title(1, "Front 1", "Rear"), remove(1)] {
        let mut world = world();
        world.must(TESS, &add(photo(1, 1)));
        match want {
            [] => assert_eq!(world.must(who, &command).updated, 1),
            want => assert_eq!(world.refused(who, &command), want),
        }
    }
    assert_eq!(world().run(who, &add(photo(1, 1))).is_err(), want == ["NOT_ALLOWED"]);
}

#[test]
fn titles_merge_and_what_somebody_else_wrote_meanwhile_stays() {
    let mut world = world();
    world.must(TESS, &add(photo(1, 1)));
    world.must(TESS, &title(1, "Front 1", "Rear"));
    assert_eq!(world.must(CORA, &title(1, "Front 1", "Rear")).unchanged, 1, "as wanted already");
    assert_eq!(world.refused(CORA, &title(1, "Front 1", "Left")), ["EDIT_CONFLICT"], "seen at the desk");
    let both = Command::Attachment(AttachmentCommand::Describe(
        id(1),
        vec![
            AttachmentEdit::Title(Edit { from: "Front 1".into(), to: "Left".into() }),
            AttachmentEdit::FileName(Edit { from: "front.jpg".into(), to: "left.jpg".into() }),
        ],
    ));
    let effect = world.judge(CORA, &both).unwrap();
    assert_eq!(effect.conflicts.iter().map(|c| c.field.as_deref()).collect::<Vec<_>>(), [Some("title")]);
    let stored: Attachment = world.get(id(1));
    assert_eq!((stored.title.as_str(), stored.file_name.as_str()), ("Rear", "left.jpg"), "the rest applies");
    let path = AttachmentEdit::FileName(Edit { from: "left.jpg".into(), to: "../left.jpg".into() });
    let rename = Command::Attachment(AttachmentCommand::Describe(id(1), vec![path]));
    assert_eq!(world.refused(TESS, &rename), ["FILE_NAME_NOT_PLAIN"]);
}

#[test]
fn removing_again_changes_nothing_and_a_removed_photo_can_come_back() {
    let mut world = world();
    world.must(TESS, &add(photo(1, 1)));
    world.must(TESS, &remove(1));
    assert_eq!(world.must(TESS, &remove(1)).unchanged, 1);
    assert_eq!(world.refused(TESS, &title(1, "Front 1", "x")), ["NOT_FOUND"]);
    world.must(TESS, &add(photo(1, 1)));
}

#[test]
fn photos_stand_in_the_history_of_their_ci_and_change_nothing_of_it() {
    let mut world = world();
    world.must(TESS, &add(photo(1, 1)));
    world.must(TESS, &title(1, "Front 1", "Rear"));
    world.must(CORA, &remove(1));
    let found = steps(ci(1), &world.records).unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|s| (s.command.as_str(), s.fields[0].field.as_str(), s.fields[0].from.as_str(), s.fields[0].to.as_str()))
        .collect();
    let field = format!("{PHOTO}{}", id(1));
    assert_eq!(
        told,
        [
            ("attachment.add", field.as_str(), "", "Front 1"),
            ("attachment.describe", field.as_str(), "Front 1", "Rear"),
            ("attachment.remove", field.as_str(), "Rear", "")
        ]
    );
    let mut state = State::now(ci(1), &world.records).unwrap();
    let now = state.clone();
    found.iter().rev().for_each(|step| state.undo(step));
    assert_eq!(state, now, "a CI as it was does not depend on its photos");
}

#[test]
fn a_merge_takes_photos_along_and_its_undo_gives_them_back() {
    let mut world = world();
    world.must(TESS, &add(photo(1, 2)));
    world.must(TESS, &add(photo(2, 1)));
    let merge = CmdbCommand::MergeCi { kept: ci(1), gone: ci(2), take: BTreeSet::new() };
    world.must(CORA, &Command::Cmdb(merge));
    let of = |world: &World, n| {
        photos_of(PhotoOf::Ci(ci(n)), &world.records).unwrap().iter().map(|p| p.id).collect::<Vec<_>>()
    };
    assert_eq!(of(&world, 1), [id(1), id(2)]);
    world.must(CORA, &Command::Cmdb(CmdbCommand::UndoMerge(ci(2))));
    assert_eq!((of(&world, 1), of(&world, 2)), (vec![id(2)], vec![id(1)]));
}

#[test]
fn who_photographed_a_ci_that_was_merged_meanwhile_meant_the_one_that_stayed() {
    let mut world = world();
    let merge = CmdbCommand::MergeCi { kept: ci(1), gone: ci(2), take: BTreeSet::new() };
    world.must(CORA, &Command::Cmdb(merge));
    assert_eq!(world.judge(TESS, &add(photo(1, 2))).unwrap().created, 1);
    assert_eq!(world.get::<Attachment>(id(1)).of, PhotoOf::Ci(ci(1)));
}

#[test]
fn a_photo_lies_with_its_ci_and_moves_with_it() {
    let mut world = world();
    world.must(TESS, &add(photo(1, 1)));
    let record = Record::from(world.get::<Attachment>(id(1)));
    assert_eq!(place(&record), Place::With(vec![(Kind::Ci, ci(1).0)]));
    let lies = |world: &World| slipway_domain::scope::buckets(&record, &world.records).unwrap();
    assert_eq!(lies(&world), [Bucket::Site(HAMBURG)].into());
    assert!(followers(Kind::Ci).contains(&(Lookup::AttachmentsOf, Kind::Attachment)), "so a move finds it");
    let mut moved: Ci = world.get(ci(1));
    moved.location.site = Some(BREMEN);
    world.put(moved);
    assert_eq!(lies(&world), [Bucket::Site(BREMEN)].into());
}

#[test]
fn nobody_adds_or_touches_photos_where_they_may_not_read() {
    let mut world = world();
    world.must(CORA, &add(photo(1, 3)));
    world.must(
        ADAM,
        &Command::Setup(SetupCommand::AssignSites(
            Assignee::Person(TESS),
            Edit { from: None, to: Some([HAMBURG].into()) },
        )),
    );
    for command in [add(photo(2, 3)), title(1, "Front 1", "x"), remove(1)] {
        assert_eq!(world.refused(TESS, &command), ["OUT_OF_SCOPE"]);
    }
    world.must(TESS, &add(photo(2, 1)));
}

#[test]
fn photos_are_additive_and_came_with_the_second_level() {
    let commands = [add(photo(1, 1)), title(1, "", ""), remove(1)];
    let policies = [MergePolicy::Additive, MergePolicy::Descriptive, MergePolicy::Guarded];
    for (command, want) in commands.iter().zip(policies) {
        assert_eq!((policy(command), level_of(command), is_fact(command)), (want, 2, false), "{command:?}");
    }
    assert_eq!(about(&commands[0]), Some((Kind::Ci, ci(1).0)));
    assert_eq!(about(&commands[2]), Some((Kind::Attachment, id(1).0)));
}

/// What was written before anything but CIs was photographed.
const OF_OLD: &str = r#"{"id":"00000000-0000-0000-0000-000000000901","ci":"00000000-0000-0000-0000-000000000101","file_name":"front.jpg","title":"Front 1","media_type":"image/jpeg","size_bytes":5000,"sha256":"0101010101010101010101010101010101010101010101010101010101010101","by":"00000000-0000-0000-0000-000000000102","at":1000}"#;

#[test]
fn what_was_stored_of_old_is_read_and_keeps_its_bytes() {
    let record = Record::from_body(Kind::Attachment, OF_OLD).unwrap();
    let Record::Attachment(old) = &record else { panic!("{record:?}") };
    assert_eq!(old.of, PhotoOf::Ci(ci(1)));
    assert_eq!(record.body().unwrap(), OF_OLD);
    for broken in [OF_OLD.replace("\"ci\"", "\"rack\""), OF_OLD.replace("\"ci\":", "\"ci\":7,\"was\":")] {
        assert!(Record::from_body(Kind::Attachment, &broken).is_err(), "{broken}");
    }
    for of in [PhotoOf::DhsModel(MODEL), PhotoOf::StocktakeSight(parked())] {
        let command = add(NewAttachment { of, ..photo(1, 1) });
        assert_eq!(serde_json::from_str::<Command>(&serde_json::to_string(&command).unwrap()).unwrap(), command);
    }
}

const MODEL: DhsModelId = DhsModelId(Uuid::from_u128(0xb01));
const TAKE: StocktakeId = StocktakeId(Uuid::from_u128(0xb02));

fn seen() -> SeenUnit {
    SeenUnit {
        unit: None,
        code: "NO-LABEL-7".into(),
        bin: Bin { site: Some(HAMBURG), store: "A".into(), ..Bin::default() },
    }
}

fn parked() -> StocktakeSightId {
    StocktakeSight::id_of(TAKE, &seen())
}

fn stocktake(act: StocktakeAct) -> Command {
    Command::Dhs(DhsCommand::Stocktake { stocktake: TAKE, act })
}

/// A model, and a stocktake in Hamburg in which Tess saw what nobody knows.
fn a_store() -> World {
    let mut world = world();
    world.put(DhsModel {
        id: MODEL,
        manufacturer: "Halden".into(),
        name: "R740".into(),
        part_numbers: Vec::new(),
        height_tenth_u: 10,
        facts: ModelFacts::default(),
    });
    world.must(TESS, &stocktake(StocktakeAct::Start { title: "A".into(), place: seen().bin }));
    world.must(TESS, &stocktake(StocktakeAct::See(vec![seen()])));
    world
}

#[rstest]
#[case::of_a_model(PhotoOf::DhsModel(MODEL), "Halden R740", [Bucket::Workspace].into())]
#[case::of_something_parked(PhotoOf::StocktakeSight(parked()), "NO-LABEL-7", [Bucket::Site(HAMBURG)].into())]
fn models_and_what_is_parked_in_a_stocktake_have_photos_too(
    #[case] of: PhotoOf,
    #[case] name: &str,
    #[case] lies: BTreeSet<Bucket>,
) {
    let mut world = a_store();
    let one = |n| NewAttachment { of, ..photo(n, 1) };
    world.must(TESS, &add(one(1)));
    assert_eq!(about(&add(one(1))), Some(of.key()));
    assert_eq!(photos_of(of, &world.records).unwrap().iter().map(|p| p.id).collect::<Vec<_>>(), [id(1)]);
    assert_eq!(photos_of(PhotoOf::Ci(ci(1)), &world.records).unwrap(), []);
    let record = Record::from(world.get::<Attachment>(id(1)));
    assert_eq!(slipway_domain::scope::buckets(&record, &world.records).unwrap(), lies);
    let again = world.run(TESS, &add(NewAttachment { id: id(2), ..one(1) })).unwrap_err();
    assert!(format!("{again:?}").contains(&format!("{name} has this very photo already: Front 1.")), "{again:?}");
    for n in 2..=PHOTOS as u128 {
        world.must(TESS, &add(one(n)));
    }
    assert_eq!(world.refused(TESS, &add(one(200))), ["TOO_MANY_PHOTOS"]);
    world.must(TESS, &add(photo(200, 1)));
}

#[rstest]
#[case::no_model(PhotoOf::DhsModel(DhsModelId(Uuid::from_u128(9))))]
#[case::nothing_parked(PhotoOf::StocktakeSight(StocktakeSightId(Uuid::from_u128(9))))]
#[case::another_kind(PhotoOf::DhsModel(DhsModelId(ci(1).0)))]
fn what_is_not_there_has_no_photos(#[case] of: PhotoOf) {
    assert_eq!(a_store().refused(TESS, &add(NewAttachment { of, ..photo(1, 1) })), ["NOT_FOUND"]);
}

#[rstest]
#[case::who_added_it(TESS, &[])]
#[case::who_answers_for_the_store(STAN, &[])]
#[case::who_answers_for_the_cmdb(CORA, &["NOT_YOUR_PHOTO"])]
#[case::a_viewer(VERA, &["NOT_ALLOWED"])]
fn photos_of_hardware_are_the_storekeepers(#[case] who: PersonId, #[case] want: &[&str]) {
    for of in [PhotoOf::DhsModel(MODEL), PhotoOf::StocktakeSight(parked())] {
        let mut world = a_store();
        world.must(TESS, &add(NewAttachment { of, ..photo(1, 1) }));
        match want {
            [] => assert_eq!(world.must(who, &remove(1)).updated, 1),
            want => assert_eq!(world.refused(who, &remove(1)), want),
        }
    }
}

#[test]
fn what_was_seen_by_a_slip_takes_its_photos_with_it() {
    let mut world = a_store();
    world.must(TESS, &stocktake(StocktakeAct::See(vec![seen()])));
    world.must(STAN, &add(NewAttachment { of: PhotoOf::StocktakeSight(parked()), ..photo(1, 1) }));
    world.must(TESS, &stocktake(StocktakeAct::Unsee(parked())));
    world.get::<Attachment>(id(1));
    world.must(TESS, &stocktake(StocktakeAct::Unsee(parked())));
    assert!(world.records.get::<Attachment>(id(1)).unwrap().is_none());
    assert!(followers(Kind::StocktakeSight).contains(&(Lookup::AttachmentsOf, Kind::Attachment)), "a move finds it");
}

#[test]
fn nobody_photographs_what_lies_parked_where_they_may_not_read() {
    let mut world = a_store();
    let sites = Edit { from: None, to: Some([BREMEN].into()) };
    world.must(ADAM, &Command::Setup(SetupCommand::AssignSites(Assignee::Person(TESS), sites)));
    let parked = NewAttachment { of: PhotoOf::StocktakeSight(parked()), ..photo(1, 1) };
    assert_eq!(world.refused(TESS, &add(parked)), ["OUT_OF_SCOPE"]);
    world.must(TESS, &add(NewAttachment { of: PhotoOf::DhsModel(MODEL), ..photo(1, 1) }));
}
