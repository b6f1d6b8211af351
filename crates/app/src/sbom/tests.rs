#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{Document, read};
use rstest::rstest;
use slipway_domain::dsl::sbom::{SbomComponent, SbomForm};
use std::path::Path;

fn found<'a>(document: &'a Document, name: &str) -> &'a SbomComponent {
    document.components.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{name} in {document:#?}"))
}

const JSON: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"type":"application",
 "name":"payroll","version":"9.4"}},"components":[{"type":"library","group":"org.apache.logging.log4j","name":"log4j-core",
 "version":"2.14.1","purl":"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1","supplier":{"name":"Apache"},
 "licenses":[{"license":{"id":"Apache-2.0"}},{"license":{"name":"Other"}}],
 "hashes":[{"alg":"MD5","content":"d41d8cd98f00b204e9800998ecf8427e"},
  {"alg":"SHA-1","content":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"}],
 "components":[{"type":"file","name":"inner.jar","licenses":[{"expression":"MIT OR Apache-2.0"}]}]},
 {"type":"library","name":" "}]}"#;

const XML: &str = r#"<?xml version="1.0"?><b:bom xmlns:b="http://cyclonedx.org/schema/bom/1.6" version="1">
 <b:metadata><b:tools><b:components><b:component type="application"><b:name>scanner</b:name></b:component></b:components>
 </b:tools><b:component type="application"><b:name>payroll</b:name><b:version>9.4</b:version></b:component></b:metadata>
 <b:components><b:component type="library"><b:supplier><b:name>Apache</b:name></b:supplier>
 <b:group>org.apache.logging.log4j</b:group><b:name><![CDATA[log4j-core]]></b:name><b:version>2.14.1</b:version>
 <b:hashes><b:hash alg="MD5">d41d8cd98f00b204e9800998ecf8427e</b:hash>
 <b:hash alg="SHA-1">da39a3ee5e6b4b0d3255bfef95601890afd80709</b:hash></b:hashes>
 <b:licenses><b:license><b:id>Apache-2.0</b:id></b:license><b:license><b:name>Other</b:name></b:license></b:licenses>
 <b:purl>pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1</b:purl>
 <b:components><b:component type="file"><b:name>inner.jar</b:name>
 <b:licenses><b:expression>MIT OR Apache-2.0</b:expression></b:licenses></b:component></b:components></b:component>
 <b:component type="library"><b:name> </b:name></b:component></b:components></b:bom>"#;

#[rstest]
#[case::json(JSON)]
#[case::xml(XML)]
fn cyclonedx_says_the_same_in_both_forms(#[case] document: &str) {
    let read = read(document.as_bytes()).unwrap();
    assert_eq!(
        (read.form, read.spec_version.as_str(), read.subject.as_str()),
        (SbomForm::CycloneDx, "1.6", "payroll 9.4")
    );
    assert_eq!((read.components.len(), read.nameless, read.shortened), (2, 1, 0), "{read:#?}");
    let core = found(&read, "log4j-core");
    assert_eq!((core.version.as_str(), core.group.as_str()), ("2.14.1", "org.apache.logging.log4j"));
    assert_eq!((core.kind.as_str(), core.supplier.as_str()), ("library", "Apache"));
    assert_eq!(core.licences, ["Apache-2.0", "Other"]);
    assert_eq!(core.hashes.len(), 1, "MD5 says nothing");
    assert_eq!(core.hashes["SHA-1"], "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_eq!(found(&read, "inner.jar").licences, ["MIT OR Apache-2.0"]);
}

const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","name":"doc","documentDescribes":["SPDXRef-a"],"packages":[{"SPDXID":"SPDXRef-a",
 "name":"hello","versionInfo":"0.1","supplier":"Organization: Acme (mail@acme.example)","licenseConcluded":"NOASSERTION",
 "licenseDeclared":"MIT","primaryPackagePurpose":"APPLICATION","checksums":[{"algorithm":"SHA1",
 "checksumValue":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}],"externalRefs":[{"referenceCategory":"PACKAGE-MANAGER",
 "referenceType":"purl","referenceLocator":"pkg:cargo/hello@0.1"}]}],
 "files":[{"SPDXID":"SPDXRef-f","fileName":"./Makefile","licenseConcluded":"NONE","licenseInfoInFiles":["GPL-3.0-or-later"]}]}"#;

const TAGS: &str = "SPDXVersion: SPDX-2.3\nDocumentName: doc\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a\n\
 PackageName: hello\nSPDXID: SPDXRef-a\nPackageVersion: 0.1\nPackageSupplier: Organization: Acme (mail@acme.example)\n\
 PackageComment: <text>PackageName: not\none</text>\nPackageLicenseConcluded: NOASSERTION\nPackageLicenseDeclared: MIT\n\
 PrimaryPackagePurpose: APPLICATION\nPackageChecksum: SHA1: da39a3ee5e6b4b0d3255bfef95601890afd80709\n\
 ExternalRef: PACKAGE-MANAGER purl pkg:cargo/hello@0.1\n\nFileName: ./Makefile\nSPDXID: SPDXRef-f\n\
 LicenseConcluded: NONE\nLicenseInfoInFile: GPL-3.0-or-later\n\nLicenseID: LicenseRef-1\nLicenseConcluded: X\n";

const GRAPH: &str = r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
 {"@id":"_:c","type":"CreationInfo","specVersion":"3.0.1"},
 {"spdxId":"d","type":"SpdxDocument","name":"doc","rootElement":["a"]},
 {"spdxId":"o","type":"Organization","name":"Acme"},
 {"spdxId":"a","type":"software_Package","name":"hello","software_packageVersion":"0.1","suppliedBy":"o",
  "software_primaryPurpose":"application","software_packageUrl":"pkg:cargo/hello@0.1","verifiedUsing":[{"type":"Hash",
  "algorithm":"sha1","hashValue":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}]},
 {"spdxId":"f","type":"software_File","name":"./Makefile"},
 {"spdxId":"l","type":"simplelicensing_LicenseExpression","simplelicensing_licenseExpression":"MIT"},
 {"spdxId":"n","type":"simplelicensing_LicenseExpression","simplelicensing_licenseExpression":"NOASSERTION"},
 {"spdxId":"g","type":"simplelicensing_LicenseExpression","simplelicensing_licenseExpression":"GPL-3.0-or-later"},
 {"type":"Relationship","relationshipType":"hasConcludedLicense","from":"a","to":["n"]},
 {"type":"Relationship","relationshipType":"hasDeclaredLicense","from":"a","to":["l"]},
 {"type":"Relationship","relationshipType":"hasDeclaredLicense","from":"f","to":"g"}]}"#;

#[rstest]
#[case::json(SPDX, "2.3")]
#[case::tags(TAGS, "2.3")]
#[case::graph(GRAPH, "3.0.1")]
fn spdx_says_the_same_in_all_forms(#[case] document: &str, #[case] version: &str) {
    let read = read(document.as_bytes()).unwrap();
    assert_eq!((read.form, read.spec_version.as_str(), read.subject.as_str()), (SbomForm::Spdx, version, "hello 0.1"));
    assert_eq!(read.components.len(), 2, "{read:#?}");
    let hello = found(&read, "hello");
    assert_eq!((hello.version.as_str(), hello.supplier.as_str()), ("0.1", "Acme"));
    assert_eq!((hello.purl.as_str(), hello.kind.as_str()), ("pkg:cargo/hello@0.1", "application"));
    assert_eq!((hello.licences.as_slice(), hello.hashes.len()), (["MIT".to_owned()].as_slice(), 1));
    let file = found(&read, "./Makefile");
    assert_eq!((file.kind.as_str(), file.licences.as_slice()), ("file", ["GPL-3.0-or-later".to_owned()].as_slice()));
}

#[rstest]
#[case::laughs(r#"<!DOCTYPE bom [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component><name>&b;</name></component></components></bom>"#, "document type")]
#[case::file(
    r#"<!DOCTYPE bom [<!ENTITY x SYSTEM "file:///etc/passwd">]><bom xmlns="http://cyclonedx.org/schema/bom/1.4"/>"#,
    "document type"
)]
#[case::entity(r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component><name>&x;</name></component></components></bom>"#, "entity")]
#[case::cut_off(r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components>"#, "ends in the middle")]
#[case::other_xml("<html/>", "no bill of materials")]
#[case::other_json("{}", "neither")]
#[case::newer(r#"{"bomFormat":"CycloneDX","specVersion":"2.0"}"#, "nothing")]
#[case::newer_spdx(r#"{"spdxVersion":"SPDX-9"}"#, "nothing")]
#[case::nothing_in_it(r#"{"bomFormat":"CycloneDX","specVersion":"1.4","components":[]}"#, "no component")]
#[case::graph_of_another(r#"{"@graph":[{"specVersion":"7"}]}"#, "none of SPDX 3")]
#[case::text("hello", "none of the forms")]
#[case::empty("", "none of the forms")]
#[case::bytes("\u{0}\u{0}", "none of the forms")]
#[case::cut_json(JSON.get(..600).unwrap(), "no JSON")]
#[case::cut_xml(XML.get(..536).unwrap(), "ends in the middle")]
#[case::cut_element(XML.get(..920).unwrap(), "at byte")]
#[case::wrong_ends(r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components></bom>"#, "at byte")]
#[case::list_of_nothing(
    r#"{"bomFormat":"CycloneDX","specVersion":"1.4","components":[1,null,"x",{},[]]}"#,
    "no component"
)]
#[case::spdx_cut_off("SPDXVersion: SPDX-2.3\nPackageComment: <text>\nPackageName: x", "no component")]
#[case::spdx_without_version("PackageName: x\nPackageComment: SPDXVersion:", "does not say")]
fn what_is_none_or_hostile_is_refused_with_the_reason(#[case] document: &str, #[case] why: &str) {
    let error = read(document.as_bytes()).unwrap_err();
    assert!(error.has("NO_SBOM") && error.to_string().contains(why), "{error}");
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |depth: usize| {
        let (open, close) = (r#"{"name":"x","components":["#.repeat(depth), "]}".repeat(depth));
        format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{open}{close}]}}"#)
    };
    assert!(read(nested(30).as_bytes()).is_ok());
    assert!(read(nested(200).as_bytes()).is_err());
    let xml = |depth: usize| {
        let (open, close) =
            ("<components><component>".repeat(depth), "<name>x</name></component></components>".repeat(depth));
        format!(r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4">{open}{close}</bom>"#)
    };
    assert!(read(xml(60).as_bytes()).is_ok());
    assert!(read(xml(70).as_bytes()).is_err());
    let long = format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{{"name":"a\u0007b","version":"{}"}}]}}"#,
        "9".repeat(900)
    );
    let long = read(long.as_bytes()).unwrap();
    assert_eq!((long.components[0].name.as_str(), long.components[0].version.len(), long.shortened), ("a b", 500, 1));
    assert!(read(b"\xff\xfe").is_err());
}

/// What fits into the bytes of a document and would not fit into memory as a tree, and what is packed.
#[test]
fn a_document_that_grows_in_memory_is_refused_before_it_does() {
    let of = |value: &str, times: usize| {
        let many = vec![value; times].join(",");
        format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{{"name":"x"}}],"more":[{many}]}}"#)
    };
    assert!(read(of(r#"{"a":0}"#, 900_000 / 100).as_bytes()).is_ok());
    for hostile in [of(r#"{"a":0}"#, super::JSON_NODES), of("[]", super::JSON_NODES), of("0", super::JSON_VALUES + 2)] {
        let error = read(hostile.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("objects and lists"), "{error}");
    }
    // Signs of JSON within texts are none.
    let text = format!(r#""{}\\\"""#, "{[,".repeat(super::JSON_VALUES / 3 + 10));
    assert!(read(of(&text, 1).as_bytes()).is_ok());
    assert!(read(b"\x1f\x8b\x08\0\0\0\0\0\0\x03").unwrap_err().has("NO_SBOM"), "what is packed is not unpacked");
}

/// Every document of the real data is read, or refused with a reason; the large ones say how much is in them.
#[test]
fn real_documents_are_read() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sbom");
    if !data.is_dir() {
        return;
    }
    for (name, form, version, least) in [
        ("cyclonedx/dropwizard-1.3.15.json", SbomForm::CycloneDx, "1.", 150),
        ("cyclonedx/laravel-7.12.0.1.4.xml", SbomForm::CycloneDx, "1.4", 60),
        ("cyclonedx/proton-bridge-v1.8.0.bom.xml", SbomForm::CycloneDx, "1.", 150),
        ("spdx/software_example8_spdx2.3_examplemaven-0.0.1.spdx.json", SbomForm::Spdx, "2.3", 4),
        ("spdx/software_example6_spdx2.2_example6-lib.spdx", SbomForm::Spdx, "2.2", 2),
        ("spdx/software_example8_spdx3.0_examplemaven-0.0.1.spdx3.json", SbomForm::Spdx, "3.0", 4),
    ] {
        let read = read(&std::fs::read(data.join(name)).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(read.form == form && read.spec_version.starts_with(version), "{name}: {}", read.spec_version);
        assert!(read.components.len() >= least, "{name}: {} components", read.components.len());
    }
    let both = ["json", "xml"].map(|form| {
        read(&std::fs::read(data.join(format!("cyclonedx/laravel-7.12.0.1.4.{form}"))).unwrap()).unwrap().components
    });
    assert_eq!(both[0], both[1], "the same document in two forms");
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path() {
                folder if folder.is_dir() => folders.push(folder),
                file => match read(&std::fs::read(&file).unwrap()) {
                    Ok(document) => assert!(!document.components.is_empty()),
                    Err(error) => assert!(error.has("NO_SBOM"), "{}: {error}", file.display()),
                },
            }
        }
    }
}
