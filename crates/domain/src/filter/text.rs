//! Texts as filters and search compare them.

use crate::record::Record;
use std::cmp::Ordering;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text as it is compared: lower case.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// What a person typed, as it is compared: lower case, `_` for a blank.
#[must_use]
pub fn typed(text: &str) -> String {
    fold(text.trim()).replace('_', " ")
}

/// The words of a text as the laptop's search cuts them: letters and figures in a row, lower case, without marks.
fn words(text: &str) -> Vec<String> {
    let plain: String = text.nfd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// Whether search finds a record by this word: its parts in a row, the last perhaps unfinished, in title, number or
/// other words.
#[must_use]
pub fn found(record: &Record, word: &str) -> bool {
    let wanted = words(word);
    if wanted.is_empty() {
        return true;
    }
    searched(record).is_some_and(|texts| texts.iter().any(|text| has_in_a_row(text, &wanted)))
}

/// Whether a text has this word: its parts in a row, the last perhaps unfinished.
#[must_use]
pub fn has(text: &str, word: &str) -> bool {
    has_in_a_row(text, &words(word))
}

fn has_in_a_row(text: &str, wanted: &[String]) -> bool {
    let Some((last, whole)) = wanted.split_last() else { return true };
    words(text)
        .windows(wanted.len())
        .any(|part| part.split_last().is_some_and(|(end, start)| start == whole && end.starts_with(last.as_str())))
}

/// Whether search can look for this word at all.
#[must_use]
pub fn is_searchable(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

/// What search finds a record by: title; label and number, also without its leading zeros, so that `rel-12` finds
/// `REL-000012` and `REL-000123`; other words. What one says already the next does not say again. `None` for kinds that
/// are found through others.
#[must_use]
pub fn searched(record: &Record) -> Option<[String; 3]> {
    let (title, more) = record.search_text()?;
    let Some(number) = record.number() else { return Some([title, String::new(), more]) };
    let mut numbers = Vec::new();
    let label = record.label();
    if label != title && label != number.as_str() {
        numbers.push(label);
    }
    numbers.push(number.to_string());
    if let (Some((prefix, rest)), Some(position)) = (number.as_str().split_once('-'), number.position())
        && rest.starts_with('0')
    {
        numbers.push(format!("{prefix}-{position}"));
    }
    let more = more.strip_prefix(number.as_str()).map(|rest| rest.trim_start().to_owned()).unwrap_or(more);
    Some([title, numbers.join(" "), more])
}

/// The order of versions and other texts with figures: figures by their value, `9.10` after `9.4`, letters after
/// figures, and a version with more figures after the same one without; with letters before it, as `2.0-rc1` is.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at), b.get(at)) {
            (None, None) => Ordering::Equal,
            (Some(Part::Figures(_)), None) => Ordering::Greater,
            (Some(Part::Letters(_)), None) => Ordering::Less,
            (None, Some(Part::Figures(_))) => Ordering::Less,
            (None, Some(Part::Letters(_))) => Ordering::Greater,
            (Some(Part::Figures(a)), Some(Part::Figures(b))) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Some(Part::Letters(a)), Some(Part::Letters(b))) => a.cmp(b),
            (Some(Part::Figures(_)), Some(Part::Letters(_))) => Ordering::Greater,
            (Some(Part::Letters(_)), Some(Part::Figures(_))) => Ordering::Less,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Without leading zeros, so that the longer one is greater.
    Figures(String),
    Letters(String),
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut run = String::new();
    let mut figures = false;
    let mut end = |run: &mut String, figures: bool| {
        let run = std::mem::take(run);
        if !run.is_empty() {
            parts.push(match figures {
                true => Part::Figures(run.trim_start_matches('0').to_owned()),
                false => Part::Letters(run),
            });
        }
    };
    for c in text.chars().flat_map(char::to_lowercase) {
        let is_figure = c.is_ascii_digit();
        if !c.is_alphanumeric() || is_figure != figures {
            end(&mut run, figures);
        }
        if c.is_alphanumeric() {
            figures = is_figure;
            run.push(c);
        }
    }
    end(&mut run, figures);
    parts
}

/// The known word nearest to a wrong one: within a third of its letters.
#[must_use]
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = typed(wrong).replace('-', " ");
    let most = (wrong.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|word| (distance(&wrong, &typed(word).replace('-', " ")), word))
        .filter(|(far, _)| *far <= most)
        .min_by_key(|(far, _)| *far)
        .map(|(_, word)| word)
}

/// How many letters must be added, dropped, replaced or swapped with the next to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
            let mut cost = at(&row, j) + usize::from(x != y);
            cost = cost.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("9.10", "9.4", Ordering::Greater)]
    #[case("9.4", "9.4.0", Ordering::Less)]
    #[case("2.0-rc1", "2.0", Ordering::Less)]
    #[case("v10", "V010", Ordering::Equal)]
    #[case("2026-11-26", "2027-01-01", Ordering::Less)]
    #[case("16 GB", "8 GB", Ordering::Greater)]
    #[case("99999999999999999999999", "100000000000000000000000", Ordering::Less)]
    fn versions_go_by_their_figures(#[case] a: &str, #[case] b: &str, #[case] order: Ordering) {
        assert_eq!(natural(a, b), order);
        assert_eq!(natural(b, a), order.reverse());
    }

    #[rstest]
    #[case("clas", Some("class"))]
    #[case("stauts", Some("status"))]
    #[case("depends_no", Some("depends-on"))]
    #[case("colour", None)]
    fn a_wrong_word_has_a_nearest(#[case] wrong: &str, #[case] near: Option<&str>) {
        assert_eq!(nearest(wrong, ["class", "status", "depends-on"]), near);
    }
}
