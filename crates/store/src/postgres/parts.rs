//! The statement of a commit, put together from the parts that have something to write.
//!
//! Starting a part costs the server some ten microseconds, whether or not it finds a row to write, and a trigger per statement
//! fires for none as well. So what is empty is left out. The numbers of the parameters stay: a few combinations come again
//! and again, and each is planned once in a connection.

use super::commit::Shape;

/// The text of a part, and whether a commit of this shape needs it.
type Part = (&'static str, fn(&Shape) -> bool);

/// Parts that change views, with $1 to $27. Arrays are taken apart in the list of columns, not in FROM: there each row would
/// first be copied into a table of its own.
const VIEWS: [Part; 8] = [
    (
        "streams AS (
    INSERT INTO stream_head (stream, version, head, recorded_at, state)
    SELECT unnest($1::text[]), unnest($2::bigint[]), unnest($3::bytea[]), unnest($4::bigint[]),
           unnest($5::text[])
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version, head = excluded.head,
        recorded_at = excluded.recorded_at, state = excluded.state
)",
        |shape| shape.streams,
    ),
    (
        "contracts AS (
    INSERT INTO contract_view (contract_id, stream, status, contract_type, created_at, document_sha256)
    SELECT unnest($6::text[]), unnest($7::text[]), unnest($8::text[]), unnest($9::text[]),
           unnest($10::bigint[]), unnest($11::bytea[])
    ON CONFLICT (contract_id) DO UPDATE SET stream = excluded.stream, status = excluded.status,
        contract_type = excluded.contract_type, created_at = excluded.created_at,
        document_sha256 = excluded.document_sha256
)",
        |shape| shape.contracts,
    ),
    (
        "calls AS (
    INSERT INTO call_view (stream, progress) SELECT unnest($12::text[]), unnest($13::text[])
    ON CONFLICT (stream) DO UPDATE SET progress = excluded.progress
)",
        |shape| shape.calls,
    ),
    (
        "links_added AS (
    INSERT INTO link (space, key, stream)
    SELECT unnest($14::text[]), unnest($15::text[]), unnest($16::text[])
    ON CONFLICT DO NOTHING
)",
        |shape| shape.links_added,
    ),
    (
        "links_removed AS (
    DELETE FROM link AS old USING unnest($17::text[], $18::text[], $19::text[]) AS gone (space, key, stream)
    WHERE old.space = gone.space AND old.key = gone.key AND old.stream = gone.stream
)",
        |shape| shape.links_removed,
    ),
    (
        "tasks_removed AS (
    DELETE FROM task AS old
    WHERE old.stream = ANY ($20::text[]) AND NOT EXISTS (
        SELECT FROM unnest($21::text[], $22::bigint[]) AS kept (stream, task)
        WHERE kept.stream = old.stream AND kept.task = old.task
    )
)",
        |shape| shape.task_streams,
    ),
    (
        "tasks AS (
    INSERT INTO task (stream, task, kind, attempts, not_before)
    SELECT unnest($21::text[]), unnest($22::bigint[]), unnest($23::text[]), unnest($24::bigint[]),
           unnest($25::bigint[])
    ON CONFLICT (stream, task) DO UPDATE SET kind = excluded.kind, attempts = excluded.attempts,
        not_before = excluded.not_before
)",
        |shape| shape.tasks,
    ),
    (
        "counters AS (
    INSERT INTO counter (name, value) SELECT unnest($26::text[]), unnest($27::bigint[])
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
)",
        |shape| shape.counters,
    ),
];

/// Checks where the log stands and appends to it, with $28 to $44. Never left out.
const LOG: &str = "log AS MATERIALIZED (
    SELECT append_log($28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44) AS size
)";

/// Parts for what stands beside the log, with $45 to $62.
const BESIDE: [Part; 5] = [
    (
        "handled AS (
    INSERT INTO inbox (input, received_at, outcome, quarantined)
    SELECT unnest($45::uuid[]), unnest($46::bigint[]), unnest($47::text[]), unnest($48::bytea[])
)",
        |shape| shape.inbox,
    ),
    (
        "disclosed AS (
    INSERT INTO disclosure (position, opened) SELECT unnest($49::bigint[]), unnest($50::text[])
)",
        |shape| shape.disclosures,
    ),
    (
        "known AS (
    INSERT INTO seen (key, digest) SELECT unnest($51::bytea[]), unnest($52::bytea[])
)",
        |shape| shape.seen,
    ),
    (
        "repeated AS (
    INSERT INTO repeat (input, ordinal, received_at, stream, version, kind, occurred_at, flags)
    SELECT unnest($53::uuid[]), unnest($54::bigint[]), unnest($55::bigint[]), unnest($56::text[]),
           unnest($57::bigint[]), unnest($58::text[]), unnest($59::bigint[]), unnest($60::smallint[])
)",
        |shape| shape.repeats,
    ),
    (
        "named AS (
    INSERT INTO person (token, position)
    SELECT unnest($61::uuid[]), unnest($62::bigint[])
)",
        |shape| shape.persons,
    ),
];

/// The statement that writes a commit of this shape. Parts of one statement do not see each other's rows, so no row is touched
/// by two of them.
pub(super) fn commit_sql(shape: &Shape) -> String {
    let used =
        |parts: &'static [Part]| parts.iter().filter(|(_, is_used)| is_used(shape)).map(|(sql, _)| *sql);
    let parts: Vec<&str> = used(&VIEWS).chain([LOG]).chain(used(&BESIDE)).collect();
    format!("WITH {} SELECT size FROM log", parts.join(", "))
}

/// The statement that applies all view changes.
pub(super) fn views_sql() -> String {
    let parts: Vec<&str> = VIEWS.iter().map(|(sql, _)| *sql).collect();
    format!("WITH {} SELECT 1", parts.join(", "))
}
