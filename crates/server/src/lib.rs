//! The central server: HTTPS, accounts, storage, audit log.
