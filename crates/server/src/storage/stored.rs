//! What stands in a column, as what it means.

use super::StorageError;
use slipway_domain::number::Series;
use slipway_domain::record::Kind;
use slipway_sync::bucket::{Bucket, NotABucket};
use slipway_sync::log::{Edge, Hash};
use std::collections::BTreeMap;

/// The bucket of a stored name.
pub(super) fn bucket_named(name: &str) -> Result<Bucket, StorageError> {
    name.parse().map_err(|why: NotABucket| StorageError::Corrupt { what: "bucket", why: why.to_string() })
}

/// The kind of a stored name.
pub(super) fn kind_named(name: &str) -> Result<Kind, StorageError> {
    Kind::named(name).ok_or_else(|| StorageError::Corrupt { what: "kind", why: format!("{name:?} is none") })
}

/// SQL's integers are signed; the bits are kept.
pub(super) fn unsigned(value: i64) -> u64 {
    value.cast_unsigned()
}

/// See [`unsigned`].
pub(super) fn signed(value: u64) -> i64 {
    value.cast_signed()
}

/// A figure that a statement limits its rows by.
pub(super) fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The edge of a log as stored: its size, and the roots one after the other.
pub(super) fn stored_edge(size: i64, bytes: &[u8]) -> Result<Edge, StorageError> {
    let (roots, rest) = bytes.as_chunks::<32>();
    Edge::new(unsigned(size), roots.to_vec())
        .filter(|_| rest.is_empty())
        .ok_or_else(|| StorageError::Corrupt { what: "edge of the log", why: "size and roots differ".to_owned() })
}

/// Hashes that begin at a position and go on without a gap; what comes after one is left out.
pub(super) fn without_gap(
    from: u64,
    rows: impl Iterator<Item = Result<(u64, Hash), StorageError>>,
) -> Result<Vec<Hash>, StorageError> {
    let mut hashes = Vec::new();
    for (expected, row) in (from..).zip(rows) {
        let (index, hash) = row?;
        if index != expected {
            break;
        }
        hashes.push(hash);
    }
    Ok(hashes)
}

/// Stored rows of series, those of a newer program left out.
pub(super) fn series_named(rows: Vec<(String, u32)>) -> BTreeMap<Series, u32> {
    let named = |name: &str| Series::ALL.into_iter().find(|series| series.name() == name);
    rows.into_iter().filter_map(|(name, next)| Some((named(&name)?, next))).collect()
}
