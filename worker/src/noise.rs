//! Messages on a node's channels that mean nothing. Any script of this origin can post there: what it posts is dropped,
//! counted, and now and then the node's log says so. Pure.

/// The log speaks of them at most this often.
const TELL_MS: f64 = 10_000.0;

/// What was dropped.
#[derive(Debug, Default)]
pub(crate) struct Noise {
    /// How many the log has spoken of.
    told: u64,
    /// When it did so last.
    told_at: Option<f64>,
}

impl Noise {
    /// The line for the log, if `dropped` messages since the node came up are more than it knows of and it is time.
    pub(crate) fn line(&mut self, dropped: u64, now_ms: f64) -> Option<String> {
        let news = dropped.saturating_sub(self.told);
        if news == 0 || self.told_at.is_some_and(|told| told + TELL_MS > now_ms) {
            return None;
        }
        self.told = dropped;
        self.told_at = Some(now_ms);
        Some(format!("{news} messages on this node's channels meant nothing and were dropped"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_speaks_of_noise_now_and_then_and_of_each_message_once() {
        let mut noise = Noise::default();
        assert_eq!(noise.line(0, 0.0), None);
        assert!(noise.line(3, 0.0).is_some_and(|line| line.starts_with("3 messages")));
        assert_eq!(noise.line(9, TELL_MS - 1.0), None);
        assert!(noise.line(10, TELL_MS).is_some_and(|line| line.starts_with("7 messages")));
        assert_eq!(noise.line(10, 2.0 * TELL_MS), None);
    }
}
