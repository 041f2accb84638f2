use super::Defect;
use crate::plugin::abi::{self, Note};

/// The note at the start of `bytes`; `None` when they are too few.
pub(super) fn read(bytes: &[u8]) -> Option<Note> {
    let mut rest = bytes;
    let note = Note {
        magic: take(&mut rest)?,
        struct_size: u32::from_ne_bytes(take(&mut rest)?),
        abi_major: u16::from_ne_bytes(take(&mut rest)?),
        abi_minor: u16::from_ne_bytes(take(&mut rest)?),
        layout_hash: u64::from_ne_bytes(take(&mut rest)?),
        pointer_width: u32::from_ne_bytes(take(&mut rest)?),
        byte_order: u32::from_ne_bytes(take(&mut rest)?),
    };
    Some(note)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

/// Whether a plugin with this note speaks with this host.
pub(in super::super) fn check(note: &Note) -> Result<(), Defect> {
    let ours = Note::THIS;
    if note.magic != ours.magic {
        return Err(Defect::NoteMagic);
    }
    if note.byte_order != ours.byte_order {
        return Err(Defect::OtherByteOrder(if cfg!(target_endian = "big") {
            "little"
        } else {
            "big"
        }));
    }
    if !speaks(note.abi_major, note.abi_minor) {
        return Err(Defect::OtherAbi {
            major: note.abi_major,
            minor: note.abi_minor,
        });
    }
    if note.struct_size < ours.struct_size {
        return Err(Defect::NoteSize(note.struct_size));
    }
    if note.pointer_width != ours.pointer_width {
        return Err(Defect::NotePointers(note.pointer_width.saturating_mul(8)));
    }
    if note.layout_hash != ours.layout_hash {
        return Err(Defect::OtherLayout {
            hash: note.layout_hash,
        });
    }
    Ok(())
}

/// While the major version is 0, a minor one may break; from 1.0 on it only adds.
const fn speaks(major: u16, minor: u16) -> bool {
    major == abi::MAJOR && (abi::MAJOR != 0 || minor == abi::MINOR)
}
