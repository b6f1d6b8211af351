//! Named levels. Bare numbers run in opposite directions in different products, so there are none.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As a person reads it.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.label()) }
        }

        impl std::str::FromStr for $name {
            type Err = crate::level::NotALevel;
            /// Accepts the label or the JSON name, in any case, `_`, `-` and blanks alike.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let plain = |t: &str| t.trim().to_lowercase().replace(['_', '-', '/'], " ");
                let wanted = plain(text);
                Self::ALL.iter().copied().find(|v| {
                    plain(v.label()) == wanted
                        || serde_json::to_value(v).ok().and_then(|j| j.as_str().map(plain)).as_deref() == Some(&wanted)
                }).ok_or_else(|| crate::level::NotALevel {
                    text: text.to_owned(),
                    accepted: Self::ALL.iter().map(|v| v.label()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    )+};
}
pub(crate) use named;

/// A text that names none of the accepted values.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is none of: {accepted}")]
pub struct NotALevel {
    /// What was given.
    pub text: String,
    /// What would have been taken.
    pub accepted: String,
}

named! {
    /// How far an effect reaches.
    Impact { /// All.
        Enterprise = "enterprise", /// One site or department.
        SiteDepartment = "site/department", /// Several users.
        MultipleUsers = "multiple users", /// One user.
        User = "user" }
    /// How soon it must be done.
    Urgency { /// At once.
        Critical = "critical", /// Soon.
        High = "high", /// As usual.
        Average = "average", /// When convenient.
        Low = "low" }
    /// Result of the impact assessment.
    Assessment { /// High.
        High = "high", /// Medium.
        Medium = "medium", /// Low.
        Low = "low" }
    /// From the impact x urgency matrix.
    Priority { /// First.
        Critical = "critical", /// Second.
        High = "high", /// Third.
        Average = "average", /// Last.
        Low = "low" }
    /// From the risk questionnaire and the affected CIs; ascending.
    Risk { /// 1 of 5.
        VeryLow = "very low", /// 2 of 5.
        Low = "low", /// 3 of 5.
        Medium = "medium", /// 4 of 5.
        High = "high", /// 5 of 5.
        VeryHigh = "very high" }
    /// What the loss of a CI would mean.
    Criticality { /// The business stops.
        Critical = "critical", /// A service stops.
        High = "high", /// A service suffers.
        Medium = "medium", /// Hardly noticed.
        Low = "low" }
}

/// The default impact x urgency matrix.
#[must_use]
pub fn priority(impact: Impact, urgency: Urgency) -> Priority {
    use Priority::{Average, Critical, High, Low};
    let row = match impact {
        Impact::Enterprise => [Critical, Critical, High, Average],
        Impact::SiteDepartment => [Critical, High, Average, Average],
        Impact::MultipleUsers => [High, High, Average, Low],
        Impact::User => [High, Average, Low, Low],
    };
    let [critical, high, average, low] = row;
    match urgency {
        Urgency::Critical => critical,
        Urgency::High => high,
        Urgency::Average => average,
        Urgency::Low => low,
    }
}
