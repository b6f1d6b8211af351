//! Hostile texts in a command of every shape, pushed over the wire: each is judged, none stops the ones after it, and
//! what was stored is read back. What the rules make of each stands in the domain's own tests.

use super::World;
use crate::every;
use serde_json::Value;
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::people::{Person, Role};
use slipway_sync::limits;
use slipway_sync::protocol::Verdict;

fn hostile(value: &mut Value, text: &str) {
    match value {
        Value::String(is) if is == every::FREE_TEXT => text.clone_into(is),
        Value::Array(all) => all.iter_mut().for_each(|one| hostile(one, text)),
        Value::Object(all) => all.values_mut().for_each(|one| hostile(one, text)),
        _ => {}
    }
}

#[tokio::test]
async fn hostile_texts_in_every_command_are_judged_and_stop_nothing() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let every_role = Person {
        id: laptop.session.person,
        name: "Ruth".into(),
        user: "ruth".into(),
        roles: Role::ALL.iter().copied().collect(),
        active: true,
    };
    let mut waiting = vec![laptop.issue(Command::Setup(SetupCommand::PutPerson(every_role)))];
    for text in ["<script>alert(1)</script>\u{202e}../../x", "a\0b", "plain enough"] {
        for command in every::commands() {
            let mut command = serde_json::to_value(command).unwrap();
            hostile(&mut command, text);
            waiting.push(laptop.issue(command));
        }
    }
    let all = waiting.len();
    let mut verdicts = Vec::new();
    for batch in waiting.chunks(limits::PUSH_COMMANDS / 2) {
        let first = u64::try_from(verdicts.len()).unwrap() + 1;
        let pushed = world.push(&laptop, first, batch).await.unwrap();
        verdicts.extend(pushed.results.into_iter().map(|result| result.verdict));
    }
    assert_eq!(verdicts.len(), all, "each has its answer");
    let held: Vec<_> = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Held { .. })).collect();
    assert!(held.is_empty(), "the storage would not take {}: {:?}", held.len(), held.first());
    let applied = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Applied { .. })).count();
    assert!(applied > 10, "{applied} of {all} were applied");
    let page = world.pull(&laptop, 0, 0, limits::PAGE_ENTRIES).await.unwrap();
    assert!(!page.entries.is_empty());
}
