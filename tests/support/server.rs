//! `slipway-server` on a port and in a folder of its own.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use super::{program, wait};

/// One of the people of the sample company.
#[derive(Debug, Clone, Deserialize)]
pub struct SampleUser {
    /// The name to sign in with.
    pub user: String,
    /// The password to sign in with.
    pub password: String,
    /// The name people call them by.
    pub name: String,
    /// What they may do.
    pub roles: Vec<String>,
}

/// A central server. Its data outlives a stop and ends with the value.
pub struct Server {
    folder: TempDir,
    port: u16,
    running: Option<Child>,
}

impl Server {
    /// A server that holds the sample company.
    pub fn with_sample() -> Self {
        Self::initialised(&["--sample"])
    }

    /// A server that holds nothing yet.
    pub fn empty() -> Self {
        Self::initialised(&[])
    }

    /// A server that holds nothing yet and keeps its records in a PostgreSQL database.
    pub fn in_database(address: &str) -> Self {
        Self::initialised(&["--database", address])
    }

    /// A server that holds nothing yet, in a folder below this one.
    pub fn below(path: &Path) -> Self {
        Self::initialised_in(tempfile::tempdir_in(path).expect("a temporary folder"), &[])
    }

    /// The port it listens on, whenever it runs.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn initialised(options: &[&str]) -> Self {
        Self::initialised_in(tempfile::tempdir().expect("a temporary folder"), options)
    }

    fn initialised_in(folder: TempDir, options: &[&str]) -> Self {
        let mut server = Self { folder, port: free_port(), running: None };
        server.administer(&[&["init"], options].concat(), "");
        server.start();
        server
    }

    /// Starts the server on its port, and waits until it listens.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        let address = self.data().join("address");
        // The file of an earlier start would be taken for the sign that this one listens.
        let _ = fs::remove_file(&address);
        let log = File::options().append(true).create(true).open(self.log()).expect("a log");
        let errors = log.try_clone().expect("a second handle");
        let child = Command::new(program("slipway-server"))
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"])
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("slipway-server starts");
        let child = self.running.insert(child);
        let log = self.folder.path().join("server.log");
        wait::until("the server's start", || {
            if let Ok(Some(status)) = child.try_wait() {
                let log = fs::read_to_string(&log).unwrap_or_default();
                panic!("the server ended with {status}:\n{log}");
            }
            address.exists().then_some(())
        });
    }

    /// Stops the server at once, as a power cut would; its data stays.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Runs `slipway-server ARGUMENTS --data ...`; panics unless it ends well. Returns its output.
    #[track_caller]
    pub fn administer(&self, arguments: &[&str], stdin: &str) -> String {
        let mut child = Command::new(program("slipway-server"))
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("slipway-server starts");
        let mut pipe = child.stdin.take().expect("a pipe was asked for");
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        let output = child.wait_with_output().expect("slipway-server ends");
        assert!(
            output.status.success(),
            "slipway-server {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The address as people give it to a laptop.
    pub fn url(&self) -> String {
        let address = fs::read_to_string(self.data().join("address")).expect("the address");
        address.trim().to_owned()
    }

    /// The certificate that laptops trust.
    pub fn ca(&self) -> PathBuf {
        self.data().join("ca.pem")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// The log of all starts.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The people of the sample company, the release manager first.
    pub fn people(&self) -> Vec<SampleUser> {
        let text = fs::read(self.data().join("sample-users.json")).expect("the sample's people");
        serde_json::from_slice(&text).expect("the sample's people as JSON")
    }

    /// The first person of the sample company who has this role.
    #[track_caller]
    pub fn person_with(&self, role: &str) -> SampleUser {
        let mut people = self.people().into_iter();
        people
            .find(|person| person.roles.iter().any(|has| has == role))
            .unwrap_or_else(|| panic!("nobody in the sample company has the role {role}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            print_log(&self.log());
        }
    }
}

fn print_log(log: &Path) {
    if let Ok(text) = fs::read_to_string(log) {
        eprintln!("--- the server's log\n{text}");
    }
}

/// A port that is free now. Another program could take it before it is used; none here does.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}
