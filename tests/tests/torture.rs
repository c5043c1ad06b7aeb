//! A short run of the `torture` program; longer ones are made by hand.

use chancery_tests::torture::torture;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_server_and_clients_are_killed() {
    let outcome = torture(7, 3).await;
    assert!(outcome.acknowledged > 0, "{outcome:?}");
    assert!(outcome.clients_killed > 0, "{outcome:?}");
}
