//! SPDX 2 as lines of tags and values.

use super::spdx::who;
use super::{Draft, Trouble, hash, is_said, named};
use slipway_domain::dsl::sbom::{SbomComponent, SbomForm};

/// A package or file while its lines are read.
#[derive(Default)]
struct Element {
    id: String,
    component: SbomComponent,
    declared: String,
    from_files: Vec<String>,
}

impl Element {
    fn finish(mut self) -> SbomComponent {
        if self.component.licences.is_empty() {
            self.component.licences = if is_said(&self.declared) { vec![self.declared] } else { self.from_files };
        }
        self.component
    }
}

pub(super) fn read(document: &str) -> Result<Draft, Trouble> {
    let mut draft = Draft::new(SbomForm::Spdx, "");
    let (mut under_way, mut described, mut name): (Option<Element>, String, String) = Default::default();
    let mut subject = String::new();
    let mut prose = false;
    let mut take = |element: Option<Element>, described: &str, draft: &mut Draft| -> Result<(), Trouble> {
        let Some(element) = element else { return Ok(()) };
        if !element.id.is_empty() && element.id == described {
            subject = named(&element.component.name, &element.component.version);
        }
        draft.add(element.finish())
    };
    // What is described is told before or after the packages.
    for line in document.lines() {
        if let Some(rest) = line.strip_prefix("Relationship:") {
            let mut words = rest.split_whitespace();
            if words.next() == Some("SPDXRef-DOCUMENT") && words.next() == Some("DESCRIBES") && described.is_empty() {
                described = words.next().unwrap_or_default().to_owned();
            }
        }
    }
    for line in document.lines() {
        // Texts of several lines stand between two marks; of those none is wanted.
        if prose || line.contains("<text>") {
            prose = !line.contains("</text>");
            continue;
        }
        let Some((tag, value)) = line.split_once(':') else { continue };
        let (tag, value) = (tag.trim(), value.trim());
        match tag {
            "SPDXVersion" => match value.strip_prefix("SPDX-") {
                Some(version) if version.starts_with("2.") => version.clone_into(&mut draft.spec_version),
                _ => return Err(format!("it is of {value:?}, of which this program knows nothing")),
            },
            "DocumentName" => value.clone_into(&mut name),
            "PackageName" | "FileName" => {
                take(under_way.take(), &described, &mut draft)?;
                let mut element = Element::default();
                value.clone_into(&mut element.component.name);
                if tag == "FileName" {
                    "file".clone_into(&mut element.component.kind);
                }
                under_way = Some(element);
            }
            // What follows them is of neither packages nor files.
            "SnippetSPDXID" | "LicenseID" => take(under_way.take(), &described, &mut draft)?,
            _ => {
                if let Some(element) = &mut under_way {
                    field(element, tag, value);
                }
            }
        }
    }
    take(under_way, &described, &mut draft)?;
    if draft.spec_version.is_empty() {
        return Err("it does not say of which version it is".to_owned());
    }
    draft.subject = if subject.is_empty() { name } else { subject };
    Ok(draft)
}

fn field(element: &mut Element, tag: &str, value: &str) {
    let component = &mut element.component;
    match tag {
        "SPDXID" => value.clone_into(&mut element.id),
        "PackageVersion" => value.clone_into(&mut component.version),
        "PackageSupplier" => who(value).clone_into(&mut component.supplier),
        "PrimaryPackagePurpose" => component.kind = value.to_lowercase(),
        "PackageLicenseConcluded" | "LicenseConcluded" if is_said(value) => component.licences.push(value.to_owned()),
        "PackageLicenseDeclared" => value.clone_into(&mut element.declared),
        "PackageLicenseInfoFromFiles" | "LicenseInfoInFile" => element.from_files.push(value.to_owned()),
        "PackageChecksum" | "FileChecksum" => {
            if let Some((method, sum)) = value.split_once(':') {
                hash(&mut component.hashes, method, sum);
            }
        }
        "ExternalRef" => {
            let mut words = value.split_whitespace().skip(1);
            if words.next() == Some("purl") && component.purl.is_empty() {
                words.next().unwrap_or_default().clone_into(&mut component.purl);
            }
        }
        _ => {}
    }
}
