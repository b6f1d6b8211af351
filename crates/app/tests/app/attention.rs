//! A refused command comes back with every reason and is let go, or sent again, by a person.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};
use slipway_domain::refusal::Finding;
use slipway_store::flip::Flip;
use slipway_store::queue::{Judged, Verdict};

impl Desk {
    /// The server refuses the last command that was issued, and its answer arrives.
    fn refuse_last(&self) {
        let open = self.app.open().unwrap();
        let last = open.store.pending(1_000).unwrap().pop().unwrap();
        let finding = Finding::new("VALUE_CHANGED", "The version was 1.5 meanwhile.", "Look at it and decide.");
        let verdict = Verdict::Refused { findings: vec![finding] };
        let judged = vec![Judged { id: last.id, counter: last.counter, seq: 1, verdict }];
        let flip = Flip { epoch: "test".to_owned(), judged, ..Flip::default() };
        open.store.flip(&flip).unwrap();
    }

    /// A CI whose version somebody wanted to change, which the server refused: the command's id.
    async fn a_refused_edit() -> (Self, String) {
        let desk = Self::alone().await;
        desk.ok("cmdb.create", json!({ "name": "web-01", "class": "server", "version": "1.0" })).await;
        let edit = json!({ "ci": "web-01", "action": "set_field", "field": "version", "to": "2.0" });
        desk.ok("cmdb.act", edit).await;
        desk.refuse_last();
        let id = text(&desk.ok("attention.list", Value::Null).await, "/items/0/id");
        (desk, id)
    }

    async fn version(&self) -> String {
        text(&self.ok("cmdb.get", json!({ "ci": "web-01" })).await, "/ci/version")
    }
}

#[tokio::test]
async fn a_refused_command_comes_back_with_what_was_entered() {
    let (desk, id) = Desk::a_refused_edit().await;
    assert_eq!(desk.version().await, "1.0", "its effect is gone");
    let page = desk.ok("attention.get", json!({ "command": id })).await;
    assert_eq!(text(&page, "/item/outcome"), "refused");
    assert_eq!(text(&page, "/item/findings/0/code"), "VALUE_CHANGED");
    assert_eq!(text(&page, "/item/record/label"), "web-01");
    assert_eq!(page["sides"][0], json!({ "field": "version", "seen": "1.0", "mine": "2.0", "theirs": "1.0" }));
    assert!(list(&page, "/would_refuse").is_empty(), "here it would be accepted now");
    let ci = desk.ok("cmdb.get", json!({ "ci": "web-01" })).await;
    assert_eq!(ci["sync"]["attention"], 1, "the record says so, too");
    assert_eq!(desk.ok("inbox.get", Value::Null).await["counts"]["attention"], 1);
}

#[tokio::test]
async fn a_refused_command_is_sent_again_as_edited() {
    let (desk, id) = Desk::a_refused_edit().await;
    let mut command = desk.ok("attention.get", json!({ "command": id })).await["command"].clone();
    command["cmdb"]["set_fields"][1][0]["to"] = json!("2.1");
    desk.ok("attention.send_again", json!({ "command": id, "edited": command })).await;
    assert_eq!(desk.version().await, "2.1");
    assert!(list(&desk.ok("attention.list", Value::Null).await, "/items").is_empty(), "the item is settled");
}

#[tokio::test]
async fn a_refused_command_is_let_go() {
    let (desk, id) = Desk::a_refused_edit().await;
    desk.ok("attention.discard", json!({ "command": id })).await;
    assert!(list(&desk.ok("attention.list", Value::Null).await, "/items").is_empty());
    let again = desk.app.call("attention.discard", json!({ "command": id })).await.unwrap_err();
    assert!(again.has("NOT_FOUND"));
}
