#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::in_picture;
use crate::labels::code::{Symbol, Symbology};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use rstest::rstest;
use slipway_domain::dhs::code::read;
use std::io::Cursor;

const DOTS: u32 = 4;

/// Paints a symbol onto a photo of a label, so that its upper left corner, with the light zone, is there.
fn paint(photo: &mut GrayImage, symbol: &Symbol, (left, top): (u32, u32)) {
    let rows = if symbol.height == 1 { 25 } else { symbol.height };
    for y in 0..rows * DOTS {
        for x in 0..symbol.width * DOTS {
            if symbol.is_dark(x / DOTS, if symbol.height == 1 { 0 } else { y / DOTS }) {
                photo.put_pixel(left + symbol.quiet * DOTS + x, top + symbol.quiet * DOTS + y, Luma([20]));
            }
        }
    }
}

fn photo(codes: &[(&str, Symbology)]) -> DynamicImage {
    let mut photo = GrayImage::from_pixel(760, 60 + 260 * u32::try_from(codes.len()).unwrap(), Luma([225]));
    for (nth, (text, symbology)) in (0..).zip(codes) {
        paint(&mut photo, &Symbol::of(text, *symbology).unwrap(), (30, 30 + 260 * nth));
    }
    photo.into()
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[rstest]
#[case::a_label_of_a_maker(&[("FCW2233L0QX", Symbology::Code128)], ImageFormat::Jpeg)]
#[case::our_own(&[("SLIPWAY:UNIT:UNI-000012", Symbology::Qr)], ImageFormat::Png)]
#[case::data_matrix(&[("N9K-C93180|FDO12345", Symbology::DataMatrix)], ImageFormat::WebP)]
#[case::two_on_one_label(&[("WS-C3560G", Symbology::Code128), ("FCW2233L0QB", Symbology::Code128)], ImageFormat::Png)]
fn the_codes_of_a_photo_are_read_from_top_to_bottom(#[case] codes: &[(&str, Symbology)], #[case] format: ImageFormat) {
    let want: Vec<&str> = codes.iter().map(|(text, _)| *text).collect();
    assert_eq!(in_picture(&file(&photo(codes), format)).unwrap(), want);
}

#[test]
fn a_label_turned_on_its_side_is_read_too() {
    let photo = photo(&[("FCW2233L0QX", Symbology::Code128)]).rotate90();
    assert_eq!(in_picture(&file(&photo, ImageFormat::Png)).unwrap(), ["FCW2233L0QX"]);
}

#[test]
fn gs1_keeps_what_separates_its_elements() {
    // U+00F1 is FNC1 to whoever draws the code.
    let symbol = Symbol::gs1_128("\u{f1}010400638133393121SN1\u{f1}240WS-C3560");
    let mut photo = GrayImage::from_pixel(2_000, 200, Luma([225]));
    paint(&mut photo, &symbol, (20, 20));
    let codes = in_picture(&file(&photo.into(), ImageFormat::Png)).unwrap();
    let payload = read(&codes[0]).unwrap();
    assert_eq!((payload.serial.as_deref(), payload.part.as_deref()), (Some("SN1"), Some("WS-C3560")), "{codes:?}");
}

#[rstest]
#[case::a_text(b"serial number".to_vec(), "NO_PICTURE")]
#[case::nothing(Vec::new(), "NO_PICTURE")]
#[case::half_a_picture(file(&photo(&[("X", Symbology::Qr)]), ImageFormat::Png)[..300].to_vec(), "PICTURE_DAMAGED")]
fn what_is_no_picture_is_said(#[case] bytes: Vec<u8>, #[case] want: &str) {
    let crate::error::CallError::Trouble { code, .. } = in_picture(&bytes).unwrap_err() else { panic!("no trouble") };
    assert_eq!(code, want);
}

#[rstest]
#[case::empty(DynamicImage::from(GrayImage::from_pixel(640, 480, Luma([200]))))]
#[case::one_pixel(DynamicImage::from(GrayImage::from_pixel(1, 1, Luma([0]))))]
#[case::a_grille(DynamicImage::from(GrayImage::from_fn(640, 480, |x, y| Luma([if (x / 3 + y / 90) % 2 == 0 { 0 } else { 255 }]))))]
fn a_picture_without_a_code_has_none(#[case] image: DynamicImage) {
    assert_eq!(in_picture(&file(&image, ImageFormat::Png)).unwrap(), Vec::<String>::new());
}
