//! What a sync brought that the person wants to be told: approvals that wait for them, commands that were refused.

use crate::App;
use crate::approvals;
use crate::error::CallError;
use crate::host::Notice;
use crate::local::FlipNews;
use crate::sync::notice;
use crate::view::common::Nothing;
use crate::view::settings::Channel;
use slipway_domain::approval::record::Subject;
use slipway_domain::change::record::Change;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::Release;

/// Most notices of one sync; more would be noise, the Inbox has them all.
const NOTICES_MOST: usize = 5;

/// What to tell about a flip, by the person's choices.
///
/// # Errors
/// Trouble.
pub fn of(app: &App, news: &FlipNews) -> Result<Vec<Notice>, CallError> {
    let choices = crate::settings::get(app, &Nothing)?.notifications;
    let mut notices = Vec::new();
    let changes = &news.flipped.changes;
    if choices.approval_pending == Channel::System && changes.kinds.contains(&Kind::Approval) {
        app.read(|sight| {
            for approval in approvals::waiting_for(sight)? {
                // After a first sync there is no list of what is new: telling everything would tell nothing.
                if changes.many || !changes.ids.contains(&approval.id.0) {
                    continue;
                }
                let subject = match approval.subject {
                    Subject::Release(id) => {
                        sight.records.get::<Release>(id)?.map(|r| (r.title.clone(), Record::from(r)))
                    }
                    Subject::Change(id) => sight.records.get::<Change>(id)?.map(|c| (c.title.clone(), Record::from(c))),
                };
                let Some((title, record)) = subject else { continue };
                let gate = crate::rows::gate(approval.gate);
                let body = format!("{} {title}: {gate}", record.label());
                notices.push(notice("Waiting for your approval", body, "/inbox".to_owned()));
            }
            Ok(())
        })?;
    }
    if choices.refused == Channel::System && !news.flipped.attention.is_empty() {
        let count = news.flipped.attention.len();
        let body = if count == 1 {
            "The server did not take one of your actions as it was.".to_owned()
        } else {
            format!("The server did not take {count} of your actions as they were.")
        };
        notices.push(notice("Needs attention", body, "/inbox/attention".to_owned()));
    }
    notices.truncate(NOTICES_MOST);
    Ok(notices)
}
