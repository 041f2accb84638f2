use std::fs;
use std::time::UNIX_EPOCH;

use super::*;

#[test]
fn a_file_is_remembered_until_it_changes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "one").unwrap();
    let memo = Memo::default();
    let hash = ImageHash::of(b"one");
    let before = fs::metadata(&file).unwrap();
    let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(before.ctime()).unwrap());

    memo.put(&before, hash, changed + Duration::from_secs(1));
    assert_eq!(memo.get(&before), None, "it may still be changing");
    memo.put(&before, hash, changed + SETTLED + Duration::from_secs(1));
    assert_eq!(memo.get(&before), Some(hash));

    // Same size, same modification time, same inode: only the time of the change tells.
    let modified = before.modified().unwrap();
    loop {
        fs::write(&file, "two").unwrap();
        let handle = fs::File::options().write(true).open(&file).unwrap();
        handle.set_modified(modified).unwrap();
        let after = fs::metadata(&file).unwrap();
        assert_eq!(after.modified().unwrap(), modified);
        if (after.ctime(), after.ctime_nsec()) != (before.ctime(), before.ctime_nsec()) {
            assert_eq!(memo.get(&after), None);
            break;
        }
    }
}
