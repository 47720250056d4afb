//! Everything about one person: the values that an erasure would take, and the documents it would leave.

use std::collections::{BTreeMap, BTreeSet};

use contract::erasure::{Dossier, Held};
use contract::person::Index;
use contract::phone::Phone;
use serde_json::{Value, json};
use store::Reader;
use store::rows::RecordRow;

use crate::problem::Problem;

/// More records than any stream of ours has.
const STREAM_RECORDS_MAX: u32 = 1_000_000;

/// The export of a person.
pub(super) async fn of(reader: &Reader, index: &Index, phone: &Phone) -> Result<Value, Problem> {
    let dossier = dossier(reader, index, phone).await?;
    let selection = dossier.select();
    let (mut records, mut recordings, mut streams) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (name, held) in dossier.streams() {
        for held in held {
            let about = |value: &&contract::erasure::HeldValue| {
                selection.values.contains(&(held.position, value.digest.clone()))
            };
            let values: Vec<_> = held.values.iter().filter(about).collect();
            let document = held.values.iter().filter(|v| v.name == "document" && !about(v));
            if values.is_empty() {
                continue;
            }
            streams.insert(name);
            let shown = values.iter().copied().chain(document).map(
                |value| json!({ "name": value.name, "value": value.value, "disclosure": value.encoded }),
            );
            records.push(json!({
                "position": held.position,
                "stream": name,
                "version": held.record.version,
                "type": held.record.kind,
                "recorded_at": held.record.recorded_at,
                "values": shown.collect::<Vec<_>>(),
                "jws": held.record.jws(),
            }));
            recordings.extend(recording(name, held));
        }
    }
    let contracts: Vec<&str> = streams.iter().filter_map(|name| name.strip_prefix("contract/")).collect();
    Ok(json!({
        "phone": phone.as_str(),
        "names": dossier.names(),
        "contracts": contracts,
        "streams": streams,
        "records": records,
        "recordings": recordings,
    }))
}

/// A recording the person may be heard on.
fn recording(stream: &str, held: &Held) -> Option<Value> {
    let sha256 = held.values.iter().find(|value| value.name == "sha256" && !value.of_document)?;
    let field =
        |name: &str| held.record.data.get(name).map_or(Value::Null, |value| crate::contracts::plain(&value));
    Some(json!({
        "stream": stream,
        "sha256": sha256.value,
        "bytes": field("bytes"),
        "media_type": field("media_type"),
        "fetched_at": held.record.recorded_at,
    }))
}

async fn dossier(reader: &Reader, index: &Index, phone: &Phone) -> Result<Dossier, Problem> {
    let token = index.token(phone);
    let mut streams = Vec::new();
    for position in reader.person(token).await? {
        streams.extend(reader.record(position).await?.map(|row| row.stream));
    }
    let mut dossier = Dossier::new(index.clone(), token, streams);
    while let Some(stream) = dossier.wanted().map(str::to_owned) {
        let rows = reader.stream_records(&stream, 1, STREAM_RECORDS_MAX).await?;
        let positions: Vec<u64> = rows.iter().map(|row| row.position).collect();
        let mut disclosures: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for row in reader.disclosures_of(&positions).await? {
            disclosures.entry(row.position).or_default().push(row.encoded);
        }
        let read = |row: RecordRow| {
            let own = disclosures.remove(&row.position).unwrap_or_default();
            Held::read(row.position, &row.jws, own.iter().map(String::as_str)).map_err(Problem::internal)
        };
        let held = rows.into_iter().map(read).collect::<Result<_, _>>()?;
        dossier.put(stream, held);
    }
    Ok(dossier)
}
