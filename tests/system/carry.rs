//! Sync by a stick: laptops that do not reach the server, through the real programs.

use crate::support::ctl::{Ctl, Outcome};
use crate::support::server::Server;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PASSWORD: &str = "a long password";

/// A server that stands in another building, two laptops that met it once, and a stick.
struct Building {
    server: Server,
    ann: Ctl,
    ben: Ctl,
    stick: TempDir,
}

fn laptop(server: &Server, user: &str) -> Ctl {
    let mut laptop = Ctl::new();
    laptop.run_with(&["init", "--passphrase-stdin"], "quay\n").expect_code(0);
    laptop.set("SLIPWAY_PASSPHRASE", "quay");
    laptop.sign_in(server, user, PASSWORD).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    laptop
}

impl Building {
    fn new() -> Self {
        let mut server = Server::empty();
        for user in ["ann", "ben"] {
            let roles = ["--role", "configuration_manager", "--role", "release_manager"];
            let call = [&["user", "add", "--user", user, "--name", user, "--password-stdin"], &roles[..]].concat();
            server.administer(&call, &format!("{PASSWORD}\n"));
        }
        let (ann, ben) = (laptop(&server, "ann"), laptop(&server, "ben"));
        ann.run(&["sync"]).expect_code(0);
        server.stop();
        Self { server, ann, ben, stick: tempfile::tempdir().expect("a temporary folder") }
    }

    fn on_stick(&self, name: &str) -> PathBuf {
        self.stick.path().join(name)
    }

    /// At the server's console.
    fn judge(&self, file: &Path, answer: &Path) -> Value {
        let call = ["carry", "import", text(file), "--answer", text(answer), "--json"];
        serde_json::from_str(&self.server.administer(&call, "")).expect("JSON")
    }

    fn server_hash(&self) -> Value {
        let state: Value = serde_json::from_str(&self.server.administer(&["hash", "--json"], "")).expect("JSON");
        state["hash"].clone()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

fn new_ci(laptop: &Ctl, name: &str) {
    laptop.run(&["ci", "new", "--name", name, "--class", "server"]).expect_code(0);
}

fn export(laptop: &Ctl, file: &Path) -> Value {
    laptop.json(&["carry", "export", "--to", text(file)])
}

fn import(laptop: &Ctl, file: &Path) -> Outcome {
    laptop.run(&["carry", "import", text(file), "--json"])
}

fn hash(laptop: &Ctl) -> Value {
    laptop.json(&["state-hash"])["state_hash"].clone()
}

fn waiting(laptop: &Ctl) -> Value {
    laptop.json(&["status"])["sync"]["waiting"].clone()
}

/// The code of a refusal or of trouble.
#[expect(clippy::needless_pass_by_value, reason = "it stands around the call that ends so")]
fn code(outcome: Outcome) -> String {
    let said = outcome.refusal();
    let code = ["/code", "/trouble/code", "/refused/0/code", "/findings/0/code"].iter().find_map(|at| said.pointer(at));
    code.and_then(Value::as_str).unwrap_or_else(|| panic!("no code in {said}")).to_owned()
}

#[test]
fn a_queue_goes_to_the_server_on_a_stick_and_the_answer_drains_it() {
    let company = Building::new();
    let (file, answer) = (company.on_stick("ann.carry"), company.on_stick("ann.answer"));
    new_ci(&company.ann, "alpha");
    new_ci(&company.ann, "beta");
    assert_eq!(export(&company.ann, &file)["commands"], 2);
    let judged = company.judge(&file, &answer);
    assert_eq!((&judged["commands"], &judged["judged"], &judged["user"]), (&2.into(), &2.into(), &"ann".into()));
    // Work goes on while the stick is under way.
    new_ci(&company.ann, "gamma");
    let taken = import(&company.ann, &answer).expect_code(0).json();
    assert_eq!((&taken["applied"], &taken["waiting"]), (&2.into(), &1.into()), "{taken}");
    assert_eq!(hash(&company.ann), company.server_hash(), "what is confirmed is what the server holds");
    let again = import(&company.ann, &answer).expect_code(0).json();
    assert_eq!(again["already"], true, "the same answer again does nothing: {again}");
    assert_eq!(waiting(&company.ann), 1, "and what was issued since still waits");

    // The next round takes the rest, and an answer that was overtaken is known as such.
    let (second, newer) = (company.on_stick("second.carry"), company.on_stick("second.answer"));
    assert_eq!(export(&company.ann, &second)["commands"], 1, "only what waits");
    company.judge(&second, &newer);
    import(&company.ann, &newer).expect_code(0);
    assert_eq!(waiting(&company.ann), 0);
    assert_eq!(code(import(&company.ann, &answer).expect_code(3)), "CARRY_OLDER");
    let judged = company.judge(&file, &company.on_stick("replayed.answer"));
    assert_eq!(judged["judged"], 0, "a file that is carried in twice takes effect once");
    assert_eq!(hash(&company.ann), company.server_hash());
}

#[test]
fn a_courier_brings_the_file_over_the_network_and_learns_nothing() {
    let mut company = Building::new();
    let (file, answer) = (company.on_stick("ann.carry"), company.on_stick("ann.answer"));
    new_ci(&company.ann, "alpha");
    export(&company.ann, &file);
    let relay = ["carry", "relay", text(&file), "--answer", text(&answer)];
    assert_eq!(code(company.ben.run(&[&relay[..], &["--json"]].concat()).expect_code(3)), "SERVER_UNREACHABLE");
    company.server.start();
    let relayed = company.ben.json(&relay);
    assert_eq!(relayed["judged"], 1, "{relayed}");
    assert_eq!(code(import(&company.ben, &answer).expect_code(3)), "CARRY_NOT_FOR_US");
    company.server.stop();
    assert_eq!(import(&company.ann, &answer).expect_code(0).json()["applied"], 1);
    assert_eq!((hash(&company.ann), waiting(&company.ann)), (company.server_hash(), 0.into()));

    // The network is back: nothing is sent twice, and everybody holds the same.
    company.server.start();
    new_ci(&company.ann, "beta");
    let synced = company.ann.json(&["sync"]);
    assert_eq!((&synced["pushed"], &synced["refused"]), (&1.into(), &0.into()), "{synced}");
    company.ben.run(&["sync"]).expect_code(0);
    let server = company.server_hash();
    assert_eq!((hash(&company.ann), hash(&company.ben)), (server.clone(), server));
}

#[test]
fn bad_files_are_refused_with_their_reason_and_change_nothing() {
    let company = Building::new();
    let (file, answer) = (company.on_stick("ann.carry"), company.on_stick("ann.answer"));
    new_ci(&company.ann, "alpha");
    export(&company.ann, &file);
    company.judge(&file, &answer);
    let good = std::fs::read(&answer).expect("the answer");
    let (before, waits) = (hash(&company.ann), waiting(&company.ann));
    let bad = company.on_stick("bad");
    let altered = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (what, bytes, expected) in [
        ("another kind of file", b"PK\x03\x04 not ours".to_vec(), "CARRY_UNREADABLE"),
        ("a newer form", b"slipway-carry 9 answer 10\n".to_vec(), "CARRY_NEWER"),
        ("an altered end", altered(good.len() - 9), "CARRY_DAMAGED"),
        ("an altered middle", altered(good.len() / 2), "CARRY_DAMAGED"),
        ("the first half", good[..good.len() / 2].to_vec(), "CARRY_INCOMPLETE"),
        ("a file that is too long to be one", b"slipway-carry 1 answer 99999999999\n".to_vec(), "CARRY_TOO_LARGE"),
    ] {
        std::fs::write(&bad, bytes).expect("a file");
        assert_eq!(code(import(&company.ann, &bad).expect_code(3)), expected, "{what}");
        assert_eq!((hash(&company.ann), waiting(&company.ann)), (before.clone(), waits.clone()), "{what}");
    }
    assert_eq!(code(import(&company.ann, company.stick.path()).expect_code(3)), "FILE_UNREADABLE", "a folder");
    assert_eq!(code(import(&company.ann, &company.on_stick("gone")).expect_code(3)), "FILE_UNREADABLE");
    assert_eq!(code(import(&company.ann, &file).expect_code(3)), "CARRY_FOR_SERVER");
    // What is something else is not written over.
    std::fs::write(&bad, "my only copy").expect("a file");
    let refused = company.ann.run(&["carry", "export", "--to", text(&bad), "--json"]).expect_code(3);
    assert_eq!(code(refused), "FILE_EXISTS");
    assert_eq!(std::fs::read(&bad).expect("the file"), b"my only copy");
    import(&company.ann, &answer).expect_code(0);
    assert_eq!((hash(&company.ann), waiting(&company.ann)), (company.server_hash(), 0.into()));
}

/// Words that open a file between laptops.
const WORDS: &str = "seven grey herons\n";

fn hand_over(from: &Ctl, file: &Path, to: &str) -> Outcome {
    from.run_with(&["carry", "export", "--to", text(file), "--for", "laptop", "--person", to, "--json"], WORDS)
}

fn take(on: &Ctl, file: &Path, words: &str) -> Outcome {
    on.run_with(&["carry", "import", text(file), "--file-passphrase-stdin", "--json"], words)
}

/// How many CIs show on a laptop.
fn cis(laptop: &Ctl) -> Value {
    laptop.json(&["ci", "list"])["total"].clone()
}

#[test]
fn two_laptops_in_a_room_see_each_others_work_and_the_server_judges_all_of_it_later() {
    let mut company = Building::new();
    let (of_ann, of_ben) = (company.on_stick("ann-for-ben.carry"), company.on_stick("ben-for-ann.carry"));
    new_ci(&company.ann, "alpha");
    new_ci(&company.ann, "beta");
    new_ci(&company.ben, "gamma");
    assert_eq!(hand_over(&company.ann, &of_ann, "ben").expect_code(0).json()["commands"], 2);
    hand_over(&company.ben, &of_ben, "ann").expect_code(0);
    let before = (hash(&company.ben), waiting(&company.ben));

    assert_eq!(code(import(&company.ben, &of_ann).expect_code(3)), "CARRY_PASSPHRASE_NEEDED");
    assert_eq!(code(take(&company.ben, &of_ann, "seven grey geese\n").expect_code(3)), "CARRY_WRONG_PASSPHRASE");
    assert_eq!(code(take(&company.ann, &of_ann, WORDS).expect_code(3)), "CARRY_NOT_FOR_US", "it is for ben");
    let taken = take(&company.ben, &of_ann, WORDS).expect_code(0).json();
    assert_eq!((&taken["handed"]["shown"], &taken["handed"]["person"]), (&2.into(), &"ann".into()), "{taken}");
    assert_eq!(take(&company.ben, &of_ann, WORDS).expect_code(0).json()["already"], true, "once is enough");
    assert_eq!(cis(&company.ben), 3, "ann's work shows beside ben's own");
    assert_eq!((hash(&company.ben), waiting(&company.ben)), before, "and is neither confirmed nor ben's to send");
    take(&company.ann, &of_ben, WORDS).expect_code(0);
    assert_eq!(cis(&company.ann), 3);

    // Ben meets the server first: he brings ann's work along, in her name.
    company.server.start();
    let synced = company.ben.json(&["sync"]);
    assert_eq!((&synced["pushed"], &synced["refused"]), (&1.into(), &0.into()), "only his own is his: {synced}");
    let status = company.ben.json(&["carry", "status"]);
    assert!(status["handed"][0]["outcome"].as_str().unwrap().contains("2 of 2"), "{status}");
    assert_eq!(cis(&company.ben), 3, "what showed is confirmed now");
    assert_eq!(hash(&company.ben), company.server_hash());
    let synced = company.ann.json(&["sync"]);
    assert_eq!(
        (&synced["applied"], &synced["refused"]),
        (&2.into(), &0.into()),
        "judged once, known at once: {synced}"
    );
    company.ben.run(&["sync"]).expect_code(0);
    let server = company.server_hash();
    assert_eq!((hash(&company.ann), hash(&company.ben)), (server.clone(), server));
    assert_eq!((waiting(&company.ann), waiting(&company.ben)), (0.into(), 0.into()));
}

#[test]
fn a_file_between_laptops_is_worth_nothing_when_it_is_altered_or_weakly_sealed() {
    let company = Building::new();
    let file = company.on_stick("ann-for-ben.carry");
    new_ci(&company.ann, "alpha");
    let weak = ["carry", "export", "--to", text(&file), "--for", "laptop", "--person", "ben", "--json"];
    assert_eq!(code(company.ann.run_with(&weak, "short\n").expect_code(3)), "CARRY_WEAK_PASSPHRASE");
    hand_over(&company.ann, &file, "ben").expect_code(0);
    let good = std::fs::read(&file).expect("the file");
    let before = (hash(&company.ben), cis(&company.ben));
    for (what, bytes, expected) in [
        (
            "altered",
            [&good[..good.len() - 5], &[good[good.len() - 5] ^ 1], &good[good.len() - 4..]].concat(),
            "CARRY_DAMAGED",
        ),
        ("copied half", good[..good.len() - 40].to_vec(), "CARRY_INCOMPLETE"),
    ] {
        std::fs::write(&file, bytes).expect("a file");
        assert_eq!(code(take(&company.ben, &file, WORDS).expect_code(3)), expected, "{what}");
        assert_eq!((hash(&company.ben), cis(&company.ben)), before, "{what}: nothing was changed");
    }
}
