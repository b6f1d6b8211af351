//! Server-sent events as text: what the server writes and what the laptop reads, piece by piece.

use crate::limits;
use crate::protocol::{HEAD_EVENT, Head};

/// A stream that is none of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEvents {
    /// A line without an end.
    #[error("a line of it is longer than {} bytes", limits::EVENT_LINE_BYTES)]
    LongLine,
    /// A head that cannot be read.
    #[error("its news cannot be read: {0}")]
    Garbled(String),
}

/// Reads a stream in pieces of any size. Events of other names are passed over, so that a newer server may send more.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    event: Vec<u8>,
    data: Vec<u8>,
}

impl Reader {
    /// The heads that end within this piece, in order.
    ///
    /// # Errors
    /// [`NoEvents`]; the stream is of no use from there on.
    pub fn take(&mut self, piece: &[u8]) -> Result<Vec<Head>, NoEvents> {
        let mut heads = Vec::new();
        for byte in piece {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    heads.extend(self.line(line.strip_suffix(b"\r").unwrap_or(&line))?);
                }
                _ if self.line.len() >= limits::EVENT_LINE_BYTES => return Err(NoEvents::LongLine),
                _ => self.line.push(*byte),
            }
        }
        Ok(heads)
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Head>, NoEvents> {
        if line.is_empty() {
            let (event, data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
            if event != HEAD_EVENT.as_bytes() {
                return Ok(None);
            }
            return serde_json::from_slice(&data).map(Some).map_err(|error| NoEvents::Garbled(error.to_string()));
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let (field, rest) = line.split_at(colon);
                let value = rest.strip_prefix(b": ").or_else(|| rest.strip_prefix(b":")).unwrap_or_default();
                (field, value)
            }
            None => (line, &[][..]),
        };
        match field {
            b"event" => self.event = value.to_vec(),
            // One line of data is all that a head has; more would be another's event, which is passed over anyway.
            b"data" => self.data = value.to_vec(),
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::protocol::Epoch;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn head(head: u64) -> Head {
        Head { epoch: Epoch(Uuid::from_u128(7)), head, approval: head == 2 }
    }

    fn text(heads: &[Head]) -> String {
        let json = |head| serde_json::to_string(head).unwrap();
        heads.iter().map(|head| format!("event: {HEAD_EVENT}\ndata: {}\n\n", json(head))).collect()
    }

    #[test]
    fn comments_other_events_and_unknown_fields_are_passed_over() {
        let stream =
            format!(": hello\r\n\r\nretry: 5\nid: 1\nevent: weather\ndata: rain\n\n{}data: x\n\n", text(&[head(1)]));
        assert_eq!(Reader::default().take(stream.as_bytes()), Ok(vec![head(1)]));
    }

    #[test]
    fn what_is_not_a_head_is_said_so() {
        let mut reader = Reader::default();
        assert!(matches!(reader.take(b"event: head\ndata: {}\n\n"), Err(NoEvents::Garbled(_))));
        let endless = vec![b'a'; limits::EVENT_LINE_BYTES + 1];
        assert_eq!(Reader::default().take(&endless), Err(NoEvents::LongLine), "a line without an end fills no memory");
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_heads(cuts in prop::collection::vec(1_usize..40, 0..40)) {
            let heads = [head(1), head(2), head(3)];
            let stream = text(&heads);
            let (mut rest, mut reader, mut seen) = (stream.as_bytes(), Reader::default(), Vec::new());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                seen.extend(reader.take(piece).unwrap());
                rest = after;
            }
            seen.extend(reader.take(rest).unwrap());
            prop_assert_eq!(seen, heads.to_vec());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Reader::default().take(&bytes);
        }
    }
}
