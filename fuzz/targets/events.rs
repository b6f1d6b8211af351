//! The event stream, cut into pieces anywhere.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_sync::events::Reader;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = Reader::default().take(bytes);
    let mut reader = Reader::default();
    let mut heads = Vec::new();
    for piece in bytes.chunks(usize::from(size).max(1)) {
        match reader.take(piece) {
            Ok(more) => heads.extend(more),
            Err(_) => {
                assert!(whole.is_err(), "pieces are refused where the whole is");
                return;
            }
        }
    }
    assert_eq!(whole.ok(), Some(heads), "how it is cut makes no difference");
});
