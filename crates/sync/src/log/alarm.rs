//! What a laptop found when the log that its server shows is not the one it saw before, and an administrator's word
//! that the server was put back from a backup.

use super::Checkpoint;
use super::proof;
use crate::encoding::{Base64, encode};
use crate::protocol::Epoch;
use crate::signing::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use utoipa::ToSchema;

/// Longest reason, in characters.
pub const REASON_CHARS: usize = 1_000;

/// How the log that was shown differs from the one seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It has fewer entries.
    Shorter,
    /// It has as many, and not the same.
    Other,
    /// It has more, and what the server gave as proof does not show that it begins with those seen.
    Unproved,
    /// It is longer, and a server that proved so before no longer does.
    NoProof,
    /// It does not continue the one seen, and an administrator declared that the server was put back from a backup.
    Restored,
}

impl Difference {
    /// Whether sync stops until a person has looked at it.
    #[must_use]
    pub fn stops(self) -> bool {
        self != Self::Restored
    }
}

/// What was found, with everything that somebody else needs to see it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// How the logs differ.
    pub what: Difference,
    /// The checkpoint accepted before, as signed.
    pub seen: String,
    /// The checkpoint shown now, as signed.
    pub shown: String,
    /// The server's proof, where it gave one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Base64>,
    /// The administrator's word, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
}

impl Alarm {
    /// How many entries the two checkpoints are over: seen, shown. Read without verifying: they were when they came.
    #[must_use]
    pub fn sizes(&self) -> (u64, u64) {
        let size = |note: &str| note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
        (size(&self.seen), size(&self.shown))
    }

    /// What happened, for a person.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (seen, shown) = self.sizes();
        match self.what {
            Difference::Shorter => {
                format!(
                    "The server's audit log has {shown} entries; this laptop has seen {seen}. Entries were taken away."
                )
            }
            Difference::Other => {
                format!(
                    "The server's audit log has {shown} entries as before, but not the same ones. It was rewritten."
                )
            }
            Difference::Unproved => format!(
                "The server's audit log of {shown} entries does not begin with the {seen} that this laptop has seen. It was \
                 rewritten, or belongs to another server."
            ),
            Difference::NoProof => format!(
                "The server does not show that its audit log of {shown} entries begins with the {seen} that this laptop \
                 has seen. It did so before."
            ),
            Difference::Restored => {
                let why = self.restored.as_ref().map_or("", |restored| restored.reason.as_str());
                format!(
                    "The server was put back from a backup ({why}). Of the {seen} entries of the audit log that this laptop \
                     has seen, not all are in it any more."
                )
            }
        }
    }

    /// What to do.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        if self.what.stops() {
            "Nothing is sent or fetched any more; what waits is kept. Ask an administrator whether the server was put back \
             from a backup, and compare with other laptops. Accept the server's log only with the reason you were given."
        } else {
            "Sync goes on, and what the server lost of this laptop's work was sent again. Ask the administrator whether this \
             restore was meant, then confirm it with what you were told."
        }
    }
}

/// An administrator's word on the server's console that its data were put back from a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Restored {
    /// The epoch that began with it.
    pub epoch: Epoch,
    /// Entries that the log had then.
    pub size: u64,
    /// Why, in the administrator's words.
    pub reason: String,
    /// Server clock.
    pub at: Timestamp,
    /// By the log's key over [`Restored::text`].
    pub signature: Base64,
}

impl Restored {
    fn text(&self, log: &str) -> String {
        let reason = encode(self.reason.as_bytes());
        format!("slipway.restored.v1\n{log}\n{}\n{}\n{}\n{reason}\n", self.epoch, self.size, self.at.0)
    }

    /// Signs what was declared.
    #[must_use]
    pub fn sign(epoch: Epoch, size: u64, reason: String, at: Timestamp, log: &str, key: &PrivateKey) -> Self {
        let mut restored = Self { epoch, size, reason, at, signature: Base64(Vec::new()) };
        restored.signature = Base64(key.sign(restored.text(log).as_bytes()));
        restored
    }

    /// Whether the log of this name and key declared this for this epoch.
    #[must_use]
    pub fn is_of(&self, epoch: Epoch, log: &str, key: &PublicKey) -> bool {
        self.epoch == epoch
            && self.reason.chars().count() <= REASON_CHARS
            && key.verifies(self.text(log).as_bytes(), &self.signature.0)
    }
}

/// What follows from a checkpoint that was shown, with the one that was accepted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It is the same, or there was none before.
    Same,
    /// It is over more entries: that it continues the other is to be proved.
    ToProve,
    /// It does not continue it.
    Not(Difference),
}

/// Compares a checkpoint with the one accepted before, both verified.
#[must_use]
pub fn compare(seen: &Checkpoint, shown: &Checkpoint) -> Follows {
    match seen.size.cmp(&shown.size) {
        std::cmp::Ordering::Greater => Follows::Not(Difference::Shorter),
        std::cmp::Ordering::Equal if seen.root == shown.root => Follows::Same,
        std::cmp::Ordering::Equal => Follows::Not(Difference::Other),
        std::cmp::Ordering::Less if seen.size == 0 => Follows::Same,
        std::cmp::Ordering::Less => Follows::ToProve,
    }
}

/// Whether the server's proof shows it.
#[must_use]
pub fn proved(seen: &Checkpoint, shown: &Checkpoint, hashes: &[Base64]) -> bool {
    proof::read(hashes).is_some_and(|hashes| proof::continues(seen, shown, &hashes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_declared_restore_is_believed_only_as_signed() {
        let (key, epoch) = (PrivateKey::from_seed(&[3; 32]), Epoch(Uuid::from_u128(5)));
        let restored = Restored::sign(epoch, 7, "The disk failed.\n8".to_owned(), Timestamp(9), "slipway/test", &key);
        let believed = |it: &Restored| it.is_of(epoch, "slipway/test", &key.public());
        assert!(believed(&restored));
        assert!(!believed(&Restored { size: 8, ..restored.clone() }), "another size");
        assert!(!believed(&Restored { reason: "Nothing.".to_owned(), ..restored.clone() }), "another reason");
        assert!(!restored.is_of(Epoch(Uuid::nil()), "slipway/test", &key.public()), "another epoch");
        assert!(!restored.is_of(epoch, "slipway/other", &key.public()), "another log");
        assert!(!restored.is_of(epoch, "slipway/test", &PrivateKey::from_seed(&[4; 32]).public()), "another key");
    }
}
