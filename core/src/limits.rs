//! Every bound on outside input, with its unit in the name. Both sides read them from here.

/// A sealed body kept beside its act; a longer text is a file.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// A signed act's payload.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// Acts in one append, which land together or not at all.
pub const ACTS_PER_APPEND_MAX: usize = 64;
/// Recipients of one epoch or team generation.
pub const RECIPIENTS_MAX: usize = 512;
/// Files cited by one post.
pub const FILES_PER_POST_MAX: usize = 64;
/// Posts opened by one disclosure, or closed by one withdrawal.
pub const POSTS_PER_DISCLOSURE_MAX: usize = 256;
/// Reviewing States of one review (¶28c: four, unless the State under review decides otherwise).
pub const REVIEWING_STATES_MAX: usize = 8;
/// Instruments of one mechanism.
pub const INSTRUMENTS_MAX: usize = 16;
/// A sealed file.
pub const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024 + 16 * 1024 * 1024;
/// Parts of one sealed file: `FILE_BYTES_MAX` over the part size, rounded up.
pub const FILE_PARTS_MAX: u32 = 416;
/// A secret wrapped to one public key.
pub const WRAP_BYTES: usize = 1_168;
/// One message of an upload or download stream.
pub const STREAM_MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Entries of one log: more than any will have, and few enough to reckon with.
pub const LOG_ENTRIES_MAX: u64 = 1 << 48;
/// Entries in one page of a list.
pub const PAGE_ENTRIES_MAX: u32 = 1_000;
/// Bytes of entries in one page of a list (a page closes at the entry that passes it).
pub const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Channels followed by one watch stream.
pub const WATCHED_CHANNELS_MAX: usize = 4_096;
/// A decoded gRPC message, either way.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A title, name or contact inside a sealed body.
pub const TITLE_BYTES_MAX: usize = 1_024;
/// A file name inside a sealed body.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// A reason that a person writes.
pub const REASON_BYTES_MAX: usize = 4_096;
/// Cosigned checkpoints in one call.
pub const COSIGNED_PER_CALL_MAX: usize = 256;
/// Cosigned checkpoints of one channel that are handed out.
pub const COSIGNED_PER_CHANNEL_MAX: u32 = 256;
/// How far an entry's log time may lie ahead of a client's clock.
pub const CLOCK_AHEAD_MS_MAX: u64 = 10 * 60 * 1_000;
/// Life of an invitation.
pub const INVITATION_MS: u64 = 10 * 24 * 60 * 60 * 1_000;
/// Open invitations of one who may bring in other people.
pub const OPEN_INVITATIONS_MAX: u32 = 256;
/// Open invitations of anyone else: they are for devices of their own.
pub const OPEN_DEVICE_INVITATIONS_MAX: u32 = 16;
/// Answers to one invitation that its inviter may reject for a wrong MAC; after the last it is void.
pub const INVITATION_ATTEMPTS_MAX: u32 = 10;
/// Devices of one person at once.
pub const DEVICES_MAX: usize = 16;
/// Holders of shares of one State key.
pub const SHARES_MAX: usize = 32;
/// Log time between the announcement and the completion of a State key's replacement without its own word.
pub const REPLACEMENT_DELAY_MS: u64 = 72 * 60 * 60 * 1_000;
/// An uncited file is garbage after this time.
pub const UNCITED_FILE_MS: u64 = 24 * 60 * 60 * 1_000;
/// Unfinished uploads of one person at once.
pub const OPEN_UPLOADS_MAX: u32 = 32;
/// A mechanism file.
pub const MECHANISM_BYTES_MAX: usize = 256 * 1024;
/// Clusters of one mechanism.
pub const CLUSTERS_MAX: usize = 16;
/// Articles of one instrument in one cluster.
pub const ARTICLES_PER_CLUSTER_MAX: usize = 256;
/// Months that a mechanism may give for responses or feedback.
pub const TERM_MONTHS_MAX: usize = 60;
/// A questionnaire file.
pub const QUESTIONNAIRE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Questions of one questionnaire.
pub const QUESTIONS_MAX: usize = 4_096;
/// One language's text of a question.
pub const QUESTION_BYTES_MAX: usize = 8 * 1024;
/// A server's address, host and port.
pub const ADDRESS_BYTES_MAX: usize = 255;
/// What a newcomer hands in: public keys of known lengths.
pub const ENROLMENT_BYTES_MAX: usize = 4 * 1024;
/// Lookups of invitations that one peer may miss in an hour.
pub const FAILED_LOOKUPS_MAX: u32 = 10;
/// The act that a recovery sheet signs: public keys of known lengths, and no wrap.
pub const RECOVERY_BYTES_MAX: usize = 4 * 1024;
/// Recoveries in which one peer may fail in an hour, and that may fail in one person's name.
pub const FAILED_RECOVERIES_MAX: u32 = 10;
/// Lookups and recoveries together in which one address may fail in an hour: a whole office may share it.
pub const FAILED_PER_ADDRESS_MAX: u32 = 100;
/// A boxed previous secret: salt, commitment, one sealed chunk of 32 bytes.
pub const PREVIOUS_BOX_BYTES: usize = 104;
