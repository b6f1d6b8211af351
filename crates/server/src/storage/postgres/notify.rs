//! Tells the other nodes that a workspace changed, and hears it from them (LISTEN and NOTIFY).
//!
//! A hint and no more: it is sent after the commit, at most twenty times a second, and whoever misses one reads the
//! head every second anyway. On a database that knows no LISTEN there is only that.

use super::pool::{Tls, plain_or_tls};
use slipway_domain::id::WorkspaceId;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Config};
use uuid::Uuid;

/// The channel; a message on it is the id of a workspace.
const LISTEN: &str = "LISTEN slipway";
/// Between two hints.
const SPACING: Duration = Duration::from_millis(50);
/// Before the connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Called when a workspace may have changed.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// What this node has to tell, and whom to tell what the others said.
#[derive(Default)]
pub(super) struct News {
    changed: Mutex<Known>,
    some: Notify,
}

#[derive(Default)]
struct Known {
    /// Workspaces that others are to be told of; `None` as long as nobody is to be told anything.
    ours: Option<BTreeSet<Uuid>>,
    wakes: Vec<(Uuid, Wake)>,
}

impl News {
    /// This node changed a workspace.
    pub(super) fn changed(&self, workspace: WorkspaceId) {
        if let Some(ours) = &mut self.changed.lock().unwrap_or_else(PoisonError::into_inner).ours {
            ours.insert(workspace.0);
            self.some.notify_one();
        }
    }

    /// Calls this when another node changed the workspace; says whether it is the first to ask for such a thing.
    pub(super) fn on_change(&self, workspace: WorkspaceId, wake: Wake) -> bool {
        let mut known = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        known.wakes.push((workspace.0, wake));
        let first = known.ours.is_none();
        known.ours.get_or_insert_default();
        first
    }

    fn take(&self) -> BTreeSet<Uuid> {
        let mut known = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        known.ours.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Calls those who wait for one of these workspaces, or for any.
    fn wake(&self, heard: Option<&BTreeSet<String>>) {
        let known = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let called: Vec<Wake> = known
            .wakes
            .iter()
            .filter(|(id, _)| heard.is_none_or(|heard| heard.contains(&id.to_string())))
            .map(|(_, wake)| Arc::clone(wake))
            .collect();
        drop(known);
        called.iter().for_each(|wake| wake());
    }

    /// Tells and hears for as long as the pool's runtime lives.
    pub(super) async fn exchange(self: Arc<Self>, config: Config, tls: Option<Tls>) {
        loop {
            if let Err(error) = self.session(&config, tls.clone()).await {
                let unknown = [SqlState::SYNTAX_ERROR, SqlState::FEATURE_NOT_SUPPORTED];
                if error.code().is_some_and(|code| unknown.contains(code)) {
                    tracing::info!("The database knows no LISTEN; other nodes' changes are seen within a second");
                    return;
                }
                tracing::debug!(%error, "The connection for hints between nodes ended");
            }
            sleep(AGAIN).await;
            // What was said meanwhile is not known.
            self.wake(None);
        }
    }

    async fn session(&self, config: &Config, tls: Option<Tls>) -> Result<(), tokio_postgres::Error> {
        let (tell, mut told) = mpsc::unbounded_channel();
        let client = connect(config, tls, tell).await?;
        client.batch_execute(LISTEN).await?;
        self.wake(None);
        loop {
            tokio::select! {
                first = told.recv() => {
                    let Some(first) = first else { return Ok(()) };
                    let mut heard = BTreeSet::from([first]);
                    while let Ok(more) = told.try_recv() {
                        heard.insert(more);
                    }
                    self.wake(Some(&heard));
                }
                () = self.some.notified() => {
                    for id in self.take() {
                        client.execute("SELECT pg_notify('slipway', $1)", &[&id.to_string()]).await?;
                    }
                    sleep(SPACING).await;
                }
            }
        }
    }
}

/// A connection whose notifications go into this channel, which ends with it.
async fn connect(
    config: &Config,
    tls: Option<Tls>,
    tell: mpsc::UnboundedSender<String>,
) -> Result<Client, tokio_postgres::Error> {
    plain_or_tls!(config, tls, connection => {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(notification) = message {
                let _ = tell.send(notification.payload().to_owned());
            }
        }
    })
}
