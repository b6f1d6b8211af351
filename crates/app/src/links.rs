//! Addresses in what people wrote: opened in the system's browser, never in the window.

use crate::App;
use crate::error::CallError;
use crate::view::common::Nothing;
use crate::view::links::LinkRequest;
use reqwest::Url;
use slipway_domain::refusal::Finding;

/// Where a link may lead: to pages and mail, never to a file or to what a program would run.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Opens an address in the system's browser.
///
/// # Errors
/// `WRONG_ADDRESS`, or `NO_BROWSER`.
pub fn open(app: &App, request: &LinkRequest) -> Result<Nothing, CallError> {
    let url = Url::parse(request.url.trim()).ok().filter(|url| SCHEMES.contains(&url.scheme())).ok_or_else(|| {
        Finding::new(
            "WRONG_ADDRESS",
            format!("{:?} is no address of a page or of a mailbox.", request.url),
            "Only http, https and mailto addresses are opened.",
        )
        .with("field", "url")
    })?;
    if app.host().browse(url.as_str()) {
        return Ok(Nothing);
    }
    Err(CallError::trouble(
        "NO_BROWSER",
        format!("{url} was not opened: there is no browser here."),
        "Copy the address into a browser on another device.",
    ))
}
