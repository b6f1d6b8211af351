//! The hashes by which bytes are named.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use ts_rs::TS;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A text that is no hash.
#[derive(Debug, thiserror::Error)]
#[error("this is no hash; expected 64 lower-case hexadecimal digits")]
pub struct NotAHash;

macro_rules! hashes {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        pub struct $name(pub [u8; 32]);

        impl FromStr for $name {
            type Err = NotAHash;
            fn from_str(text: &str) -> Result<Self, NotAHash> { read(text).map(Self) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
        impl TryFrom<String> for $name {
            type Error = NotAHash;
            fn try_from(text: String) -> Result<Self, NotAHash> { text.parse() }
        }
        impl From<$name> for String {
            fn from(hash: $name) -> Self { hash.to_string() }
        }
        // Described as the text it travels as.
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> { String::schema() }
        }
        impl ToSchema for $name {}
    )+};
}

hashes! {
    /// SHA-256 of a whole file: its name everywhere. Written as 64 lower-case hexadecimal digits, read from nothing else.
    Sha256,
    /// BLAKE3 of a chunk. Written as 64 lower-case hexadecimal digits, read from nothing else.
    ChunkHash,
}

fn read(text: &str) -> Result<[u8; 32], NotAHash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(NotAHash),
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut hash = [0; 32];
    if !rest.is_empty() || pairs.len() != hash.len() {
        return Err(NotAHash);
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(hash)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Sha256;
    use rstest::rstest;

    #[test]
    fn it_reads_what_it_writes() {
        let mut bytes = [0xab; 32];
        bytes[0] = 1;
        let text = Sha256(bytes).to_string();
        assert!(text.starts_with("01ab") && text.len() == 64, "{text}");
        assert_eq!(text.parse::<Sha256>().unwrap(), Sha256(bytes));
    }

    #[rstest]
    #[case::short("ab")]
    #[case::long(&"a".repeat(65))]
    #[case::capital(&"A".repeat(64))]
    #[case::path(&format!("../{}", "a".repeat(61)))]
    #[case::two_bytes_a_sign(&"é".repeat(32))]
    fn nothing_else_is_a_hash(#[case] text: &str) {
        assert!(text.parse::<Sha256>().is_err(), "{text}");
    }
}
