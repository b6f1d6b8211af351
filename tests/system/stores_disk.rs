//! A full disk amid work on masters: it is said with a way out, the library is unharmed, and with room again the same call
//! goes on.

use crate::support::ctl::{Ctl, Outcome};
use crate::support::disk::SmallDisk;
use crate::support::server::{SampleUser, Server};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Bytes of the master: no packing makes them smaller, and two of them fit on no disk here.
const MASTER_BYTES: usize = 24 << 20;
/// MiB of a disk that holds a laptop of the sample company and one master.
const DISK_MIB: u32 = 72;

fn noise(mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MASTER_BYTES);
    while bytes.len() < MASTER_BYTES {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.extend(seed.to_le_bytes());
    }
    bytes
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

/// A laptop in a folder, with everything but files.
fn laptop_at(profile: &Path, server: &Server, person: &SampleUser) -> Ctl {
    let mut laptop = Ctl::with_profile(profile);
    laptop.run_with(&["init", "--passphrase-stdin"], "quay\n").expect_code(0);
    laptop.set("SLIPWAY_PASSPHRASE", "quay");
    laptop.sign_in(server, &person.user, &person.password).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    laptop
}

/// It ended as trouble by a full disk, with a way out.
#[track_caller]
fn expect_full(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    let told = outcome.refusal().to_string();
    assert!(told.contains("DISK_FULL") && told.contains("way_out"), "{told}");
}

/// Every file that the laptop says is here is whole.
#[track_caller]
fn expect_sound(laptop: &Ctl) {
    let scrubbed = laptop.json(&["dsl", "scrub"]);
    let note = scrubbed["note"].as_str().unwrap_or_default();
    assert!(note.starts_with("1 file read") && !note.contains("damaged"), "{scrubbed}");
}

/// Where the bytes of the item's only file are, in words.
fn place(laptop: &Ctl, item: &str) -> String {
    laptop.json(&["dsl", "files", item])["files"][0]["place"].as_str().expect("a file").to_owned()
}

/// A server, the file of a master of its library on another disk, and the numbers of the item and of a release of it.
struct Company {
    server: Server,
    folder: TempDir,
    manager: Ctl,
    item: String,
    release: String,
}

fn company() -> Company {
    let server = Server::with_sample();
    let manager = Ctl::signed_in(&server, &server.person_with("release_manager"));
    let librarian = Ctl::signed_in(&server, &server.person_with("dsl_librarian"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("payroll.iso");
    fs::write(&file, noise(7)).expect("a file");
    let done = manager.json(&["dsl", "submit", "--name", "Payroll disk", "--version", "9.4", text(&file)]);
    let item = done["record"]["id"].as_str().expect("an id").to_owned();
    manager.run(&["sync"]).expect_code(0);
    librarian.run(&["sync"]).expect_code(0);
    for check in ["checksum", "signature", "malware-scan", "licence"] {
        librarian.run(&["dsl", "check", &item, check, "--note", "seen"]).expect_code(0);
    }
    librarian.run(&["dsl", "accept", &item]).expect_code(0);
    librarian.run(&["sync"]).expect_code(0);
    manager.run(&["sync"]).expect_code(0);
    let made = manager.json(&["release", "new", "--title", "Payroll", "--type", "software", "--class", "minor"]);
    let release = made["record"]["id"].as_str().expect("an id").to_owned();
    manager.run(&["release", "edit", &release, "--add-item", &item]).expect_code(0);
    manager.run(&["sync"]).expect_code(0);
    Company { server, folder, manager, item, release }
}

#[test]
fn a_master_for_which_there_is_no_room_is_taken_in_once_there_is() {
    let Some(disk) = SmallDisk::mount(DISK_MIB) else { return };
    let server = Server::with_sample();
    let laptop = laptop_at(&disk.path().join("profile"), &server, &server.person_with("release_manager"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("payroll.iso");
    fs::write(&file, noise(7)).expect("a file");
    let made = laptop.json(&["dsl", "submit", "--name", "Payroll disk", "--version", "9.4"]);
    let item = made["record"]["id"].as_str().expect("an id").to_owned();
    // The disk tells how much is free; room is set aside that it does not have, as when another program fills it meanwhile.
    laptop.run(&["dsl", "room", "--set", "1GiB"]).expect_code(0);
    disk.leave(MASTER_BYTES / 2);
    let add = ["dsl", "add-file", &item, text(&file), "--json"];
    expect_full(&laptop.run(&add));
    assert_eq!(laptop.json(&["dsl", "files", &item])["files"].as_array().map(Vec::len), Some(0), "nothing half");
    disk.empty();
    laptop.run(&add).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    assert_eq!(place(&laptop, &item), "here", "and the server has it");
    let out = tempfile::tempdir().expect("a temporary folder");
    laptop.run(&["dsl", "get", &item, "--to", text(out.path())]).expect_code(0);
    assert!(fs::read(out.path().join("payroll.iso")).expect("the file") == noise(7), "byte for byte");
    expect_sound(&laptop);
}

#[test]
fn a_set_is_written_whole_or_not_at_all_and_goes_on_with_room_again() {
    let Some(stick) = SmallDisk::mount(DISK_MIB) else { return };
    let company = company();
    for name in ["set.tar", "set"] {
        let to = stick.path().join(name);
        stick.leave(MASTER_BYTES / 2);
        let export = ["dsl", "export-set", &company.release, "--to", text(&to), "--json"];
        expect_full(&company.manager.run(&export));
        assert!(!to.is_file() && !to.join("manifest.sig.json").exists(), "what is not whole is no set");
        stick.empty();
        company.manager.run(&export).expect_code(0);
        company.manager.run(&["verify-set", text(&to)]).expect_code(0);
        let left = fs::read_dir(stick.path()).expect("the stick").count();
        assert_eq!(left, 1, "and nothing else is left there");
        fs::remove_file(&to).or_else(|_| fs::remove_dir_all(&to)).expect("the set");
    }
    expect_sound(&company.manager);
}

#[test]
fn a_set_is_taken_in_once_there_is_room() {
    let Some(disk) = SmallDisk::mount(DISK_MIB) else { return };
    let mut company = company();
    let set = company.folder.path().join("set.tar");
    company.manager.run(&["dsl", "export-set", &company.release, "--to", text(&set)]).expect_code(0);
    let profile = disk.path().join("profile");
    let site = laptop_at(&profile, &company.server, &company.server.person_with("technician"));
    site.run(&["dsl", "room", "--set", "1GiB"]).expect_code(0);
    company.server.stop();
    disk.leave(MASTER_BYTES / 2);
    let import = ["dsl", "import-set", text(&set), "--json"];
    expect_full(&site.run(&import));
    assert_eq!(place(&site, &company.item), "not_here");
    disk.empty();
    site.run(&import).expect_code(0);
    assert_eq!(place(&site, &company.item), "here");
    let out = tempfile::tempdir().expect("a temporary folder");
    site.run(&["dsl", "get", &company.item, "--to", text(out.path())]).expect_code(0);
    assert!(fs::read(out.path().join("payroll.iso")).expect("the file") == noise(7), "byte for byte");
    expect_sound(&site);
}
