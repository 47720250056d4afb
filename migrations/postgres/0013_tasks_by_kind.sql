-- Whoever works off tasks looks for one kind. In one list of all kinds, many open tasks of another kind stood in the way: all of
-- them were read after every commit.
DROP INDEX task_due;
CREATE INDEX task_due ON task (kind, not_before, stream, task);
