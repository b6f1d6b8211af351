//! Codes in pictures: for those who have a camera and no scanner.

use crate::App;
use crate::error::CallError;
use crate::photos::{pixels, source};
use crate::view::cataloguing::{PictureCodes, ReadPictureRequest};
use pixels::Grey;
use rxing::helpers::{detect_in_luma_with_hints, detect_multiple_in_luma_with_hints};
use rxing::{BarcodeFormat, DecodeHints, RXingResult, RXingResultMetadataType, RXingResultMetadataValue};
use slipway_domain::refusal::Finding;
use std::collections::HashSet;

/// Longest edges, in pixels, that a picture is looked at with: small first, which takes a tenth of the time and reads
/// what fills the picture; then so large that a small label on a large photo is still told apart.
const EDGES: [u32; 2] = [1_200, 3_000];
/// Codes of one picture that are answered.
const CODES: usize = 100;
/// What labels of hardware bear. The others are found in the pattern of any grille.
const FORMATS: [BarcodeFormat; 7] = [
    BarcodeFormat::QR_CODE,
    BarcodeFormat::DATA_MATRIX,
    BarcodeFormat::CODE_128,
    BarcodeFormat::CODE_93,
    BarcodeFormat::CODE_39,
    BarcodeFormat::EAN_13,
    BarcodeFormat::UPC_A,
];

/// Reads the codes of a picture.
///
/// # Errors
/// The file cannot be read or is no picture; `NO_CODE` for a picture without one; or trouble.
pub fn read(_: &App, request: &ReadPictureRequest) -> Result<PictureCodes, CallError> {
    let (bytes, _) = source(request.path.as_deref(), request.data.as_deref(), None)?;
    let codes = in_picture(&bytes)?;
    if codes.is_empty() {
        return Err(Finding::new(
            "NO_CODE",
            "No code can be read in this picture.",
            "Take it from nearer, straight from above and without a reflection, or type what stands on the label.",
        )
        .into());
    }
    Ok(PictureCodes { codes })
}

/// The codes in a file of a picture, from the top down.
///
/// # Errors
/// As [`pixels::clean`].
pub fn in_picture(bytes: &[u8]) -> Result<Vec<String>, CallError> {
    for grey in pixels::greys(bytes, &EDGES)? {
        let codes = in_pixels(grey);
        if !codes.is_empty() {
            return Ok(codes);
        }
    }
    Ok(Vec::new())
}

fn in_pixels(Grey { luma, width, height }: Grey) -> Vec<String> {
    let hints = || DecodeHints {
        PossibleFormats: Some(HashSet::from(FORMATS)),
        TryHarder: Some(true),
        // The separators of GS1 are kept.
        AssumeGs1: Some(true),
        ..DecodeHints::default()
    };
    let mut found = detect_multiple_in_luma_with_hints(luma.clone(), width, height, &mut hints()).unwrap_or_default();
    if found.is_empty() {
        // Dark on light is the rule; this one tries light on dark as well.
        let mut inverted = DecodeHints { AlsoInverted: Some(true), ..hints() };
        found.extend(detect_in_luma_with_hints(luma, width, height, None, &mut inverted));
    }
    let top = |result: &RXingResult| result.getPoints().iter().map(|at| at.y).fold(f32::INFINITY, f32::min);
    found.sort_by(|one, other| top(one).total_cmp(&top(other)));
    let mut codes: Vec<String> = Vec::new();
    for code in found.iter().map(as_scanned).filter(|code| !code.trim().is_empty()) {
        if !codes.contains(&code) && codes.len() < CODES {
            codes.push(code);
        }
    }
    codes
}

/// What a scanner would send: with the identifier of the symbology in front where it says that GS1 is in it.
fn as_scanned(result: &RXingResult) -> String {
    let text = result.getText();
    let says = match result.getRXingResultMetadata().get(&RXingResultMetadataType::SYMBOLOGY_IDENTIFIER) {
        Some(RXingResultMetadataValue::SymbologyIdentifier(says)) => says.as_str(),
        _ => "",
    };
    match says {
        "]C1" | "]d2" | "]Q3" if !text.starts_with(says) => format!("{says}{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
