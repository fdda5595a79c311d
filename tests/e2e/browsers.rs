//! Browsers of a class that are not one tab on a desk: a phone, and a second tab.

use serde_json::{Value, json};
use terrarium_tests::browser::{Outcome, Page, Stage, Switches, Test, expect, expect_text};

use crate::room::{Running, join_class, open_class, wait_for_node, with_two, with_two_kinds};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new("a_phone_joins_a_class_with_a_light_node_and_is_paid_and_pays", 240, |stage| {
            Box::pin(phone(stage))
        }),
        Test::new("a_second_tab_is_refused_by_the_class_until_the_first_is_closed", 240, |stage| {
            Box::pin(second_tab(stage))
        }),
    ]
}

/// The first address of a node's wallet.
async fn first_address(page: &Page, node: &str) -> Outcome<String> {
    let addresses = page.exec(node, "listaddresses").await?;
    addresses.lines().next().map(str::to_owned).ok_or_else(|| format!("{node} has no address").into())
}

async fn wait_for_balance(page: &Page, node: &str, address: &str, coins: u32) -> Outcome {
    let holds =
        "return (await terrarium.exec(args[0], `getbalance -address ${args[1]}`)).endsWith(`: ${args[2]}`)";
    page.wait_for(holds, json!([node, address, coins])).await
}

async fn phone(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two_kinds(stage, [Switches::Usual, Switches::Phone], None, async |teacher, phone| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        teacher.eval("for (let at = 0; at < 3; at += 1) await terrarium.mine('3000')", json!(null)).await?;
        join_class(&phone, &relay, &code, "Bo").await?;
        let role = "return terrarium.nodes().map((node) => [node.id, node.role])";
        expect(&phone.eval(role, json!(null)).await?, &json!([["3001", "spv"]]))?;
        wait_for_node(&phone, "3001", "node.peers > 0 && node.height === 3").await?;

        let (from, to) = (first_address(&teacher, "3000").await?, first_address(&phone, "3001").await?);
        teacher.exec("3000", &format!("send -from {from} -to {to} -amount 5")).await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&phone, "3001", "node.height === 4").await?;
        wait_for_balance(&phone, "3001", &to, 5).await?;

        let back = teacher.new_address("3000").await?;
        phone.exec("3001", &format!("send -from {to} -to {back} -amount 2")).await?;
        wait_for_node(&teacher, "3000", "node.mempool === 1").await?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_balance(&teacher, "3000", &back, 2).await?;
        wait_for_balance(&phone, "3001", &to, 3).await?;
        phone.screenshot("class-phone").await.map(drop)
    })
    .await
}

async fn second_tab(stage: &Stage<'_>) -> Outcome {
    let relay = Running::start(stage, Running::any_port())?;
    with_two(stage, None, async |teacher, student| {
        let code = open_class(&teacher, &relay, "?scene=first&lang=en").await?;
        join_class(&student, &relay, &code, "Bo").await?;
        wait_for_node(&student, "3001", "node.peers > 0").await?;
        student.eval("await terrarium.mine('3001')", json!(null)).await?;
        wait_for_node(&teacher, "3000", "node.height === 1").await?;
        let (address, own) = (student.driver().current_url().await?, first_address(&student, "3001").await?);

        let first = student.tab().await?;
        let second = student.new_tab().await?;
        student.goto(address.as_str()).await?;
        let standing =
            "return document.querySelector('[data-testid=room-standing]').textContent.includes(args)";
        student.wait_for(standing, json!("Another tab of this browser is in the class")).await?;
        wait_for_node(&student, "3001", "node.state === 'viewer'").await?;
        // What the class does comes to the first one, and is seen here.
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 2").await?;
        let members = "return document.querySelector('[data-testid=room-members]').children.length";
        teacher.wait_for(&format!("{members} === 2"), json!(null)).await?;

        student.show(&first).await?;
        expect(&student.eval(standing, json!("Connected")).await?, &json!(true))?;
        student.close_tab(&second).await?;
        student.wait_for(standing, json!("Connected")).await?;
        wait_for_node(&student, "3001", "node.state === 'running' && node.height === 2 && node.peers > 0")
            .await?;
        expect(&json!(first_address(&student, "3001").await?), &json!(own))?;
        teacher.eval("await terrarium.mine('3000')", json!(null)).await?;
        wait_for_node(&student, "3001", "node.height === 3").await?;
        let peers: Value = serde_json::from_str(&teacher.exec("3000", "getpeerinfo").await?)?;
        expect_text(&peers[0]["addr"], ".0.2:3001")
    })
    .await
}
