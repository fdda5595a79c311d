//! The teacher's controls, in one browser, and what they do in another, a student's.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Screen, Stage, Test, expect};

use crate::room::{POLL, Running, arrive, join_class, open_class, wait_for_node, with_two};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_roster_names_the_class_and_coins_reach_every_student", 240, |stage| {
            Box::pin(roster_and_coins(stage))
        }),
        Test::new("a_class_is_split_healed_frozen_and_begins_anew", 300, |stage| Box::pin(arranged(stage))),
        Test::new("a_lock_is_announced_and_a_stop_by_hand_survives_a_reload", 240, |stage| {
            Box::pin(locked_and_stopped(stage))
        }),
        Test::new("who_was_away_while_a_class_began_anew_is_rid_of_the_old_lab", 240, |stage| {
            Box::pin(away(stage))
        }),
    ]
}

/// Waits until an element's text holds some words.
pub(crate) async fn says(page: &Page, testid: &str, words: &str) -> Outcome {
    let holds = "return document.querySelector(`[data-testid=${args[0]}]`)?.textContent.includes(args[1])";
    page.wait_for(holds, json!([testid, words])).await
}

pub(crate) async fn press(page: &Page, testid: &str) -> Outcome {
    page.click(&format!("[data-testid='{testid}']")).await
}

async fn roster_and_coins(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        press(&teacher, "class-roster").await?;
        let list = teacher.element("roster-text").await?;
        list.send_keys("2026001 王小明\n2026002，李雷\n2026003").await?;
        press(&teacher, "roster-save").await?;
        says(&teacher, "roster-failed", "Line 3 has no name").await?;
        list.send_keys(" 韩梅梅").await?;
        press(&teacher, "roster-save").await?;
        says(&teacher, "class-absent", "3 of the roster").await?;

        join_class(&student, &relay, &code, "Bo").await?;
        press(&student, "class-pick").await?;
        says(&teacher, "room-members", "王小明").await?;
        says(&teacher, "class-absent", "2 of the roster are not here: 李雷 韩梅梅").await?;
        let list = "return decodeURIComponent(document.querySelector('[data-testid=room-list]').href)
            .includes('\"2026001\",\"王小明\",\"yes\"')";
        teacher.wait_for(list, json!(null)).await?;

        wait_for_node(&student, "3001", "node.peers > 0").await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 1").await?;
        says(&teacher, "class-agreement", "All 2 nodes on one tip: 1").await?;
        // The student's page has told under which address its node is paid.
        let gave = "document.querySelector('[data-testid=class-give]').click();
            const until = performance.now() + 2_000;
            while (performance.now() < until) {
                if (document.querySelector('[data-testid=class-given]').textContent.includes('1 students paid')) return true;
                await new Promise((resume) => setTimeout(resume, 25));
            }
            return false";
        teacher.wait_for(gave, json!(null)).await?;
        says(&student, "class-said", "gives 5 coins").await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 2").await?;
        let paid = "const [address] = (await terrarium.exec('3001', 'listaddresses')).split('\\n');
            return await terrarium.exec('3001', `getbalance -address ${address}`)";
        let line = student.eval(paid, json!(null)).await?;
        expect(&json!(line.as_str().unwrap_or_default().ends_with(": 5")), &json!(true))?;
        says(&teacher, "class-last-block", "found by 老师").await?;

        press(&teacher, "class-hide").await?;
        let hidden = "return document.querySelector('[data-testid=class-hide]').textContent.includes('Show')";
        teacher.wait_for(hidden, json!(null)).await
    })
    .await
}

async fn arranged(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;

        press(&teacher, "class-split").await?;
        says(&student, "class-team", "blue").await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        student.eval("await terrarium.mine('3001'); await terrarium.mine('3001')", json!(null)).await?;
        says(&teacher, "class-agreement", "2 tips among 2 nodes").await?;
        teacher.show_on(Screen { width: 1_280, height: 900, theme: "light" }).await?;
        teacher.screenshot("class-split").await?;
        press(&teacher, "class-split").await?;
        wait_for_node(&teacher, "3000", "node.height === 2").await?;
        says(&teacher, "class-agreement", "All 2 nodes on one tip: 2").await?;
        says(&student, "class-said", "one network again").await?;

        press(&teacher, "class-freeze").await?;
        let frozen = "return document.querySelector('[data-testid=class-frozen]').open === args";
        student.wait_for(frozen, json!(true)).await?;
        student.click(".frozen [data-testid='class-stop']").await?;
        press(&teacher, "class-freeze").await?;
        student.wait_for(frozen, json!(false)).await?;
        press(&student, "class-stop").await?;

        press(&teacher, "class-scenario").await?;
        let text = teacher.element("scenario-text").await?;
        text.send_keys("terrarium-scenario 1\nmine {own}\nwait {own} height 3").await?;
        press(&teacher, "scenario-push").await?;
        says(&student, "class-said", "every step held").await?;
        wait_for_node(&teacher, "3000", "node.height === 3").await?;

        press(&teacher, "class-reset").await?;
        press(&teacher, "confirm-yes").await?;
        for (page, id) in [(&teacher, "3000"), (&student, "3001")] {
            begun_anew(page, id).await?;
        }
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 1").await
    })
    .await
}

async fn locked_and_stopped(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        press(&teacher, "room-lock").await?;
        says(&student, "class-said", "lets nobody new in").await?;
        press(&teacher, "room-lock").await?;
        says(&student, "class-said", "lets others in again").await?;

        press(&student, "class-stop").await?;
        says(&student, "class-stop", "again").await?;
        student.driver().refresh().await?;
        arrive(&student).await?;
        says(&student, "class-stop", "again").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        press(&teacher, "room-mining").await?;
        says(&student, "class-said", "The class mines").await?;
        // The student's node takes a block of the class before it would have mined one itself.
        let found = "return terrarium.nodes()[0].height > 0";
        teacher.wait_within(120_000, found, json!(null)).await?;
        wait_for_node(&student, "3001", "node.height > 0").await?;
        expect(&student.eval("return terrarium.nodes()[0].hashesPerSecond", json!(null)).await?, &json!(0))?;
        press(&student, "class-stop").await?;
        wait_for_node(&student, "3001", "node.hashesPerSecond > 0").await
    })
    .await
}

async fn away(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        let stored = "const databases = (await indexedDB.databases()).map((database) => database.name);
            const names = [...databases, ...Object.keys(localStorage)];
            const own = names.filter((name) => name.startsWith(`terrarium/room-${args[0]}/`));
            return own.length === args[1]";
        // Three databases, its nodes and its clock, beside what the browser remembers of the room: its place and the epoch.
        student.wait_for(stored, json!([code, 7])).await?;
        student.goto(&format!("{}?scene=empty&lang=en", relay.address)).await?;
        press(&teacher, "class-reset").await?;
        press(&teacher, "confirm-yes").await?;
        begun_anew(&teacher, "3000").await?;
        student.driver().goto(&format!("{}?lang=en#room={code}", relay.address)).await?;
        arrive(&student).await?;
        wait_for_node(&student, "3001", "node.height === 0 && node.peers > 0").await?;
        student.wait_for(stored, json!([code, 2])).await
    })
    .await
}

/// Waits until a page has opened anew, with a chain of no block. A script that runs while it is loaded ends with it.
pub(crate) async fn begun_anew(page: &Page, id: &str) -> Outcome {
    let height = "return window.terrarium
        ? (await terrarium.ready, terrarium.nodes().find((node) => node.id === args)?.height ?? null)
        : null";
    while page.eval(height, json!(id)).await.unwrap_or(Value::Null) != json!(0) {
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
