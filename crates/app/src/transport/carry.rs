//! Carry files of other laptops, brought to the server.

use super::{Server, ServerError};
use reqwest::Method;
use slipway_sync::protocol::{CarriedOut, CarryIn};

impl Server {
    /// Hands a carry file over and gets its answer.
    ///
    /// # Errors
    /// When the file is refused, or there is no answer.
    pub async fn carry(&self, access: &str, file: &CarryIn) -> Result<CarriedOut, ServerError> {
        self.send(self.body(self.request(Method::POST, "carry", Some(access))?, file)?).await
    }
}
