//! Why the plugin's client is not the `elasticsearch` crate: what README.md says of it, shown. A test that fails
//! here says that the crate got better.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use elasticsearch::auth::Credentials;
use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use tokio::net::TcpSocket;

/// Takes one request and answers it; gives what it was asked.
fn server(answer: impl FnOnce(&mut dyn Write) + Send + 'static) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = String::new();
        // To its end: what is left unread makes the end of the connection a reset.
        let mut lines = BufReader::new(&stream);
        while !asked.ends_with("\r\n\r\n") {
            assert_ne!(lines.read_line(&mut asked).unwrap(), 0, "{asked}");
        }
        answer(&mut stream);
        asked
    });
    (url, task)
}

fn transport(url: &str) -> TransportBuilder {
    TransportBuilder::new(SingleNodeConnectionPool::new(url.parse().unwrap())).disable_proxy()
}

async fn get(
    transport: &Transport,
) -> Result<elasticsearch::http::response::Response, elasticsearch::Error> {
    let nothing: Option<&str> = None;
    transport
        .send(Method::Get, "/", HeaderMap::new(), nothing, nothing, None)
        .await
}

/// Servers of version 8 and OpenSearch take this; they refuse `compatible-with=9`.
#[tokio::test]
async fn it_sends_plain_json() {
    let (url, task) = server(|out| {
        out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            .unwrap()
    });
    get(&transport(&url).build().unwrap()).await.unwrap();
    let asked = task.join().unwrap().to_lowercase();
    assert!(asked.contains("accept: application/json\r\n"), "{asked}");
    assert!(!asked.contains("compatible-with"), "{asked}");
}

/// An answer in chunks has no length to refuse it by, and there is no reading a part of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reads_whatever_comes() {
    const SENT: usize = 64 << 20;
    let (url, task) = server(|out| {
        out.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .unwrap();
        let chunk = format!("100000\r\n{}\r\n", "0".repeat(1 << 20));
        for _ in 0..SENT >> 20 {
            out.write_all(chunk.as_bytes()).unwrap();
        }
        out.write_all(b"0\r\n\r\n").unwrap();
    });
    let answer = get(&transport(&url).build().unwrap()).await.unwrap();
    assert_eq!(answer.content_length(), None);
    assert_eq!(answer.bytes().await.unwrap().len(), SENT);
    task.join().unwrap();
}

/// Refused connections and lost answers are told apart by nothing that the error offers.
#[tokio::test]
async fn it_does_not_say_whether_anything_was_sent() {
    let (lost, task) = server(|_| {});
    let lost = get(&transport(&lost).build().unwrap()).await.unwrap_err();
    task.join().unwrap();
    // Bound to the end, so that nobody else listens there.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = socket.local_addr().unwrap();
    let refused = get(&transport(&format!("http://{nobody}")).build().unwrap())
        .await
        .unwrap_err();
    for error in [&lost, &refused] {
        assert_eq!(
            (error.status_code(), error.is_timeout(), error.is_json()),
            (None, false, false)
        );
    }
}

/// A file with a key ends in a line feed as a rule.
#[tokio::test]
#[should_panic(expected = "called `Result::unwrap()` on an `Err` value")]
async fn it_panics_on_a_key_with_a_line_feed() {
    let key = Credentials::EncodedApiKey("bGluZQ==\n".to_owned());
    let transport = transport("http://127.0.0.1:9").auth(key).build().unwrap();
    let _ = get(&transport).await;
}
