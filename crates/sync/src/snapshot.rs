//! Snapshots: all records of a bucket at one sequence, for a laptop that has nothing or is too far behind.
//!
//! A snapshot is a file of frames, one zstd frame each, and a signed manifest that says how long each is and what it
//! hashes to, so that a download goes on at any frame and every frame is checked by itself. Records are sorted by kind
//! name, then id: a laptop fills its tables from end to end. It never changes; a newer one has another id.
//!
//! A record in a frame, before compression, figures little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 1, then so many | kind by its stable name |
//! | 16 | id |
//! | 8 | sequence at which it last moved in the bucket |
//! | 4, then so many | body, exactly as it travels |

use crate::bucket::Bucket;
use crate::encoding::{Base64, hex};
use crate::limits::{FRAME_BYTES, FRAME_PACKED_BYTES, FRAME_PLAIN_BYTES, FRAME_WINDOW_LOG, FRAMES};
use crate::protocol::{BucketSum, Epoch};
use crate::signing::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_domain::checksum::row_checksum;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use uuid::Uuid;

/// What the server answers when a laptop asks which of its buckets are worth fetching whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Offers {
    /// Epoch of the server's history.
    pub epoch: Epoch,
    /// One for each bucket that is worth it; the others come in pages.
    pub snapshots: Vec<SignedManifest>,
}

/// The exact bytes of a [`Manifest`] in JSON and the server's signature over them, by the key of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignedManifest {
    /// JSON of [`Manifest`].
    pub payload: Base64,
    /// Ed25519.
    pub signature: Base64,
}

/// Identity of a snapshot: the hash of its manifest. It stands in its address, so that what is there never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId([u8; 32]);

/// A text that is no [`SnapshotId`].
#[derive(Debug, thiserror::Error)]
#[error("not 64 lower-case hex digits")]
pub struct NotAnId;

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for SnapshotId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NotAnId),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut id = [0; 32];
        if pairs.len() != id.len() || !rest.is_empty() {
            return Err(NotAnId);
        }
        for (to, [high, low]) in id.iter_mut().zip(pairs) {
            *to = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(id))
    }
}

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Manifest {
    /// Domain separation: [`Manifest::DOMAIN`].
    pub domain: String,
    /// Name of the server's log, which names the workspace.
    pub log: String,
    /// Epoch of the history.
    pub epoch: Epoch,
    /// The bucket.
    pub bucket: Bucket,
    /// The bucket as it was at this sequence; a pull goes on from here.
    pub seq: u64,
    /// What it held then.
    pub sum: BucketSum,
    /// Its parts, in order.
    pub frames: Vec<Frame>,
}

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Frame {
    /// Where it begins in the file.
    pub offset: u64,
    /// How long it is there.
    pub length: u32,
    /// How long it is before compression.
    pub plain: u32,
    /// How many records are in it.
    pub records: u32,
    /// SHA-256 of it as it stands in the file.
    pub sha256: Base64,
}

/// Why a snapshot is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// It is not signed by the workspace's key.
    #[error("its manifest is not signed by the workspace's key")]
    Forged,
    /// What is signed is no manifest of this bucket.
    #[error("its manifest makes no sense: {0}")]
    Manifest(&'static str),
    /// A part is not what the manifest says.
    #[error("part {frame} is not what its manifest says: {why}")]
    Frame {
        /// Which, from 0.
        frame: usize,
        /// How so.
        why: &'static str,
    },
    /// The parts are right one by one, but not together.
    #[error("its records are not those that its manifest counts")]
    Sum,
    /// A record that cannot be put into a frame.
    #[error("a record of {bytes} bytes is larger than a part may be")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Records that are not in order.
    #[error("records are not sorted")]
    Unsorted,
    /// The compressor failed.
    #[error("compression failed: {0}")]
    Compression(String),
}

impl SignedManifest {
    /// Signs a manifest.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn sign(manifest: &Manifest, key: &PrivateKey) -> Result<Self, serde_json::Error> {
        let payload = serde_json::to_vec(manifest)?;
        let signature = Base64(key.sign(&payload));
        Ok(Self { payload: Base64(payload), signature })
    }

    /// Identity of the snapshot.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        SnapshotId(Sha256::digest(&self.payload.0).into())
    }

    /// The manifest, if the key of this log signed it and it makes sense.
    ///
    /// # Errors
    /// [`BadSnapshot::Forged`] or [`BadSnapshot::Manifest`].
    pub fn open(&self, log: &str, key: &PublicKey) -> Result<Manifest, BadSnapshot> {
        if !key.verifies(&self.payload.0, &self.signature.0) {
            return Err(BadSnapshot::Forged);
        }
        let manifest = Manifest::read(&self.payload.0)?;
        if manifest.log == log { Ok(manifest) } else { Err(BadSnapshot::Manifest("it is another workspace's")) }
    }
}

impl Manifest {
    /// Stands in every manifest.
    pub const DOMAIN: &'static str = "slipway.snapshot.v1";

    /// Reads a manifest whose signature was checked before, and checks its figures.
    ///
    /// # Errors
    /// [`BadSnapshot::Manifest`].
    pub fn read(json: &[u8]) -> Result<Self, BadSnapshot> {
        let wrong = BadSnapshot::Manifest;
        let manifest: Self = serde_json::from_slice(json).map_err(|_| wrong("it is no JSON of one"))?;
        if manifest.domain != Self::DOMAIN {
            return Err(wrong("it is of another kind"));
        }
        if manifest.frames.len() > FRAMES {
            return Err(wrong("it has too many parts"));
        }
        let (mut offset, mut records) = (0_u64, 0_u64);
        for frame in &manifest.frames {
            if frame.offset != offset {
                return Err(wrong("its parts leave gaps"));
            }
            let within = |figure: u32, most: usize| figure > 0 && usize::try_from(figure).is_ok_and(|n| n <= most);
            if !within(frame.length, FRAME_PACKED_BYTES) || !within(frame.plain, FRAME_PLAIN_BYTES) {
                return Err(wrong("a part is too large"));
            }
            offset += u64::from(frame.length);
            records += u64::from(frame.records);
        }
        if records != manifest.sum.count {
            return Err(wrong("its parts do not add up"));
        }
        Ok(manifest)
    }

    /// Length of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.offset + u64::from(frame.length))
    }

    /// The frames from `first` on that are fetched in one request: at least one, and no more than `bytes`.
    #[must_use]
    pub fn stretch(&self, first: usize, bytes: u64) -> Range<usize> {
        let begin = self.frames.get(first).map_or(0, |frame| frame.offset);
        let fits = |frame: &&Frame| frame.offset + u64::from(frame.length) - begin <= bytes;
        let more = self.frames.iter().skip(first + 1).take_while(fits).count();
        first..(first + 1 + more).min(self.frames.len())
    }

    /// Where these frames stand in the file.
    #[must_use]
    pub fn place(&self, frames: &Range<usize>) -> Range<u64> {
        let at = |n: usize| self.frames.get(n).map_or_else(|| self.bytes(), |frame| frame.offset);
        at(frames.start)..at(frames.end)
    }

    /// The whole frames from `first` on in these bytes of the file, each checked by its hash. What is left over of one
    /// that was cut off is passed over.
    ///
    /// # Errors
    /// [`BadSnapshot::Frame`].
    pub fn split(&self, first: usize, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, BadSnapshot> {
        let mut frames = Vec::new();
        for (n, frame) in self.frames.iter().enumerate().skip(first) {
            let length = usize::try_from(frame.length).unwrap_or(usize::MAX);
            let Some((packed, rest)) = bytes.split_at_checked(length) else { break };
            frame.check(n, packed)?;
            frames.push(packed.to_vec());
            bytes = rest;
        }
        Ok(frames)
    }

    /// Unpacks a frame and shows every record in it; the count and sum of what it showed.
    ///
    /// # Errors
    /// [`BadSnapshot::Frame`], also after some of its records were shown.
    pub fn unpack(
        &self,
        n: usize,
        packed: &[u8],
        show: &mut dyn FnMut(Row<'_>, u64),
    ) -> Result<BucketSum, BadSnapshot> {
        let wrong = |why| BadSnapshot::Frame { frame: n, why };
        let frame = self.frames.get(n).ok_or_else(|| wrong("there is no such part"))?;
        frame.check(n, packed)?;
        let plain = frame.inflate(packed).map_err(wrong)?;
        let mut sum = BucketSum::default();
        let mut rest = plain.as_slice();
        let mut last: Option<(&str, Uuid)> = None;
        while !rest.is_empty() {
            let (row, after) = Row::split(rest).ok_or_else(|| wrong("a record is cut off"))?;
            if last.is_some_and(|last| last >= (row.kind, row.id)) {
                return Err(wrong("its records are not sorted"));
            }
            last = Some((row.kind, row.id));
            let checksum = row.checksum();
            sum.count += 1;
            sum.sum = sum.sum.wrapping_add(checksum);
            show(row, checksum);
            rest = after;
        }
        if sum.count == u64::from(frame.records) { Ok(sum) } else { Err(wrong("it has another number of records")) }
    }
}

impl Frame {
    fn check(&self, n: usize, packed: &[u8]) -> Result<(), BadSnapshot> {
        let wrong = |why| BadSnapshot::Frame { frame: n, why };
        if packed.len() as u64 != u64::from(self.length) {
            return Err(wrong("it has another length"));
        }
        if self.sha256.0 == Sha256::digest(packed).as_slice() { Ok(()) } else { Err(wrong("its hash is another")) }
    }

    /// Never makes more than the manifest says, whatever the frame itself says.
    fn inflate(&self, packed: &[u8]) -> Result<Vec<u8>, &'static str> {
        let plain = usize::try_from(self.plain).map_err(|_| "it is too large")?;
        let mut decoder = zstd::bulk::Decompressor::new().map_err(|_| "there is no decoder")?;
        decoder.window_log_max(FRAME_WINDOW_LOG).map_err(|_| "there is no decoder")?;
        let out = decoder.decompress(packed, plain).map_err(|_| "it cannot be unpacked")?;
        if out.len() == plain { Ok(out) } else { Err("it unpacks to another length") }
    }
}

/// A record in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Kind by its stable name.
    pub kind: &'a str,
    /// Identity.
    pub id: Uuid,
    /// The sequence at which it last moved in the bucket.
    pub seq: u64,
    /// The stored JSON text.
    pub body: &'a str,
}

impl<'a> Row<'a> {
    /// What it adds to its bucket's sum.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        row_checksum(self.kind, self.id, self.seq, self.body)
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), BadSnapshot> {
        let too_large = || BadSnapshot::TooLarge { bytes: self.body.len() };
        let kind = u8::try_from(self.kind.len()).map_err(|_| too_large())?;
        let body = u32::try_from(self.body.len()).map_err(|_| too_large())?;
        out.push(kind);
        out.extend_from_slice(self.kind.as_bytes());
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&body.to_le_bytes());
        out.extend_from_slice(self.body.as_bytes());
        Ok(())
    }

    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (kind, bytes) = bytes.split_first()?;
        let (kind, bytes) = bytes.split_at_checked(usize::from(*kind))?;
        let (id, bytes) = bytes.split_first_chunk::<16>()?;
        let (seq, bytes) = bytes.split_first_chunk::<8>()?;
        let (length, bytes) = bytes.split_first_chunk::<4>()?;
        let (body, rest) = bytes.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let row = Self {
            kind: str::from_utf8(kind).ok()?,
            id: Uuid::from_bytes(*id),
            seq: u64::from_le_bytes(*seq),
            body: str::from_utf8(body).ok()?,
        };
        Some((row, rest))
    }
}

/// Packs records into frames. What it gives is to be written one after the other.
#[derive(Debug, Default)]
pub struct Packer {
    plain: Vec<u8>,
    records: u32,
    last: Option<(String, Uuid)>,
    offset: u64,
    sum: BucketSum,
    frames: Vec<Frame>,
}

/// The last frame's bytes, if any are left, every frame, and what the bucket holds.
pub type Finished = (Option<Vec<u8>>, Vec<Frame>, BucketSum);

impl Packer {
    /// Takes a record; gives a frame when one is full.
    ///
    /// # Errors
    /// It comes out of order or is too large, or there are too many.
    pub fn add(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>, BadSnapshot> {
        if self.last.as_ref().is_some_and(|(kind, id)| (kind.as_str(), *id) >= (row.kind, row.id)) {
            return Err(BadSnapshot::Unsorted);
        }
        row.write(&mut self.plain)?;
        if self.plain.len() > FRAME_PLAIN_BYTES {
            return Err(BadSnapshot::TooLarge { bytes: row.body.len() });
        }
        match &mut self.last {
            Some((kind, id)) if kind == row.kind => *id = row.id,
            last => *last = Some((row.kind.to_owned(), row.id)),
        }
        self.records += 1;
        self.sum.count += 1;
        self.sum.sum = self.sum.sum.wrapping_add(row.checksum());
        if self.plain.len() >= FRAME_BYTES { self.close().map(Some) } else { Ok(None) }
    }

    /// The last frame, if anything is left; then what goes into the manifest.
    ///
    /// # Errors
    /// There are too many frames.
    pub fn finish(mut self) -> Result<Finished, BadSnapshot> {
        let last = if self.records > 0 { Some(self.close()?) } else { None };
        Ok((last, self.frames, self.sum))
    }

    fn close(&mut self) -> Result<Vec<u8>, BadSnapshot> {
        if self.frames.len() == FRAMES {
            return Err(BadSnapshot::Manifest("it has too many parts"));
        }
        let packed =
            zstd::bulk::compress(&self.plain, LEVEL).map_err(|error| BadSnapshot::Compression(error.to_string()))?;
        let length = |n: usize| u32::try_from(n).map_err(|_| BadSnapshot::TooLarge { bytes: n });
        self.frames.push(Frame {
            offset: self.offset,
            length: length(packed.len())?,
            plain: length(self.plain.len())?,
            records: self.records,
            sha256: Base64(Sha256::digest(&packed).to_vec()),
        });
        self.offset += packed.len() as u64;
        self.plain.clear();
        self.records = 0;
        Ok(packed)
    }
}

/// How hard the packer tries: twice the time of the next one would save a tenth.
const LEVEL: i32 = 3;
