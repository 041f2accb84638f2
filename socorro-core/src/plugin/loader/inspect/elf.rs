//! ELF, as far as the dynamic linker trusts it blindly.

use std::ops::Range;

use object::elf;
use object::endian::NativeEndian;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, Sym};

use super::{Defect, Symbols, damaged, within};

/// The host has 64 bits.
type Header = elf::FileHeader64<NativeEndian>;
type Segments<'data> = &'data [<Header as FileHeader>::ProgramHeader];

/// Bytes of the header that say what the rest looks like.
const IDENT: usize = 16;

pub(super) fn symbols(bytes: &[u8]) -> Result<Symbols<'_>, Defect> {
    check_ident(bytes)?;
    let header = Header::parse(bytes)
        .map_err(|_| Defect::truncated("the header", size_of::<Header>() as u64, bytes))?;
    check_header(header)?;
    let segments = segments(header, bytes)?;
    check_segments(segments, bytes)?;
    check_dynamic(segments, bytes)?;
    read_symbols(header, segments, bytes)
}

fn check_ident(bytes: &[u8]) -> Result<(), Defect> {
    let ident: &[u8; IDENT] = bytes
        .first_chunk()
        .ok_or_else(|| Defect::truncated("the header", size_of::<Header>() as u64, bytes))?;
    let [_, _, _, _, class, data, ..] = *ident;
    match class {
        1 if usize::BITS != 32 => return Err(Defect::OtherClass(32)),
        2 if usize::BITS != 64 => return Err(Defect::OtherClass(64)),
        1 | 2 => {}
        _ => return Err(damaged("its class is neither 32-bit nor 64-bit")),
    }
    match data {
        1 if cfg!(target_endian = "big") => Err(Defect::OtherByteOrder("little")),
        2 if cfg!(target_endian = "little") => Err(Defect::OtherByteOrder("big")),
        1 | 2 => Ok(()),
        _ => Err(damaged("its byte order is neither little nor big")),
    }
}

fn check_header(header: &Header) -> Result<(), Defect> {
    let machine = header.e_machine(NativeEndian);
    if HOST_MACHINE.is_some_and(|host| host != machine) {
        return Err(Defect::OtherMachine(machine_name(machine)));
    }
    match header.e_type(NativeEndian) {
        elf::ET_DYN => Ok(()),
        elf::ET_EXEC => Err(Defect::OtherType("a program")),
        elf::ET_REL => Err(Defect::OtherType("an object file")),
        elf::ET_CORE => Err(Defect::OtherType("a core dump")),
        _ => Err(damaged("its type is unknown")),
    }
}

fn segments<'data>(header: &Header, bytes: &'data [u8]) -> Result<Segments<'data>, Defect> {
    let start = header.e_phoff(NativeEndian);
    let size =
        u64::from(header.e_phnum(NativeEndian)) * u64::from(header.e_phentsize(NativeEndian));
    within(bytes, "the table of segments", start, size)?;
    header.program_headers(NativeEndian, bytes).map_err(damaged)
}

/// The linker maps and copies what these say without looking at the file's size or at one another.
fn check_segments(segments: Segments<'_>, bytes: &[u8]) -> Result<(), Defect> {
    let mut mapped_to = 0;
    let mut any = false;
    for (number, segment) in segments.iter().enumerate() {
        let (start, size) = segment.file_range(NativeEndian);
        within(bytes, &format!("segment {number}"), start, size)?;
        if segment.p_type(NativeEndian) != elf::PT_LOAD {
            continue;
        }
        let address = segment.p_vaddr(NativeEndian);
        let memory = segment.p_memsz(NativeEndian);
        let end = address.checked_add(memory);
        let end = end.filter(|_| address >= mapped_to && size <= memory);
        mapped_to = end.ok_or_else(|| damaged(format!("segment {number} cannot be mapped")))?;
        any = true;
    }
    if any {
        Ok(())
    } else {
        Err(damaged("it has no segment to load"))
    }
}

/// The linker follows these addresses before it runs or checks anything.
fn check_dynamic(segments: Segments<'_>, bytes: &[u8]) -> Result<(), Defect> {
    let entries = segments
        .iter()
        .find_map(|segment| segment.dynamic(NativeEndian, bytes).transpose())
        .ok_or(Defect::OtherType("linked statically"))?
        .map_err(damaged)?;
    let value = |wanted: elf::DynamicTag| {
        entries
            .iter()
            .take_while(|entry| entry.tag(NativeEndian) != elf::DT_NULL)
            .find(|entry| entry.tag(NativeEndian) == wanted)
            .map(|entry| entry.val(NativeEndian))
    };
    if value(elf::DT_FLAGS_1).is_some_and(|flags| flags & DF_1_PIE != 0) {
        return Err(Defect::OtherType("a program"));
    }
    let tables = [
        (elf::DT_STRTAB, Some(elf::DT_STRSZ), "strings"),
        (elf::DT_SYMTAB, None, "symbols"),
        (elf::DT_GNU_HASH, None, "hashes"),
        (elf::DT_HASH, None, "hashes"),
        (elf::DT_RELA, Some(elf::DT_RELASZ), "relocations"),
        (elf::DT_REL, Some(elf::DT_RELSZ), "relocations"),
        (
            elf::DT_JMPREL,
            Some(elf::DT_PLTRELSZ),
            "relocations of functions",
        ),
        (
            elf::DT_INIT_ARRAY,
            Some(elf::DT_INIT_ARRAYSZ),
            "constructors",
        ),
        (
            elf::DT_FINI_ARRAY,
            Some(elf::DT_FINI_ARRAYSZ),
            "destructors",
        ),
        (elf::DT_VERSYM, None, "symbol versions"),
        (elf::DT_VERNEED, None, "needed versions"),
    ];
    for (address, size, what) in tables {
        let Some(address) = value(address) else {
            continue;
        };
        let size = size.and_then(value).unwrap_or(1);
        if size > 0 && at(segments, bytes, address, size).is_none() {
            return Err(damaged(format!(
                "its dynamic table says that {what} are at {address:#x}, where nothing of the file is"
            )));
        }
    }
    for needed in [elf::DT_STRTAB, elf::DT_SYMTAB] {
        if value(needed).is_none() {
            return Err(damaged("its dynamic table names no symbols"));
        }
    }
    Ok(())
}

fn read_symbols<'data>(
    header: &Header,
    segments: Segments<'data>,
    bytes: &'data [u8],
) -> Result<Symbols<'data>, Defect> {
    let start = header.e_shoff(NativeEndian);
    if start == 0 {
        return Err(Defect::NoSections);
    }
    let size =
        u64::from(header.e_shnum(NativeEndian)) * u64::from(header.e_shentsize(NativeEndian));
    within(bytes, "the table of sections", start, size)?;
    let sections = header.sections(NativeEndian, bytes).map_err(damaged)?;
    for (number, section) in sections.iter().enumerate() {
        if let Some((start, size)) = section.file_range(NativeEndian) {
            within(bytes, &format!("section {number}"), start, size)?;
        }
    }
    let table = sections
        .symbols(NativeEndian, bytes, elf::SHT_DYNSYM)
        .map_err(damaged)?;
    let mut symbols = Symbols::default();
    for symbol in table.iter() {
        if symbol.is_undefined(NativeEndian) {
            continue;
        }
        let name = symbol
            .name(NativeEndian, table.strings())
            .map_err(damaged)?;
        symbols.take(name, || {
            let address = symbol.st_value(NativeEndian);
            at(segments, bytes, address, symbol.st_size(NativeEndian))
        });
    }
    Ok(symbols)
}

/// The `size` bytes that are at `address` once the file is mapped.
fn at<'data>(
    segments: Segments<'_>,
    bytes: &'data [u8],
    address: u64,
    size: u64,
) -> Option<&'data [u8]> {
    segments
        .iter()
        .filter(|segment| segment.p_type(NativeEndian) == elf::PT_LOAD)
        .find_map(|segment| {
            let offset = address.checked_sub(segment.p_vaddr(NativeEndian))?;
            let (start, available) = segment.file_range(NativeEndian);
            let fits = offset.checked_add(size)? <= available;
            let start = start.checked_add(offset).filter(|_| fits)?;
            bytes.get(range(start, size)?)
        })
}

fn range(start: u64, size: u64) -> Option<Range<usize>> {
    let end = start.checked_add(size)?;
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// Set in the flags of a program that is built like a library.
const DF_1_PIE: u64 = 0x0800_0000;

const HOST_MACHINE: Option<elf::Machine> = if cfg!(target_arch = "x86_64") {
    Some(elf::EM_X86_64)
} else if cfg!(target_arch = "aarch64") {
    Some(elf::EM_AARCH64)
} else if cfg!(target_arch = "riscv64") {
    Some(elf::EM_RISCV)
} else if cfg!(target_arch = "powerpc64") {
    Some(elf::EM_PPC64)
} else if cfg!(target_arch = "s390x") {
    Some(elf::EM_S390)
} else if cfg!(target_arch = "loongarch64") {
    Some(elf::EM_LOONGARCH)
} else {
    None
};

/// As Rust calls it, so that it compares with this program's.
fn machine_name(machine: elf::Machine) -> String {
    let name = match machine {
        elf::EM_X86_64 => "x86_64",
        elf::EM_AARCH64 => "aarch64",
        elf::EM_386 => "x86",
        elf::EM_ARM => "arm",
        elf::EM_RISCV => "riscv",
        elf::EM_PPC64 => "powerpc64",
        elf::EM_S390 => "s390x",
        elf::EM_LOONGARCH => "loongarch64",
        other => return format!("machine {}", other.0),
    };
    name.to_owned()
}
