//! What kind of program a file is: enough of ELF and PE to know that it runs on the machines it is for.

/// 64-bit ELF, little-endian.
const ELF: &[u8] = b"\x7fELF\x02\x01";
/// ELF's number of x86-64.
const ELF_X86_64: u64 = 0x3e;
/// The entry of an ELF file's table that names the loader of its shared libraries.
const PT_INTERP: u64 = 3;
/// PE's number of x86-64.
const PE_X86_64: u64 = 0x8664;

/// Whether it is a program for Linux on x86-64 that needs no library of the machine it runs on.
pub(crate) fn is_static_linux(file: &[u8]) -> bool {
    let is_elf = file.starts_with(ELF) && number(file, 18, 2) == Some(ELF_X86_64);
    is_elf && names_a_loader(file) == Some(false)
}

/// Whether it is a program for Windows on x86-64.
pub(crate) fn is_windows(file: &[u8]) -> bool {
    let header = number(file, 0x3c, 4).and_then(|at| usize::try_from(at).ok());
    let header = header.and_then(|at| file.get(at..));
    file.starts_with(b"MZ")
        && header
            .is_some_and(|header| header.starts_with(b"PE\0\0") && number(header, 4, 2) == Some(PE_X86_64))
}

/// Whether an ELF file's table of segments has a loader; none where the table is not whole.
fn names_a_loader(file: &[u8]) -> Option<bool> {
    let (table, size, count) = (number(file, 32, 8)?, number(file, 54, 2)?, number(file, 56, 2)?);
    let mut found = false;
    for entry in 0..count {
        let at = usize::try_from(table.checked_add(entry * size)?).ok()?;
        found |= number(file, at, 4)? == PT_INTERP;
    }
    Some(found)
}

/// The little-endian number of `length` bytes at a place.
fn number(file: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = file.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
        file[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// An ELF file with two segments of these types.
    fn elf(segments: [u8; 2]) -> Vec<u8> {
        let mut file = vec![0; 64 + 2 * 56];
        put(&mut file, 0, ELF);
        put(&mut file, 18, &[0x3e, 0]);
        put(&mut file, 32, &[64]);
        put(&mut file, 54, &[56, 0, 2, 0]);
        file[64] = segments[0];
        file[64 + 56] = segments[1];
        file
    }

    #[test]
    fn a_program_that_names_a_loader_is_not_static() {
        assert!(is_static_linux(&elf([1, 2])));
        assert!(!is_static_linux(&elf([1, 3])));
        assert!(!is_static_linux(&elf([1, 2])[..122]), "the table is not whole");
        assert!(!is_static_linux(b"#!/bin/sh\n") && !is_static_linux(&[]));
        let itself = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(!cfg!(all(target_os = "linux", target_env = "gnu")) || !is_static_linux(&itself));
    }

    #[test]
    fn a_program_for_windows_is_known_by_its_header() {
        let mut file = vec![0; 200];
        put(&mut file, 0, b"MZ");
        put(&mut file, 0x3c, &[128]);
        put(&mut file, 128, b"PE\0\0\x64\x86");
        assert!(is_windows(&file));
        assert!(!is_windows(&file[..130]) && !is_windows(&elf([1, 2])) && !is_windows(&[]));
        put(&mut file, 132, &[0x4c, 0x01]);
        assert!(!is_windows(&file), "it is for 32 bits");
    }
}
