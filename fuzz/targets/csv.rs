//! A CSV file to import: any bytes are read to their end, in bounded memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::import::rows;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = rows::Rows::new(bytes);
    let mut read = 0;
    while let Some(_row) = reader.next_row().expect("bytes in memory can be read") {
        read += 1;
        assert!(read <= bytes.len() + 1, "it comes to an end");
    }
});
