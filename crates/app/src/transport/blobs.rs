//! Files beside the records: sent chunk by chunk, fetched stretch by stretch.

use super::{COMPRESS_BYTES, Server, ServerError};
use reqwest::{Method, StatusCode};
use slipway_domain::blob::{Holder, Manifest, Sha256};
use slipway_sync::blob::{BeginUpload, CommitUpload, UploadState};
use slipway_sync::protocol::Done;
use std::ops::Range;

/// Packing has to save one byte in so many, or a chunk is sent as it is.
const PAYS: usize = 16;

impl Server {
    /// Begins the upload of a record's file, or goes on with it.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn begin_upload(
        &self,
        access: &str,
        sha256: Sha256,
        begin: &BeginUpload,
    ) -> Result<UploadState, ServerError> {
        self.send(self.body(self.request(Method::POST, &format!("blobs/{sha256}"), Some(access))?, begin)?).await
    }

    /// Sends a chunk.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn put_chunk(
        &self,
        access: &str,
        sha256: Sha256,
        holder: Holder,
        n: u32,
        bytes: &[u8],
    ) -> Result<Done, ServerError> {
        let mut url = self.route(&format!("blobs/{sha256}/chunks/{n}"))?;
        url.query_pairs_mut().append_pair("of", &holder.to_string());
        let request = self.client.put(url).bearer_auth(access).header("content-type", "application/octet-stream");
        let packed = zstd::bulk::compress(bytes, 1).unwrap_or_default();
        let pays = bytes.len() >= COMPRESS_BYTES
            && !packed.is_empty()
            && packed.len() < bytes.len().saturating_sub(bytes.len() / PAYS);
        let request = match pays {
            true => request.header("content-encoding", "zstd").body(packed),
            false => request.body(bytes.to_vec()),
        };
        self.send(request).await
    }

    /// Ends an upload.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn commit_upload(
        &self,
        access: &str,
        sha256: Sha256,
        holder: Holder,
    ) -> Result<UploadState, ServerError> {
        let request = self.request(Method::POST, &format!("blobs/{sha256}/commit"), Some(access))?;
        self.send(self.body(request, &CommitUpload { of: holder })?).await
    }

    /// What a file is made of.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn blob_manifest(&self, access: &str, sha256: Sha256) -> Result<Manifest, ServerError> {
        self.send(self.request(Method::GET, &format!("blobs/{sha256}/manifest"), Some(access))?).await
    }

    /// A stretch of a file: what came before its end, or before the connection was cut.
    ///
    /// # Errors
    /// When it is refused, or nothing came.
    pub async fn blob_stretch(&self, access: &str, sha256: Sha256, bytes: Range<u64>) -> Result<Vec<u8>, ServerError> {
        self.stretch(access, &format!("blobs/{sha256}"), bytes).await
    }

    /// Whether the server has a file that the person may read.
    ///
    /// # Errors
    /// When there is no answer, or another one.
    pub async fn has_blob(&self, access: &str, sha256: Sha256) -> Result<bool, ServerError> {
        let request = self.request(Method::HEAD, &format!("blobs/{sha256}"), Some(access))?;
        let mut response = request.send().await.map_err(|e| self.failed(&e))?;
        match response.status() {
            status if status.is_success() => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            // So that tokens that are used up are renewed as for every other request.
            StatusCode::UNAUTHORIZED => self.blob_manifest(access, sha256).await.map(|_| true),
            _ => Err(self.refusal(&mut response).await),
        }
    }
}
