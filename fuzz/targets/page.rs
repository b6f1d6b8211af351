//! A page from the server, and what the engine makes of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_domain::id::DeviceId;
use slipway_sync::bucket::Bucket;
use slipway_sync::engine::{Engine, Event, Input, Output, Settings};
use slipway_sync::local::{LocalAnswer, LocalRequest, LocalStatus};
use slipway_sync::protocol::{Epoch, Page};
use slipway_sync::transport::Answer;
use std::collections::BTreeMap;
use uuid::Uuid;

fuzz_target!(|bytes: &[u8]| {
    let Ok(page) = serde_json::from_slice::<Page>(bytes) else { return };
    let mut engine = Engine::new(Settings::default());
    let mut waiting = engine.step(Input { now: 1, event: Event::Start });
    // As far as the pull, then this page whenever one is asked for.
    for now in 2..40 {
        let Some(event) = waiting.iter().find_map(|output| answer(output, &page)) else { return };
        waiting = engine.step(Input { now, event });
    }
});

fn answer(output: &Output, page: &Page) -> Option<Event> {
    match output {
        Output::Call { ticket, .. } => {
            let answer = Ok(Answer::Page(Box::new(page.clone())));
            Some(Event::Answered { ticket: *ticket, answer })
        }
        Output::Local { ticket, request } => {
            let answer = match request {
                LocalRequest::Status => LocalAnswer::Status(Box::new(LocalStatus {
                    device: DeviceId(Uuid::nil()),
                    epoch: Some(Epoch(Uuid::nil())),
                    cursors: BTreeMap::from([(Bucket::Workspace, 0)]),
                    judged: 0,
                    answered: 0,
                    waiting: 0,
                    numbers: BTreeMap::new(),
                    checkpoint: None,
                    former: false,
                    proves: false,
                    alarm: None,
                    fetching: Vec::new(),
                    scope: String::new(),
                })),
                LocalRequest::Batch { .. } => LocalAnswer::Batch(Vec::new()),
                LocalRequest::Flip => LocalAnswer::Flipped(Default::default()),
                _ => LocalAnswer::Done,
            };
            Some(Event::Stored { ticket: *ticket, answer: Ok(answer) })
        }
        _ => None,
    }
}
