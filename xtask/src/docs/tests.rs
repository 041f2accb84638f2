use super::*;

#[test]
fn the_pages_are_up_to_date() {
    run(&Arguments { check: true }).unwrap();
}

#[test]
fn every_table_is_on_a_page() {
    let pages: String = pages()
        .unwrap()
        .iter()
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    let tables = tables().unwrap();
    let shown = |name: &str| pages.contains(&format!("{BEGIN}{name} -->"));
    for (name, table) in &tables {
        // Some plugins have the same for storages and sources, and some have none.
        let same = |(other, text): (&String, &String)| text == table && shown(other);
        let empty = name.starts_with("null ");
        assert!(empty || tables.iter().any(same), "no page has {name}");
    }
}

#[test]
fn only_what_is_between_the_marks_is_replaced() {
    let tables = BTreeMap::from([("a b".to_owned(), "| x |\n".to_owned())]);
    let page = "one\n<!-- options: a b -->\nold\n<!-- end of options -->\ntwo\n";
    let filled = fill(page, &tables).unwrap();
    assert_eq!(
        filled,
        "one\n<!-- options: a b -->\n| x |\n<!-- end of options -->\ntwo\n"
    );
    assert_eq!(fill(&filled, &tables).unwrap(), filled);
    for (page, why) in [
        ("<!-- options: c -->", "there are no options of \"c\""),
        ("<!-- options: a b -->\nold", "is missing after"),
        ("<!-- options: a b", "has no end"),
    ] {
        let error = fill(page, &tables).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
