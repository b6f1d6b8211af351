//! A workspace moves to PostgreSQL and back, and neither laptop nor administrator can tell.

use crate::support::{Laptop, PASSWORD, World, a_site, all_at_once, answer, json, new_id, user};
use slipway_cluster::Cluster;
use slipway_domain::id::SiteId;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::people::{Role, Site};
use slipway_domain::records::RecordsExt;
use slipway_server::folder::Folder;
use slipway_server::storage::Storage;
use slipway_server::storage::sqlite::Sqlite;
use slipway_server::storage::transfer::{self, TransferError};
use slipway_sync::protocol::{Lease, LeaseRequest, Verdict};

fn applied(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Applied { .. })
}

#[tokio::test]
async fn a_workspace_moves_both_ways_without_loss_and_laptops_notice_nothing() {
    let world = World::new().await;
    world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let mut laptop = world.laptop("ruth").await;
    let long_name = "x".repeat(700);
    let folder = Folder::find(world.folder.path()).unwrap();
    let file = Sqlite::open(&folder.file()).unwrap();
    let mut tx = file.begin(folder.workspace()).unwrap();
    // Longer than the rules take today; an older program may have.
    tx.put(Site { id: SiteId(new_id()), name: long_name.clone(), address: String::new() }).unwrap();
    tx.commit().unwrap();
    drop(file);
    let commands = [laptop.issue(a_site("Antwerp")), laptop.issue(serde_json::json!("unknown"))];
    let judged = world.push(&laptop, 1, &commands).await.unwrap();
    let request = LeaseRequest { series: slipway_domain::number::Series::Ci, count: 10 };
    let lease = async |world: &World, laptop: &Laptop| -> Lease {
        let sent = world.post("lease").bearer_auth(&laptop.session.access_token).body(json(&request));
        answer(sent.send().await.unwrap()).await.unwrap()
    };
    let first = lease(&world, &laptop).await;
    let before = world.office().state().unwrap();
    let devices = world.office().devices().unwrap();
    let page = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();

    let address = Cluster::shared().database().parse().unwrap();
    let there = folder.clone();
    let world = world
        .restart_after(move || {
            let moved = transfer::move_workspace(&there, Some(&address)).unwrap();
            assert!(moved.rows["record"] > 4 && moved.rows["session"] == 1 && moved.rows["lease"] == 1, "{moved:?}");
            let again = transfer::move_workspace(&there, Some(&address));
            assert!(matches!(again, Err(TransferError::Same { .. })), "{again:?}");
        })
        .await;
    assert!(!folder.file().exists(), "nobody serves the old file by mistake");
    assert_eq!(world.office().state().unwrap(), before, "records, head, epoch, log");
    assert_eq!(world.office().devices().unwrap(), devices);
    let same = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();
    assert_eq!((same.entries, same.sums, same.results), (page.entries, page.sums, page.results), "byte for byte");
    assert_eq!(world.push(&laptop, 1, &commands).await.unwrap().results, judged.results, "judged once only");
    let third = laptop.issue(a_site("Bergen"));
    let pushed = world.push(&laptop, 3, &[third]).await.unwrap();
    assert!(applied(&pushed.results[0].verdict), "the session and the chain go on: {pushed:?}");
    let second = lease(&world, &laptop).await;
    assert_eq!(second.first, first.first + first.count, "no number is given twice");
    let before = world.office().state().unwrap();
    let page = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();

    let back = folder.clone();
    let world = world
        .restart_after(move || {
            transfer::move_workspace(&back, None).unwrap();
        })
        .await;
    assert_eq!(folder.database().unwrap().map(|_| ()), None);
    assert_eq!(world.office().state().unwrap(), before);
    let same = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();
    assert_eq!((same.entries, same.sums, same.results), (page.entries, page.sums, page.results));
    let file = Sqlite::open(&folder.file()).unwrap();
    let found = file.begin(folder.workspace()).unwrap().find(Lookup::Name, &pair("site", &long_name)).unwrap();
    assert_eq!(found.len(), 1, "a key that PostgreSQL keeps as a hash is whole again");
    world.sign_in("tom", PASSWORD, &world.laptop("tom").await.device).await.unwrap();
}
