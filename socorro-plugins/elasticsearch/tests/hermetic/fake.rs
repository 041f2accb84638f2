//! A server that answers as a test says: one thread of HTTP/1.1 a connection, nothing else.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use socorro_core::crash::{CrashDate, CrashId, Limits, ProcessedCrash};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::{Context, Result};
use socorro_plugin_elasticsearch::{Config, ElasticsearchStorage};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// One document of a bulk request.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) action: String,
    pub(crate) index: String,
    pub(crate) id: String,
    pub(crate) document: Value,
}

/// What the server does with a request.
pub(crate) enum Reply {
    Json(u16, Value),
    /// With one header more.
    Header(u16, &'static str, Value),
    /// Breaks the connection.
    Cut,
    /// Says nothing, ever.
    Hang,
    /// Sends chunks of zeros until so many bytes, or the client hangs up.
    Endless(usize),
    /// Answers when the gate opens.
    Gate(Arc<Notify>, Value),
}

type Answers = dyn Fn(&str, &str, &[Op]) -> Option<Reply> + Send + Sync;

/// A running server, and what it was asked.
pub(crate) struct Fake {
    pub(crate) url: String,
    asked: Arc<Asked>,
}

struct Asked {
    answers: Box<Answers>,
    requests: Mutex<Vec<(String, Vec<Op>)>>,
    came: Notify,
}

impl Fake {
    /// `answers` is asked with method, path without query, and documents; what it does not answer succeeds.
    pub(crate) async fn new(
        answers: impl Fn(&str, &str, &[Op]) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Asked {
            answers: Box::new(answers),
            requests: Mutex::default(),
            came: Notify::new(),
        });
        let of_task = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let asked = Arc::clone(&of_task);
                // The client closing the connection is the end of it.
                tokio::spawn(async move { asked.serve(stream).await.ok() });
            }
        });
        Self { url, asked }
    }

    /// Only bulk requests are scripted.
    pub(crate) async fn bulk(
        answers: impl Fn(&[Op]) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |_, path, ops| (path == "/_bulk").then(|| answers(ops)).flatten()).await
    }

    /// Method and path of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.asked
            .requests
            .lock()
            .unwrap()
            .iter()
            .map(|(line, _)| line.clone())
            .collect()
    }

    /// The documents of every bulk request so far.
    pub(crate) fn batches(&self) -> Vec<Vec<Op>> {
        let requests = self.asked.requests.lock().unwrap();
        requests
            .iter()
            .filter(|(line, _)| line == "POST /_bulk")
            .map(|(_, ops)| ops.clone())
            .collect()
    }

    /// Waits until so many bulk requests came.
    pub(crate) async fn came(&self, batches: usize) {
        loop {
            let next = self.asked.came.notified();
            if self.batches().len() >= batches {
                return;
            }
            next.await;
        }
    }

    pub(crate) async fn storage(&self, more: Value) -> Result<ElasticsearchStorage> {
        open(json!([self.url]), more).await
    }
}

pub(crate) async fn open(urls: Value, more: Value) -> Result<ElasticsearchStorage> {
    let mut options = json!({ "urls": urls, "request_timeout": "20s" });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let config: Config = serde_json::from_value(options).unwrap();
    ElasticsearchStorage::open(
        config,
        &OpenContext {
            name: "search".to_owned(),
        },
    )
    .await
}

impl Asked {
    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut first = String::new();
            if stream.read_line(&mut first).await? == 0 {
                return Ok(());
            }
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await?;
                if line.trim().is_empty() {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            let mut words = first.split(' ');
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let path = path.split('?').next().unwrap();
            let ops = if path == "/_bulk" {
                read_bulk(&body)
            } else {
                Vec::new()
            };
            let reply = (self.answers)(method, path, &ops);
            self.requests
                .lock()
                .unwrap()
                .push((format!("{method} {path}"), ops.clone()));
            self.came.notify_waiters();
            let reply = reply.unwrap_or_else(|| success(method, path, &ops));
            if !send(&mut stream, reply).await? {
                return Ok(());
            }
        }
    }
}

/// What a server does that has nothing against it.
fn success(method: &str, path: &str, ops: &[Op]) -> Reply {
    match (method, path) {
        ("POST", "/_bulk") => Reply::Json(200, items(ops, |_| (201, None))),
        ("GET", _) => Reply::Json(404, json!({ "found": false })),
        _ => Reply::Json(200, json!({ "acknowledged": true })),
    }
}

/// The answer to a bulk request: status and error of each document.
pub(crate) fn items(ops: &[Op], outcome: impl Fn(&Op) -> (u16, Option<Value>)) -> Value {
    let items: Vec<Value> = ops
        .iter()
        .map(|op| {
            let (status, error) = outcome(op);
            let mut item = json!({ "_id": op.id, "status": status });
            if let Some(error) = error {
                item["error"] = error;
            }
            Value::Object(Map::from_iter([(op.action.clone(), item)]))
        })
        .collect();
    json!({ "items": items })
}

fn read_bulk(body: &[u8]) -> Vec<Op> {
    let mut lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let mut ops = Vec::new();
    while let Some(line) = lines.next() {
        let line: Value = serde_json::from_slice(line).unwrap();
        let (action, target) = line.as_object().unwrap().iter().next().unwrap();
        let document = match action.as_str() {
            "index" => serde_json::from_slice(lines.next().unwrap()).unwrap(),
            _ => Value::Null,
        };
        let text = |name: &str| target[name].as_str().unwrap().to_owned();
        ops.push(Op {
            action: action.clone(),
            index: text("_index"),
            id: text("_id"),
            document,
        });
    }
    ops
}

/// `false` when the connection is over.
async fn send(stream: &mut BufReader<TcpStream>, reply: Reply) -> std::io::Result<bool> {
    let (status, header, body) = match reply {
        Reply::Json(status, body) => (status, "x-test: 1", body),
        Reply::Header(status, header, body) => (status, header, body),
        Reply::Cut => return Ok(false),
        Reply::Hang => std::future::pending().await,
        Reply::Gate(gate, body) => {
            gate.notified().await;
            (200, "x-test: 1", body)
        }
        Reply::Endless(most) => return endless(stream, most).await,
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n{header}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    Ok(true)
}

async fn endless(stream: &mut BufReader<TcpStream>, most: usize) -> std::io::Result<bool> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    let chunk = format!("10000\r\n{}\r\n", "0".repeat(1 << 16));
    for _ in 0..most >> 16 {
        stream.write_all(chunk.as_bytes()).await?;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}

/// The id of this number, of a day in week 43 of 2007.
pub(crate) fn id(number: u8) -> CrashId {
    CrashId::new(CrashDate::new(2007, 10, 25).unwrap(), [number; 16])
}

pub(crate) fn crash(text: &str) -> ProcessedCrash {
    ProcessedCrash::new(text.to_owned(), &Limits::default()).unwrap()
}

pub(crate) fn cx() -> Context {
    Context::new()
}
