//! Partitions: made when needed, once, and never without bound.

use std::sync::Arc;

use serde_json::json;
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::crash::CrashDate;
use socorro_core::storage::{CrashStorage, ListRequest};
use socorro_core::{Context, Result};

use crate::support::{Site, cx, expect, samples, save, shared, today};

const COUNT: &str =
    "SELECT count(*) - 1 FROM pg_inherits WHERE inhparent = 'socorro.raw_crash'::regclass";
const IN_DEFAULT: &str = "SELECT count(*) FROM socorro.raw_crash_default";

fn date(text: &str) -> CrashDate {
    text.parse().unwrap()
}

fn tomorrow() -> CrashDate {
    today().tomorrow().unwrap()
}

/// One crash of each day.
fn of_days(seed: u64, days: &[CrashDate]) -> Vec<Sample> {
    let mut maker = Maker::new(seed);
    days.iter().map(|day| maker.sample(*day).unwrap()).collect()
}

#[tokio::test]
async fn ids_of_2007_and_of_tomorrow_just_work() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({})).await?;
    let days = [date("2007-10-25"), date("2000-01-01"), today(), tomorrow()];
    for sample in &of_days(1, &days) {
        save(&storage, sample).await?;
        storage
            .save_processed_crash(&cx(), &sample.id, &sample.processed)
            .await?;
        expect(&storage, sample).await;
    }
    assert_eq!(site.number(IN_DEFAULT), 0);
    let names = site.sql(
        "SELECT string_agg(DISTINCT tableoid::regclass::text, ' ') FROM socorro.raw_crash WHERE crash_date < '2010-01-01'",
    );
    // Mondays.
    assert_eq!(
        names,
        [["socorro.raw_crash_19991227 socorro.raw_crash_20071022"]]
    );
    // What is large stays out of the rows there, too.
    let storage_kind = "SELECT attstorage FROM pg_attribute WHERE attname = 'content' AND attrelid = 'socorro.dump_20071022'::regclass";
    assert_eq!(site.sql(storage_kind), [["e"]]);
    Ok(())
}

#[tokio::test]
async fn a_partition_of_a_day() -> Result<()> {
    let site = Site::with(shared(), json!({ "partition": "day" })).await;
    let storage = site.storage(json!({})).await?;
    for sample in &of_days(
        1,
        &[date("2007-10-25"), date("2007-10-26"), date("2007-10-26")],
    ) {
        save(&storage, sample).await?;
    }
    assert_eq!(site.number(COUNT), 2);
    assert_eq!(
        site.number("SELECT count(*) FROM socorro.raw_crash_20071026"),
        2
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_need_a_partition_make_it_once() -> Result<()> {
    let site = Site::new().await;
    let mut tasks = Vec::new();
    for instance in 0..4 {
        let storage = Arc::new(site.storage(json!({})).await?);
        for week in 0..12 {
            let day = date(&format!("2015-{:02}-15", week + 1));
            let sample = Maker::new(instance * 100 + week).sample(day)?;
            let storage = storage.clone();
            tasks.push(tokio::spawn(async move { save(&*storage, &sample).await }));
        }
    }
    for task in tasks {
        task.await.unwrap()?;
    }
    assert_eq!(site.number(COUNT), 12);
    assert_eq!(site.number(IN_DEFAULT), 0);
    assert_eq!(site.number("SELECT count(*) FROM socorro.raw_crash"), 48);
    Ok(())
}

#[tokio::test]
async fn hostile_dates_make_no_partitions_without_bound() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "max_partitions": 3 })).await?;
    let far: Vec<_> = (2030..2100)
        .map(|year| CrashDate::new(year, 6, 1).unwrap())
        .collect();
    let old: Vec<_> = (2000..2020)
        .map(|year| CrashDate::new(year, 6, 1).unwrap())
        .collect();
    let mut all = of_days(3, &[far, old, vec![today(), tomorrow()]].concat());
    for sample in &all {
        save(&storage, sample).await?;
    }
    // Those of this year do not count as hostile: at most two more weeks.
    let count = site.number(COUNT);
    assert!((4..=5).contains(&count), "{count}");
    for sample in &all {
        expect(&storage, sample).await;
    }
    // Wherever they are, they are listed by day.
    all.sort_by_key(|sample| sample.id);
    let mut request = ListRequest::days(CrashDate::FIRST, CrashDate::LAST);
    request.limit = 7;
    let mut listed = Vec::new();
    let mut next = Some(request);
    while let Some(request) = next {
        let page = storage.list(&Context::new(), &request).await?;
        next = request.next(&page);
        listed.extend(page.ids);
    }
    let expected: Vec<_> = all.iter().map(|sample| sample.id.into()).collect();
    assert_eq!(listed, expected);
    for sample in &all {
        storage.delete(&cx(), &sample.id.into()).await?;
    }
    assert_eq!(site.number("SELECT count(*) FROM socorro.dump"), 0);
    Ok(())
}

#[tokio::test]
async fn what_waits_in_the_default_partition_moves_when_it_has_its_own() -> Result<()> {
    let site = Site::new().await;
    let near = site.storage(json!({ "partition_ahead": "1d" })).await?;
    let day = CrashDate::new(today().year() + 1, 7, 1).unwrap();
    let waiting = of_days(4, &[day, day, date("2097-01-01")]);
    for sample in &waiting {
        save(&near, sample).await?;
        near.save_processed_crash(&cx(), &sample.id, &sample.processed)
            .await?;
    }
    assert_eq!(site.number(IN_DEFAULT), 3);
    // As if the day had come.
    let far = site.storage(json!({ "partition_ahead": "1000d" })).await?;
    let other = of_days(5, &[day]);
    save(&far, &other[0]).await?;
    assert_eq!(site.number(IN_DEFAULT), 1);
    assert_eq!(site.number("SELECT count(*) FROM socorro.dump_default"), 2);
    for sample in waiting.iter().chain(&other) {
        expect(&near, sample).await;
    }
    // Saved again where it is now, not where it was.
    save(&near, &waiting[0]).await?;
    assert_eq!(site.number("SELECT count(*) FROM socorro.raw_crash"), 4);
    Ok(())
}

/// Somebody reads the default partition for hours: partitions cannot be made, and crashes are saved all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_cannot_be_made_now_keeps_no_crash_out() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "lock_timeout": "200ms" })).await?;
    let before = &samples(5, 1, today())[0];
    save(&storage, before).await?;
    let reader = site.hold("BEGIN; LOCK TABLE socorro.raw_crash_default IN ACCESS SHARE MODE");
    let sample = &of_days(6, &[date("2007-10-25")])[0];
    save(&storage, sample).await?;
    expect(&storage, sample).await;
    assert_eq!(site.number(IN_DEFAULT), 1);
    drop(reader);
    let other = &of_days(7, &[date("2007-10-25")])[0];
    save(&storage, other).await?;
    assert_eq!(site.number(IN_DEFAULT), 0);
    Ok(())
}

/// Somebody works on other days meanwhile: nobody waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn making_a_partition_waits_for_nobody_at_work_on_other_days() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({ "lock_timeout": "500ms" })).await?;
    let before = &samples(5, 1, today())[0];
    save(&storage, before).await?;
    let day = today();
    let work = format!(
        "BEGIN; UPDATE socorro.raw_crash SET revision = revision WHERE crash_date = '{day}';
         DELETE FROM socorro.dump WHERE crash_date = '{day}'"
    );
    let writer = site.hold(&work);
    let sample = &of_days(6, &[date("2007-10-25")])[0];
    save(&storage, sample).await?;
    assert_eq!(
        site.number("SELECT count(*) FROM socorro.raw_crash_20071022"),
        1
    );
    drop(writer);
    Ok(())
}

#[tokio::test]
async fn a_detached_partition_stays_detached() -> Result<()> {
    let site = Site::new().await;
    let sample = &of_days(6, &[date("2007-10-25")])[0];
    save(&site.storage(json!({})).await?, sample).await?;
    site.sql("ALTER TABLE socorro.raw_crash DETACH PARTITION socorro.raw_crash_20071022");
    let storage = site.storage(json!({})).await?;
    let other = &of_days(7, &[date("2007-10-26")])[0];
    save(&storage, other).await?;
    expect(&storage, other).await;
    assert_eq!(
        site.number("SELECT count(*) FROM socorro.raw_crash_20071022"),
        1
    );
    Ok(())
}
