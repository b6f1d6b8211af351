//! The house rules that no other tool knows, each a named function over the tracked files.

mod dead;
mod edges;
mod length;
mod words;

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process;

/// Checks every rule and prints each place that breaks one, with the reason.
pub fn tidy(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let metadata = Metadata::read(root)?;
    // The fuzz targets are a workspace of their own.
    let fuzz = Metadata::read(&root.join("fuzz"))?.roots().into_iter().map(|path| format!("fuzz/{path}"));
    let roots: Vec<String> = metadata.roots().into_iter().chain(fuzz).collect();
    let findings = findings(&tree, &metadata, &roots);
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy found {} places that break a house rule", findings.len());
    }
    println!("tidy: {} files keep the house rules", tree.files.len());
    Ok(())
}

fn findings(tree: &Tree, metadata: &Metadata, roots: &[String]) -> Vec<Finding> {
    [
        edges::own_crates(metadata),
        edges::foreign_crates(metadata),
        length::hard_stop(tree),
        length::percentiles(tree),
        dead::rust_files(tree, roots),
        dead::interface_files(tree),
        words::unfinished_marks(tree),
        words::order_of_hash_maps(tree),
        words::clocks_in_pure_crates(tree),
        words::ends_half_way(tree),
        words::window_outside_its_backend(tree),
        words::conflict_markers(tree),
        words::paths_of_one_machine(tree),
        words::sources_in_lock_files(tree),
    ]
    .concat()
}

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    file: String,
    /// Counted from 1.
    line: usize,
    reason: String,
}

impl Finding {
    fn new(file: &str, line: usize, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, reason: reason.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

/// A tracked text file.
struct SourceFile {
    /// From the workspace root, with `/`.
    path: String,
    text: String,
}

impl SourceFile {
    fn ends_with_any(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// Lines with their numbers from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Every tracked or new text file that git does not ignore.
struct Tree {
    files: Vec<SourceFile>,
}

impl Tree {
    fn read(root: &Path) -> Result<Self> {
        let list = process::output(Command::new("git").arg("-C").arg(root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))
        .context("Tidy reads the list of files from git")?;
        let mut files = Vec::new();
        for path in list.split('\0').filter(|path| !path.is_empty()) {
            // Deleted but still in the index, a link to a folder, or no text: nothing to check.
            let Ok(bytes) = std::fs::read(root.join(path)) else {
                continue;
            };
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(SourceFile { path: path.to_owned(), text });
            }
        }
        Ok(Self { files })
    }

    fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() };
        Self { files: files.iter().map(file).collect() }
    }
}

/// The part of `cargo metadata` the rules look at.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: String,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`; nothing for a normal one.
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    src_path: String,
}

impl Metadata {
    fn read(root: &Path) -> Result<Self> {
        let text = process::output(
            Command::new("cargo")
                .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
                .arg(root.join("Cargo.toml")),
        )?;
        serde_json::from_str(&text).context("Understanding cargo metadata")
    }

    /// The first files of all targets, from the workspace root.
    fn roots(&self) -> Vec<String> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        targets.map(|target| self.relative(&target.src_path)).collect()
    }

    fn relative(&self, path: &str) -> String {
        let rest = path.strip_prefix(&self.workspace_root).unwrap_or(path);
        rest.trim_start_matches('/').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_file_line_and_reason() {
        let finding = Finding::new("a.rs", 7, "too long");
        assert_eq!(finding.to_string(), "a.rs:7: too long");
    }
}
