//! `slipwayctl standard`: authorised values, and which CIs are out of compliance.

use crate::baseline::proposed;
use crate::desk::Desk;
use crate::print::{Answer, at, rows, table, text};
use crate::when;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use slipway_app::error::CallError;

#[derive(Subcommand)]
pub enum StandardCall {
    /// List standards. Example: slipwayctl standard list
    List,
    /// What a standard says. Example: slipwayctl standard show "Web server 2026"
    Show {
        /// Name or id.
        standard: String,
    },
    /// Write a standard as a draft, or change a draft. Example: slipwayctl standard put "Web server 2026" --class server --set version=12.4 --set attributes.ram=64
    Put(Put),
    /// A draft that says what another standard says. Example: slipwayctl standard copy "Web server 2026" "Web server 2027"
    Copy {
        /// Name or id of the present one.
        standard: String,
        /// Name of the new one.
        name: String,
    },
    /// Lock a standard: from now on its CIs are measured by it. Example: slipwayctl standard authorise "Web server 2026"
    Authorise {
        /// Name or id.
        standard: String,
    },
    /// Take a standard out of use. Example: slipwayctl standard retire "Web server 2025" --reason "Replaced by 2026"
    Retire {
        /// Name or id.
        standard: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Attach CIs; those of another standard come over. Example: slipwayctl standard attach "Web server 2026" --filter "class:server name:web"
    Attach(Which),
    /// Detach CIs. Example: slipwayctl standard detach "Web server 2026" web-01
    Detach(Which),
    /// CIs that differ from their standard, field by field. Example: slipwayctl standard compliance "Web server 2026"
    Compliance {
        /// Name or id.
        standard: String,
        /// Those in compliance too.
        #[arg(long)]
        all: bool,
    },
    /// Let a CI be as it is. Example: slipwayctl standard except "Web server 2026" web-01 --field version --reason "Vendor supports 12.3 only"
    Except {
        #[command(flatten)]
        of: Excepted,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Take exceptions of a CI back. Example: slipwayctl standard withdraw-exception "Web server 2026" web-01
    WithdrawException(Excepted),
    /// The CI update plan that corrects what is out of compliance. Example: slipwayctl standard correct "Web server 2026" --into REL-000123
    Correct {
        /// Name or id.
        standard: String,
        /// Only this CI; may be given several times.
        #[arg(long = "ci", value_name = "CI")]
        cis: Option<Vec<String>>,
        /// Put the plan into this release; without it, it is only shown.
        #[arg(long, value_name = "RELEASE")]
        into: Option<String>,
    },
}

#[derive(Args)]
pub struct Put {
    /// Unique; a draft of this name is changed.
    name: String,
    /// Class of its CIs; needed for a new one.
    #[arg(long)]
    class: Option<String>,
    /// What it is for.
    #[arg(long)]
    about: Option<String>,
    /// An authorised value, such as version=12.4 or attributes.ram=64; may be given several times. All of them: what is not named goes.
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    values: Vec<(String, String)>,
}

#[derive(Args)]
pub struct Which {
    /// Name or id.
    standard: String,
    /// CIs: name, CI-000001, serial number or asset tag.
    #[arg(required_unless_present = "filter")]
    cis: Vec<String>,
    /// What a filter finds, instead.
    #[arg(long, conflicts_with = "cis")]
    filter: Option<String>,
}

#[derive(Args)]
pub struct Excepted {
    /// Name or id.
    standard: String,
    /// Name, CI-000001, serial number or asset tag.
    ci: String,
    /// Only this field; may be given several times.
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=VALUE")?;
    Ok((field.trim().to_owned(), value.trim().to_owned()))
}

pub async fn run(desk: &Desk, call: StandardCall) -> Result<Answer, CallError> {
    match call {
        StandardCall::List => list(desk).await,
        StandardCall::Show { standard } => {
            desk.call("standards.get", json!({ "standard": standard })).await.map(|page| shown(&page))
        }
        StandardCall::Put(put) => self::put(desk, put).await,
        StandardCall::Copy { standard, name } => {
            act(desk, json!({ "action": "copy", "standard": standard, "name": name })).await
        }
        StandardCall::Authorise { standard } => act(desk, json!({ "action": "authorise", "standard": standard })).await,
        StandardCall::Retire { standard, reason } => {
            act(desk, json!({ "action": "retire", "standard": standard, "reason": reason })).await
        }
        StandardCall::Attach(which) => moved(desk, "attach", which).await,
        StandardCall::Detach(which) => moved(desk, "detach", which).await,
        StandardCall::Compliance { standard, all } => compliance(desk, &standard, all).await,
        StandardCall::Except { of, reason } => excepted(desk, "except", of, Some(reason)).await,
        StandardCall::WithdrawException(of) => excepted(desk, "withdraw_exception", of, None).await,
        StandardCall::Correct { standard, cis, into } => {
            let request = json!({ "standard": standard, "cis": cis, "release": into });
            desk.call("standards.correct", request).await.map(proposed)
        }
    }
}

async fn act(desk: &Desk, request: Value) -> Result<Answer, CallError> {
    let done = desk.call("standards.act", request).await?;
    let label = text(&done, "/record/label");
    Ok(Answer::new(done, if label.is_empty() { "done".to_owned() } else { format!("{label}: done") }))
}

async fn put(desk: &Desk, put: Put) -> Result<Answer, CallError> {
    let known = desk.call("standards.list", Value::Null).await?;
    let is_known = rows(&known, "/standards").iter().any(|s| text(s, "/name").eq_ignore_ascii_case(&put.name));
    let values: Map<String, Value> = put.values.into_iter().map(|(field, value)| (field, json!(value))).collect();
    act(
        desk,
        json!({
            "action": "put", "standard": is_known.then_some(&put.name), "name": put.name, "class": put.class,
            "about": put.about, "values": (!values.is_empty()).then_some(values),
        }),
    )
    .await
}

async fn moved(desk: &Desk, action: &str, which: Which) -> Result<Answer, CallError> {
    let cis = which.filter.is_none().then_some(which.cis);
    let request = json!({ "action": action, "standard": which.standard, "cis": cis, "filter": which.filter });
    let done = desk.call("standards.act", request).await?;
    let refused = rows(&done, "/refused");
    let word = if action == "attach" { "attached" } else { "detached" };
    let mut out = vec![format!(
        "{} {word}, {} so already, {} refused",
        text(&done, "/changed"),
        text(&done, "/unchanged"),
        refused.len()
    )];
    out.extend(refused.iter().map(|sentence| text(sentence, "")));
    let shown = out.join("\n");
    Ok(Answer::new(done, shown))
}

async fn excepted(desk: &Desk, action: &str, of: Excepted, reason: Option<String>) -> Result<Answer, CallError> {
    let fields = (!of.fields.is_empty()).then_some(of.fields);
    let request =
        json!({ "action": action, "standard": of.standard, "cis": [of.ci], "fields": fields, "reason": reason });
    act(desk, request).await
}

async fn list(desk: &Desk) -> Result<Answer, CallError> {
    let list = desk.call("standards.list", Value::Null).await?;
    let lines: Vec<Vec<String>> = rows(&list, "/standards")
        .iter()
        .map(|s| ["/name", "/state", "/class_name", "/fields", "/about"].map(|pointer| text(s, pointer)).to_vec())
        .collect();
    let shown = if lines.is_empty() {
        "no standards; write one with slipwayctl standard put".to_owned()
    } else {
        table(&["standard", "state", "class", "fields", "about"], &lines)
    };
    Ok(Answer::new(list, shown))
}

fn shown(page: &Value) -> Answer {
    let said = |pointer: &str| text(page, pointer);
    let mut out = vec![format!(
        "{} · {} · {} · {} CIs attached",
        said("/row/name"),
        said("/row/state"),
        said("/row/class_name"),
        said("/attached")
    )];
    for (what, pointer) in [("authorised", "/authorised"), ("retired", "/retired")] {
        let decided = at(page, pointer);
        if !decided.is_null() {
            let reason = text(decided, "/reason");
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            out.push(format!("{what} by {} {}{why}", text(decided, "/by/label"), when::shown(at(decided, "/at"))));
        }
    }
    let lines: Vec<Vec<String>> =
        rows(page, "/values").iter().map(|v| vec![text(v, "/title"), text(v, "/shown")]).collect();
    out.push(table(&["field", "authorised"], &lines));
    Answer::new(page.clone(), out.join("\n"))
}

async fn compliance(desk: &Desk, standard: &str, all: bool) -> Result<Answer, CallError> {
    let (mut cis, mut looked_at, mut out) = (Vec::new(), 0, 0);
    let mut after = Value::Null;
    loop {
        let request = json!({ "standard": standard, "all": all, "after": after });
        let page = desk.call("standards.compliance", request).await?;
        let figure = |pointer: &str| at(&page, pointer).as_u64().unwrap_or_default();
        looked_at += figure("/looked_at");
        out += figure("/out");
        cis.extend(rows(&page, "/cis").iter().cloned());
        after = at(&page, "/next").clone();
        if after.is_null() {
            break;
        }
    }
    let mut lines = Vec::new();
    for ci in &cis {
        let mut name = text(ci, "/ci/label");
        for d in rows(ci, "/deviations") {
            let accepted = at(d, "/excepted");
            let said = if accepted.is_null() {
                "out of compliance".to_owned()
            } else {
                format!("excepted: {}", text(accepted, "/reason"))
            };
            let line = ["/title", "/authorised", "/is"].map(|pointer| text(d, pointer));
            lines.push([std::mem::take(&mut name)].into_iter().chain(line).chain([said]).collect());
        }
        if !name.is_empty() {
            lines.push(vec![name, String::new(), String::new(), String::new(), "in compliance".to_owned()]);
        }
    }
    let mut shown = vec![format!("{looked_at} CIs attached, {out} out of compliance")];
    if !lines.is_empty() {
        shown.push(table(&["CI", "field", "authorised", "is", ""], &lines));
    }
    Ok(Answer::new(json!({ "cis": cis, "looked_at": looked_at, "out": out }), shown.join("\n")))
}
