//! What the server does, apart from how requests reach it: accounts, judging, feeding.

mod account;
mod api;
mod audit;
mod batch;
mod blob;
mod carry;
mod console;
mod device;
mod horizon;
mod hub;
mod judge;
mod proof;
mod pull;
mod push;
mod scope;
mod session;
mod snapshot;
mod token;
mod vouched;

pub use account::{nobodys_password, sound_password};
pub use api::{ApiPage, Asked, Place, Stood, Way};
pub use audit::{Exported, Verified};
pub use carry::Carried;
pub use console::Console;
pub use hub::{Heard, Hub, Listener};
pub(crate) use proof::no_such_tile;
pub use snapshot::Snapshots;
pub use token::{DAYS_MOST, PREFIX as TOKEN_PREFIX, TokenInfo};
pub use vouched::{Newcomers, Vouched};

use crate::blobs::Blobs;
use crate::error::ServerError;
use crate::storage::{Storage, WorkspaceTx, WorkspaceView};
use batch::Batcher;
use slipway_domain::id::{DeviceId, PersonId, WorkspaceId};
use slipway_domain::people::{Person, Role};
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Lease, LeaseRequest};
use slipway_sync::signing::{PrivateKey, PublicKey};
use slipway_sync::{encoding, limits};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The server's clock; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The computer's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| Timestamp(chrono::Utc::now().timestamp_millis()))
}

/// One workspace being served.
#[derive(Clone)]
pub struct Core {
    storage: Arc<dyn Storage>,
    workspace: WorkspaceId,
    log_key: PrivateKey,
    clock: Clock,
    hub: Arc<Hub>,
    batcher: Arc<Batcher>,
    keys: Arc<Mutex<BTreeMap<DeviceId, PublicKey>>>,
    /// Where buckets lie packed; `None` leaves everything to pages.
    snapshots: Option<Arc<Snapshots>>,
    /// Where files beside the records lie; `None` where there are none.
    blobs: Option<Arc<Blobs>>,
    /// From which the keys of tokens are derived; `None` where there are none.
    token_seed: Option<Arc<Vec<u8>>>,
    /// Commands of tokens are issued one after the other.
    token_turn: Arc<Mutex<()>>,
}

/// Who asks, as their access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub person: PersonId,
    /// The device.
    pub device: DeviceId,
    /// The device was shut out: its commands are held, and it gets nothing else.
    pub revoked: bool,
}

impl Core {
    /// Serves this workspace out of this storage.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, workspace: WorkspaceId, log_key: PrivateKey, clock: Clock) -> Self {
        Self {
            storage,
            workspace,
            log_key,
            clock,
            hub: Arc::default(),
            batcher: Arc::default(),
            keys: Arc::default(),
            snapshots: None,
            blobs: None,
            token_seed: None,
            token_turn: Arc::default(),
        }
    }

    /// The server's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Name of the audit log: also that of its key.
    #[must_use]
    pub fn log_name(&self) -> String {
        format!("slipway/{}", self.workspace)
    }

    pub(crate) fn begin(&self) -> Result<Box<dyn WorkspaceTx + '_>, ServerError> {
        Ok(self.storage.begin(self.workspace)?)
    }

    pub(crate) fn snapshot(&self) -> Result<Box<dyn WorkspaceView + '_>, ServerError> {
        Ok(self.storage.snapshot(self.workspace)?)
    }

    /// Hands out a block of numbers.
    ///
    /// # Errors
    /// Too many at once, or the storage failed.
    pub fn lease(&self, caller: &Caller, request: LeaseRequest) -> Result<Lease, ServerError> {
        let sound = caller.sound()?;
        if request.count == 0 || request.count > limits::LEASE_NUMBERS {
            return Err(ErrorBody::new(
                ErrorCode::TooLarge,
                format!("A block has 1 to {} numbers, not {}.", limits::LEASE_NUMBERS, request.count),
                "Ask for fewer, more often.",
            )
            .into());
        }
        let mut tx = self.begin()?;
        let lease = tx.lease(request, sound.device, self.now())?;
        tx.commit()?;
        Ok(lease)
    }

    /// Declares that a verified backup covers everything up to this sequence.
    ///
    /// # Errors
    /// There is no such sequence yet; or the storage failed.
    pub fn set_durable(&self, seq: u64) -> Result<(), ServerError> {
        let mut tx = self.begin()?;
        let head = tx.workspace()?.head;
        if seq > head {
            let sentence = format!("The last sequence given is {head}; {seq} cannot be covered.");
            return Err(ErrorBody::new(ErrorCode::BadRequest, sentence, "Give the head of the backup.").into());
        }
        tx.set_durable(seq)?;
        Ok(tx.commit()?)
    }

    /// Whether the storage answers.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.snapshot().and_then(|view| Ok(view.workspace()?)).is_ok()
    }
}

impl Caller {
    /// The caller, unless the device was shut out.
    ///
    /// # Errors
    /// [`ErrorCode::DeviceRevoked`].
    pub fn sound(&self) -> Result<&Self, ServerError> {
        if self.revoked { Err(device_revoked().into()) } else { Ok(self) }
    }
}

fn device_revoked() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::DeviceRevoked,
        "This device was shut out.",
        "Ask an administrator to let it in again; what still waits on it is kept there until then.",
    )
}

fn not_signed_in() -> ErrorBody {
    ErrorBody::new(ErrorCode::NotSignedIn, "The session is over.", "Sign in again; nothing that waits is lost.")
}

/// The person, if known and active.
fn active_person(view: &dyn WorkspaceView, id: PersonId) -> Result<Option<Person>, ServerError> {
    let Some(body) = view.body(Kind::Person, id.0)? else { return Ok(None) };
    let person: Person = serde_json::from_str(&body)
        .map_err(|error| crate::storage::StorageError::Corrupt { what: "person", why: error.to_string() })?;
    Ok(Some(person).filter(|person| person.active))
}

/// Whether the person is an administrator who works here.
fn is_administrator(view: &dyn WorkspaceView, id: PersonId) -> Result<bool, ServerError> {
    Ok(active_person(view, id)?.is_some_and(|person| person.roles.contains(&Role::Administrator)))
}

/// Bytes of the operating system's generator.
///
/// # Errors
/// The generator failed.
pub fn random<const N: usize>() -> Result<[u8; N], ServerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| ServerError::Random(error.to_string()))?;
    Ok(bytes)
}

/// A bearer token of 256 bits.
fn token() -> Result<String, ServerError> {
    Ok(encoding::hex(&random::<32>()?))
}
