//! Sites by name; one that is there keeps what it has.

use super::header::Header;
use super::seen::Seen;
use super::{Format, NumberSource, RowError, Wanted};
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::SiteId;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::people::Site;
use slipway_domain::records::Records;
use uuid::Uuid;

/// Reads sites.
#[derive(Debug, Default)]
pub struct Sites {
    header: Header,
    seen: Seen,
}

impl Format for Sites {
    type Row = Site;

    fn header(&mut self, header: Header) {
        self.header = header;
    }

    fn pass_over(&mut self, line: u32, fields: &[String]) {
        let name = self.header.value(fields, "name").to_lowercase();
        self.seen.before(&name, line);
    }

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<Site>, RowError> {
        let name = self.header.value(fields, "name");
        if name.is_empty() {
            return Err(RowError::because("the name is empty"));
        }
        if let Some(first) = self.seen.before(&name.to_lowercase(), line) {
            return Err(RowError::because(format!(
                "site {name:?} is on line {first} already; keep one of the two rows"
            )));
        }
        if !records.find(Lookup::Name, &pair("site", name))?.is_empty() {
            return Ok(Wanted::Already);
        }
        let address = self.header.value(fields, "address").to_owned();
        Ok(Wanted::Send(Site { id: SiteId(Uuid::now_v7()), name: name.to_owned(), address }))
    }

    fn command(&self, rows: &[Site], _numbers: &mut dyn NumberSource) -> Command {
        // One a command: see `rows_a_command`.
        let site = rows.first().cloned();
        Command::Setup(SetupCommand::PutSite(site.unwrap_or(Site {
            id: SiteId(Uuid::nil()),
            name: String::new(),
            address: String::new(),
        })))
    }

    fn rows_a_command(&self) -> usize {
        1
    }
}
