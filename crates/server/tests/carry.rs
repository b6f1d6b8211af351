//! Commands that come in a file: the same words as in a push, whichever comes first.

use super::World;
use crate::support::{Laptop, a_site, json, new_id, user};
use slipway_domain::id::PersonId;
use slipway_domain::people::Role;
use slipway_domain::time::Timestamp;
use slipway_server::core::Carried;
use slipway_sync::bucket::Bucket;
use slipway_sync::carry::{Manifest, Opening, Outside, Packer, Part, Route, Wants, seal};
use slipway_sync::encoding::Base64;
use slipway_sync::protocol::{
    CarriedOut, CarryIn, CommandResult, Epoch, ErrorBody, ErrorCode, Page, SignedCommand, Verdict,
};
use slipway_sync::signing::PrivateKey;
use std::collections::BTreeMap;
use uuid::Uuid;

fn manifest(laptop: &Laptop, first_counter: u64, commands: usize) -> Manifest {
    Manifest {
        domain: Manifest::DOMAIN.into(),
        workspace: laptop.session.workspace,
        epoch: laptop.session.epoch,
        bundle: new_id(),
        made_at: Timestamp(0),
        route: Route::ToServer,
        device: laptop.device.id,
        person: laptop.session.person,
        first_counter,
        commands: commands as u64,
        wants: Some(Wants {
            cursors: BTreeMap::from([(Bucket::Workspace, 0)]),
            scope: String::new(),
            judged_after: 0,
            sites: None,
        }),
        answers: None,
        to: None,
        parts: Vec::new(),
    }
}

/// A file of this laptop, each command in a part of its own.
fn file_of(laptop: &Laptop, manifest: Manifest, commands: &[SignedCommand], by: &PrivateKey) -> Vec<u8> {
    let mut packer = Packer::default();
    for command in commands {
        packer.add(&Part::Commands(vec![command.clone()])).unwrap();
    }
    let plain = packer.finish(manifest, by).unwrap();
    seal::seal(&plain, Route::ToServer, seal::Seal::Key(&laptop.session.log_key)).unwrap()
}

fn file(laptop: &Laptop, first: u64, commands: &[SignedCommand]) -> Vec<u8> {
    file_of(laptop, manifest(laptop, first, commands.len()), commands, &laptop.key)
}

/// What an answer holds for the laptop that it is for.
fn read(laptop: &Laptop, answer: &[u8]) -> (Manifest, Vec<CommandResult>, Vec<Page>) {
    let outside = Outside::read(answer).unwrap();
    assert_eq!(outside.route, Route::Answer);
    let opened = seal::open(&answer[outside.line..], seal::Open::Key(&laptop.key)).unwrap();
    let mut reader = Opening::begin(opened).unwrap().verify(&laptop.session.log_key).unwrap();
    let (manifest, mut results, mut pages) = (reader.manifest().clone(), Vec::new(), Vec::new());
    while let Some(part) = reader.next_part().unwrap() {
        match part {
            Part::Results(more) => results.extend(more),
            Part::Page(page) => pages.push(*page),
            other => panic!("no server sends {other:?}"),
        }
    }
    (manifest, results, pages)
}

/// At the server's own console, beside the running server.
async fn carry_in(world: &World, file: &[u8]) -> Result<Carried, ErrorBody> {
    let (office, file) = (world.office(), file.to_vec());
    let carried = tokio::task::spawn_blocking(move || office.core().carry_in(&file)).await.unwrap();
    carried.map_err(|error| error.body())
}

#[tokio::test]
async fn a_push_and_a_file_give_the_same_words_in_either_order() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = [laptop.issue(a_site("Antwerp")), laptop.issue(a_site(" ")), laptop.issue(a_site("Cork"))];
    let carried = carry_in(&world, &file(&laptop, 1, &commands[..2])).await.unwrap();
    assert_eq!((carried.commands, carried.judged), (2, 2));
    let (_, results, pages) = read(&laptop, &carried.answer);
    assert!(matches!(results[1].verdict, Verdict::Refused { .. }), "a rule says no in a file as well: {results:?}");
    world.advance_ms(60_000);
    let pushed = world.push(&laptop, 1, &commands).await.unwrap();
    assert_eq!(pushed.results[..2], results, "stored words, time of judging included");

    let state = world.office().state().unwrap();
    let again = carry_in(&world, &file(&laptop, 1, &commands)).await.unwrap();
    assert_eq!((again.commands, again.judged), (3, 0), "pushed first: nothing is judged twice");
    let (manifest, results, _) = read(&laptop, &again.answer);
    assert_eq!(results, pushed.results, "and the file gets the push's words");
    assert_eq!(world.office().state().unwrap(), state, "nothing happened twice");
    assert_eq!(manifest.first_counter, 1);
    let last = pages.last().unwrap();
    assert!(last.complete && !last.sums.is_empty() && last.checkpoint.is_some(), "an end as that of a pull");
}

#[tokio::test]
async fn whoever_brings_a_file_cannot_read_its_answer() {
    let world = World::new().await;
    world.office().add_user(&user("vera", Role::Viewer)).unwrap();
    let mut laptop = world.laptop("ruth").await;
    let courier = world.laptop("vera").await;
    let commands = [laptop.issue(a_site("Antwerp"))];
    let body = json(&CarryIn { file: Base64(file(&laptop, 1, &commands)) });
    let send = world.post("carry").bearer_auth(&courier.session.access_token).body(body);
    let out: CarriedOut = crate::support::answer(send.send().await.unwrap()).await.unwrap();
    assert_eq!((out.device, out.commands, out.judged), (laptop.device.id, 1, 1));
    let (_, results, _) = read(&laptop, &out.answer.0);
    assert!(matches!(results[0].verdict, Verdict::Applied { .. }), "judged as its maker's, who may: {results:?}");
    let outside = Outside::read(&out.answer.0).unwrap();
    let opened = seal::open(&out.answer.0[outside.line..], seal::Open::Key(&courier.key));
    assert!(opened.is_err(), "the courier's key does not open it");
    let anybody = world.post("carry").body(json(&CarryIn { file: Base64(Vec::new()) }));
    let error = crate::support::answer::<CarriedOut>(anybody.send().await.unwrap()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotSignedIn, "nobody brings files who is not signed in");
}

#[tokio::test]
async fn a_file_copied_half_is_judged_as_far_as_it_goes_and_goes_on() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    // Names that do not shrink, so that the parts lie far enough apart to be cut between.
    let mut state = 7_u64;
    let mut name = || {
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + ((state >> 40) % 26) as u8)
        };
        (0..6_000).map(|_| letter()).collect::<String>()
    };
    let commands: Vec<SignedCommand> = (0..90).map(|_| laptop.issue(a_site(&name()))).collect();
    let whole = file(&laptop, 1, &commands);
    let error = carry_in(&world, &whole[..whole.len() / 2]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::CarryIncomplete, "{error:?}");
    assert!(!error.sentence.contains("; 0 commands were judged"), "what arrived is judged: {error:?}");
    let carried = carry_in(&world, &whole).await.unwrap();
    assert_eq!(carried.commands, 90);
    assert!(carried.judged < 90, "some were judged before");
    assert_eq!(read(&laptop, &carried.answer).1.len(), 90, "every command has its result");
}

#[tokio::test]
async fn what_is_not_as_it_should_be_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = [laptop.issue(a_site("Antwerp"))];
    let good = manifest(&laptop, 1, 1);
    let honest = file_of(&laptop, good.clone(), &commands, &laptop.key);
    let mut altered = honest.clone();
    let at = altered.len() - 40;
    altered[at] ^= 1;
    let foreign = PrivateKey::from_seed(&[77; 32]);
    let sealed_elsewhere = {
        let mut packer = Packer::default();
        packer.add(&Part::Commands(commands.to_vec())).unwrap();
        let plain = packer.finish(good.clone(), &laptop.key).unwrap();
        seal::seal(&plain, Route::ToServer, seal::Seal::Key(&foreign.public())).unwrap()
    };
    let with = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        file_of(&laptop, manifest, &commands, &laptop.key)
    };
    let before = world.office().state().unwrap();
    for (what, file, code) in [
        ("a file of another kind", b"PK\x03\x04".to_vec(), ErrorCode::CarryUnreadable),
        ("an altered part", altered, ErrorCode::CarryDamaged),
        ("another's signature", file_of(&laptop, good.clone(), &commands, &foreign), ErrorCode::BadSignature),
        ("sealed for another server", sealed_elsewhere, ErrorCode::CarryNotForUs),
        ("another workspace", with(&|m| m.workspace.0 = Uuid::from_u128(9)), ErrorCode::WrongActor),
        ("another epoch", with(&|m| m.epoch = Epoch(Uuid::from_u128(9))), ErrorCode::EpochChanged),
        ("an unknown device", with(&|m| m.device.0 = Uuid::from_u128(9)), ErrorCode::WrongDevice),
        ("another person", with(&|m| m.person.0 = Uuid::from_u128(9)), ErrorCode::WrongDevice),
        ("counters that leave a gap", with(&|m| m.first_counter = 2), ErrorCode::WrongDevice),
        ("fewer commands than it says", with(&|m| m.commands = 7), ErrorCode::CarryDamaged),
        ("an answer", with(&|m| m.route = Route::Answer), ErrorCode::CarryDamaged),
    ] {
        let error = carry_in(&world, &file).await.unwrap_err();
        assert_eq!(error.code, code, "{what}: {error:?}");
        assert!(!error.sentence.is_empty() && !error.way_out.is_empty(), "{what}: {error:?}");
        assert_eq!(world.office().state().unwrap(), before, "{what} changes nothing");
    }
    assert!(carry_in(&world, &honest).await.is_ok(), "the honest file is still good");
}

#[tokio::test]
async fn a_device_that_was_shut_out_is_shut_out_in_a_file_too() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = [laptop.issue(a_site("Antwerp"))];
    world.office().core().set_revoked(laptop.device.id, true, PersonId::SYSTEM).unwrap();
    let before = world.office().state().unwrap();
    let error = carry_in(&world, &file(&laptop, 1, &commands)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::DeviceRevoked, "{error:?}");
    let courier = world.laptop("ruth").await;
    let body = json(&CarryIn { file: Base64(file(&laptop, 1, &commands)) });
    let send = world.post("carry").bearer_auth(&courier.session.access_token).body(body);
    let error = crate::support::answer::<CarriedOut>(send.send().await.unwrap()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotAllowed, "it is not the courier's device that was shut out: {error:?}");
    assert_eq!(world.office().state().unwrap().head, before.head);
}
