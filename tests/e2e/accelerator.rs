//! The accelerator of signatures in a real engine: its arithmetic is what was tested natively, and a chain is the same with
//! it and without.

use serde_json::json;
use terrarium_core::crypto::{PrivateKey, ecdsa_check, sha256};
use terrarium_tests::browser::{Outcome, Stage, Switches, Test, expect};
use terrarium_verifier::RECORD_LEN;

use crate::helpers::{make_chain, sync};

/// Checks that are judged in the browser and here.
const CHECKS: u32 = 400;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("signatures_are_judged_in_the_browser_as_natively", 120, |stage| Box::pin(judged(stage))),
        Test::new("a_chain_is_the_same_with_and_without_the_accelerator", 300, |stage| {
            Box::pin(with_and_without(stage))
        }),
    ]
}

async fn judged(stage: &Stage<'_>) -> Outcome {
    let checks: Vec<u8> = (0..CHECKS).flat_map(check).collect();
    let expected: Vec<u8> = terrarium_verifier::verify(&checks).into_iter().map(u8::from).collect();
    let good = expected.iter().filter(|verdict| **verdict == 1).count();
    assert!((100..300).contains(&good), "half of the checks should be good, not {good}");
    let page = stage.open("?scene=empty").await?;
    let verdicts = page
        .eval(
            "const { exports } = new WebAssembly.Instance(await terrariumSource.verifier);
             if (!exports.fused()) throw new Error('this engine rounds twice');
             // Where they are first: making room may move the memory.
             const records = exports.records(args.length);
             new Uint8Array(exports.memory.buffer, records, args.length).set(args);
             const count = exports.verify();
             return [...new Uint8Array(exports.memory.buffer, exports.verdicts(), count)];",
            json!(checks),
        )
        .await?;
    expect(&verdicts, &json!(expected))
}

/// A good signature, or one of which a bit was changed.
fn check(number: u32) -> [u8; RECORD_LEN] {
    let key = PrivateKey::from_bytes(&sha256(&number.to_le_bytes()), true).expect("in range");
    let digest = sha256(&key.secret_bytes());
    let signature = key.sign(&digest);
    let mut check = ecdsa_check(&digest, &signature, key.public_key().as_bytes()).expect("a key");
    if number % 2 == 1 {
        let bit = number as usize * 7 % (RECORD_LEN * 8);
        check[bit / 8] ^= 1 << (bit % 8);
    }
    check
}

/// Counts in `window.accelerators` how many of the page's workers make themselves one. Where this tab is to be unfit, it has
/// no engine for the accelerator.
const WATCH: &str = r#"(() => {
    const within = `
        const seen = new BroadcastChannel("accelerators");
        WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
            construct(made, args) {
                seen.postMessage("one");
                return new made(...args);
            },
        });`;
    window.accelerators = 0;
    new BroadcastChannel("accelerators").onmessage = () => { window.accelerators += 1; };
    if (sessionStorage.getItem("unfit")) {
        WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError("no relaxed SIMD"));
    }
    window.Worker = class extends window.Worker {
        constructor(script) {
            const rest = `importScripts(${JSON.stringify(String(script))});`;
            super(URL.createObjectURL(new Blob([within, rest])));
        }
    };
})();"#;

async fn with_and_without(stage: &Stage<'_>) -> Outcome {
    let page = stage.launch(Switches::Usual).await?;
    page.before_each_load(WATCH).await?;
    page.open("?scene=empty&lab=fast").await?;
    make_chain(&page).await?;
    let before = page.eval("return window.accelerators", json!(null)).await?;
    let tip = sync(&page, "3001").await?;
    // What is counted comes by another way than the tip.
    page.wait_for("return window.accelerators > args", before).await?;

    page.eval("sessionStorage.setItem('unfit', 'yes')", json!(null)).await?;
    page.open("?scene=empty&lab=fast").await?;
    expect(&sync(&page, "3002").await?, &tip)?;
    expect(&page.eval("return window.accelerators", json!(null)).await?, &json!(0))
}
