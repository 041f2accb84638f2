//! Every peer in every round, in changing order.

use anyhow::Result;

/// Measures `peers` peers `rounds` times and returns the samples of each, in the order of the rounds.
///
/// Each round starts with another peer, so that what one leaves to the next is not always the same one's.
///
/// # Errors
/// The first of `measure`.
pub fn interleave<T>(
    peers: usize,
    rounds: usize,
    mut measure: impl FnMut(usize) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    let mut samples: Vec<Vec<T>> = (0..peers).map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds {
        for turn in 0..peers {
            let peer = (round + turn) % peers;
            let sample = measure(peer)?;
            if let Some(samples) = samples.get_mut(peer) {
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}
