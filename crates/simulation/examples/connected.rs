//! What a server that nobody writes to costs: bytes and processor time a minute with 200 real laptops connected, and the
//! memory of 1,000 open event streams. The server is the real program in a process of its own.
//!
//! Run by `cargo xtask bench server`; a number as argument says for how many seconds it is watched.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a bench stops at the first surprise"
)]

use slipway_app::keychain::OsKeychain;
use slipway_app::local::FlipNews;
use slipway_app::profile::{KeyChoice, Profile, Trust};
use slipway_app::session::{Credentials, Session};
use slipway_app::sync_driver::{Driver, Watch, sync_once};
use slipway_app::transport::Server as Remote;
use slipway_app::view::profile::SyncStatus;
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::people::Role;
use slipway_domain::time::Timestamp;
use slipway_server::core::{Caller, system_clock};
use slipway_server::setup::{NewUser, NewWorkspace, Office};
use slipway_sync::protocol::NewDevice;
use slipway_sync::signing::PrivateKey;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use uuid::Uuid;

const LAPTOPS: usize = 200;
const STREAMS: usize = 1_000;
const PASSWORD: &str = "a long enough password";
/// Ticks in which Linux counts the time of processes.
const TICKS_PER_SECOND: f64 = 100.0;

struct Nobody;

impl Watch for Nobody {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp(i64::try_from(since.as_millis()).unwrap())
    }
    fn status(&self, _: &SyncStatus) {}
    fn flipped(&self, _: &FlipNews) {}
}

/// The program itself; it ends with the value.
struct Serving {
    child: Child,
    port: u16,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    fn start(data: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Examples lie in a folder beside the programs.
        let beside = std::env::current_exe().unwrap();
        let program = beside.ancestors().nth(2).unwrap().join("slipway-server");
        let child = Command::new(&program)
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}: build it first", program.display()));
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }

    /// Time on the processors so far, in seconds.
    fn busy(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name in parentheses may hold blanks; user and system time are the 12th and 13th word behind it.
        let (_, behind) = stat.rsplit_once(')').unwrap();
        behind.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>()
            / TICKS_PER_SECOND
    }

    /// Resident memory in MiB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Open connections, and bytes sent and received on them so far, TLS included. What connections that ended carried
    /// is not counted, so they must be as many at the beginning and at the end.
    fn traffic(&self) -> (usize, f64, f64) {
        let port = format!(":{}", self.port);
        let out = Command::new("ss").args(["-tinH", "sport", "=", &port]).output().expect("ss, of package iproute2");
        let text = String::from_utf8(out.stdout).unwrap();
        let sum = |name: &str| -> f64 {
            text.split_whitespace().filter_map(|word| word.strip_prefix(name)?.parse::<f64>().ok()).sum()
        };
        (text.matches("ESTAB").count(), sum("bytes_sent:"), sum("bytes_received:"))
    }
}

fn main() {
    let watched = std::env::args().nth(1).map_or(120, |seconds| seconds.parse().expect("seconds"));
    slipway_app::tls::install_provider();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let new = NewWorkspace { name: "Bench".to_owned(), administrator: None };
    let office = Office::create(&data, &new, system_clock()).unwrap();
    let anna = NewUser {
        user: "anna".to_owned(),
        name: "Anna".to_owned(),
        roles: vec![Role::ConfigurationManager],
        groups: Vec::new(),
        password: PASSWORD.to_owned(),
    };
    let anna = office.add_user(&anna).unwrap().id;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let serving = Serving::start(&data);
    let trust = Trust::Authority(fs::read_to_string(data.join("ca.pem")).unwrap());
    let url = format!("https://127.0.0.1:{}", serving.port);
    println!("{:<66} {:>10.1}", "resident memory of the server with nobody connected, MiB", serving.memory());
    let laptops = runtime.block_on(connect(&url, &trust));
    idle(&serving, watched);
    drop(laptops);
    sleep(Duration::from_secs(3));
    runtime.block_on(streams(&office, anna, &serving, &url, &trust));
}

/// Laptops as the window has them: each with its database, signed in, synced once, and syncing by itself.
async fn connect(url: &str, trust: &Trust) -> Vec<(TempDir, Arc<Session>, Driver)> {
    let mut laptops = Vec::new();
    for n in 0..LAPTOPS {
        let folder = tempfile::tempdir().unwrap();
        let choice = KeyChoice::Passphrase("bench");
        let (profile, key) = Profile::create(folder.path(), choice, &format!("laptop {n}"), &OsKeychain).unwrap();
        let credentials = Credentials { server: url, trust: Some(trust), user: "anna", password: PASSWORD };
        let session = Arc::new(Session::sign_in(profile, &key, Arc::new(OsKeychain), credentials).await.unwrap());
        sync_once(session.clone(), Arc::new(Nobody)).await.unwrap();
        let driver = Driver::start(session.clone(), Arc::new(Nobody)).unwrap().expect("a profile with a server");
        laptops.push((folder, session, driver));
    }
    laptops
}

/// Nobody does anything while the server is watched.
fn idle(serving: &Serving, seconds: u64) {
    // What came last finds its rest first.
    sleep(Duration::from_secs(25));
    let ((connections, sent, received), busy, began) = (serving.traffic(), serving.busy(), Instant::now());
    sleep(Duration::from_secs(seconds));
    let (after, sent_after, received_after) = serving.traffic();
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    assert!(connections >= LAPTOPS, "only {connections} connections of {LAPTOPS} laptops");
    let a_minute = |from: f64, to: f64| (to - from) / minutes;
    let line = |what: &str, value: f64| println!("{what:<66} {value:>10.1}");
    println!("{LAPTOPS} laptops with nothing to do, over {connections} to {after} connections, watched {seconds} s:");
    line("  bytes a minute and laptop from the server", a_minute(sent, sent_after) / LAPTOPS as f64);
    line("  bytes a minute and laptop to the server", a_minute(received, received_after) / LAPTOPS as f64);
    line("  processor time of the server, ms a minute", a_minute(busy, serving.busy()) * 1_000.0);
    line("  resident memory of the server, MiB", serving.memory());
}

/// Event streams of as many devices, each over a connection of its own.
async fn streams(office: &Office, anna: PersonId, serving: &Serving, url: &str, trust: &Trust) {
    let before = serving.memory();
    let began = Instant::now();
    let mut open = Vec::new();
    for n in 0..STREAMS {
        let device = DeviceId(Uuid::now_v7());
        let mut seed = [0; 32];
        if let Some(start) = seed.first_chunk_mut::<16>() {
            *start = device.0.into_bytes();
        }
        let public_key = PrivateKey::from_seed(&seed).public();
        let new = NewDevice { id: device, name: format!("stream {n}"), public_key };
        let caller = Caller { person: anna, device, revoked: false };
        let session = office.core().new_device(&caller, &new).unwrap();
        let remote = Remote::new(url, trust).unwrap();
        let mut stream = remote.events(&session.access_token).await.unwrap();
        stream.next().await.unwrap().expect("a stream begins with where the server stands");
        open.push((remote, stream));
    }
    let connected = began.elapsed().as_secs_f64();
    let memory = serving.memory();
    // One of them, heard by all.
    let began = Instant::now();
    office.add_group("Network CAB", &[], None).unwrap();
    for (_, stream) in &mut open {
        stream.next().await.unwrap().expect("the head moved");
    }
    let told = began.elapsed().as_secs_f64();
    println!("{STREAMS} event streams, each over a connection of its own:");
    println!("{:<66} {connected:>10.1}", "  seconds to open all");
    println!("{:<66} {told:>10.2}", "  seconds until all had heard of a command by another process");
    println!("{:<66} {memory:>10.1}", "  resident memory of the server, MiB");
    println!("{:<66} {:>10.1}", "  KiB a stream", (memory - before) * 1024.0 / STREAMS as f64);
}
