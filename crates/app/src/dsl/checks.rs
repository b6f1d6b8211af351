//! Checks of items in quarantine: what they are made with (keys of vendors, the scanner of this computer), and their
//! beginning.

use super::DslRequest;
use super::signature::{form_of, look};
use crate::App;
use crate::error::CallError;
use crate::jobs;
use crate::resolve;
use crate::view::common::Nothing;
use crate::view::dsl_files::{AddKeyRequest, RetireKeyRequest, Scanner, ScannerRequest, VendorKeyLine, VendorKeyList};
use crate::view::jobs::JobView;
use crate::view::mutations::Done;
use slipway_domain::access;
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::dsl::vendor_key::{KEY_BYTES, VendorKey};
use slipway_domain::id::VendorKeyId;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_store::Store;
use std::fs::File;
use std::io::Read;

/// Under which name the scanner is remembered.
const SCANNER: &str = "dsl.scanner";
/// Most words of its command.
const WORDS: usize = 50;

/// Begins to verify checksums and signatures.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn verify(app: &App, request: &DslRequest) -> Result<JobView, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    jobs::files::begin_check(app, &item, false)
}

/// Begins to scan for malware.
///
/// # Errors
/// `NO_SCANNER`, `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn scan(app: &App, request: &DslRequest) -> Result<JobView, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    kept_scanner(&app.open()?.store)?;
    jobs::files::begin_check(app, &item, true)
}

/// The command of the scanner.
///
/// # Errors
/// `NO_SCANNER`, or that the storage failed.
pub(crate) fn kept_scanner(store: &Store) -> Result<Vec<String>, CallError> {
    let words: Vec<String> =
        store.remembered(SCANNER)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    if words.is_empty() {
        return Err(CallError::trouble(
            "NO_SCANNER",
            "No scanner is set up on this computer.",
            "Name its program, such as: slipwayctl dsl scanner clamdscan --fdpass --no-summary.",
        ));
    }
    Ok(words)
}

/// Tells which scanner this computer has, and sets it.
///
/// # Errors
/// Trouble.
pub fn scanner(app: &App, request: &ScannerRequest) -> Result<Scanner, CallError> {
    let store = &app.open()?.store;
    if let Some(words) = &request.command {
        let words: Vec<&String> = words.iter().filter(|word| !word.trim().is_empty()).collect();
        if words.len() > WORDS || words.iter().any(|word| word.contains('\0')) {
            return Err(CallError::trouble(
                "BAD_REQUEST",
                format!("A command has at most {WORDS} words, and none of them holds a zero."),
                "Put the rest into a script.",
            ));
        }
        store.remember(SCANNER, &serde_json::to_string(&words).unwrap_or_default())?;
    }
    let command = match kept_scanner(store) {
        Err(error) if error.has("NO_SCANNER") => Vec::new(),
        other => other?,
    };
    Ok(Scanner { command })
}

/// Keys of vendors.
///
/// # Errors
/// Trouble.
pub fn keys(app: &App, _: &Nothing) -> Result<VendorKeyList, CallError> {
    app.read(|sight| {
        let mut keys: Vec<VendorKey> = sight.records.list(Lookup::AllOf, Kind::VendorKey.name())?;
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        let line = |key: VendorKey| {
            let fingerprint = look(key.form, &key.key).unwrap_or_default();
            Ok::<_, CallError>(VendorKeyLine { by: sight.named(Kind::Person, key.by)?, fingerprint, key })
        };
        Ok(VendorKeyList {
            keys: keys.into_iter().map(line).collect::<Result<_, _>>()?,
            against_changing: access::denial("dsl.put_key", &sight.person()?),
        })
    })
}

/// Adds a key of a vendor; in which form it is, is seen from it.
///
/// # Errors
/// `WRONG_KEY`, a refusal, or trouble.
pub fn add_key(app: &App, request: &AddKeyRequest) -> Result<Done, CallError> {
    let text = match (&request.key, &request.path) {
        (Some(key), None) => key.trim().to_owned(),
        (None, Some(path)) => of_file(path)?,
        _ => {
            return Err(CallError::trouble(
                "BAD_REQUEST",
                "A key is given as text or as a file.",
                "Give one of the two.",
            ));
        }
    };
    let form = form_of(&text);
    look(form, &text).map_err(|why| {
        CallError::trouble(
            "WRONG_KEY",
            format!("The key cannot be used: {why}."),
            "Give a public key of minisign, of OpenPGP in ASCII armour, or of SSH (ssh-ed25519 or ecdsa-sha2-nistp256).",
        )
    })?;
    let key = VendorKey {
        id: VendorKeyId(app.host().new_id()),
        vendor: request.vendor.clone(),
        name: request.name.clone(),
        form,
        key: text,
        by: app.open()?.actor,
        at: app.host().now(),
        retired_because: String::new(),
    };
    let id = key.id.0;
    app.issue(Command::Setup(SetupCommand::PutVendorKey(key)), Some((Kind::VendorKey, id)))
}

fn of_file(path: &str) -> Result<String, CallError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(KEY_BYTES as u64 + 1).read_to_string(&mut text));
    read.map_err(|e| jobs::files::unreadable(path, &e))?;
    Ok(text.trim().to_owned())
}

/// Retires a key of a vendor.
///
/// # Errors
/// `NOT_FOUND`, a refusal, or trouble.
pub fn retire_key(app: &App, request: &RetireKeyRequest) -> Result<Done, CallError> {
    let mut key = app.read(|sight| resolve::vendor_key(sight, &request.key))?;
    if request.reason.trim().is_empty() {
        return Err(crate::missing("retire", "reason"));
    }
    key.retired_because.clone_from(&request.reason);
    let id = key.id.0;
    app.issue(Command::Setup(SetupCommand::PutVendorKey(key)), Some((Kind::VendorKey, id)))
}
