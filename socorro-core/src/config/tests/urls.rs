use super::super::url::{has_password, mask_passwords};
use super::*;

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
        ("amqp://user:pw@", "amqp://user:***@"),
        ("amqp://user:/pw@host", "amqp://user:***@host"),
        ("amqp://user:pw@/vhost", "amqp://user:***@/vhost"),
        ("amqp://user%3apw@host", "amqp://user%3a***@host"),
        ("amqp://user%3Apw@host", "amqp://user%3A***@host"),
        ("amqp://user:pw%40host/x", "amqp://user:***%40host/x"),
        ("amqp://user:p%40w@host", "amqp://user:***@host"),
        (
            "http://a:b@x, http://c:d@y",
            "http://a:***@x, http://c:***@y",
        ),
        (
            "postgres://h/db?user=me&password=pw&sslmode=require",
            "postgres://h/db?user=me&password=***&sslmode=require",
        ),
        (
            "postgres://u:a@h/db?sslpassword=b#c",
            "postgres://u:***@h/db?sslpassword=***#c",
        ),
        (
            "http://h/?API_KEY=abc;token=def",
            "http://h/?API_KEY=***;token=***",
        ),
        (
            "host=h user=me password=pw dbname=x",
            "host=h user=me password=*** dbname=x",
        ),
        ("http://u:password=b@h", "http://u:***"),
    ] {
        assert!(has_password(text), "{text}");
        assert_eq!(mask_passwords(text), masked);
    }
}

#[test]
fn other_urls_are_left_alone() {
    for text in [
        "http://host:80/path@x",
        "http://host:80/path%40x",
        "http://user@host",
        "http://user%40corp@host:80",
        "http://user:@host",
        "http://[::1]/x@y",
        "http://[::1]:80/x@y",
        "http://user@[::1]:80/x@y",
        "http://host/?password=&token",
        "http://host/?tokens=3&compass=north",
        "http://host/password/x=1",
        "a:b@c",
        "://",
        "=",
        "",
    ] {
        assert!(!has_password(text), "{text}");
        assert_eq!(mask_passwords(text), text);
    }
}

#[test]
fn options_of_core_take_no_password_in_a_url_either() {
    const URL: &str = "http://me:hunter2@host/x";
    for (text, key) in [
        (format!("[plugins]\npath = [{URL:?}]"), "plugins.path"),
        (format!("[plugins]\nstage = {URL:?}"), "plugins.stage"),
        (
            format!("[redaction]\nforbidden_keys = [\"a\", {URL:?}]"),
            "redaction.forbidden_keys",
        ),
        (
            format!("[storage.a]\ntype = \"x\"\nlibrary = {URL:?}"),
            "storage.a.library",
        ),
        (
            format!("[storage.a]\ntype = \"x\"\nuse = {URL:?}"),
            "storage.a.use",
        ),
        (
            format!("[storage.a]\ntype = \"fanout\"\nstores = [{URL:?}]"),
            "storage.a.stores",
        ),
    ] {
        let errors = document(&text).configuration().unwrap_err();
        let found = errors.iter().find(|error| error.key == key);
        assert_eq!(found.unwrap().class, Class::UrlPassword, "{errors}");
        assert!(!errors.to_string().contains("hunter2"), "{errors}");
    }
}
