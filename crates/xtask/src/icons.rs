//! The icons of all sizes and systems, drawn from the one picture in `icons/icon.svg`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{packages, process};

/// Width in pixels and name in `icons`: what menus, task bars and the window ask for.
const SIZES: [(u32, &str); 8] = [
    (16, "16x16.png"),
    (24, "24x24.png"),
    (32, "32x32.png"),
    (48, "48x48.png"),
    (64, "64x64.png"),
    (128, "128x128.png"),
    (256, "128x128@2x.png"),
    (512, "icon.png"),
];

/// The sizes in a Windows icon.
const WINDOWS: [u32; 5] = [16, 24, 32, 48, 256];

/// The sizes in a macOS icon, with the type by which each goes there.
const MACOS: [(u32, &[u8; 4]); 5] = [(32, b"ic11"), (64, b"ic12"), (128, b"ic07"), (256, b"ic08"), (512, b"ic09")];

/// Draws every icon again.
pub fn icons(root: &Path) -> Result<()> {
    packages::install(&[packages::ICONS])?;
    let folder = root.join("icons");
    for (size, name) in SIZES {
        let size = size.to_string();
        process::check(
            Command::new("rsvg-convert")
                .args(["--width", &size, "--height", &size, "--output"])
                .arg(folder.join(name))
                .arg(folder.join("icon.svg")),
        )?;
    }
    let pictures: Vec<(u32, Vec<u8>)> =
        SIZES.into_iter().map(|(size, name)| Ok((size, std::fs::read(folder.join(name))?))).collect::<Result<_>>()?;
    let picture = |wanted: u32| match pictures.iter().find(|(size, _)| *size == wanted) {
        Some((_, png)) => Ok(png.as_slice()),
        None => bail!("No icon is drawn {wanted} pixels wide"),
    };
    let windows = WINDOWS.into_iter().map(|size| Ok((size, picture(size)?))).collect::<Result<Vec<_>>>()?;
    let macos = MACOS.into_iter().map(|(size, kind)| Ok((kind, picture(size)?))).collect::<Result<Vec<_>>>()?;
    std::fs::write(folder.join("icon.ico"), ico(&windows)?).context("Writing icon.ico")?;
    std::fs::write(folder.join("icon.icns"), icns(&macos)?).context("Writing icon.icns")
}

/// An ICO: a head, an entry of 16 bytes for each picture, the pictures as PNG.
fn ico(pictures: &[(u32, &[u8])]) -> Result<Vec<u8>> {
    let count = u16::try_from(pictures.len())?;
    let mut out = vec![0, 0, 1, 0];
    out.extend(count.to_le_bytes());
    let mut at = 6 + 16 * u32::from(count);
    for (size, png) in pictures {
        // A byte each; 0 stands for 256.
        let side = u8::try_from(*size).unwrap_or(0);
        let length = u32::try_from(png.len())?;
        out.extend([side, side, 0, 0, 1, 0, 32, 0]);
        out.extend(length.to_le_bytes());
        out.extend(at.to_le_bytes());
        at += length;
    }
    out.extend(pictures.iter().flat_map(|(_, png)| *png));
    Ok(out)
}

/// An ICNS: a head with the length of all, then each picture as PNG after its type and length.
fn icns(pictures: &[(&[u8; 4], &[u8])]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    for (kind, png) in pictures {
        body.extend(*kind);
        body.extend(u32::try_from(png.len() + 8)?.to_be_bytes());
        body.extend(*png);
    }
    let mut out = b"icns".to_vec();
    out.extend(u32::try_from(body.len() + 8)?.to_be_bytes());
    out.extend(body);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_a_windows_icon_point_at_their_pictures() {
        let bytes = ico(&[(16, b"one"), (256, b"three")]).unwrap();
        assert_eq!(bytes[..6], [0, 0, 1, 0, 2, 0]);
        assert_eq!((bytes[6], bytes[22]), (16, 0), "256 does not fit into a byte and is written as 0");
        assert_eq!(bytes[18..22], 38u32.to_le_bytes());
        assert_eq!(bytes[34..38], 41u32.to_le_bytes());
        assert_eq!(&bytes[38..], b"onethree");
    }

    #[test]
    fn a_macos_icon_says_its_lengths() {
        let bytes = icns(&[(b"ic07", b"png")]).unwrap();
        assert_eq!(&bytes, b"icns\0\0\0\x13ic07\0\0\0\x0bpng");
    }

    #[test]
    fn the_icons_that_are_packaged_are_those_that_are_drawn() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (size, name) in SIZES {
            let png = std::fs::read(root.join("icons").join(name)).unwrap();
            assert_eq!(png[16..20], size.to_be_bytes(), "{name} is as wide as its name says");
        }
    }
}
