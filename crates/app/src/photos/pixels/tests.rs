#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{EDGE, clean, shown};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use rstest::rstest;
use slipway_domain::attachment::MediaType;
use std::io::Cursor;

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) }).into()
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG with an EXIF block: this orientation, a place on earth, and the name of its owner.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    let mut entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        tiff.extend(tag.to_be_bytes());
        tiff.extend(kind.to_be_bytes());
        tiff.extend(count.to_be_bytes());
        tiff.extend(value);
    };
    entry(0x0112, 3, 1, [0, orientation, 0, 0]);
    entry(0x013b, 2, 4, *b"Ann\0");
    // Offset of the place: right after this directory.
    entry(0x8825, 4, 1, [0, 0, 0, 50]);
    tiff.extend([0; 4]);
    tiff.extend(b"\0\x01\0\x01\0\x02\0\0\0\x02N\0\0\0\0\0\0\0");
    let mut exif = b"Exif\0\0".to_vec();
    exif.extend(tiff);
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1];
    bytes.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

fn is_red(image: &DynamicImage, x: u32, y: u32) -> bool {
    let [r, _, b] = image.to_rgb8().get_pixel(x, y).0;
    r > 150 && b < 100
}

#[rstest]
#[case::upright(1, (64, 32), (4, 16), (60, 16))]
#[case::upside_down(3, (64, 32), (60, 16), (4, 16))]
#[case::turned_right(6, (32, 64), (16, 4), (16, 60))]
#[case::turned_left(8, (32, 64), (16, 60), (16, 4))]
fn a_photo_is_turned_upright_and_tells_no_place(
    #[case] orientation: u8,
    #[case] size: (u32, u32),
    #[case] red: (u32, u32),
    #[case] blue: (u32, u32),
) {
    let source = with_exif(&file(&halves(64, 32), ImageFormat::Jpeg), orientation);
    assert!(source.windows(4).any(|w| w == b"Exif") && source.windows(3).any(|w| w == b"Ann"));
    let kept = clean(&source).unwrap();
    assert_eq!(kept.media_type, MediaType::Jpeg);
    for word in [&b"Exif"[..], b"Ann"] {
        assert!(!kept.bytes.windows(word.len()).any(|w| w == word), "nothing but pixels is kept");
    }
    let image = image::load_from_memory(&kept.bytes).unwrap();
    assert_eq!((image.width(), image.height()), size);
    assert!(is_red(&image, red.0, red.1) && !is_red(&image, blue.0, blue.1));
    let small = shown(&source, 16).unwrap();
    assert_eq!(small.width.max(small.height), 16);
    assert_eq!(small.width < small.height, size.0 < size.1, "what is shown stands upright too");
}

#[test]
fn each_kind_stays_what_it_is_where_that_matters() {
    let see_through: DynamicImage = RgbaImage::from_pixel(8, 8, Rgba([9, 9, 9, 100])).into();
    for (image, format, want) in [
        (&halves(8, 8), ImageFormat::Png, MediaType::Png),
        (&see_through, ImageFormat::Png, MediaType::Png),
        (&see_through, ImageFormat::WebP, MediaType::Webp),
        (&halves(8, 8), ImageFormat::WebP, MediaType::Jpeg),
        (&halves(8, 8), ImageFormat::Jpeg, MediaType::Jpeg),
    ] {
        let kept = clean(&file(image, format)).unwrap();
        assert_eq!(kept.media_type, want);
        assert_eq!(MediaType::of(&kept.bytes), Some(want), "and its bytes are what it says");
    }
}

#[test]
fn a_long_edge_is_scaled_down() {
    let kept = clean(&file(&halves(EDGE + 1_000, 20), ImageFormat::Png)).unwrap();
    let image = image::load_from_memory(&kept.bytes).unwrap();
    assert_eq!((image.width(), image.height()), (EDGE, 16));
}

/// A PNG that claims so many pixels and has none of them.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let crc = |data: &[u8]| {
        !data.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    };
    for (data, length) in [(header, 13_u32), (b"IDAT".to_vec(), 0)] {
        bytes.extend(length.to_be_bytes());
        bytes.extend(&data);
        bytes.extend(crc(&data).to_be_bytes());
    }
    bytes
}

#[rstest]
#[case::bomb(claims(60_000, 60_000), "PICTURE_TOO_LARGE")]
#[case::wide_bomb(claims(0x7fff_ffff, 1), "PICTURE_TOO_LARGE")]
#[case::empty_promise(claims(10, 10), "PICTURE_DAMAGED")]
#[case::cut_off(file(&halves(64, 64), ImageFormat::Png)[..60].to_vec(), "PICTURE_DAMAGED")]
#[case::another_file_by_that_name(b"%PDF-1.7 photo.jpg".to_vec(), "NO_PICTURE")]
#[case::script(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "NO_PICTURE")]
#[case::nothing(Vec::new(), "NO_PICTURE")]
fn what_cannot_be_shown_is_not_taken_in(#[case] bytes: Vec<u8>, #[case] code: &str) {
    let error = clean(&bytes).err().unwrap();
    assert!(error.has(code), "{error}");
}
