//! The wire format: what older laptops and servers read must not change by accident.

use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_domain::execute::Effect;
use slipway_domain::id::{CommandId, DeviceId, SiteId};
use slipway_domain::number::Series;
use slipway_domain::refusal::Finding;
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::encoding::Base64;
use slipway_sync::protocol::{
    BucketSum, CommandResult, Entry, Epoch, ErrorBody, ErrorCode, Lease, LeaseRequest, Page, Pull, PullQuery, Push,
    SignedCommand, Verdict,
};
use std::collections::BTreeMap;
use std::fmt::Debug;
use uuid::Uuid;

fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, json: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), json);
    assert_eq!(&serde_json::from_str::<T>(json).unwrap(), value);
}

fn result(verdict: Verdict) -> CommandResult {
    CommandResult { id: CommandId(Uuid::from_u128(2)), counter: 7, judged_at: Timestamp(5), verdict }
}

#[test]
fn a_push() {
    let push = Push {
        device: DeviceId(Uuid::from_u128(1)),
        epoch: Epoch(Uuid::from_u128(9)),
        first_counter: 7,
        commands: vec![SignedCommand { payload: Base64(b"{}".to_vec()), signature: Base64(vec![255]) }],
    };
    same(
        &push,
        r#"{"device":"00000000-0000-0000-0000-000000000001","epoch":"00000000-0000-0000-0000-000000000009","first_counter":7,"commands":[{"payload":"e30=","signature":"/w=="}]}"#,
    );
}

#[test]
fn the_four_ends_of_a_command() {
    let head = r#"{"id":"00000000-0000-0000-0000-000000000002","counter":7,"judged_at":5,"verdict":"#;
    let effect = r#"{"conflicts":[],"created":0,"updated":0,"unchanged":0}"#;
    let seq = 3;
    same(
        &result(Verdict::Applied { seq, effect: Effect::default() }),
        &format!(r#"{head}"applied","seq":3,"effect":{effect}}}"#),
    );
    same(
        &result(Verdict::Partial { seq, effect: Effect::default() }),
        &format!(r#"{head}"partial","seq":3,"effect":{effect}}}"#),
    );
    same(
        &result(Verdict::Refused { findings: vec![Finding::new("CODE", "what", "way")] }),
        &format!(
            r#"{head}"refused","findings":[{{"code":"CODE","record":null,"sentence":"what","way_out":"way","data":{{}}}}]}}"#
        ),
    );
    same(&result(Verdict::Held { why: "unknown".into() }), &format!(r#"{head}"held","why":"unknown"}}"#));
}

#[test]
fn a_page() {
    let page = Page {
        epoch: Epoch(Uuid::from_u128(9)),
        entries: vec![Entry {
            bucket: Bucket::Workspace,
            seq: 4,
            kind: "ci".into(),
            id: Uuid::from_u128(3),
            body: Some("{\"a\":1}".into()),
        }],
        cursors: BTreeMap::from([(Bucket::Workspace, 4)]),
        results: Vec::new(),
        judged: 7,
        complete: true,
        scope: None,
        head: 4,
        sums: BTreeMap::from([(Bucket::Workspace, BucketSum { count: 1, sum: u64::MAX - 1 })]),
        checkpoint: None,
        restored: None,
        durable_seq: 2,
        server_time: Timestamp(5),
    };
    same(
        &page,
        r#"{"epoch":"00000000-0000-0000-0000-000000000009","entries":[{"bucket":"workspace","seq":4,"kind":"ci","id":"00000000-0000-0000-0000-000000000003","body":"{\"a\":1}"}],"cursors":{"workspace":4},"results":[],"judged":7,"complete":true,"head":4,"sums":{"workspace":{"count":1,"sum":"fffffffffffffffe"}},"checkpoint":null,"durable_seq":2,"server_time":5}"#,
    );
}

#[test]
fn a_lease_and_an_error() {
    same(&LeaseRequest { series: Series::DslItem, count: 9 }, r#"{"series":"dsl_item","count":9}"#);
    same(&Lease { series: Series::Release, first: 100, count: 9 }, r#"{"series":"release","first":100,"count":9}"#);
    let body = ErrorBody { expected_counter: Some(3), ..ErrorBody::new(ErrorCode::CounterGap, "what", "way") };
    same(&body, r#"{"code":"counter_gap","sentence":"what","way_out":"way","expected_counter":3}"#);
}

#[test]
fn a_newer_server_is_understood_as_far_as_it_goes() {
    let newer = r#"{"code":"quota_spent","sentence":"what","way_out":"way","colour":"red"}"#;
    assert_eq!(serde_json::from_str::<ErrorBody>(newer).unwrap().code, ErrorCode::Unrecognised);
    let lease = r#"{"series":"release","first":1,"count":2,"until":9}"#;
    serde_json::from_str::<Lease>(lease).expect("answers may have more fields");
    let request = r#"{"series":"release","count":2,"until":9}"#;
    serde_json::from_str::<LeaseRequest>(request).expect_err("requests may not: they would be misunderstood");
}

#[test]
fn cursors_in_a_query() {
    let site = Bucket::Site(SiteId(Uuid::from_u128(3)));
    let pull = Pull {
        epoch: Epoch(Uuid::from_u128(9)),
        cursors: BTreeMap::from([(Bucket::Workspace, 4), (site, 0)]),
        scope: String::new(),
        judged_after: 7,
        limit: 100,
    };
    let query = PullQuery::from(&pull);
    assert_eq!(query.cursors, "workspace:4,site:00000000-0000-0000-0000-000000000003:0");
    assert_eq!(Pull::try_from(query.clone()).unwrap(), pull);
    let before =
        r#"{"epoch":"00000000-0000-0000-0000-000000000009","cursors":"workspace:1","judged_after":0,"limit":5}"#;
    let read: PullQuery = serde_json::from_str(before).unwrap();
    assert_eq!(read.scope, "", "a laptop of the version before asks without it");
    for cursors in ["", "workspace", "workspace:x", "workspace:-1", "planet:1", "workspace:1,workspace:2", "site:7:1"] {
        let wrong = PullQuery { cursors: cursors.into(), ..query.clone() };
        assert!(Pull::try_from(wrong).is_err(), "{cursors:?}");
    }
}
