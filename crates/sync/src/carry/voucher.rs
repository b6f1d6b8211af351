//! Vouchers: the server's word for whose key a device's is, for those who meet the device without the server.

use super::BadCarry;
use crate::encoding::Base64;
use crate::signing::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::time::Timestamp;
use utoipa::ToSchema;

/// What the server says of a device. That it was not shut out since is for the server alone to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    /// Domain separation: [`Voucher::DOMAIN`].
    pub domain: String,
    /// Name of the server's log, which names the workspace.
    pub log: String,
    /// The device.
    pub device: DeviceId,
    /// As people call it.
    pub device_name: String,
    /// Who works on it.
    pub person: PersonId,
    /// By which it signs.
    pub public_key: PublicKey,
    /// When the server said so.
    pub at: Timestamp,
}

impl Voucher {
    /// Stands in every voucher.
    pub const DOMAIN: &'static str = "slipway.voucher.v1";
}

/// The exact bytes of a [`Voucher`] in JSON and the signature over them, by the key of the server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedVoucher {
    /// JSON of a voucher.
    pub payload: Base64,
    /// Ed25519.
    pub signature: Base64,
}

impl SignedVoucher {
    /// Signs a voucher.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn sign(voucher: &Voucher, key: &PrivateKey) -> Result<Self, serde_json::Error> {
        let payload = serde_json::to_vec(voucher)?;
        let signature = Base64(key.sign(&payload));
        Ok(Self { payload: Base64(payload), signature })
    }

    /// What it says, if the key of this log signed it.
    ///
    /// # Errors
    /// [`BadCarry::Forged`].
    pub fn open(&self, log: &str, key: &PublicKey) -> Result<Voucher, BadCarry> {
        if !key.verifies(&self.payload.0, &self.signature.0) {
            return Err(BadCarry::Forged);
        }
        let voucher: Option<Voucher> = serde_json::from_slice(&self.payload.0).ok();
        voucher.filter(|voucher| voucher.domain == Voucher::DOMAIN && voucher.log == log).ok_or(BadCarry::Forged)
    }
}
