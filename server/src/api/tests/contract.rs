//! Every rpc is an act of the policy's, or stands in a list with the reason why it is none.

use std::collections::BTreeSet;

use prost::Message as _;

/// The one road to write: what it carries is decided act by act.
const ACTS: [&str; 1] = ["LogService.Append"];

/// Rpcs that are no acts, and what takes the policy's place.
const EXEMPT: [(&str, &str); 20] = [
    ("EnrolService.GetEnrolment", "tells a newcomer how its own enrolment stands"),
    ("EnrolService.Recover", "carries one act, which goes the one road to write"),
    ("EnrolService.Redeem", "hands in keys; the inviter's client checks them and an act admits the person"),
    ("FileService.Download", "for whoever may read an act that cites the file"),
    (
        "FileService.StartUpload",
        "for whoever may cite a file in the channel; a file without an act is garbage",
    ),
    ("FileService.Upload", "as StartUpload, which it needs"),
    ("InvitationService.CloseInvitation", "the inviter's own"),
    (
        "InvitationService.CreateInvitation",
        "for whoever may add people or a device of their own; the policy judges the act",
    ),
    ("InvitationService.ListInvitations", "the inviter's own"),
    ("InvitationService.RejectAnswer", "the inviter's own"),
    ("LogService.AddCosignatures", "a device's own word on what its person reads: policy::reads"),
    ("LogService.GetCheckpoint", "reading: policy::reads"),
    ("LogService.GetConsistencyProof", "reading: policy::reads"),
    ("LogService.GetInclusionProof", "reading: policy::reads"),
    ("LogService.ListChannels", "reading: policy::reads, channel by channel"),
    ("LogService.ListEntries", "reading: policy::reads"),
    ("LogService.WatchEntries", "reading: policy::reads, asked again each round"),
    ("PublicationService.GetDisclosed", "reading: policy::reads_all_parties; what is public is everyone's"),
    ("PublicationService.ListDisclosed", "reading: policy::reads_all_parties; what is public is everyone's"),
    ("ServerService.GetServer", "for every peer of the directory"),
];

#[test]
fn every_rpc_is_an_act_or_exempt() {
    let files = prost_types::FileDescriptorSet::decode(chancery_proto::DESCRIPTORS).unwrap();
    let rpcs: BTreeSet<String> = files
        .file
        .iter()
        .flat_map(|file| &file.service)
        .flat_map(|service| {
            service.method.iter().map(|method| format!("{}.{}", service.name(), method.name()))
        })
        .collect();
    let listed = ACTS.into_iter().chain(EXEMPT.map(|(rpc, _)| rpc));
    assert_eq!(rpcs, listed.map(str::to_owned).collect());
    assert!(EXEMPT.iter().all(|(_, why)| !why.is_empty()));
}
