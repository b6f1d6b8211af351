//! The audit log read back, and what shows when somebody wrote into the database by hand.

use crate::support::{OnSqlite, WorldOn, a_site, answer, json, new_id};
use rusqlite::Connection;
use slipway_domain::id::DeviceId;
use slipway_sync::account::sign_succession;
use slipway_sync::log::export::{Found, Reading};
use slipway_sync::protocol::{NewDevice, Session};
use slipway_sync::signing::PrivateKey;

#[tokio::test]
async fn a_log_that_was_tampered_with_is_found_out() {
    let world = WorldOn::<OnSqlite>::new().await;
    let mut laptop = world.laptop("ruth").await;
    let site = laptop.issue(a_site("Antwerp"));
    world.push(&laptop, 1, &[site]).await.unwrap();
    let key = PrivateKey::from_seed(&[5; 32]);
    let device = NewDevice { id: DeviceId(new_id()), name: "renewed".into(), public_key: key.public() };
    let renewal = sign_succession(laptop.device.id, device, &laptop.key).unwrap();
    let request = world.post("device/renew").bearer_auth(&laptop.session.access_token).body(json(&renewal));
    answer::<Session>(request.send().await.unwrap()).await.unwrap();
    assert_eq!(world.office().verify_log().unwrap().faults, Vec::<String>::new(), "whole at first");
    let file = world.folder.path().join("workspace.sqlite");
    for (what, sql, back) in [
        (
            "a device's owner",
            "UPDATE device_entry SET note = replace(note, 'registered', 'allowed') WHERE note LIKE '%registered%'",
            "UPDATE device_entry SET note = replace(note, 'allowed', 'registered') WHERE note LIKE '%allowed%'",
        ),
        (
            "a verdict",
            "UPDATE command SET judged_at = judged_at + 1 WHERE rowid = (SELECT max(rowid) FROM command)",
            "UPDATE command SET judged_at = judged_at - 1 WHERE rowid = (SELECT max(rowid) FROM command)",
        ),
        (
            "a key",
            "UPDATE device SET public_key = (SELECT public_key FROM device WHERE name = 'renewed'), name = name || '!'
             WHERE name = 'ruth''s'",
            "",
        ),
    ] {
        Connection::open(&file).unwrap().execute(sql, []).unwrap();
        assert!(!world.office().verify_log().unwrap().faults.is_empty(), "{what} was altered and nobody noticed");
        if !back.is_empty() {
            Connection::open(&file).unwrap().execute(back, []).unwrap();
            assert_eq!(world.office().verify_log().unwrap().faults, Vec::<String>::new(), "{what} is back");
        }
    }
}

/// What somebody with nothing but the key reads in an export.
fn exported(world: &WorldOn<OnSqlite>, earlier: &[String]) -> (Found, String) {
    let mut file = Vec::new();
    let said = world.office().export_log(&mut file).unwrap();
    let text = String::from_utf8(file).unwrap();
    let mut lines = text.lines();
    let mut reading = Reading::begin(lines.next().unwrap(), &said.key, earlier).unwrap();
    lines.for_each(|line| reading.entry(line));
    (reading.finish(), said.checkpoint)
}

#[tokio::test]
async fn an_export_is_verified_with_the_key_alone_and_shows_what_was_done_to_the_database() {
    let world = WorldOn::<OnSqlite>::new().await;
    let mut laptop = world.laptop("ruth").await;
    let (_, first) = exported(&world, &[]);
    let sites = ["Antwerp", "Bergen"].map(|name| laptop.issue(a_site(name)));
    world.push(&laptop, 1, &sites).await.unwrap();
    let (found, second) = exported(&world, &[first]);
    assert_eq!(found.faults, Vec::<String>::new(), "whole at first");
    assert_eq!(found.continues.len(), 1, "it continues what was seen before");
    let file = world.folder.path().join("workspace.sqlite");
    for (what, sql, back) in [
        (
            "changed",
            "UPDATE command SET verdict = verdict || ' ' WHERE rowid = (SELECT max(rowid) FROM command)",
            "UPDATE command SET verdict = rtrim(verdict) WHERE rowid = (SELECT max(rowid) FROM command)",
        ),
        (
            "reordered",
            "UPDATE log_leaf SET idx = CASE idx WHEN 0 THEN -1 ELSE idx END;
             UPDATE log_leaf SET idx = 0 WHERE idx = 1;
             UPDATE log_leaf SET idx = 1 WHERE idx = -1",
            "UPDATE log_leaf SET idx = CASE idx WHEN 0 THEN -1 ELSE idx END;
             UPDATE log_leaf SET idx = 0 WHERE idx = 1;
             UPDATE log_leaf SET idx = 1 WHERE idx = -1",
        ),
        ("removed", "DELETE FROM log_leaf WHERE idx = (SELECT max(idx) FROM log_leaf)", ""),
    ] {
        Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        assert!(!exported(&world, &[]).0.whole(), "an entry was {what} and nobody noticed");
        assert!(!world.office().verify_log().unwrap().faults.is_empty(), "an entry was {what}, says the server");
        if !back.is_empty() {
            Connection::open(&file).unwrap().execute_batch(back).unwrap();
            assert!(exported(&world, std::slice::from_ref(&second)).0.whole(), "{what}: as it was");
        }
    }
}
