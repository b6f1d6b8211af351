//! Commands, one a line, judged on records: refused or carried out, never a panic, and twice the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_domain::command::Command;
use slipway_domain::execute::{Context, execute};
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::number::Series;
use slipway_domain::people::{Person, Role};
use slipway_domain::records::{Memory, RecordsExt};
use slipway_domain::time::Timestamp;
use uuid::Uuid;

const PERSON: PersonId = PersonId(Uuid::from_u128(0x31));

fuzz_target!(|text: &str| {
    let mut records = Memory::default();
    let person = Person {
        id: PERSON,
        name: "Everybody".into(),
        user: "everybody".into(),
        roles: Role::ALL.iter().copied().collect(),
        active: true,
    };
    records.put(person).expect("memory never fails");
    for (line, id) in text.lines().zip(1_u128..).take(16) {
        let Ok(command) = serde_json::from_str::<Command>(line) else { continue };
        let judge = |mut records: Memory| {
            let numbers = Series::ALL.into_iter().map(|series| (series, 1)).collect();
            let now = Timestamp(1_793_491_200_000);
            let mut context = Context { command: CommandId(Uuid::from_u128(id)), actor: PERSON, now, numbers };
            let judged = execute(&command, &mut context, &mut records).map_err(|failure| failure.to_string());
            (judged, records)
        };
        let (judged, after) = judge(records.clone());
        assert_eq!(judged, judge(records.clone()).0, "the same command on the same records");
        if judged.is_ok() {
            records = after;
        }
    }
});
