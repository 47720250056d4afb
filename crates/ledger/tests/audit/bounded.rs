//! Audits in bounded memory: what is not kept is told, and what does not come back as it was proves nothing.

use std::convert::Infallible;

use ledger::disclosure::{Disclosure, Salt};
use ledger::verify::{Auditor, PARTS, Report, SHARES, Status};

use crate::sample::{Material, Sample, pins, seed};

/// Longer than all leaves that are kept, with a part of a tile at the end.
const CALLS: usize = 2_300;

fn long() -> Material {
    let mut sample = Sample::started();
    sample.add_calls(CALLS);
    let size = sample.entries.len() as u64;
    sample.material(&[size, 1, 256, 700, 1_024, 1_279, 2_048])
}

#[test]
fn a_log_longer_than_what_is_kept_is_audited_alike() {
    let mut material = long();
    assert_eq!(material.audit().exit_code(), 0, "{}", material.audit());
    material.notes[3] = material.notes[3].replacen("\n700\n", "\n701\n", 1);
    assert_eq!(material.audit().exit_code(), 1);
    let mut gap = long();
    gap.entries.remove(400);
    let report = gap.audit();
    assert_eq!(report.first_fault().unwrap().1.position, Some(400), "{report}");
}

#[test]
fn what_comes_too_late_to_compare_is_not_checked() {
    let material = long();
    let audit = |late: &str, late_tile: usize| {
        let mut auditor = Auditor::new(pins()).expecting_all_disclosures().bounded();
        auditor.checkpoint(&material.notes[0]);
        for (position, jws, disclosures) in &material.entries {
            let disclosures: Vec<&str> = disclosures.iter().map(String::as_str).collect();
            auditor.push(*position, jws, &disclosures);
        }
        auditor.checkpoint(late);
        let (tile, hashes) = &material.tiles[late_tile];
        auditor.tile(*tile, hashes);
        auditor.finish(material.expected)
    };
    let kept = |report: &Report| report.step("checkpoints kept").unwrap().clone();
    // The size of a full tile is known for good, the last sizes still; others are not.
    for known in [2, 4, 6] {
        assert_eq!(kept(&audit(&material.notes[known], 0)).status, Status::Pass);
    }
    let gone = kept(&audit(&material.notes[3], 0));
    assert_eq!((gone.status, gone.checked), (Status::NotChecked, 0));
    assert!(gone.finding.unwrap().message.contains("too late"));
    let first = audit(&material.notes[0], 0);
    assert!(first.step("tiles").unwrap().finding.as_ref().unwrap().field.starts_with("tile/0/"), "{first}");
    assert_eq!(first.step("tiles").unwrap().checked, 0, "{first}");
}

/// The pieces of a part, and those of all parts, that are kept elsewhere.
type Pieces = Vec<Vec<u8>>;
type Elsewhere = Vec<Pieces>;

/// The story, of which the erased disclosure may exist still.
fn story(is_still_there: bool) -> Material {
    let (sample, marks) = Sample::story();
    let mut material = sample.material(&[sample.entries.len() as u64]);
    material.erased.push((marks.forgotten as u64, marks.erased_digest));
    if is_still_there {
        let salt = Salt::derive(&seed(&format!("ahadi test input {}", marks.forgotten)), 0);
        let kept = Disclosure::new(&salt, "phone", &"+254700000001".into());
        material.entries[marks.forgotten].2.push(kept.encoded);
    }
    material
}

/// Closes an audit whose facts were kept elsewhere, and were changed there.
fn audit_changed(
    material: &Material,
    change: impl FnOnce(&mut Elsewhere),
    shares: impl Iterator<Item = usize>,
) -> Report {
    let mut auditor = Auditor::new(pins()).expecting_all_disclosures();
    material.notes.iter().for_each(|note| auditor.checkpoint(note));
    material.erased.iter().for_each(|(position, digest)| auditor.erased(*position, digest));
    let mut elsewhere: Elsewhere = vec![Vec::new(); PARTS];
    for (position, jws, disclosures) in &material.entries {
        let disclosures: Vec<&str> = disclosures.iter().map(String::as_str).collect();
        auditor.push(*position, jws, &disclosures);
        let keep = |part: usize, bytes: &[u8]| {
            elsewhere[part].push(bytes.to_vec());
            Ok::<_, Infallible>(())
        };
        auditor.hand_out(keep).unwrap();
    }
    material.tiles.iter().for_each(|(tile, hashes)| auditor.tile(*tile, hashes));
    change(&mut elsewhere);
    let closed = auditor.close(material.expected);
    let earlier = |part: usize| elsewhere[part].iter().cloned().map(Ok::<_, Infallible>);
    let judged: Vec<_> = shares.map(|share| closed.judge(share, earlier).unwrap()).collect();
    closed.report(judged)
}

#[test]
fn what_does_not_come_back_as_it_was_proves_nothing() {
    let whole = audit_changed(&story(false), |_| (), 0..SHARES);
    assert_eq!(whole.exit_code(), 0, "{whole}");
    // Streams, ids, what is disclosed and what is erased, in that order. What is disclosed matters where it was erased.
    let kinds: [(bool, &[&str]); 4] =
        [(false, &["versions", "links"]), (false, &["ids"]), (true, &["erasure"]), (false, &["erasure"])];
    let last_gone = |part: &mut Pieces| drop(part.pop());
    let cut = |part: &mut Pieces| _ = part[0].pop();
    let losses: [&dyn Fn(&mut Pieces); 2] = [&last_gone, &cut];
    for (kind, (is_still_there, steps)) in kinds.into_iter().enumerate() {
        for lose in losses {
            let parts = kind * SHARES..(kind + 1) * SHARES;
            let change =
                |all: &mut Elsewhere| all[parts].iter_mut().filter(|part| !part.is_empty()).for_each(lose);
            let report = audit_changed(&story(is_still_there), change, 0..SHARES);
            for step in steps {
                assert_ne!(report.step(step).unwrap().status, Status::Pass, "{step}:\n{report}");
            }
            assert_ne!(report.exit_code(), 0, "{report}");
        }
    }
}

#[test]
fn a_share_that_nobody_judged_proves_nothing() {
    let material = story(false);
    let report = audit_changed(&material, |_| (), 1..SHARES);
    for step in ["versions", "links", "ids", "erasure"] {
        assert_eq!(report.step(step).unwrap().status, Status::NotChecked, "{step}:\n{report}");
    }
    assert_eq!(report.exit_code(), 2, "{report}");
    let twice = audit_changed(&material, |_| (), (0..SHARES).chain(0..SHARES));
    assert_eq!(twice, audit_changed(&material, |_| (), 0..SHARES));
}
