//! Whole-system tests through processes: server, command line, faults. One module per promise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod api;
mod backup;
mod carry;
mod dhs;
mod disk;
mod kill;
mod observe;
mod stores_disk;
mod story;
#[path = "../support/mod.rs"]
mod support;

use support::server::Server;

#[test]
fn every_program_of_the_workspace_is_built_beside_the_desktop() {
    for name in ["slipway", "slipwayctl", "slipway-server"] {
        assert!(support::program(name).is_absolute(), "{name} is found from any folder");
    }
}

#[test]
fn a_server_that_lost_its_power_comes_back_at_the_same_address_with_the_same_people() {
    let mut server = Server::with_sample();
    let (url, people) = (server.url(), server.people());
    server.stop();
    server.start();
    assert_eq!(server.url(), url, "laptops remember the address");
    assert_eq!(server.people().len(), people.len());
    assert_eq!(server.person_with("release_manager").user, people[0].user, "the release manager stands first");
}
