//! Generated code only: the messages of acts and bodies (`act`) and the services of the wire (`v1`).
//! What the fields mean is written in the `.proto` files.

/// `chancery.act.v1`: acts, State statements and bodies.
pub mod act {
    tonic::include_proto!("chancery.act.v1");
}

/// `chancery.v1`: the services and their messages.
pub mod v1 {
    tonic::include_proto!("chancery.v1");
}

/// The encoded `FileDescriptorSet` of everything above, for reflection and for JSON.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/chancery.bin"));
