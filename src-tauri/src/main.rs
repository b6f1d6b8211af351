//! Starts the Slipway desktop.
/// The program's own: a quarter of the time in which a snapshot is read went to the system's.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    slipway_desktop::run()
}
