//! What one laptop does is heard on another at once, however the network between them behaves.

use crate::support::{Centre, Laptop, PASSWORD, Seen, a_ci};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use axum_server::tls_rustls::RustlsConfig;
use serde_json::json;
use slipway_app::host::{Host, Notice};
use slipway_app::local::FlipNews;
use slipway_app::profile::Trust;
use slipway_app::session::{Credentials, Session};
use slipway_app::sync_driver::{Driver, Watch};
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::SyncStatus;
use slipway_app::watchdog::Patience;
use slipway_app::{App, Background};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{CiId, ReleaseId};
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::record::Phase;
use slipway_domain::time::Timestamp;
use slipway_server::sample;
use slipway_store::error::StoreError;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A desktop that remembers what it was told, and when.
#[derive(Default)]
struct Desktop {
    notices: Mutex<Vec<(Instant, Notice)>>,
    status: Mutex<SyncStatus>,
}

impl Host for Desktop {
    fn changed(&self, _changes: &Changes) {}
    fn sync(&self, status: &SyncStatus) {
        *self.status.lock().unwrap() = status.clone();
    }
    fn notify(&self, notice: &Notice) {
        self.notices.lock().unwrap().push((Instant::now(), notice.clone()));
    }
}

impl Desktop {
    /// Notices that name this.
    fn about(&self, label: &str) -> Vec<Instant> {
        let notices = self.notices.lock().unwrap();
        notices.iter().filter(|(_, notice)| notice.body.contains(label)).map(|(at, _)| *at).collect()
    }

    async fn synced(&self) {
        until("a sync", || self.status.lock().unwrap().last_sync_at).await;
    }
}

async fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A person of the sample company at a laptop.
async fn laptop_of(centre: &Centre, user: &str) -> Laptop {
    Laptop::signed_in_with(centre, user, sample::PASSWORD).await
}

/// Ids and labels of the sample's releases in a phase.
fn releases_in(app: &App, phase: Phase) -> Vec<(ReleaseId, String)> {
    let mut found = Vec::new();
    let store = app.open().unwrap().store.clone();
    store
        .each::<StoreError>(Kind::Release, &mut |record| {
            let label = record.label();
            if let Record::Release(release) = record
                && release.phase == phase
            {
                found.push((release.id, label));
            }
            Ok(())
        })
        .unwrap();
    found
}

async fn request_approval(app: &App, release: &str) {
    app.call("releases.act", json!({ "release": release, "action": "request_approval" })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_asked_for_on_one_laptop_is_told_on_another_within_two_seconds_and_never_twice() {
    let centre = Centre::with_sample().await;
    let (ines, jonas) = (laptop_of(&centre, "ines").await, laptop_of(&centre, "jonas").await);
    let (hers, his) = (Arc::new(Desktop::default()), Arc::new(Desktop::default()));
    let ines_app = ines.app_with(hers.clone(), Background::Sync).await;
    let jonas_app = jonas.app_with(his.clone(), Background::Sync).await;
    hers.synced().await;
    his.synced().await;
    let label = releases_in(&ines_app, Phase::DistributionAndRollout).remove(0).1;
    let before = Instant::now();
    request_approval(&ines_app, &label).await;
    let told = until("the notice", || his.about(&label).first().copied()).await;
    let delay = told.saturating_duration_since(before);
    println!("told {} ms after the request", delay.as_millis());
    assert!(delay < Duration::from_secs(2), "told after {delay:?}");
    assert_eq!(hers.about(&label).len(), 0, "who asked is not told");

    // The record changes again, is fetched anew, and the program is started anew: it is not told again.
    let store = jonas_app.open().unwrap().store.clone();
    store.start_over(None).unwrap();
    jonas_app.call("sync.now", json!(null)).await.unwrap();
    until("a refetch", || store.status().unwrap().cursors.iter().all(|c| c.seq > 0).then_some(())).await;
    drop((store, jonas_app));
    let again = Arc::new(Desktop::default());
    let jonas_app = jonas.app_with(again.clone(), Background::Sync).await;
    again.synced().await;
    assert_eq!((his.about(&label).len(), again.about(&label).len()), (1, 0), "told once");
    drop((jonas_app, ines_app));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_asked_for_while_a_laptop_was_off_is_told_with_its_first_sync() {
    let centre = Centre::with_sample().await;
    let (ines, jonas) = (laptop_of(&centre, "ines").await, laptop_of(&centre, "jonas").await);
    let his = Arc::new(Desktop::default());
    let jonas_app = jonas.app_with(his.clone(), Background::Sync).await;
    his.synced().await;
    drop(jonas_app);
    ines.sync().await.unwrap();
    let ines_app = ines.app().await;
    let label = releases_in(&ines_app, Phase::DistributionAndRollout).remove(0).1;
    request_approval(&ines_app, &label).await;
    ines.sync().await.unwrap();
    // The command line fetches it first; telling is left to the window.
    jonas.sync().await.unwrap();
    let his = Arc::new(Desktop::default());
    let jonas_app = jonas.app_with(his.clone(), Background::Sync).await;
    until("the notice", || his.about(&label).first().copied()).await;
    drop(jonas_app);
}

/// A computer whose clock a test sets, and that may hang when it is told something.
#[derive(Default)]
struct Odd {
    ahead_ms: AtomicI64,
    hang: AtomicBool,
    hung: AtomicUsize,
    statuses: Mutex<Vec<SyncStatus>>,
    flips: AtomicUsize,
}

impl Watch for Odd {
    fn now(&self) -> Timestamp {
        Timestamp(slipway_app::host::System.now().0 + self.ahead_ms.load(Ordering::SeqCst))
    }
    fn status(&self, status: &SyncStatus) {
        self.statuses.lock().unwrap().push(status.clone());
        if self.hang.swap(false, Ordering::SeqCst) {
            self.hung.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_secs(20));
        }
    }
    fn flipped(&self, _news: &FlipNews) {
        self.flips.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_driver_that_hangs_is_replaced_and_says_so() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let odd = Arc::new(Odd::default());
    odd.hang.store(true, Ordering::SeqCst);
    let patience = Patience { look: Duration::from_millis(100), grace: Duration::from_secs(2) };
    let driver = Driver::start_watched(anna.session.clone(), odd.clone(), patience).unwrap().unwrap();
    until("the hang", || (odd.hung.load(Ordering::SeqCst) > 0).then_some(())).await;
    let ci = a_ci("web-01");
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)))).unwrap();
    driver.issued();
    let said = until("word of it", || {
        let statuses = odd.statuses.lock().unwrap();
        statuses.iter().filter_map(|status| status.sentence.clone()).find(|sentence| sentence.contains("started anew"))
    })
    .await;
    assert!(said.contains("did not answer"), "{said}");
    until("the command's way", || (anna.session.store().status().unwrap().pending == 0).then_some(())).await;
    until("all being well again", || driver.status().sentence.is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_that_slept_syncs_at_once() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    let odd = Arc::new(Odd::default());
    let driver = Driver::start(anna.session.clone(), odd.clone()).unwrap().unwrap();
    until("the first sync", || (odd.flips.load(Ordering::SeqCst) > 0).then_some(())).await;
    until("its end", || (!driver.status().running).then_some(())).await;
    let before = odd.flips.load(Ordering::SeqCst);
    let began = Instant::now();
    odd.ahead_ms.store(3_600_000, Ordering::SeqCst);
    until("a sync", || (odd.flips.load(Ordering::SeqCst) > before).then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(10), "synced {:?} after the sleep", began.elapsed());
}

/// A proxy in front of the server that keeps event streams to itself.
struct Proxy {
    url: String,
    trust: Trust,
    streams: Arc<AtomicUsize>,
    waits: Arc<AtomicUsize>,
    handle: axum_server::Handle<std::net::SocketAddr>,
}

impl Proxy {
    async fn before(centre: &Centre) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let Trust::Authority(authority) = centre.trust() else { unreachable!() };
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(authority.as_bytes()).unwrap()])
            .build()
            .unwrap();
        let (streams, waits) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (target, seen, asked) = (centre.url().to_owned(), streams.clone(), waits.clone());
        let pass = move |request: Request| {
            let (client, target, seen, asked) = (client.clone(), target.clone(), seen.clone(), asked.clone());
            async move {
                match request.uri().path() {
                    "/v1/events" => {
                        seen.fetch_add(1, Ordering::SeqCst);
                        let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
                        let response = Response::builder().header(header::CONTENT_TYPE, "text/event-stream");
                        return response.body(Body::from_stream(never)).unwrap();
                    }
                    "/v1/head" => asked.fetch_add(1, Ordering::SeqCst),
                    _ => 0,
                };
                let url = format!("{target}{}", request.uri().path_and_query().unwrap());
                let (parts, body) = request.into_parts();
                let mut headers = parts.headers;
                headers.remove(header::HOST);
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                match client.request(parts.method, url).headers(headers).body(body).send().await {
                    Ok(answer) => {
                        let mut response = Response::builder().status(answer.status());
                        for (name, value) in answer.headers() {
                            response = response.header(name, value);
                        }
                        response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
                    }
                    Err(_) => Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap(),
                }
            }
        };
        let tls = RustlsConfig::from_pem(cert.clone().into_bytes(), key.into_bytes()).await.unwrap();
        let handle = axum_server::Handle::<std::net::SocketAddr>::new();
        let server = axum_server::bind_rustls(([127, 0, 0, 1], 0).into(), tls).handle(handle.clone());
        tokio::spawn(server.serve(Router::new().fallback(any(pass)).into_make_service()));
        let address = handle.listening().await.unwrap();
        Self {
            url: format!("https://localhost:{}", address.port()),
            trust: Trust::Authority(cert),
            streams,
            waits,
            handle,
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_that_holds_the_stream_back_a_waiting_question_does_the_same() {
    let centre = Centre::start().await;
    let proxy = Proxy::before(&centre).await;
    let laptop = Laptop::new();
    let (profile, key) = laptop.made();
    let credentials = Credentials { server: &proxy.url, trust: Some(&proxy.trust), user: "anna", password: PASSWORD };
    let anna = Arc::new(Session::sign_in(profile, &key, laptop.keychain(), credentials).await.unwrap());
    let seen = Arc::new(Seen::default());
    let driver = Driver::start(anna.clone(), seen.clone()).unwrap().unwrap();
    seen.until("a sync", |status| status.last_sync_at.is_some()).await;
    until("a waiting question", || (proxy.waits.load(Ordering::SeqCst) >= 2).then_some(())).await;
    assert_eq!(proxy.streams.load(Ordering::SeqCst), 1, "the stream was tried");

    let bea = Laptop::signed_in(&centre, "bea").await;
    bea.sync().await.unwrap();
    let ci = a_ci("web-01");
    let id: CiId = ci.id;
    bea.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)))).unwrap();
    bea.sync().await.unwrap();
    let began = Instant::now();
    until("the record", || holds(&anna, id).then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(2), "there after {:?}", began.elapsed());
    drop(driver);
}

fn holds(session: &Session, id: CiId) -> bool {
    session
        .store()
        .read(|records: &_| slipway_domain::records::Records::read(records, Kind::Ci, id.0))
        .is_ok_and(|record: Option<Record>| record.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_went_and_came_is_found_again_by_itself() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    let seen = Arc::new(Seen::default());
    let driver = Driver::start(anna.session.clone(), seen.clone()).unwrap().unwrap();
    seen.until("online", |status| status.online && !status.running && status.last_sync_at.is_some()).await;
    // Long enough for the stream to stand.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = Instant::now();
    centre.stop().await;
    seen.until("offline", |status| status.offline_since.is_some()).await;
    assert!(began.elapsed() < Duration::from_secs(8), "noticed after {:?}", began.elapsed());
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("web-01"))))).unwrap();
    driver.issued();
    centre.resume().await;
    seen.until("online again", |status| status.offline_since.is_none() && status.waiting == 0).await;
}

/// Releases that a person's Inbox shows as stopped by a master, by number.
async fn stopped(app: &App) -> Vec<String> {
    let inbox = app.call("inbox.get", json!(null)).await.unwrap();
    let lines = inbox["withdrawn"].as_array().unwrap().iter();
    lines.map(|line| line["release"]["label"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_master_stops_its_releases_and_is_told_to_who_answers_for_them() {
    let centre = Centre::with_sample().await;
    let (ines, oskar) = (laptop_of(&centre, "ines").await, laptop_of(&centre, "oskar").await);
    let (hers, his) = (Arc::new(Desktop::default()), Arc::new(Desktop::default()));
    let ines_app = ines.app_with(hers.clone(), Background::Sync).await;
    let oskar_app = oskar.app_with(his.clone(), Background::Sync).await;
    hers.synced().await;
    his.synced().await;
    let mut of_an_item = None;
    for (release, label) in releases_in(&ines_app, Phase::BuildAndTest) {
        let page = ines_app.call("releases.get", json!({ "release": label })).await.unwrap();
        let mut components = page["release"]["scope"]["components"].as_array().unwrap().iter();
        let item = components.find_map(|component| component["dsl_item"].as_str()).map(str::to_owned);
        of_an_item = of_an_item.or(item.map(|item| (release, label, item)));
    }
    let (release, label, item) = of_an_item.expect("a release that is built from the library");
    let before = (stopped(&ines_app).await, stopped(&oskar_app).await);
    assert!(!before.0.contains(&label) && !before.1.contains(&label), "{before:?}");

    let withdraw = json!({ "item": item, "action": "withdraw", "reason": "A known flaw" });
    oskar_app.call("dsl.act", withdraw).await.unwrap();
    until("the notice", || hers.about(&label).first().copied()).await;
    assert_eq!(his.about(&label).len(), 0, "who withdrew it is not told of it");
    assert!(stopped(&ines_app).await.contains(&label), "who answers for the release sees it");
    assert!(stopped(&oskar_app).await.contains(&label), "and who keeps the library");
    let advance = json!({ "release": label, "action": "advance" });
    assert!(ines_app.call("releases.act", advance).await.unwrap_err().has("MASTER_WITHDRAWN"));

    let terminate = json!({ "release": release.to_string(), "action": "terminate", "reason": "Built anew" });
    ines_app.call("releases.act", terminate).await.unwrap();
    assert!(!stopped(&ines_app).await.contains(&label), "what is closed is stopped by nothing");
    drop((ines_app, oskar_app));
}
