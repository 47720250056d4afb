//! Servers and streams that must not be used.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use journal::{Bus, BusError, GateError, Refusal, StreamConfig, check_server, check_stream};
use serde_json::json;

use crate::nats::{Streams, own_names, urls};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn wanted() -> StreamConfig {
    StreamConfig::keeping("AHADI_IN", "ahadi.in.v1.0.>", 30 * DAY, Duration::from_secs(600))
}

#[test]
fn what_was_asked_for_passes_and_so_does_more() {
    let found = wanted();
    assert_eq!(check_stream(&wanted(), &found), Ok(()));
    let mut more = wanted();
    more.max_age = 0;
    more.num_replicas = 3;
    more.duplicate_window *= 2;
    more.compression = Some("none".to_owned());
    more.persist_mode = Some("default".to_owned());
    assert_eq!(check_stream(&wanted(), &more), Ok(()));
}

#[test]
fn each_bad_setting_is_refused_in_its_own_words() {
    type Change = fn(&mut StreamConfig);
    let table: [(Change, &str); 19] = [
        (|c| c.storage = "memory".into(), "storage is memory, but has to be file"),
        (|c| c.discard = "old".into(), "discard is old, but has to be new"),
        (|c| c.retention = "workqueue".into(), "retention is workqueue, but has to be limits"),
        (|c| c.retention = "interest".into(), "retention is interest, but has to be limits"),
        (|c| c.subjects = vec!["x.>".into()], "subjects is x.>, but has to be ahadi.in.v1.0.>"),
        (|c| c.subjects.push("x".into()), "subjects is ahadi.in.v1.0.>, x, but has to be ahadi.in.v1.0.>"),
        (|c| c.max_age = 86_400_000_000_000, "max_age is 86400s, less than the 2592000s asked for"),
        (|c| c.duplicate_window = 120_000_000_000, "duplicate_window is 120s, less than the 600s asked for"),
        (|c| c.max_bytes = 1_000, "max_bytes is 1000, less than the unlimited asked for"),
        (|c| c.max_msgs = 5, "max_msgs is 5, less than the unlimited asked for"),
        (|c| c.max_msgs_per_subject = 1, "max_msgs_per_subject is 1, less than the unlimited asked for"),
        (|c| c.max_msg_size = 1_000, "max_msg_size is 1000 bytes, less than the 924032 an entry may need"),
        (|c| c.num_replicas = 0, "num_replicas is 0, less than the 1 asked for"),
        (|c| c.compression = Some("s2".into()), "compression is s2, but has to be none"),
        (|c| c.no_ack = true, "no_ack is set, which leaves publishers without an answer"),
        (|c| c.sealed = true, "sealed is set, which refuses every message"),
        (|c| c.allow_rollup_hdrs = true, "allow_rollup_hdrs is set, which lets a publisher delete messages"),
        (|c| c.allow_msg_ttl = true, "allow_msg_ttl is set, which lets single messages expire early"),
        (
            |c| c.persist_mode = Some("async".into()),
            "persist_mode: async is set, which acknowledges messages before they are written",
        ),
    ];
    for (change, words) in table {
        let mut found = wanted();
        change(&mut found);
        let error = check_stream(&wanted(), &found).unwrap_err();
        assert_eq!(error.to_string(), format!("NATS stream AHADI_IN cannot be used: {words}"));
    }
}

#[test]
fn streams_fed_by_other_streams_are_refused() {
    let mut found = wanted();
    found.mirror = Some(json!({"name": "X"}));
    found.sources = Some(json!([{"name": "X"}]));
    found.subject_transform = Some(json!({"src": ">", "dest": "x.>"}));
    let error = check_stream(&wanted(), &found).unwrap_err();
    let fields: Vec<_> = error
        .refusals
        .iter()
        .map(|refusal| match refusal {
            Refusal::Harmful { field, .. } => *field,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(fields, ["mirror", "sources", "subject_transform"]);
}

#[test]
fn servers_are_judged_by_what_they_say_of_themselves() {
    const MIB: usize = 1 << 20;
    for (version, headers, max_payload, passes) in [
        ("2.9.10", true, MIB, true),
        ("2.15.1", true, MIB, true),
        ("2.12.0-RC.1", true, MIB, true),
        ("3.0.0", true, MIB, true),
        ("2.8.4", true, MIB, false),
        ("1.9.0", true, MIB, false),
        ("", true, MIB, false),
        ("nightly", true, MIB, false),
        ("2.15.1", false, MIB, false),
        ("2.15.1", true, 64 * 1024, false),
    ] {
        assert_eq!(
            check_server(version, headers, max_payload).is_ok(),
            passes,
            "{version} {headers} {max_payload}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_somebody_made_otherwise_is_refused_by_both_servers() {
    type Change = fn(&mut Config);
    let table: [(Change, &str); 5] = [
        (|c| c.storage = StorageType::Memory, "storage"),
        (|c| c.discard = DiscardPolicy::Old, "discard"),
        (|c| c.retention = RetentionPolicy::WorkQueue, "retention"),
        (|c| c.max_age = DAY, "max_age"),
        (|c| c.max_messages = 1_000, "max_msgs"),
    ];
    for url in urls() {
        for (change, field) in table {
            let options = own_names(&url);
            let client = async_nats::connect(&url).await.unwrap();
            let context = async_nats::jetstream::new(client);
            let mut config = Config {
                name: options.input_stream.clone(),
                subjects: vec![journal::input_filter(&options.root, 0)],
                discard: DiscardPolicy::New,
                max_age: options.retention,
                duplicate_window: options.duplicate_window,
                ..Config::default()
            };
            change(&mut config);
            context.create_stream(config).await.unwrap();
            let refused = refusals(Bus::connect(options.clone()).await);
            let named = |refusal: &Refusal| match refusal {
                Refusal::Differs { field, .. } | Refusal::TooLittle { field, .. } => *field,
                other => panic!("{other}"),
            };
            assert_eq!(refused.iter().map(named).collect::<Vec<_>>(), [field]);
            context.delete_stream(&options.input_stream).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_the_old_server_drops_in_silence_is_noticed() {
    let [newest, oldest] = urls();
    let mut options = own_names(&newest);
    options.compression = true;
    Streams { bus: Bus::connect(options).await.unwrap() }.remove().await;

    let mut options = own_names(&oldest);
    options.compression = true;
    let refused = refusals(Bus::connect(options.clone()).await);
    let compression =
        Refusal::Differs { field: "compression", wanted: "s2".to_owned(), found: "none".to_owned() };
    assert_eq!(refused, [compression]);
    let context = async_nats::jetstream::new(async_nats::connect(&oldest).await.unwrap());
    context.delete_stream(&options.input_stream).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn options_are_kept_and_a_second_connection_finds_them_right() {
    for url in urls() {
        let mut options = own_names(&url);
        options.max_bytes = Some(64 * 1024 * 1024);
        let first = Streams { bus: Bus::connect(options.clone()).await.unwrap() };
        let again = Bus::connect(options.clone()).await.unwrap();
        assert_eq!(again.extent().await.unwrap(), first.bus.extent().await.unwrap());
        options.max_bytes = None;
        let refused = refusals(Bus::connect(options).await);
        assert!(matches!(refused[..], [Refusal::TooLittle { field: "max_bytes", .. }]), "{refused:?}");
        first.remove().await;
    }
}

fn refusals(connected: Result<Bus, BusError>) -> Vec<Refusal> {
    match connected {
        Err(BusError::Gate(GateError { refusals, .. })) => refusals,
        other => panic!("{other:?}"),
    }
}
