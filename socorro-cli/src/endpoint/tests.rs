use std::net::SocketAddr;
use std::time::Duration;

use socorro_core::config::Layers;
use socorro_core::live::Socorro;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{BYTES, PEERS};
use super::*;

/// An endpoint of a program with nothing in it.
async fn open() -> (Socorro, Endpoint, SocketAddr) {
    let layers = Layers::new().set("control.metrics=127.0.0.1:0");
    let socorro = Socorro::start(layers).await.unwrap();
    let (listener, address) = listen(socorro.metrics_address().unwrap()).await.unwrap();
    let ending = CancellationToken::new();
    let answers = Answers::new(socorro.clone(), Recorder::detached(), ending.clone());
    let serving = tokio::spawn(server::serve(listener, answers));
    (socorro, Endpoint { serving, ending }, address)
}

/// What is answered to these bytes, to the end of the connection.
async fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // What is refused early is not read to its end.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn get(address: SocketAddr, path: &str) -> String {
    send(
        address,
        format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes(),
    )
    .await
}

#[tokio::test]
async fn it_is_ready_until_it_ends() {
    let (socorro, endpoint, address) = open().await;
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    let ready = get(address, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.contains("\"ready\":true") && ready.contains("\"generation\":1"));
    let metrics = get(address, "/metrics").await;
    let hash = socorro.last_report().configuration;
    assert!(
        metrics.contains(&format!("{{configuration=\"{hash}\"}} 1")),
        "{metrics}"
    );
    endpoint.ending();
    let ready = get(address, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    socorro.shutdown().await;
    assert!(get(address, "/readyz").await.contains("\"generation\":0"));
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let (socorro, _endpoint, address) = open().await;
    assert!(get(address, "/").await.starts_with("HTTP/1.1 404"));
    let post = send(
        address,
        b"POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n",
    );
    let post = post.await;
    assert!(
        post.starts_with("HTTP/1.1 405") && post.contains("allow: GET, HEAD"),
        "{post}"
    );
    assert!(
        send(address, b"\xff\xfe\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 400")
    );
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(2 * BYTES));
    assert!(
        send(address, long.as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    );
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(65));
    assert!(
        send(address, many.as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    );
    let twice = send(
        address,
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    );
    assert_eq!(
        twice.await.matches("HTTP/1.1").count(),
        1,
        "one answer a connection"
    );
    socorro.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn silent_peers_make_room_after_a_while() {
    let (socorro, _endpoint, address) = open().await;
    let mut silent = Vec::new();
    for _ in 0..PEERS {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    // Time only moves on when there is nothing else to do; the last of these is let in when the others are out.
    let answer = tokio::time::timeout(Duration::from_secs(60), get(address, "/healthz")).await;
    assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
    socorro.shutdown().await;
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let layers = Layers::new().set(format!("control.metrics={address}"));
    let socorro = Socorro::start(layers).await.unwrap();
    let refused = Endpoint::open(&socorro, Recorder::detached()).await;
    let Err(exit) = refused else {
        panic!("opened twice")
    };
    let exit = format!("{exit:?}");
    assert!(
        exit.contains("control.metrics") && exit.contains(&address.to_string()),
        "{exit}"
    );
    socorro.shutdown().await;
}
