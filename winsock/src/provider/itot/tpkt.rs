//! Packets in a byte stream: the TPKT header of RFC 1006 section 6, which RFC 2126 section 4.3
//! keeps.
//!
//! Four octets stand before each TPDU: the version 3, a reserved octet, and the length of the whole
//! packet. There is one TPDU in a packet; ISO 8073's concatenation is not used over TCP.

use super::bounded::Bounded;

/// The header in octets.
pub const HEADER: usize = 4;
/// The only version there is.
pub const VERSION: u8 = 3;
/// The shortest packet in octets, its header included: no TPDU is shorter than three.
pub const PACKET_MIN: usize = 7;
/// The longest packet in octets, its header included.
pub const PACKET_MAX: usize = 65_535;
/// The longest TPDU in octets; where nothing else is negotiated TPDUs may be so long.
pub const TPDU_MAX: usize = PACKET_MAX - HEADER;

/// A TPDU's octets.
pub type TpduOctets = Bounded<TPDU_MAX>;

/// Why octets are no packets. The stream cannot be followed beyond it, because where the next
/// packet begins is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TpktError {
    /// The first octet is not the version.
    #[error("a packet of version {0}, not 3")]
    Version(u8),
    /// There is no room for a TPDU.
    #[error("a packet of {0} octets, fewer than 7")]
    Length(u16),
}

/// Puts a TPDU into a packet at the end of a stream.
pub fn put(tpdu: &TpduOctets, stream: &mut Vec<u8>) {
    // TPDU_MAX is the largest length less the header.
    let length = u16::try_from(HEADER + tpdu.len()).unwrap_or(u16::MAX);
    stream.extend([VERSION, 0]);
    stream.extend(length.to_be_bytes());
    stream.extend(tpdu.as_slice());
}

/// Takes packets out of a byte stream, however it is cut into pieces.
#[derive(Clone, Debug, Default)]
pub struct Packets {
    /// What has come and is no whole packet yet; fewer octets than the longest packet has, but for
    /// the piece that was just added.
    octets: Vec<u8>,
}

impl Packets {
    /// Adds what TCP has delivered.
    pub fn add(&mut self, octets: &[u8]) {
        self.octets.extend(octets);
    }

    /// The TPDU of the next packet, once all of it is there.
    ///
    /// # Errors
    /// See [`TpktError`]; it comes again with every call.
    pub fn next_tpdu(&mut self) -> Result<Option<TpduOctets>, TpktError> {
        if let Some(&version) = self.octets.first()
            && version != VERSION
        {
            return Err(TpktError::Version(version));
        }
        // The reserved octet may be anything: RFC 2126 section 6.10.
        let Some(&[_, _, high, low]) = self.octets.first_chunk() else {
            return Ok(None);
        };
        let announced = u16::from_be_bytes([high, low]);
        let length = usize::from(announced);
        if length < PACKET_MIN {
            return Err(TpktError::Length(announced));
        }
        if self.octets.len() < length {
            return Ok(None);
        }
        let rest = self.octets.split_off(length);
        let packet = std::mem::replace(&mut self.octets, rest);
        Ok(Some(TpduOctets::cut(&packet[HEADER..])))
    }

    /// How many octets wait for the rest of their packet.
    pub fn incomplete(&self) -> usize {
        self.octets.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn tpdus() -> impl Strategy<Value = Vec<TpduOctets>> {
        let tpdu = vec(any::<u8>(), 3..300).prop_map(|octets| TpduOctets::cut(&octets));
        vec(tpdu, 0..6)
    }

    proptest! {
        /// Whatever pieces TCP makes of a stream, the packets are those that were put in.
        #[test]
        fn packets_come_out_as_they_went_in(tpdus in tpdus(), piece in 1_usize..50) {
            let mut stream = Vec::new();
            for tpdu in &tpdus {
                put(tpdu, &mut stream);
            }
            let mut packets = Packets::default();
            let mut found = Vec::new();
            for octets in stream.chunks(piece) {
                packets.add(octets);
                while let Some(tpdu) = packets.next_tpdu().unwrap() {
                    found.push(tpdu);
                }
            }
            prop_assert_eq!(found, tpdus);
            prop_assert_eq!(packets.incomplete(), 0);
        }

        #[test]
        fn no_octets_make_it_panic(octets in vec(any::<u8>(), 0..100)) {
            let mut packets = Packets::default();
            packets.add(&octets);
            while let Ok(Some(_)) = packets.next_tpdu() {}
        }
    }

    #[test]
    fn what_is_no_packet_is_refused_as_soon_as_it_can_be_seen() {
        type Row = (&'static [u8], Result<Option<usize>, TpktError>);
        let rows: [Row; 9] = [
            (&[], Ok(None)),
            (&[2], Err(TpktError::Version(2))),
            (b"GET / HTTP/1.1", Err(TpktError::Version(b'G'))),
            (&[3, 0, 0], Ok(None)),
            (&[3, 0, 0, 6], Err(TpktError::Length(6))),
            (&[3, 0, 0, 0], Err(TpktError::Length(0))),
            (&[3, 0, 0, 7, 1, 2], Ok(None)),
            (&[3, 0, 0, 7, 1, 2, 3], Ok(Some(3))),
            // The reserved octet.
            (&[3, 255, 0, 7, 1, 2, 3, 4], Ok(Some(3))),
        ];
        for (octets, expected) in rows {
            let mut packets = Packets::default();
            packets.add(octets);
            let found = packets.next_tpdu();
            let length = found.map(|tpdu| tpdu.map(|tpdu| tpdu.len()));
            assert_eq!(length, expected, "{octets:02x?}");
        }
    }

    #[test]
    fn the_longest_tpdu_fits_a_packet() {
        let tpdu = TpduOctets::new(&[7; TPDU_MAX]).unwrap();
        let mut stream = Vec::new();
        put(&tpdu, &mut stream);
        assert_eq!(stream.len(), PACKET_MAX);
        let mut packets = Packets::default();
        packets.add(&stream);
        assert_eq!(packets.next_tpdu(), Ok(Some(tpdu)));
        assert_eq!(TpduOctets::new(&[7; TPDU_MAX + 1]), None);
    }
}
