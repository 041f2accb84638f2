use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use serde_json::json;
use socorro_core::config::Layers;
use socorro_core::crash::{
    CrashDate, CrashId, Dump, DumpName, Dumps, Limits, ProcessedCrash, RawCrash, StoredId,
};
use socorro_core::live::{Socorro, StorageHandle};
use socorro_core::storage::{ListPage, ListRequest};
use socorro_core::{Bytes, Error, ErrorKind};

use crate::arguments::{Crash, Ls, Put};
use crate::exit::Exit;
use crate::output::{bytes, json, line};

pub(super) async fn run(layers: Layers, command: Crash) -> Result<(), Exit> {
    let name = match &command {
        Crash::Put(Put { storage, .. }) | Crash::Ls(Ls { storage, .. }) => storage,
        Crash::Get { storage, .. }
        | Crash::Cat { storage, .. }
        | Crash::Rm { storage, .. }
        | Crash::Catalog { storage, .. } => storage,
    };
    let socorro = Socorro::builder(layers).only(name).start().await?;
    let outcome = match socorro.storage(name) {
        Ok(storage) => perform(&storage, socorro.limits(), &command).await,
        Err(error) => Err(error.into()),
    };
    // What was opened is flushed and closed, whatever the outcome.
    socorro.shutdown().await;
    outcome
}

async fn perform(storage: &StorageHandle, limits: Limits, command: &Crash) -> Result<(), Exit> {
    match command {
        Crash::Put(arguments) => put(storage, &limits, arguments).await,
        Crash::Get {
            id,
            out,
            unredacted,
            ..
        } => get(storage, id, out, *unredacted).await,
        Crash::Cat {
            id,
            part,
            unredacted,
            ..
        } => bytes(&part_of(storage, id, part, *unredacted).await?),
        Crash::Ls(arguments) => ls(storage, arguments).await,
        Crash::Rm { id, .. } => rm(storage, id).await,
        Crash::Catalog { id, json, .. } => catalog(storage, id, *json).await,
    }
}

async fn put(storage: &StorageHandle, limits: &Limits, arguments: &Put) -> Result<(), Exit> {
    let dumps = arguments.dump.iter().map(|(_, file)| file);
    let files = dumps.chain([&arguments.raw]).chain(&arguments.processed);
    if files.filter(|file| file.as_os_str() == "-").count() > 1 {
        return Err(Exit::usage(
            "`-` is given more than once; standard input can be read as one part only",
        ));
    }
    let id = match arguments.id {
        Some(id) => id,
        None => CrashId::random(CrashDate::of(SystemTime::now()))?,
    };
    let raw = RawCrash::new(read(&arguments.raw, limits)?, limits)
        .map_err(|error| error.for_crash(id))?;
    let mut dumps = Dumps::new();
    for (name, file) in &arguments.dump {
        let dump = if file.as_os_str() == "-" {
            Dump::Bytes(read(file, limits)?)
        } else {
            Dump::File(file.clone())
        };
        if dumps.insert(name.clone(), dump).is_some() {
            return Err(Exit::usage(format!("--dump {name}: given twice")));
        }
    }
    match &arguments.processed {
        None => storage.save_raw_crash(&id, &raw, &dumps).await?,
        Some(file) => {
            let processed = ProcessedCrash::new(read(file, limits)?, limits)
                .map_err(|error| error.for_crash(id))?;
            storage
                .save_raw_and_processed(&id, &raw, &dumps, &processed)
                .await?;
        }
    }
    line(format_args!("{id}"))
}

/// A file, or standard input for `-`; no more of it than a crash may have.
fn read(file: &Path, limits: &Limits) -> Result<Bytes, Exit> {
    let mut content = Vec::new();
    let bound = limits.crash_size.saturating_add(1);
    let done = if file.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(bound)
            .read_to_end(&mut content)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(bound).read_to_end(&mut content))
    };
    done.map_err(|error| Exit::failed(format!("cannot read {}: {error}", file.display())))?;
    Ok(content.into())
}

async fn get(
    storage: &StorageHandle,
    id: &StoredId,
    out: &Path,
    unredacted: bool,
) -> Result<(), Exit> {
    let catalog = storage.catalog(id).await?;
    if catalog.is_empty() {
        return Err(not_there(storage, id));
    }
    std::fs::create_dir_all(out)
        .map_err(|error| Exit::failed(format!("cannot make {}: {error}", out.display())))?;
    if catalog.has_raw_crash() {
        write(
            &out.join(format!("{id}.json")),
            storage.get_raw_crash(id).await?.as_bytes(),
        )?;
        for name in catalog.dump_names() {
            write(
                &out.join(format!("{name}.dump")),
                &storage.get_dump(id, name).await?,
            )?;
        }
    }
    if catalog.has_processed_crash() {
        let processed = part_of(storage, id, "processed", unredacted).await?;
        write(&out.join(format!("{id}.processed.json")), &processed)?;
    }
    Ok(())
}

fn write(file: &Path, content: &[u8]) -> Result<(), Exit> {
    std::fs::write(file, content)
        .map_err(|error| Exit::failed(format!("cannot write {}: {error}", file.display())))?;
    line(format_args!("{}", file.display()))
}

async fn part_of(
    storage: &StorageHandle,
    id: &StoredId,
    part: &str,
    unredacted: bool,
) -> Result<Bytes, Exit> {
    Ok(match part {
        "raw" => storage.get_raw_crash(id).await?.into_bytes(),
        "processed" if unredacted => storage
            .get_unredacted_processed_crash(id)
            .await?
            .into_bytes(),
        "processed" => storage.get_processed_crash(id).await?.into_bytes(),
        name => {
            let name = DumpName::try_from(name).map_err(|error| Exit::usage(error.to_string()))?;
            storage.get_dump(id, &name).await?
        }
    })
}

async fn ls(storage: &StorageHandle, arguments: &Ls) -> Result<(), Exit> {
    let today = CrashDate::of(SystemTime::now());
    let (from, to) = match (arguments.date, arguments.from, arguments.to) {
        (Some(day), _, _) => (day, day),
        (None, None, None) => (today, today),
        (None, from, to) => (from.unwrap_or(CrashDate::FIRST), to.unwrap_or(today)),
    };
    if from > to {
        return Err(Exit::usage(format!("--from {from} is after --to {to}")));
    }
    let mut next = Some(ListRequest::days(from, to));
    let mut all = Vec::new();
    while let Some(request) = next {
        let page: ListPage = storage.list(&request).await?;
        next = request.next(&page);
        if arguments.json {
            all.extend(page.ids);
            continue;
        }
        for id in &page.ids {
            line(format_args!("{id}"))?;
        }
    }
    if arguments.json {
        json(&json!(all))
    } else {
        Ok(())
    }
}

async fn rm(storage: &StorageHandle, id: &StoredId) -> Result<(), Exit> {
    if storage.catalog(id).await?.is_empty() {
        return Err(not_there(storage, id));
    }
    Ok(storage.delete(id).await?)
}

async fn catalog(storage: &StorageHandle, id: &StoredId, as_json: bool) -> Result<(), Exit> {
    let catalog = storage.catalog(id).await?;
    if catalog.is_empty() {
        return Err(not_there(storage, id));
    }
    if as_json {
        let parts = catalog
            .entries
            .iter()
            .map(|entry| json!({ "part": entry.part.to_string(), "size": entry.size }));
        return json(&parts.collect());
    }
    for entry in &catalog.entries {
        match entry.size {
            Some(size) => line(format_args!("{}\t{size}", entry.part))?,
            None => line(format_args!("{}", entry.part))?,
        }
    }
    Ok(())
}

fn not_there(storage: &StorageHandle, id: &StoredId) -> Exit {
    let error = Error::new(ErrorKind::NotFound, "nothing of this crash is there");
    error.at_storage(storage.name()).for_crash(id).into()
}
