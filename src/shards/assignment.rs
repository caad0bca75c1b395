//! Assignment of a job's items to shards.

use std::ops::Range;

use super::Shard;

/// Returns the positions in `keys` that belong to `shard`, ascending. The items are assigned round-robin in the order
/// of their keys, so that shards differ by at most one item and the listing order of a disk does not matter.
pub fn assigned<K: Ord>(keys: &[K], shard: Shard) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| keys[a].cmp(&keys[b]));
    let mut positions: Vec<usize> = order.into_iter().skip(shard.index() - 1).step_by(shard.count()).collect();
    positions.sort_unstable();
    positions
}

/// Returns the positions of `items` items that belong to `shard` if each shard has a contiguous range, as for the
/// frames of a video; shards differ by at most one item.
pub fn stretch(items: usize, shard: Shard) -> Range<usize> {
    let border = |shards: usize| items / shard.count() * shards + (items % shard.count()).min(shards);
    border(shard.index() - 1)..border(shard.index())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_belongs_to_one_shard_whatever_the_order_of_the_list() {
        let of = |keys: &[&'static str], shard: &str| {
            let positions = assigned(keys, shard.parse().unwrap());
            positions.into_iter().map(|position| keys[position]).collect::<Vec<_>>()
        };
        let (sorted, listed) = (["a", "b", "c", "d", "e"], ["d", "a", "e", "c", "b"]);
        assert_eq!([of(&sorted, "1/2"), of(&sorted, "2/2")], [vec!["a", "c", "e"], vec!["b", "d"]]);
        assert_eq!(
            [of(&listed, "1/2"), of(&listed, "2/2")],
            [vec!["a", "e", "c"], vec!["d", "b"]],
            "in the list's order"
        );
        assert!(of(&sorted, "6/9").is_empty());
    }

    #[test]
    fn stretches_follow_each_other_and_are_equally_long() {
        let of = |items, count: usize| {
            (1..=count).map(|index| stretch(items, Shard::new(index, count).unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(of(10, 4), [0..3, 3..6, 6..8, 8..10]);
        assert_eq!(of(2, 3), [0..1, 1..2, 2..2]);
    }
}
