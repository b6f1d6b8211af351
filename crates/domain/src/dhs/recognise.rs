//! Which thing a scanned label is on, and which model: what is known here decides, not the form of the code.

use crate::dhs::code::Payload;
use crate::dhs::model::PREFIX_CHARS;
use crate::dhs::record::{DhsModel, DhsUnit};
use crate::id::{DhsModelId, DhsUnitId};
use crate::lookup::Lookup;
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use std::collections::BTreeMap;

/// Longest prefix of a serial number that is looked for, in characters.
const PREFIX_MOST: usize = 20;

/// What a label says, by what is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A unit that is known.
    Unit(Box<DhsUnit>),
    /// Several units bear it.
    Units(Vec<DhsUnitId>),
    /// The part number of a model; the label does not say which piece.
    Model {
        /// Which.
        model: Box<DhsModel>,
        /// How many the package holds.
        quantity: Option<u32>,
    },
    /// A piece that is not known, of a model that is.
    Piece {
        /// Of which model.
        model: Box<DhsModel>,
        /// Its serial number.
        serial: String,
        /// How the model was told.
        by: String,
    },
    /// A serial number, and nothing tells the model.
    Serial(String),
    /// An asset tag that nothing bears.
    Tag(String),
    /// Several models have that part number.
    Models(Vec<DhsModelId>),
    /// Nothing is known of it: a serial number or a tag.
    Nothing(String),
}

/// What a payload means.
///
/// # Errors
/// A storage fault.
pub fn meaning(payload: &Payload, records: &dyn Records) -> Result<Meaning, Fault> {
    let parts: Vec<&String> = [&payload.part, &payload.gtin].into_iter().flatten().collect();
    let mut models = BTreeMap::new();
    for part in &parts {
        models.extend(by_part(part, records)?.into_iter().map(|m| (m.id, m)));
        if !models.is_empty() {
            break;
        }
    }
    if let Some(asset) = &payload.asset {
        return Ok(match units(asset, records)?.as_slice() {
            [] => Meaning::Tag(asset.clone()),
            [one] => Meaning::Unit(Box::new(one.clone())),
            more => Meaning::Units(more.iter().map(|u| u.id).collect()),
        });
    }
    if let Some(serial) = &payload.serial {
        let known = units(serial, records)?;
        let of_models: Vec<&DhsUnit> =
            known.iter().filter(|u| models.is_empty() || models.contains_key(&u.model)).collect();
        match (of_models.as_slice(), models.len()) {
            ([one], _) => return Ok(Meaning::Unit(Box::new((*one).clone()))),
            ([_, ..], _) => return Ok(Meaning::Units(of_models.iter().map(|u| u.id).collect())),
            ([], 0) => return piece(serial, records),
            ([], 1) => {}
            ([], _) => return Ok(Meaning::Models(models.into_keys().collect())),
        }
        if let Some((_, model)) = models.pop_first() {
            let by = format!("part number {}", parts.first().map(|p| p.as_str()).unwrap_or_default());
            return Ok(Meaning::Piece { model: Box::new(model), serial: serial.clone(), by });
        }
    }
    match (models.len(), models.pop_first()) {
        (1, Some((_, model))) => {
            return Ok(Meaning::Model { model: Box::new(model), quantity: payload.quantity });
        }
        (0, _) | (_, None) => {}
        (_, Some((first, _))) => return Ok(Meaning::Models(models.into_keys().chain([first]).collect())),
    }
    let Some(plain) = payload.plain.as_ref().or(payload.part.as_ref()).or(payload.gtin.as_ref()) else {
        return Ok(Meaning::Nothing(payload.lot.clone().unwrap_or_default()));
    };
    let known = units(plain, records)?;
    match known.as_slice() {
        [one] => return Ok(Meaning::Unit(Box::new(one.clone()))),
        [_, ..] => return Ok(Meaning::Units(known.iter().map(|u| u.id).collect())),
        [] => {}
    }
    let mut models = by_part(plain, records)?;
    if models.len() > 1 {
        return Ok(Meaning::Models(models.iter().map(|m| m.id).collect()));
    }
    if let Some(model) = models.pop() {
        return Ok(Meaning::Model { model: Box::new(model), quantity: payload.quantity });
    }
    match piece(plain, records)? {
        Meaning::Serial(code) => Ok(Meaning::Nothing(code)),
        known => Ok(known),
    }
}

/// A serial number: the model whose prefix is the longest of those it begins with.
fn piece(serial: &str, records: &dyn Records) -> Result<Meaning, Fault> {
    let lower = serial.to_lowercase();
    let ends: Vec<usize> = lower.char_indices().map(|(at, c)| at + c.len_utf8()).take(PREFIX_MOST).collect();
    for end in ends.into_iter().skip(PREFIX_CHARS - 1).rev() {
        let Some(prefix) = lower.get(..end).filter(|prefix| prefix.len() < lower.len()) else { continue };
        if let Some(model) = records.list::<DhsModel>(Lookup::ModelBySerialPrefix, prefix)?.into_iter().next() {
            let by = format!("prefix {}", serial.get(..end).unwrap_or(prefix));
            return Ok(Meaning::Piece { model: Box::new(model), serial: serial.to_owned(), by });
        }
    }
    Ok(Meaning::Serial(serial.to_owned()))
}

/// Models with that part number; of an article's number also without its leading zeros.
fn by_part(part: &str, records: &dyn Records) -> Result<Vec<DhsModel>, Fault> {
    let found = records.list(Lookup::ModelByPart, &part.trim().to_lowercase())?;
    let bare = part.trim_start_matches('0');
    if found.is_empty() && bare.len() < part.len() && !bare.is_empty() {
        for zeros in 0..part.len() - bare.len() {
            let written = format!("{}{bare}", "0".repeat(zeros));
            let found: Vec<DhsModel> = records.list(Lookup::ModelByPart, &written)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Units with that asset tag, number or serial number.
fn units(code: &str, records: &dyn Records) -> Result<Vec<DhsUnit>, Fault> {
    let lower = code.trim().to_lowercase();
    let tagged: Vec<DhsUnit> = records.list(Lookup::UnitByTag, &lower)?;
    if !tagged.is_empty() {
        return Ok(tagged);
    }
    let serial: Vec<DhsUnit> = records.list(Lookup::UnitByBareSerial, &lower)?;
    if !serial.is_empty() {
        return Ok(serial);
    }
    records.list(Lookup::Number, &code.trim().to_uppercase())
}
