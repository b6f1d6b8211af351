//! The real window, driven through WebKitWebDriver.
//!
//! One driver per window, on its own port and with its own profile, so that tests run side by
//! side. Driver and window end with the value.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::free_port;
use super::{in_workspace, program, wait};

/// Callbacks of two animation frames: before them a picture shows what was there before.
pub const TWO_FRAMES: &str = "const done = arguments[arguments.length - 1]; \
     requestAnimationFrame(() => requestAnimationFrame(() => done(1)));";

/// An open window of the desktop.
pub struct Window {
    client: Client,
    _driver: Driver,
    // What the web view keeps for itself must not travel from one test to the next.
    _web_data: TempDir,
}

impl Window {
    /// Opens the desktop on this profile and waits until its page has been read.
    pub async fn open(profile: &Path) -> Self {
        Self::open_with(profile, &[]).await
    }

    /// The same with more variables in the desktop's environment.
    pub async fn open_with(profile: &Path, variables: &[(&str, &str)]) -> Self {
        assert!(
            std::env::var_os("DISPLAY").is_some(),
            "The window needs a display: cargo xtask session cargo test --test desktop"
        );
        Self::start(profile, variables, &[]).await
    }

    /// The desktop as the system starts it for a link or a file.
    pub async fn open_for(profile: &Path, arguments: &[&str]) -> Self {
        Self::start(profile, &[], arguments).await
    }

    async fn start(profile: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let web_data = tempfile::tempdir().expect("a temporary folder");
        let driver = Driver::start(profile, web_data.path(), variables);
        let client = driver.connect(arguments).await;
        let window = Self { client, _driver: driver, _web_data: web_data };
        wait::until_async("the page of the window", || async {
            let state = window.script("return document.readyState").await;
            (state == "complete").then_some(())
        })
        .await;
        window
    }

    /// The WebDriver client, for what has no function here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits for the element and returns it.
    pub async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(wait::TIME_OUT).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css} is not in the window ({error}):\n{}", self.seen().await),
        }
    }

    /// How many elements there are now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("the window answers").len()
    }

    /// Waits for the element, and clicks it once it stands still and is covered by nothing.
    pub async fn click(&self, css: &str) {
        self.click_one(css, None).await;
    }

    /// The same for a control whose accessible name or text is exactly this.
    pub async fn click_named(&self, css: &str, name: &str) {
        self.click_one(css, Some(name)).await;
    }

    async fn click_one(&self, css: &str, name: Option<&str>) {
        // A click goes to a point: what moves between the look and the click lets it pass beside.
        let script = "const [css, name, done] = arguments; const all = [...document.querySelectorAll(css)]; \
             const at = all.findIndex(e => name === null || \
               (e.getAttribute('aria-label') || e.textContent).trim() === name && !e.disabled); \
             if (at < 0) return done(-1); \
             const e = all[at]; e.scrollIntoView({ block: 'nearest', inline: 'nearest' }); \
             const place = () => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; }; \
             const before = place(); \
             requestAnimationFrame(() => requestAnimationFrame(() => { \
               const now = place(); \
               const top = document.elementFromPoint(now[0] + now[2] / 2, now[1] + now[3] / 2); \
               const still = now.every((side, i) => side === before[i]); \
               done(still && (e.contains(top) || top?.contains(e)) ? at : -1); }));";
        // What is drawn anew all the same takes the click with it: nothing was clicked then, and a person clicks again.
        let clicked = || async {
            let answer = self.client.execute_async(script, vec![json!(css), json!(name)]).await;
            let at = answer.expect("the window answers").as_u64().and_then(|at| usize::try_from(at).ok())?;
            let elements = self.client.find_all(Locator::Css(css)).await.ok()?;
            elements.get(at)?.click().await.ok()
        };
        wait::until_async(&format!("{css} {}, clicked", name.unwrap_or_default()), clicked).await;
    }

    /// Waits for a field and puts this text in the place of what stands there.
    pub async fn type_into(&self, css: &str, text: &str) {
        // A sheet that turns a page may take the field away between the two calls, and bring the next one.
        let cleared = || async {
            let field = self.find(css).await;
            field.clear().await.ok().map(|()| field)
        };
        let field = wait::until_async(&format!("{css}, ready to be written into"), cleared).await;
        field.send_keys(text).await.unwrap_or_else(|error| panic!("typing into {css}: {error}"));
    }

    /// Drops files on the window: what its system tells the page of them.
    pub async fn drop_files(&self, paths: &[&Path]) {
        let script = "window.__TAURI_INTERNALS__.invoke('plugin:event|emit', { event: 'tauri://drag-drop', \
             payload: { paths: arguments[0], position: { x: 0, y: 0 } } })";
        self.script_with(script, vec![json!(paths)]).await;
    }

    /// Presses keys where the focus is: text, or `Key::...` characters.
    pub async fn press(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(keys).await.expect("keys arrive");
    }

    /// Presses one key while Control is held.
    pub async fn press_control(&self, key: char) {
        self.press(&format!("{}{key}{}", char::from(Key::Control), char::from(Key::Null))).await;
    }

    /// The text of an element that is waited for.
    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap_or_else(|error| panic!("reading {css}: {error}"))
    }

    /// Waits until the window shows this text anywhere.
    pub async fn wait_for_text(&self, text: &str) {
        self.wait_for_text_in("body", text).await;
    }

    /// Waits until an element that this selector names shows this text.
    pub async fn wait_for_text_in(&self, css: &str, text: &str) {
        let script = "const [css, text] = arguments; \
             return [...document.querySelectorAll(css)].some(e => e.innerText.includes(text))";
        let start = std::time::Instant::now();
        while self.script_with(script, vec![json!(css), json!(text)]).await != json!(true) {
            assert!(
                start.elapsed() < wait::TIME_OUT,
                "{css} never showed {text:?}; the window shows:\n{}",
                self.seen().await
            );
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// What the person can read now.
    pub async fn seen(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page and returns what it returns.
    pub async fn script(&self, script: &str) -> Value {
        self.script_with(script, Vec::new()).await
    }

    /// The same with arguments.
    pub async fn script_with(&self, script: &str, arguments: Vec<Value>) -> Value {
        match self.client.execute(script, arguments).await {
            Ok(value) => value,
            Err(error) => panic!("a script failed: {error}\n{script}"),
        }
    }

    /// Takes a picture of what is painted, into target/screenshots/NAME.png.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        self.client.execute_async(TWO_FRAMES, Vec::new()).await.expect("two frames are painted");
        let folder = in_workspace("target/screenshots");
        fs::create_dir_all(&folder).expect("a folder for pictures");
        let file = folder.join(format!("{name}.png"));
        let picture = self.client.screenshot().await.expect("a picture");
        fs::write(&file, picture).expect("the picture is written");
        file
    }

    /// What axe finds wrong with the page for people who see, hear or move differently; each line
    /// is one finding. Needs the packages of the interface.
    pub async fn axe(&self) -> Vec<String> {
        let file = in_workspace("ui/node_modules/axe-core/axe.min.js");
        let axe =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{} ({error}): run npm ci in ui", file.display()));
        self.script(&axe).await;
        // A colour that is still fading into another has a contrast that nobody will see. What was typed or pressed
        // just before begins to fade in the next frame only, so the page has to stay still for two of them.
        let run = "const done = arguments[arguments.length - 1]; \
             const frame = () => new Promise(next => requestAnimationFrame(next)); \
             const fading = () => document.getAnimations().filter(a => a.effect.getComputedTiming().endTime !== Infinity); \
             const still = async () => { \
               for (let quiet = 0; quiet < 2; quiet = fading().length ? 0 : quiet + 1) { \
                 await Promise.allSettled(fading().map(a => a.finished)); await frame(); } }; \
             still().then(() => axe.run(document)).then(r => done(r.violations.map(v => \
               `${v.id}: ${v.help}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`)), \
               e => done([String(e)]));";
        let found = self.client.execute_async(run, Vec::new()).await.expect("axe runs");
        serde_json::from_value(found).expect("axe answers with lines")
    }

    /// Closes the window as its close button does, through the driver.
    pub async fn close(self) {
        // A window that has closed by itself is closed too.
        let _ = self.client.clone().close().await;
    }
}

/// WebKitWebDriver in a process group of its own, with the window it starts.
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start(profile: &Path, web_data: &Path, variables: &[(&str, &str)]) -> Self {
        let port = free_port();
        let child = Command::new("WebKitWebDriver")
            .args([&format!("--port={port}"), "--host=127.0.0.1"])
            // The window inherits all of this. Without the first, a session never begins.
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("SLIPWAY_PROFILE", profile)
            .env("XDG_DATA_HOME", web_data.join("data"))
            .env("XDG_CACHE_HOME", web_data.join("cache"))
            .env("XDG_CONFIG_HOME", web_data.join("config"))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("WebKitWebDriver starts: package webkit2gtk-driver");
        Self { child, port }
    }

    async fn connect(&self, arguments: &[&str]) -> Client {
        let binary = program("slipway");
        let capabilities = json!({"webkitgtk:browserOptions": {"binary": binary, "args": arguments}});
        let capabilities = capabilities.as_object().expect("an object").clone();
        let address = format!("http://127.0.0.1:{}", self.port);
        let connect = || async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities.clone()).connect(&address).await.ok()
        };
        wait::until_async("the opening of the window by its driver", connect).await
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The whole group: a window that hangs must not outlive its test.
        let _ =
            Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}
