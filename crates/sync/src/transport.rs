//! The other side, as the engine's driver sees it.

use crate::bucket::Bucket;
use crate::encoding::Base64;
use crate::protocol::{Epoch, ErrorBody, Lease, LeaseRequest, Page, Pull, Push, Pushed};
use crate::snapshot::{Offers, SnapshotId};
use std::future::Future;
use std::ops::Range;

/// What the engine asks of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Commands.
    Push(Push),
    /// Records.
    Pull(Pull),
    /// Numbers.
    Lease(LeaseRequest),
    /// Which of these buckets are worth fetching whole.
    Offers(Vec<Bucket>),
    /// A stretch of a snapshot's file.
    Frames {
        /// Which snapshot.
        snapshot: SnapshotId,
        /// Which bytes of it.
        bytes: Range<u64>,
    },
    /// That the audit log's first entries are those seen before.
    Consistency {
        /// Of the log that was shown.
        epoch: Epoch,
        /// Entries of the tree seen before.
        from: u64,
        /// Entries of the tree that was shown.
        to: u64,
    },
}

/// What the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a push.
    Pushed(Pushed),
    /// To a pull.
    Page(Box<Page>),
    /// To a lease.
    Lease(Lease),
    /// To a request for offers.
    Offers(Offers),
    /// To a request for frames: the bytes that came before the end or a cut.
    Frames(Vec<u8>),
    /// To a request for a proof of consistency; `None` where the answer comes from a file that holds none.
    Consistency(Option<Vec<Base64>>),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, no name, no route, timed out.
    #[error("the server cannot be reached: {why}")]
    Unreachable {
        /// In the network layer's words.
        why: String,
    },
    /// The certificate is not one of the workspace's authority.
    #[error("the server's certificate is not trusted: {why}")]
    Untrusted {
        /// In the TLS layer's words.
        why: String,
    },
    /// The answer cannot be read.
    #[error("the server's answer cannot be read: {why}")]
    Garbled {
        /// Where.
        why: String,
    },
    /// There is no session and none can be had without a person.
    #[error("nobody is signed in")]
    SignedOut,
    /// The server answered with an error.
    #[error("{}", .0.sentence)]
    Refused(Box<ErrorBody>),
}

/// Carries requests to the server within a session; refreshes the session's tokens by itself.
pub trait Transport {
    /// Sends one request and waits for its answer.
    fn call(&self, request: Request) -> impl Future<Output = Result<Answer, TransportError>> + Send;
}
