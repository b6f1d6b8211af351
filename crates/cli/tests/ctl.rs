//! The program itself: exit codes, JSON on the right stream, and what it says when something is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use serde_json::Value;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse battery staple";

/// A profile folder and the program on it.
struct Ctl {
    folder: TempDir,
}

/// How a call ended.
struct Outcome {
    call: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Outcome {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        let Self { call, stdout, stderr, .. } = &self;
        assert_eq!(self.code, Some(code), "slipwayctl {call}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        assert!(!stderr.contains("panicked"), "slipwayctl {call} panicked:\n{stderr}");
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(self.stdout.trim()).unwrap_or_else(|e| panic!("{e} in:\n{}", self.stdout))
    }

    #[track_caller]
    fn error(&self) -> Value {
        serde_json::from_str(self.stderr.trim()).unwrap_or_else(|e| panic!("{e} in:\n{}", self.stderr))
    }

    /// The code of the trouble that was told as JSON.
    #[track_caller]
    fn trouble(&self) -> String {
        let error = self.error();
        for part in ["sentence", "way_out"] {
            assert!(error["trouble"][part].as_str().is_some_and(|t| !t.is_empty()), "no {part}: {error}");
        }
        error["trouble"]["code"].as_str().unwrap().to_owned()
    }

    /// The codes of the findings that were told as JSON.
    #[track_caller]
    fn findings(&self) -> Vec<String> {
        let error = self.error();
        let findings = error["refused"].as_array().unwrap_or_else(|| panic!("no findings in {error}")).clone();
        findings.iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect()
    }
}

impl Ctl {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A workspace of one person who may do everything.
    fn alone() -> Self {
        let ctl = Self::new();
        ctl.run(&["init", "--alone", "--name", "Anna Alone"]).expect(0);
        ctl
    }

    fn profile(&self) -> PathBuf {
        self.folder.path().join("profile")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slipwayctl"));
        command.arg("--profile").arg(self.profile()).args(arguments);
        // No keychain of the machine that runs the test is touched.
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").env("XDG_RUNTIME_DIR", self.folder.path());
        command.env("SLIPWAY_PASSPHRASE", PASSPHRASE);
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.command(arguments), arguments, "")
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn finish(command: &mut Command, arguments: &[&str], stdin: &str) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A call that is refused early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Outcome {
        call: arguments.join(" "),
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn without_a_profile_everything_says_so_and_how_to_make_one() {
    let ctl = Ctl::new();
    for call in [vec!["status"], vec!["sync"], vec!["release", "list"], vec!["state-hash"]] {
        let outcome = ctl.run(&[call.as_slice(), &["--json"]].concat()).expect(3);
        assert_eq!(outcome.trouble(), "NO_PROFILE");
        assert!(outcome.stderr.contains("init"), "{}", outcome.stderr);
    }
    assert!(!ctl.profile().exists(), "nothing was made");
}

#[test]
fn a_profile_is_made_once_and_opens_with_its_passphrase_only() {
    let ctl = Ctl::new();
    let call = ["init", "--passphrase-stdin", "--json"];
    finish(ctl.command(&call).env_remove("SLIPWAY_PASSPHRASE"), &call, "the first line\n").expect(0);
    let again = finish(ctl.command(&call).env_remove("SLIPWAY_PASSPHRASE"), &call, "another\n").expect(3);
    assert_eq!(again.trouble(), "PROFILE_EXISTS");
    let status = ["status", "--json"];
    let none = finish(ctl.command(&status).env_remove("SLIPWAY_PASSPHRASE"), &status, "").expect(3);
    assert_eq!(none.trouble(), "PASSPHRASE_NEEDED");
    let wrong = finish(ctl.command(&status).env("SLIPWAY_PASSPHRASE", "wrong"), &status, "").expect(3);
    assert_eq!(wrong.trouble(), "WRONG_PASSPHRASE");
    let nobody = finish(ctl.command(&status).env("SLIPWAY_PASSPHRASE", "the first line"), &status, "").expect(3);
    assert_eq!(nobody.trouble(), "NOT_SIGNED_IN");
    let text = std::fs::read_to_string(ctl.profile().join("profile.json")).unwrap();
    assert!(!text.contains("the first line"), "the passphrase stands nowhere");
}

#[test]
fn without_a_keychain_a_passphrase_is_offered_and_nothing_is_made() {
    let ctl = Ctl::new();
    let call = ["init", "--json"];
    let outcome = finish(ctl.command(&call).env_remove("SLIPWAY_PASSPHRASE"), &call, "").expect(3);
    assert_eq!(outcome.trouble(), "KEYCHAIN_ABSENT");
    assert!(outcome.stderr.contains("--passphrase-stdin"), "{}", outcome.stderr);
    assert!(!ctl.profile().join("profile.json").exists());
}

#[test]
fn wrong_use_ends_with_2() {
    let ctl = Ctl::alone();
    for call in [vec!["nonsense"], vec!["import", "pictures", "x.csv"], vec!["release"], vec!["sign-in"]] {
        ctl.run(&call).expect(2);
    }
    ctl.run(&["export", "pictures"]).expect(2);
    ctl.run(&["--help"]).expect(0);
}

#[test]
fn an_import_takes_the_good_rows_names_the_bad_ones_and_changes_nothing_the_second_time() {
    let ctl = Ctl::alone();
    let file =
        ctl.file("cis.csv", b"name,class,size\r\nweb,server,1\r\n\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9Fcaf\xE9,server,1\r\ndb,server,\r\nweb,server,2\r\n");
    let dry = ctl.run(&["import", "cis", &file, "--dry-run", "--json"]).expect(1).json();
    assert_eq!((dry["rows"].as_u64(), dry["created"].as_u64()), (Some(4), Some(2)));
    assert!(ctl.run(&["ci", "find", "web", "--json"]).expect(0).stdout.contains("[]"), "a dry run keeps nothing");
    let report = ctl.run(&["import", "cis", &file, "--json"]).expect(1).json();
    assert_eq!(
        (report["rows"].as_u64(), report["created"].as_u64(), report["unchanged"].as_u64()),
        (Some(4), Some(2), Some(0))
    );
    let lines: Vec<u64> = report["refused"].as_array().unwrap().iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 5]);
    assert!(report["refused"][0]["reason"].as_str().unwrap().contains("UTF-8"));
    let again = ctl.run(&["import", "cis", &file, "--json"]).expect(1).json();
    assert_eq!((again["created"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(2)));
    let good = ctl.file("good.csv", "name,class,size\nweb,server,1\ndb,server,\n");
    let clean = ctl.run(&["import", "cis", &good, "--json"]).expect(0).json();
    assert_eq!((clean["rows"].as_u64(), clean["unchanged"].as_u64()), (Some(2), Some(2)));
    assert_eq!(clean["refused"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_file_with_a_wrong_header_is_refused_whole() {
    let ctl = Ctl::alone();
    let file = ctl.file("relations.csv", "source,kind,target,target\na,b,c,d\n");
    let outcome = ctl.run(&["import", "relations", &file, "--json"]).expect(1);
    assert_eq!(outcome.findings(), ["UNKNOWN_COLUMN", "DUPLICATE_COLUMN", "MISSING_COLUMN"]);
    let plain = ctl.run(&["import", "relations", &file]).expect(1);
    assert_eq!(plain.stderr.lines().count(), 3, "one line a finding: {}", plain.stderr);
    let missing = ctl.run(&["import", "cis", "/nowhere/at/all.csv", "--json"]).expect(3);
    assert_eq!(missing.trouble(), "FILE_UNREADABLE");
}

#[test]
fn a_field_of_ten_megabytes_is_refused_and_the_rest_is_taken() {
    let ctl = Ctl::alone();
    let mut bytes = b"name,class,notes\nbig,server,\"".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', 10 * 1024 * 1024));
    bytes.extend(b"\"\nsmall,server,\n");
    let file = ctl.file("big.csv", bytes);
    let report = ctl.run(&["import", "cis", &file, "--json"]).expect(1).json();
    assert_eq!((report["created"].as_u64(), report["refused"][0]["line"].as_u64()), (Some(1), Some(2)));
    let size = std::fs::metadata(ctl.profile().join("slipway.db")).unwrap().len();
    assert!(size < 5_000_000, "the field is not in the database: {size} bytes");
}

#[test]
fn a_refused_action_names_every_reason() {
    let ctl = Ctl::alone();
    let made = ctl.run(&["release", "new", "--title", "Payroll 9.4", "--type", "software", "--json"]).expect(0).json();
    let number = made["record"]["label"].as_str().unwrap().to_owned();
    let outcome = ctl.run(&["release", "do", "advance", &number, "--json"]).expect(1);
    assert!(outcome.findings().len() > 1, "all failed guards at once: {}", outcome.stderr);
    let plain = ctl.run(&["release", "do", "advance", &number]).expect(1);
    assert_eq!(plain.stderr.lines().count(), outcome.findings().len(), "one line a finding: {}", plain.stderr);
    let show = ctl.run(&["release", "show", &number, "--json"]).expect(0);
    assert!(show.stdout.contains("Payroll 9.4"));
}

#[test]
fn an_export_can_be_imported_again_and_a_closed_pipe_is_quiet() {
    let ctl = Ctl::alone();
    let mut rows = String::from("name,class,version\n");
    for n in 0..2_000 {
        rows.push_str(&format!("ci-{n},server,1.{n}\n"));
    }
    let file = ctl.file("cis.csv", rows);
    ctl.run(&["import", "cis", &file]).expect(0);
    let sheet = ctl.folder.path().join("export.csv");
    ctl.run(&["export", "cis", "--format", "csv", "--output", sheet.to_str().unwrap()]).expect(0);
    let again = ctl.run(&["import", "cis", sheet.to_str().unwrap(), "--json"]).expect(0).json();
    assert_eq!((again["rows"].as_u64(), again["unchanged"].as_u64()), (Some(2_000), Some(2_000)));
    let json = ctl.run(&["export", "cis", "--format", "json"]).expect(0).json();
    assert_eq!(json.as_array().map(Vec::len), Some(2_000));

    let mut child = ctl
        .command(&["export", "cis", "--format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0_u8; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_damaged_or_newer_profile_is_named() {
    let ctl = Ctl::alone();
    let file = ctl.profile().join("profile.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"form\": 1", "\"form\": 99")).unwrap();
    assert_eq!(ctl.run(&["status", "--json"]).expect(3).trouble(), "PROFILE_NEWER");
    std::fs::write(&file, "{").unwrap();
    assert_eq!(ctl.run(&["status", "--json"]).expect(3).trouble(), "PROFILE_DAMAGED");
    std::fs::write(&file, text).unwrap();
    ctl.run(&["status"]).expect(0);
    overwrite(&ctl.profile().join("slipway.db"));
    let outcome = ctl.run(&["status", "--json"]).expect(3);
    assert!(
        ["WRONG_KEY", "PROFILE_CORRUPT", "NOT_A_PROFILE"].contains(&outcome.trouble().as_str()),
        "{}",
        outcome.stderr
    );
}

/// Makes the first pages unreadable.
fn overwrite(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[..4096].iter_mut().for_each(|b| *b = !*b);
    std::fs::write(file, bytes).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
}

#[test]
fn the_help_of_every_call_has_an_example() {
    let ctl = Ctl::new();
    let help = |call: &[&str]| ctl.run(&[call, &["--help"]].concat()).expect(0).stdout;
    let calls = |help: &str| -> Vec<String> {
        let below = help.split("Commands:").nth(1).unwrap_or_default();
        let names = below.lines().skip(1).take_while(|l| !l.trim().is_empty() || l.is_empty());
        names
            .take_while(|l| !l.starts_with("Options"))
            .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
            .filter_map(|l| l.split_whitespace().next())
            .filter(|n| *n != "help")
            .map(str::to_owned)
            .collect()
    };
    let (mut without, mut seen) = (Vec::new(), 0);
    let shows_one = |text: &str| text.contains("Example:") || text.contains("Examples:");
    for name in calls(&help(&[])) {
        let text = help(&[&name]);
        let below = calls(&text);
        if below.is_empty() && !shows_one(&text) {
            without.push(name.clone());
        }
        for sub in below {
            seen += 1;
            if !shows_one(&help(&[&name, &sub])) {
                without.push(format!("{name} {sub}"));
            }
        }
    }
    assert!(seen > 40, "the calls below are found: {seen}");
    assert!(without.is_empty(), "without an example: {without:?}");
}

#[test]
fn a_generated_data_centre_comes_in_whole() {
    let ctl = Ctl::alone();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    ctl.run(&["generate", "--cis", "300", "--relations", "700", "--seed", "4", "--output", out]).expect(0);
    for (kind, rows) in [("cis", 300), ("relations", 700)] {
        let file = folder.path().join(format!("{kind}.csv"));
        let report = ctl.run(&["--json", "import", kind, file.to_str().unwrap()]).expect(0).json();
        assert_eq!(report["created"], rows, "every row is taken: {report}");
    }
    let fresh = Ctl::new();
    fresh.run(&["generate", "--cis", "6000", "--relations", "18000", "--into-profile"]).expect(0);
    let hits = fresh.run(&["--json", "search", "rack-00007"]).expect(0).stdout;
    assert!(hits.contains("rack-00007"), "search finds what was put in: {hits}");
    fresh.run(&["generate", "--into-profile"]).expect(2);
}

/// A picture of one pixel.
const PIXEL: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\x08\
    \x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\x0d\x49\x44\x41\x54\x78\xda\x63\x64\xf8\xcf\x50\x0f\x00\
    \x03\x86\x01\x80\x5a\x34\x7d\x6b\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

#[test]
fn a_photo_goes_in_is_listed_comes_out_and_goes() {
    let ctl = Ctl::alone();
    ctl.run(&["ci", "new", "--name", "gw-1", "--class", "server"]).expect(0);
    let picture = ctl.folder.path().join("front.jpg");
    std::fs::write(&picture, PIXEL).unwrap();
    let path = picture.to_str().unwrap();
    ctl.run(&["ci", "photo", "add", "gw-1", path, "--title", "Front"]).expect(0);
    let again = ctl.run(&["--json", "ci", "photo", "add", "gw-1", path]).expect(1);
    assert_eq!(again.findings(), ["SAME_PHOTO"]);
    let list = ctl.run(&["--json", "ci", "photo", "list", "gw-1"]).expect(0).json();
    let photo = &list["photos"][0];
    assert_eq!((&photo["title"], &photo["file_name"]), (&"Front".into(), &"front.png".into()), "named for what it is");
    let id = photo["id"].as_str().unwrap();
    ctl.run(&["ci", "photo", "title", id, "Rear"]).expect(0);
    let shown = ctl.run(&["ci", "photo", "list", "gw-1"]).expect(0);
    assert!(shown.stdout.contains("Rear") && shown.stdout.contains("here"), "{}", shown.stdout);
    let to = ctl.folder.path().join("out.png");
    ctl.run(&["ci", "photo", "get", id, "--to", to.to_str().unwrap()]).expect(0);
    assert!(std::fs::read(&to).unwrap().starts_with(b"\x89PNG"));
    let there = ctl.run(&["--json", "ci", "photo", "get", id, "--to", to.to_str().unwrap()]).expect(3);
    assert_eq!(there.trouble(), "FILE_UNWRITABLE", "nothing is written over");
    ctl.run(&["ci", "photo", "remove", id]).expect(0);
    let gone = ctl.run(&["--json", "ci", "photo", "get", id]).expect(3);
    assert_eq!(gone.trouble(), "NOT_FOUND");
}
