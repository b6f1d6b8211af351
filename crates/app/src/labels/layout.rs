//! Where code and text of a label lie on its sheet, in millimetres from the upper left corner: the same on paper and in the
//! preview.

use super::code::Symbol;
use super::{Label, Sheet};

/// What is left free at the edge of a label.
const PADDING: f32 = 2.0;
/// Wider modules are no easier to read.
const MODULE_MOST: f32 = 0.8;
/// Width of an average character to its size.
pub const CHARACTER: f32 = 0.56;

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Across.
    pub width: f32,
    /// Down.
    pub height: f32,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it says; cut where there is no room for more.
    pub text: String,
    /// Left edge.
    pub x: f32,
    /// Its base line.
    pub y: f32,
    /// Size of the letters.
    pub size: f32,
    /// The first one.
    pub is_bold: bool,
}

/// A label on its sheet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Laid {
    /// Dark parts of its code.
    pub bars: Vec<Area>,
    /// What a person reads.
    pub lines: Vec<Line>,
}

/// The label at a place of the sheet, counted from 0 along the rows.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a sheet has some tens of labels")]
pub fn place(sheet: &Sheet, nth: u32) -> Area {
    let (column, row) = (nth % sheet.grid.0.max(1), nth / sheet.grid.0.max(1));
    let (x, y) = (sheet.margin.0 + column as f32 * sheet.pitch.0, sheet.margin.1 + row as f32 * sheet.pitch.1);
    Area { x, y, width: sheet.label.0, height: sheet.label.1 }
}

/// A label at a place.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a code has some hundred modules")]
pub fn laid(at: Area, label: &Label, symbol: &Symbol) -> Laid {
    let (width, height) = (at.width - 2.0 * PADDING, at.height - 2.0 * PADDING);
    let (left, top) = (at.x + PADDING, at.y + PADDING);
    let (across, down, quiet) = (symbol.width as f32, symbol.height as f32, symbol.quiet as f32);
    if symbol.height == 1 {
        // Lines above, text below.
        let module = (width / (across + 2.0 * quiet)).min(MODULE_MOST);
        let tall = height * 0.5;
        let bar = |(from, length): (u32, u32)| Area {
            x: left + (quiet + from as f32) * module,
            y: top,
            width: length as f32 * module,
            height: tall,
        };
        let room = Area { x: left, y: top + tall + 1.0, width, height: height - tall - 1.0 };
        return Laid { bars: symbol.runs(0).into_iter().map(bar).collect(), lines: text(&label.lines, room) };
    }
    let module = (height / (down + 2.0 * quiet)).min(width * 0.5 / (across + 2.0 * quiet)).min(MODULE_MOST);
    let mut bars = Vec::new();
    for row in 0..symbol.height {
        bars.extend(symbol.runs(row).into_iter().map(|(from, length)| Area {
            x: left + (quiet + from as f32) * module,
            y: top + (quiet + row as f32) * module,
            width: length as f32 * module,
            height: module,
        }));
    }
    let side = (across + 2.0 * quiet) * module;
    let room = Area { x: left + side + 1.0, y: top, width: width - side - 1.0, height };
    Laid { bars, lines: text(&label.lines, room) }
}

/// Lines of text in a box, the first one larger; each is made as small as it needs to be, and cut where that is not enough.
fn text(lines: &[String], room: Area) -> Vec<Line> {
    #[allow(clippy::cast_precision_loss, reason = "a label has some lines")]
    let most = (room.height / (lines.len() as f32 + 0.6)).min(5.0);
    let mut y = room.y;
    let mut laid = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let wanted = if n == 0 { most * 1.3 } else { most };
        #[allow(clippy::cast_precision_loss, reason = "a line has some tens of characters")]
        let fits = room.width / (line.chars().count().max(1) as f32 * CHARACTER);
        let size = wanted.min(fits).max(1.6);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some tens of characters")]
        let shown = (room.width / (size * CHARACTER)) as usize;
        y += size;
        laid.push(Line { text: line.chars().take(shown.max(1)).collect(), x: room.x, y, size, is_bold: n == 0 });
        y += size * 0.15;
    }
    laid
}
