//! Any rpc by its name, with JSON in and out: what `chancery raw` shows. The policy is not asked on this
//! side, so that anyone can see the server refuse.

use bytes::{Buf as _, BufMut as _, Bytes};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::{ANSWER_BYTES_MAX, Link, LinkError};

/// A raw call could not be made or was refused.
#[derive(Debug, thiserror::Error)]
pub enum RawError {
    /// There is no rpc of this name.
    #[error("there is no rpc {0}")]
    UnknownRpc(String),
    /// The JSON is not the rpc's request.
    #[error("the JSON is not a {message}: {cause}")]
    Json {
        /// The message wanted.
        message: String,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// The rpc takes one message.
    #[error("{rpc} takes one message, not {given}")]
    OneMessage {
        /// The rpc.
        rpc: String,
        /// How many were given.
        given: usize,
    },
    /// A message is larger than any may be; nothing was sent.
    #[error("the message has {bytes} bytes, and no message has more than {ANSWER_BYTES_MAX}")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// An rpc with its request, ready to be sent.
#[derive(Debug, Clone)]
pub struct RawRpc {
    method: MethodDescriptor,
    messages: Vec<Bytes>,
}

/// The full names of all rpcs, `chancery.v1.LogService/Append` say.
///
/// # Errors
/// [`LinkError::Protocol`] if the program was built with broken descriptors.
pub fn rpcs() -> Result<Vec<String>, LinkError> {
    let mut names: Vec<String> = methods()?.iter().map(full_name).collect();
    // Services stand in the alphabet, whichever imports which; methods stay in the order of their service.
    names.sort_by(|one, other| one.split('/').next().cmp(&other.split('/').next()));
    Ok(names)
}

impl RawRpc {
    /// The rpc of a full name, of `Service/Method` or of the bare method's name, with its request: one JSON
    /// message, or several one after the other for a client-streaming rpc. No text at all is one empty message.
    ///
    /// # Errors
    /// [`RawError`] but of the link.
    pub fn new(name: &str, json: &str) -> Result<Self, RawError> {
        let method = methods()?
            .into_iter()
            .find(|method| {
                let full = full_name(method);
                full == name || full.ends_with(&format!(".{name}")) || method.name() == name
            })
            .ok_or_else(|| RawError::UnknownRpc(name.to_owned()))?;
        let mut messages = parse(&method.input(), json)?;
        if messages.is_empty() {
            messages.push(Bytes::new());
        }
        if let Some(large) = messages.iter().find(|message| message.len() > ANSWER_BYTES_MAX) {
            return Err(RawError::TooLarge { bytes: large.len() });
        }
        if messages.len() > 1 && !method.is_client_streaming() {
            return Err(RawError::OneMessage { rpc: full_name(&method), given: messages.len() });
        }
        Ok(Self { method, messages })
    }
}

impl Link {
    /// Sends a raw rpc and hands each answer, as JSON, to `take`, which says whether to go on.
    ///
    /// # Errors
    /// [`RawError::Link`].
    pub async fn raw(
        &self,
        rpc: RawRpc,
        mut take: impl FnMut(serde_json::Value) -> bool,
    ) -> Result<(), RawError> {
        let mut client = tonic::client::Grpc::new(self.channel.clone())
            .max_decoding_message_size(ANSWER_BYTES_MAX)
            .max_encoding_message_size(ANSWER_BYTES_MAX);
        client.ready().await.map_err(|error| LinkError::from_transport(&error))?;
        let path = format!("/{}", full_name(&rpc.method)).parse();
        let path = path.map_err(|_| LinkError::Protocol("the rpc's name"))?;
        let requests = tonic::Request::new(tokio_stream::iter(rpc.messages));
        let answer = client
            .streaming(requests, path, BytesCodec)
            .await
            .map_err(|status| LinkError::from_status(&status))?;
        let mut answers = answer.into_inner();
        while let Some(bytes) = answers.message().await.map_err(|status| LinkError::from_status(&status))? {
            let message = DynamicMessage::decode(rpc.method.output(), bytes)
                .map_err(|_| LinkError::Protocol("the answer"))?;
            let json = serde_json::to_value(&message).map_err(|_| LinkError::Protocol("the answer"))?;
            if !take(json) {
                break;
            }
        }
        Ok(())
    }
}

fn methods() -> Result<Vec<MethodDescriptor>, LinkError> {
    let pool = DescriptorPool::decode(chancery_proto::DESCRIPTORS)
        .map_err(|_| LinkError::Protocol("the descriptors of this program"))?;
    Ok(pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect())
}

fn full_name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

fn parse(message: &MessageDescriptor, json: &str) -> Result<Vec<Bytes>, RawError> {
    let wrong = |cause| RawError::Json { message: message.name().to_owned(), cause };
    let values = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>();
    values
        .map(|value| {
            let dynamic =
                DynamicMessage::deserialize(message.clone(), value.map_err(wrong)?).map_err(wrong)?;
            Ok(dynamic.encode_to_vec().into())
        })
        .collect()
}

/// Messages as bytes: they were encoded before, and are decoded after.
#[derive(Debug, Clone, Copy)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(bytes.copy_to_bytes(bytes.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rpc_is_found_by_its_full_and_short_names() {
        let names = rpcs().unwrap();
        assert_eq!(names.len(), 21);
        for full in &names {
            let short = full.strip_prefix("chancery.v1.").unwrap();
            let bare = full.split_once('/').unwrap().1;
            for name in [full.as_str(), short, bare] {
                assert_eq!(full_name(&RawRpc::new(name, "").unwrap().method), *full, "{name}");
            }
        }
    }

    #[test]
    fn json_of_another_form_is_refused() {
        let check = |name: &str, json: &str, expected: &str| match RawRpc::new(name, json) {
            Ok(rpc) => assert_eq!(expected, format!("{}", rpc.messages.len())),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        };
        check("GetServer", "{}", "1");
        check("Upload", r#"{"part": 0, "data": "AAAA"} {"data": "AAAA"}"#, "2");
        check("ListEntries", r#"{"channel": "AAAAAAAAAAAAAAAAAAAAAA==", "start": "3", "pageSize": 1}"#, "1");
        check("NoSuch", "{}", "there is no rpc NoSuch");
        check("Service/GetServer", "{}", "there is no rpc");
        check("GetServer", r#"{"nonsense": 1}"#, "nonsense");
        check("ListEntries", r#"{"channel": "not base64!"}"#, "the JSON is not a ListEntriesRequest");
        check("ListEntries", "[]", "the JSON is not a ListEntriesRequest");
        check("ListEntries", "{", "the JSON is not a ListEntriesRequest");
        check("GetServer", "{} {}", "takes one message, not 2");
        let large = format!(r#"{{"channel": "{}"}}"#, "AAAA".repeat(ANSWER_BYTES_MAX / 3));
        check("GetCheckpoint", &large, "no message has more than 8388608");
    }
}
