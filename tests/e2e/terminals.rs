//! Free terminals and consoles: typing, pasting, what is followed until `^C`.

use serde_json::json;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};
use thirtyfour::Key;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("two_terminals_type_the_tutorials_commands_and_c_ends_what_is_followed", 240, |stage| {
            Box::pin(typed(stage))
        }),
        Test::new("a_transcript_is_pasted_whole", 180, |stage| Box::pin(pasted(stage))),
        Test::new("enter_inside_an_input_method_sends_no_line", 120, |stage| Box::pin(composing(stage))),
        Test::new("long_work_is_given_up_by_c", 240, |stage| Box::pin(given_up(stage))),
    ]
}

/// A terminal's line, by the terminal's place.
fn input(terminal: usize) -> String {
    format!(".terminal:nth-child({}) [data-testid='console-input']", terminal + 1)
}

async fn type_line(page: &Page, terminal: usize, line: &str) -> Outcome {
    let input = page.find(&input(terminal)).await?;
    input.scroll_into_view().await?;
    Ok(input.send_keys(line.to_owned() + Key::Enter).await?)
}

/// Waits until a terminal has printed `text`.
async fn printed(page: &Page, terminal: usize, text: &str) -> Outcome {
    let says = "const terminal = document.querySelectorAll('[data-testid=terminal]')[args[0]];
                return terminal.querySelector('[data-testid=console-output]').innerText.includes(args[1])";
    page.wait_for(says, json!([terminal, text])).await
}

async fn terminals(page: &Page, count: usize) -> Outcome {
    let open = "return document.querySelectorAll('[data-testid=terminal]').length >= args";
    while page.eval(open, json!(count)).await? != json!(true) {
        page.click("[data-testid='new-terminal']").await?;
    }
    Ok(())
}

async fn typed(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lang=en").await?;
    terminals(&page, 2).await?;
    type_line(&page, 0, "createwallet").await?;
    printed(&page, 0, "NODE_ID env. var is not set!").await?;
    for line in ["set NODE_ID=3000", "createwallet", "createblockchain -address wallet1"] {
        type_line(&page, 0, line).await?;
    }
    printed(&page, 0, "Done!").await?;
    type_line(&page, 0, "copy blockchain_3000.db blockchain_3001.db").await?;
    type_line(&page, 1, "set NODE_ID=3001").await?;
    type_line(&page, 0, "startnode").await?;
    printed(&page, 0, "Starting node 3000").await?;
    type_line(&page, 1, "startnode -connect 3000").await?;
    printed(&page, 0, "Received version command").await?;

    // Each message of a node, until `^C`, which a button gives to those who have no such key.
    terminals(&page, 3).await?;
    type_line(&page, 2, "listen 3001").await?;
    page.exec("3000", "generatetoaddress 1 wallet1").await?;
    printed(&page, 2, "received: headers, length: 82 bytes").await?;
    page.click(".terminal:nth-child(3) [data-testid='console-interrupt']").await?;
    printed(&page, 2, "^C").await?;

    // At a node that was started in a terminal `^C` stops it.
    let state = "return terrarium.nodes().find((node) => node.id === args[0]).state === args[1]";
    page.wait_for(state, json!(["3000", "running"])).await?;
    page.find(&input(0)).await?.send_keys(Key::Control + "c").await?;
    page.wait_for(state, json!(["3000", "stopped"])).await?;
    page.click(".terminal:nth-child(3) [data-testid='close-terminal']").await?;
    let left =
        page.eval("return document.querySelectorAll('[data-testid=terminal]').length", json!(null)).await?;
    expect(&left, &json!(2))
}

async fn pasted(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lang=en").await?;
    terminals(&page, 1).await?;
    let text = "C:\\btc> set NODE_ID=3000\r\n# a comment\r\nC:\\btc> blockchain.exe createwallet\r\n\
                blockchain.exe createblockchain －address wallet1\r\ngetbalance -address WALLET1\r\n";
    let paste = "const input = document.querySelector(args[0]);
        input.focus();
        const clipboardData = new DataTransfer();
        clipboardData.setData('text', args[1]);
        input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))";
    page.eval(paste, json!([input(0), text])).await?;
    printed(&page, 0, "Balance of 'WALLET1': 50").await
}

async fn composing(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lang=zh").await?;
    terminals(&page, 1).await?;
    let press = "const input = document.querySelector(args[0]);
        input.focus();
        input.value = 'help';
        input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: args[1], bubbles: true, cancelable: true }))";
    page.eval(press, json!([input(0), true])).await?;
    let typed = page.eval("return document.querySelector(args).value", json!(input(0))).await?;
    expect(&typed, &json!("help"))?;
    page.eval(press, json!([input(0), false])).await?;
    printed(&page, 0, "createwallet").await
}

async fn given_up(stage: &Stage<'_>) -> Outcome {
    let page = stage.open("?scene=empty&lang=en").await?;
    let address = page.new_chain("3000").await?;
    terminals(&page, 1).await?;
    type_line(&page, 0, "set NODE_ID=3000").await?;
    type_line(&page, 0, &format!("generatetoaddress 10000 {address}")).await?;
    // The count is on the card, with a button; the key gives it up as well.
    page.find("[data-testid='node-progress'][data-kind='mine']").await?;
    page.find(&input(0)).await?.send_keys(Key::Control + "c").await?;
    printed(&page, 0, "cancelled").await?;
    page.wait_for("return document.querySelector('[data-testid=node-progress]') === null", json!(null))
        .await?;
    // What it had mined stays.
    page.wait_for(
        "return terrarium.nodes()[0].height > 0 && terrarium.nodes()[0].height < 10000",
        json!(null),
    )
    .await
}
