//! Invitations as people paste them, and newcomers' answers as a server hands them on.
#![no_main]

use chancery_client::invitation::Invitation;
use chancery_client::link::EnrolmentRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(invitation) = text.parse::<Invitation>()
    {
        // One form: what reads is written back the same.
        assert_eq!(invitation.text().unwrap().as_str(), text.trim());
    }
    let bytes = data.to_vec().into();
    if let Ok(request) = EnrolmentRequest::decode(&bytes) {
        assert_eq!(request.encode(), bytes);
    }
});
