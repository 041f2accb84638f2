use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use super::*;

/// A server that sends back what it gets.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

fn say(mut stream: &TcpStream, text: &str) -> io::Result<String> {
    stream.write_all(text.as_bytes())?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8(answer).unwrap())
}

#[test]
fn bytes_pass_and_so_does_their_end() {
    let proxy = Proxy::to(echo()).unwrap();
    let mut stream = connect(&proxy);
    let sent: Vec<u8> = (0..3_000_000_u32).map(|byte| byte as u8).collect();
    let copy = sent.clone();
    let writer = {
        let mut stream = stream.try_clone().unwrap();
        thread::spawn(move || {
            stream.write_all(&copy).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        })
    };
    let mut got = Vec::new();
    stream.read_to_end(&mut got).unwrap();
    writer.join().unwrap();
    assert!(got == sent);
}

#[test]
fn cut_resets_what_there_is_and_lets_new_connections_pass() {
    let proxy = Proxy::to(echo()).unwrap();
    let (one, two) = (connect(&proxy), connect(&proxy));
    say(&one, "hello").unwrap();
    say(&two, "hello").unwrap();
    assert_eq!(proxy.connections(), 2);
    proxy.cut();
    assert_eq!(proxy.connections(), 0);
    for stream in [one, two] {
        let error = (&stream).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(say(&connect(&proxy), "again").unwrap(), "again");
}

#[test]
fn cut_does_not_wait_for_a_client_that_does_not_read() {
    let proxy = Proxy::to(echo()).unwrap();
    let mut stream = connect(&proxy);
    stream
        .set_write_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    // Until every buffer on the way there and back is full.
    while stream.write(&[7; 65536]).is_ok() {}
    proxy.cut();
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn refused_connections_are_refused_and_the_others_stay() {
    let proxy = Proxy::to(echo()).unwrap();
    let stream = connect(&proxy);
    say(&stream, "before").unwrap();
    proxy.refuse();
    let error = TcpStream::connect(proxy.address()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(say(&stream, "during").unwrap(), "during");
    proxy.refuse();
    proxy.allow().unwrap();
    assert_eq!(say(&connect(&proxy), "after").unwrap(), "after");
}

#[test]
fn stalled_bytes_pass_later() {
    let proxy = Proxy::to(echo()).unwrap();
    let stream = connect(&proxy);
    say(&stream, "before").unwrap();
    proxy.stall();
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    (&stream).write_all(b"during").unwrap();
    let error = (&stream).read(&mut [0]).unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    proxy.flow();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut answer = [0; 6];
    (&stream).read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"during");
}

#[test]
fn a_stalled_connection_can_be_cut() {
    let proxy = Proxy::to(echo()).unwrap();
    let stream = connect(&proxy);
    say(&stream, "before").unwrap();
    proxy.stall();
    (&stream).write_all(b"lost").unwrap();
    proxy.cut();
    let error = (&stream).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn cut_after_counts_from_the_call_and_happens_once() {
    for direction in [Direction::ToServer, Direction::FromServer] {
        let proxy = Proxy::to(echo()).unwrap();
        let stream = connect(&proxy);
        say(&stream, "does not count").unwrap();
        proxy.cut_after(direction, 10);
        assert_eq!(say(&stream, "12345").unwrap(), "12345");
        assert_eq!(say(&stream, "67890").unwrap(), "67890");
        let error = say(&stream, "1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{direction:?}");
        let stream = connect(&proxy);
        assert_eq!(say(&stream, "12345678901234567890").unwrap().len(), 20);
    }
}

#[test]
fn stall_after_lets_exactly_so_many_bytes_pass_and_happens_once() {
    for direction in [Direction::ToServer, Direction::FromServer] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::to(listener.local_addr().unwrap()).unwrap();
        let client = connect(&proxy);
        let (server, _) = listener.accept().unwrap();
        let (mut from, mut to) = match direction {
            Direction::ToServer => (&client, &server),
            Direction::FromServer => (&server, &client),
        };
        let patience = |seconds| {
            for stream in [&client, &server] {
                let limit = Some(Duration::from_secs_f64(seconds));
                stream.set_read_timeout(limit).unwrap();
            }
        };
        let read = |mut stream: &TcpStream, length: usize| {
            let mut bytes = vec![0; length];
            stream.read_exact(&mut bytes).unwrap();
            bytes
        };
        patience(20.0);
        from.write_all(b"does not count").unwrap();
        read(to, 14);
        proxy.stall_after(direction, 10);
        from.write_all(b"12345").unwrap();
        assert_eq!(read(to, 5), b"12345");
        from.write_all(b"67890later").unwrap();
        assert_eq!(read(to, 5), b"67890", "{direction:?}");
        // The rest is on its way to the proxy still, or has set the trap off.
        while !proxy.shared.faults().stalled {
            thread::yield_now();
        }
        to.write_all(b"back").unwrap();
        patience(0.1);
        for mut stream in [&client, &server] {
            let error = stream.read(&mut [0]).unwrap_err();
            assert!(matches!(
                error.kind(),
                ErrorKind::WouldBlock | ErrorKind::TimedOut
            ));
        }
        patience(20.0);
        proxy.flow();
        assert_eq!(read(to, 5), b"later");
        assert_eq!(read(from, 4), b"back");
        from.write_all(b"12345678901234567890").unwrap();
        assert_eq!(read(to, 20), b"12345678901234567890");
    }
}

#[test]
fn a_server_that_is_gone_ends_the_connection() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::to(gone.local_addr().unwrap()).unwrap();
    drop(gone);
    assert!(say(&connect(&proxy), "anybody?").is_err());
}
