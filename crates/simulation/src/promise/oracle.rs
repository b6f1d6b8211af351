//! The replay oracle: every accepted command, in the order of the log, on an empty store. What comes out must be the
//! server's state byte for byte, or something else than commands changed it.

use crate::world::World;
use slipway_domain::command::{Command, Envelope};
use slipway_domain::execute::{Context, execute};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Memory;
use slipway_domain::time::Timestamp;
use slipway_sync::limits;
use slipway_sync::protocol::Verdict;
use std::collections::BTreeMap;
use uuid::Uuid;

type Rows = BTreeMap<(String, Uuid), String>;

pub fn replay(world: &World) {
    let mut state: Rows = BTreeMap::new();
    let view = world.server.view();
    view.each_record(&mut |kind, id, body| {
        state.insert((kind.to_owned(), id), body.to_owned());
    })
    .unwrap();
    drop(view);
    let mut replayed = Memory::default();
    let connection = rusqlite::Connection::open(world.server.file()).unwrap();
    let sql = "SELECT command.payload, command.verdict, command.judged_at
               FROM log_leaf JOIN command ON command.id = log_leaf.command ORDER BY log_leaf.idx";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let verdict: Verdict = serde_json::from_str(&row.get::<_, String>(1).unwrap()).unwrap();
        let accepted = match &verdict {
            Verdict::Applied { effect, .. } | Verdict::Partial { effect, .. } => effect,
            Verdict::Refused { .. } | Verdict::Held { .. } => continue,
        };
        let envelope: Envelope<Command> = serde_json::from_slice(&row.get::<_, Vec<u8>>(0).unwrap()).unwrap();
        let judged_at: i64 = row.get(2).unwrap();
        let latest = Timestamp(judged_at.saturating_add(limits::SKEW_MS));
        let mut context = Context {
            command: envelope.id,
            actor: envelope.actor,
            now: envelope.made_at.min(latest),
            numbers: numbers_given(&envelope.command, &state),
        };
        let effect = execute(&envelope.command, &mut context, &mut replayed);
        let effect = effect.unwrap_or_else(|failure| panic!("I5 {} does not replay: {failure}", envelope.id));
        assert_eq!(effect, *accepted, "I5 {} replays to another effect", envelope.id);
    }
    let replayed: Rows =
        replayed.records().map(|r| ((r.kind().name().to_owned(), r.id()), r.body().unwrap())).collect();
    for (key, body) in &state {
        assert_eq!(replayed.get(key), Some(body), "I5 {} {} is not what the commands made it", key.0, key.1);
    }
    assert_eq!(replayed.len(), state.len(), "I5 the commands made records that the server does not have");
}

/// The number that the server gave to the record of a command whose device had none, or one that was taken.
fn numbers_given(command: &Command, state: &Rows) -> BTreeMap<Series, u32> {
    let mut asked = None;
    crate::invent::give_number(&mut command.clone(), &mut |series, id| {
        asked = Some((series, id));
        Number::provisional(series, id)
    });
    let Some((series, id)) = asked else { return BTreeMap::new() };
    let number = Kind::named(series.name())
        .and_then(|kind| Record::from_body(kind, state.get(&(kind.name().to_owned(), id))?).ok())
        .and_then(|record| match record {
            Record::Release(it) => it.number.position(),
            Record::Change(it) => it.number.position(),
            Record::Ci(it) => it.number.position(),
            Record::DhsUnit(it) => it.number.position(),
            _ => None,
        });
    number.map(|number| (series, number)).into_iter().collect()
}
