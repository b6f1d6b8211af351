//! A backup of a server: nothing is written outside the folder that it is restored to, and nothing is left when it is
//! refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use slipway_domain::time::Timestamp;
use slipway_fuzz::Place;
use slipway_server::backup::restore;
use slipway_server::core::Clock;
use std::fs;
use std::sync::Arc;

/// Files as their archive names them.
type Files<'a> = Vec<(&'a str, &'a [u8])>;

fuzz_target!(|input: (Option<Files<'_>>, &[u8])| {
    let (files, bytes) = input;
    let place = Place::new();
    let archive = match files {
        Some(files) => zstd::bulk::compress(&archive(&files, bytes), 1).expect("bytes can be packed"),
        None => bytes.to_vec(),
    };
    let clock: Clock = Arc::new(|| Timestamp(1));
    fs::write(place.at("backup"), archive).expect("memory has room");
    if restore(&place.at("backup"), &place.at("data"), Some("passphrase"), &clock).is_err() {
        assert_eq!(place.files(), ["backup"], "nothing is left");
    }
});

/// A manifest that is right, and the files that it names; `tail` stands behind them.
fn archive(files: &Files<'_>, tail: &[u8]) -> Vec<u8> {
    let members: Vec<serde_json::Value> = files
        .iter()
        .map(|(name, bytes)| {
            let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            serde_json::json!({"name": name, "size_bytes": bytes.len(), "sha256": sha256})
        })
        .collect();
    let nobody = uuid::Uuid::nil();
    let manifest = serde_json::json!({
        "form": 1, "program": "0", "made_at": 1, "workspace": nobody, "name": "", "epoch": nobody, "head": 1,
        "log_size": 1, "log_root": "", "files": members
    });
    let mut tar = Vec::new();
    add(&mut tar, "manifest.json", manifest.to_string().as_bytes());
    for (name, bytes) in files {
        add(&mut tar, name, bytes);
    }
    tar.extend_from_slice(tail);
    tar
}

/// A member under any name, also one that no honest program writes.
fn add(tar: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    let mut header = [0_u8; 512];
    let name = &name.as_bytes()[..name.len().min(100)];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000600\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend_from_slice(&header);
    tar.extend_from_slice(bytes);
    tar.resize(tar.len().next_multiple_of(512), 0);
}
