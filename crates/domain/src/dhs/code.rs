//! What a scanner read: plain labels (Code 128, QR), element strings of GS1, the data format of ISO/IEC 15434 that makers
//! print in Data Matrix, and the codes that this program prints itself.

use crate::refusal::Finding;
use crate::text;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Longest payload that is looked at, in characters: more than the largest Data Matrix holds.
pub const CODE_CHARS: usize = 3_200;
/// What our own codes begin with.
pub const OWN: &str = "SLIPWAY:";
/// What stands between the elements of GS1 and of ISO/IEC 15434.
const GROUP: char = '\u{1d}';

/// What stood in a code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Payload {
    /// A plain label: what it says, nothing is known of what it means.
    pub plain: Option<String>,
    /// One of our own labels: what it asks for.
    pub own: Option<OwnCode>,
    /// Global trade item number, as 14 digits.
    pub gtin: Option<String>,
    /// Part number of the maker.
    pub part: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Batch or lot.
    pub lot: Option<String>,
    /// Individual asset: what stands on an asset tag.
    pub asset: Option<String>,
    /// How many are in the package.
    pub quantity: Option<u32>,
}

/// A code that this program printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OwnCode {
    /// The label of a unit: its number.
    Unit(String),
    /// The label of a place: store, aisle, shelf, bin.
    Place {
        /// Store.
        store: String,
        /// Aisle.
        aisle: String,
        /// Shelf.
        shelf: String,
        /// Bin.
        bin: String,
    },
    /// Take the last scan back.
    Undo,
    /// Leave.
    Done,
}

/// A length in GS1: exactly so many, or at most.
#[derive(Clone, Copy)]
enum Length {
    Exactly(usize),
    AtMost(usize),
}

/// What becomes of an element.
#[derive(Clone, Copy)]
enum Place {
    Gtin,
    Part,
    Serial,
    Lot,
    Asset,
    Quantity,
    /// Known and not needed.
    Nothing,
}

/// Application identifiers, the longer ones first: GS1 General Specifications, section 3.
const IDENTIFIERS: &[(&str, Length, Place)] = {
    use Length::{AtMost, Exactly};
    use Place::{Asset, Gtin, Lot, Nothing, Part, Quantity, Serial};
    &[
        ("8003", AtMost(30), Asset),
        ("8004", AtMost(30), Asset),
        ("8005", Exactly(6), Nothing),
        ("8008", AtMost(12), Nothing),
        ("8010", AtMost(30), Part),
        ("8011", AtMost(12), Serial),
        ("8012", AtMost(20), Nothing),
        ("240", AtMost(30), Part),
        ("241", AtMost(30), Part),
        ("242", AtMost(6), Nothing),
        ("243", AtMost(20), Nothing),
        ("250", AtMost(30), Nothing),
        ("251", AtMost(30), Nothing),
        ("400", AtMost(30), Nothing),
        ("401", AtMost(30), Nothing),
        ("410", Exactly(13), Nothing),
        ("412", Exactly(13), Nothing),
        ("414", Exactly(13), Nothing),
        ("420", AtMost(20), Nothing),
        ("422", Exactly(3), Nothing),
        ("00", Exactly(18), Nothing),
        ("01", Exactly(14), Gtin),
        ("02", Exactly(14), Gtin),
        ("10", AtMost(20), Lot),
        ("11", Exactly(6), Nothing),
        ("12", Exactly(6), Nothing),
        ("13", Exactly(6), Nothing),
        ("15", Exactly(6), Nothing),
        ("16", Exactly(6), Nothing),
        ("17", Exactly(6), Nothing),
        ("20", Exactly(2), Nothing),
        ("21", AtMost(20), Serial),
        ("22", AtMost(20), Nothing),
        ("30", AtMost(8), Quantity),
        ("37", AtMost(8), Quantity),
        ("90", AtMost(30), Nothing),
        ("91", AtMost(90), Nothing),
        ("92", AtMost(90), Nothing),
        ("93", AtMost(90), Nothing),
        ("94", AtMost(90), Nothing),
        ("95", AtMost(90), Nothing),
        ("96", AtMost(90), Nothing),
        ("97", AtMost(90), Nothing),
        ("98", AtMost(90), Nothing),
        ("99", AtMost(90), Nothing),
    ]
};

/// Reads a payload as the scanner sent it, with or without the identifier of its symbology in front.
///
/// # Errors
/// `CODE_EMPTY`, `CODE_TOO_LONG`, or what is wrong with an element string.
pub fn read(given: &str) -> Result<Payload, Finding> {
    let payload = understood(given)?;
    // An own code asks for nothing that is kept as it is written.
    for (what, value) in [
        ("part number", &payload.part),
        ("serial number", &payload.serial),
        ("batch", &payload.lot),
        ("asset", &payload.asset),
        ("code", &payload.plain),
    ] {
        if let Some(value) = value {
            text::filled_line(what, value)?;
        }
    }
    Ok(payload)
}

fn understood(given: &str) -> Result<Payload, Finding> {
    if given.chars().count() > CODE_CHARS {
        return Err(Finding::new(
            "CODE_TOO_LONG",
            format!("The code has more than {CODE_CHARS} characters."),
            "Scan the label again: two may have run into one.",
        ));
    }
    let code = separators(given.trim_matches([' ', '\t', '\r', '\n']));
    let (symbology, code) = symbology(&code);
    if code.is_empty() {
        return Err(Finding::new("CODE_EMPTY", "The code is empty.", "Scan the label again, or type it."));
    }
    if let Some(own) = own(code) {
        return own.map(|own| Payload { own: Some(own), ..Payload::default() });
    }
    if let Some(message) = code.strip_prefix("[)>\u{1e}") {
        return Ok(message_15434(message));
    }
    if let Some(elements) = bracketed(code) {
        return elements.and_then(|elements| placed(&elements));
    }
    let says_gs1 = matches!(symbology, Some("C1" | "d2" | "Q3" | "e0" | "J1")) || code.starts_with(GROUP);
    if says_gs1 {
        return placed(&cut(code.trim_start_matches(GROUP))?);
    }
    // Scanners that are not set up to say so send the bare digits: a number of an article that adds up, and more behind it.
    if let Ok(elements) = cut(code)
        && elements.len() > 1
        && elements.first().is_some_and(|(ai, value)| *ai == "01" && adds_up(value))
        && let Ok(payload) = placed(&elements)
    {
        return Ok(payload);
    }
    if let Some(gtin) = article(code) {
        return Ok(Payload { gtin: Some(gtin), plain: Some(code.to_owned()), ..Payload::default() });
    }
    Ok(Payload { plain: Some(text::line("code", code)?), ..Payload::default() })
}

/// Control characters that keyboards cannot type, as scanners write them out, and the characters themselves.
fn separators(code: &str) -> String {
    let mut text = code.to_owned();
    for (written, meant) in [
        ("{GS}", GROUP),
        ("<GS>", GROUP),
        ("\u{241d}", GROUP),
        ("^]", GROUP),
        ("{RS}", '\u{1e}'),
        ("<RS>", '\u{1e}'),
        ("\u{241e}", '\u{1e}'),
        ("{EOT}", '\u{4}'),
        ("<EOT>", '\u{4}'),
    ] {
        if text.contains(written) {
            text = text.replace(written, meant.encode_utf8(&mut [0; 4]));
        }
    }
    text
}

/// The identifier of the symbology (ISO/IEC 15424), such as `]C1`, and what comes behind it.
fn symbology(code: &str) -> (Option<&str>, &str) {
    let Some(rest) = code.strip_prefix(']') else { return (None, code) };
    match (rest.get(..2), rest.get(2..)) {
        (Some(id), Some(rest)) if id.chars().all(|c| c.is_ascii_alphanumeric()) => (Some(id), rest),
        _ => (None, code),
    }
}

fn own(code: &str) -> Option<Result<OwnCode, Finding>> {
    let begins = code.get(..OWN.len())?;
    if !begins.eq_ignore_ascii_case(OWN) {
        return None;
    }
    let rest = code.get(OWN.len()..)?.trim();
    let (word, value) = rest.split_once(':').unwrap_or((rest, ""));
    Some(match word.to_ascii_uppercase().as_str() {
        "UNIT" if !value.trim().is_empty() => Ok(OwnCode::Unit(value.trim().to_owned())),
        "PLACE" if !value.trim().is_empty() => {
            let mut parts = value.split('/').map(|part| part.trim().to_owned());
            let mut next = || parts.next().unwrap_or_default();
            Ok(OwnCode::Place { store: next(), aisle: next(), shelf: next(), bin: next() })
        }
        "UNDO" => Ok(OwnCode::Undo),
        "DONE" => Ok(OwnCode::Done),
        _ => Err(Finding::new(
            "UNKNOWN_OWN_CODE",
            format!("{code:?} looks like one of our codes and is none."),
            "Print the label or the sheet of codes again.",
        )),
    })
}

/// `(01)04012345678901(21)ABC`, as it is printed below a code.
fn bracketed(code: &str) -> Option<Result<Vec<(&'static str, String)>, Finding>> {
    let mut rest = code.strip_prefix('(')?;
    let mut elements = Vec::new();
    loop {
        let (ai, after) = rest.split_once(')')?;
        if !ai.chars().all(|c| c.is_ascii_digit()) || ai.is_empty() {
            return None;
        }
        let end = after.find('(').unwrap_or(after.len());
        // A bracket inside of a value is part of it.
        let end = if after.get(end + 1..end + 3).is_none_or(|next| next.chars().all(|c| c.is_ascii_digit())) {
            end
        } else {
            after.len()
        };
        let value = after.get(..end).unwrap_or_default().trim_matches(GROUP);
        let Some((known, length, _)) = IDENTIFIERS.iter().find(|(known, ..)| *known == ai) else {
            return Some(Err(unknown_identifier(ai)));
        };
        if let Err(finding) = fits(known, value, *length) {
            return Some(Err(finding));
        }
        elements.push((*known, value.to_owned()));
        match after.get(end..).and_then(|rest| rest.strip_prefix('(')) {
            Some(next) => rest = next,
            None => return Some(Ok(elements)),
        }
    }
}

/// Cuts an element string.
fn cut(code: &str) -> Result<Vec<(&'static str, String)>, Finding> {
    let mut rest = code;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let Some((ai, length, _)) = IDENTIFIERS.iter().find(|(ai, ..)| rest.starts_with(ai)) else {
            let start: String = rest.chars().take(4).collect();
            return Err(unknown_identifier(&start));
        };
        let value = rest.get(ai.len()..).unwrap_or_default();
        let (value, after) = match length {
            Length::Exactly(n) => {
                let value = value.get(..*n).ok_or_else(|| too_short(ai, *n))?;
                (value, rest.get(ai.len() + n..).unwrap_or_default())
            }
            Length::AtMost(_) => value.split_once(GROUP).unwrap_or((value, "")),
        };
        fits(ai, value, *length)?;
        elements.push((*ai, value.to_owned()));
        rest = after.trim_start_matches(GROUP);
    }
    Ok(elements)
}

fn fits(ai: &str, value: &str, length: Length) -> Result<(), Finding> {
    let has = value.chars().count();
    match length {
        Length::Exactly(n) if has != n => Err(too_short(ai, n)),
        Length::Exactly(_) if !value.chars().all(|c| c.is_ascii_digit()) => Err(Finding::new(
            "CODE_BROKEN",
            format!("({ai}) holds {value:?}, which is not all digits."),
            "Scan the label again, or type serial and part number.",
        )),
        Length::AtMost(n) if has == 0 || has > n => Err(Finding::new(
            "CODE_BROKEN",
            format!("({ai}) has {has} characters; 1 to {n} are possible."),
            "Set the scanner to send the group separator, scan again, or type the serial number.",
        )),
        _ => Ok(()),
    }
}

fn too_short(ai: &str, n: usize) -> Finding {
    Finding::new("CODE_BROKEN", format!("({ai}) is not {n} digits long."), "Scan the label again.")
}

fn unknown_identifier(ai: &str) -> Finding {
    Finding::new(
        "CODE_UNKNOWN",
        format!("The application identifier {ai:?} is not known here."),
        "Type serial and part number as they are printed.",
    )
}

/// Puts elements where they belong.
fn placed(elements: &[(&'static str, String)]) -> Result<Payload, Finding> {
    let mut payload = Payload::default();
    for (ai, value) in elements {
        let Some((_, _, into)) = IDENTIFIERS.iter().find(|(known, ..)| known == ai) else { continue };
        match into {
            Place::Gtin if !adds_up(value) => {
                return Err(Finding::new(
                    "CODE_BROKEN",
                    format!("The check digit of ({ai}) {value} is wrong."),
                    "Scan the label again.",
                ));
            }
            Place::Gtin => payload.gtin = Some(value.clone()),
            Place::Part => payload.part = Some(value.clone()),
            Place::Serial => payload.serial = Some(value.clone()),
            Place::Lot => payload.lot = Some(value.clone()),
            Place::Asset => payload.asset = Some(value.clone()),
            Place::Quantity => payload.quantity = value.parse().ok(),
            Place::Nothing => {}
        }
    }
    Ok(payload)
}

/// The check digit of GS1: weights 3 and 1 from the right.
fn adds_up(digits: &str) -> bool {
    let sum = digits.chars().rev().enumerate().try_fold(0, |sum: u32, (place, c)| {
        let weight = if place % 2 == 0 { 1 } else { 3 };
        Some(sum + weight * c.to_digit(10)?)
    });
    sum.is_some_and(|sum| sum % 10 == 0)
}

/// An EAN-13, UPC-A or GTIN-14 by itself.
fn article(code: &str) -> Option<String> {
    let digits = code.chars().all(|c| c.is_ascii_digit()) && matches!(code.len(), 12..=14);
    (digits && adds_up(code)).then(|| format!("{code:0>14}"))
}

/// Data identifiers of ANSI MH10.8.2 in an ISO/IEC 15434 message, format 06: how makers mark parts in Data Matrix.
fn message_15434(message: &str) -> Payload {
    let mut payload = Payload::default();
    let fields = message.split(['\u{1d}', '\u{1e}', '\u{4}']);
    for field in fields {
        // Longer identifiers first.
        for (identifier, put) in [
            ("30P", Place::Part),
            ("25S", Place::Serial),
            ("18V", Place::Nothing),
            ("1P", Place::Part),
            ("1T", Place::Lot),
            ("S", Place::Serial),
            ("P", Place::Part),
            ("T", Place::Lot),
            ("Q", Place::Quantity),
        ] {
            let Some(value) = field.strip_prefix(identifier).map(str::trim).filter(|v| !v.is_empty()) else { continue };
            match put {
                // The maker's part number counts more than the customer's.
                Place::Part if identifier == "P" && payload.part.is_some() => {}
                Place::Part => payload.part = Some(value.to_owned()),
                Place::Serial => payload.serial = Some(value.to_owned()),
                Place::Lot => payload.lot = Some(value.to_owned()),
                Place::Quantity => payload.quantity = value.parse().ok(),
                Place::Gtin | Place::Asset | Place::Nothing => {}
            }
            break;
        }
    }
    if payload == Payload::default() {
        let plain: String = message.chars().filter(|c| !c.is_control()).collect();
        payload.plain = Some(plain);
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn payload(f: impl FnOnce(&mut Payload)) -> Payload {
        let mut payload = Payload::default();
        f(&mut payload);
        payload
    }

    #[rstest]
    #[case::code_128("FCW2233L0QX", payload(|p| p.plain = Some("FCW2233L0QX".into())))]
    #[case::with_its_symbology("]C0FCW2233L0QX", payload(|p| p.plain = Some("FCW2233L0QX".into())))]
    #[case::blanks_around(" FCW2233L0QX\r\n", payload(|p| p.plain = Some("FCW2233L0QX".into())))]
    #[case::an_article("4006381333931", payload(|p| {
        p.gtin = Some("04006381333931".into());
        p.plain = Some("4006381333931".into());
    }))]
    #[case::digits_that_do_not_add_up("4006381333932", payload(|p| p.plain = Some("4006381333932".into())))]
    #[case::gs1_128("]C101040063813339312112345\u{1d}240WS-C3560", payload(|p| {
        p.gtin = Some("04006381333931".into());
        p.serial = Some("12345".into());
        p.part = Some("WS-C3560".into());
    }))]
    #[case::gs1_data_matrix("]d2010400638133393110LOT7\u{1d}21SN1", payload(|p| {
        p.gtin = Some("04006381333931".into());
        p.lot = Some("LOT7".into());
        p.serial = Some("SN1".into());
    }))]
    #[case::separators_written_out("010400638133393121SN1{GS}3712", payload(|p| {
        p.gtin = Some("04006381333931".into());
        p.serial = Some("SN1".into());
        p.quantity = Some(12);
    }))]
    #[case::as_printed("(01)04006381333931(21)SN(1)X", payload(|p| {
        p.gtin = Some("04006381333931".into());
        p.serial = Some("SN(1)X".into());
    }))]
    #[case::an_asset("]C18004A-4711", payload(|p| p.asset = Some("A-4711".into())))]
    #[case::maker_data_matrix("[)>\u{1e}06\u{1d}1PN9K-C93180\u{1d}SFDO12345\u{1d}Q1\u{1e}\u{4}", payload(|p| {
        p.part = Some("N9K-C93180".into());
        p.serial = Some("FDO12345".into());
        p.quantity = Some(1);
    }))]
    #[case::our_unit("slipway:unit:UNI-000012", payload(|p| p.own = Some(OwnCode::Unit("UNI-000012".into()))))]
    #[case::our_place("SLIPWAY:PLACE:Spares A/2//7", payload(|p| p.own = Some(OwnCode::Place {
        store: "Spares A".into(), aisle: "2".into(), shelf: String::new(), bin: "7".into(),
    })))]
    #[case::undo("SLIPWAY:UNDO", payload(|p| p.own = Some(OwnCode::Undo)))]
    fn a_code_says_what_it_says(#[case] code: &str, #[case] want: Payload) {
        assert_eq!(read(code), Ok(want));
    }

    #[rstest]
    #[case::nothing("  ", "CODE_EMPTY")]
    #[case::only_a_symbology("]C1", "CODE_EMPTY")]
    #[case::check_digit("]C10104006381333932", "CODE_BROKEN")]
    #[case::cut_off("]C1010400638", "CODE_BROKEN")]
    #[case::serial_too_long("]C121123456789012345678901", "CODE_BROKEN")]
    #[case::no_such_identifier("]C1660400", "CODE_UNKNOWN")]
    #[case::not_ours("SLIPWAY:APPROVE", "UNKNOWN_OWN_CODE")]
    #[case::control("AB\u{7}C", "TEXT_NOT_A_LINE")]
    #[case::control_in_gs1("]C121AB\u{7}C", "TEXT_NOT_A_LINE")]
    #[case::control_as_printed("(21)AB\u{0}C", "TEXT_NOT_A_LINE")]
    #[case::control_in_data_matrix("[)>\u{1e}06\u{1d}SAB\u{7}C\u{1e}\u{4}", "TEXT_NOT_A_LINE")]
    #[case::empty_data_matrix("[)>\u{1e}\u{1d}\u{1e}\u{4}", "TEXT_MISSING")]
    #[case::several_lines("SN1\nPN2", "TEXT_NOT_A_LINE")]
    #[case::blank_in_gs1("]C121 \u{1d}240X", "TEXT_MISSING")]
    #[case::check_digit_as_printed("(01)04006381333932(21)X", "CODE_BROKEN")]
    #[case::check_digit_in_data_matrix("]d2010400638133393221X", "CODE_BROKEN")]
    #[case::letters_for_digits("]C10104006381E33931", "CODE_BROKEN")]
    #[case::as_long_as_a_book(&"A".repeat(3_201), "CODE_TOO_LONG")]
    fn a_broken_code_is_refused_with_its_reason(#[case] code: &str, #[case] want: &str) {
        assert_eq!(read(code).unwrap_err().code, want);
    }

    proptest::proptest! {
        #[test]
        fn no_code_brings_it_down(code in "\\PC{0,40}", prefix in "(\\]C1|\\]d2|\\(01\\)|SLIPWAY:|\\[\\)>|)") {
            let _ = read(&format!("{prefix}{code}"));
        }

        #[test]
        fn what_gs1_carries_comes_out(serial in "[A-Z0-9-]{1,20}", part in "[A-Z0-9-]{1,30}") {
            let read = read(&format!("]C1240{part}\u{1d}21{serial}")).unwrap();
            proptest::prop_assert_eq!((read.part, read.serial), (Some(part), Some(serial)));
        }
    }
}
