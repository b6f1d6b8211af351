use super::{ABOUT_BYTES, Carrier, inside};
use rstest::rstest;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// An entry with a name that no builder lets through.
fn entry(tar: &mut Builder<Vec<u8>>, name: &[u8], kind: EntryType, bytes: &[u8], says: u64) {
    let mut header = Header::new_gnu();
    let field = &mut header.as_gnu_mut().unwrap().name;
    field[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(says);
    if matches!(kind, EntryType::Link | EntryType::Symlink) {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

fn file(fill: impl FnOnce(&mut Builder<Vec<u8>>)) -> (TempDir, PathBuf) {
    let mut tar = Builder::new(Vec::new());
    entry(&mut tar, b"manifest.json", EntryType::Regular, b"{}", 2);
    fill(&mut tar);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.tar");
    fs::write(&path, tar.into_inner().unwrap()).unwrap();
    (folder, path)
}

fn told(path: &Path) -> Vec<String> {
    let known: BTreeSet<PathBuf> = ["manifest.json", "a/b.txt"].map(PathBuf::from).into();
    Carrier::at(path).unwrap().strangers(&known).unwrap()
}

#[rstest]
#[case::good(b"a/b.txt", EntryType::Regular, None)]
#[case::as_tar_packs_a_folder(b"./a/b.txt", EntryType::Regular, None)]
#[case::folder(b"a/", EntryType::Directory, None)]
#[case::this_folder(b"./", EntryType::Directory, None)]
#[case::stranger(b"setup.exe", EntryType::Regular, Some("setup.exe does not belong"))]
#[case::absolute(b"/etc/passwd", EntryType::Regular, Some("is an absolute path"))]
#[case::absolute_elsewhere(b"\\\\host\\x", EntryType::Regular, Some("is an absolute path"))]
#[case::climbs(b"a/../../x", EntryType::Regular, Some("climbs"))]
#[case::climbing_folder(b"../x/", EntryType::Directory, Some("climbs"))]
#[case::backslash(b"a\\..\\x", EntryType::Regular, Some("is no plain path"))]
#[case::hole(b"a//b.txt", EntryType::Regular, Some("is no plain path"))]
#[case::symbolic_link(b"a/b.txt", EntryType::Symlink, Some("is a link"))]
#[case::hard_link(b"a/b.txt", EntryType::Link, Some("is a link"))]
#[case::device(b"a/b.txt", EntryType::Char, Some("is no plain file"))]
#[case::pipe(b"a/b.txt", EntryType::Fifo, Some("is no plain file"))]
#[case::for_all_entries(b"a/b.txt", EntryType::XGlobalHeader, Some("is no plain file"))]
#[case::folder_with_bytes(b"a/", EntryType::Regular, Some("the name of a folder"))]
#[case::twice(b"manifest.json", EntryType::Regular, Some("is there twice"))]
#[case::twice_in_disguise(b"./manifest.json", EntryType::Regular, Some("is there twice"))]
fn what_is_no_plain_file_of_the_set_is_told(#[case] name: &[u8], #[case] kind: EntryType, #[case] want: Option<&str>) {
    let (_folder, path) = file(|tar| entry(tar, name, kind, b"", 0));
    match (told(&path).as_slice(), want) {
        ([], None) => {}
        ([one], Some(want)) if one.contains(want) => {}
        (told, want) => panic!("{told:?} for {want:?}"),
    }
}

#[rstest]
#[case::a_little(600)]
#[case::beyond_all_files(u64::MAX >> 1)]
fn an_entry_that_says_more_bytes_than_there_are_is_refused(#[case] says: u64) {
    let (_folder, path) = file(|tar| entry(tar, b"a/b.txt", EntryType::Regular, b"short", says));
    let bytes = fs::read(&path).unwrap();
    // Without the end of the archive, which would count as its bytes.
    fs::write(&path, &bytes[..bytes.len() - 1024]).unwrap();
    let error = Carrier::at(&path).err().unwrap();
    assert!(error.has("NO_SET") && error.to_string().contains("ends before"), "{error}");
}

#[rstest]
#[case::long_name(EntryType::GNULongName)]
#[case::extensions(EntryType::XHeader)]
fn what_describes_an_entry_does_not_fill_the_memory(#[case] kind: EntryType) {
    let long = vec![b'x'; usize::try_from(ABOUT_BYTES).unwrap() + 1];
    let (_folder, path) = file(|tar| {
        entry(tar, b"about", kind, &long, long.len() as u64);
        entry(tar, b"a/b.txt", EntryType::Regular, b"", 0);
    });
    let error = Carrier::at(&path).err().unwrap();
    assert!(error.to_string().contains("too great a length"), "{error}");
}

#[test]
fn a_file_of_holes_is_told_also_where_only_an_extension_says_so() {
    let (_folder, path) = file(|tar| {
        let said = b"25 GNU.sparse.realsize=7\n";
        entry(tar, b"about", EntryType::XHeader, said, said.len() as u64);
        entry(tar, b"a/b.txt", EntryType::Regular, b"", 0);
    });
    let told = Carrier::at(&path).map(|_| told(&path));
    assert!(told.as_ref().is_ok_and(|told| told.len() == 1), "{:?}", told.err());
}

#[rstest]
#[case::text(b"this is a text and no archive".to_vec())]
#[case::nothing(Vec::new())]
#[case::nothing_in_it(vec![0; 1024])]
#[case::noise((0..4096_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect())]
fn what_is_no_tar_file_says_so(#[case] bytes: Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.tar");
    fs::write(&path, bytes).unwrap();
    assert!(Carrier::at(&path).err().unwrap().has("NO_SET"));
}

#[test]
fn entries_are_read_where_they_lie() {
    let long = format!("{}/{}", "f".repeat(110), "n".repeat(110));
    let (_folder, path) = file(|tar| {
        tar.append_data(
            &mut {
                let mut h = Header::new_gnu();
                h.set_size(4);
                h
            },
            &long,
            &b"here"[..],
        )
        .unwrap();
    });
    let carrier = Carrier::at(&path).unwrap();
    assert_eq!(carrier.small("manifest.json", 2).unwrap(), b"{}");
    assert!(carrier.small("manifest.json", 1).unwrap_err().has("NO_SET"), "larger than is read");
    assert!(carrier.small("readme.txt", 9).unwrap_err().has("NO_SET"), "not there");
    let part = carrier.part(&inside(&long).unwrap()).unwrap();
    assert_eq!((part.bytes, std::io::read_to_string(part.source).unwrap().as_str()), (4, "here"));
}
