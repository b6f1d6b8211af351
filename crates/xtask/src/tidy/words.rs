//! Words that must not stand in the tree, or only in one place.
//!
//! Patterns are put together from halves where this file would otherwise find itself.

use super::{Finding, SourceFile, Tree};

const CODE: &[&str] = &[".rs", ".ts", ".svelte", ".js", ".css", ".html", ".sql", ".sh", ".toml", ".md", ".yml"];

/// Nothing in the tree is marked as unfinished.
pub fn unfinished_marks(tree: &Tree) -> Vec<Finding> {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("HA", "CK")];
    let calls = [concat!("todo", "!("), concat!("unimplemented", "!(")];
    lines_where(
        tree,
        |file| file.ends_with_any(CODE),
        |line| {
            words
                .iter()
                .copied()
                .find(|word| has_word(line, word))
                .or_else(|| calls.iter().copied().find(|call| line.contains(call)))
                .map(|mark| format!("{mark} marks something unfinished: finish it or leave it out"))
        },
    )
}

/// The domain walks its maps in an order that is the same on every machine.
pub fn order_of_hash_maps(tree: &Tree) -> Vec<Finding> {
    code_lines_where(tree, &["crates/domain/src/"], |line| {
        ["HashMap", "HashSet"]
            .into_iter()
            .find(|word| has_word(line, word))
            .map(|word| format!("{word} has no fixed order, and laptops and server must agree: use a BTree"))
    })
}

/// Domain and sync are told the time and their ids; they never ask.
pub fn clocks_in_pure_crates(tree: &Tree) -> Vec<Finding> {
    let asks = ["Utc::now", "Local::now", "SystemTime::now", "Instant::now", "now_v7", "new_v4"];
    code_lines_where(tree, &["crates/domain/src/", "crates/sync/src/"], |line| {
        asks.into_iter()
            .find(|ask| line.contains(ask))
            .map(|ask| format!("{ask}: time and ids come in as arguments, or two machines judge differently"))
    })
}

/// Programs end by returning from main.
pub fn ends_half_way(tree: &Tree) -> Vec<Finding> {
    let exit = concat!("process::", "exit(");
    code_lines_where(tree, &["crates/", "src-tauri/"], |line| {
        line.contains(exit)
            .then(|| format!("{exit}) skips what closes the store and ends the server: return an ExitCode from main"))
    })
}

/// One file of the interface knows Tauri; the rest speaks to its `Backend`.
pub fn window_outside_its_backend(tree: &Tree) -> Vec<Finding> {
    let door = "ui/src/lib/backend/tauri.ts";
    let its_test = "ui/src/lib/backend/tauri.test.ts";
    let inside = |file: &SourceFile| file.path.starts_with("ui/src/") && file.path != door && file.path != its_test;
    let package = concat!("@tauri", "-apps");
    lines_where(tree, inside, |line| {
        let quoted = line.contains(&format!("\"{package}")) || line.contains(&format!("'{package}"));
        quoted.then(|| format!("only {door} imports {package}"))
    })
}

/// No merge is left half done.
pub fn conflict_markers(tree: &Tree) -> Vec<Finding> {
    lines_where(
        tree,
        |_| true,
        |line| {
            let begins = |mark: &str| line.starts_with(&format!("{} ", mark.repeat(7)));
            let found = begins("<") || begins(">") || begins("|");
            found.then(|| "a merge conflict was left here".to_owned())
        },
    )
}

/// Nothing depends on, or tells of, the folders of one person's machine.
pub fn paths_of_one_machine(tree: &Tree) -> Vec<Finding> {
    let folders = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
    lines_where(
        tree,
        |_| true,
        |line| {
            folders
                .into_iter()
                .find(|folder| has_absolute_path(line, folder))
                .map(|folder| format!("{folder} is a folder of one machine"))
        },
    )
}

/// Lock files name packages, not hosts: a mirror of one network is no use to others. npm's leaves addresses out,
/// cargo's knows none but its own index.
pub fn sources_in_lock_files(tree: &Tree) -> Vec<Finding> {
    const INDEX: &str = "source = \"registry+https://github.com/rust-lang/";
    lines_where(
        tree,
        |file| file.ends_with_any(&["package-lock.json", "Cargo.lock"]),
        |line| {
            let line = line.trim_start();
            let foreign = line.starts_with("source = \"") && !line.starts_with(INDEX);
            (foreign || line.starts_with("\"resolved\": \"")).then(|| "this names the host of a package".to_owned())
        },
    )
}

fn lines_where(
    tree: &Tree,
    files: impl Fn(&SourceFile) -> bool,
    reason: impl Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| files(file)) {
        for (number, line) in file.lines() {
            if let Some(reason) = reason(line) {
                findings.push(Finding::new(&file.path, number, reason));
            }
        }
    }
    findings
}

/// Lines of Rust below these folders that are no comments.
fn code_lines_where(tree: &Tree, folders: &[&str], reason: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let below =
        |file: &SourceFile| file.path.ends_with(".rs") && folders.iter().any(|folder| file.path.starts_with(folder));
    lines_where(tree, below, |line| if line.trim_start().starts_with("//") { None } else { reason(line) })
}

/// Whether the word stands in the line on its own.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|left| left.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|right| right.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Whether the folder begins a path here, and is no part of a longer one or of an address.
fn has_absolute_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|left| left.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~/}*)$".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> usize {
        rule(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn unfinished_marks_are_found_as_words() {
        let mark = concat!("TO", "DO");
        assert_eq!(found(unfinished_marks, "a.rs", &format!("// {mark}: later")), 1);
        assert_eq!(found(unfinished_marks, "a.rs", concat!("    todo", "!()")), 1);
        assert_eq!(found(unfinished_marks, "a.svelte", concat!("<!-- FIX", "ME -->")), 1);
        assert_eq!(found(unfinished_marks, "a.rs", &format!("let {mark}_LIST = 1;")), 0);
        assert_eq!(found(unfinished_marks, "a.png", mark), 0);
    }

    #[test]
    fn maps_without_order_are_found_in_the_domain_only() {
        let text = "use std::collections::HashMap;\n// a HashMap would be wrong here\n";
        assert_eq!(found(order_of_hash_maps, "crates/domain/src/a.rs", text), 1);
        assert_eq!(found(order_of_hash_maps, "crates/store/src/a.rs", text), 0);
    }

    #[test]
    fn clocks_are_found_in_domain_and_sync() {
        for ask in ["chrono::Utc::now()", "SystemTime::now()", "Instant::now()", "Uuid::now_v7()"] {
            let text = format!("let t = {ask};");
            assert_eq!(found(clocks_in_pure_crates, "crates/domain/src/a.rs", &text), 1, "{ask}");
            assert_eq!(found(clocks_in_pure_crates, "crates/sync/src/a.rs", &text), 1, "{ask}");
            assert_eq!(found(clocks_in_pure_crates, "crates/app/src/a.rs", &text), 0, "{ask}");
        }
    }

    #[test]
    fn a_program_that_ends_half_way_is_found() {
        let text = concat!("std::process::", "exit(2);");
        assert_eq!(found(ends_half_way, "crates/cli/src/main.rs", text), 1);
        assert_eq!(found(ends_half_way, "crates/cli/src/main.rs", "ExitCode::from(2)"), 0);
    }

    #[test]
    fn a_second_importer_of_the_window_is_found() {
        let text = concat!("import { invoke } from '@tauri", "-apps/api/core'");
        assert_eq!(found(window_outside_its_backend, "ui/src/App.svelte", text), 1);
        assert_eq!(found(window_outside_its_backend, "ui/src/lib/backend/tauri.ts", text), 0);
    }

    #[test]
    fn conflict_markers_are_found() {
        let text = format!("{} ours\n{}\n{} theirs\n", "<".repeat(7), "=".repeat(7), ">".repeat(7));
        assert_eq!(found(conflict_markers, "README.md", &text), 2);
        assert_eq!(found(conflict_markers, "README.md", "Title\n=======\n"), 0);
    }

    #[test]
    fn paths_of_one_machine_are_found_and_addresses_are_not() {
        let folder = concat!("/ro", "ot/");
        assert_eq!(found(paths_of_one_machine, "a.md", &format!("see {folder}x")), 1);
        assert_eq!(found(paths_of_one_machine, "a.md", &format!("cd \"{folder}\"")), 1);
        assert_eq!(found(paths_of_one_machine, "a.md", &format!("https://a.example{folder}x")), 0);
    }

    #[test]
    fn a_mirror_in_a_lock_file_is_found() {
        let npm = "      \"resolved\": \"https://mirror.example/svelte/-/svelte.tgz\",";
        assert_eq!(found(sources_in_lock_files, "ui/package-lock.json", npm), 1);
        let cargo = "source = \"git+https://example.org/a\"";
        assert_eq!(found(sources_in_lock_files, "Cargo.lock", cargo), 1);
    }
}
