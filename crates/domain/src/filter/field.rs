//! What filters can name: for each kind of record its fields, what they are called, and what they hold.

use crate::approval::record::ApprovalState;
use crate::change::record::{ChangeKind, ChangeState};
use crate::cmdb::ci::{CiStatus, Environment};
use crate::cmdb::observation::ObservationState;
use crate::cmdb::relation::RelationType;
use crate::dhs::model::ModelKind;
use crate::dhs::record::{Condition, UnitState};
use crate::dhs::stocktake::StocktakeState;
use crate::dsl::item::{ItemKind, ItemState};
use crate::filter::text::typed;
use crate::filter::{AttributeType, Link, Vocabulary};
use crate::level::{Criticality, Impact, Priority, Risk, Urgency};
use crate::people::Role;
use crate::record::Kind;
use crate::release::record::{Packaging, Phase, ReleaseClass, ReleaseType, Status};
use crate::release::task_record::TaskState;

/// A field that a filter compares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Position in the number series; of a task its place in the release.
    Number,
    /// What the record is called in lists.
    Label,
    /// In a line.
    Title,
    /// Number in another suite.
    Foreign,
    /// Phase of a release or task.
    Phase,
    /// State or status.
    State,
    /// Type of a release or item, kind of a change.
    Type,
    /// Class of a CI or a release.
    Class,
    /// Full, delta, package.
    Packaging,
    /// Priority.
    Priority,
    /// Risk.
    Risk,
    /// Impact.
    Impact,
    /// Urgency.
    Urgency,
    /// Criticality of a CI.
    Criticality,
    /// Category of a change.
    Category,
    /// Environment of a CI.
    Environment,
    /// Maker.
    Manufacturer,
    /// Model of a CI.
    Model,
    /// Version.
    Version,
    /// Serial number.
    Serial,
    /// Asset tag.
    Tag,
    /// Site.
    Site,
    /// Building.
    Building,
    /// Room.
    Room,
    /// Rack.
    Rack,
    /// Lowest rack unit.
    RackUnit,
    /// Who answers for it.
    Owner,
    /// Group that helps.
    SupportGroup,
    /// Remarks, descriptions.
    Notes,
    /// CI group that the CI is a member of.
    Group,
    /// Platform of a DSL item.
    Platform,
    /// Vendor of a DSL item.
    Vendor,
    /// Licence of a DSL item.
    Licence,
    /// Condition of a unit.
    Condition,
    /// Store of a unit.
    Store,
    /// Part number of a model.
    Part,
    /// Height of a model in rack units.
    Height,
    /// Sign-in name.
    User,
    /// Role of a person.
    Role,
    /// Member of a group of people.
    Member,
    /// Address of a site.
    Address,
    /// Whether a task must be done.
    Mandatory,
    /// Planned minutes of a task.
    Minutes,
    /// Coordinator of a release.
    Coordinator,
    /// Who asked.
    RequestedBy,
    /// Start, due or creation time: what lists of the kind go by.
    At,
    /// End of the window.
    Ends,
    /// When it was created.
    Created,
    /// Whether a CI group is dynamic.
    Dynamic,
    /// A class attribute.
    Attribute(String),
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Holds {
    /// Text, compared by its beginning.
    Text,
    /// Text with figures, ordered by them.
    Version,
    /// A whole or decimal figure.
    Figure,
    /// A position in a number series: `CI-12` or `12`.
    Position,
    /// A moment.
    Moment,
    /// A day as text, as class attributes hold it.
    Day,
    /// One of these labels.
    Choice(fn() -> Vec<&'static str>, Order),
    /// A person or a group of people.
    Party,
    /// A site.
    Site,
    /// Yes or no.
    Flag,
    /// A CI group.
    CiGroup,
}

/// Whether labels are compared, and which way they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// They have no order.
    None,
    /// From least to most, or from first to last.
    Up,
    /// From most to least.
    Down,
}

/// A field of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The name that is offered, then others that are understood.
    pub names: &'static [&'static str],
    /// Which field.
    pub field: &'static Field,
    /// What it holds.
    pub holds: Holds,
}

macro_rules! labels {
    ($type:ty) => {
        || <$type>::ALL.iter().map(|value| value.label()).collect()
    };
}

macro_rules! fields {
    ($($field:ident [$($name:literal)+] $holds:expr;)+) => {
        &[$(Known { names: &[$($name),+], field: &Field::$field, holds: $holds }),+]
    };
}

use Holds::{Choice, CiGroup, Figure, Flag, Moment, Party, Position, Site, Text, Version};

const PHASES: Holds = Choice(labels!(Phase), Order::Up);
const RISKS: Holds = Choice(labels!(Risk), Order::Up);
const PRIORITIES: Holds = Choice(labels!(Priority), Order::Down);
const IMPACTS: Holds = Choice(labels!(Impact), Order::Down);
const URGENCIES: Holds = Choice(labels!(Urgency), Order::Down);

const RELEASE: &[Known] = fields! {
    Phase ["phase"] PHASES;
    State ["state" "status"] Choice(labels!(Status), Order::None);
    Type ["type" "release_type"] Choice(labels!(ReleaseType), Order::None);
    Class ["class"] Choice(labels!(ReleaseClass), Order::None);
    Packaging ["packaging"] Choice(labels!(Packaging), Order::None);
    Risk ["risk"] RISKS;
    Priority ["priority"] PRIORITIES;
    Impact ["impact"] IMPACTS;
    Urgency ["urgency"] URGENCIES;
    Owner ["owner" "manager"] Party;
    Coordinator ["coordinator"] Party;
    RequestedBy ["requested_by"] Party;
    At ["window" "rollout_window" "at" "planned" "planned_start"] Moment;
    Ends ["ends"] Moment;
    Created ["created" "created_at"] Moment;
    Title ["title"] Text;
    Label ["label" "name"] Text;
    Number ["number"] Position;
};

const CHANGE: &[Known] = fields! {
    State ["state" "status"] Choice(labels!(ChangeState), Order::None);
    Category ["category"] Text;
    Type ["kind" "type"] Choice(labels!(ChangeKind), Order::None);
    Risk ["risk"] RISKS;
    Priority ["priority"] PRIORITIES;
    Impact ["impact"] IMPACTS;
    Urgency ["urgency"] URGENCIES;
    Owner ["coordinator" "owner" "manager"] Party;
    RequestedBy ["requested_by"] Party;
    At ["planned" "window" "at" "planned_start"] Moment;
    Ends ["ends"] Moment;
    Created ["created" "created_at"] Moment;
    Title ["title"] Text;
    Foreign ["foreign"] Text;
    Label ["label" "name"] Text;
    Number ["number"] Position;
};

const CI: &[Known] = fields! {
    Class ["class"] Text;
    State ["status" "state"] Choice(labels!(CiStatus), Order::None);
    Label ["name" "label"] Text;
    Environment ["environment" "env" "type"] Choice(labels!(Environment), Order::None);
    Criticality ["criticality"] Choice(labels!(Criticality), Order::Down);
    Manufacturer ["manufacturer" "maker"] Text;
    Model ["model"] Text;
    Version ["version"] Version;
    Serial ["serial" "serial_number"] Text;
    Tag ["tag" "asset_tag"] Text;
    Site ["site" "location.site"] Site;
    Building ["building" "location.building"] Text;
    Room ["room" "location.room"] Text;
    Rack ["rack" "location.rack"] Text;
    RackUnit ["u" "location.u"] Figure;
    Owner ["owner"] Party;
    SupportGroup ["support_group" "team"] Party;
    Group ["group" "ci_group"] CiGroup;
    Notes ["notes"] Text;
    Title ["title"] Text;
    Number ["number"] Position;
};

const TASK: &[Known] = fields! {
    State ["state" "status"] Choice(labels!(TaskState), Order::None);
    Phase ["phase"] PHASES;
    Owner ["assignee" "owner"] Party;
    At ["planned" "planned_start" "at"] Moment;
    Minutes ["minutes"] Figure;
    Mandatory ["mandatory"] Flag;
    Title ["title" "name" "label"] Text;
    Notes ["notes"] Text;
    Number ["number" "ordinal"] Position;
};

const APPROVAL: &[Known] = fields! {
    State ["state" "status"] Choice(labels!(ApprovalState), Order::None);
    Owner ["requested_by" "owner" "by"] Party;
    At ["due" "due_at" "at"] Moment;
    Created ["requested" "requested_at" "created"] Moment;
};

const DSL_ITEM: &[Known] = fields! {
    Label ["name" "label"] Text;
    Version ["version"] Version;
    Type ["kind" "type"] Choice(labels!(ItemKind), Order::None);
    State ["state" "status"] Choice(labels!(ItemState), Order::None);
    Platform ["platform"] Text;
    Vendor ["vendor"] Text;
    Licence ["licence"] Text;
    Owner ["submitted_by" "owner" "by"] Party;
    At ["submitted" "submitted_at" "at"] Moment;
    Title ["title"] Text;
    Number ["number"] Position;
};

const DHS_UNIT: &[Known] = fields! {
    State ["state" "status"] Choice(labels!(UnitState), Order::None);
    Condition ["condition" "type"] Choice(labels!(Condition), Order::None);
    Store ["store"] Text;
    Serial ["serial" "serial_number" "title"] Text;
    Tag ["tag" "asset_tag"] Text;
    At ["warranty" "warranty_end" "at"] Moment;
    Site ["site"] Site;
    Label ["label" "name"] Text;
    Number ["number"] Position;
};

const DHS_MODEL: &[Known] = fields! {
    Manufacturer ["manufacturer" "maker"] Text;
    Title ["name" "title"] Text;
    Label ["label"] Text;
    Part ["part" "part_number"] Text;
    Height ["height"] Figure;
    Type ["kind" "type"] Choice(labels!(ModelKind), Order::None);
};

const STOCKTAKE: &[Known] = fields! {
    State ["state" "status"] Choice(labels!(StocktakeState), Order::None);
    Store ["store"] Text;
    Owner ["by" "owner"] Party;
    At ["at" "begun"] Moment;
    Title ["title" "name" "label"] Text;
};

const DHS_STOCK: &[Known] = fields! {
    Store ["store"] Text;
    Site ["site"] Site;
    Label ["label" "name" "title"] Text;
};

const PERSON: &[Known] = fields! {
    Label ["name" "label" "title"] Text;
    User ["user"] Text;
    Role ["role"] Choice(labels!(Role), Order::None);
    State ["state" "status"] Choice(|| vec!["active", "inactive"], Order::None);
};

const GROUP: &[Known] = fields! {
    Label ["name" "label" "title"] Text;
    Owner ["lead" "owner"] Party;
    Member ["member"] Party;
};

const SITE: &[Known] = fields! {
    Label ["name" "label" "title"] Text;
    Address ["address"] Text;
};

const CI_GROUP: &[Known] = fields! {
    Label ["name" "label" "title"] Text;
    Dynamic ["dynamic"] Flag;
};

const BASELINE: &[Known] = fields! {
    Label ["name" "label" "title"] Text;
    Owner ["by" "owner"] Party;
    At ["at" "taken"] Moment;
};

const TEST_RECORD: &[Known] = fields! {
    Label ["title" "name" "label"] Text;
    Owner ["by" "owner"] Party;
    At ["at"] Moment;
};

const FREEZE: &[Known] = fields! {
    Label ["title" "name" "label"] Text;
    At ["at" "window" "starts"] Moment;
    Ends ["ends"] Moment;
};

const COMMENT: &[Known] = fields! {
    Owner ["by" "owner"] Party;
    At ["at"] Moment;
    Title ["text" "title"] Text;
};

const OBSERVATION: &[Known] = fields! {
    State ["state" "status"] Choice(labels!(ObservationState), Order::None);
    Site ["site"] Site;
    Type ["source" "type"] Text;
    At ["seen" "seen_at" "at"] Moment;
    Label ["name" "label" "title"] Text;
    Owner ["by" "owner"] Party;
};

const OTHERS: &[Known] = fields! {
    Label ["name" "label"] Text;
};

/// The fields of a kind.
#[must_use]
pub fn known(kind: Kind) -> &'static [Known] {
    match kind {
        Kind::Release => RELEASE,
        Kind::Change => CHANGE,
        Kind::Ci => CI,
        Kind::Task => TASK,
        Kind::Approval => APPROVAL,
        Kind::DslItem => DSL_ITEM,
        Kind::DhsUnit => DHS_UNIT,
        Kind::DhsModel => DHS_MODEL,
        Kind::DhsStock => DHS_STOCK,
        Kind::Stocktake => STOCKTAKE,
        Kind::Person => PERSON,
        Kind::Group => GROUP,
        Kind::Site => SITE,
        Kind::CiGroup => CI_GROUP,
        Kind::Baseline => BASELINE,
        Kind::TestRecord => TEST_RECORD,
        Kind::Freeze => FREEZE,
        Kind::Comment => COMMENT,
        Kind::Observation => OBSERVATION,
        _ => OTHERS,
    }
}

/// Relations of a CI, as they are read from it.
pub const LINKS: &[(&str, Link)] = {
    const fn out(by: RelationType) -> Link {
        Link { by: Some(by), outgoing: Some(true) }
    }
    const fn back(by: RelationType) -> Link {
        Link { by: Some(by), outgoing: Some(false) }
    }
    &[
        ("depends-on", out(RelationType::DependsOn)),
        ("used-by", back(RelationType::DependsOn)),
        ("runs-on", out(RelationType::RunsOn)),
        ("runs", back(RelationType::RunsOn)),
        ("hosted-on", out(RelationType::HostedOn)),
        ("hosts", back(RelationType::HostedOn)),
        ("contains", out(RelationType::Contains)),
        ("part-of", back(RelationType::Contains)),
        ("connects-to", Link { by: Some(RelationType::ConnectsTo), outgoing: None }),
        ("provides", out(RelationType::Provides)),
        ("provided-by", back(RelationType::Provides)),
        ("related-to", Link { by: None, outgoing: None }),
    ]
};

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Named {
    /// A field and what it holds.
    Field(Field, Holds),
    /// A class attribute with choices of its own.
    Choices(Field, Vec<String>),
    /// A class attribute that is a figure of this unit.
    Measure(Field, String),
    /// A relation.
    Link(Link),
}

/// Case, blanks, `_` and `-` make no difference in names.
fn plain(name: &str) -> String {
    typed(name).replace('-', " ")
}

/// What a kind calls so; a class attribute is also named `attributes.NAME`, known or not.
#[must_use]
pub fn named(kind: Kind, name: &str, vocabulary: &Vocabulary) -> Option<Named> {
    let wanted = plain(name);
    let field = known(kind).iter().find(|known| known.names.iter().any(|name| plain(name) == wanted));
    if let Some(known) = field {
        return Some(Named::Field(known.field.clone(), known.holds));
    }
    if kind != Kind::Ci {
        return None;
    }
    if let Some((_, link)) = LINKS.iter().find(|(name, _)| plain(name) == wanted) {
        return Some(Named::Link(*link));
    }
    let bare = wanted.strip_prefix("attributes.");
    let attribute = bare.unwrap_or(&wanted);
    if let Some((name, holds)) = vocabulary.attributes.iter().find(|(name, _)| plain(name) == attribute) {
        let field = Field::Attribute(name.clone());
        return Some(match holds {
            AttributeType::Text => Named::Field(field, Version),
            AttributeType::Number(unit) => Named::Measure(field, unit.clone()),
            AttributeType::Date => Named::Field(field, Holds::Day),
            AttributeType::Choice(choices) => Named::Choices(field, choices.clone()),
        });
    }
    bare.filter(|name| !name.is_empty()).map(|name| Named::Field(Field::Attribute(name.to_owned()), Version))
}

/// Every name that is offered for a kind.
#[must_use]
pub fn offered(kind: Kind, vocabulary: &Vocabulary) -> Vec<String> {
    let mut names: Vec<String> =
        known(kind).iter().filter_map(|known| known.names.first()).map(|name| (*name).to_owned()).collect();
    if kind == Kind::Ci {
        names.extend(vocabulary.attributes.keys().map(|name| name.replace(' ', "_")));
        names.extend(LINKS.iter().map(|(name, _)| (*name).to_owned()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_kind_calls_no_two_fields_the_same() {
        for kind in Kind::ALL {
            let mut seen = BTreeSet::new();
            for name in known(*kind).iter().flat_map(|known| known.names) {
                assert!(seen.insert(plain(name)), "{name} of {}", kind.name());
            }
        }
        assert!(LINKS.iter().all(|(name, _)| !CI.iter().any(|k| k.names.contains(name))));
    }

    #[test]
    fn attributes_are_named_bare_once_a_class_has_them() {
        let mut vocabulary = Vocabulary::default();
        assert!(named(Kind::Ci, "cpu_cores", &vocabulary).is_none());
        assert!(matches!(named(Kind::Ci, "attributes.cpu_cores", &vocabulary), Some(Named::Field(_, Version))));
        vocabulary.attributes.insert("CPU cores".to_owned(), AttributeType::Number("GHz".to_owned()));
        let Some(Named::Measure(field, _)) = named(Kind::Ci, "cpu-cores", &vocabulary) else { panic!("a figure") };
        assert_eq!(field, Field::Attribute("CPU cores".to_owned()), "by the name that records have");
    }
}
