//! Scrubbing: whether the server's files still are what they are called. What is not is put aside, and asked of the
//! laptops that have it.

use super::{Blobs, QUARANTINE, hex, private_folder};
use slipway_domain::blob::Sha256;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes read at once.
const STRETCH: usize = 1024 * 1024;

/// A file that is not what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// What it should be.
    pub sha256: Sha256,
    /// Where it was put, if it was put aside.
    pub aside: Option<PathBuf>,
}

/// What a scrub found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Those that are damaged.
    pub damaged: Vec<Damaged>,
}

impl Blobs {
    /// Reads every file here; `told` after each with what was found so far. Damaged ones are put aside if that is wanted:
    /// they count as not here from then on, and a laptop that has one sends it again.
    ///
    /// # Errors
    /// The disk failed.
    pub fn scrub(&self, puts_aside: bool, told: &mut dyn FnMut(&Scrubbed)) -> io::Result<Scrubbed> {
        let mut found = Scrubbed::default();
        for sha256 in self.all()? {
            let (hash, bytes) = match hash_of(&self.path(sha256)) {
                Ok(read) => read,
                // Swept meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            found.files += 1;
            found.bytes = found.bytes.saturating_add(bytes);
            if hash != sha256 {
                let aside = if puts_aside { Some(self.put_aside(sha256)?) } else { None };
                found.damaged.push(Damaged { sha256, aside });
            }
            told(&found);
        }
        Ok(found)
    }

    fn put_aside(&self, sha256: Sha256) -> io::Result<PathBuf> {
        let folder = self.folder.join(QUARANTINE);
        private_folder(&folder)?;
        // Not under its hash: it is not what that says.
        let aside = folder.join(format!("{}.damaged", hex(&sha256.0)));
        fs::rename(self.path(sha256), &aside)?;
        Ok(aside)
    }
}

fn hash_of(path: &Path) -> io::Result<(Sha256, u64)> {
    let (mut file, mut hash, mut bytes) = (File::open(path)?, <sha2::Sha256 as sha2::Digest>::new(), 0_u64);
    let mut stretch = vec![0; STRETCH];
    loop {
        match file.read(&mut stretch) {
            Ok(0) => return Ok((Sha256(sha2::Digest::finalize(hash).into()), bytes)),
            Ok(read) => {
                sha2::Digest::update(&mut hash, stretch.get(..read).unwrap_or_default());
                bytes = bytes.saturating_add(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
