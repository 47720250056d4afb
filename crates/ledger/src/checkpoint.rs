//! Checkpoints: the signed state of the log (C2SP tlog-checkpoint in a C2SP signed note).
//!
//! ```text
//! ledger.example.com/one                          origin = name of the log key
//! 20852163                                        size of the tree
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    root hash
//!
//! — ledger.example.com/one Az3grlgt…              the log's signature
//! — witness.example.com/w1 jWbPPwAA…              cosignatures of others, ignored here
//! ```
//!
//! The signature covers the lines above the empty one, each with its newline. A signature line is the key's name and
//! the base64 of its 4-byte id and the signature.

use crate::hash::Hash;
use crate::tile::decimal;

mod key;
mod note;

pub use key::{LogKey, LogKeyError, LogVerifier};
pub use note::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};

use note::Note;

/// A note that is not a checkpoint signed by the expected log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// More bytes than [`NOTE_BYTES_MAX`].
    #[error("a note of {0} bytes is longer than {NOTE_BYTES_MAX}")]
    TooLong(usize),
    /// A control character other than newline; also a carriage return.
    #[error("the note has a control character")]
    ControlCharacter,
    /// No empty line between text and signatures, or no newline at the end.
    #[error("the note is not text, an empty line and signature lines")]
    Shape,
    /// A line among the signatures that is not one.
    #[error("signature line {0} is malformed")]
    SignatureLine(usize),
    /// More signature lines than [`NOTE_SIGNATURES_MAX`].
    #[error("the note has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// No signature of the expected log key.
    #[error("the note is not signed by {0}")]
    NotSigned(String),
    /// A signature line of the expected log key that does not verify, whatever other lines do.
    #[error("the signature of {0} is wrong")]
    BadSignature(String),
    /// Signed text that is not three or more non-empty lines.
    #[error("a checkpoint is an origin, a size and a root on lines of their own")]
    Lines,
    /// The origin is not the name of the log key.
    #[error("the origin is {actual:?}, not {expected:?}")]
    Origin {
        /// Name of the log key.
        expected: String,
        /// Origin in the checkpoint.
        actual: String,
    },
    /// The size is not a canonical decimal number below 2^63.
    #[error("the size is not a decimal number below 2^63 without leading zeros")]
    Size,
    /// The root is not the canonical base64 of 32 bytes.
    #[error("the root is not 32 bytes in base64")]
    Root,
}

/// The state of a log: how many entries it has and what they hash to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// Merkle tree hash at that size.
    pub root: Hash,
}

impl Checkpoint {
    /// The text a log or a witness signs: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.base64())
    }

    /// Reads a signed checkpoint. At least one signature line is the log's, every line that claims to be is valid, and
    /// the origin is the log's. Lines of other keys need only be well-formed. Extension lines behind the root are
    /// covered by the signature and otherwise ignored.
    ///
    /// # Errors
    /// Every [`CheckpointError`], in the order note, signature, text: the text is not looked at before it is verified.
    pub fn open(note: &str, verifier: &LogVerifier) -> Result<Checkpoint, CheckpointError> {
        let note = Note::parse(note)?;
        let mut signed = false;
        for line in note.signatures.iter().filter(|line| verifier.is_named_by(line)) {
            if !verifier.verify(note.text.as_bytes(), &line.signature) {
                return Err(CheckpointError::BadSignature(verifier.origin().to_owned()));
            }
            signed = true;
        }
        if !signed {
            return Err(CheckpointError::NotSigned(verifier.origin().to_owned()));
        }
        let checkpoint = Checkpoint::parse(note.text)?;
        if checkpoint.origin != verifier.origin() {
            let expected = verifier.origin().to_owned();
            return Err(CheckpointError::Origin { expected, actual: checkpoint.origin });
        }
        Ok(checkpoint)
    }

    fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
        let [origin, size, root, ..] = lines.as_slice() else { return Err(CheckpointError::Lines) };
        if lines.iter().any(|line| line.is_empty()) {
            return Err(CheckpointError::Lines);
        }
        let size = decimal(size).ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(|_| CheckpointError::Root)?;
        Ok(Checkpoint { origin: (*origin).to_owned(), size, root })
    }
}

/// The note with further signature lines behind its own, such as a witness answers with (C2SP tlog-witness). Lines the
/// note already has are not repeated. The signatures are not verified.
///
/// # Errors
/// Those of a malformed note, [`CheckpointError::SignatureLine`] for a malformed new line (counted over both),
/// [`CheckpointError::TooManySignatures`], [`CheckpointError::TooLong`].
pub fn add_signatures(note: &str, lines: &str) -> Result<String, CheckpointError> {
    let text_bytes = Note::parse(note)?.text.len();
    let mut whole = note.to_owned();
    for line in lines.split_inclusive('\n') {
        if !whole[text_bytes..].split_inclusive('\n').any(|known| known == line) {
            whole.push_str(line);
        }
    }
    // The line that separates text and signatures counts as known, so no new one can move it.
    Note::parse(&whole)?;
    Ok(whole)
}
