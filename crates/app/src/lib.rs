//! Use cases shared by the window and the command line.

pub mod import;
pub mod key;
pub mod keychain;
pub mod profile;
