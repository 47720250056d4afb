-- What the database itself holds to, whoever is connected: the log is append-only, positions are gapless, every
-- stream is a chain, and only the holder of the lease appends. Error codes: AHL01 the log cannot be changed, AHF01 the
-- lease is lost, AHC01 the log is not where the writer believes it to be, AHP01 the writer is at fault.

-- ---------------------------------------------------------------------------------------------- append-only

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'AHL01';
END
$$;
COMMENT ON FUNCTION refuse_change() IS 'Trigger that refuses whatever it is hung on.';

-- ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_info EXECUTE FUNCTION refuse_change();
ALTER TABLE ledger_info ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record EXECUTE FUNCTION refuse_change();
ALTER TABLE record ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tree_node EXECUTE FUNCTION refuse_change();
ALTER TABLE tree_node ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint EXECUTE FUNCTION refuse_change();
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER append_only;
-- A disclosure may go, one by one, but not change.
CREATE TRIGGER no_change BEFORE UPDATE OR TRUNCATE ON disclosure EXECUTE FUNCTION refuse_change();
ALTER TABLE disclosure ENABLE ALWAYS TRIGGER no_change;

-- ---------------------------------------------------------------------------------------------- the lease

CREATE FUNCTION database_millis() RETURNS BIGINT
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;
COMMENT ON FUNCTION database_millis() IS 'The clock all leases are measured by, in milliseconds since 1970 UTC.';

CREATE FUNCTION hold_fence(p_fence BIGINT) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The row stays locked until the transaction ends: nobody takes the lease over in the middle of an append.
    PERFORM 1 FROM public.lease WHERE fence = p_fence FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fence % is not the current one', p_fence USING ERRCODE = 'AHF01';
    END IF;
END
$$;
COMMENT ON FUNCTION hold_fence(BIGINT) IS 'Fails unless this is the fence of the current lease; keeps it so until the transaction ends.';

-- ---------------------------------------------------------------------------------------------- appending

CREATE FUNCTION append_log(
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
    SELECT p_first + place - 1, stream, version, id, kind, recorded_at, prev, payload, leaf, jws
    FROM unnest(p_stream, p_version, p_id, p_kind, p_recorded_at, p_prev, p_payload_sha256, p_leaf, p_jws)
         WITH ORDINALITY AS added (stream, version, id, kind, recorded_at, prev, payload, leaf, jws, place);
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
COMMENT ON FUNCTION append_log(BIGINT, BIGINT, TEXT, BIGINT, BIGINT, TEXT[], BIGINT[], UUID[], TEXT[], BIGINT[], BYTEA[],
    BYTEA[], BYTEA[], TEXT[], SMALLINT[], BIGINT[], BYTEA[])
    IS 'The only way to append records: checks fence, source position, position, version, prev and tree; returns the new size.';

CREATE FUNCTION append_checkpoint(p_fence BIGINT, p_size BIGINT, p_root BYTEA, p_note TEXT, p_signed_at BIGINT)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_log    BIGINT;
    v_newest public.checkpoint%ROWTYPE;
BEGIN
    PERFORM public.hold_fence(p_fence);
    SELECT coalesce(max(position) + 1, 0) INTO v_log FROM public.record;
    IF p_size > v_log THEN
        RAISE EXCEPTION 'the log has % records, fewer than the checkpoint''s %', v_log, p_size USING ERRCODE = 'AHC01';
    END IF;
    SELECT * INTO v_newest FROM public.checkpoint ORDER BY size DESC LIMIT 1;
    IF v_newest.size > p_size THEN
        RAISE EXCEPTION 'a checkpoint of % records was already signed', v_newest.size USING ERRCODE = 'AHC01';
    ELSIF v_newest.size = p_size THEN
        IF v_newest.root <> p_root THEN
            RAISE EXCEPTION 'another root was already signed for % records', p_size USING ERRCODE = 'AHP01';
        END IF;
    ELSE
        INSERT INTO public.checkpoint (size, root, note, signed_at) VALUES (p_size, p_root, p_note, p_signed_at);
    END IF;
END
$$;
COMMENT ON FUNCTION append_checkpoint(BIGINT, BIGINT, BYTEA, TEXT, BIGINT)
    IS 'The only way to add a checkpoint: never smaller than the newest, never another root for the same size.';

-- ---------------------------------------------------------------------------------------------- the service role

CREATE FUNCTION grant_service() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    GRANT SELECT ON public.ledger_info, public.record, public.tree_node, public.checkpoint, public.source_position,
        public._sqlx_migrations TO ahadi_service;
    GRANT SELECT, INSERT, DELETE ON public.disclosure TO ahadi_service;
    GRANT SELECT, INSERT ON public.inbox, public.seen TO ahadi_service;
    GRANT SELECT, UPDATE ON public.lease TO ahadi_service;
    GRANT SELECT, INSERT, UPDATE ON public.cursor, public.api_key TO ahadi_service;
    GRANT SELECT, INSERT, UPDATE ON public.stream_head, public.contract_view, public.call_view, public.counter
        TO ahadi_service;
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.link, public.task TO ahadi_service;
    GRANT EXECUTE ON FUNCTION public.append_log, public.append_checkpoint, public.hold_fence, public.database_millis
        TO ahadi_service;
END
$$;
COMMENT ON FUNCTION grant_service() IS 'Gives the role ahadi_service what the service needs, and no more. For the owner of the tables.';

REVOKE ALL ON FUNCTION append_log, append_checkpoint, hold_fence, database_millis, grant_service, refuse_change
    FROM PUBLIC;

-- The service works as this role whoever it logs in as. Where the login may not create roles, an administrator
-- creates it and the next start hands out the privileges.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ahadi_service') THEN
        CREATE ROLE ahadi_service NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role ahadi_service does not exist and may not be created by %', current_user;
    -- Another database of the same server was set up at the same moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
