//! The central server of Slipway.
fn main() {}
