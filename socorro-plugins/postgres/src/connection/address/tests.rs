use postgres::config::SslMode;
use socorro_core::ErrorKind;

use super::{endpoint, parse};

#[test]
fn a_url_says_where_and_who() {
    let config = parse("postgres://collector@db.example:5433/crashes?sslmode=require").unwrap();
    assert_eq!(config.get_user(), Some("collector"));
    assert_eq!(config.get_ssl_mode(), SslMode::Require);
    assert_eq!(endpoint(&config), "db.example:5433/crashes");
}

#[test]
fn several_hosts_and_a_default_port() {
    let config = parse("postgresql://me@one,two:5433/x?target_session_attrs=read-write").unwrap();
    assert_eq!(endpoint(&config), "one:5432,two:5433/x");
}

#[test]
fn the_database_is_named_like_the_user_unless_said() {
    assert_eq!(
        endpoint(&parse("postgres://me@localhost").unwrap()),
        "localhost:5432/me"
    );
}

#[test]
fn a_socket_directory() {
    let config = parse("postgres://me@%2Frun%2Fpostgresql/crashes").unwrap();
    assert_eq!(endpoint(&config), "/run/postgresql/crashes");
}

#[test]
fn names_in_any_script() {
    let config = parse("postgres://caf%C3%A9@localhost/%E5%90%8D%E5%89%8D").unwrap();
    assert_eq!(config.get_user(), Some("café"));
    assert_eq!(config.get_dbname(), Some("名前"));
}

#[test]
fn the_modes_that_verify_are_what_require_does_here() {
    for mode in ["verify-ca", "verify-full"] {
        let url = format!("postgres://me@h/x?application_name=a&sslmode={mode}");
        let config = parse(&url).unwrap();
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
        assert_eq!(config.get_application_name(), Some("a"));
    }
}

#[test]
fn what_is_no_url_is_refused_and_not_shown() {
    let cases = [
        ("", "no URL"),
        ("host=localhost user=me", "no URL"),
        ("mysql://me@h/x", "no URL"),
        ("postgres://me:hunter2@h/x", "password"),
        ("postgres://me@h/x?password=hunter2", "password"),
        ("postgres:///x", "no host"),
        ("postgres://h/x", "no user"),
        ("postgres://me@h/x?sslmode=sometimes", "cannot be read"),
        ("postgres://me@h:port/x", "cannot be read"),
        ("postgres://me@h/x?unknown=1", "cannot be read"),
    ];
    for (url, why) in cases {
        let error = parse(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{url}");
        assert!(error.message().contains(why), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
