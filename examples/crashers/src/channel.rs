//! What a process says before it dies: frames over the socket that is its standard input.
//!
//! A frame is its kind (1 byte), the length of its body (4 bytes, little-endian) and the body.
//! Closing the other direction is the answer: the process may go on to die.

use std::io::{self, Read};

use minidump_writer::crash_context::CrashContext;
use rustix::io::Errno;

const ANNOTATION: u8 = b'A';
const MEMORY: u8 = b'M';
const READY: u8 = b'R';
const CRASH: u8 = b'C';

/// Larger than any body; a longer one means that the other side is not ours.
const MAX_BODY: usize = 64 * 1024;

/// A piece of what a process reports about itself.
pub enum Frame {
    /// An annotation: key and value.
    Annotation(String, String),
    /// Heap worth having in the minidump: address and length.
    Memory(usize, usize),
    /// Nothing more to say; the process waits, healthy.
    Ready,
    /// The process crashed and waits in its signal handler.
    Crash(Box<CrashContext>),
}

/// Sends an annotation.
pub fn send_annotation(key: &str, value: &str) -> io::Result<()> {
    Ok(send(ANNOTATION, &serde_json::to_vec(&(key, value))?)?)
}

/// Sends where interesting heap lies.
pub fn send_memory(memory: &[u8]) -> io::Result<()> {
    let place = (memory.as_ptr().addr(), memory.len());
    Ok(send(MEMORY, &serde_json::to_vec(&place)?)?)
}

/// Says that the process waits for its dump to be taken.
pub fn send_ready() -> io::Result<()> {
    Ok(send(READY, &[])?)
}

/// Sends the state of the crashed thread. Called in a signal handler: two plain system calls,
/// no allocation, no lock.
pub fn send_crash(context: &CrashContext) -> rustix::io::Result<()> {
    send(CRASH, context.as_bytes())
}

/// Waits until the supervisor has taken the dump or is gone. Called in a signal handler.
pub fn wait_for_release() {
    while let Err(Errno::INTR) = rustix::io::read(rustix::stdio::stdin(), &mut [0_u8; 1]) {}
}

/// Writes one frame; fit for a signal handler.
fn send(kind: u8, body: &[u8]) -> rustix::io::Result<()> {
    let [a, b, c, d] = (body.len() as u32).to_le_bytes();
    write_all(&[kind, a, b, c, d])?;
    write_all(body)
}

/// Writes all bytes to the socket; the standard library's would allocate its errors.
fn write_all(mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdin(), bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Receives one frame.
pub fn receive(from: &mut impl Read) -> io::Result<Frame> {
    let mut header = [0; 5];
    from.read_exact(&mut header)?;
    let [kind, a, b, c, d] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > MAX_BODY {
        return Err(invalid(format!("a frame of {length} bytes")));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    match kind {
        ANNOTATION => {
            let (key, value) = serde_json::from_slice(&body)?;
            Ok(Frame::Annotation(key, value))
        }
        MEMORY => {
            let (address, length) = serde_json::from_slice(&body)?;
            Ok(Frame::Memory(address, length))
        }
        READY => Ok(Frame::Ready),
        CRASH => CrashContext::from_bytes(&body)
            .map(|context| Frame::Crash(Box::new(context)))
            .ok_or_else(|| invalid(format!("a crash context of {length} bytes"))),
        _ => Err(invalid(format!("a frame of kind {kind}"))),
    }
}

/// An error about what the other side sent.
fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} was received"))
}
