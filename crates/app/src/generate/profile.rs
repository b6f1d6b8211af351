//! A model put into a profile at once: by the path on which a server's snapshot comes in, so that look-ups, lists and
//! search are made as they always are.

use super::model::Model;
use slipway_domain::checksum::row_checksum;
use slipway_domain::record::Record;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::snapshot::{Row, Unpack};
use std::sync::Mutex;

/// The bucket that everything goes into.
const BUCKET: &str = "workspace";
/// CIs of one frame; its relations come in frames of as many.
const FRAME: usize = 10_000;

/// Frames are numbers; their records are made when they are read.
struct Frames<'m> {
    model: &'m Model,
    edges: &'m [super::model::Edge],
    /// Records that came before each frame, so that sequences go on.
    total: Mutex<Option<(u64, u64)>>,
}

impl Frames<'_> {
    fn cis(&self) -> usize {
        usize::try_from(self.model.cis()).unwrap_or_default()
    }

    fn count(&self) -> usize {
        1 + self.cis().div_ceil(FRAME) + self.edges.len().div_ceil(FRAME)
    }

    /// Shows the records of a frame with their sequences.
    fn each(&self, n: usize, show: &mut dyn FnMut(&Record, u64) -> Result<(), Fault>) -> Result<(), Fault> {
        let cis = self.cis();
        let people = self.model.people();
        let Some(n) = n.checked_sub(1) else {
            return people.iter().zip(1..).try_for_each(|(record, seq)| show(record, seq));
        };
        let before = people.len() as u64 + 1;
        let of_cis = cis.div_ceil(FRAME);
        if n < of_cis {
            for place in n * FRAME..cis.min((n + 1) * FRAME) {
                let ci = self.model.ci(u32::try_from(place).unwrap_or(u32::MAX));
                show(&ci.into(), before + place as u64)?;
            }
            return Ok(());
        }
        let first = (n - of_cis) * FRAME;
        for (edge, place) in self.edges.iter().skip(first).take(FRAME).zip(first..) {
            show(&self.model.relation(*edge).into(), before + (cis + place) as u64)?;
        }
        Ok(())
    }
}

impl Unpack for Frames<'_> {
    fn unpack(&self, _: &str, n: usize, _: &[u8], show: &mut dyn FnMut(Row<'_>)) -> Result<(), Fault> {
        self.each(n, &mut |record, seq| {
            let (kind, id, body) = (record.kind().name(), record.id(), record.body()?);
            show(Row { kind, id, seq, body: &body, checksum: row_checksum(kind, id, seq, &body) });
            Ok(())
        })
    }

    fn total(&self, _: &str) -> Result<(u64, u64), Fault> {
        let mut total = self.total.lock().map_err(|_| Fault::new("the sum was never finished"))?;
        if let Some(total) = *total {
            return Ok(total);
        }
        let (mut count, mut sum) = (0_u64, 0_u64);
        for n in 0..self.count() {
            self.unpack("", n, &[], &mut |row| {
                count += 1;
                sum = sum.wrapping_add(row.checksum);
            })?;
        }
        *total = Some((count, sum));
        drop(total);
        Ok((count, sum))
    }
}

/// Puts everything that a model has into a profile without a server; commands that wait there are executed again on
/// top. Gives how many records came.
///
/// # Errors
/// That the storage failed; then nothing was changed.
pub fn fill(model: &Model, store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let edges = model.edges();
    let frames = Frames { model, edges: &edges, total: Mutex::new(None) };
    let misuse = |fault: Fault| StoreError::Misuse {
        sentence: format!("The model cannot be made: {fault}."),
        way_out: "Ask for another size.".to_owned(),
    };
    let (count, sum) = frames.total("").map_err(misuse)?;
    store.begin_snapshot(BUCKET, count, "")?;
    store.keep_frames(BUCKET, &vec![vec![0]; frames.count()], true)?;
    let cursor = Cursor { bucket: BUCKET.to_owned(), seq: count, count, sum };
    let flip = Flip { at: now, cursors: vec![cursor], ..Flip::default() };
    store.flip_with_snapshots(&flip, &frames)?;
    Ok(count)
}
