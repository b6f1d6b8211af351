//! Passwords, tokens, devices.

use super::World;
use crate::support::{PASSWORD, a_site, answer, json, new_id, user};
use slipway_domain::id::DeviceId;
use slipway_domain::people::Role;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode, NewDevice, Session, SignedRefresh, Verdict};
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
async fn a_device_shut_out_gets_nothing_and_its_commands_are_held() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let kept = laptop.issue(a_site("Antwerp"));
    world.office().core().set_revoked(laptop.device.id, true).unwrap();
    let pushed = world.push(&laptop, 1, &[kept]).await.unwrap();
    assert!(matches!(pushed.results[0].verdict, Verdict::Held { .. }), "not dropped: {:?}", pushed.results);
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::DeviceRevoked);
    let again = world.sign_in("ruth", PASSWORD, &laptop.device).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::DeviceRevoked, "nor may it sign in");
}
