//! The fields of messages, each written and read in one way.

use super::{
    CODE_LEN, End, MAX_BLOCK_TIME, MAX_CHAIN, MAX_KHS, MAX_NETWORK, MAX_NODES, MAX_TEXT, MessageError,
    NodeEntry, Pass, Refusal, RoomCode, Secret, Settings,
};

/// The most texts in a list.
const MAX_TEXTS: usize = 16;

/// What is left of a message.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], MessageError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(MessageError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(MessageError::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn text(&mut self, most: usize) -> Result<String, MessageError> {
        let length = usize::from(u16::read(self)?);
        if length > most {
            return Err(MessageError::Value("text"));
        }
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| MessageError::Value("text"))?;
        Ok(text.to_owned())
    }

    pub(super) fn bytes(&mut self, most: usize, what: &'static str) -> Result<Vec<u8>, MessageError> {
        let length = u32::read(self)? as usize;
        if length > most {
            return Err(MessageError::Value(what));
        }
        self.take(length).map(<[u8]>::to_vec)
    }

    pub(super) fn list<T: Wire>(&mut self, most: usize) -> Result<Vec<T>, MessageError> {
        let count = usize::from(u16::read(self)?);
        if count > most {
            return Err(MessageError::Value("list"));
        }
        (0..count).map(|_| T::read(self)).collect()
    }

    pub(super) fn block_time(&mut self) -> Result<u16, MessageError> {
        let block_time = u16::read(self)?;
        let fits = (1..=MAX_BLOCK_TIME).contains(&block_time);
        if fits { Ok(block_time) } else { Err(MessageError::Value("block time")) }
    }

    /// Nothing may follow.
    pub(super) fn finish(&self) -> Result<(), MessageError> {
        if self.0.is_empty() { Ok(()) } else { Err(MessageError::Length) }
    }
}

/// A field.
pub(super) trait Wire: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError>;
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl Wire for $kind {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
                reader.array().map(Self::from_le_bytes)
            }
        }
    )*};
}

integers!(u8, u16, u32, u64);

macro_rules! tuples {
    ($($name:ident),*) => {
        impl<$($name: Wire),*> Wire for ($($name,)*) {
            #[allow(non_snake_case, reason = "a value is called as its type")]
            fn write(&self, out: &mut Vec<u8>) {
                let ($($name,)*) = self;
                $($name.write(out);)*
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
                Ok(($($name::read(reader)?,)*))
            }
        }
    };
}

tuples!(A, B);
tuples!(A, B, C);

impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        match u8::read(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(MessageError::Value("a yes or no")),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        bool::read(reader)?.then(|| T::read(reader)).transpose()
    }
}

impl Wire for [u8; 4] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        reader.array()
    }
}

impl Wire for Secret {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        reader.array().map(Self)
    }
}

impl Wire for Pass {
    fn write(&self, out: &mut Vec<u8>) {
        (self.address, self.proof).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        let (address, proof) = Wire::read(reader)?;
        Ok(Self { address, proof })
    }
}

impl Wire for Settings {
    fn write(&self, out: &mut Vec<u8>) {
        (self.mining, self.khs, self.locked).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        let (mining, khs, locked) = Wire::read(reader)?;
        if (1..=MAX_KHS).contains(&khs) {
            Ok(Self { mining, khs, locked })
        } else {
            Err(MessageError::Value("kH/s"))
        }
    }
}

impl Wire for RoomCode {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.as_str().as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Self::from_letters(reader.array::<CODE_LEN>()?).ok_or(MessageError::Value("code"))
    }
}

impl Wire for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes16(self.as_bytes(), out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        reader.text(MAX_TEXT)
    }
}

impl Wire for Vec<String> {
    fn write(&self, out: &mut Vec<u8>) {
        write_list(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        reader.list(MAX_TEXTS)
    }
}

impl Wire for NodeEntry {
    fn write(&self, out: &mut Vec<u8>) {
        self.port.write(out);
        write_bytes16(self.network.as_bytes(), out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        match u16::read(reader)? {
            0 => Err(MessageError::Value("port")),
            port => Ok(Self { port, network: reader.text(MAX_NETWORK)? }),
        }
    }
}

impl Wire for Vec<NodeEntry> {
    fn write(&self, out: &mut Vec<u8>) {
        write_list(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        reader.list(MAX_NODES)
    }
}

impl Wire for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).write(out);
        out.extend(self);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        reader.bytes(MAX_CHAIN, "chain")
    }
}

macro_rules! reasons {
    ($kind:ty, $what:literal: $($reason:ident),*) => {
        impl Wire for $kind {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(*self as u8);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
                match u8::read(reader)? {
                    $(reason if reason == Self::$reason as u8 => Ok(Self::$reason),)*
                    _ => Err(MessageError::Value($what)),
                }
            }
        }
    };
}

reasons!(Refusal, "reason": Version, NoRoom, TooManyTries, RoomFull, RelayFull, OtherTab, Malformed, Locked);
reasons!(End, "reason": Shutdown, Malformed, TooSlow, Silent, Replaced, RoomClosed, Removed);

pub(super) fn write_bytes16(bytes: &[u8], out: &mut Vec<u8>) {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).write(out);
    out.extend(bytes);
}

pub(super) fn write_list<T: Wire>(items: &[T], out: &mut Vec<u8>) {
    u16::try_from(items.len()).unwrap_or(u16::MAX).write(out);
    items.iter().for_each(|item| item.write(out));
}
