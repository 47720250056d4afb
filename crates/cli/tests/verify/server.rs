//! What a running service publishes, audited from outside; and its data directory, audited while it runs.

use clap::Parser;
use cli::command::verify::{self, VerifyArguments};
use cli::system::System;
use cli::tamper::{self, Column};
use cli::{Arguments, Command, surface};
use ledger::verify::Status;

use crate::place::{Place, audit, step};
use crate::story::{ORIGIN, contract_id};

/// A service over a place, and what an auditor calls with.
struct Service {
    system: System,
    arguments: VerifyArguments,
}

impl Service {
    async fn over(place: &Place) -> Service {
        // The process-wide provider; a second installation means that it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data_dir = place.target();
        let flags = [
            "ahadi",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--open-api",
            "--data-dir",
            &data_dir,
            "--origin",
            ORIGIN,
            // The calls of the story are old and have no end: nobody shall ask, so that the log stays as it was written.
            "--silent-call-minutes=100000000",
        ];
        let Command::Serve(config) = Arguments::parse_from(flags).command else { panic!("not serve") };
        let mut system = System::start(config.resolve().unwrap()).await.unwrap();
        let listening = surface::start(&mut system).await.unwrap();
        let mut arguments = VerifyArguments::all(&format!("http://{}", listening.address));
        arguments.pins.root = Some(place.path("keys/root.pub.jwk").display().to_string());
        arguments.pins.log_vkey = Some(place.path("keys/log.vkey").display().to_string());
        Service { system, arguments }
    }

    fn one(&self, n: usize) -> VerifyArguments {
        VerifyArguments { id: Some(contract_id(n)), all: false, ..self.arguments.clone() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_passes() {
    let place = Place::written().await;
    let service = Service::over(&place).await;
    let report = audit(&service.arguments).await;
    assert_eq!(report.exit_code(), 0, "{report}");
    let size = place.number("SELECT count(*) FROM record").await;
    for (name, checked) in [("signature", size), ("entries", size), ("inclusion", size), ("tiles", size + 1)]
    {
        let step = step(&report, name);
        assert_eq!((step.status, step.checked), (Status::Pass, checked), "{name}\n{report}");
    }
    let unpinned = VerifyArguments { pins: Default::default(), ..service.arguments.clone() };
    assert_eq!(audit(&unpinned).await.exit_code(), 2);
    let mut one = service.one(7);
    one.checkpoint.push(place.path("checkpoint"));
    let report = audit(&one).await;
    assert_eq!((report.exit_code(), step(&report, "checkpoints kept").checked), (0, 1), "{report}");
    assert!(verify::check(&service.one(777)).await.is_err(), "no such contract");
    service.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_while_it_runs_is_found_in_the_directory_and_from_outside() {
    let place = Place::written().await;
    let service = Service::over(&place).await;
    assert_eq!(place.audit().await.exit_code(), 0, "beside the running service");
    let newest = "SELECT max(position) FROM record WHERE kind = 'contract.confirmed'";
    let position = place.number(newest).await;
    tamper::edit_database(&place.database(), Column::Record).await.unwrap();
    for (from, report) in [("directory", place.audit().await), ("outside", audit(&service.arguments).await)] {
        assert_eq!(report.exit_code(), 1, "{from}\n{report}");
        let finding = step(&report, "signature").finding.clone().unwrap();
        assert_eq!(finding.position, Some(position), "{from}\n{report}");
    }
    service.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_not_given_are_not_passed() {
    let place = Place::written().await;
    let service = Service::over(&place).await;
    place.edit("DELETE FROM record WHERE position = (SELECT max(position) FROM record)").await;
    let report = audit(&service.arguments).await;
    assert_eq!((report.exit_code(), step(&report, "entries").status), (1, Status::Fail), "{report}");
    // A checkpoint kept that is larger than what is served now.
    service.system.stop().await;
    assert!(verify::check(&service.arguments).await.is_err(), "nobody answers");
}
