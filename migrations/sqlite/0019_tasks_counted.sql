-- How many tasks are open is kept beside them: counting them each time the numbers for operators were asked for took longer the
-- more there were.

-- How many rows task has of each kind; kept by triggers.
CREATE TABLE task_count (
    -- As in task.
    kind TEXT PRIMARY KEY,
    -- How many.
    tasks INTEGER NOT NULL CHECK (tasks >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO task_count (kind, tasks) SELECT kind, count(*) FROM task GROUP BY kind;

CREATE TRIGGER task_counted_insert AFTER INSERT ON task
BEGIN
    INSERT INTO task_count (kind, tasks) VALUES (NEW.kind, 1)
    ON CONFLICT (kind) DO UPDATE SET tasks = tasks + 1;
END;
CREATE TRIGGER task_counted_update AFTER UPDATE ON task
WHEN OLD.kind <> NEW.kind
BEGIN
    UPDATE task_count SET tasks = tasks - 1 WHERE kind = OLD.kind;
    INSERT INTO task_count (kind, tasks) VALUES (NEW.kind, 1)
    ON CONFLICT (kind) DO UPDATE SET tasks = tasks + 1;
END;
CREATE TRIGGER task_counted_delete AFTER DELETE ON task
BEGIN
    UPDATE task_count SET tasks = tasks - 1 WHERE kind = OLD.kind;
END;
