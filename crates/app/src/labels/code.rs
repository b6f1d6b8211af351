//! Codes as modules: dark or light, one after the other.

use rxing::{BarcodeFormat, EncodeHints, MultiFormatWriter, Writer};
use serde::{Deserialize, Serialize};
use slipway_domain::refusal::Finding;
use ts_rs::TS;

/// Which kind of code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Symbology {
    /// Lines.
    #[serde(rename = "code128")]
    Code128,
    /// A square that phones know.
    #[default]
    Qr,
    /// A square that is smaller.
    DataMatrix,
}

/// A code as modules, without the light zone around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Modules across.
    pub width: u32,
    /// Modules down; 1 of lines.
    pub height: u32,
    /// Light modules that it needs around it.
    pub quiet: u32,
    dark: Vec<bool>,
}

impl Symbol {
    /// Draws a code.
    ///
    /// # Errors
    /// `CODE_IMPOSSIBLE` for what the symbology cannot hold.
    pub fn of(text: &str, symbology: Symbology) -> Result<Self, Finding> {
        let (format, quiet, height) = match symbology {
            Symbology::Code128 => (BarcodeFormat::CODE_128, 10, 1),
            Symbology::Qr => (BarcodeFormat::QR_CODE, 4, 0),
            Symbology::DataMatrix => (BarcodeFormat::DATA_MATRIX, 1, 0),
        };
        let drawn = if text.is_empty() || (symbology != Symbology::Qr && !text.is_ascii()) {
            None
        } else {
            Self::drawn(text, format, quiet, height)
        };
        drawn.ok_or_else(|| {
            Finding::new(
                "CODE_IMPOSSIBLE",
                format!("{text:?} cannot be written as this code."),
                "Use a shorter text without special characters, or QR.",
            )
        })
    }

    /// With U+00F1 for the separator of GS1.
    #[cfg(test)]
    pub(crate) fn gs1_128(text: &str) -> Self {
        Self::drawn(text, BarcodeFormat::CODE_128, 10, 1).expect("it can be drawn")
    }

    fn drawn(text: &str, format: BarcodeFormat, quiet: u32, height: i32) -> Option<Self> {
        let hints = EncodeHints { Margin: Some("0".to_owned()), ..EncodeHints::default() };
        let matrix = MultiFormatWriter.encode_with_hints(text, &format, 0, height, &hints).ok()?;
        let [left, top, width, rows] = matrix.getEnclosingRectangle()?;
        let rows = if format == BarcodeFormat::CODE_128 { 1 } else { rows };
        let mut dark = Vec::with_capacity((width * rows) as usize);
        for y in top..top + rows {
            dark.extend((left..left + width).map(|x| matrix.get(x, y)));
        }
        Some(Self { width, height: rows, quiet, dark })
    }

    /// Whether the module is dark.
    #[must_use]
    pub fn is_dark(&self, x: u32, y: u32) -> bool {
        let at = y as usize * self.width as usize + x as usize;
        x < self.width && self.dark.get(at).copied().unwrap_or_default()
    }

    /// Runs of dark modules in a row: where each begins and how long it is.
    #[must_use]
    pub fn runs(&self, y: u32) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for x in (0..self.width).filter(|x| self.is_dark(*x, y)) {
            match runs.last_mut() {
                Some((from, length)) if *from + *length == x => *length += 1,
                _ => runs.push((x, 1)),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// The symbol as a printer would put it on paper, four dots a module, and read again.
    fn scanned(symbol: &Symbol, format: BarcodeFormat) -> String {
        const DOTS: u32 = 4;
        let rows = if symbol.height == 1 { 20 } else { symbol.height };
        let (width, height) = ((symbol.width + 2 * symbol.quiet) * DOTS, (rows + 2 * symbol.quiet) * DOTS);
        let mut luma = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (x, y) = ((x / DOTS).checked_sub(symbol.quiet), (y / DOTS).checked_sub(symbol.quiet));
                let dark = match (x, y) {
                    (Some(x), Some(y)) if y < rows => symbol.is_dark(x, if symbol.height == 1 { 0 } else { y }),
                    _ => false,
                };
                luma.push(if dark { 0 } else { 255 });
            }
        }
        rxing::helpers::detect_in_luma(luma, width, height, Some(format)).expect("it reads").getText().to_owned()
    }

    #[rstest]
    #[case::tag("HV-00471")]
    #[case::number("UNI-000012")]
    #[case::own("SLIPWAY:UNIT:UNI-000012")]
    #[case::place("SLIPWAY:PLACE:Spares A/02/B-07/3")]
    fn every_symbology_reads_again_what_was_written(#[case] text: &str) {
        for (symbology, format) in [
            (Symbology::Code128, BarcodeFormat::CODE_128),
            (Symbology::Qr, BarcodeFormat::QR_CODE),
            (Symbology::DataMatrix, BarcodeFormat::DATA_MATRIX),
        ] {
            assert_eq!(scanned(&Symbol::of(text, symbology).unwrap(), format), text, "{symbology:?}");
        }
    }

    #[rstest]
    #[case::nothing("", Symbology::Qr)]
    #[case::letters_that_lines_have_not("Łódź", Symbology::Code128)]
    fn what_cannot_be_written_is_said(#[case] text: &str, #[case] symbology: Symbology) {
        assert_eq!(Symbol::of(text, symbology).unwrap_err().code, "CODE_IMPOSSIBLE");
    }
}
