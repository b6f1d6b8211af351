//! What a person who worked without a network meets afterwards, on real laptops and the real server with the sample
//! company: refusals that say who did what meanwhile, texts that merge one by one, facts that are never thrown away.

use crate::support::{Centre, Laptop};
use serde_json::{Value, json};
use slipway_app::open::App;
use slipway_server::sample;

/// A laptop of the sample company and the application on it.
struct Desk {
    laptop: Laptop,
    app: App,
}

impl Desk {
    async fn of(centre: &Centre, user: &str) -> Self {
        let laptop = Laptop::signed_in_with(centre, user, sample::PASSWORD).await;
        laptop.sync().await.unwrap();
        let app = laptop.app().await;
        Self { laptop, app }
    }

    async fn ask(&self, name: &str, request: Value) -> Value {
        self.app.call(name, request.clone()).await.unwrap_or_else(|error| panic!("{name} {request}: {error:?}"))
    }

    async fn sync(&self) {
        self.laptop.sync().await.unwrap();
    }

    /// The first approval of a release that waits for this person and can still be terminated.
    async fn waiting(&self, manager: &Self) -> (Value, String) {
        for entry in self.ask("inbox.get", Value::Null).await["approvals"].as_array().unwrap() {
            let approval = entry["approval"].clone();
            let release = approval["subject"]["id"].as_str().unwrap().to_owned();
            if approval["subject"]["kind"] != "release" {
                continue;
            }
            let page = manager.ask("releases.get", json!({ "release": release })).await;
            if page["actions"].as_array().unwrap().iter().any(|a| a["action"] == "terminate" && a["allowed"] == true) {
                return (approval, release);
            }
        }
        panic!("no approval of a release waits");
    }

    async fn approve(&self, approval: &Value, on_behalf_of: Option<&str>) {
        let request = json!({
            "approval": approval["id"], "action": "approve", "digest": approval["digest"], "note": "",
            "on_behalf_of": on_behalf_of,
        });
        self.ask("approvals.act", request).await;
    }

    /// The only item of Needs attention.
    async fn item(&self) -> Value {
        let items = self.ask("attention.list", json!({})).await["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 1, "one item: {items:#}");
        self.ask("attention.get", json!({ "command": items[0]["id"] })).await
    }
}

/// The finding of that code.
fn finding(page: &Value, code: &str) -> Value {
    let findings = page["item"]["findings"].as_array().unwrap();
    findings.iter().find(|f| f["code"] == code).unwrap_or_else(|| panic!("{code} is among {findings:#?}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_what_was_terminated_meanwhile_is_refused_with_who_when_and_why() {
    let centre = Centre::with_sample().await;
    let (ines, jonas) = (Desk::of(&centre, "ines").await, Desk::of(&centre, "jonas").await);
    let (approval, release) = jonas.waiting(&ines).await;
    jonas.approve(&approval, None).await;
    ines.ask("releases.act", json!({ "release": release, "action": "terminate", "reason": "the budget is cut" })).await;
    ines.sync().await;
    jonas.sync().await;
    let page = jonas.item().await;
    let closed = finding(&page, "RELEASE_CLOSED");
    assert_eq!(
        (&closed["data"]["by"], &closed["data"]["reason"]),
        (&json!("Ines Marlow"), &json!("the budget is cut"))
    );
    assert!(closed["data"]["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{closed:#}");
    assert!(page["meanwhile"].to_string().contains("terminate"), "what others did: {:#}", page["meanwhile"]);
    let shown = jonas.ask("releases.get", json!({ "release": release })).await;
    assert_eq!(shown["release"]["phase"], "terminated", "and what shows is the server's");
    assert_eq!(jonas.laptop.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_an_older_scope_is_refused_with_what_changed_by_whom() {
    let centre = Centre::with_sample().await;
    let (ines, jonas) = (Desk::of(&centre, "ines").await, Desk::of(&centre, "jonas").await);
    let (approval, release) = jonas.waiting(&ines).await;
    jonas.approve(&approval, None).await;
    let targets = ines.ask("releases.get", json!({ "release": release })).await["release"]["scope"]["targets"].clone();
    let mut more = targets.clone();
    more.as_array_mut().unwrap().push(json!({ "name": "the annexe", "site": null }));
    let edit = json!({ "targets": { "from": targets, "to": more } });
    ines.ask("issue", json!({ "command": { "release": [release, { "edit": [edit] }] } })).await;
    ines.sync().await;
    jonas.sync().await;
    let page = jonas.item().await;
    let changed = finding(&page, "SCOPE_CHANGED");
    assert_eq!(changed["data"]["diff"], "target + the annexe");
    assert_eq!(changed["data"]["by"], "Ines Marlow");
    assert_eq!(changed["data"]["was"], approval["digest"], "the digest that was signed");
    assert_eq!(page["sides"][0]["field"], "digest", "both digests side by side");
    assert!(!page["would_refuse"].as_array().unwrap().is_empty(), "sending it again as it is would not help");
    let ask = json!({ "command": page["item"]["id"], "reason": "voted on the new scope" });
    jonas.ask("attention.discard", ask).await;
    assert_eq!(jonas.ask("inbox.get", Value::Null).await["counts"]["attention"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_a_delegate_cast_meanwhile_is_refused_with_through_whom() {
    let centre = Centre::with_sample().await;
    let (ines, jonas) = (Desk::of(&centre, "ines").await, Desk::of(&centre, "jonas").await);
    let (approval, _) = jonas.waiting(&ines).await;
    let now = slipway_app::host::System.now();
    let today = json!({ "to": ["mei"], "starts_at": now, "ends_at": now.plus_days(7) });
    jonas.ask("approvals.delegate", today).await;
    jonas.sync().await;
    let mei = Desk::of(&centre, "mei").await;
    jonas.approve(&approval, None).await;
    mei.approve(&approval, Some("jonas")).await;
    mei.sync().await;
    jonas.sync().await;
    let voted = finding(&jonas.item().await, "ALREADY_VOTED");
    assert_eq!(voted["data"]["via"], "Mei Tanaka", "{voted:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_two_people_edited_merge_and_the_one_that_both_wrote_is_decided() {
    let centre = Centre::with_sample().await;
    let (ines, tom) = (Desk::of(&centre, "ines").await, Desk::of(&centre, "tom").await);
    let (_, release) = Desk::of(&centre, "jonas").await.waiting(&ines).await;
    let before = ines.ask("releases.get", json!({ "release": release })).await["release"].clone();
    let edit = |field: &str, to: &str| json!({ field: { "from": before[field], "to": to } });
    let edits = |all: Value| json!({ "command": { "release": [release, { "edit": all }] } });
    ines.ask("issue", edits(json!([edit("title", "Ines' title")]))).await;
    tom.ask("issue", edits(json!([edit("title", "Tom's title"), edit("reason", "Tom's reason")]))).await;
    ines.sync().await;
    tom.sync().await;
    let page = tom.item().await;
    assert_eq!((&page["item"]["outcome"], &page["sides"][0]["field"]), (&json!("partial"), &json!("title")));
    assert_eq!(
        (&page["sides"][0]["mine"], &page["sides"][0]["theirs"]),
        (&json!("Tom's title"), &json!("Ines' title"))
    );
    ines.sync().await;
    let merged = ines.ask("releases.get", json!({ "release": release })).await["release"].clone();
    assert_eq!(
        (&merged["title"], &merged["reason"]),
        (&json!("Ines' title"), &json!("Tom's reason")),
        "the rest merged"
    );

    tom.ask("attention.keep", json!({ "command": page["item"]["id"], "keep": "mine" })).await;
    assert_eq!(tom.ask("inbox.get", Value::Null).await["counts"]["attention"], 0, "decided");
    tom.sync().await;
    ines.sync().await;
    let now = ines.ask("releases.get", json!({ "release": release })).await["release"].clone();
    assert_eq!(now["title"], "Tom's title", "set again, against what was there");
    assert_eq!((ines.laptop.hash(), tom.laptop.hash()), (centre.state_hash(), centre.state_hash()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_was_moved_although_it_counts_as_disposed_of_is_kept_and_decided() {
    let centre = Centre::with_sample().await;
    let (dana, aaron) = (Desk::of(&centre, "dana").await, Desk::of(&centre, "aaron").await);
    let list = aaron.ask("lists.open", json!({ "kind": "dhs_unit", "filter": "state:in_store" })).await;
    let unit = list["ids"][0].as_str().expect("a unit in store").to_owned();
    let bin = json!({ "site": null, "store": "Van 3", "aisle": "", "shelf": "", "bin": "" });
    let moved = json!({ "unit": unit, "action": "transfer", "bin": bin });
    aaron.ask("dhs.act", moved.clone()).await;
    dana.ask("dhs.act", json!({ "unit": unit, "action": "dispose", "reason": "not on its shelf" })).await;
    dana.sync().await;
    aaron.sync().await;
    assert_eq!(aaron.ask("inbox.get", Value::Null).await["counts"]["attention"], 0, "nothing for him to do");
    let page = aaron.ask("dhs.get", json!({ "unit": unit })).await;
    assert_eq!(page["unit"]["state"], "disposed", "the record does not follow yet");
    assert_eq!(page["exceptions"][0]["findings"][0]["code"], "UNIT_STATE");
    let again = aaron.app.call("dhs.act", moved).await.unwrap_err();
    assert!(again.has("UNIT_STATE"), "at the desk he is told at once");

    let ines = Desk::of(&centre, "ines").await;
    let inbox = ines.ask("inbox.get", Value::Null).await;
    assert_eq!(
        (&inbox["counts"]["exceptions"], &inbox["exceptions"][0]["by"]["label"]),
        (&json!(1), &json!("Aaron Bell"))
    );
    let accept = json!({ "exception": inbox["exceptions"][0]["id"], "action": "accept", "reason": "seen in van 3" });
    ines.ask("exceptions.act", accept).await;
    ines.sync().await;
    aaron.sync().await;
    let page = aaron.ask("dhs.get", json!({ "unit": unit })).await;
    assert_eq!((&page["unit"]["state"], &page["unit"]["bin"]["store"]), (&json!("in_store"), &json!("Van 3")));
    let entry = &page["movements"].as_array().unwrap().iter().find(|m| m["kind"] == "transfer").unwrap();
    assert_eq!(
        (&entry["by"]["label"], &entry["note"]),
        (&json!("Aaron Bell"), &json!("accepted as an exception by Ines Marlow: seen in van 3"))
    );
    assert_eq!(page["exceptions"][0]["decision"]["reason"], "seen in van 3");
    assert_eq!(aaron.laptop.hash(), centre.state_hash());
}
