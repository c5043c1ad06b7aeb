use super::*;

use crate::home::tests::{custodian, focal_point, public_keys};
use crate::home::{Family, RECORD_NAME_BYTES_MAX};

const PASSPHRASE: &str = "correct horse";

/// What is in a folder, but for the lock.
fn tree(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else if !path.ends_with(disk::LOCK) {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort_unstable();
    found
}

fn names(dir: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort_unstable();
    names
}

fn is_moved(opened: &Result<Home, HomeError>) -> bool {
    matches!(opened, Err(HomeError::Moved { .. }))
}

#[test]
fn a_home_moves_whole_and_opens_in_one_place_only() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("deep/new"));
    let file = folder.path().join("file");
    let home = Home::create(&old, PASSPHRASE, focal_point()).unwrap();
    home.put(Family::Outbox, b"act", b"what waits").unwrap();
    home.put(Family::Seen, &[7; RECORD_NAME_BYTES_MAX], b"").unwrap();
    home.put(Family::Card, b"", &vec![7; 300_000]).unwrap();
    let keys = public_keys(&home);
    let before = tree(&old);
    let moved = home.move_out(&file).unwrap();
    assert_eq!((moved.records, moved.length), (3, fs::metadata(&file).unwrap().len()));
    drop(home);

    assert!(is_moved(&Home::open(&old, PASSPHRASE)));
    assert_eq!(tree(&old).len(), before.len() + 1, "nothing but the mark is new");
    let again = folder.path().join("again");
    Home::open_to_move(&old, PASSPHRASE).unwrap().move_out(&again).unwrap();
    let taken = Home::open_to_move(&old, PASSPHRASE).unwrap().move_out(&again);
    assert!(matches!(taken, Err(MoveError::FileExists { .. })));

    for (file, dir) in [(&file, &new), (&again, &folder.path().join("other"))] {
        let imported = MoveFile::open(file).unwrap().move_in(dir, PASSPHRASE).unwrap();
        assert_eq!(imported.records, 3);
        let home = Home::open(dir, PASSPHRASE).unwrap();
        assert_eq!(public_keys(&home), keys);
        assert_eq!(home.get(Family::Outbox, b"act").unwrap().unwrap().as_slice(), b"what waits");
        assert_eq!(home.get(Family::Card, b"").unwrap().unwrap().len(), 300_000);
        let relative = |tree: Vec<(PathBuf, Vec<u8>)>, from: &Path| -> Vec<(PathBuf, Vec<u8>)> {
            let path = |path: PathBuf| path.strip_prefix(from).unwrap().to_owned();
            tree.into_iter().map(|(p, content)| (path(p), content)).collect()
        };
        assert_eq!(relative(tree(dir), dir), relative(before.clone(), &old), "byte for byte");
        assert!(names(dir.parent().unwrap()).iter().all(|name| !name.to_string_lossy().contains("import")));
    }
    let taken = MoveFile::open(&file).unwrap().move_in(&new, PASSPHRASE);
    assert!(matches!(taken, Err(MoveError::Home(HomeError::Exists { .. }))));
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_a_move_file_or_what_comes_out_of_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (old, new, file) = (folder.path().join("old"), folder.path().join("new"), folder.path().join("file"));
    let home = Home::create(&old, PASSPHRASE, custodian()).unwrap();
    home.put(Family::Outbox, b"act", b"what waits").unwrap();
    home.move_out(&file).unwrap();
    MoveFile::open(&file).unwrap().move_in(&new, PASSPHRASE).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&new), mode(&new.join("records/outbox"))), (0o600, 0o700, 0o700));
    assert_eq!((mode(&new.join("keys")), mode(&new.join("records/outbox/x616374"))), (0o600, 0o600));
}

/// Crashes: before the mark, and between the mark and the name.
#[test]
fn a_crash_leaves_the_old_home_or_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let (old, file) = (folder.path().join("old"), folder.path().join("file"));
    let home = Home::create(&old, PASSPHRASE, custodian()).unwrap();
    // A half-written file of an earlier try is written over.
    fs::write(folder.path().join("file.new"), b"half").unwrap();
    // The name is taken between the first look and the last step: the home is not moved.
    fs::create_dir(folder.path().join("blocked")).unwrap();
    let blocked = folder.path().join("blocked/absent/file");
    assert!(matches!(home.move_out(&blocked), Err(MoveError::Home(HomeError::Io { .. }))));
    drop(home);
    let home = Home::open(&old, PASSPHRASE).unwrap();
    home.move_out(&file).unwrap();
    drop(home);
    // As if the machine had stopped right after the mark: the file is whole under its other name.
    fs::rename(&file, folder.path().join("file.new")).unwrap();
    assert!(is_moved(&Home::open(&old, PASSPHRASE)));
    let whole = MoveFile::open(&folder.path().join("file.new")).unwrap();
    whole.move_in(&folder.path().join("new"), PASSPHRASE).unwrap();
}

#[test]
fn what_does_not_open_here_is_not_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (old, file) = (folder.path().join("old"), folder.path().join("file"));
    let home = Home::create(&old, PASSPHRASE, custodian()).unwrap();
    home.put(Family::Outbox, b"act", b"what waits").unwrap();
    let record = old.join("records/outbox/x616374");
    let sound = fs::read(&record).unwrap();
    fs::write(&record, &sound[..sound.len() - 1]).unwrap();
    assert!(matches!(home.move_out(&file), Err(MoveError::Home(HomeError::Damaged { .. }))));
    fs::write(&record, sound).unwrap();
    fs::create_dir(old.join("records/of-a-newer-program")).unwrap();
    assert!(matches!(home.move_out(&file), Err(MoveError::Home(HomeError::Newer))));
    assert_eq!(names(folder.path()), ["old"]);
    drop(home);
    assert!(Home::open(&old, PASSPHRASE).is_ok());
}

/// One home for all of these: the passphrase takes long on purpose.
#[test]
fn altered_cut_and_foreign_files_make_no_home() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new, file) = (folder.path().join("old"), folder.path().join("new"), folder.path().join("file"));
    let home = Home::create(&old, PASSPHRASE, custodian()).unwrap();
    home.put(Family::Card, b"one", b"first").unwrap();
    home.put(Family::Card, b"two", b"other").unwrap();
    home.move_out(&file).unwrap();
    drop(home);
    let good = fs::read(&file).unwrap();
    let keystore = manifest::HEAD_BYTES + u32::from_le_bytes(*good[9..].first_chunk().unwrap()) as usize;
    let sealed = u64::from_le_bytes(*good[keystore..].first_chunk().unwrap());
    let records = keystore + 8 + usize::try_from(sealed).unwrap();
    let record = (good.len() - records) / 2;

    let refused = |what: &str, content: &[u8], passphrase: &str| {
        fs::write(&file, content).unwrap();
        let refused = MoveFile::open(&file).and_then(|file| file.move_in(&new, passphrase)).unwrap_err();
        assert_eq!(names(folder.path()), ["file", "old"], "{what}: nothing is left");
        refused
    };
    let check = |what: &str, content: &[u8], expected: MoveFault| {
        let refused = refused(what, content, PASSPHRASE);
        assert!(matches!(refused, MoveError::Fault { fault, .. } if fault == expected), "{what}: {refused}");
    };
    let with = |at: usize| {
        let mut altered = good.clone();
        altered[at] ^= 1;
        altered
    };
    check("empty", b"", MoveFault::Cut);
    check("another file", b"PK\x03\x04 something else", MoveFault::NotOne);
    check("a newer one", &with(8), MoveFault::Newer);
    check("a huge key store", &with(manifest::HEAD_BYTES - 1), MoveFault::TooLarge);
    for cut in [5, keystore - 1, keystore + 3, records - 1, records + 1, good.len() - 1] {
        check("cut", &good[..cut], MoveFault::Cut);
    }
    check("extended", &[&good[..], &[0]].concat(), MoveFault::Extended);
    check("a huge manifest", &with(keystore + 7), MoveFault::TooLarge);
    check("the manifest", &with(records - 1), MoveFault::Manifest);
    check("a record", &with(good.len() - 1), MoveFault::Record);
    let exchanged = [&good[..records], &good[records + record..], &good[records..records + record]].concat();
    check("exchanged records", &exchanged, MoveFault::Record);
    let one_less = [&good[..records], &good[records + record..]].concat();
    check("a record left out", &one_less, MoveFault::Record);
    for (what, content, passphrase) in
        [("the key store", with(keystore - 1), PASSPHRASE), ("the passphrase", good.clone(), "wrong horse")]
    {
        let refused = refused(what, &content, passphrase);
        assert!(matches!(refused, MoveError::Home(HomeError::Locked)), "{what}: {refused}");
    }

    // Another home's key store before these records: its own, good passphrase opens it, and nothing else.
    let other = Home::create(&folder.path().join("other"), PASSPHRASE, custodian()).unwrap();
    let foreign = fs::read(other.dir().join("keys")).unwrap();
    drop(other);
    fs::remove_dir_all(folder.path().join("other")).unwrap();
    let head = manifest::head(&foreign).unwrap();
    check("a foreign key store", &[&head[..], &foreign, &good[keystore..]].concat(), MoveFault::Manifest);
}
