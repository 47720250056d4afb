//! The end of an audit: the shares of what was put aside are judged, and the report is made.

use std::convert::Infallible;

use super::aside::{Aside, Facts, Kind, OfStream, SHARES};
use super::chain::{Excusable, Ids, Streams, settle};
use super::erasure::Erased;
use super::report::Report;
use super::tally::{Check, Place, Tally};

/// An audit to which no more is given. What it has put aside is judged share by share, on any thread and in any order.
#[derive(Debug)]
pub struct Closed {
    tally: Tally,
    aside: Aside,
    /// Entries that are missing or are no records.
    unreadable: u64,
    /// Whether all disclosures are said to be given.
    complete: bool,
}

/// The verdict on one share.
#[derive(Debug)]
pub struct Judged {
    share: usize,
    tally: Tally,
    excusable: Vec<Excusable>,
}

impl Closed {
    pub(super) fn new(tally: Tally, aside: Aside, unreadable: u64, complete: bool) -> Closed {
        Closed { tally, aside, unreadable, complete }
    }

    /// Judges share number `share` of [`SHARES`]. `earlier` gives what was handed out of a part, as
    /// [`super::Auditor::hand_out`] numbered it: the same pieces in the same order.
    ///
    /// # Errors
    /// The first that `earlier` gives.
    ///
    /// # Panics
    /// Where there is no share of that number.
    pub fn judge<P, E>(&self, share: usize, earlier: impl Fn(usize) -> P) -> Result<Judged, E>
    where
        P: IntoIterator<Item = Result<Vec<u8>, E>>,
    {
        let mut judged = Judged { share, tally: Tally::new(), excusable: Vec::new() };
        let (mut streams, mut ids, mut erased) = (Streams::default(), Ids::default(), Erased::default());
        for kind in Kind::ALL {
            let part = kind.part(share);
            // Of all that is disclosed nobody asks where nothing was erased.
            if kind == Kind::Live && self.aside.count(Kind::Erasure.part(share)) == 0 {
                continue;
            }
            let mut count = 0;
            let mut read = |bytes: &[u8], tally: &mut Tally| {
                let mut facts = Facts(bytes);
                count += match kind {
                    Kind::Stream => read_streams(&mut facts, &mut streams, tally),
                    Kind::Id => each(|| facts.id_or_live().map(|(id, position)| ids.add(id, position))),
                    Kind::Live => {
                        each(|| facts.id_or_live().map(|(half, position)| erased.live(half, position)))
                    }
                    Kind::Erasure => each(|| {
                        facts.said().map(|(said, digest, position)| erased.said(said, digest, position))
                    }),
                };
                facts.0.is_empty()
            };
            let mut is_whole = true;
            for bytes in earlier(part) {
                is_whole &= read(&bytes?, &mut judged.tally);
            }
            is_whole &= read(self.aside.held(part), &mut judged.tally);
            if !is_whole || count != self.aside.count(part) {
                note_loss(kind, &mut judged.tally);
            }
        }
        judged.excusable = streams.finish();
        if self.unreadable == 0 {
            settle(std::mem::take(&mut judged.excusable), 0, &mut judged.tally);
        }
        ids.finish(&mut judged.tally);
        erased.finish(self.complete, &mut judged.tally);
        Ok(judged)
    }

    /// The report, from the verdicts on all shares.
    pub fn report(self, judged: impl IntoIterator<Item = Judged>) -> Report {
        let Closed { mut tally, unreadable, .. } = self;
        let (mut excusable, mut missing) = (Vec::new(), vec![true; SHARES]);
        for one in judged {
            if std::mem::replace(&mut missing[one.share], false) {
                tally.merge(one.tally);
                excusable.extend(one.excusable);
            }
        }
        settle(excusable, unreadable, &mut tally);
        if missing.contains(&true) {
            Kind::ALL.iter().for_each(|kind| note_loss(*kind, &mut tally));
        }
        tally.report()
    }

    /// The report, where nothing was handed out.
    pub(super) fn report_at_once(self) -> Report {
        let judge = |share| {
            let Ok(judged) = self.judge(share, |_| std::iter::empty::<Result<Vec<u8>, Infallible>>());
            judged
        };
        let judged: Vec<Judged> = (0..SHARES).map(judge).collect();
        self.report(judged)
    }
}

fn read_streams(facts: &mut Facts<'_>, streams: &mut Streams, tally: &mut Tally) -> u64 {
    each(|| {
        match facts.of_stream()? {
            OfStream::Step(step) => streams.step(&step, tally),
            OfStream::Link(link) => streams.link(&link, tally),
        }
        Some(())
    })
}

/// How often it could be done.
fn each(next: impl FnMut() -> Option<()>) -> u64 {
    std::iter::from_fn(next).fold(0, |count, ()| count + 1)
}

/// What was put aside has not come back, so nothing can be said of what it concerns.
fn note_loss(kind: Kind, tally: &mut Tally) {
    let checks: &[Check] = match kind {
        Kind::Stream => &[Check::Versions, Check::Links],
        Kind::Id => &[Check::Ids],
        Kind::Live | Kind::Erasure => &[Check::Erasure],
    };
    let message = "what the audit put aside did not come back as it was";
    checks.iter().for_each(|check| tally.skip(*check, Place::NONE.note("audit", message)));
}
