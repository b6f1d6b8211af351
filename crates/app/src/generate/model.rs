//! What stands where and what needs what, worked out from place numbers, so that nothing has to be kept.
//!
//! Place numbers count sites, buildings and rooms first and then racks with what runs in them, [`PER_RACK`] at a time.

use slipway_domain::cmdb::ci::{Ci, CiStatus, Environment};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::id::{CiId, GroupId, PersonId, SiteId};
use slipway_domain::level::Criticality;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Group, Person, Site};
use slipway_domain::record::Record;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// CIs of a rack, itself included.
const PER_RACK: u32 = 100;
const RACKS_PER_ROOM: u32 = 20;
const ROOMS_PER_BUILDING: u32 = 5;
const BUILDINGS_PER_SITE: u32 = 4;
/// The first number of a generated CI: above those that a workspace of one person gives itself.
const FIRST_NUMBER: u32 = 1_000_001;
/// When the first CI was registered: 2020, a second apart from there.
const FIRST_MS: u64 = 1_577_836_800_000;

const TOWNS: [&str; 8] = ["gdynia", "malmo", "leeds", "porto", "lyon", "graz", "turku", "cork"];
const SERVERS: [(&str, &str); 6] = [
    ("Dell", "PowerEdge R650"),
    ("Dell", "PowerEdge R750"),
    ("HPE", "ProLiant DL360 Gen10"),
    ("HPE", "ProLiant DL380 Gen10"),
    ("Lenovo", "ThinkSystem SR630"),
    ("Supermicro", "SYS-620C"),
];
const TRADES: [&str; 16] = [
    "payroll", "billing", "orders", "stock", "mail", "wiki", "claims", "ledger", "portal", "search", "reports",
    "identity", "booking", "freight", "quality", "archive",
];
const PARTS: [&str; 8] = ["web", "api", "worker", "cache", "gateway", "batch", "sync", "admin"];
const SYSTEMS: [&str; 5] = ["Debian 12", "Debian 13", "RHEL 9", "Ubuntu 24.04", "Windows Server 2022"];

/// A data centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    seed: u64,
    cis: u32,
    relations: u32,
    sites: u32,
    buildings: u32,
    rooms: u32,
    /// Whether CIs name sites, owners and groups, whose records come with them.
    peopled: bool,
}

/// A relation by the places of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// From.
    pub source: u32,
    /// How.
    pub relation_type: RelationType,
    /// To.
    pub target: u32,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Site,
    Building,
    Room,
    Rack,
    Switch,
    Server,
    Vm,
    App,
    Database,
    Service,
}

/// SplitMix64: the same numbers on every machine and with every version of any library.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `n`; 0 for 0.
    fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n.max(1))).unwrap_or_default()
    }

    fn of<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let place = usize::try_from(self.next()).unwrap_or_default() % from.len().max(1);
        from.get(place).copied().unwrap_or_default()
    }
}

impl Model {
    /// Class attributes that its CIs have.
    pub const ATTRIBUTES: [&'static str; 3] = ["cores", "memory_gib", "system"];
    /// People and groups that answer for CIs.
    const PEOPLE: u32 = 200;
    const GROUPS: u32 = 20;

    /// So many CIs, and relations at most: a small model has no room for many.
    #[must_use]
    pub fn new(seed: u64, cis: u32, relations: u32) -> Self {
        let rooms = cis.div_ceil(PER_RACK * RACKS_PER_ROOM);
        let buildings = rooms.div_ceil(ROOMS_PER_BUILDING);
        let sites = buildings.div_ceil(BUILDINGS_PER_SITE);
        Self { seed, cis, relations, sites, buildings, rooms, peopled: false }
    }

    /// The same with sites, owners and support groups as records of their own; files leave them out, because an
    /// import takes only those that are there already.
    #[must_use]
    pub fn peopled(self) -> Self {
        Self { peopled: true, ..self }
    }

    /// How many CIs.
    #[must_use]
    pub fn cis(&self) -> u32 {
        self.cis
    }

    /// How many relations were asked for.
    #[must_use]
    pub fn relations(&self) -> u32 {
        self.relations
    }

    fn dice(&self, what: u64, place: u32) -> Dice {
        let mut dice = Dice(self.seed ^ (what << 40) ^ u64::from(place).wrapping_mul(0xd6e8_feb8_6659_fd93));
        dice.next();
        dice
    }

    fn id(&self, what: u64, place: u32) -> Uuid {
        let mut dice = self.dice(0x1d00 + what, place);
        let [a, b, c, d, e, f, g, h] = dice.next().to_be_bytes();
        let [i, j, ..] = dice.next().to_be_bytes();
        let millis = FIRST_MS + u64::from(place) * 1_000;
        uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
    }

    /// Identity of the CI at a place.
    #[must_use]
    pub fn ci_id(&self, place: u32) -> CiId {
        CiId(self.id(1, place))
    }

    /// What stands at a place, and the how manyth of its kind, or within its rack, it is.
    fn thing(&self, place: u32) -> (Thing, u32) {
        let mut rest = place;
        for (thing, count) in [(Thing::Site, self.sites), (Thing::Building, self.buildings), (Thing::Room, self.rooms)]
        {
            if rest < count {
                return (thing, rest);
            }
            rest -= count;
        }
        let within = rest % PER_RACK;
        match within {
            0 => (Thing::Rack, 0),
            1 => (Thing::Switch, 0),
            2..=21 => (Thing::Server, within - 2),
            22..=66 => (Thing::Vm, within - 22),
            67..=96 => (Thing::App, within - 67),
            97..=98 => (Thing::Database, within - 97),
            _ => (Thing::Service, 0),
        }
    }

    fn places(&self) -> u32 {
        self.sites + self.buildings + self.rooms
    }

    /// The rack of a place that is in one.
    fn rack(&self, place: u32) -> u32 {
        place.saturating_sub(self.places()) / PER_RACK
    }

    /// The place of something within a rack, if the model reaches so far.
    fn within(&self, rack: u32, place: u32) -> Option<u32> {
        let place = self.places() + rack * PER_RACK + place;
        (place < self.cis).then_some(place)
    }

    /// What a CI is called; unique in the whole model.
    #[must_use]
    pub fn name(&self, place: u32) -> String {
        let (thing, n) = self.thing(place);
        let rack = self.rack(place);
        let town = |site: u32| self.dice(2, site).of(&TOWNS);
        let here = town(rack / (RACKS_PER_ROOM * ROOMS_PER_BUILDING * BUILDINGS_PER_SITE));
        let trade = |salt: u32| self.dice(3, rack * 64 + salt).of(&TRADES);
        match thing {
            Thing::Site => format!("site-{}-{}", town(n), n + 1),
            Thing::Building => format!("building-{}-{:03}", town(n / BUILDINGS_PER_SITE), n + 1),
            Thing::Room => format!("room-{:05}", n + 1),
            Thing::Rack => format!("rack-{:05}", rack + 1),
            Thing::Switch => format!("sw-{here}-{:05}", rack + 1),
            Thing::Server => format!("srv-{here}-{:05}-{:02}", rack + 1, n + 1),
            Thing::Vm => format!("vm-{}-{:05}-{:02}", trade(n), rack + 1, n + 1),
            Thing::App => {
                format!("{}-{}-{:05}-{:02}", trade(n % 7), self.dice(4, place).of(&PARTS), rack + 1, n + 1)
            }
            Thing::Database => format!("db-{}-{:05}-{}", trade(n), rack + 1, n + 1),
            Thing::Service => format!("{} {:05}", trade(0), rack + 1),
        }
    }

    /// The CI at a place.
    #[must_use]
    pub fn ci(&self, place: u32) -> Ci {
        let (thing, n) = self.thing(place);
        let mut dice = self.dice(5, place);
        let class = match thing {
            Thing::Site => "site",
            Thing::Building => "building",
            Thing::Room => "room",
            Thing::Rack => "rack",
            Thing::Switch => "switch",
            Thing::Server => "server",
            Thing::Vm => "virtual machine",
            Thing::App => "application",
            Thing::Database => "database",
            Thing::Service => "service",
        };
        let number = Number::new(Series::Ci, FIRST_NUMBER + place);
        let mut ci = Ci::blank(self.ci_id(place), number, class, &self.name(place));
        ci.criticality = match dice.below(20) {
            0 => Criticality::Critical,
            1..=4 => Criticality::High,
            5..=14 => Criticality::Medium,
            _ => Criticality::Low,
        };
        let rack = self.rack(place);
        let room = rack / RACKS_PER_ROOM;
        let building = room / ROOMS_PER_BUILDING;
        if matches!(thing, Thing::Rack | Thing::Switch | Thing::Server) {
            ci.location.building = format!("Building {}", building + 1);
            ci.location.room = format!("Room {}", room + 1);
            ci.location.rack = format!("R{:05}", rack + 1);
        }
        let set = |ci: &mut Ci, values: [&str; 3]| {
            for (name, value) in Self::ATTRIBUTES.iter().zip(values) {
                if !value.is_empty() {
                    ci.attributes.insert((*name).to_owned(), value.to_owned());
                }
            }
        };
        match thing {
            Thing::Rack => ci.location.u = Some(1),
            Thing::Switch => {
                (ci.manufacturer, ci.model) = ("Cisco".to_owned(), "Nexus 9336C".to_owned());
                ci.version = format!("10.{}.{}", dice.below(4), dice.below(9));
                ci.location.u = Some(42);
            }
            Thing::Server => {
                let (maker, model) = dice.of(&SERVERS);
                (ci.manufacturer, ci.model) = (maker.to_owned(), model.to_owned());
                ci.location.u = Some(1 + n * 2);
                set(&mut ci, [dice.of(&["16", "32", "64"]), dice.of(&["128", "256", "512"]), ""]);
            }
            Thing::Vm => set(&mut ci, [dice.of(&["2", "4", "8"]), dice.of(&["4", "8", "16"]), dice.of(&SYSTEMS)]),
            Thing::App => ci.version = format!("{}.{}.{}", 1 + dice.below(9), dice.below(20), dice.below(30)),
            Thing::Database => {
                (ci.manufacturer, ci.model) = ("PostgreSQL".to_owned(), "Cluster".to_owned());
                ci.version = format!("{}.{}", 15 + dice.below(4), dice.below(9));
            }
            Thing::Site | Thing::Building | Thing::Room | Thing::Service => {}
        }
        if matches!(thing, Thing::Rack | Thing::Switch | Thing::Server) {
            ci.serial_number = serial(&mut dice, place);
            ci.asset_tag = format!("A-{:07}", place + 1);
        }
        match dice.below(40) {
            0 => ci.status = CiStatus::InMaintenance,
            1 => ci.status = CiStatus::Retired,
            2 => ci.status = CiStatus::Installed,
            _ => {}
        }
        match dice.below(10) {
            0 => ci.environment = Environment::Test,
            1 => ci.environment = Environment::Development,
            _ => {}
        }
        if dice.below(50) == 0 {
            ci.notes = format!("Replaced in wave {}", dice.below(30));
        }
        if self.peopled {
            let site = building / BUILDINGS_PER_SITE;
            if matches!(thing, Thing::Rack | Thing::Switch | Thing::Server) {
                ci.location.site = Some(SiteId(self.id(2, site.min(self.sites.saturating_sub(1)))));
            }
            ci.owner = Some(PersonId(self.id(3, dice.below(Self::PEOPLE))));
            ci.support_group = Some(GroupId(self.id(4, dice.below(Self::GROUPS))));
        }
        ci
    }

    /// Sites, people and groups that CIs of a peopled model name.
    #[must_use]
    pub fn people(&self) -> Vec<Record> {
        if !self.peopled {
            return Vec::new();
        }
        let person = |n: u32| Person {
            id: PersonId(self.id(3, n)),
            name: format!("Person {:03}", n + 1),
            user: format!("person{:03}", n + 1),
            roles: BTreeSet::new(),
            active: true,
        };
        let group = |n: u32| Group {
            id: GroupId(self.id(4, n)),
            name: format!("Support {:02}", n + 1),
            members: (0..Self::PEOPLE).filter(|p| p % Self::GROUPS == n).map(|p| PersonId(self.id(3, p))).collect(),
            lead: None,
        };
        let site = |n: u32| Site { id: SiteId(self.id(2, n)), name: self.name(n), address: String::new() };
        let mut all: Vec<Record> = (0..Self::PEOPLE).map(|n| person(n).into()).collect();
        all.extend((0..Self::GROUPS).map(|n| Record::from(group(n))));
        all.extend((0..self.sites).map(|n| Record::from(site(n))));
        all
    }

    /// The relation of an edge.
    #[must_use]
    pub fn relation(&self, edge: Edge) -> Relation {
        Relation::new(self.ci_id(edge.source), edge.relation_type, self.ci_id(edge.target))
    }

    /// Every relation: first what stands or runs where, then wires and needs, until there are as many as asked for.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::with_capacity(usize::try_from(self.relations).unwrap_or_default());
        let mut seen = HashSet::new();
        let wanted = usize::try_from(self.relations).unwrap_or(usize::MAX);
        let mut add = |edges: &mut Vec<Edge>, edge: Edge| {
            // A symmetric relation is the same both ways.
            let (a, b) = match edge.relation_type {
                RelationType::ConnectsTo => (edge.source.min(edge.target), edge.source.max(edge.target)),
                _ => (edge.source, edge.target),
            };
            if edges.len() < wanted && edge.source != edge.target && seen.insert((a, edge.relation_type, b)) {
                edges.push(edge);
            }
        };
        for place in 0..self.cis {
            if let Some(edge) = self.ground(place) {
                add(&mut edges, edge);
            }
        }
        // A model without racks has nothing more to connect; enough rounds find what a small one has room for.
        for round in 0..40 {
            for place in self.places()..self.cis {
                if edges.len() >= wanted {
                    return edges;
                }
                if let Some(edge) = self.need(place, round) {
                    add(&mut edges, edge);
                }
            }
        }
        edges
    }

    /// What a CI stands in or runs on.
    fn ground(&self, place: u32) -> Option<Edge> {
        let (thing, n) = self.thing(place);
        let rack = self.rack(place);
        let edge = |source, relation_type, target| Edge { source, relation_type, target };
        let here = |within| self.within(rack, within);
        Some(match thing {
            Thing::Site => return None,
            Thing::Building => edge(n / BUILDINGS_PER_SITE, RelationType::Contains, place),
            Thing::Room => edge(self.sites + n / ROOMS_PER_BUILDING, RelationType::Contains, place),
            Thing::Rack => edge(self.sites + self.buildings + rack / RACKS_PER_ROOM, RelationType::Contains, place),
            Thing::Switch | Thing::Server => edge(here(0)?, RelationType::Contains, place),
            Thing::Vm => edge(place, RelationType::HostedOn, here(2 + n % 20)?),
            Thing::App => edge(place, RelationType::RunsOn, here(22 + n)?),
            Thing::Database => edge(place, RelationType::RunsOn, here(2 + n)?),
            Thing::Service => edge(place, RelationType::DependsOn, here(67)?),
        })
    }

    /// A wire or need of a CI, mostly within the neighbouring racks; needs of applications close circles.
    fn need(&self, place: u32, round: u32) -> Option<Edge> {
        let (thing, _) = self.thing(place);
        let mut dice = self.dice(16 + u64::from(round), place);
        let rack = self.rack(place);
        let racks = self.cis.saturating_sub(self.places()).div_ceil(PER_RACK).max(1);
        let near = match dice.below(20) {
            0 => dice.below(racks),
            1..=5 => (rack + 1 + dice.below(3)) % racks,
            _ => rack,
        };
        let edge = |relation_type, target| Edge { source: place, relation_type, target };
        Some(match thing {
            Thing::Server if round == 0 => edge(RelationType::ConnectsTo, self.within(rack, 1)?),
            Thing::Server => edge(RelationType::ConnectsTo, self.within(near, 2 + dice.below(20))?),
            // A ring of switches.
            Thing::Switch => edge(RelationType::ConnectsTo, self.within((rack + 1 + round) % racks, 1)?),
            Thing::Vm => edge(RelationType::DependsOn, self.within(near, 97 + dice.below(2))?),
            Thing::App => edge(RelationType::DependsOn, self.within(near, 67 + dice.below(32))?),
            Thing::Service => edge(RelationType::DependsOn, self.within(near, 67 + dice.below(30))?),
            _ => return None,
        })
    }
}

fn serial(dice: &mut Dice, place: u32) -> String {
    const LETTERS: [char; 16] = ['B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'S', 'T', 'V'];
    let letters: String = (0..4).map(|_| dice.of(&LETTERS)).collect();
    format!("{letters}{place:07}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_same_seed_gives_the_same_and_another_does_not() {
        let (one, again, other) = (Model::new(7, 900, 2_700), Model::new(7, 900, 2_700), Model::new(8, 900, 2_700));
        let all = |m: &Model| (0..m.cis()).map(|n| m.ci(n)).collect::<Vec<_>>();
        assert_eq!((all(&one), one.edges()), (all(&again), again.edges()));
        assert_ne!(all(&one), all(&other));
    }

    #[test]
    fn what_must_be_unique_is_and_what_contains_is_a_tree() {
        let model = Model::new(1, 5_000, 15_000);
        let cis: Vec<Ci> = (0..model.cis()).map(|n| model.ci(n)).collect();
        let distinct = |values: Vec<String>| values.iter().collect::<BTreeSet<_>>().len() == values.len();
        assert!(distinct(cis.iter().map(|c| c.name.clone()).collect()), "names");
        assert!(distinct(
            cis.iter().filter(|c| !c.serial_number.is_empty()).map(|c| c.serial_number.clone()).collect()
        ));
        assert!(distinct(cis.iter().map(|c| c.id.to_string()).collect()), "ids");
        let edges = model.edges();
        assert_eq!(edges.len(), 15_000, "as many as asked for");
        assert!(distinct(edges.iter().map(|e| model.relation(*e).id.to_string()).collect()), "relations");
        let mut parents = BTreeMap::new();
        for edge in edges.iter().filter(|e| e.relation_type == RelationType::Contains) {
            assert!(edge.source < edge.target, "no loop");
            assert_eq!(parents.insert(edge.target, edge.source), None, "one container");
        }
        let back = edges.iter().filter(|e| e.relation_type == RelationType::DependsOn && e.source > e.target).count();
        let forth = edges.iter().filter(|e| e.relation_type == RelationType::DependsOn && e.source < e.target).count();
        assert!(back > 100 && forth > 100, "needs go both ways, so some close circles: {back}, {forth}");
    }

    #[test]
    fn small_models_are_possible() {
        for cis in 1..30 {
            let model = Model::new(3, cis, 1_000);
            assert!(model.edges().iter().all(|e| e.source < cis && e.target < cis), "{cis}");
        }
    }
}
