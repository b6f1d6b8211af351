//! How many small commands a second the server judges durably, on SQLite and on PostgreSQL, rules, signatures and log
//! included. `cargo run --release -p slipway-server --example push -- [SECONDS]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise"
)]

use slipway_cluster::{Cluster, Durability};
use slipway_domain::command::{Command, Envelope, RULES_VERSION, SetupCommand};
use slipway_domain::id::{CommandId, DeviceId, PersonId, SiteId};
use slipway_domain::people::{Role, Site};
use slipway_server::core::{Caller, Core, system_clock};
use slipway_server::setup::{NewUser, NewWorkspace, Office};
use slipway_server::storage::postgres::Address;
use slipway_sync::protocol::{Epoch, NewDevice, Push, SignedCommand, Verdict};
use slipway_sync::signing::{PrivateKey, sign};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Laptops that push at the same time, and commands in each push.
const SHAPES: &[(usize, usize)] = &[(200, 1), (50, 10), (8, 64)];
/// Pushes that each laptop has ready; when all are judged, the run is over before its time.
const COMMANDS: usize = 60_000;

struct Laptop {
    caller: Caller,
    pushes: Vec<Push>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

fn new_id() -> Uuid {
    let random =
        u128::from(NEXT.fetch_add(1, Ordering::Relaxed)).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let millis = u64::try_from(system_clock()().0).unwrap();
    uuid::Builder::from_unix_timestamp_millis(millis, random.to_be_bytes()[..10].try_into().unwrap()).into_uuid()
}

fn main() {
    let seconds = std::env::args().nth(1).map_or(5, |text| text.parse().expect("seconds"));
    println!(
        "{:<12} {:>8} {:>10} {:>12} {:>10} {:>10}",
        "storage", "laptops", "a push", "commands/s", "p50 ms", "p99 ms"
    );
    for (laptops, size) in SHAPES {
        let folder = tempfile::tempdir().unwrap();
        measure("sqlite", folder.path(), None, *laptops, *size, seconds);
        let cluster = Cluster::start(Durability::Full).unwrap();
        let address = cluster.database().parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        measure("postgresql", folder.path(), Some(&address), *laptops, *size, seconds);
    }
}

fn measure(name: &str, folder: &std::path::Path, database: Option<&Address>, count: usize, size: usize, seconds: u64) {
    let new = NewWorkspace { name: "Bench".into(), administrator: None };
    let office = Office::create_in(folder, &new, database, system_clock()).unwrap();
    let user = NewUser {
        user: "anna".into(),
        name: "Anna".into(),
        roles: vec![Role::Administrator],
        groups: Vec::new(),
        password: "a long enough password".into(),
    };
    let person = office.add_user(&user).unwrap().id;
    let core = office.core();
    let epoch = office.state().unwrap().epoch;
    let laptops: Vec<Laptop> =
        (0..count).map(|n| laptop(core, person, epoch, n, size, COMMANDS / count / size)).collect();
    let over = AtomicBool::new(false);
    let started = Instant::now();
    let (mut judged, mut times) = (0, Vec::new());
    std::thread::scope(|scope| {
        let working: Vec<_> = laptops.iter().map(|laptop| scope.spawn(|| work(core, laptop, &over))).collect();
        let end = started + Duration::from_secs(seconds);
        while Instant::now() < end && !working.iter().all(|thread| thread.is_finished()) {
            std::thread::sleep(Duration::from_millis(20));
        }
        over.store(true, Ordering::Relaxed);
        for thread in working {
            let (commands, each) = thread.join().unwrap();
            judged += commands;
            times.extend(each);
        }
    });
    let elapsed = started.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1_000.0;
    #[allow(clippy::cast_precision_loss)]
    let rate = judged as f64 / elapsed;
    println!("{name:<12} {count:>8} {size:>10} {rate:>12.0} {:>10.1} {:>10.1}", at(50), at(99));
}

fn work(core: &Core, laptop: &Laptop, over: &AtomicBool) -> (usize, Vec<Duration>) {
    let (mut judged, mut times) = (0, Vec::new());
    for push in &laptop.pushes {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        let pushed = core.push(&laptop.caller, push).unwrap();
        times.push(began.elapsed());
        assert!(pushed.results.iter().all(|result| matches!(result.verdict, Verdict::Applied { .. })), "{pushed:?}");
        judged += pushed.results.len();
    }
    (judged, times)
}

/// A laptop with its commands signed beforehand, as real ones come.
fn laptop(core: &Core, person: PersonId, epoch: Epoch, n: usize, size: usize, pushes: usize) -> Laptop {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(new_id().as_bytes());
    let key = PrivateKey::from_seed(&seed);
    let device = DeviceId(new_id());
    let caller = Caller { person, device, revoked: false };
    let new = NewDevice { id: device, name: format!("laptop {n}"), public_key: key.public() };
    let session = core.new_device(&caller, &new).unwrap();
    let (mut counter, mut previous) = (0, String::new());
    let mut signed = |m: usize| -> SignedCommand {
        counter += 1;
        let site = Site { id: SiteId(new_id()), name: format!("Site {n}/{m}"), address: "Quay 1".into() };
        let envelope = Envelope {
            domain: Envelope::<Command>::DOMAIN.into(),
            workspace: session.workspace,
            rules_version: RULES_VERSION,
            id: CommandId(new_id()),
            device,
            counter,
            actor: person,
            made_at: core.now(),
            last_seq: 0,
            previous: previous.clone(),
            replaces: None,
            command: Command::Setup(SetupCommand::PutSite(site)),
        };
        let signed = sign(&envelope, &key).unwrap();
        previous = signed.hash();
        signed
    };
    let pushes = (0..pushes)
        .map(|push| Push {
            device,
            epoch,
            first_counter: (push * size + 1) as u64,
            commands: (0..size).map(|m| signed(push * size + m)).collect(),
        })
        .collect();
    Laptop { caller, pushes }
}
