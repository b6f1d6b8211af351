//! A vendor's list of checksums: `HASH  NAME` as the coreutils write it, or `SHA256 (NAME) = HASH` as BSD does.

use std::collections::BTreeMap;

/// Most bytes of a list: that of a whole distribution.
pub const LIST_BYTES: u64 = 16 * 1024 * 1024;

/// How a checksum is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// 64 hexadecimal digits.
    Sha256,
    /// 128 hexadecimal digits.
    Sha512,
}

impl Method {
    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }

    fn of(hash: &str) -> Option<Self> {
        if !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        match hash.len() {
            64 => Some(Self::Sha256),
            128 => Some(Self::Sha512),
            _ => None,
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_uppercase().as_str() {
            "SHA256" | "SHA2-256" | "SHA-256" => Some(Self::Sha256),
            "SHA512" | "SHA2-512" | "SHA-512" => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// What a vendor says of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// By name without folders; lower-case hexadecimal digits.
    pub of: BTreeMap<String, BTreeMap<Method, String>>,
    /// Names for which the list says two things.
    pub ambiguous: Vec<String>,
    /// Lines of methods that are too weak to be believed, such as MD5.
    pub weak: usize,
    /// Lines that say nothing of a file.
    pub unread: usize,
}

impl Sums {
    /// Reads a list; comments and what stands around the lines (a signature in the clear) is passed over.
    pub fn read(text: &str) -> Self {
        let mut sums = Self::default();
        for line in text.trim_start_matches('\u{feff}').lines().map(str::trim_end) {
            if line.trim().is_empty() || line.starts_with('#') || line.starts_with("-----") {
                continue;
            }
            match entry(line) {
                Line::Sum(method, name, hash) => sums.add(method, &name, &hash),
                Line::Weak => sums.weak = sums.weak.saturating_add(1),
                Line::Other => sums.unread = sums.unread.saturating_add(1),
            }
        }
        sums
    }

    fn add(&mut self, method: Method, name: &str, hash: &str) {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        let said = self.of.entry(name.clone()).or_default().entry(method).or_insert_with(|| hash.to_owned());
        // Two folders of a vendor may hold files of one name: then the list does not say which is which.
        if said != hash && !self.ambiguous.contains(&name) {
            self.ambiguous.push(name);
        }
    }
}

enum Line {
    Sum(Method, String, String),
    Weak,
    Other,
}

fn entry(line: &str) -> Line {
    // BSD: SHA256 (name) = hash. Names may hold brackets, so the last one counts.
    if let Some((head, hash)) = line.rsplit_once(") = ")
        && let Some((method, name)) = head.split_once(" (")
    {
        let hash = hash.trim().to_ascii_lowercase();
        return match Method::named(method) {
            Some(method) if Method::of(&hash) == Some(method) => Line::Sum(method, name.to_owned(), hash),
            Some(_) => Line::Other,
            None if hash.bytes().all(|b| b.is_ascii_hexdigit()) => Line::Weak,
            None => Line::Other,
        };
    }
    // GNU: a backslash in front says that newline and backslash in the name are escaped.
    let (line, escaped) = line.strip_prefix('\\').map_or((line, false), |line| (line, true));
    let Some((hash, name)) = line.split_once(' ') else { return Line::Other };
    let Some(name) = name.strip_prefix([' ', '*']).filter(|name| !name.is_empty()) else { return Line::Other };
    let hash = hash.to_ascii_lowercase();
    match Method::of(&hash) {
        Some(method) => {
            let name = if escaped { name.replace("\\n", "\n").replace("\\\\", "\\") } else { name.to_owned() };
            Line::Sum(method, name, hash)
        }
        None if matches!(hash.len(), 32 | 40 | 56) && hash.bytes().all(|b| b.is_ascii_hexdigit()) => Line::Weak,
        None => Line::Other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Method, Sums};
    use rstest::rstest;

    fn hash(digit: &str) -> String {
        digit.repeat(64)
    }

    #[rstest]
    #[case::gnu(format!("{}  payroll.deb", hash("a")), "payroll.deb", Method::Sha256)]
    #[case::gnu_binary(format!("{} *payroll.deb", hash("A")), "payroll.deb", Method::Sha256)]
    #[case::gnu_folder(format!("{}  ./pool/main/payroll.deb", hash("a")), "payroll.deb", Method::Sha256)]
    #[case::gnu_long(format!("{}{}  a b.iso", hash("a"), hash("a")), "a b.iso", Method::Sha512)]
    #[case::bsd(format!("SHA256 (payroll.deb) = {}", hash("a")), "payroll.deb", Method::Sha256)]
    #[case::bsd_brackets(format!("SHA256 (a (1) = b.iso) = {}", hash("a")), "a (1) = b.iso", Method::Sha256)]
    #[case::bsd_long(format!("SHA512 (x.iso) = {}{}", hash("a"), hash("a")), "x.iso", Method::Sha512)]
    fn lines_of_both_styles_are_read(#[case] line: String, #[case] name: &str, #[case] method: Method) {
        let sums = Sums::read(&format!("# by the vendor\n\n{line}\r\n"));
        let digits = if method == Method::Sha256 { 64 } else { 128 };
        assert_eq!(sums.of.get(name).unwrap().get(&method), Some(&"a".repeat(digits)));
        assert_eq!((sums.weak, sums.unread, sums.ambiguous.len()), (0, 0, 0));
    }

    #[rstest]
    #[case::md5("d41d8cd98f00b204e9800998ecf8427e  x.iso", 1, 0)]
    #[case::sha1_bsd("SHA1 (x.iso) = da39a3ee5e6b4b0d3255bfef95601890afd80709", 1, 0)]
    #[case::cut_off("SHA256 (x.iso) = abcd", 0, 1)]
    #[case::prose("Checksums of our release", 0, 1)]
    #[case::no_name(&format!("{}  ", "a".repeat(64)), 0, 1)]
    fn what_is_weak_or_nothing_is_not_believed(#[case] line: &str, #[case] weak: usize, #[case] unread: usize) {
        let sums = Sums::read(line);
        assert_eq!((sums.of.len(), sums.weak, sums.unread), (0, weak, unread));
    }

    #[test]
    fn a_name_of_which_two_things_are_said_is_named() {
        let list = format!("{}  a/x.iso\n{}  b/x.iso\n{}  y.iso\n{0}  c/x.iso", hash("a"), hash("b"), hash("c"));
        let sums = Sums::read(&list);
        assert_eq!(sums.ambiguous, ["x.iso"]);
        assert_eq!(sums.of.len(), 2);
    }

    #[test]
    fn a_list_signed_in_the_clear_is_read() {
        let list = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}  x.iso\n-----BEGIN PGP SIGNATURE-----\n\niQIz\n=abcd\n-----END PGP SIGNATURE-----",
            hash("a")
        );
        assert_eq!(Sums::read(&list).of.len(), 1);
    }
}
