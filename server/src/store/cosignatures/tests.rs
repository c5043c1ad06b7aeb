//! Words of devices behave the same on both engines.

use super::*;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::store::testing::strand;

const CHANNEL: ChannelId = ChannelId::new([1; 16]);
const OTHER: ChannelId = ChannelId::new([2; 16]);

fn row(device: u8, size: u64) -> CosignatureRow {
    CosignatureRow { device: DeviceId::new([device; 16]), size, note: format!("{device} at {size}") }
}

async fn kept(pool: &Pool, channel: &ChannelId, row: &CosignatureRow) -> bool {
    let mut tx = pool.begin().await.unwrap();
    let kept = keep(&mut tx, channel, row).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

#[tokio::test]
async fn the_largest_of_each_device_stays() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        strand(&pool, OTHER).await;
        for (device, size, expect) in [
            (7, 3, true),
            (7, 2, false),
            (7, 3, false),
            (7, 5, true),
            (8, 4, true),
            (9, 5, true),
            (7, 4, false),
        ] {
            assert_eq!(kept(&pool, &CHANNEL, &row(device, size)).await, expect, "{device} at {size}");
        }
        let mut same = row(7, 5);
        same.note = "another note".to_owned();
        assert!(!kept(&pool, &CHANNEL, &same).await, "the first of a size stays");
        assert!(kept(&pool, &OTHER, &row(7, 1)).await);

        let mut source = Source::Pool(&pool);
        let all = [row(7, 5), row(9, 5), row(8, 4)];
        assert_eq!(of_channel(&mut source, &CHANNEL, 9).await.unwrap(), all);
        assert_eq!(of_channel(&mut source, &CHANNEL, 2).await.unwrap(), all[..2]);
        assert_eq!(of_channel(&mut source, &OTHER, 9).await.unwrap(), [row(7, 1)]);
        assert_eq!(after(&mut source, &CHANNEL, &[], 2).await.unwrap(), [row(7, 5), row(8, 4)]);
        assert_eq!(after(&mut source, &CHANNEL, &[8; 16], 2).await.unwrap(), [row(9, 5)]);
    })
    .await;
}

#[tokio::test]
async fn a_word_about_no_channel_is_refused() {
    on_both(async |pool: Pool| {
        let mut tx = pool.begin().await.unwrap();
        assert!(keep(&mut tx, &CHANNEL, &row(7, 1)).await.is_err());
    })
    .await;
}
