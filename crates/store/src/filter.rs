//! What a person types above a list: words, and `name:value` pairs such as `payroll phase:build owner:me`.
//!
//! A value is the beginning of what is looked for, `_` stands for a blank, quotes keep blanks, a comma separates
//! alternatives, and a dash before the name turns the pair round: `-state:closed`.

use slipway_domain::record::Kind;

/// What lists filter and sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Number,
    Label,
    Title,
    Group,
    State,
    Type,
    Class,
    Level,
    Owner,
    At,
}

impl Field {
    /// Every field, for tests of all plans.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 10] = [
        Self::Number,
        Self::Label,
        Self::Title,
        Self::Group,
        Self::State,
        Self::Type,
        Self::Class,
        Self::Level,
        Self::Owner,
        Self::At,
    ];

    /// Its column in `summary`.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Number => "position",
            Self::Label => "label",
            Self::Title => "title",
            Self::Group => "grp",
            Self::State => "state",
            Self::Type => "type",
            Self::Class => "class",
            Self::Level => "level",
            Self::Owner => "owner",
            Self::At => "at",
        }
    }

    /// The field that a kind calls so.
    pub(crate) fn named(kind: Kind, name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        Some(match (kind, name.as_str()) {
            (_, "number" | "ordinal") => Self::Number,
            (_, "label" | "name") => Self::Label,
            (_, "title") => Self::Title,
            (_, "state" | "status") => Self::State,
            (Kind::Release | Kind::Task, "phase")
            | (Kind::Change, "category")
            | (Kind::Ci, "class")
            | (Kind::DslItem, "kind" | "type")
            | (Kind::DhsModel, "manufacturer")
            | (Kind::DhsUnit, "store") => Self::Group,
            (Kind::Release, "type" | "release_type")
            | (Kind::Change, "kind" | "type")
            | (Kind::Ci, "environment" | "env")
            | (Kind::DslItem, "platform")
            | (Kind::DhsUnit, "condition") => Self::Type,
            (Kind::Release, "class") => Self::Class,
            (Kind::Release | Kind::Change, "risk") | (Kind::Ci, "criticality") => Self::Level,
            (_, "owner" | "manager" | "coordinator" | "assignee" | "requested_by" | "submitted_by" | "lead" | "by") => {
                Self::Owner
            }
            (
                _,
                "at" | "window" | "rollout_window" | "planned" | "planned_start" | "due" | "due_at" | "submitted_at",
            ) => Self::At,
            _ => return None,
        })
    }

    /// Whether a pair may name it; the others are sorted by only.
    fn is_filter(self) -> bool {
        !matches!(self, Self::Number | Self::At)
    }
}

/// A `name:value` pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) field: Field,
    /// Any of these, lower case.
    pub(crate) values: Vec<String>,
    pub(crate) negated: bool,
}

/// A filter, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) words: String,
    /// Names that the kind does not have.
    pub(crate) unknown: Vec<String>,
}

impl Filter {
    pub(crate) fn parse(kind: Kind, text: &str) -> Self {
        let mut filter = Self::default();
        for token in tokens(text) {
            let (negated, rest) = token.strip_prefix('-').map_or((false, token.as_str()), |rest| (true, rest));
            let pair = rest.split_once(':').filter(|(name, value)| {
                !name.is_empty() && name.chars().all(|c| c.is_alphabetic() || c == '_') && !value.is_empty()
            });
            let Some((name, value)) = pair else {
                filter.words.push_str(&token);
                filter.words.push(' ');
                continue;
            };
            let Some(field) = Field::named(kind, name).filter(|field| field.is_filter()) else {
                filter.unknown.push(name.to_owned());
                continue;
            };
            let values = value
                .split(',')
                .map(|v| v.trim().to_lowercase().replace('_', " "))
                .filter(|v| !v.is_empty())
                .collect::<Vec<_>>();
            if !values.is_empty() {
                filter.pairs.push(Pair { field, values, negated });
            }
        }
        filter
    }
}

/// Splits at blanks that are not between quotes; the quotes go.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut is_quoted = false;
    for c in text.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c.is_whitespace() && !is_quoted => tokens.push(std::mem::take(&mut token)),
            c => token.push(c),
        }
    }
    tokens.push(token);
    tokens.retain(|token| !token.is_empty());
    tokens
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::{Field, Filter};
    use rstest::rstest;
    use slipway_domain::record::Kind;

    #[rstest]
    #[case::words("payroll core-1", "payroll core-1 ", 0, 0)]
    #[case::a_pair("payroll phase:build", "payroll ", 1, 0)]
    #[case::quotes("phase:\"build and test\"", "", 1, 0)]
    #[case::not_of_this_kind("store:main", "", 0, 1)]
    #[case::no_value("phase:", "phase: ", 0, 0)]
    #[case::a_time("10:30", "10:30 ", 0, 0)]
    #[case::only_commas("phase:,,", "", 0, 0)]
    #[case::not_a_filter("number:12", "", 0, 1)]
    fn a_filter_is_words_and_pairs(
        #[case] text: &str,
        #[case] words: &str,
        #[case] pairs: usize,
        #[case] unknown: usize,
    ) {
        let filter = Filter::parse(Kind::Release, text);
        assert_eq!(filter.words, words, "{filter:?}");
        assert_eq!((filter.pairs.len(), filter.unknown.len()), (pairs, unknown), "{filter:?}");
    }

    #[test]
    fn values_are_alternatives_and_a_dash_turns_them_round() {
        let filter = Filter::parse(Kind::Ci, "-status:In_Use,retired class:server");
        assert_eq!(filter.pairs[0].values, ["in use", "retired"], "as stored");
        assert!(filter.pairs[0].negated && !filter.pairs[1].negated, "only the first is turned round");
        assert_eq!(filter.pairs[1].field, Field::Group, "a CI's class is what CIs are grouped by");
    }
}
