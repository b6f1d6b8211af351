//! Event streams and waiting head queries, as a laptop reads them.

use super::World;
use crate::support::{Laptop, PASSWORD, a_site, answer, user};
use reqwest::Response;
use slipway_domain::people::Role;
use slipway_sync::events::Reader;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Head};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What a test waits for at most; heartbeats are 20 seconds apart.
const PATIENCE: Duration = Duration::from_secs(30);

struct Stream {
    response: Response,
    reader: Reader,
    heads: VecDeque<Head>,
    /// Where the server stood at its beginning.
    first: u64,
}

impl Stream {
    async fn open(world: &World, laptop: &Laptop) -> Self {
        let response = get(world, laptop, "events").await;
        assert!(response.status().is_success(), "{}", response.status());
        let mut stream = Self { response, reader: Reader::default(), heads: VecDeque::new(), first: 0 };
        stream.first = stream.next().await.expect("a stream begins with where the server stands").head;
        stream
    }

    /// Whether the stream ends with nothing new before it; the same may be said again.
    async fn ends(&mut self) -> bool {
        while let Some(head) = self.next().await {
            if head.head != self.first {
                return false;
            }
        }
        true
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Head> {
        loop {
            if let Some(head) = self.heads.pop_front() {
                return Some(head);
            }
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event in time");
            self.heads.extend(self.reader.take(&piece.ok()??).unwrap());
        }
    }
}

async fn get(world: &World, laptop: &Laptop, route: &str) -> Response {
    let url = format!("{}/v1/{route}", world.running.url);
    world.client.get(url).bearer_auth(&laptop.session.access_token).send().await.unwrap()
}

async fn wait(world: &World, laptop: &Laptop, than: u64, seconds: u64) -> Result<Head, ErrorBody> {
    let epoch = laptop.session.epoch;
    answer(get(world, laptop, &format!("head?epoch={epoch}&than={than}&wait={seconds}")).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_heard_at_once_by_who_streams_and_who_waits() {
    let world = World::new().await;
    let (mut ruth, listener, waiter) =
        (world.laptop("ruth").await, world.laptop("ruth").await, world.laptop("ruth").await);
    let mut stream = Stream::open(&world, &listener).await;
    let head = world.pull(&ruth, 0, 0, 1).await.unwrap().head;
    let waiting = wait(&world, &waiter, head, 25);
    let pushing = async {
        let site = ruth.issue(a_site("Harbour"));
        world.push(&ruth, 1, &[site]).await.unwrap();
        Instant::now()
    };
    let (waited, pushed) = tokio::join!(waiting, pushing);
    assert_eq!(waited.unwrap().head, head + 1);
    assert_eq!(stream.next().await.unwrap().head, head + 1);
    assert!(pushed.elapsed() < Duration::from_secs(2), "heard {:?} after the push", pushed.elapsed());
    assert_eq!(wait(&world, &waiter, head, 25).await.unwrap().head, head + 1, "what is known already needs no wait");
    assert_eq!(wait(&world, &waiter, head + 1, 0).await.unwrap().head, head + 1, "and a wait of nothing ends at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_writes_is_heard_as_well() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, &world.laptop("ruth").await).await;
    world.office().add_user(&user("sam", Role::Viewer)).unwrap();
    assert!(stream.next().await.unwrap().head > 0, "the poll found it");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_spaced_however_fast_the_head_moves() {
    let world = World::new().await;
    let mut ruth = world.laptop("ruth").await;
    let mut stream = Stream::open(&world, &world.laptop("ruth").await).await;
    let (began, mut heard) = (Instant::now(), 0_u64);
    let mut last = 0;
    for counter in 1..=40 {
        let site = ruth.issue(a_site(&format!("Quay {counter}")));
        last = world.push(&ruth, counter, &[site]).await.unwrap().head;
    }
    loop {
        heard += 1;
        if stream.next().await.unwrap().head == last {
            break;
        }
    }
    let most = limits::EVENTS_PER_SECOND * (u64::try_from(began.elapsed().as_millis()).unwrap() / 1_000 + 1) + 1;
    assert!(heard <= most.min(40), "{heard} events in {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_keeps_its_newest_streams() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let mut streams = Vec::new();
    for _ in 0..=limits::STREAMS_PER_DEVICE {
        streams.push(Stream::open(&world, &laptop).await);
    }
    assert_eq!(streams[0].next().await, None, "the oldest ended for the newest");
    let mut ruth = world.laptop("ruth").await;
    let site = ruth.issue(a_site("Harbour"));
    world.push(&ruth, 1, &[site]).await.unwrap();
    for stream in &mut streams[1..] {
        assert!(stream.next().await.is_some(), "the others go on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shut_out_device_hears_nothing_more() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let mut stream = Stream::open(&world, &laptop).await;
    world.office().core().set_revoked(laptop.device.id, true, slipway_domain::id::PersonId::SYSTEM).unwrap();
    let began = Instant::now();
    while stream.next().await.is_some() {}
    assert!(began.elapsed() <= Duration::from_millis(limits::HEARTBEAT_MS) + Duration::from_secs(5));
    let error = answer::<Head>(get(&world, &laptop, "events").await).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::DeviceRevoked);
    assert_eq!(wait(&world, &laptop, 0, 25).await.unwrap_err().code, ErrorCode::DeviceRevoked);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_without_a_session() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let mut stream = Stream::open(&world, &laptop).await;
    world.post("sign-out").bearer_auth(&laptop.session.access_token).send().await.unwrap();
    assert!(stream.ends().await, "signing out ends the stream");
    laptop.session.access_token = "made up".into();
    let error = answer::<Head>(get(&world, &laptop, "events").await).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotSignedIn);
    let sam = world.sign_in("ruth", PASSWORD, &laptop.device).await.unwrap();
    laptop.session = sam;
    Stream::open(&world, &laptop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_passes_proxies_unbuffered_and_unpacked_and_ends_with_the_server() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let mut stream = Stream::open(&world, &laptop).await;
    let header = |name: &str| stream.response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!(header("cache-control").as_deref(), Some("no-cache, no-transform"));
    assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
    assert_eq!(header("content-encoding"), None, "a packed stream would wait for more");
    let head = world.pull(&laptop, 0, 0, 1).await.unwrap().head;
    let url = format!("{}/v1/head?epoch={}&than={head}&wait=25", world.running.url, laptop.session.epoch);
    let request = world.client.get(url).bearer_auth(&laptop.session.access_token);
    let mut waiting = tokio::spawn(async move { answer::<Head>(request.send().await.unwrap()).await });
    let early = tokio::time::timeout(Duration::from_millis(500), &mut waiting).await;
    assert!(early.is_err(), "it waits");
    let began = Instant::now();
    world.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "stopping took {:?}", began.elapsed());
    let waited = waiting.await.unwrap();
    assert_eq!(waited.unwrap().head, head, "a wait ends with the server's stop");
    assert!(stream.ends().await, "and so does a stream");
}
