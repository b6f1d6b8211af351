//! PouchDB, replicating the same documents from its own server.

use crate::line;
use crate::sides::Laptop;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Prints our figures beside those of PouchDB.
pub fn compare(laptop: &Laptop, first: Duration, incremental: Duration, nothing: Duration, changed: u32) {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/pouchdb");
    if !harness.join("node_modules").is_dir() {
        println!("PouchDB is not installed in benches/pouchdb: nothing to compare with");
        return;
    }
    let docs = laptop.folder().join("docs.jsonl");
    laptop.export(&docs);
    let ran = Command::new("node")
        .arg(harness.join("run.mjs"))
        .arg(&docs)
        .arg(changed.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let seconds = |what: &str| Duration::from_secs_f64(told[what]["seconds"].as_f64().unwrap());
    let name = |what: &str| {
        format!("PouchDB {}: {} documents", told["version"].as_str().unwrap_or("9"), told[what]["written"])
    };
    line("first sync of the same", first, &name("first"), seconds("first"), "at most 0.2");
    line(&format!("pull of {changed} changes"), incremental, &name("incremental"), seconds("incremental"), "at most 1");
    line("sync with nothing to do", nothing, &name("nothing"), seconds("nothing"), "at most 1");
}
