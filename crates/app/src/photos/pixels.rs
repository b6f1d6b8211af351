//! Pictures as pixels: what comes in is decoded, turned upright and written anew, so that nothing of a file but what is
//! to be seen is kept: no place, no camera, no owner, no thumbnail of what was cut away.
//!
//! Whatever a file claims, no more than [`PIXELS`] are unpacked.

use crate::error::CallError;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits};
use slipway_domain::attachment::{MediaType, PHOTO_BYTES};
use std::io::Cursor;

/// Most bytes of a file that is looked at.
pub const SOURCE_BYTES: u64 = 64 * 1024 * 1024;
/// Most pixels of a picture that is unpacked: more than any camera takes.
const PIXELS: u64 = 120_000_000;
/// Most memory that unpacking may take.
const MEMORY_BYTES: u64 = 640 * 1024 * 1024;
/// Longest edge that is kept; longer ones are scaled down to it.
const EDGE: u32 = 4_096;
/// How well a JPEG is kept, of 100.
const QUALITY: u8 = 88;
/// How well one that is only shown is made.
const SHOWN_QUALITY: u8 = 80;

/// A picture ready to be kept.
pub struct Clean {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub media_type: MediaType,
}

/// A picture ready to be shown: a JPEG.
pub struct Shown {
    /// The file.
    pub jpeg: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Takes a picture in: upright, without anything but its pixels and their colours, within the limits of a photo.
///
/// # Errors
/// `NO_PICTURE` for what is no JPEG, PNG or WebP; `PICTURE_TOO_LARGE`; `PICTURE_DAMAGED`.
pub fn clean(bytes: &[u8]) -> Result<Clean, CallError> {
    let Opened { mut image, media_type, colours } = open(bytes)?;
    image = match image.width().max(image.height()) {
        ..=EDGE => image,
        // Means over many pixels are as sharp as any filter, in a tenth of the time: the largest took 20 seconds.
        longest if longest >= 2 * EDGE => image.thumbnail(EDGE, EDGE),
        _ => image.resize(EDGE, EDGE, FilterType::Triangle),
    };
    let see_through = image.color().has_alpha();
    let kept = match media_type {
        MediaType::Png => written(&image, MediaType::Png, colours.clone())?,
        MediaType::Webp if see_through => written(&image, MediaType::Webp, colours.clone())?,
        MediaType::Webp | MediaType::Jpeg => written(&image, MediaType::Jpeg, colours.clone())?,
    };
    if kept.bytes.len() as u64 <= PHOTO_BYTES {
        return Ok(kept);
    }
    // A photograph saved as PNG: as good as a JPEG, at a tenth.
    let smaller = written(&image, MediaType::Jpeg, colours)?;
    if smaller.bytes.len() as u64 <= PHOTO_BYTES { Ok(smaller) } else { Err(too_large()) }
}

/// A picture within a square of so many pixels.
///
/// # Errors
/// As [`clean`].
pub fn shown(bytes: &[u8], edge: u32) -> Result<Shown, CallError> {
    let Opened { image, colours, .. } = open(bytes)?;
    let image = if image.width().max(image.height()) > edge { image.thumbnail(edge, edge) } else { image };
    let jpeg = jpeg(&image, SHOWN_QUALITY, colours)?;
    Ok(Shown { jpeg, width: image.width(), height: image.height() })
}

/// A picture as shades of grey, a byte a pixel, row by row.
pub struct Grey {
    /// The shades; 0 is black.
    pub luma: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// A picture in shades of grey within each of these squares, in their order; one that is smaller than a square stays.
///
/// # Errors
/// As [`clean`].
pub fn greys(bytes: &[u8], edges: &[u32]) -> Result<Vec<Grey>, CallError> {
    let Opened { image, .. } = open(bytes)?;
    let longest = image.width().max(image.height());
    let mut greys: Vec<Grey> = Vec::new();
    for edge in edges {
        let image = if longest > *edge { image.thumbnail(*edge, *edge) } else { image.clone() };
        let (width, height) = (image.width(), image.height());
        if greys.last().is_some_and(|before| (before.width, before.height) == (width, height)) {
            continue;
        }
        greys.push(Grey { luma: image.into_luma8().into_raw(), width, height });
    }
    Ok(greys)
}

struct Opened {
    image: DynamicImage,
    media_type: MediaType,
    colours: Option<Vec<u8>>,
}

fn open(bytes: &[u8]) -> Result<Opened, CallError> {
    let media_type = MediaType::of(bytes).ok_or_else(|| {
        CallError::trouble(
            "NO_PICTURE",
            "The file is no JPEG, PNG or WebP, whatever its name says.",
            "Choose a picture; convert others, such as HEIC, first.",
        )
    })?;
    let format = match media_type {
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Png => ImageFormat::Png,
        MediaType::Webp => ImageFormat::WebP,
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| damaged(&e))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS || decoder.total_bytes() > MEMORY_BYTES {
        return Err(too_large());
    }
    let upright = decoder.orientation().map_err(|e| damaged(&e))?;
    let colours = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| damaged(&e))?;
    image.apply_orientation(upright);
    Ok(Opened { image, media_type, colours })
}

fn written(image: &DynamicImage, media_type: MediaType, colours: Option<Vec<u8>>) -> Result<Clean, CallError> {
    let mut bytes = Vec::new();
    // Eight bits a colour are what is to be seen.
    let flat = if image.color().has_alpha() {
        DynamicImage::from(image.to_rgba8())
    } else {
        DynamicImage::from(image.to_rgb8())
    };
    match media_type {
        MediaType::Jpeg => bytes = jpeg(image, QUALITY, colours)?,
        MediaType::Png => {
            let mut encoder = PngEncoder::new(&mut bytes);
            keep_colours(&mut encoder, colours);
            flat.write_with_encoder(encoder).map_err(|e| damaged(&e))?;
        }
        MediaType::Webp => {
            let mut encoder = WebPEncoder::new_lossless(&mut bytes);
            keep_colours(&mut encoder, colours);
            flat.write_with_encoder(encoder).map_err(|e| damaged(&e))?;
        }
    }
    Ok(Clean { bytes, media_type })
}

fn jpeg(image: &DynamicImage, quality: u8, colours: Option<Vec<u8>>) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    keep_colours(&mut encoder, colours);
    DynamicImage::from(image.to_rgb8()).write_with_encoder(encoder).map_err(|e| damaged(&e))?;
    Ok(bytes)
}

/// Colours beyond what every screen shows need their profile; where it cannot be kept they are a little off.
fn keep_colours(encoder: &mut impl ImageEncoder, colours: Option<Vec<u8>>) {
    if let Some(colours) = colours {
        let _ = encoder.set_icc_profile(colours);
    }
}

fn too_large() -> CallError {
    CallError::trouble(
        "PICTURE_TOO_LARGE",
        format!("The picture is too large: at most {} million pixels are unpacked.", PIXELS / 1_000_000),
        "Reduce it, then add it again.",
    )
}

fn damaged(error: &image::ImageError) -> CallError {
    if matches!(error, image::ImageError::Limits(_)) {
        return too_large();
    }
    CallError::trouble(
        "PICTURE_DAMAGED",
        format!("The picture cannot be unpacked: {error}."),
        "Open and save it in another program, then add it again.",
    )
}

#[cfg(test)]
mod tests;
