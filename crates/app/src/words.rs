//! Figures in sentences: how many of what, and sizes.

/// *1 file*, *2 files*, *3 copies*.
#[must_use]
pub fn counted(n: u64, noun: &str) -> String {
    if n == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{n} {stem}ies"),
        _ => format!("{n} {noun}s"),
    }
}

/// Units of bytes, each 1024 of the one before.
const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/// *700 bytes*, *1.5 MiB (1572864 bytes)*: to be read, and exact.
#[must_use]
pub fn bytes(n: u64) -> String {
    let exact = counted(n, "byte");
    let Some(step) = n.max(1).ilog2().checked_div(10).and_then(|step| step.checked_sub(1)) else { return exact };
    let step = usize::try_from(step).unwrap_or(0).min(UNITS.len().saturating_sub(1));
    let Some(unit) = UNITS.get(step) else { return exact };
    // In tenths, cut: never more than there are.
    let shift = 10_u32.saturating_mul(u32::try_from(step).unwrap_or(0).saturating_add(1));
    let tenths = (u128::from(n) * 10) >> shift;
    format!("{}.{} {unit} ({exact})", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{bytes, counted};
    use rstest::rstest;

    #[rstest]
    #[case(0, "file", "0 files")]
    #[case(1, "file", "1 file")]
    #[case(2, "copy", "2 copies")]
    #[case(2, "key", "2 keys")]
    fn nouns_follow_their_number(#[case] n: u64, #[case] noun: &str, #[case] want: &str) {
        assert_eq!(counted(n, noun), want);
    }

    #[rstest]
    #[case(0, "0 bytes")]
    #[case(1, "1 byte")]
    #[case(1_023, "1023 bytes")]
    #[case(1_024, "1.0 KiB (1024 bytes)")]
    #[case(1_572_864, "1.5 MiB (1572864 bytes)")]
    #[case((1 << 30) - 1, "1023.9 MiB (1073741823 bytes)")]
    #[case(40 << 30, "40.0 GiB (42949672960 bytes)")]
    #[case(u64::MAX, "16383.9 PiB (18446744073709551615 bytes)")]
    fn sizes_are_readable_and_exact(#[case] n: u64, #[case] want: &str) {
        assert_eq!(bytes(n), want);
    }
}
