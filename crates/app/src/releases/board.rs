//! The board: a column for each phase, a card for each release that is not closed.

use crate::App;
use crate::error::CallError;
use crate::releases::page::window;
use crate::sight::{Sight, path};
use crate::view::common::{Hue, Pill};
use crate::view::releases::{Board, BoardCard, BoardColumn, BoardRequest};
use crate::{filters, pills, rows};
use slipway_domain::approval::record::{Approval, ApprovalState, Subject};
use slipway_domain::filter::Filter;
use slipway_domain::lookup::{Lookup, subject_key};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::action::actions;
use slipway_domain::release::record::{Phase, Release, Status};
use slipway_domain::release::task_record::{Task, TaskState};
use slipway_store::list::ListSpec;

/// Most cards.
const CARDS_MOST: usize = 300;

/// Columns in the order of the phases.
const COLUMNS: [Phase; 7] = [
    Phase::Assess,
    Phase::PlanAndDesign,
    Phase::BuildAndTest,
    Phase::Training,
    Phase::DistributionAndRollout,
    Phase::Verification,
    Phase::BackOut,
];

/// Releases that are not closed, by phase.
///
/// # Errors
/// Trouble.
pub fn board(app: &App, request: &BoardRequest) -> Result<Board, CallError> {
    let open = app.open()?;
    let open_ones = filters::must(app, Kind::Release, "-state:closed")?;
    let list = open.store.open_list(&ListSpec {
        kind: Kind::Release,
        filter: Filter::All(vec![filters::must(app, Kind::Release, &request.filter)?, open_ones]),
        sort: Some("window".to_owned()),
        descending: false,
    })?;
    let truncated = list.total > CARDS_MOST;
    app.read(|sight| {
        let mut columns: Vec<BoardColumn> = COLUMNS
            .iter()
            .map(|&phase| BoardColumn { phase, label: phase.label().to_owned(), cards: Vec::new() })
            .collect();
        for id in list.ids.into_iter().take(CARDS_MOST) {
            let Some(release) = sight.records.get::<Release>(id.into())? else { continue };
            if let Some(column) = columns.iter_mut().find(|c| c.phase == release.phase) {
                column.cards.push(card(sight, release)?);
            }
        }
        for column in &mut columns {
            // Those without a window come last: nobody has planned them yet.
            column.cards.sort_by_key(|c| (c.rollout_window.is_none(), c.rollout_window.map(|w| w.window)));
        }
        Ok(Board { columns, truncated })
    })
}

fn card(sight: Sight<'_>, release: Release) -> Result<BoardCard, Fault> {
    let actions = actions(&release, &sight.person()?, sight.now, sight.records)?;
    let advance = actions.into_iter().find(|a| a.action == "advance" || a.action == "verify_and_close");
    let tasks = sight.records.list::<Task>(Lookup::TasksOfRelease, &release.id.to_string())?;
    let here = || tasks.iter().filter(|t| t.phase == release.phase && t.state != TaskState::Cancelled);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let condition = condition(sight, &release, advance.as_ref())?;
    let record = Record::from(release.clone());
    Ok(BoardCard {
        id: release.id.to_string(),
        number: release.number.to_string(),
        release_type: release.release_type,
        class: release.class,
        rollout_window: release.scope.rollout_window.map(|w| window(w, sight.now)),
        manager: sight.named(Kind::Person, release.manager)?,
        condition,
        advance,
        tasks_done: count(here().filter(|t| t.state == TaskState::Done).count()),
        tasks_all: count(here().count()),
        path: path(&record).unwrap_or_default(),
        sync: sight.mark(&record)?,
        title: release.title,
    })
}

/// The worst that can be said about a release, in words.
fn condition(
    sight: Sight<'_>,
    release: &Release,
    advance: Option<&slipway_domain::release::action::ActionState>,
) -> Result<Pill, Fault> {
    let pill = |label: String, hue| Pill { label, hue };
    let status = pills::release(release);
    if matches!(status.hue, Hue::Bad) {
        return Ok(status);
    }
    let over = release.install.is_none() && release.scope.rollout_window.is_some_and(|w| w.end <= sight.now);
    if over {
        return Ok(pill("window missed".to_owned(), Hue::Bad));
    }
    if release.status == Status::ApprovalPending {
        let key = subject_key(Subject::Release(release.id));
        let pending = sight.records.list::<Approval>(Lookup::ApprovalsOf, &key)?;
        let mut pending = pending.iter().filter(|a| a.state == ApprovalState::Pending);
        if let Some(approval) = pending.find(|a| a.due_at < sight.now) {
            return Ok(pill(format!("approval of {} overdue", rows::gate(approval.gate)), Hue::Bad));
        }
        return Ok(status);
    }
    Ok(match advance {
        Some(advance) if advance.allowed => pill("ready".to_owned(), Hue::Ok),
        Some(advance) => match advance.findings.as_slice() {
            [one] => pill(one.sentence.clone(), Hue::Warn),
            several => pill(format!("{} gates open", several.len()), Hue::Warn),
        },
        None => status,
    })
}
