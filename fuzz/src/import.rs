//! Importing into memory, judged by the real rules.

use crate::Place;
use slipway_app::error::CallError;
use slipway_app::import::cis::Would;
use slipway_app::import::mapping::{self, Mapping};
use slipway_app::import::plan::{ImportKind, Setting, stages};
use slipway_app::import::source::{Reading, Source};
use slipway_app::import::{Flow, Mode, NumberSource, Sink, Step};
use slipway_domain::command::Command;
use slipway_domain::execute::{Context, Effect, execute};
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::number::{Number, Series};
use slipway_domain::records::{Memory, Records};
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use uuid::Uuid;

/// Records, and what was told of the last import.
#[derive(Default)]
pub struct Desk {
    records: Memory,
    commands: u128,
    told: Told,
}

/// How many rows an import read, and what it made of them.
#[derive(Debug, Default)]
pub struct Told {
    pub rows: u64,
    pub created: u64,
}

struct Provisional;

impl NumberSource for Provisional {
    fn take(&mut self, series: Series, id: Uuid) -> Number {
        Number::provisional(series, id)
    }
}

impl Desk {
    fn judge(&self, command: &Command) -> Result<(Effect, Memory), CallError> {
        let mut context = Context {
            command: CommandId(Uuid::from_u128(self.commands + 1)),
            actor: PersonId::SYSTEM,
            now: Timestamp(1_793_491_200_000),
            numbers: BTreeMap::new(),
        };
        let mut tried = self.records.clone();
        let effect = execute(command, &mut context, &mut tried)?;
        Ok((effect, tried))
    }
}

impl Sink for Desk {
    fn read(&self, look: &mut dyn FnMut(&dyn Records) -> Result<(), Fault>) -> Result<(), CallError> {
        Ok(look(&self.records)?)
    }

    fn issue(&mut self, build: &mut dyn FnMut(&mut dyn NumberSource) -> Command) -> Result<Effect, CallError> {
        let (effect, records) = self.judge(&build(&mut Provisional))?;
        self.records = records;
        self.commands += 1;
        Ok(effect)
    }

    fn try_out(&mut self, command: &Command) -> Result<Effect, CallError> {
        self.judge(command).map(|(effect, _)| effect)
    }

    fn step(&mut self, step: Step) -> Result<Flow, CallError> {
        assert!(step.refused.iter().all(|row| row.line > 0 && !row.reason.is_empty()), "each says why: {step:?}");
        self.told.rows += step.counts.rows;
        self.told.created += step.counts.created;
        Ok(Flow::On)
    }
}

/// Takes a file as the program proposes to; `None`: it is refused before a row of it is read, or half way.
pub fn take(desk: &mut Desk, kind: ImportKind, name: &str, bytes: &[u8]) -> Option<Told> {
    let place = Place::new();
    let path = place.at(name);
    fs::write(&path, bytes).expect("memory has room");
    // Rows take the moment of the file where they say none of their own.
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_793_400_000_000);
    fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(written)).expect("a file's time");
    let source = Source::open(&path, &Reading::default()).ok()?;
    let mapping = match kind.mapped() {
        Some(target) => mapping::propose(target, source.header(), &[]).mapping,
        None => Mapping::default(),
    };
    let mapping = Mapping { system: "SEC".into(), ..mapping };
    let setting = Setting {
        system: mapping.system.clone(),
        actor: PersonId::SYSTEM,
        now: Timestamp(1_793_491_200_000),
        mode: Mode::Take,
        would: Would::default(),
    };
    desk.told = Told::default();
    for stage in stages(kind, &source, &mapping).ok()? {
        stage.run(&source, &setting, 0, desk).ok()?;
    }
    Some(std::mem::take(&mut desk.told))
}
