//! How long a person waits for the window. A figure, not a check: run by `cargo xtask bench`.

use crate::support::ctl::Ctl;
use crate::support::shared_data;
use crate::support::window::Window;
use std::time::Instant;

/// Cold start to the first painted Inbox, the driver's own start included in both.
#[tokio::test]
#[ignore = "a figure for cargo xtask bench, not a check"]
async fn cold_start_with_a_real_cmdb_against_an_empty_profile() {
    let mut figures = Vec::new();
    for full in [false, true] {
        let laptop = Ctl::new();
        laptop.run(&["init", "--alone", "--name", "Ann Archer"]).expect_code(0);
        if full {
            let Some(folder) = shared_data("cmdb") else { return };
            for (kind, file) in [("cis", "software-cis.csv"), ("relations", "software-relations.csv")] {
                let file = folder.join(file);
                laptop.run(&["import", kind, file.to_str().expect("UTF-8")]).expect_code(0);
            }
        }
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            let start = Instant::now();
            let window = Window::open(laptop.profile()).await;
            window.wait_for_text("Nothing waits for you").await;
            window.client().execute_async(crate::support::window::TWO_FRAMES, Vec::new()).await.expect("painted");
            best = best.min(start.elapsed().as_secs_f64());
            window.close().await;
        }
        figures.push(best);
    }
    println!(
        "cold start to first paint: {:.2} s empty, {:.2} s with 11,000 CIs and 52,000 relations ({:.2}x)",
        figures[0],
        figures[1],
        figures[1] / figures[0]
    );
}
