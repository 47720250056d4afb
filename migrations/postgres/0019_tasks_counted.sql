-- How many tasks are open is kept beside them: counting them each time the numbers for operators were asked for took longer the
-- more there were.

CREATE TABLE task_count (
    kind  TEXT COLLATE "C" PRIMARY KEY,
    tasks BIGINT NOT NULL CHECK (tasks >= 0)
);
COMMENT ON TABLE  task_count IS 'How many rows task has of each kind; kept by triggers.';
COMMENT ON COLUMN task_count.kind IS 'As in task.';
COMMENT ON COLUMN task_count.tasks IS 'How many.';

INSERT INTO task_count (kind, tasks) SELECT kind, count(*) FROM task GROUP BY kind;

CREATE FUNCTION count_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE public.task_count AS known SET tasks = known.tasks - gone.tasks
        FROM (SELECT kind, count(*) AS tasks FROM old_rows GROUP BY kind) AS gone
        WHERE known.kind = gone.kind;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO public.task_count AS known (kind, tasks)
        SELECT kind, count(*) FROM new_rows GROUP BY kind
        ON CONFLICT (kind) DO UPDATE SET tasks = known.tasks + EXCLUDED.tasks;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION count_tasks() IS 'Trigger that keeps task_count. It works as the owner, so that nobody else needs to write there.';
REVOKE ALL ON FUNCTION count_tasks FROM PUBLIC;

-- Once per statement. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER counted_insert AFTER INSERT ON task
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_tasks();
ALTER TABLE task ENABLE ALWAYS TRIGGER counted_insert;
CREATE TRIGGER counted_update AFTER UPDATE ON task
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_tasks();
ALTER TABLE task ENABLE ALWAYS TRIGGER counted_update;
CREATE TRIGGER counted_delete AFTER DELETE ON task
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_tasks();
ALTER TABLE task ENABLE ALWAYS TRIGGER counted_delete;

CREATE FUNCTION grant_task_count() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    GRANT SELECT ON public.task_count TO ahadi_service;
END
$$;
COMMENT ON FUNCTION grant_task_count() IS 'Gives the role ahadi_service what this migration added. For the owner of the tables.';
REVOKE ALL ON FUNCTION grant_task_count FROM PUBLIC;
