//! Before the pages: buckets of which nothing is held are fetched whole, where the server says that it is worth it.

use super::{Doing, Engine, LocalRequest, Millis, Progress, Trouble};
use crate::limits;
use crate::local::Fetching;
use crate::protocol::ErrorCode;
use crate::snapshot::{BadSnapshot, Manifest, Offers, SignedManifest, SnapshotId};
use crate::transport::{Request, TransportError};

/// A snapshot under way.
#[derive(Clone, Debug)]
pub(super) struct Download {
    id: SnapshotId,
    manifest: Manifest,
    /// How many of its first frames are kept.
    kept: usize,
}

/// Bytes behind the last whole frame, so that a frame larger than what a bad line carries at a stretch comes all the same.
#[derive(Clone, Debug)]
pub(super) struct Torn {
    id: SnapshotId,
    /// Where in the file they begin.
    from: u64,
    bytes: Vec<u8>,
}

impl Engine {
    /// Takes up what an earlier cycle began.
    pub(super) fn resume(&mut self, fetching: Vec<Fetching>) {
        self.cycle.asked = false;
        self.cycle.offers.clear();
        self.cycle.downloads.clear();
        for Fetching { manifest: signed, kept } in fetching {
            // It was believed when it was begun; a key that changed since ends in another offer.
            if let Some(Ok(manifest)) = self.open(&signed) {
                self.cycle.downloads.push_back(Download { id: signed.id(), manifest, kept });
            }
        }
    }

    fn open(&self, signed: &SignedManifest) -> Option<Result<Manifest, BadSnapshot>> {
        let (name, key) = self.settings.log.as_ref()?;
        Some(signed.open(name, key))
    }

    /// The next stretch of a snapshot, the next snapshot, the question for some, or else the first page.
    pub(super) fn fetch(&mut self, now: Millis) {
        if self.pages_only
            && let Some(download) = self.cycle.downloads.pop_front()
        {
            let request = LocalRequest::DropSnapshot(download.manifest.bucket);
            return self.local(now, Doing::DropSnapshot, request);
        }
        if let Some(download) = self.cycle.downloads.front() {
            let stretch = download.manifest.stretch(download.kept, limits::FETCH_BYTES);
            let mut bytes = download.manifest.place(&stretch);
            match &self.torn {
                Some(torn) if torn.id == download.id && torn.from == bytes.start => {
                    bytes.start += torn.bytes.len() as u64;
                }
                _ => self.torn = None,
            }
            let request = Request::Frames { snapshot: download.id, bytes };
            return self.call(now, Doing::Frames, request);
        }
        if let Some(signed) = self.cycle.offers.pop_front() {
            return self.begin_snapshot(now, signed);
        }
        let empty: Vec<_> =
            self.cycle.cursors.iter().filter(|(_, seq)| **seq == 0).map(|(bucket, _)| *bucket).collect();
        // The epoch is known once the server has said which it is.
        let may = self.settings.log.is_some() && !self.pages_only && !self.cycle.epoch.0.is_nil();
        if may && !empty.is_empty() && !self.cycle.asked {
            self.cycle.asked = true;
            return self.call(now, Doing::Offers, Request::Offers(empty));
        }
        self.pull(now);
    }

    pub(super) fn offered(&mut self, now: Millis, offers: Offers) {
        // Of another history: the pull is told so, and begins it.
        if offers.epoch == self.cycle.epoch {
            self.cycle.offers = offers.snapshots.into();
        }
        self.fetch(now);
    }

    fn begin_snapshot(&mut self, now: Millis, signed: SignedManifest) {
        let manifest = match self.open(&signed) {
            Some(Ok(manifest)) => manifest,
            Some(Err(why)) => return self.bad_snapshot(now, &why),
            None => return self.fetch(now),
        };
        let (bucket, seq) = (manifest.bucket, manifest.seq);
        let twice = self.cycle.downloads.iter().any(|download| download.manifest.bucket == bucket);
        let wanted = self.cycle.cursors.get(&bucket) == Some(&0) && manifest.epoch == self.cycle.epoch && !twice;
        if !wanted || manifest.frames.is_empty() || seq == 0 {
            return self.bad_snapshot(now, &BadSnapshot::Manifest("it was not asked for"));
        }
        self.cycle.downloads.push_back(Download { id: signed.id(), manifest, kept: 0 });
        self.local(now, Doing::BeginSnapshot, LocalRequest::BeginSnapshot { bucket, seq, manifest: signed });
    }

    /// What came, whole frames first; what is left of the last one waits for its rest.
    pub(super) fn frames(&mut self, now: Millis, came: &[u8]) {
        let Some(download) = self.cycle.downloads.front() else { return self.fetch(now) };
        let begin = download.manifest.place(&(download.kept..download.kept)).start;
        let mut bytes = self.torn.take().map(|torn| torn.bytes).unwrap_or_default();
        bytes.extend_from_slice(came);
        let frames = match download.manifest.split(download.kept, &bytes) {
            Ok(frames) => frames,
            Err(why) => return self.bad_snapshot(now, &why),
        };
        let whole: usize = frames.iter().map(Vec::len).sum();
        let rest = bytes.split_off(whole.min(bytes.len()));
        if !rest.is_empty() {
            self.torn = Some(Torn { id: download.id, from: begin + whole as u64, bytes: rest });
        }
        let count = frames.len();
        if count == 0 && came.is_empty() {
            let why = "the connection was cut".to_owned();
            return self.fail(now, Trouble::Unreachable { why }, None);
        }
        if count == 0 {
            return self.fetch(now);
        }
        let last = download.kept + count == download.manifest.frames.len();
        let bucket = download.manifest.bucket;
        self.local(now, Doing::KeepFrames { count }, LocalRequest::KeepFrames { bucket, frames, last });
    }

    pub(super) fn kept(&mut self, now: Millis, count: usize) {
        let Some(download) = self.cycle.downloads.front_mut() else { return self.fetch(now) };
        download.kept += count;
        let manifest = &download.manifest;
        let records = |frames: &[crate::snapshot::Frame]| frames.iter().map(|frame| u64::from(frame.records)).sum();
        self.report.progress = Some(Progress {
            entries: manifest.frames.get(..download.kept).map_or(manifest.sum.count, records),
            of_entries: manifest.sum.count,
            bytes: manifest.place(&(download.kept..download.kept)).start,
            of_bytes: manifest.bytes(),
            ..Progress::default()
        });
        if download.kept >= manifest.frames.len() {
            self.cycle.cursors.insert(manifest.bucket, manifest.seq);
            self.cycle.downloads.pop_front();
        }
        self.fetch(now);
    }

    /// A snapshot that the server replaced is asked for anew; every other error means what it always means.
    pub(super) fn frames_refused(&mut self, now: Millis, error: TransportError) {
        let gone = matches!(&error, TransportError::Refused(body) if body.code == ErrorCode::SnapshotGone);
        match self.cycle.downloads.pop_front() {
            Some(download) if gone => {
                self.torn = None;
                let request = LocalRequest::DropSnapshot(download.manifest.bucket);
                self.local(now, Doing::DropSnapshot, request);
            }
            _ => self.refused(now, error),
        }
    }

    /// Says so, forgets it, and lets everything come in pages from the next cycle on.
    fn bad_snapshot(&mut self, now: Millis, why: &BadSnapshot) {
        self.torn = None;
        self.pages_only = true;
        self.fail(now, Trouble::Snapshot { why: why.to_string() }, None);
    }
}
