//! The console beside a running server.

use crate::support::{World, a_site, all_at_once, user};
use slipway_domain::people::Role;
use slipway_server::core::system_clock;
use slipway_server::setup::{NewWorkspace, Office, SetupError};

#[tokio::test]
async fn people_and_groups_added_while_serving_reach_laptops() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let before = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();
    let office = world.office();
    let mut tom = user("tom", Role::Technician);
    tom.groups.push("cab".into());
    let person = office.add_user(&tom).unwrap();
    office.add_group("Operations", &["tom".into()], Some("ruth")).unwrap();
    let page = world.pull(&laptop, before.head, 0, all_at_once()).await.unwrap();
    let kinds: Vec<&str> = page.entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["person", "group", "group"], "in the order of the commands");
    assert_eq!(page.entries[0].id, person.id.0);
    world.laptop("tom").await;
    let command = laptop.issue(a_site("Antwerp"));
    world.push(&laptop, 1, &[command]).await.expect("and the server goes on writing");
}

#[tokio::test]
async fn a_refused_set_up_changes_nothing() {
    let world = World::new().await;
    let office = world.office();
    let before = office.state().unwrap();
    let mut tom = user("tom", Role::Technician);
    tom.groups.push("no such group".into());
    let mut short = user("tim", Role::Technician);
    short.password = "short".into();
    for wrong in [tom, short, user("ruth", Role::Viewer)] {
        let refused = office.add_user(&wrong);
        assert!(matches!(&refused, Err(SetupError::Refused(_))), "{refused:?}");
    }
    assert!(matches!(office.add_group("CAB", &[], None), Err(SetupError::Refused(_))), "the name is taken");
    assert!(matches!(office.change_members("CAB", &["nobody".into()], &[]), Err(SetupError::Refused(_))));
    assert_eq!(office.state().unwrap(), before, "neither records nor log");
}

#[test]
fn a_folder_is_not_made_twice_and_not_served_empty() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Office::open(folder.path(), system_clock()).is_err(), "an empty folder");
    let new = NewWorkspace { name: "Test".into(), administrator: None };
    let state = Office::create(folder.path(), &new, system_clock()).unwrap().state().unwrap();
    assert!(Office::create(folder.path(), &new, system_clock()).is_err(), "there is one already");
    assert_eq!(Office::open(folder.path(), system_clock()).unwrap().state().unwrap(), state, "and it is untouched");
}

#[test]
fn a_workspace_that_cannot_be_made_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut administrator = user("no blanks please", Role::Administrator);
    administrator.password = "long enough".into();
    let new = NewWorkspace { name: "Test".into(), administrator: Some(administrator) };
    assert!(matches!(Office::create(folder.path(), &new, system_clock()), Err(SetupError::Refused(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is as it was");
}

#[test]
fn the_sample_company_stands_in_every_phase_and_state() {
    use slipway_domain::change::record::{Change, ChangeState};
    use slipway_domain::record::Kind;
    use slipway_domain::release::record::{Phase, Release, ReleaseClass, ReleaseType};
    use slipway_server::storage::Storage;
    use slipway_server::storage::sqlite::Sqlite;

    let folder = tempfile::tempdir().unwrap();
    let new = NewWorkspace { name: "Harbour & Vale".into(), administrator: None };
    let office = Office::create(folder.path(), &new, system_clock()).unwrap();
    office.add_sample().unwrap();
    let storage = Sqlite::open(&folder.path().join("workspace.sqlite")).unwrap();
    let view = storage.snapshot(storage.workspace_id()).unwrap();
    let (mut releases, mut changes) = (Vec::<Release>::new(), Vec::<Change>::new());
    view.each_record(&mut |kind, _, body| match Kind::named(kind) {
        Some(Kind::Release) => releases.push(serde_json::from_str(body).unwrap()),
        Some(Kind::Change) => changes.push(serde_json::from_str(body).unwrap()),
        _ => {}
    })
    .unwrap();
    for phase in Phase::ALL {
        assert!(releases.iter().any(|release| release.phase == *phase), "a release in {phase}");
    }
    for release_type in ReleaseType::ALL {
        assert!(releases.iter().any(|r| r.release_type == Some(*release_type)), "a {release_type} release");
    }
    for class in ReleaseClass::ALL {
        assert!(releases.iter().any(|release| release.class == *class), "a {class} release");
    }
    for state in ChangeState::ALL {
        assert!(changes.iter().any(|change| change.state == *state), "a change that is {state}");
    }
    let users = std::fs::read_to_string(folder.path().join("sample-users.json")).unwrap();
    let users: serde_json::Value = serde_json::from_str(&users).unwrap();
    assert_eq!(users[0]["roles"][0], "release_manager", "the first is who the newcomer signs in as");
    let (people, _) = office.people().unwrap();
    assert_eq!(users.as_array().unwrap().len(), people.len(), "everybody can sign in");
    let roles: std::collections::BTreeSet<_> = people.iter().flat_map(|person| &person.roles).collect();
    let missing: Vec<_> = Role::ALL.iter().filter(|role| !roles.contains(role)).collect();
    assert!(missing.iter().all(|role| **role == Role::Viewer), "nobody is {missing:?}");
}
