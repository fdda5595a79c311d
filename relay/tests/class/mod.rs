//! What a teacher arranges, over real sockets.

use crate::client::{Browser, Folder, Running, frame, relay};
use terrarium_link::room::{
    ClassNews, ClassWish, Label, Lesson, RosterLine, Settings, Team, ToBrowser, ToRelay,
};
use terrarium_relay::Options;

fn quick() -> Options {
    Options { bind: [127, 0, 0, 1].into(), port: 0, ..Options::default() }
}

async fn class(relay: &Running) -> (Browser, Browser) {
    let teacher = Browser::create(relay, "老师").await;
    let student = Browser::join(relay, teacher.code, "typed").await;
    (teacher, student)
}

async fn wish(browser: &mut Browser, wish: ClassWish) {
    browser.tell(&ToRelay::Class(wish)).await;
}

fn roster(names: &[&str]) -> ClassWish {
    let line = |(at, name): (usize, &&str)| RosterLine {
        number: format!("0{at}"),
        name: (*name).to_owned(),
        held: None,
    };
    ClassWish::Roster(names.iter().enumerate().map(line).collect())
}

async fn hear_roster(browser: &mut Browser) -> Vec<RosterLine> {
    let of_kind = |news| if let ClassNews::Roster(lines) = news { Some(lines) } else { None };
    browser.hear_class(of_kind).await
}

async fn hear_lesson(browser: &mut Browser) -> (u32, Lesson) {
    let of_kind =
        |news| if let ClassNews::Lesson { epoch, lesson, .. } = news { Some((epoch, lesson)) } else { None };
    browser.hear_class(of_kind).await
}

async fn hear_called(browser: &mut Browser) -> String {
    browser.hear_class(|news| if let ClassNews::Called(name) = news { Some(name) } else { None }).await
}

/// Waits until a member is called so.
async fn hear_name(browser: &mut Browser, of: &Browser, expected: &str) {
    loop {
        if let ToBrowser::Member { address, name, .. } = browser.hear().await
            && address == of.pass.address
            && name == expected
        {
            return;
        }
    }
}

#[tokio::test]
async fn a_student_picks_a_name_from_the_roster_and_nobody_elses() {
    let relay = relay(quick()).await;
    let (mut teacher, mut student) = class(&relay).await;
    wish(&mut teacher, roster(&["王小明", "李\u{202e}雷", ""])).await;
    let lines = hear_roster(&mut student).await;
    assert_eq!(lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(), ["王小明", "李雷"]);
    assert!(lines.iter().all(|line| line.number.is_empty()), "a student is not told the numbers of others");
    assert_eq!(hear_roster(&mut teacher).await[1].number, "01");
    wish(&mut student, ClassWish::Pick(0)).await;
    assert_eq!(hear_roster(&mut teacher).await[0].held, Some(student.pass.address));
    hear_name(&mut teacher, &student, "王小明").await;

    let mut other = Browser::join(&relay, teacher.code, "other").await;
    wish(&mut other, ClassWish::Pick(0)).await;
    wish(&mut other, ClassWish::Pick(9)).await;
    wish(&mut other, ClassWish::Pick(1)).await;
    hear_name(&mut teacher, &other, "李雷").await;
    let lines = hear_roster(&mut student).await;
    assert_eq!(lines[0].held, Some(student.pass.address));
    // A machine that wiped itself brings its student back under another address.
    let gone = student.pass.address;
    drop(student);
    teacher.hear_gone(gone).await;
    let mut fresh = Browser::join(&relay, teacher.code, "").await;
    wish(&mut fresh, ClassWish::Pick(0)).await;
    hear_name(&mut teacher, &fresh, "王小明").await;
    wish(&mut teacher, ClassWish::Given(7)).await;
    let given = fresh.hear_class(|news| if let ClassNews::Given(coins) = news { Some(coins) } else { None });
    assert_eq!(given.await, 7);
}

#[tokio::test]
async fn the_teacher_renames_and_hides_and_others_see_no_name() {
    let relay = relay(quick()).await;
    let (mut teacher, mut student) = class(&relay).await;
    let mut other = Browser::join(&relay, teacher.code, "other").await;
    let label = |name: &str, hidden| {
        ClassWish::Label(Label { address: student.pass.address, name: name.to_owned(), hidden })
    };
    let (renamed, hidden) = (label("小王", false), label("小王", true));
    wish(&mut teacher, renamed).await;
    hear_name(&mut other, &student, "小王").await;
    assert_eq!(hear_called(&mut student).await, "小王");
    wish(&mut teacher, hidden).await;
    hear_name(&mut other, &student, "").await;
    hear_name(&mut teacher, &student, "小王").await;
    let mut late = Browser::join(&relay, teacher.code, "late").await;
    hear_name(&mut late, &student, "").await;
}

#[tokio::test]
async fn a_hidden_name_is_not_told_by_the_line_that_was_picked() {
    let relay = relay(quick()).await;
    let (mut teacher, mut student) = class(&relay).await;
    let own = student.pass.address;
    wish(&mut teacher, roster(&["王小明"])).await;
    wish(&mut student, ClassWish::Pick(0)).await;
    hear_name(&mut teacher, &student, "王小明").await;
    wish(&mut teacher, ClassWish::Label(Label { address: own, name: String::new(), hidden: true })).await;
    hear_name(&mut teacher, &student, "王小明").await;
    let mut late = Browser::join(&relay, teacher.code, "late").await;
    assert_eq!(hear_roster(&mut late).await[0].held, None);
    while hear_roster(&mut teacher).await[0].held != Some(own) {}
    while hear_roster(&mut student).await[0].held != Some(own) {}
}

#[tokio::test]
async fn what_a_page_tells_of_its_nodes_reaches_the_teacher_alone() {
    let relay = relay(quick()).await;
    let (mut teacher, mut student) = class(&relay).await;
    let mut other = Browser::join(&relay, teacher.code, "other").await;
    wish(&mut student, ClassWish::Report(vec![1, 2, 3])).await;
    let of_kind =
        |news| if let ClassNews::Report { address, report } = news { Some((address, report)) } else { None };
    assert_eq!(teacher.hear_class(of_kind).await, (student.pass.address, vec![1, 2, 3]));
    wish(&mut teacher, ClassWish::Scenario("next".to_owned())).await;
    let next = other.hear_class(|news| match news {
        ClassNews::Report { .. } | ClassNews::Scenario(_) => Some(news),
        _ => None,
    });
    assert_eq!(next.await, ClassNews::Scenario("next".to_owned()));
    let (code, pass, token) = (teacher.code, teacher.pass, teacher.token);
    drop(teacher);
    other.hear_gone(pass.address).await;
    let mut again = Browser::come_back(&relay, code, pass, token).await.unwrap();
    assert_eq!(
        again.hear_class(of_kind).await,
        (student.pass.address, vec![1, 2, 3]),
        "also one who comes later"
    );
}

#[tokio::test]
async fn no_frame_crosses_a_split_class_until_it_is_whole_again() {
    let relay = relay(quick()).await;
    let (mut teacher, mut student) = class(&relay).await;
    let mut third = Browser::join(&relay, teacher.code, "third").await;
    let (at, to, near) = (teacher.pass.address, student.pass.address, third.pass.address);
    let team = |name: &str, members| Team { name: name.to_owned(), members };
    let teams = vec![team("红队", vec![at]), team("蓝队", vec![to])];
    let split = Lesson { frozen: false, teams };
    wish(&mut teacher, ClassWish::Arrange(split.clone())).await;
    while hear_lesson(&mut student).await.1 != split {}
    teacher.post(frame(at, to, 1)).await;
    teacher.post(frame(at, near, 2)).await;
    assert_eq!(third.hear_frame().await, frame(at, near, 2), "whoever is not named is in the first part");
    student.post(frame(to, at, 3)).await;
    student.post(frame(to, near, 4)).await;
    // One connection's messages are taken in order: what comes after the frames says that they were.
    wish(&mut student, ClassWish::Report(vec![1])).await;
    teacher.hear_class(|news| matches!(news, ClassNews::Report { .. }).then_some(())).await;
    wish(&mut teacher, ClassWish::Arrange(Lesson::default())).await;
    while hear_lesson(&mut student).await.1 != Lesson::default() {}
    teacher.post(frame(at, to, 5)).await;
    assert_eq!(student.hear_frame().await, frame(at, to, 5));
    student.post(frame(to, at, 6)).await;
    assert_eq!(teacher.hear_frame().await, frame(to, at, 6));
    assert!(relay.get("/metrics").await.contains("{reason=\"split\"} 3"));
}

#[tokio::test]
async fn a_reset_begins_a_new_epoch_without_the_old_chain() {
    let relay = relay(quick()).await;
    let (mut teacher, mut student) = class(&relay).await;
    assert_eq!(hear_lesson(&mut student).await.0, 0);
    teacher.tell(&ToRelay::Share(vec![1])).await;
    teacher.tell(&ToRelay::Set(Settings { mining: true, ..Settings::default() })).await;
    wish(&mut teacher, ClassWish::Arrange(Lesson { frozen: true, teams: Vec::new() })).await;
    assert!(hear_lesson(&mut student).await.1.frozen);
    wish(&mut teacher, ClassWish::Reset(20)).await;
    assert_eq!(hear_lesson(&mut student).await, (1, Lesson::default()));
    let mut late = Browser::join(&relay, teacher.code, "late").await;
    assert!(!late.hear_settings().await.mining);
    assert_eq!(hear_lesson(&mut late).await.0, 1);
    teacher.tell(&ToRelay::Share(vec![2])).await;
    assert_eq!(late.hear_chain().await, [2], "the old one is gone");
}

#[tokio::test]
async fn only_the_teacher_arranges() {
    let relay = relay(quick()).await;
    let (mut teacher, mut student) = class(&relay).await;
    let own = student.pass.address;
    let wishes = [
        roster(&["王小明"]),
        ClassWish::Label(Label { address: own, name: "老师".to_owned(), hidden: false }),
        ClassWish::Arrange(Lesson { frozen: true, teams: Vec::new() }),
        ClassWish::Reset(20),
        ClassWish::Advance(u32::MAX),
        ClassWish::Scenario(String::new()),
        ClassWish::Given(1),
    ];
    let count = wishes.len();
    hear_lesson(&mut teacher).await;
    for forbidden in wishes {
        wish(&mut student, forbidden).await;
    }
    wish(&mut student, ClassWish::Report(vec![1])).await;
    let next = teacher.hear_class(|news| match news {
        ClassNews::Labels(_) => None,
        other => Some(other),
    });
    assert_eq!(next.await, ClassNews::Report { address: own, report: vec![1] }, "and nothing before it");
    assert!(relay.get("/metrics").await.contains(&format!("{{reason=\"not_the_teacher\"}} {count}")));
}

#[tokio::test]
async fn what_was_arranged_survives_a_restart() {
    let folder = Folder::new("class");
    let options = Options { state: Some(folder.file("rooms.json")), ..quick() };
    let first = relay(options.clone()).await;
    let (mut teacher, mut student) = class(&first).await;
    wish(&mut teacher, roster(&["王小明"])).await;
    hear_roster(&mut student).await;
    wish(&mut student, ClassWish::Pick(0)).await;
    hear_name(&mut teacher, &student, "王小明").await;
    wish(&mut teacher, ClassWish::Reset(20)).await;
    let teams = vec![Team { name: String::new(), members: vec![teacher.pass.address] }];
    let lesson = Lesson { frozen: true, teams };
    wish(&mut teacher, ClassWish::Arrange(lesson.clone())).await;
    while hear_lesson(&mut student).await != (1, lesson.clone()) {}
    first.stop().await;

    let second = relay(options).await;
    let mut back = Browser::come_back(&second, teacher.code, student.pass, None).await.unwrap();
    assert_eq!(hear_lesson(&mut back).await, (1, lesson));
    assert_eq!(hear_roster(&mut back).await[0].held, Some(student.pass.address));
    assert_eq!(hear_called(&mut back).await, "王小明");
}
