//! Laptops and the real server in one process, over real TLS: every end of a command, and what goes wrong at sign-in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

#[path = "sync/checks.rs"]
mod checks;
#[path = "sync/held.rs"]
mod held;
#[path = "sync/import.rs"]
mod import;
#[path = "sync/live.rs"]
mod live;
#[path = "sync/masters.rs"]
mod masters;
#[path = "sync/photos.rs"]
mod photos;
#[path = "sync/refusals.rs"]
mod refusals;
#[path = "sync/sets.rs"]
mod sets;
#[path = "sync/snapshot.rs"]
mod snapshot;
#[path = "sync/support.rs"]
mod support;
#[path = "sync/versions.rs"]
mod versions;
#[path = "sync/witness.rs"]
mod witness;

use slipway_app::profile::Trust;
use slipway_app::session::{Credentials, Session};
use slipway_app::sync_driver::Driver;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::CiId;
use slipway_domain::number::Series;
use slipway_domain::refusal::Fault;
use slipway_store::queue::{QueuedState, Verdict};
use std::sync::Arc;
use support::{Centre, Laptop, PASSWORD, Seen, a_ci};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_laptop_does_the_other_sees_and_all_states_are_equal() {
    let centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    let web = a_ci("web-01");
    let id = web.id;
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(web)))).unwrap();
    let report = anna.sync().await.unwrap();
    assert_eq!((report.pushed, report.applied, report.refused, report.attention), (1, 1, 0, 0), "{report:?}");
    bea.sync().await.unwrap();
    assert_eq!(bea.ci(id).unwrap().name, "web-01");
    let server = centre.state_hash();
    assert_eq!(anna.hash(), server, "the first laptop holds what the server holds");
    assert_eq!(bea.hash(), server, "the second laptop holds what the server holds");
    let idle = bea.sync().await.unwrap();
    assert_eq!((idle.pushed, idle.pulled), (0, 0), "a sync with nothing to do moves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_comes_back_with_its_reason_and_nothing_else_is_lost() {
    let centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    bea.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("WEB-01"))))).unwrap();
    let other = a_ci("web-02");
    let other_id = other.id;
    bea.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(other)))).unwrap();
    anna.sync().await.unwrap();
    let report = bea.sync().await.unwrap();
    assert_eq!((report.applied, report.refused, report.attention), (1, 1, 1), "{report:?}");
    let item = bea.session.store().attention().unwrap().remove(0);
    let Verdict::Refused { findings } = item.verdict else { panic!("refused, not {:?}", item.verdict) };
    assert_eq!(findings[0].code, "CI_NAME_TAKEN");
    assert!(item.entered.is_some(), "what was entered is kept");
    assert!(bea.ci(other_id).is_some(), "the later command took effect");
    anna.sync().await.unwrap();
    assert_eq!(anna.hash(), bea.hash(), "both laptops agree");
    assert_eq!(bea.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_two_people_changed_are_listed_and_the_others_take_effect() {
    let centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    let web = a_ci("web-01");
    let id = web.id;
    anna.sync().await.unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(web)))).unwrap();
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    let set = |field: &str, to: &str| FieldChange { field: field.to_owned(), from: String::new(), to: to.to_owned() };
    anna.issue(Command::Cmdb(CmdbCommand::SetFields(id, vec![set("version", "1.0")]))).unwrap();
    let both = vec![set("version", "2.0"), set("model", "R640")];
    bea.issue(Command::Cmdb(CmdbCommand::SetFields(id, both))).unwrap();
    anna.sync().await.unwrap();
    let report = bea.sync().await.unwrap();
    assert_eq!((report.partial, report.attention), (1, 1), "{report:?}");
    let ci = bea.ci(id).unwrap();
    assert_eq!((ci.version.as_str(), ci.model.as_str()), ("1.0", "R640"));
    let item = bea.session.store().attention().unwrap().remove(0);
    let Verdict::Partial { conflicts } = item.verdict else { panic!("partial, not {:?}", item.verdict) };
    assert_eq!((conflicts[0].mine.as_str(), conflicts[0].theirs.as_str()), ("2.0", "1.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_leased_so_that_later_records_have_their_final_number_offline() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let id = CiId(Uuid::now_v7());
    anna.issue_with(&mut |numbers| {
        let number = numbers.take(Series::Ci, id.0);
        assert!(!number.is_provisional(), "a block was leased with the first sync");
        Command::Cmdb(CmdbCommand::CreateCi(Box::new(Ci::blank(id, number, "server", "web-01"))))
    })
    .unwrap();
    let before = anna.ci(id).unwrap().number;
    anna.sync().await.unwrap();
    assert_eq!(anna.ci(id).unwrap().number, before, "the number is final");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_wait_while_the_server_is_away_and_go_when_it_is_back() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    centre.stop().await;
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    let error = anna.sync().await.unwrap_err();
    assert!(error.has("UNREACHABLE"), "{error:?}");
    let status = slipway_app::sync_driver::resting_status(&anna.session).unwrap();
    assert_eq!((status.waiting, status.online), (1, false));
    assert!(status.offline_since.is_some());
    centre.resume().await;
    let report = anna.sync().await.unwrap();
    assert_eq!(report.applied, 1);
    let status = slipway_app::sync_driver::resting_status(&anna.session).unwrap();
    assert_eq!((status.waiting, status.offline_since), (0, None));
    assert_eq!(anna.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_put_back_from_a_backup_gets_again_what_it_lost() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    anna.sync().await.unwrap();
    centre.stop().await;
    let backup = centre.backup();
    centre.resume().await;
    let lost = a_ci("web-02");
    let id = lost.id;
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(lost)))).unwrap();
    anna.sync().await.unwrap();
    centre.stop().await;
    centre.restore(&backup);
    centre.resume().await;
    anna.sync().await.unwrap();
    assert!(anna.ci(id).is_some(), "what the server had accepted and lost is there again");
    assert_eq!(anna.hash(), centre.state_hash());
    assert_eq!(anna.session.store().status().unwrap().pending, 0, "nothing waits any more");
    let status = anna.session.store().status().unwrap();
    assert_eq!(status.attention, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_laptop_takes_a_new_identity_and_loses_nothing() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let clone = anna.cloned();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    clone.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-02"))))).unwrap();
    anna.sync().await.unwrap();
    let before = clone.session.store().status().unwrap().device;
    let report = clone.sync().await.unwrap();
    assert_eq!((report.applied, report.refused), (1, 0), "{report:?}");
    assert_ne!(clone.session.store().status().unwrap().device, before, "the clone is another device now");
    anna.sync().await.unwrap();
    assert_eq!(anna.hash(), clone.hash());
    assert_eq!(anna.hash(), centre.state_hash());
    let again = clone.reopened();
    again.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-03"))))).unwrap();
    assert_eq!(again.sync().await.unwrap().applied, 1, "the new key is found again after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_on_one_profile_sync_one_after_the_other() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let second = anna.reopened();
    for n in 0..20 {
        let laptop = if n % 2 == 0 { &anna } else { &second };
        laptop.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci(&format!("web-{n}")))))).unwrap();
    }
    let (a, b) = tokio::join!(anna.sync(), second.sync());
    assert_eq!(a.unwrap().applied + b.unwrap().applied, 20, "each command is judged once");
    assert_eq!(anna.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_refreshed_when_the_access_token_ends() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    centre.pass_hours(2);
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    assert_eq!(anna.sync().await.unwrap().applied, 1, "the device's key gets fresh tokens");
    centre.pass_hours(24 * 100);
    let error = anna.sync().await.unwrap_err();
    assert!(error.has("SIGNED_OUT"), "{error:?}");
    anna.sign_in_again(&centre, "anna", PASSWORD).await.unwrap();
    anna.sync().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_names_the_way_out_and_leaves_no_database() {
    let centre = Centre::start().await;
    let laptop = Laptop::new();
    let error = laptop.try_sign_in(&centre, "anna", "wrong", &centre.trust()).await.unwrap_err();
    assert!(error.has("WRONG_CREDENTIALS"), "{error:?}");
    assert!(!laptop.folder().join("slipway.db").exists(), "nothing was made by half");
    laptop.try_sign_in(&centre, "anna", PASSWORD, &centre.trust()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_names_server_expected_and_seen_fingerprint() {
    let (centre, stranger) = (Centre::start().await, Centre::start().await);
    let seen = slipway_app::transport::Server::look(centre.url()).await.unwrap();
    let shown = slipway_app::tls::shown(&seen);

    let laptop = Laptop::new();
    let other = "ab".repeat(32);
    let wrong = Trust::Fingerprint(other.clone());
    let error = laptop.try_sign_in(&centre, "anna", PASSWORD, &wrong).await.unwrap_err();
    assert!(error.has("CERTIFICATE_NOT_TRUSTED"), "{error:?}");
    let text = error.to_string();
    for part in [centre.url(), shown.as_str(), slipway_app::tls::shown(&other).as_str(), "--fingerprint"] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }

    let error = laptop.try_sign_in(&centre, "anna", PASSWORD, &stranger.trust()).await.unwrap_err();
    assert!(error.has("CERTIFICATE_NOT_TRUSTED"), "another authority: {error:?}");
    assert!(error.to_string().contains(&shown), "{error}");

    laptop.try_sign_in(&centre, "anna", PASSWORD, &Trust::Fingerprint(seen)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_confirmed_certificate_the_fingerprint_is_shown_and_nothing_is_sent() {
    let centre = Centre::start().await;
    let laptop = Laptop::new();
    let (profile, key) = laptop.made();
    let credentials = Credentials { server: centre.url(), trust: None, user: "anna", password: PASSWORD };
    let error = Session::sign_in(profile, &key, laptop.keychain(), credentials).await.err().unwrap();
    assert!(error.has("CERTIFICATE_NOT_CONFIRMED"), "{error:?}");
    let seen = slipway_app::transport::Server::look(centre.url()).await.unwrap();
    assert!(error.to_string().contains(&slipway_app::tls::shown(&seen)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_stays_with_its_person() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    let error = anna.sign_in_again(&centre, "bea", PASSWORD).await.unwrap_err();
    assert!(error.has("ANOTHER_PERSON"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_stops_the_profile_and_loses_nothing() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    anna.lock_keychain(true);
    let error = anna.try_reopen().err().unwrap();
    assert!(error.has("KEYCHAIN_LOCKED_OR_LOST"), "{error:?}");
    anna.lock_keychain(false);
    let again = anna.reopened();
    assert_eq!(again.sync().await.unwrap().applied, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_with_a_passphrase_keeps_device_key_and_tokens_in_its_database() {
    let centre = Centre::start().await;
    let laptop = Laptop::with_passphrase(&centre, "anna", "correct horse").await;
    assert!(laptop.keychain_is_empty(), "the keychain was not asked");
    laptop.sync().await.unwrap();
    let again = laptop.reopened();
    again.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    assert_eq!(again.sync().await.unwrap().applied, 1);
    let bytes = std::fs::read(again.folder().join("slipway.db")).unwrap();
    assert!(!bytes.windows(6).any(|w| w == b"web-01"), "nothing readable lies on the disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_no_longer_fits_is_marked_before_it_is_sent() {
    let centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    anna.sync().await.unwrap();
    bea.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    let waiting = bea.session.store().pending(10).unwrap();
    assert_eq!(waiting[0].state, QueuedState::Waiting, "offline it fits");
    let report = bea.sync().await.unwrap();
    assert_eq!(report.refused, 1);
    let count =
        bea.session.store().read(|records: &_| records.find(slipway_domain::lookup::Lookup::CiByBareName, "web-01"));
    assert_eq!(count.map_err(|e: Fault| e.to_string()).unwrap().len(), 1, "the refused CI is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_background_driver_sends_what_is_issued_and_notices_that_the_server_is_away_and_back() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    let watch = Arc::new(Seen::default());
    let driver = Driver::start(anna.session.clone(), watch.clone()).unwrap().unwrap();
    let first = watch.until("the first sync", |s| s.last_sync_at.is_some() && !s.running).await;

    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    driver.issued();
    watch.until("the command's way to the server", |s| s.last_sync_at > first.last_sync_at && !s.running).await;
    assert_eq!(anna.session.store().status().unwrap().pending, 0);
    assert_eq!(anna.hash(), centre.state_hash());

    centre.stop().await;
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-02"))))).unwrap();
    driver.issued();
    let away = watch.until("the news that the server is away", |s| s.offline_since.is_some()).await;
    assert_eq!((away.waiting, away.online), (1, false));
    assert!(away.sentence.is_some() && away.way_out.is_some(), "{away:?}");
    assert!(!away.sign_in_needed);

    centre.resume().await;
    driver.sync_now();
    watch.until("the news that the server is back", |s| s.online && s.waiting == 0 && !s.running).await;
    assert_eq!(driver.status().offline_since, None);
    assert_eq!(anna.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_with_a_queue_of_its_own_survives_a_server_put_back_from_a_backup() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    centre.stop().await;
    let backup = centre.backup();
    centre.resume().await;
    let create = |name: &str| Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci(name))));
    anna.issue(create("web-01")).unwrap();
    anna.sync().await.unwrap();
    // This command waits on both laptops when the image is taken.
    anna.issue(create("web-02")).unwrap();
    let clone = anna.cloned();
    anna.issue(create("web-03")).unwrap();
    anna.sync().await.unwrap();
    clone.issue(create("web-04")).unwrap();
    let report = clone.sync().await.unwrap();
    assert_eq!((report.applied, report.refused), (2, 0), "the shared command counts once: {report:?}");
    assert_eq!(clone.hash(), centre.state_hash());

    centre.stop().await;
    centre.restore(&backup);
    centre.resume().await;
    clone.issue(create("web-05")).unwrap();
    let error = clone.sync().await.unwrap_err();
    assert!(error.has("SIGNED_OUT"), "the backup does not know the clone's device: {error:?}");
    clone.sign_in_again(&centre, "anna", PASSWORD).await.unwrap();
    clone.sync().await.unwrap();
    anna.sync().await.unwrap();
    clone.sync().await.unwrap();
    for laptop in [&anna, &clone] {
        assert_eq!(laptop.hash(), centre.state_hash());
        let status = laptop.session.store().status().unwrap();
        assert_eq!((status.pending, status.attention), (0, 0), "nothing waits, nothing was refused");
    }
    let names = anna.ci_names();
    assert_eq!(names, ["web-01", "web-02", "web-03", "web-04", "web-05"], "nothing was lost");
}
