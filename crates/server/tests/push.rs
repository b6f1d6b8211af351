//! Commands in: exactly once, in order, each with its end.

use super::World;
use crate::support::{Laptop, a_site, all_at_once, answer, json, new_id, nobody, user};
use serde_json::json;
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::{DeviceId, GroupId, SiteId};
use slipway_domain::people::{Group, Role, Site};
use slipway_sync::protocol::{ErrorCode, NewDevice, Session, SignedCommand, Verdict};
use slipway_sync::signing::PrivateKey;

fn applied(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Applied { .. })
}

#[tokio::test]
async fn a_push_sent_again_gets_the_same_words_and_changes_nothing() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = [laptop.issue(a_site("Antwerp")), laptop.issue(a_site("Bergen"))];
    let first = world.push(&laptop, 1, &commands).await.unwrap();
    assert!(first.results.iter().all(|result| applied(&result.verdict)), "{:?}", first.results);
    world.advance_ms(60_000);
    let again = world.push(&laptop, 1, &commands).await.unwrap();
    assert_eq!(again.results, first.results, "stored words, time of judging included");
    assert_eq!(again.head, first.head, "nothing happened twice");

    let third = laptop.issue(a_site("Cork"));
    let overlapping = [commands[1].clone(), third];
    let mixed = world.push(&laptop, 2, &overlapping).await.unwrap();
    assert_eq!(mixed.results[0], first.results[1], "the known part is answered from store");
    assert!(applied(&mixed.results[1].verdict), "and the new part is judged");
}

#[tokio::test]
async fn what_was_judged_outlives_the_server() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = [laptop.issue(a_site("Antwerp"))];
    let first = world.push(&laptop, 1, &commands).await.unwrap();
    let before = world.office().state().unwrap();
    let world = world.restart().await;
    assert_eq!(world.push(&laptop, 1, &commands).await.unwrap().results, first.results);
    assert_eq!(world.office().state().unwrap(), before, "state, epoch and log");
}

#[tokio::test]
async fn a_refusal_names_every_reason_and_changes_nothing() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let group = Group { id: GroupId(new_id()), name: " ".into(), members: [nobody()].into(), lead: Some(nobody()) };
    let command = laptop.issue(Command::Setup(SetupCommand::PutGroup(group)));
    let head = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap().head;
    let pushed = world.push(&laptop, 1, &[command]).await.unwrap();
    let Verdict::Refused { findings } = &pushed.results[0].verdict else { panic!("{pushed:?}") };
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"UNKNOWN_PERSON") && codes.contains(&"LEAD_NOT_MEMBER"), "{codes:?}");
    assert!(codes.len() >= 3, "the empty name as well: {codes:?}");
    assert_eq!(pushed.head, head, "nothing changed");
    let page = world.pull(&laptop, head, 0, all_at_once()).await.unwrap();
    assert_eq!(page.results, pushed.results, "the refusal is stored and comes with the pull too");
}

#[tokio::test]
async fn a_person_without_the_role_is_refused_by_the_server() {
    let world = World::new().await;
    world.office().add_user(&user("vera", Role::Viewer)).unwrap();
    let mut laptop = world.laptop("vera").await;
    let command = laptop.issue(a_site("Antwerp"));
    let pushed = world.push(&laptop, 1, &[command]).await.unwrap();
    assert!(matches!(&pushed.results[0].verdict, Verdict::Refused { .. }), "{pushed:?}");
}

#[tokio::test]
async fn an_unknown_command_is_held_and_later_ones_go_on() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = [laptop.issue(json!({ "teleport": { "release": 7 } })), laptop.issue(a_site("Antwerp"))];
    let pushed = world.push(&laptop, 1, &commands).await.unwrap();
    assert!(matches!(pushed.results[0].verdict, Verdict::Held { .. }), "{:?}", pushed.results[0]);
    assert!(applied(&pushed.results[1].verdict), "{:?}", pushed.results[1]);
    assert_eq!(world.push(&laptop, 1, &commands).await.unwrap().results, pushed.results, "held is an end too");
}

#[tokio::test]
async fn a_gap_names_the_missing_counter() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands: Vec<SignedCommand> = ["A", "B", "C"].map(|name| laptop.issue(a_site(name))).into();
    world.push(&laptop, 1, &commands[..1]).await.unwrap();
    let error = world.push(&laptop, 3, &commands[2..]).await.unwrap_err();
    assert_eq!((error.code, error.expected_counter), (ErrorCode::CounterGap, Some(2)));
    assert_eq!(world.push(&laptop, 2, &commands[1..]).await.unwrap().results.len(), 2, "with it they pass");
}

#[tokio::test]
async fn a_restored_disk_shows_as_a_fork_and_loses_nothing_under_a_new_device() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = laptop.issue(a_site("Antwerp"));
    let image = (laptop.counter, laptop.previous.clone());
    let second = laptop.issue(a_site("Bergen"));
    let judged = world.push(&laptop, 1, &[first.clone(), second]).await.unwrap();
    // The disk is put back to where the first command was still waiting; another second one is issued.
    (laptop.counter, laptop.previous) = image;
    let envelope = laptop.envelope(a_site("Cork"));
    let other = laptop.sign(&envelope);
    let error = world.push(&laptop, 1, &[first.clone(), other]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::DeviceForked, "same counter, another command");

    let key = PrivateKey::from_seed(&[33; 32]);
    let device = NewDevice { id: DeviceId(new_id()), name: "again".into(), public_key: key.public() };
    let request = world.post("device").bearer_auth(&laptop.session.access_token).body(json(&device));
    let session: Session = answer(request.send().await.unwrap()).await.unwrap();
    assert_eq!(session.judged, 0, "a new device starts anew");
    let old: serde_json::Value = serde_json::from_slice(&first.payload.0).unwrap();
    let mut anew = Laptop { device, key, session, counter: 0, previous: String::new() };
    let mut first_again = anew.envelope(old["command"].clone());
    first_again.id = serde_json::from_value(old["id"].clone()).unwrap();
    let first_again = anew.sign(&first_again);
    let mut other_again = anew.envelope(serde_json::to_value(&envelope.command).unwrap());
    other_again.id = envelope.id;
    let other_again = anew.sign(&other_again);
    let pushed = world.push(&anew, 1, &[first_again, other_again]).await.unwrap();
    assert_eq!(pushed.results[0].verdict, judged.results[0].verdict, "known under the old device: its stored words");
    assert!(applied(&pushed.results[1].verdict), "the one from after the image is judged");
    let page = world.pull(&anew, 0, 0, all_at_once()).await.unwrap();
    assert_eq!(page.judged, 2, "both stand in the new device's chain");
}

#[tokio::test]
async fn a_broken_chain_is_a_fork() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = laptop.issue(a_site("Antwerp"));
    world.push(&laptop, 1, &[first]).await.unwrap();
    laptop.previous = "0".repeat(64);
    let second = laptop.issue(a_site("Bergen"));
    assert_eq!(world.push(&laptop, 2, &[second]).await.unwrap_err().code, ErrorCode::DeviceForked);
}

#[tokio::test]
async fn many_commands_at_once_are_judged_in_order() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let id = SiteId(new_id());
    let renamed = |n: usize| {
        Command::Setup(SetupCommand::PutSite(Site { id, name: format!("Site {n}"), address: String::new() }))
    };
    let commands: Vec<SignedCommand> = (1..=500).map(|n| laptop.issue(renamed(n))).collect();
    let pushed = world.push(&laptop, 1, &commands).await.unwrap();
    let seqs: Vec<u64> = pushed
        .results
        .iter()
        .map(|result| match result.verdict {
            Verdict::Applied { seq, .. } => seq,
            ref other => panic!("{other:?}"),
        })
        .collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "each later command has a later sequence");
    let page = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();
    let site = page.entries.iter().find(|entry| entry.id == id.0).unwrap();
    assert!(site.body.as_ref().unwrap().contains("Site 500"), "the newest state only, and it is the last one");
}

/// The storage takes nothing that says so; the storage's own words are an administrator's.
#[tokio::test]
async fn what_the_storage_does_not_take_is_held_and_the_rest_goes_on() {
    let world = World::new().await;
    let (mut laptop, mut other) = (world.laptop("ruth").await, world.laptop("ruth").await);
    world.refuse_to_store("poison");
    let commands = ["Antwerp", "poison", "Bergen"].map(|name| laptop.issue(a_site(name)));
    let beside = [other.issue(a_site("Cork"))];
    let (pushed, beside) = tokio::join!(world.push(&laptop, 1, &commands), world.push(&other, 1, &beside));
    let (pushed, beside) = (pushed.unwrap(), beside.unwrap());
    assert!(applied(&pushed.results[0].verdict) && applied(&pushed.results[2].verdict), "{:?}", pushed.results);
    assert!(matches!(pushed.results[1].verdict, Verdict::Held { .. }), "{:?}", pushed.results[1]);
    assert!(applied(&beside.results[0].verdict), "another's push does not suffer from it");
    assert_eq!(world.push(&laptop, 1, &commands).await.unwrap().results, pushed.results, "held is its end");
    let page = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();
    assert!(page.entries.iter().all(|entry| !entry.body.as_ref().unwrap().contains("poison")));
}

#[tokio::test]
async fn the_same_command_twice_in_a_push_takes_effect_once() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = laptop.envelope(a_site("Antwerp"));
    let mut second = first.clone();
    let first = laptop.sign(&first);
    (second.counter, second.previous) = (2, laptop.previous.clone());
    let second = laptop.sign(&second);
    let pushed = world.push(&laptop, 1, &[first, second]).await.unwrap();
    assert_eq!(pushed.results[0].verdict, pushed.results[1].verdict);
    assert_eq!(pushed.results[1].counter, 2, "it stands in the chain twice");
}

#[tokio::test]
async fn pushes_of_many_laptops_are_judged_together_and_each_is_told_its_own_end() {
    let world = World::new().await;
    let mut laptops = Vec::new();
    for _ in 0..12 {
        laptops.push(world.laptop("ruth").await);
    }
    let pushes: Vec<(u64, Vec<SignedCommand>)> = laptops
        .iter_mut()
        .enumerate()
        .map(|(n, laptop)| {
            let commands = (0..5).map(|m| laptop.issue(a_site(&format!("{n}/{m}")))).collect();
            // Every third of them leaves its first command out.
            if n % 3 == 2 { (2, commands) } else { (1, commands) }
        })
        .collect();
    let sent = laptops.iter().zip(&pushes).map(|(laptop, (first, commands))| {
        let from = usize::try_from(first - 1).unwrap();
        world.push(laptop, *first, &commands[from..])
    });
    let told = futures_util::future::join_all(sent).await;
    for (n, (told, (first, commands))) in told.into_iter().zip(&pushes).enumerate() {
        if *first == 2 {
            assert_eq!(told.unwrap_err().code, ErrorCode::CounterGap, "laptop {n}");
            continue;
        }
        let results = told.unwrap().results;
        assert_eq!(results.len(), commands.len());
        assert!(results.iter().all(|result| applied(&result.verdict)), "laptop {n}: {results:?}");
    }
    let sites = world.office().state().unwrap().records;
    let (laptop, (_, commands)) = (&laptops[2], &pushes[2]);
    world.push(laptop, 1, commands).await.unwrap();
    assert_eq!(world.office().state().unwrap().records, sites + 5, "those with a gap left nothing behind");
}
