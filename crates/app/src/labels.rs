//! Labels of units, places and of the commands that a scanner gives: sheets as PDF, or ZPL for a label printer.

pub mod code;
pub mod layout;
pub mod pdf;
pub mod zpl;

use crate::App;
use crate::error::CallError;
use crate::export::{file_of, unwritable};
use crate::resolve;
use crate::view::common::Nothing;
use crate::view::labels::{
    LabelForm, LabelPreview, LabelRequest, LabelsWritten, PreviewLabel, PreviewLine, PreviewPlace, SheetView,
    SheetsView,
};
use code::{Symbol, Symbology};
use slipway_domain::dhs::code::OWN;
use slipway_domain::dhs::record::{Bin, DhsModel, DhsUnit};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use std::fmt::Write as _;
use std::path::Path;

/// Most labels of one file.
pub const LABELS: usize = 5_000;

/// What stands on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What the scanner reads.
    pub code: String,
    /// What a person reads, the first line largest.
    pub lines: Vec<String>,
}

/// A sheet of labels, in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    /// Its name in requests.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// Width and height of the page.
    pub page: (f32, f32),
    /// Columns and rows.
    pub grid: (u32, u32),
    /// Left and upper margin.
    pub margin: (f32, f32),
    /// Width and height of a label.
    pub label: (f32, f32),
    /// From one label to the next, across and down.
    pub pitch: (f32, f32),
}

/// The sheets that are known. Figures are those of their makers.
pub const SHEETS: &[Sheet] = &[
    Sheet {
        name: "l7160",
        title: "A4, 21 labels of 63.5 x 38.1 mm (L7160)",
        page: (210.0, 297.0),
        grid: (3, 7),
        margin: (7.2, 15.1),
        label: (63.5, 38.1),
        pitch: (66.0, 38.1),
    },
    Sheet {
        name: "l7651",
        title: "A4, 65 labels of 38.1 x 21.2 mm (L7651)",
        page: (210.0, 297.0),
        grid: (5, 13),
        margin: (4.7, 10.7),
        label: (38.1, 21.2),
        pitch: (40.6, 21.2),
    },
    Sheet {
        name: "5160",
        title: "Letter, 30 labels of 66.7 x 25.4 mm (5160)",
        page: (215.9, 279.4),
        grid: (3, 10),
        margin: (4.8, 12.7),
        label: (66.7, 25.4),
        pitch: (69.8, 25.4),
    },
    Sheet {
        name: "roll57x32",
        title: "Roll, one label of 57 x 32 mm",
        page: (57.0, 32.0),
        grid: (1, 1),
        margin: (0.0, 0.0),
        label: (57.0, 32.0),
        pitch: (57.0, 32.0),
    },
];

impl Sheet {
    /// How many labels a page has.
    #[must_use]
    pub fn places(&self) -> u32 {
        self.grid.0 * self.grid.1
    }

    fn named(name: &str) -> Result<&'static Self, CallError> {
        SHEETS.iter().find(|sheet| sheet.name.eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
            let names: Vec<&str> = SHEETS.iter().map(|sheet| sheet.name).collect();
            Finding::new("NO_SUCH_SHEET", format!("There is no sheet {name:?}."), format!("Use {}.", names.join(", ")))
                .into()
        })
    }
}

/// The sheets that are known.
///
/// # Errors
/// None.
pub fn sheets(_: &App, _: &Nothing) -> Result<SheetsView, CallError> {
    let view = |sheet: &Sheet| SheetView {
        name: sheet.name.to_owned(),
        title: sheet.title.to_owned(),
        places: sheet.places(),
    };
    Ok(SheetsView { sheets: SHEETS.iter().map(view).collect() })
}

/// Labels that are ready to be drawn.
struct Prepared {
    sheet: &'static Sheet,
    labels: Vec<Label>,
    symbols: Vec<Symbol>,
    /// The first label of the first sheet that is free, from 0.
    first: u32,
}

fn prepared(app: &App, request: &LabelRequest) -> Result<Prepared, CallError> {
    let sheet = Sheet::named(request.sheet.as_deref().unwrap_or("l7160"))?;
    let labels = gathered(app, request)?;
    if labels.is_empty() || labels.len() > LABELS {
        return Err(Finding::new(
            "NO_LABELS",
            format!("{} labels cannot be printed.", labels.len()),
            format!("Name 1 to {LABELS} units or places."),
        )
        .into());
    }
    let symbols =
        labels.iter().map(|label| Symbol::of(&label.code, request.code)).collect::<Result<Vec<_>, Finding>>()?;
    let first = request.first.unwrap_or(1);
    if first == 0 || first > sheet.places() {
        return Err(Finding::new(
            "NO_SUCH_PLACE",
            format!("The sheet has no label {first}."),
            format!("Begin with label 1 to {}.", sheet.places()),
        )
        .into());
    }
    Ok(Prepared { sheet, labels, symbols, first: first - 1 })
}

/// Writes labels into a file.
///
/// # Errors
/// Nothing to print, a code that a symbology cannot hold, or trouble with the file.
pub fn write(app: &App, request: &LabelRequest) -> Result<LabelsWritten, CallError> {
    let Prepared { sheet, labels, symbols, first } = prepared(app, request)?;
    let bytes = match request.form {
        LabelForm::Pdf => pdf::sheets(sheet, &labels, &symbols, first),
        LabelForm::Zpl => zpl::labels(sheet, &labels, request.code).into_bytes(),
    };
    let path = Path::new(&request.path);
    file_of(path, &mut |out| {
        out.write_all(&bytes).map_err(|error| unwritable("The labels", &error))?;
        Ok(())
    })?;
    Ok(LabelsWritten { labels: u32::try_from(labels.len()).unwrap_or(u32::MAX), path: request.path.clone() })
}

/// What the first sheet would look like; nothing is written.
///
/// # Errors
/// Nothing to print, or a code that a symbology cannot hold.
pub fn preview(app: &App, request: &LabelRequest) -> Result<LabelPreview, CallError> {
    let Prepared { sheet, labels, symbols, first } = prepared(app, request)?;
    let shown = labels.iter().zip(&symbols).zip(first..sheet.places()).map(|((label, symbol), nth)| {
        let at = layout::place(sheet, nth);
        let laid = layout::laid(at, label, symbol);
        let bars = laid.bars.iter().fold(String::new(), |mut path, bar| {
            let _ = write!(path, "M{:.3} {:.3}h{:.3}v{:.3}h{:.3}z", bar.x, bar.y, bar.width, bar.height, -bar.width);
            path
        });
        let line = |line: layout::Line| PreviewLine {
            text: line.text,
            x: line.x,
            y: line.y,
            size: line.size,
            bold: line.is_bold,
        };
        PreviewLabel { code: label.code.clone(), bars, lines: laid.lines.into_iter().map(line).collect() }
    });
    let all = u32::try_from(labels.len()).unwrap_or(u32::MAX);
    Ok(LabelPreview {
        width: sheet.page.0,
        height: sheet.page.1,
        places: (0..sheet.places())
            .map(|nth| {
                let layout::Area { x, y, width, height } = layout::place(sheet, nth);
                PreviewPlace { x, y, width, height }
            })
            .collect(),
        labels: shown.collect(),
        total: all,
        sheets: all.saturating_add(first).div_ceil(sheet.places()),
    })
}

/// The labels of what is named, in its order.
fn gathered(app: &App, request: &LabelRequest) -> Result<Vec<Label>, CallError> {
    let mut labels = app.read(|sight| {
        let mut labels = Vec::new();
        for text in request.units.iter().take(LABELS + 1) {
            let unit = resolve::unit(sight, text)?;
            let model = sight.records.get::<DhsModel>(unit.model)?;
            labels.push(of_unit(&unit, model.as_ref(), request.code));
        }
        Ok::<_, CallError>(labels)
    })?;
    for bin in request.places.iter().take(LABELS + 1) {
        labels.push(of_place(bin)?);
    }
    if request.commands {
        labels.extend(
            [("UNDO", "Take the last scan back"), ("DONE", "Leave")]
                .map(|(word, said)| Label { code: format!("{OWN}{word}"), lines: vec![said.to_owned()] }),
        );
    }
    Ok(labels)
}

/// A unit's code is its asset tag where it has one, else its number: both are looked up when they are scanned. One that
/// has only a provisional number is known by its serial number until the server gave it another.
fn of_unit(unit: &DhsUnit, model: Option<&DhsModel>, symbology: Symbology) -> Label {
    let number = unit.number.to_string();
    let code = match (&unit.asset_tag, unit.number.is_provisional(), &unit.serial_number) {
        (tag, _, _) if !tag.is_empty() => tag.clone(),
        (_, true, serial) if !serial.is_empty() => serial.clone(),
        // Lines take little: the bare number is enough for them.
        _ if symbology == Symbology::Code128 => number.clone(),
        _ => format!("{OWN}UNIT:{number}"),
    };
    let mut lines = vec![if unit.asset_tag.is_empty() { number.clone() } else { unit.asset_tag.clone() }];
    lines.extend(model.map(|model| format!("{} {}", model.manufacturer, model.name)));
    if !unit.serial_number.is_empty() {
        lines.push(format!("S/N {}", unit.serial_number));
    }
    if !unit.asset_tag.is_empty() {
        lines.push(number);
    }
    Label { code, lines }
}

fn of_place(bin: &Bin) -> Result<Label, Finding> {
    let parts = [&bin.store, &bin.aisle, &bin.shelf, &bin.bin].map(|part| part.trim());
    if parts.first().is_none_or(|store| store.is_empty()) || parts.iter().any(|part| part.contains('/')) {
        return Err(Finding::new(
            "NO_BIN",
            format!("{:?} is no place of a store.", parts.join("/")),
            "Name the store first, then aisle, shelf and bin, none of them with a slash.",
        ));
    }
    let filled: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let code = format!("{OWN}PLACE:{}", parts.join("/")).trim_end_matches('/').to_owned();
    let mut lines = vec![filled.last().copied().unwrap_or_default().to_owned()];
    if filled.len() > 1 {
        lines.push(filled.join(" > "));
    }
    Ok(Label { code, lines })
}
