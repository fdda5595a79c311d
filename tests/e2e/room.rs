//! A class in one network: two browsers with profiles of their own, and a relay between them.

use std::{net::Ipv4Addr, thread, time::Duration};

use serde_json::{Value, json};
use terrarium_relay::{Options, Relay, Site};
use terrarium_tests::browser::{Outcome, Page, Screen, Stage, Switches, Test, expect, expect_text};
use thirtyfour::By;
use tokio::sync::oneshot;

/// How often a page that is being loaded is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(25);

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_block_mined_in_one_browser_reaches_the_other", 240, |stage| Box::pin(block(stage))),
        Test::new("the_teacher_sets_mining_going_locks_the_class_and_sends_away", 240, |stage| {
            Box::pin(controls(stage))
        }),
        Test::new("seed_000s_scenario_holds_across_two_browsers", 300, |stage| Box::pin(seed_000(stage))),
        Test::new("a_relay_that_restarts_in_the_middle_of_a_sync_costs_a_reconnection", 300, |stage| {
            Box::pin(restart(stage))
        }),
        Test::new("a_code_that_no_room_has_is_said_to_be_none", 120, |stage| Box::pin(unknown(stage))),
    ]
}

/// A relay, on a thread of its own.
pub(crate) struct Running {
    pub(crate) address: String,
    port: u16,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(stage: &Stage<'_>, options: Options) -> Outcome<Self> {
        Self::start_at(stage, Ipv4Addr::LOCALHOST, options)
    }

    /// As [`Self::start`], at another address of this machine.
    pub(crate) fn start_at(stage: &Stage<'_>, bind: Ipv4Addr, options: Options) -> Outcome<Self> {
        let site = Site::of_folder(stage.environment().site())?;
        let (told, tell) = std::sync::mpsc::channel();
        let (end, ended) = oneshot::channel::<()>();
        let options = Options { bind: bind.into(), ..options };
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("threads can be had");
            runtime.block_on(async {
                match Relay::bind(options, site).await {
                    Ok(relay) => {
                        let _ = told.send(Ok(relay.address()));
                        relay.serve(async { drop(ended.await) }).await;
                    }
                    Err(error) => drop(told.send(Err(error.to_string()))),
                }
            });
        });
        let address = tell.recv().map_err(|error| error.to_string())??;
        let port = address.port();
        let address = format!("http://{address}/");
        Ok(Self { address, port, end: Some(end), thread: Some(thread) })
    }

    pub(crate) fn any_port() -> Options {
        Options { port: 0, ..Options::default() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // One that has failed has said why.
            let _ = thread.join();
        }
    }
}

/// A teacher opens a class by hand, from a scene; returns its code.
pub(crate) async fn open_class(teacher: &Page, relay: &Running, query: &str) -> Outcome<String> {
    teacher.goto(&format!("{}{query}", relay.address)).await?;
    teacher.click("[data-testid='class']").await?;
    teacher.find("[data-testid='class-name']").await?.send_keys("老师").await?;
    teacher.click("[data-testid='class-open']").await?;
    arrive(teacher).await?;
    let code = "return document.querySelector('[data-testid=room-code]').textContent";
    Ok(teacher.eval(code, json!(null)).await?.as_str().unwrap_or_default().to_owned())
}

/// A student types the code.
pub(crate) async fn join_class(student: &Page, relay: &Running, code: &str, name: &str) -> Outcome {
    student.goto(&format!("{}?scene=empty&lang=en", relay.address)).await?;
    student.click("[data-testid='class']").await?;
    student.find("[data-testid='class-name']").await?.send_keys(name).await?;
    student.find("[data-testid='class-code']").await?.send_keys(code.to_lowercase()).await?;
    student.click("[data-testid='class-join']").await?;
    arrive(student).await
}

/// Waits until the page has been loaded anew, in its room, and is ready. A script that runs while it is loaded ends with it.
pub(crate) async fn arrive(page: &Page) -> Outcome {
    let there = "return window.terrarium && document.querySelector('[data-testid=room-code]')
        ? (await terrarium.ready, true)
        : false";
    loop {
        if page.eval(there, json!(null)).await.is_ok_and(|there| there == json!(true)) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn node(page: &Page, id: &str) -> Outcome<Value> {
    page.eval("return terrarium.nodes().find((node) => node.id === args) ?? null", json!(id)).await
}

pub(crate) async fn wait_for_node(page: &Page, id: &str, holds: &str) -> Outcome {
    let body =
        format!("const node = terrarium.nodes().find((node) => node.id === args); return node && ({holds})");
    page.wait_for(&body, json!(id)).await
}

/// Two stages, each with a browser on a profile of its own. Either may log the console error that is `expected`.
pub(crate) async fn with_two(
    stage: &Stage<'_>,
    expected: Option<&'static str>,
    work: impl AsyncFnOnce(Page, Page) -> Outcome,
) -> Outcome {
    with_two_of(stage, Switches::Usual, expected, work).await
}

/// As [`with_two`], with browsers that differ from the usual one.
pub(crate) async fn with_two_of(
    stage: &Stage<'_>,
    switches: Switches,
    expected: Option<&'static str>,
    work: impl AsyncFnOnce(Page, Page) -> Outcome,
) -> Outcome {
    with_two_kinds(stage, [switches; 2], expected, work).await
}

/// As [`with_two`], with the teacher's browser and the student's as they are named.
pub(crate) async fn with_two_kinds(
    stage: &Stage<'_>,
    [teacher, student]: [Switches; 2],
    expected: Option<&'static str>,
    work: impl AsyncFnOnce(Page, Page) -> Outcome,
) -> Outcome {
    let teacher = stage.launch(teacher).await?;
    let second = Stage::set(stage.environment())?;
    if let Some(text) = expected {
        stage.expect_console_error(text);
        second.expect_console_error(text);
    }
    let student = second.launch(student).await?;
    second.attend("the_students_browser", work(teacher, student)).await
}

async fn block(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "王小明").await?;
        expect(&node(&teacher, "3000").await?["id"], &json!("3000"))?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        wait_for_node(&teacher, "3000", "node.peers > 0").await?;
        expect(&node(&student, "3001").await?["hashesPerSecond"], &json!(0))?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 1").await?;
        student.eval("await terrarium.mine('3001')", json!(null)).await?;
        wait_for_node(&teacher, "3000", "node.height === 2").await?;
        expect(&node(&teacher, "3000").await?["tip"], &node(&student, "3001").await?["tip"])?;
        let members = "return document.querySelector('[data-testid=room-members]').textContent";
        let told = "const shown = document.querySelector('[data-testid=room-members]').textContent;
            return ['王小明', '3001', '老师 (teacher)'].every((word) => shown.includes(word))";
        teacher.wait_for(told, json!(null)).await?;
        expect_text(&student.eval(members, json!(null)).await?, "老师 (teacher) · 3000")?;
        let peers: Value = serde_json::from_str(&student.exec("3001", "getpeerinfo").await?)?;
        let address = peers[0]["addr"].as_str().unwrap_or_default();
        if !(address.starts_with("10.") && address.ends_with(":3000")) {
            return Err(format!("{peers:#}").into());
        }
        teacher.show_on(Screen { width: 1_280, height: 720, theme: "light" }).await?;
        teacher.screenshot("class-teacher").await?;
        student.screenshot("class-student").await?;
        Ok(())
    })
    .await
}

async fn controls(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        let said = "return document.querySelector('[data-testid=room-mining-state]').textContent";
        expect_text(&student.eval(said, json!(null)).await?, "does not mine")?;
        expect(
            &json!(student.driver().find_all(By::Css("[data-testid='room-mining']")).await?.len()),
            &json!(0),
        )?;
        teacher.click("[data-testid='room-mining']").await?;
        wait_for_node(&student, "3001", "node.hashesPerSecond > 0 && node.height >= 1").await?;
        wait_for_node(&teacher, "3000", "node.hashesPerSecond > 0").await?;
        expect_text(&student.eval(said, json!(null)).await?, "mines, 10 kH/s")?;
        teacher.click("[data-testid='room-mining']").await?;
        wait_for_node(&student, "3001", "node.hashesPerSecond === 0").await?;
        wait_for_node(&teacher, "3000", "node.hashesPerSecond === 0").await?;

        let list = "const link = document.querySelector('[data-testid=room-list]');
            return [link.download, decodeURIComponent(link.href)]";
        expect_text(&teacher.eval(list, json!(null)).await?[1], "\"Bo\",\"yes\",\"10.")?;
        teacher.click("[data-testid='room-lock']").await?;
        let locked = "return document.querySelector('[data-testid=room-lock]').textContent.includes('again')";
        teacher.wait_for(locked, json!(null)).await?;
        teacher.click("[data-testid='room-remove']").await?;
        let standing =
            "return document.querySelector('[data-testid=room-standing]').textContent.includes(args)";
        student.wait_for(standing, json!("sent this browser away")).await?;
        wait_for_node(&student, "3001", "node.peers === 0").await
    })
    .await
}

async fn seed_000(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        play_seed_000(&teacher, &student, &relay, async || Ok(())).await
    })
    .await
}

/// Node 3000 is the teacher's; 3001 and 3002 run in the other browser, and know it by its id. `once_connected` comes when the
/// first of them has.
pub(crate) async fn play_seed_000(
    teacher: &Page,
    student: &Page,
    relay: &Running,
    once_connected: impl AsyncFnOnce() -> Outcome,
) -> Outcome {
    let code = open_class(teacher, relay, "?scene=seed-000&lang=en").await?;
    join_class(student, relay, &code, "学生").await?;
    let wallet1 = teacher.new_chain("3000").await?;
    run(teacher, "copy blockchain_3000.db blockchain_genesis.db").await?;
    let mut wallets = Vec::new();
    for _ in 2..=5 {
        wallets.push(student.new_address("3001").await?);
    }
    let [wallet2, wallet3, wallet4, wallet5] = wallets.as_slice() else {
        return Err("four wallets".into());
    };
    for (payee, left) in [(wallet2, 80), (wallet3, 110)] {
        teacher.exec("3000", &format!("send -from {wallet1} -to {payee} -amount 20 -mine")).await?;
        balance(teacher, "3000", &wallet1, left).await?;
    }
    teacher.exec("3000", "startnode").await?;

    copy_genesis(student, "3001").await?;
    balance(student, "3001", &wallet1, 50).await?;
    student.exec("3001", "startnode -connect 3000 -sync blocks").await?;
    wait_for_node(student, "3001", "node.height === 2").await?;
    once_connected().await?;
    student.eval("await terrarium.stop('3001')", json!(null)).await?;
    for (address, coins) in [(wallet2, 20), (wallet3, 20), (&wallet1, 110)] {
        balance(student, "3001", address, coins).await?;
    }

    run(student, "set NODE_ID=3002").await?;
    let miner = student.new_address("3002").await?;
    copy_genesis(student, "3002").await?;
    student.exec("3002", &format!("startnode -miner {miner} -connect 3000 -sync blocks")).await?;
    wait_for_node(student, "3002", "node.height === 2").await?;
    student.exec("3001", &format!("send -from {wallet2} -to {wallet4} -amount 10")).await?;
    wait_for_node(student, "3002", "node.mempool === 1").await?;
    balance(student, "3002", &miner, 0).await?;
    student.exec("3001", &format!("send -from {wallet3} -to {wallet5} -amount 15")).await?;
    wait_for_node(student, "3002", "node.height === 3").await?;
    wait_for_node(teacher, "3000", "node.height === 3").await?;
    balance(student, "3001", wallet2, 20).await?;
    balance(student, "3001", wallet4, 0).await?;

    student.exec("3001", "startnode -connect 3000 -sync blocks").await?;
    wait_for_node(student, "3001", "node.height === 3").await?;
    let held = [(&wallet1, 110), (wallet2, 10), (wallet3, 5), (wallet4, 10), (wallet5, 15), (&miner, 50)];
    for (address, coins) in held {
        for (page, node) in [(student, "3001"), (student, "3002"), (teacher, "3000")] {
            balance(page, node, address, coins).await?;
        }
    }
    Ok(())
}

async fn run(page: &Page, line: &str) -> Outcome {
    page.eval("await terrarium.terminal().run(args)", json!(line)).await.map(drop)
}

/// Copies the room's chain to a node, once the teacher's page has shared it.
async fn copy_genesis(page: &Page, node: &str) -> Outcome {
    let copy = "try {
            await terrarium.terminal().run(`copy blockchain_genesis.db blockchain_${args}.db`);
            return true;
        } catch { return false; }";
    page.wait_for(copy, json!(node)).await
}

async fn balance(page: &Page, node: &str, address: &str, coins: u32) -> Outcome {
    let line = page.exec(node, &format!("getbalance -address {address}")).await?;
    expect(&json!(line), &json!(format!("Balance of '{address}': {coins}")))
}

async fn restart(stage: &Stage<'_>) -> Outcome {
    let folder = std::env::temp_dir().join(format!("terrarium-rooms-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let state = Some(folder.join("rooms.json"));
    let relay = Running::start(stage, Options { state: state.clone(), ..Running::any_port() })?;
    let port = relay.port;
    // The pages' sockets fail while there is no relay, as they must.
    let outcome = with_two(stage, Some("WebSocket connection to"), async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        teacher.eval("for (let at = 0; at < 5; at += 1) await terrarium.mine('3000')", json!(null)).await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_node(&student, "3001", "node.peers > 0 && node.height === 5").await?;
        drop(relay);
        wait_for_node(&student, "3001", "node.peers === 0").await?;
        teacher.eval("for (let at = 0; at < 5; at += 1) await terrarium.mine('3000')", json!(null)).await?;
        let relay = Running::start(stage, Options { state, port, ..Options::default() })?;
        wait_for_node(&student, "3001", "node.height === 10").await?;
        let standing = "return document.querySelector('[data-testid=room-standing]').textContent";
        expect_text(&student.eval(standing, json!(null)).await?, "Connected")?;
        drop(relay);
        Ok(())
    })
    .await;
    // What is left is in the machine's temporary folder.
    drop(std::fs::remove_dir_all(folder));
    outcome
}

async fn unknown(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    let page = stage.launch(Switches::Usual).await?;
    page.goto(&format!("{}?scene=empty&lang=en", relay.address)).await?;
    page.click("[data-testid='class']").await?;
    let code = page.find("[data-testid='class-code']").await?;
    code.send_keys("ABC23").await?;
    page.click("[data-testid='class-join']").await?;
    let failed = "return document.querySelector('[data-testid=class-failed]').textContent";
    expect_text(&page.eval(failed, json!(null)).await?, "six letters and digits")?;
    code.send_keys("4").await?;
    page.click("[data-testid='class-join']").await?;
    page.wait_for(
        &format!("return (await (async () => {{ {failed} }})()).includes('no class of this code')"),
        json!(null),
    )
    .await?;
    page.driver().goto(&format!("{}?lang=en#room=ABC234", relay.address)).await?;
    page.wait_for("return document.querySelector('[data-testid=room-refused]') !== null", json!(null))
        .await?;
    page.click("[data-testid='room-leave']").await?;
    while page.eval("return location.hash", json!(null)).await.ok() != Some(json!("")) {
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
