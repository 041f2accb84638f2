use super::Options;

fn parse(arguments: &[&str]) -> anyhow::Result<Option<Options>> {
    Options::parse(arguments.iter().map(|&argument| argument.to_owned()))
}

#[test]
fn nothing_is_measured_unless_asked() {
    assert_eq!(parse(&[]).ok(), Some(None));
    assert_eq!(parse(&["--test"]).ok(), Some(None));
}

#[test]
fn numbers_are_read() {
    let wanted = Options {
        seed: 7,
        rounds: Some(3),
        crashes: Some(500),
        plugins: Some("built".into()),
    };
    // cargo appends `--bench`.
    let parsed = parse(&[
        "--seed",
        "7",
        "--rounds",
        "3",
        "--crashes",
        "500",
        "--plugins",
        "built",
        "--bench",
    ]);
    assert_eq!(parsed.ok(), Some(Some(wanted)));
}

#[test]
fn what_is_no_number_is_refused() {
    assert!(parse(&["--bench", "--seed", "x"]).is_err());
    assert!(parse(&["--bench", "--what"]).is_err());
}
