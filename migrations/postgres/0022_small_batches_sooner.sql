-- Where inputs come one by one, a batch holds one or two records, and what the server does for each batch counts for more than
-- what it does for each record. The same checks as before, with fewer statements.

-- Unchanged: what it refuses, and with which code. New: the fence is held and the position moved by one statement each; a record
-- that comes alone is compared with the last one of its stream, without the window that orders the records of a batch; and no
-- rows are inserted into the tree where there are none.
CREATE OR REPLACE FUNCTION append_log(
    p_fence BIGINT, p_first BIGINT, p_source TEXT, p_read_from BIGINT, p_read_to BIGINT,
    p_stream TEXT[], p_version BIGINT[], p_id UUID[], p_kind TEXT[], p_recorded_at BIGINT[],
    p_prev BYTEA[], p_payload_sha256 BYTEA[], p_leaf BYTEA[], p_jws TEXT[],
    p_node_level SMALLINT[], p_node_idx BIGINT[], p_node_hash BYTEA[]
) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_added  CONSTANT INTEGER := cardinality(p_stream);
    v_size   BIGINT;
    v_stream TEXT;
    v_level  INTEGER := 1;
    v_nodes  BIGINT;
BEGIN
    -- As hold_fence does; calling it takes as long as the statement.
    PERFORM 1 FROM public.lease WHERE fence = p_fence FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fence % is not the current one', p_fence USING ERRCODE = 'AHF01';
    END IF;

    IF p_source IS NOT NULL THEN
        UPDATE public.source_position SET position = p_read_to WHERE source = p_source AND position = p_read_from;
        IF NOT FOUND AND p_read_from = 0 THEN
            INSERT INTO public.source_position (source, position) VALUES (p_source, p_read_to) ON CONFLICT DO NOTHING;
        END IF;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'source % is not at position %', p_source, p_read_from USING ERRCODE = 'AHC01';
        END IF;
    END IF;

    SELECT coalesce(max(position) + 1, 0) INTO v_size FROM public.record;
    IF p_first IS DISTINCT FROM v_size THEN
        RAISE EXCEPTION 'the log has % records, not %', v_size, p_first USING ERRCODE = 'AHC01';
    END IF;

    -- Each record must follow the one before it: in this batch, or else in the log.
    IF v_added = 1 THEN
        SELECT added.stream INTO v_stream
        FROM unnest(p_stream, p_version, p_prev) AS added (stream, version, prev)
        LEFT JOIN LATERAL (
            SELECT stored.version, stored.payload_sha256
            FROM public.record AS stored
            WHERE stored.stream = added.stream
            ORDER BY stored.version DESC LIMIT 1
        ) AS log ON TRUE
        WHERE added.version IS DISTINCT FROM coalesce(log.version, 0) + 1
           OR added.prev IS DISTINCT FROM log.payload_sha256
        LIMIT 1;
    ELSE
        SELECT batch.stream INTO v_stream
        FROM (
            SELECT added.stream, added.version, added.prev,
                   lag(added.version) OVER chain AS version_before, lag(added.payload) OVER chain AS payload_before
            FROM unnest(p_stream, p_version, p_prev, p_payload_sha256)
                 WITH ORDINALITY AS added (stream, version, prev, payload, place)
            WINDOW chain AS (PARTITION BY added.stream ORDER BY added.place)
        ) AS batch
        LEFT JOIN LATERAL (
            SELECT stored.version, stored.payload_sha256
            FROM public.record AS stored
            WHERE batch.version_before IS NULL AND stored.stream = batch.stream
            ORDER BY stored.version DESC LIMIT 1
        ) AS log ON TRUE
        WHERE batch.version IS DISTINCT FROM coalesce(batch.version_before, log.version, 0) + 1
           OR batch.prev IS DISTINCT FROM coalesce(batch.payload_before, log.payload_sha256)
        LIMIT 1;
    END IF;
    -- By what was found, not by its stream, which may be NULL.
    IF FOUND THEN
        RAISE EXCEPTION 'version or prev does not follow in stream %', v_stream USING ERRCODE = 'AHC01';
    END IF;

    INSERT INTO public.record
        (position, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws)
    SELECT generate_series(p_first, p_first + v_added - 1), unnest(p_stream), unnest(p_version), unnest(p_id),
        unnest(p_kind), unnest(p_recorded_at), unnest(p_prev), unnest(p_payload_sha256), unnest(p_leaf), unnest(p_jws);
    v_size := v_size + v_added;

    IF cardinality(p_node_level) > 0 OR cardinality(p_node_idx) > 0 OR cardinality(p_node_hash) > 0 THEN
        INSERT INTO public.tree_node (level, idx, hash)
        SELECT level, idx, hash FROM unnest(p_node_level, p_node_idx, p_node_hash) AS added (level, idx, hash);
    END IF;

    -- Nothing is signed that cannot be served: every full tile below must have its hash above, and none beyond.
    LOOP
        SELECT coalesce(max(idx) + 1, 0) INTO v_nodes FROM public.tree_node WHERE level = v_level;
        IF v_nodes <> v_size >> (8 * v_level) THEN
            RAISE EXCEPTION 'level % of the tree has % hashes, not %', v_level, v_nodes, v_size >> (8 * v_level)
                USING ERRCODE = 'AHP01';
        END IF;
        EXIT WHEN v_nodes = 0 OR v_level = 7;
        v_level := v_level + 1;
    END LOOP;
    RETURN v_size;
END
$$;

-- One expression in place of two statements.
CREATE OR REPLACE FUNCTION check_disclosed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT max(position) FROM public.disclosure) > (SELECT coalesce(max(position), -1) FROM public.record) THEN
        RAISE EXCEPTION 'a disclosure at position %, where the log has no record', (SELECT max(position) FROM public.disclosure)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION check_indexed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT max(position) FROM public.person) > (SELECT coalesce(max(position), -1) FROM public.record) THEN
        RAISE EXCEPTION 'a person at position %, where the log has no record', (SELECT max(position) FROM public.person)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
