//! A laptop that holds only some sites: what is dropped goes, what is held comes, and the queue stays as it is.

use crate::support::{Centre, Laptop, a_ci};
use slipway_app::held;
use slipway_app::view::common::Nothing;
use slipway_app::view::held::ChooseSitesRequest;
use slipway_domain::cmdb::ci::FieldChange;
use slipway_domain::command::{CmdbCommand, Command, SetupCommand};
use slipway_domain::id::SiteId;
use slipway_domain::people::{Role, Site};
use slipway_store::issue::IssueError;
use uuid::Uuid;

fn drop_site(name: &str) -> ChooseSitesRequest {
    ChooseSitesRequest::Drop { sites: vec![name.into()] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_site_goes_and_a_held_one_comes_back_and_the_queue_stays() {
    let centre = Centre::start().await;
    let sites = [("Hamburg", SiteId(Uuid::now_v7())), ("Bremen", SiteId(Uuid::now_v7()))];
    centre.hire("adam", Role::Administrator);
    let adam = Laptop::signed_in(&centre, "adam").await;
    adam.sync().await.unwrap();
    for (name, id) in sites {
        let site = Site { id, name: name.into(), address: String::new() };
        adam.issue(Command::Setup(SetupCommand::PutSite(site))).unwrap();
    }
    adam.sync().await.unwrap();
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    let mut cis = Vec::new();
    for (n, (_, site)) in sites.into_iter().enumerate() {
        let mut ci = a_ci(&format!("srv-{n}"));
        ci.location.site = Some(site);
        cis.push(ci.id);
        anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)))).unwrap();
    }
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    assert_eq!(bea.hash(), centre.state_hash(), "at first a laptop holds all sites");
    let set = |n: usize, to: &str| {
        let change = FieldChange { field: "notes".into(), from: String::new(), to: to.into() };
        Command::Cmdb(CmdbCommand::SetFields(cis[n], vec![change]))
    };
    bea.issue(set(1, "from the queue")).unwrap();

    let app = bea.app().await;
    let list = held::choose(&app, &drop_site("bremen")).unwrap();
    assert!(list.sites.iter().any(|site| site.name == "Bremen" && site.held && !site.wanted), "until the next sync");
    let report = bea.sync().await.unwrap();
    assert_eq!((report.applied, report.refused), (1, 0), "what waited went out all the same: {report:?}");
    assert!(bea.ci(cis[1]).is_none() && bea.ci(cis[0]).is_some(), "only what lies there is gone");
    let list = held::list(&app, &Nothing).unwrap();
    assert_eq!((list.not_held, list.all), (vec!["Bremen".to_owned()], false));
    let Err(IssueError::Refused(refusal)) = bea.issue(set(1, "unseen")) else { panic!("it is not here") };
    assert!(refusal.has("NOT_FOUND") && refusal.findings[0].way_out.contains("hold that site"), "{refusal:?}");
    let unknown = held::choose(&app, &drop_site("Atlantis")).unwrap_err();
    assert!(unknown.has("UNKNOWN_SITE"), "{unknown:?}");

    held::choose(&app, &ChooseSitesRequest::Hold { sites: vec!["Bremen".into()] }).unwrap();
    bea.sync().await.unwrap();
    assert_eq!(bea.ci(cis[1]).unwrap().notes, "from the queue");
    assert_eq!(bea.hash(), centre.state_hash());
    assert!(bea.session.store().verify_confirmed().unwrap().is_empty());
    held::choose(&app, &ChooseSitesRequest::None).unwrap();
    bea.sync().await.unwrap();
    assert!(cis.iter().all(|ci| bea.ci(*ci).is_none()));
    held::choose(&app, &ChooseSitesRequest::All).unwrap();
    bea.sync().await.unwrap();
    assert_eq!(bea.hash(), centre.state_hash());
}
