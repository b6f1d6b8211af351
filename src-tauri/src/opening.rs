//! What the desktop is asked to open from outside: a link to a record, or a carry file.

use clap::Parser;
use std::path::{Path, PathBuf};

/// Links begin with it; the system hands them to the desktop.
const SCHEME: &str = "slipway:";

/// The Slipway desktop: releases, approvals, CMDB and stores, with or without a network.
///
/// A second call hands what it was asked to open to the window that is there. SLIPWAY_PROFILE names another folder for
/// the encrypted records.
#[derive(Parser)]
#[command(name = "slipway", version)]
pub struct Arguments {
    /// What to open: a link such as slipway://releases/REL-000001, or a carry file.
    pub open: Option<String>,
    /// Write the manual page into a folder, for packages.
    #[arg(long, hide = true, value_name = "DIR")]
    pub manual: Option<PathBuf>,
}

/// The address in the window of what is to be opened; nothing where it leads nowhere.
///
/// A link leads to places and records and to nothing else, whoever wrote it: it carries no file and starts nothing. A
/// file that a person opens leads to the question whether to import it.
pub fn address(open: &str, folder: &Path) -> Option<String> {
    let Some(link) = open.strip_prefix(SCHEME) else {
        // File managers say which file as an address.
        let path = match url::Url::parse(open) {
            Ok(file) if file.scheme() == "file" => file.to_file_path().ok()?,
            _ => folder.join(open),
        };
        let name = path.file_name()?.to_str()?;
        let is_carry = name.ends_with(".carry") || name.ends_with(".carry.answer");
        let address = format!("/settings/carry/{}", encoded(path.to_str()?));
        return (is_carry && path.is_file()).then_some(address);
    };
    let path = link.split(['?', '#']).next()?.trim_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let depth = path.split('/').count();
    let leads_out = path.split('/').any(|part| part.is_empty() || part.starts_with('.'));
    let to_settings = path.starts_with("settings/") && depth > 2;
    (path.chars().all(is_plain) && depth <= 3 && !leads_out && !to_settings).then(|| format!("/{path}"))
}

/// One part of an address, with everything encoded that could end it.
fn encoded(part: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    part.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, missing_docs)]
    use super::*;

    #[test]
    fn links_lead_to_records_and_nowhere_else() {
        let here = Path::new("/");
        for (link, led) in [
            ("slipway://releases/REL-000001", Some("/releases/REL-000001")),
            ("slipway://releases/REL-000001/readiness/", Some("/releases/REL-000001/readiness")),
            ("slipway:inbox?from=mail#top", Some("/inbox")),
            ("slipway://settings/carry", Some("/settings/carry")),
            ("slipway://settings/carry/%2Fetc%2Fpasswd", None),
            ("slipway://settings/carry/x.carry", None),
            ("slipway://../index.html", None),
            ("slipway://releases/<script>", None),
            ("slipway://", None),
            ("https://releases/REL-000001", None),
            ("REL-000001", None),
        ] {
            assert_eq!(address(link, here).as_deref(), led, "{link}");
        }
    }

    #[test]
    fn a_carry_file_leads_to_its_import_by_its_whole_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("of ann & co.carry.answer");
        std::fs::write(&file, "").unwrap();
        let led = address("of ann & co.carry.answer", folder.path()).unwrap();
        assert!(led.starts_with("/settings/carry/%2F") && led.ends_with("of%20ann%20%26%20co.carry.answer"), "{led}");
        let as_address = url::Url::from_file_path(&file).unwrap();
        assert_eq!(address(as_address.as_str(), Path::new("/")).unwrap(), led, "as a file manager says it");
        assert_eq!(address("missing.carry", folder.path()), None);
        std::fs::write(folder.path().join("notes.txt"), "").unwrap();
        assert_eq!(address("notes.txt", folder.path()), None);
    }
}
