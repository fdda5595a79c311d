//! The seeds' scenes, command by command, over real nodes in virtual time.

use terrarium_tests::Lab;

#[test]
fn seed_000_a_central_node_a_wallet_node_and_a_miner() {
    let report = Lab::new(0, None).run(include_str!("../scenarios/seed-000.txt"));
    assert_eq!(report.failure(), None);
}

#[test]
fn seed_001_two_nodes_with_persistent_connections() {
    let report = Lab::new(1, None).run(include_str!("../scenarios/seed-001.txt"));
    assert_eq!(report.failure(), None);
}
