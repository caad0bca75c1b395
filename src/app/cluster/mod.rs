//! Jobs over several machines: the state of their parts, from the folder that the machines share.

pub mod commands;
pub mod panel;
mod row;
#[cfg(test)]
mod tests;
