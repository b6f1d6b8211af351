//! A first sync and a return after long, by whole buckets, over a line that is cut and through programs that end.

use super::support::{Centre, Laptop, PASSWORD, SNAPSHOT_RECORDS, a_ci};
use slipway_app::session::Credentials;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{CiRow, CmdbCommand, Command};
use slipway_domain::id::CiId;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Text that no compressor shrinks much.
fn noise(seed: u64, chars: usize) -> String {
    let mut state = seed | 1;
    let mut text = String::with_capacity(chars + 16);
    while text.len() < chars {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{:013x}", state >> 12));
    }
    text
}

/// Adds CIs in commands of many rows; gives the id of the first.
async fn fill(laptop: &Laptop, name: &str, count: usize, chars: usize) -> CiId {
    let mut first = None;
    let rows: Vec<CiRow> = (0..count)
        .map(|n| {
            let notes = if chars == 0 { String::new() } else { noise(n as u64 * 7 + 1, chars) };
            let ci = Ci { notes, ..a_ci(&format!("{name}-{n}")) };
            first.get_or_insert(ci.id);
            CiRow { line: n as u32 + 1, ci, columns: BTreeSet::new() }
        })
        .collect();
    for part in rows.chunks(1_500_000_usize.checked_div(chars).unwrap_or(500).clamp(1, 500)) {
        laptop.issue(Command::Cmdb(CmdbCommand::ImportCis(part.to_vec()))).unwrap();
    }
    laptop.sync().await.unwrap();
    assert_eq!(laptop.session.store().status().unwrap().attention, 0, "all of it was taken");
    first.unwrap()
}

fn set_version(id: CiId, from: &str, to: &str) -> Command {
    let change = FieldChange { field: "version".into(), from: from.into(), to: to.into() };
    Command::Cmdb(CmdbCommand::SetFields(id, vec![change]))
}

/// A line to the server that ends every connection after so many bytes came back over it, and carries no more than it
/// is allowed in all.
struct Line {
    address: SocketAddr,
    carried: Arc<AtomicU64>,
    allowed: Arc<AtomicU64>,
    cut_after: Arc<AtomicU64>,
    cuts: Arc<AtomicU64>,
}

impl Line {
    async fn to(url: &str) -> Self {
        let server: SocketAddr = url.trim_start_matches("https://").parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let figure = |n| Arc::new(AtomicU64::new(n));
        let line = Self {
            address: listener.local_addr().unwrap(),
            carried: figure(0),
            allowed: figure(u64::MAX),
            cut_after: figure(u64::MAX),
            cuts: figure(0),
        };
        let (carried, allowed) = (line.carried.clone(), line.allowed.clone());
        let (cut_after, cuts) = (line.cut_after.clone(), line.cuts.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let is_over = {
                    let (carried, allowed) = (carried.clone(), allowed.clone());
                    move || carried.load(Ordering::SeqCst) > allowed.load(Ordering::SeqCst)
                };
                if is_over() {
                    continue;
                }
                let (carried, cut_after, cuts) = (carried.clone(), cut_after.clone(), cuts.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.split(), far.split());
                    let up = tokio::io::copy(&mut near_in, &mut far_out);
                    let down = async {
                        let (mut came, mut buffer) = (0, vec![0; 16_384]);
                        while let Ok(n @ 1..) = far_in.read(&mut buffer).await {
                            came += n as u64;
                            carried.fetch_add(n as u64, Ordering::SeqCst);
                            let cut = came > cut_after.load(Ordering::SeqCst) || is_over();
                            // Cut within what was read, at any byte.
                            let keep = if cut { n / 3 } else { n };
                            if near_out.write_all(&buffer[..keep]).await.is_err() || cut {
                                cuts.fetch_add(1, Ordering::SeqCst);
                                return;
                            }
                        }
                    };
                    tokio::select! { _ = up => {}, () = down => {} }
                });
            }
        });
        line
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_over_a_line_that_is_cut_again_and_again_fetches_nothing_twice() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    // Three frames of noise.
    fill(&anna, "ci", 1_400, 8_000).await;

    let line = Line::to(centre.url()).await;
    let bea = Laptop::new();
    let (profile, key) = bea.made();
    let address = format!("https://{}", line.address);
    let trust = centre.trust();
    let credentials = Credentials { server: &address, trust: Some(&trust), user: "bea", password: PASSWORD };
    let session = slipway_app::session::Session::sign_in(profile, &key, bea.keychain(), credentials).await.unwrap();
    let mut bea = bea.working(session);
    let before = line.carried.load(Ordering::SeqCst);
    line.cut_after.store(700_000, Ordering::SeqCst);
    let (mut ends, mut kept) = (0, 0);
    loop {
        line.allowed.store(line.carried.load(Ordering::SeqCst) + 3_000_000, Ordering::SeqCst);
        match bea.sync().await {
            Ok(_) => break,
            Err(error) => assert!(error.has("UNREACHABLE"), "{error:?}"),
        }
        ends += 1;
        assert!(ends < 20, "it never gets through");
        let fetching = bea.session.store().fetching().unwrap();
        let now = fetching.first().map_or(kept, |fetching| fetching.kept);
        assert!(now >= kept, "what was kept stays kept");
        kept = now;
        assert!(bea.ci_names().is_empty(), "nothing shows before all of it is there");
        // Another program goes on where this one ended.
        bea = bea.reopened();
    }
    let cuts = line.cuts.load(Ordering::SeqCst);
    assert!(ends > 0 && cuts > 5, "the line was cut {cuts} times, the program ended {ends} times");
    assert_eq!(bea.hash(), centre.state_hash());
    assert_eq!(bea.ci_names().len(), 1_400);
    let carried = line.carried.load(Ordering::SeqCst) - before;
    let whole = std::fs::read_dir(centre.snapshots()).unwrap();
    let whole = whole.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap();
    // A cut loses less than a read, a program that ends what it has of the next frame; greetings come anew each time.
    let (frame, greeting) = (3_000_000, 40_000);
    let most = whole + ends * frame + cuts * greeting;
    assert!(carried < most, "{carried} bytes for a snapshot of {whole}: {cuts} cuts, {ends} ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_was_tampered_with_is_refused_and_the_records_come_in_pages() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    fill(&anna, "ci", 2 * SNAPSHOT_RECORDS as usize, 0).await;
    let bea = Laptop::signed_in(&centre, "bea").await;
    let frames = |bytes: &mut Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    };
    // The first one who asks has it built; then somebody with access to the server's disk alters it.
    let dora = Laptop::signed_in(&centre, "bea").await;
    dora.sync().await.unwrap();
    assert_eq!(dora.hash(), centre.state_hash());
    for file in std::fs::read_dir(centre.snapshots()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "frames") {
            let mut bytes = std::fs::read(&path).unwrap();
            frames(&mut bytes);
            std::fs::write(&path, bytes).unwrap();
        }
    }
    let error = bea.sync().await.unwrap_err();
    assert!(error.has("BAD_SNAPSHOT"), "{error:?}");
    assert!(bea.ci_names().is_empty(), "nothing of it is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_everything_comes_whole_and_the_queue_is_kept() {
    let mut centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let ci = fill(&anna, "ci", 6_000, 0).await;
    centre.stop().await;
    let backup = centre.backup();
    anna.issue(set_version(ci, "", "2.0")).unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci("new-1"))))).unwrap();
    centre.restore(&backup);
    centre.resume().await;
    let report = anna.sync().await.unwrap();
    assert!(report.pulled > 6_000, "{report:?}");
    assert_eq!((report.applied, report.refused, report.attention), (14, 0, 0), "{report:?}");
    assert_eq!(anna.hash(), centre.state_hash());
    assert_eq!(anna.ci(ci).unwrap().version, "2.0");
    assert_eq!(anna.session.store().status().unwrap().pending, 0);
    anna.session.store().check().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_that_was_away_too_long_sends_its_queue_and_takes_everything_anew() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let ci = fill(&anna, "ci", 2 * SNAPSHOT_RECORDS as usize, 0).await;
    let other = CiId(anna.session.store().search("ci-7", &[], 1).unwrap()[0].id);
    let (source, relation_type, target) = (ci, RelationType::DependsOn, other);
    anna.issue(Command::Cmdb(CmdbCommand::Relate { source, relation_type, target })).unwrap();
    anna.sync().await.unwrap();
    let bea = Laptop::signed_in(&centre, "bea").await;
    bea.sync().await.unwrap();
    bea.sync().await.unwrap();
    bea.issue(set_version(ci, "", "2.0")).unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::Unrelate(Relation::new(source, relation_type, target).id))).unwrap();
    anna.sync().await.unwrap();

    centre.pass_hours(24 * 401);
    anna.sign_in_again(&centre, "anna", PASSWORD).await.unwrap();
    anna.sync().await.unwrap();
    assert_eq!(centre.compact(), 1, "nobody who is still heard of needs it");
    assert!(bea.sync().await.unwrap_err().has("SIGNED_OUT"));
    bea.sign_in_again(&centre, "bea", PASSWORD).await.unwrap();
    let report = bea.sync().await.unwrap();
    assert_eq!((report.applied, report.refused, report.attention), (1, 0, 0), "{report:?}");
    assert!(report.pulled > 2 * SNAPSHOT_RECORDS, "all of it came anew: {report:?}");
    assert_eq!(bea.hash(), centre.state_hash(), "what was removed meanwhile is gone here too");
    assert_eq!(bea.ci(ci).unwrap().version, "2.0");
}
