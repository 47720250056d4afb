//! What a file is, by its first bytes: a server's word for it proves nothing.

/// So many first bytes tell the kind of every format we take.
pub(crate) const KIND_BYTES: usize = 64;
/// So many first bytes are kept for the length of the audio. The header of a WAV file that carries notes about itself
/// is longer than the usual 44 bytes, rarely more than 1 KiB.
pub(crate) const HEAD_BYTES: usize = 4 * 1024;

/// Brands of the MP4 family that carry audio: files of recorders, browsers and phones (ISO/IEC 14496-12).
const MP4_BRANDS: [&[u8]; 4] = [b"M4A", b"M4B", b"mp4", b"iso"];
/// 3GPP recordings of phones.
const MP4_PHONE_BRAND: &[u8] = b"3gp";

/// The media type of a file that begins with `head`; none for what is no audio that we know.
pub(crate) fn media_type(head: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, bytes: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    if at(0, b"RIFF") && at(8, b"WAVE") {
        Some("audio/wav")
    } else if at(0, b"OggS") {
        Some("audio/ogg")
    } else if at(4, b"ftyp") && (MP4_BRANDS.iter().any(|brand| at(8, brand)) || at(8, MP4_PHONE_BRAND)) {
        Some("audio/mp4")
    } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) && is_webm(head) {
        Some("audio/webm")
    } else if at(0, b"#!AMR-WB\n") {
        Some("audio/amr-wb")
    } else if at(0, b"#!AMR\n") {
        Some("audio/amr")
    } else if at(0, b"ID3") || is_mp3_frame(head) {
        Some("audio/mpeg")
    } else {
        None
    }
}

/// The header of an EBML file names its kind among the first elements; Matroska in general is not taken.
fn is_webm(head: &[u8]) -> bool {
    head.iter().take(KIND_BYTES).copied().collect::<Vec<u8>>().windows(4).any(|word| word == b"webm")
}

/// A frame of MPEG audio layer III: eleven set bits, then version, layer, bit rate and sampling rate, of which some
/// values are reserved.
fn is_mp3_frame(head: &[u8]) -> bool {
    let [first, second, third, ..] = *head else { return false };
    let (version, layer) = ((second >> 3) & 0b11, (second >> 1) & 0b11);
    let (bit_rate, sampling_rate) = (third >> 4, (third >> 2) & 0b11);
    first == 0xff
        && second >> 5 == 0b111
        && version != 0b01
        && layer == 0b01
        && !matches!(bit_rate, 0 | 0b1111)
        && sampling_rate != 0b11
}

/// Length of a WAV file of `bytes` bytes that begins with `head`, in milliseconds; none where the header does not tell.
pub(crate) fn wav_duration_ms(head: &[u8], bytes: u64) -> Option<u64> {
    let u32_at = |offset: usize| -> Option<u32> {
        Some(u32::from_le_bytes(head.get(offset..offset.checked_add(4)?)?.try_into().ok()?))
    };
    let mut bytes_per_second = None;
    // Chunks follow the 12 bytes of `RIFF`, size and `WAVE`; each has a name, a size and an even number of bytes.
    let mut offset = 12_usize;
    loop {
        let name = head.get(offset..offset.checked_add(4)?)?;
        let size = u32_at(offset.checked_add(4)?)?;
        let start = offset.checked_add(8)?;
        match name {
            b"fmt " => bytes_per_second = Some(u64::from(u32_at(start.checked_add(8)?)?)),
            b"data" => {
                // Recorders that cannot go back leave 0 or the largest number here; then the rest of the file is meant.
                let rest = bytes.checked_sub(start as u64)?;
                let data = if size == 0 { rest } else { u64::from(size).min(rest) };
                return data.checked_mul(1_000)?.checked_div(bytes_per_second?);
            }
            _ => {}
        }
        let size = usize::try_from(size).ok()?;
        offset = start.checked_add(size)?.checked_add(size % 2)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_kind() {
        for (head, expected) in [
            (&b"RIFF\x24\0\0\0WAVEfmt "[..], Some("audio/wav")),
            (b"RIFF\x24\0\0\0AVI LIST", None),
            (b"OggS\0\x02", Some("audio/ogg")),
            (b"ID3\x04\0", Some("audio/mpeg")),
            (b"\xff\xfb\x90\x64", Some("audio/mpeg")),
            (b"\xff\xf3\x40\xc0", Some("audio/mpeg")),
            (b"\xff\xf1\x50\x80", None), // AAC in ADTS frames
            (b"\xff\xff\xff\xff", None),
            (b"\xff\xfe<\0h\0", None), // UTF-16 text
            (b"\0\0\0\x20ftypM4A \0\0\0\0", Some("audio/mp4")),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", Some("audio/mp4")),
            (b"\0\0\0\x14ftypisom", Some("audio/mp4")),
            (b"\0\0\0\x14ftyp3gp4", Some("audio/mp4")),
            (b"\0\0\0\x14ftypavif", None),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", Some("audio/webm")),
            (b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska", None),
            (b"#!AMR\n\x3c", Some("audio/amr")),
            (b"#!AMR-WB\n\x3c", Some("audio/amr-wb")),
            (b"<!DOCTYPE html>", None),
            (b"{\"error\":\"not ready\"}", None),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0", None),
            (b"RI", None),
            (b"\xff", None),
            (b"", None),
        ] {
            assert_eq!(media_type(head), expected, "{head:?}");
        }
    }

    fn wav(chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
        for (name, size, content) in chunks {
            bytes.extend_from_slice(*name);
            bytes.extend_from_slice(&size.to_le_bytes());
            bytes.extend_from_slice(content);
        }
        bytes
    }

    /// PCM, one channel, 8000 samples of 2 bytes each second.
    const FORMAT: [u8; 16] = [1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0];

    #[test]
    fn a_wav_header_tells_the_length() {
        let fmt = (b"fmt ", 16, &FORMAT[..]);
        let still = (b"fmt ", 16, &[0; 16][..]);
        for (name, head, bytes, expected) in [
            ("plain", wav(&[fmt, (b"data", 24_000, &[])]), 24_044, Some(1_500)),
            (
                "notes before the data",
                wav(&[fmt, (b"LIST", 3, b"abc\0"), (b"data", 8_000, &[])]),
                9_000,
                Some(500),
            ),
            ("size left open", wav(&[fmt, (b"data", u32::MAX, &[])]), 16_044, Some(1_000)),
            ("size left empty", wav(&[fmt, (b"data", 0, &[])]), 16_044, Some(1_000)),
            ("no bytes a second", wav(&[still, (b"data", 16_000, &[])]), 16_044, None),
            ("no format", wav(&[(b"data", 16_000, &[])]), 16_044, None),
            ("no data within the head", wav(&[fmt, (b"LIST", 900_000, b"abc")]), 16_044, None),
            ("a chunk to the end of the world", wav(&[fmt, (b"LIST", u32::MAX, b"")]), 16_044, None),
            ("cut off", wav(&[fmt])[..30].to_vec(), 16_044, None),
        ] {
            assert_eq!(wav_duration_ms(&head, bytes), expected, "{name}");
        }
    }
}
