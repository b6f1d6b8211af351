//! Photos of a CI in the window: added on one laptop, looked at on another through the server.

use crate::places::go;
use crate::support::ctl::Ctl;
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
