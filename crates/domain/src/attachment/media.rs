//! What a file's bytes are: told from the bytes themselves, never from its name.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// Kinds of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub enum MediaType {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// WebP.
    #[serde(rename = "image/webp")]
    Webp,
}

impl MediaType {
    /// Bytes from the beginning that are looked at.
    pub const LOOKED_AT: usize = 16;

    /// What a file is that begins like this; `None` if it is none of these.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        if start.starts_with(&[0xff, 0xd8, 0xff]) {
            return Some(Self::Jpeg);
        }
        if start.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        // RIFF, a length, WEBP.
        let is_webp = start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP");
        is_webp.then_some(Self::Webp)
    }

    /// As HTTP says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// What its files' names end with.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::MediaType;
    use rstest::rstest;

    #[rstest]
    #[case::jpeg(b"\xff\xd8\xff\xe0\x00\x10JFIF", Some(MediaType::Jpeg))]
    #[case::png(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(MediaType::Png))]
    #[case::webp(b"RIFF\x10\x00\x00\x00WEBPVP8 ", Some(MediaType::Webp))]
    #[case::wave(b"RIFF\x10\x00\x00\x00WAVEfmt ", None)]
    #[case::cut_webp(b"RIFF\x10\x00\x00\x00WEB", None)]
    #[case::gif(b"GIF89a", None)]
    #[case::script(b"<svg onload=alert(1)>", None)]
    #[case::png_by_name_only(b"photo.png", None)]
    #[case::nothing(b"", None)]
    fn a_picture_is_told_by_its_bytes(#[case] start: &[u8], #[case] want: Option<MediaType>) {
        assert_eq!(MediaType::of(start), want);
    }
}
