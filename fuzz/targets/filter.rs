//! A filter as it is typed or sent to the server: read, or refused at a place that the text has.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_domain::filter::parse::parse;
use slipway_domain::filter::suggest::{place, suggestions};
use slipway_domain::filter::{AttributeType, Reading, Vocabulary};
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;

const KINDS: [Kind; 4] = [Kind::Ci, Kind::Release, Kind::Change, Kind::DslItem];

fuzz_target!(|input: (u8, u16, &str)| {
    let (kind, cursor, text) = input;
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let choice = AttributeType::Choice(vec!["yes".into(), "no".into()]);
    let attributes = [
        ("ram", AttributeType::Number("GB".into())),
        ("warranty end", AttributeType::Date),
        ("spare", choice),
        ("rack", AttributeType::Text),
    ];
    let vocabulary = Vocabulary {
        attributes: attributes.into_iter().map(|(name, of)| (name.to_owned(), of)).collect::<BTreeMap<_, _>>(),
    };
    let reading = Reading { kind, me: None, now: Timestamp(1_793_491_200_000), vocabulary: &vocabulary };
    if let Err(error) = parse(text, &reading) {
        let end = u64::from(error.at) + u64::from(error.length);
        assert!(end <= text.chars().count() as u64 + 1, "{error:?} points into {text:?}");
    }
    let place = place(kind, text, usize::from(cursor), &vocabulary);
    assert!(place.from <= place.to && place.to <= text.chars().count(), "what is completed stands in the text");
    let _ = suggestions(kind, &place, &vocabulary);
});
