//! Cutting a file where its content says so, so that a file that changed in one place shares its other chunks.

use fastcdc::v2020::StreamCDC;
use slipway_domain::blob::{CHUNK_AVERAGE_BYTES, CHUNK_MAX_BYTES, CHUNK_MIN_BYTES};
use std::io::{self, Read};

/// The chunks of what is read, each as bytes.
pub(super) fn chunks(source: impl Read) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let size = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
    StreamCDC::new(source, size(CHUNK_MIN_BYTES), size(CHUNK_AVERAGE_BYTES), size(CHUNK_MAX_BYTES))
        .map(|chunk| chunk.map(|chunk| chunk.data).map_err(Into::into))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::chunks;

    /// The same bytes everywhere and always.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut data = vec![0; bytes];
        blake3::Hasher::new().update(b"golden").finalize_xof().fill(&mut data);
        data
    }

    fn lengths(data: &[u8]) -> Vec<usize> {
        chunks(data).map(|chunk| chunk.unwrap().len()).collect()
    }

    /// These cut points are part of the form of every manifest: if they change, `Cut` needs another name.
    #[test]
    fn cut_points_are_those_of_the_pinned_algorithm() {
        assert_eq!(lengths(&noise(8 << 20)), GOLDEN);
        assert_eq!(lengths(&vec![0; 9 << 20]), [4 << 20, 4 << 20, 1 << 20], "nothing to cut by: the longest there is");
        assert_eq!(lengths(b"short"), [5]);
        assert_eq!(lengths(b""), [0_usize; 0]);
    }

    const GOLDEN: [usize; 6] = [1_455_205, 1_154_463, 2_455_996, 1_303_776, 1_754_776, 264_392];

    #[test]
    fn what_was_put_in_at_the_front_moves_few_cut_points() {
        let old = noise(8 << 20);
        let mut new = b"a few bytes more".to_vec();
        new.extend(&old);
        let known: Vec<_> = chunks(&*old).map(|chunk| blake3::hash(&chunk.unwrap())).collect();
        let again = chunks(&*new).filter(|chunk| !known.contains(&blake3::hash(chunk.as_ref().unwrap()))).count();
        assert!(again <= 2, "{again} of {} chunks are others", known.len());
    }
}
