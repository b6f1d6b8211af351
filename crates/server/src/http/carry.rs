//! Carry files in, answers out, brought by a laptop that reaches the server.

use super::{AskedInput, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use slipway_sync::encoding::Base64;
use slipway_sync::limits;
use slipway_sync::protocol::{CarriedOut, CarryIn, ErrorBody, ErrorCode};
use std::time::Instant;

/// Commands of any device of the workspace, brought by another one. They are judged as if the device had pushed them,
/// and the answer is sealed for it: who brings a file learns how many commands were in it and nothing else.
#[utoipa::path(post, path = "/v1/carry", tag = "sync", request_body = CarryIn, security(("token" = [])),
    responses((status = 200, body = CarriedOut)))]
pub(super) async fn carry(
    State(shared): State<Shared>,
    AskedInput(caller, carried): AskedInput<CarryIn>,
) -> Result<Json<CarriedOut>, ServerError> {
    shared.limits.push(caller.device, Instant::now())?;
    shared
        .run(move |core| {
            caller.sound()?;
            let out = core.carry_in(&carried.file.0).map_err(of_the_file)?;
            if out.answer.len() > limits::CARRY_RELAYED_BYTES {
                let sentence = "The commands were judged; the answer is too large to be brought along.";
                let way_out = "Have it written at the server, or connect that laptop with the server over the network.";
                return Err(ErrorBody::new(ErrorCode::TooLarge, sentence, way_out).into());
            }
            Ok(CarriedOut {
                bundle: out.bundle,
                device: out.device,
                commands: out.commands,
                judged: out.judged,
                answer: Base64(out.answer),
            })
        })
        .await
}

/// What is said of the device in the file must not be taken for a word about the device that brought it.
fn of_the_file(error: ServerError) -> ServerError {
    let ServerError::Said(mut body) = error else { return error };
    if matches!(body.code, ErrorCode::DeviceRevoked | ErrorCode::NotSignedIn | ErrorCode::EpochChanged) {
        body.code = ErrorCode::NotAllowed;
        body.epoch = None;
        body.expected_counter = None;
    }
    ServerError::Said(body)
}
