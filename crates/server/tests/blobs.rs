//! Files beside the records: sent in chunks, resumed, fetched; and whoever may not, is told as if there were none.

use super::World;
use crate::support::{Laptop, answer, json, new_id, user};
use reqwest::Method;
use serde::de::DeserializeOwned;
use sha2::Digest;
use slipway_domain::attachment::{AttachmentCommand, MediaType, NewAttachment, PhotoOf};
use slipway_domain::blob::{CHUNK_MIN_BYTES, Chunk, ChunkHash, Cut, Holder, Manifest, Sha256};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{CmdbCommand, Command, DslCommand, Edit, SetupCommand};
use slipway_domain::dsl::item::{DslItem, ItemKind, ItemState, MasterFile};
use slipway_domain::id::{AttachmentId, CiId, DslItemId, SiteId};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Role, Site};
use slipway_domain::release::task_record::Assignee;
use slipway_domain::time::Timestamp;
use slipway_server::blobs::{Blobs, UploadError};
use slipway_sync::blob::{BeginUpload, CommitUpload, UploadState};
use slipway_sync::protocol::{Done, ErrorBody, ErrorCode, Verdict};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// A picture by its first bytes; the rest differs by `seed`.
fn picture(seed: u8, bytes: usize) -> Vec<u8> {
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut state = u32::from(seed) + 1;
    picture.resize_with(bytes, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    });
    picture
}

/// Two chunks where there is enough for them.
fn manifest(bytes: &[u8]) -> Manifest {
    let chunk = |part: &[u8]| Chunk {
        hash: ChunkHash(*blake3::hash(part).as_bytes()),
        bytes: u32::try_from(part.len()).unwrap(),
    };
    let cut = bytes.len().min(CHUNK_MIN_BYTES as usize);
    let parts = [&bytes[..cut], &bytes[cut..]];
    Manifest {
        cut: Cut::FastCdc2020,
        sha256: Sha256(sha2::Sha256::digest(bytes).into()),
        size_bytes: bytes.len() as u64,
        chunks: parts.iter().filter(|part| !part.is_empty()).map(|part| chunk(part)).collect(),
    }
}

fn parts(bytes: &[u8]) -> [&[u8]; 2] {
    bytes.split_at(bytes.len().min(CHUNK_MIN_BYTES as usize)).into()
}

impl Photo {
    fn holder(&self) -> Holder {
        Holder::Attachment(self.id)
    }
}

struct Photo {
    id: AttachmentId,
    bytes: Vec<u8>,
    manifest: Manifest,
}

/// A CI at one site, another at a second, a third at the first; `tom` reads the first site, `cora` both.
struct Sites {
    world: World,
    cora: Laptop,
    tom: Laptop,
    cis: [CiId; 3],
}

impl Sites {
    async fn new() -> Self {
        let world = World::new().await;
        for (name, role) in [("tom", Role::Technician), ("cora", Role::ConfigurationManager)] {
            world.office().add_user(&user(name, role)).unwrap();
        }
        let (mut ruth, cora, tom) = (world.laptop("ruth").await, world.laptop("cora").await, world.laptop("tom").await);
        let places = [1, 2].map(|n| Site { id: SiteId(new_id()), name: format!("Site {n}"), address: String::new() });
        let edit = Edit { from: None, to: Some([places[0].id].into()) };
        let assign = SetupCommand::AssignSites(Assignee::Person(tom.session.person), edit);
        let cis = [0, 1, 0].map(|at: usize| (CiId(new_id()), places[at].id));
        let mut setup: Vec<Command> = places.into_iter().map(|p| Command::Setup(SetupCommand::PutSite(p))).collect();
        setup.push(Command::Setup(assign));
        issue(&world, &mut ruth, setup).await;
        let mut sites = Self { world, cora, tom, cis: cis.map(|(id, _)| id) };
        let create = (1..).zip(cis).map(|(n, (id, site))| {
            let mut ci = Ci::blank(id, Number::new(Series::Ci, 900 + n), "server", &format!("srv-{n}"));
            ci.location.site = Some(site);
            Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)))
        });
        issue(&sites.world, &mut sites.cora, create.collect()).await;
        sites
    }

    /// The record of one, by `cora` or by `tom`; its bytes are still on the laptop.
    async fn photo(&mut self, by_cora: bool, ci: usize, bytes: Vec<u8>) -> Photo {
        let (id, manifest) = (AttachmentId(new_id()), manifest(&bytes));
        let new = NewAttachment {
            id,
            of: PhotoOf::Ci(self.cis[ci]),
            file_name: "front.png".into(),
            title: String::new(),
            media_type: MediaType::Png,
            size_bytes: manifest.size_bytes,
            sha256: manifest.sha256,
        };
        let laptop = if by_cora { &mut self.cora } else { &mut self.tom };
        issue(&self.world, laptop, vec![Command::Attachment(AttachmentCommand::Add(new))]).await;
        Photo { id, bytes, manifest }
    }
}

async fn issue(world: &World, laptop: &mut Laptop, commands: Vec<Command>) {
    let first = laptop.counter + 1;
    let signed: Vec<_> = commands.into_iter().map(|command| laptop.issue(command)).collect();
    for result in world.push(laptop, first, &signed).await.unwrap().results {
        assert!(matches!(result.verdict, Verdict::Applied { .. }), "{result:?}");
    }
}

async fn send<T: DeserializeOwned>(
    world: &World,
    laptop: &Laptop,
    method: Method,
    route: &str,
    body: Vec<u8>,
) -> Result<T, ErrorBody> {
    let url = format!("{}/v1/blobs/{route}", world.running.url);
    let request = world.client.request(method, url).bearer_auth(&laptop.session.access_token).body(body);
    answer(request.send().await.unwrap()).await
}

async fn begin(world: &World, laptop: &Laptop, photo: &Photo) -> Result<UploadState, ErrorBody> {
    let body = json(&BeginUpload { of: photo.holder(), manifest: photo.manifest.clone(), like: Vec::new() });
    send(world, laptop, Method::POST, &photo.manifest.sha256.to_string(), body).await
}

async fn chunk(world: &World, laptop: &Laptop, photo: &Photo, n: u32, bytes: &[u8]) -> Result<Done, ErrorBody> {
    let route = format!("{}/chunks/{n}?of={}", photo.manifest.sha256, photo.holder());
    send(world, laptop, Method::PUT, &route, bytes.to_vec()).await
}

async fn commit(world: &World, laptop: &Laptop, photo: &Photo) -> Result<UploadState, ErrorBody> {
    let route = format!("{}/commit", photo.manifest.sha256);
    send(world, laptop, Method::POST, &route, json(&CommitUpload { of: photo.holder() })).await
}

async fn upload(world: &World, laptop: &Laptop, photo: &Photo) {
    let state = begin(world, laptop, photo).await.unwrap();
    for n in state.missing {
        chunk(world, laptop, photo, n, parts(&photo.bytes)[n as usize]).await.unwrap();
    }
    assert!(commit(world, laptop, photo).await.unwrap().done);
}

/// Status and bytes.
async fn get(world: &World, laptop: &Laptop, sha256: Sha256, range: &str) -> (u16, Vec<u8>) {
    let url = format!("{}/v1/blobs/{sha256}", world.running.url);
    let mut request = world.client.get(url).bearer_auth(&laptop.session.access_token);
    if !range.is_empty() {
        request = request.header("range", range);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
}

fn code<T>(answer: Result<T, ErrorBody>) -> ErrorCode {
    answer.err().map(|error| error.code).expect("it was taken")
}

#[tokio::test]
async fn a_file_is_sent_in_chunks_goes_on_after_a_cut_and_is_fetched_whole_or_in_stretches() {
    let mut sites = Sites::new().await;
    let photo = sites.photo(false, 0, picture(1, 400_000)).await;
    let (sha256, tom) = (photo.manifest.sha256, &sites.tom);
    assert_eq!(get(&sites.world, tom, sha256, "").await.0, 404, "the record is there, the bytes are not");
    assert_eq!(
        begin(&sites.world, tom, &photo).await.unwrap(),
        UploadState { done: false, missing: vec![0, 1], busy: false }
    );
    chunk(&sites.world, tom, &photo, 1, parts(&photo.bytes)[1]).await.unwrap();
    assert_eq!(commit(&sites.world, tom, &photo).await.unwrap().missing, [0], "not before it is whole");

    let Sites { world, tom, cora, .. } = sites;
    let world = world.restart().await;
    assert_eq!(begin(&world, &tom, &photo).await.unwrap().missing, [0], "what came is not sent again");
    chunk(&world, &tom, &photo, 0, parts(&photo.bytes)[0]).await.unwrap();
    chunk(&world, &tom, &photo, 0, parts(&photo.bytes)[0]).await.unwrap();
    assert!(commit(&world, &tom, &photo).await.unwrap().done);
    assert!(commit(&world, &tom, &photo).await.unwrap().done, "an answer that was lost comes again");
    assert!(begin(&world, &tom, &photo).await.unwrap().done);

    assert_eq!(get(&world, &cora, sha256, "").await, (200, photo.bytes.clone()));
    assert_eq!(get(&world, &cora, sha256, "bytes=1000-1999").await, (206, photo.bytes[1_000..2_000].to_vec()));
    let told: Manifest = send(&world, &cora, Method::GET, &format!("{sha256}/manifest"), Vec::new()).await.unwrap();
    assert_eq!(told, photo.manifest);
    let head = world.client.head(format!("{}/v1/blobs/{sha256}", world.running.url));
    let head = head.bearer_auth(&cora.session.access_token).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "400000"));
    assert_eq!(head.headers()["content-type"], "application/octet-stream", "no browser makes more of it");
}

#[tokio::test]
async fn what_is_not_what_was_announced_is_refused_and_nothing_of_it_kept() {
    let mut sites = Sites::new().await;
    let photo = sites.photo(false, 0, picture(1, 400_000)).await;
    let [first, second] = parts(&photo.bytes);
    let (world, tom) = (&sites.world, &sites.tom);
    assert_eq!(code(chunk(world, tom, &photo, 0, first).await), ErrorCode::BlobWrong, "nothing was announced");
    assert_eq!(code(commit(world, tom, &photo).await), ErrorCode::BlobWrong);
    begin(world, tom, &photo).await.unwrap();
    assert_eq!(code(chunk(world, tom, &photo, 0, second).await), ErrorCode::BlobWrong, "another chunk");
    assert_eq!(code(chunk(world, tom, &photo, 0, &first[1..]).await), ErrorCode::BlobWrong, "cut off");
    assert_eq!(code(chunk(world, tom, &photo, 7, first).await), ErrorCode::BlobWrong, "a chunk nobody announced");
    assert_eq!(code(chunk(world, tom, &photo, 0, &vec![0; 5 << 20]).await), ErrorCode::TooLarge);

    // Chunks that are what they say, of a whole that is not.
    let lie = |manifest: Manifest| Photo { id: photo.id, bytes: photo.bytes.clone(), manifest };
    let mut swapped = photo.manifest.clone();
    let other = picture(9, first.len());
    swapped.chunks[0].hash = ChunkHash(*blake3::hash(&other).as_bytes());
    let swapped = lie(swapped);
    begin(world, tom, &swapped).await.unwrap();
    chunk(world, tom, &swapped, 0, &other).await.unwrap();
    chunk(world, tom, &swapped, 1, second).await.unwrap();
    assert_eq!(code(commit(world, tom, &swapped).await), ErrorCode::BlobWrong, "the server hashes the whole");
    assert_eq!(begin(world, tom, &photo).await.unwrap().missing, [0, 1], "it begins anew");

    for (what, manifest) in [
        ("another size", Manifest { size_bytes: 5, ..photo.manifest.clone() }),
        ("another file", Manifest { sha256: Sha256([1; 32]), ..photo.manifest.clone() }),
        ("no chunks", Manifest { chunks: Vec::new(), ..photo.manifest.clone() }),
    ] {
        let body = json(&BeginUpload { of: photo.holder(), manifest, like: Vec::new() });
        let route = photo.manifest.sha256.to_string();
        let answer = send::<UploadState>(world, tom, Method::POST, &route, body).await;
        assert_eq!(code(answer), ErrorCode::BlobWrong, "{what}");
    }
    for route in ["..%2F..%2Fserver.json", "server.json", &"A".repeat(64), "."] {
        let answer = send::<Manifest>(world, tom, Method::GET, &format!("{route}/manifest"), Vec::new()).await;
        assert!(matches!(code(answer), ErrorCode::BadRequest | ErrorCode::NotFound), "{route}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_not_taken_for_one() {
    let mut sites = Sites::new().await;
    let script = b"<svg onload=alert(1)>".to_vec();
    let photo = sites.photo(false, 0, script.clone()).await;
    begin(&sites.world, &sites.tom, &photo).await.unwrap();
    chunk(&sites.world, &sites.tom, &photo, 0, &script).await.unwrap();
    assert_eq!(code(commit(&sites.world, &sites.tom, &photo).await), ErrorCode::BlobWrong);
    assert_eq!(get(&sites.world, &sites.tom, photo.manifest.sha256, "").await.0, 404);
}

#[tokio::test]
async fn a_packed_chunk_is_taken_and_a_bomb_is_not() {
    let mut sites = Sites::new().await;
    let mut bytes = picture(1, 16);
    bytes.resize(200_000, 0);
    let photo = sites.photo(false, 0, bytes).await;
    begin(&sites.world, &sites.tom, &photo).await.unwrap();
    let url = format!("{}/v1/blobs/{}/chunks/0?of={}", sites.world.running.url, photo.manifest.sha256, photo.holder());
    let put = |packed: Vec<u8>| {
        let request = sites.world.client.put(&url).bearer_auth(&sites.tom.session.access_token);
        request.header("content-encoding", "zstd").body(packed).send()
    };
    let bomb = zstd::bulk::compress(&vec![0; 256 << 20], 3).unwrap();
    assert!(bomb.len() < 1 << 20);
    assert_eq!(code(answer::<Done>(put(bomb).await.unwrap()).await), ErrorCode::TooLarge);
    let packed = zstd::bulk::compress(&photo.bytes, 3).unwrap();
    answer::<Done>(put(packed).await.unwrap()).await.unwrap();
    assert!(commit(&sites.world, &sites.tom, &photo).await.unwrap().done);
}

#[tokio::test]
async fn another_sites_file_is_as_good_as_none_and_its_hash_opens_nothing() {
    let mut sites = Sites::new().await;
    let secret = sites.photo(true, 1, picture(1, 300_000)).await;
    upload(&sites.world, &sites.cora, &secret).await;
    let sha256 = secret.manifest.sha256;
    let nobodys = picture(2, 9);
    let absent = manifest(&nobodys).sha256;
    for asked in [sha256, absent] {
        assert_eq!(get(&sites.world, &sites.tom, asked, "").await.0, 404);
        let manifest =
            send::<Manifest>(&sites.world, &sites.tom, Method::GET, &format!("{asked}/manifest"), vec![]).await;
        assert_eq!(code(manifest), ErrorCode::NotFound, "the same answer for what is there and what is not");
    }
    assert_eq!(code(begin(&sites.world, &sites.tom, &secret).await), ErrorCode::NotFound);
    assert_eq!(code(chunk(&sites.world, &sites.tom, &secret, 0, b"x").await), ErrorCode::NotFound);
    assert_eq!(code(commit(&sites.world, &sites.tom, &secret).await), ErrorCode::NotFound);

    // Who names the hash in a record of their own has to have the bytes.
    let claim = sites.photo(false, 0, secret.bytes.clone()).await;
    assert_eq!(get(&sites.world, &sites.tom, sha256, "").await.0, 404);
    let state = begin(&sites.world, &sites.tom, &claim).await.unwrap();
    assert_eq!(
        state,
        UploadState { done: false, missing: vec![0, 1], busy: false },
        "nothing is told of what others have"
    );
    upload(&sites.world, &sites.tom, &claim).await;
    assert_eq!(get(&sites.world, &sites.tom, sha256, "").await.1, secret.bytes);
    // Who can fetch it already sends nothing.
    let third = sites.photo(false, 2, secret.bytes.clone()).await;
    assert!(begin(&sites.world, &sites.tom, &third).await.unwrap().done);
}

/// An item of the library with one file, by `tom` or by `cora`.
async fn master(sites: &mut Sites, by_cora: bool, version: &str, bytes: &[u8]) -> (Holder, Manifest) {
    let (id, manifest) = (DslItemId(new_id()), manifest(bytes));
    let item = DslItem {
        id,
        number: Number::new(Series::DslItem, 900 + version.len() as u32),
        name: "Payroll".into(),
        version: version.into(),
        vendor: String::new(),
        kind: ItemKind::Package,
        platform: String::new(),
        licence: String::new(),
        files: vec![MasterFile {
            name: "payroll.deb".into(),
            sha256: manifest.sha256.to_string(),
            size_bytes: manifest.size_bytes,
        }],
        state: ItemState::Submitted,
        checks: BTreeMap::new(),
        submitted_by: sites.tom.session.person,
        submitted_at: Timestamp(0),
        handed_in_by: BTreeSet::new(),
        accepted_by: None,
        accepted_at: None,
        withdrawn_because: String::new(),
        sbom: None,
    };
    let laptop = if by_cora { &mut sites.cora } else { &mut sites.tom };
    issue(&sites.world, laptop, vec![Command::Dsl(id, DslCommand::Submit(Box::new(item)))]).await;
    (Holder::DslItem(id), manifest)
}

#[tokio::test]
async fn of_another_file_that_the_sender_could_fetch_chunks_need_not_be_sent() {
    let mut sites = Sites::new().await;
    // At a site that tom does not read lies a photo whose first chunk is that of his file.
    let secret = sites.photo(true, 1, picture(1, 300_000)).await;
    upload(&sites.world, &sites.cora, &secret).await;
    let shared = parts(&secret.bytes)[0].to_vec();
    let old = [shared.as_slice(), b"old"].concat();
    let (first, made) = master(&mut sites, false, "9", &old).await;
    let (world, tom) = (&sites.world, &sites.tom);
    let route = made.sha256.to_string();
    let ask = |of, manifest: &Manifest, like: &[Sha256]| {
        json(&BeginUpload { of, manifest: manifest.clone(), like: like.to_vec() })
    };
    let body = ask(first, &made, &[secret.manifest.sha256]);
    let state: UploadState = send(world, tom, Method::POST, &route, body).await.unwrap();
    assert_eq!(state.missing, [0, 1], "another site's file is as good as none");
    for n in [0, 1] {
        let to = format!("{route}/chunks/{n}?of={first}");
        send::<Done>(world, tom, Method::PUT, &to, parts(&old)[n].to_vec()).await.unwrap();
    }
    let state: UploadState =
        send(world, tom, Method::POST, &format!("{route}/commit"), json(&CommitUpload { of: first })).await.unwrap();
    assert!(state.done);
    assert_eq!(get(world, &sites.cora, made.sha256, "").await.1, old, "whoever may read the record gets the file");

    let new = [shared.as_slice(), b"new"].concat();
    let (second, next) = master(&mut sites, false, "10", &new).await;
    let (world, tom) = (&sites.world, &sites.tom);
    let route = next.sha256.to_string();
    let body = ask(second, &next, &[Sha256([7; 32]), made.sha256]);
    let state: UploadState = send(world, tom, Method::POST, &route, body).await.unwrap();
    assert_eq!((state.missing.as_slice(), state.busy), ([1].as_slice(), false), "what is in the other file is taken");
    let to = format!("{route}/chunks/1?of={second}");
    send::<Done>(world, tom, Method::PUT, &to, parts(&new)[1].to_vec()).await.unwrap();
    send::<UploadState>(world, tom, Method::POST, &format!("{route}/commit"), json(&CommitUpload { of: second }))
        .await
        .unwrap();
    assert_eq!(get(world, tom, next.sha256, "").await.1, new);
}

#[test]
fn a_scrub_finds_what_the_disk_spoiled_and_puts_it_aside() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path(), 1 << 30).unwrap();
    let files = [picture(1, 400_000), picture(2, 2_000)];
    for bytes in &files {
        let (made, of) = (manifest(bytes), Holder::DslItem(DslItemId(new_id())));
        for n in blobs.begin(of, &made).unwrap() {
            blobs.take(made.sha256, of, n, parts(bytes)[n as usize]).unwrap();
        }
        blobs.commit(made.sha256, of, None).unwrap();
    }
    let found = blobs.scrub(false, &mut |_| ()).unwrap();
    assert_eq!((found.files, found.bytes, found.damaged.len()), (2, 402_000, 0));
    let bad = manifest(&files[0]).sha256;
    let mut bytes = files[0].clone();
    bytes[399_999] ^= 1;
    std::fs::write(blobs.path(bad), &bytes).unwrap();
    let found = blobs.scrub(false, &mut |_| ()).unwrap();
    assert_eq!((found.damaged.len(), found.damaged[0].sha256, &found.damaged[0].aside), (1, bad, &None));
    assert_eq!(blobs.all().unwrap().len(), 2, "nothing was moved");
    let found = blobs.scrub(true, &mut |_| ()).unwrap();
    assert_eq!(std::fs::read(found.damaged[0].aside.as_ref().unwrap()).unwrap(), bytes);
    assert_eq!(blobs.all().unwrap(), [manifest(&files[1]).sha256]);
    assert_eq!(blobs.scrub(true, &mut |_| ()).unwrap().damaged, []);
}

#[test]
fn an_upload_whose_bytes_the_disk_spoiled_asks_for_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path(), 1 << 30).unwrap();
    let bytes = picture(1, 400_000);
    let (made, of) = (manifest(&bytes), Holder::DslItem(DslItemId(new_id())));
    for n in blobs.begin(of, &made).unwrap() {
        blobs.take(made.sha256, of, n, parts(&bytes)[n as usize]).unwrap();
    }
    let whole = folder.path().join(format!("blobs/uploads/{}.{}/whole", of.id(), made.sha256));
    let mut spoiled = std::fs::read(&whole).unwrap();
    assert_eq!(spoiled.len(), bytes.len(), "chunks lie in their places");
    spoiled[399_999] ^= 1;
    std::fs::write(&whole, spoiled).unwrap();
    let refused = blobs.commit(made.sha256, of, None).unwrap_err();
    assert!(matches!(&refused, UploadError::Incomplete(missing) if *missing == [1]), "{refused}");
    let blobs = Blobs::open(folder.path(), 1 << 30).unwrap();
    assert_eq!(blobs.begin(of, &made).unwrap(), [1], "the other one is not asked for, also after a restart");
    blobs.take(made.sha256, of, 1, parts(&bytes)[1]).unwrap();
    blobs.commit(made.sha256, of, None).unwrap();
    assert_eq!(std::fs::read(blobs.path(made.sha256)).unwrap(), bytes);
    assert!(!whole.parent().unwrap().exists());
}

#[tokio::test]
async fn without_a_session_there_is_nothing() {
    let sites = Sites::new().await;
    let url = format!("{}/v1/blobs/{}", sites.world.running.url, "a".repeat(64));
    for request in [
        sites.world.client.get(&url),
        sites.world.client.post(&url),
        sites.world.client.put(format!("{url}/chunks/0?of=attachment:{}", new_id())),
    ] {
        let error = answer::<Done>(request.body("{}").send().await.unwrap()).await;
        assert_eq!(code(error), ErrorCode::NotSignedIn);
    }
}

#[tokio::test]
async fn what_no_record_names_goes_after_a_week() {
    let mut sites = Sites::new().await;
    let (kept, gone) = (sites.photo(false, 0, picture(1, 2_000)).await, sites.photo(false, 0, picture(2, 2_000)).await);
    upload(&sites.world, &sites.tom, &kept).await;
    upload(&sites.world, &sites.tom, &gone).await;
    issue(&sites.world, &mut sites.tom, vec![Command::Attachment(AttachmentCommand::Remove(gone.id))]).await;
    let blobs = Blobs::open(sites.world.folder.path(), 1 << 30).unwrap();
    assert_eq!(blobs.all().unwrap().len(), 2);
    assert_eq!(get(&sites.world, &sites.tom, gone.manifest.sha256, "").await.0, 404, "nobody reads it any more");
    let core = sites.world.office().core().clone().with_blobs(blobs);
    assert_eq!(core.sweep_blobs().unwrap(), 0, "it may come back");
    // The files' times are those of this computer, the server's clock is the test's.
    sites.world.advance_ms(400 * DAY_MS);
    assert_eq!(core.sweep_blobs().unwrap(), 1);
    let blobs = Blobs::open(sites.world.folder.path(), 1 << 30).unwrap();
    assert_eq!(blobs.all().unwrap(), [kept.manifest.sha256]);
    assert_eq!(std::fs::read(blobs.path(kept.manifest.sha256)).unwrap(), kept.bytes);
}

#[test]
fn there_is_room_for_so_much_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (large, small) = (manifest(&picture(1, 11_000)), manifest(&picture(2, 2_000)));
    let blobs = Blobs::open(folder.path(), 10_000).unwrap();
    let photo = || Holder::Attachment(AttachmentId(new_id()));
    let refused = blobs.begin(photo(), &large).unwrap_err();
    assert!(matches!(refused, UploadError::Quota), "{refused}");
    let id = photo();
    let most = manifest(&picture(3, 9_000));
    blobs.begin(photo(), &most).unwrap();
    assert!(matches!(blobs.begin(id, &small), Err(UploadError::Quota)), "what was announced has its room already");
    let blobs = Blobs::open(folder.path(), 20_000).unwrap();
    assert!(blobs.used() > 9_000, "also after the server ended");
    assert_eq!(blobs.begin(id, &small).unwrap(), [0]);
    blobs.take(small.sha256, id, 0, &picture(2, 2_000)).unwrap();
    blobs.commit(small.sha256, id, Some(MediaType::Png)).unwrap();
    let used = blobs.used();
    assert!((11_000..13_000).contains(&used), "the file takes its room once: {used}");
    assert_eq!(Blobs::open(folder.path(), 20_000).unwrap().used(), used, "counted anew, it is the same");
    blobs.remove(small.sha256).unwrap();
    assert!((9_000..10_000).contains(&blobs.used()), "only the upload is left: {}", blobs.used());
}
