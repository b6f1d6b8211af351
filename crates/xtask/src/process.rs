//! Running other programs: to their end as a step, or in the background until they are stopped.
//!
//! A stop (Ctrl+C, SIGTERM, a closed terminal) never kills xtask at once: the step that runs is
//! ended, an error travels up, and every background program is stopped on the way by its `Drop`.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// How long a program may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Turns the stop signals into a flag that the waiting functions here look at.
pub fn watch_for_stop() -> Result<()> {
    let flag = STOP.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag)).context("Watching for Ctrl+C")?;
    }
    Ok(())
}

/// Whether somebody asked xtask to stop.
pub fn stopping() -> bool {
    STOP.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Cargo, as a person would call it from a shell.
pub fn cargo() -> Command {
    let mut command = Command::new("cargo");
    ready_for_cargo(&mut command);
    command
}

/// Gives every cargo that is called from here, directly or through another program, one environment:
/// a cargo that sees another environment builds what is built already a second time.
///
/// What `cargo xtask` itself put there is taken out. Build scripts look at some of it, and would run
/// again each time somebody calls cargo by hand in between.
pub fn ready_for_cargo(command: &mut Command) {
    if std::env::var_os("CI").is_some() {
        // Nobody changes anything there and builds again: what that would need only fills the disk.
        command.env("CARGO_INCREMENTAL", "0");
    }
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
}

/// The call as a person would type it.
pub fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .map(|word| if word.contains(' ') { format!("'{word}'") } else { word.into_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Prints the call, runs it to its end and fails unless it ended well.
pub fn check(command: &mut Command) -> Result<()> {
    // A group of its own: when xtask is told to stop, all that the step started ends with it.
    command.process_group(0);
    finish(command, Reach::Group)
}

/// The same for a program that may ask something on the terminal, a password for instance: only
/// programs of the terminal's own group may read from it.
pub fn check_in_foreground(command: &mut Command) -> Result<()> {
    finish(command, Reach::Program)
}

fn finish(command: &mut Command, reach: Reach) -> Result<()> {
    println!("$ {}", shown(command));
    let mut child = command.spawn().with_context(|| format!("Starting `{}`", shown(command)))?;
    let mut pause = Duration::from_millis(5);
    loop {
        let ended = child.try_wait().context("Waiting for a program")?;
        if stopping() {
            end(&mut child, reach);
            bail!("stopped");
        }
        match ended {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("`{}` ended with {status}", shown(command)),
            None => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Runs the call quietly and returns what it printed; fails unless it ended well.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("Starting `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}: {}", shown(command), output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name can be started.
pub fn is_installed(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Asks `ready` again and again until it answers, the time is over or somebody stops xtask.
pub fn wait_for<T>(what: &str, time_out: Duration, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = ready()? {
            return Ok(value);
        }
        if stopping() {
            bail!("stopped");
        }
        if start.elapsed() > time_out {
            bail!("{what} did not happen within {} s", time_out.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A program that runs beside xtask in a process group of its own and ends with this value.
pub struct Background {
    name: String,
    child: Child,
}

impl Background {
    /// Starts the program. A group of its own keeps Ctrl+C from reaching it before xtask does.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        let child = command.process_group(0).spawn().with_context(|| format!("Starting `{}`", shown(command)))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Starts the program and waits for the first line it prints.
    pub fn start_and_read_line(name: &str, command: &mut Command, time_out: Duration) -> Result<(Self, String)> {
        let mut started = Self::start(name, command.stdout(Stdio::piped()))?;
        let stdout = started.child.stdout.take().context("A pipe was asked for")?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // The receiver is gone when the time was over: then nobody wants the line.
            let _ = sender.send(read.map(|_| line));
        });
        let line = receiver
            .recv_timeout(time_out)
            .with_context(|| format!("Waiting for {name} to say that it is ready"))?
            .with_context(|| format!("Reading what {name} printed"))?;
        let line = line.trim().to_owned();
        if line.is_empty() {
            bail!("{name} ended before it was ready");
        }
        Ok((started, line))
    }

    /// Writes a text to the program's standard input (asked for as a pipe) and closes it.
    pub fn tell(&mut self, text: &str) -> Result<()> {
        use std::io::Write;
        let mut stdin = self.child.stdin.take().context("A pipe was asked for")?;
        stdin.write_all(text.as_bytes()).with_context(|| format!("Writing to {}", self.name))
    }

    /// The end of the program, if it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("Looking at {}", self.name))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        end(&mut self.child, Reach::Group);
    }
}

/// What a signal is sent to.
#[derive(Clone, Copy)]
enum Reach {
    Program,
    Group,
}

/// Asks a program to end and kills it when it does not within the grace time.
fn end(child: &mut Child, reach: Reach) {
    signal(child, reach, "-TERM");
    let start = Instant::now();
    while start.elapsed() < GRACE {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Ok(Some(_)) | Err(_) => break,
        }
    }
    // The group may outlive its first program: a web process that hangs, for instance.
    signal(child, reach, "-KILL");
    let _ = child.wait();
}

fn signal(child: &Child, reach: Reach, signal: &str) {
    let target = match reach {
        Reach::Program => child.id().to_string(),
        Reach::Group => format!("-{}", child.id()),
    };
    // It is no error when the program has ended by itself.
    let _ = Command::new("kill")
        .args([signal, "--", &target])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_is_named_with_its_call() {
        let error = check(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c 'exit 3'"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = check(&mut Command::new("slipway-no-such-program")).unwrap_err();
        assert!(format!("{error:#}").contains("slipway-no-such-program"));
        assert!(!is_installed("slipway-no-such-program"));
        assert!(is_installed("sh"));
    }

    #[test]
    fn a_background_program_ends_with_its_children_when_it_is_dropped() {
        let (background, pid_of_child) = Background::start_and_read_line(
            "shell",
            Command::new("sh").args(["-c", "sleep 600 & echo $!; wait"]),
            Duration::from_secs(5),
        )
        .unwrap();
        let alive = || std::path::Path::new("/proc").join(&pid_of_child).exists();
        assert!(alive());
        drop(background);
        wait_for("the end of the grandchild", Duration::from_secs(5), || Ok((!alive()).then_some(()))).unwrap();
    }

    #[test]
    fn waiting_ends_with_the_time_and_says_for_what() {
        let error = wait_for::<()>("the tide", Duration::ZERO, || Ok(None)).unwrap_err();
        assert!(error.to_string().contains("the tide"));
    }
}
