//! Waits that double, with jitter from a seed.

use super::Millis;

/// SplitMix64 and the number of failures in a row.
#[derive(Debug)]
pub struct Backoff {
    state: u64,
    failures: u32,
    first: Millis,
    longest: Millis,
}

impl Backoff {
    /// Waits from the first to the longest; two laptops must not have the same seed.
    #[must_use]
    pub fn new(seed: u64, first: Millis, longest: Millis) -> Self {
        Self { state: seed, failures: 0, first, longest }
    }

    /// After a success the next wait is short again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Between half of the doubled span and the whole of it, so that laptops cut off together do not return together.
    pub fn next_wait(&mut self) -> Millis {
        let span = self.first.saturating_mul(1 << self.failures.min(30)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        let half = span / 2;
        half + self.below(span - half + 1)
    }

    /// A figure below this one.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_start_small_again() {
        let mut backoff = Backoff::new(1, 1_000, 60_000);
        let waits: Vec<_> = (0..12).map(|_| backoff.next_wait()).collect();
        for (n, wait) in waits.iter().enumerate() {
            let span = (1_000_u64 << n).min(60_000);
            assert!((span / 2..=span).contains(wait), "wait {n} is {wait}");
        }
        backoff.reset();
        assert!(backoff.next_wait() <= 1_000, "after a success the first wait is short again");
    }
}
