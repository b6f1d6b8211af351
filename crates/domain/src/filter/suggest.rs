//! What can stand where one types in a filter: names of fields, words of the language, values.

use crate::filter::field::{Field, Holds, Named, known, named, offered};
use crate::filter::text::typed;
use crate::filter::{Vocabulary, field};
use crate::record::Kind;

/// Most suggestions for one place.
pub const SUGGESTIONS_MOST: usize = 12;

/// The place one is typing at.
#[derive(Clone, Debug)]
pub struct Place {
    /// First character that a suggestion replaces, counted from 0.
    pub from: usize,
    /// First character after those.
    pub to: usize,
    /// What is typed of it.
    pub prefix: String,
    /// What it is.
    pub what: What,
}

/// What stands at a place.
#[derive(Clone, Debug)]
pub enum What {
    /// A name or a word.
    Name,
    /// A value of this field.
    Value(Field, Holds),
    /// A value among these.
    Choice(Vec<String>),
    /// A CI by name, or a filter of CIs.
    Ci,
    /// A value of something that there is not.
    Nothing,
}

/// One suggestion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suggestion {
    /// What to put in the place's stead.
    pub insert: String,
    /// What it means, in a few words.
    pub about: String,
}

impl Suggestion {
    /// A value that is put in so that it means itself.
    #[must_use]
    pub fn value(value: &str, about: &str) -> Self {
        Self { insert: written(value), about: about.to_owned() }
    }
}

/// A value as it is written in a filter: between quotes where it would mean something else.
#[must_use]
pub fn written(value: &str) -> String {
    let special = |c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '"' | '_');
    if value.is_empty() || value.chars().any(special) || value.contains("..") || value.eq_ignore_ascii_case("empty") {
        format!("\"{}\"", value.replace('"', ""))
    } else {
        value.to_owned()
    }
}

/// The place at a position of the text, counted in characters.
#[must_use]
pub fn place(kind: Kind, text: &str, cursor: usize, vocabulary: &Vocabulary) -> Place {
    let chars: Vec<char> = text.chars().take(cursor).collect();
    let to = chars.len();
    // Where the part begins that the cursor is in, where its name ends, and where its last value begins.
    let (mut from, mut name_end, mut value) = (0, None, 0);
    let mut is_quoted = false;
    for (at, c) in chars.iter().enumerate() {
        match c {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            ' ' | '\t' | '\n' | '(' | ')' => (from, name_end, value) = (at + 1, None, at + 1),
            ':' | '=' | '<' | '>' if name_end.is_none() => (name_end, value) = (Some(at), at + 1),
            '=' if value == at => value = at + 1,
            ',' => value = at + 1,
            '.' if name_end.is_some() && at > 0 && chars.get(at - 1) == Some(&'.') => value = at + 1,
            _ => {}
        }
    }
    if chars.get(from) == Some(&'-') {
        from += 1;
        value = value.max(from);
    }
    let slice = |from: usize, to: usize| -> String { chars.get(from..to).unwrap_or_default().iter().collect() };
    let Some(end) = name_end else {
        return Place { from, to, prefix: slice(from, to), what: What::Name };
    };
    let name = slice(from, end);
    let what = match named(kind, name.trim_end_matches('!'), vocabulary) {
        Some(Named::Field(field, holds)) => What::Value(field, holds),
        Some(Named::Choices(_, choices)) => What::Choice(choices),
        Some(Named::Measure(field, _)) => What::Value(field, Holds::Figure),
        Some(Named::Link(_)) => What::Ci,
        None => What::Nothing,
    };
    Place { from: value, to, prefix: slice(value, to).trim_start_matches('"').to_owned(), what }
}

/// What the language itself has for a place; values that only storage knows are added by the caller.
#[must_use]
pub fn suggestions(kind: Kind, place: &Place, vocabulary: &Vocabulary) -> Vec<Suggestion> {
    let wanted = typed(&place.prefix).replace('-', " ");
    let fits = |text: &str| typed(text).replace(['-', '/'], " ").starts_with(&wanted);
    let mut found: Vec<Suggestion> = Vec::new();
    let mut add = |insert: String, about: &str| found.push(Suggestion { insert, about: about.to_owned() });
    match &place.what {
        What::Name => {
            for name in offered(kind, vocabulary).into_iter().filter(|name| fits(name)) {
                add(format!("{name}:"), about(kind, &name, vocabulary));
            }
            // An alias is offered once nothing else begins so.
            let aliases = known(kind).iter().flat_map(|known| known.names.iter().skip(1));
            for name in aliases.filter(|name| !wanted.is_empty() && fits(name)) {
                add(format!("{name}:"), about(kind, name, vocabulary));
            }
            for (word, about) in [("or", "either side"), ("not", "the opposite"), ("and", "both sides")] {
                if !wanted.is_empty() && fits(word) {
                    add(word.to_owned(), about);
                }
            }
        }
        What::Value(_, holds) => {
            match holds {
                Holds::Choice(labels, _) => {
                    for label in labels().into_iter().filter(|label| fits(label)) {
                        add(label.to_lowercase().replace(' ', "_"), "");
                    }
                }
                Holds::Flag => {
                    for word in ["yes", "no"].into_iter().filter(|word| fits(word)) {
                        add(word.to_owned(), "");
                    }
                }
                Holds::Moment | Holds::Day => {
                    for (word, about) in DATES {
                        if typed(word).starts_with(&typed(&place.prefix)) {
                            add((*word).to_owned(), about);
                        }
                    }
                }
                Holds::Party if fits("me") => add("me".to_owned(), "who is signed in"),
                _ => {}
            }
            if fits("empty") {
                add("empty".to_owned(), "no value");
            }
        }
        What::Choice(choices) => {
            for choice in choices.iter().filter(|choice| fits(choice)) {
                add(written(choice), "");
            }
            if fits("empty") {
                add("empty".to_owned(), "no value");
            }
        }
        What::Ci if place.prefix.is_empty() => {
            add("(".to_owned(), "a filter of CIs, such as (class:database)");
            add("empty".to_owned(), "no such relation");
        }
        What::Ci | What::Nothing => {}
    }
    found.truncate(SUGGESTIONS_MOST);
    found
}

const DATES: &[(&str, &str)] = &[
    ("today", "since midnight UTC"),
    ("tomorrow", "the next day"),
    ("yesterday", "the day before"),
    ("+7d", "in a week"),
    ("+90d", "in 90 days"),
    ("-30d", "30 days ago"),
    ("+1y", "in a year"),
];

/// What a name stands for, in a few words.
fn about(kind: Kind, name: &str, vocabulary: &Vocabulary) -> &'static str {
    match field::named(kind, name, vocabulary) {
        Some(Named::Link(_)) => "relation, such as (class:server)",
        Some(Named::Measure(..)) => "class attribute: figure, or <, >=, a..b",
        Some(Named::Field(Field::Attribute(_), _) | Named::Choices(..)) => "class attribute",
        Some(Named::Field(_, holds)) => match holds {
            Holds::Text => "begins with",
            Holds::Version => "begins with, or <, >=, a..b",
            Holds::Figure | Holds::Position => "figure, or <, >=, a..b",
            Holds::Moment | Holds::Day => "date, or <, >=, a..b",
            Holds::Choice(_, field::Order::None) => "one of",
            Holds::Choice(..) => "one of, or <, >=",
            Holds::Party => "me, sign-in name, name",
            Holds::Site => "name of a site",
            Holds::Flag => "yes or no",
            Holds::CiGroup => "name of a CI group",
        },
        None => "",
    }
}
