//! Hands Tauri its configuration, which lives at the workspace root.
fn main() {
    // generate_context! needs frontendDist to exist: a fresh clone builds without Node.
    let dist = std::path::Path::new("ui/dist");
    if !dist.join("index.html").exists() {
        std::fs::create_dir_all(dist).expect("ui/dist can be created");
        std::fs::write(dist.join("index.html"), "<h1>Run cargo xtask run: the interface is not built yet.</h1>")
            .expect("ui/dist can be written");
    }
    tauri_build::try_build(
        tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*.json").app_manifest(
            tauri_build::AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*.toml"),
        ),
    )
    .expect("the Tauri configuration is valid");
}
