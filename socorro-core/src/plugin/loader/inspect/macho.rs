//! Mach-O, thin or universal.

use object::endian::NativeEndian;
use object::macho;
use object::read::macho::{FatArch, MachHeader, MachOFatFile32, MachOFatFile64, Nlist, Segment};

use super::{Defect, Symbols, damaged, within};

/// The host has 64 bits.
type Header = macho::MachHeader64<NativeEndian>;

pub(super) fn symbols(bytes: &[u8]) -> Result<Symbols<'_>, Defect> {
    let bytes = slice_for_this_machine(bytes)?;
    let header = Header::parse(bytes, 0)
        .map_err(|_| Defect::truncated("the header", size_of::<Header>() as u64, bytes))?;
    if !header.is_supported() || header.endian().is_err() {
        return Err(Defect::OtherMachine(
            "another word size or byte order".to_owned(),
        ));
    }
    let cpu = header.cputype(NativeEndian);
    if HOST_CPU.is_some_and(|host| host != cpu) {
        return Err(Defect::OtherMachine(format!("processor type {:#x}", cpu.0)));
    }
    match header.filetype(NativeEndian) {
        macho::MH_DYLIB | macho::MH_BUNDLE => {}
        macho::MH_EXECUTE => return Err(Defect::OtherType("a program")),
        _ => return Err(Defect::OtherType("of another kind")),
    }
    let segments = segments(header, bytes)?;
    read_symbols(header, &segments, bytes)
}

fn slice_for_this_machine(bytes: &[u8]) -> Result<&[u8], Defect> {
    let magic = bytes
        .first_chunk()
        .map_or(0, |magic| u32::from_be_bytes(*magic));
    match magic {
        0xcafe_babe => {
            let fat = MachOFatFile32::parse(bytes).map_err(damaged)?;
            pick(fat.arches(), bytes)
        }
        0xcafe_babf => {
            let fat = MachOFatFile64::parse(bytes).map_err(damaged)?;
            pick(fat.arches(), bytes)
        }
        _ => Ok(bytes),
    }
}

fn pick<'data>(arches: &[impl FatArch], bytes: &'data [u8]) -> Result<&'data [u8], Defect> {
    let arch = arches
        .iter()
        .find(|arch| HOST_CPU.is_none_or(|host| host == arch.cputype()))
        .ok_or_else(|| Defect::OtherMachine("other processors only".to_owned()))?;
    let (start, size) = arch.file_range();
    within(bytes, "the part for this processor", start, size)?;
    arch.data(bytes).map_err(damaged)
}

type SegmentOf = <Header as MachHeader>::Segment;

fn segments<'data>(header: &Header, bytes: &'data [u8]) -> Result<Vec<&'data SegmentOf>, Defect> {
    let commands = u64::from(header.sizeofcmds(NativeEndian));
    within(
        bytes,
        "the load commands",
        size_of::<Header>() as u64,
        commands,
    )?;
    let mut commands = header
        .load_commands(NativeEndian, bytes, 0)
        .map_err(damaged)?;
    let mut segments = Vec::new();
    while let Some(command) = commands.next().transpose() {
        let command = command.map_err(damaged)?;
        if let Some((segment, _)) = SegmentOf::from_command(command).map_err(damaged)? {
            let (start, size) = segment.file_range(NativeEndian);
            within(bytes, &format!("segment {}", segments.len()), start, size)?;
            segments.push(segment);
        }
    }
    Ok(segments)
}

fn read_symbols<'data>(
    header: &Header,
    segments: &[&'data SegmentOf],
    bytes: &'data [u8],
) -> Result<Symbols<'data>, Defect> {
    let mut symbols = Symbols::default();
    let mut commands = header
        .load_commands(NativeEndian, bytes, 0)
        .map_err(damaged)?;
    while let Some(command) = commands.next().transpose() {
        let Some(table) = command.map_err(damaged)?.symtab().map_err(damaged)? else {
            continue;
        };
        let table = table
            .symbols::<Header, _>(NativeEndian, bytes)
            .map_err(damaged)?;
        for symbol in table.iter().filter(|symbol| !symbol.is_undefined()) {
            let name = symbol
                .name(NativeEndian, table.strings())
                .map_err(damaged)?;
            // C names get an underscore in front on this platform.
            let name = name.strip_prefix(b"_").unwrap_or(name);
            symbols.take(name, || {
                let address = symbol.n_value(NativeEndian);
                segments.iter().find_map(|segment| {
                    let offset = address.checked_sub(segment.vmaddr(NativeEndian))?;
                    let data = segment.data(NativeEndian, bytes).ok()?;
                    data.get(usize::try_from(offset).ok()?..)
                })
            });
        }
    }
    Ok(symbols)
}

const HOST_CPU: Option<macho::CpuType> = if cfg!(target_arch = "aarch64") {
    Some(macho::CPU_TYPE_ARM64)
} else if cfg!(target_arch = "x86_64") {
    Some(macho::CPU_TYPE_X86_64)
} else {
    None
};
