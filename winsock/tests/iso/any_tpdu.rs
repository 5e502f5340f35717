//! What must hold for any octets as a TPDU. A fuzz target calls it too.

use hangup_winsock::provider::itot::tpdu::Tpdu;

/// What can be read as a TPDU is the same after it was written; what cannot is quoted as it stands.
pub(crate) fn check(octets: &[u8]) {
    match Tpdu::read(octets) {
        Ok(tpdu) => assert_eq!(Tpdu::read(tpdu.write().as_slice()), Ok(tpdu)),
        Err(malformed) => {
            let rejected = malformed.rejected(octets);
            assert!(octets.starts_with(rejected.as_slice()));
        }
    }
}
