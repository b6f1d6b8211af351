//! The command line of Slipway.
fn main() {}
