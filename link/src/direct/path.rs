//! One end of a direct link: which way its next frame goes, and when one that has come is handed on.

use super::pieces::Joiner;

/// Bytes of frames that are held back until the other end has said that it switched; more than it may have under way.
const MAX_HELD: usize = 8 * 1024 * 1024;
/// Frames that are held back, likewise.
const MAX_HELD_FRAMES: usize = 4_096;

/// Why a channel is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// A message was no piece of a frame.
    #[error("the channel carried what is no frame")]
    Piece,
    /// The relay has not brought the other end's word for longer than can be waited.
    #[error("too much came by the channel before the relay said so")]
    Held,
}

/// The other end sends by the relay again: it has lost the channel, and what it had sent by it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other end has lost the channel")]
pub struct Superseded;

/// One end of one attempt. The attempt before it, and what came of its channel, is none of its business.
#[derive(Debug, Default)]
pub struct Path {
    /// Frames to the other end go by the channel.
    sends_direct: bool,
    /// The other end has said that its frames come by the channel.
    hears_direct: bool,
    joiner: Joiner,
    /// Frames that came by the channel early. Bounded by [`MAX_HELD`] and [`MAX_HELD_FRAMES`].
    held: Vec<Vec<u8>>,
    held_bytes: usize,
}

impl Path {
    /// The channel is up: from now on frames go by it. The other end must be told, by the relay, before the next frame.
    pub fn switch(&mut self) {
        self.sends_direct = true;
    }

    /// Whether the next frame goes by the channel.
    pub fn sends_direct(&self) -> bool {
        self.sends_direct
    }

    /// Whether both ends use the channel, and the relay has left the path.
    pub fn is_direct(&self) -> bool {
        self.sends_direct && self.hears_direct
    }

    /// Whether a frame may be lost with the channel.
    pub fn is_used(&self) -> bool {
        self.sends_direct || self.hears_direct || !self.held.is_empty()
    }

    /// The other end has switched; the frames that waited for that.
    pub fn hear_switched(&mut self) -> Vec<Vec<u8>> {
        self.hears_direct = true;
        self.held_bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// Takes in a message of the channel; a frame, where it completes one that may be handed on.
    ///
    /// # Errors
    /// See [`ChannelError`]; the channel is to be closed.
    pub fn hear_channel(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, ChannelError> {
        let Some(frame) = self.joiner.take(message)? else { return Ok(None) };
        if self.hears_direct {
            return Ok(Some(frame));
        }
        self.held_bytes += frame.len();
        if self.held_bytes > MAX_HELD || self.held.len() >= MAX_HELD_FRAMES {
            return Err(ChannelError::Held);
        }
        self.held.push(frame);
        Ok(None)
    }

    /// A frame of the other end came by the relay. It may be handed on.
    ///
    /// # Errors
    /// [`Superseded`]: it may be once the channel is closed and its sessions have ended.
    pub fn hear_relay(&self) -> Result<(), Superseded> {
        if self.hears_direct { Err(Superseded) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pieces;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// What the relay's path carries.
    enum Relayed {
        Frame(Vec<u8>),
        Switched,
    }

    /// What happens next.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Send,
        Open,
        Relay,
        Channel,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![Just(Step::Send), Just(Step::Open), Just(Step::Relay), Just(Step::Channel)]
    }

    proptest! {
        #[test]
        fn frames_come_in_order_and_none_is_lost_or_doubled_whichever_path_is_faster(steps in vec(step(), 0..200)) {
            let (mut sender, mut receiver) = (Path::default(), Path::default());
            let (mut relay, mut channel) = (VecDeque::new(), VecDeque::new());
            let (mut sent, mut heard) = (0_u8, Vec::new());
            let rest = [Step::Relay, Step::Channel].repeat(200);
            for step in steps.into_iter().chain(rest) {
                match step {
                    Step::Send => {
                        let frame = vec![sent; 3];
                        sent = sent.wrapping_add(1);
                        if sender.sends_direct() {
                            channel.extend(pieces(&frame));
                        } else {
                            relay.push_back(Relayed::Frame(frame));
                        }
                    }
                    Step::Open if !sender.sends_direct() => {
                        sender.switch();
                        relay.push_back(Relayed::Switched);
                    }
                    Step::Open => {}
                    Step::Relay => match relay.pop_front() {
                        Some(Relayed::Frame(frame)) => {
                            prop_assert_eq!(receiver.hear_relay(), Ok(()));
                            heard.push(frame[0]);
                        }
                        Some(Relayed::Switched) => {
                            heard.extend(receiver.hear_switched().iter().map(|frame| frame[0]));
                        }
                        None => {}
                    },
                    Step::Channel => if let Some(message) = channel.pop_front() {
                        heard.extend(receiver.hear_channel(&message).unwrap().map(|frame| frame[0]));
                    },
                }
            }
            prop_assert_eq!(heard, (0..sent).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_frame_by_the_relay_after_the_switch_says_that_the_channel_is_lost() {
        let mut path = Path::default();
        assert_eq!(path.hear_relay(), Ok(()));
        assert!(path.hear_switched().is_empty());
        assert_eq!(path.hear_relay(), Err(Superseded));
    }

    #[test]
    fn what_is_held_back_is_bounded() {
        let mut path = Path::default();
        let frames = (0..).take_while(|_| path.hear_channel(&[0, 1]).is_ok()).count();
        assert_eq!(frames, MAX_HELD_FRAMES);
        let mut path = Path::default();
        let large = vec![0; 200_000];
        let mut count = 0;
        while pieces(&large).all(|piece| path.hear_channel(&piece).is_ok()) {
            count += 1;
        }
        assert_eq!(count, MAX_HELD / 200_000);
    }

    #[test]
    fn a_link_that_no_end_has_used_loses_nothing() {
        let mut path = Path::default();
        assert!(!path.is_used() && !path.is_direct());
        path.switch();
        assert!(path.is_used() && !path.is_direct());
        path.hear_switched();
        assert!(path.is_direct());
        let mut other = Path::default();
        other.hear_channel(&[0, 1]).unwrap();
        assert!(other.is_used(), "it holds frames that the other end sent by the channel");
    }
}
