use std::ffi::c_void;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::crash::{Dump, Dumps};
use crate::error::{Applied, ChildOutcome, Scope};
use crate::plugin::abi;

#[test]
fn bytes_cross_without_a_copy_and_are_released_once() {
    let bytes = Bytes::from(vec![5; 1000]);
    let buf = give(bytes.clone());
    assert_eq!(buf.ptr, bytes.as_ptr());
    assert!(!bytes.is_unique());
    // SAFETY: `give` just made the buffer.
    let back = unsafe { take(buf, "test") }.unwrap();
    assert_eq!(back.as_ptr(), bytes.as_ptr());
    let clone = back.clone();
    drop(back);
    assert!(!bytes.is_unique());
    drop(clone);
    assert!(bytes.is_unique());
}

#[test]
fn no_bytes_are_a_null_buffer_and_come_back_as_none() {
    let buf = give(Bytes::new());
    assert!(buf.ptr.is_null() && buf.release.is_none());
    // SAFETY: `give` just made the buffer.
    assert_eq!(unsafe { take(buf, "test") }.unwrap(), Bytes::new());
}

unsafe extern "C" fn count(owner: *mut c_void) {
    // SAFETY: the tests below pass a counter that outlives the buffer.
    unsafe { &*owner.cast::<AtomicUsize>() }.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn buffers_that_lie_are_refused_and_released() {
    for (ptr, len) in [(std::ptr::null(), 5), (b"x".as_ptr(), usize::MAX)] {
        let released = AtomicUsize::new(0);
        let buf = abi::Buf {
            ptr,
            len,
            owner: (&raw const released).cast_mut().cast(),
            release: Some(count),
        };
        // SAFETY: the buffer is wrong in a way that is found before it is read.
        let error = unsafe { take(buf, "the test") }.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert!(error.message().starts_with("the test"), "{error}");
        assert_eq!(released.load(Ordering::SeqCst), 1);
    }
}

fn text(bytes: &'static [u8]) -> abi::Str {
    abi::Str {
        ptr: bytes.as_ptr(),
        len: bytes.len(),
    }
}

#[test]
fn texts_that_lie_are_refused() {
    let null = abi::Str {
        ptr: std::ptr::null(),
        len: 3,
    };
    for (text, limit) in [(null, 10), (text(b"\xff"), 10), (text(b"12345"), 4)] {
        // SAFETY: null is found before it is read, the others are static.
        let error = unsafe { read_str(text, limit, "it") }.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
    }
    // SAFETY: empty and static.
    let (empty, whole) = unsafe {
        (
            read_str(abi::Str::EMPTY, 0, "it"),
            read_str(text(b"12345"), 5, "it"),
        )
    };
    assert_eq!((empty.unwrap(), whole.unwrap()), ("", "12345"));
}

#[test]
fn paths_cross_byte_for_byte() {
    let path = Path::new("/tmp/caf\u{e9}");
    // SAFETY: the path is lent through the call.
    assert_eq!(unsafe { read_path(lend_path(path), "it") }.unwrap(), path);
    // SAFETY: static.
    let nul = unsafe { read_path(text(b"/tmp/\0"), "it") };
    assert_eq!(nul.unwrap_err().kind(), ErrorKind::Plugin);
}

#[test]
fn a_shorter_struct_reads_as_zero_at_its_end() {
    let table = abi::Table {
        struct_size: 8,
        reserved: 7,
        resources: None,
        create: None,
        submit: None,
        destroy: Some(never),
    };
    // SAFETY: more bytes are there than the size says.
    let read = unsafe { read_prefix(&raw const table) }.unwrap();
    assert_eq!(read.reserved, 7);
    assert!(read.destroy.is_none());
}

unsafe extern "C" fn never(_: *mut c_void, _: u64) -> u32 {
    0
}

#[test]
fn structs_of_impossible_sizes_are_refused() {
    // SAFETY: null is what it is about.
    let null = unsafe { read_prefix(std::ptr::null::<abi::Host>()) };
    assert_eq!(null.map(drop).unwrap_err().kind(), ErrorKind::Plugin);
    for struct_size in [0, 7, 4097, u32::MAX] {
        let table = abi::Table {
            struct_size,
            reserved: 0,
            resources: None,
            create: None,
            submit: None,
            destroy: None,
        };
        // SAFETY: the size is refused before anything behind it is read.
        let error = unsafe { read_prefix(&raw const table) };
        let error = error.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert!(error.message().contains("function table"), "{error}");
    }
}

#[test]
fn every_error_crosses_whole() {
    let child = ChildOutcome {
        storage: "archive".to_owned(),
        error: Some(
            Error::new(ErrorKind::Corrupt, "child").with_children(vec![ChildOutcome {
                storage: "spool".to_owned(),
                error: None,
            }]),
        ),
    };
    for kind in ErrorKind::ALL {
        for (applied, scope) in [
            (Applied::No, Scope::Item),
            (Applied::Yes, Scope::Store),
            (Applied::Unknown, Scope::Item),
        ] {
            let plain = Error::new(kind, "m\u{f6}glich")
                .retryable(!kind.usually_retryable())
                .with_applied(applied)
                .with_scope(scope);
            let rich = plain
                .clone()
                .with_retry_after(Duration::from_millis(0))
                .in_operation("save")
                .at_storage("here")
                .for_crash("id")
                .caused_by(&std::io::Error::other("cause"))
                .with_children(vec![child.clone()]);
            for error in [plain, rich] {
                // SAFETY: `give_failure` just made it.
                let back = unsafe { take_failure(give_failure(&error)) };
                assert_eq!(back.unwrap(), error);
            }
        }
    }
}

#[test]
fn dumps_cross_with_names_bytes_and_paths() {
    let bytes = Bytes::from(vec![1; 100]);
    let dumps = Dumps::single(bytes.clone())
        .with("file".parse().unwrap(), Path::new("/a/b").to_owned())
        .with("empty".parse().unwrap(), Bytes::new());
    let array = lend_dumps(&dumps);
    // SAFETY: `lend_dumps` just made the array, and the names live.
    let back = unsafe { take_dumps(array.as_ptr(), array.len()) }.unwrap();
    assert_eq!(back, dumps);
    match back.get(&crate::crash::DumpName::default()) {
        Some(Dump::Bytes(back)) => assert_eq!(back.as_ptr(), bytes.as_ptr()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn dumps_that_lie_are_refused_and_all_released() {
    let released = AtomicUsize::new(0);
    let dump = |name: &'static [u8], path: &'static [u8]| abi::Dump {
        name: text(name),
        bytes: abi::Buf {
            ptr: b"bytes".as_ptr(),
            len: 5,
            owner: (&raw const released).cast_mut().cast(),
            release: Some(count),
        },
        path: text(path),
    };
    let wrong = [
        [dump(b"one", b""), dump(b"one", b"")],
        [dump(b"../one", b""), dump(b"two", b"")],
        [dump(b"raw_crash", b""), dump(b"two", b"")],
        [dump(b"one", b""), dump(b"two", b"/both")],
        [dump(b"\xff", b""), dump(b"two", b"")],
    ];
    for (round, array) in (1..).zip(wrong) {
        // SAFETY: the array is real; what is wrong in it is found.
        let error = unsafe { take_dumps(array.as_ptr(), 2) }.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert_eq!(released.load(Ordering::SeqCst), 2 * round);
    }
}

#[test]
fn milliseconds_that_may_be_missing_cross() {
    for duration in [
        None,
        Some(Duration::ZERO),
        Some(Duration::from_millis(1500)),
    ] {
        assert_eq!(take_millis(give_millis(duration)), duration);
    }
    assert_eq!(give_millis(Some(Duration::MAX)), u64::MAX);
}
