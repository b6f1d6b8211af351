//! Passwords, devices and other ways to sign in.

use super::{Server, ServerError};
use reqwest::Method;
use slipway_domain::id::{DeviceId, PersonId};
use slipway_sync::account::{
    ChangePassword, Devices, OidcBegin, OidcDevice, OidcPage, OidcSignIn, Renewal, ResetPassword, SignInMethods,
};
use slipway_sync::protocol::{Done, Session};

impl Server {
    /// How people may sign in.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn sign_in_methods(&self) -> Result<SignInMethods, ServerError> {
        self.send(self.request(Method::GET, "sign-in-methods", None)?).await
    }

    /// The page of the provider for one attempt to sign in.
    ///
    /// # Errors
    /// When there is no provider, or no answer.
    pub async fn begin_oidc(&self, begin: &OidcBegin) -> Result<OidcPage, ServerError> {
        self.send(self.body(self.request(Method::POST, "oidc/begin", None)?, begin)?).await
    }

    /// A code to type on another device.
    ///
    /// # Errors
    /// When there is no provider, or no answer.
    pub async fn begin_oidc_device(&self) -> Result<OidcDevice, ServerError> {
        self.send(self.request(Method::POST, "oidc/device", None)?).await
    }

    /// What the provider gave, for tokens.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn finish_oidc(&self, sign_in: &OidcSignIn) -> Result<Session, ServerError> {
        self.send(self.body(self.request(Method::POST, "oidc/sign-in", None)?, sign_in)?).await
    }

    /// Registers another key in the place of the present one.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn renew_device(&self, access: &str, renewal: &Renewal) -> Result<Session, ServerError> {
        self.send(self.body(self.request(Method::POST, "device/renew", Some(access))?, renewal)?).await
    }

    /// One's own devices; for an administrator everybody's.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn devices(&self, access: &str) -> Result<Devices, ServerError> {
        self.send(self.request(Method::GET, "devices", Some(access))?).await
    }

    /// Shuts a device out, or lets it in again.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn decide_device(&self, access: &str, device: DeviceId, allow: bool) -> Result<Done, ServerError> {
        let route = format!("devices/{device}/{}", if allow { "allow" } else { "revoke" });
        self.send(self.request(Method::POST, &route, Some(access))?).await
    }

    /// Sets one's own password.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn change_password(&self, access: &str, change: &ChangePassword) -> Result<Done, ServerError> {
        self.send(self.body(self.request(Method::POST, "password", Some(access))?, change)?).await
    }

    /// Sets another person's password.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn reset_password(
        &self,
        access: &str,
        person: PersonId,
        reset: &ResetPassword,
    ) -> Result<Done, ServerError> {
        let route = format!("people/{person}/password");
        self.send(self.body(self.request(Method::POST, &route, Some(access))?, reset)?).await
    }
}
