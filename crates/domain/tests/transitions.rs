//! Tests of the phase machine: every transition allowed, each guard failing alone.

use crate::builders::World;
use slipway_domain::people::Person;
use slipway_domain::records::RecordsExt;

#[test]
fn a_world_has_people_of_every_role_to_act() {
    assert_eq!(World::new().records.all::<Person>().unwrap().len(), 11, "one person for each role but the auditor");
}
