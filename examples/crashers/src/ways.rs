//! The ways to crash, each a real fault of the kind that crash reporters see.

use std::arch::asm;
use std::hint::black_box;
use std::thread;

use anyhow::{Context, Result};
use crash_handler::Signal;

/// Small, because a dump of an overflowed stack holds all of it.
const OVERFLOWING_STACK: usize = 192 * 1024;

/// A way to crash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    NullPointer,
    Abort,
    IllegalInstruction,
    StackOverflow,
    Panic,
}

impl Way {
    /// Every way, in the order in which they are made.
    pub const ALL: [Self; 5] = [
        Self::NullPointer,
        Self::Abort,
        Self::IllegalInstruction,
        Self::StackOverflow,
        Self::Panic,
    ];

    /// The name on the command line and in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::NullPointer => "null-pointer",
            Self::Abort => "abort",
            Self::IllegalInstruction => "illegal-instruction",
            Self::StackOverflow => "stack-overflow",
            Self::Panic => "panic",
        }
    }

    /// The way with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// The signal that this way dies of.
    pub fn signal(self) -> Signal {
        match self {
            Self::NullPointer | Self::StackOverflow => Signal::Segv,
            Self::Abort | Self::Panic => Signal::Abort,
            Self::IllegalInstruction => Signal::Illegal,
        }
    }

    /// The kind of process that crashes. A crash of a content process comes with a dump of its
    /// browser process.
    pub fn process_type(self) -> &'static str {
        match self {
            Self::NullPointer => "content",
            Self::StackOverflow => "utility",
            Self::IllegalInstruction => "gpu",
            Self::Abort | Self::Panic => "main",
        }
    }

    /// Crashes this process; returns only if that failed.
    pub fn crash(self) -> Result<()> {
        match self {
            Self::NullPointer => write_to_null(),
            Self::Abort => std::process::abort(),
            Self::IllegalInstruction => illegal_instruction(),
            Self::StackOverflow => on_thread("DOM Worker", || {
                black_box(overflow(1));
            })?,
            Self::Panic => on_thread("Renderer", || panic_on(black_box(&[3, 1, 4])))?,
        }
        Ok(())
    }
}

/// The name of a signal a crash can end in.
pub fn signal_name(signal: i32) -> &'static str {
    [
        (Signal::Abort, "SIGABRT"),
        (Signal::Bus, "SIGBUS"),
        (Signal::Fpe, "SIGFPE"),
        (Signal::Illegal, "SIGILL"),
        (Signal::Segv, "SIGSEGV"),
        (Signal::Trap, "SIGTRAP"),
    ]
    .into_iter()
    .find_map(|(known, name)| (known as i32 == signal).then_some(name))
    .unwrap_or("another signal")
}

/// Crashes on a thread of its own, so that the crashing thread is not always the first.
fn on_thread(name: &str, crash: fn()) -> Result<()> {
    let builder = thread::Builder::new()
        .name(name.into())
        .stack_size(OVERFLOWING_STACK);
    let thread = builder
        .spawn(crash)
        .with_context(|| format!("cannot start the thread {name}"))?;
    // The process dies before the thread ends; what this returns does not matter.
    let _ = thread.join();
    Ok(())
}

/// Writes to a field of a structure at the null pointer.
#[inline(never)]
fn write_to_null() {
    // Not to null itself: debug builds check for it and panic, which is another way.
    let field = std::ptr::without_provenance_mut::<u32>(0x8);
    // SAFETY: the first page is never mapped, so the write touches nothing and faults; that it
    // does is the purpose.
    unsafe { field.write_volatile(42) };
}

/// Executes an instruction that is defined to be illegal.
#[inline(never)]
fn illegal_instruction() {
    // SAFETY: the instruction changes no register and no memory, it only traps.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("ud2")
    };
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("udf #0")
    };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    compile_error!("add the illegal instruction of this processor");
}

/// Recurses until the stack is used up.
#[inline(never)]
fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 24]);
    // Never 0, which only the programmer knows; both keep the call a real one.
    if frame[0] == 0 {
        0
    } else {
        overflow(depth + 1) ^ black_box(frame)[23]
    }
}

/// Panics as code with a wrong index does.
#[inline(never)]
fn panic_on(tiles: &[usize]) {
    let tile = black_box(7);
    assert!(
        tile < tiles.len(),
        "tile {tile} is outside of «{tiles:?}» (naïve clipping)"
    );
}
