//! Hostile input and sudden ends: damaged videos neither crash nor hang nor fill the memory, and what a killed program
//! leaves behind is a state that it had committed. Samples run with the other tests; `just hostile` and `just kill` run all.

mod corruption;
mod kills;
mod mutations;
mod parsers;
mod recipes;
mod videos;
