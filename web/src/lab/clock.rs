//! The lab's clock: pauses, changes speed, and never goes back. What it is set to holds in every tab of the lab and on the
//! next visit.

use super::memory;
use crate::browser;
use terrarium_core::interface::Clock;

/// How a setting is remembered. Counts up with every change of what is written.
const FORMAT: u8 = 1;

/// For so long a tab that runs may not have remembered lab time, in milliseconds of wall time: browsers let a hidden one
/// do so once a minute.
const MOST_UNSAVED_MS: f64 = 120_000.0;

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

    /// The clock with which a visit begins: as it was last `set`, if lab time shows that a tab has been there until now.
    /// Otherwise it starts anew from where the lab was left, paused or at its speed as it was.
    pub(crate) fn open(wall_ms: f64, saved_ms: Option<f64>, set: Option<LabClock>) -> Self {
        let anew = Self::start(wall_ms, saved_ms);
        let Some(set) = set else { return anew };
        let unsaved_ms = saved_ms.map(|saved| (set.lab_ms(wall_ms) - saved).abs());
        if unsaved_ms.is_some_and(|unsaved| unsaved <= MOST_UNSAVED_MS * set.speed) {
            return set;
        }
        LabClock { setting: Clock { speed: set.setting.speed, ..anew.setting }, speed: set.speed }
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
    let saved = js_sys::Number::parse_float(&browser::remembered(&time_key(lab))?);
    saved.is_finite().then_some(saved)
}

/// Remembers lab time for the next visit.
pub(crate) fn save(lab: &str, clock: &LabClock) {
    browser::remember(&time_key(lab), &clock.lab_ms(browser::now_ms()).to_string());
}

/// What a tab last set a lab's clock to; none where none has, or nothing readable is left of it.
pub(crate) fn load(lab: &str) -> Option<LabClock> {
    from_text(&browser::remembered(&key(lab))?)
}

/// Remembers what a lab's clock is set to, for its other tabs and the next visit.
pub(crate) fn put(lab: &str, clock: &LabClock) {
    browser::remember(&key(lab), &to_text(clock));
}

/// Forgets a lab's time and what its clock was set to.
pub(crate) fn forget(lab: &str) {
    browser::forget(&time_key(lab));
    browser::forget(&key(lab));
}

/// The name under which it is remembered what a lab's clock is set to.
pub(crate) fn key(lab: &str) -> String {
    format!("terrarium/{lab}/speed")
}

fn time_key(lab: &str) -> String {
    format!("terrarium/{lab}/clock")
}

fn to_text(clock: &LabClock) -> String {
    memory::to_text(FORMAT, (clock.setting, clock.speed))
}

fn from_text(text: &str) -> Option<LabClock> {
    let (setting, speed): (Clock, f64) = memory::from_text(FORMAT, text)?;
    let is_setting = SPEEDS.contains(&speed)
        && [0.0, speed].contains(&setting.speed)
        && setting.wall_ms.is_finite()
        && setting.lab_ms.is_finite();
    is_setting.then_some(LabClock { setting, speed })
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
        self.number == number && self.is_any()
    }

    /// Whether a step is in progress.
    pub(crate) fn is_any(&self) -> bool {
        self.end_ms.is_some()
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
    fn a_visit_finds_the_clock_as_it_was_set() {
        let fast = LabClock::start(1_000.0, None).with_speed(2_000.0, 4.0);
        // Other tabs may still be there: theirs is the very same time.
        let found = LabClock::open(63_000.0, Some(fast.lab_ms(3_000.0)), Some(fast));
        assert_eq!(found, fast);
        let paused = fast.paused(3_000.0);
        let day_ms = 86_400_000.0;
        assert_eq!(LabClock::open(day_ms, Some(paused.lab_ms(day_ms)), Some(paused)), paused);
        // Nobody has been there for a day, in which a lab does not run four.
        let found = LabClock::open(day_ms, Some(fast.lab_ms(3_000.0)), Some(fast));
        assert_eq!((found.lab_ms(day_ms), found.speed, found.is_paused()), (day_ms, 4.0, false));
        assert_eq!(found.lab_ms(day_ms + 1_000.0), day_ms + 4_000.0);
    }

    #[test]
    fn a_setting_is_remembered_as_it_is_and_nonsense_is_not_taken_for_one() {
        let clock = LabClock::start(1_000.0, None).with_speed(2_000.0, 0.25);
        for clock in [clock, clock.paused(3_000.0)] {
            assert_eq!(from_text(&to_text(&clock)), Some(clock));
        }
        let with = |change: fn(&mut LabClock)| {
            let mut clock = clock;
            change(&mut clock);
            to_text(&clock)
        };
        let text = to_text(&clock);
        let nonsense = [
            with(|clock| clock.speed = 0.0),
            with(|clock| clock.setting.speed = 4.0),
            with(|clock| clock.setting.lab_ms = f64::INFINITY),
            with(|clock| clock.setting.wall_ms = f64::NAN),
            text.replacen("01", "02", 1),
            text[2..].to_owned(),
            String::new(),
            "7".to_owned(),
            "null".to_owned(),
        ];
        for text in nonsense {
            assert_eq!(from_text(&text), None, "{text}");
        }
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
