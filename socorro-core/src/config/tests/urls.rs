use super::super::url::{has_password, mask_passwords};

#[test]
fn passwords_in_urls_are_found_and_masked() {
    for (text, masked) in [
        ("amqp://user:pw@host/x", "amqp://user:***@host/x"),
        ("redis://:pw@host", "redis://:***@host"),
        (
            "postgres://u:p@w@host:5432/db",
            "postgres://u:***@host:5432/db",
        ),
        ("postgres://u:p/w@host/db", "postgres://u:***@host/db"),
        (
            "http://a:b@x, http://c:d@y",
            "http://a:***@x, http://c:***@y",
        ),
    ] {
        assert!(has_password(text), "{text}");
        assert_eq!(mask_passwords(text), masked);
    }
}

#[test]
fn other_urls_are_left_alone() {
    for text in [
        "http://host:80/path@x",
        "http://user@host",
        "http://user:@host",
        "http://[::1]/x@y",
        "http://[::1]:80/x@y",
        "a:b@c",
        "://",
        "",
    ] {
        assert!(!has_password(text), "{text}");
        assert_eq!(mask_passwords(text), text);
    }
}
