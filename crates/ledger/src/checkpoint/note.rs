//! The shape of a signed note (C2SP signed-note), before anything in it is believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::CheckpointError;

/// Longest note read, in bytes: [`NOTE_SIGNATURES_MAX`] post-quantum signatures of 5 kB each fit.
pub const NOTE_BYTES_MAX: usize = 512 * 1024;
/// Most signature lines read. The format asks for 16 at least; each one that names the log's key costs a verification.
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// Bytes of a key id in front of a signature.
pub(super) const KEY_ID_BYTES: usize = 4;
/// Start of every signature line: em dash and space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// A note taken apart.
pub(super) struct Note<'a> {
    /// What is signed, with its last newline.
    pub(super) text: &'a str,
    pub(super) signatures: Vec<SignatureLine<'a>>,
}

/// One well-formed signature line, of whatever key and algorithm.
pub(super) struct SignatureLine<'a> {
    pub(super) name: &'a str,
    pub(super) key_id: [u8; KEY_ID_BYTES],
    pub(super) signature: Vec<u8>,
}

impl<'a> Note<'a> {
    pub(super) fn parse(note: &'a str) -> Result<Note<'a>, CheckpointError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(CheckpointError::TooLong(note.len()));
        }
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(CheckpointError::ControlCharacter);
        }
        // The text may have empty lines of its own: the last one separates.
        let blank = note.rfind("\n\n").ok_or(CheckpointError::Shape)?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(CheckpointError::Shape)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == NOTE_SIGNATURES_MAX {
                return Err(CheckpointError::TooManySignatures);
            }
            let malformed = CheckpointError::SignatureLine(signatures.len() + 1);
            signatures.push(SignatureLine::parse(line).ok_or(malformed)?);
        }
        Ok(Note { text, signatures })
    }
}

impl<'a> SignatureLine<'a> {
    fn parse(line: &'a str) -> Option<SignatureLine<'a>> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_id, signature) = bytes.split_first_chunk()?;
        let well_formed = is_key_name(name) && !signature.is_empty();
        well_formed.then(|| SignatureLine { name, key_id: *key_id, signature: signature.to_vec() })
    }
}

/// One signature line with its newline.
pub(super) fn signature_line(name: &str, key_id: [u8; KEY_ID_BYTES], signature: &[u8]) -> String {
    format!("{SIGNATURE_PREFIX}{name} {}\n", STANDARD.encode([&key_id, signature].concat()))
}

/// Whether a key may bear this name: not empty, no Unicode space, no plus, no control character.
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}
