//! Dropping what is old, and nothing else.

use serde_json::json;
use socorro_core::Result;
use socorro_core::conformance::data::Maker;
use socorro_core::crash::CrashDate;
use socorro_core::storage::CrashStorage;

use crate::support::{Site, cx, expect, samples, save, today, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_partitions_are_dropped_and_young_ones_stay() -> Result<()> {
    let site = Site::new().await;
    let keeping = site
        .storage(json!({ "max_partitions": 3, "queue": "new" }))
        .await?;
    let mut maker = Maker::new(1);
    let mut old = Vec::new();
    for year in 2001..2012 {
        let sample = maker.sample(CrashDate::new(year, 3, 3).unwrap())?;
        save(&keeping, &sample).await?;
        keeping
            .save_processed_crash(&cx(), &sample.id, &sample.processed)
            .await?;
        old.push(sample);
    }
    let mut young = samples(2, 3, today());
    // Far ahead, so that it is in the default partition with old ones.
    young.push(maker.sample(CrashDate::new(2090, 1, 1).unwrap())?);
    for sample in &young {
        save(&keeping, sample).await?;
    }
    assert_eq!(
        site.number("SELECT count(*) FROM socorro.raw_crash_default"),
        9
    );

    // By the role that cannot drop tables.
    let dropping = site.storage(json!({ "retention": "30d" })).await?;
    let left = "SELECT (SELECT count(*) FROM socorro.raw_crash) + (SELECT count(*) FROM socorro.processed_crash)";
    until("old ones gone", || async { site.number(left) == 4 }).await;
    until("their places in the queue", || async {
        site.number("SELECT count(*) FROM socorro.new_crash") == 4
    })
    .await;
    for sample in &young {
        expect(&dropping, sample).await;
    }
    assert_eq!(site.number("SELECT count(*) FROM socorro.dump"), 8);
    let old_tables =
        "SELECT count(*) FROM pg_class WHERE relname ~ '_20(0|1[01])' AND relkind = 'r'";
    assert_eq!(site.number(old_tables), 0);
    // An old one that comes again is no error, whoever remembers its partition.
    save(&keeping, &old[0]).await?;
    expect(&keeping, &old[0]).await;
    Ok(())
}

/// The last day of a partition decides, and the day itself stays.
#[tokio::test]
async fn a_partition_goes_when_its_last_day_is_too_old() -> Result<()> {
    let site = Site::new().await;
    let storage = site.storage(json!({})).await?;
    let mut maker = Maker::new(3);
    // A Monday and the Sunday of the same week.
    for day in ["2015-06-15", "2015-06-21"] {
        save(&storage, &maker.sample(day.parse()?)?).await?;
    }
    for before in ["2015-06-15", "2015-06-16", "2015-06-21"] {
        let dropped = site.sql(&format!("SELECT socorro.drop_expired('{before}')"));
        assert_eq!(dropped, [["null"]], "{before}");
    }
    let dropped = site.sql("SELECT socorro.drop_expired('2015-06-22')");
    assert_eq!(dropped, [["the partitions of 20150615"]]);
    Ok(())
}
