//! The lab clock as one worker reads it: it pauses and changes speed, and never runs backwards for timers. In a class dates
//! stand still while it does not mine, and timers go on.

use terrarium_core::interface::Clock;
use terrarium_core::time::{Mono, Time, UnixTime};

/// Both real clocks, read together, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealTime {
    /// Since an arbitrary start; never set back.
    pub(crate) monotonic: f64,
    /// Since 1970.
    pub(crate) wall: f64,
}

impl RealTime {
    /// The monotonic clock as sessions read it.
    pub(crate) fn mono(self) -> Mono {
        Mono(whole(self.monotonic * 1_000.0))
    }
}

/// The lab's time, which nodes, miners and link conditions live by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabClock {
    setting: Clock,
    /// The real monotonic clock when the setting began here.
    real_start: f64,
    /// The lab's monotonic clock at that moment, in milliseconds.
    lab_start: f64,
}

impl LabClock {
    pub(crate) fn new(setting: Clock, now: RealTime) -> Self {
        Self { setting: sane(setting), real_start: now.monotonic, lab_start: 0.0 }
    }

    /// Changes speed; timers go on from where they are.
    pub(crate) fn set(&mut self, setting: Clock, now: RealTime) {
        self.lab_start = self.monotonic_ms(now);
        self.real_start = now.monotonic;
        self.setting = sane(setting);
    }

    /// The lab's time for the node.
    pub(crate) fn time(&self, now: RealTime) -> Time {
        let speed = if self.setting.dates_stand { 0.0 } else { self.setting.speed };
        let unix_ms = self.setting.lab_ms + (now.wall - self.setting.wall_ms) * speed;
        Time { mono: Mono(whole(self.monotonic_ms(now) * 1_000.0)), unix: unix_seconds(unix_ms) }
    }

    /// Real milliseconds until a lab deadline; none in a pause, in which it never comes.
    pub(crate) fn until(&self, deadline: Mono, now: RealTime) -> Option<f64> {
        let lab = millis(deadline) - self.monotonic_ms(now);
        (self.setting.speed > 0.0).then(|| (lab / self.setting.speed).max(0.0))
    }

    fn monotonic_ms(&self, now: RealTime) -> f64 {
        self.lab_start + (now.monotonic - self.real_start).max(0.0) * self.setting.speed
    }
}

/// A page may send anything; a clock that is no number stands still.
fn sane(setting: Clock) -> Clock {
    let number = |value: f64| if value.is_finite() { value } else { 0.0 };
    Clock {
        wall_ms: number(setting.wall_ms),
        lab_ms: number(setting.lab_ms),
        speed: number(setting.speed).clamp(0.0, 1_000.0),
        dates_stand: setting.dates_stand,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what a clock out of range should do"
)]
fn whole(micros: f64) -> u64 {
    micros as u64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what a clock out of range should do"
)]
fn unix_seconds(millis: f64) -> UnixTime {
    UnixTime((millis / 1_000.0) as u32)
}

/// A point of a monotonic clock in milliseconds.
#[allow(clippy::cast_precision_loss, reason = "exact for the first 285 years")]
pub(crate) fn millis(time: Mono) -> f64 {
    time.0 as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: f64) -> RealTime {
        RealTime { monotonic: ms, wall: 1_000_000.0 + ms }
    }

    fn setting(at_ms: f64, lab_ms: f64, speed: f64) -> Clock {
        Clock { wall_ms: 1_000_000.0 + at_ms, lab_ms, speed, dates_stand: false }
    }

    #[test]
    fn the_lab_runs_at_its_speed() {
        let clock = LabClock::new(setting(0.0, 50_000.0, 10.0), at(0.0));
        let time = clock.time(at(100.0));
        assert_eq!(time, Time { mono: Mono(1_000_000), unix: UnixTime(51) });
    }

    #[test]
    fn a_pause_stops_both_clocks_and_every_deadline() {
        let mut clock = LabClock::new(setting(0.0, 50_000.0, 1.0), at(0.0));
        assert_eq!(clock.until(Mono(3_000_000), at(1_000.0)), Some(2_000.0));
        clock.set(setting(1_000.0, 51_000.0, 0.0), at(1_000.0));
        assert_eq!(clock.time(at(9_000.0)), clock.time(at(1_000.0)));
        assert_eq!(clock.until(Mono(3_000_000), at(9_000.0)), None);
    }

    #[test]
    fn where_dates_stand_still_timers_go_on_and_dates_go_on_from_there() {
        let mut clock = LabClock::new(setting(0.0, 50_000.0, 1.0), at(0.0));
        clock.set(Clock { dates_stand: true, ..setting(1_000.0, 51_000.0, 1.0) }, at(1_000.0));
        assert_eq!(clock.time(at(9_000.0)), Time { mono: Mono(9_000_000), unix: UnixTime(51) });
        assert_eq!(clock.until(Mono(10_000_000), at(9_000.0)), Some(1_000.0));
        clock.set(setting(9_000.0, 51_000.0, 1.0), at(9_000.0));
        assert_eq!(clock.time(at(11_000.0)), Time { mono: Mono(11_000_000), unix: UnixTime(53) });
    }

    #[test]
    fn timers_go_on_where_they_are_when_the_speed_changes() {
        let mut clock = LabClock::new(setting(0.0, 0.0, 1.0), at(0.0));
        clock.set(setting(1_000.0, 1_000.0, 4.0), at(1_000.0));
        assert_eq!(clock.time(at(1_000.0)).mono, Mono(1_000_000));
        assert_eq!(clock.time(at(2_000.0)).mono, Mono(5_000_000));
        assert_eq!(clock.until(Mono(9_000_000), at(2_000.0)), Some(1_000.0));
    }

    #[test]
    fn timers_never_run_backwards() {
        let clock = LabClock::new(setting(0.0, 0.0, 1.0), at(500.0));
        assert_eq!(clock.time(at(0.0)).mono, Mono(0));
    }

    #[test]
    fn a_clock_that_is_no_number_stands_still() {
        let setting = Clock { wall_ms: f64::NAN, lab_ms: 7_000.0, speed: f64::INFINITY, dates_stand: false };
        let clock = LabClock::new(setting, at(0.0));
        assert_eq!(clock.time(at(5_000.0)), Time { mono: Mono(0), unix: UnixTime(7) });
    }
}
