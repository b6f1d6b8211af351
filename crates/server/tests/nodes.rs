//! Several server processes on one database: any of them serves any laptop, and none holds anything of its own.

use crate::support::{Laptop, OnPostgres, OnSerializable, PASSWORD, Place, WorldOn, a_site, all_at_once, new_id};
use slipway_cluster::Cluster;
use slipway_domain::id::WorkspaceId;
use slipway_domain::people::Site;
use slipway_domain::records::RecordsExt;
use slipway_domain::time::Timestamp;
use slipway_server::storage::Storage;
use slipway_server::storage::postgres::{Address, Postgres};
use slipway_sync::protocol::{Epoch, Verdict};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use uuid::Uuid;

type World = WorldOn<OnPostgres>;

const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(7));

#[tokio::test]
async fn any_node_goes_on_where_another_stopped() {
    let one = World::new().await;
    let two = one.second_node().await;
    let mut laptop = one.laptop("ruth").await;
    let commands: Vec<_> = (0..6).map(|n| laptop.issue(a_site(&format!("Site {n}")))).collect();
    for (n, command) in commands.iter().enumerate() {
        let node = if n % 2 == 0 { &one } else { &two };
        let pushed = node.push(&laptop, n as u64 + 1, std::slice::from_ref(command)).await.unwrap();
        assert!(matches!(pushed.results[0].verdict, Verdict::Applied { .. }), "{pushed:?}");
    }
    let again = two.push(&laptop, 1, &commands).await.unwrap();
    assert_eq!(again.results.len(), 6, "the other node knows what the first one judged");
    let (a, b) =
        (one.pull(&laptop, 0, 0, all_at_once()).await.unwrap(), two.pull(&laptop, 0, 0, all_at_once()).await.unwrap());
    assert_eq!((a.entries, a.sums, a.checkpoint), (b.entries, b.sums, b.checkpoint), "one history, signed by one key");
    one.running.stop().await;
    let last = laptop.issue(a_site("Last"));
    two.push(&laptop, 7, &[last]).await.expect("a node that is gone is not missed");
    two.sign_in("ruth", PASSWORD, &laptop.device).await.expect("nor for signing in");
}

#[tokio::test]
async fn laptops_on_two_nodes_at_once_share_one_order() {
    share_one_order::<OnPostgres>().await;
}

#[tokio::test]
async fn and_where_transactions_that_meet_begin_anew() {
    share_one_order::<OnSerializable>().await;
}

async fn share_one_order<P: Place>() {
    let one = WorldOn::<P>::new().await;
    let two = one.second_node().await;
    let mut laptops: Vec<Laptop> = Vec::new();
    for _ in 0..6 {
        laptops.push(one.laptop("ruth").await);
    }
    let before = one.office().state().unwrap();
    let work = laptops.iter_mut().enumerate().map(|(n, laptop)| {
        let node = if n % 2 == 0 { &one } else { &two };
        async move {
            for round in 0..8 {
                let commands = [laptop.issue(a_site(&format!("{n}/{round}")))];
                let pushed = node.push(laptop, round + 1, &commands).await.unwrap();
                assert!(matches!(pushed.results[0].verdict, Verdict::Applied { .. }), "{pushed:?}");
            }
        }
    });
    futures_util::future::join_all(work).await;
    let after = one.office().state().unwrap();
    assert_eq!(after.records, before.records + 48);
    assert_eq!((after.head, after.log_size), (before.head + 48, before.log_size + 48), "no sequence lost or doubled");
    assert_eq!(two.office().state().unwrap(), after);
}

#[test]
fn a_node_hears_what_another_wrote() {
    let address: Address = OnPostgres::database().unwrap();
    let (one, two) = (Postgres::open(&address).unwrap(), Postgres::open(&address).unwrap());
    one.create(WORKSPACE, "Test", Epoch(Uuid::from_u128(1)), Timestamp(0)).unwrap();
    let (tell, heard) = channel();
    let told = move || {
        let _ = tell.send(());
    };
    two.on_change(WORKSPACE, Arc::new(told)).unwrap();
    one.on_change(WORKSPACE, Arc::new(|| ())).unwrap();
    let patience = Duration::from_secs(10);
    heard.recv_timeout(patience).expect("listening begins with a look");
    // Nobody polls here: what is heard was said.
    for n in 0..5 {
        std::thread::sleep(Duration::from_millis(200));
        while heard.try_recv().is_ok() {}
        let mut tx = one.begin(WORKSPACE).unwrap();
        tx.put(Site { id: slipway_domain::id::SiteId(new_id()), name: n.to_string(), address: String::new() }).unwrap();
        tx.commit().unwrap();
        heard.recv_timeout(patience).unwrap_or_else(|error| panic!("change {n} was not heard: {error}"));
    }
    std::thread::sleep(Duration::from_millis(200));
    while heard.try_recv().is_ok() {}
    // A hint lost with its connection is made up for by a look at the next one.
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_ne!(Cluster::shared().sql(address.secret(), ended), "0");
    heard.recv_timeout(patience).expect("it listens again, and looks");
    one.begin(WORKSPACE).expect("connections that were cut are replaced");
}
