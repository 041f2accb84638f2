//! The control socket, as a program on the other side sees it.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use socorro_core::ErrorKind;
use socorro_core::live::Socorro;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::support::File;

fn text(file: &File, tag: &str, revision: u32) -> String {
    format!(
        "[control]\nsocket = {:?}\n[storage.a]\ntype = \"scripted\"\ntag = \"{tag}\"\nrevision = {revision}\n",
        socket(file)
    )
}

fn socket(file: &File) -> PathBuf {
    file.beside("control.sock")
}

async fn started(file: &File, tag: &str) -> Socorro {
    file.edit(&text(file, tag, 1));
    file.builder().control().start().await.unwrap()
}

/// What is answered to these bytes.
async fn send(socket: &Path, bytes: &[u8]) -> Value {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    // What is refused early is not read to its end.
    let _ = stream.write_all(bytes).await;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap()
}

async fn ask(socket: &Path, request: Value) -> Value {
    send(socket, format!("{request}\n").as_bytes()).await
}

#[tokio::test]
async fn answers_status_reload_and_diff() {
    let file = File::new("");
    let socorro = started(&file, "control_answers").await;
    let socket = socket(&file);
    let status = ask(&socket, json!({ "command": "status" })).await;
    assert_eq!(status["ok"]["status"]["generation"], 1);
    assert_eq!(status["ok"]["status"]["in_sync"], true);
    assert_eq!(status["ok"]["status"]["pid"], std::process::id());

    file.edit(&text(&file, "control_answers", 2));
    let diff = ask(&socket, json!({ "command": "diff" })).await;
    assert_eq!(
        diff["ok"]["diff"]["changes"],
        json!({ "storage.a": "replace" })
    );
    assert_eq!(diff["ok"]["empty"], false);
    let plan = diff["ok"]["plan"].clone();
    let reload = json!({ "command": "reload", "wait": true, "expect": plan });
    let reloaded = ask(&socket, reload.clone()).await;
    assert_eq!(reloaded["ok"]["report"]["outcome"], "applied");
    assert_eq!(reloaded["ok"]["report"]["generation"], 2);
    let refused = ask(&socket, reload).await;
    assert_eq!(refused["ok"]["report"]["outcome"], "refused");

    file.edit("[storage.a]\ntype = \"nonsense\"");
    let diff = ask(&socket, json!({ "command": "diff" })).await;
    assert!(
        diff["ok"]["invalid"].as_str().unwrap().contains("nonsense"),
        "{diff}"
    );
    let asked = ask(&socket, json!({ "command": "reload" })).await;
    assert_eq!(asked, json!({ "ok": { "asked": true } }));
    let refused = ask(&socket, json!({ "command": "reload", "wait": true })).await;
    assert_eq!(refused["ok"]["report"]["in_sync"], false);
    socorro.shutdown().await;
}

#[tokio::test]
async fn several_requests_on_one_connection() {
    let file = File::new("");
    let socorro = started(&file, "control_several").await;
    let mut stream = UnixStream::connect(socket(&file)).await.unwrap();
    stream
        .write_all(b"{\"command\":\"status\"}\n{\"command\":\"diff\"}\n{\"command\":\"status\"}\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.lines().count(), 3, "{answers}");
    socorro.shutdown().await;
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let file = File::new("");
    let socorro = started(&file, "control_refused").await;
    for wrong in [
        &b"\n"[..],
        b"{}\n",
        b"{\"command\":\"explode\"}\n",
        b"{\"command\":\"status\",\"more\":1}\n",
        b"{\"command\":\"reload\",\"expect\":{\"version\":1}}\n",
        b"\xff\xfe\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let answer = send(&socket(&file), wrong).await;
        assert!(
            answer["error"].as_str().unwrap().contains("no request"),
            "{answer}"
        );
    }
    let long = vec![b' '; 1024 * 1024 + 2];
    let mut stream = UnixStream::connect(socket(&file)).await.unwrap();
    let (read, mut write) = stream.split();
    let (_, answer) = tokio::join!(write.write_all(&long), async {
        let mut line = String::new();
        // The rest of the request may break the connection before the answer comes.
        let _ = BufReader::new(read).read_line(&mut line).await;
        line
    });
    assert!(answer.is_empty() || answer.contains("at most"), "{answer}");
    assert_eq!(socorro.generation(), 1);
    socorro.shutdown().await;
}

#[tokio::test]
async fn only_its_user_may_and_it_goes_with_the_program() {
    let file = File::new("");
    let socket = socket(&file);
    let socorro = started(&file, "control_mode").await;
    let metadata = std::fs::symlink_metadata(&socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    socorro.shutdown().await;
    assert!(std::fs::symlink_metadata(&socket).is_err());
    // Nobody asked for it here.
    let quiet = file.start().await;
    assert!(std::fs::symlink_metadata(&socket).is_err());
    quiet.shutdown().await;
}

#[tokio::test]
async fn a_dead_one_is_replaced_a_live_one_and_a_file_are_not() {
    let file = File::new("");
    let socket = socket(&file);
    drop(UnixListener::bind(&socket).unwrap());
    assert!(std::fs::symlink_metadata(&socket).is_ok(), "left behind");
    let socorro = started(&file, "control_stale").await;
    let status = ask(&socket, json!({ "command": "status" })).await;
    assert_eq!(status["ok"]["status"]["generation"], 1);

    let refused = file.builder().control().start().await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("belongs to a program that runs"),
        "{refused}"
    );
    let status = ask(&socket, json!({ "command": "status" })).await;
    assert_eq!(status["ok"]["status"]["generation"], 1);
    socorro.shutdown().await;

    std::fs::write(&socket, "not to be lost").unwrap();
    let refused = file.builder().control().start().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.to_string().contains("no socket"), "{refused}");
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "not to be lost");
}

#[tokio::test]
async fn somebody_elses_file_in_its_place_stays() {
    let file = File::new("");
    let socket = socket(&file);
    let socorro = started(&file, "control_place").await;
    std::fs::remove_file(&socket).unwrap();
    std::fs::write(&socket, "another").unwrap();
    socorro.shutdown().await;
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "another");
}

#[tokio::test]
async fn a_silent_peer_keeps_nobody_from_ending() {
    let mut took = Vec::new();
    // A machine that stalls makes one of them slow; peers that are waited for make each of them slow.
    for _ in 0..5 {
        let file = File::new("");
        let socorro = started(&file, "control_silent").await;
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(UnixStream::connect(socket(&file)).await.unwrap());
        }
        let started = std::time::Instant::now();
        socorro.shutdown().await;
        took.push(started.elapsed());
        drop(silent);
        if took.last() < Some(&std::time::Duration::from_secs(3)) {
            return;
        }
    }
    panic!("{took:?}");
}

#[tokio::test]
async fn moving_it_takes_a_restart() {
    let file = File::new("");
    let socorro = started(&file, "control_moved").await;
    let moved = text(&file, "control_moved", 1).replace("control.sock", "other.sock");
    file.edit(&moved);
    let report = ask(&socket(&file), json!({ "command": "reload", "wait": true })).await;
    assert_eq!(report["ok"]["report"]["needs_restart"], true);
    assert_eq!(report["ok"]["report"]["plan"]["control"], "restart");
    assert!(!file.beside("other.sock").exists());
    socorro.shutdown().await;
}
