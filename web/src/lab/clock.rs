//! The lab's clock: pauses, changes speed, and never goes back.

use crate::browser;
use terrarium_core::interface::Clock;

/// The speeds that the page offers, in lab seconds per second.
pub(crate) const SPEEDS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

/// How far one step goes, in lab seconds.
const STEP_SECONDS: f64 = 1.0;

/// What the clock is set to, and the speed that it has when it is not paused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LabClock {
    /// The present setting, as the workers know it.
    pub(crate) setting: Clock,
    /// Lab seconds per second once it runs.
    pub(crate) speed: f64,
}

impl LabClock {
    /// A clock that runs at full speed, from `saved_ms` (where an earlier visit left the lab) if that is later than
    /// `wall_ms`: blocks of that visit must not lie in the future.
    pub(crate) fn start(wall_ms: f64, saved_ms: Option<f64>) -> Self {
        let lab_ms = saved_ms.filter(|saved| saved.is_finite()).map_or(wall_ms, |saved| saved.max(wall_ms));
        Self::at_time(wall_ms, lab_ms, false)
    }

    /// A clock that shows `lab_ms` when the wall clock shows `wall_ms`, and runs at full speed; or whose dates stand still, while
    /// timers go on.
    pub(crate) fn at_time(wall_ms: f64, lab_ms: f64, dates_stand: bool) -> Self {
        LabClock { setting: Clock { wall_ms, lab_ms, speed: 1.0, dates_stand }, speed: 1.0 }
    }

    /// Lab time, in milliseconds since 1970, when the wall clock shows `wall_ms`.
    pub(crate) fn lab_ms(&self, wall_ms: f64) -> f64 {
        let elapsed = (wall_ms - self.setting.wall_ms).max(0.0);
        let speed = if self.setting.dates_stand { 0.0 } else { self.setting.speed };
        self.setting.lab_ms + elapsed * speed
    }

    /// Whether lab time stands still.
    pub(crate) fn is_paused(&self) -> bool {
        self.setting.speed == 0.0
    }

    /// The same lab time, standing still from now on.
    pub(crate) fn paused(&self, wall_ms: f64) -> Self {
        self.at(wall_ms, 0.0)
    }

    /// The same lab time, running from now on.
    pub(crate) fn resumed(&self, wall_ms: f64) -> Self {
        self.at(wall_ms, self.speed)
    }

    /// The same lab time, at another speed; a paused clock stays paused.
    pub(crate) fn with_speed(&self, wall_ms: f64, speed: f64) -> Self {
        let running = if self.is_paused() { 0.0 } else { speed };
        LabClock { speed, ..self.at(wall_ms, running) }
    }

    fn at(&self, wall_ms: f64, speed: f64) -> Self {
        let setting = Clock { wall_ms, lab_ms: self.lab_ms(wall_ms), speed, ..self.setting };
        LabClock { setting, speed: self.speed }
    }
}

/// Where an earlier visit left this lab's time.
pub(crate) fn saved(lab: &str) -> Option<f64> {
    let saved = js_sys::Number::parse_float(&browser::remembered(&key(lab))?);
    saved.is_finite().then_some(saved)
}

/// Remembers lab time for the next visit.
pub(crate) fn save(lab: &str, clock: &LabClock) {
    browser::remember(&key(lab), &clock.lab_ms(browser::now_ms()).to_string());
}

/// The name under which a lab's time is remembered.
pub(crate) fn key(lab: &str) -> String {
    format!("terrarium/{lab}/clock")
}

/// Steps of a clock that else stands still: each lets [`STEP_SECONDS`] more pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Steps {
    /// Counts what began or gave up a step, so that a step ends only itself.
    number: u64,
    /// The lab time at which the last step ends, in milliseconds since 1970; none while none is in progress.
    end_ms: Option<f64>,
}

impl Steps {
    /// One step more; its number, and the milliseconds of wall time until its end.
    pub(crate) fn add(&mut self, clock: &LabClock, wall_ms: f64) -> (u64, f64) {
        let now = clock.lab_ms(wall_ms);
        let end = self.end_ms.map_or(now, |end| end.max(now)) + STEP_SECONDS * 1_000.0;
        self.number += 1;
        self.end_ms = Some(end);
        (self.number, (end - now) / clock.speed)
    }

    /// Whether a step is the last that was begun, and still in progress.
    pub(crate) fn is_last(&self, number: u64) -> bool {
        self.number == number && self.end_ms.is_some()
    }

    /// Gives up the steps in progress.
    pub(crate) fn give_up(&mut self) {
        self.number += 1;
        self.end_ms = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_time_is_continuous_over_pause_and_change_of_speed() {
        let clock = LabClock::start(1_000.0, None);
        let fast = clock.with_speed(2_000.0, 4.0);
        assert_eq!(fast.lab_ms(2_000.0), 2_000.0);
        assert_eq!(fast.lab_ms(3_000.0), 6_000.0);
        let paused = fast.paused(3_000.0);
        assert_eq!(paused.lab_ms(9_000.0), 6_000.0);
        assert_eq!(paused.resumed(9_000.0).lab_ms(9_500.0), 8_000.0);
    }

    #[test]
    fn dates_that_stand_still_do_so_at_any_speed() {
        let clock = LabClock::at_time(0.0, 500.0, true);
        assert_eq!(clock.lab_ms(9_000.0), 500.0);
        assert_eq!(clock.with_speed(9_000.0, 4.0).lab_ms(10_000.0), 500.0);
        assert!(!clock.is_paused(), "timers go on");
    }

    #[test]
    fn a_paused_clock_stays_paused_when_its_speed_changes() {
        let clock = LabClock::start(0.0, None).paused(10.0).with_speed(20.0, 2.0);
        assert!(clock.is_paused());
        assert_eq!(clock.resumed(30.0).setting.speed, 2.0);
    }

    #[test]
    fn a_lab_that_ran_ahead_goes_on_from_there() {
        assert_eq!(LabClock::start(1_000.0, Some(5_000.0)).lab_ms(1_000.0), 5_000.0);
        assert_eq!(LabClock::start(1_000.0, Some(500.0)).lab_ms(1_000.0), 1_000.0);
        assert_eq!(LabClock::start(1_000.0, Some(f64::NAN)).lab_ms(1_000.0), 1_000.0);
    }

    #[test]
    fn a_step_that_is_pressed_during_another_adds_to_it() {
        let (mut clock, mut steps) =
            (LabClock::start(0.0, None).with_speed(0.0, 2.0).paused(0.0), Steps::default());
        let (first, wait) = steps.add(&clock, 0.0);
        assert_eq!(wait, 500.0);
        clock = clock.resumed(0.0);
        let (second, wait) = steps.add(&clock, 100.0);
        assert_eq!(wait, 900.0);
        assert!(!steps.is_last(first) && steps.is_last(second));
        steps.give_up();
        assert!(!steps.is_last(second));
    }
}
