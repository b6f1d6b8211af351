//! Files stay short enough to be read in one go.

use super::{Finding, SourceFile, Tree};

const LONGEST: usize = 700;
const NINETIETH_PERCENTILE: usize = 400;
const MEDIAN: usize = 150;
/// With fewer files a percentile says nothing.
const ENOUGH_FILES: usize = 20;

/// No file has more than 700 lines.
pub fn hard_stop(tree: &Tree) -> Vec<Finding> {
    counted(tree)
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, file)| {
            let reason = format!("{lines} lines, the stop is {LONGEST}: split it by subject");
            Finding::new(&file.path, LONGEST + 1, reason)
        })
        .collect()
}

/// Nine of ten files have at most 400 lines, and half of them at most 150.
pub fn percentiles(tree: &Tree) -> Vec<Finding> {
    let mut sizes: Vec<(usize, &SourceFile)> = counted(tree).collect();
    if sizes.len() < ENOUGH_FILES {
        return Vec::new();
    }
    sizes.sort_by_key(|(lines, _)| *lines);
    let mut findings = Vec::new();
    for (percent, limit) in [(90, NINETIETH_PERCENTILE), (50, MEDIAN)] {
        let at = (sizes.len() * percent / 100).min(sizes.len() - 1);
        let Some((lines, file)) = sizes.get(at) else {
            continue;
        };
        if *lines > limit {
            let reason = format!(
                "{lines} lines stand at {percent} of 100 files, the limit there is {limit}: \
                 split the longer files by subject"
            );
            findings.push(Finding::new(&file.path, 1, reason));
        }
    }
    findings
}

/// Lines of every file that people write and read as a whole. Tables of tests may be long.
fn counted(tree: &Tree) -> impl Iterator<Item = (usize, &SourceFile)> {
    tree.files
        .iter()
        .filter(|file| file.ends_with_any(&[".rs", ".ts", ".svelte"]))
        .filter(|file| !is_test(&file.path) && !file.path.starts_with("ui/src/bindings/"))
        .map(|file| (file.text.lines().count(), file))
}

fn is_test(path: &str) -> bool {
    ["tests/", "ui/src/test/"].iter().any(|folder| path.starts_with(folder))
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.ends_with(".test.ts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> String {
        "x\n".repeat(count)
    }

    #[test]
    fn a_file_over_the_stop_is_found_and_tests_and_generated_files_are_not() {
        let long = lines(701);
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", &long),
            ("crates/a/tests/main.rs", &long),
            ("crates/a/src/phase/tests.rs", &long),
            ("ui/src/lib/a.test.ts", &long),
            ("ui/src/bindings/a.ts", &long),
            ("crates/a/src/b.rs", &lines(700)),
        ]);
        let found = hard_stop(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].file, "crates/a/src/lib.rs");
    }

    #[test]
    fn files_that_are_long_on_the_whole_are_found() {
        let (short, long, very_long) = (lines(100), lines(160), lines(450));
        let names: Vec<String> = (0..30).map(|n| format!("crates/a/src/n{n}.rs")).collect();
        let tree = |text: &dyn Fn(usize) -> String| {
            let texts: Vec<String> = (0..30).map(text).collect();
            let files: Vec<(&str, &str)> =
                names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
            Tree::of(&files)
        };
        assert!(percentiles(&tree(&|_| short.clone())).is_empty());
        let median = percentiles(&tree(&|n| {
            if n < 10 { short.clone() } else { long.clone() }
        }));
        assert_eq!(median.len(), 1, "{median:?}");
        let ninetieth = percentiles(&tree(&|n| {
            if n < 20 { short.clone() } else { very_long.clone() }
        }));
        assert!(ninetieth[0].reason.contains("90 of 100"), "{ninetieth:?}");
    }
}
