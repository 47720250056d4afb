//! Links from one stream to another: the record they name must be there, with the hash they quote.

use ledger::hash::{Hash, sha256};
use ledger::json::Value;
use ledger::object;
use ledger::record::open;
use ledger::verify::{Report, Status};

use crate::sample::{CONTRACT, Sample};

/// A log of one call with two records and a contract that links to it: `version` and `hash` as `change` makes them of the
/// true ones, followed by one more record of the call.
fn audit(change: impl FnOnce(i64, Hash) -> (i64, Hash)) -> (usize, Report) {
    let mut sample = Sample::started();
    let call = "call/minivoice/MV-1";
    sample.add(call, "call.started", object! {"duration_s": 0i64}, &[]);
    let newest = sample.add(call, "call.ended", object! {"duration_s": 60i64}, &[]);
    let true_hash = open(&sample.entries[newest].jws).unwrap().payload_sha256;
    let (version, hash) = change(2, true_hash);
    let link = object! {"stream": call, "version": version, "hash": hash};
    let elsewhere = object! {"stream": "call/minivoice/none", "version": 1i64, "hash": hash};
    let links = Value::Array(vec![elsewhere, link]);
    let linking = sample.add(CONTRACT, "contract.noted", object! {"links": links}, &[]);
    sample.add(call, "call.other", object! {}, &[]);
    let size = sample.entries.len() as u64;
    (linking, sample.material(&[size]).audit())
}

#[test]
fn a_true_link_passes_although_its_stream_goes_on() {
    let (_, report) = audit(|version, hash| (version, hash));
    assert_eq!(report.exit_code(), 0, "{report}");
}

#[test]
fn a_link_to_other_bytes_or_to_nothing_yet_is_found() {
    type Change = fn(i64, Hash) -> (i64, Hash);
    let cases: [(&str, Change); 2] = [
        ("data.links.hash", |version, _| (version, sha256(b"another record"))),
        ("data.links.version", |version, hash| (version + 1, hash)),
    ];
    for (field, change) in cases {
        let (position, report) = audit(change);
        let step = report.step("links").unwrap();
        assert_eq!((report.exit_code(), step.status), (1, Status::Fail), "{report}");
        let finding = step.finding.as_ref().unwrap();
        assert_eq!((finding.position, finding.field.as_str()), (Some(position as u64), field), "{report}");
    }
}
