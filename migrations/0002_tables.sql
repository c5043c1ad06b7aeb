-- Channels and their logs. The log is the truth: what is marked "projection" can be dropped and rebuilt from it.

CREATE TABLE channel (
    id blob PRIMARY KEY CHECK (length(id) = 16),          -- immutable: channel id
    kind text NOT NULL,                                   -- immutable: directory, review, strand, coordination, delegation or publication
    parent blob NULL REFERENCES channel (id),             -- immutable: the review channel of a strand, coordination or delegation
    size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),     -- mutable: entries in the log; an append updates this row first, so it orders the writers
    last_log_time_ms bigint NOT NULL DEFAULT 0            -- mutable: log time of the newest entry, which never decreases
);
CREATE INDEX channel_parent ON channel (parent);

-- Insert-only: one signed act at its place in the log, as it was received.
CREATE TABLE entry (
    channel blob NOT NULL REFERENCES channel (id),        -- immutable: whose log
    idx bigint NOT NULL CHECK (idx >= 0),                 -- immutable: place in the log, from 0 without gaps
    act_id blob NOT NULL CHECK (length(act_id) = 16),     -- immutable: act id, the idempotency key of an append
    signed_act blob NOT NULL,                             -- immutable: the envelope, byte for byte as it was received
    log_time_ms bigint NOT NULL,                          -- immutable: when the server appended it
    leaf_hash blob NOT NULL CHECK (length(leaf_hash) = 32), -- immutable: RFC 6962 leaf over act and log time
    PRIMARY KEY (channel, idx),
    UNIQUE (channel, act_id)
);

-- Insert-only: the sealed body that an act commits to.
CREATE TABLE body (
    channel blob NOT NULL,                                -- immutable: channel of the act
    idx bigint NOT NULL,                                  -- immutable: index of the act
    bytes blob NOT NULL,                                  -- immutable: ciphertext, whose length and SHA-256 stand in the act
    PRIMARY KEY (channel, idx),
    FOREIGN KEY (channel, idx) REFERENCES entry (channel, idx)
);

-- Insert-only: a secret wrapped to one recipient; the act holds the root of the list.
CREATE TABLE wrap (
    channel blob NOT NULL,                                -- immutable: channel of the act
    idx bigint NOT NULL,                                  -- immutable: index of the act
    position bigint NOT NULL CHECK (position >= 0),       -- immutable: place in the act's list of wraps, from 0
    recipient blob NOT NULL CHECK (length(recipient) = 32), -- immutable: key id of the recipient's public key
    bytes blob NOT NULL,                                  -- immutable: the wrap
    PRIMARY KEY (channel, idx, position),
    FOREIGN KEY (channel, idx) REFERENCES entry (channel, idx)
);
CREATE INDEX wrap_recipient ON wrap (recipient, channel, idx);

-- Insert-only: the previous secret, sealed under the newer one of this act.
CREATE TABLE previous_box (
    channel blob NOT NULL,                                -- immutable: channel of the act
    idx bigint NOT NULL,                                  -- immutable: index of the act
    bytes blob NOT NULL,                                  -- immutable: the box
    PRIMARY KEY (channel, idx),
    FOREIGN KEY (channel, idx) REFERENCES entry (channel, idx)
);

-- Files go before the act that cites them. The bytes lie in the store of blobs, part by part.
CREATE TABLE file (
    id blob PRIMARY KEY CHECK (length(id) = 16),          -- immutable: file id
    channel blob NOT NULL REFERENCES channel (id),        -- immutable: the only channel whose acts may cite it
    uploader blob NOT NULL CHECK (length(uploader) = 16), -- immutable: user id of who uploads
    sealed_length bigint NOT NULL CHECK (sealed_length >= 0), -- immutable: bytes in all, announced at the start
    received_parts bigint NOT NULL DEFAULT 0,             -- mutable: parts that are durable, counted from the first without gaps
    complete bigint NOT NULL DEFAULT 0 CHECK (complete IN (0, 1)), -- mutable: 1 when every part is durable; 0 again when it is doomed
    doomed bigint NOT NULL DEFAULT 0 CHECK (doomed IN (0, 1)), -- mutable: 1 while its parts are being removed
    touched_ms bigint NOT NULL,                           -- mutable: start of the upload, its newest part, or the newest act that meant to cite it; an uncited file is garbage a day later
    clear bigint NOT NULL DEFAULT 0 CHECK (clear IN (0, 1)), -- immutable: 1 for a public rendition, which is not sealed
    sha256 blob NULL CHECK (length(sha256) = 32),         -- immutable: of all bytes, announced at the start; a clear file's only
    CHECK ((clear = 1) = (sha256 IS NOT NULL))
);
CREATE INDEX file_clear ON file (channel, sha256);
CREATE INDEX file_touched ON file (touched_ms);
CREATE INDEX file_uploader ON file (uploader, complete);

-- A part of a file, written once. Rows go only when their whole file goes.
CREATE TABLE file_part (
    file blob NOT NULL REFERENCES file (id),              -- immutable: file id
    part bigint NOT NULL CHECK (part >= 0),               -- immutable: number of the part, from 0
    sha256 blob NOT NULL CHECK (length(sha256) = 32),     -- immutable: of the part's bytes
    length bigint NOT NULL CHECK (length > 0),            -- immutable: bytes
    PRIMARY KEY (file, part)
);

-- Projection: which acts cite a file. Whoever may read one of them may read the file.
CREATE TABLE citation (
    file blob NOT NULL REFERENCES file (id),              -- immutable: file id
    channel blob NOT NULL,                                -- immutable: channel of the citing act
    idx bigint NOT NULL,                                  -- immutable: index of the citing act
    PRIMARY KEY (file, channel, idx),
    FOREIGN KEY (channel, idx) REFERENCES entry (channel, idx)
);

-- What stands beside an entry of a publication log, and is served until it is withdrawn.
CREATE TABLE release (
    publication blob NOT NULL,                            -- immutable: publication channel
    idx bigint NOT NULL,                                  -- immutable: index of the grant there
    channel blob NOT NULL REFERENCES channel (id),        -- immutable: channel of the opened post
    act_id blob NOT NULL CHECK (length(act_id) = 16),     -- immutable: the opened post
    audience text NOT NULL,                               -- immutable: all-parties or public
    state text NOT NULL,                                  -- immutable: the State that opened it, for lists in their order
    generation bigint NOT NULL DEFAULT 0,                 -- immutable: generation of the all-parties key; 0 for the public
    key_material blob NULL,                               -- mutable: the revision key (public) or its wrap (all parties); cleared by a withdrawal
    rendition blob NULL,                                  -- mutable: the text in clear (public only); cleared by a withdrawal
    heading blob NULL,                                    -- mutable: the rendition without text and files, for lists; cleared by a withdrawal
    withdrawn_at bigint NULL,                             -- mutable, projection: index of the withdrawal there; null while live
    PRIMARY KEY (publication, idx),
    FOREIGN KEY (publication, idx) REFERENCES entry (channel, idx),
    CHECK ((withdrawn_at IS NULL) = (key_material IS NOT NULL)),
    CHECK (withdrawn_at IS NULL OR (rendition IS NULL AND heading IS NULL))
);
CREATE INDEX release_act ON release (channel, act_id);
CREATE INDEX release_state ON release (publication, state, idx);

-- The attachments in clear of a public release.
CREATE TABLE rendition_file (
    publication blob NOT NULL,                            -- immutable: publication channel
    idx bigint NOT NULL,                                  -- immutable: index of the grant there
    position bigint NOT NULL CHECK (position >= 0),       -- immutable: place in the grant's list of attachments, from 0
    sha256 blob NOT NULL CHECK (length(sha256) = 32),     -- immutable: of the attachment in clear, as the grant names it
    file blob NOT NULL REFERENCES file (id),              -- immutable: the clear file that holds it
    PRIMARY KEY (publication, idx, position),
    FOREIGN KEY (publication, idx) REFERENCES release (publication, idx)
);
CREATE INDEX rendition_file_file ON rendition_file (file);

-- An open door for one newcomer. The server never learns the secret in the invitation.
CREATE TABLE invitation (
    lookup blob PRIMARY KEY CHECK (length(lookup) = 32),  -- immutable: derived from the invitation's secret
    inviter blob NOT NULL CHECK (length(inviter) = 32),   -- immutable: key id of the inviter's TLS key
    expires_ms bigint NOT NULL,                           -- immutable: end of its life
    state text NOT NULL CHECK (state IN ('invited', 'redeemed', 'admitted', 'void')), -- mutable: invited, redeemed, admitted or void
    tls_key blob NULL CHECK (length(tls_key) = 32),       -- mutable, set once: key id of the TLS key that redeemed it
    request blob NULL,                                    -- mutable, set once: the newcomer's public keys
    mac blob NULL,                                        -- mutable, set once: their MAC, which only the inviter can check
    CHECK ((state = 'invited') <= (request IS NULL)),
    CHECK ((request IS NULL) = (tls_key IS NULL) AND (request IS NULL) = (mac IS NULL))
);
CREATE INDEX invitation_inviter ON invitation (inviter, lookup);
