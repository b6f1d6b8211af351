//! Commands of other tools: signed by the token's own device, then pushed like those of a laptop.

use crate::core::{Caller, Core, not_signed_in};
use crate::error::ServerError;
use slipway_domain::command::{Command, Envelope, RULES_VERSION};
use slipway_domain::id::CommandId;
use slipway_sync::protocol::{ErrorCode, Push, Verdict};
use slipway_sync::signing::sign;
use std::sync::PoisonError;
use uuid::Uuid;

/// How often a command is tried again that another server process got in front of.
const TRIES: u32 = 5;

impl Core {
    /// Judges a command with a token's device. The same key of idempotency gives the same command, whose result is
    /// given again.
    ///
    /// # Errors
    /// The token's person may not; or the storage failed. A refusal is in the verdict.
    pub fn api_issue(
        &self,
        caller: &Caller,
        key: &str,
        command: &Command,
    ) -> Result<(CommandId, Verdict), ServerError> {
        let id = CommandId(Uuid::new_v5(&caller.device.0, key.as_bytes()));
        let signer = self.token_key(caller.device)?;
        // Commands of one device are a chain: one after the other.
        let turn = self.token_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tries = 0;
        let verdict = loop {
            let view = self.snapshot()?;
            if let Some(known) = view.known(id)? {
                break known.result.verdict;
            }
            let workspace = view.workspace()?;
            let device = view.device(caller.device)?.ok_or_else(not_signed_in)?;
            drop(view);
            let envelope = Envelope {
                domain: Envelope::<Command>::DOMAIN.to_owned(),
                workspace: workspace.id,
                rules_version: RULES_VERSION,
                id,
                device: device.id,
                counter: device.counter + 1,
                actor: caller.person,
                made_at: self.now(),
                last_seq: workspace.head,
                previous: device.last_hash,
                replaces: None,
                command,
            };
            let signed = sign(&envelope, &signer).map_err(|error| ServerError::Worker(error.to_string()))?;
            let (first_counter, commands) = (device.counter + 1, vec![signed]);
            let push = Push { device: device.id, epoch: workspace.epoch, first_counter, commands };
            match self.push(caller, &push) {
                Ok(pushed) => match pushed.results.into_iter().next() {
                    Some(result) => break result.verdict,
                    None => return Err(ServerError::Worker("a push gave no result".to_owned())),
                },
                Err(ServerError::Said(body))
                    if tries < TRIES && matches!(body.code, ErrorCode::CounterGap | ErrorCode::DeviceForked) =>
                {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        };
        drop(turn);
        Ok((id, verdict))
    }

    /// Whether a command with this key of idempotency was judged before.
    ///
    /// # Errors
    /// The storage failed.
    pub fn api_knows(&self, caller: &Caller, key: &str) -> Result<bool, ServerError> {
        let id = CommandId(Uuid::new_v5(&caller.device.0, key.as_bytes()));
        Ok(self.snapshot()?.known(id)?.is_some())
    }
}
