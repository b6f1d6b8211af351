//! The committed TypeScript types are those of the Rust types.
//!
//! `UPDATE_BINDINGS=1 cargo test -p slipway-app --test bindings` writes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn files_of(folder: &Path) -> BTreeMap<PathBuf, String> {
    fn walk(root: &Path, folder: &Path, out: &mut BTreeMap<PathBuf, String>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                out.insert(path.strip_prefix(root).unwrap().to_owned(), text);
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(folder, folder, &mut out);
    out
}

#[test]
fn committed_bindings_are_those_of_the_rust_types() {
    let fresh = tempfile::tempdir().unwrap();
    slipway_app::commands::write_bindings(fresh.path()).unwrap();
    let wanted = files_of(fresh.path());
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/bindings");
    let found = files_of(&committed);
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        for (name, text) in &wanted {
            if found.get(name) != Some(text) {
                std::fs::create_dir_all(committed.join(name).parent().unwrap()).unwrap();
                std::fs::write(committed.join(name), text).unwrap();
            }
        }
        for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
            std::fs::remove_file(committed.join(name)).unwrap();
        }
        return;
    }
    let differing: Vec<_> = wanted
        .keys()
        .chain(found.keys())
        .filter(|name| wanted.get(*name) != found.get(*name))
        .map(|name| name.display().to_string())
        .collect();
    assert!(differing.is_empty(), "run `cargo xtask bindings`; these differ: {}", differing.join(", "));
}
