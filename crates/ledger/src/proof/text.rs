//! An inclusion proof as a text file that is checked offline (C2SP tlog-proof).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ProofError, verify_inclusion};
use crate::checkpoint::{Checkpoint, LogVerifier};
use crate::hash::Hash;
use crate::tile::decimal;

/// First line of every proof text.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Hashes in the longest path: a tree has less than 2^63 leaves.
const PATH_HASHES_MAX: usize = 63;

/// A leaf's position and audit path, with the checkpoint they lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Opaque bytes carried along, never empty. Nothing vouches for them.
    pub extra: Option<Vec<u8>>,
    /// Position of the leaf.
    pub index: u64,
    /// Audit path, from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The signed checkpoint, verbatim, with all its signature lines.
    pub checkpoint: String,
}

impl TlogProof {
    /// The proof as text. Empty `extra` is left out, as the format asks.
    pub fn format(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            text.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&hash.base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a proof text. The checkpoint is taken as it stands: nothing is verified yet.
    ///
    /// # Errors
    /// [`ProofError::Text`] naming the first line that is not in the form.
    pub fn parse(text: &str) -> Result<TlogProof, ProofError> {
        let mut lines = Lines { rest: text, line: 0 };
        if lines.next()? != HEADER {
            return Err(lines.error("the line c2sp.org/tlog-proof@v1"));
        }
        let mut line = lines.next()?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let bytes = STANDARD.decode(encoded).ok().filter(|bytes| !bytes.is_empty());
            extra = Some(bytes.ok_or_else(|| lines.error("base64 behind `extra `"))?);
            line = lines.next()?;
        }
        let index = line.strip_prefix("index ").and_then(decimal);
        let index = index.ok_or_else(|| lines.error("`index ` and a decimal number"))?;
        let mut path = Vec::new();
        loop {
            let line = lines.next()?;
            if line.is_empty() {
                break;
            }
            let hash = Hash::from_base64(line).ok().filter(|_| path.len() < PATH_HASHES_MAX);
            path.push(hash.ok_or_else(|| lines.error("one of at most 63 hashes in base64, or empty"))?);
        }
        if lines.rest.is_empty() {
            lines.line += 1;
            return Err(lines.error("the first of a checkpoint"));
        }
        Ok(TlogProof { extra, index, path, checkpoint: lines.rest.to_owned() })
    }

    /// Checks that `leaf` stands at the proof's index in the log of `verifier`, under the proof's checkpoint, which is
    /// returned. The leaf hash must have been computed from the entry by the caller.
    ///
    /// # Errors
    /// [`ProofError::Checkpoint`], and those of [`verify_inclusion`].
    pub fn verify(&self, leaf: &Hash, verifier: &LogVerifier) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, verifier)?;
        verify_inclusion(leaf, self.index, checkpoint.size, &checkpoint.root, &self.path)?;
        Ok(checkpoint)
    }
}

/// Lines that each end in a newline, counted.
struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, ProofError> {
        self.line += 1;
        let (line, rest) = self.rest.split_once('\n').ok_or_else(|| self.error("a line"))?;
        self.rest = rest;
        Ok(line)
    }

    fn error(&self, expected: &'static str) -> ProofError {
        ProofError::Text { line: self.line, expected }
    }
}
