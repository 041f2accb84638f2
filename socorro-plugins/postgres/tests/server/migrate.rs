//! Making the schema.

use serde_json::json;
use socorro_core::storage::CrashStorage;
use socorro_core::{ErrorKind, Result};

use crate::support::{
    Site, cx, expect, failed, plugin, samples, save, shared, source, storage, today,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_that_start_at_once_agree() -> Result<()> {
    let site = Site::bare(shared());
    plugin().await;
    let owner = json!({
        "url": site.url(&site.owner()), "password": crate::support::OWNER_PASSWORD, "schema": "made_by_one", "connections": 1,
    });
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let mut options = owner.clone();
            tokio::spawn(async move {
                if number % 3 == 0 {
                    options["queue"] = json!("new");
                    source(&options).await.map(drop)
                } else {
                    let storage = storage(&options).await?;
                    save(&storage, &samples(number, 1, today())[0]).await
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap()?;
    }
    assert_eq!(site.number("SELECT count(*) FROM made_by_one.layout"), 1);
    assert_eq!(site.number("SELECT count(*) FROM made_by_one.raw_crash"), 6);
    Ok(())
}

#[tokio::test]
async fn without_migrate_it_is_only_checked() -> Result<()> {
    let site = Site::bare(shared());
    let error = failed(site.storage_as_owner(json!({ "migrate": false })).await);
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
    assert!(error.message().contains("migrate = true"), "{error}");
    site.migrate(json!({})).await;
    site.storage_as_owner(json!({ "migrate": false })).await?;
    Ok(())
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let site = Site::new().await;
    site.sql("UPDATE socorro.layout SET version = 99");
    for migrate in [true, false] {
        let error = failed(site.storage_as_owner(json!({ "migrate": migrate })).await);
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.message().contains("newer plugin"), "{error}");
    }
}

#[tokio::test]
async fn the_width_of_partitions_stays() -> Result<()> {
    let site = Site::with(shared(), json!({ "partition": "day" })).await;
    site.storage(json!({ "partition": "day" })).await?;
    site.storage(json!({})).await?;
    let error = failed(site.storage(json!({ "partition": "week" })).await);
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("leave `partition` out"), "{error}");
    Ok(())
}

#[tokio::test]
async fn two_schemas_are_two_stores() -> Result<()> {
    let site = Site::bare(shared());
    let one = site.storage_as_owner(json!({ "schema": "one" })).await?;
    let two = site.storage_as_owner(json!({ "schema": "two" })).await?;
    let sample = &samples(1, 1, today())[0];
    save(&one, sample).await?;
    expect(&one, sample).await;
    assert!(two.catalog(&cx(), &sample.id.into()).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn another_encoding_is_refused() {
    let site = Site::bare(shared());
    let other = format!("{}_latin1", site.database());
    site.sql(&format!(
        "CREATE DATABASE {other} OWNER {} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
        site.owner()
    ));
    let url = site.url(&site.owner()).replace(&site.database(), &other);
    let error = failed(site.storage_as_owner(json!({ "url": url })).await);
    site.sql(&format!("DROP DATABASE {other} WITH (FORCE)"));
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("LATIN1"), "{error}");
}
