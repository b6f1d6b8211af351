//! Buckets out whole: signed, of one moment, by ranges, for as long as somebody fetches them.

use super::World;
use crate::support::{Laptop, SNAPSHOT_RECORDS, a_site, all_at_once, answer};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, CONTENT_RANGE, RANGE};
use slipway_domain::checksum::row_checksum;
use slipway_sync::bucket::Bucket;
use slipway_sync::protocol::{BucketSum, ErrorBody, ErrorCode};
use slipway_sync::snapshot::{Manifest, Offers, SignedManifest};
use std::collections::BTreeMap;
use uuid::Uuid;

type Rows = BTreeMap<(String, Uuid), (u64, String)>;

async fn offers(world: &World, laptop: &Laptop, buckets: &str) -> Result<Offers, ErrorBody> {
    let url = format!("{}/v1/snapshot?buckets={buckets}", world.running.url);
    answer(world.client.get(url).bearer_auth(&laptop.session.access_token).send().await.unwrap()).await
}

async fn offered(world: &World, laptop: &Laptop) -> (SignedManifest, Manifest) {
    let offers = offers(world, laptop, "workspace").await.unwrap();
    assert_eq!(offers.epoch, laptop.session.epoch);
    let signed = offers.snapshots.into_iter().next().unwrap();
    let manifest = signed.open(&laptop.session.log_name, &laptop.session.log_key).unwrap();
    (signed, manifest)
}

async fn part(world: &World, laptop: &Laptop, id: &str, range: Option<&str>) -> reqwest::Response {
    let request = world.client.get(format!("{}/v1/snapshot/{id}", world.running.url));
    let request = match range {
        Some(range) => request.header(RANGE, range),
        None => request,
    };
    request.bearer_auth(&laptop.session.access_token).send().await.unwrap()
}

async fn add_sites(world: &World, laptop: &mut Laptop, count: u64) {
    let first = laptop.counter + 1;
    let commands: Vec<_> = (0..count).map(|n| laptop.issue(a_site(&format!("Site {}", first + n)))).collect();
    world.push(laptop, first, &commands).await.unwrap();
}

fn unpack(manifest: &Manifest, file: &[u8]) -> Rows {
    let mut rows = Rows::new();
    for (n, frame) in manifest.split(0, file).unwrap().iter().enumerate() {
        let mut show = |row: slipway_sync::snapshot::Row<'_>, _| {
            rows.insert((row.kind.to_owned(), row.id), (row.seq, row.body.to_owned()));
        };
        manifest.unpack(n, frame, &mut show).unwrap();
    }
    rows
}

fn sum_of(rows: &Rows) -> BucketSum {
    rows.iter().fold(BucketSum::default(), |all, ((kind, id), (seq, body))| BucketSum {
        count: all.count + 1,
        sum: all.sum.wrapping_add(row_checksum(kind, *id, *seq, body)),
    })
}

/// Pulls from a sequence to the head and says what the bucket holds then.
async fn pull_on(world: &World, laptop: &Laptop, mut rows: Rows, mut after: u64) -> (Rows, BucketSum) {
    loop {
        let page = world.pull(laptop, after, 1_000_000, all_at_once()).await.unwrap();
        for entry in page.entries {
            match entry.body {
                Some(body) => rows.insert((entry.kind, entry.id), (entry.seq, body)),
                None => rows.remove(&(entry.kind, entry.id)),
            };
        }
        after = page.cursors[&Bucket::Workspace];
        if page.complete {
            return (rows, page.sums[&Bucket::Workspace]);
        }
    }
}

#[tokio::test]
async fn a_bucket_is_offered_whole_once_it_is_worth_it_and_a_pull_goes_on_from_it() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    assert!(offers(&world, &laptop, "workspace").await.unwrap().snapshots.is_empty(), "so few come in a page");
    add_sites(&world, &mut laptop, SNAPSHOT_RECORDS).await;
    let (signed, manifest) = offered(&world, &laptop).await;
    let id = signed.id().to_string();
    let whole = part(&world, &laptop, &id, None).await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert!(whole.headers().get(CONTENT_ENCODING).is_none(), "what is packed is not packed again");
    let file = whole.bytes().await.unwrap();
    assert_eq!(file.len() as u64, manifest.bytes());
    let rows = unpack(&manifest, &file);
    assert_eq!(sum_of(&rows), manifest.sum, "what it holds is what it says");
    add_sites(&world, &mut laptop, 3).await;
    let (now, told) = pull_on(&world, &laptop, rows, manifest.seq).await;
    assert_eq!(sum_of(&now), told, "with what came since it is what the bucket holds");
    assert_eq!(offered(&world, &laptop).await.0.id().to_string(), id, "a few changes are no reason for a new one");
}

#[tokio::test]
async fn it_comes_by_ranges_and_only_to_those_who_may_read_it() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    add_sites(&world, &mut laptop, SNAPSHOT_RECORDS).await;
    let (signed, manifest) = offered(&world, &laptop).await;
    let id = signed.id().to_string();
    let file = part(&world, &laptop, &id, None).await.bytes().await.unwrap();
    let some = part(&world, &laptop, &id, Some("bytes=10-19")).await;
    assert_eq!(some.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(some.headers()[CONTENT_RANGE], format!("bytes 10-19/{}", manifest.bytes()));
    assert_eq!(some.bytes().await.unwrap(), file[10..20]);
    let rest = part(&world, &laptop, &id, Some("bytes=500-")).await;
    assert_eq!(rest.bytes().await.unwrap(), file[500..]);
    let beyond = part(&world, &laptop, &id, Some("bytes=99999999-")).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);

    let nobody = world.client.get(format!("{}/v1/snapshot/{id}", world.running.url)).send().await.unwrap();
    assert_eq!(answer::<Offers>(nobody).await.unwrap_err().code, ErrorCode::NotSignedIn);
    for wrong in ["..%2Fworkspace.sqlite", &id.to_uppercase(), "x"] {
        let error = answer::<Offers>(part(&world, &laptop, wrong, None).await).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{wrong} names no snapshot");
    }
    let unknown = answer::<Offers>(part(&world, &laptop, &"0".repeat(64), None).await).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::SnapshotGone);
    let other = format!("person:{}", Uuid::from_u128(4));
    assert!(offers(&world, &laptop, &other).await.unwrap().snapshots.is_empty(), "not theirs to read");
    assert_eq!(offers(&world, &laptop, "elsewhere").await.unwrap_err().code, ErrorCode::BadRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_of_one_moment_while_writes_go_on_and_old_ones_last_while_they_are_fetched() {
    let world = World::new().await;
    let (mut writer, reader) = (world.laptop("ruth").await, world.laptop("ruth").await);
    add_sites(&world, &mut writer, SNAPSHOT_RECORDS).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        // One writes on while the other is being given a snapshot.
        let (_, (signed, manifest)) = tokio::join!(add_sites(&world, &mut writer, 20), offered(&world, &reader));
        let file = part(&world, &reader, &signed.id().to_string(), None).await.bytes().await.unwrap();
        let rows = unpack(&manifest, &file);
        assert_eq!(sum_of(&rows), manifest.sum);
        assert!(rows.values().all(|(seq, _)| *seq <= manifest.seq), "nothing of later");
        let (now, told) = pull_on(&world, &reader, rows, manifest.seq).await;
        assert_eq!(sum_of(&now), told);
        ids.push(signed.id().to_string());
    }
    add_sites(&world, &mut writer, 100).await;
    let last = offered(&world, &reader).await.0.id().to_string();
    ids.dedup();
    assert!(ids.len() > 1 && !ids.contains(&last), "after a tenth of changes there is a new one");
    let newer = part(&world, &reader, ids.last().unwrap(), Some("bytes=0-9")).await;
    assert_eq!(newer.status(), StatusCode::PARTIAL_CONTENT, "the one before still comes");
    let older = part(&world, &reader, &ids[0], Some("bytes=0-9")).await;
    assert_eq!(older.status(), StatusCode::GONE, "the one before that does not");
}

#[tokio::test]
async fn it_outlives_the_server_but_not_the_history() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    add_sites(&world, &mut laptop, SNAPSHOT_RECORDS).await;
    let (signed, _) = offered(&world, &laptop).await;
    let packed = world.folder.path().join("snapshots");
    std::fs::write(packed.join("half.tmp"), "left by a build that was cut short").unwrap();
    let world = world.restart().await;
    assert!(!packed.join("half.tmp").exists());
    assert_eq!(offered(&world, &laptop).await.0, signed, "the same after a restart");
    world.office().declare_restored("a test").unwrap();
    laptop.session = world.sign_in("ruth", crate::support::PASSWORD, &laptop.device).await.unwrap();
    let (again, manifest) = offered(&world, &laptop).await;
    assert_ne!(again.id(), signed.id());
    assert_eq!(manifest.epoch, laptop.session.epoch, "of the history as it is now");
}
