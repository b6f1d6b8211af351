//! Starts the Slipway desktop.
fn main() {
    slipway_desktop::run();
}
