//! The key of a profile's database.

use std::fmt;
use zeroize::Zeroizing;

/// 32 random bytes, made and kept by the caller; wiped from memory when dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key of these bytes. They are used as they are: a passphrase has to be stretched by the caller.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// To derive other keys from.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As SQLCipher takes a raw key, which skips its slow derivation.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(67));
        text.push_str("x'");
        for byte in self.0.iter() {
            for half in [byte >> 4, byte & 0xf] {
                text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
            }
        }
        text.push('\'');
        text
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_is_written_in_hex_for_sqlcipher_and_not_at_all_for_a_log() {
        let mut bytes = [0; 32];
        bytes[0] = 0xa7;
        let key = Key::new(bytes);
        assert_eq!(key.pragma().as_str(), format!("x'a7{}'", "0".repeat(62)), "64 digits between quotes");
        assert_eq!(format!("{key:?}"), "Key(hidden)", "a key never shows in a log");
    }
}
