//! Passwords, tokens, devices.

use super::World;
use crate::support::{Laptop, PASSWORD, answer, json, new_id, user};
use slipway_domain::id::DeviceId;
use slipway_domain::people::Role;
use slipway_server::setup::UserChange;
use slipway_sync::account::{ChangePassword, ResetPassword};
use slipway_sync::limits;
use slipway_sync::protocol::{Done, ErrorBody, ErrorCode, NewDevice, Session, SignedRefresh};
use slipway_sync::signing::{PrivateKey, sign_refresh};

fn a_device() -> NewDevice {
    NewDevice { id: DeviceId(new_id()), name: "test".into(), public_key: PrivateKey::from_seed(&[9; 32]).public() }
}

async fn refresh(world: &World, request: &SignedRefresh) -> Result<Session, ErrorBody> {
    answer(world.post("refresh").body(json(request)).send().await.unwrap()).await
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_words() {
    let world = World::new().await;
    let name = world.sign_in("nobody", PASSWORD, &a_device()).await.unwrap_err();
    let password = world.sign_in("ruth", "wrong horse", &a_device()).await.unwrap_err();
    assert_eq!(name.code, ErrorCode::WrongCredentials);
    assert_eq!(name, password, "or names could be guessed");
    let session = world.sign_in(" RUTH ", PASSWORD, &a_device()).await.unwrap();
    assert_eq!(session.workspace_name, "Test", "case and blanks around the name do not matter");
}

#[tokio::test]
async fn after_five_failures_known_and_unknown_names_wait_alike() {
    let world = World::new().await;
    for name in ["ruth", "nobody"] {
        for n in 0..5 {
            let error = world.sign_in(name, "wrong horse", &a_device()).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::WrongCredentials, "try {n} of {name}");
        }
        let locked = world.sign_in(name, PASSWORD, &a_device()).await.unwrap_err();
        assert_eq!(locked.code, ErrorCode::LockedOut, "{name} waits, even with the right password");
        assert!(locked.retry_after_ms.is_some_and(|ms| ms > 0 && ms <= 1_000), "the first wait is a second");
    }
    world.advance_ms(1_001);
    world.sign_in("ruth", PASSWORD, &a_device()).await.expect("after the wait the right password is taken");
    world.sign_in("ruth", "wrong horse", &a_device()).await.unwrap_err();
    world.sign_in("ruth", PASSWORD, &a_device()).await.expect("and failures are counted from none again");
}

#[tokio::test]
async fn an_access_token_ends_and_the_devices_key_gets_another() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    world.advance_ms(limits::ACCESS_MS + 1);
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::NotSignedIn, "it is over");
    let request = sign_refresh(laptop.device.id, &laptop.session.refresh_token, &laptop.key).unwrap();
    laptop.session = refresh(&world, &request).await.unwrap();
    world.pull(&laptop, 0, 0, 10).await.expect("the fresh one holds");

    let stranger = PrivateKey::from_seed(&[66; 32]);
    let stolen = sign_refresh(laptop.device.id, &laptop.session.refresh_token, &stranger).unwrap();
    assert_eq!(refresh(&world, &stolen).await.unwrap_err().code, ErrorCode::NotSignedIn, "a token without its key");
}

#[tokio::test]
async fn a_lost_refresh_can_be_repeated_until_the_new_token_was_used() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let with = |token: &str| sign_refresh(laptop.device.id, token, &laptop.key).unwrap();
    let first = with(&laptop.session.refresh_token);
    refresh(&world, &first).await.unwrap();
    let second = refresh(&world, &first).await.expect("the answer was lost: the same token again");
    let third = refresh(&world, &with(&second.refresh_token)).await.unwrap();
    assert_eq!(refresh(&world, &first).await.unwrap_err().code, ErrorCode::NotSignedIn, "now it is used up");
    world.advance_ms(limits::REFRESH_MS + 1);
    let late = refresh(&world, &with(&third.refresh_token)).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::NotSignedIn, "after 90 days a person signs in");
}

#[tokio::test]
async fn a_device_stays_with_its_person_and_key() {
    let world = World::new().await;
    world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let laptop = world.laptop("ruth").await;
    let by_tom = world.sign_in("tom", PASSWORD, &laptop.device).await.unwrap_err();
    assert_eq!(by_tom.code, ErrorCode::DeviceTaken, "another person");
    let other_key = NewDevice { public_key: PrivateKey::from_seed(&[1; 32]).public(), ..laptop.device.clone() };
    let error = world.sign_in("ruth", PASSWORD, &other_key).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::DeviceTaken, "another key");
    world.sign_in("ruth", PASSWORD, &laptop.device).await.expect("the same person and key sign in again");
}

#[tokio::test]
async fn a_new_password_ends_the_wait_and_the_old_password() {
    let world = World::new().await;
    for _ in 0..5 {
        world.sign_in("ruth", "wrong horse", &a_device()).await.unwrap_err();
    }
    world.office().set_password("ruth", "battery staple").unwrap();
    world.sign_in("ruth", "battery staple", &a_device()).await.expect("the new one is taken at once");
    let old = world.sign_in("ruth", PASSWORD, &a_device()).await.unwrap_err();
    assert_eq!(old.code, ErrorCode::WrongCredentials, "the old one no more");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let out = world.post("sign-out").bearer_auth(&laptop.session.access_token).send().await.unwrap();
    assert!(out.status().is_success());
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::NotSignedIn);
    let request = sign_refresh(laptop.device.id, &laptop.session.refresh_token, &laptop.key).unwrap();
    assert_eq!(refresh(&world, &request).await.unwrap_err().code, ErrorCode::NotSignedIn, "nor is it refreshed");
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_session_of_both_who_hold_it() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let with = |token: &str| sign_refresh(laptop.device.id, token, &laptop.key).unwrap();
    let second = refresh(&world, &with(&laptop.session.refresh_token)).await.unwrap();
    let third = refresh(&world, &with(&second.refresh_token)).await.unwrap();
    let stale = refresh(&world, &with(&laptop.session.refresh_token)).await.unwrap_err();
    assert_eq!(stale.code, ErrorCode::NotSignedIn, "a copy of the disk came back with what it knew");
    let newest = refresh(&world, &with(&third.refresh_token)).await.unwrap_err();
    assert_eq!(newest.code, ErrorCode::NotSignedIn, "nobody can tell which of the two is the thief");
    let fresh = world.sign_in("ruth", PASSWORD, &laptop.device).await.expect("the person signs in again");
    refresh(&world, &with(&fresh.refresh_token)).await.expect("and goes on");
}

#[tokio::test]
async fn who_fails_under_many_names_is_slowed_down_too() {
    let world = World::new().await;
    for n in 0..limits::FAILURE_BURST {
        let error = world.sign_in(&format!("guess{n}"), PASSWORD, &a_device()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::WrongCredentials, "guess {n}");
    }
    let error = world.sign_in("ruth", PASSWORD, &a_device()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::LockedOut, "this address waits, whatever the name");
    assert!(error.retry_after_ms.is_some_and(|ms| ms > 0), "and is told how long: {error:?}");
}

#[tokio::test]
async fn a_renamed_person_signs_in_under_the_new_name_only() {
    let world = World::new().await;
    world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let change = UserChange { user: Some("thomas".into()), ..UserChange::default() };
    world.office().change_user("tom", &change).unwrap();
    world.sign_in("thomas", PASSWORD, &a_device()).await.expect("the new name");
    let old = world.sign_in("tom", PASSWORD, &a_device()).await.unwrap_err();
    assert_eq!(old.code, ErrorCode::WrongCredentials, "the old name is nobody's");
}

#[tokio::test]
async fn who_left_loses_the_session_and_gets_it_back_with_the_work() {
    let world = World::new().await;
    world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let laptop = world.laptop("tom").await;
    let active = |active| UserChange { active: Some(active), ..UserChange::default() };
    world.office().change_user("tom", &active(false)).unwrap();
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::NotSignedIn, "the next request");
    let error = world.sign_in("tom", PASSWORD, &laptop.device).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::WrongCredentials, "nor by password");
    world.office().change_user("tom", &active(true)).unwrap();
    world.sign_in("tom", PASSWORD, &laptop.device).await.expect("back again");
}

#[tokio::test]
async fn a_person_changes_their_password_and_the_other_sessions_end() {
    let world = World::new().await;
    let (here, there) = (world.laptop("ruth").await, world.laptop("ruth").await);
    let change = async |current: &str, new: &str| -> Result<Done, ErrorBody> {
        let body = json(&ChangePassword { current: current.into(), new: new.into() });
        answer(world.post("password").bearer_auth(&here.session.access_token).body(body).send().await.unwrap()).await
    };
    assert_eq!(change("wrong horse", "battery staple").await.unwrap_err().code, ErrorCode::WrongCredentials);
    assert_eq!(change(PASSWORD, "short").await.unwrap_err().code, ErrorCode::WeakPassword);
    change(PASSWORD, "battery staple").await.unwrap();
    world.pull(&here, 0, 0, 10).await.expect("who changed it works on");
    assert_eq!(world.pull(&there, 0, 0, 10).await.unwrap_err().code, ErrorCode::NotSignedIn, "elsewhere it is over");
    world.sign_in("ruth", "battery staple", &there.device).await.expect("the new one holds");
    for n in 0..5 {
        assert_eq!(change("guess", "battery staple").await.unwrap_err().code, ErrorCode::WrongCredentials, "{n}");
    }
    let error = change("battery staple", "battery staples").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::LockedOut, "a session is no way around the lock-out");
}

#[tokio::test]
async fn an_administrator_sets_the_password_of_others() {
    let world = World::new().await;
    let tom = world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let (ruth, toms) = (world.laptop("ruth").await, world.laptop("tom").await);
    let reset = async |by: &Laptop, whose, new: &str| -> Result<Done, ErrorBody> {
        let request = world.post(&format!("people/{whose}/password")).bearer_auth(&by.session.access_token);
        answer(request.body(json(&ResetPassword { new: new.into() })).send().await.unwrap()).await
    };
    let error = reset(&toms, ruth.session.person, "battery staple").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotAllowed, "a technician sets nobody's");
    assert_eq!(reset(&ruth, tom.id, "short").await.unwrap_err().code, ErrorCode::WeakPassword);
    assert_eq!(reset(&ruth, crate::support::nobody(), "battery staple").await.unwrap_err().code, ErrorCode::NotFound);
    reset(&ruth, tom.id, "battery staple").await.unwrap();
    assert_eq!(world.pull(&toms, 0, 0, 10).await.unwrap_err().code, ErrorCode::NotSignedIn, "his sessions end");
    world.sign_in("tom", "battery staple", &toms.device).await.expect("he signs in with what he was told");
}
