//! Starts the Slipway desktop.
fn main() -> anyhow::Result<()> {
    slipway_desktop::run()
}
