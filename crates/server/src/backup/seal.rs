//! A stream under a passphrase: Argon2id makes the key, ChaCha20-Poly1305 seals segment after segment.
//!
//! Each segment's nonce is its place in the stream and whether it is the last one, so that segments cannot be left out,
//! swapped or cut off at the end without being noticed.

use argon2::Argon2;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use std::io::{self, Read, Write};

/// Begins every sealed stream; the last digit is its form.
pub(super) const MAGIC: &[u8; 16] = b"slipway-sealed-1";
const SALT: usize = 16;
/// Plain bytes of a segment.
const SEGMENT: usize = 64 * 1024;
const TAG: usize = 16;

fn key(passphrase: &str, salt: &[u8]) -> io::Result<LessSafeKey> {
    let mut bytes = [0; 32];
    Argon2::default()
        .hash_password_into(passphrase.as_bytes(), salt, &mut bytes)
        .map_err(|error| io::Error::other(format!("no key can be made of the passphrase: {error}")))?;
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| io::Error::other("no key"))?;
    Ok(LessSafeKey::new(unbound))
}

fn nonce(place: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    for (to, from) in bytes.iter_mut().zip(place.to_be_bytes()) {
        *to = from;
    }
    if let Some(flag) = bytes.last_mut() {
        *flag = u8::from(last);
    }
    Nonce::assume_unique_for_key(bytes)
}

/// Seals what is written to it; [`Sealer::finish`] seals the end.
pub(super) struct Sealer<W> {
    to: W,
    key: LessSafeKey,
    place: u64,
    segment: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Writes the head of the stream.
    pub(super) fn new(mut to: W, passphrase: &str, salt: [u8; SALT]) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        to.write_all(&salt)?;
        Ok(Self { to, key: key(passphrase, &salt)?, place: 0, segment: Vec::with_capacity(SEGMENT + TAG) })
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        self.key
            .seal_in_place_append_tag(nonce(self.place, last), Aad::from(MAGIC), &mut self.segment)
            .map_err(|_| io::Error::other("a segment cannot be sealed"))?;
        self.to.write_all(&self.segment)?;
        self.segment.clear();
        self.place += 1;
        Ok(())
    }

    /// Seals the last segment and gives back what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full segment waits until more comes: only then is it known not to be the last.
        if self.segment.len() == SEGMENT && !bytes.is_empty() {
            self.seal(false)?;
        }
        let fitting = bytes.len().min(SEGMENT - self.segment.len());
        let (now, _) = bytes.split_at(fitting);
        self.segment.extend_from_slice(now);
        Ok(fitting)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what [`Sealer`] sealed.
pub(super) struct Opener<R> {
    from: R,
    key: LessSafeKey,
    place: u64,
    plain: Vec<u8>,
    read: usize,
    ended: bool,
    /// The first byte of the next segment, read to see whether there is one.
    ahead: Option<u8>,
}

impl<R: Read> Opener<R> {
    /// Reads the head of the stream behind its magic.
    pub(super) fn new(mut from: R, passphrase: &str) -> io::Result<Self> {
        let mut salt = [0; SALT];
        from.read_exact(&mut salt)?;
        let key = key(passphrase, &salt)?;
        Ok(Self { from, key, place: 0, plain: Vec::new(), read: 0, ended: false, ahead: None })
    }

    fn open(&mut self) -> io::Result<()> {
        let mut sealed = Vec::with_capacity(SEGMENT + TAG);
        sealed.extend(self.ahead.take());
        let wanted = (SEGMENT + TAG - sealed.len()) as u64;
        self.from.by_ref().take(wanted).read_to_end(&mut sealed)?;
        let mut next = [0];
        let more = sealed.len() == SEGMENT + TAG && self.from.read(&mut next)? == 1;
        let [first] = next;
        self.ahead = more.then_some(first);
        let plain = self
            .key
            .open_in_place(nonce(self.place, !more), Aad::from(MAGIC), &mut sealed)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the passphrase is wrong, or the file is damaged"))?
            .len();
        sealed.truncate(plain);
        (self.plain, self.read, self.ended) = (sealed, 0, !more);
        self.place += 1;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.read == self.plain.len() {
            if self.ended {
                return Ok(0);
            }
            self.open()?;
        }
        let rest = self.plain.get(self.read..).unwrap_or_default();
        let taken = rest.len().min(to.len());
        let (now, _) = rest.split_at(taken);
        let (room, _) = to.split_at_mut(taken);
        room.copy_from_slice(now);
        self.read += taken;
        Ok(taken)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn seal(plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), "open sesame", [7; SALT]).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn open(sealed: &[u8], passphrase: &str) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opener::new(&sealed[MAGIC.len()..], passphrase)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn what_was_sealed_opens_at_every_size_around_a_segment() {
        for size in [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 5] {
            let plain: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let sealed = seal(&plain);
            assert_eq!(open(&sealed, "open sesame").unwrap(), plain, "{size} bytes");
            assert!(open(&sealed, "open sesam").is_err(), "{size} bytes with another passphrase");
        }
    }

    #[test]
    fn nothing_can_be_altered_swapped_or_cut_off() {
        let plain = vec![1; 3 * SEGMENT];
        let sealed = seal(&plain);
        let head = MAGIC.len() + SALT;
        let segment = SEGMENT + TAG;
        for at in [head, head + segment, sealed.len() - 1] {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open(&altered, "open sesame").is_err(), "altered at {at}");
        }
        assert!(open(&sealed[..head + segment], "open sesame").is_err(), "cut off after a whole segment");
        assert!(open(&sealed[..sealed.len() - 1], "open sesame").is_err(), "cut off within one");
        let mut swapped = sealed[..head].to_vec();
        swapped.extend_from_slice(&sealed[head + segment..head + 2 * segment]);
        swapped.extend_from_slice(&sealed[head..head + segment]);
        swapped.extend_from_slice(&sealed[head + 2 * segment..]);
        assert!(open(&swapped, "open sesame").is_err(), "two segments swapped");
    }
}
