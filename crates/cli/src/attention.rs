//! `slipwayctl attention`: what the server refused or took in part.

use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text, wrong_use};
use crate::when;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;

#[derive(Subcommand)]
pub enum Attention {
    /// Everything that waits for a decision. Example: slipwayctl attention list
    List {
        /// Those that were settled, with the reason, in place of the open ones.
        #[arg(long)]
        settled: bool,
    },
    /// One item: what was entered, why it was refused, mine and theirs, what others did. Example: slipwayctl attention show 0190…
    Show {
        /// Id of the refused command.
        command: String,
    },
    /// Set my values again, against what is there now. Example: slipwayctl attention keep-mine 0190… title
    KeepMine {
        /// Id of the refused command.
        command: String,
        /// Fields as `show` names them; all that are not decided when left out.
        fields: Vec<String>,
    },
    /// Leave what is there. Example: slipwayctl attention keep-theirs 0190… title
    KeepTheirs {
        /// Id of the refused command.
        command: String,
        /// Fields as `show` names them; all that are not decided when left out.
        fields: Vec<String>,
    },
    /// Send it again with texts in other words. Example: slipwayctl attention edit 0190… --set "note=Window moved"
    Edit {
        /// Id of the refused command.
        command: String,
        /// What was entered, as `show` names it, and the text in its place; may be given again.
        #[arg(long = "set", value_name = "WHAT=TEXT", required = true)]
        set: Vec<String>,
    },
    /// Send it again as a new command. Example: slipwayctl attention send-again 0190…
    SendAgain {
        /// Id of the refused command.
        command: String,
    },
    /// Let it go, with a reason that is kept. Example: slipwayctl attention discard 0190… --reason "Bea did it"
    Discard {
        /// Id of the refused command.
        command: String,
        /// Why it is not needed any more.
        #[arg(long)]
        reason: String,
    },
}

pub async fn run(desk: &Desk, call: Attention) -> Result<Answer, CallError> {
    match call {
        Attention::List { settled } => {
            let list = desk.call("attention.list", json!({ "settled": settled })).await?;
            let shown = listed(rows(&list, "/items"), settled);
            Ok(Answer::new(list, shown))
        }
        Attention::Show { command } => {
            let page = desk.call("attention.get", json!({ "command": command })).await?;
            let shown = shown(&page);
            Ok(Answer::new(page, shown))
        }
        Attention::KeepMine { command, fields } => keep(desk, &command, "mine", &fields).await,
        Attention::KeepTheirs { command, fields } => keep(desk, &command, "theirs", &fields).await,
        Attention::Edit { command, set } => {
            let page = desk.call("attention.get", json!({ "command": command })).await?;
            let edits = set.iter().map(|pair| edit(&page, pair)).collect::<Result<Vec<_>, _>>()?;
            desk.call("attention.send_again", json!({ "command": command, "edits": edits })).await.map(done)
        }
        Attention::SendAgain { command } => {
            desk.call("attention.send_again", json!({ "command": command })).await.map(done)
        }
        Attention::Discard { command, reason } => {
            desk.call("attention.discard", json!({ "command": command, "reason": reason })).await?;
            Ok(Answer::new(json!({ "discarded": command }), "discarded"))
        }
    }
}

fn listed(items: &[Value], settled: bool) -> String {
    if items.is_empty() {
        return if settled { "nothing was settled" } else { "nothing needs attention" }.to_owned();
    }
    let lines: Vec<Vec<String>> = items
        .iter()
        .map(|item| {
            let behind = if at(item, "/depends_on").is_null() { "" } else { "└ " };
            let why = if settled { "/settled/reason" } else { "/findings/0/sentence" };
            vec![
                text(item, "/id"),
                text(item, "/outcome_label"),
                format!("{behind}{}", text(item, "/title")),
                text(item, why),
            ]
        })
        .collect();
    table(&["command", "outcome", "what", if settled { "settled" } else { "why" }], &lines)
}

fn shown(page: &Value) -> String {
    let made = when::shown(at(page, "/item/made_at"));
    let mut lines =
        vec![format!("{} ({}), entered {made}", text(page, "/item/title"), text(page, "/item/outcome_label"))];
    for line in rows(page, "/entered") {
        lines.push(format!("  {}: {}", text(line, "/label"), text(line, "/value")));
    }
    for finding in rows(page, "/item/findings") {
        lines.push(format!("{}: {} {}", text(finding, "/code"), text(finding, "/sentence"), text(finding, "/way_out")));
    }
    for side in rows(page, "/sides") {
        let kept = at(side, "/kept").as_str().map(|kept| format!(" (kept {kept})")).unwrap_or_default();
        lines.push(format!(
            "{}: mine {:?}, theirs {:?}, seen {:?}{kept}",
            text(side, "/field"),
            text(side, "/mine"),
            text(side, "/theirs"),
            text(side, "/seen"),
        ));
    }
    for line in rows(page, "/meanwhile") {
        let when = when::shown(at(line, "/at"));
        lines.push(format!("{when} {}: {} {}", text(line, "/by/label"), text(line, "/what"), text(line, "/note")));
    }
    for item in rows(page, "/dependants") {
        lines.push(format!("because of it: {} {}", text(item, "/id"), text(item, "/title")));
    }
    lines.join("\n")
}

async fn keep(desk: &Desk, command: &str, whose: &str, fields: &[String]) -> Result<Answer, CallError> {
    let fields = if fields.is_empty() { Value::Null } else { json!(fields) };
    desk.call("attention.keep", json!({ "command": command, "keep": whose, "fields": fields })).await.map(done)
}

/// `WHAT=TEXT` as an edit of the line of that label or place.
fn edit(page: &Value, pair: &str) -> Result<Value, CallError> {
    let entered = rows(page, "/entered");
    let texts = || entered.iter().filter(|line| at(line, "/editable") == true);
    let names = texts().map(|line| text(line, "/label")).collect::<Vec<_>>().join(", ");
    let way_out = if names.is_empty() {
        "Nothing of it is a text: enter it anew on the record.".to_owned()
    } else {
        format!("Those that can be edited are: {names}.")
    };
    let Some((what, value)) = pair.split_once('=') else {
        return Err(wrong_use(format!("{pair:?} is not WHAT=TEXT."), way_out));
    };
    let found: Vec<&Value> = texts()
        .filter(|line| {
            text(line, "/label").replace('_', " ").eq_ignore_ascii_case(&what.replace('_', " "))
                || text(line, "/pointer") == what
        })
        .collect();
    match found.as_slice() {
        [line] => Ok(json!({ "pointer": at(line, "/pointer"), "value": value })),
        [] => Err(wrong_use(format!("No text named {what:?} was entered."), way_out)),
        _ => Err(wrong_use(
            format!("{what:?} was entered several times."),
            "Name it by its pointer, as attention show --json has it.",
        )),
    }
}
