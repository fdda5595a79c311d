//! Frames as messages of a channel, which may be shorter than a frame: each message is a byte, 1 where more of the frame
//! follows and 0 where none does, and a piece of the frame.

use super::ChannelError;
use crate::MAX_FRAME_LEN;

/// The longest message: what every WebRTC takes (RFC 8841 has 64 KiB where nothing is said).
pub const MAX_PIECE: usize = 60 * 1024;

const LAST: u8 = 0;
const MORE: u8 = 1;

/// The messages that carry a frame.
pub fn pieces(frame: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let count = frame.len().div_ceil(MAX_PIECE - 1);
    let mark = move |at: usize| if at + 1 < count { MORE } else { LAST };
    frame.chunks(MAX_PIECE - 1).enumerate().map(move |(at, piece)| [&[mark(at)], piece].concat())
}

/// Puts frames together again.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    /// What has come of a frame; bounded by [`MAX_FRAME_LEN`].
    begun: Vec<u8>,
}

impl Joiner {
    /// Takes in a message; a frame, where it is complete.
    ///
    /// # Errors
    /// No message of [`pieces`]; the channel is of no more use.
    pub(super) fn take(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, ChannelError> {
        let (mark, piece) = message.split_first().ok_or(ChannelError::Piece)?;
        if message.len() > MAX_PIECE || piece.is_empty() || self.begun.len() + piece.len() > MAX_FRAME_LEN {
            return Err(ChannelError::Piece);
        }
        self.begun.extend_from_slice(piece);
        match *mark {
            LAST => Ok(Some(std::mem::take(&mut self.begun))),
            MORE => Ok(None),
            _ => Err(ChannelError::Piece),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn frames_of_any_length_come_out_as_they_went_in(lengths in vec(1..=MAX_FRAME_LEN, 1..6)) {
            let mut joiner = Joiner::default();
            for (at, length) in lengths.into_iter().enumerate() {
                let frame: Vec<u8> = (0..length).map(|byte| (byte % 251 + at) as u8).collect();
                let mut whole = None;
                for piece in pieces(&frame) {
                    prop_assert_eq!(whole, None, "complete before its last piece");
                    prop_assert!(piece.len() <= MAX_PIECE);
                    whole = joiner.take(&piece).unwrap();
                }
                prop_assert_eq!(whole, Some(frame));
            }
        }
    }

    #[test]
    fn what_is_no_piece_or_makes_no_frame_is_refused() {
        assert_eq!(Joiner::default().take(&[]), Err(ChannelError::Piece));
        assert_eq!(Joiner::default().take(&[LAST]), Err(ChannelError::Piece));
        assert_eq!(Joiner::default().take(&[7, 1]), Err(ChannelError::Piece));
        let mut joiner = Joiner::default();
        let piece = [&[MORE], &[0; MAX_PIECE - 1][..]].concat();
        let taken = (0..100).take_while(|_| joiner.take(&piece).is_ok()).count();
        assert_eq!(taken, MAX_FRAME_LEN / (MAX_PIECE - 1), "no more than a frame is kept");
    }
}
