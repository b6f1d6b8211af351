//! A paper as PDF on A4: headings, and tables whose cells are wrapped, never cut.

use crate::labels::layout::CHARACTER;
use crate::labels::pdf::{BOLD, MM, PLAIN, document, write};
use crate::view::papers::PaperPart;
use pdf_writer::{Content, Name};

const PAGE: (f32, f32) = (210.0, 297.0);
const LEFT: f32 = 15.0;
const WIDTH: f32 = 180.0;
const TOP: f32 = 18.0;
const BOTTOM: f32 = 277.0;
/// Points.
const SIZE: f32 = 8.5;
/// Millimetres from line to line.
const LINE: f32 = 4.2;
/// Between columns.
const GAP: f32 = 3.0;

/// The pages while they are filled.
struct Sheets {
    full: Vec<Content>,
    page: Content,
    y: f32,
}

impl Sheets {
    fn new() -> Self {
        Self { full: Vec::new(), page: numbered(1), y: TOP }
    }

    fn turn(&mut self) {
        let next = numbered(self.full.len() + 2);
        self.full.push(std::mem::replace(&mut self.page, next));
        self.y = TOP;
    }

    /// Goes on where so much fits, on the next page if it must.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.turn();
        }
    }

    fn text(&mut self, face: Name<'_>, size: f32, x: f32, text: &str) {
        write(&mut self.page, face, size, (x * MM, at(self.y)), text);
    }
}

/// A page with nothing on it but its number.
fn numbered(number: usize) -> Content {
    let mut page = Content::new();
    write(&mut page, PLAIN, 8.0, ((PAGE.0 - LEFT) * MM, at(PAGE.1 - 10.0)), &number.to_string());
    page
}

fn at(mm: f32) -> f32 {
    (PAGE.1 - mm) * MM
}

/// The whole paper.
#[must_use]
pub fn of(title: &str, above: &[String], parts: &[PaperPart]) -> Vec<u8> {
    let mut sheets = Sheets::new();
    sheets.text(BOLD, 15.0, LEFT, title);
    sheets.y += 2.0 * LINE;
    for said in above {
        for line in wrapped(said, WIDTH) {
            sheets.room(LINE);
            sheets.text(PLAIN, SIZE, LEFT, &line);
            sheets.y += LINE;
        }
    }
    for part in parts {
        // A heading is not left alone at the foot of a page.
        sheets.room(5.0 * LINE);
        sheets.y += 1.5 * LINE;
        sheets.text(BOLD, 11.0, LEFT, &part.title);
        sheets.y += 1.5 * LINE;
        if part.rows.is_empty() {
            sheets.text(PLAIN, SIZE, LEFT, &part.none);
            sheets.y += LINE;
            continue;
        }
        let widths = widths(part);
        row(&mut sheets, BOLD, &part.head, &widths);
        for cells in &part.rows {
            let page = sheets.full.len();
            sheets.room(height(cells, &widths));
            if sheets.full.len() > page {
                row(&mut sheets, BOLD, &part.head, &widths);
            }
            row(&mut sheets, PLAIN, cells, &widths);
        }
    }
    sheets.full.push(sheets.page);
    document(PAGE, sheets.full)
}

fn row(sheets: &mut Sheets, face: Name<'_>, cells: &[String], widths: &[f32]) {
    let lines: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, width)| wrapped(cell, width - GAP)).collect();
    let most = lines.iter().map(Vec::len).max().unwrap_or(0);
    for n in 0..most {
        sheets.room(LINE);
        let mut x = LEFT;
        for (cell, width) in lines.iter().zip(widths) {
            if let Some(line) = cell.get(n) {
                sheets.text(face, SIZE, x, line);
            }
            x += width;
        }
        sheets.y += LINE;
    }
    let y = sheets.y - LINE + 1.2;
    sheets.page.rect(LEFT * MM, at(y), WIDTH * MM, 0.25).fill_nonzero();
    sheets.y += 0.8;
}

/// What a row takes, but no more than would leave a new page with its head alone: a longer one is broken.
fn height(cells: &[String], widths: &[f32]) -> f32 {
    let lines = cells.iter().zip(widths).map(|(cell, width)| wrapped(cell, width - GAP).len()).max().unwrap_or(0);
    #[allow(clippy::cast_precision_loss, reason = "some lines")]
    let height = lines as f32 * LINE;
    height.min(10.0 * LINE)
}

/// Characters of a width in millimetres.
fn characters(width: f32) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some tens of characters")]
    let fits = (width / (SIZE / MM * CHARACTER)).max(1.0) as usize;
    fits
}

/// Each column by what stands in it, none below a tenth of the page.
fn widths(part: &PaperPart) -> Vec<f32> {
    const LEAST: f32 = 18.0;
    #[allow(clippy::cast_precision_loss, reason = "at most some hundred characters")]
    let wanted: Vec<f32> = (0..part.head.len())
        .map(|n| {
            let cells = part.rows.iter().chain([&part.head]).filter_map(|row| row.get(n));
            let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(1).clamp(6, 48);
            longest as f32
        })
        .collect();
    let sum: f32 = wanted.iter().sum();
    #[allow(clippy::cast_precision_loss, reason = "some columns")]
    let spare = WIDTH - LEAST * wanted.len() as f32;
    wanted.iter().map(|width| LEAST + spare * width / sum).collect()
}

/// Lines that fit, broken between words, and within one where it is too long.
fn wrapped(text: &str, width: f32) -> Vec<String> {
    let most = characters(width);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        let has = line.chars().count();
        if has > 0 && has + 1 + rest.len() <= most {
            line.push(' ');
            line.extend(rest);
            continue;
        }
        if has > 0 {
            lines.push(std::mem::take(&mut line));
        }
        while rest.len() > most {
            let next = rest.split_off(most);
            lines.push(rest.into_iter().collect());
            rest = next;
        }
        line = rest.into_iter().collect();
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_off() {
        let hash = "ab".repeat(32);
        let lines = wrapped(&format!("payroll.tar {hash} whole"), 40.0);
        assert!(lines.iter().all(|line| line.chars().count() <= characters(40.0)));
        assert_eq!(lines.concat().replace(' ', ""), format!("payroll.tar{hash}whole"));
        assert_eq!(wrapped("", 40.0), [""]);
    }

    #[test]
    fn a_long_part_goes_over_pages() {
        let part = PaperPart {
            title: "Files".to_owned(),
            head: vec!["File".to_owned(), "SHA-256".to_owned()],
            rows: (0..200).map(|n| vec![format!("file-{n}"), "ab".repeat(32)]).collect(),
            none: String::new(),
        };
        let pdf = of("Bill of materials", &["Payroll".to_owned()], &[part]);
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-") && text.contains("(file-199)"));
        let heads = text.matches("(SHA-256)").count();
        assert_eq!(heads, text.matches("/Type /Page\n").count(), "each page says what its columns are");
        assert!(text.contains("/Count 4") || text.contains("/Count 5") || text.contains("/Count 6"), "some pages");
    }
}
