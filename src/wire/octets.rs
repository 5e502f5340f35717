//! Integers in octets that may be cut short.

/// The number of two octets at a place.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let octets = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*octets))
}

/// The number of four octets at a place.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let octets = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*octets))
}
