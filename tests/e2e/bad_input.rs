//! What people type that is wrong: amounts, addresses and nodes, on the console, in the form and through the scripting API.
//! Each is refused with the line that names the rule, and the node goes on as if nothing had been asked.

use serde_json::json;
use terrarium_core::crypto::base58;
use terrarium_tests::browser::{Outcome, Page, Stage, Test, expect};

const SEND: &str = "send -from A -to B -amount N [-mine] [-fee F]";

/// An amount, what a console says of it and what the form does. `{usage}` stands for the command's form.
const AMOUNTS: [(&str, &str, &str); 20] = [
    ("0", "ERROR: the amount 0 cannot be sent: it must be above 0 and at most 21000000", ZERO),
    ("0.00000000", "ERROR: the amount 0 cannot be sent: it must be above 0 and at most 21000000", ZERO),
    ("-1", "ERROR: amount -1 is negative; usage: {usage}", ZERO),
    ("-0.00000001", "ERROR: amount -0.00000001 is negative; usage: {usage}", ZERO),
    ("0.000000001", "ERROR: amount 0.000000001 has more than 8 decimal places; usage: {usage}", TOO_FINE),
    ("1.123456789", "ERROR: amount 1.123456789 has more than 8 decimal places; usage: {usage}", TOO_FINE),
    (
        "21000000.00000001",
        "ERROR: amount 21000000.00000001 is above 21 million coins; usage: {usage}",
        TOO_LARGE,
    ),
    ("21000001", "ERROR: amount 21000001 is above 21 million coins; usage: {usage}", TOO_LARGE),
    (
        "99999999999999999999999999",
        "ERROR: amount 99999999999999999999999999 is above 21 million coins; usage: {usage}",
        TOO_LARGE,
    ),
    ("NaN", "ERROR: \"NaN\" is not a number of coins; usage: {usage}", UNREADABLE),
    ("Infinity", "ERROR: \"Infinity\" is not a number of coins; usage: {usage}", UNREADABLE),
    ("1e3", "ERROR: \"1e3\" is not a number of coins; usage: {usage}", UNREADABLE),
    ("0x10", "ERROR: \"0x10\" is not a number of coins; usage: {usage}", UNREADABLE),
    ("+1", "ERROR: \"+1\" is not a number of coins; usage: {usage}", UNREADABLE),
    (".5", "ERROR: \".5\" is not a number of coins; usage: {usage}", UNREADABLE),
    ("1.", "ERROR: \"1.\" is not a number of coins; usage: {usage}", UNREADABLE),
    ("1.2.3", "ERROR: \"1.2.3\" is not a number of coins; usage: {usage}", UNREADABLE),
    ("十", "ERROR: \"十\" is not a number of coins; usage: {usage}", UNREADABLE),
    // Full-width digits are digits, and this is more than there is.
    ("２１０００００１", "ERROR: amount 21000001 is above 21 million coins; usage: {usage}", TOO_LARGE),
    ("１０００", "ERROR: Not enough funds", NOT_ENOUGH),
];
const ZERO: &str = "The amount must be above zero.";
const TOO_FINE: &str = "At most 8 decimal places: a coin has 100 million parts.";
const TOO_LARGE: &str = "More than 21 million coins cannot exist.";
const UNREADABLE: &str = "Enter a number of coins with at most 8 decimal places, such as 2.5.";
const NOT_ENOUGH: &str = "No address of the payer can spend more than 50 coins now, which is not enough.";

/// What the form says of an address.
const NO_ADDRESS: &str =
    "This is not an address of this network. A letter may be wrong: addresses carry a checksum.";

/// Commands with an address in the place of `@`, and what is said where it is none.
const ADDRESS_COMMANDS: [(&str, &str); 7] = [
    ("getbalance -address @", "ERROR: Address is not valid"),
    ("send -from @ -to $A -amount 1", "ERROR: Sender address is not valid"),
    ("send -from $A -to @ -amount 1", "ERROR: Recipient address is not valid"),
    ("generatetoaddress 1 @", "ERROR: Address is not valid"),
    ("dumpprivkey @", "ERROR: Address is not valid"),
    ("startnode -miner @", "Wrong miner address!"),
    ("createblockchain -address @", "Blockchain already exists."),
];

/// Commands that name a node which there is none of, and what a terminal says.
const NO_NODE: [(&str, &str); 5] = [
    ("listen 4999", "ERROR: there is no node 4999"),
    ("copy blockchain_4999.db a.db", "ERROR: there is no node 4999, hence no blockchain_4999.db"),
    ("set NODE_ID=0", "ERROR: '0' is not a node id: a number from 1 to 65535 is; usage: set NODE_ID=3000"),
    (
        "set NODE_ID=65536",
        "ERROR: '65536' is not a node id: a number from 1 to 65535 is; usage: set NODE_ID=3000",
    ),
    ("getbalance -address 1", "NODE_ID env. var is not set!"),
];

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("every_wrong_amount_is_refused_by_its_rule_wherever_it_is_typed", 180, |stage| {
            Box::pin(amounts(stage))
        }),
        Test::new("every_wrong_address_is_refused_wherever_it_is_typed", 180, |stage| {
            Box::pin(addresses(stage))
        }),
        Test::new("a_node_that_there_is_none_of_is_named", 120, |stage| Box::pin(no_node(stage))),
    ]
}

async fn amounts(stage: &Stage<'_>) -> Outcome {
    let (page, address) = lab(stage).await?;
    open_form(&page).await?;
    for (amount, line, text) in AMOUNTS {
        let command = format!("send -from {address} -to {address} -amount {amount}");
        let line = line.replace("{usage}", SEND);
        refused_everywhere(&page, &command, &line).await?;
        let said = page.eval(SUBMIT, json!({ "address": address, "amount": amount })).await?;
        expect(&said, &json!(text)).map_err(|failure| format!("the form, {amount}: {failure:?}"))?;
    }
    for nothing in ["", "''"] {
        let command = format!("send -from {address} -to {address} -amount {nothing}");
        let line = match nothing {
            "" => format!("ERROR: -amount lacks its value; usage: {SEND}"),
            _ => format!("ERROR: \"\" is not a number of coins; usage: {SEND}"),
        };
        refused_everywhere(&page, &command, &line).await?;
    }
    unharmed(&page, &address).await
}

async fn addresses(stage: &Stage<'_>) -> Outcome {
    let (page, address) = lab(stage).await?;
    open_form(&page).await?;
    let payload = base58::decode_check(&address).map_err(|error| error.to_string())?;
    let last = if address.ends_with('2') { '3' } else { '2' };
    let wrong = [
        ("empty", String::new()),
        ("one character", "1".to_owned()),
        ("wrong checksum", format!("{}{last}", &address[..address.len() - 1])),
        ("wrong version", base58::encode_check(&[&[0x6f], &payload[1..]].concat())),
        ("a private key's version", base58::encode_check(&[&[0x80], &payload[1..]].concat())),
        ("a byte too short", base58::encode_check(&payload[..payload.len() - 1])),
        ("a byte too long", base58::encode_check(&[&payload[..], &[0]].concat())),
        ("no base58", address.replace(|c: char| c.is_ascii_digit(), "0")),
        ("very long", "1".repeat(10_000)),
        ("another network's", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".to_owned()),
        ("no text", "地址".to_owned()),
    ];
    for (why, wrong) in &wrong {
        for (command, line) in ADDRESS_COMMANDS {
            let quoted = if wrong.is_empty() { "''" } else { wrong };
            let command = command.replace("$A", &address).replace('@', quoted);
            let refused = refused_everywhere(&page, &command, line).await;
            refused.map_err(|failure| format!("{why}: {failure:?}"))?;
        }
        let said = page.eval(SUBMIT, json!({ "address": wrong, "amount": "1" })).await?;
        let text = if wrong.is_empty() { "Enter the address to pay to." } else { NO_ADDRESS };
        expect(&said, &json!(text)).map_err(|failure| format!("the form, {why}: {failure:?}"))?;
    }
    unharmed(&page, &address).await
}

async fn no_node(stage: &Stage<'_>) -> Outcome {
    let (page, address) = lab(stage).await?;
    for (command, line) in NO_NODE {
        let error = page.eval_error("await terrarium.terminal().run(args)", json!(command)).await?;
        expect(&json!(error), &json!(line)).map_err(|failure| format!("{command}: {failure:?}"))?;
    }
    for command in ["printchain", "listaddresses", "startnode", "createwallet", "getpeerinfo"] {
        let error = page.eval_error("await terrarium.exec('4999', args)", json!(command)).await?;
        expect(&json!(error), &json!("ERROR: there is no node 4999"))?;
    }
    unharmed(&page, &address).await
}

/// Node 3000 with 50 coins at the address that is returned.
async fn lab(stage: &Stage<'_>) -> Outcome<(Page, String)> {
    let page = stage.open("?scene=empty&lab=input&lang=en").await?;
    let address = page.new_chain("3000").await?;
    page.wait_for("return terrarium.nodes()[0].height === 0", json!(null)).await?;
    Ok((page, address))
}

/// The scripting API and the node's console refuse a line with the same words.
async fn refused_everywhere(page: &Page, command: &str, line: &str) -> Outcome {
    let error = page.eval_error("await terrarium.exec('3000', args)", json!(command)).await?;
    expect(&json!(error), &json!(line)).map_err(|failure| format!("{command}: {failure:?}"))?;
    let typed = page.eval(TYPE, json!(command)).await?;
    expect(&typed, &json!(line)).map_err(|failure| format!("{command}, on the console: {failure:?}").into())
}

/// Types a line at the console of node 3000; what it then shows as failed.
const TYPE: &str = "
    const card = document.querySelector('[data-testid=node-card][data-node=\"3000\"]');
    const input = card.querySelector('[data-testid=console-input]');
    const output = card.querySelector('[data-testid=console-output]');
    const last = output.lastElementChild;
    const answered = () => output.lastElementChild !== last && output.lastElementChild.matches('.bad');
    while (input.closest('.busy')) await new Promise((resume) => setTimeout(resume, 1));
    input.value = args;
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    for (let i = 0; i < 2000 && !answered(); i += 1) await new Promise((resume) => setTimeout(resume, 1));
    return answered() ? output.lastElementChild.textContent : 'no answer'";

/// Fills the form in and sends it; what it then says is wrong. An amount with a comma first, whose refusal is known, so that
/// what is said of the last case is not taken for what is said of this one.
const SUBMIT: &str = "
    const find = (testid) => document.querySelector(`dialog [data-testid=${testid}]`);
    const put = (testid, value) => {
        const input = find(testid);
        input.value = value;
        input.dispatchEvent(new Event('input', { bubbles: true }));
    };
    const said = () => find('send-error').innerText;
    const submit = async (amount, answered) => {
        put('send-amount', amount);
        find('send-amount').form.requestSubmit();
        for (let i = 0; i < 2000 && !answered(); i += 1) await new Promise((resume) => setTimeout(resume, 1));
        return said();
    };
    const isComma = () => said().includes('without commas');
    put('send-address', args.address);
    await submit('1,5', isComma);
    return submit(args.amount, () => said() !== '' && !isComma())";

/// The dialog of the large button, paying to an address that is typed.
async fn open_form(page: &Page) -> Outcome {
    page.element("send-coins").await?.click().await?;
    page.element("send-amount").await?;
    page.eval(
        "const to = document.querySelector('[data-testid=send-to]');
         to.value = 'address';
         to.dispatchEvent(new Event('change', { bubbles: true }))",
        json!(null),
    )
    .await?;
    page.element("send-address").await?;
    Ok(())
}

/// The node is as it was, and mines.
async fn unharmed(page: &Page, address: &str) -> Outcome {
    let balance = page.exec("3000", &format!("getbalance -address {address}")).await?;
    expect(&json!(balance), &json!(format!("Balance of '{address}': 50")))?;
    expect(&json!(page.exec("3000", "listaddresses").await?), &json!(address))?;
    expect(&json!(page.exec("3000", "getrawmempool").await?), &json!("[]"))?;
    page.exec("3000", &format!("generatetoaddress 1 {address}")).await?;
    page.wait_for("return terrarium.nodes()[0].height === 1", json!(null)).await
}
