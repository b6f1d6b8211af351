//! Whole-system tests through processes: server, command line, faults. One module per promise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

#[test]
fn every_program_of_the_workspace_is_built_beside_the_desktop() {
    for name in ["slipway", "slipwayctl", "slipway-server"] {
        assert!(support::program(name).is_absolute(), "{name} is found from any folder");
    }
}
