//! `slipwayctl class` and `slipwayctl relation-type`: classes of CIs with their attributes, and types of relations.

use crate::desk::Desk;
use crate::print::{Answer, done, rows, table, text, wrong_use};
use crate::release::code;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use slipway_app::error::CallError;

#[derive(Subcommand)]
pub enum ClassCall {
    /// List the class tree with how many CIs are of each. Example: slipwayctl class list
    List,
    /// Show a class with its attributes, inherited ones too. Example: slipwayctl class show server
    Show {
        /// Key or name.
        class: String,
    },
    /// Create or change a class. Example: slipwayctl class put appliance --parent hardware --attribute "slots: number 1..16"
    Put(Box<PutClass>),
    /// List CIs whose values do not fit their class, after a change of it. Example: slipwayctl class misfits hardware
    Misfits {
        /// Key or name; the classes below it are walked too.
        class: String,
    },
    /// Delete a class that nothing uses. Example: slipwayctl class delete appliance
    Delete {
        /// Key or name.
        class: String,
    },
}

/// A class as it shall be; what is left out stays.
#[derive(Args)]
pub struct PutClass {
    /// What CIs carry; never changes.
    key: String,
    /// As shown.
    #[arg(long)]
    name: Option<String>,
    /// Key or name of the class above.
    #[arg(long)]
    parent: Option<String>,
    /// Name of its icon.
    #[arg(long)]
    icon: Option<String>,
    /// What belongs to it.
    #[arg(long)]
    description: Option<String>,
    /// NAME: TYPE [required] [managed] [=DEFAULT]; may be given several times. TYPE is text, date, ip, mac, yes-no,
    /// number [MIN..MAX] [UNIT], one of A|B|C, ci [CLASS] or person.
    #[arg(long = "attribute")]
    attributes: Vec<String>,
    /// Takes an attribute away; may be given several times.
    #[arg(long = "remove")]
    remove: Vec<String>,
    /// Whether its CIs may carry more than it declares.
    #[arg(long)]
    open: Option<bool>,
    /// The whole class as JSON, in the form that `class show --json` gives.
    #[arg(long, conflicts_with_all = ["name", "attributes", "remove"])]
    file: Option<std::path::PathBuf>,
    /// Says what would no longer fit, and changes nothing.
    #[arg(long)]
    preview: bool,
}

#[derive(Subcommand)]
pub enum RelationTypeCall {
    /// List relation types. Example: slipwayctl relation-type list
    List,
    /// Create or change a relation type. Example: slipwayctl relation-type put backed-up-by --inverse "backs up"
    Put(PutRelationType),
    /// Retire a type: no new relations of it are made. Example: slipwayctl relation-type retire backed-up-by
    Retire {
        /// Its key.
        key: String,
    },
}

/// A relation type as it shall be; what is left out stays.
#[derive(Args)]
pub struct PutRelationType {
    /// What relations carry, such as `backed-up-by`; never changes.
    key: String,
    /// Read from source to target.
    #[arg(long)]
    name: Option<String>,
    /// Read from target to source.
    #[arg(long)]
    inverse: Option<String>,
    /// A class that may be the source; may be given several times.
    #[arg(long = "source")]
    sources: Vec<String>,
    /// A class that may be the target; may be given several times.
    #[arg(long = "target")]
    targets: Vec<String>,
    /// Whether both ways mean the same.
    #[arg(long)]
    symmetric: Option<bool>,
    /// Whether a target has at most one source.
    #[arg(long)]
    one_source: Option<bool>,
    /// Whether a source has at most one target.
    #[arg(long)]
    one_target: Option<bool>,
    /// Whether following it may lead back.
    #[arg(long)]
    may_cycle: Option<bool>,
    /// Which way failure travels: nothing, to-target, to-source or both-ways.
    #[arg(long)]
    carries: Option<String>,
    /// Whether no new ones are made.
    #[arg(long)]
    retired: Option<bool>,
}

pub async fn run(desk: &Desk, call: ClassCall) -> Result<Answer, CallError> {
    match call {
        ClassCall::List => {
            let tree = desk.call("classes.list", json!({ "counts": true })).await?;
            let lines: Vec<Vec<String>> = rows(&tree, "/classes").iter().map(line).collect();
            let shown = table(&["class", "key", "CIs", "attributes"], &lines);
            Ok(Answer::new(tree, shown))
        }
        ClassCall::Show { class } => show(found(&desk.call("classes.list", json!({ "counts": true })).await?, &class)?),
        ClassCall::Put(put) => put_class(desk, *put).await,
        ClassCall::Misfits { class } => misfits(desk, &class).await,
        ClassCall::Delete { class } => desk.call("classes.remove", json!({ "class": class })).await.map(done),
    }
}

fn line(class: &Value) -> Vec<String> {
    let depth = class.get("depth").and_then(Value::as_u64).unwrap_or_default();
    let indent = "  ".repeat(usize::try_from(depth).unwrap_or_default());
    let titles = |at: &str, of: &str| -> Vec<String> { rows(class, at).iter().map(|a| text(a, of)).collect() };
    vec![
        format!("{indent}{}", text(class, "/name")),
        text(class, "/key"),
        text(class, "/cis"),
        titles("/attributes", "/name").join(", "),
    ]
}

fn found(tree: &Value, wanted: &str) -> Result<Value, CallError> {
    let wanted = wanted.trim().to_lowercase();
    let is = |class: &&Value| ["/key", "/name"].iter().any(|at| text(class, at).to_lowercase() == wanted);
    rows(tree, "/classes")
        .iter()
        .find(is)
        .cloned()
        .ok_or_else(|| wrong_use(format!("There is no class {wanted:?}."), "See: slipwayctl class list"))
}

fn show(class: Value) -> Result<Answer, CallError> {
    let mut out = vec![format!("{}  ({})", text(&class, "/name"), text(&class, "/key"))];
    for (label, at) in [("below", "/parent"), ("icon", "/icon"), ("about", "/description"), ("CIs", "/cis")] {
        let value = text(&class, at);
        if !value.is_empty() {
            out.push(format!("  {label:<8}{value}"));
        }
    }
    let row = |attribute: &Value, from: String| {
        let flag = |at: &str, word: &str| if text(attribute, at) == "true" { word.to_owned() } else { String::new() };
        vec![
            text(attribute, "/name"),
            type_words(attribute.pointer("/type").unwrap_or(&Value::Null)),
            [flag("/required", "required"), flag("/managed", "managed")].join(" ").trim().to_owned(),
            text(attribute, "/default"),
            from,
        ]
    };
    let inherited = rows(&class, "/inherited")
        .iter()
        .map(|a| row(a.pointer("/attribute").unwrap_or(&Value::Null), text(a, "/from")))
        .collect::<Vec<_>>();
    let own = rows(&class, "/attributes").iter().map(|a| row(a, String::new())).collect::<Vec<_>>();
    let lines = [inherited, own].concat();
    if !lines.is_empty() {
        out.push(table(&["attribute", "type", "", "default", "from"], &lines));
    }
    Ok(Answer::new(class, out.join("\n")))
}

/// A type as it is written on the command line.
fn type_words(of: &Value) -> String {
    if let Some(word) = of.as_str() {
        return match word {
            "ip_address" => "ip".to_owned(),
            "mac_address" => "mac".to_owned(),
            other => other.replace('_', "-"),
        };
    }
    if let Some(number) = of.get("number") {
        let range = match (text(number, "/min"), text(number, "/max")) {
            (min, max) if min.is_empty() && max.is_empty() => String::new(),
            (min, max) => format!(" {min}..{max}"),
        };
        return format!("number{range} {}", text(number, "/unit")).trim().to_owned();
    }
    if let Some(values) = of.get("choice").and_then(Value::as_array) {
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", values.join("|"));
    }
    match of.get("reference") {
        Some(Value::Object(to)) => format!("ci {}", text(&Value::Object(to.clone()), "/ci")).trim().to_owned(),
        _ => "person".to_owned(),
    }
}

async fn put_class(desk: &Desk, put: PutClass) -> Result<Answer, CallError> {
    let call = if put.preview { "classes.preview" } else { "classes.put" };
    let request = match &put.file {
        Some(path) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                wrong_use(format!("{} cannot be read: {error}.", path.display()), "Give a class as JSON.")
            };
            let read = std::fs::read_to_string(path).map_err(|e| unreadable(&e))?;
            serde_json::from_str::<Value>(&read).map_err(|e| unreadable(&e))?
        }
        None => request(&desk.call("classes.list", json!({ "counts": true })).await?, &put)?,
    };
    let answer = desk.call(call, request).await?;
    if !put.preview {
        return Ok(done(answer));
    }
    let mut out: Vec<String> = rows(&answer, "/findings")
        .iter()
        .map(|f| format!("{} {}", text(f, "/sentence"), text(f, "/way_out")))
        .collect();
    let said = |at: &str| text(&answer, at);
    let all = if answer.get("all_checked").and_then(Value::as_bool) == Some(false) { "; there are more" } else { "" };
    let cis = if said("/checked") == "1" { "CI" } else { "CIs" };
    out.push(format!("{} of {} {cis} looked at would no longer fit{all}.", said("/misfits"), said("/checked")));
    out.extend(rows(&answer, "/first").iter().map(|misfit| format!("  {}", why(misfit))));
    Ok(Answer::new(answer, out.join("\n")))
}

/// Every sentence about a CI that does not fit.
fn why(misfit: &Value) -> String {
    let sentences = misfit.get("why").and_then(Value::as_array).into_iter().flatten();
    sentences.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// Walks a class to its end, page by page.
async fn misfits(desk: &Desk, class: &str) -> Result<Answer, CallError> {
    let mut found: Vec<Value> = Vec::new();
    let mut looked_at = 0;
    let mut after = Value::Null;
    loop {
        let page = desk.call("classes.misfits", json!({ "class": class, "after": after })).await?;
        looked_at += page.get("looked_at").and_then(Value::as_u64).unwrap_or_default();
        found.extend(rows(&page, "/misfits").iter().cloned());
        after = page.get("next").cloned().unwrap_or_default();
        if after.is_null() {
            break;
        }
    }
    let mut out = vec![format!("{} of {looked_at} CIs do not fit their class.", found.len())];
    out.extend(found.iter().map(|misfit| format!("  {}: {}", text(misfit, "/ci/label"), why(misfit))));
    Ok(Answer::new(json!({ "looked_at": looked_at, "misfits": found }), out.join("\n")))
}

/// The class as it is, with what was said on the command line.
fn request(tree: &Value, put: &PutClass) -> Result<Value, CallError> {
    let before = found(tree, &put.key).unwrap_or_else(|_| json!({ "key": put.key }));
    let mut request = Map::new();
    for name in ["key", "name", "parent", "icon", "description", "attributes", "open"] {
        if let Some(value) = before.get(name) {
            request.insert(name.to_owned(), value.clone());
        }
    }
    for (name, value) in
        [("name", &put.name), ("parent", &put.parent), ("icon", &put.icon), ("description", &put.description)]
    {
        if let Some(value) = value {
            request.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(open) = put.open {
        request.insert("open".to_owned(), json!(open));
    }
    let mut attributes = rows(&Value::Object(request.clone()), "/attributes").to_vec();
    let name_of = |attribute: &Value| text(attribute, "/name").to_lowercase();
    attributes.retain(|attribute| !put.remove.iter().any(|name| name.to_lowercase() == name_of(attribute)));
    for written in &put.attributes {
        let attribute = attribute(written)?;
        match attributes.iter_mut().find(|other| name_of(other) == name_of(&attribute)) {
            Some(place) => *place = attribute,
            None => attributes.push(attribute),
        }
    }
    request.insert("attributes".to_owned(), attributes.into());
    Ok(request.into())
}

/// `NAME: TYPE [required] [managed] [=DEFAULT]`.
fn attribute(written: &str) -> Result<Value, CallError> {
    let wrong = || {
        wrong_use(
            format!("{written:?} is no attribute."),
            "Write it like \"memory: number 0..4096 GB required =64 GB\" or \"tier: one of gold|silver|bronze\".",
        )
    };
    let (name, rest) = written.split_once(':').ok_or_else(wrong)?;
    let (rest, default) = rest.split_once('=').unwrap_or((rest, ""));
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let mut flags = (false, false);
    while let Some(last) = words.last() {
        match *last {
            "required" => flags.0 = true,
            "managed" => flags.1 = true,
            _ => break,
        }
        words.pop();
    }
    let of = match words.as_slice() {
        [] | ["text"] => json!("text"),
        ["date"] => json!("date"),
        ["ip"] => json!("ip_address"),
        ["mac"] => json!("mac_address"),
        ["yes-no"] => json!("yes_no"),
        ["person"] => json!({ "reference": "person" }),
        ["ci", class @ ..] => json!({ "reference": { "ci": class.join(" ") } }),
        ["one", "of", values @ ..] => {
            let values = values.join(" ");
            json!({ "choice": values.split('|').map(str::trim).collect::<Vec<_>>() })
        }
        ["number", rest @ ..] => {
            let range = rest.first().and_then(|word| word.split_once(".."));
            let unit = if range.is_some() { rest.get(1..).unwrap_or_default() } else { rest };
            let end = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
            let (min, max) = range.map_or((Value::Null, Value::Null), |(min, max)| (end(min), end(max)));
            json!({ "number": { "unit": unit.join(" "), "min": min, "max": max } })
        }
        _ => return Err(wrong()),
    };
    let name = name.trim();
    let mut attribute = json!({ "name": name, "title": name, "type": of, "default": default.trim() });
    if let Value::Object(fields) = &mut attribute {
        fields.insert("required".to_owned(), json!(flags.0));
        fields.insert("managed".to_owned(), json!(flags.1));
    }
    Ok(attribute)
}

pub async fn relation_type(desk: &Desk, call: RelationTypeCall) -> Result<Answer, CallError> {
    let tree = desk.call("classes.list", json!({})).await?;
    let before = |key: &str| {
        let key = code(key);
        let kinds = rows(&tree, "/relation_types").to_vec();
        kinds.into_iter().find(|kind| text(kind, "/key") == key).unwrap_or_else(|| json!({ "key": key }))
    };
    let mut request = match call {
        RelationTypeCall::List => {
            let lines: Vec<Vec<String>> = rows(&tree, "/relation_types")
                .iter()
                .map(|kind| {
                    let flag = |at: &str, word: &str| if text(kind, at) == "true" { word } else { "" }.to_owned();
                    let tree = if text(kind, "/may_cycle") == "true" { "" } else { "no loops" };
                    let words = [
                        flag("/one_source", "one source"),
                        flag("/one_target", "one target"),
                        tree.to_owned(),
                        flag("/retired", "retired"),
                    ];
                    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
                    vec![
                        text(kind, "/key"),
                        text(kind, "/name"),
                        text(kind, "/inverse"),
                        words.join(", "),
                        text(kind, "/carries"),
                    ]
                })
                .collect();
            let shown = table(&["key", "reads", "and back", "", "failure travels"], &lines);
            return Ok(Answer::new(tree, shown));
        }
        RelationTypeCall::Retire { key } => {
            let mut kind = before(&key);
            set(&mut kind, "retired", Some(json!(true)));
            kind
        }
        RelationTypeCall::Put(put) => {
            let mut kind = before(&put.key);
            let some = |values: &[String]| (!values.is_empty()).then(|| json!(values));
            set(&mut kind, "name", put.name.map(Value::from));
            set(&mut kind, "inverse", put.inverse.map(Value::from));
            set(&mut kind, "sources", some(&put.sources));
            set(&mut kind, "targets", some(&put.targets));
            set(&mut kind, "carries", put.carries.map(|word| json!(code(&word))));
            for (name, value) in [
                ("symmetric", put.symmetric),
                ("one_source", put.one_source),
                ("one_target", put.one_target),
                ("may_cycle", put.may_cycle),
                ("retired", put.retired),
            ] {
                set(&mut kind, name, value.map(Value::from));
            }
            kind
        }
    };
    if let Value::Object(fields) = &mut request {
        fields.remove("id");
    }
    desk.call("relation_types.put", request).await.map(done)
}

fn set(of: &mut Value, name: &str, value: Option<Value>) {
    if let (Value::Object(fields), Some(value)) = (of, value) {
        fields.insert(name.to_owned(), value);
    }
}
