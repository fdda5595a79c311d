//! Direct links: two browsers of a class that the relay introduces, and what happens when that comes to nothing.

use crate::room::{Running, join_class, open_class, play_seed_000, wait_for_node, with_two_of};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddrV4};
use terrarium_relay::Options;
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect};
use terrarium_tests::stun::StunServer;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            "seed_000s_scenario_holds_over_a_direct_link_and_the_relay_carries_no_frame",
            300,
            |stage| Box::pin(seed_000(stage)),
        ),
        Test::new("a_direct_link_that_is_lost_costs_a_reconnection_by_the_relay", 240, |stage| {
            Box::pin(lost(stage))
        }),
        Test::new("browsers_ask_the_relays_stun_server_and_tell_each_other_its_answer", 240, |stage| {
            Box::pin(stun(stage))
        }),
        Test::new("a_browser_without_webrtc_is_reached_by_the_relay", 240, |stage| Box::pin(without(stage))),
    ]
}

/// Frames that the relay has passed on.
async fn frames(page: &Page) -> Outcome<u64> {
    let count = "const text = await (await fetch('metrics')).text();
        return Number(/^terrarium_relay_frames_total (\\d+)$/m.exec(text)[1])";
    Ok(page.eval(count, json!(null)).await?.as_u64().unwrap_or_default())
}

/// Waits until the only other browser is reached so.
pub(crate) async fn wait_for_path(page: &Page, path: &str) -> Outcome {
    page.wait_for("return terrarium.paths().length === 1 && terrarium.paths()[0].path === args", json!(path))
        .await
}

/// What happened to the link to the only other browser.
async fn steps(page: &Page) -> Outcome<Vec<String>> {
    let steps = page.eval("return terrarium.paths()[0].steps.map((step) => step.step)", json!(null)).await?;
    Ok(serde_json::from_value(steps)?)
}

/// Waits until a node's only peer is reached so, by its own word; what it says of it.
async fn wait_for_peer(page: &Page, node: &str, path: &str) -> Outcome<Value> {
    let told = "const peers = JSON.parse(await terrarium.exec(args[0], 'getpeerinfo'));
        return peers.length === 1 && peers[0].path === args[1]";
    page.wait_for(told, json!([node, path])).await?;
    let peers: Value = serde_json::from_str(&page.exec(node, "getpeerinfo").await?)?;
    Ok(peers[0].clone())
}

async fn seed_000(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two_of(stage, Switches::Neighbours, None, async |teacher, student| {
        let mut before = 0;
        play_seed_000(&teacher, &student, &relay, async || {
            wait_for_path(&teacher, "direct").await?;
            wait_for_path(&student, "direct").await?;
            let peer = wait_for_peer(&student, "3001", "direct").await?;
            let names: Vec<&str> = peer["path_steps"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|step| step["step"].as_str())
                .filter(|step| !step.starts_with("gathered"))
                .collect();
            expect(&json!(names), &json!(["began", "answered", "punched", "direct"]))?;
            before = frames(&teacher).await?;
            Ok(())
        })
        .await?;
        expect(&json!(frames(&teacher).await?), &json!(before))?;
        for page in [&teacher, &student] {
            let last = steps(page).await?.into_iter().rfind(|step| !step.starts_with("gathered"));
            expect(&json!(last), &json!("direct"))?;
        }
        Ok(())
    })
    .await
}

async fn lost(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two_of(stage, Switches::Neighbours, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_path(&teacher, "direct").await?;
        wait_for_path(&student, "direct").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        student.click("[data-testid='node-card'][data-node='3001'] [data-testid='open-peers']").await?;
        let shown = "const path = document.querySelector('[data-testid=peer-path]');
            const steps = [...path.parentElement.querySelectorAll('[data-step]')].map((step) => step.dataset.step);
            return path.dataset.path === 'direct' && steps.join() === terrarium.paths()[0].steps.map((step) => step.step).join()";
        student.wait_for(shown, json!(null)).await?;

        let before = frames(&teacher).await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 1").await?;
        expect(&json!(frames(&teacher).await?), &json!(before))?;

        student.eval("terrarium.allowDirect(false)", json!(null)).await?;
        wait_for_path(&student, "relay").await?;
        wait_for_path(&teacher, "relay").await?;
        expect(&json!(steps(&student).await?.last()), &json!("back_off"))?;
        // The end of the channel and the word of the other end come by different ways.
        let why = steps(&teacher).await?.pop().unwrap_or_default();
        if !["back_closed", "back_given_up_there"].contains(&why.as_str()) {
            return Err(format!("the teacher's page says {why}").into());
        }
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 2").await?;
        wait_for_peer(&student, "3001", "relay").await?;
        if frames(&teacher).await? == before {
            return Err("a block came, and not by the relay".into());
        }
        student.eval("terrarium.allowDirect(true)", json!(null)).await?;
        // The teacher's page asks again once a frame goes by the relay.
        let again = "await terrarium.exec('3000', 'ping'); return terrarium.paths()[0].path === 'direct'";
        teacher.wait_for(again, json!(null)).await?;
        wait_for_path(&student, "direct").await
    })
    .await
}

async fn without(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two_of(stage, Switches::Neighbours, None, async |teacher, student| {
        student.before_each_load("delete globalThis.RTCPeerConnection").await?;
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 1").await?;
        let last = "return terrarium.paths()[0]?.steps.at(-1).step === args";
        teacher.wait_for(last, json!("back_unsupported_there")).await?;
        student.wait_for(last, json!("back_unsupported")).await?;
        wait_for_peer(&student, "3001", "relay").await.map(drop)
    })
    .await
}

/// Keeps the candidates that this page's connections find, and those that other browsers name.
const WATCH_CANDIDATES: &str = "window.candidates = { found: [], told: [] };
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...rest) {
            super(...rest);
            this.addEventListener('icecandidate', ({ candidate }) => {
                if (candidate) window.candidates.found.push(candidate.candidate);
            });
        }
        addIceCandidate(candidate) {
            window.candidates.told.push(candidate.candidate);
            return super.addIceCandidate(candidate);
        }
    };";

async fn stun(stage: &Stage<'_>) -> Outcome {
    // An address that nobody has (RFC 5737).
    let seen = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 4_242);
    let server = StunServer::start(seen)?;
    let named = format!("stun:{}", server.address()).parse();
    let stun = vec![named.map_err(|error: terrarium_relay::StunError| error.to_string())?];
    let relay = Running::start(stage, Options { stun, ..Running::any_port() })?;
    with_two_of(stage, Switches::Neighbours, None, async |teacher, student| {
        for page in [&teacher, &student] {
            page.before_each_load(WATCH_CANDIDATES).await?;
        }
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        for page in [&teacher, &student] {
            wait_for_path(page, "direct").await?;
            let answered = "return ['found', 'told'].every((list) => window.candidates[list]
                .some((candidate) => candidate.includes('192.0.2.1 4242 typ srflx')))";
            page.wait_for(answered, json!(null)).await?;
        }
        if server.asked() < 2 {
            return Err(format!("the server was asked {} times", server.asked()).into());
        }
        Ok(())
    })
    .await
}
