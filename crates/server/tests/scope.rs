//! What somebody may not read never reaches their laptop, looked at on the wire; and they cannot change it.

use crate::support::{Laptop, World, new_id};
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::command::{CmdbCommand, Command, Edit, SetupCommand};
use slipway_domain::id::{CiId, PersonId, SiteId};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Role, Site};
use slipway_domain::release::task_record::Assignee;
use slipway_sync::bucket::Bucket;
use slipway_sync::protocol::{ErrorCode, Page, Pull, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// A laptop that holds what it is given: the last page's cursors, and what lies in each bucket.
struct Holder {
    laptop: Laptop,
    scope: String,
    cursors: BTreeMap<Bucket, u64>,
    held: BTreeMap<Bucket, BTreeSet<String>>,
}

impl Holder {
    async fn new(world: &World, name: &str) -> Self {
        let laptop = world.laptop(name).await;
        let cursors = BTreeMap::from([(Bucket::Workspace, 0)]);
        Self { laptop, scope: String::new(), cursors, held: BTreeMap::new() }
    }

    fn ask(&self, cursors: BTreeMap<Bucket, u64>, scope: &str) -> Pull {
        Pull { epoch: self.laptop.session.epoch, cursors, scope: scope.into(), judged_after: 0, limit: 1_000 }
    }

    /// Pulls until nothing is left; gives every page as it came.
    async fn pull(&mut self, world: &World) -> Vec<Page> {
        let mut pages = Vec::new();
        loop {
            let page = world.send_pull(&self.laptop, &self.ask(self.cursors.clone(), &self.scope)).await.unwrap();
            for entry in &page.entries {
                let bucket = self.held.entry(entry.bucket).or_default();
                match &entry.body {
                    Some(_) => bucket.insert(entry.id.to_string()),
                    None => bucket.remove(&entry.id.to_string()),
                };
            }
            self.cursors.clone_from(&page.cursors);
            let told = page.scope.clone();
            let complete = page.complete;
            pages.push(page);
            match told {
                Some(scope) => {
                    self.scope = scope.tag;
                    let mut wanted: BTreeSet<Bucket> = scope.sites.iter().map(|site| Bucket::Site(site.id)).collect();
                    wanted.extend([Bucket::Workspace, Bucket::Person(scope.person)]);
                    self.cursors.retain(|bucket, _| wanted.contains(bucket));
                    self.held.retain(|bucket, _| wanted.contains(bucket));
                    wanted.into_iter().for_each(|bucket| {
                        self.cursors.entry(bucket).or_insert(0);
                    });
                }
                None if complete => return pages,
                None => {}
            }
        }
    }

    fn sites(&self) -> BTreeSet<Bucket> {
        self.cursors.keys().copied().filter(|bucket| matches!(bucket, Bucket::Site(_))).collect()
    }

    async fn send(&mut self, world: &World, command: Command) -> Verdict {
        let first = self.laptop.counter + 1;
        let signed = self.laptop.issue(command);
        world.push(&self.laptop, first, &[signed]).await.unwrap().results.remove(0).verdict
    }
}

struct Scene {
    world: World,
    /// Administrator.
    ruth: Holder,
    /// Configuration manager.
    cora: Holder,
    sites: [SiteId; 2],
    cis: [CiId; 2],
    tess: PersonId,
}

/// Two sites with a CI each, whose note is a secret; Tess is a technician.
async fn scene() -> Scene {
    let world = World::new().await;
    let mut ruth = Holder::new(&world, "ruth").await;
    let sites = [SiteId(new_id()), SiteId(new_id())];
    for (id, name) in sites.into_iter().zip(["Hamburg", "Bremen"]) {
        let site = Site { id, name: name.into(), address: String::new() };
        ruth.send(&world, Command::Setup(SetupCommand::PutSite(site))).await;
    }
    let tess = world.office().add_user(&crate::support::user("tess", Role::Technician)).unwrap().id;
    world.office().add_user(&crate::support::user("cora", Role::ConfigurationManager)).unwrap();
    let mut cora = Holder::new(&world, "cora").await;
    let mut cis = Vec::new();
    for (n, site) in (1..).zip(sites) {
        let id = CiId(new_id());
        let mut ci = Ci::blank(id, Number::new(Series::Ci, n), "server", &format!("srv-{n}"));
        (ci.location.site, ci.notes) = (Some(site), format!("secret-{n}"));
        let verdict = cora.send(&world, Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)))).await;
        assert!(matches!(verdict, Verdict::Applied { .. }), "{verdict:?}");
        cis.push(id);
    }
    Scene { world, ruth, cora, sites, cis: [cis[0], cis[1]], tess }
}

impl Scene {
    fn only(&self, from: Option<&[SiteId]>, to: Option<&[SiteId]>) -> Command {
        let set = |sites: Option<&[SiteId]>| sites.map(|sites| sites.iter().copied().collect());
        Command::Setup(SetupCommand::AssignSites(Assignee::Person(self.tess), Edit { from: set(from), to: set(to) }))
    }

    async fn restrict(&mut self, from: Option<&[SiteId]>, to: Option<&[SiteId]>) {
        let command = self.only(from, to);
        let verdict = self.ruth.send(&self.world, command).await;
        assert!(matches!(verdict, Verdict::Applied { .. }), "{verdict:?}");
    }

    fn bucket(&self, n: usize) -> Bucket {
        Bucket::Site(self.sites[n])
    }
}

fn text(pages: &[Page]) -> String {
    serde_json::to_string(pages).unwrap()
}

#[tokio::test]
async fn what_may_not_be_read_is_never_sent() {
    let mut scene = scene().await;
    scene.restrict(None, Some(&[scene.sites[0]])).await;
    let mut tess = Holder::new(&scene.world, "tess").await;
    let pages = tess.pull(&scene.world).await;
    assert_eq!(tess.sites(), [scene.bucket(0)].into());
    let sent = text(&pages);
    assert!(sent.contains("secret-1") && !sent.contains("secret-2"), "only Hamburg's");
    let stolen = BTreeMap::from([(scene.bucket(1), 0)]);
    for scope in ["", &tess.scope] {
        let answer = scene.world.send_pull(&tess.laptop, &tess.ask(stolen.clone(), scope)).await;
        assert_eq!(answer.map_err(|e| e.code).map(|_| ()), Err(ErrorCode::BucketUnknown), "asked for with {scope:?}");
    }
    let page = scene.world.send_pull(&tess.laptop, &tess.ask(stolen, "another")).await.unwrap();
    assert!(page.entries.is_empty() && page.cursors.is_empty() && page.sums.is_empty(), "told the scope, and no more");
    let change = FieldChange { field: "notes".into(), from: "guess".into(), to: "mine".into() };
    let verdict = tess.send(&scene.world, Command::Cmdb(CmdbCommand::SetFields(scene.cis[1], vec![change]))).await;
    let answer = serde_json::to_string(&verdict).unwrap();
    assert!(answer.contains("OUT_OF_SCOPE") && !answer.contains("secret-2"), "nor told by way of a conflict: {answer}");
}

#[tokio::test]
async fn a_revocation_takes_the_bucket_away_and_a_grant_brings_it_back() {
    let mut scene = scene().await;
    let mut tess = Holder::new(&scene.world, "tess").await;
    let all = tess.pull(&scene.world).await;
    assert_eq!(tess.sites(), [scene.bucket(0), scene.bucket(1)].into(), "everybody reads all at first");
    assert!(text(&all).contains("secret-2"));
    assert_eq!(tess.pull(&scene.world).await.len(), 1, "a scope that is known is not told again");
    scene.restrict(None, Some(&[scene.sites[0]])).await;
    let pages = tess.pull(&scene.world).await;
    assert_eq!(tess.sites(), [scene.bucket(0)].into());
    assert!(!pages[0].cursors.contains_key(&scene.bucket(1)), "in the very page that tells of it");
    // What happens there meanwhile is not heard of.
    let change = FieldChange { field: "version".into(), from: String::new(), to: "secret-3".into() };
    let command = Command::Cmdb(CmdbCommand::SetFields(scene.cis[1], vec![change]));
    scene.cora.send(&scene.world, command).await;
    assert!(!text(&tess.pull(&scene.world).await).contains("secret-3"));
    scene.restrict(Some(&[scene.sites[0]]), None).await;
    let pages = tess.pull(&scene.world).await;
    assert!(text(&pages).contains("secret-3"), "all of it comes again, as it stands now");
    assert_eq!(tess.held[&scene.bucket(1)].len(), 3, "the CI, and its history of two steps");
}

#[tokio::test]
async fn a_ci_that_moves_leaves_one_site_and_comes_to_the_other() {
    let mut scene = scene().await;
    let (hamburg, bremen) = (scene.bucket(0), scene.bucket(1));
    let mut tess = Holder::new(&scene.world, "tess").await;
    tess.pull(&scene.world).await;
    assert_eq!((tess.held[&hamburg].len(), tess.held[&bremen].len()), (2, 2), "a CI each, with its first step");
    let (from, to) = (scene.sites[0].to_string(), scene.sites[1].to_string());
    let change = FieldChange { field: "location.site".into(), from, to };
    let verdict =
        scene.cora.send(&scene.world, Command::Cmdb(CmdbCommand::SetFields(scene.cis[0], vec![change]))).await;
    assert!(matches!(verdict, Verdict::Applied { .. }), "{verdict:?}");
    let pages = tess.pull(&scene.world).await;
    assert_eq!((tess.held[&hamburg].len(), tess.held[&bremen].len()), (0, 5), "its history moves with it");
    let last = pages.last().unwrap();
    assert_eq!((last.sums[&hamburg].count, last.sums[&bremen].count), (0, 5));
    assert!(last.complete && last.cursors.values().all(|seq| *seq == last.head), "every bucket is at the head");
}
