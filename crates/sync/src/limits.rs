//! Every limit of the protocol in one table. The server enforces them; the engine keeps within them.

/// Protocol level this crate speaks. What a level brought is told by [`slipway_domain::since`] for commands; routes that
/// a server does not have are answered with 404. The path `/v1` stays as long as the levels understand each other.
pub const LEVEL: u32 = 2;
/// Lowest level that a server of this program speaks: the one before.
pub const MIN_LEVEL: u32 = LEVEL - 1;
/// Entries of the audit log about one record in one answer.
pub const LOG_ENTRIES: usize = 100;
/// Header in which a laptop says which level it speaks; without it, 1.
pub const LEVEL_HEADER: &str = "slipway-level";
/// Most commands in one push.
pub const PUSH_COMMANDS: usize = 500;
/// Largest request body on the wire, compressed or not.
pub const BODY_BYTES: usize = 4 * 1024 * 1024;
/// Largest request body after decompression.
pub const BODY_PLAIN_BYTES: usize = 32 * 1024 * 1024;
/// What the engine packs into one push, so that its base64 passes [`BODY_BYTES`] without compression too.
pub const PUSH_PAYLOAD_BYTES: usize = 2_500_000;
/// Largest payload of a command that is not a bulk command.
pub const COMMAND_BYTES: usize = 256 * 1024;
/// Largest payload of a bulk command.
pub const BULK_COMMAND_BYTES: usize = 2 * 1024 * 1024;
/// Commands that the server judges in one transaction.
pub const JUDGE_COMMANDS: usize = 256;
/// Most entries in a page of a pull.
pub const PAGE_ENTRIES: usize = 5_000;
/// Bodies in a page stop growing past this.
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Most entries in a page when the reader asks for the whole tail, so that it catches up with busy writers.
pub const TAIL_ENTRIES: usize = 20_000;
/// Bodies in such a page stop growing past this.
pub const TAIL_BYTES: usize = 16 * 1024 * 1024;
/// Most results of own commands in a page.
pub const PAGE_RESULTS: usize = 2_000;
/// A bucket with as many records is offered as a snapshot; smaller ones come in pages as fast.
pub const SNAPSHOT_RECORDS: u64 = 20_000;
/// Tombstones are kept no longer, whoever has not seen them.
pub const TOMBSTONE_DAYS: i64 = 400;
/// A snapshot's frame is closed when it holds so many bytes before compression.
pub const FRAME_BYTES: usize = 4 * 1024 * 1024;
/// Largest frame before compression: a closed one, and the record that did not fit any more. What unpacks to more is
/// refused, so that a small bomb stays small.
pub const FRAME_PLAIN_BYTES: usize = 2 * FRAME_BYTES;
/// Largest frame on the wire.
pub const FRAME_PACKED_BYTES: usize = FRAME_PLAIN_BYTES + FRAME_PLAIN_BYTES / 128 + 1_024;
/// Exponent of the largest window that a frame may ask a decoder to keep: 8 MiB.
pub const FRAME_WINDOW_LOG: u32 = 23;
/// Most frames in one snapshot.
pub const FRAMES: usize = 16_384;
/// The engine asks for whole frames of about so many bytes at once; what a cut loses is less.
pub const FETCH_BYTES: u64 = 8 * 1024 * 1024;
/// Room on the server for files beside the records, unless its operator says otherwise.
pub const BLOB_QUOTA_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// Most parts of a carry file.
pub const CARRY_PARTS: usize = 4_096;
/// Largest part of a carry file before compression; what unpacks to more is refused.
pub const CARRY_PART_PLAIN_BYTES: usize = 32 * 1024 * 1024;
/// Largest manifest of a carry file.
pub const CARRY_MANIFEST_BYTES: usize = 2 * 1024 * 1024;
/// Largest carry file with commands: a queue that is larger meets the server over the network.
pub const CARRY_COMMANDS_BYTES: u64 = 64 * 1024 * 1024;
/// Largest carry file with records.
pub const CARRY_ANSWER_BYTES: u64 = 512 * 1024 * 1024;
/// Largest answer that a laptop brings back for another one.
pub const CARRY_RELAYED_BYTES: usize = 64 * 1024 * 1024;
/// Exponent of scrypt's work for the passphrase of a carry file.
pub const CARRY_WORK: u8 = 16;
/// What a carry file may ask for at most: so that opening one ends in a few seconds.
pub const CARRY_WORK_MOST: u8 = 20;
/// Most buckets that a device may hold, and one pull ask for: their cursors stand in its URL.
pub const BUCKETS: usize = 128;
/// Most sites among them; the workspace and the person take a bucket each.
pub const SITES: usize = BUCKETS - 2;
/// Most numbers in one lease.
pub const LEASE_NUMBERS: u32 = 500;
/// Deepest nesting of a command's payload.
pub const JSON_DEPTH: usize = 32;
/// Pushes a second from one device, on the average.
pub const PUSHES_PER_SECOND: u32 = 10;
/// Pushes of one device at a stretch.
pub const PUSH_BURST: u32 = 50;
/// Requests of any kind a second from one device, on the average.
pub const REQUESTS_PER_SECOND: u32 = 50;
/// Requests of one device at a stretch.
pub const REQUEST_BURST: u32 = 250;
/// Requests a second from one address, behind which a whole office may sit, on the average.
pub const ADDRESS_PER_SECOND: u32 = 1_000;
/// Requests of one address at a stretch.
pub const ADDRESS_BURST: u32 = 5_000;
/// Failed sign-ins a minute from one address, on the average, whatever the names.
pub const FAILURES_PER_MINUTE: u32 = 6;
/// Failed sign-ins of one address at a stretch.
pub const FAILURE_BURST: u32 = 30;
/// Event streams and waiting head queries of one device; one more ends the oldest.
pub const STREAMS_PER_DEVICE: usize = 2;
/// Event streams and waiting head queries of one server process.
pub const STREAMS: usize = 10_000;
/// Between two events of a stream when nothing happens.
pub const HEARTBEAT_MS: u64 = 20_000;
/// A stream without any event for this long is as good as cut.
pub const SILENCE_MS: u64 = 45_000;
/// Events of one stream in a second, at most.
pub const EVENTS_PER_SECOND: u64 = 20;
/// Longest line of an event stream.
pub const EVENT_LINE_BYTES: usize = 4 * 1024;
/// Longest wait of a head query.
pub const HEAD_WAIT_SECONDS: u64 = 25;
/// A device clock that is off by more than this is remarked on.
pub const SKEW_MS: i64 = 5 * 60 * 1000;
/// Life of an access token.
pub const ACCESS_MS: i64 = 10 * 60 * 1000;
/// Life of a refresh token, counted from its last rotation.
pub const REFRESH_MS: i64 = 90 * 24 * 3_600 * 1000;
/// Tries before a command that the server cannot judge is held.
pub const JUDGE_TRIES: u32 = 3;
/// Accepted commands are kept on the laptop until a verified backup covers them, but no longer than this.
pub const SENT_KEPT_MS: i64 = 30 * 24 * 3_600 * 1000;
/// Longest name of a device.
pub const DEVICE_NAME_CHARS: usize = 100;
/// Longest password that is looked at.
pub const PASSWORD_BYTES: usize = 1_024;

/// Whether JSON text nests no deeper than [`JSON_DEPTH`]. Looks at brackets outside strings only.
#[must_use]
pub fn shallow(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > JSON_DEPTH {
                    return false;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings_only() {
        let at = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(shallow(at(JSON_DEPTH).as_bytes()), "the limit itself passes");
        assert!(!shallow(at(JSON_DEPTH + 1).as_bytes()), "one more does not");
        let text = format!("[\"\\\"{}\"]", "[".repeat(100));
        assert!(shallow(text.as_bytes()), "brackets in a string do not nest");
    }
}
