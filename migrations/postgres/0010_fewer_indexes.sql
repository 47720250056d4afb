-- Indexes that cost the writer more than they serve a reader. Ids of calls are random, so each index over them costs a page of
-- its own for almost every row, and after every checkpoint an image of that page in the write-ahead log.

-- A call is found by its stream, whose name is made of the provider and the id.
DROP INDEX call_view_call;
-- The stream of a contract is named after its id, which is the primary key.
ALTER TABLE contract_view DROP CONSTRAINT contract_view_stream_key;

-- Keys are long and looked up as a whole, never in order: their hashes do, in half the space and time. What was seen is a set;
-- the one writer, who asks first, adds nothing twice, and it would do no harm.
ALTER TABLE seen DROP CONSTRAINT seen_pkey;
CREATE INDEX seen_key ON seen USING hash (key);

-- The same check as before, without keeping a copy of the rows for it: the last disclosure is found by its index.
DROP TRIGGER of_a_record ON disclosure;
ALTER TABLE disclosure ADD CONSTRAINT disclosure_position_check CHECK (position >= 0);
CREATE OR REPLACE FUNCTION check_disclosed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_greatest BIGINT;
BEGIN
    SELECT max(position) INTO v_greatest FROM public.disclosure;
    IF v_greatest > (SELECT coalesce(max(position), -1) FROM public.record) THEN
        RAISE EXCEPTION 'a disclosure at position %, where the log has no record', v_greatest
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
-- After the statement, which may append the records too. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER of_a_record AFTER INSERT ON disclosure FOR EACH STATEMENT EXECUTE FUNCTION check_disclosed();
ALTER TABLE disclosure ENABLE ALWAYS TRIGGER of_a_record;

-- Unchanged but for the arrays of the records: taken apart in the list of columns, for in FROM each row would first be copied
-- into a table of its own.
CREATE OR REPLACE FUNCTION append_log(
    p_fence BIGINT, p_first BIGINT, p_source TEXT, p_read_from BIGINT, p_read_to BIGINT,
    p_stream TEXT[], p_version BIGINT[], p_id UUID[], p_kind TEXT[], p_recorded_at BIGINT[],
    p_prev BYTEA[], p_payload_sha256 BYTEA[], p_leaf BYTEA[], p_jws TEXT[],
    p_node_level SMALLINT[], p_node_idx BIGINT[], p_node_hash BYTEA[]
) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_size   BIGINT;
    v_stream TEXT;
    v_level  INTEGER := 1;
    v_nodes  BIGINT;
BEGIN
    PERFORM public.hold_fence(p_fence);

    IF p_source IS NOT NULL THEN
        INSERT INTO public.source_position AS known (source, position)
        SELECT p_source, p_read_to
        WHERE p_read_from = 0 OR EXISTS (SELECT 1 FROM public.source_position WHERE source = p_source)
        ON CONFLICT (source) DO UPDATE SET position = EXCLUDED.position WHERE known.position = p_read_from;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'source % is not at position %', p_source, p_read_from USING ERRCODE = 'AHC01';
        END IF;
    END IF;

    SELECT coalesce(max(position) + 1, 0) INTO v_size FROM public.record;
    IF p_first IS DISTINCT FROM v_size THEN
        RAISE EXCEPTION 'the log has % records, not %', v_size, p_first USING ERRCODE = 'AHC01';
    END IF;

    -- Each record must follow the one before it: in this batch, or else in the log.
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
    IF FOUND THEN
        RAISE EXCEPTION 'version or prev does not follow in stream %', v_stream USING ERRCODE = 'AHC01';
    END IF;

    INSERT INTO public.record
        (position, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws)
    SELECT generate_series(p_first, p_first + cardinality(p_stream) - 1), unnest(p_stream), unnest(p_version), unnest(p_id),
        unnest(p_kind), unnest(p_recorded_at), unnest(p_prev), unnest(p_payload_sha256), unnest(p_leaf), unnest(p_jws);
    v_size := v_size + cardinality(p_stream);

    INSERT INTO public.tree_node (level, idx, hash)
    SELECT level, idx, hash FROM unnest(p_node_level, p_node_idx, p_node_hash) AS added (level, idx, hash);

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
