//! What two browsers of a room say to each other through the relay so as to speak without it: WebRTC's offer, answer and
//! candidates, and when the frames leave the relay. The relay carries the bytes and reads none of them.
//!
//! | kind | signal | body after the attempt (u32) |
//! | --- | --- | --- |
//! | 0 | offer | text: a session description |
//! | 1 | answer | text: a session description |
//! | 2 | candidate | line u16, text: an address at which the sender may be reached |
//! | 3 | switched | none: what follows of the sender's frames comes by the channel |
//! | 4 | no | reason u8: the sender does without |

use super::MessageError;
use super::wire::{Reader, Wire};

/// The longest signal, in bytes. A description of a data channel and nothing else has 500 or so.
pub const MAX_SIGNAL: usize = 8 * 1024;

/// One of them. Each names the attempt that it belongs to, a number that the offering end gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Which attempt of these two browsers.
    pub attempt: u32,
    /// What is said.
    pub body: SignalBody,
}

/// What a signal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalBody {
    /// The end of the smaller address proposes a connection (SDP).
    Offer(String),
    /// The other end accepts it (SDP).
    Answer(String),
    /// Where the sender may be reached.
    Candidate {
        /// The place in the description that it belongs to.
        line: u16,
        /// As WebRTC writes it.
        text: String,
    },
    /// The last frame that the sender gave to the relay is before this.
    Switched,
    /// The sender speaks by the relay alone, or has given this attempt up.
    No(NoReason),
}

/// Why an end does without a direct link. The discriminant is the wire value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum NoReason {
    /// Its browser has no WebRTC.
    Unsupported = 0,
    /// It has as many direct links as it takes.
    TooMany = 1,
    /// Its channel has not come up in time, or has ended.
    Failed = 2,
}

impl Signal {
    /// Writes the signal.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut head = |kind: u8| (kind, self.attempt).write(&mut out);
        match &self.body {
            SignalBody::Offer(text) => {
                head(0);
                long_text(text, &mut out);
            }
            SignalBody::Answer(text) => {
                head(1);
                long_text(text, &mut out);
            }
            SignalBody::Candidate { line, text } => {
                head(2);
                line.write(&mut out);
                long_text(text, &mut out);
            }
            SignalBody::Switched => head(3),
            SignalBody::No(reason) => {
                head(4);
                out.push(*reason as u8);
            }
        }
        out
    }

    /// Reads a signal. It panics on no input.
    ///
    /// # Errors
    /// The first rule that the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > MAX_SIGNAL {
            return Err(MessageError::Value("signal"));
        }
        let mut reader = Reader(bytes);
        let (kind, attempt) = <(u8, u32)>::read(&mut reader)?;
        let body = match kind {
            0 => SignalBody::Offer(reader.text(MAX_SIGNAL)?),
            1 => SignalBody::Answer(reader.text(MAX_SIGNAL)?),
            2 => SignalBody::Candidate { line: Wire::read(&mut reader)?, text: reader.text(MAX_SIGNAL)? },
            3 => SignalBody::Switched,
            4 => SignalBody::No(match u8::read(&mut reader)? {
                0 => NoReason::Unsupported,
                1 => NoReason::TooMany,
                2 => NoReason::Failed,
                _ => return Err(MessageError::Value("reason")),
            }),
            kind => return Err(MessageError::Kind(kind)),
        };
        reader.finish().map(|()| Self { attempt, body })
    }
}

/// A text of up to [`MAX_SIGNAL`] bytes; what is longer goes no further than its receiver, who refuses it.
fn long_text(text: &str, out: &mut Vec<u8>) {
    super::wire::write_bytes16(text.as_bytes(), out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn signal() -> impl Strategy<Value = Signal> {
        let text = || "\\PC{0,300}";
        let body = prop_oneof![
            text().prop_map(SignalBody::Offer),
            text().prop_map(SignalBody::Answer),
            (any::<u16>(), text()).prop_map(|(line, text)| SignalBody::Candidate { line, text }),
            Just(SignalBody::Switched),
            Just(SignalBody::No(NoReason::TooMany)),
        ];
        (any::<u32>(), body).prop_map(|(attempt, body)| Signal { attempt, body })
    }

    proptest! {
        #[test]
        fn every_signal_reads_back_what_it_wrote(signal in signal()) {
            prop_assert_eq!(Signal::decode(&signal.encode()), Ok(signal));
        }

        #[test]
        fn any_bytes_are_a_signal_that_writes_them_or_an_error(bytes in vec(any::<u8>(), 0..60), kind in 0..6_u8) {
            let bytes = [&[kind], bytes.as_slice()].concat();
            if let Ok(signal) = Signal::decode(&bytes) {
                prop_assert_eq!(signal.encode(), bytes);
            }
        }
    }

    #[test]
    fn the_layout_is_the_table_at_the_head() {
        let signal = Signal { attempt: 258, body: SignalBody::Candidate { line: 1, text: "c".to_owned() } };
        assert_eq!(signal.encode(), [2, 2, 1, 0, 0, 1, 0, 1, 0, b'c']);
        let long = Signal { attempt: 1, body: SignalBody::Offer("s".repeat(MAX_SIGNAL)) };
        assert_eq!(Signal::decode(&long.encode()), Err(MessageError::Value("signal")));
        assert_eq!(Signal::decode(&[4, 0, 0, 0, 0, 9]), Err(MessageError::Value("reason")));
    }
}
