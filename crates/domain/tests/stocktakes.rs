//! Tests of stocktakes: what is expected, found, elsewhere, missing; several who scan; settled by movements.

use crate::builders::{STAN, TESS, World};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::command::{Command, DhsCommand};
use slipway_domain::dhs::model::{ModelFacts, ModelKind};
use slipway_domain::dhs::movement::lead;
use slipway_domain::dhs::on_hand::of_model;
use slipway_domain::dhs::pieces::{self, SeenPieces, bin_at, sight_id};
use slipway_domain::dhs::record::{
    Bin, Condition, DhsModel, DhsStock, DhsUnit, Movement, MovementKind, StockMovement, UnitFacts, UnitState,
};
use slipway_domain::dhs::stock::CountedMove;
use slipway_domain::dhs::stocktake::{
    SeenUnit, StockFinding, Stocktake, StocktakeAct, StocktakeSight, StocktakeState, lines,
};
use slipway_domain::id::{DhsModelId, DhsStockId, DhsUnitId, StocktakeId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::RecordsExt;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

const MODEL: DhsModelId = DhsModelId(Uuid::from_u128(0x901));
const TAKE: StocktakeId = StocktakeId(Uuid::from_u128(0x951));

fn bin(store: &str, shelf: &str) -> Bin {
    Bin { store: store.into(), shelf: shelf.into(), ..Bin::default() }
}

fn id(n: u32) -> DhsUnitId {
    DhsUnitId(Uuid::from_u128(0x910 + u128::from(n)))
}

fn unit(n: u32, state: UnitState, bin: Bin) -> DhsUnit {
    DhsUnit {
        id: id(n),
        number: Number::new(Series::DhsUnit, n),
        model: MODEL,
        serial_number: format!("S{n}"),
        asset_tag: String::new(),
        condition: Condition::New,
        state,
        bin,
        reserved_for: None,
        ci: None,
        facts: UnitFacts::default(),
    }
}

fn take(act: StocktakeAct) -> Command {
    Command::Dhs(DhsCommand::Stocktake { stocktake: TAKE, act })
}

fn see(n: u32, shelf: &str) -> StocktakeAct {
    StocktakeAct::See(vec![SeenUnit { unit: Some(id(n)), code: format!("S{n}"), bin: bin("A", shelf) }])
}

/// Three on shelf 1, one on shelf 2, one in another store, one installed.
fn a_store() -> World {
    let mut world = World::new();
    world.put(DhsModel {
        id: MODEL,
        manufacturer: "Halden".into(),
        name: "R740".into(),
        part_numbers: Vec::new(),
        height_tenth_u: 10,
        facts: ModelFacts::default(),
    });
    for n in 1..=3 {
        world.put(unit(n, UnitState::InStore, bin("A", "1")));
    }
    world.put(unit(4, UnitState::Reserved, bin("a", "2")));
    world.put(unit(5, UnitState::InStore, bin("B", "1")));
    world.put(unit(6, UnitState::Installed, bin("", "")));
    world.must(TESS, &take(StocktakeAct::Start { title: "A".into(), place: bin("A", "") }));
    world
}

fn findings(world: &World) -> BTreeMap<String, StockFinding> {
    let stocktake: Stocktake = world.get(TAKE);
    lines(&stocktake, &world.records)
        .unwrap()
        .into_iter()
        .map(|line| {
            let label = line.unit.map_or_else(|| line.seen.map(|s| s.code).unwrap_or_default(), |u| u.serial_number);
            (label, line.finding)
        })
        .collect()
}

#[test]
fn what_several_saw_is_compared_with_what_the_record_says() {
    let mut world = a_store();
    world.must(TESS, &take(see(1, "1")));
    world.must(STAN, &take(see(2, "2")));
    world.must(STAN, &take(see(5, "1")));
    world.must(TESS, &take(see(6, "1")));
    let unknown = SeenUnit { unit: None, code: "ZZZ".into(), bin: bin("A", "1") };
    world.must(TESS, &take(StocktakeAct::See(vec![unknown])));
    use StockFinding::{Found, Missing, Moved, Unexpected, Unknown};
    let want = [
        ("S1", Found),
        ("S2", Moved),
        ("S3", Missing),
        ("S4", Missing),
        ("S5", Unexpected),
        ("S6", Unexpected),
        ("ZZZ", Unknown),
    ];
    assert_eq!(findings(&world), want.map(|(label, finding)| (label.to_owned(), finding)).into());
}

#[test]
fn the_same_label_twice_is_one_sight_seen_twice_and_a_slip_is_taken_back() {
    let mut world = a_store();
    world.must(TESS, &take(see(1, "1")));
    world.must(STAN, &take(see(1, "1")));
    let of = StocktakeSight::id_of(TAKE, &SeenUnit { unit: Some(id(1)), code: String::new(), bin: Bin::default() });
    assert_eq!(world.get::<StocktakeSight>(of).times, 2);
    assert_eq!(world.refused(TESS, &take(StocktakeAct::Unsee(of))), ["NOT_A_SLIP"], "Stan saw it last");
    world.must(STAN, &take(StocktakeAct::Unsee(of)));
    world.must(STAN, &take(StocktakeAct::Unsee(of)));
    assert_eq!(findings(&world)["S1"], StockFinding::Missing);
}

#[test]
fn nothing_moves_until_it_is_settled_and_then_the_ledger_says_why() {
    let mut world = a_store();
    for (n, shelf) in [(1, "1"), (2, "2"), (5, "1"), (6, "1")] {
        world.must(TESS, &take(see(n, shelf)));
    }
    let all: Vec<DhsUnitId> = (1..=6).map(id).collect();
    assert_eq!(world.refused(STAN, &take(StocktakeAct::Settle(all.clone()))), ["STOCKTAKE_STATE"]);
    world.must(TESS, &take(StocktakeAct::End));
    assert_eq!(world.refused(TESS, &take(StocktakeAct::Settle(all.clone()))), ["NOT_ALLOWED"], "a technician counts");
    assert_eq!(world.get::<DhsUnit>(id(3)).state, UnitState::InStore, "nothing moved so far");
    let effect = world.must(STAN, &take(StocktakeAct::Settle(all)));
    assert_eq!((effect.updated, effect.unchanged), (5, 1));
    for (n, state, store, shelf, kind) in [
        (2, UnitState::InStore, "A", "2", MovementKind::Transfer),
        (3, UnitState::Missing, "A", "1", MovementKind::CountAdjustment),
        (4, UnitState::Missing, "a", "2", MovementKind::CountAdjustment),
        (5, UnitState::InStore, "A", "1", MovementKind::Transfer),
        (6, UnitState::InStore, "A", "1", MovementKind::Return),
    ] {
        let unit: DhsUnit = world.get(id(n));
        assert_eq!((unit.state, unit.bin.store.as_str(), unit.bin.shelf.as_str()), (state, store, shelf), "S{n}");
        let ledger: Vec<Movement> = world.records.list(Lookup::MovementsOfUnit, &id(n).to_string()).unwrap();
        assert_eq!((ledger[0].kind, ledger[0].note.as_str()), (kind, "stocktake A"), "S{n}");
    }
    world.must(STAN, &take(StocktakeAct::Close));
    assert_eq!(world.refused(TESS, &take(see(1, "1"))), ["STOCKTAKE_STATE"]);
}

#[rstest]
#[case::no_store(StocktakeAct::Start { title: "B".into(), place: Bin::default() }, "NO_BIN")]
#[case::no_title(StocktakeAct::Start { title: " ".into(), place: bin("A", "") }, "TEXT_MISSING")]
fn what_is_counted_is_said(#[case] act: StocktakeAct, #[case] want: &str) {
    let mut world = World::new();
    assert_eq!(world.refused(TESS, &take(act)), [want]);
}

#[test]
fn it_can_go_on_after_it_was_ended_and_be_given_up_with_a_reason() {
    let mut world = a_store();
    world.must(TESS, &take(StocktakeAct::End));
    world.must(STAN, &take(StocktakeAct::Reopen));
    world.must(TESS, &take(see(1, "1")));
    assert_eq!(world.refused(STAN, &take(StocktakeAct::Cancel(String::new()))), ["TEXT_MISSING"]);
    world.must(STAN, &take(StocktakeAct::Cancel("begun twice".into())));
    assert_eq!(world.get::<Stocktake>(TAKE).state, StocktakeState::Cancelled);
    assert_eq!(world.get::<DhsUnit>(id(2)).state, UnitState::InStore);
}

const OPTIC: DhsModelId = DhsModelId(Uuid::from_u128(0x902));

/// A store with ten optics on shelf 1, four on shelf 2, and a stocktake of it that was begun.
fn with_optics() -> World {
    let mut world = a_store();
    world.put(DhsModel {
        id: OPTIC,
        name: "Optic".into(),
        facts: ModelFacts { kind: ModelKind::Consumable, ..ModelFacts::default() },
        ..world.get::<DhsModel>(MODEL)
    });
    world.must(STAN, &moved("1", CountedMove::Receive(10)));
    world.must(STAN, &moved("2", CountedMove::Receive(4)));
    world
}

fn moved(shelf: &str, what: CountedMove) -> Command {
    Command::Dhs(DhsCommand::Count { model: OPTIC, bin: bin("A", shelf), what })
}

fn optics(shelf: &str) -> DhsStockId {
    DhsStock::id_of(OPTIC, &bin("A", shelf))
}

fn lying(world: &World, shelf: &str) -> u32 {
    world.records.get::<DhsStock>(optics(shelf)).unwrap().map_or(0, |stock| stock.quantity)
}

fn counted(shelf: &str, quantity: u32) -> Command {
    take(StocktakeAct::Count(vec![SeenPieces { model: OPTIC, bin: bin("A", shelf), quantity }]))
}

/// As if made so many milliseconds from now, whenever it arrives.
fn later(world: &mut World, millis: i64, who: slipway_domain::id::PersonId, command: &Command) {
    let now = world.now;
    world.now = Timestamp(now.0 + millis);
    world.must(who, command);
    world.now = now;
}

/// Shelf, expected, counted and difference of each bin.
fn bins(world: &World) -> Vec<(String, i64, Option<u32>, i64)> {
    let stocktake: Stocktake = world.get(TAKE);
    let mut lines: Vec<_> = pieces::lines(&stocktake, &world.records)
        .unwrap()
        .into_iter()
        .map(|line| (line.bin.shelf, line.expected, line.counted, line.difference))
        .collect();
    lines.sort();
    lines
}

#[test]
fn what_several_count_in_a_bin_adds_up_and_the_difference_becomes_a_movement() {
    let mut world = with_optics();
    world.must(TESS, &counted("1", 6));
    world.must(STAN, &counted("1", 2));
    world.must(STAN, &counted("3", 5));
    let want = [("1", 10, Some(8), -2), ("2", 4, None, -4), ("3", 0, Some(5), 5)];
    assert_eq!(bins(&world), want.map(|(shelf, e, c, d)| (shelf.to_owned(), e, c, d)));
    assert!(findings(&world).values().all(|finding| *finding != StockFinding::Unknown), "pieces are no label");
    let settle = take(StocktakeAct::SettleCounts(["1", "2", "3", "4"].map(optics).to_vec()));
    world.must(TESS, &take(StocktakeAct::End));
    assert_eq!(world.refused(TESS, &settle), ["NOT_ALLOWED"], "a technician counts");
    assert_eq!((lying(&world, "1"), lying(&world, "2")), (10, 4), "nothing moved so far");
    let effect = world.must(STAN, &settle);
    assert_eq!((effect.updated, effect.unchanged), (3, 1));
    assert_eq!(["1", "2", "3"].map(|shelf| lying(&world, shelf)), [8, 0, 5]);
    let ledger: Vec<StockMovement> = world.records.list(Lookup::MovementsOfStock, &optics("1").to_string()).unwrap();
    let last = ledger.iter().find(|entry| entry.kind == MovementKind::CountAdjustment).unwrap();
    assert_eq!((last.change, last.note.as_str()), (-2, "stocktake A"));
    let again = world.must(STAN, &settle);
    assert_eq!((again.updated, again.unchanged), (0, 4), "what was settled is no difference");
}

/// Moments in milliseconds: when seven or ten were counted, when three went out; and whether the count comes first to the
/// server.
#[rstest]
#[case::out_before(7, 20, 10, true)]
#[case::out_before_and_told_later(7, 20, 10, false)]
#[case::out_after(10, 10, 20, true)]
#[case::out_after_and_told_before(10, 10, 20, false)]
fn pieces_that_go_out_meanwhile_are_no_difference(
    #[case] seen: u32,
    #[case] counted_at: i64,
    #[case] out_at: i64,
    #[case] count_first: bool,
    #[values(0, 15, 30)] settled_at: i64,
) {
    let mut world = with_optics();
    let out = moved("1", CountedMove::Issue { quantity: 3, release: None });
    let mut steps = [(counted_at, TESS, counted("1", seen)), (out_at, STAN, out)];
    if !count_first {
        steps.reverse();
    }
    for (at, who, command) in steps {
        later(&mut world, at, who, &command);
    }
    later(&mut world, 40, TESS, &take(StocktakeAct::End));
    let settle = take(StocktakeAct::SettleCounts(vec![optics("1")]));
    later(&mut world, settled_at, STAN, &settle);
    assert_eq!(lying(&world, "1"), 7);
    // One more was found; the clock of whoever settles goes as it goes.
    later(&mut world, 40, STAN, &take(StocktakeAct::Reopen));
    later(&mut world, 41, TESS, &counted("1", 1));
    later(&mut world, 42, TESS, &take(StocktakeAct::End));
    for _ in 0..2 {
        later(&mut world, settled_at, STAN, &settle);
        assert_eq!(lying(&world, "1"), 8);
    }
    later(&mut world, 43, STAN, &moved("1", CountedMove::Receive(2)));
    later(&mut world, settled_at, STAN, &settle);
    assert_eq!(lying(&world, "1"), 10, "what arrived since is no difference either");
}

#[test]
fn a_count_is_taken_back_by_who_made_it_last_and_by_no_more_than_was_counted() {
    let mut world = with_optics();
    let id = sight_id(TAKE, optics("1"));
    let back = |quantity| take(StocktakeAct::Uncount { sight: id, quantity });
    world.must(TESS, &counted("1", 6));
    world.must(STAN, &counted("1", 4));
    assert_eq!(world.refused(TESS, &back(6)), ["NOT_A_SLIP"], "Stan counted last");
    assert_eq!(world.refused(STAN, &back(11)), ["NOT_A_SLIP"]);
    assert_eq!(world.refused(STAN, &take(StocktakeAct::Unsee(id))), ["NOT_A_SLIP"], "it is no label");
    world.must(STAN, &back(4));
    assert_eq!(bins(&world)[0], ("1".to_owned(), 10, Some(6), -4));
    world.must(STAN, &counted("2", 4));
    world.must(STAN, &take(StocktakeAct::Uncount { sight: sight_id(TAKE, optics("2")), quantity: 4 }));
    assert_eq!(bins(&world)[1], ("2".to_owned(), 4, None, -4), "as if nobody had looked");
}

#[test]
fn what_is_kept_for_a_release_does_not_go_missing_and_the_other_bins_are_settled() {
    let mut world = with_optics();
    let mut stock: DhsStock = world.get(optics("1"));
    stock.reserved.insert(slipway_domain::id::ReleaseId(Uuid::from_u128(0x931)), 9);
    world.put(stock);
    world.must(TESS, &counted("1", 5));
    world.must(TESS, &counted("2", 5));
    world.must(TESS, &take(StocktakeAct::End));
    let effect = world.must(STAN, &take(StocktakeAct::SettleCounts(vec![optics("1"), optics("2")])));
    let codes: Vec<&str> = effect.conflicts.iter().map(|conflict| conflict.finding.code.as_str()).collect();
    assert_eq!((effect.updated, codes), (1, vec!["NOT_ENOUGH"]));
    assert_eq!((lying(&world, "1"), lying(&world, "2")), (10, 5));
}

#[rstest]
#[case::told_apart(MODEL, bin("A", "1"), 1, "NOT_COUNTED")]
#[case::nowhere(OPTIC, Bin::default(), 1, "NO_BIN")]
#[case::too_many(OPTIC, bin("A", "1"), 1_000_001, "OUT_OF_RANGE")]
fn what_cannot_be_counted_is_refused(
    #[case] model: DhsModelId,
    #[case] bin: Bin,
    #[case] quantity: u32,
    #[case] want: &str,
) {
    let mut world = with_optics();
    let count = take(StocktakeAct::Count(vec![SeenPieces { model, bin, quantity }]));
    assert_eq!(world.refused(TESS, &count), [want]);
}

#[test]
fn whoever_stands_before_a_shelf_means_the_only_bin_of_it() {
    let world = with_optics();
    let at = |bin: &Bin| bin_at(OPTIC, bin, &world.records).unwrap();
    assert_eq!(at(&bin("A", "2")), bin("A", "2"));
    assert_eq!(at(&Bin { bin: String::new(), ..bin("a", "2") }), bin("A", "2"), "as the record writes it");
    assert_eq!(at(&bin("A", "")), bin("A", ""), "two are within: nothing is guessed");
    assert_eq!(at(&bin("A", "9")), bin("A", "9"));
}

#[derive(Clone, Debug)]
enum Step {
    Move(bool, CountedMove),
    Count(bool, u32),
    End,
    Reopen,
    Settle,
    Unit(u32, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let n = 1u32..6;
    let what = prop_oneof![
        n.clone().prop_map(CountedMove::Receive),
        n.clone().prop_map(|quantity| CountedMove::Issue { quantity, release: None }),
        n.clone().prop_map(|quantity| CountedMove::Transfer { quantity, to: bin("A", "3") }),
        (-4i32..5).prop_map(|by| CountedMove::Adjust { by, reason: "counted".into() }),
    ];
    prop_oneof![
        (any::<bool>(), what).prop_map(|(first, what)| Step::Move(first, what)),
        (any::<bool>(), 0u32..12).prop_map(|(first, quantity)| Step::Count(first, quantity)),
        Just(Step::End),
        Just(Step::Reopen),
        Just(Step::Settle),
        (1u32..5, 0u8..5).prop_map(|(n, what)| Step::Unit(n, what)),
    ]
}

fn of_unit(n: u32, what: u8) -> Command {
    let unit = id(n);
    Command::Dhs(match what {
        0 => DhsCommand::SendToRepair(unit),
        1 => DhsCommand::Return { unit, to: bin("A", "1"), condition: Condition::Used },
        2 => DhsCommand::Adjust { unit, reason: "not there".into() },
        3 => DhsCommand::Transfer { unit, to: bin("A", "2") },
        _ => DhsCommand::Dispose { unit, reason: "scrapped".into() },
    })
}

/// How many lie there by the ledgers alone: of a unit its movements in their order, of consumables their sum.
fn by_ledgers(world: &World, moments: &std::collections::BTreeMap<DhsUnitId, Vec<MovementKind>>) -> i64 {
    let pieces: i64 = ["1", "2", "3"]
        .into_iter()
        .flat_map(|shelf| {
            world.records.list::<StockMovement>(Lookup::MovementsOfStock, &optics(shelf).to_string()).unwrap()
        })
        .map(|entry| entry.change)
        .sum();
    let units = moments.values().filter(|kinds| {
        let end =
            kinds.iter().try_fold(UnitState::InStore, |state, kind| lead(*kind, state)).expect("a line of the table");
        matches!(end, UnitState::InStore | UnitState::Reserved)
    });
    pieces + i64::try_from(units.count()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What minimum stock is judged on never drifts from what the ledgers say, whatever is moved, counted and settled.
    #[test]
    fn the_level_of_a_store_is_the_sum_of_its_ledgers(steps in prop::collection::vec(step(), 0..40)) {
        let mut world = with_optics();
        let mut kinds: BTreeMap<DhsUnitId, Vec<MovementKind>> = [1, 2, 3, 5].map(|n| (id(n), Vec::new())).into();
        for step in steps {
            let shelf = |first: bool| if first { "1" } else { "2" };
            let (who, command) = match step {
                Step::Move(first, what) => (STAN, moved(shelf(first), what)),
                Step::Count(first, quantity) => (TESS, counted(shelf(first), quantity)),
                Step::End => (TESS, take(StocktakeAct::End)),
                Step::Reopen => (STAN, take(StocktakeAct::Reopen)),
                Step::Settle => (STAN, take(StocktakeAct::SettleCounts(["1", "2"].map(optics).to_vec()))),
                Step::Unit(n, what) => (STAN, of_unit(if n == 4 { 5 } else { n }, what)),
            };
            world.now = Timestamp(world.now.0 + 1);
            let before = bins(&world);
            let was = ["1", "2"].map(|shelf| i64::from(lying(&world, shelf)));
            let settled = world.run(who, &command);
            for (unit, kinds) in &mut kinds {
                let ledger: Vec<Movement> = world.records.list(Lookup::MovementsOfUnit, &unit.to_string()).unwrap();
                if ledger.len() > kinds.len()
                    && let Command::Dhs(command) = &command
                {
                    kinds.push(match command {
                        DhsCommand::SendToRepair(_) => MovementKind::SendToRepair,
                        DhsCommand::Return { .. } => MovementKind::Return,
                        DhsCommand::Adjust { .. } => MovementKind::CountAdjustment,
                        DhsCommand::Transfer { .. } => MovementKind::Transfer,
                        _ => MovementKind::Dispose,
                    });
                }
            }
            if let (Ok(effect), Command::Dhs(DhsCommand::Stocktake { act: StocktakeAct::SettleCounts(_), .. })) = (settled, &command)
                && effect.conflicts.is_empty()
            {
                for (at, shelf) in ["1", "2"].into_iter().enumerate() {
                    let difference = before.iter().find(|(of, ..)| of == shelf).map_or(0, |(.., difference)| *difference);
                    prop_assert_eq!(i64::from(lying(&world, shelf)), was[at] + difference, "by as many as were counted");
                }
            }
            let level: u32 = [MODEL, OPTIC]
                .map(|model| of_model(&world.records, &world.get(model)).unwrap())
                .iter()
                .map(|stock| stock.0.iter().map(|store| store.free + store.reserved).sum::<u32>())
                .sum();
            // One more of the model is reserved from the start.
            prop_assert_eq!(i64::from(level), by_ledgers(&world, &kinds) + 1);
        }
    }
}
