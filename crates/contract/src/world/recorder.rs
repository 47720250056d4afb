//! Recording the events of one input.

use ledger::disclosure::{Disclosure, Salt};

use super::{NewRecord, RecordingError, World};
use crate::event::{EventData, Private};
use crate::fact::Occurred;
use crate::input::Input;
use crate::outcome::Recorded;

/// Records the events of one input, deriving ids and salts from it in order.
#[derive(Debug)]
pub struct Recorder<'a> {
    /// What is known; changed by every record.
    pub world: &'a mut World,
    /// The input.
    pub input: &'a Input,
    salts: u32,
    /// What was recorded so far.
    pub recorded: Vec<Recorded>,
}

impl<'a> Recorder<'a> {
    /// Starts an input.
    pub fn new(world: &'a mut World, input: &'a Input) -> Recorder<'a> {
        Recorder { world, input, salts: 0, recorded: Vec::new() }
    }

    /// The next salt of this input.
    pub fn salt(&mut self) -> Salt {
        let salt = Salt::derive(&self.input.seed.0.0, self.salts);
        self.salts += 1;
        salt
    }

    /// Records one event with its private values.
    ///
    /// # Errors
    /// [`RecordingError`]; nothing was recorded then. An input of which nothing at all could be recorded is quarantined.
    pub fn record(
        &mut self,
        stream: &str,
        data: EventData,
        occurred: Option<Occurred>,
        private: &[(&str, &str)],
    ) -> Result<(), RecordingError> {
        self.record_document(stream, data, occurred, private, Vec::new())
    }

    /// Records one event whose private value `document` has commitments of its own.
    ///
    /// # Errors
    /// As [`Recorder::record`].
    pub fn record_document(
        &mut self,
        stream: &str,
        data: EventData,
        occurred: Option<Occurred>,
        private: &[(&str, &str)],
        document_disclosures: Vec<Disclosure>,
    ) -> Result<(), RecordingError> {
        let mut opened = Private::default();
        let mut disclosures = Vec::with_capacity(private.len());
        for (name, value) in private {
            disclosures.push(Disclosure::of_text(&self.salt(), name, value));
            opened.record.insert((*name).to_owned(), (*value).to_owned());
        }
        for disclosure in &document_disclosures {
            if let Ok((_, name, value)) = Disclosure::parse(&disclosure.encoded) {
                let value = value.as_str().unwrap_or_default().to_owned();
                opened.document.insert(disclosure.digest.clone(), (name, value));
            }
        }
        let ordinal = u32::try_from(self.recorded.len()).unwrap_or(u32::MAX);
        let record = NewRecord {
            stream: stream.to_owned(),
            data,
            occurred,
            disclosures,
            document_disclosures,
            private: opened,
        };
        let recorded = self.world.append(self.input, record, ordinal)?;
        self.recorded.push(recorded);
        Ok(())
    }
}
