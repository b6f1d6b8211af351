//! The main job from end to end, through the real programs: three laptops that are offline most of the time, a server
//! that is up only for the moments in which one of them syncs, real packages as CIs and real upgrades as changes.

use crate::support::ctl::{Ctl, Outcome};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PASSWORD: &str = "a long password";

/// The server, three laptops, and what they hold.
struct Company {
    server: Server,
    /// Release manager.
    ann: Ctl,
    /// CAB member and DSL librarian.
    ben: Ctl,
    /// CAB member.
    cleo: Ctl,
    files: TempDir,
}

impl Company {
    fn found(data: &Data) -> Self {
        let mut server = Server::empty();
        for (user, name, roles) in [
            (
                "ann",
                "Ann Archer",
                &["release_manager", "change_manager", "configuration_manager", "build_manager"] as &[&str],
            ),
            ("ben", "Ben Brook", &["approver", "dsl_librarian"]),
            ("cleo", "Cleo Costa", &["approver"]),
        ] {
            let mut call = vec!["user", "add", "--user", user, "--name", name, "--password-stdin"];
            for role in roles {
                call.extend(["--role", role]);
            }
            if user != "ann" {
                call.extend(["--group", "CAB"]);
            }
            server.administer(&call, &format!("{PASSWORD}\n"));
        }
        let laptop = |user: &str| {
            let laptop = Ctl::new();
            laptop.run_with(&["init", "--passphrase-stdin"], "quay\n").expect_code(0);
            let laptop = with_passphrase(laptop);
            laptop.sign_in(&server, user, PASSWORD).expect_code(0);
            laptop.run(&["sync"]).expect_code(0);
            laptop
        };
        let (ann, ben, cleo) = (laptop("ann"), laptop("ben"), laptop("cleo"));
        server.stop();
        let files = tempfile::tempdir().expect("a temporary folder");
        let mut company = Self { server, ann, ben, cleo, files };
        company.import(data);
        company.sync_all();
        company
    }

    /// Imports without a network; a second run of each file finds everything as it should be.
    fn import(&self, data: &Data) {
        for (kind, file) in [("cis", &data.cis), ("relations", &data.relations), ("changes", &data.changes)] {
            let file = file.to_str().expect("a UTF-8 path");
            let first = self.ann.json(&["import", kind, file]);
            assert_eq!(first["refused"], json!([]), "every row of {file} is good");
            assert_eq!(first["created"], first["rows"], "every row is new");
            let again = self.ann.json(&["import", kind, file]);
            assert_eq!(again["unchanged"], again["rows"], "running it again makes no duplicate");
        }
    }

    /// Each laptop alone meets the server: nobody is online at the same time as somebody else.
    fn sync(&mut self, laptop: fn(&Self) -> &Ctl) -> Value {
        self.server.start();
        let report = laptop(self).json(&["sync"]);
        self.server.stop();
        report
    }

    fn sync_all(&mut self) {
        for _ in 0..2 {
            let laptops: [fn(&Self) -> &Ctl; 3] = [|c| &c.ann, |c| &c.ben, |c| &c.cleo];
            for laptop in laptops {
                self.sync(laptop);
            }
        }
    }

    /// Everybody holds the same records as the server, compared by hash.
    fn assert_converged(&mut self) {
        self.sync_all();
        let server: Value = serde_json::from_str(&self.server.administer(&["hash", "--json"], "")).expect("JSON");
        for (name, laptop) in [("ann", &self.ann), ("ben", &self.ben), ("cleo", &self.cleo)] {
            let held = laptop.json(&["state-hash"]);
            assert_eq!(held["state_hash"], server["hash"], "{name} holds what the server holds");
            assert_eq!(laptop.json(&["status"])["sync"]["waiting"], 0, "nothing of {name} waits");
        }
    }

    /// Asks for the approval of the present phase, and has it granted by two people who are offline when they vote.
    fn approve(&mut self, release: &str) {
        self.ann.run(&["release", "request-approval", release]).expect_code(0);
        self.sync(|c| &c.ann);
        self.sync(|c| &c.ben);
        self.sync(|c| &c.cleo);
        self.ben.run(&["release", "approve", release, "--note", "looks right"]).expect_code(0);
        self.cleo.run(&["release", "approve", release]).expect_code(0);
        self.sync(|c| &c.ben);
        self.sync(|c| &c.cleo);
        self.sync(|c| &c.ann);
    }

    /// A release from three approved changes, planned and ready for its first approval.
    fn plan(&mut self, title: &str, changes: &[String]) -> String {
        let ann = &self.ann;
        let mut call = vec!["release", "new", "--title", title, "--type", "software", "--class", "minor"];
        call.extend(["--impact", "site/department", "--urgency", "average", "--assessment", "medium"]);
        let made = ann.json(&call);
        let release = made["record"]["label"].as_str().expect("a number").to_owned();
        assert!(release.starts_with("REL-0"), "a final number although offline: {release}");
        let empty = ann.run(&["release", "do", "advance", &release, "--json"]).expect_code(1).refusal();
        let codes = codes(&empty);
        assert!(codes.len() >= 2, "all failing guards at once, not only the first: {codes:?}");
        let mut attach = vec!["release", "attach", &release];
        attach.extend(changes.iter().map(String::as_str));
        ann.run(&attach).expect_code(0);
        ann.run(&["release", "edit", &release, "--note", "Security upgrades of the month"]).expect_code(0);
        ann.run(&["release", "do", "advance", &release]).expect_code(0);

        let page = ann.json(&["release", "page", &release]);
        let mut edit = vec!["release".to_owned(), "edit".to_owned(), release.clone()];
        for change in changes {
            let change = ann.json(&["change", "show", change]);
            for ci in change["cis"].as_array().expect("the change's CIs") {
                edit.extend(["--add-ci".to_owned(), ci["label"].as_str().expect("a name").to_owned()]);
            }
        }
        assert_eq!(page["release"]["phase"], "plan_and_design", "Assess is left");
        edit.extend(["--target", "production", "--target", "disaster recovery"].map(str::to_owned));
        let window = "2026-01-01 00:00..2036-01-01 00:00";
        edit.extend(["--build-window", window, "--rollout-window", window].map(str::to_owned));
        ann.run(&edit.iter().map(String::as_str).collect::<Vec<_>>()).expect_code(0);
        for plan in ["rollout", "back-out", "test", "training", "support", "risk-management"] {
            ann.run(&["release", "plan", &release, plan, "--step", "Do it", "--step", "Check it"]).expect_code(0);
        }
        ann.run(&["release", "ci-plan", &release, "--propose"]).expect_code(0);
        let item = self.accepted_item(&release);
        self.ann.run(&["release", "edit", &release, "--add-item", &item]).expect_code(0);
        release
    }

    /// A master in the DSL: handed in by the builder, accepted by the librarian, who is somebody else.
    fn accepted_item(&mut self, release: &str) -> String {
        let file = self.package(release);
        let file = file.to_str().expect("a UTF-8 path");
        let call = ["dsl", "submit", "--name", release, "--version", "1.0", "--kind", "package", file];
        let item = self.ann.json(&call)["record"]["label"].as_str().expect("a name").to_owned();
        let list = self.ann.json(&["dsl", "list", release]);
        let number = list["rows"][0]["cells"]["number"].as_str().map_or(item, str::to_owned);
        self.sync(|c| &c.ann);
        self.sync(|c| &c.ben);
        for check in ["checksum", "signature", "malware-scan", "licence"] {
            self.ben.run(&["dsl", "check", &number, check, "--note", "done by hand"]).expect_code(0);
        }
        self.ben.run(&["dsl", "accept", &number]).expect_code(0);
        self.sync(|c| &c.ben);
        self.sync(|c| &c.ann);
        number
    }

    fn package(&self, release: &str) -> PathBuf {
        let file = self.files.path().join(format!("{release}.tar"));
        fs::write(&file, format!("the package of {release}\n").repeat(1000)).expect("a file");
        file
    }

    /// Through Plan and design, Build and test up to Distribution and rollout.
    fn build(&mut self, release: &str) {
        self.ann.run(&["release", "finish-tasks", release]).expect_code(0);
        self.approve(release);
        self.ann.run(&["release", "do", "advance", release]).expect_code(0);
        let item = self.ann.json(&["release", "page", release])["components"][0]["label"].clone();
        let item = item.as_str().expect("a component").to_owned();
        let file = self.package(release);
        self.ann.run(&["release", "verify-master", release, &item, file.to_str().expect("UTF-8")]).expect_code(0);
        self.ann.run(&["release", "test", release, "--title", "installs", "--note", "log 1"]).expect_code(0);
        self.ann.run(&["release", "finish-tasks", release]).expect_code(0);
        self.approve(release);
        self.ann.run(&["release", "do", "advance", release]).expect_code(0);
    }

    fn install(&mut self, release: &str) {
        let readiness = self.ann.json(&["release", "readiness", release]);
        for criterion in readiness.as_array().expect("criteria") {
            let code = criterion["code"].as_str().expect("a code");
            if criterion["state"] == "not_met" {
                let how = if criterion["computed"] == true { "--waive" } else { "--attest" };
                self.ann.run(&["release", "readiness", release, how, code, "--note", "read out"]).expect_code(0);
            }
        }
        self.ann.run(&["release", "do", "go", release, "--note", "go"]).expect_code(0);
        self.ann.run(&["release", "do", "record-install", release]).expect_code(0);
    }

    fn phase(&self, release: &str) -> String {
        let page = self.ann.json(&["release", "page", release]);
        page["release"]["phase"].as_str().expect("a phase").to_owned()
    }

    fn version(&self, ci: &str) -> String {
        self.ann.json(&["ci", "show", ci])["ci"]["version"].as_str().expect("a version").to_owned()
    }
}

fn with_passphrase(mut laptop: Ctl) -> Ctl {
    laptop.set("SLIPWAY_PASSPHRASE", "quay");
    laptop
}

fn codes(refusal: &Value) -> Vec<String> {
    let findings = refusal["refused"].as_array().expect("findings");
    findings.iter().map(|f| f["code"].as_str().expect("a code").to_owned()).collect()
}

/// The files to import, and what is known of them.
struct Data {
    cis: PathBuf,
    relations: PathBuf,
    changes: PathBuf,
    approved: Vec<String>,
    pending: String,
    /// A CI of the first approved change, with its version before and after.
    watched: (String, String, String),
}

impl Data {
    fn read(cis: PathBuf, relations: PathBuf, changes: PathBuf) -> Self {
        let text = fs::read_to_string(&changes).expect("the changes");
        let mut reader = Csv::of(&text);
        let approved: Vec<_> = reader.rows.iter().filter(|r| r[10] == "approved").cloned().collect();
        let pending = reader.rows.iter().find(|r| r[10] == "pending").expect("a pending change")[0].clone();
        let first = approved.first().expect("an approved change");
        let ci = first[7].split(';').next().expect("a CI").to_owned();
        let watched = (ci, first[8].clone(), first[9].clone());
        reader.rows.clear();
        Self {
            cis,
            relations,
            changes,
            approved: approved.into_iter().map(|r| r[0].clone()).collect(),
            pending,
            watched,
        }
    }
}

/// Rows without quoted commas are all that is needed to choose changes from.
struct Csv {
    rows: Vec<Vec<String>>,
}

impl Csv {
    fn of(text: &str) -> Self {
        let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let rows = text.lines().skip(1).filter(|l| !l.contains('"')).map(split).filter(|r| r.len() == 11).collect();
        Self { rows }
    }
}

/// The whole story on these files.
fn story(data: &Data) {
    let mut company = Company::found(data);
    let (ci, before, after) = data.watched.clone();
    assert_eq!(company.version(&ci), before, "as imported");

    // One: to Verified, with a pending change that Advance refuses by its number.
    let first = company.plan("Security upgrades", &data.approved[..3]);
    company.ann.run(&["release", "attach", &first, &data.pending]).expect_code(0);
    let refused: Outcome = company.ann.run(&["release", "do", "advance", &first, "--json"]).expect_code(1);
    assert!(refused.stderr.contains(&data.pending), "the pending change is named: {}", refused.stderr);
    company.ann.run(&["release", "detach", &first, &data.pending]).expect_code(0);
    company.build(&first);
    company.install(&first);
    assert_eq!(company.version(&ci), after, "the install updated the CMDB by the plan");
    company.ann.run(&["release", "finish-tasks", &first]).expect_code(0);
    company.approve(&first);
    company.ann.run(&["release", "do", "advance", &first]).expect_code(0);
    company.ann.run(&["release", "finish-tasks", &first]).expect_code(0);
    for change in &data.approved[..3] {
        let outcome = ["release", "do", "record-outcome", &first, "--change", change, "--outcome", "successful"];
        company.ann.run(&outcome).expect_code(0);
    }
    company.ann.run(&["release", "do", "write-review", &first, "--note", "went well"]).expect_code(0);
    company.ann.run(&["release", "do", "verify-and-close", &first]).expect_code(0);
    assert_eq!(company.phase(&first), "verified", "from Assess to Verified");
    company.assert_converged();

    // Two: installed, then backed out: the versions are as they were.
    let second = company.plan("More upgrades", &data.approved[3..6]);
    company.build(&second);
    let page = company.ann.json(&["release", "page", &second]);
    let planned = &page["ci_plan"][0];
    let (ci, was) = (planned["ci"]["label"].as_str().expect("a CI"), planned["before"].as_str().expect("a version"));
    company.install(&second);
    assert_ne!(company.version(ci), was, "installed");
    company.ann.run(&["release", "do", "back-out", &second, "--reason", "users complain"]).expect_code(0);
    company.ann.run(&["release", "finish-tasks", &second]).expect_code(0);
    company.ann.run(&["release", "do", "complete-back-out", &second]).expect_code(0);
    assert_eq!(company.version(ci), was, "backed out");
    assert_eq!(company.phase(&second), "backed_out", "closed");
    company.assert_converged();

    // Three: terminated on one laptop while another approves it without a network.
    let third = company.plan("Given up", &data.approved[6..9]);
    company.ann.run(&["release", "finish-tasks", &third]).expect_code(0);
    company.ann.run(&["release", "request-approval", &third]).expect_code(0);
    company.sync_all();
    company.ben.run(&["release", "approve", &third]).expect_code(0);
    let other = company.ben.run(&["release", "list", "--json"]).expect_code(0);
    assert!(other.stdout.contains(&third), "the release is still open here");
    company.ann.run(&["release", "do", "terminate", &third, "--reason", "not wanted any more"]).expect_code(0);
    company.sync(|c| &c.ann);
    let report = company.sync(|c| &c.ben);
    assert_eq!(report["refused"], 1, "the approval came too late: {report}");
    let attention = company.ben.json(&["attention", "list"]);
    let item = &attention["items"][0];
    let why = item["findings"].to_string();
    assert!(why.contains("RELEASE_CLOSED") && why.contains("not wanted any more"), "with its reason: {why}");
    assert_eq!(attention["items"].as_array().map(Vec::len), Some(1), "and nothing else is lost");
    assert_eq!(company.phase(&third), "terminated", "closed");
    company.assert_converged();
}

fn in_folder(folder: &Path) -> Data {
    Data::read(folder.join("cis.csv"), folder.join("relations.csv"), folder.join("changes.csv"))
}

#[test]
fn three_releases_travel_offline_and_every_laptop_ends_like_the_server() {
    story(&in_folder(&crate::support::in_workspace("tests/fixtures")));
}

#[test]
fn the_same_story_on_eleven_thousand_real_packages() {
    let (Some(cmdb), Some(changes)) = (crate::support::shared_data("cmdb"), crate::support::shared_data("changes"))
    else {
        return;
    };
    story(&Data::read(cmdb.join("software-cis.csv"), cmdb.join("software-relations.csv"), changes.join("changes.csv")));
}
