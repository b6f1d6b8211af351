//! From the errors of profile, database and server to what a front end gets: code, sentence, way out.

use crate::error::CallError;
use crate::profile::ProfileError;
use crate::transport::ServerError;
use slipway_store::error::{OpenError, StoreError};
use slipway_sync::transport::TransportError;

/// Sentences of a joined text: the first says what happened, the rest what to do.
fn split(text: &str) -> (String, String) {
    match text.split_once(". ") {
        Some((sentence, way_out)) => (format!("{sentence}."), way_out.to_owned()),
        None => (text.to_owned(), "Try again; nothing was changed.".to_owned()),
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %error, "the profile's database failed");
        let code = match &error {
            StoreError::DiskFull { .. } => "DISK_FULL",
            StoreError::InUse { .. } => "PROFILE_IN_USE",
            StoreError::Corrupt { .. } => "PROFILE_CORRUPT",
            StoreError::Io { .. } => "PROFILE_IO",
            StoreError::Snapshot { .. } => "BAD_SNAPSHOT",
            StoreError::Sql(_) | StoreError::Row(_) => "STORAGE",
            StoreError::Misuse { sentence, way_out } => {
                return Self::trouble("NOT_POSSIBLE", sentence.clone(), way_out.clone());
            }
        };
        let (sentence, way_out) = split(&error.to_string());
        Self::trouble(code, sentence, way_out)
    }
}

impl From<OpenError> for CallError {
    fn from(error: OpenError) -> Self {
        let code = match error {
            OpenError::Store(store) => return store.into(),
            OpenError::NotFound { .. } => "NO_DATABASE",
            OpenError::Exists { .. } => "PROFILE_EXISTS",
            OpenError::WrongKey { .. } => "WRONG_KEY",
            OpenError::NewerThanProgram { .. } => "PROFILE_NEWER",
            OpenError::NotADatabase { .. } => "NOT_A_PROFILE",
        };
        let (sentence, way_out) = split(&error.to_string());
        Self::trouble(code, sentence, way_out)
    }
}

impl From<ProfileError> for CallError {
    fn from(error: ProfileError) -> Self {
        Self::trouble(error.code(), error.to_string(), error.way_out())
    }
}

impl From<ServerError> for CallError {
    fn from(error: ServerError) -> Self {
        let mut sentence = error.to_string();
        if !sentence.ends_with('.') {
            sentence.push('.');
        }
        Self::trouble(&error.code(), sentence, error.way_out())
    }
}

impl From<TransportError> for CallError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Refused(body) => ServerError::Refused(body).into(),
            TransportError::SignedOut => Self::trouble(
                "SIGNED_OUT",
                "Nobody is signed in to the server.",
                "Sign in; nothing that waits is lost.",
            ),
            TransportError::Unreachable { why } => Self::trouble(
                "SERVER_UNREACHABLE",
                format!("The server cannot be reached: {why}."),
                "Check the network, then try again.",
            ),
            TransportError::Untrusted { why } => Self::trouble(
                "CERTIFICATE_NOT_TRUSTED",
                format!("The server's certificate is not trusted: {why}."),
                "Check the server's address, or take the certificate authority from its administrator again.",
            ),
            TransportError::Garbled { why } => Self::trouble(
                "SERVER_GARBLED",
                format!("The server's answer cannot be read: {why}."),
                "Check that laptop and server are up to date.",
            ),
        }
    }
}
