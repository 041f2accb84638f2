//! What is in crashes, and what becomes of it.

use futures::join_all;
use serde_json::json;
use socorro_core::conformance::data::{DOCUMENTS, DUMP_NAMES, Maker};
use socorro_core::crash::{Dumps, Limits, RawCrash};
use socorro_core::error::Scope;
use socorro_core::storage::{Capabilities, CrashStorage};
use socorro_core::{ErrorKind, Result};

use crate::support::{Site, close, cx, expect, failed, samples, save, today};

/// The little of the futures crate that is needed here.
mod futures {
    pub(super) async fn join_all<F>(futures: Vec<F>) -> Vec<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await.unwrap());
        }
        outputs
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_of_20_mb() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({})).await?;
    let mut maker = Maker::new(20);
    let mut sample = maker.sample(today())?;
    let large = maker.bytes(20 << 20);
    sample.dumps = Dumps::single(large.clone()).with("small".parse()?, maker.bytes(10));
    save(&storage, &sample).await?;
    expect(&storage, &sample).await;
    let id = sample.id.into();
    let dump = storage.get_dump(&cx(), &id, &Default::default()).await?;
    assert!(dump == large);
    let catalog = storage.catalog(&cx(), &id).await?;
    let sizes: Vec<_> = catalog.entries.iter().map(|entry| entry.size).collect();
    assert!(sizes.contains(&Some(20 << 20)), "{sizes:?}");
    // As a file, and saved from it.
    let directory = tempfile::tempdir().unwrap();
    let files = storage
        .get_dumps_as_files(&cx(), &id, directory.path())
        .await?;
    let mut other = maker.sample(today())?;
    other.dumps = files;
    save(&storage, &other).await?;
    expect(&storage, &other).await;
    close(&storage).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unicode_and_long_names_everywhere() -> Result<()> {
    let site = Site::bare(crate::support::shared());
    let schema = "схема \"名前\" 💥 of_63_bytes_about_as_long_as_it_can_be";
    assert_eq!(schema.len(), 63);
    let queue = format!("очередь 💥 {}", "q".repeat(150));
    let options = json!({ "schema": schema, "queue": queue });
    let storage = site.storage_as_owner(options).await?;
    let mut maker = Maker::new(5);
    let mut sample = maker.sample(today())?;
    let document = "{\"名前\": \"naïve 💥 \u{2028}\", \"a\": \"Ω\"}";
    sample.raw = RawCrash::new(document, &Limits::default())?;
    sample.dumps = Dumps::new();
    for name in DUMP_NAMES {
        sample.dumps.insert(name.parse()?, maker.bytes(50));
    }
    save(&storage, &sample).await?;
    expect(&storage, &sample).await;
    let quoted = schema.replace('"', "\"\"");
    let found = site.sql(&format!(
        "SELECT json ->> '名前' FROM \"{quoted}\".raw_crash"
    ));
    assert_eq!(found, [["naïve 💥 \u{2028}"]]);
    let found = site.sql(&format!("SELECT queue FROM \"{quoted}\".new_crash"));
    assert_eq!(found, [[queue]]);
    close(&storage).await;
    Ok(())
}

/// All at once through one connection, so that they share transactions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_jsonb_refuses_is_stored_beside_what_it_takes() -> Result<()> {
    let site = Site::new().await;
    let storage = std::sync::Arc::new(site.storage(json!({ "connections": 1 })).await?);
    let mut maker = Maker::new(6);
    let mut all = Vec::new();
    for (_, document) in DOCUMENTS {
        let mut sample = maker.sample(today())?;
        sample.raw = RawCrash::new(document, &Limits::default())?;
        all.push(sample);
    }
    let saves = all.iter().cloned().map(|sample| {
        let storage = storage.clone();
        async move { save(&*storage, &sample).await }
    });
    for saved in join_all(saves.collect()).await {
        saved?;
    }
    for sample in &all {
        expect(&*storage, sample).await;
    }
    let refused = site.number("SELECT count(*) FROM socorro.raw_crash WHERE json IS NULL");
    assert_eq!(refused, 3);
    let why =
        site.number("SELECT count(*) FROM socorro.raw_crash WHERE json_refused LIKE 'it has%'");
    assert_eq!(why, 3);
    let last = site.sql("SELECT json -> 'a' FROM socorro.raw_crash WHERE json @> '{\"a\": null}'");
    assert_eq!(last, [["null"]], "of duplicate keys the last");
    Ok(())
}

/// Constraints stand for whatever a server may refuse that nobody foresaw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_crash_does_not_fail_the_others() -> Result<()> {
    let site = Site::new().await;
    site.sql(
        "ALTER TABLE socorro.raw_crash ADD CONSTRAINT no_bad CHECK (position('bad' IN convert_from(document, 'UTF8')) = 0);
         ALTER TABLE socorro.raw_crash ADD CONSTRAINT no_odd CHECK (json -> 'odd' IS NULL)",
    );
    let storage = std::sync::Arc::new(
        site.storage(json!({ "connections": 1, "queue": "q" }))
            .await?,
    );
    let mut all = samples(7, 60, today());
    let limits = Limits::default();
    all[20].raw = RawCrash::new(r#"{"bad": 1}"#, &limits)?;
    all[40].raw = RawCrash::new(r#"{"odd": 1}"#, &limits)?;
    let saves = all.iter().cloned().map(|sample| {
        let storage = storage.clone();
        async move { save(&*storage, &sample).await }
    });
    for (place, saved) in join_all(saves.collect()).await.into_iter().enumerate() {
        if place == 20 {
            let error = failed(saved);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert_eq!(error.scope(), Scope::Item);
            assert_eq!(error.crash_id(), Some(all[20].id.as_str()));
        } else {
            saved?;
        }
    }
    for (place, sample) in all.iter().enumerate() {
        if place == 20 {
            assert!(storage.catalog(&cx(), &sample.id.into()).await?.is_empty());
        } else {
            expect(&*storage, sample).await;
        }
    }
    // The one whose queryable form was refused is there without it.
    let odd = site.sql("SELECT json_refused FROM socorro.raw_crash WHERE json IS NULL");
    assert!(odd.len() == 1 && odd[0][0].contains("no_odd"), "{odd:?}");
    assert_eq!(site.number("SELECT count(*) FROM socorro.new_crash"), 59);
    Ok(())
}

#[tokio::test]
async fn saved_again_with_the_same_bytes_nothing_is_written() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({})).await?;
    let mut sample = samples(8, 1, today()).remove(0);
    let state = "SELECT string_agg(xmin::text || revision, ',') FROM socorro.raw_crash";
    let dumps = "SELECT string_agg(xmin::text, ',' ORDER BY name) FROM socorro.dump";
    save(&storage, &sample).await?;
    let before = (site.sql(state), site.sql(dumps));
    save(&storage, &sample).await?;
    assert_eq!((site.sql(state), site.sql(dumps)), before);
    // One dump less is another crash, and so is one more byte.
    sample.dumps = Dumps::single(Maker::new(9).bytes(7));
    save(&storage, &sample).await?;
    expect(&storage, &sample).await;
    assert_eq!(site.number("SELECT revision FROM socorro.raw_crash"), 2);
    assert_eq!(site.number("SELECT count(*) FROM socorro.dump"), 1);
    Ok(())
}

#[tokio::test]
async fn dumps_that_were_declined_come_with_the_next_save() -> Result<()> {
    let site = Site::new().await;
    let sample = samples(9, 1, today()).remove(0);
    let declining = site.storage(json!({ "dumps": "declined" })).await?;
    assert!(
        declining
            .capabilities()
            .contains(Capabilities::DECLINES_DUMPS)
    );
    save(&declining, &sample).await?;
    assert_eq!(site.number("SELECT count(*) FROM socorro.dump"), 0);
    let storing = site.storage(json!({})).await?;
    assert!(
        !storing
            .capabilities()
            .contains(Capabilities::DECLINES_DUMPS)
    );
    save(&storing, &sample).await?;
    expect(&storing, &sample).await;
    Ok(())
}

#[tokio::test]
async fn every_connection_commits_durably() -> Result<()> {
    let site = Site::new().await;
    site.sql(&format!(
        "ALTER ROLE {} SET synchronous_commit = off",
        site.app()
    ));
    // A trigger notes what is in force where it counts.
    site.sql(
        "CREATE TABLE socorro.noted (setting text);
         CREATE FUNCTION socorro.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
         AS $$ BEGIN INSERT INTO socorro.noted VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
         CREATE TRIGGER note BEFORE INSERT ON socorro.raw_crash FOR EACH ROW EXECUTE FUNCTION socorro.note()",
    );
    let storage = site.storage(json!({})).await?;
    save(&storage, &samples(1, 1, today())[0]).await?;
    assert_eq!(site.sql("SELECT setting FROM socorro.noted"), [["on"]]);
    Ok(())
}
