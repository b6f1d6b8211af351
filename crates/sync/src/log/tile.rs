//! Where a tile of the audit log's tree lies, as C2SP tlog-tiles writes it.

/// Hashes in a full tile.
pub const WIDTH: u64 = 256;

/// A tile: 256 hashes of a level, or the first of them where there are no more yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// 0 for leaves, 1 for the roots of 256 leaves, and so on.
    pub level: u32,
    /// Position from 0 among those of its level.
    pub index: u64,
    /// Hashes in it: 256 in a full one.
    pub width: u64,
}

impl Tile {
    /// Reads what follows `tile/`: `0/x001/x234/067`, with `.p/5` after it for the first five hashes. Every tile has one
    /// address only; `None` for any other.
    #[must_use]
    pub fn read(path: &str) -> Option<Self> {
        let (place, width) = match path.split_once(".p/") {
            Some((place, width)) => (place, number(width, 3).filter(|width| (1..WIDTH).contains(width))?),
            None => (path, WIDTH),
        };
        let mut parts = place.split('/');
        let level = u32::try_from(number(parts.next()?, 2)?).ok().filter(|level| *level < 8)?;
        let mut groups: Vec<&str> = parts.collect();
        let last = groups.pop().filter(|last| last.len() == 3)?;
        let mut index: u64 = 0;
        for group in groups {
            let group = group.strip_prefix('x').filter(|digits| digits.len() == 3)?;
            index = index.checked_mul(1_000)?.checked_add(digits(group)?)?;
        }
        index = index.checked_mul(1_000)?.checked_add(digits(last)?)?;
        let tile = Self { level, index, width };
        (tile.path() == path).then_some(tile)
    }

    /// What follows `tile/`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut groups = vec![format!("{:03}", self.index % 1_000)];
        let mut rest = self.index / 1_000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1_000));
            rest /= 1_000;
        }
        groups.reverse();
        let part = if self.width == WIDTH { String::new() } else { format!(".p/{}", self.width) };
        format!("{}/{}{part}", self.level, groups.join("/"))
    }
}

/// A number without leading zeros.
fn number(text: &str, most: usize) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    if plain && text.len() <= most { digits(text) } else { None }
}

fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tile_has_the_address_of_the_specification_and_no_other() {
        let tile = Tile { level: 0, index: 1_234_067, width: WIDTH };
        assert_eq!(tile.path(), "0/x001/x234/067");
        assert_eq!(Tile::read("0/x001/x234/067"), Some(tile));
        assert_eq!(Tile::read("1/000.p/5"), Some(Tile { level: 1, index: 0, width: 5 }));
        for wrong in
            ["", "0", "0/", "0/1", "00/001", "0/001.p/0", "0/001.p/256", "0/001.p/05", "0/x000/001", "9/001", "0/+01"]
        {
            assert_eq!(Tile::read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_tile_is_read_from_its_address(level in 0_u32..8, index: u64, width in 1..=WIDTH) {
            let tile = Tile { level, index, width };
            prop_assert_eq!(Tile::read(&tile.path()), Some(tile));
        }

        #[test]
        fn whatever_is_read_has_that_address(path in "[0-9x/.p+-]{0,40}") {
            if let Some(tile) = Tile::read(&path) {
                prop_assert_eq!(tile.path(), path);
            }
        }
    }
}
