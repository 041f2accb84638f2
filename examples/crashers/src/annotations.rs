//! `raw.json`: what a crash reporter says beside the minidump, all of it strings.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::ways::Way;

/// What the annotations of a crash are made from.
pub struct Crash<'a> {
    pub index: usize,
    pub way: Way,
    pub signal: &'a str,
    /// Annotations the process itself reported; they win.
    pub reported: &'a [(String, String)],
    pub browser: bool,
}

/// The raw crash as a JSON object, without an id: whoever uses it gives it one.
pub fn raw_crash(crash: &Crash) -> Vec<u8> {
    let now = OffsetDateTime::now_utc();
    let time = now.unix_timestamp();
    let uptime = 41 + 97 * crash.index as i64;
    let mut raw = Map::new();
    let mut add = |key: &str, value: String| raw.insert(key.into(), value.into());

    add("ProductName", "Firefox".into());
    add("ProductID", "{ec8030f7-c20a-464f-9b0e-13a3a9e97384}".into());
    add("Vendor", "Mozilla".into());
    add("Version", "154.0a1".into());
    add("BuildID", "20260803093021".into());
    add("ReleaseChannel", "nightly".into());
    add("ProcessType", crash.way.process_type().into());
    add("CrashTime", time.to_string());
    add("StartupTime", (time - uptime).to_string());
    add("UptimeTS", format!("{uptime}.25"));
    add("InstallTime", (time - 4 * 86_400).to_string());
    add(
        "SecondsSinceLastCrash",
        (3_600 + 61 * crash.index).to_string(),
    );
    add("SafeMode", "0".into());
    add(
        "URL",
        format!("https://example.org/caf%C3%A9/{}?q=tea", crash.index),
    );
    add(
        "Comments",
        "It went away while I was reading about a naïve café 💥".into(),
    );
    add(
        "Notes",
        format!("Made on purpose: {}.\nWR? WR+ EGL? EGL+ ", crash.way.name()),
    );
    add("crashing_signal", crash.signal.into());
    add("TelemetryEnvironment", telemetry_environment());
    add("submitted_timestamp", iso(now));
    if crash.browser {
        add("additional_minidumps", "browser".into());
    }
    for (key, value) in crash.reported {
        add(key, value.clone());
    }
    Value::Object(raw).to_string().into_bytes()
}

/// JSON in a string, as crash reporters send it.
fn telemetry_environment() -> String {
    json!({
        "build": {
            "applicationName": "Firefox", "architecture": std::env::consts::ARCH,
            "buildId": "20260803093021", "version": "154.0a1", "vendor": "Mozilla",
            "platformVersion": "154.0a1", "xpcomAbi": format!("{}-gcc3", std::env::consts::ARCH),
        },
        "partner": {"distributionId": null, "partnerNames": []},
        "system": {
            "memoryMB": 15_904, "cpu": {"count": 8, "cores": 4, "speedMHz": 2_400},
            "os": {"name": "Linux", "version": "6.12.0", "locale": "de-AT"},
            "gfx": {"adapters": [{"description": "llvmpipe \"software\"", "GPUActive": true}]},
        },
        "settings": {
            "e10sEnabled": true, "locale": "de", "telemetryEnabled": true,
            "update": {"channel": "nightly", "enabled": true},
        },
        "addons": {"activeAddons": {"dictionary@example.org": {"version": "3.1", "type": "locale"}}},
    })
    .to_string()
}

/// The time as collectors write it.
fn iso(time: OffsetDateTime) -> String {
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second, micro) = time.to_hms_micro();
    let month = u8::from(month);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}+00:00")
}
