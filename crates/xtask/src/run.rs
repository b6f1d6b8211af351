//! From a fresh clone to the open desktop: packages, build, a server with sample data, a profile
//! that is signed in, the window.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::process::{self, Background};
use crate::session::{self, Keychain, Screen, Session};
use crate::{packages, screenshot, ui};

const SERVER_STARTS_WITHIN: Duration = Duration::from_secs(60);
const WINDOW_TITLE: &str = "Slipway";

/// How the desktop is opened.
#[derive(Args)]
pub struct Options {
    /// Folder of the server, the profile and the picture; made on the first start
    #[arg(long, default_value = "target/run")]
    data: PathBuf,
    /// Port of the server on loopback; chosen on the first start and kept
    #[arg(long)]
    port: Option<u16>,
    /// End by itself after this many seconds
    #[arg(long)]
    seconds: Option<u64>,
}

/// Installs, builds, starts the server and opens the desktop; returns when the window is closed.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let screen = screen();
    let data = made(&root.join(&options.data))?;
    let private_home = data.join("session");
    install_packages(screen, &private_home)?;
    ui::install(root)?;
    ui::build(root)?;
    process::check(process::cargo().arg("build"))?;

    let programs = Programs::beside(root);
    let address = Place { folder: data.join("server") };
    let _server = start_server(&programs, &address, &data, options.port)?;
    let url = address.url()?;
    println!("The server answers at {url} (its log: {})", data.join("server.log").display());

    let session = match keeper(screen, &private_home) {
        Keeper::Person => None,
        Keeper::Private => Some(Session::start(&private_home, screen)?),
    };
    let enter = |command: &mut Command| {
        if let Some(session) = &session {
            session.enter(command);
        }
    };
    let users = sample_users(&address.folder)?;
    let profile = data.join("profile");
    prepare_profile(&programs, &profile, &address, &users, &enter)?;
    introduce(&users);

    let log = data.join("desktop.log");
    let mut command = Command::new(&programs.desktop);
    command.env("SLIPWAY_PROFILE", &profile);
    into_log(&mut command, &log)?;
    enter(&mut command);
    let started = Instant::now();
    let mut desktop = Background::start("the desktop", &mut command)?;
    println!("The desktop is open (its log: {}). Ctrl+C ends everything.", log.display());

    if let Some(session) = session.as_ref().filter(|session| session.display().is_some()) {
        let file = data.join("screenshot.png");
        screenshot::take(session, WINDOW_TITLE, &file)
            .with_context(|| format!("The desktop showed nothing; its log: {}", log.display()))?;
        println!("There is no display here: the window is on a private one, its picture in {}", file.display());
    }
    wait_for_the_end(&mut desktop, started, options.seconds, &log)
}

/// Waits until the window is closed, the time is over or somebody presses Ctrl+C.
fn wait_for_the_end(desktop: &mut Background, started: Instant, seconds: Option<u64>, log: &Path) -> Result<()> {
    loop {
        if let Some(status) = desktop.ended()? {
            if status.success() {
                println!("The window was closed; the server ends too");
                return Ok(());
            }
            bail!("The desktop ended with {status}; its log: {}", log.display());
        }
        if process::stopping() {
            println!("\nEnding the desktop and the server");
            return Ok(());
        }
        if seconds.is_some_and(|seconds| started.elapsed() >= Duration::from_secs(seconds)) {
            println!("The time is over; the desktop and the server end");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn screen() -> Screen {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("DISPLAY") || set("WAYLAND_DISPLAY") { Screen::Given } else { Screen::Private }
}

fn install_packages(screen: Screen, private_home: &Path) -> Result<()> {
    let mut sets = vec![packages::BUILD];
    if keeper(screen, private_home) == Keeper::Private {
        sets.push(packages::SESSION);
    }
    packages::install(&sets)?;
    packages::need_node()
}

/// Whose keychain keeps the profile's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Keeper {
    Person,
    Private,
}

/// The person's own keychain where there is one. A profile that began with a private keychain
/// stays with it: its key is nowhere else.
fn keeper(screen: Screen, private_home: &Path) -> Keeper {
    if screen == Screen::Private || private_home.exists() {
        return Keeper::Private;
    }
    match session::keychain(|_| {}) {
        Keychain::Absent => Keeper::Private,
        Keychain::Locked | Keychain::Unlocked => Keeper::Person,
    }
}

struct Programs {
    server: PathBuf,
    ctl: PathBuf,
    desktop: PathBuf,
}

impl Programs {
    fn beside(root: &Path) -> Self {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        let debug = target.join("debug");
        Self { server: debug.join("slipway-server"), ctl: debug.join("slipwayctl"), desktop: debug.join("slipway") }
    }
}

/// The server's data folder and the two files it writes when it listens.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn address(&self) -> PathBuf {
        self.folder.join("address")
    }

    fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    fn url(&self) -> Result<String> {
        let file = self.address();
        let text = fs::read_to_string(&file).with_context(|| format!("Reading {}", file.display()))?;
        Ok(text.trim().to_owned())
    }
}

fn start_server(programs: &Programs, place: &Place, data: &Path, wanted: Option<u16>) -> Result<Background> {
    if !place.folder.join("sample-users.json").exists() {
        process::check(
            Command::new(&programs.server).args(["init", "--sample", "--data"]).arg(&place.folder).stdin(Stdio::null()),
        )?;
    }
    let port = port(&data.join("port"), wanted)?;
    // A file of an earlier run would be taken for the sign that this one listens.
    match fs::remove_file(place.address()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("Removing the address of an earlier run");
        }
        _ => {}
    }
    let log = data.join("server.log");
    let mut command = Command::new(&programs.server);
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(&place.folder);
    into_log(&mut command, &log)?;
    let mut server = Background::start("the server", &mut command)?;
    process::wait_for("The start of the server", SERVER_STARTS_WITHIN, || {
        if let Some(status) = server.ended()? {
            bail!("The server ended with {status}:\n{}", last_lines(&log));
        }
        Ok((place.address().exists() && place.ca().exists()).then_some(()))
    })?;
    Ok(server)
}

/// The port of this data folder. The profile remembers the address, so it must not change.
fn port(file: &Path, wanted: Option<u16>) -> Result<u16> {
    let kept = fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok());
    let port = match (wanted, kept) {
        (Some(wanted), Some(kept)) if wanted != kept => bail!(
            "This data folder began with port {kept}, and its profile remembers that. \
             Leave --port out, or give another --data folder"
        ),
        (Some(port), _) | (None, Some(port)) => port,
        (None, None) => 0,
    };
    let listener = TcpListener::bind(("127.0.0.1", port))
        .with_context(|| format!("Port {port} on loopback is taken. Does another `cargo xtask run` use it?"))?;
    let port = listener.local_addr().context("Reading the port")?.port();
    fs::write(file, port.to_string()).with_context(|| format!("Writing {}", file.display()))?;
    Ok(port)
}

/// One of the people whom `slipway-server init --sample` makes.
#[derive(Deserialize)]
struct SampleUser {
    user: String,
    password: String,
    name: String,
    roles: Vec<String>,
}

fn sample_users(server: &Path) -> Result<Vec<SampleUser>> {
    let file = server.join("sample-users.json");
    let text = fs::read_to_string(&file).with_context(|| format!("Reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("Understanding {}", file.display()))
}

/// Makes the profile, signs the release manager in and brings the sample data, once.
fn prepare_profile(
    programs: &Programs,
    profile: &Path,
    place: &Place,
    users: &[SampleUser],
    enter: &impl Fn(&mut Command),
) -> Result<()> {
    let ready = profile.with_extension("ready");
    if ready.exists() {
        return Ok(());
    }
    if profile.exists() {
        println!("The profile of an earlier start was not finished: it is made anew");
        fs::remove_dir_all(profile).with_context(|| format!("Removing {}", profile.display()))?;
    }
    let manager = users.first().context("The sample company has no people")?;
    let ctl = |arguments: &[&str]| {
        let mut command = Command::new(&programs.ctl);
        command.arg("--profile").arg(profile).args(arguments).stdin(Stdio::null());
        enter(&mut command);
        command
    };
    process::check(&mut ctl(&["init"]))?;

    let mut sign_in = ctl(&["sign-in", "--server", &place.url()?, "--ca"]);
    sign_in.arg(place.ca()).args(["--user", &manager.user, "--password-stdin"]);
    println!("$ {}", process::shown(&sign_in));
    let mut running = Background::start("slipwayctl sign-in", sign_in.stdin(Stdio::piped()))?;
    running.tell(&format!("{}\n", manager.password))?;
    let status = process::wait_for("The sign-in", Duration::from_secs(60), || running.ended())?;
    if !status.success() {
        bail!("The sign-in of {} ended with {status}", manager.user);
    }

    process::check(&mut ctl(&["sync"]))?;
    fs::write(&ready, "").with_context(|| format!("Writing {}", ready.display()))
}

fn introduce(users: &[SampleUser]) {
    println!("People of the sample company (the window is signed in as the first):");
    for SampleUser { user, password, name, roles } in users {
        println!("  {user:<14} password {password:<20} {name}: {}", roles.join(", "));
    }
}

fn made(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("Creating {}", folder.display()))?;
    folder.canonicalize().with_context(|| format!("Finding {}", folder.display()))
}

fn into_log(command: &mut Command, log: &Path) -> Result<()> {
    let file = fs::File::create(log).with_context(|| format!("Creating {}", log.display()))?;
    let twin = file.try_clone().context("Sharing the log")?;
    command.stdin(Stdio::null()).stdout(file).stderr(twin);
    Ok(())
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("slipway-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn the_port_of_a_data_folder_stays_the_same() {
        let folder = folder("port");
        let file = folder.join("port");
        let first = port(&file, None).unwrap();
        assert_eq!(port(&file, None).unwrap(), first);
        let error = port(&file, Some(first.wrapping_add(1))).unwrap_err().to_string();
        assert!(error.contains("--data"), "the way out is named: {error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_taken_port_is_named() {
        let folder = folder("taken");
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = taken.local_addr().unwrap().port();
        let error = port(&folder.join("port"), Some(number)).unwrap_err().to_string();
        assert!(error.contains(&number.to_string()), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_profile_with_a_private_keychain_stays_with_it() {
        let folder = folder("keeper");
        assert_eq!(keeper(Screen::Given, &folder), Keeper::Private);
        assert_eq!(keeper(Screen::Private, Path::new("/nonexistent")), Keeper::Private);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_people_of_the_sample_company_are_read() {
        let folder = folder("people");
        let text = r#"[{"user":"ada","password":"x","name":"Ada","roles":["release manager"]}]"#;
        fs::write(folder.join("sample-users.json"), text).unwrap();
        assert_eq!(sample_users(&folder).unwrap()[0].user, "ada");
        fs::remove_dir_all(folder).unwrap();
    }
}
