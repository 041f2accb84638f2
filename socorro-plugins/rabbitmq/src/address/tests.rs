use proptest::prelude::*;

use super::Address;

fn parsed(url: &str) -> (bool, String, String, u16, String) {
    let address = Address::parse(url).expect(url);
    (
        address.tls,
        address.user,
        address.host,
        address.port,
        address.vhost,
    )
}

#[test]
fn urls_read_as_written() {
    for (url, tls, user, host, port, vhost) in [
        ("amqp://localhost", false, "guest", "localhost", 5672, "/"),
        ("amqp://localhost/", false, "guest", "localhost", 5672, "/"),
        ("amqps://a.b-c", true, "guest", "a.b-c", 5671, "/"),
        (
            "amqp://me@127.0.0.1:25000/crash",
            false,
            "me",
            "127.0.0.1",
            25000,
            "crash",
        ),
        ("amqp://me%40home@h/%2F", false, "me@home", "h", 5672, "/"),
        (
            "amqp://h/a%20b%C3%A9",
            false,
            "guest",
            "h",
            5672,
            "a b\u{e9}",
        ),
        ("amqps://[::1]:7/v", true, "guest", "::1", 7, "v"),
        ("amqp://[fe80::1]", false, "guest", "fe80::1", 5672, "/"),
    ] {
        let expected = (
            tls,
            user.to_owned(),
            host.to_owned(),
            port,
            vhost.to_owned(),
        );
        assert_eq!(parsed(url), expected, "{url}");
    }
}

#[test]
fn others_are_refused_and_no_password_is_shown() {
    for (url, why) in [
        ("", "amqp://"),
        ("localhost:5672", "amqp://"),
        ("http://localhost", "amqp://"),
        ("amqp://", "host"),
        ("amqp://u@", "host"),
        ("amqp://:5672", "host"),
        ("amqp://h h", "host"),
        ("amqp://h:0", "port"),
        ("amqp://h:65536", "port"),
        ("amqp://h:+1", "port"),
        ("amqp://h:", "port"),
        ("amqp://[::1", "no ]"),
        ("amqp://[::1]5", "only a port"),
        ("amqp://[h]", "no IPv6"),
        ("amqp://h/a/b", "%2F"),
        ("amqp://h/%", "percent"),
        ("amqp://h/%FF", "percent"),
        ("amqp://h/v?heartbeat=3", "query"),
        ("amqp://u:hunter2@h", "password"),
        ("amqp://u:hunter2/x@h", ""),
    ] {
        let error = Address::parse(url).expect_err(url).to_string();
        assert!(error.contains(why), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(tls: bool, host in "[a-z][a-z0-9.-]{0,10}", port in 1_u16.., vhost in "\\PC{1,12}") {
        let address = Address { tls, user: "guest".to_owned(), host, port, vhost };
        prop_assert_eq!(Address::parse(&address.to_string()).ok(), Some(address));
    }

    #[test]
    fn any_text_reads_or_is_refused(text in "\\PC*", rest in "[a-z0-9@:/%\\[\\].]{0,20}") {
        let _ = Address::parse(&text);
        let _ = Address::parse(&format!("amqp://{rest}"));
    }
}
