//! Tests of what items are made of, and of keys of vendors.

use crate::builders::{LIBBY, RITA, START, World};
use crate::story::the_item;
use rstest::rstest;
use slipway_domain::blob::Sha256;
use slipway_domain::command::{Command, DslCommand, SetupCommand};
use slipway_domain::dsl::item::{DslItem, ItemState};
use slipway_domain::dsl::sbom::{
    PART_COMPONENTS, PARTS, Sbom, SbomComponent, SbomForm, SbomPart, TEXT_CHARS, missing_parts,
};
use slipway_domain::dsl::vendor_key::{KeyForm, VendorKey};
use slipway_domain::id::VendorKeyId;
use slipway_domain::lookup::Lookup;
use slipway_domain::records::Records;
use uuid::Uuid;

fn an_item() -> DslItem {
    DslItem { state: ItemState::Submitted, accepted_by: None, accepted_at: None, ..the_item() }
}

fn sbom(document: u8, parts: u32) -> Sbom {
    Sbom {
        form: SbomForm::CycloneDx,
        spec_version: "1.6".into(),
        file_name: "bom.json".into(),
        sha256: Sha256([document; 32]),
        subject: "payroll 9.4".into(),
        components: parts,
        parts,
    }
}

fn component(name: &str, version: &str) -> SbomComponent {
    SbomComponent {
        name: name.into(),
        version: version.into(),
        purl: format!("pkg:maven/org.example/{name}@{version}"),
        licences: vec!["Apache-2.0".into()],
        hashes: [("SHA-1".to_owned(), "ab".repeat(20))].into(),
        ..SbomComponent::default()
    }
}

fn act(command: DslCommand) -> Command {
    Command::Dsl(the_item().id, command)
}

fn add(document: u8, position: u32, components: Vec<SbomComponent>) -> Command {
    act(DslCommand::AddComponents { of: Sha256([document; 32]), position, components })
}

fn found(world: &World, lookup: Lookup, key: &str) -> usize {
    world.records.find(lookup, key).unwrap().len()
}

#[test]
fn components_are_found_by_everything_that_they_are_known_by_until_another_document_takes_their_place() {
    let mut world = World::new();
    world.put(an_item());
    world.must(RITA, &act(DslCommand::PutSbom(sbom(1, 2))));
    world.must(RITA, &add(1, 0, vec![component("log4j-core", "2.14.1"), component("jna", "5.0")]));
    assert_eq!(missing_parts(&world.get(the_item().id), &world.records).unwrap(), 1);
    world.must(RITA, &add(1, 1, vec![component("Zlib", "1.3")]));
    for (lookup, key, parts) in [
        (Lookup::ComponentsByName, "log4j-core", 1),
        (Lookup::ComponentsByName, "log4j", 1),
        (Lookup::ComponentsByName, "zlib", 1),
        (Lookup::ComponentsByName, "log", 0),
        (Lookup::ComponentsByPackage, "pkg:maven/org.example/log4j-core", 1),
        (Lookup::ComponentsByLicence, "apache-2.0", 2),
        (Lookup::ComponentsByHash, "ab".repeat(20).as_str(), 2),
    ] {
        assert_eq!(found(&world, lookup, key), parts, "{key}");
    }
    let again = world.run(RITA, &add(1, 1, vec![component("Zlib", "1.3")])).unwrap();
    assert_eq!(again, slipway_domain::execute::Effect::unchanged());
    world.must(RITA, &act(DslCommand::PutSbom(sbom(2, 1))));
    assert_eq!(found(&world, Lookup::ComponentsByName, "log4j-core"), 0, "what it was made of before is gone");
    assert_eq!(world.refused(RITA, &add(1, 0, vec![component("jna", "5.0")])), ["OTHER_SBOM"], "it comes too late");
}

#[test]
fn a_master_has_its_whole_sbom_and_keeps_it() {
    let mut world = World::new();
    let checked = DslItem { submitted_by: RITA, ..an_item() };
    let checks = checked.needed_checks().into_iter().map(|check| {
        let seen = slipway_domain::dsl::item::Check { passed: true, note: "seen".into(), by: LIBBY, at: START };
        (check, seen)
    });
    let checks = checks.collect();
    world.put(DslItem { checks, ..checked });
    world.must(RITA, &act(DslCommand::PutSbom(sbom(1, 1))));
    assert_eq!(world.refused(LIBBY, &act(DslCommand::Accept)), ["SBOM_INCOMPLETE"]);
    world.must(RITA, &add(1, 0, vec![component("jna", "5.0")]));
    world.must(LIBBY, &act(DslCommand::Accept));
    assert_eq!(world.refused(RITA, &act(DslCommand::PutSbom(sbom(2, 1)))), ["MASTER_IMMUTABLE"]);
    assert_eq!(world.refused(RITA, &add(1, 0, vec![component("other", "1")])), ["MASTER_IMMUTABLE"]);
    let part: SbomPart = world.get(SbomPart::id_of(the_item().id, 0));
    assert_eq!(part.components[0].name, "jna");
}

#[rstest]
#[case::no_parts(sbom(1, 0), false)]
#[case::most_parts(sbom(1, PARTS), true)]
#[case::too_many_parts(sbom(1, PARTS + 1), false)]
#[case::more_than_fits(Sbom { components: 2 * PART_COMPONENTS as u32 + 1, ..sbom(1, 2) }, false)]
#[case::long_name(Sbom { file_name: "x".repeat(TEXT_CHARS + 1), ..sbom(1, 1) }, false)]
fn a_document_is_of_a_bounded_size(#[case] sbom: Sbom, #[case] taken: bool) {
    let mut world = World::new();
    world.put(an_item());
    assert_eq!(world.run(RITA, &act(DslCommand::PutSbom(sbom))).is_ok(), taken);
}

#[rstest]
#[case::none(vec![], &["SBOM_PART_SIZE"])]
#[case::most(vec![component("x", "1"); PART_COMPONENTS], &[])]
#[case::too_many(vec![component("x", "1"); PART_COMPONENTS + 1], &["SBOM_PART_SIZE"])]
#[case::nameless(vec![component(" ", "1")], &["WRONG_COMPONENT"])]
#[case::two_lines(vec![component("x", "1\n2")], &["WRONG_COMPONENT"])]
#[case::long(vec![component("x", &"9".repeat(TEXT_CHARS + 1))], &["WRONG_COMPONENT"])]
#[case::licences(vec![SbomComponent { licences: vec!["MIT".into(); 31], ..component("x", "1") }], &["WRONG_COMPONENT"])]
fn components_are_of_a_bounded_size(#[case] components: Vec<SbomComponent>, #[case] want: &[&str]) {
    let mut world = World::new();
    world.put(an_item());
    world.must(RITA, &act(DslCommand::PutSbom(sbom(1, 1))));
    if want.is_empty() {
        world.must(RITA, &add(1, 0, components));
    } else {
        assert_eq!(world.refused(RITA, &add(1, 0, components)), want);
    }
    assert_eq!(world.refused(RITA, &add(1, 1, vec![component("x", "1")])), ["OTHER_SBOM"], "there is no such part");
}

fn key(name: &str) -> VendorKey {
    VendorKey {
        id: VendorKeyId(Uuid::from_u128(0x901)),
        vendor: "Quayside".into(),
        name: name.into(),
        form: KeyForm::Minisign,
        key: "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".into(),
        by: RITA,
        at: START,
        retired_because: String::new(),
    }
}

fn put(key: VendorKey) -> Command {
    Command::Setup(SetupCommand::PutVendorKey(key))
}

#[test]
fn a_key_is_kept_by_a_librarian_and_never_changes_but_is_retired() {
    let mut world = World::new();
    assert_eq!(world.refused(RITA, &put(key("Quayside 2026"))), ["NOT_ALLOWED"]);
    world.must(LIBBY, &put(key(" Quayside 2026 ")));
    let kept: VendorKey = world.get(key("").id);
    assert_eq!((kept.name.as_str(), kept.by), ("Quayside 2026", LIBBY), "who added it is who did");
    let other = VendorKey { key: "RWOther".into(), ..key("Quayside 2026") };
    assert_eq!(world.refused(LIBBY, &put(other)), ["KEY_IMMUTABLE"]);
    let twin = VendorKey { id: VendorKeyId(Uuid::from_u128(0x902)), ..key("QUAYSIDE 2026") };
    assert_eq!(world.refused(LIBBY, &put(twin)), ["NAME_TAKEN"]);
    world.must(LIBBY, &put(VendorKey { retired_because: "leaked".into(), ..key("Quayside 2026") }));
    assert_eq!(world.refused(LIBBY, &put(key("Quayside 2026"))), ["KEY_RETIRED"], "it is not believed again");
    for wrong in [String::new(), "x".repeat(40_000), "a\u{0}b".into()] {
        let id = VendorKeyId(Uuid::from_u128(0x903));
        assert_eq!(world.refused(LIBBY, &put(VendorKey { id, key: wrong, ..key("Another") })), ["WRONG_KEY"]);
    }
}
