//! A laptop's disk, whichever it is: the real store, or one in memory.

use crate::random::Random;
use slipway_domain::command::Command;
use slipway_domain::id::{CommandId, DeviceId, PersonId, SiteId};
use slipway_domain::number::{Number, Series};
use slipway_domain::records::Memory;
use slipway_domain::time::Timestamp;
use slipway_sync::local::{LocalAnswer, LocalError, LocalRequest};
use slipway_sync::protocol::Verdict;
use slipway_sync::signing::{PrivateKey, PublicKey};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A command that waits, as its envelope says.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub id: CommandId,
    pub made_at: Timestamp,
    /// `None` for a kind that nobody knows.
    pub command: Option<Command>,
}

/// Gives a new record its number.
pub type Numbering<'a> = dyn FnMut(Series, Uuid) -> Number + 'a;

/// What everything on a disk was at one moment.
pub type Image = Box<dyn Any>;

pub trait Machine {
    fn name(&self) -> &'static str;
    fn person(&self) -> PersonId;
    fn device(&self) -> DeviceId;
    fn public_key(&self) -> PublicKey;

    /// Issues a command; one that a rule refuses here and now is not issued.
    fn issue(&mut self, id: CommandId, made_at: Timestamp, command: Command) -> bool;

    /// Issues a command of a kind that nobody knows, as a newer program would. Not every disk can.
    fn poison(&mut self, id: CommandId, made_at: Timestamp) -> bool;

    /// Does what the engine asks for.
    fn perform(&mut self, request: &LocalRequest) -> Result<LocalAnswer, LocalError>;

    /// Begins what the engine asks for and loses power amid it: any prefix of its transactions remains.
    fn perform_in_part(&mut self, request: &LocalRequest, random: &mut Random);

    /// The program starts anew on what the disk holds.
    fn restart(&mut self);

    /// Takes a new identity; what waits is issued anew under it, in the old order.
    fn reissue(&mut self, device: DeviceId, key: PrivateKey);

    fn image(&self) -> Image;
    fn put_back(&mut self, image: &Image);
    /// Another laptop with the same disk.
    fn clone_from_image(&self, image: &Image) -> Box<dyn Machine>;

    /// From the next sync on only these sites are wanted here; `None`: all that may be read.
    fn hold_only(&mut self, sites: Option<BTreeSet<SiteId>>);
    fn only(&self) -> Option<BTreeSet<SiteId>>;

    /// What the person sees.
    fn visible(&self) -> Memory;
    /// Hash over what the person sees.
    fn visible_hash(&self) -> String;
    /// Hash over what the server confirmed.
    fn confirmed_hash(&self) -> String;
    /// What waits, in order.
    fn waiting(&self) -> Vec<Waiting>;
    /// Results in force, by command.
    fn ends(&self) -> BTreeMap<CommandId, Verdict>;
    /// Commands in *Needs attention*.
    fn attention(&self) -> BTreeSet<CommandId>;
}
