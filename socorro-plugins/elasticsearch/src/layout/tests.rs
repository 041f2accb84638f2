use proptest::prelude::*;
use socorro_core::ErrorKind;
use socorro_core::crash::CrashDate;

use super::IndexTemplate;

fn day(text: &str) -> CrashDate {
    text.parse().unwrap()
}

fn weeks() -> IndexTemplate {
    IndexTemplate::parse("socorro%Y%W").unwrap()
}

/// From Python: `date(y, m, d).strftime("%Y%W")`.
#[test]
fn weeks_are_pythons() {
    for (date, expected) in [
        ("2007-10-25", "socorro200743"),
        ("2016-09-18", "socorro201637"),
        ("2016-09-19", "socorro201638"),
        ("2017-01-01", "socorro201700"),
        ("2017-01-02", "socorro201701"),
        ("2018-01-01", "socorro201801"),
        ("2018-12-31", "socorro201853"),
        ("2019-01-06", "socorro201900"),
        ("2000-01-01", "socorro200000"),
        ("2099-12-31", "socorro209952"),
        ("2024-02-29", "socorro202409"),
        ("2028-12-31", "socorro202852"),
        ("2035-12-31", "socorro203553"),
    ] {
        assert_eq!(weeks().name(day(date)), expected, "{date}");
    }
}

#[test]
fn a_name_says_its_days() {
    let span = |template: &str, name: &str| {
        let template = IndexTemplate::parse(template).unwrap();
        template
            .days(name)
            .map(|(first, last)| format!("{first} {last}"))
    };
    let weeks = |name: &str| span("socorro%Y%W", name);
    assert_eq!(
        weeks("socorro201638").as_deref(),
        Some("2016-09-19 2016-09-25")
    );
    assert_eq!(
        weeks("socorro201700").as_deref(),
        Some("2017-01-01 2017-01-01")
    );
    assert_eq!(
        weeks("socorro201853").as_deref(),
        Some("2018-12-31 2018-12-31")
    );
    assert_eq!(weeks("socorro201800"), None, "2018 begins on a Monday");
    assert_eq!(
        span("a-%Y.%m", "a-2024.02").as_deref(),
        Some("2024-02-01 2024-02-29")
    );
    assert_eq!(
        span("a%Y-%m-%d", "a2024-02-29").as_deref(),
        Some("2024-02-29 2024-02-29")
    );
    assert_eq!(
        span("a%W-%Y", "a01-2018").as_deref(),
        Some("2018-01-01 2018-01-07")
    );
}

#[test]
fn other_names_are_others() {
    for name in [
        "socorro",
        "socorro2016",
        "socorro2016381",
        "socorro201638-old",
        "socorro-201638",
        "socorro201699",
        "socorro199938",
        "socorro210001",
        "Socorro201638",
        "xsocorro201638",
        "socorro20163８",
        "",
        "socorro20é38",
    ] {
        assert_eq!(weeks().days(name), None, "{name}");
    }
}

#[test]
fn patterns_and_template_names() {
    let of = |text| {
        let template = IndexTemplate::parse(text).unwrap();
        (template.pattern(), template.template_name())
    };
    assert_eq!(of("socorro%Y%W"), ("socorro20*".into(), "socorro".into()));
    assert_eq!(of("a-%Y.%m.%d-x"), ("a-20*.*.*-x".into(), "a-x".into()));
}

#[test]
fn wrong_templates_are_refused() {
    for (text, why) in [
        ("", "begin"),
        ("%Y%W", "begin"),
        ("_a%Y", "letter"),
        ("socorro", "%Y"),
        ("socorro%W", "%Y"),
        ("socorro%Y%d", "%m"),
        ("Socorro%Y", "is no name"),
        ("soc/orro%Y", "is no name"),
        ("soc*%Y", "is no name"),
        ("a,b%Y", "is no name"),
        ("socorro%Y%U", "code"),
        ("socorro%Y%", "code"),
        ("socorro%%%Y", "code"),
        (&format!("{}%Y", "a".repeat(300)), "longer"),
    ] {
        let error = IndexTemplate::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{text}");
        assert!(error.message().contains(why), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn every_day_lies_in_its_index(year in 2000u16..2100, month in 1u8..13, day in 1u8..32, template in prop_oneof![
        Just("socorro%Y%W"), Just("a%Y%m"), Just("a%Y-%m-%d"), Just("a%W.%Y"), Just("a%Y"), Just("a%m%W%Y"),
    ]) {
        let Some(date) = CrashDate::new(year, month, day) else { return Ok(()) };
        let template = IndexTemplate::parse(template).unwrap();
        let name = template.name(date);
        let (first, last) = template.days(&name).unwrap();
        prop_assert!((first..=last).contains(&date));
        prop_assert_eq!(template.name(first), name.clone());
        prop_assert_eq!(template.name(last), name);
    }

    #[test]
    fn any_name_is_parsed_or_not(name in ".{0,20}", digits in "socorro[0-9]{0,8}") {
        let _ = weeks().days(&name);
        if let Some((first, last)) = weeks().days(&digits) {
            prop_assert_eq!(weeks().name(first), digits);
            prop_assert!(first <= last);
        }
    }
}
