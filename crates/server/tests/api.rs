//! Other tools over real TLS: what a token opens, and what it does not.

use super::World;
use crate::support::{new_id, user};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use slipway_domain::command::{Command, Edit, SetupCommand};
use slipway_domain::id::{DeviceId, PersonId, SiteId};
use slipway_domain::people::{Role, Site};
use slipway_domain::release::task_record::Assignee;
use slipway_server::setup::TokenActs;
use std::collections::BTreeSet;

struct Tool<'a> {
    world: &'a World,
    token: String,
    id: DeviceId,
}

impl<'a> Tool<'a> {
    fn with(world: &'a World, role: Role) -> Self {
        let acts = TokenActs::As(vec![role]);
        let (info, token) = world.office().add_token(&format!("tool {role}"), &acts, 30).unwrap();
        Self { world, token, id: info.id }
    }

    fn ask(&self, method: Method, route: &str) -> RequestBuilder {
        let url = format!("{}/v1/api/{route}", self.world.running.url);
        self.world.client.request(method, url).bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, route: &str) -> (StatusCode, Value) {
        self.send(self.ask(Method::GET, route)).await
    }

    async fn write(&self, method: Method, route: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.ask(method, route).header("idempotency-key", key).body(body.to_string());
        self.send(request).await
    }

    async fn create(&self, name: &str) -> Value {
        let body = json!({ "name": name, "class": "server", "fields": { "manufacturer": "Norvik", "serial_number": format!("S-{name}") } });
        let (status, done) = self.write(Method::POST, "cis", &format!("create {name}"), &body).await;
        assert_eq!(status, StatusCode::CREATED, "{done}");
        done
    }

    async fn patch(&self, id: &Value, seq: &Value, key: &str, body: &Value) -> (StatusCode, Value) {
        let route = format!("cis/{}", id.as_str().unwrap());
        let request = self.ask(Method::PATCH, &route).header("idempotency-key", key);
        self.send(request.header("if-match", format!("\"{seq}\"")).body(body.to_string())).await
    }
}

#[tokio::test]
async fn a_tool_creates_reads_and_changes_cis_and_the_log_is_whole() {
    let world = World::new().await;
    let tool = Tool::with(&world, Role::ConfigurationManager);
    let made = tool.create("web-01").await;
    assert_eq!(made["record"]["record"]["name"], "web-01", "{made}");
    let again = tool.create("web-01").await;
    assert_eq!((&again["id"], &again["command"]), (&made["id"], &made["command"]), "the same key does it once");

    let (status, found) = tool.get("cis?name=WEB-01").await;
    assert_eq!((status, found["items"].as_array().unwrap().len()), (StatusCode::OK, 1), "{found}");
    let number = found["items"][0]["record"]["number"].as_str().unwrap();
    let response = tool.ask(Method::GET, &format!("cis/{number}")).send().await.unwrap();
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let one: Value = response.json().await.unwrap();
    assert_eq!((&one["record"]["id"], tag), (&made["id"], format!("\"{}\"", one["seq"])), "by number, too: {one}");

    let change = json!({ "fields": { "version": "2.0", "status": "in maintenance" } });
    let (status, done) = tool.patch(&made["id"], &one["seq"], "k1", &change).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let now = &done["record"]["record"];
    assert_eq!((&now["version"], &now["status"]), (&json!("2.0"), &json!("in_maintenance")));
    let (status, again) = tool.patch(&made["id"], &one["seq"], "k1", &change).await;
    assert_eq!((status, &again["command"]), (StatusCode::OK, &done["command"]), "sent again it is answered again");
    let (status, old) = tool.patch(&made["id"], &one["seq"], "k2", &change).await;
    assert_eq!((status, &old["code"]), (StatusCode::PRECONDITION_FAILED, &json!("changed_meanwhile")), "{old}");
    assert_eq!(old["record"]["seq"], done["record"]["seq"], "with what is there now: {old}");
    assert!(old["detail"].as_str().unwrap().contains("web-01"), "it names the thing: {old}");
    let status_only = json!({ "fields": { "status": "in use" } });
    let (status, back) = tool.patch(&made["id"], &done["record"]["seq"], "k3", &status_only).await;
    assert_eq!((status, &back["record"]["record"]["status"]), (StatusCode::OK, &json!("in_use")), "{back}");
    let impossible = json!({ "fields": { "status": "planned" } });
    let (status, refused) = tool.patch(&made["id"], &back["record"]["seq"], "k4", &impossible).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("refused")), "{refused}");

    let route = format!("cis/{}/history", made["id"].as_str().unwrap());
    let (_, history) = tool.get(&format!("{route}?order=-created")).await;
    let commands: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|step| step["record"]["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["ci.set_status", "ci.edit_many", "ci.create"], "{history}");
    let tokens = world.office().core().tokens().unwrap();
    assert_eq!(history["items"][0]["record"]["by"], json!(tokens[0].person), "in the name of the tool");

    let log = world.office().verify_log().unwrap();
    assert_eq!(log.faults, Vec::<String>::new(), "commands of tools stand in the log like all others");
    assert_eq!(tokens[0].commands, 4, "each under the token's own key: {tokens:?}");
}

#[tokio::test]
async fn relations_come_and_go_and_tell_what_fails_with_what() {
    let world = World::new().await;
    let tool = Tool::with(&world, Role::ConfigurationManager);
    let (web, db) = (tool.create("web-01").await, tool.create("db-01").await);
    let of = |made: &Value, rest: &str| format!("cis/{}/{rest}", made["id"].as_str().unwrap());
    let relation = json!({ "source": web["id"], "relation": "depends on", "target": db["id"] });
    let (status, related) = tool.write(Method::POST, "relations", "r1", &relation).await;
    assert_eq!(status, StatusCode::CREATED, "{related}");
    for end in [&web, &db] {
        let (_, relations) = tool.get(&of(end, "relations")).await;
        assert_eq!(relations["items"].as_array().unwrap().len(), 1, "from either end: {relations}");
    }
    let (status, impact) = tool.get(&of(&db, "impact")).await;
    assert_eq!(status, StatusCode::OK, "{impact}");
    let reached = &impact["reached"];
    assert_eq!(
        (&reached[0]["name"], &reached[0]["depth"], &reached[0]["relation"], &reached[1]),
        (&json!("web-01"), &json!(1), &json!("depends on"), &Value::Null)
    );
    let (_, needs) = tool.get(&of(&web, "impact?direction=upstream&depth=10")).await;
    assert_eq!(needs["reached"][0]["name"], "db-01", "{needs}");
    let (_, found) = tool.get("cis?filter=depends-on:(name:db-01)").await;
    assert_eq!(found["items"][0]["record"]["name"], "web-01", "filters follow relations: {found}");

    let route = format!("relations/{}", related["id"].as_str().unwrap());
    let (status, gone) = tool.write(Method::DELETE, &route, "r2", &json!(null)).await;
    assert_eq!((status, &gone["record"]), (StatusCode::OK, &Value::Null), "{gone}");
    let (status, again) = tool.write(Method::DELETE, &route, "r2", &json!(null)).await;
    assert_eq!((status, &again["command"]), (StatusCode::OK, &gone["command"]), "sent again");
    let (status, _) = tool.write(Method::DELETE, &route, "r3", &json!(null)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is gone");
    for list in ["relations", "ci-groups", "releases", "changes"] {
        let (status, page) = tool.get(list).await;
        assert_eq!((status, page["items"].as_array().map(Vec::len)), (StatusCode::OK, Some(0)), "{list}: {page}");
    }
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let world = World::new().await;
    let tool = Tool::with(&world, Role::ConfigurationManager);
    for n in [3, 0, 6, 2, 5, 1, 4] {
        tool.create(&format!("ci-{n}")).await;
    }
    let walk = async |query: &str| {
        let (mut names, mut cursor) = (Vec::new(), String::new());
        for _ in 0..10 {
            let (status, page) = tool.get(&format!("cis?limit=3{query}{cursor}")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 3, "{page}");
            names.extend(items.iter().map(|item| item["record"]["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { return names };
            cursor = format!("&cursor={next}");
        }
        panic!("{query} does not end: {names:?}");
    };
    let all = walk("").await;
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 7, "each once: {all:?}");
    let turned = |names: &[String]| names.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(walk("&order=-created").await, turned(&all));
    let mut by_name = all.clone();
    by_name.sort();
    let (_, whole) = tool.get("cis?limit=50").await;
    let text = |item: &Value, field: &str| item["record"][field].as_str().unwrap().to_owned();
    let items = whole["items"].as_array().unwrap();
    let mut numbered: Vec<_> = items.iter().map(|item| (text(item, "number"), text(item, "name"))).collect();
    numbered.sort();
    let by_number: Vec<String> = numbered.into_iter().map(|(_, name)| name).collect();
    for (query, expected) in [
        ("&order=name", by_name.clone()),
        ("&order=-name", turned(&by_name)),
        ("&order=number", by_number.clone()),
        ("&order=-number", turned(&by_number)),
        ("&order=class", by_name.clone()),
        ("&order=-class", turned(&by_name)),
        ("&class=Server", by_name.clone()),
        ("&class=server&order=-name", turned(&by_name)),
        ("&class=switch", vec![]),
        ("&class=serv", vec![]),
        ("&filter=name%3Aci-4", vec!["ci-4".to_owned()]),
        ("&order=name&filter=-name%3Aci-4%20serial%3AS-ci", by_name.iter().filter(|n| *n != "ci-4").cloned().collect()),
        ("&filter=status%3Aretired", vec![]),
        ("&manufacturer=norvik&serial_number=s-ci-3", vec!["ci-3".to_owned()]),
        ("&name=ci-5&class=server", vec!["ci-5".to_owned()]),
    ] {
        assert_eq!(walk(query).await, expected, "{query}");
    }
    let (_, page) = tool.get("cis?limit=3").await;
    let cursor = page["next"].as_str().unwrap();
    let (status, other) = tool.get(&format!("cis?limit=3&order=name&cursor={cursor}")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "a cursor belongs to its list: {other}");
}

#[tokio::test]
async fn rules_and_roles_hold_for_tools_as_for_people() {
    let world = World::new().await;
    let (tool, viewer) = (Tool::with(&world, Role::ConfigurationManager), Tool::with(&world, Role::Viewer));
    tool.create("web-01").await;
    let twice = json!({ "name": "WEB-01", "class": "Server" });
    let (status, refused) = tool.write(Method::POST, "cis", "k", &twice).await;
    assert_eq!(
        (status, &refused["findings"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("CI_NAME_TAKEN")),
        "{refused}"
    );
    let wrong = json!({ "name": "x", "class": "server", "fields": { "criticality": "3" } });
    let (status, refused) = tool.write(Method::POST, "cis", "k2", &wrong).await;
    assert_eq!(
        (status, &refused["findings"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("WRONG_VALUE")),
        "{refused}"
    );
    let (status, _) = viewer.get("cis").await;
    assert_eq!(status, StatusCode::OK, "who may only look may look");
    let (status, refused) = viewer.write(Method::POST, "cis", "k", &json!({ "name": "y", "class": "server" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let (_, page) = tool.get("cis").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "nothing of what was refused is there");
}

#[tokio::test]
async fn a_token_sees_no_more_than_its_person() {
    let world = World::new().await;
    let tool = Tool::with(&world, Role::ConfigurationManager);
    let mut ruth = world.laptop("ruth").await;
    let (here, there) = (SiteId(new_id()), SiteId(new_id()));
    let technician = world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let site = |id: SiteId, name: &str| {
        Command::Setup(SetupCommand::PutSite(Site { id, name: name.into(), address: String::new() }))
    };
    let only = Edit { from: None, to: Some(BTreeSet::from([here])) };
    let assign = Command::Setup(SetupCommand::AssignSites(Assignee::Person(technician.id), only));
    let commands = [ruth.issue(site(here, "Here")), ruth.issue(site(there, "There")), ruth.issue(assign)];
    world.push(&ruth, 1, &commands).await.unwrap();
    let at = |name: &str, site: SiteId| json!({ "name": name, "class": "server", "fields": { "location.site": site.to_string() } });
    let (status, visible) = tool.write(Method::POST, "cis", "a", &at("near", here)).await;
    assert_eq!(status, StatusCode::CREATED, "{visible}");
    let (_, hidden) = tool.write(Method::POST, "cis", "b", &at("far", there)).await;
    let (info, token) = world.office().add_token("tom's", &TokenActs::For("tom".into()), 1).unwrap();
    let toms = Tool { world: &world, token, id: info.id };
    let (_, page) = toms.get("cis").await;
    let names: Vec<&str> =
        page["items"].as_array().unwrap().iter().map(|i| i["record"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["near"], "{page}");
    let (status, _) = toms.get(&format!("cis/{}", hidden["id"].as_str().unwrap())).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "what lies elsewhere is as if it were not");
    for list in ["cis?name=far", "cis?order=name&filter=name%3Afar", "cis?filter=depends-on:(name:far)"] {
        let (status, page) = toms.get(list).await;
        assert_eq!((status, page["items"].as_array().unwrap().len()), (StatusCode::OK, 0), "{list}");
    }
    let relation = json!({ "source": visible["id"], "relation": "depends on", "target": hidden["id"] });
    let (status, _) = tool.write(Method::POST, "relations", "c", &relation).await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, found) = tool.get("cis?filter=depends-on:(name:far)").await;
    assert_eq!(found["items"][0]["record"]["name"], "near", "{found}");
    let (_, page) = toms.get("cis?filter=depends-on:(name:far)").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 0, "nor can it be asked about through what is near: {page}");
    let (_, impact) = toms.get(&format!("cis/{}/impact?direction=upstream", visible["id"].as_str().unwrap())).await;
    assert_eq!(impact["reached"].as_array().unwrap().len(), 0, "{impact}");
}

#[tokio::test]
async fn what_is_no_good_token_opens_nothing() {
    let world = World::new().await;
    let tool = Tool::with(&world, Role::ConfigurationManager);
    let url = format!("{}/v1/api/cis", world.running.url);
    let laptop = world.laptop("ruth").await;
    let session = laptop.session.access_token.clone();
    let half = tool.token[..20].to_owned();
    for token in [None, Some(String::new()), Some("slipway_api_00".to_owned()), Some(half), Some(session)] {
        let request = world.client.get(&url);
        let request = match &token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{token:?}");
    }
    let head = format!("{}/v1/devices", world.running.url);
    let status = world.client.get(head).bearer_auth(&tool.token).send().await.unwrap().status();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "a token is no session");
    world.advance_ms(31 * 24 * 3_600_000);
    assert_eq!(tool.get("cis").await.0, StatusCode::UNAUTHORIZED, "it is over");

    let fresh = Tool::with(&world, Role::Technician);
    assert_eq!(fresh.get("cis").await.0, StatusCode::OK);
    world.office().core().revoke_token(fresh.id, PersonId::SYSTEM).unwrap();
    assert_eq!(fresh.get("cis").await.0, StatusCode::UNAUTHORIZED, "revoked");
    let laptops = world.office().core().revoke_token(laptop.device.id, PersonId::SYSTEM);
    assert!(laptops.is_err(), "a laptop is no token");
    let stored = std::fs::read(world.folder.path().join("workspace.sqlite")).unwrap_or_default();
    let needle = tool.token.as_bytes();
    assert!(!stored.windows(needle.len()).any(|w| w == needle), "only its hash is stored");
}

#[tokio::test]
async fn nonsense_is_refused_with_its_reason() {
    let world = World::new().await;
    let tool = Tool::with(&world, Role::ConfigurationManager);
    let (status, answer) =
        tool.write(Method::POST, "cis", "k", &json!({ "name": "x", "class": "server", "colour": "red" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "an unknown field: {answer}");
    assert!(answer["detail"].as_str().unwrap().contains("colour"), "{answer}");
    assert_eq!((&answer["type"], &answer["status"]), (&json!("urn:slipway:problem:bad_request"), &json!(400)));
    let big = json!({ "name": "x", "class": "server", "fields": { "notes": "x".repeat(300 * 1024) } });
    assert_eq!(tool.write(Method::POST, "cis", "k", &big).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let request = tool.ask(Method::POST, "cis").header("idempotency-key", "k").body(deep);
    assert_eq!(tool.send(request).await.0, StatusCode::BAD_REQUEST);
    let good = json!({ "name": "x", "class": "server" });
    let request = tool.ask(Method::POST, "cis").body(good.to_string());
    let (status, answer) = tool.send(request).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "without a key: {answer}");
    assert_eq!(tool.write(Method::POST, "cis", &"k".repeat(201), &good).await.0, StatusCode::BAD_REQUEST);
    let made = tool.create("web-01").await;
    let route = format!("cis/{}", made["id"].as_str().unwrap());
    assert_eq!(
        tool.write(Method::PATCH, &route, "k", &json!({ "fields": { "version": "1" } })).await.0,
        StatusCode::BAD_REQUEST,
        "no If-Match"
    );
    for route in [
        "cis?limit=0",
        "cis?limit=100000",
        "cis?filter=status%3Amelted",
        "cis?filter=colour%3Ared",
        "cis?colour=red",
        "cis?cursor=x",
        "cis?order=colour",
        "cis?class=server&order=created",
        "cis?serial_number=1",
        "cis?name=x&asset_tag=y",
        "releases?order=name",
        "relations?order=number",
        "releases?filter=phase%3Anowhere",
        "relations/x",
    ] {
        let (status, answer) = tool.get(route).await;
        let expected = if route == "relations/x" { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::BAD_REQUEST };
        assert_eq!(status, expected, "{route}: {answer}");
        for part in ["type", "title", "detail", "way_out"] {
            assert!(answer[part].as_str().is_some_and(|text| !text.is_empty()), "{route} says its {part}: {answer}");
        }
    }
    let response = tool.ask(Method::GET, "cis?limit=0").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    for route in ["impact?depth=0", "impact?depth=11", "impact?direction=sideways"] {
        assert_eq!(tool.get(&format!("cis/{}/{route}", made["id"].as_str().unwrap())).await.0, StatusCode::BAD_REQUEST);
    }
    assert_eq!(tool.get("nothing").await.1["code"], "not_found");
    assert_eq!(tool.get("cis/CI-999999").await.0, StatusCode::NOT_FOUND);
    assert_eq!(tool.get("cis/..%2f..%2fetc").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_tool_in_a_hurry_is_slowed_down() {
    let world = World::new().await;
    let tool = Tool::with(&world, Role::ConfigurationManager);
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..300 {
        let body = json!({ "name": format!("ci-{n}"), "class": "server" });
        let request = tool.ask(Method::POST, "cis").header("idempotency-key", "the same").body(body.to_string());
        asked.spawn(async move {
            let response = request.send().await.unwrap();
            let waits = response.headers().contains_key("retry-after");
            (response.status(), waits, response.json::<Value>().await.unwrap())
        });
    }
    let mut slowed = 0;
    while let Some(answered) = asked.join_next().await {
        let (status, waits, answer) = answered.unwrap();
        if status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer["code"], "too_many_requests");
            assert!(waits && answer["retry_after_ms"].as_u64().is_some(), "it is told how long to wait: {answer}");
            slowed += 1;
        }
    }
    assert!(slowed > 0, "three hundred writes at once are too many");
}
