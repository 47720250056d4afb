-- The index of persons takes less space: 128 bits of a token tell persons apart as well as 256 do. Among 10^9 persons, that any two
-- share them has a probability of some 10^-21, and nobody can look for such a pair without the key. The foreign key costs little
-- here and stays.

-- From persons to the records whose private values name them. Made from these values and a key that is not in the database;
-- can be made again.
CREATE TABLE person_short (
    -- The first 16 bytes of the HMAC-SHA-256 of the telephone number under the key of the installation.
    token    BLOB    NOT NULL CHECK (length(token) = 16),
    -- A record one of whose disclosures holds the number.
    position INTEGER NOT NULL REFERENCES record (position),
    PRIMARY KEY (token, position)
) STRICT, WITHOUT ROWID;
INSERT INTO person_short (token, position) SELECT substr(token, 1, 16), position FROM person ORDER BY token, position;
DROP TABLE person;
ALTER TABLE person_short RENAME TO person;
CREATE INDEX person_position ON person (position);
