//! Sealing: who may read a carry file. The format and the ciphers are those of age (age-encryption.org/v1).
//!
//! A file to the server, and its answer, are sealed to an X25519 key: that of the server's log, or the device's, each
//! the same point as its Ed25519 key. So a laptop can seal for a server that it signed in at, and the server for any
//! device it knows, with nothing else to hand out, to keep or to lose. A file between laptops is sealed by a passphrase.

use super::{BadCarry, Route};
use crate::limits::{CARRY_ANSWER_BYTES, CARRY_WORK, CARRY_WORK_MOST};
use crate::signing::{PrivateKey, PublicKey};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor};
use bech32::{Bech32, Hrp};
use std::io::{BufRead, Read, Write};
use zeroize::Zeroizing;

/// The words that every carry file begins with, and the version of the form.
const FIRST: &str = "slipway-carry 1 ";
/// The same whatever the version.
const ANY: &str = "slipway-carry ";
/// Longest first line.
const LINE_BYTES: usize = 64;

/// For whom a file is sealed.
#[derive(Clone, Copy)]
pub enum Seal<'a> {
    /// For the holder of this key.
    Key(&'a PublicKey),
    /// For whoever knows these words.
    Passphrase(&'a str),
}

/// What opens a file.
#[derive(Clone, Copy)]
pub enum Open<'a> {
    /// This key.
    Key(&'a PrivateKey),
    /// These words.
    Passphrase(&'a str),
}

/// What the first line of a file says. Nobody vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside {
    /// Where it goes.
    pub route: Route,
    /// Bytes after the line.
    pub sealed: u64,
    /// Bytes of the line.
    pub line: usize,
}

impl Outside {
    /// Reads the first line of a file, of which this is the beginning.
    ///
    /// # Errors
    /// [`BadCarry::NotOne`], [`BadCarry::Newer`], [`BadCarry::CutOff`] or [`BadCarry::TooLarge`].
    pub fn read(beginning: &[u8]) -> Result<Self, BadCarry> {
        let head = beginning.get(..LINE_BYTES.min(beginning.len())).unwrap_or_default();
        let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
            let could_be = !head.is_empty() && head.len() < LINE_BYTES && (starts(head, ANY) || starts_of(head, ANY));
            return Err(if could_be { BadCarry::CutOff { have: 0, of: 0 } } else { BadCarry::NotOne });
        };
        let line = head.get(..end).and_then(|line| str::from_utf8(line).ok()).ok_or(BadCarry::NotOne)?;
        if !line.starts_with(ANY) {
            return Err(BadCarry::NotOne);
        }
        let rest = line.strip_prefix(FIRST).ok_or(BadCarry::Newer)?;
        let (route, length) = rest.split_once(' ').ok_or(BadCarry::NotOne)?;
        let sealed: u64 = length.parse().map_err(|_| BadCarry::NotOne)?;
        if sealed > CARRY_ANSWER_BYTES {
            return Err(BadCarry::TooLarge);
        }
        Ok(Self { route: route.parse()?, sealed, line: end + 1 })
    }

    /// Whether a file of this length is all there.
    #[must_use]
    pub fn is_whole(&self, file_bytes: u64) -> bool {
        file_bytes >= self.sealed.saturating_add(self.line as u64)
    }
}

fn starts(head: &[u8], words: &str) -> bool {
    head.starts_with(words.as_bytes())
}

fn starts_of(head: &[u8], words: &str) -> bool {
    words.as_bytes().starts_with(head)
}

/// Seals what a [`super::Packer`] gave; the whole file.
///
/// # Errors
/// [`BadCarry::Unwritable`] or [`BadCarry::TooLarge`].
pub fn seal(plain: &[u8], route: Route, to: Seal<'_>) -> Result<Vec<u8>, BadCarry> {
    let wrong = |error: &dyn std::fmt::Display| BadCarry::Unwritable(error.to_string());
    let encryptor = match to {
        Seal::Key(key) => {
            let recipient = recipient(key)?;
            Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(|e| wrong(&e))?
        }
        Seal::Passphrase(words) => {
            let mut recipient = age::scrypt::Recipient::new(SecretString::from(words.to_owned()));
            recipient.set_work_factor(CARRY_WORK);
            Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(|e| wrong(&e))?
        }
    };
    let mut sealed = Vec::with_capacity(plain.len() + plain.len() / 1_024 + 1_024);
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|e| wrong(&e))?;
    writer.write_all(plain).map_err(|e| wrong(&e))?;
    writer.finish().map_err(|e| wrong(&e))?;
    if sealed.len() as u64 > CARRY_ANSWER_BYTES {
        return Err(BadCarry::TooLarge);
    }
    let mut file = format!("{FIRST}{route} {}\n", sealed.len()).into_bytes();
    file.append(&mut sealed);
    Ok(file)
}

/// Opens what follows the first line. Reading gives nothing that was altered; a missing end is an error where it is.
///
/// # Errors
/// [`BadCarry::NotForUs`], [`BadCarry::WrongPassphrase`], [`BadCarry::Damaged`] or [`BadCarry::CutOff`].
pub fn open<'r, R: BufRead + 'r>(sealed: R, with: Open<'_>) -> Result<Box<dyn Read + 'r>, BadCarry> {
    let decryptor = Decryptor::new_buffered(sealed).map_err(|error| unopened(&error, with))?;
    let reader = match with {
        Open::Key(key) => {
            let identity = identity(key)?;
            decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
        }
        Open::Passphrase(words) => {
            let mut identity = age::scrypt::Identity::new(SecretString::from(words.to_owned()));
            identity.set_max_work_factor(CARRY_WORK_MOST);
            decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
        }
    };
    Ok(Box::new(reader.map_err(|error| unopened(&error, with))?))
}

fn unopened(error: &DecryptError, with: Open<'_>) -> BadCarry {
    match (error, with) {
        (DecryptError::NoMatchingKeys, _) => BadCarry::NotForUs,
        (DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed, Open::Passphrase(_)) => {
            BadCarry::WrongPassphrase
        }
        (DecryptError::ExcessiveWork { .. }, _) => BadCarry::TooLarge,
        (DecryptError::Io(error), _) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            BadCarry::CutOff { have: 0, of: 0 }
        }
        _ => BadCarry::Damaged("its seal is broken"),
    }
}

fn recipient(key: &PublicKey) -> Result<age::x25519::Recipient, BadCarry> {
    let text = bech32::encode::<Bech32>(Hrp::parse_unchecked("age"), &key.for_agreement());
    text.ok().and_then(|text| text.parse().ok()).ok_or_else(|| BadCarry::Unwritable("no such key".to_owned()))
}

fn identity(key: &PrivateKey) -> Result<age::x25519::Identity, BadCarry> {
    let secret = Zeroizing::new(key.for_agreement());
    let text = bech32::encode_upper::<Bech32>(Hrp::parse_unchecked("age-secret-key-"), secret.as_slice());
    let text = text.map(Zeroizing::new).map_err(|_| BadCarry::NotForUs)?;
    text.parse().map_err(|_| BadCarry::NotForUs)
}
