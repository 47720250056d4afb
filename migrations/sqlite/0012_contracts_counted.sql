-- How many contracts there are is kept beside them: counting them for each list took longer the more there were.

-- How many rows contract_view has of each status and type; kept by triggers.
CREATE TABLE contract_count (
    -- As in contract_view.
    status TEXT NOT NULL,
    -- As in contract_view.
    contract_type TEXT NOT NULL,
    -- How many.
    contracts INTEGER NOT NULL CHECK (contracts >= 0),
    PRIMARY KEY (status, contract_type)
) STRICT, WITHOUT ROWID;

INSERT INTO contract_count (status, contract_type, contracts)
SELECT status, contract_type, count(*) FROM contract_view GROUP BY status, contract_type;

CREATE TRIGGER contract_view_counted_insert AFTER INSERT ON contract_view
BEGIN
    INSERT INTO contract_count (status, contract_type, contracts) VALUES (NEW.status, NEW.contract_type, 1)
    ON CONFLICT (status, contract_type) DO UPDATE SET contracts = contracts + 1;
END;
CREATE TRIGGER contract_view_counted_update AFTER UPDATE ON contract_view
WHEN OLD.status <> NEW.status OR OLD.contract_type <> NEW.contract_type
BEGIN
    UPDATE contract_count SET contracts = contracts - 1
    WHERE status = OLD.status AND contract_type = OLD.contract_type;
    INSERT INTO contract_count (status, contract_type, contracts) VALUES (NEW.status, NEW.contract_type, 1)
    ON CONFLICT (status, contract_type) DO UPDATE SET contracts = contracts + 1;
END;
CREATE TRIGGER contract_view_counted_delete AFTER DELETE ON contract_view
BEGIN
    UPDATE contract_count SET contracts = contracts - 1
    WHERE status = OLD.status AND contract_type = OLD.contract_type;
END;
