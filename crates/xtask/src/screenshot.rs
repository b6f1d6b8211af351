//! A picture of the desktop's window, taken once it has painted.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process;
use crate::session::Session;

/// A window that has only its background has a handful of colours; text alone brings dozens.
const COLOURS_OF_A_PAINTED_WINDOW: u64 = 48;
const TIME_OUT: Duration = Duration::from_secs(60);

/// Waits until the window of this title has painted and stands still, and writes its picture.
pub fn take(session: &Session, title: &str, file: &Path) -> Result<()> {
    let window = process::wait_for("The opening of the window", TIME_OUT, || Ok(window_called(session, title)))?;
    let mut previous = None;
    process::wait_for("The first complete picture of the window", TIME_OUT, || {
        let now = picture(session, &window, file)?;
        let still = now.colours >= COLOURS_OF_A_PAINTED_WINDOW && previous.as_ref() == Some(&now);
        previous = Some(now);
        Ok(still.then_some(()))
    })
}

/// The number of the visible window with this title.
fn window_called(session: &Session, title: &str) -> Option<String> {
    let mut search = Command::new("xdotool");
    search.args(["search", "--onlyvisible", "--name", title]);
    session.enter(&mut search);
    // xdotool ends with 1 as long as there is none.
    process::output(&mut search).ok()?.lines().last().map(str::to_owned)
}

#[derive(PartialEq, Eq)]
struct Picture {
    colours: u64,
    signature: String,
}

fn picture(session: &Session, window: &str, file: &Path) -> Result<Picture> {
    let mut import = Command::new("import");
    import.args(["-window", window]).arg(file).stdin(Stdio::null());
    session.enter(&mut import);
    process::output(&mut import)?;
    parse(&process::output(Command::new("identify").args(["-format", "%k %#"]).arg(file))?)
}

fn parse(answer: &str) -> Result<Picture> {
    let mut words = answer.split_whitespace();
    let colours = words.next().and_then(|word| word.parse().ok()).context("Counting colours")?;
    let signature = words.next().context("Reading the signature of a picture")?.to_owned();
    Ok(Picture { colours, signature })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_of_a_picture_are_read() {
        let picture = parse("412 9f3c\n").unwrap();
        assert_eq!(picture.colours, 412);
        assert!(parse("").is_err());
    }
}
