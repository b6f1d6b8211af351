//! Limits that need a memory: how often a device or an address asks, how many passwords are compared at once.

use crate::error::ServerError;
use slipway_domain::id::DeviceId;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Longest time one request may take.
pub const REQUEST_TIME: Duration = Duration::from_secs(120);
/// A silent HTTP/2 connection is asked this often whether it still stands.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long the storage has to say that it is well.
pub const READY_TIME: Duration = Duration::from_secs(3);
/// The server is not ready with less room on its disk.
pub const DISK_LEAST_BYTES: u64 = 256 * 1024 * 1024;
/// How often certificates are looked at: files for a change, one of our own for its end.
pub const CERTIFICATE_LOOK: Duration = Duration::from_secs(30);
/// How long requests under way may take to end when the server stops.
pub const STOP_TIME: Duration = Duration::from_secs(10);
/// Between two looks at the head, in case that another process moved it.
pub const HEAD_POLL: Duration = Duration::from_secs(1);
/// Between two events of a stream when nothing happens.
pub const HEARTBEAT: Duration = Duration::from_millis(limits::HEARTBEAT_MS);
/// Between two looks at whether snapshots are still good.
pub const REFRESH_TIME: Duration = Duration::from_secs(600);
/// Between two removals of old tombstones.
pub const COMPACT_TIME: Duration = Duration::from_secs(24 * 3_600);
/// Passwords compared at once: each takes 19 MiB and a processor.
const PASSWORDS: usize = 2;
/// Keys that one allowance remembers.
const KEYS: usize = 10_000;

/// How often, on the average and at a stretch.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_second: f64,
    burst: f64,
}

impl Rate {
    fn refilled(self, (left, at): (f64, Instant), now: Instant) -> f64 {
        (left + now.saturating_duration_since(at).as_secs_f64() * self.per_second).min(self.burst)
    }
}

const PUSHES: Rate = Rate { per_second: limits::PUSHES_PER_SECOND as f64, burst: limits::PUSH_BURST as f64 };
const DEVICE: Rate = Rate { per_second: limits::REQUESTS_PER_SECOND as f64, burst: limits::REQUEST_BURST as f64 };
const ADDRESS: Rate = Rate { per_second: limits::ADDRESS_PER_SECOND as f64, burst: limits::ADDRESS_BURST as f64 };
const FAILURES: Rate =
    Rate { per_second: limits::FAILURES_PER_MINUTE as f64 / 60.0, burst: limits::FAILURE_BURST as f64 };

/// An allowance for each key that refills with time. It forgets those that are full again, and when there are too many
/// others, the one that used least.
#[derive(Debug)]
struct Allowance<K> {
    rate: Rate,
    left: HashMap<K, (f64, Instant)>,
}

impl<K: Eq + Hash + Copy> Allowance<K> {
    fn new(rate: Rate) -> Mutex<Self> {
        Mutex::new(Self { rate, left: HashMap::new() })
    }

    /// How much this key has left.
    fn left(&self, key: K, now: Instant) -> f64 {
        self.left.get(&key).map_or(self.rate.burst, |held| self.rate.refilled(*held, now))
    }

    /// Whether there is one left; otherwise gives the milliseconds until there is.
    fn look(&self, key: K, now: Instant) -> Result<(), u64> {
        let left = self.left(key, now);
        if left >= 1.0 { Ok(()) } else { Err((((1.0 - left) / self.rate.per_second) * 1_000.0).ceil() as u64) }
    }

    /// Takes one, if there is one left.
    fn take(&mut self, key: K, now: Instant) -> Result<(), u64> {
        self.look(key, now)?;
        let left = self.left(key, now) - 1.0;
        if !self.left.contains_key(&key) && self.left.len() >= KEYS {
            self.make_room(now);
        }
        self.left.insert(key, (left, now));
        Ok(())
    }

    fn make_room(&mut self, now: Instant) {
        let rate = self.rate;
        self.left.retain(|_, held| rate.refilled(*held, now) < rate.burst);
        if self.left.len() < KEYS {
            return;
        }
        let refilled = self.left.iter().map(|(key, held)| (*key, rate.refilled(*held, now)));
        if let Some((fullest, _)) = refilled.max_by(|(_, a), (_, b)| a.total_cmp(b)) {
            self.left.remove(&fullest);
        }
    }
}

/// How long a client may keep the server waiting, so that slow ones cannot use up all there is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the connection is encrypted.
    pub handshake: Duration,
    /// Until the head of a request is there; a connection rests no longer between two requests.
    pub head: Duration,
    /// Between two pieces of a request's body.
    pub body: Duration,
    /// While nothing of an answer is taken off.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(75),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(60),
        }
    }
}

/// What the server remembers of its callers' haste.
#[derive(Debug)]
pub struct Limits {
    pushes: Mutex<Allowance<DeviceId>>,
    devices: Mutex<Allowance<DeviceId>>,
    addresses: Mutex<Allowance<IpAddr>>,
    failures: Mutex<Allowance<IpAddr>>,
    passwords: Semaphore,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pushes: Allowance::new(PUSHES),
            devices: Allowance::new(DEVICE),
            addresses: Allowance::new(ADDRESS),
            failures: Allowance::new(FAILURES),
            passwords: Semaphore::new(PASSWORDS),
        }
    }
}

fn lock<K>(allowance: &Mutex<Allowance<K>>) -> MutexGuard<'_, Allowance<K>> {
    allowance.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limits {
    /// Takes one push from the device's allowance.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyRequests`] when it is used up.
    pub fn push(&self, device: DeviceId, now: Instant) -> Result<(), ErrorBody> {
        let sentence = || format!("A device pushes at most {} times a second.", limits::PUSHES_PER_SECOND);
        lock(&self.pushes).take(device, now).map_err(|wait| too_many(sentence(), wait))
    }

    /// Takes one request of any kind from the device's allowance.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyRequests`] when it is used up.
    pub fn device(&self, device: DeviceId, now: Instant) -> Result<(), ErrorBody> {
        let sentence = || format!("A device asks at most {} times a second.", limits::REQUESTS_PER_SECOND);
        lock(&self.devices).take(device, now).map_err(|wait| too_many(sentence(), wait))
    }

    /// Takes one request of any kind from the address's allowance.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyRequests`] when it is used up.
    pub fn address(&self, address: IpAddr, now: Instant) -> Result<(), ErrorBody> {
        let sentence = || format!("An address asks at most {} times a second.", limits::ADDRESS_PER_SECOND);
        lock(&self.addresses).take(network(address), now).map_err(|wait| too_many(sentence(), wait))
    }

    /// Whether a sign-in from this address is looked at: who fails under many names is slowed down like who fails
    /// under one.
    ///
    /// # Errors
    /// [`ErrorCode::LockedOut`] after too many failures.
    pub fn may_sign_in(&self, address: IpAddr, now: Instant) -> Result<(), ErrorBody> {
        lock(&self.failures).look(network(address), now).map_err(|wait| ErrorBody {
            retry_after_ms: Some(wait),
            ..ErrorBody::new(
                ErrorCode::LockedOut,
                format!("Too many sign-ins failed from this address; wait {} seconds.", wait.div_ceil(1_000)),
                "Wait, then try again.",
            )
        })
    }

    /// Counts a failed sign-in.
    pub fn failed(&self, address: IpAddr, now: Instant) {
        // With nothing left there is nothing more to take.
        let _ = lock(&self.failures).take(network(address), now);
    }

    /// Waits for a turn to compare or hash a password.
    ///
    /// # Errors
    /// The server is ending.
    pub async fn password(&self) -> Result<SemaphorePermit<'_>, ServerError> {
        self.passwords.acquire().await.map_err(|error| ServerError::Worker(error.to_string()))
    }
}

fn too_many(sentence: String, wait_ms: u64) -> ErrorBody {
    ErrorBody {
        retry_after_ms: Some(wait_ms),
        ..ErrorBody::new(ErrorCode::TooManyRequests, sentence, "Nothing to do: the laptop waits and tries again.")
    }
}

/// One customer of a provider has a whole /64 of addresses, which must not be as many allowances.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64)).into(),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let (limits_, device, start) = (Limits::default(), DeviceId(uuid::Uuid::nil()), Instant::now());
        for n in 0..limits::PUSH_BURST {
            assert!(limits_.push(device, start).is_ok(), "push {n} of the burst");
        }
        let error = limits_.push(device, start).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManyRequests, "one more at once is too many");
        assert_eq!(error.retry_after_ms, Some(100), "a tenth of a second brings the next");
        let later = start + Duration::from_secs(1);
        for n in 0..limits::PUSHES_PER_SECOND {
            assert!(limits_.push(device, later).is_ok(), "push {n} a second later");
        }
        assert!(limits_.push(device, later).is_err(), "and no more than the rate");
    }

    #[test]
    fn addresses_of_one_network_share_an_allowance() {
        let (limits_, now) = (Limits::default(), Instant::now());
        for n in 0..limits::FAILURE_BURST {
            limits_.failed(Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, n as u16).into(), now);
        }
        let error = limits_.may_sign_in("2001:db8:0:7::ffff".parse().unwrap(), now).unwrap_err();
        assert_eq!(error.code, ErrorCode::LockedOut);
        assert!(
            limits_.may_sign_in("2001:db8:0:8::1".parse().unwrap(), now).is_ok(),
            "the neighbour is not locked out"
        );
        let later = now + Duration::from_millis(error.retry_after_ms.unwrap());
        assert!(limits_.may_sign_in("2001:db8:0:7::1".parse().unwrap(), later).is_ok(), "after the wait that was told");
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_who_used_most() {
        let (limits_, now) = (Limits::default(), Instant::now());
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        for _ in 0..limits::FAILURE_BURST {
            limits_.failed(address(1), now);
        }
        for n in 2..(KEYS as u32 + 2_000) {
            limits_.failed(address(n), now);
        }
        assert!(lock(&limits_.failures).left.len() <= KEYS, "bounded");
        assert!(limits_.may_sign_in(address(1), now).is_err(), "a flood of others does not wash the worst away");
    }
}
