//! Photos in the window, of a CI, a hardware model and what nobody knew in a stocktake: added on one laptop, looked at on
//! another through the server.

use crate::places::{go, laptop_of};
use crate::support::ctl::Ctl;
use crate::support::server::Server;
use crate::support::window::Window;
use fantoccini::key::Key;

/// A picture as the file picker would give it: drawn here, so that it can be told apart on a screenshot.
const PICK: &str = "const canvas = document.createElement('canvas'); canvas.width = 640; canvas.height = 480; \
    const pen = canvas.getContext('2d'); pen.fillStyle = 'steelblue'; pen.fillRect(0, 0, 640, 480); \
    pen.fillStyle = 'gold'; for (let row = 0; row < 8; row++) pen.fillRect(60, 30 + row * 55, 520, 32); \
    canvas.toBlob(blob => { const files = new DataTransfer(); \
    files.items.add(new File([blob], 'rack front.png', {type: 'image/png'})); \
    const input = document.querySelector('input[type=file][aria-label=\"Photos to add\"]'); \
    input.files = files.files; input.dispatchEvent(new Event('change', {bubbles: true})); }, 'image/png');";

async fn looked_at(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.script("document.querySelector('section:has(figure), dialog[open] img')?.scrollIntoView()").await;
        window.screenshot(&format!("{name}-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
    }
}

/// On the page of a CI in an open window; `other` is a second laptop that may read it.
pub async fn added_here_and_seen_there(window: &Window, other: &Ctl, ci: &str) {
    go(window, ci).await;
    window.wait_for_text("No photos yet.").await;
    window.script(PICK).await;
    window.find("figure img").await;
    window.wait_for_text_in("figcaption", "rack front.png").await;
    window.click_named("button", "Title of rack front.png").await;
    window.type_into("dialog input", "Front of the rack").await;
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text_in("figcaption", "Front of the rack").await;
    looked_at(window, "ci-photos").await;
    window.script("document.querySelector('figure button.open').focus()").await;
    window.press(&char::from(Key::Enter).to_string()).await;
    window.find("dialog[open] img").await;
    looked_at(window, "ci-photo-large").await;
    window.press(&char::from(Key::Escape).to_string()).await;
    window.press(&char::from(Key::F8).to_string()).await;
    window.wait_for_text("0 waiting").await;

    other.run(&["sync"]).expect_code(0);
    let there = Window::open(other.profile()).await;
    there.wait_for_text("online").await;
    go(&there, ci).await;
    there.wait_for_text_in("figcaption", "Front of the rack").await;
    there.find("figure img").await;
    there.script("document.querySelector('section:has(figure)').scrollIntoView()").await;
    there.screenshot("ci-photo-elsewhere").await;
    there.close().await;

    window.click_named("button", "Remove Front of the rack").await;
    window.wait_for_text("No photos yet.").await;
    window.click_named("button", "Undo").await;
    window.find("figure img").await;
}

#[tokio::test]
async fn a_model_and_what_nobody_knows_are_photographed_and_seen_elsewhere() {
    let server = Server::with_sample();
    let [dana, aaron] = ["dana", "aaron"].map(|user| laptop_of(&server, user));
    let model = dana.json(&["dhs", "model", "list"])["rows"][0]["id"].as_str().unwrap().to_owned();
    let begun = dana.json(&["dhs", "stocktake", "start", "Week 48", "Spares P"]);
    let stocktake = format!("/dhs/stocktakes/{}", begun["record"]["id"].as_str().unwrap());
    let model = format!("/dhs/models/{model}");
    dana.run(&["sync"]).expect_code(0);
    aaron.run(&["sync"]).expect_code(0);

    // The technician finds something that nobody knows, and parks it with a picture that is dropped on the window.
    let window = Window::open(aaron.profile()).await;
    go(&window, &stocktake).await;
    window.wait_for_text("Ready: scan a label").await;
    window.press(&format!("NOBODY-KNOWS-1{}", char::from(Key::Enter))).await;
    window.wait_for_text("NOBODY-KNOWS-1 · unknown").await;
    let picture = window.screenshot("stocktake-unknown").await;
    window.click_named("button", "Photos of NOBODY-KNOWS-1").await;
    window.wait_for_text("No photos yet.").await;
    window.drop_files(&[&picture]).await;
    window.wait_for_text_in("figcaption", "stocktake-unknown.png").await;
    window.script(PICK).await;
    window.wait_for_text_in("figcaption", "rack front.png").await;
    looked_at(&window, "stocktake-photos").await;
    window.press(&char::from(Key::F8).to_string()).await;
    window.wait_for_text("0 waiting").await;
    window.close().await;

    dana.run(&["sync"]).expect_code(0);
    let window = Window::open(dana.profile()).await;
    window.wait_for_text("online").await;
    go(&window, &stocktake).await;
    window.click_named("button", "Photos of NOBODY-KNOWS-1").await;
    window.wait_for_text_in("figcaption", "stocktake-unknown.png").await;
    window.find("figure img").await;
    looked_at(&window, "stocktake-photos-elsewhere").await;
    go(&window, &model).await;
    window.wait_for_text("No photos yet.").await;
    window.script(PICK).await;
    window.wait_for_text_in("figcaption", "rack front.png").await;
    window.find("figure img").await;
    looked_at(&window, "model-photos").await;
    window.close().await;
}
