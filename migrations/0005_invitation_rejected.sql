-- An answer whose MAC does not hold is rejected by the inviter: tls_key, request and mac are cleared then.
ALTER TABLE invitation ADD COLUMN rejected bigint NOT NULL DEFAULT 0 CHECK (rejected >= 0); -- mutable: answers rejected so far
