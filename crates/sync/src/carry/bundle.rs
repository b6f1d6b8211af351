//! What is sealed in a carry file: a signed manifest and the parts that it names.

use super::{BadCarry, Manifest, Part, PartInfo};
use crate::encoding::Base64;
use crate::limits::{CARRY_MANIFEST_BYTES, CARRY_PART_PLAIN_BYTES, CARRY_PARTS, FRAME_WINDOW_LOG};
use crate::signing::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;

/// How hard the packer tries.
const LEVEL: i32 = 3;

/// The exact bytes of a [`Manifest`] in JSON and the maker's signature over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Signed {
    payload: Base64,
    signature: Base64,
}

/// Packs parts.
#[derive(Debug, Default)]
pub struct Packer {
    infos: Vec<PartInfo>,
    packed: Vec<u8>,
}

impl Packer {
    /// Adds a part.
    ///
    /// # Errors
    /// [`BadCarry::TooLarge`] or [`BadCarry::Unwritable`].
    pub fn add(&mut self, part: &Part) -> Result<(), BadCarry> {
        let plain = serde_json::to_vec(part).map_err(|error| BadCarry::Unwritable(error.to_string()))?;
        if plain.len() > CARRY_PART_PLAIN_BYTES || self.infos.len() == CARRY_PARTS {
            return Err(BadCarry::TooLarge);
        }
        let packed = zstd::bulk::compress(&plain, LEVEL).map_err(|error| BadCarry::Unwritable(error.to_string()))?;
        let figure = |n: usize| u32::try_from(n).map_err(|_| BadCarry::TooLarge);
        self.infos.push(PartInfo {
            length: figure(packed.len())?,
            plain: figure(plain.len())?,
            sha256: Base64(Sha256::digest(&packed).to_vec()),
        });
        self.packed.extend_from_slice(&packed);
        Ok(())
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.packed.len()
    }

    /// What is to be sealed: the manifest, signed, and the parts that were added.
    ///
    /// # Errors
    /// [`BadCarry::TooLarge`] or [`BadCarry::Unwritable`].
    pub fn finish(self, manifest: Manifest, key: &PrivateKey) -> Result<Vec<u8>, BadCarry> {
        let unwritable = |error: serde_json::Error| BadCarry::Unwritable(error.to_string());
        let payload = serde_json::to_vec(&Manifest { parts: self.infos, ..manifest }).map_err(unwritable)?;
        let signature = Base64(key.sign(&payload));
        let head = serde_json::to_vec(&Signed { payload: Base64(payload), signature }).map_err(unwritable)?;
        if head.len() > CARRY_MANIFEST_BYTES {
            return Err(BadCarry::TooLarge);
        }
        let length = u32::try_from(head.len()).map_err(|_| BadCarry::TooLarge)?;
        let mut plain = length.to_be_bytes().to_vec();
        plain.extend(head);
        plain.extend(self.packed);
        Ok(plain)
    }
}

/// A bundle of which the manifest was read; who signed it is still to be checked.
pub struct Opening<R> {
    input: R,
    signed: Signed,
    claims: Manifest,
}

impl<R: Read> Opening<R> {
    /// Reads as far as the manifest.
    ///
    /// # Errors
    /// [`BadCarry::CutOff`], [`BadCarry::Damaged`], [`BadCarry::Newer`] or [`BadCarry::TooLarge`].
    pub fn begin(mut input: R) -> Result<Self, BadCarry> {
        let cut = |_| BadCarry::CutOff { have: 0, of: 0 };
        let mut length = [0; 4];
        input.read_exact(&mut length).map_err(cut)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| BadCarry::TooLarge)?;
        if length > CARRY_MANIFEST_BYTES {
            return Err(BadCarry::TooLarge);
        }
        let mut head = vec![0; length];
        input.read_exact(&mut head).map_err(cut)?;
        let signed: Signed = serde_json::from_slice(&head).map_err(|_| BadCarry::Damaged("its manifest is none"))?;
        let claims = Manifest::read(&signed.payload.0)?;
        Ok(Self { input, signed, claims })
    }

    /// What the manifest says. Good for finding out whose signature it should have, and for nothing else.
    #[must_use]
    pub fn claims(&self) -> &Manifest {
        &self.claims
    }

    /// The parts, if this key signed the manifest.
    ///
    /// # Errors
    /// [`BadCarry::Forged`].
    pub fn verify(self, key: &PublicKey) -> Result<Reader<R>, BadCarry> {
        let reader = self.unverified();
        reader.verify(key)?;
        Ok(reader)
    }

    /// The parts before it is known who signed the manifest, where that itself stands in the first of them.
    #[must_use]
    pub fn unverified(self) -> Reader<R> {
        Reader { input: self.input, signed: self.signed, manifest: self.claims, read: 0 }
    }
}

/// Reads the parts of a bundle one by one, each checked against the signed manifest.
pub struct Reader<R> {
    input: R,
    signed: Signed,
    manifest: Manifest,
    read: usize,
}

impl<R: Read> Reader<R> {
    /// Checks who signed the manifest.
    ///
    /// # Errors
    /// [`BadCarry::Forged`] if it was not this key.
    pub fn verify(&self, key: &PublicKey) -> Result<(), BadCarry> {
        let signed = key.verifies(&self.signed.payload.0, &self.signed.signature.0);
        if signed { Ok(()) } else { Err(BadCarry::Forged) }
    }

    /// What the maker says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The next part; `None` after the last.
    ///
    /// # Errors
    /// [`BadCarry::CutOff`] where the rest is missing or cannot be read, [`BadCarry::Damaged`] where a part is not what
    /// the manifest says.
    pub fn next_part(&mut self) -> Result<Option<Part>, BadCarry> {
        let Some(info) = self.manifest.parts.get(self.read) else { return Ok(None) };
        let cut = BadCarry::CutOff { have: self.read, of: self.manifest.parts.len() };
        let mut packed = vec![0; usize::try_from(info.length).map_err(|_| BadCarry::TooLarge)?];
        self.input.read_exact(&mut packed).map_err(|_| cut)?;
        let plain = info.unpack(&packed)?;
        let part = serde_json::from_slice(&plain).map_err(|_| BadCarry::Damaged("a part of it makes no sense"))?;
        self.read += 1;
        Ok(Some(part))
    }
}

impl PartInfo {
    /// Never makes more than the manifest says, whatever the part itself says.
    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, BadCarry> {
        if self.sha256.0 != Sha256::digest(packed).as_slice() {
            return Err(BadCarry::Damaged("a part of it has another hash"));
        }
        let wrong = |_| BadCarry::Damaged("a part of it cannot be unpacked");
        let plain = usize::try_from(self.plain).map_err(|_| BadCarry::TooLarge)?;
        let mut decoder = zstd::bulk::Decompressor::new().map_err(wrong)?;
        decoder.window_log_max(FRAME_WINDOW_LOG).map_err(wrong)?;
        let out = decoder.decompress(packed, plain).map_err(wrong)?;
        if out.len() == plain { Ok(out) } else { Err(BadCarry::Damaged("a part of it has another length")) }
    }
}
