//! A bad network: a TCP proxy that delays, drops, throttles, cuts, resets, leaves half open and replays.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// What happens to one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing.
    Passed,
    /// Every piece comes late.
    Delayed,
    /// It is closed before a byte went through.
    Dropped,
    /// A few bytes at a time.
    Throttled,
    /// It ends after some bytes, in either direction.
    Cut,
    /// One direction ends in silence, the other stays open.
    HalfOpen,
    /// It ends with a reset.
    Reset,
    /// What the laptop sent is sent once more, on a connection of its own.
    Replayed,
}

impl Fate {
    const BAD: [Self; 7] =
        [Self::Delayed, Self::Dropped, Self::Throttled, Self::Cut, Self::HalfOpen, Self::Reset, Self::Replayed];
}

/// The proxy before a server. It ends with its value.
pub struct Proxy {
    port: u16,
    bad: Arc<AtomicBool>,
    counts: Arc<Mutex<BTreeMap<Fate, u64>>>,
    // Dropped without waiting for connections that hang on purpose.
    runtime: Option<Runtime>,
}

impl Proxy {
    /// A proxy before the server on this port; the weather is bad, and its course follows from the seed.
    pub fn before(server: u16, seed: u64) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let (bad, counts) = (Arc::new(AtomicBool::new(true)), Arc::<Mutex<BTreeMap<Fate, u64>>>::default());
        let mut proxy = Self { port, bad: bad.clone(), counts: counts.clone(), runtime: None };
        let chance = Arc::new(Chance(AtomicU64::new(seed)));
        runtime.spawn(async move {
            loop {
                let Ok((laptop, _)) = listener.accept().await else { continue };
                let fate = match chance.below(3) {
                    0 if bad.load(Ordering::Relaxed) => Fate::BAD[chance.below(7) as usize],
                    _ => Fate::Passed,
                };
                *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(fate).or_default() += 1;
                // How a bad connection ends is nobody's error.
                tokio::spawn(carry(laptop, server, fate, chance.clone()));
            }
        });
        proxy.runtime = Some(runtime);
        proxy
    }

    /// From now on every connection passes.
    pub fn clear_up(&self) {
        self.bad.store(false, Ordering::Relaxed);
    }

    /// The address that laptops are given.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// How many connections had which fate.
    pub fn counts(&self) -> BTreeMap<Fate, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// SplitMix64, for whoever asks.
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, limit: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

async fn carry(laptop: TcpStream, server: u16, fate: Fate, chance: Arc<Chance>) -> io::Result<()> {
    if fate == Fate::Dropped {
        return Ok(());
    }
    let upstream = TcpStream::connect(("127.0.0.1", server)).await?;
    // From nothing to somewhat more than a handshake and a small request.
    let bytes = chance.below(12_000);
    if fate == Fate::Reset {
        laptop.set_zero_linger()?;
    }
    let (mut from_laptop, mut to_laptop) = laptop.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let keep = (fate == Fate::Replayed).then(|| sent.clone());
    let down_fate = if fate == Fate::HalfOpen { Fate::Passed } else { fate };
    let up = async move {
        let end = pump(&mut from_laptop, &mut to_server, fate, bytes, keep).await;
        if fate == Fate::HalfOpen {
            // Nothing more goes up and nobody is told, until the laptop gives up.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        let _ = to_server.shutdown().await;
        end
    };
    let down = async move {
        let end = pump(&mut from_server, &mut to_laptop, down_fate, bytes, None).await;
        if down_fate == Fate::Passed || down_fate == Fate::Replayed {
            let _ = to_laptop.shutdown().await;
        }
        end
    };
    if matches!(fate, Fate::Cut | Fate::Reset) {
        // Whichever direction is at its end takes the other one with it.
        tokio::select! { end = up => end, end = down => end }?;
    } else {
        let _ = tokio::join!(up, down);
    }
    if fate == Fate::Replayed {
        let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
        let mut again = TcpStream::connect(("127.0.0.1", server)).await?;
        again.write_all(&sent).await?;
        again.shutdown().await?;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(2), again.read_to_end(&mut answer)).await;
    }
    Ok(())
}

async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    fate: Fate,
    most: u64,
    keep: Option<Arc<Mutex<Vec<u8>>>>,
) -> io::Result<()> {
    let mut buffer = vec![0_u8; if fate == Fate::Throttled { 256 } else { 16_384 }];
    let mut carried = 0;
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        match fate {
            Fate::Delayed => tokio::time::sleep(Duration::from_millis(40)).await,
            Fate::Throttled => tokio::time::sleep(Duration::from_millis(2)).await,
            _ => {}
        }
        let piece = &buffer[..read];
        carried += read as u64;
        if matches!(fate, Fate::Cut | Fate::Reset | Fate::HalfOpen) && carried > most {
            return Ok(());
        }
        if let Some(keep) = &keep {
            keep.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(piece);
        }
        to.write_all(piece).await?;
    }
}
