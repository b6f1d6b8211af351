//! The walk itself, over whatever tells the neighbours of a CI: records in memory, or row numbers of a large database.
//!
//! A round looks one relation further from everything that the round before reached. Where redundancy counts, a link
//! over which failure would go on waits until its guard has too few members left; guards only ever lose members, so
//! what is reached is the smallest set that the rules allow, cycles or not.

use crate::cmdb::relation::RelationType;
use crate::refusal::Fault;
use std::collections::{BTreeMap, BTreeSet};

/// Tells the walk what lies around a CI.
pub trait Network {
    /// Stands for a CI.
    type Node: Copy + Ord;
    /// Stands for a redundancy group or rule.
    type Rule: Copy + Ord;

    /// Gives every link over which one comes from these to their neighbours, in the direction and along the relations
    /// asked for; always in the same order.
    ///
    /// # Errors
    /// A storage fault.
    fn links(&mut self, from: &[Self::Node], give: &mut dyn FnMut(Link<Self::Node>)) -> Result<(), Fault>;

    /// The guards of which these are members, each with the member.
    ///
    /// # Errors
    /// A storage fault.
    fn guards(&mut self, members: &[Self::Node]) -> Result<Memberships<Self>, Fault>;

    /// What a guard says; `None` if it is none any more. Asked once for each guard that is met.
    ///
    /// # Errors
    /// A storage fault.
    fn guard(&mut self, rule: Self::Rule) -> Result<Option<Guard<Self::Node>>, Fault>;
}

/// Members with the guards they belong to.
pub type Memberships<W> = Vec<(<W as Network>::Node, <W as Network>::Rule)>;

/// A relation as the walk goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<N> {
    /// The CI before.
    pub from: N,
    /// The CI after.
    pub to: N,
    /// How they are related.
    pub relation_type: RelationType,
    /// The relation's source is the CI before.
    pub outgoing: bool,
}

/// What keeps failure from going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard<N> {
    /// The CI that it protects; `None`: everything that depends on a member, unless it has a guard of its own there.
    pub ci: Option<N>,
    /// Members in all.
    pub members: u32,
    /// Members that are enough.
    pub enough: u32,
}

/// How far to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Rounds at most.
    pub depth: u32,
    /// CIs at most, those where it begins included.
    pub most: usize,
    /// Whether guards count.
    pub guarded: bool,
}

/// A CI that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit<N, R> {
    /// Which.
    pub node: N,
    /// In which round; 0 for those where it began.
    pub depth: u32,
    /// The place of the CI before among those reached, and the link from it.
    pub by: Option<(usize, Link<N>)>,
    /// The guard that had to fall before.
    pub fallen: Option<R>,
}

/// A guard that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met<N> {
    /// What it says.
    pub guard: Guard<N>,
    /// Members that were reached.
    pub down: u32,
}

impl<N> Met<N> {
    /// Enough of its members are left.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.guard.members.saturating_sub(self.down) >= self.guard.enough
    }
}

/// Where a walk came.
#[derive(Clone, Debug)]
pub struct Walked<N, R: Ord> {
    /// Nearest first.
    pub reached: Vec<Visit<N, R>>,
    /// Guards of which a member was reached.
    pub met: BTreeMap<R, Met<N>>,
    /// More lies beyond the rounds that were asked for.
    pub beyond: bool,
    /// It ended because so many were reached; which of the last round are among them is by chance.
    pub full: bool,
    /// Place of the goal at which it ended.
    pub goal: Option<usize>,
}

/// Walks from `of`, to the nearest CI that is a goal or to the end.
///
/// # Errors
/// A storage fault.
pub fn walk<W: Network>(
    network: &mut W,
    of: &[W::Node],
    reach: Reach,
    is_goal: &dyn Fn(W::Node) -> bool,
) -> Result<Walked<W::Node, W::Rule>, Fault> {
    let mut walk = Walk::<W> {
        reached: Vec::new(),
        places: BTreeMap::new(),
        guards: Guards { met: BTreeMap::new(), ..Guards::default() },
    };
    for node in of {
        walk.add(*node, 0, None, None);
    }
    let (mut edge, mut depth) = (of.to_vec(), 0_u32);
    let (mut beyond, mut full, mut goal) = (false, false, None);
    'rounds: while !edge.is_empty() {
        depth = depth.saturating_add(1);
        let freed = if reach.guarded { walk.guards.lose(network, &edge)? } else { Vec::new() };
        let mut open = Vec::new();
        let Walk { places, guards, .. } = &mut walk;
        network.links(&edge, &mut |link| {
            if !places.contains_key(&link.to)
                && let Some(fallen) = guards.lets_through(link)
            {
                open.push((link, fallen));
            }
        })?;
        open.extend(freed.into_iter().map(|(rule, link)| (link, Some(rule))));
        edge.clear();
        for (link, fallen) in open {
            if walk.places.contains_key(&link.to) {
                continue;
            }
            if depth > reach.depth {
                beyond = true;
                break 'rounds;
            }
            if walk.reached.len() >= reach.most {
                full = true;
                break 'rounds;
            }
            let place = walk.reached.len();
            let before = walk.places.get(&link.from).copied().unwrap_or_default();
            walk.add(link.to, depth, Some((before, link)), fallen);
            if is_goal(link.to) {
                goal = Some(place);
                break 'rounds;
            }
            edge.push(link.to);
        }
    }
    Ok(Walked { reached: walk.reached, met: walk.guards.met, beyond, full, goal })
}

struct Walk<W: Network> {
    reached: Vec<Visit<W::Node, W::Rule>>,
    places: BTreeMap<W::Node, usize>,
    guards: Guards<W::Node, W::Rule>,
}

impl<W: Network> Walk<W> {
    fn add(&mut self, node: W::Node, depth: u32, by: Option<(usize, Link<W::Node>)>, fallen: Option<W::Rule>) {
        self.places.insert(node, self.reached.len());
        self.reached.push(Visit { node, depth, by, fallen });
    }
}

struct Guards<N, R> {
    met: BTreeMap<R, Met<N>>,
    none: BTreeSet<R>,
    of: BTreeMap<N, Vec<R>>,
    waiting: BTreeMap<R, Vec<Link<N>>>,
}

impl<N, R> Default for Guards<N, R> {
    fn default() -> Self {
        Self { met: BTreeMap::new(), none: BTreeSet::new(), of: BTreeMap::new(), waiting: BTreeMap::new() }
    }
}

impl<N: Copy + Ord, R: Copy + Ord> Guards<N, R> {
    /// These are down now: the links that waited for a guard that does not hold any more.
    fn lose<W: Network<Node = N, Rule = R>>(
        &mut self,
        network: &mut W,
        down: &[N],
    ) -> Result<Vec<(R, Link<N>)>, Fault> {
        let mut weaker = BTreeSet::new();
        for (node, rule) in network.guards(down)? {
            if !self.met.contains_key(&rule) && !self.none.contains(&rule) {
                match network.guard(rule)? {
                    Some(guard) => {
                        self.met.insert(rule, Met { guard, down: 0 });
                    }
                    None => {
                        self.none.insert(rule);
                    }
                }
            }
            if let Some(met) = self.met.get_mut(&rule) {
                met.down = met.down.saturating_add(1);
                self.of.entry(node).or_default().push(rule);
                weaker.insert(rule);
            }
        }
        let mut freed = Vec::new();
        for rule in weaker {
            if !self.met.get(&rule).is_some_and(Met::holds) {
                freed.extend(self.waiting.remove(&rule).unwrap_or_default().into_iter().map(|link| (rule, link)));
            }
        }
        Ok(freed)
    }

    /// Whether failure goes on over a link, and which guard fell for that; if it does not, the link waits.
    ///
    /// A guard of the CI itself counts more than those of everything that depends on the same members.
    fn lets_through(&mut self, link: Link<N>) -> Option<Option<R>> {
        let Some(rules) = self.of.get(&link.from) else { return Some(None) };
        let met = &self.met;
        let about = |wanted: Option<N>| -> Vec<R> {
            rules.iter().filter(|rule| met.get(rule).is_some_and(|met| met.guard.ci == wanted)).copied().collect()
        };
        let own = about(Some(link.to));
        let guards = if own.is_empty() { about(None) } else { own };
        if guards.is_empty() {
            return Some(None);
        }
        let fallen = guards.iter().find(|rule| self.met.get(rule).is_some_and(|met| !met.holds()));
        if fallen.is_none() {
            for rule in &guards {
                self.waiting.entry(*rule).or_default().push(link);
            }
        }
        fallen.copied().map(Some)
    }
}
