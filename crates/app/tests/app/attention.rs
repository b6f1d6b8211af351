//! A refused command comes back with every reason and is let go, or sent again, by a person.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};
use slipway_domain::execute::Conflict;
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
        let id = text(&desk.ok("attention.list", json!({})).await, "/items/0/id");
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
    assert_eq!(page["entered"][0]["label"], "version");
    assert_eq!((&page["entered"][0]["value"], &page["entered"][0]["editable"]), (&json!("2.0"), &json!(true)));
    let side = json!({
        "field": "version", "label": "version", "seen": "1.0", "mine": "2.0", "theirs": "1.0", "choice": true,
        "kept": null,
    });
    assert_eq!(page["sides"][0], side);
    assert!(list(&page, "/would_refuse").is_empty(), "here it would be accepted now");
    let ci = desk.ok("cmdb.get", json!({ "ci": "web-01" })).await;
    assert_eq!(ci["sync"]["attention"], 1, "the record says so, too");
    assert_eq!(ci["sync"]["why"], "The version was 1.5 meanwhile.", "and why");
    assert_eq!(desk.ok("inbox.get", Value::Null).await["counts"]["attention"], 1);
}

#[tokio::test]
async fn a_refused_command_is_sent_again_as_edited() {
    let (desk, id) = Desk::a_refused_edit().await;
    let mut command = desk.ok("attention.get", json!({ "command": id })).await["command"].clone();
    command["cmdb"]["set_fields"][1][0]["to"] = json!("2.1");
    desk.ok("attention.send_again", json!({ "command": id, "edited": command })).await;
    assert_eq!(desk.version().await, "2.1");
    assert!(list(&desk.ok("attention.list", json!({})).await, "/items").is_empty(), "the item is settled");
}

#[tokio::test]
async fn a_refused_command_is_let_go() {
    let (desk, id) = Desk::a_refused_edit().await;
    let without = desk.app.call("attention.discard", json!({ "command": id, "reason": " " })).await;
    assert!(without.is_err(), "not without a reason");
    desk.ok("attention.discard", json!({ "command": id, "reason": "Bea did it" })).await;
    assert!(list(&desk.ok("attention.list", json!({})).await, "/items").is_empty());
    let settled = desk.ok("attention.list", json!({ "settled": true })).await;
    assert_eq!(text(&settled, "/items/0/settled/reason"), "Bea did it", "the reason is kept with the item");
    let again = desk.app.call("attention.discard", json!({ "command": id, "reason": "again" })).await.unwrap_err();
    assert!(again.has("NOT_FOUND"));
}

#[tokio::test]
async fn a_refused_text_is_sent_again_in_other_words() {
    let (desk, id) = Desk::a_refused_edit().await;
    let pointer = text(&desk.ok("attention.get", json!({ "command": id })).await, "/entered/0/pointer");
    let wrong = json!({ "command": id, "edits": [{ "pointer": "/cmdb/set_fields/0", "value": "x" }] });
    assert!(desk.app.call("attention.send_again", wrong).await.unwrap_err().has("NOT_A_TEXT"), "only texts");
    desk.ok("attention.send_again", json!({ "command": id, "edits": [{ "pointer": pointer, "value": "2.2" }] })).await;
    assert_eq!(desk.version().await, "2.2");
}

impl Desk {
    /// A CI of which two fields were edited here and, meanwhile, by somebody else: the command's id.
    async fn a_conflict() -> (Self, String) {
        let desk = Self::alone().await;
        desk.ok("cmdb.create", json!({ "name": "web-01", "class": "server", "version": "1.0" })).await;
        let page = desk.ok("cmdb.get", json!({ "ci": "web-01" })).await;
        let change = |field: &str, from: &str, to: &str| json!({ "field": field, "from": from, "to": to });
        let ci = page["ci"]["id"].clone();
        let set = |changes: Value| json!({ "command": { "cmdb": { "set_fields": [ci, changes] } } });
        desk.ok("issue", set(json!([change("version", "1.0", "2.0"), change("notes", "", "mine")]))).await;
        desk.partly_take_last(&[("version", "1.0", "2.0", "1.5"), ("notes", "", "mine", "theirs")]);
        // What the other person wrote, as it came with the next page.
        let now = desk.ok("cmdb.get", json!({ "ci": "web-01" })).await["ci"].clone();
        let is = |field: &str| now[field].as_str().unwrap().to_owned();
        let theirs = json!([change("version", &is("version"), "1.5"), change("notes", &is("notes"), "theirs")]);
        desk.ok("issue", set(theirs)).await;
        let id = text(&desk.ok("attention.list", json!({})).await, "/items/0/id");
        (desk, id)
    }

    fn partly_take_last(&self, fields: &[(&str, &str, &str, &str)]) {
        let open = self.app.open().unwrap();
        let last = open.store.pending(1_000).unwrap().pop().unwrap();
        let conflict = |(field, from, mine, theirs): &(&str, &str, &str, &str)| Conflict {
            line: None,
            field: Some((*field).to_owned()),
            from: (*from).to_owned(),
            mine: (*mine).to_owned(),
            theirs: (*theirs).to_owned(),
            finding: Finding::new("FIELD_CHANGED", "Somebody changed it.", "Decide."),
        };
        let verdict = Verdict::Partial { conflicts: fields.iter().map(conflict).collect() };
        let judged = vec![Judged { id: last.id, counter: last.counter, seq: 1, verdict }];
        open.store.flip(&Flip { epoch: "test".to_owned(), judged, ..Flip::default() }).unwrap();
    }
}

#[tokio::test]
async fn fields_are_decided_one_by_one_and_the_last_settles_the_item() {
    let (desk, id) = Desk::a_conflict().await;
    let unknown = json!({ "command": id, "keep": "mine", "fields": ["model"] });
    assert!(desk.app.call("attention.keep", unknown).await.unwrap_err().has("NO_SUCH_FIELD"));
    desk.ok("attention.keep", json!({ "command": id, "keep": "mine", "fields": ["version"] })).await;
    assert_eq!(desk.version().await, "2.0", "set again, against what was there");
    let page = desk.ok("attention.get", json!({ "command": id })).await;
    let kept: Vec<_> = list(&page, "/sides").iter().map(|s| s["kept"].clone()).collect();
    assert!(kept.contains(&json!("mine")) && kept.contains(&Value::Null), "one is left to decide: {kept:?}");
    let twice = json!({ "command": id, "keep": "theirs", "fields": ["version"] });
    assert!(desk.app.call("attention.keep", twice).await.unwrap_err().has("NO_SUCH_FIELD"), "decided once");
    desk.ok("attention.keep", json!({ "command": id, "keep": "theirs" })).await;
    let ci = desk.ok("cmdb.get", json!({ "ci": "web-01" })).await;
    assert_eq!(ci["ci"]["notes"], "theirs", "what is there was left");
    assert!(list(&desk.ok("attention.list", json!({})).await, "/items").is_empty(), "nothing is left of it");
}

#[tokio::test]
async fn an_edited_conflict_goes_against_what_is_there_now() {
    let (desk, id) = Desk::a_conflict().await;
    let page = desk.ok("attention.get", json!({ "command": id })).await;
    let version = list(&page, "/entered").iter().find(|line| line["label"] == "version").unwrap();
    let edits = json!([{ "pointer": version["pointer"], "value": "2.5" }]);
    desk.ok("attention.send_again", json!({ "command": id, "edits": edits })).await;
    assert_eq!(desk.version().await, "2.5");
    assert!(list(&desk.ok("attention.list", json!({})).await, "/items").is_empty(), "the item is settled");
}

#[tokio::test]
async fn what_follows_from_a_refusal_stands_behind_it() {
    let (desk, first) = Desk::a_refused_edit().await;
    let edit = json!({ "ci": "web-01", "action": "set_field", "field": "version", "to": "3.0" });
    desk.ok("cmdb.act", edit).await;
    desk.refuse_last();
    desk.ok("cmdb.create", json!({ "name": "db-01", "class": "server" })).await;
    desk.refuse_last();
    let items = desk.ok("attention.list", json!({})).await;
    let order: Vec<String> = list(&items, "/items").iter().map(|i| text(i, "/title")).collect();
    assert_eq!(order, ["create a CI", "edit a CI: web-01", "edit a CI: web-01"], "newest first, dependants behind");
    assert_eq!((&items["items"][1]["id"], &items["items"][2]["depends_on"]), (&json!(first), &json!(first)));
    let page = desk.ok("attention.get", json!({ "command": first })).await;
    assert_eq!(list(&page, "/dependants").len(), 1);
}
