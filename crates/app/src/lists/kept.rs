//! The long lists that are kept in order, and what changed since. Few are kept: the oldest makes room for the next.

use crate::host::{Host, Notice, Progress};
use crate::view::jobs::JobView;
use crate::view::mutations::Changes;
use crate::view::profile::SyncStatus;
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use slipway_store::list::ListSpec;
use slipway_store::list::order::{MOVED_MOST, Order, Stop};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Most lists that are kept: of 1,000,000 records, four megabytes each.
const KEPT_MOST: usize = 6;

/// The lists of the open profile.
#[derive(Default)]
pub(crate) struct Lists(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    last: u32,
    /// The figure that moves when another program writes to the profile.
    foreign: Option<i64>,
    /// The one that was asked for last at the end.
    lists: VecDeque<List>,
}

struct List {
    id: u32,
    spec: ListSpec,
    order: Option<Arc<Order>>,
    changed: Changed,
    stop: Arc<Stop>,
}

/// What changed since a list was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    kinds: BTreeSet<Kind>,
    ids: BTreeSet<Uuid>,
    many: bool,
}

/// The records that changed, one by one.
pub(crate) struct Listed<'a> {
    pub(crate) kinds: &'a BTreeSet<Kind>,
    pub(crate) ids: &'a BTreeSet<Uuid>,
}

impl Changed {
    /// Whether nothing did.
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The records, unless they are many.
    pub(crate) fn listed(&self) -> Option<Listed<'_>> {
        (!self.many).then_some(Listed { kinds: &self.kinds, ids: &self.ids })
    }

    fn note(&mut self, kind: Kind, changes: &Changes) {
        if !changes.kinds.contains(&kind) {
            return;
        }
        self.kinds.extend(&changes.kinds);
        self.many |= changes.ids.is_empty();
        for id in &changes.ids {
            match id.parse() {
                Ok(id) => drop(self.ids.insert(id)),
                Err(_) => self.many = true,
            }
        }
        if self.many || self.ids.len() > MOVED_MOST {
            self.many = true;
            self.ids.clear();
        }
    }
}

/// A list whose order is known.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) id: u32,
    pub(crate) spec: ListSpec,
    pub(crate) order: Arc<Order>,
    pub(crate) changed: Changed,
}

/// How far a list is.
pub(crate) enum Found {
    Ordered(Arc<Order>),
    /// Still to be put in order, until it is stopped.
    Begun(ListSpec, Arc<Stop>),
}

impl Lists {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest order of that list.
    pub(crate) fn known(&self, spec: &ListSpec) -> Option<Known> {
        self.kept().lists.iter().rev().filter(|list| list.spec == *spec).find_map(List::known)
    }

    /// The order of a list by its number; it counts as asked for.
    pub(crate) fn ordered(&self, id: u32) -> Option<Known> {
        let mut kept = self.kept();
        let place = kept.lists.iter().position(|list| list.id == id)?;
        let list = kept.lists.remove(place)?;
        let known = list.known();
        kept.lists.push_back(list);
        drop(kept);
        known
    }

    /// A list that is to be put in order. Others of its kind that are being put in order are ended.
    pub(crate) fn begin(&self, spec: &ListSpec) -> u32 {
        let mut kept = self.kept();
        kept.last = kept.last.wrapping_add(1);
        let id = kept.last;
        kept.lists.retain(|list| {
            let is_ended = list.spec.kind == spec.kind && list.order.is_none();
            if is_ended {
                list.stop.stop();
            }
            !is_ended
        });
        let (changed, stop) = (Changed::default(), Arc::default());
        kept.lists.push_back(List { id, spec: spec.clone(), order: None, changed, stop });
        while kept.lists.len() > KEPT_MOST {
            if let Some(oldest) = kept.lists.pop_front() {
                oldest.stop.stop();
            }
        }
        drop(kept);
        id
    }

    /// How far a list is; `None` where it is not kept any more.
    pub(crate) fn find(&self, id: u32) -> Option<Found> {
        self.kept().lists.iter().find(|list| list.id == id).map(List::found)
    }

    /// The order of a list that was begun. What it takes the place of is kept, as parts of it may still be asked for;
    /// what that took the place of is not.
    pub(crate) fn put(&self, id: u32, order: Arc<Order>) {
        let mut kept = self.kept();
        let Some(list) = kept.lists.iter_mut().find(|list| list.id == id) else { return };
        list.order = Some(order);
        let spec = list.spec.clone();
        let before = kept.lists.iter().filter(|list| list.spec == spec && list.id != id).map(|list| list.id).max();
        kept.lists.retain(|list| list.spec != spec || list.id == id || Some(list.id) == before);
    }

    /// Forgets a list that is not needed.
    pub(crate) fn give_up(&self, id: u32) {
        self.kept().lists.retain(|list| list.id != id);
    }

    /// Row numbers are those of one profile: none outlives it.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept();
        kept.foreign = None;
        for list in kept.lists.drain(..) {
            list.stop.stop();
        }
    }

    /// Another program may have changed anything.
    pub(crate) fn note_foreign(&self, figure: Option<i64>) {
        let Some(figure) = figure else { return };
        let mut kept = self.kept();
        if kept.foreign.replace(figure).is_some_and(|before| before != figure) {
            for list in &mut kept.lists {
                list.changed.kinds.insert(list.spec.kind);
                list.changed.many = true;
            }
        }
    }

    fn note(&self, changes: &Changes) {
        for list in &mut self.kept().lists {
            list.changed.note(list.spec.kind, changes);
        }
    }
}

impl List {
    fn found(&self) -> Found {
        match &self.order {
            Some(order) => Found::Ordered(order.clone()),
            None => Found::Begun(self.spec.clone(), self.stop.clone()),
        }
    }

    fn known(&self) -> Option<Known> {
        let order = self.order.clone()?;
        Some(Known { id: self.id, spec: self.spec.clone(), order, changed: self.changed.clone() })
    }
}

/// The program around the application; what it is told of changes is noted with the lists first.
pub(crate) struct Noting {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) lists: Arc<Lists>,
}

impl Host for Noting {
    fn now(&self) -> Timestamp {
        self.host.now()
    }

    fn new_id(&self) -> Uuid {
        self.host.new_id()
    }

    fn changed(&self, changes: &Changes) {
        self.lists.note(changes);
        self.host.changed(changes);
    }

    fn sync(&self, status: &SyncStatus) {
        self.host.sync(status);
    }

    fn notify(&self, notice: &Notice) {
        self.host.notify(notice);
    }

    fn browse(&self, url: &str) -> bool {
        self.host.browse(url)
    }

    fn job(&self, job: &JobView) {
        self.host.job(job);
    }

    fn progress(&self, step: &Progress) {
        self.host.progress(step);
    }
}
