-- What readers' devices say they have verified of a log: of each device the checkpoint of the largest size.
CREATE TABLE cosignature (
    channel blob NOT NULL REFERENCES channel (id),        -- immutable: whose log
    device blob NOT NULL CHECK (length(device) = 16),     -- immutable: device id of the cosigner
    size bigint NOT NULL CHECK (size >= 0),               -- mutable: entries that it has verified; only grows
    note text NOT NULL,                                   -- mutable: the checkpoint with the lines of the log key and of the device
    PRIMARY KEY (channel, device)
);
CREATE INDEX cosignature_size ON cosignature (channel, size);
