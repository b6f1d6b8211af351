//! The packages on trial: the linters of their parts, and a fresh Debian in which they are installed, used, kept
//! through an upgrade, removed and purged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::name_of;
use crate::process::{self, Background};

/// Port of the server that is started in the fresh system, which shares the network of this one.
const PORT: &str = "18443";

/// Debian's rules, and the forms of what the desktop and the service manager read.
pub fn lint(root: &Path, files: &[PathBuf]) -> Result<()> {
    let packages = files.iter().filter(|file| name_of(file).ends_with(".deb"));
    process::check(
        Command::new("lintian")
            .args(["--fail-on", "error,warning", "--tag-display-limit", "0", "--allow-root"])
            .args(packages),
    )?;
    let desktop = root.join("packaging/desktop");
    process::check(Command::new("desktop-file-validate").arg(desktop.join("slipway.desktop")))?;
    process::check(
        Command::new("appstreamcli")
            .args(["validate", "--no-net"])
            .arg(desktop.join("app.slipway.desktop.metainfo.xml")),
    )?;
    let mut pages = 0;
    for folder in ["slipway/man", "slipway-server/man"] {
        for page in std::fs::read_dir(root.join("target/bundle").join(folder))?.filter_map(Result::ok) {
            let mut man = Command::new("man");
            man.args(["--warnings", "--encoding=UTF-8", "--local-file"]).arg(page.path());
            let read = man.env("LC_ALL", "C.UTF-8").env("MANROFFSEQ", "").stdin(Stdio::null()).output()?;
            let said = String::from_utf8_lossy(&read.stderr);
            if !read.status.success() || !said.trim().is_empty() {
                bail!("man complains about {}: {said}", page.path().display());
            }
            pages += 1;
        }
    }
    println!("man reads {pages} pages without a complaint");
    if process::is_installed("systemd-analyze") {
        // In tenths: how much a service could do that it need not.
        process::check(
            Command::new("systemd-analyze")
                .args(["security", "--offline=true", "--threshold=15", "--no-pager"])
                .arg(root.join("packaging/server/slipway-server.service"))
                .stdout(Stdio::null()),
        )?;
        println!("systemd-analyze finds the service locked down");
    }
    Ok(())
}

/// A Debian of its own in a folder.
struct Fresh {
    root: PathBuf,
}

impl Fresh {
    /// Makes it of the packages that this machine is made of.
    fn make(folder: &Path) -> Result<Self> {
        let root = folder.join("fresh");
        let site = process::output(Command::new("apt-get").args(["indextargets", "--format", "$(SITE)"]))?;
        let site = site.lines().next().context("apt knows no place of packages")?.to_owned();
        let release = std::fs::read_to_string("/etc/os-release").context("Asking which Debian this is")?;
        let name = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
        let name = name.context("This system has no code name, so there is no fresh one to make")?;
        println!("Making a fresh {name}");
        let mut debootstrap = Command::new("debootstrap");
        debootstrap.args(["--variant=minbase", name]).arg(&root).arg(&site).stdout(Stdio::null());
        process::check(&mut debootstrap)?;
        // Nothing is started there: it has no service manager.
        std::fs::write(root.join("usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n")?;
        process::check(Command::new("chmod").arg("755").arg(root.join("usr/sbin/policy-rc.d")))?;
        let fresh = Self { root };
        fresh.run("apt-get update -qq")?;
        Ok(fresh)
    }

    fn command(&self, line: &str) -> Command {
        let mut chroot = Command::new("chroot");
        chroot.arg(&self.root).args(["sh", "-c", line]);
        chroot.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8").env_remove("TMPDIR");
        chroot.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        chroot
    }

    fn run(&self, line: &str) -> Result<String> {
        process::output(&mut self.command(line)).with_context(|| format!("In the fresh system: {line}"))
    }

    /// Every file but those in which the system itself keeps account.
    fn files(&self) -> Result<BTreeSet<String>> {
        let out = self.run(
            "find / -xdev \\( -path /proc -o -path /sys -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \
             -o -path /var/log -o -path /tmp -o -path /usr/share/mime -o -path /root \\) -prune -o -print",
        )?;
        Ok(out.lines().map(str::to_owned).collect())
    }

    /// Puts the packages' dependencies there first, so that what is compared is the packages alone.
    fn install(&self, package: &Path) -> Result<String> {
        std::fs::copy(package, self.root.join("tmp").join(name_of(package)))?;
        let file = format!("/tmp/{}", name_of(package));
        self.run(&format!(
            "apt-get install -y -qq --no-install-recommends $(dpkg-deb --field {file} Depends | \
             sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')"
        ))?;
        self.run(&format!("dpkg --install {file} 2>&1"))
    }
}

/// Installs, uses, upgrades, removes and purges both packages.
pub fn install(folder: &Path, desktop: &Path, server: &Path) -> Result<()> {
    let fresh = Fresh::make(folder)?;
    let judged = the_desktop(&fresh, desktop).and_then(|()| the_server(&fresh, server));
    judged.context("Kept for a look: target/bundle/fresh")?;
    std::fs::remove_dir_all(&fresh.root).context("Removing the fresh system")
}

fn the_desktop(fresh: &Fresh, package: &Path) -> Result<()> {
    fresh.install(package)?;
    fresh.run("dpkg --purge slipway")?;
    let before = fresh.files()?;
    fresh.install(package)?;
    for (line, said) in [
        ("slipway --version", "slipway "),
        ("slipwayctl --version", "slipwayctl "),
        ("slipwayctl generate --cis 10 --relations 9 --output /tmp && head -1 /tmp/cis.csv", "name"),
        ("ls /usr/share/man/man1", "slipwayctl-release-approve.1.gz"),
        ("dpkg --verify slipway && echo sound", "sound"),
    ] {
        expect(&fresh.run(line)?, said)?;
    }
    fresh.run("dpkg --purge slipway")?;
    nothing_left(&before, &fresh.files()?)?;
    println!("{} installs, runs and is gone without a trace", name_of(package));
    Ok(())
}

fn the_server(fresh: &Fresh, package: &Path) -> Result<()> {
    fresh.install(package)?;
    fresh.run("dpkg --purge slipway-server")?;
    let before = fresh.files()?;

    fresh.install(package)?;
    expect(&fresh.run("stat --format '%U %a' /var/lib/slipway")?, "slipway 700")?;
    expect(&fresh.run("dpkg-query --show --showformat '${Conffiles}' slipway-server")?, "/etc/slipway/server.env")?;
    fresh.run("dpkg --purge slipway-server")?;
    nothing_left(&before, &fresh.files()?)?;
    if fresh.run("getent passwd slipway").is_ok() || fresh.run("getent group slipway").is_ok() {
        bail!("The user of the server outlives it");
    }

    fresh.install(package)?;
    fresh.run("echo 'OPTIONS=--name ours.example' >> /etc/slipway/server.env")?;
    let made = "echo harbour-and-vale | runuser -u slipway -- slipway-server init --data /var/lib/slipway --admin ruth --password-stdin";
    expect(&fresh.run(made)?, "Made the workspace")?;
    serve(fresh)?;
    // An upgrade, as dpkg sees it.
    fresh.install(package)?;
    expect(&fresh.run("cat /etc/slipway/server.env")?, "ours.example")?;
    expect(&fresh.run("runuser -u slipway -- slipway-server check --data /var/lib/slipway")?, "are sound")?;
    fresh.run("dpkg --remove slipway-server")?;
    expect(&fresh.run("cat /etc/slipway/server.env")?, "ours.example")?;
    // A workspace is not thrown away by the way.
    expect(&fresh.run("dpkg --purge slipway-server 2>&1")?, "holds a workspace and stays")?;
    fresh.run("rm -r /var/lib/slipway && userdel slipway")?;
    nothing_left(&before, &fresh.files()?)?;
    println!("{} installs, serves, keeps what is ours through an upgrade and a purge", name_of(package));
    Ok(())
}

/// Starts the server as its unit does and asks whether it is ready.
fn serve(fresh: &Fresh) -> Result<()> {
    let line =
        format!("exec runuser -u slipway -- slipway-server serve --data /var/lib/slipway --listen 127.0.0.1:{PORT}");
    let _server = Background::start("slipway-server", fresh.command(&line).stdin(Stdio::null()))?;
    let authority = fresh.root.join("var/lib/slipway/ca.pem");
    process::wait_for("the answer of the installed server", Duration::from_secs(30), || {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--cacert"]).arg(&authority);
        Ok(process::output(curl.arg(format!("https://127.0.0.1:{PORT}/v1/ready"))).ok())
    })?;
    Ok(())
}

fn expect(said: &str, wanted: &str) -> Result<()> {
    if !said.contains(wanted) {
        bail!("Expected {wanted:?} in {said:?}");
    }
    Ok(())
}

fn nothing_left(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Result<()> {
    let left: Vec<&String> = after.difference(before).collect();
    if !left.is_empty() {
        bail!("These files are left: {left:?}");
    }
    Ok(())
}
