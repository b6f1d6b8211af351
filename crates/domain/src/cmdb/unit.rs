//! Units of measure: what a number with a unit may be written in, and how it becomes the unit that its class wants.

use rust_decimal::Decimal;

/// A family of units: each with the names it goes by, the first of them the written form, and its size in the family's
/// smallest. Sources: SI brochure, IEC 80000-13.
type Family = &'static [(&'static [&'static str], &'static str)];

const FAMILIES: &[Family] = &[
    &[
        (&["B", "byte", "bytes"], "1"),
        (&["kB", "KB"], "1000"),
        (&["MB"], "1000000"),
        (&["GB"], "1000000000"),
        (&["TB"], "1000000000000"),
        (&["PB"], "1000000000000000"),
        (&["KiB"], "1024"),
        (&["MiB"], "1048576"),
        (&["GiB"], "1073741824"),
        (&["TiB"], "1099511627776"),
        (&["PiB"], "1125899906842624"),
    ],
    &[
        (&["bit/s", "bps"], "1"),
        (&["kbit/s", "kbps"], "1000"),
        (&["Mbit/s", "Mbps"], "1000000"),
        (&["Gbit/s", "Gbps"], "1000000000"),
        (&["Tbit/s", "Tbps"], "1000000000000"),
    ],
    &[(&["Hz"], "1"), (&["kHz"], "1000"), (&["MHz"], "1000000"), (&["GHz"], "1000000000")],
    &[(&["mm"], "1"), (&["cm"], "10"), (&["in", "inch"], "25.4"), (&["m"], "1000"), (&["km"], "1000000")],
    &[(&["g"], "1"), (&["lb"], "453.59237"), (&["kg"], "1000"), (&["t"], "1000000")],
    &[(&["mW"], "1"), (&["W"], "1000"), (&["kW"], "1000000"), (&["MW"], "1000000000")],
    &[(&["VA"], "1"), (&["kVA"], "1000")],
    &[(&["mA"], "1"), (&["A"], "1000")],
    &[(&["mV"], "1"), (&["V"], "1000"), (&["kV"], "1000000")],
    &[
        (&["ms"], "1"),
        (&["s", "second", "seconds"], "1000"),
        (&["min", "minute", "minutes"], "60000"),
        (&["h", "hour", "hours"], "3600000"),
        (&["d", "day", "days"], "86400000"),
    ],
];

/// Digits kept behind the point after a conversion.
const DIGITS: u32 = 6;

/// Where a unit stands in the table, and its size; its exact spelling goes before one in another case.
fn place(unit: &str) -> Option<(usize, &'static str, Decimal)> {
    let find = |same: &dyn Fn(&str) -> bool| {
        FAMILIES.iter().enumerate().find_map(|(family, units)| {
            units
                .iter()
                .find(|(names, _)| names.iter().any(|name| same(name)))
                .and_then(|(names, size)| Some((family, *names.first()?, Decimal::from_str_exact(size).ok()?)))
        })
    };
    find(&|name| name == unit).or_else(|| find(&|name| name.eq_ignore_ascii_case(unit)))
}

/// The unit in its written form; one that the table does not know stays as it is.
#[must_use]
pub fn written(unit: &str) -> String {
    place(unit).map_or_else(|| unit.trim().to_owned(), |(_, name, _)| name.to_owned())
}

/// The value in another unit, to six digits behind the point; `None` when the two measure different things.
#[must_use]
pub fn convert(value: Decimal, from: &str, to: &str) -> Option<Decimal> {
    if from == to || (place(from).is_none() && from.eq_ignore_ascii_case(to)) {
        return Some(value);
    }
    let ((family, _, size), (other, _, wanted)) = (place(from)?, place(to)?);
    if family != other {
        return None;
    }
    Some(value.checked_mul(size)?.checked_div(wanted)?.round_dp(DIGITS).normalize())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2", "TB", "GB", Some("2000"))]
    #[case("16", "GiB", "GB", Some("17.179869"))]
    #[case("2.4", "ghz", "MHz", Some("2400"))]
    #[case("10", "Gbps", "Mbit/s", Some("10000"))]
    #[case("1", "in", "cm", Some("2.54"))]
    #[case("42", "U", "u", Some("42"))]
    #[case("1", "GB", "kg", None)]
    #[case("1", "parsec", "m", None)]
    fn a_value_is_converted_within_its_family(
        #[case] value: &str,
        #[case] from: &str,
        #[case] to: &str,
        #[case] want: Option<&str>,
    ) {
        let got = convert(value.parse().unwrap(), from, to).map(|v| v.to_string());
        assert_eq!(got.as_deref(), want);
    }
}
