//! Feeding: pages of records changed after a laptop's cursors, each read at one moment.

use super::scope::Readable;
use super::{Caller, Core};
use crate::error::ServerError;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Page, Pull};
use std::collections::BTreeMap;

impl Core {
    /// One page. It is complete when in this same transaction every bucket asked for, and the results, end in it.
    ///
    /// # Errors
    /// Another epoch, a cursor beyond the head, a bucket that is not the caller's; or the storage failed.
    pub fn pull(&self, caller: &Caller, pull: &Pull) -> Result<Page, ServerError> {
        caller.sound()?;
        let view = self.snapshot()?;
        let workspace = view.workspace()?;
        if workspace.epoch != pull.epoch {
            let counter = view.device(caller.device)?.map_or(0, |device| device.counter);
            return Err(ErrorBody {
                epoch: Some(workspace.epoch),
                expected_counter: Some(counter + 1),
                ..ErrorBody::new(
                    ErrorCode::EpochChanged,
                    "The server was restored from a backup or replaced.",
                    "Nothing to do: the laptop sends again what the server no longer knows.",
                )
            }
            .into());
        }
        if pull.cursors.values().any(|seq| *seq > workspace.head) {
            let sentence = "The laptop says it has more than the server ever gave.";
            return Err(ErrorBody::new(ErrorCode::CursorAhead, sentence, "Nothing to do: it fetches anew.").into());
        }
        let readable = Readable::of(view.as_ref(), caller)?;
        let known = pull.scope == readable.tag();
        let lost = pull.cursors.keys().find(|bucket| !readable.covers(**bucket));
        // A laptop whose scope has changed since is told so, and leaves out by itself what is no longer its to read.
        if let Some(bucket) = lost.filter(|_| known || pull.scope.is_empty()) {
            let sentence = format!("There is no {bucket} that you may read.");
            return Err(ErrorBody::new(ErrorCode::BucketUnknown, sentence, "Leave it out.").into());
        }
        let notes = self.within_horizon(&*view, caller, &pull.cursors)?;
        let wanted = pull.limit.clamp(1, limits::TAIL_ENTRIES);
        let mut bytes = if wanted > limits::PAGE_ENTRIES { limits::TAIL_BYTES } else { limits::PAGE_BYTES };
        let mut left = wanted;
        let mut entries = Vec::new();
        let mut cursors = BTreeMap::new();
        let mut complete = true;
        for (bucket, after) in pull.cursors.iter().filter(|(bucket, _)| readable.covers(**bucket)) {
            if left == 0 {
                let done = *after == workspace.head;
                complete &= done;
                cursors.insert(*bucket, *after);
                continue;
            }
            let feed = view.feed(*bucket, *after, left, bytes)?;
            let reached = feed.entries.last().map_or(*after, |entry| entry.seq);
            cursors.insert(*bucket, if feed.exhausted { workspace.head } else { reached });
            complete &= feed.exhausted;
            left = if feed.exhausted { left - feed.entries.len() } else { 0 };
            let size: usize = feed.entries.iter().filter_map(|entry| entry.body.as_ref()).map(String::len).sum();
            bytes = bytes.saturating_sub(size).max(1);
            entries.extend(feed.entries);
        }
        let results = view.results(caller.device, pull.judged_after, limits::PAGE_RESULTS)?;
        complete &= results.len() < limits::PAGE_RESULTS;
        let judged = results.last().map_or(pull.judged_after, |result| result.counter);
        let (mut sums, mut checkpoint, mut restored) = (BTreeMap::new(), None, None);
        if complete {
            for bucket in cursors.keys() {
                sums.insert(*bucket, view.sum(*bucket)?);
            }
            checkpoint = Some(self.signed_log(view.as_ref())?);
            restored = self.signed_restore(view.as_ref())?;
        }
        let scope = if known { None } else { Some(readable.told(view.as_ref())?) };
        drop(view);
        self.note_cursors(caller, &notes)?;
        Ok(Page {
            epoch: workspace.epoch,
            entries,
            cursors,
            results,
            judged,
            complete,
            scope,
            head: workspace.head,
            sums,
            checkpoint,
            restored,
            durable_seq: workspace.durable_seq,
            server_time: self.now(),
        })
    }
}
