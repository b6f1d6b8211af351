//! Files beside the records: taken in and given out, quotas, downloads that are cut, what no record names any more.

use crate::support::{Laptop, NOW, ci_id, create, issue};
use slipway_domain::attachment::{AttachmentCommand, MediaType, NewAttachment, PhotoOf};
use slipway_domain::blob::{Chunk, ChunkHash, Holder, Manifest, Sha256};
use slipway_domain::command::Command;
use slipway_domain::id::{AttachmentId, DslItemId};
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::blob::{BlobError, KEPT, Upload};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const MOST: u64 = 64 << 20;

/// The same bytes each time, that no packing makes smaller.
fn noise(seed: u8, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut noise);
    noise
}

fn keep(store: &Store, bytes: &[u8]) -> Manifest {
    store.keep_blob(&mut &*bytes, MOST, NOW).unwrap()
}

fn given(store: &Store, sha256: Sha256) -> Result<Vec<u8>, BlobError> {
    let mut bytes = Vec::new();
    store.copy_blob(sha256, &mut bytes, NOW).map(|_| bytes)
}

fn photo(n: u128) -> AttachmentId {
    AttachmentId(Uuid::from_u128(0xf0_0000 + n))
}

fn add(store: &Store, n: u128, manifest: &Manifest) {
    let new = NewAttachment {
        id: photo(n),
        of: PhotoOf::Ci(ci_id(1)),
        file_name: "front.jpg".into(),
        title: String::new(),
        media_type: MediaType::Jpeg,
        size_bytes: manifest.size_bytes,
        sha256: manifest.sha256,
    };
    issue(store, 100 + n, &Command::Attachment(AttachmentCommand::Add(new))).unwrap();
}

fn chunk_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(fans) = fs::read_dir(folder.join("slipway.blobs")) else { return Vec::new() };
    let fans = fans.map(|fan| fan.unwrap().path()).filter(|fan| fan.file_name().unwrap().len() == 2);
    fans.flat_map(|fan| fs::read_dir(fan).unwrap().map(|file| file.unwrap().path())).collect()
}

#[test]
fn a_file_comes_out_as_it_went_in_also_after_the_program_ended() {
    let laptop = Laptop::new();
    let bytes = noise(1, 5 << 20);
    let manifest = keep(&laptop.store, &bytes);
    assert!(manifest.chunks.len() > 1 && manifest.check().is_ok(), "{:?}", manifest.chunks.len());
    assert_eq!(manifest.size_bytes, 5 << 20);
    let laptop = laptop.reopen();
    assert_eq!(laptop.store.blob(manifest.sha256).unwrap().unwrap(), manifest);
    assert!(given(&laptop.store, manifest.sha256).unwrap() == bytes);
    assert!(laptop.store.blob_room().unwrap().stored > 5 << 20);
    assert!(matches!(given(&laptop.store, Sha256([9; 32])), Err(BlobError::NotHere)));
}

#[test]
fn the_same_bytes_take_room_once() {
    let laptop = Laptop::new();
    let bytes = noise(1, 3 << 20);
    let first = keep(&laptop.store, &bytes);
    let room = laptop.store.blob_room().unwrap();
    assert_eq!(keep(&laptop.store, &bytes), first);
    assert_eq!(laptop.store.blob_room().unwrap(), room);
    let longer = [bytes.as_slice(), &noise(2, 1 << 20)].concat();
    keep(&laptop.store, &longer);
    assert!(laptop.store.blob_room().unwrap().stored < room.stored + (3 << 20), "the chunks they share are there once");
}

#[test]
fn what_is_empty_or_too_large_is_not_taken_in() {
    let laptop = Laptop::new();
    assert!(matches!(laptop.store.keep_blob(&mut &b""[..], 10, NOW), Err(BlobError::Empty)));
    let large = laptop.store.keep_blob(&mut &b"eleven bytes"[..11], 10, NOW).unwrap_err();
    assert!(matches!(large, BlobError::TooLarge { limit: 10 }));
    laptop.store.keep_blob(&mut &b"ten  bytes"[..], 10, NOW).unwrap();
}

#[test]
fn a_download_goes_on_where_it_was_cut_and_is_here_only_as_a_whole() {
    let (there, here) = (Laptop::new(), Laptop::new());
    let bytes = noise(3, 6 << 20);
    let manifest = keep(&there.store, &bytes);
    let all: Vec<usize> = (0..manifest.chunks.len()).collect();
    assert_eq!(here.store.missing_chunks(&manifest).unwrap(), all);
    let part = |n: usize| there.store.chunk(manifest.chunks[n].hash).unwrap();
    here.store.take_chunk(&manifest.chunks[1], &part(1)).unwrap();
    let here = here.reopen();
    let missing = here.store.missing_chunks(&manifest).unwrap();
    assert_eq!(missing.len(), all.len() - 1, "what came is not asked for again");
    for n in &missing[1..] {
        here.store.take_chunk(&manifest.chunks[*n], &part(*n)).unwrap();
    }
    assert!(here.store.finish_blob(&manifest, NOW).is_err(), "one is missing");
    assert!(!here.store.has_blob(manifest.sha256).unwrap());
    for n in here.store.missing_chunks(&manifest).unwrap() {
        here.store.take_chunk(&manifest.chunks[n], &part(n)).unwrap();
    }
    here.store.finish_blob(&manifest, NOW).unwrap();
    assert!(given(&here.store, manifest.sha256).unwrap() == bytes);
}

#[test]
fn what_is_not_what_its_hash_says_is_not_kept() {
    let (there, here) = (Laptop::new(), Laptop::new());
    let manifest = keep(&there.store, &noise(4, 300_000));
    let bytes = there.store.chunk(manifest.chunks[0].hash).unwrap();
    let mut other = bytes.clone();
    other[7] ^= 1;
    assert!(matches!(here.store.take_chunk(&manifest.chunks[0], &other), Err(BlobError::WrongHash)));
    let short = Chunk { bytes: 3, ..manifest.chunks[0] };
    assert!(matches!(here.store.take_chunk(&short, &bytes), Err(BlobError::WrongHash)), "a lie about the length");
    let lie = Manifest { sha256: Sha256([1; 32]), ..manifest.clone() };
    here.store.take_chunk(&manifest.chunks[0], &bytes).unwrap();
    assert!(matches!(here.store.finish_blob(&lie, NOW), Err(BlobError::WrongHash)));
    assert_eq!(chunk_files(here.folder.path()), Vec::<PathBuf>::new(), "nothing of it is kept");
    let endless = Manifest { chunks: vec![Chunk { hash: ChunkHash([0; 32]), bytes: u32::MAX }], ..manifest };
    assert!(matches!(here.store.missing_chunks(&endless), Err(BlobError::Manifest(_))));
}

#[test]
fn room_is_made_of_what_the_server_has_and_of_nothing_else() {
    let laptop = Laptop::new();
    issue(&laptop.store, 1, &create(1)).unwrap();
    let store = &laptop.store;
    let [old, waiting, young] = [1, 2, 3].map(|seed| keep(store, &noise(seed, 400_000)));
    let upload = Upload { holder: Holder::Attachment(photo(1)), sha256: waiting.sha256 };
    store.await_upload(upload, NOW).unwrap();
    assert_eq!(store.uploads(9).unwrap(), [upload]);
    let later = Timestamp(NOW.0 + 86_400_000);
    store.copy_blob(young.sha256, &mut std::io::sink(), later).unwrap();
    store.make_blob_room(100_000, 1_000_000).unwrap();
    let here = |of: &Manifest| store.has_blob(of.sha256).unwrap();
    assert_eq!((here(&old), here(&waiting), here(&young)), (false, true, true), "the one not looked at goes first");
    let full = store.make_blob_room(900_000, 1_000_000).unwrap_err();
    assert!(matches!(full, BlobError::Full { waiting: 400_000, pinned: 0, quota: 1_000_000 }), "{full}");
    assert_eq!((here(&waiting), here(&young)), (true, false));
    store.uploaded(upload).unwrap();
    store.make_blob_room(900_000, 1_000_000).unwrap();
    assert_eq!((here(&waiting), store.blob_room().unwrap().stored), (false, 0));
    assert_eq!(chunk_files(laptop.folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn what_no_record_names_goes_after_a_while_and_what_one_names_stays() {
    let laptop = Laptop::new();
    let store = &laptop.store;
    issue(store, 1, &create(1)).unwrap();
    let (named, nobodys) = (keep(store, &noise(1, 1_000)), keep(store, &noise(2, 1_000)));
    add(store, 1, &named);
    let days = |n: i64| Timestamp(NOW.0 + n * 86_400_000);
    assert_eq!(store.sweep_blobs(days(1)).unwrap(), 0);
    let after = i64::try_from(KEPT.as_secs() / 86_400).unwrap() + 1;
    assert_eq!(store.sweep_blobs(days(after)).unwrap(), 1);
    assert!(store.has_blob(named.sha256).unwrap() && !store.has_blob(nobodys.sha256).unwrap());
    assert_eq!(chunk_files(laptop.folder.path()).len(), 1);
}

#[test]
fn another_server_is_offered_everything_that_is_here() {
    let laptop = Laptop::new();
    let store = &laptop.store;
    issue(store, 1, &create(1)).unwrap();
    let named = keep(store, &noise(1, 1_000));
    keep(store, &noise(2, 1_000));
    add(store, 1, &named);
    let upload = Upload { holder: Holder::Attachment(photo(1)), sha256: named.sha256 };
    assert!(!store.awaits_upload(upload).unwrap());
    store.await_all_uploads(NOW).unwrap();
    assert_eq!(store.uploads(9).unwrap(), [upload]);
    assert!(store.awaits_upload(upload).unwrap());
}

#[test]
fn a_damaged_file_is_told_and_can_be_fetched_again() {
    let laptop = Laptop::new();
    let bytes = noise(1, 1_000);
    let manifest = keep(&laptop.store, &bytes);
    let [file]: [PathBuf; 1] = chunk_files(laptop.folder.path()).try_into().unwrap();
    let mut stored = fs::read(&file).unwrap();
    assert!(!stored.windows(16).any(|w| bytes.windows(16).next() == Some(w)), "sealed");
    stored[40] ^= 1;
    fs::write(&file, stored).unwrap();
    let laptop = laptop.reopen();
    assert!(matches!(given(&laptop.store, manifest.sha256), Err(BlobError::Damaged { .. })));
    assert!(!laptop.store.has_blob(manifest.sha256).unwrap(), "so it counts as not here");
    keep(&laptop.store, &bytes);
    assert!(given(&laptop.store, manifest.sha256).unwrap() == bytes);
}

#[test]
fn a_damaged_chunk_is_put_aside_and_only_it_is_fetched_again() {
    let (there, here) = (Laptop::new(), Laptop::new());
    let bytes = noise(1, 5 << 20);
    let (manifest, other) = (keep(&here.store, &bytes), keep(&here.store, &noise(2, 1_000)));
    keep(&there.store, &bytes);
    let sound = here.store.check_blob(manifest.sha256, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    assert!(sound.is_sound());
    let stopped = here.store.check_blob(manifest.sha256, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(BlobError::Stopped)));
    let largest = chunk_files(here.folder.path()).into_iter().max_by_key(|f| fs::metadata(f).unwrap().len()).unwrap();
    let mut stored = fs::read(&largest).unwrap();
    stored[99] ^= 1;
    fs::write(&largest, stored).unwrap();
    let before = here.store.blob_room().unwrap().stored;
    let checked = here.store.check_blob(manifest.sha256, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    assert_eq!(checked.bad.len(), 1);
    assert_eq!(here.store.quarantine_blob(&checked, NOW).unwrap(), [(manifest.sha256, false)]);
    assert!(here.store.is_damaged(manifest.sha256).unwrap() && !here.store.has_blob(manifest.sha256).unwrap());
    assert!(here.store.blob_room().unwrap().stored < before - (4 << 20), "what is not here is not counted");
    assert!(here.store.has_blob(other.sha256).unwrap(), "the other file is none of its business");
    let missing = here.store.missing_chunks(&manifest).unwrap();
    assert_eq!(missing.len(), 1, "the sound ones are still there");
    let chunk = &manifest.chunks[missing[0]];
    here.store.take_chunk(chunk, &there.store.chunk(chunk.hash).unwrap()).unwrap();
    here.store.finish_blob(&manifest, NOW).unwrap();
    assert!(!here.store.is_damaged(manifest.sha256).unwrap());
    assert_eq!(here.store.blob_room().unwrap().stored, before);
    assert!(given(&here.store, manifest.sha256).unwrap() == bytes);
    assert_eq!(here.store.next_blob(None).unwrap(), Some(manifest.sha256.min(other.sha256)));
    assert_eq!(here.store.next_blob(Some(manifest.sha256.max(other.sha256))).unwrap(), None);
    assert_eq!(here.store.blob_bytes().unwrap(), (5 << 20) + 1_000);
}

#[test]
fn the_only_copy_stays_on_the_list_when_it_is_damaged_and_is_mended_by_adding_it_again() {
    let laptop = Laptop::new();
    let bytes = noise(1, 1_000);
    let manifest = keep(&laptop.store, &bytes);
    let upload = Upload { holder: Holder::DslItem(DslItemId(Uuid::from_u128(5))), sha256: manifest.sha256 };
    laptop.store.await_upload(upload, NOW).unwrap();
    fs::write(&chunk_files(laptop.folder.path())[0], b"rubbish").unwrap();
    let checked = laptop.store.check_blob(manifest.sha256, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    assert_eq!(laptop.store.quarantine_blob(&checked, NOW).unwrap(), [(manifest.sha256, true)]);
    assert_eq!(laptop.store.uploads(9).unwrap(), [upload]);
    assert!(laptop.store.is_damaged(manifest.sha256).unwrap());
    assert!(given(&laptop.store, manifest.sha256).is_err());
    keep(&laptop.store, &bytes);
    assert!(!laptop.store.is_damaged(manifest.sha256).unwrap());
    assert!(given(&laptop.store, manifest.sha256).unwrap() == bytes);
}

#[test]
fn what_is_to_be_kept_makes_no_way_and_what_shares_chunks_is_known() {
    let laptop = Laptop::new();
    let store = &laptop.store;
    let old = noise(1, 3 << 20);
    let new = [old.as_slice(), &noise(2, 1 << 20)].concat();
    let (kept, like, other) = (keep(store, &old), keep(store, &new), keep(store, &noise(3, 400_000)));
    assert_eq!(store.akin(kept.sha256, 9).unwrap(), [like.sha256]);
    assert_eq!(store.akin(other.sha256, 9).unwrap(), []);
    let item = Uuid::from_u128(5);
    store.pin_blob(kept.sha256, item, true).unwrap();
    assert_eq!(store.blob_room().unwrap().pinned, 3 << 20);
    let full = store.make_blob_room(1, 1_000).unwrap_err();
    assert!(matches!(full, BlobError::Full { waiting: 0, pinned, quota: 1_000 } if pinned == 3 << 20), "{full}");
    assert!(store.has_blob(kept.sha256).unwrap() && !store.has_blob(like.sha256).unwrap());
    store.pin_blob(kept.sha256, item, false).unwrap();
    assert!(!store.is_pinned(kept.sha256).unwrap());
    assert!(store.evict_blob(kept.sha256).unwrap());
    assert_eq!((store.evict_blob(kept.sha256).unwrap(), store.blob_room().unwrap().stored), (false, 0));
    assert_eq!(store.blob_quota().unwrap(), None);
    store.set_blob_quota(7).unwrap();
    assert_eq!(store.blob_quota().unwrap(), Some(7));
}

#[test]
fn taking_in_can_be_stopped_and_goes_on_with_what_is_there() {
    let laptop = Laptop::new();
    let bytes = noise(1, 6 << 20);
    let mut seen = 0;
    let stopped = laptop.store.keep_blob_watched(&mut &*bytes, MOST, NOW, &mut |done| {
        seen = done;
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(BlobError::Stopped)) && seen > 0);
    assert_eq!(chunk_files(laptop.folder.path()).len(), 1, "what was in stays for the next try");
    assert_eq!(laptop.store.blob_room().unwrap().stored, 0);
    let manifest = keep(&laptop.store, &bytes);
    assert!(given(&laptop.store, manifest.sha256).unwrap() == bytes);
}
