//! A private display, message bus and unlocked keychain, for machines and tests that have none.
//!
//! The display starts first and the bus sees it, so that services the bus starts by itself (the
//! one that shows notifications) can open their windows.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::packages;
use crate::process::{self, Background};

/// Opens the private keychain. It protects sample and test data only, in a folder under target.
const KEYCHAIN_PASSWORD: &str = "slipway";
const TIME_OUT: Duration = Duration::from_secs(20);

/// The private session. Its programs end with it, keychain first, display last.
pub struct Session {
    variables: Vec<(&'static str, OsString)>,
    display: Option<String>,
    // Dropped in this order.
    _keyring: Background,
    _bus: Background,
    _screen: Option<Background>,
    _runtime: RuntimeFolder,
}

/// The command that runs inside.
#[derive(Args)]
pub struct Options {
    /// A program with its arguments, for instance: cargo test --test desktop
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<String>,
}

/// Runs a command in a session that begins with an empty keychain and ends with the command.
pub fn run_inside(root: &Path, options: &Options) -> Result<()> {
    packages::install(&[packages::SESSION, packages::TEST])?;
    inside_fresh(root, &options.command)
}

/// Runs a program with its arguments in a fresh private session.
pub fn inside_fresh(root: &Path, words: &[String]) -> Result<()> {
    let home = root.join("target/test-session").join(std::process::id().to_string());
    let session = Session::start(&home, Screen::Private)?;
    let (program, arguments) = words.split_first().context("No command was given")?;
    let mut command = Command::new(program);
    // What runs inside chooses its own profiles and asks nobody.
    command.args(arguments).env_remove("SLIPWAY_PROFILE").stdin(Stdio::null());
    process::ready_for_cargo(&mut command);
    session.enter(&mut command);
    let ended = process::check(&mut command);
    drop(session);
    fs::remove_dir_all(&home).with_context(|| format!("Removing {}", home.display()))?;
    ended
}

/// Where the windows of a session appear.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// On the display of the person who called.
    Given,
    /// On a display without a screen.
    Private,
}

impl Session {
    /// Starts a session that keeps its keychain in `home`: the same folder, the same secrets.
    pub fn start(home: &Path, screen: Screen) -> Result<Self> {
        let data = folder(home, "data", 0o700)?;
        folder(&data, "keyrings", 0o700)?;
        let runtime = RuntimeFolder::make()?;
        let mut variables =
            vec![("XDG_DATA_HOME", data.into_os_string()), ("XDG_RUNTIME_DIR", runtime.0.clone().into_os_string())];

        let (started, display) = match screen {
            Screen::Given => (None, None),
            Screen::Private => {
                let mut xvfb = Command::new("Xvfb");
                // Xvfb chooses a free number by itself and prints it: no race with other tests.
                xvfb.args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
                    .stdin(Stdio::null())
                    .stderr(Stdio::null());
                let (started, number) = Background::start_and_read_line("the private display", &mut xvfb, TIME_OUT)?;
                let display = format!(":{number}");
                variables.push(("DISPLAY", OsString::from(&display)));
                variables.push(("GDK_BACKEND", OsString::from("x11")));
                (Some(started), Some(display))
            }
        };

        let mut daemon = Command::new("dbus-daemon");
        daemon
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        with(&mut daemon, &variables);
        let (bus, address) = Background::start_and_read_line("the private message bus", &mut daemon, TIME_OUT)?;
        variables.push(("DBUS_SESSION_BUS_ADDRESS", OsString::from(address)));

        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon
            .args(["--unlock", "--components=secrets", "--foreground"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        with(&mut daemon, &variables);
        let mut keyring = Background::start("the private keychain", &mut daemon)?;
        keyring.tell(KEYCHAIN_PASSWORD)?;

        let session = Self { variables, display, _keyring: keyring, _bus: bus, _screen: started, _runtime: runtime };
        let enter = |command: &mut Command| session.enter(command);
        // Whoever asks before the keychain is on the bus makes the bus start a second, locked one.
        process::wait_for("The start of the private keychain", TIME_OUT, || Ok(keeps_secrets(enter).then_some(())))?;
        process::wait_for("The unlocking of the private keychain", TIME_OUT, || {
            Ok((keychain(enter) == Keychain::Unlocked).then_some(()))
        })?;
        Ok(session)
    }

    /// Lets a program run inside the session.
    pub fn enter(&self, command: &mut Command) {
        with(command, &self.variables);
        if self.display.is_some() {
            command.env_remove("WAYLAND_DISPLAY");
        }
    }

    /// The name of the private display, like `:99`.
    pub fn display(&self) -> Option<&str> {
        self.display.as_deref()
    }
}

/// What the session bus says about a keychain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keychain {
    /// No bus, or nothing on it that keeps secrets.
    Absent,
    /// There, but somebody has to unlock it: the desktop asks the person.
    Locked,
    /// Ready.
    Unlocked,
}

/// Asks the bus that `enter` leads to for its keychain.
pub fn keychain(enter: impl Fn(&mut Command)) -> Keychain {
    let mut ask = Command::new("dbus-send");
    ask.args([
        "--session",
        "--print-reply",
        "--reply-timeout=5000",
        "--dest=org.freedesktop.secrets",
        "/org/freedesktop/secrets/aliases/default",
        "org.freedesktop.DBus.Properties.Get",
        "string:org.freedesktop.Secret.Collection",
        "string:Locked",
    ]);
    enter(&mut ask);
    process::output(&mut ask).map_or(Keychain::Absent, |answer| keychain_state(&answer))
}

/// Whether something on the bus keeps secrets already; never starts it.
fn keeps_secrets(enter: impl Fn(&mut Command)) -> bool {
    let mut ask = Command::new("dbus-send");
    ask.args([
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.NameHasOwner",
        "string:org.freedesktop.secrets",
    ]);
    enter(&mut ask);
    process::output(&mut ask).is_ok_and(|answer| answer.contains("boolean true"))
}

fn keychain_state(answer: &str) -> Keychain {
    if answer.contains("boolean false") {
        Keychain::Unlocked
    } else if answer.contains("boolean true") {
        Keychain::Locked
    } else {
        Keychain::Absent
    }
}

fn with(command: &mut Command, variables: &[(&'static str, OsString)]) {
    command.envs(variables.iter().map(|(name, value)| (name, value)));
}

fn folder(parent: &Path, name: &str, mode: u32) -> Result<PathBuf> {
    let path = parent.join(name);
    fs::create_dir_all(&path).with_context(|| format!("Creating {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("Closing {} to others", path.display()))?;
    Ok(path)
}

/// A short path of its own: names of sockets may not be longer than about a hundred characters.
struct RuntimeFolder(PathBuf);

impl RuntimeFolder {
    fn make() -> Result<Self> {
        let made = process::output(Command::new("mktemp").arg("-d"))?;
        Ok(Self(PathBuf::from(made.trim())))
    }
}

impl Drop for RuntimeFolder {
    fn drop(&mut self) {
        // It holds sockets only; one that stays behind does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_the_bus_tells_whether_somebody_must_unlock() {
        assert_eq!(keychain_state("   variant       boolean false\n"), Keychain::Unlocked);
        assert_eq!(keychain_state("   variant       boolean true\n"), Keychain::Locked);
        assert_eq!(keychain_state(""), Keychain::Absent);
    }

    #[test]
    fn a_machine_without_a_bus_has_no_keychain() {
        let nowhere = |command: &mut Command| {
            command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        };
        assert_eq!(keychain(nowhere), Keychain::Absent);
    }
}
