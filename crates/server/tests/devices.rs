//! Devices: whose they are, shutting out and letting in, and what the audit log keeps of it.

use super::World;
use crate::support::{Laptop, a_site, answer, json, new_id, user};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::people::Role;
use slipway_sync::account::{Devices, Renewal, sign_succession};
use slipway_sync::protocol::{Done, ErrorBody, ErrorCode, NewDevice, Session, Verdict};
use slipway_sync::signing::PrivateKey;

async fn list(world: &World, laptop: &Laptop) -> Vec<DeviceId> {
    let url = format!("{}/v1/devices", world.running.url);
    let response = world.client.get(url).bearer_auth(&laptop.session.access_token).send().await.unwrap();
    let devices: Devices = answer(response).await.unwrap();
    devices.devices.into_iter().map(|device| device.id).collect()
}

async fn decide(world: &World, by: &Laptop, of: DeviceId, verb: &str) -> Result<Done, ErrorBody> {
    let request = world.post(&format!("devices/{of}/{verb}")).bearer_auth(&by.session.access_token);
    answer(request.send().await.unwrap()).await
}

async fn renew(world: &World, laptop: &Laptop, renewal: &Renewal) -> Result<Session, ErrorBody> {
    let request = world.post("device/renew").bearer_auth(&laptop.session.access_token);
    answer(request.body(json(renewal)).send().await.unwrap()).await
}

fn a_device(seed: u8) -> (PrivateKey, NewDevice) {
    let key = PrivateKey::from_seed(&[seed; 32]);
    let device = NewDevice { id: DeviceId(new_id()), name: "renewed".into(), public_key: key.public() };
    (key, device)
}

#[tokio::test]
async fn a_device_shut_out_is_refused_everything_and_goes_on_after_it_was_let_in() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let kept = laptop.issue(a_site("Antwerp"));
    world.office().core().set_revoked(laptop.device.id, true, PersonId::SYSTEM).unwrap();
    let pushed = world.push(&laptop, 1, std::slice::from_ref(&kept)).await.unwrap_err();
    assert_eq!(pushed.code, ErrorCode::DeviceRevoked, "its queue stays with it");
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::DeviceRevoked);
    let request = slipway_sync::signing::sign_refresh(laptop.device.id, &laptop.session.refresh_token, &laptop.key);
    let refreshed = world.post("refresh").body(json(&request.unwrap())).send().await.unwrap();
    assert_eq!(answer::<Session>(refreshed).await.unwrap_err().code, ErrorCode::DeviceRevoked, "no fresh tokens");
    let again = world.sign_in("ruth", crate::support::PASSWORD, &laptop.device).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::DeviceRevoked, "nor may it sign in");
    world.office().core().set_revoked(laptop.device.id, false, PersonId::SYSTEM).unwrap();
    let pushed = world.push(&laptop, 1, &[kept]).await.unwrap();
    assert!(matches!(pushed.results[0].verdict, Verdict::Applied { .. }), "and is judged then: {:?}", pushed.results);
}

#[tokio::test]
async fn people_decide_about_their_own_devices_and_administrators_about_all() {
    let world = World::new().await;
    world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let (ruth, tom, toms_old) = (world.laptop("ruth").await, world.laptop("tom").await, world.laptop("tom").await);
    let (hers, old) = (ruth.device.id, toms_old.device.id);
    assert_eq!(list(&world, &tom).await.len(), 2, "his own only");
    assert_eq!(list(&world, &ruth).await.len(), 3, "an administrator sees all but the server's own");
    let error = decide(&world, &tom, hers, "revoke").await.unwrap_err();
    let nowhere = decide(&world, &tom, DeviceId(new_id()), "revoke").await.unwrap_err();
    assert_eq!((error.code, nowhere.code), (ErrorCode::NotFound, ErrorCode::NotFound), "others' tell him nothing");
    decide(&world, &tom, old, "revoke").await.unwrap();
    assert_eq!(world.pull(&toms_old, 0, 0, 10).await.unwrap_err().code, ErrorCode::DeviceRevoked, "his own, at once");
    assert_eq!(decide(&world, &tom, old, "allow").await.unwrap_err().code, ErrorCode::NotAllowed, "not in again");
    decide(&world, &ruth, old, "allow").await.unwrap();
    world.pull(&toms_old, 0, 0, 10).await.expect("by an administrator");
}

#[tokio::test]
async fn a_key_is_renewed_only_by_the_one_before_it() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let waits = laptop.issue(a_site("Antwerp"));
    let (key, device) = a_device(5);
    let (stranger, _) = a_device(6);
    let forged = sign_succession(laptop.device.id, device.clone(), &stranger).unwrap();
    assert_eq!(renew(&world, &laptop, &forged).await.unwrap_err().code, ErrorCode::BadSignature, "another's word");
    let mut other = sign_succession(laptop.device.id, device.clone(), &laptop.key).unwrap();
    other.device.public_key = stranger.public();
    assert_eq!(renew(&world, &laptop, &other).await.unwrap_err().code, ErrorCode::BadSignature, "over another key");
    let renewal = sign_succession(laptop.device.id, device.clone(), &laptop.key).unwrap();
    let session = renew(&world, &laptop, &renewal).await.unwrap();
    let renewed = Laptop { device, key, session, counter: 0, previous: String::new() };
    world.push(&laptop, 1, &[waits]).await.expect("until it is shut out, what waits may go under the old key");
    decide(&world, &renewed, laptop.device.id, "revoke").await.unwrap();
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::DeviceRevoked, "then it is over");
    world.pull(&renewed, 0, 0, 10).await.expect("the new key goes on");
    let found = world.office().verify_log().unwrap();
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!(found.devices, 3, "registered, renewed, shut out");
}
