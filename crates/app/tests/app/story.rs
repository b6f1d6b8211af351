//! A hardware release through every phase on one profile, by the commands of the list alone.

use crate::support::{Desk, HOUR, list, text};
use serde_json::{Value, json};

impl Desk {
    async fn page(&self) -> Value {
        self.ok("releases.get", json!({ "release": "REL-000001" })).await
    }

    async fn act(&self, action: &str, more: Value) -> Value {
        self.ok("releases.act", with(json!({ "release": "REL-000001", "action": action }), &more)).await
    }

    async fn edit(&self, edits: Value) {
        let id = text(&self.page().await, "/release/id");
        self.ok("issue", json!({ "command": { "release": [id, { "edit": edits }] } })).await;
    }

    /// Asks for the phase's approval and gives it.
    async fn approve(&self) {
        self.act("request_approval", json!({})).await;
        let inbox = self.ok("inbox.get", Value::Null).await;
        assert_eq!(inbox["counts"]["approvals"], 1, "it waits for me");
        let approval = text(&inbox, "/approvals/0/approval/id");
        let digest = text(&inbox, "/approvals/0/approval/digest");
        let request = json!({ "approval": approval, "action": "approve", "digest": digest, "note": "fine" });
        self.ok("approvals.act", request).await;
        assert_eq!(text(&self.page().await, "/approvals/0/state"), "approved");
    }

    /// Does every task of the phase, whatever order they need.
    async fn do_tasks(&self) {
        loop {
            let page = self.page().await;
            let ready = list(&page, "/tasks").iter().find(|t| t["ready"] == json!(true)).map(|t| text(t, "/id"));
            let Some(task) = ready else { return };
            self.ok("tasks.act", json!({ "task": task, "action": "start" })).await;
            self.ok("tasks.act", json!({ "task": task, "action": "done", "note": "as planned" })).await;
        }
    }

    /// Where the release is.
    async fn phase(&self) -> String {
        text(&self.page().await, "/release/phase")
    }

    async fn advance_to(&self, phase: &str) {
        self.act("advance", json!({})).await;
        assert_eq!(self.phase().await, phase);
    }

    /// A switch in the store, a CI to be replaced, an approved change, and the release in Assess.
    async fn a_release() -> Self {
        let desk = Self::alone().await;
        desk.ok("cmdb.create", json!({ "name": "SW-CORE-1", "class": "switch", "version": "1.0" })).await;
        desk.ok("dhs.put_model", json!({ "manufacturer": "Cisco", "name": "C9500-40X" })).await;
        let received = json!({ "model": "Cisco C9500-40X", "serial_number": "FCW2233L0QX", "asset_tag": "88121" });
        desk.ok("dhs.receive", received).await;
        desk.ok(
            "changes.create",
            json!({ "title": "Replace core switch", "kind": "standard", "cis": ["SW-CORE-1"], "versions": ["1.0", "2.0"],
                "impact": "multiple_users", "urgency": "average", "risk": "low" }),
        )
        .await;
        desk.ok(
            "releases.create",
            json!({ "title": "Core switch refresh", "release_type": "hardware", "impact": "multiple_users",
                "urgency": "average", "impact_assessment": "low", "changes": ["CHG-000001"] }),
        )
        .await;
        desk
    }

    /// What reports say once it is verified, the records behind it, and the files.
    async fn is_reported(&self) {
        let figure = |page: &Value, title: &str| {
            let heads = list(page, "/report/headlines");
            heads.iter().find(|h| h["title"] == title).unwrap_or_else(|| panic!("no {title}: {heads:#?}"))["figure"]
                .clone()
        };
        let year = self.ok("reports.get", json!({ "name": "outcomes" })).await;
        assert_eq!(figure(&year, "Success rate")["value"], 1_000);
        assert_eq!(list(&year, "/report/lines").len(), 12, "by the month");
        let behind = json!({ "report": { "name": "outcomes" }, "of": figure(&year, "Closed")["of"] });
        let behind = self.ok("reports.records", behind).await;
        assert_eq!(text(&behind, "/lines/0/row/label"), "REL-000001");
        assert_eq!(text(&behind, "/lines/0/row/path"), "/releases/REL-000001");
        assert_eq!(behind["next"], Value::Null, "there is no more");

        let delivery = self.ok("reports.get", json!({ "name": "delivery", "manager": "me" })).await;
        assert_eq!(figure(&delivery, "Median lead time")["value"], 25 * HOUR);
        assert_eq!(text(&delivery, "/manager/label"), "Mara Lind");
        let software = self.ok("reports.get", json!({ "name": "delivery", "release_type": "software" })).await;
        assert_eq!(software["empty"], json!(true), "it was hardware");
        let about = json!({ "name": "delivery", "service": "SW-CORE-1" });
        assert_eq!(self.ok("reports.get", about).await["empty"], json!(true), "it names no service");
        let before = json!({ "name": "outcomes", "period": { "start": 0, "end": self.now() - 100 * HOUR } });
        assert_eq!(self.ok("reports.get", before).await["empty"], json!(true), "it was closed later");
        let waits = self.ok("reports.get", json!({ "name": "approvals" })).await;
        assert_eq!(figure(&waits, "Decided")["value"], 3, "one for each gate");
        let stock = self.ok("reports.get", json!({ "name": "dhs" })).await;
        assert_eq!(figure(&stock, "In")["value"], 1);
        let moved = json!({ "report": { "name": "dhs" }, "of": figure(&stock, "In")["of"] });
        let moved = self.ok("reports.records", moved).await;
        assert_eq!(
            (text(&moved, "/lines/0/group"), text(&moved, "/lines/0/row/kind")),
            ("receive".into(), "dhs_unit".into())
        );

        assert_eq!(self.refused("reports.get", json!({ "name": "dhs", "class": "minor" })).await, ["NOT_OF_RELEASES"]);
        let backwards = json!({ "name": "outcomes", "period": { "start": 2, "end": 1 } });
        assert_eq!(self.refused("reports.get", backwards).await, ["WRONG_PERIOD"]);
        for (file, begins) in [("out.csv", "Month,Closed,"), ("out.pdf", "%PDF-"), ("out.json", "{")] {
            let path = self.folder.path().join(file);
            let report = json!({ "name": "outcomes" });
            self.ok("reports.save", json!({ "report": report, "path": path })).await;
            let written = std::fs::read(&path).unwrap();
            let written = String::from_utf8_lossy(&written).into_owned();
            assert!(written.starts_with(begins), "{file}: {written}");
            assert!(file != "out.pdf" || written.contains("Success rate: 100.0 %"), "text is text");
            assert!(file != "out.csv" || written.contains(",100.0,"), "{written}");
        }
    }

    /// Its notes and bill of materials, as Markdown and on paper.
    async fn is_on_paper(&self) {
        let notes = self.ok("releases.notes", json!({ "release": "REL-000001" })).await;
        let text_of = text(&notes, "/markdown");
        for part in
            ["CHG-000001", "Replace core switch", "SW-CORE-1", "successful", "## Back-out plan", "| Go |", "Mara Lind"]
        {
            assert!(text_of.contains(part), "{part} is not in {text_of}");
        }
        let path = self.folder.path().join("bom.pdf");
        let bill = self.ok("releases.bom", json!({ "release": "REL-000001", "path": path })).await;
        assert!(text(&bill, "/markdown").contains("FCW2233L0QX"));
        let pdf = std::fs::read(&path).unwrap();
        let pdf = String::from_utf8_lossy(&pdf).into_owned();
        assert!(
            pdf.starts_with("%PDF-") && pdf.contains("(FCW2233L0QX)") && pdf.contains("(Bill of materials REL-000001)")
        );
        let other = json!({ "release": "REL-000001", "path": self.folder.path().join("bom.doc") });
        assert!(self.app.call("releases.bom", other).await.is_err(), "there is no such form");
    }

    /// Scope, plans and windows, so that Plan and design can be left.
    async fn plan(&self) {
        let page = self.page().await;
        let me = text(&page, "/release/manager");
        let ci = text(&self.ok("cmdb.get", json!({ "ci": "SW-CORE-1" })).await, "/ci/id");
        let unit = text(&self.ok("dhs.get", json!({ "unit": "FCW2233L0QX" })).await, "/unit/id");
        let window = |from: i64, to: i64| json!({ "start": self.now() + from * HOUR, "end": self.now() + to * HOUR });
        let mut edits = vec![
            json!({ "add_ci": ci }),
            json!({ "add_component": { "dhs_unit": unit } }),
            json!({ "targets": { "from": [], "to": [{ "name": "DC1", "site": null }] } }),
            json!({ "build_window": { "from": null, "to": window(1, 24) } }),
            json!({ "rollout_window": { "from": null, "to": window(24, 48) } }),
        ];
        for plan in ["rollout", "back_out", "test", "training", "support", "risk_management"] {
            let step = json!({ "text": "Do it", "owner": me, "minutes": 15 });
            edits.push(json!({ "plan": { "plan": plan, "steps": { "from": [], "to": [step] } } }));
        }
        self.edit(Value::Array(edits)).await;
        let proposed = self.ok("releases.propose_ci_plan", json!({ "release": "REL-000001" })).await;
        assert_eq!(list(&proposed, "/rows").len(), 2, "the change's version and the new CI: {proposed:#}");
        self.edit(json!([{ "ci_plan": { "from": [], "to": proposed["updates"] } }])).await;
    }
}

fn with(mut request: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

#[tokio::test]
async fn a_release_travels_from_assess_to_verified() {
    let desk = Desk::a_release().await;
    let page = desk.page().await;
    assert_eq!(text(&page, "/rail/0/state"), "blocked");
    let refused = desk.refused("releases.act", json!({ "release": "REL-000001", "action": "advance" })).await;
    assert_eq!(refused, ["ASSESSMENT_NOTE_MISSING"], "the page said so: {:#}", page["rail"][0]["open_gates"]);
    assert_eq!(text(&page, "/rail/0/open_gates/0/code"), refused[0]);

    desk.act("write_assessment", json!({ "note": "The old one is out of support." })).await;
    desk.advance_to("plan_and_design").await;
    desk.plan().await;
    desk.do_tasks().await;
    desk.approve().await;
    desk.advance_to("build_and_test").await;

    desk.ok("dhs.act", json!({ "unit": "88121", "action": "reserve", "release": "REL-000001" })).await;
    desk.act("record_test", json!({ "title": "Burn in", "result": "passed", "note": "24 h" })).await;
    desk.do_tasks().await;
    desk.approve().await;
    desk.advance_to("distribution_and_rollout").await;

    for _ in 0..10 {
        let page = desk.page().await;
        let open = list(&page, "/readiness").iter().find(|c| c["state"] == "not_met").cloned();
        let Some(open) = open else { break };
        let (action, code) =
            (if open["computed"] == json!(true) { "waive_criterion" } else { "attest" }, &open["code"]);
        desk.act(action, json!({ "criterion": code, "note": "seen", "reason": "agreed" })).await;
    }
    desk.act("go", json!({ "note": "Good weather" })).await;
    let early = desk.refused("releases.act", json!({ "release": "REL-000001", "action": "record_install" })).await;
    assert_eq!(early, ["OUTSIDE_WINDOW"]);
    desk.pass(25);
    desk.act("record_install", json!({})).await;
    let ci = desk.ok("cmdb.get", json!({ "ci": "SW-CORE-1" })).await;
    assert_eq!(text(&ci, "/ci/version"), "2.0", "the install updated the CMDB");
    assert_eq!(text(&ci, "/baselines/0/differences/0/field"), "version");
    assert!(list(&desk.page().await, "/ci_plan").iter().all(|row| row["as_expected"] == json!(true)));
    desk.do_tasks().await;
    desk.approve().await;
    desk.advance_to("verification").await;

    desk.do_tasks().await;
    desk.act("record_outcome", json!({ "change": "CHG-000001", "outcome": "successful" })).await;
    desk.act("write_review", json!({ "note": "It went well." })).await;
    desk.act("verify_and_close", json!({})).await;
    let page = desk.page().await;
    assert_eq!(text(&page, "/release/phase"), "verified");
    assert_eq!(text(&page, "/pill/label"), "verified");
    assert_eq!(page["sync"]["waiting"], 0, "nothing waits for a server that there is not");
    assert!(list(&page, "/rail").iter().all(|step| step["state"] == "done" || step["state"] == "skipped"));
    assert!(list(&page, "/history").len() > 10);
    let board = desk.ok("releases.board", json!({})).await;
    assert!(list(&board, "/columns").iter().all(|column| list(column, "/cards").is_empty()), "a closed one has gone");
    desk.is_on_paper().await;
    desk.is_reported().await;
}

#[tokio::test]
async fn board_list_and_search_show_the_release() {
    let desk = Desk::a_release().await;
    let board = desk.ok("releases.board", json!({})).await;
    let assess = &list(&board, "/columns")[0];
    assert_eq!(text(assess, "/cards/0/number"), "REL-000001");
    assert_eq!(assess["cards"][0]["advance"]["allowed"], json!(false), "and says why");
    assert!(!list(assess, "/cards/0/advance/findings").is_empty());
    let open = desk.ok("lists.open", json!({ "kind": "release", "filter": "phase:assess owner:me" })).await;
    assert_eq!(open["total"], 1);
    let rows = desk.ok("lists.rows", json!({ "kind": "release", "ids": open["ids"] })).await;
    assert_eq!(text(&rows, "/rows/0/cells/owner"), "Mara Lind");
    assert_eq!(text(&rows, "/rows/0/path"), "/releases/REL-000001");
    let found = desk.ok("search.records", json!({ "text": "core sw" })).await;
    let kinds: Vec<_> = list(&found, "/hits").iter().map(|h| text(h, "/kind")).collect();
    assert!(kinds.contains(&"release".to_owned()) && kinds.contains(&"change".to_owned()), "{kinds:?}");
    let found = desk.ok("search.records", json!({ "text": "FCW2233", "kinds": ["dhs_unit"] })).await;
    assert_eq!(list(&found, "/hits").len(), 1, "by serial number");
}

#[tokio::test]
async fn an_edit_after_the_request_voids_it_and_shows_what_changed() {
    let desk = Desk::a_release().await;
    desk.act("write_assessment", json!({ "note": "Needed." })).await;
    desk.advance_to("plan_and_design").await;
    desk.plan().await;
    desk.do_tasks().await;
    desk.act("request_approval", json!({})).await;
    let inbox = desk.ok("inbox.get", Value::Null).await;
    let approval = text(&inbox, "/approvals/0/approval/id");
    let digest = text(&inbox, "/approvals/0/approval/digest");
    desk.ok("inbox.seen", json!({ "approval": approval })).await;
    let targets = json!({ "from": [{ "name": "DC1", "site": null }], "to": [{ "name": "DC2", "site": null }] });
    desk.edit(json!([{ "targets": targets }])).await;
    let page = desk.page().await;
    assert_eq!(text(&page, "/approvals/0/state"), "void", "an approval never survives a scope edit");
    assert_ne!(text(&page, "/digest"), digest);
    let late = json!({ "approval": approval, "action": "approve", "digest": digest });
    assert!(!desk.refused("approvals.act", late).await.is_empty());
    desk.act("request_approval", json!({})).await;
    let inbox = desk.ok("inbox.get", Value::Null).await;
    let changed = list(&inbox, "/approvals/0/since_seen");
    assert!(changed.contains(&json!({ "part": "target", "was": "", "is": "DC2" })), "{changed:#?}");
    assert!(changed.contains(&json!({ "part": "target", "was": "DC1", "is": "" })), "{changed:#?}");
}

#[tokio::test]
async fn a_release_that_would_be_refused_in_part_is_not_created() {
    let desk = Desk::alone().await;
    desk.ok("changes.create", json!({ "title": "Taken", "kind": "standard" })).await;
    desk.ok("releases.create", json!({ "title": "First", "changes": ["CHG-000001"] })).await;
    let request = json!({ "title": "Doomed", "changes": ["CHG-000001"] });
    assert!(!desk.refused("releases.create", request).await.is_empty());
    assert_eq!(desk.ok("lists.open", json!({ "kind": "release" })).await["total"], 1);
}

#[tokio::test]
async fn a_dry_run_keeps_nothing() {
    let desk = Desk::a_release().await;
    let id = text(&desk.page().await, "/release/id");
    let tried = desk.ok("dry_run", json!({ "command": { "release": [id, "advance"] } })).await;
    assert_eq!(tried["allowed"], json!(false));
    let terminate = json!({ "command": { "release": [id, { "terminate": { "reason": "no money" } }] } });
    let tried = desk.ok("dry_run", terminate).await;
    assert_eq!(tried["allowed"], json!(true));
    assert_eq!(desk.phase().await, "assess");
}

#[tokio::test]
async fn a_master_is_hashed_from_its_files() {
    let desk = Desk::alone().await;
    let path = desk.file("payroll.tar", "payroll 9.4.1");
    let request = json!({ "name": "Payroll server", "version": "9.4.1", "vendor": "Acme", "paths": [path] });
    desk.ok("dsl.submit", request).await;
    let page = desk.ok("dsl.get", json!({ "item": "Payroll server 9.4.1" })).await;
    assert_eq!(text(&page, "/item/files/0/name"), "payroll.tar");
    assert_eq!(text(&page, "/item/files/0/sha256"), sha256("payroll 9.4.1"));
    let check =
        json!({ "item": "DSL-000001", "action": "record-check", "check": "checksum", "passed": true, "note": "equal" });
    desk.ok("dsl.act", check).await;
    let page = desk.ok("dsl.get", json!({ "item": "DSL-1" })).await;
    assert_eq!(text(&page, "/checks/0/pill/label"), "passed");
    let refused = desk.refused("dsl.act", json!({ "item": "DSL-1", "action": "accept" })).await;
    assert!(refused.len() > 1, "checks are missing, and the submitter never accepts: {refused:?}");
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(text.as_bytes()))
}
