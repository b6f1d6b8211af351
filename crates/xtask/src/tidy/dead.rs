//! Files that nothing uses: Rust files without a `mod`, interface files that nothing imports.

use std::collections::BTreeSet;

use super::{Finding, SourceFile, Tree};

/// Every Rust file is the root of a target or reached from one by `mod`.
pub fn rust_files(tree: &Tree, roots: &[String]) -> Vec<Finding> {
    let is_root: BTreeSet<&str> = roots.iter().map(String::as_str).collect();
    let alive = reached(tree, roots.to_vec(), |file| {
        modules(file).flat_map(|module| module.places(&file.path, &is_root)).collect()
    });
    // Fuzz targets are roots of a workspace of their own.
    let checked = |file: &SourceFile| file.path.ends_with(".rs") && !file.path.starts_with("fuzz/targets/");
    dead(tree, &alive, checked, "no `mod` leads to this file")
}

/// Every file of the interface is reached from the page by imports, or is there for tests.
pub fn interface_files(tree: &Tree) -> Vec<Finding> {
    let imports =
        |file: &SourceFile| specifiers(&file.text).flat_map(|specifier| import_places(&file.path, specifier)).collect();
    let mut alive = reached(tree, scripts_of_pages(tree, |page| page == "ui/index.html"), imports);

    // What tests, their pages and the tools' configuration reach is no dead file either, as long
    // as it lies with the tests: a component that only its own test imports is dead.
    let is_test_root = |path: &str| is_test(path) || (path.starts_with("ui/") && !path.starts_with("ui/src/"));
    let test_roots = tree.files.iter().map(|file| file.path.clone()).filter(|path| is_test_root(path));
    let test_roots = test_roots.chain(scripts_of_pages(tree, lies_with_tests)).collect();
    let for_tests = reached(tree, test_roots, |file| {
        let named = quoted(&file.text).flat_map(|text| import_places(&file.path, text));
        imports(file).into_iter().chain(named).collect()
    });
    alive.extend(for_tests.into_iter().filter(|path| is_test(path) || lies_with_tests(path)));

    let checked = |file: &SourceFile| {
        file.path.starts_with("ui/src/")
            && file.ends_with_any(&[".ts", ".svelte"])
            && !file.path.ends_with(".d.ts")
            && !file.path.starts_with("ui/src/bindings/")
    };
    dead(tree, &alive, checked, "nothing that the window shows imports this file")
}

/// The scripts that these pages load, from the workspace root.
fn scripts_of_pages(tree: &Tree, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let pages = tree.files.iter().filter(|file| file.path.starts_with("ui/") && file.path.ends_with(".html"));
    pages
        .filter(|page| wanted(&page.path))
        .flat_map(|page| quoted_after(&page.text, "src="))
        .map(|source| format!("ui/{}", source.trim_start_matches(['.', '/'])))
        .collect()
}

fn is_test(path: &str) -> bool {
    path.starts_with("ui/") && path.ends_with(".test.ts")
}

fn lies_with_tests(path: &str) -> bool {
    ["/test/", "/tests/", "/testing/"].iter().any(|folder| path.contains(folder))
}

fn dead(tree: &Tree, alive: &BTreeSet<String>, checked: impl Fn(&SourceFile) -> bool, reason: &str) -> Vec<Finding> {
    let files = tree.files.iter().filter(|file| checked(file) && !alive.contains(&file.path));
    files.map(|file| Finding::new(&file.path, 1, reason)).collect()
}

/// All files that the roots lead to, over any number of steps.
fn reached(tree: &Tree, roots: Vec<String>, next: impl Fn(&SourceFile) -> Vec<String>) -> BTreeSet<String> {
    let mut alive = BTreeSet::new();
    let mut waiting = roots;
    while let Some(path) = waiting.pop() {
        let Some(file) = tree.file(&path) else {
            continue;
        };
        if alive.insert(path) {
            waiting.extend(next(file));
        }
    }
    alive
}

/// A `mod name;` with the path its attribute may give.
struct Module<'a> {
    name: &'a str,
    path: Option<&'a str>,
}

fn modules(file: &SourceFile) -> impl Iterator<Item = Module<'_>> {
    let mut path = None;
    file.text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("#[path = \"") {
            path = rest.split('"').next();
        }
        let line = line.rsplit_once(']').map_or(line, |(_, after)| after.trim_start());
        let line = line.strip_prefix("pub").map_or(line, |rest| rest.trim_start_matches(|c| c != ' ').trim_start());
        let name = line.strip_prefix("mod ")?.strip_suffix(';')?.trim();
        Some(Module { name, path: path.take() })
    })
}

impl Module<'_> {
    /// Where the module's file may lie when the `mod` stands in the file at `parent`.
    fn places(&self, parent: &str, roots: &BTreeSet<&str>) -> Vec<String> {
        let (folder, file) = split(parent);
        if let Some(path) = self.path {
            return vec![joined(folder, path)];
        }
        let stem = file.trim_end_matches(".rs");
        let folder = if stem == "mod" || roots.contains(parent) { folder.to_owned() } else { joined(folder, stem) };
        vec![joined(&folder, &format!("{}.rs", self.name)), joined(&folder, &format!("{}/mod.rs", self.name))]
    }
}

/// What an import statement of TypeScript or Svelte names, and what `import(...)` names.
fn specifiers(text: &str) -> impl Iterator<Item = &str> {
    ["from ", "import ", "import("].into_iter().flat_map(|before| quoted_after(text, before))
}

/// The texts in quotes that follow this word directly.
fn quoted_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(before).filter_map(move |(at, _)| {
        let rest = text.get(at + before.len()..)?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    })
}

/// All texts in quotes, line by line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| ['"', '\''].into_iter().flat_map(move |quote| line.split(quote).skip(1).step_by(2)))
}

/// The files an import may mean; none for a package.
fn import_places(importer: &str, specifier: &str) -> Vec<String> {
    let (folder, _) = split(importer);
    let specifier = specifier.split('?').next().unwrap_or(specifier);
    let path = if let Some(rest) = specifier.strip_prefix("$lib/") {
        joined("ui/src/lib", rest)
    } else if let Some(rest) = specifier.strip_prefix("$bindings") {
        joined("ui/src/bindings", rest.trim_start_matches('/'))
    } else if let Some(rest) = specifier.strip_prefix('/') {
        joined("ui", rest)
    } else if specifier.starts_with('.') || specifier.starts_with("src/") {
        joined(folder, specifier)
    } else {
        return Vec::new();
    };
    let typescript = path.strip_suffix(".js").map(|stem| format!("{stem}.ts"));
    let endings = [".ts", ".svelte", ".svelte.ts", "/index.ts"];
    let mut places: Vec<String> = endings.iter().map(|ending| format!("{path}{ending}")).collect();
    places.extend(typescript);
    places.push(path);
    places
}

/// Folder and file name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The path from the workspace root, with `.` and `..` taken out.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.file.as_str()).collect()
    }

    #[test]
    fn a_rust_file_without_a_mod_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "pub mod release;\n#[cfg(test)]\nmod tests;\n"),
            ("crates/a/src/release.rs", "pub(crate) mod phase;\n"),
            ("crates/a/src/release/phase.rs", ""),
            ("crates/a/src/release/old_phase.rs", ""),
            ("crates/a/src/tests.rs", ""),
            ("tests/system/main.rs", "#[path = \"../support/mod.rs\"]\nmod support;\n"),
            ("tests/support/mod.rs", "mod server;\n"),
            ("tests/support/server.rs", ""),
            ("tests/support/leftover.rs", ""),
        ]);
        let roots = ["crates/a/src/lib.rs".to_owned(), "tests/system/main.rs".to_owned()];
        let found = rust_files(&tree, &roots);
        assert_eq!(names(&found), ["crates/a/src/release/old_phase.rs", "tests/support/leftover.rs"]);
    }

    #[test]
    fn an_interface_file_that_nothing_imports_is_found() {
        let tree = Tree::of(&[
            ("ui/index.html", "<script type=\"module\" src=\"/src/main.ts\"></script>"),
            ("ui/vite.config.ts", "setupFiles: ['./src/test/setup.ts']"),
            ("ui/src/main.ts", "import App from './App.svelte'\nimport './app.css'\n"),
            ("ui/src/App.svelte", "<script>import { route } from '$lib/router.svelte'</script>"),
            ("ui/src/lib/router.svelte.ts", "const p = () => import('../places/Inbox.svelte')"),
            ("ui/src/places/Inbox.svelte", "import type { A } from '../lib/kept.js'"),
            ("ui/src/lib/kept.ts", ""),
            ("ui/src/lib/OnlyTested.svelte", ""),
            ("ui/src/lib/only-tested.test.ts", "import X from './OnlyTested.svelte'"),
            ("ui/src/test/setup.ts", ""),
            ("ui/src/test/stage/index.html", "<script src=\"/src/test/stage/stage.ts\"></script>"),
            ("ui/src/test/stage/stage.ts", ""),
            ("ui/src/lib/forgotten.ts", ""),
            ("ui/src/bindings/Release.ts", ""),
            ("ui/src/vite-env.d.ts", ""),
        ]);
        let found = interface_files(&tree);
        assert_eq!(names(&found), ["ui/src/lib/OnlyTested.svelte", "ui/src/lib/forgotten.ts"]);
    }
}
