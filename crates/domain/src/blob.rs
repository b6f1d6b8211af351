//! Files beside the records, as bytes: by which hash they are named, and into which chunks they are cut. Laptop and
//! server keep them each in their own way; what they tell each other about one is its [`Manifest`].

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

mod hash;
mod holder;

pub use hash::{ChunkHash, NotAHash, Sha256};
pub use holder::{Holder, NotAHolder};

/// Fewest bytes of a chunk, but for the last of a file.
pub const CHUNK_MIN_BYTES: u32 = 256 * 1024;
/// Bytes of a chunk on the average; a power of two, because cut points of others changed between versions of the cutter.
pub const CHUNK_AVERAGE_BYTES: u32 = 1024 * 1024;
/// Most bytes of a chunk.
pub const CHUNK_MAX_BYTES: u32 = 4 * 1024 * 1024;
/// Most chunks of a file; those of 64 GiB on the average.
pub const CHUNKS: usize = 65_536;

/// How a file was cut: pinned, because another way of cutting shares no chunks with this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub enum Cut {
    /// FastCDC, form of 2020, normalised at level 1, with the three sizes above.
    #[serde(rename = "fastcdc-2020-1m")]
    FastCdc2020,
}

/// A chunk of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Chunk {
    /// BLAKE3 of its bytes.
    pub hash: ChunkHash,
    /// How many they are.
    pub bytes: u32,
}

/// What a file is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Manifest {
    /// How it was cut.
    pub cut: Cut,
    /// SHA-256 of the whole.
    pub sha256: Sha256,
    /// How many bytes it has.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Its chunks, in order.
    pub chunks: Vec<Chunk>,
}

/// Why a manifest cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// More chunks than a file has, or none.
    #[error("it has {found} chunks; from 1 to {CHUNKS} are possible")]
    Count {
        /// So many.
        found: usize,
    },
    /// A chunk is of a size that no cutting gives.
    #[error("chunk {n} has {bytes} bytes, which the cutting never gives")]
    Size {
        /// Which.
        n: usize,
        /// So many.
        bytes: u32,
    },
    /// The chunks are not as many bytes as the file.
    #[error("its chunks have {chunks} bytes together, the file {file}")]
    Sum {
        /// Together.
        chunks: u64,
        /// The file.
        file: u64,
    },
}

impl Manifest {
    /// Whether the figures fit together; of the hashes nobody knows before the bytes are there.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<(), BadManifest> {
        let found = self.chunks.len();
        if found == 0 || found > CHUNKS {
            return Err(BadManifest::Count { found });
        }
        for (n, chunk) in self.chunks.iter().enumerate() {
            let is_last = n.saturating_add(1) == found;
            let least = if is_last { 1 } else { CHUNK_MIN_BYTES };
            if chunk.bytes < least || chunk.bytes > CHUNK_MAX_BYTES {
                return Err(BadManifest::Size { n, bytes: chunk.bytes });
            }
        }
        let chunks = self.chunks.iter().fold(0_u64, |sum, chunk| sum.saturating_add(chunk.bytes.into()));
        if chunks == self.size_bytes { Ok(()) } else { Err(BadManifest::Sum { chunks, file: self.size_bytes }) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadManifest, CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, CHUNKS, Chunk, ChunkHash, Cut, Manifest, Sha256};
    use rstest::rstest;

    #[rstest]
    #[case::one(&[1], 1, Ok(()))]
    #[case::two(&[CHUNK_MIN_BYTES, 7], u64::from(CHUNK_MIN_BYTES) + 7, Ok(()))]
    #[case::none(&[], 0, Err(BadManifest::Count { found: 0 }))]
    #[case::empty_chunk(&[0], 0, Err(BadManifest::Size { n: 0, bytes: 0 }))]
    #[case::small_in_the_middle(&[9, 9], 18, Err(BadManifest::Size { n: 0, bytes: 9 }))]
    #[case::too_large(&[CHUNK_MAX_BYTES + 1], 1, Err(BadManifest::Size { n: 0, bytes: CHUNK_MAX_BYTES + 1 }))]
    #[case::another_sum(&[5], 6, Err(BadManifest::Sum { chunks: 5, file: 6 }))]
    #[case::too_many(&[CHUNK_MIN_BYTES; CHUNKS + 1], 0, Err(BadManifest::Count { found: CHUNKS + 1 }))]
    fn figures_fit_together(#[case] sizes: &[u32], #[case] size_bytes: u64, #[case] want: Result<(), BadManifest>) {
        let chunks = sizes.iter().map(|bytes| Chunk { hash: ChunkHash([0; 32]), bytes: *bytes }).collect();
        let manifest = Manifest { cut: Cut::FastCdc2020, sha256: Sha256([0; 32]), size_bytes, chunks };
        assert_eq!(manifest.check(), want);
    }
}
