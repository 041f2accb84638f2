use super::*;

fn layers(text: &str) -> (tempfile::TempDir, Layers) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    (directory, Layers::new().file(path))
}

#[test]
fn the_last_layer_that_says_it_wins() {
    let (_directory, layers) = layers("[reload]\nkeep = \"/file\"");
    assert_eq!(layers.glimpse("reload.keep").as_deref(), Some("/file"));
    assert_eq!(layers.glimpse("control.socket"), None);
    let program = serde_json::json!({ "reload": { "keep": "/program" } });
    let defaults = Layers::new().defaults(program);
    assert_eq!(defaults.glimpse("reload.keep").as_deref(), Some("/program"));
    let over = layers.set("reload.keep=/flag");
    assert_eq!(over.glimpse("reload.keep").as_deref(), Some("/flag"));
}

#[test]
fn a_file_with_errors_is_read_around_them() {
    for broken in [
        "[reload]\nkeep = \"/file\"\n[storage.a\ntype = 5",
        "[storage.a]\nroot = nowhere at all\n[reload]\nkeep = \"/file\"\n",
        "[reload]\nkeep = \"/file\"\nkeep_too = \"unended\n",
    ] {
        let (directory, layers) = layers(broken);
        assert_eq!(
            layers.glimpse("reload.keep").as_deref(),
            Some("/file"),
            "{broken}"
        );
        let all = Layers::new().file(directory.path());
        assert_eq!(
            all.glimpse("reload.keep").as_deref(),
            Some("/file"),
            "{broken}"
        );
    }
    for hopeless in ["", "\u{0}", "[[[[", "reload = 5", "[reload]\nkeep = 5"] {
        let (_directory, layers) = layers(hopeless);
        assert_eq!(layers.glimpse("reload.keep"), None, "{hopeless}");
    }
    assert_eq!(
        Layers::new().file("/nowhere/at/all").glimpse("reload.keep"),
        None
    );
}
