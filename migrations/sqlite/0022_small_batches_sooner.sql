-- Here the program makes these checks, in the transaction of the batch: there is nothing to change.
SELECT 1;
