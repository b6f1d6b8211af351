//! Racks: no two CIs in one place, none above the top; and every way of changing a status keeps to its table.

use crate::classes::{a_ci, create, stored, workspace};
use crate::cmdb::{codes, id, run};
use rstest::rstest;
use slipway_domain::cmdb::ci::{Ci, CiStatus, Face, FieldChange, Location};
use slipway_domain::command::{CiRow, CmdbCommand};
use slipway_domain::records::{Memory, RecordsExt};

fn at(u: u32, height: Option<u32>, face: Option<Face>) -> Location {
    Location { rack: "R1".into(), room: "Hall A".into(), u: Some(u), height, face, ..Location::default() }
}

fn placed(n: u128, location: Location) -> Ci {
    Ci { location, ..a_ci(n, "server", &format!("srv-{n}")) }
}

/// A rack of 20 units with a CI of 3 at U10 to U12.
fn racked(face: Option<Face>) -> Memory {
    let mut records = workspace();
    let mut rack = a_ci(90, "rack", "R1");
    rack.attributes.insert("height".into(), "20".into());
    assert_eq!(create(&mut records, rack), [""; 0]);
    assert_eq!(create(&mut records, placed(1, at(10, Some(3), face))), [""; 0]);
    records
}

#[rstest]
#[case::below(at(8, Some(2), None), None, &[])]
#[case::above(at(13, None, None), None, &[])]
#[case::into_its_foot(at(9, Some(2), None), None, &["RACK_SPACE_TAKEN"])]
#[case::on_its_head(at(12, None, None), None, &["RACK_SPACE_TAKEN"])]
#[case::around_it(at(5, Some(10), None), None, &["RACK_SPACE_TAKEN"])]
#[case::behind_it(at(10, Some(3), Some(Face::Rear)), Some(Face::Front), &[])]
#[case::same_face(at(10, Some(3), Some(Face::Front)), Some(Face::Front), &["RACK_SPACE_TAKEN"])]
#[case::through_it(at(10, Some(3), Some(Face::FullDepth)), Some(Face::Front), &["RACK_SPACE_TAKEN"])]
#[case::another_room(Location { room: "Hall B".into(), ..at(10, None, None) }, None, &[])]
#[case::another_spelling(Location { room: "HALL A ".into(), ..at(10, None, None) }, None, &["RACK_SPACE_TAKEN"])]
#[case::over_the_top(at(19, Some(3), None), None, &["RACK_TOO_LOW"])]
#[case::no_rack(Location { rack: String::new(), ..at(3, None, None) }, None, &["RACK_MISSING"])]
fn a_place_in_a_rack_is_taken_once(#[case] wanted: Location, #[case] face: Option<Face>, #[case] want: &[&str]) {
    let mut records = racked(face);
    assert_eq!(create(&mut records, placed(2, wanted)), want);
}

#[test]
fn who_moves_into_anothers_place_is_told_and_who_was_taken_out_leaves_room() {
    let mut records = racked(None);
    assert_eq!(create(&mut records, placed(2, at(1, None, None))), [""; 0]);
    let change = FieldChange { field: "location.u".into(), from: "1".into(), to: "11".into() };
    let effect = run(&mut records, CmdbCommand::SetFields(id(2), vec![change.clone()])).unwrap();
    assert_eq!(effect.conflicts[0].finding.code, "RACK_SPACE_TAKEN");
    let status = |n, from, to| CmdbCommand::SetStatus { ci: id(n), from, to };
    run(&mut records, status(1, CiStatus::InUse, CiStatus::Retired)).unwrap();
    assert_eq!(run(&mut records, CmdbCommand::SetFields(id(2), vec![change])).unwrap().conflicts, []);
    let back = run(&mut records, status(1, CiStatus::Retired, CiStatus::Installed));
    assert_eq!(codes(back), ["RACK_SPACE_TAKEN"], "its place is gone");
}

#[test]
fn a_ci_that_stands_wrong_since_before_is_still_edited() {
    let mut records = racked(None);
    records.put(placed(2, at(10, None, None))).unwrap();
    let change = FieldChange { field: "version".into(), from: String::new(), to: "2".into() };
    assert_eq!(run(&mut records, CmdbCommand::SetFields(id(2), vec![change])).unwrap().conflicts, []);
}

#[test]
fn no_way_leads_past_the_table_of_moves() {
    for from in CiStatus::ALL {
        for to in CiStatus::ALL {
            let mut records = workspace();
            records.put(Ci { status: *from, ..a_ci(1, "server", "srv") }).unwrap();
            let may = from.next().contains(to) || from == to;
            let by_edit = run(&mut records.clone(), CmdbCommand::SetStatus { ci: id(1), from: *from, to: *to });
            assert_eq!(by_edit.is_ok(), may, "{from} to {to} by edit");
            let ci = Ci { status: *to, ..a_ci(1, "server", "srv") };
            let row = CiRow { line: 2, ci, columns: ["status".to_owned()].into() };
            let by_import = run(&mut records, CmdbCommand::ImportCis(vec![row])).unwrap();
            assert_eq!(by_import.conflicts.is_empty(), may, "{from} to {to} by import");
            assert_eq!(stored(&records, 1).status, if may { *to } else { *from });
            let change = FieldChange { field: "status".into(), from: from.to_string(), to: to.to_string() };
            let by_field = run(&mut records, CmdbCommand::SetFields(id(1), vec![change]));
            assert_eq!(codes(by_field), ["UNKNOWN_FIELD"], "a status is no field");
        }
    }
}
