//! Acts as JSON for reading.
//!
//! A record's JSON is checked by making it again, so its form is fixed here: keys in this order, no blanks. (The
//! maps of `serde_json` keep another order in a build where some other crate asks for it.)

mod directory;

use std::fmt;

use chancery_core::act::{
    Act, AddMember, Author, Basis, Binding, Disclose, Fault, Grant, KeySuccession, Membership, Objection,
    Opening, PostBody, PostRef, Recipients, Reviewer, ShareEpoch, SignedAct, SignedStatement, StateStatement,
    Statement, TreeHead, Withdraw,
};
use chancery_core::directory_statement;
use jiff::Timestamp;

/// A JSON value whose keys keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(u64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(&'static str, Json)>),
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write_string(f, value),
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    value.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (place, (key, value)) in fields.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    write!(f, "\"{key}\":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(value).map_err(|_| fmt::Error)?)
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// An id, a code, a name: whatever has one text form.
fn text(value: impl fmt::Display) -> Json {
    Json::Text(value.to_string())
}

fn list<T>(values: impl IntoIterator<Item = T>, json: impl Fn(T) -> Json) -> Json {
    Json::List(values.into_iter().map(json).collect())
}

/// One act, and the content of its post where that is open.
#[must_use]
pub fn act(index: u64, log_time_ms: u64, signed: &SignedAct, content: Option<&PostBody>) -> Json {
    let Act { header, statement } = signed.content();
    let author = match header.author {
        Author::Root => "root".into(),
        Author::Person { user, device } => Json::Object(vec![("user", text(user)), ("device", text(device))]),
    };
    let mut fields = vec![
        ("index", index.into()),
        ("log_time", time(log_time_ms)),
        ("act", text(header.act_id)),
        ("kind", text(statement.kind())),
        ("channel", text(header.channel)),
        ("author", author),
        ("signer_key", text(signed.signer())),
        ("author_clock", time(header.clock_ms)),
        ("seen", head(&header.seen)),
        ("epoch", header.epoch.into()),
        ("basis", header.basis.as_ref().map(basis).into()),
        ("statement", Json::Object(state(statement))),
    ];
    if let Some(content) = content {
        fields.push(("content", body(content)));
    }
    Json::Object(fields)
}

fn time(ms: u64) -> Json {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or(Json::Number(ms), text)
}

fn head(head: &TreeHead) -> Json {
    Json::Object(vec![("size", head.size.into()), ("root", text(head.root))])
}

fn basis(basis: &Basis) -> Json {
    Json::Object(vec![
        ("directory", head(&basis.directory)),
        ("review", basis.review.as_ref().map(head).into()),
    ])
}

fn state(statement: &Statement) -> Vec<(&'static str, Json)> {
    match statement {
        directory_statement!() => directory::statement(statement),
        Statement::OpenReview(act) => vec![
            ("state", text(act.state)),
            ("instruments", list(&act.instruments, text)),
            ("reviewers", reviewers(&act.reviewers)),
            ("secretariat_team", text(act.secretariat_team)),
            ("languages", list(&act.languages, |language| language.as_str().into())),
        ],
        Statement::OpenChannel(act) => {
            let mut fields = vec![("channel", text(act.channel))];
            fields.extend(match &act.opening {
                Opening::Strand(instrument) => [("opens", "strand".into()), ("instrument", text(instrument))],
                Opening::Coordination(instrument) => {
                    [("opens", "coordination".into()), ("instrument", text(instrument))]
                }
                Opening::Delegation(state) => [("opens", "delegation".into()), ("state", text(state))],
            });
            fields
        }
        Statement::AmendReview(act) => vec![("reviewers", reviewers(&act.reviewers))],
        Statement::NewEpoch(act) => vec![
            ("number", act.number.into()),
            ("commitment", text(act.commitment)),
            ("recipients", recipients(&act.recipients)),
            ("secretariat", act.secretariat.as_ref().map(|wrap| text(wrap.key_id)).into()),
        ],
        Statement::RemoveMember(user) => vec![("user", text(user))],
        Statement::AddMember(AddMember { user, recipients: to, .. })
        | Statement::ShareEpoch(ShareEpoch { user, recipients: to }) => {
            vec![("user", text(user)), ("recipients", recipients(to))]
        }
        Statement::Post(act) => vec![
            ("section", text(act.section)),
            ("previous", act.previous.map(text).into()),
            ("item", act.kind.as_str().into()),
            ("files", list(&act.files, text)),
            ("body_length", act.body.length.into()),
            ("body_sha256", text(act.body.sha256)),
            ("key_commitment", text(act.body.key_commitment)),
            ("clearance", act.clearance.as_ref().map(statement_of_state).into()),
        ],
        Statement::Disclose(Disclose { section, audience, grants }) => vec![
            ("section", text(section)),
            ("audience", audience.as_str().into()),
            ("grants", list(grants, statement_of_state)),
        ],
        Statement::Withdraw(Withdraw { section, audience, withdrawals }) => vec![
            ("section", text(section)),
            ("audience", audience.as_str().into()),
            ("withdrawals", list(withdrawals, statement_of_state)),
        ],
        Statement::Complain(act) => {
            let (fault, file) = match act.fault {
                Fault::Wrap => ("wrap", None),
                Fault::PreviousBox => ("previous-box", None),
                Fault::Body => ("body", None),
                Fault::File(file) => ("file", Some(file)),
            };
            vec![("about", text(act.act_id)), ("fault", fault.into()), ("file", file.map(text).into())]
        }
    }
}

fn reviewers(reviewers: &[Reviewer]) -> Json {
    list(reviewers, |reviewer| {
        let instruments = list(&reviewer.instruments, text);
        Json::Object(vec![("state", text(reviewer.state)), ("instruments", instruments)])
    })
}

fn statement_of_state(signed: &SignedStatement) -> Json {
    let mut fields = vec![("signer_key", text(signed.signer()))];
    fields.extend(match signed.content() {
        StateStatement::Grant(Grant { post, audience, rendition }) => {
            let mut fields = post_ref(post);
            fields.push(("audience", audience.as_str().into()));
            fields.push(("rendition_sha256", rendition.map(text).into()));
            fields
        }
        StateStatement::Withdrawal(withdrawal) => vec![
            ("state", text(withdrawal.state)),
            ("post", text(withdrawal.act_id)),
            ("audience", withdrawal.audience.as_str().into()),
        ],
        StateStatement::Clearance(clearance) => post_ref(&clearance.post),
        StateStatement::Membership(Membership { state, role, instruments, keys, expires_ms }) => vec![
            ("state", text(state)),
            ("role", role.as_str().into()),
            ("instruments", list(instruments, text)),
            ("keys_sha256", text(keys)),
            ("expires", expires_ms.map(time).into()),
        ],
        StateStatement::KeySuccession(KeySuccession { state, key, generation }) => {
            vec![("state", text(state)), ("key", ed25519(key)), ("generation", (*generation).into())]
        }
        StateStatement::Objection(Objection { state, announcement }) => {
            vec![("state", text(state)), ("announcement", text(announcement))]
        }
    });
    Json::Object(fields)
}

fn post_ref(post: &PostRef) -> Vec<(&'static str, Json)> {
    vec![
        ("state", text(post.state)),
        ("post", text(post.act_id)),
        ("item", post.kind.as_str().into()),
        ("body_sha256", text(post.body.sha256)),
    ]
}

fn body(body: &PostBody) -> Json {
    Json::Object(vec![
        ("language", body.language.as_str().into()),
        ("title", body.title.as_str().into()),
        ("text", body.text.as_str().into()),
        ("binding", body.binding.as_ref().map(binding).into()),
        ("step", body.step.map(chancery_core::act::ThreadStep::as_str).into()),
        (
            "attachments",
            list(&body.attachments, |file| {
                Json::Object(vec![
                    ("file", text(file.file)),
                    ("length", file.length.into()),
                    ("sha256", text(file.sha256)),
                    ("name", file.name.as_str().into()),
                    ("media_type", file.media_type.as_str().into()),
                ])
            }),
        ),
        ("reason", body.reason.as_str().into()),
    ])
}

fn binding(binding: &Binding) -> Json {
    Json::Object(vec![
        ("instrument", text(&binding.instrument)),
        ("article", binding.article.as_str().into()),
        ("question", binding.question.as_str().into()),
        ("section", binding.about.map(|(section, _)| text(section)).into()),
        ("revision", binding.about.map(|(_, act)| text(act)).into()),
    ])
}

fn recipients(recipients: &Recipients) -> Json {
    list(&recipients.key_ids, text)
}

fn ed25519(key: &[u8; 32]) -> Json {
    text(hex::encode(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_order_and_escapes() {
        let json = Json::Object(vec![
            ("z", Json::Text("a\"\\\n\u{1}سؤال".to_owned())),
            ("a", Json::List(vec![1.into(), true.into(), Json::Null])),
        ]);
        let text = json.to_string();
        assert_eq!(text, "{\"z\":\"a\\\"\\\\\\n\\u0001سؤال\",\"a\":[1,true,null]}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["z"], "a\"\\\n\u{1}سؤال");
    }
}
