//! The system's packages that a chore needs: looked up, installed where that is possible, and
//! otherwise named with the reason.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// One package of Debian and Ubuntu, and what Slipway needs it for.
pub struct Package {
    name: &'static str,
    reason: &'static str,
}

const fn package(name: &'static str, reason: &'static str) -> Package {
    Package { name, reason }
}

/// What building and opening the desktop needs.
pub const BUILD: &[Package] = &[
    package("build-essential", "C compiler and linker, for SQLCipher and the linker step of Rust"),
    package("pkg-config", "finds the system libraries below"),
    package("libssl-dev", "ciphers of the encrypted database (SQLCipher)"),
    package("libwebkit2gtk-4.1-dev", "the web view the window consists of"),
    package("libayatana-appindicator3-dev", "the icon with the count in the tray"),
    package("librsvg2-dev", "icons of the window"),
];

/// What a private display, message bus and keychain need, where the machine has none.
pub const SESSION: &[Package] = &[
    package("xvfb", "a display without a screen"),
    package("dbus", "a message bus for keychain and notifications"),
    package("gnome-keyring", "a keychain for the key of the local database"),
    package("imagemagick", "pictures of the window"),
    package("x11-utils", "facts about the display"),
    package("xdotool", "finds the window on the display"),
];

/// What the tests need beyond the two sets above.
pub const TEST: &[Package] = &[
    package("webkit2gtk-driver", "drives the real window in tests"),
    package("dunst", "shows notifications, and tells the tests which were shown"),
    package("systemd", "busctl, with which dunst tells what it showed; nothing is started"),
    package("libsecret-tools", "reads the keychain in tests"),
    package("dbus-x11", "lets a bus be found from the display"),
    package("xauth", "access to the private display"),
    package("curl", "the examples of the guide to the API"),
    package("jq", "takes a field out of an answer in those examples"),
    package("postgresql", "a private database server for the tests of the central server"),
];

/// What the figures need beyond the three sets above.
pub const BENCH: &[Package] = &[
    package("iproute2", "ss, which counts the bytes of connections"),
    package("sqlite3", "the import that ours is compared with"),
];

/// What making packages needs beyond the first set.
pub const BUNDLE: &[Package] = &[
    package("dpkg-dev", "finds the libraries that a package depends on"),
    package("binutils", "strip, for programs of other profiles than release"),
];

/// What judging the packages needs: linters, and a fresh system to install them in.
pub const BUNDLE_CHECKS: &[Package] = &[
    package("lintian", "Debian's rules of packages"),
    package("desktop-file-utils", "the form of the entry in menus"),
    package("appstream", "the form of the entry in software centres"),
    package("man-db", "the form of the manual pages"),
    package("debootstrap", "a fresh Debian to install the packages in"),
    package("curl", "asks the installed server whether it is ready"),
];

/// What drawing the icons needs.
pub const ICONS: &[Package] = &[package("librsvg2-bin", "draws an SVG in any size")];

/// Installs what is missing of these sets. On a system without apt it only says what is needed.
pub fn install(sets: &[&'static [Package]]) -> Result<()> {
    let wanted: Vec<&Package> = sets.iter().copied().flatten().collect();
    if !process::is_installed("apt-get") || !process::is_installed("dpkg-query") {
        return without_apt(&wanted);
    }
    let installed = installed(&wanted);
    let missing: Vec<&Package> =
        wanted.into_iter().filter(|package| !installed.contains(&package.name.to_owned())).collect();
    if missing.is_empty() {
        println!("System packages: all {} are installed", sets.iter().map(|set| set.len()).sum::<usize>());
        return Ok(());
    }
    println!("Slipway needs these system packages and installs them with apt-get now:");
    print!("{}", listed(&missing));
    let names = missing.iter().map(|package| package.name).collect::<Vec<_>>();
    apt_get(&["update"], &names)?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(&names);
    apt_get(&arguments, &names)
}

/// Fails with the way out unless a Node that can build the interface is here.
pub fn need_node() -> Result<()> {
    let way_out = "Install Node 20.19 or newer with npm (https://nodejs.org) and run this again";
    for program in ["node", "npm"] {
        if !process::is_installed(program) {
            bail!("The interface is built with {program}, which is not on the PATH. {way_out}");
        }
    }
    let version = process::output(Command::new("node").arg("--version"))?;
    let Some(found) = parse_version(&version) else {
        bail!("`node --version` printed {version:?}, which is no version. {way_out}");
    };
    if found < (20, 19) {
        bail!("Node {} is too old to build the interface. {way_out}", version.trim());
    }
    Ok(())
}

/// Major and minor of a version like `v20.20.2`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The names among these that dpkg calls installed.
fn installed(wanted: &[&Package]) -> Vec<String> {
    // dpkg-query ends with 1 when it does not know one of them, and still prints the others.
    let answer = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${db:Status-Status} ${Package}\n"])
        .args(wanted.iter().map(|package| package.name))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(answer) = answer else {
        return Vec::new();
    };
    names_installed(&String::from_utf8_lossy(&answer.stdout))
}

fn names_installed(answer: &str) -> Vec<String> {
    answer.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect()
}

fn listed(packages: &[&Package]) -> String {
    packages.iter().map(|package| format!("  {:<30} {}\n", package.name, package.reason)).collect()
}

/// Calls apt-get, through sudo when the person is not root.
fn apt_get(arguments: &[&str], names: &[&str]) -> Result<()> {
    let is_root = process::output(Command::new("id").arg("-u"))?.trim() == "0";
    let mut command = if is_root {
        Command::new("env")
    } else if process::is_installed("sudo") {
        let mut sudo = Command::new("sudo");
        if std::env::var_os("CI").is_some() {
            sudo.arg("--non-interactive");
        }
        sudo.arg("env");
        sudo
    } else {
        bail!(
            "Installing packages needs root, and sudo is not here. As root, run: \
             apt-get update && apt-get install -y --no-install-recommends {}",
            names.join(" ")
        );
    };
    command
        // Questions of a package would wait for ever where nobody sits.
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        // Another apt may run: a fresh machine often updates itself.
        .args(["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "-o", "Dpkg::Use-Pty=0", "-qq"])
        .args(arguments);
    if is_root {
        command.stdin(Stdio::null());
    }
    process::check_in_foreground(&mut command).with_context(|| {
        format!("Installing system packages failed. Try it by hand: apt-get install {}", names.join(" "))
    })
}

/// On other systems: nothing to do where the libraries are found, otherwise their names.
fn without_apt(wanted: &[&Package]) -> Result<()> {
    let libraries = ["webkit2gtk-4.1", "ayatana-appindicator3-0.1", "openssl"];
    let absent: Vec<&str> = libraries
        .into_iter()
        .filter(|library| process::output(Command::new("pkg-config").args(["--exists", library])).is_err())
        .collect();
    if absent.is_empty() {
        println!("No apt-get here, but the libraries are found: going on");
        return Ok(());
    }
    bail!(
        "This system has no apt-get, so Slipway cannot install what it needs (not found: {}). \
         Install the packages that correspond to these of Debian, and run this again:\n{}",
        absent.join(", "),
        listed(wanted)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_that_dpkg_calls_installed_count() {
        let answer = "installed xvfb\nconfig-files dunst\nnot-installed xauth\n";
        assert_eq!(names_installed(answer), ["xvfb"]);
    }

    #[test]
    fn node_versions_are_compared_as_numbers() {
        assert_eq!(parse_version("v20.20.2\n"), Some((20, 20)));
        assert!(parse_version("v9.11.0") < Some((20, 19)));
        assert_eq!(parse_version("nonsense"), None);
    }

    #[test]
    fn every_package_says_what_it_is_for() {
        for package in [BUILD, SESSION, TEST, BENCH, BUNDLE, BUNDLE_CHECKS, ICONS].into_iter().flatten() {
            assert!(package.reason.len() > 10, "{} has no reason", package.name);
            assert!(listed(&[package]).contains(package.reason));
        }
    }
}
