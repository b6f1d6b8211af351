//! Which encoding a file is in, and its bytes as UTF-8.
//!
//! UTF-8 is passed on byte by byte, so that a wrong byte spoils its own row only; every other encoding is decoded
//! while it is read.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::Read;

/// The encodings that a person may choose, by the names under which they are known.
pub const NAMES: &[&str] = &["UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252"];
/// Bytes decoded at once.
const CHUNK_BYTES: usize = 32 * 1024;
/// Of so many valid characters beyond ASCII one may be wrong in a file that is still taken for UTF-8.
const WRONG_AMONG: usize = 8;

/// The encoding of a file that begins with these bytes.
#[must_use]
pub fn detect(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    if let Some(encoding) = utf_16_without_mark(head) {
        return encoding;
    }
    let (good, wrong) = beyond_ascii(head);
    if wrong == 0 || good >= WRONG_AMONG * wrong {
        return UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, false);
    let guess = detector.guess(None, chardetng::Utf8Detection::Deny);
    // Of a few bytes beyond ASCII nobody can tell an Eastern script: then it is the encoding of Western exports.
    if wrong < 4 { WINDOWS_1252 } else { guess }
}

/// The encoding of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.trim().as_bytes())
}

/// UTF-16 of mostly Western text has a zero in every other byte.
fn utf_16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.chunks_exact(2);
    let of = pairs.len();
    let (mut high, mut low) = (0, 0);
    for pair in pairs {
        match pair {
            [0, second] if *second != 0 => high += 1,
            [first, 0] if *first != 0 => low += 1,
            _ => {}
        }
    }
    if of < 4 {
        None
    } else if low * 10 >= of * 6 {
        Some(UTF_16LE)
    } else if high * 10 >= of * 6 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Characters of UTF-8 beyond ASCII, and places that are no UTF-8.
fn beyond_ascii(head: &[u8]) -> (usize, usize) {
    let (mut good, mut wrong) = (0, 0);
    let mut chunks = head.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        // What the end of the head cuts in two is not wrong.
        let amid = !chunk.invalid().is_empty() && chunks.peek().is_some();
        if amid || chunk.invalid().first().is_some_and(|b| *b < 0xC2) {
            wrong += 1;
        }
    }
    (good, wrong)
}

/// A file's bytes as UTF-8.
pub struct Decoded<R> {
    inner: R,
    /// None for UTF-8, which is passed on as it is.
    decoder: Option<Decoder>,
    encoded: Vec<u8>,
    /// Bytes of `encoded` that wait.
    waiting: std::ops::Range<usize>,
    text: String,
    given: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    /// Reads a file of this encoding.
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal());
        Self {
            inner,
            decoder,
            encoded: vec![0; CHUNK_BYTES],
            waiting: 0..0,
            text: String::with_capacity(CHUNK_BYTES * 3 + 16),
            given: 0,
            ended: false,
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return self.inner.read(out) };
        while self.given == self.text.len() {
            self.text.clear();
            self.given = 0;
            if self.waiting.is_empty() {
                if self.ended {
                    return Ok(0);
                }
                let read = self.inner.read(&mut self.encoded)?;
                self.waiting = 0..read;
                self.ended = read == 0;
            }
            let bytes = self.encoded.get(self.waiting.clone()).unwrap_or_default();
            let (result, read, _) = decoder.decode_to_string(bytes, &mut self.text, self.ended);
            self.waiting.start += read;
            if self.ended && result == CoderResult::InputEmpty && self.text.is_empty() {
                return Ok(0);
            }
        }
        let rest = self.text.as_bytes().get(self.given..).unwrap_or_default();
        let taken = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..taken), rest.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.given += taken;
        Ok(taken)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const TEXT: &str = "Name;Größe;Ort\r\nStraße 1;2,5;Köln\r\n";

    fn utf_16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let mut units: Vec<u16> = if mark { vec![0xFEFF] } else { Vec::new() };
        units.extend(text.encode_utf16());
        units.into_iter().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    }

    fn decoded(bytes: &[u8]) -> String {
        let mut text = String::new();
        Decoded::new(bytes, detect(bytes)).read_to_string(&mut text).unwrap();
        text.trim_start_matches('\u{feff}').to_owned()
    }

    #[rstest]
    #[case::utf_8(TEXT.as_bytes().to_vec())]
    #[case::with_a_mark([b"\xEF\xBB\xBF".as_slice(), TEXT.as_bytes()].concat())]
    #[case::little_endian(utf_16(TEXT, false, true))]
    #[case::big_endian(utf_16(TEXT, true, true))]
    #[case::little_endian_without_a_mark(utf_16(TEXT, false, false))]
    #[case::big_endian_without_a_mark(utf_16(TEXT, true, false))]
    #[case::windows(WINDOWS_1252.encode(TEXT).0.into_owned())]
    fn a_file_reads_the_same_in_every_encoding(#[case] bytes: Vec<u8>) {
        assert_eq!(decoded(&bytes), TEXT);
    }

    #[test]
    fn one_wrong_byte_among_good_ones_does_not_change_the_encoding() {
        let mut bytes = "Köln, Bär, Süd, Öl, Übung, Äpfel, groß, Maß, weiß\n".as_bytes().to_vec();
        bytes.extend(b"caf\xE9\nx\n");
        assert_eq!(detect(&bytes), UTF_8);
        assert_eq!(detect(b"plain"), UTF_8);
        assert_eq!(detect(b""), UTF_8);
    }

    #[test]
    fn the_windows_euro_sign_and_dashes_are_read() {
        assert_eq!(decoded(b"price;\x80 5 \x96 caf\xE9\n"), "price;\u{20ac} 5 \u{2013} caf\u{e9}\n");
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            Decoded::new(bytes.as_slice(), detect(&bytes)).read_to_end(&mut out).unwrap();
        }

        #[test]
        fn utf_16_of_any_length_comes_through(text in "\\PC{0,200}", big: bool) {
            let bytes = utf_16(&text, big, true);
            prop_assert_eq!(decoded(&bytes), text.trim_start_matches('\u{feff}'));
        }
    }
}
