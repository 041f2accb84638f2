use std::time::Duration;

use proptest::prelude::*;

use super::{ByteSize, HumanDuration, Secret};

#[test]
fn durations_read_as_written() {
    for (text, millis, shown) in [
        ("250ms", 250, "250ms"),
        ("30s", 30_000, "30s"),
        ("5min", 300_000, "5min"),
        ("5m", 300_000, "5min"),
        ("12h", 43_200_000, "12h"),
        ("7d", 604_800_000, "7d"),
        ("1h30min", 5_400_000, "90min"),
        (" 1h 30 s ", 3_630_000, "3630s"),
        ("90s", 90_000, "90s"),
        ("60s", 60_000, "1min"),
        ("0s", 0, "0s"),
        ("0d", 0, "0s"),
        ("1500ms", 1500, "1500ms"),
    ] {
        let duration: HumanDuration = text.parse().expect(text);
        assert_eq!(duration.0, Duration::from_millis(millis), "{text}");
        assert_eq!(duration.to_string(), shown, "{text}");
    }
}

#[test]
fn a_duration_has_a_unit_and_fits() {
    for text in [
        "",
        " ",
        "30",
        "s",
        "-1s",
        "1.5s",
        "30 seconds",
        "30S",
        "1us",
        "1h30",
        "99999999999999999999s",
        "18446744073709551615s",
        "18446744073709551615ms1ms",
    ] {
        let why = text.parse::<HumanDuration>().expect_err(text);
        assert!(why.contains("\"30s\""), "{why}");
    }
}

#[test]
fn sizes_read_as_written() {
    for (text, bytes, shown) in [
        ("512B", 512, "512B"),
        ("64KiB", 65_536, "64KiB"),
        ("20MiB", 20_971_520, "20MiB"),
        ("20mib", 20_971_520, "20MiB"),
        ("1 GiB", 1 << 30, "1GiB"),
        ("1024GiB", 1 << 40, "1TiB"),
        ("20MB", 20_000_000, "20000000B"),
        ("1kB", 1000, "1000B"),
        ("0B", 0, "0B"),
        ("18446744073709551615B", u64::MAX, "18446744073709551615B"),
    ] {
        let size: ByteSize = text.parse().expect(text);
        assert_eq!(size.0, bytes, "{text}");
        assert_eq!(size.to_string(), shown, "{text}");
    }
}

#[test]
fn a_size_has_a_unit_and_fits() {
    for text in [
        "",
        "20",
        "MiB",
        "-1B",
        "1.5MiB",
        "1PiB",
        "1MiB2KiB",
        "18446744073709551616B",
        "16777216TiB",
    ] {
        let why = text.parse::<ByteSize>().expect_err(text);
        assert!(why.contains("\"20MiB\""), "{why}");
    }
}

#[test]
fn a_secret_is_never_shown() {
    let secret: Secret = serde_json::from_str("\"hunter2\"").expect("a secret");
    assert_eq!(secret.expose(), "hunter2");
    assert!(!format!("{secret:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn durations_read_back(millis: u64) {
        for millis in [millis, millis / 1000 * 1000, millis % 10_000_000] {
            let duration = HumanDuration(Duration::from_millis(millis));
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
            let json = serde_json::to_string(&duration).expect("it serializes");
            prop_assert_eq!(serde_json::from_str::<HumanDuration>(&json).ok(), Some(duration));
        }
    }

    #[test]
    fn sizes_read_back(size: u64, shift in 0u32..64) {
        for bytes in [size, size << shift, 1 << shift] {
            let size = ByteSize(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
            let json = serde_json::to_string(&size).expect("it serializes");
            prop_assert_eq!(serde_json::from_str::<ByteSize>(&json).ok(), Some(size));
        }
    }

    #[test]
    fn parts_add_up(hours in 0u64..1000, seconds in 0u64..100_000, millis in 0u64..100_000) {
        let text = format!("{hours}h{seconds}s{millis}ms");
        let expected = Duration::from_millis((hours * 3600 + seconds) * 1000 + millis);
        prop_assert_eq!(text.parse(), Ok(HumanDuration(expected)));
    }

    #[test]
    fn any_text_reads_or_is_refused(text in prop_oneof![any::<String>(), "[0-9]{0,21}[a-zA-Z ]{0,4}"]) {
        let _ = text.parse::<HumanDuration>();
        let _ = text.parse::<ByteSize>();
    }
}

mod tls {
    use std::path::Path;

    use crate::options::Tls;

    fn with(certificate: Option<&Path>, key: Option<&Path>) -> Tls {
        Tls {
            ca_file: None,
            certificate_file: certificate.map(Into::into),
            key_file: key.map(Into::into),
        }
    }

    #[test]
    fn nothing_is_read_when_nothing_is_given() {
        assert_eq!(Tls::default().ca().unwrap(), None);
        assert!(Tls::default().identity().unwrap().is_none());
    }

    #[test]
    fn files_are_read_and_half_an_identity_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.pem");
        std::fs::write(&file, "-----BEGIN").unwrap();
        let ca = Tls {
            ca_file: Some(file.clone()),
            ..Tls::default()
        };
        assert_eq!(ca.ca().unwrap().unwrap(), b"-----BEGIN");
        let identity = with(Some(&file), Some(&file)).identity().unwrap().unwrap();
        assert_eq!(identity.key, b"-----BEGIN");
        assert!(!format!("{identity:?}").contains("45"), "no key in Debug");
        let error = with(Some(&file), None).identity().unwrap_err();
        assert_eq!(
            error.message(),
            "tls.certificate_file is given without tls.key_file; give both or neither"
        );
        let error = with(None, Some(&file)).identity().unwrap_err();
        assert!(error.message().contains("tls.certificate_file"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_or_too_large_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("none.pem");
        let tls = Tls {
            ca_file: Some(path.clone()),
            ..Tls::default()
        };
        let error = tls.ca().unwrap_err();
        assert!(error.message().contains("none.pem"), "{error}");
        std::fs::File::create(&path)
            .unwrap()
            .set_len(5 << 20)
            .unwrap();
        let error = tls.ca().unwrap_err();
        assert!(error.message().contains("4 MiB"), "{error}");
    }
}
