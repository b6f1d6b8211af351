//! Everything that must hold before a change lands, from a bare machine on.
//!
//! The whole workspace is built once, with the features the tests need: a build of fewer packages
//! or targets would resolve other features and compile half the tree twice. So the bindings have
//! no step of their own: the test that compares them runs with all the others.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process;
use crate::{lint, packages, session, tidy, ui};

/// Sets up and runs every check and every test; fails with the names of the steps that failed.
pub fn test(root: &Path) -> Result<()> {
    let mut steps = Steps::default();
    let prepared = steps
        .perform("system packages", || packages::install(&[packages::BUILD, packages::SESSION, packages::TEST]))
        && steps.perform("packages of the interface", || ui::install(root))
        && steps.perform("provider of sign-ins for the tests", || ui::install_in(root, "tests/oidc"))
        && steps.perform("build of the interface", || ui::build(root));
    if prepared {
        steps.perform("tidy", || tidy::tidy(root));
        lint::steps(root, &mut steps);
        steps.perform("tests of the interface", || ui::script(root, "test"));
        if steps.perform("build of the workspace, with clippy", build) {
            steps.perform("tests of the workspace", || tests_of_the_workspace(root));
        }
    }
    say_what_was_skipped(root);
    steps.summary()
}

/// A test that passes prints nothing, so what it left out is said here.
fn say_what_was_skipped(root: &Path) {
    let data = root.join("../shared/data");
    if !data.is_dir() {
        println!(
            "\nskipped: the tests on the larger real data, which is not beside this clone ({}); \
             the same tests ran on the small files in tests/fixtures",
            data.display()
        );
    }
}

/// Programs and tests in one go, so that the system tests find every program fresh.
fn build() -> Result<()> {
    process::check(
        process::cargo().args(["build", "--workspace", "--bins", "--tests", "--examples"]).envs(lint::linting_build()),
    )
}

fn tests_of_the_workspace(root: &Path) -> Result<()> {
    let mut words = vec!["env".to_owned()];
    words.extend(lint::linting_build().map(|(name, value)| format!("{name}={value}")));
    words.extend(["cargo", "test", "--workspace", "--no-fail-fast"].map(str::to_owned));
    session::inside_fresh(root, &words)
}

/// Steps with their times and ends. One that fails does not keep the next from running.
#[derive(Default)]
pub struct Steps {
    done: Vec<(&'static str, Duration, Option<String>)>,
}

impl Steps {
    /// Runs one step and keeps how it ended. Answers whether it ended well.
    pub fn perform(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) -> bool {
        if process::stopping() {
            return false;
        }
        println!("\n== {name}");
        let start = Instant::now();
        let failure = step().err().map(|error| format!("{error:#}"));
        if let Some(failure) = &failure {
            eprintln!("error: {failure}");
        }
        let well = failure.is_none();
        self.done.push((name, start.elapsed(), failure));
        well
    }

    /// Prints all steps; an error names those that failed.
    pub fn summary(&self) -> Result<()> {
        println!("\n== summary");
        for (name, time, failure) in &self.done {
            let word = if failure.is_none() { "passed" } else { "FAILED" };
            println!("{word}  {:>6.1} s  {name}", time.as_secs_f64());
        }
        if process::stopping() {
            bail!("stopped");
        }
        let failed: Vec<String> =
            self.done.iter().filter_map(|(name, _, failure)| Some(format!("{name} ({})", failure.as_ref()?))).collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join("; "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_that_failed_is_named_and_the_next_one_ran() {
        let mut steps = Steps::default();
        assert!(!steps.perform("caulking", || bail!("a seam is open")));
        assert!(steps.perform("painting", || Ok(())));
        let error = steps.summary().unwrap_err().to_string();
        assert_eq!(error, "failed: caulking (a seam is open)");
    }

    #[test]
    fn steps_that_all_ended_well_are_no_error() {
        let mut steps = Steps::default();
        assert!(steps.perform("caulking", || Ok(())));
        assert!(steps.summary().is_ok());
    }
}
