//! The order of versions, and ranges of them, as people ask for them: *is it older than 2.17?*
//!
//! Numbers count as numbers, words of a version that is not out yet (`rc`, `beta`, …) come before it, other words after.
//! What follows a plus is how it was built and says nothing of its place.

use std::cmp::Ordering;
use std::str::FromStr;

/// Words of versions before the version itself, in their order.
const BEFORE: [&str; 9] = ["dev", "snapshot", "a", "alpha", "b", "beta", "pre", "preview", "rc"];

/// A part of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// A number without leading zeros, as text: none is too long to be compared.
    Number(&'a str),
    Word(String),
}

impl Piece<'_> {
    /// Where it stands against nothing at all, which stands for a zero.
    fn rank(&self) -> (u8, usize) {
        match self {
            Self::Word(word) => match BEFORE.iter().position(|known| *known == word) {
                Some(place) => (0, place),
                None => (2, 0),
            },
            Self::Number("") => (1, 0),
            Self::Number(_) => (3, 0),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => self.rank().cmp(&other.rank()).then_with(|| match (self, other) {
                (Self::Word(a), Self::Word(b)) => a.cmp(b),
                _ => Ordering::Equal,
            }),
        }
    }
}

fn pieces(version: &str) -> Vec<Piece<'_>> {
    let plain = version.trim();
    let plain =
        plain.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(plain);
    let plain = plain.split_once('+').map_or(plain, |(before, _)| before);
    let mut found = Vec::new();
    for part in plain.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            found.push(match is_digit {
                true => Piece::Number(piece.trim_start_matches('0')),
                false => Piece::Word(piece.to_lowercase()),
            });
            rest = after;
        }
    }
    found
}

/// Which of two versions is the older one.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (mine, theirs) = (pieces(a), pieces(b));
    let nothing = Piece::Number("");
    for n in 0..mine.len().max(theirs.len()) {
        let found = mine.get(n).unwrap_or(&nothing).order(theirs.get(n).unwrap_or(&nothing));
        if found != Ordering::Equal {
            return found;
        }
    }
    Ordering::Equal
}

/// One end of a range, or one version.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bound {
    Is(String),
    IsNot(String),
    From(String),
    After(String),
    UpTo(String),
    Before(String),
}

/// Versions that are asked for: `2.14.1`, `>=2.0, <2.17`, `!=1.0`; all of them when nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range(Vec<Bound>);

/// A text that is no range.
#[derive(Debug, thiserror::Error)]
#[error("this is no range of versions; write 2.14.1, or ends with commas between them, such as >=2.0, <2.17")]
pub struct NotARange;

impl FromStr for Range {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(bound).collect::<Result<_, _>>().map(Self)
    }
}

/// What a sign makes of a version.
type Make = fn(String) -> Bound;

fn bound(text: &str) -> Result<Bound, NotARange> {
    const SIGNS: [(&str, Make); 7] = [
        (">=", Bound::From),
        ("<=", Bound::UpTo),
        ("!=", Bound::IsNot),
        ("==", Bound::Is),
        (">", Bound::After),
        ("<", Bound::Before),
        ("=", Bound::Is),
    ];
    let text = text.trim();
    let (make, version): (Make, &str) =
        SIGNS.iter().find_map(|(sign, make)| Some((*make, text.strip_prefix(sign)?))).unwrap_or((Bound::Is, text));
    let version = version.trim();
    if version.is_empty() || version.starts_with(['<', '>', '=', '!']) || version.contains(char::is_whitespace) {
        return Err(NotARange);
    }
    Ok(make(version.to_owned()))
}

impl Range {
    /// Whether a version is one of those that are asked for. One that is not known is only where all are.
    #[must_use]
    pub fn holds(&self, version: &str) -> bool {
        if version.trim().is_empty() {
            return self.0.is_empty();
        }
        self.0.iter().all(|bound| match bound {
            Bound::Is(to) => order(version, to).is_eq(),
            Bound::IsNot(to) => order(version, to).is_ne(),
            Bound::From(to) => order(version, to).is_ge(),
            Bound::After(to) => order(version, to).is_gt(),
            Bound::UpTo(to) => order(version, to).is_le(),
            Bound::Before(to) => order(version, to).is_lt(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Range, order};
    use proptest::prelude::*;
    use rstest::rstest;
    use std::cmp::Ordering::{self, Equal, Less};

    #[rstest]
    #[case("2.14.1", "2.17", Less)]
    #[case("2.9", "2.10", Less)]
    #[case("1.0", "1", Equal)]
    #[case("v1.2", "1.2.0", Equal)]
    #[case("1.0-rc1", "1.0", Less)]
    #[case("1.0-alpha", "1.0-beta", Less)]
    #[case("1.0-SNAPSHOT", "1.0", Less)]
    #[case("1.0rc1", "1.0rc2", Less)]
    #[case("1.0", "1.0.1", Less)]
    #[case("1.0", "1.0a", Ordering::Greater)]
    #[case("9f", "9g", Less)]
    #[case("1.1.1", "1.1.1k", Less)]
    #[case("1.0+build7", "1.0+build8", Equal)]
    #[case("99999999999999999999998", "99999999999999999999999", Less)]
    #[case("2.14.1", "2.14.1.Final", Less)]
    fn older_comes_first(#[case] a: &str, #[case] b: &str, #[case] want: Ordering) {
        assert_eq!(order(a, b), want);
        assert_eq!(order(b, a), want.reverse());
    }

    #[rstest]
    #[case("2.14.1", "2.14.1", true)]
    #[case("2.14.1", "2.14.2", false)]
    #[case("=2.14.1", "v2.14.1", true)]
    #[case(">=2.0, <2.17", "2.14.1", true)]
    #[case(">=2.0,<2.17", "2.17.0", false)]
    #[case(">=2.0, <2.17", "1.9", false)]
    #[case("<2.17", "2.17-rc1", true)]
    #[case("!=1", "2", true)]
    #[case("", "7", true)]
    #[case("", "", true)]
    #[case("<9", "", false)]
    fn a_range_holds_what_lies_between_its_ends(#[case] range: &str, #[case] version: &str, #[case] want: bool) {
        assert_eq!(range.parse::<Range>().unwrap().holds(version), want);
    }

    #[rstest]
    #[case(">=")]
    #[case("1.0,")]
    #[case("=<2")]
    #[case("newer than 2")]
    fn nothing_else_is_a_range(#[case] text: &str) {
        assert!(text.parse::<Range>().is_err(), "{text}");
    }

    proptest! {
        #[test]
        fn the_order_is_one(a in "[0-9a-c.rc-]{0,9}", b in "[0-9a-c.rc-]{0,9}", c in "[0-9a-c.rc-]{0,9}") {
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
            prop_assert_eq!(order(&a, &a), Equal);
            if order(&a, &b).is_le() && order(&b, &c).is_le() {
                prop_assert!(order(&a, &c).is_le(), "{} {} {}", a, b, c);
            }
        }
    }
}
