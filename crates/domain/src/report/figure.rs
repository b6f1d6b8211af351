//! Figures from gathered facts. Each knows which facts it is made of.

use super::fact::Measure;
use super::table::Gathered;
use super::{ALWAYS, Figure, Selection, Stretch};
use crate::time::Window;

/// What figures are computed from.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) period: Window,
    pub(super) stretches: &'a [Stretch],
    pub(super) gathered: &'a [Gathered],
}

/// Where in a report a figure stands: it is of that stretch, group and span of values alone.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) stretch: Option<usize>,
    pub(super) group: Option<&'a str>,
    pub(super) values: Option<(i64, i64)>,
}

/// Some of the facts.
#[derive(Clone)]
pub(super) struct Picked<'a> {
    facts: Facts<'a>,
    stretch: Option<usize>,
    of: Selection,
}

impl<'a> Facts<'a> {
    /// The facts of a measure at a place of the report.
    pub(super) fn pick(self, measure: Measure, place: Place<'_>) -> Picked<'a> {
        let stretch = place.stretch.filter(|_| measure != Measure::Open);
        let period = match stretch.and_then(|n| self.stretches.get(n)) {
            _ if measure == Measure::Open => ALWAYS,
            Some(stretch) => stretch.window,
            None => self.period,
        };
        let groups = place.group.map(str::to_owned).into_iter().collect();
        let of = Selection { measure, period, groups, kind_of: None, class: None, values: place.values };
        Picked { facts: self, stretch, of }
    }
}

impl Picked<'_> {
    pub(super) fn of_groups(mut self, groups: &[&str]) -> Self {
        self.of.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self
    }

    pub(super) fn of_type(mut self, kind_of: &str) -> Self {
        self.of.kind_of = Some(kind_of.to_owned());
        self
    }

    pub(super) fn of_class(mut self, class: &str) -> Self {
        self.of.class = Some(class.to_owned());
        self
    }

    fn values(&self) -> impl Iterator<Item = i64> {
        let is_in = |value: &i64| self.of.values.is_none_or(|(low, high)| (low..=high).contains(value));
        self.facts.gathered.iter().filter(|g| self.takes(g)).flat_map(|g| g.values.iter().copied()).filter(is_in)
    }

    fn takes(&self, gathered: &Gathered) -> bool {
        gathered.measure == self.of.measure
            && self.stretch.is_none_or(|n| gathered.stretch == n)
            && (self.of.groups.is_empty() || self.of.groups.contains(&gathered.group))
            && self.of.kind_of.as_ref().is_none_or(|kind_of| *kind_of == gathered.kind_of)
            && self.of.class.as_ref().is_none_or(|class| *class == gathered.class)
    }

    fn number(&self) -> i64 {
        i64::try_from(self.values().count()).unwrap_or(i64::MAX)
    }

    fn total(&self) -> i64 {
        self.values().fold(0, i64::saturating_add)
    }

    fn figure(self, value: Option<i64>) -> Figure {
        let of = if self.values().next().is_some() { Some(self.of) } else { None };
        Figure { value, of }
    }

    /// How many facts.
    pub(super) fn count(self) -> Figure {
        let number = self.number();
        self.figure(Some(number))
    }

    /// The sum of their values.
    pub(super) fn sum(self) -> Figure {
        let total = self.total();
        self.figure(Some(total))
    }

    /// The mean of their values, rounded towards zero.
    pub(super) fn mean(self) -> Figure {
        let mean = self.total().checked_div(self.number());
        self.figure(mean)
    }

    /// The value that so many of a hundred do not exceed, by nearest rank.
    pub(super) fn percentile(self, hundredth: usize) -> Figure {
        let mut values: Vec<i64> = self.values().collect();
        values.sort_unstable();
        let rank = values.len().saturating_mul(hundredth).div_ceil(100).max(1);
        let value = values.get(rank.saturating_sub(1)).copied();
        self.figure(value)
    }

    /// The largest value.
    pub(super) fn longest(self) -> Figure {
        let value = self.values().max();
        self.figure(value)
    }

    /// How many of a thousand these are of the others.
    pub(super) fn share_of(self, whole: &Self) -> Figure {
        let share = per_mille(self.number(), whole.number());
        self.figure(share)
    }

    /// How many of a thousand the sum of these is of the others'.
    pub(super) fn sum_share_of(self, whole: &Self) -> Figure {
        let share = per_mille(self.total(), whole.total());
        self.figure(share)
    }

    /// How many of a thousand the sum of these leaves of the others'; none below 0.
    pub(super) fn left_of(self, whole: &Self) -> Figure {
        let left = whole.total().saturating_sub(self.total()).max(0);
        let share = per_mille(left, whole.total());
        Figure { value: share, of: whole.clone().figure(None).of }
    }
}

fn per_mille(part: i64, whole: i64) -> Option<i64> {
    part.saturating_mul(1_000).checked_div(whole)
}
