//! The pace of a class: the block time that its teacher chooses, and dates that stand still while it does not mine.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Screen, Stage, Test, expect};

use crate::room::{Running, arrive, join_class, wait_for_node, with_two};
use crate::teacher::{begun_anew, press, says};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "a_class_begins_and_begins_anew_at_the_block_time_that_its_teacher_chooses",
            300,
            |stage| Box::pin(block_time(stage)),
        ),
        Test::new(
            "while_a_class_does_not_mine_its_dates_go_on_by_a_block_time_for_each_block",
            300,
            |stage| Box::pin(pause(stage)),
        ),
    ]
}

/// A teacher opens a class with this block time; returns its code.
async fn open_class(teacher: &Page, relay: &Running, seconds: u32) -> Outcome<String> {
    teacher.goto(&format!("{}?scene=first&lang=en", relay.address)).await?;
    press(teacher, "class").await?;
    choose(teacher, seconds).await?;
    teacher.show_on(Screen { width: 360, height: 740, theme: "light" }).await?;
    teacher.screenshot("class-block-time").await?;
    press(teacher, "class-open").await?;
    arrive(teacher).await?;
    let code = "return document.querySelector('[data-testid=room-code]').textContent";
    Ok(teacher.eval(code, json!(null)).await?.as_str().unwrap_or_default().to_owned())
}

async fn choose(page: &Page, seconds: u32) -> Outcome {
    page.click(&format!("[data-testid='block-time'] option[value='{seconds}']")).await
}

/// The hash of a node's first block.
async fn genesis(page: &Page, id: &str) -> Outcome<String> {
    page.exec(id, "getblockhash 0").await
}

async fn block_time(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, 60).await?;
        says(&teacher, "room-block-time", "60 s").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        says(&student, "room-block-time", "60 s").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        let first = genesis(&teacher, "3000").await?;
        expect(&json!(genesis(&student, "3001").await?), &json!(first))?;
        let info: Value = serde_json::from_str(&teacher.exec("3000", "getblockchaininfo").await?)?;
        expect(&info["chain"], &json!("classroom"))?;
        student.eval("await terrarium.mine('3001')", json!(null)).await?;
        wait_for_node(&teacher, "3000", "node.height === 1").await?;

        // Where the panel is narrow the news of the class move its buttons.
        teacher.show_on(Screen { width: 1_280, height: 900, theme: "dark" }).await?;
        press(&teacher, "class-reset").await?;
        choose(&teacher, 5).await?;
        teacher.screenshot("class-reset").await?;
        press(&teacher, "confirm-yes").await?;
        for (page, id) in [(&teacher, "3000"), (&student, "3001")] {
            begun_anew(page, id).await?;
            says(page, "room-block-time", "5 s").await?;
        }
        // The first block may be the very same where no time has passed; what follows from the rules is the magic.
        let second = genesis(&teacher, "3000").await?;
        expect(&json!(genesis(&student, "3001").await?), &json!(second))?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 1").await
    })
    .await
}

/// Mines a block at a node by hand; its date and its target.
async fn mine(page: &Page, id: &str) -> Outcome<(u64, Value)> {
    page.eval("await terrarium.mine(args)", json!(id)).await?;
    let hash = page.exec(id, "getbestblockhash").await?;
    let header: Value = serde_json::from_str(&page.exec(id, &format!("getblockheader {hash}")).await?)?;
    Ok((header["time"].as_u64().unwrap_or_default(), header["bits"].clone()))
}

/// Two blocks in a pause, one from each page, are a block time apart, whatever the wall clock says.
async fn two_apart(teacher: &Page, student: &Page, code: &str, bits: &mut Vec<Value>) -> Outcome {
    let (before, of_first) = mine(teacher, "3000").await?;
    // Where a page left off its lab's time is remembered when that is set.
    let clock = "return Number(localStorage.getItem(`terrarium/room-${args[0]}/clock`)) >= args[1]";
    for page in [teacher, student] {
        page.wait_for(clock, json!([code, 1_000 * (before + 19)])).await?;
    }
    let (after, of_second) = mine(student, "3001").await?;
    bits.extend([of_first, of_second]);
    if (19..=21).contains(&(after - before)) {
        Ok(())
    } else {
        Err(format!("{} s apart", after - before).into())
    }
}

async fn pause(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, 20).await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        let mut bits = Vec::new();
        two_apart(&teacher, &student, &code, &mut bits).await?;
        wait_for_node(&teacher, "3000", "node.height === 2").await?;

        press(&teacher, "room-mining").await?;
        for (page, id) in [(&teacher, "3000"), (&student, "3001")] {
            wait_for_node(page, id, "node.hashesPerSecond > 0").await?;
        }
        let more = "return terrarium.nodes()[0].height > 2";
        teacher.wait_within(120_000, more, json!(null)).await?;
        press(&teacher, "room-mining").await?;
        for (page, id) in [(&teacher, "3000"), (&student, "3001")] {
            wait_for_node(page, id, "node.hashesPerSecond === 0").await?;
        }
        let agreed = "const tip = (await terrarium.exec('3001', 'getbestblockhash')); return tip === args";
        let tip = teacher.exec("3000", "getbestblockhash").await?;
        student.wait_for(agreed, json!(tip)).await?;
        two_apart(&teacher, &student, &code, &mut bits).await?;
        // Nothing was late, so nothing took the easiest target.
        expect(&json!(bits.iter().all(|target| *target == bits[0])), &json!(true))?;
        expect(&json!(bits[0] == json!("1f00ffff")), &json!(false))
    })
    .await
}
