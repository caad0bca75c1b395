//! stub
use super::Outcome;
use crate::error::Result;
#[derive(Debug, clap::Args)]
pub struct BenchArgs {}
pub(super) fn run(_: &BenchArgs) -> Result<Outcome> { Ok(Outcome::Done) }
