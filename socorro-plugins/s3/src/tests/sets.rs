use socorro_core::Bytes;
use socorro_core::crash::{DumpName, Dumps};

use crate::body::Body;
use crate::set::{SetId, names_in_metadata, read_names, write_names};

async fn set(raw: &'static str, dumps: &Dumps) -> SetId {
    let bodies = Body::open_all(dumps).unwrap();
    SetId::of(&Bytes::from(raw), &bodies).await.unwrap()
}

fn name(text: &str) -> DumpName {
    text.parse().unwrap()
}

#[tokio::test]
async fn differ_when_anything_does() {
    let dumps = || Dumps::new().with(name("a"), Bytes::from("1"));
    let all = [
        set("{}", &Dumps::new()).await,
        set("{ }", &Dumps::new()).await,
        set("{}", &dumps()).await,
        set("{}", &Dumps::new().with(name("a"), Bytes::from("2"))).await,
        set("{}", &Dumps::new().with(name("a1"), Bytes::new())).await,
        set("{}", &dumps().with(name("b"), Bytes::new())).await,
    ];
    for (place, one) in all.iter().enumerate() {
        assert!(!all[..place].contains(one), "{place}");
        let text = one.metadata();
        assert_eq!(SetId::in_metadata(&text), Some(*one));
    }
    assert_eq!(set("{}", &dumps()).await, all[2]);
}

#[tokio::test]
async fn are_the_same_for_files() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dump");
    let content = vec![7; 300_001];
    std::fs::write(&file, &content).unwrap();
    let in_memory = Dumps::single(Bytes::from(content));
    assert_eq!(
        set("{}", &Dumps::single(file)).await,
        set("{}", &in_memory).await
    );
}

#[tokio::test]
async fn name_their_dumps_while_there_is_room() {
    let set = set("{}", &Dumps::new()).await;
    for names in [vec![], vec![name("a"), name("dump")]] {
        let metadata = set.metadata_of_raw(&names);
        assert_eq!(names_in_metadata(&metadata), Some(names));
    }
    let many: Vec<DumpName> = (0..64)
        .map(|number| name(&format!("{number:064}")))
        .collect();
    assert_eq!(names_in_metadata(&set.metadata_of_raw(&many)), None);
    let listed = write_names(&many);
    assert_eq!(read_names(&listed).unwrap(), many);
}

#[test]
fn names_of_the_originals_are_read() {
    let read = |text: &str| read_names(text.as_bytes());
    assert_eq!(read("[]").unwrap(), []);
    let all = read(r#"["upload_file_minidump", "", null, "dump", "b", "a", "../x", "raw_crash"]"#);
    assert_eq!(all.unwrap(), [name("a"), name("b"), name("dump")]);
    for wrong in ["", "{}", "[1]", "null"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
