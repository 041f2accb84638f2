use serde_json::{Value, json};

use super::*;

fn schema() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {
        "url": { "type": "string" },
        "urls": { "type": "array", "items": { "type": "string" } },
        "password": { "type": ["string", "null"], "x-secret": true, "minLength": 5 },
        "dsn": { "type": "string", "x-secret": true },
    } })
}

fn a(options: &str) -> Result<Value, Vec<String>> {
    resolve(&format!("[storage.a]\ntype = \"x\"\n{options}"), &schema())
}

const PLAIN: &str = "a secret is not written in plain text; write { env = \"NAME\" }, { file = \"/path\" } or \
                     { credential = \"name\" }";

#[test]
fn secrets_are_references_and_only_secrets_are() {
    assert_eq!(
        a("password = { env = \"KEY\" }").unwrap(),
        json!({ "password": "hush-hush" })
    );
    for plain in [
        "password = \"hunter2\"",
        "password = 5",
        "password = [\"hunter2\"]",
    ] {
        assert_eq!(
            a(plain).unwrap_err(),
            [format!("storage.a.password: {PLAIN}")]
        );
    }
    assert_eq!(
        a("password = { env = \"A\", file = \"B\" }\ndsn = { vault = \"x\" }").unwrap_err(),
        [
            "storage.a.dsn: expected a reference with exactly one of env, file, credential, and a string there",
            "storage.a.password: expected a reference with exactly one of env, file, credential, and a string there",
        ]
    );
    assert_eq!(
        a("url = { env = \"KEY\" }").unwrap_err(),
        ["storage.a.url: a reference is only for secrets; write the value itself"]
    );
    assert_eq!(
        a("password = { env = \"NOWHERE\" }").unwrap_err(),
        ["storage.a.password: the environment variable NOWHERE is not set"]
    );
}

#[test]
fn a_secret_is_checked_without_being_shown() {
    let short = Vault(BTreeMap::from([("KEY", "abc")]));
    let configuration = read("[storage.a]\ntype = \"x\"\npassword = { env = \"KEY\" }").unwrap();
    let errors = configuration.storages["a"]
        .options
        .resolve(&schema(), &short)
        .unwrap_err();
    assert_eq!(
        errors.0[0].message,
        "expected at least 5 characters, found 3"
    );
}

#[test]
fn plain_text_in_a_variable_is_refused_too() {
    let layers = Layers::new().set("storage.a.type=x").environment(
        "SOCORRO",
        variables(&[("SOCORRO__STORAGE__A__PASSWORD", "hunter2")]),
    );
    let configuration = layers.load().unwrap().configuration().unwrap();
    let errors = configuration.storages["a"]
        .options
        .resolve(&schema(), &vault())
        .unwrap_err();
    assert_eq!(
        errors.to_string(),
        format!(
            "environment variable SOCORRO__STORAGE__A__PASSWORD: storage.a.password: {PLAIN}; set \
             SOCORRO__STORAGE__A__PASSWORD__ENV to the name of the variable that has it, or \
             SOCORRO__STORAGE__A__PASSWORD__FILE to a path"
        )
    );
}

#[test]
fn a_password_inside_a_url_is_refused_and_not_shown() {
    let why = "a URL here must not contain a password; use the option for it, with { env = … } or { file = … }";
    assert_eq!(
        a("url = \"amqp://me:hunter2@host\"\nurls = [\"http://ok\", \"http://a:b@x\"]")
            .unwrap_err(),
        [
            format!("storage.a.url: {why}"),
            format!("storage.a.urls[1]: {why}"),
        ]
    );
    assert_eq!(
        a("urls = \"amqp://me:hunter2@host\"").unwrap_err(),
        ["storage.a.urls: expected a list, found \"amqp://me:***@host\""]
    );
    // What is a secret as a whole may have one.
    let whole = Vault(BTreeMap::from([("DSN", "amqp://me:hunter2@host")]));
    let configuration = read("[storage.a]\ntype = \"x\"\ndsn = { env = \"DSN\" }").unwrap();
    assert!(
        configuration.storages["a"]
            .options
            .resolve(&schema(), &whole)
            .is_ok()
    );
}

#[test]
fn fingerprints_tell_options_and_secrets_apart() {
    let print = |options: &str, secrets: &Vault| {
        let text = format!("[storage.a]\ntype = \"x\"\n{options}");
        let configuration = read(&text).unwrap();
        let options = &configuration.storages["a"].options;
        options.resolve(&schema(), secrets).unwrap().fingerprint()
    };
    let options = "url = \"u\"\npassword = { env = \"KEY\" }";
    let first = print(options, &vault());
    assert_eq!(
        first,
        print("password.env = \"KEY\"\nurl = \"u\"", &vault())
    );
    assert_ne!(first, print(&options.replace("\"u\"", "\"v\""), &vault()));
    let rotated = Vault(BTreeMap::from([("KEY", "other-secret")]));
    assert_ne!(first, print(options, &rotated));
}

#[test]
fn resolved_options_do_not_show_themselves() {
    let configuration = read("[storage.a]\ntype = \"x\"\npassword = { env = \"KEY\" }").unwrap();
    let options = &configuration.storages["a"].options;
    let resolved = options.resolve(&schema(), &vault()).unwrap();
    assert_eq!(
        format!("{resolved:?} {options:?}"),
        "Resolved {\"password\": \"…\"}"
    );
}

#[test]
fn typing_leaves_references_alone() {
    let layers = Layers::new()
        .set("storage.a.type=x")
        .set("storage.a.password.env=NOWHERE")
        .set("storage.a.urls=[\"a\"]");
    let configuration = layers.load().unwrap().configuration().unwrap();
    let typed = configuration.storages["a"]
        .options
        .typed(&schema())
        .unwrap();
    assert_eq!(
        super::super::tree::table_to_json(typed.table()),
        json!({ "password": { "env": "NOWHERE" }, "urls": ["a"] })
    );
}

/// `dsn` does not sound like a secret, so only the schema tells, or a reference in another layer.
#[test]
fn plain_text_that_was_overridden_is_not_shown_either() {
    let plain = "[storage.a]\ntype = \"x\"\ndsn = \"hunter2\"";
    let files = Files::new(&[("a.toml", plain)]);
    for (flag, shown) in [
        ("storage.a.dsn=hunter3", "overrides *** of "),
        ("storage.a.dsn.env=NOWHERE", "overrides *** of "),
        (
            "storage.a.dsn={ env = \"OTHER\", file = \"x\" }",
            "overrides *** of ",
        ),
    ] {
        let document = files.layers("a.toml").set(flag).load().unwrap();
        let configuration = document.configuration().unwrap();
        let errors = configuration.storages["a"]
            .options
            .resolve(&schema(), &vault())
            .unwrap_err()
            .to_string();
        assert!(
            errors.contains(shown) && !errors.contains("hunter"),
            "{errors}"
        );
    }
    let document = files
        .layers("a.toml")
        .set("storage.a.dsn.env=OTHER")
        .load()
        .unwrap();
    let told = document.explain("storage.a.dsn").unwrap().to_string();
    assert!(
        told.contains("{ env = \"OTHER\" }") && !told.contains("hunter"),
        "{told}"
    );
    let again = Layers::new()
        .defaults(json!({ "storage": { "a": { "type": "x", "dsn": { "env": "OTHER" } } } }))
        .file(files.path("a.toml"))
        .load()
        .unwrap();
    let told = again.explain("storage.a.dsn").unwrap().to_string();
    assert!(
        told.contains("dsn = ***") && !told.contains("hunter"),
        "{told}"
    );
}

#[test]
fn a_form_that_is_no_secret_does_not_show_what_was_meant_as_one() {
    let schema = json!({ "properties": { "auth": {
        "anyOf": [{ "const": "none" }, { "type": "string", "x-secret": true }],
    } } });
    let errors = resolve("[storage.a]\ntype = \"x\"\nauth = \"hunter2\"", &schema).unwrap_err();
    assert_eq!(errors, [format!("storage.a.auth: {PLAIN}")]);
}

#[test]
fn what_a_plugin_says_of_its_options_has_no_secret_in_it() {
    let vault = Vault(BTreeMap::from([("KEY", "hunter\"2"), ("OTHER", "abc")]));
    let text = "[storage.a]\ntype = \"x\"\npassword = { env = \"KEY\" }\ndsn = { env = \"OTHER\" }";
    let configuration = read(text).unwrap();
    let options = &configuration.storages["a"].options;
    let resolved = options.resolve(&schema(), &vault).unwrap();
    let cause = std::io::Error::other("invalid type: string \"hunter\\\"2\"");
    let error =
        crate::Error::new(crate::ErrorKind::InvalidConfig, "got hunter\"2, abc").caused_by(&cause);
    assert_eq!(
        resolved.hide(error).to_string(),
        // What is so short would be found in any text.
        "got ***, abc: invalid type: string \"***\""
    );
}
