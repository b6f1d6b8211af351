//! Use cases shared by the window and the command line. Knows neither, and holds no rule.

pub mod commands;
pub mod error;
pub mod import;
pub mod key;
pub mod keychain;
pub mod link;
pub mod local;
pub mod profile;
pub mod session;
pub mod sync_driver;
pub mod tls;
pub mod transport;
pub mod trouble;
pub mod vault;
pub mod view;
