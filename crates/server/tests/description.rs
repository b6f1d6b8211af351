//! The committed description of the HTTP interface is the one that the code makes.

use std::path::Path;

#[test]
fn the_committed_description_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = slipway_server::openapi::json().unwrap();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "run `UPDATE_OPENAPI=1 cargo test -p slipway-server --test server description`");
}

/// A route that is added with `routes!` cannot be without a description; one that is added with `.route` could.
#[test]
fn no_route_goes_past_the_description() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http.rs");
    let source = std::fs::read_to_string(source).unwrap();
    assert!(!source.contains(".route("), "add routes to http.rs with .routes(routes!(..)) and #[utoipa::path]");
    assert!(source.contains("OpenApiRouter"), "this test looks at the right file");
}
