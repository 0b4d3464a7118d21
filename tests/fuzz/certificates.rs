//! Certificates and keys: files, and a Secret that anybody may have written into.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use placecard_certs::kept::{AUTHORITIES, AUTHORITY_KEYS, FORMER, Kept, LEAF, LEAF_KEY};
use placecard_certs::{Error, client_names, load};

/// Chain and key in one file, and the same as everything that a Secret keeps.
pub fn certificates(data: &[u8]) {
    match load(data, data) {
        Ok(pair) => {
            assert!(!pair.names.is_empty());
            for now in [SystemTime::UNIX_EPOCH, pair.not_before, pair.not_after, far_away()] {
                let _ = pair.check_validity(now);
            }
            if pair.not_before <= pair.not_after {
                assert_eq!(pair.check_validity(pair.not_after), Ok(()));
            }
        }
        Err(error) => keeps_secrets(&error, data),
    }
    let kept = Kept::read(&BTreeMap::from(
        [LEAF, LEAF_KEY, AUTHORITIES, AUTHORITY_KEYS, FORMER]
            .map(|key| (key.to_owned(), data.to_vec())),
    ));
    kept.troubles.iter().for_each(|(_, error)| keeps_secrets(error, data));
    let written = kept.write();
    let again = Kept::read(&written);
    assert_eq!(again.write(), written);
    assert_eq!(again.authorities.len(), kept.authorities.len());
    assert_eq!(again.former.len(), kept.former.len());
    // Names are parts of the certificate, nothing is made up.
    let names: usize = client_names(data).iter().map(String::len).sum();
    assert!(names <= 64 * (1 + data.len()));
}

fn far_away() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)
}

/// What is told is short, and has no line of the body in it.
fn keeps_secrets(error: &Error, data: &[u8]) {
    let text = error.to_string();
    assert!(text.len() < 2048, "{} bytes", text.len());
    let lines = data.split(|byte| matches!(byte, b'\n' | b'\r'));
    for line in lines.filter(|line| line.len() >= 48 && !line.starts_with(b"-----")) {
        let line = String::from_utf8_lossy(line);
        assert!(!text.contains(&*line), "{text}");
    }
}
