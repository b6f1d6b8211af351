//! What the whole-system tests share: the real server, the real command line, the real window.
//!
//! Everything here starts programs that were built and stops them when its value is dropped.
//! `cargo xtask test` builds them and gives the tests a display, a bus and a keychain; for one
//! test alone: `cargo xtask session cargo test --test desktop NAME`.

// Each test binary uses its own part of this module.
#![allow(dead_code, unreachable_pub)]

pub mod ctl;
pub mod disk;
pub mod notifications;
pub mod proxy;
pub mod server;
pub mod wait;
pub mod window;

use std::path::{Path, PathBuf};

/// A program of this workspace. Cargo names only those of the root package: the others lie beside.
pub fn program(name: &str) -> PathBuf {
    let desktop = Path::new(env!("CARGO_BIN_EXE_slipway"));
    let path = desktop.with_file_name(name);
    assert!(
        path.is_file(),
        "{} is not built. Run `cargo xtask test`, or first: \
         cargo build --workspace --bins --tests --examples",
        path.display()
    );
    path
}

/// A file below the workspace root.
pub fn in_workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder of the larger real data, which lies beside the clone on some machines. Where it is
/// absent the test says so and must end.
pub fn shared_data(folder: &str) -> Option<PathBuf> {
    let path = in_workspace("../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: the data of {} is not on this machine", path.display());
    None
}
