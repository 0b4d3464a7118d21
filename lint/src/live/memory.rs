//! A dump that is read while it is taken, and never is a text as a whole.

use placecard_policies::snapshot::object::Sink;
use placecard_policies::snapshot::seen::Intake;
use placecard_policies::snapshot::stream::Reader;

use super::listing::Target;
use crate::cluster::{Complaint, Summary, conclude};

/// The reader of snapshots.
pub(super) struct Memory<'i> {
    at: u64,
    reader: Reader,
    intake: Intake<'i>,
}

impl<'i> Memory<'i> {
    /// Reads into this.
    pub(super) fn new(sink: &'i mut dyn Sink) -> Self {
        Self { at: 0, reader: Reader::new(), intake: Intake::new(sink) }
    }

    /// What was read of the cluster that is called so; `notes`: what could not be listed.
    ///
    /// # Errors
    /// Why it cannot be judged on.
    pub(super) fn finish(
        mut self,
        name: String,
        notes: Vec<String>,
    ) -> Result<Summary, Vec<Complaint>> {
        self.reader.finish(&mut self.intake);
        let mut complaints: Vec<Complaint> = notes.into_iter().map(Complaint::told).collect();
        let mut errors = Vec::new();
        for problem in self.intake.take_problems() {
            let fatal = problem.kind.is_fatal();
            if fatal { &mut errors } else { &mut complaints }.push(Complaint::of(&name, &problem));
        }
        conclude(self.intake, vec![name], self.at, complaints, errors)
    }
}

impl Target for Memory<'_> {
    fn write(&mut self, text: &[u8]) -> Result<(), String> {
        self.at += text.len() as u64;
        self.reader.push(text, &mut self.intake);
        Ok(())
    }

    fn at(&self) -> u64 {
        self.at
    }

    /// What was read stays read.
    fn back(&mut self, at: u64) -> Result<bool, String> {
        Ok(at == self.at)
    }
}
