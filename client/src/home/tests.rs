use super::*;

use chancery_core::act::Role;
use chancery_core::id::KeyId;
use chancery_seal::sign::SigningKey;

use crate::identity::Identity;

pub(super) fn custodian() -> Keys {
    let root = SigningKey::make().unwrap();
    let tls = TlsIdentity::make().unwrap();
    Keys { root: root.key_id(), server: None, tls, holder: Holder::Custodian { root } }
}

pub(super) fn focal_point() -> Keys {
    let tls = TlsIdentity::make().unwrap();
    let person = Person {
        identity: Identity::make(tls.key_id()).unwrap(),
        role: Role::FocalPoint,
        state: Some("CL".parse().unwrap()),
        state_key: Some(SigningKey::make().unwrap()),
    };
    let server = ServerAddress { address: "localhost:4433".into(), tls_key: KeyId::new([3; 32]) };
    let holder = Holder::Person(Box::new(person));
    Keys { root: KeyId::new([1; 32]), server: Some(server), tls, holder }
}

pub(super) fn public_keys(home: &Home) -> Vec<u8> {
    home.person().unwrap().identity.public_keys().encode()
}

#[test]
fn a_home_opens_again_with_the_same_keys_and_records() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("deep/home");
    let mut home = Home::create(&dir, "correct horse", focal_point()).unwrap();
    let keys = public_keys(&home);
    let state_key = home.person().unwrap().state_key.as_ref().unwrap().public();
    home.put(Family::Channel, b"one", b"first").unwrap();
    home.put(Family::Channel, b"one", b"second").unwrap();
    home.put(Family::Channel, b"", b"nameless").unwrap();
    home.update_keys(|keys| keys.server.as_mut().unwrap().address = "example.org:1".into()).unwrap();
    drop(home);

    let home = Home::open(&dir, "correct horse").unwrap();
    assert_eq!(public_keys(&home), keys);
    assert_eq!(home.person().unwrap().state_key.as_ref().unwrap().public(), state_key);
    assert_eq!(home.server().unwrap().address, "example.org:1");
    assert_eq!(home.get(Family::Channel, b"one").unwrap().unwrap().as_slice(), b"second");
    assert_eq!(home.names(Family::Channel).unwrap(), [b"".to_vec(), b"one".to_vec()]);
    assert_eq!(home.get(Family::Outbox, b"one").unwrap(), None);
    assert_eq!(home.names(Family::Outbox).unwrap(), [b""; 0]);
    home.remove(Family::Channel, b"one").unwrap();
    home.remove(Family::Channel, b"one").unwrap();
    assert_eq!(home.get(Family::Channel, b"one").unwrap(), None);
}

/// One home for all of these: the passphrase takes long on purpose.
#[test]
fn what_is_not_this_home_s_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("home");
    assert!(matches!(Home::open(&dir, "x"), Err(HomeError::Absent { .. })));
    let short = Home::create(&dir, "short horse", custodian());
    assert!(matches!(short, Err(HomeError::ShortPassphrase { characters: 11 })) && !dir.exists());
    // What is left where the program was ended while it made a home.
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("lock"), "").unwrap();
    std::fs::write(dir.join("keys.new"), "half").unwrap();
    let home = Home::create(&dir, "correct horse", custodian()).unwrap();
    assert!(matches!(home.server(), Err(HomeError::NoServer)));
    assert!(matches!(home.person(), Err(HomeError::NotAPerson)));
    assert!(matches!(Home::open(&dir, "correct horse"), Err(HomeError::InUse { .. })));
    assert!(matches!(Home::create(&dir, "another horse", custodian()), Err(HomeError::Exists { .. })));
    let long = home.put(Family::Card, &[7; RECORD_NAME_BYTES_MAX + 1], b"").unwrap_err();
    assert!(matches!(long, HomeError::Name { .. }));

    home.put(Family::Card, &[7; RECORD_NAME_BYTES_MAX], b"a card").unwrap();
    let folder = dir.join("records/card");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    let name = [7; RECORD_NAME_BYTES_MAX];
    let check = |what: &str, altered: &[u8]| {
        std::fs::write(&file, altered).unwrap();
        let refused = home.get(Family::Card, &name);
        assert!(matches!(refused, Err(HomeError::Damaged { .. })), "{what}");
    };
    check("empty", &[]);
    check("no record", &bytes[..8]);
    check("cut", &bytes[..bytes.len() - 1]);
    check("extended", &[&bytes[..], &[0]].concat());
    check("another number", &[&[9], &bytes[1..]].concat());
    std::fs::write(folder.join("x00"), &bytes).unwrap();
    assert!(matches!(home.get(Family::Card, &[0]), Err(HomeError::Damaged { .. })), "another name");
    // A record cut by force is written over, and what a crash left behind is no record.
    std::fs::write(folder.join("x01.new"), b"half").unwrap();
    home.put(Family::Card, &name, b"a card").unwrap();
    assert_eq!(home.names(Family::Card).unwrap(), [vec![0], name.to_vec()]);
    drop(home);

    assert!(matches!(Home::open(&dir, "wrong horse"), Err(HomeError::Locked)));
    let open = Home::open(&dir, "correct horse").unwrap();
    assert!(matches!(Home::discard(&dir), Err(HomeError::InUse { .. })));
    drop(open);
    let path = dir.join("keys");
    let keys = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&keys[..], &[0]].concat()).unwrap();
    assert!(matches!(Home::open(&dir, "correct horse"), Err(HomeError::Locked)));
    std::fs::write(&path, &keys[..20]).unwrap();
    assert!(matches!(Home::open(&dir, "correct horse"), Err(HomeError::Damaged { .. })));

    std::fs::write(dir.join("not-ours"), b"").unwrap();
    Home::discard(&dir).unwrap();
    let left = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["not-ours"]);
}

#[test]
fn a_new_passphrase_takes_the_old_one_s_place() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("home");
    let mut home = Home::create(&dir, "correct horse", focal_point()).unwrap();
    let keys = public_keys(&home);
    home.put(Family::Card, b"one", b"a card").unwrap();
    let old = std::fs::read(dir.join("keys")).unwrap();
    #[cfg(unix)]
    let watched = std::fs::File::open(dir.join("keys")).unwrap();
    assert!(matches!(home.change_passphrase("short"), Err(HomeError::ShortPassphrase { .. })));
    assert_eq!(std::fs::read(dir.join("keys")).unwrap(), old);
    assert_eq!(home.change_passphrase("battery staple").unwrap(), cfg!(unix));
    // What the open home writes from now on is under the new passphrase, too.
    home.update_keys(|keys| keys.server.as_mut().unwrap().address = "example.org:1".into()).unwrap();
    drop(home);

    assert!(matches!(Home::open(&dir, "correct horse"), Err(HomeError::Locked)));
    let home = Home::open(&dir, "battery staple").unwrap();
    assert_eq!(public_keys(&home), keys);
    assert_eq!(home.server().unwrap().address, "example.org:1");
    assert_eq!(home.get(Family::Card, b"one").unwrap().unwrap().as_slice(), b"a card");
    let new = std::fs::read(dir.join("keys")).unwrap();
    assert_ne!(old[21..37], new[21..37], "the salt is new");
    #[cfg(unix)]
    {
        use std::io::Read as _;
        let mut left = Vec::new();
        (&watched).read_to_end(&mut left).unwrap();
        assert_eq!(left, vec![0; old.len()], "the old file is overwritten");
    }
    drop(home);
    // A copy that somebody took before opens as it did: only the device's keys could be replaced.
    std::fs::write(dir.join("keys"), &old).unwrap();
    assert!(Home::open(&dir, "correct horse").is_ok());
}

#[cfg(unix)]
#[test]
fn nobody_else_can_look_into_a_home() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("home");
    std::fs::create_dir(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let home = Home::create(&dir, "correct horse", custodian()).unwrap();
    home.put(Family::Outbox, b"one", b"act").unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.clone()), 0o700);
    assert_eq!(mode(dir.join("records/outbox")), 0o700);
    for file in ["keys", "lock", "records/outbox/x6f6e65"] {
        assert_eq!(mode(dir.join(file)), 0o600, "{file}");
    }
}
