//! Sync as front ends see it: how it stands, and now.

use crate::App;
use crate::error::CallError;
use crate::host::{Host, Notice};
use crate::local::FlipNews;
use crate::open::WeakApp;
use crate::sync_driver::{Watch, resting_status, sync_once};
use crate::view::common::Nothing;
use crate::view::mutations::Changes;
use crate::view::profile::SyncStatus;
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use std::sync::Arc;

/// How sync stands.
///
/// # Errors
/// Trouble.
pub fn status(app: &App, _: &Nothing) -> Result<SyncStatus, CallError> {
    let open = app.open()?;
    let mut status = match &open.driver {
        Some(driver) => driver.status(),
        None => resting_status(&open.session)?,
    };
    if open.alone {
        // Nothing waits for a server that there is not.
        status.waiting = 0;
    }
    Ok(status)
}

/// Syncs now: nudges what syncs in the background, or does it here where nothing does.
///
/// # Errors
/// What kept it from its end, where it is done here.
pub async fn now(app: App, _: Nothing) -> Result<SyncStatus, CallError> {
    let open = app.open()?;
    match &open.driver {
        Some(driver) => driver.sync_now(),
        None => {
            sync_once(open.session.clone(), app.watch()).await?;
        }
    }
    crate::start::blocking(move || status(&app, &Nothing)).await
}

/// Passes what sync tells on to the program around the application.
pub struct Watcher {
    host: Arc<dyn Host>,
    app: WeakApp,
}

impl Watcher {
    /// A watcher for an application.
    #[must_use]
    pub fn of(host: Arc<dyn Host>, app: WeakApp) -> Self {
        Self { host, app }
    }
}

impl Watch for Watcher {
    fn now(&self) -> Timestamp {
        self.host.now()
    }

    fn status(&self, status: &SyncStatus) {
        if status.locked
            && let Some(app) = self.app.upgrade()
        {
            app.close();
        }
        self.host.sync(status);
    }

    fn uploaded(&self, _: u32) {
        self.host.changed(&Changes { kinds: vec![Kind::Attachment, Kind::DslItem], ids: Vec::new() });
    }

    fn flipped(&self, news: &FlipNews) {
        self.host.changed(&Changes::from(&news.flipped.changes));
        let notices = self.app.upgrade().map(|app| crate::notices::of(&app, news)).transpose();
        match notices {
            Ok(notices) => notices.unwrap_or_default().iter().for_each(|notice| self.host.notify(notice)),
            Err(error) => tracing::warn!(error = %error, "what a sync brought could not be told"),
        }
    }
}

/// A notice with its parts.
pub(crate) fn notice(title: &str, body: String, path: String) -> Notice {
    Notice { title: title.to_owned(), body, path }
}
