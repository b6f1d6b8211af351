//! The rules and records of Slipway: pure, no clock, no I/O, no randomness.
