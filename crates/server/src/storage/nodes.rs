//! Stored nodes of the audit log's tree: those of every eighth height, which are the tiles of a log.

use super::{Storage, StorageError, WorkspaceView};
use slipway_domain::id::WorkspaceId;
use slipway_sync::log::proof::Nodes;
use slipway_sync::log::{Edge, Hash, node_hash};
use std::collections::BTreeMap;

/// Heights between two stored levels.
pub const TILE_HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;
/// Leaves read at once when nodes are stored afterwards.
const LEAVES: usize = 4_096;

/// The root of a complete subtree of 256^`level` leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogNode {
    /// 1 for those over 256 leaves.
    pub level: u32,
    /// Position from 0 among those of its level.
    pub index: u64,
    /// RFC 6962.
    pub hash: Hash,
}

impl LogNode {
    /// A subtree that became complete, if it is one of those stored.
    pub(super) fn stored(height: u32, index: u64, hash: &Hash) -> Option<Self> {
        let level = height / TILE_HEIGHT;
        height.is_multiple_of(TILE_HEIGHT).then_some(Self { level, index, hash: *hash })
    }
}

/// Stores the nodes of a log that was written before there were any.
///
/// # Errors
/// The storage failed.
pub fn bring_up_to_date(storage: &dyn Storage, workspace: WorkspaceId) -> Result<(), StorageError> {
    let view = storage.snapshot(workspace)?;
    let full = view.log()?.size() / TILE_WIDTH;
    if full == 0 || !view.log_hashes(1, full - 1, 1)?.is_empty() {
        return Ok(());
    }
    let mut edge = Edge::default();
    loop {
        let leaves = view.log_hashes(0, edge.size(), LEAVES)?;
        let mut nodes = Vec::new();
        for hash in &leaves {
            edge.append_showing(*hash, |height, index, hash| nodes.extend(LogNode::stored(height, index, hash)));
        }
        let mut tx = storage.begin(workspace)?;
        tx.put_log_nodes(&nodes)?;
        tx.commit()?;
        if leaves.len() < LEAVES {
            break;
        }
    }
    tracing::info!(leaves = edge.size(), "Stored the nodes of the audit log's tree");
    Ok(())
}

/// The tree of one moment, read in tiles; each is read once.
pub struct TreeReader<'a> {
    view: &'a dyn WorkspaceView,
    size: u64,
    tiles: BTreeMap<(u32, u64), Vec<Hash>>,
}

impl<'a> TreeReader<'a> {
    /// The log as this view has it.
    ///
    /// # Errors
    /// The engine failed.
    pub fn of(view: &'a dyn WorkspaceView) -> Result<Self, StorageError> {
        Ok(Self { view, size: view.log()?.size(), tiles: BTreeMap::new() })
    }

    /// Entries in the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of a tile: 256 of them, or as many as there are.
    ///
    /// # Errors
    /// The engine failed, or a leaf is missing.
    pub fn tile(&mut self, level: u32, tile: u64) -> Result<&[Hash], StorageError> {
        if !self.tiles.contains_key(&(level, tile)) {
            let hashes = self.read(level, tile)?;
            self.tiles.insert((level, tile), hashes);
        }
        Ok(self.tiles.get(&(level, tile)).map_or(&[], Vec::as_slice))
    }

    fn read(&mut self, level: u32, tile: u64) -> Result<Vec<Hash>, StorageError> {
        let complete = self.size.checked_shr(level * TILE_HEIGHT).unwrap_or(0);
        let from = tile.saturating_mul(TILE_WIDTH);
        let count = complete.saturating_sub(from).min(TILE_WIDTH);
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let hashes = self.view.log_hashes(level, from, wanted)?;
        if hashes.len() == wanted {
            return Ok(hashes);
        }
        if level == 0 {
            return Err(missing(level, from));
        }
        // A node of another program version wrote meanwhile, or the row was lost: the level below says the same.
        (from..from + count).map(|index| Ok(folded(self.tile(level - 1, index)?))).collect()
    }
}

fn missing(level: u32, index: u64) -> StorageError {
    StorageError::Corrupt { what: "log", why: format!("a hash of level {level} from {index} on is missing") }
}

/// The root over hashes whose number is a power of two.
fn folded(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_default()
}

impl Nodes for TreeReader<'_> {
    type Error = StorageError;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, StorageError> {
        let (level, above) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let first = index << above;
        let hashes = self.tile(level, first / TILE_WIDTH)?;
        let at = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        hashes.get(at..at.saturating_add(1 << above)).map(folded).ok_or_else(|| missing(level, first))
    }
}
