use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

use super::*;
use crate::plugin::abi;

#[test]
fn the_table_reads_and_refuses_what_it_does_not_know() {
    let hash = ImageHash::of(b"x");
    let table = format!(
        "path = [\"/a\", \"/b\"]\nstage = \"/s\"\nmax_images = 3\ntimeout = \"5s\"\nworker_threads = 2\n\
         blocking_threads = 8\n[sha256]\ns3 = \"{}\"\n",
        hash.to_string().to_uppercase()
    );
    let options: LoaderOptions = toml::from_str(&table).unwrap();
    assert_eq!(options.path, [PathBuf::from("/a"), PathBuf::from("/b")]);
    assert_eq!(options.stage, Some(PathBuf::from("/s")));
    assert_eq!(options.sha256["s3"], hash);
    assert_eq!(
        (
            options.max_images,
            options.worker_threads,
            options.blocking_threads
        ),
        (3, 2, 8)
    );
    assert_eq!(Duration::from(options.timeout), Duration::from_secs(5));
    let again = toml::to_string(&options).unwrap();
    assert_eq!(toml::from_str::<LoaderOptions>(&again).unwrap(), options);

    assert_eq!(
        toml::from_str::<LoaderOptions>("").unwrap(),
        LoaderOptions::default()
    );
    let error = toml::from_str::<LoaderOptions>("paths = []").unwrap_err();
    assert!(
        error.to_string().contains("unknown field `paths`"),
        "{error}"
    );
    let error = toml::from_str::<LoaderOptions>("sha256 = { s3 = \"abc\" }").unwrap_err();
    assert!(error.to_string().contains("is not a SHA-256"), "{error}");
}

#[test]
fn every_option_documents_itself() {
    let schema = schemars::schema_for!(LoaderOptions).to_value();
    let properties = schema["properties"].as_object().unwrap();
    let names: Vec<&String> = properties.keys().collect();
    assert_eq!(
        names,
        [
            "blocking_threads",
            "max_images",
            "path",
            "sha256",
            "stage",
            "timeout",
            "worker_threads"
        ]
    );
    for (name, option) in properties {
        assert!(
            option["description"]
                .as_str()
                .is_some_and(|text| text.len() > 20),
            "{name}"
        );
    }
}

#[test]
fn a_hash_reads_as_it_is_written() {
    let hash = ImageHash::of(b"");
    let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hash.to_string(), text);
    assert_eq!(text.parse(), Ok(hash));
    for wrong in [
        "",
        "e3b0",
        &"g".repeat(64),
        &"0".repeat(65),
        &"é".repeat(32),
    ] {
        assert!(wrong.parse::<ImageHash>().is_err(), "{wrong}");
    }
}

#[test]
fn the_nearest_name_is_suggested_only_when_near() {
    let there = ["filesystem", "s3", "postgres"];
    for (asked, meant) in [
        ("filesytem", Some("filesystem")),
        ("file_system", Some("filesystem")),
        ("s4", Some("s3")),
        ("postgress", Some("postgres")),
        ("rabbitmq", None),
    ] {
        assert_eq!(name::nearest(asked, there), meant, "{asked}");
    }
}

/// An entry that refuses every host.
unsafe extern "C" fn refuses(
    _: *const abi::Host,
    failure: *mut abi::Failure,
) -> *const abi::Plugin {
    let reason = abi::Failure {
        kind: ErrorKind::PermissionDenied.code(),
        ..abi::Failure::NONE
    };
    // SAFETY: the host passes a failure to fill in.
    unsafe { failure.write(reason) };
    std::ptr::null()
}

#[tokio::test]
async fn a_linked_plugin_wins_over_a_file_of_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().canonicalize().unwrap();
    let file = format!("{DLL_PREFIX}socorro_plugin_linked{DLL_SUFFIX}");
    std::fs::write(directory.join(&file), "no library").unwrap();
    // SAFETY: the entry keeps the rules.
    let linked = unsafe { StaticPlugin::new(refuses) };
    let options = LoaderOptions {
        path: vec![directory.clone()],
        ..LoaderOptions::default()
    };
    let loader = Loader::new(options.clone()).with_static("linked", linked);
    let found = loader.found();
    assert_eq!((found.len(), found[0].name.as_str()), (1, "linked"));
    assert_eq!(found[0].library, None);
    for loader in [loader.clone(), loader.with_options(options)] {
        let error = loader.load("linked", None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        // A file that is asked for is a file.
        let error = loader
            .load("linked", Some(&directory.join(&file)))
            .await
            .unwrap_err();
        assert!(
            error.to_string().ends_with("is not a shared library"),
            "{error}"
        );
    }
}
