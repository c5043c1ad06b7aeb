//! What the audit log says, and what it never says.

use std::sync::{Arc, Mutex};

use chancery_core::limits::{FAILED_LOOKUPS_MAX, INVITATION_ATTEMPTS_MAX};
use chancery_seal::sign::SigningKey;

use crate::app::AppError;
use crate::app::enrol::{NewKeys, Redemption};
use crate::observe::{LogFormat, LogLevel, subscriber};
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::turnover::further_device;
use crate::testing::{World, peer, person};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The lines of the audit log so far, and everything that was logged.
    fn taken(&self) -> (Vec<serde_json::Value>, String) {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let ours = lines.filter(|line: &serde_json::Value| line["target"] == super::TARGET).collect();
        (ours, text)
    }
}

#[tokio::test]
async fn doors_that_open_and_doors_that_are_tried_are_told() {
    on_both(async |pool: Pool| {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = subscriber(LogFormat::Json, LogLevel::Info, move || writer.clone());
        let _logging_in_this_thread = tracing::subscriber::set_default(log);
        let world = World::found(pool).await;
        let expert = world.expert("CL").await;
        let sheet = world.sheet(&expert).await;
        let (inviter, lookup) = (world.caller(&expert), [7; 32]);
        world.app.create_invitation(&inviter, &lookup).await.unwrap();
        for n in 0..INVITATION_ATTEMPTS_MAX {
            let someone = person();
            let keys = bytes::Bytes::from(someone.public_keys().encode());
            let answer = Redemption {
                lookup,
                request: keys.clone(),
                mac: bytes::Bytes::from_static(&[9; 32]),
                keys: NewKeys::Person(keys),
                possession: someone.possession(&world.app.root()),
            };
            world.app.redeem(&peer(someone.tls_key), answer).await.unwrap();
            world.app.reject_answer(&inviter, &lookup, n).await.unwrap();
        }
        let guesser = peer(person().tls_key);
        for _ in 0..=FAILED_LOOKUPS_MAX {
            world.app.enrolment(&guesser, &[1; 32]).await.unwrap_err();
        }
        let nobody = person();
        let device = further_device(&expert, person().tls_key);
        for (signer, whom, landed) in [
            (&SigningKey::make().unwrap(), &further_device(&nobody, device.tls_key), false),
            (&SigningKey::make().unwrap(), &device, false),
            (&sheet, &device, true),
        ] {
            let act = world.by_sheet(signer, whom, |_| ());
            let outcome: Result<_, AppError> =
                world.app.recover(&peer(device.tls_key), act.bytes().clone()).await;
            assert_eq!(outcome.is_ok(), landed);
        }

        let (ours, all) = lines.taken();
        let told: Vec<_> = ours.iter().map(|line| line["fields"]["message"].as_str().unwrap()).collect();
        let mut all_of_them = vec!["an invitation was opened"];
        for _ in 1..INVITATION_ATTEMPTS_MAX {
            all_of_them.extend(["an invitation was answered", "an answer to an invitation was rejected"]);
        }
        all_of_them.extend([
            "an invitation was answered",
            "an invitation is void: too many wrong answers",
            "a peer or an address has no tries left for an hour",
            "a recovery was tried for nobody of the directory",
            "a recovery was tried without the person's sheet",
            "a device was added with a recovery sheet",
        ]);
        assert_eq!(told, all_of_them);
        let of = |n: usize, field: &str| ours[n]["fields"][field].as_str().unwrap().to_owned();
        assert_eq!(of(0, "user"), expert.user.to_string());
        assert_eq!(of(0, "invitation"), of(1, "invitation"));
        assert_eq!(of(ours.len() - 1, "device"), device.device.to_string());
        for (name, never) in [
            ("a lookup value", hex::encode(lookup)),
            ("a TLS key", device.tls_key.to_string()),
            ("an address", "192.0.2.1".to_owned()),
            ("a stranger's name for nobody", nobody.user.to_string()),
        ] {
            assert!(!all.contains(&never), "{name}");
        }
    })
    .await;
}
