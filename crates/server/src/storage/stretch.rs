//! A stretch of a look-up's keys, and the bounds by which an index finds it.

use slipway_domain::lookup::Lookup;
use uuid::Uuid;

/// Keys of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys<'a> {
    /// This one.
    Is(&'a str),
    /// All that begin so.
    Begin(&'a str),
}

/// A stretch of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// Which.
    pub lookup: Lookup,
    /// With these keys only.
    pub keys: Keys<'a>,
    /// After this key and record; the first ones without.
    pub after: Option<(&'a str, Uuid)>,
    /// From the last to the first.
    pub backwards: bool,
    /// At most so many.
    pub limit: usize,
}

/// Sorts behind every text that begins as it does.
const LAST: char = '\u{10FFFF}';

impl Stretch<'_> {
    /// Key and record that the stretch begins behind, and the key that it does not pass; `stored` says how a key is
    /// stored.
    pub(super) fn bounds(&self, stored: &dyn Fn(&str) -> String) -> ((String, Uuid), String) {
        let (first, last) = match self.keys {
            Keys::Is(key) => (stored(key), stored(key)),
            Keys::Begin(start) => (start.to_owned(), format!("{start}{LAST}")),
        };
        let (begin, id, end) = match self.backwards {
            false => (first, Uuid::nil(), last),
            true => (last, Uuid::max(), first),
        };
        let begin = self.after.map_or((begin, id), |(key, id)| (stored(key), id));
        (begin, end)
    }
}
