//! What a package is made of: the list of its parts (CycloneDX), and the texts of their licences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::moment;
use crate::process;
use crate::tools::{self, Build};

/// Writes one list of all parts of these crates, and of the interface where the window is among them.
pub fn list(root: &Path, crates: &[&str], file: &Path) -> Result<()> {
    let mut lists = crates.iter().map(|name| of_crate(root, name)).collect::<Result<Vec<_>>>()?;
    if crates.contains(&"slipway") {
        lists.push(of_interface(root)?);
    }
    std::fs::write(file, serde_json::to_string_pretty(&merged(lists)?)?).context("Writing the list of parts")
}

/// The parts of one crate, build-time ones left out: they are not in the package.
fn of_crate(root: &Path, name: &str) -> Result<Value> {
    const FILE: &str = "slipway-parts";
    let mut cyclonedx = Command::new(tools::program(root, "cargo-cyclonedx", "^0.5", Build::Quickly)?);
    process::ready_for_cargo(&mut cyclonedx);
    let manifest = manifests(root)?.remove(name).with_context(|| format!("Finding the crate {name}"))?;
    cyclonedx
        .args(["cyclonedx", "-qq", "--format", "json", "--spec-version", "1.5", "--no-build-deps"])
        .args(["--override-filename", FILE, "--manifest-path"])
        .arg(&manifest)
        .env("SOURCE_DATE_EPOCH", moment(root)?);
    process::check(&mut cyclonedx)?;
    // It writes beside the manifest of every crate of the workspace.
    let mut wanted = None;
    for other in manifests(root)?.into_values() {
        let written = other.with_file_name(format!("{FILE}.json"));
        let Ok(text) = std::fs::read_to_string(&written) else { continue };
        std::fs::remove_file(&written)?;
        if other == manifest {
            wanted = Some(text);
        }
    }
    let text = wanted.with_context(|| format!("No list of the parts of {name} was written"))?;
    // Our own crates are named by the folder they lie in, which is another on every machine.
    let text = text.replace(&format!("path+file://{}", root.display()), "slipway:");
    serde_json::from_str(&text).context("Reading the list of parts")
}

/// The parts of the interface, from its own lock file.
fn of_interface(root: &Path) -> Result<Value> {
    let mut npm = Command::new("npm");
    npm.args(["sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"]);
    let text = process::output(npm.current_dir(root.join("ui")))?;
    serde_json::from_str(&text).context("Reading the interface's list of parts")
}

/// The first list with the components and edges of the others, in order, without what differs from run to run.
fn merged(lists: Vec<Value>) -> Result<Value> {
    let mut components = BTreeMap::new();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut programs = Vec::new();
    let mut first = None;
    for mut list in lists {
        programs.extend(list.pointer_mut("/metadata/component").map(Value::take));
        for component in each(&list, "components") {
            let key = text(component, "bom-ref")?;
            components.insert(key.to_owned(), component.clone());
        }
        for edge in each(&list, "dependencies") {
            let key = text(edge, "ref")?;
            let to = each(edge, "dependsOn").filter_map(|one| one.as_str());
            edges.entry(key.to_owned()).or_default().extend(to.map(str::to_owned));
        }
        first.get_or_insert(list);
    }
    let first = first.context("A package is made of something")?;
    // Their own parts are libraries and programs by their source files: nothing that comes from elsewhere.
    for program in &mut programs {
        if let Some(program) = program.as_object_mut() {
            program.remove("components");
        }
    }
    let edges: Vec<Value> = edges.into_iter().map(|(from, to)| json!({ "ref": from, "dependsOn": to })).collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": first.pointer("/metadata/timestamp"),
            "tools": first.pointer("/metadata/tools"),
            "component": programs.first(),
        },
        "components": programs.iter().skip(1).chain(components.values()).collect::<Vec<_>>(),
        "dependencies": edges,
    }))
}

/// Writes the licences of all parts into one text: each once, under the names of those that have it.
pub fn licences(root: &Path, crates: &[&str], folder: &Path) -> Result<()> {
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |part: &str, folder: &Path| -> Result<()> {
        for file in std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path()) {
            let name = super::name_of(&file).to_uppercase();
            let is_licence =
                ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|one| name.starts_with(one));
            if let (true, Ok(text)) = (is_licence && file.is_file(), std::fs::read_to_string(&file)) {
                texts.entry(text.trim().replace('\r', "")).or_default().insert(part.to_owned());
            }
        }
        Ok(())
    };
    let folders = folders(root)?;
    for krate in crates {
        let mut tree = process::cargo();
        tree.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", krate]);
        for line in process::output(tree.current_dir(root))?.lines() {
            let mut words = line.split(' ');
            let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
            let part = format!("{name} {}", version.trim_start_matches('v'));
            if let Some(folder) = folders.get(&part) {
                add(&part, folder)?;
            }
        }
    }
    if crates.contains(&"slipway") {
        let mut npm = Command::new("npm");
        npm.args(["ls", "--omit=dev", "--all", "--parseable"]).current_dir(root.join("ui"));
        for folder in process::output(&mut npm)?.lines().skip(1).map(Path::new) {
            let part = folder.to_string_lossy();
            let part = part.rsplit_once("node_modules/").map_or("", |(_, part)| part).to_owned();
            add(&part, folder)?;
        }
    }
    let mut out = String::new();
    for (text, parts) in &texts {
        let parts = parts.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        out.push_str(&format!("{}\nOf {parts}:\n\n{text}\n\n", "=".repeat(100)));
    }
    let file = folder.join("third-party-licences");
    std::fs::write(&file, out)?;
    // Without the time and the name of the file the same text gives the same bytes.
    process::check(Command::new("gzip").args(["-9", "--no-name", "--force"]).arg(file))
}

/// The folder of every package of the lock file by name and version, our own left out.
fn folders(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let each = metadata(root, &[])?.into_iter().filter(|package| package.get("source").is_some_and(Value::is_string));
    each.map(|package| {
        let part = format!("{} {}", text(&package, "name")?, text(&package, "version")?);
        Ok((part, PathBuf::from(text(&package, "manifest_path")?).with_file_name("")))
    })
    .collect()
}

/// The manifest of every crate of ours by its name.
fn manifests(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let each = metadata(root, &["--no-deps"])?.into_iter();
    each.map(|package| Ok((text(&package, "name")?.to_owned(), text(&package, "manifest_path")?.into()))).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("Something in a list has no {name}"))
}

fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn metadata(root: &Path, arguments: &[&str]) -> Result<Vec<Value>> {
    let mut cargo = process::cargo();
    cargo.args(["metadata", "--locked", "--format-version", "1"]).args(arguments).current_dir(root);
    let mut all: Value = serde_json::from_str(&process::output(&mut cargo)?).context("Reading cargo's metadata")?;
    match all.get_mut("packages").map(Value::take) {
        Some(Value::Array(packages)) => Ok(packages),
        _ => anyhow::bail!("cargo's metadata has no packages"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_one_without_what_differs_from_run_to_run() {
        let list = |name: &str, part: &str| {
            json!({
                "serialNumber": "urn:uuid:1", "metadata": { "timestamp": "t", "component": { "name": name, "bom-ref": name } },
                "components": [{ "bom-ref": part }, { "bom-ref": "both" }],
                "dependencies": [{ "ref": name, "dependsOn": [part, "both"] }],
            })
        };
        let all = merged(vec![list("window", "tauri"), list("ctl", "csv")]).unwrap();
        let names = |of: &Value| of.as_array().unwrap().iter().map(|one| one["bom-ref"].clone()).collect::<Vec<_>>();
        assert_eq!(names(&all["components"]), ["ctl", "both", "csv", "tauri"]);
        assert_eq!(all["dependencies"].as_array().unwrap().len(), 2);
        assert_eq!(all["serialNumber"], Value::Null);
    }
}
