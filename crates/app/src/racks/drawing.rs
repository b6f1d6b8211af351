//! A rack on a sheet of A4, front beside rear.

use crate::labels::layout::CHARACTER;
use crate::labels::pdf::{BOLD, MM, PLAIN, document, write};
use crate::view::racks::{RackItem, RackView};
use pdf_writer::Content;
use slipway_domain::cmdb::ci::Face;

/// Lengths in millimetres.
const PAGE: (f32, f32) = (210.0, 297.0);
const LEFT: f32 = 15.0;
const TOP: f32 = 34.0;
const BOTTOM: f32 = 20.0;
/// A unit is drawn no taller, so that half a rack still looks like one.
const UNIT_MOST: f32 = 6.0;
const WIDTH: f32 = 78.0;
/// From one face to the other, with its ruler.
const STEP: f32 = 96.0;
const RULER: f32 = 9.0;

/// The drawing as PDF.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a rack has some tens of units")]
pub fn pdf(rack: &RackView) -> Vec<u8> {
    let mut page = Content::new();
    let above = |mm: f32| (PAGE.1 - mm) * MM;
    write(&mut page, BOLD, 15.0, (LEFT * MM, above(18.0)), &rack.place);
    let sums = format!("{} units, {} free", rack.units, rack.free);
    write(&mut page, PLAIN, 9.0, (LEFT * MM, above(24.0)), &sums);
    let unit = ((PAGE.1 - TOP - BOTTOM) / rack.units.max(1) as f32).min(UNIT_MOST);
    let height = unit * rack.units as f32;
    for (nth, (title, face)) in [("Front", Face::Front), ("Rear", Face::Rear)].into_iter().enumerate() {
        let left = LEFT + RULER + nth as f32 * STEP;
        write(&mut page, BOLD, 9.0, (left * MM, above(TOP - 2.0)), title);
        page.set_line_width(0.3).set_stroke_gray(0.6);
        for line in 0..=rack.units {
            let y = above(TOP + unit * line as f32);
            page.move_to(left * MM, y).line_to((left + WIDTH) * MM, y);
        }
        page.stroke();
        page.set_line_width(0.9).set_stroke_gray(0.0);
        page.rect(left * MM, above(TOP + height), WIDTH * MM, height * MM).stroke();
        let size = (unit * 0.7).min(3.0);
        for line in 0..rack.units {
            let y = above(TOP + unit * (line as f32 + 0.75));
            write(&mut page, PLAIN, size * MM, ((left - 7.0) * MM, y), &(rack.units - line).to_string());
        }
        for item in rack.items.iter().filter(|item| item.face == Face::FullDepth || item.face == face) {
            draw(&mut page, rack.units, item, (left, unit));
        }
    }
    let loose: Vec<&str> =
        rack.items.iter().filter(|item| item.low.is_none()).map(|item| item.ci.label.as_str()).collect();
    if !loose.is_empty() {
        let line = format!("At no unit: {}", loose.join(", "));
        write(&mut page, PLAIN, 8.0, (LEFT * MM, above(PAGE.1 - 8.0)), &line.chars().take(110).collect::<String>());
    }
    document(PAGE, vec![page])
}

#[allow(clippy::cast_precision_loss, reason = "a rack has some tens of units")]
fn draw(page: &mut Content, units: u32, item: &RackItem, (left, unit): (f32, f32)) {
    let (Some(low), Some(high)) = (item.low, item.high) else { return };
    let top = TOP + unit * units.saturating_sub(high) as f32;
    let tall = unit * (high.saturating_sub(low) + 1) as f32;
    let above = |mm: f32| (PAGE.1 - mm) * MM;
    page.set_fill_gray(0.9).set_stroke_gray(0.2).set_line_width(0.5);
    page.rect((left + 0.6) * MM, above(top + tall - 0.3), (WIDTH - 1.2) * MM, (tall - 0.6) * MM)
        .fill_nonzero_and_stroke();
    page.set_fill_gray(0.0);
    let size = (unit * 0.7).min(3.2);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some tens of characters")]
    let most = ((WIDTH - 4.0) / (size * CHARACTER)) as usize;
    let label: String = item.ci.label.chars().take(most.max(1)).collect();
    write(page, PLAIN, size * MM, ((left + 2.0) * MM, above(top + tall / 2.0 + size * 0.35)), &label);
}
