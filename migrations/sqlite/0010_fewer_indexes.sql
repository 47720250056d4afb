-- An index that costs every writer and serves no reader: a call is found by its stream, whose name is made of the provider
-- and the id.
DROP INDEX call_view_call;
