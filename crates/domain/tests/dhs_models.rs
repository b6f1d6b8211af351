//! Tests of hardware models: what may be stored, what a catalogue changes, by which labels a model is told.

use crate::builders::{STAN, TESS, World};
use rstest::rstest;
use slipway_domain::command::{Command, DhsCommand};
use slipway_domain::dhs::code::read;
use slipway_domain::dhs::model::{Airflow, ModelEdit, ModelFacts, ModelKind, ModelRow, Port, PortSort};
use slipway_domain::dhs::recognise::{Meaning, meaning};
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, UnitFacts, UnitState};
use slipway_domain::id::{DhsModelId, DhsUnitId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use uuid::Uuid;

fn id(n: u128) -> DhsModelId {
    DhsModelId(Uuid::from_u128(0x900 + n))
}

fn model(n: u128, name: &str, part: &str) -> DhsModel {
    DhsModel {
        id: id(n),
        manufacturer: "Halden".into(),
        name: name.into(),
        part_numbers: vec![part.into()],
        height_tenth_u: 10,
        facts: ModelFacts::default(),
    }
}

fn with(model: DhsModel, change: impl FnOnce(&mut ModelFacts)) -> DhsModel {
    let mut model = model;
    change(&mut model.facts);
    model
}

fn port(name: &str) -> Port {
    Port { sort: PortSort::Interface, name: name.into(), form: "1000base-t".into(), draw_w: None }
}

fn put(world: &mut World, model: DhsModel) {
    world.must(STAN, &Command::Dhs(DhsCommand::PutModel(model)));
}

#[rstest]
#[case::prefix_too_short(with(model(1, "A", "1"), |f| f.serial_prefixes = vec!["F".into()]), "PREFIX_TOO_SHORT")]
#[case::too_heavy(with(model(1, "A", "1"), |f| f.weight_g = Some(10_000_001)), "OUT_OF_RANGE")]
#[case::nameless_port(with(model(1, "A", "1"), |f| f.ports = vec![port(" ")]), "TEXT_MISSING")]
#[case::nameless_store(with(model(1, "A", "1"), |f| { f.minimum.insert(" ".into(), 2); }), "TEXT_MISSING")]
#[case::prefix_of_another(with(model(1, "A", "1"), |f| f.serial_prefixes = vec!["fcw".into()]), "PREFIX_TAKEN")]
#[case::too_many_ports(
    with(model(1, "A", "1"), |f| f.ports = (0..2_001).map(|n| port(&n.to_string())).collect()),
    "TOO_MANY_PORTS"
)]
fn a_model_that_cannot_be_is_refused(#[case] model: DhsModel, #[case] want: &str) {
    let mut world = World::new();
    put(&mut world, with(self::model(9, "Other", "9"), |f| f.serial_prefixes = vec!["FCW".into()]));
    assert_eq!(world.refused(STAN, &Command::Dhs(DhsCommand::PutModel(model))), [want]);
}

#[test]
fn a_model_of_before_keeps_its_bytes() {
    let old =
        format!(r#"{{"id":"{}","manufacturer":"Halden","name":"R740","part_numbers":[],"height_tenth_u":10}}"#, id(1));
    let record = Record::from_body(Kind::DhsModel, &old).unwrap();
    assert_eq!(record.body().unwrap(), old, "nothing is added to what nobody said anything about");
}

#[test]
fn a_catalogue_brings_new_models_and_keeps_what_only_people_know() {
    let mut world = World::new();
    let own = with(model(1, "R740", "OURS-1"), |f| {
        f.serial_prefixes = vec!["HLD".into()];
        f.minimum.insert("Spares A".into(), 2);
    });
    put(&mut world, own);
    let says = with(
        DhsModel { manufacturer: "HALDEN".into(), name: "r740".into(), height_tenth_u: 20, ..model(5, "", "HLD-740") },
        |f| {
            f.airflow = Some(Airflow::FrontToRear);
            f.ports = vec![port("eth0"), port("eth1"), port("ETH0")];
        },
    );
    let rows = vec![
        ModelRow { line: 1, model: says.clone() },
        ModelRow { line: 2, model: model(6, "R750", "HLD-750") },
        ModelRow { line: 3, model: DhsModel { name: String::new(), ..model(7, "", "x") } },
    ];
    let import = Command::Dhs(DhsCommand::ImportModels(rows));
    let effect = world.must(STAN, &import);
    assert_eq!((effect.created, effect.updated, effect.conflicts.len()), (1, 1, 1));
    assert_eq!(effect.conflicts[0].line, Some(3), "the bad row is named, the others go on");
    let known: DhsModel = world.get(id(1));
    assert_eq!((known.manufacturer.as_str(), known.height_tenth_u), ("Halden", 20), "called as it was here");
    assert_eq!(known.part_numbers, ["HLD-740", "OURS-1"]);
    assert_eq!((known.facts.ports.len(), known.facts.minimum["Spares A"]), (2, 2), "one port named twice is one");
    assert_eq!(known.facts.serial_prefixes, ["HLD"]);
    let again = world.must(STAN, &import);
    assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2), "and a second run changes nothing");
}

#[test]
fn edits_of_two_people_merge_and_a_minimum_is_a_stores_own() {
    let mut world = World::new();
    put(&mut world, model(1, "R740", "HLD-1"));
    let edit = |edit: ModelEdit| Command::Dhs(DhsCommand::EditModel { model: id(1), edit: Box::new(edit) });
    let minimum = |store: &str, n| ModelEdit { minimum: [(store.to_owned(), n)].into(), ..ModelEdit::default() };
    world.must(STAN, &edit(minimum("Spares A", 3)));
    world.must(STAN, &edit(ModelEdit { kind: Some(ModelKind::Module), ..minimum("Spares B", 1) }));
    world.must(STAN, &edit(minimum(" spares a ", 5)));
    let facts = world.get::<DhsModel>(id(1)).facts;
    assert_eq!(facts.kind, ModelKind::Module);
    assert_eq!(facts.minimum.into_iter().collect::<Vec<_>>(), [("Spares B".to_owned(), 1), ("spares a".to_owned(), 5)]);
    world.must(STAN, &edit(minimum("SPARES A", 0)));
    assert_eq!(world.get::<DhsModel>(id(1)).facts.minimum.len(), 1, "0 takes it away");
    assert_eq!(world.refused(TESS, &edit(minimum("Spares A", 1))), ["NOT_ALLOWED"]);
}

/// Two models told by part number and prefix, and a unit of one.
fn a_shelf() -> World {
    let mut world = World::new();
    put(&mut world, with(model(1, "Short", "HLD-1"), |f| f.serial_prefixes = vec!["FC".into()]));
    put(&mut world, with(model(2, "Long", "HLD-2"), |f| f.serial_prefixes = vec!["FCW".into()]));
    put(&mut world, model(3, "Article", "4006381333931"));
    put(&mut world, model(4, "Twin A", "SAME"));
    put(&mut world, model(5, "Twin B", "same"));
    world.put(DhsUnit {
        id: DhsUnitId(Uuid::from_u128(0x911)),
        number: Number::new(Series::DhsUnit, 1),
        model: id(2),
        serial_number: "FCW0001".into(),
        asset_tag: "T-1".into(),
        condition: Condition::New,
        state: UnitState::InStore,
        bin: Bin::default(),
        reserved_for: None,
        ci: None,
        facts: UnitFacts::default(),
    });
    world
}

#[rstest]
#[case::known_serial("fcw0001", "unit UNI-000001")]
#[case::known_tag("T-1", "unit UNI-000001")]
#[case::known_number("uni-000001", "unit UNI-000001")]
#[case::known_in_gs1("]C1240HLD-2\u{1d}21FCW0001", "unit UNI-000001")]
#[case::longest_prefix("FCW9999", "piece FCW9999 of Long by prefix FCW")]
#[case::shorter_prefix("FCX9999", "piece FCX9999 of Short by prefix FC")]
#[case::nothing_behind_the_prefix("FCW", "piece FCW of Short by prefix FC")]
#[case::part("hld-2", "model Long")]
#[case::article("(01)04006381333931", "model Article")]
#[case::article_and_serial("(01)04006381333931(21)X7", "piece X7 of Article by part number 04006381333931")]
#[case::maker_code("[)>\u{1e}06\u{1d}1PHLD-1\u{1d}SQQ1\u{1e}\u{4}", "piece QQ1 of Short by part number HLD-1")]
#[case::ambiguous("SAME", "2 models")]
#[case::serial_of_no_model("]C121ZZZ", "serial ZZZ")]
#[case::unknown("ZZZ", "nothing ZZZ")]
#[case::no_such_tag("]C18004A-9", "tag A-9")]
fn a_label_means_what_is_known_here(#[case] code: &str, #[case] want: &str) {
    let world = a_shelf();
    let said = match meaning(&read(code).unwrap(), &world.records).unwrap() {
        Meaning::Unit(unit) => format!("unit {}", unit.number),
        Meaning::Units(units) => format!("{} units", units.len()),
        Meaning::Model { model, .. } => format!("model {}", model.name),
        Meaning::Piece { model, serial, by } => format!("piece {serial} of {} by {by}", model.name),
        Meaning::Models(models) => format!("{} models", models.len()),
        Meaning::Serial(serial) => format!("serial {serial}"),
        Meaning::Tag(tag) => format!("tag {tag}"),
        Meaning::Nothing(code) => format!("nothing {code}"),
    };
    assert_eq!(said, want);
}
