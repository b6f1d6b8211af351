//! `slipwayctl` as a person or a script calls it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::program;
use super::server::{SampleUser, Server};

/// One laptop: a profile folder that the command line is called with.
pub struct Ctl {
    profile: PathBuf,
    environment: Vec<(String, String)>,
    // Removed with the laptop when the laptop made it.
    _folder: Option<TempDir>,
}

impl Ctl {
    /// A laptop in a folder of its own, without a profile yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { _folder: Some(folder), ..Self::with_profile(&PathBuf::new()) }.placed()
    }

    /// The command line on a profile that somebody else keeps.
    pub fn with_profile(profile: &Path) -> Self {
        Self { profile: profile.to_owned(), environment: Vec::new(), _folder: None }
    }

    /// A laptop with a profile, on which this person is signed in and which holds what the
    /// server holds.
    pub fn signed_in(server: &Server, person: &SampleUser) -> Self {
        let laptop = Self::new();
        laptop.run(&["init"]).expect_code(0);
        laptop.sign_in(server, &person.user, &person.password).expect_code(0);
        laptop.run(&["sync"]).expect_code(0);
        laptop
    }

    fn placed(mut self) -> Self {
        if let Some(folder) = &self._folder {
            self.profile = folder.path().join("profile");
        }
        self
    }

    /// The profile's folder.
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Adds a variable to the environment of every later call.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Signs a person in at the server, with its certificate.
    pub fn sign_in(&self, server: &Server, user: &str, password: &str) -> Outcome {
        let ca = server.ca();
        let ca = ca.to_str().expect("a temporary path is UTF-8");
        let url = server.url();
        let arguments = ["sign-in", "--server", &url, "--ca", ca, "--user", user, "--password-stdin"];
        self.run_with(&arguments, &format!("{password}\n"))
    }

    /// Calls the command line with nothing on its standard input.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "")
    }

    /// Calls the command line with this text on its standard input.
    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Outcome {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("slipwayctl starts");
        let mut pipe = child.stdin.take().expect("a pipe was asked for");
        // A call that is refused early does not read its input: then the pipe is closed.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        let output = child.wait_with_output().expect("slipwayctl ends");
        Outcome {
            call: arguments.join(" "),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What a call that succeeds prints with `--json`.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--json"]].concat()).expect_code(0).json()
    }

    /// The call itself, for a test that wants to end it half way.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("slipwayctl"));
        command.arg("--profile").arg(&self.profile).args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// The arguments, for messages.
    pub call: String,
    /// 0 done, 1 refused by a rule, 2 wrong use, 3 trouble; nothing when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed as errors.
    pub stderr: String,
}

impl Outcome {
    /// Panics with everything the call printed unless it ended with this code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "slipwayctl {}\n--- stdout\n{}\n--- stderr\n{}",
            self.call,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        parse(&self.call, &self.stdout)
    }

    /// The refusal as JSON: what a call with `--json` prints as errors.
    #[track_caller]
    pub fn refusal(&self) -> Value {
        parse(&self.call, &self.stderr)
    }
}

#[track_caller]
fn parse(call: &str, text: &str) -> Value {
    match serde_json::from_str(text.trim()) {
        Ok(value) => value,
        Err(error) => panic!("slipwayctl {call} printed no JSON ({error}):\n{text}"),
    }
}
