//! Consumables: counted by model and bin. Every command is a movement and none says an absolute figure, so counts of two
//! laptops add up; what lies in a bin is the sum of its movements and never less than nothing.

use crate::dhs::model::ModelKind;
use crate::dhs::record::{Bin, DhsModel, DhsStock, MovementKind, StockMovement};
use crate::dhs::{closed, tidy_bin, wants_model};
use crate::execute::{Context, Effect};
use crate::id::{DhsModelId, ReleaseId, StockMovementId};
use crate::people::Person;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::release::record::Release;
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Most pieces of one movement, and most that one bin holds.
pub const PIECES: u32 = 1_000_000;

/// What is done with consumables in a bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CountedMove {
    /// So many arrived.
    Receive(u32),
    /// So many were counted in by a slip of the scanner.
    TakeBack(u32),
    /// To another bin.
    Transfer {
        /// How many.
        quantity: u32,
        /// Where to.
        to: Bin,
    },
    /// Keeps some for a release.
    Reserve {
        /// How many.
        quantity: u32,
        /// For which.
        release: ReleaseId,
    },
    /// Frees some.
    ReleaseReservation {
        /// How many.
        quantity: u32,
        /// For which they were kept.
        release: ReleaseId,
    },
    /// Hands some out: those kept for the release, or free ones for none.
    Issue {
        /// How many.
        quantity: u32,
        /// For which.
        release: Option<ReleaseId>,
    },
    /// Some came back.
    Return {
        /// How many.
        quantity: u32,
        /// From which release.
        release: Option<ReleaseId>,
    },
    /// Some are gone.
    Dispose {
        /// How many.
        quantity: u32,
        /// Why.
        reason: String,
    },
    /// So many more, or fewer, were counted than the record says.
    Adjust {
        /// More than nothing: found; less: missing.
        by: i32,
        /// Why.
        reason: String,
    },
}

impl CountedMove {
    /// How many it is about.
    #[must_use]
    pub fn quantity(&self) -> u32 {
        match self {
            Self::Receive(quantity)
            | Self::TakeBack(quantity)
            | Self::Transfer { quantity, .. }
            | Self::Reserve { quantity, .. }
            | Self::ReleaseReservation { quantity, .. }
            | Self::Issue { quantity, .. }
            | Self::Return { quantity, .. }
            | Self::Dispose { quantity, .. } => *quantity,
            Self::Adjust { by, .. } => by.unsigned_abs(),
        }
    }

    /// Its line in the ledger.
    #[must_use]
    pub fn kind(&self) -> MovementKind {
        match self {
            Self::Receive(_) => MovementKind::Receive,
            Self::Transfer { .. } => MovementKind::Transfer,
            Self::Reserve { .. } => MovementKind::Reserve,
            Self::ReleaseReservation { .. } => MovementKind::ReleaseReservation,
            Self::Issue { .. } => MovementKind::Issue,
            Self::Return { .. } => MovementKind::Return,
            Self::Dispose { .. } => MovementKind::Dispose,
            Self::Adjust { .. } | Self::TakeBack(_) => MovementKind::CountAdjustment,
        }
    }

    fn release(&self) -> Option<ReleaseId> {
        match self {
            Self::Reserve { release, .. } | Self::ReleaseReservation { release, .. } => Some(*release),
            Self::Issue { release, .. } | Self::Return { release, .. } => *release,
            _ => None,
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Dispose { reason, .. } | Self::Adjust { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// Judges and carries out a movement of consumables.
pub(super) fn execute(
    model: DhsModelId,
    bin: &Bin,
    what: &CountedMove,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let bin = filled(bin, records)?;
    let stock = records.get::<DhsStock>(DhsStock::id_of(model, &bin))?;
    let is_new = stock.is_none();
    let mut stock = stock.unwrap_or_else(|| DhsStock::empty(model, bin));
    let model: DhsModel = records.must(model)?;
    let mut findings: Vec<Finding> = sized(what).into_iter().collect();
    if model.facts.kind != ModelKind::Consumable {
        findings.push(told_apart(&model));
    }
    let note = match what.reason().map(|reason| text::filled_prose("reason", reason)) {
        Some(Ok(note)) => note,
        Some(Err(finding)) => {
            findings.push(finding);
            String::new()
        }
        None => String::new(),
    };
    none(findings)?;
    let change = applied(&mut stock, &model, what, records)?;
    let entry = Entry { quantity: what.quantity(), release: what.release(), note, at: context.now };
    if let CountedMove::Transfer { quantity, to } = what {
        let to = filled(to, records)?;
        if DhsStock::id_of(model.id, &to) == stock.id {
            return Ok(Effect::unchanged());
        }
        let there = records.get::<DhsStock>(DhsStock::id_of(model.id, &to))?;
        let mut there = there.unwrap_or_else(|| DhsStock::empty(model.id, to));
        add(&mut there, *quantity)?;
        write(there, MovementKind::Transfer, i64::from(*quantity), &entry, 1, actor, context, records)?;
    }
    write(stock, what.kind(), change, &entry, 0, actor, context, records)?;
    Ok(if is_new { Effect::created() } else { Effect::updated() })
}

/// What was counted more, or fewer, of a model in a bin.
pub(super) struct Counted<'a> {
    /// Of which model.
    pub(super) model: DhsModelId,
    /// Where.
    pub(super) bin: &'a Bin,
    /// More than nothing: found; less: missing.
    pub(super) by: i64,
    /// What the ledger says of it.
    pub(super) note: &'a str,
    /// From when on.
    pub(super) at: Timestamp,
}

/// Lets the figures follow a count: the nth movement of a command that settles many.
pub(super) fn adjust(
    counted: &Counted<'_>,
    nth: u32,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<(), Failure> {
    let model: DhsModel = records.must(counted.model)?;
    let stock = records.get::<DhsStock>(DhsStock::id_of(model.id, counted.bin))?;
    let mut stock = stock.unwrap_or_else(|| DhsStock::empty(model.id, counted.bin.clone()));
    let quantity = u32::try_from(counted.by.unsigned_abs()).unwrap_or(u32::MAX);
    if counted.by > 0 {
        add(&mut stock, quantity)?
    } else {
        take_free(&mut stock, &model, quantity)?
    }
    let entry = Entry { quantity, release: None, note: counted.note.to_owned(), at: counted.at };
    write(stock, MovementKind::CountAdjustment, counted.by, &entry, nth, actor, context, records)
}

/// Changes the figures; says how many more or fewer lie there.
fn applied(stock: &mut DhsStock, model: &DhsModel, what: &CountedMove, records: &dyn Records) -> Result<i64, Failure> {
    let quantity = what.quantity();
    let out = -i64::from(quantity);
    match what {
        CountedMove::Receive(_) => add(stock, quantity)?,
        CountedMove::Transfer { .. }
        | CountedMove::TakeBack(_)
        | CountedMove::Dispose { .. }
        | CountedMove::Issue { release: None, .. } => {
            take_free(stock, model, quantity)?;
            return Ok(out);
        }
        CountedMove::Reserve { release, .. } => {
            let wanted: Release = records.must(*release)?;
            let mut findings = Vec::new();
            if wanted.phase.is_closed() {
                findings.push(closed(&wanted));
            }
            if !wants_model(&wanted, model.id) {
                findings.push(not_wanted(&wanted, model));
            }
            findings.extend(short(stock, model, quantity));
            none(findings)?;
            let kept = stock.reserved.entry(*release).or_default();
            *kept = kept.saturating_add(quantity);
            return Ok(0);
        }
        CountedMove::ReleaseReservation { release, .. } => {
            take_reserved(stock, model, *release, quantity, records)?;
            return Ok(0);
        }
        CountedMove::Issue { release: Some(release), .. } => {
            let wanted: Release = records.must(*release)?;
            if wanted.phase.is_closed() {
                return Err(Finding { way_out: "Release the reservation.".to_owned(), ..closed(&wanted) }.into());
            }
            take_reserved(stock, model, *release, quantity, records)?;
            stock.quantity = stock.quantity.saturating_sub(quantity);
            let out = stock.issued.entry(*release).or_default();
            *out = out.saturating_add(quantity);
        }
        CountedMove::Return { release, .. } => {
            if let Some(release) = release {
                let out = stock.issued.get(release).copied().unwrap_or_default();
                if out < quantity {
                    return Err(Finding::new(
                        "NOT_ISSUED",
                        format!("{out} of {} from this bin are out for that release, not {quantity}.", label(model)),
                        "Return as many as went out, or return them for no release.",
                    )
                    .about(RecordRef::of(model))
                    .with("issued", out)
                    .into());
                }
                less(&mut stock.issued, *release, quantity);
            }
            add(stock, quantity)?;
        }
        CountedMove::Adjust { by, .. } if *by > 0 => add(stock, quantity)?,
        CountedMove::Adjust { .. } => {
            take_free(stock, model, quantity)?;
            return Ok(out);
        }
    }
    Ok(match what {
        CountedMove::Issue { .. } => out,
        _ => i64::from(quantity),
    })
}

fn add(stock: &mut DhsStock, quantity: u32) -> Result<(), Finding> {
    let sum = stock.quantity.saturating_add(quantity);
    if sum > PIECES {
        return Err(Finding::new(
            "OUT_OF_RANGE",
            format!("{sum} pieces are too many for one bin."),
            format!("At most {PIECES} are possible; use another bin."),
        ));
    }
    stock.quantity = sum;
    Ok(())
}

fn take_free(stock: &mut DhsStock, model: &DhsModel, quantity: u32) -> Result<(), Finding> {
    if let Some(finding) = short(stock, model, quantity) {
        return Err(finding);
    }
    stock.quantity = stock.quantity.saturating_sub(quantity);
    Ok(())
}

fn take_reserved(
    stock: &mut DhsStock,
    model: &DhsModel,
    release: ReleaseId,
    quantity: u32,
    records: &dyn Records,
) -> Result<(), Failure> {
    let kept = stock.reserved.get(&release).copied().unwrap_or_default();
    if kept < quantity {
        let number = records.get::<Release>(release)?.map_or_else(|| release.to_string(), |r| r.number.to_string());
        return Err(Finding::new(
            "NOT_RESERVED",
            format!("{kept} of {} in this bin are reserved for {number}, not {quantity}.", label(model)),
            format!("Reserve the missing ones for {number} first, or take no more than {kept}."),
        )
        .about(RecordRef::of(model))
        .with("reserved", kept)
        .into());
    }
    less(&mut stock.reserved, release, quantity);
    Ok(())
}

fn less(of: &mut std::collections::BTreeMap<ReleaseId, u32>, release: ReleaseId, quantity: u32) {
    if let Some(n) = of.get_mut(&release) {
        *n = n.saturating_sub(quantity);
    }
    of.retain(|_, n| *n > 0);
}

/// That fewer lie there than are wanted, those kept for releases not counted.
fn short(stock: &DhsStock, model: &DhsModel, quantity: u32) -> Option<Finding> {
    let free = stock.free();
    (free < quantity).then(|| {
        let kept = stock.quantity.saturating_sub(free);
        let beside = if kept > 0 { format!(" ({kept} more are reserved for releases)") } else { String::new() };
        Finding::new(
            "NOT_ENOUGH",
            format!("{free} of {} are free in this bin{beside}; {quantity} are wanted.", label(model)),
            "Take fewer, take them from another bin, or adjust the count with a reason.",
        )
        .about(RecordRef::of(model))
        .with("free", free)
        .with("wanted", quantity)
    })
}

fn sized(what: &CountedMove) -> Option<Finding> {
    let quantity = what.quantity();
    (quantity == 0 || quantity > PIECES).then(|| {
        Finding::new(
            "OUT_OF_RANGE",
            format!("{quantity} pieces cannot be moved."),
            format!("Say a number from 1 to {PIECES}."),
        )
    })
}

/// That units of the model are told apart by serial number.
pub(super) fn told_apart(model: &DhsModel) -> Finding {
    Finding::new(
        "NOT_COUNTED",
        format!("{} is a {}: its units are told apart, not counted.", label(model), model.facts.kind),
        "Receive units of it, or make the model a consumable first.",
    )
    .about(RecordRef::of(model))
}

/// That a release does not want the model.
pub(super) fn not_wanted(release: &Release, model: &DhsModel) -> Finding {
    Finding::new(
        "NOT_A_COMPONENT",
        format!("{} does not have {} among its components.", release.number, label(model)),
        format!("Add the model to the scope of {} first.", release.number),
    )
    .about(RecordRef::of(release))
}

fn label(model: &DhsModel) -> String {
    format!("{} {}", model.manufacturer, model.name)
}

/// A bin that says at least its store.
fn filled(bin: &Bin, records: &dyn Records) -> Result<Bin, Failure> {
    let bin = tidy_bin(bin, records)?;
    if bin.store.is_empty() {
        return Err(Finding::new("NO_BIN", "It is not said in which store.", "Name at least the store.").into());
    }
    Ok(bin)
}

/// What an entry says beside kind and person.
struct Entry {
    quantity: u32,
    release: Option<ReleaseId>,
    note: String,
    at: Timestamp,
}

#[allow(clippy::too_many_arguments, reason = "the parts of one entry, each from elsewhere")]
fn write(
    mut stock: DhsStock,
    kind: MovementKind,
    change: i64,
    entry: &Entry,
    nth: u32,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<(), Failure> {
    let id = stock.id;
    stock.last_moved = stock.last_moved.max(Some(entry.at));
    // First the bin: its entries lie where it lies.
    records.put(stock)?;
    records.put(StockMovement {
        id: StockMovementId(context.command.derived(nth)),
        stock: id,
        kind,
        change,
        quantity: entry.quantity,
        release: entry.release,
        by: actor.id,
        at: entry.at,
        note: entry.note.clone(),
    })?;
    Ok(())
}
