//! Sheets of labels as PDF, drawn in millimetres; and pages of text in the same way.

use super::code::Symbol;
use super::layout::{self, CHARACTER, Laid};
use super::{Label, Sheet};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

/// Points of a millimetre.
pub const MM: f32 = 72.0 / 25.4;
/// A standard typeface, which every reader has.
pub const BOLD: Name<'static> = Name(b"B");
/// The same for what is not bold.
pub const PLAIN: Name<'static> = Name(b"P");

/// The pages, the first label at this place of the first.
#[must_use]
pub fn sheets(sheet: &Sheet, labels: &[Label], symbols: &[Symbol], first: u32) -> Vec<u8> {
    let mut pages: Vec<Content> = Vec::new();
    let places = sheet.places().max(1);
    let mut place = first;
    for (label, symbol) in labels.iter().zip(symbols) {
        if pages.is_empty() || place == places {
            place = if pages.is_empty() { first } else { 0 };
            pages.push(Content::new());
        }
        if let Some(page) = pages.last_mut() {
            draw(page, sheet, &layout::laid(layout::place(sheet, place), label, symbol));
        }
        place += 1;
    }
    document(sheet.page, pages)
}

/// A document of pages of one size, in millimetres.
#[must_use]
pub fn document(page_mm: (f32, f32), pages: Vec<Content>) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, tree, bold, plain) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let ids: Vec<(Ref, Ref)> = (0..i32::try_from(pages.len()).unwrap_or(i32::MAX))
        .map(|n| (Ref::new(5 + 2 * n), Ref::new(6 + 2 * n)))
        .collect();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids(ids.iter().map(|(page, _)| *page)).count(i32::try_from(ids.len()).unwrap_or(i32::MAX));
    for (id, face) in [(bold, &b"Helvetica-Bold"[..]), (plain, b"Helvetica")] {
        pdf.type1_font(id).base_font(Name(face)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for ((page_id, content_id), content) in ids.iter().zip(pages) {
        let mut page = pdf.page(*page_id);
        page.media_box(Rect::new(0.0, 0.0, page_mm.0 * MM, page_mm.1 * MM));
        page.parent(tree).contents(*content_id);
        page.resources().fonts().pair(BOLD, bold).pair(PLAIN, plain);
        page.finish();
        pdf.stream(*content_id, &content.finish());
    }
    pdf.finish()
}

fn draw(page: &mut Content, sheet: &Sheet, laid: &Laid) {
    let above = |mm: f32| (sheet.page.1 - mm) * MM;
    for bar in &laid.bars {
        page.rect(bar.x * MM, above(bar.y + bar.height), bar.width * MM, bar.height * MM);
    }
    page.fill_nonzero();
    for line in &laid.lines {
        let face = if line.is_bold { BOLD } else { PLAIN };
        write(page, face, line.size * MM, (line.x * MM, above(line.y)), &line.text);
    }
}

/// Text at a place, in points; letters that the standard typefaces have not become question marks.
pub fn write(page: &mut Content, face: Name<'_>, size: f32, (x, y): (f32, f32), line: &str) {
    let bytes: Vec<u8> = line
        .chars()
        .map(|c| {
            let mut buffer = [0; 4];
            let (encoded, _, lost) = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
            encoded.first().copied().filter(|_| !lost).unwrap_or(b'?')
        })
        .collect();
    page.begin_text().set_font(face, size).next_line(x, y).show(Str(&bytes)).end_text();
}

/// A list on A4: a title, lines above the table, and rows in columns of these widths in millimetres, with a head on every
/// page; below the last row a line for the signature of each who signs.
#[must_use]
pub fn table(title: &str, above: &[String], columns: &[(&str, f32)], rows: &[Vec<String>], signed: &[&str]) -> Vec<u8> {
    const SIGNATURE: f32 = 16.0;
    const PAGE: (f32, f32) = (210.0, 297.0);
    const LEFT: f32 = 15.0;
    const ROW: f32 = 6.0;
    let at = |mm: f32| (PAGE.1 - mm) * MM;
    let mut pages = Vec::new();
    let mut rest = rows.iter().peekable();
    loop {
        let mut page = Content::new();
        let mut y = 18.0;
        if pages.is_empty() {
            write(&mut page, BOLD, 15.0, (LEFT * MM, at(y)), title);
            for line in above {
                y += ROW;
                write(&mut page, PLAIN, 9.0, (LEFT * MM, at(y)), line);
            }
            y += 2.0 * ROW;
        }
        let mut x = LEFT;
        for (name, width) in columns {
            write(&mut page, BOLD, 9.0, (x * MM, at(y)), name);
            x += width;
        }
        while y < PAGE.1 - 20.0 {
            let Some(row) = rest.next() else { break };
            y += ROW;
            let mut x = LEFT;
            for (cell, (_, width)) in row.iter().zip(columns) {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some tens of characters")]
                let most = (width / (9.0 / MM * CHARACTER)) as usize;
                let cell: String = cell.chars().take(most.max(1)).collect();
                write(&mut page, PLAIN, 9.0, (x * MM, at(y)), &cell);
                x += width;
            }
            page.rect(LEFT * MM, at(y + 1.8), (PAGE.0 - 2.0 * LEFT) * MM, 0.25).fill_nonzero();
        }
        #[allow(clippy::cast_precision_loss, reason = "one or two")]
        let needed = SIGNATURE * signed.len() as f32;
        let is_last = rest.peek().is_none() && (signed.is_empty() || y + needed < PAGE.1 - 15.0);
        for who in signed.iter().filter(|_| is_last) {
            y += SIGNATURE;
            page.rect(LEFT * MM, at(y), 100.0 * MM, 0.4).fill_nonzero();
            write(&mut page, PLAIN, 8.0, (LEFT * MM, at(y + 4.0)), &format!("{who}: name, date, signature"));
        }
        let number = format!("{}", pages.len() + 1);
        write(&mut page, PLAIN, 8.0, ((PAGE.0 - LEFT) * MM, at(PAGE.1 - 10.0)), &number);
        pages.push(page);
        if is_last {
            return document(PAGE, pages);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SHEETS;
    use super::super::code::Symbology;
    use super::*;

    #[test]
    fn labels_fill_sheets_from_the_place_that_is_free() {
        let sheet = SHEETS.iter().find(|s| s.name == "l7160").unwrap();
        let labels: Vec<Label> = (0..21)
            .map(|n| Label {
                code: format!("T-{n}"), lines: vec![format!("T-{n}"), "Halden Ødegård R740".to_owned()]
            })
            .collect();
        let symbols: Vec<Symbol> = labels.iter().map(|l| Symbol::of(&l.code, Symbology::DataMatrix).unwrap()).collect();
        let whole = String::from_utf8_lossy(&sheets(sheet, &labels, &symbols, 0)).into_owned();
        assert!(whole.starts_with("%PDF-") && whole.contains("/Count 1"));
        let begun = String::from_utf8_lossy(&sheets(sheet, &labels, &symbols, 1)).into_owned();
        assert!(begun.contains("/Count 2"), "one place is used already");
        assert!(whole.contains("(T-20)"), "text is text, which can be searched");
    }

    #[test]
    fn a_long_table_goes_over_pages() {
        let rows: Vec<Vec<String>> = (0..100).map(|n| vec![n.to_string(), "Halden".to_owned()]).collect();
        let pdf = table("Pick list", &["REL-000001".to_owned()], &[("n", 20.0), ("what", 100.0)], &rows, &[]);
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains("/Count 3") && text.contains("(99)"));
    }
}
