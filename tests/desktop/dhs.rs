//! The hardware store in the window: models from a folder, five hundred scans at the speed of a scanner, a label's unit.

use crate::places::{go, laptop_of};
use crate::support::ctl::Ctl;
use crate::support::server::Server;
use crate::support::wait;
use crate::support::window::Window;
use std::fs;

/// The key that ends what a scanner types, too.
const ENTER: char = '\u{e007}';
const SCANS: usize = 500;

/// Sends the keys of a code as fast as the window takes them, and a code each 20 ms. The driver's own keys come with
/// pauses amid a code on a busy machine, which no scanner makes; and so do those of a script, so that they bear the times
/// at which a scanner would have sent them.
const SCANNER: &str = "const codes = [...arguments[0]]; \
    const scan = () => { \
        const code = codes.shift(); \
        if (code === undefined) return; \
        const start = performance.now(); \
        [...code, 'Enter'].forEach((key, nth) => { \
            const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, composed: true }); \
            Object.defineProperty(event, 'timeStamp', { value: start + nth }); \
            document.body.dispatchEvent(event); \
        }); \
        setTimeout(scan, 20); \
    }; \
    scan()";

/// Presses keys one by one as a person does, wherever the focus is.
const TYPIST: &str = "const keys = [...arguments[0]]; \
    const press = () => { \
        const key = keys.shift(); \
        if (key === undefined) return; \
        (document.activeElement ?? document.body).dispatchEvent( \
            new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, composed: true })); \
        setTimeout(press, 90); \
    }; \
    press()";

/// The code of the last label on the sheet, as the outline of its dark parts and where that lies.
const LABEL: &str = "const path = [...document.querySelectorAll('svg.paper path')].at(-1); \
    const { x, y, width, height } = path.getBBox(); \
    return [path.getAttribute('d'), x, y, width, height]";

/// Takes a picture of it and gives it to the file picker.
const PHOTO: &str = "const [[d, x, y, width, height]] = arguments; \
    const canvas = document.createElement('canvas'); \
    [canvas.width, canvas.height] = [(width + 8) * 12, (height + 8) * 12]; \
    const pen = canvas.getContext('2d'); pen.fillStyle = 'white'; pen.fillRect(0, 0, canvas.width, canvas.height); \
    pen.scale(12, 12); pen.translate(4 - x, 4 - y); pen.fillStyle = 'black'; pen.fill(new Path2D(d)); \
    canvas.toBlob(blob => { const files = new DataTransfer(); \
    files.items.add(new File([blob], 'label.png', {type: 'image/png'})); \
    const input = document.querySelector('input[type=file][aria-label=\"Picture with a code\"]'); \
    input.files = files.files; input.dispatchEvent(new Event('change', {bubbles: true})); }, 'image/png');";

async fn show(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
        window.screenshot(&format!("{name}-{theme}")).await;
    }
}

/// How many scans the window says were taken.
async fn taken(window: &Window) -> usize {
    let script = "return Number(/(\\d+) taken/.exec(document.body.innerText)?.[1] ?? 0)";
    window.script(script).await.as_u64().and_then(|count| count.try_into().ok()).unwrap_or(0)
}

/// Waits until all scans were taken, for as long as there are more of them from time to time: how long five hundred
/// take is the machine's affair.
async fn wait_until_taken(window: &Window, scans: usize) {
    let mut before = 0;
    while before < scans {
        let start = std::time::Instant::now();
        while taken(window).await <= before {
            assert!(start.elapsed() < wait::TIME_OUT, "it stays at {before} of {scans}");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        before = taken(window).await;
    }
    assert_eq!(before, scans);
}

/// Five optics in a bin, and a stocktake of their store: its address.
fn consumables_to_count(laptop: &Ctl) -> String {
    laptop
        .run(&["dhs", "model", "add", "--manufacturer", "Halden", "--name", "Optic", "--part", "HO-10"])
        .expect_code(0);
    laptop.run(&["dhs", "model", "set", "HO-10", "--kind", "consumable"]).expect_code(0);
    laptop.run(&["dhs", "count", "receive", "HO-10", "5", "--store", "Spares C", "--bin", "7"]).expect_code(0);
    let begun = laptop.json(&["dhs", "stocktake", "start", "Week 48", "Spares C"]);
    format!("/dhs/stocktakes/{}", begun["record"]["id"].as_str().expect("an id"))
}

async fn count_consumables(window: &Window, stocktake: &str) {
    let control_enter = char::from(fantoccini::key::Key::Enter);
    go(window, stocktake).await;
    window.click_named("button", "Count Halden Optic at Spares C › 7").await;
    window.type_into("dialog input", "4").await;
    window.press_control(control_enter).await;
    window.wait_for_text("4 of 5 are counted at Spares C › 7.").await;
    show(window, "dhs-stocktake-consumables").await;
    window.click_named("button", "End counting").await;
    window.click_named("button", "Settle Halden Optic at Spares C › 7").await;
    window.press_control(control_enter).await;
    window.wait_for_text_in("table", "Found").await;
}

#[tokio::test]
async fn a_scanner_catalogues_five_hundred_units_and_loses_none() {
    let server = Server::with_sample();
    let keeper = server.person_with("dhs_storekeeper");
    let laptop = laptop_of(&server, &keeper.user);
    let folder = tempfile::tempdir().expect("a temporary folder");
    for n in 0..3 {
        let text = format!(
            "manufacturer: Halden\nmodel: Scan {n}\nslug: scan-{n}\npart_number: SC-{n}\nu_height: 1\n\
             interfaces:\n  - {{name: eth0, type: 1000base-t}}\n"
        );
        fs::write(folder.path().join(format!("{n}.yaml")), text).expect("a file");
    }
    fs::write(folder.path().join("bomb.yaml"), "a: &a [1]\nb: [*a, *a]\n").expect("a file");
    let path = folder.path().to_str().expect("a UTF-8 path");
    let imported = laptop.run(&["dhs", "model", "import", path, "--json"]).expect_code(1).json();
    assert_eq!((&imported["created"], &imported["refused"][0]["line"]), (&3.into(), &4.into()), "{imported}");
    laptop.run(&["dhs", "model", "set", "SC-0", "--minimum", "Spares S=600", "--prefix", "Q7"]).expect_code(0);

    let stocktake = consumables_to_count(&laptop);

    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Hardware store").await;
    show(&window, "inbox-hardware-store").await;
    go(&window, "/dhs/models").await;
    window.wait_for_text("Scan 2").await;
    show(&window, "dhs-models").await;

    go(&window, "/dhs/labels").await;
    window.find("textarea").await;
    let places = "const field = document.querySelector('textarea'); field.value = 'Spares S/1/A\\nSpares S/2/C'; \
        field.dispatchEvent(new Event('input', {bubbles: true}))";
    window.script(places).await;
    window.find("svg.paper path:nth-of-type(2)").await;
    show(&window, "dhs-labels").await;
    let label = window.script(LABEL).await;

    go(&window, "/dhs/catalogue").await;
    window.wait_for_text("Name the store (F3)").await;
    window.script_with(PHOTO, vec![label]).await;
    window.wait_for_text("Now at Spares S › 2 › C.").await;
    // Three keys in a row with no pause between are a scanner: the place, the model, then one unit after the other.
    window.press(&format!("SLIPWAY:PLACE:Spares S/1/B{ENTER}")).await;
    window.press(&format!("SC-1{ENTER}")).await;
    window.wait_for_text("Halden Scan 1").await;
    let codes: Vec<String> = (0..SCANS).map(|n| format!("Z{n:03}")).collect();
    window.script_with(SCANNER, vec![codes.into()]).await;
    wait_until_taken(&window, SCANS).await;
    show(&window, "dhs-catalogue").await;
    // The same label again, one that begins as the serial numbers of a model do, and the last one taken back.
    window.press(&format!("Z007{ENTER}")).await;
    window.wait_for_text("here already").await;
    window.press(&format!("Q700{ENTER}")).await;
    window.wait_for_text(&format!("{} taken", SCANS + 1)).await;
    window.press("\u{e03a}").await;
    window.wait_for_text("Taken back.").await;
    window.wait_for_text(&format!("{SCANS} taken")).await;

    // Typed, slower than a scanner and with the focus anywhere: it lands in the field for that.
    window.script("document.activeElement.blur()").await;
    window.script_with(TYPIST, vec!["HAND-1".into()]).await;
    wait::until_async("what was typed", || async {
        (window.script("return document.querySelector('#typed').value").await == "HAND-1").then_some(())
    })
    .await;
    window.press(&ENTER.to_string()).await;
    window.wait_for_text(&format!("{} taken", SCANS + 1)).await;
    window.press("\u{e03a}").await;
    window.wait_for_text(&format!("{SCANS} taken")).await;

    count_consumables(&window, &stocktake).await;
    go(&window, "/dhs").await;
    window.wait_for_text("Models and stock").await;
    window.close().await;
    assert_eq!(laptop.json(&["dhs", "model", "show", "HO-10"])["bins"][0]["quantity"], 4, "as many as were counted");

    let page = laptop.json(&["dhs", "model", "show", "SC-1"]);
    assert_eq!(page["stores"][0]["free"], SCANS, "every scan became a unit");
    let last = format!("Z{:03}", SCANS - 1);
    for serial in ["Z000", "Z250", last.as_str()] {
        let unit = laptop.json(&["dhs", "show", serial]);
        assert_eq!(unit["unit"]["bin"]["shelf"], "B", "{unit}");
    }
    assert_eq!(laptop.json(&["dhs", "model", "show", "SC-0"])["units_total"], 0, "what was taken back is not there");
}
