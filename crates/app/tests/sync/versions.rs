//! Laptops and servers of other releases, backups between them, and a certificate that is renewed.

use crate::support::{Centre, Laptop, PASSWORD, a_ci};
use slipway_app::profile::Trust;
use slipway_domain::command::{CmdbCommand, Command, Edit, SetupCommand};
use slipway_domain::release::task_record::Assignee;
use slipway_store::issue::IssueError;
use slipway_sync::limits;
use std::collections::BTreeSet;

fn create(name: &str) -> Command {
    Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci(name))))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_and_a_server_of_the_first_release_open_and_sync() {
    let centre = Centre::of_the_first_release().await;
    let bea = Laptop::of_the_first_release(&centre);
    let status = bea.session.store().status().unwrap();
    assert_eq!((status.pending, status.attention), (2, 2), "what waited, and what needed attention, is there");
    assert_eq!(bea.ci_names(), ["app-01", "db-01", "web-01"], "with what was made offline");
    assert!(bea.session.store().check().is_ok());
    let bea = bea.signed_in_again(&centre, "bea", "a password of the fixture").await;
    let report = bea.sync().await.unwrap();
    assert_eq!((report.pushed, report.applied, report.refused), (2, 2, 0), "{report:?}");
    assert_eq!(bea.hash(), centre.state_hash());
    let anna = Laptop::signed_in_with(&centre, "anna", "a password of the fixture").await;
    anna.sync().await.unwrap();
    assert_eq!(anna.ci_names(), ["app-01", "db-01", "web-01"]);
    let status = bea.session.store().status().unwrap();
    assert_eq!((status.pending, status.attention), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_too_old_for_the_server_is_told_so_and_keeps_its_queue() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    centre.stop().await;
    centre.resume_for(limits::LEVEL + 1).await;
    anna.issue(create("web-01")).unwrap();
    let error = anna.sync().await.unwrap_err();
    assert!(error.has("CLIENT_TOO_OLD"), "{error:?}");
    let text = format!("{error:?}");
    assert!(text.contains("Update Slipway"), "it says what to do: {text}");
    assert_eq!(anna.session.store().status().unwrap().pending, 1, "what waits is kept");
    centre.stop().await;
    centre.resume().await;
    assert_eq!(anna.sync().await.unwrap().applied, 1, "and sent as soon as it is spoken to again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_does_not_know_yet_is_not_offered() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let store = anna.session.store();
    let level = store.remembered(slipway_store::status::SERVER_LEVEL).unwrap();
    assert_eq!(level, Some(limits::LEVEL.to_string()), "the sign-in told it");
    store.remember(slipway_store::status::SERVER_LEVEL, "1").unwrap();
    let newer = Command::Setup(SetupCommand::AssignSites(
        Assignee::Person(anna.session.actor()),
        Edit { from: None, to: Some(BTreeSet::new()) },
    ));
    let IssueError::Refused(refusal) = anna.issue(newer.clone()).unwrap_err() else { panic!("refused by the level") };
    assert_eq!(refusal.findings[0].code, "SERVER_TOO_OLD");
    let tried = store.try_out(anna.session.actor(), slipway_domain::time::Timestamp(0), &newer).unwrap_err();
    let IssueError::Refused(refusal) = tried else { panic!("greyed out by the same reason") };
    assert_eq!(refusal.findings[0].code, "SERVER_TOO_OLD");
    assert!(anna.issue(create("web-01")).is_ok(), "what it knows is offered");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_kept_until_a_verified_backup_covers_them_and_an_old_one_loses_nothing() {
    let mut centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    let kept = |laptop: &Laptop| laptop.session.store().status().unwrap().sent;
    for name in ["web-01", "WEB-01", "web-02"] {
        anna.issue(create(name)).ok();
    }
    bea.issue(create("db-01")).unwrap();
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    assert!(kept(&anna) >= 2 && kept(&bea) == 1, "nothing covers them yet");
    let backup = centre.backed_up();
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    assert_eq!((kept(&anna), kept(&bea)), (0, 0), "the backup covers them");

    anna.issue(create("web-03")).unwrap();
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    bea.issue(create("db-02")).unwrap();
    bea.sync().await.unwrap();
    anna.issue(create("web-04")).unwrap();
    assert_eq!((kept(&anna), kept(&bea)), (1, 1), "what came after it is kept");
    centre.stop().await;
    centre.restored(&backup);
    centre.resume().await;
    for round in 0..2 {
        for laptop in [&anna, &bea] {
            laptop.sync().await.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        }
    }
    for laptop in [&anna, &bea] {
        assert_eq!(laptop.ci_names(), ["db-01", "db-02", "web-01", "web-02", "web-03", "web-04"], "nothing was lost");
        assert_eq!(laptop.hash(), centre.state_hash());
        assert_eq!(laptop.session.store().status().unwrap().pending, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_no_backup_covers_are_let_go_after_a_month() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    anna.issue(create("web-01")).unwrap();
    anna.sync().await.unwrap();
    let store = anna.session.store();
    let kept = || store.status().unwrap().sent;
    assert_eq!(kept(), 1);
    anna.sync_at(limits::SENT_KEPT_MS - 60_000).await.unwrap();
    assert_eq!(kept(), 1, "not a minute before");
    anna.sync_at(limits::SENT_KEPT_MS + 60_000).await.unwrap();
    assert_eq!(kept(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_fingerprint_outlives_the_servers_certificate() {
    let mut centre = Centre::start().await;
    let seen = slipway_app::transport::Server::look(centre.url()).await.unwrap();
    assert_eq!(seen, centre.fingerprint(), "what the administrator reads out is what the person sees");
    let laptop = Laptop::new();
    let session = laptop.try_sign_in(&centre, "anna", PASSWORD, &Trust::Fingerprint(seen.clone())).await.unwrap();
    drop(session);
    centre.stop().await;
    centre.resume().await;
    let again = laptop.reopen();
    again.sync().await.expect("a fresh certificate of the same authority is believed");
    let other = Centre::start().await;
    let error = Laptop::new().try_sign_in(&other, "anna", PASSWORD, &Trust::Fingerprint(seen)).await.unwrap_err();
    assert!(error.has("CERTIFICATE_NOT_TRUSTED"), "another authority is not: {error:?}");
}
