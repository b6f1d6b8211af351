//! Filters as a person types them: read, and completed as they are typed.

use crate::App;
use crate::error::CallError;
use crate::view::lists::{SuggestRequest, Suggestion, Suggestions};
use slipway_domain::filter::field::{Field, Holds};
use slipway_domain::filter::suggest::{self, Place, SUGGESTIONS_MOST, What, place, suggestions};
use slipway_domain::filter::text::typed;
use slipway_domain::filter::{Filter, FilterError, Reading, Vocabulary, parse};
use slipway_domain::id::CiId;
use slipway_domain::people::Person;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use slipway_store::list::{ListSpec, OpenList};
use std::collections::BTreeSet;

/// Reads a filter as the person who works here means it.
///
/// # Errors
/// Trouble; a filter that is not understood is an answer.
pub(crate) fn read(app: &App, kind: Kind, text: &str) -> Result<Result<Filter, FilterError>, CallError> {
    let open = app.open()?;
    let vocabulary = vocabulary(app, kind)?;
    let reading = Reading { kind, me: Some(open.actor), now: app.host().now(), vocabulary: &vocabulary };
    Ok(parse(text, &reading))
}

/// The same where only a filter that is understood will do.
///
/// # Errors
/// `FILTER_WRONG`, or trouble.
pub(crate) fn must(app: &App, kind: Kind, text: &str) -> Result<Filter, CallError> {
    read(app, kind, text)?.map_err(|error| CallError::Refused { findings: vec![error.finding(text)] })
}

/// The same for everybody: there is no `me` in it.
///
/// # Errors
/// `FILTER_WRONG`, or trouble.
pub(crate) fn for_everybody(app: &App, kind: Kind, text: &str) -> Result<Filter, CallError> {
    let vocabulary = vocabulary(app, kind)?;
    let reading = Reading { kind, me: None, now: app.host().now(), vocabulary: &vocabulary };
    parse(text, &reading).map_err(|error| CallError::Refused { findings: vec![error.finding(text)] })
}

/// That a list is all that its filter means.
///
/// # Errors
/// `FILTER_TOO_WIDE` where not every record could be looked at.
pub(crate) fn whole(list: &OpenList, text: &str) -> Result<(), CallError> {
    let Some(looked_at) = list.looked_at else { return Ok(()) };
    Err(Finding::new(
        "FILTER_TOO_WIDE",
        format!("No index has what {text} asks for: only {looked_at} records could be looked at."),
        "Add class:, status:, name: or a word, so that an index finds them.",
    )
    .into())
}

/// What a filter of the kind may name besides its own fields.
fn vocabulary(app: &App, kind: Kind) -> Result<Vocabulary, CallError> {
    app.read(|sight| Ok(Vocabulary::of(kind, sight.records)?))
}

/// Every CI that a filter finds; `of` names what they are for, such as `one baseline`.
///
/// # Errors
/// `BAD_FILTER` and its kin, `TOO_MANY_CIS`, or trouble.
pub(crate) fn cis(app: &App, of: &str, filter: &str) -> Result<BTreeSet<CiId>, CallError> {
    let list = app.open()?.store.open_list(&ListSpec {
        kind: Kind::Ci,
        filter: must(app, Kind::Ci, filter)?,
        sort: None,
        descending: false,
    })?;
    whole(&list, filter)?;
    if list.total > list.ids.len() {
        return Err(Finding::new(
            "TOO_MANY_CIS",
            format!("{} CIs are too many for {of}; {} are possible.", list.total, list.ids.len()),
            "Do it for each site, service or class.",
        )
        .into());
    }
    Ok(list.ids.into_iter().map(CiId).collect())
}

/// What can stand where one types.
///
/// # Errors
/// Trouble.
pub fn suggest(app: &App, request: &SuggestRequest) -> Result<Suggestions, CallError> {
    let vocabulary = vocabulary(app, request.kind)?;
    let cursor = usize::try_from(request.cursor).unwrap_or(usize::MAX);
    let place = place(request.kind, &request.text, cursor, &vocabulary);
    let mut found = suggestions(request.kind, &place, &vocabulary);
    found.extend(stored(app, request.kind, &place)?);
    found.truncate(SUGGESTIONS_MOST);
    let figure = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Suggestions {
        from: figure(place.from),
        to: figure(place.to),
        suggestions: found.into_iter().map(|s| Suggestion { insert: s.insert, about: s.about }).collect(),
        error: read(app, request.kind, &request.text)?.err(),
    })
}

/// Values that records have.
fn stored(app: &App, kind: Kind, place: &Place) -> Result<Vec<suggest::Suggestion>, CallError> {
    let open = app.open()?;
    let prefix = typed(&place.prefix);
    let called = |kind: Kind, about: &str| -> Result<Vec<suggest::Suggestion>, CallError> {
        let names = open.store.values(kind, &Field::Label, &prefix, SUGGESTIONS_MOST)?;
        Ok(names.iter().map(|name| suggest::Suggestion::value(name, about)).collect())
    };
    Ok(match &place.what {
        What::Value(field, Holds::Text | Holds::Version) => {
            let values = open.store.values(kind, field, &prefix, SUGGESTIONS_MOST)?;
            values.iter().map(|value| suggest::Suggestion::value(value, "")).collect()
        }
        What::Value(_, Holds::Party) => {
            let mut found = people(app, &prefix)?;
            found.extend(called(Kind::Group, "group")?);
            found
        }
        What::Value(_, Holds::Site) => called(Kind::Site, "site")?,
        What::Value(_, Holds::CiGroup) => called(Kind::CiGroup, "CI group")?,
        What::Ci if !place.prefix.starts_with('(') => called(Kind::Ci, "")?,
        _ => Vec::new(),
    })
}

/// People whose name begins so, by their sign-in name, which is unique.
fn people(app: &App, prefix: &str) -> Result<Vec<suggest::Suggestion>, CallError> {
    let open = app.open()?;
    let ids = open.store.called(Kind::Person, prefix, SUGGESTIONS_MOST)?;
    app.read(|sight| {
        let mut found = Vec::new();
        for id in ids {
            if let Some(person) = sight.records.get::<Person>(id.into())? {
                found.push(suggest::Suggestion::value(&person.user, &person.name));
            }
        }
        Ok(found)
    })
}
