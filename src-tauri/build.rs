//! Hands Tauri its configuration, which lives at the workspace root.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    // generate_context! needs frontendDist to exist: a fresh clone builds without Node.
    let dist = std::path::Path::new("ui/dist");
    if !dist.join("index.html").exists() {
        std::fs::create_dir_all(dist)?;
        std::fs::write(dist.join("index.html"), "<h1>Run cargo xtask run: the interface is not built yet.</h1>")?;
    }
    tauri_build::try_build(
        tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*.json").app_manifest(
            tauri_build::AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*.toml"),
        ),
    )?;
    Ok(())
}
