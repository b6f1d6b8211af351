//! A picture, for its codes and as a photo: refused, or made again of nothing but its pixels.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::photos::pixels;
use slipway_app::reading::in_picture;

fuzz_target!(|bytes: &[u8]| {
    let _ = in_picture(bytes);
    let Ok(clean) = pixels::clean(bytes) else { return };
    pixels::shown(&clean.bytes, 64).map(|shown| assert!(shown.width <= 64 && shown.height <= 64)).expect("it is one");
});
