//! What laptops meet, with the records in PostgreSQL.

type World = crate::support::WorldOn<crate::support::OnPostgres>;

#[path = "api.rs"]
mod api;
#[path = "blobs.rs"]
mod blobs;
#[path = "calendar.rs"]
mod calendar;
#[path = "carry.rs"]
mod carry;
#[path = "compact.rs"]
mod compact;
#[path = "devices.rs"]
mod devices;
#[path = "hostile.rs"]
mod hostile;
#[path = "limits.rs"]
mod limits;
#[path = "live.rs"]
mod live;
#[path = "pull.rs"]
mod pull;
#[path = "push.rs"]
mod push;
#[path = "sign_in.rs"]
mod sign_in;
#[path = "snapshot.rs"]
mod snapshot;
#[path = "texts.rs"]
mod texts;
#[path = "tricks.rs"]
mod tricks;
