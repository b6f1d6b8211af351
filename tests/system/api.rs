//! Other tools beside laptops: a token made by the real command line writes over the real wire, and laptops see it.

use crate::support::ctl::Ctl;
use crate::support::program;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A program with a token.
struct Tool {
    ca: PathBuf,
    api: String,
    token: String,
}

impl Tool {
    fn with_role(server: &Server, name: &str, role: &str) -> Self {
        let said = server.administer(&["token", "add", "--name", name, "--role", role], "");
        let token = said.lines().next().unwrap().to_owned();
        assert!(token.starts_with("slipway_api_"), "the token stands first: {said}");
        Self { ca: server.ca(), api: format!("{}/v1/api", server.url()), token }
    }

    /// Status and answer of a request over TLS.
    fn ask(&self, method: &str, route: &str, headers: &[String], body: Option<&Value>) -> (u16, Value) {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--write-out", "\n%{http_code}", "--request", method, "--cacert"]);
        curl.arg(&self.ca).args(["--header", &format!("Authorization: Bearer {}", self.token)]);
        for header in headers {
            curl.args(["--header", header]);
        }
        if let Some(body) = body {
            curl.args(["--data", &body.to_string()]);
        }
        let output = curl.arg(format!("{}/{route}", self.api)).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (answer, status) = said.rsplit_once('\n').unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (status.parse().unwrap(), serde_json::from_str(answer).unwrap())
    }

    fn get(&self, route: &str) -> (u16, Value) {
        self.ask("GET", route, &[], None)
    }

    fn create(&self, key: &str, new: &Value) -> (u16, Value) {
        self.ask("POST", "cis", &[format!("Idempotency-Key: {key}")], Some(new))
    }
}

#[test]
fn what_a_tool_writes_laptops_have_after_a_sync() {
    let mut server = Server::with_sample();
    let person = server.person_with("configuration_manager");
    let laptop = Ctl::signed_in(&server, &person);
    let tool = Tool::with_role(&server, "inventory", "configuration manager");

    let new = json!({ "name": "api-web", "class": "server", "fields": { "manufacturer": "Norvik", "version": "1.0" } });
    let (status, made) = tool.create("1", &new);
    assert_eq!(status, 201, "{made}");
    // The line breaks, and the server loses its power: the same command again is the same command.
    server.stop();
    server.start();
    let (status, again) = tool.create("1", &new);
    assert_eq!((status, &again["command"]), (201, &made["command"]), "{again}");
    laptop.run(&["sync"]).expect_code(0);
    let shown = laptop.json(&["ci", "show", "api-web"]);
    assert!(shown.to_string().contains("Norvik"), "{shown}");

    // A laptop and the tool change the same CI: the tool, which was slower, is told and changes nothing.
    laptop.run(&["ci", "set", "api-web", "version", "1.1"]).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    let route = format!("cis/{}", made["id"].as_str().unwrap());
    let patch = |key: &str, seq: &Value| {
        let headers = [format!("Idempotency-Key: {key}"), format!("If-Match: \"{seq}\"")];
        tool.ask("PATCH", &route, &headers, Some(&json!({ "fields": { "version": "2.0" } })))
    };
    let (status, late) = patch("2", &made["record"]["seq"]);
    assert_eq!((status, &late["code"]), (412, &json!("changed_meanwhile")), "{late}");
    assert_eq!(late["record"]["record"]["version"], "1.1", "with what the laptop made of it: {late}");
    let (status, done) = patch("3", &late["record"]["seq"]);
    assert_eq!(status, 200, "{done}");
    laptop.run(&["sync"]).expect_code(0);
    let shown = laptop.json(&["ci", "show", "api-web"]).to_string();
    assert!(shown.contains("2.0"), "{shown}");
    let (_, history) = tool.get(&format!("{route}/history"));
    let by: Vec<&Value> = history["items"].as_array().unwrap().iter().map(|step| &step["record"]["by"]).collect();
    assert!(by.len() == 3 && by[0] == by[2] && by[0] != by[1], "the tool, the person, the tool: {history}");

    let viewer = Tool::with_role(&server, "dashboard", "viewer");
    let (status, page) = viewer.get("releases?limit=5");
    assert_eq!((status, page["items"].as_array().unwrap().len()), (200, 5), "{page}");
    let (status, refused) = viewer.create("1", &new);
    assert_eq!((status, &refused["code"]), (422, &json!("refused")), "{refused}");

    let listed: Value = serde_json::from_str(&server.administer(&["--json", "token", "list"], "")).unwrap();
    let token = listed.as_array().unwrap().iter().find(|token| token["name"] == "inventory").unwrap();
    server.administer(&["token", "revoke", "--token", token["id"].as_str().unwrap()], "");
    let (status, over) = tool.get("cis");
    assert_eq!((status, &over["code"]), (401, &json!("not_signed_in")), "{over}");
    assert!(server.administer(&["verify-log"], "").contains("Whole"), "the log is whole with the tool's commands");
}

/// Every example of the guide is a command that works.
#[test]
fn the_guide_says_what_works() {
    let server = Server::with_sample();
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide/api.md")).unwrap();
    let examples: Vec<&str> =
        guide.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(examples.len() >= 7, "the guide has examples");
    let (folder, programs) = (TempDir::new().unwrap(), program("slipway-server"));
    let path = std::env::var("PATH").unwrap_or_default();
    let run = Command::new("sh")
        .args(["-eu", "-c", &examples.concat()])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", programs.parent().unwrap().display()))
        .env("URL", server.url())
        .env("DATA", server.data())
        .output()
        .unwrap();
    let (said, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && errors.is_empty(), "{said}{errors}");
    let lines: Vec<&str> = said.lines().collect();
    for (line, why) in [
        ("\"2.0\"", "the change"),
        ("changed_meanwhile", "the change that came too late"),
        ("null", "the relation that went"),
    ] {
        assert!(lines.contains(&line), "{why}: {said}");
    }
    assert_eq!(lines.last(), Some(&"not_signed_in"), "the token that was revoked: {said}");
    assert!(said.contains("REL-"), "releases: {said}");
    assert!(lines.iter().any(|line| line.starts_with("ci.")), "a history: {said}");
}
