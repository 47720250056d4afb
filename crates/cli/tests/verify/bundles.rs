//! Bundles made from a database: they verify offline, and nothing in one can be changed unnoticed.

use cli::command::bundle::{self, BundleArguments};
use cli::command::verify::{self, VerifyArguments};
use contract::provider::Via;
use ledger::bundle::Bundle;
use ledger::disclosure::Disclosure;
use ledger::verify::{Pins, Status};

use crate::place::{Place, audit, step};
use crate::story::{CONTRACTS, Story, contract_id, draft};

/// Places in a bundle at which a byte is flipped.
const SAMPLES: usize = 200;

fn arguments(place: &Place, n: usize) -> BundleArguments {
    BundleArguments {
        id: contract_id(n),
        from: place.target(),
        out: Some(place.path("bundle.json")),
        without_personal: false,
        server: None,
        key: None,
        pins: Default::default(),
        database_url: None,
    }
}

/// The bundle file on its own, against the keys of its ledger.
fn offline(place: &Place) -> VerifyArguments {
    let mut arguments =
        VerifyArguments { target: place.path("bundle.json").display().to_string(), ..Default::default() };
    arguments.pins.root = Some(place.path("keys/root.pub.jwk").display().to_string());
    arguments.pins.log_vkey = Some(place.path("keys/log.vkey").display().to_string());
    arguments
}

fn read(place: &Place) -> Bundle {
    Bundle::from_json(&std::fs::read(place.path("bundle.json")).unwrap()).unwrap()
}

fn names(bundle: &Bundle) -> Vec<String> {
    let all = bundle.disclosures.values().flatten().chain(&bundle.document_disclosures);
    all.map(|encoded| Disclosure::parse(encoded).unwrap().1).collect()
}

#[tokio::test]
async fn a_bundle_is_written_and_verifies_offline() {
    let place = Place::written().await;
    for n in [0, 7, CONTRACTS] {
        assert_eq!(bundle::run(arguments(&place, n)).await.unwrap(), 0);
        let report = audit(&offline(&place)).await;
        assert_eq!(report.exit_code(), 0, "{n}\n{report}");
        for name in ["document", "disclosures", "signature", "inclusion"] {
            assert_eq!(step(&report, name).status, Status::Pass, "{n}: {name}\n{report}");
        }
        // Of itself alone it proves nothing.
        let alone = VerifyArguments { pins: Default::default(), ..offline(&place) };
        assert_eq!(audit(&alone).await.exit_code(), 2);
    }
}

#[tokio::test]
async fn the_calls_a_contract_was_agreed_on_are_in_its_bundle() {
    let place = Place::written().await;
    bundle::run(arguments(&place, 0)).await.unwrap();
    let streams: Vec<String> = read(&place)
        .records
        .iter()
        .map(|r| ledger::record::open(&r.jws).unwrap().stream.to_string())
        .collect();
    for kind in ["contract/", "conference/", "call/"] {
        assert!(streams.iter().any(|stream| stream.starts_with(kind)), "{streams:?}");
    }
}

#[tokio::test]
async fn what_is_given_of_private_values() {
    let place = Place::written().await;
    bundle::run(arguments(&place, 7)).await.unwrap();
    let given = names(&read(&place));
    for name in ["phone", "name", "transcript"] {
        assert!(given.iter().any(|given| given == name), "{name}: {given:?}");
    }
    let without = BundleArguments { without_personal: true, ..arguments(&place, 7) };
    bundle::run(without).await.unwrap();
    let given = names(&read(&place));
    assert!(given.iter().all(|name| name == "document"), "{given:?}");
    let text = std::fs::read_to_string(place.path("bundle.json")).unwrap();
    assert!(!text.contains("+2547") && !text.contains("Wanjiku"));
    assert_eq!(audit(&offline(&place)).await.exit_code(), 0, "nothing personal is needed to verify");
    // While a contract waits its codes are given to nobody.
    bundle::run(arguments(&place, CONTRACTS)).await.unwrap();
    let given = names(&read(&place));
    assert!(!given.iter().any(|name| name.starts_with("code_") || name == "text"), "{given:?}");
}

#[tokio::test]
async fn one_contract_of_a_ledger() {
    let place = Place::written().await;
    let mut one = VerifyArguments { id: Some(contract_id(7)), ..VerifyArguments::all(&place.target()) };
    one.all = false;
    let report = audit(&one).await;
    assert_eq!(report.exit_code(), 0, "{report}");
    assert_eq!(step(&report, "checkpoints kept").status, Status::Pass, "the one in the file\n{report}");
    one.id = Some("AGRI-2026-999999".to_owned());
    assert!(verify::check(&one).await.is_err(), "no such contract");

    let edited = "SELECT position FROM record WHERE stream = 'contract/AGRI-2026-000008' AND kind = 'contract.confirmed'";
    let position = place.number(edited).await;
    let sql = format!(
        "UPDATE record SET jws = (SELECT jws FROM record WHERE position = 5) WHERE position = {position}"
    );
    place.edit(&sql).await;
    one.id = Some(contract_id(7));
    let report = audit(&one).await;
    assert_eq!((report.exit_code(), step(&report, "inclusion").status), (1, Status::Fail), "{report}");
}

#[tokio::test]
async fn checkpoints_kept_from_before() {
    let place = Place::empty();
    let mut story = Story::whole(&place.0, "grows").await;
    std::fs::copy(place.path("checkpoint"), place.path("kept")).unwrap();
    story.happen(Via::Api, vec![draft(90, None)]).await;
    story.checkpoint().await;
    story.end().await;
    let kept = vec![place.path("kept"), place.path("checkpoint")];
    let mut one = VerifyArguments { id: Some(contract_id(7)), target: place.target(), ..Default::default() };
    one.checkpoint.clone_from(&kept);
    let report = audit(&one).await;
    assert_eq!((report.exit_code(), step(&report, "checkpoints kept").checked), (0, 3), "{report}");
    // A file has no tiles to prove it with.
    bundle::run(arguments(&place, 7)).await.unwrap();
    let alone = VerifyArguments { checkpoint: kept, ..offline(&place) };
    let report = audit(&alone).await;
    assert_eq!(
        (report.exit_code(), step(&report, "checkpoints kept").status),
        (2, Status::NotChecked),
        "{report}"
    );
}

#[tokio::test]
async fn a_flipped_byte_is_never_passed() {
    let place = Place::written().await;
    bundle::run(arguments(&place, 7)).await.unwrap();
    let whole = std::fs::read(place.path("bundle.json")).unwrap();
    let pins = offline(&place).pins.pins(&cli::evidence::Target::of(&place.target()).unwrap()).unwrap();
    let passes = |bytes: &[u8], pins: &Pins| {
        Bundle::from_json(bytes).is_ok_and(|bundle| bundle.verify(pins, &[]).exit_code() == 0)
    };
    assert!(passes(&whole, &pins));
    let step = whole.len() / SAMPLES;
    let mut read = 0;
    for at in (0..SAMPLES).map(|n| n * step + n % 7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        read += usize::from(Bundle::from_json(&bytes).is_ok());
        assert!(!passes(&bytes, &pins), "byte {at}");
    }
    assert!(read > SAMPLES / 2, "most flips have to get past the parser, or nothing was tested: {read}");
}
