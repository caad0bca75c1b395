//! Which items of a job a shard has.

use super::Shard;

/// Returns the positions in `keys` that belong to `shard`, ascending. The items are dealt out one by one in the order of their keys, so
/// that the shards differ by at most one item, and the order in which a disk lists them does not matter.
pub fn assigned<K: Ord>(keys: &[K], shard: Shard) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| keys[a].cmp(&keys[b]));
    let mut positions: Vec<usize> = order.into_iter().skip(shard.index() - 1).step_by(shard.count()).collect();
    positions.sort_unstable();
    positions
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
}
