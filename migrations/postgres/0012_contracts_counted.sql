-- How many contracts there are is kept beside them: counting them for each list took longer the more there were.

CREATE TABLE contract_count (
    status        TEXT COLLATE "C" NOT NULL,
    contract_type TEXT COLLATE "C" NOT NULL,
    contracts     BIGINT NOT NULL CHECK (contracts >= 0),
    PRIMARY KEY (status, contract_type)
);
COMMENT ON TABLE  contract_count IS 'How many rows contract_view has of each status and type; kept by triggers.';
COMMENT ON COLUMN contract_count.status IS 'As in contract_view.';
COMMENT ON COLUMN contract_count.contract_type IS 'As in contract_view.';
COMMENT ON COLUMN contract_count.contracts IS 'How many.';

INSERT INTO contract_count (status, contract_type, contracts)
SELECT status, contract_type, count(*) FROM contract_view GROUP BY status, contract_type;

CREATE FUNCTION count_contracts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE public.contract_count AS known SET contracts = known.contracts - gone.contracts
        FROM (SELECT status, contract_type, count(*) AS contracts FROM old_rows GROUP BY 1, 2) AS gone
        WHERE known.status = gone.status AND known.contract_type = gone.contract_type;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO public.contract_count AS known (status, contract_type, contracts)
        SELECT status, contract_type, count(*) FROM new_rows GROUP BY 1, 2
        ON CONFLICT (status, contract_type) DO UPDATE SET contracts = known.contracts + EXCLUDED.contracts;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION count_contracts() IS 'Trigger that keeps contract_count. It works as the owner, so that nobody else needs to write there.';
REVOKE ALL ON FUNCTION count_contracts FROM PUBLIC;

-- Once per statement. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER counted_insert AFTER INSERT ON contract_view
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_contracts();
ALTER TABLE contract_view ENABLE ALWAYS TRIGGER counted_insert;
CREATE TRIGGER counted_update AFTER UPDATE ON contract_view
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_contracts();
ALTER TABLE contract_view ENABLE ALWAYS TRIGGER counted_update;
CREATE TRIGGER counted_delete AFTER DELETE ON contract_view
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_contracts();
ALTER TABLE contract_view ENABLE ALWAYS TRIGGER counted_delete;

CREATE FUNCTION grant_counts() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    GRANT SELECT ON public.contract_count TO ahadi_service;
END
$$;
COMMENT ON FUNCTION grant_counts() IS 'Gives the role ahadi_service what this migration added. For the owner of the tables.';
REVOKE ALL ON FUNCTION grant_counts FROM PUBLIC;
