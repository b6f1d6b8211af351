//! How long a person waits for the window. A figure, not a check: run by `cargo xtask bench`.

use crate::support::ctl::Ctl;
use crate::support::shared_data;
use crate::support::window::Window;
use std::time::Instant;

/// Cold start to the first painted Inbox, the driver's own start included in both.
#[tokio::test]
#[ignore = "a figure for cargo xtask bench, not a check"]
async fn cold_start_with_a_real_cmdb_against_an_empty_profile() {
    let Some(folder) = shared_data("cmdb") else { return };
    let alone = || {
        let laptop = Ctl::new();
        laptop.run(&["init", "--alone", "--name", "Ann Archer"]).expect_code(0);
        laptop
    };
    let laptops = [alone(), alone()];
    for (kind, file) in [("cis", "software-cis.csv"), ("relations", "software-relations.csv")] {
        let file = folder.join(file);
        laptops[1].run(&["import", kind, file.to_str().expect("UTF-8")]).expect_code(0);
    }
    // In turns, so that a busy moment or a cold cache of the system meets both.
    let mut figures = [f64::INFINITY; 2];
    for _ in 0..4 {
        for (laptop, best) in laptops.iter().zip(&mut figures) {
            let start = Instant::now();
            let window = Window::open(laptop.profile()).await;
            window.wait_for_text("Nothing waits for you").await;
            window.client().execute_async(crate::support::window::TWO_FRAMES, Vec::new()).await.expect("painted");
            *best = best.min(start.elapsed().as_secs_f64());
            window.close().await;
        }
    }
    println!(
        "cold start to first paint: {:.2} s empty, {:.2} s with 11,000 CIs and 52,000 relations ({:.2}x)",
        figures[0],
        figures[1],
        figures[1] / figures[0]
    );
}
