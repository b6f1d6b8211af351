//! A laptop as a witness of the audit log: a server that was put back or forked is found out, and nothing is lost.

use super::support::{Centre, Laptop, a_ci};
use slipway_app::alarms;
use slipway_app::view::alarms::LiftRequest;
use slipway_app::view::common::Nothing;
use slipway_domain::command::{CmdbCommand, Command};

fn create(laptop: &Laptop, name: &str) {
    laptop.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci(name))))).unwrap();
}

fn pending(laptop: &Laptop) -> u64 {
    laptop.session.store().status().unwrap().pending
}

fn because(number: u32, reason: &str) -> LiftRequest {
    LiftRequest { number, reason: reason.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_put_back_from_an_old_copy_stops_sync_until_a_person_says_why() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    create(&anna, "before");
    anna.sync().await.unwrap();
    centre.stop().await;
    let backup = centre.backup();
    centre.resume().await;
    create(&anna, "after");
    anna.sync().await.unwrap();
    assert!(alarms::open(&anna.session).unwrap().is_empty(), "an honest server raises none");
    centre.stop().await;
    centre.put_back(&backup);
    centre.resume().await;
    let error = anna.sync().await.unwrap_err();
    assert!(error.has("LOG_REWRITTEN"), "{error:?}");
    create(&anna, "waiting");
    assert!(anna.sync().await.unwrap_err().has("LOG_REWRITTEN"));
    assert_eq!(pending(&anna), 1, "nothing goes out any more");
    let anna = anna.reopened();
    assert!(anna.sync().await.unwrap_err().has("LOG_REWRITTEN"), "also after the program was started again");
    let [alarm] = &alarms::open(&anna.session).unwrap()[..] else { panic!("one alarm, however often it was met") };
    assert!(alarm.stops && alarm.shown_entries < alarm.seen_entries, "{alarm:?}");
    assert_eq!(anna.ci_names(), ["after", "before", "waiting"], "everything is still here");

    let app = anna.app().await;
    assert!(alarms::lift(&app, &because(1, "  ")).unwrap_err().has("NO_REASON"));
    assert!(alarms::lift(&app, &because(2, "Because.")).unwrap_err().has("NO_ALARM"));
    let lifted = alarms::lift(&app, &because(1, "The disk failed, says Tom.")).unwrap();
    let kept = lifted.alarms[0].lifted.clone().unwrap();
    assert_eq!((kept.by.as_str(), kept.reason.as_str()), ("ANNA", "The disk failed, says Tom."));
    drop(app);
    centre.stop().await;
    centre.declare_restored();
    centre.resume().await;
    anna.sync().await.unwrap();
    assert_eq!(anna.hash(), centre.state_hash());
    assert_eq!(anna.ci_names(), ["after", "before", "waiting"], "and on the server, too");
    assert_eq!(pending(&anna), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_found_by_whoever_saw_the_other_branch() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    let bea = Laptop::signed_in(&centre, "bea").await;
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    centre.stop().await;
    let backup = centre.backup();
    centre.resume().await;
    create(&anna, "one branch");
    anna.sync().await.unwrap();
    centre.stop().await;
    centre.put_back(&backup);
    centre.resume().await;
    // Bea saw neither end: to her the other branch is the log.
    for name in ["another branch", "and on", "and on and on"] {
        create(&bea, name);
    }
    bea.sync().await.unwrap();
    create(&anna, "waiting");
    assert!(anna.sync().await.unwrap_err().has("LOG_REWRITTEN"));
    let [alarm] = &alarms::open(&anna.session).unwrap()[..] else { panic!("one alarm") };
    assert!(alarm.stops && alarm.shown_entries > alarm.seen_entries && !alarm.proof.is_empty(), "{alarm:?}");
    assert_eq!(anna.ci_names(), ["one branch", "waiting"], "nothing of the other branch came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_an_administrator_declares_is_told_to_whoever_saw_more_and_goes_on() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    let bea = Laptop::signed_in(&centre, "bea").await;
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    centre.stop().await;
    let backup = centre.backup();
    centre.resume().await;
    create(&anna, "after");
    anna.sync().await.unwrap();
    centre.stop().await;
    centre.restore(&backup);
    centre.resume().await;
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    assert_eq!(anna.hash(), centre.state_hash());
    assert_eq!(bea.ci_names(), ["after"], "nothing was lost");
    assert!(alarms::open(&bea.session).unwrap().is_empty(), "she had seen nothing that is gone");
    let [alarm] = &alarms::open(&anna.session).unwrap()[..] else { panic!("one alarm") };
    assert!(!alarm.stops && alarm.sentence.contains("a test"), "{alarm:?}");
    anna.sync().await.unwrap();
    let app = anna.app().await;
    assert_eq!(alarms::list(&app, &Nothing).unwrap().alarms.len(), 1, "it is raised once, and stays");
    alarms::lift(&app, &because(1, "Tom says it was meant.")).unwrap();
    assert!(alarms::open(&anna.session).unwrap().is_empty());
}
