//! The room over the memory engine with a real HSM and a real journal, asked in the wire's own words.
//!
//! What AWS answers stands in tables (`tests/tables`) that people typed; what the journal keeps stands in goldens
//! (`tests/golden/audit`, rewritten with `UPDATE=1`). `complete` holds both to the list of served operations, so that an
//! operation without rows fails here and not in a reviewer's memory.

#![cfg(test)]

mod aliases;
mod audit;
mod authorization;
mod complete;
mod create;
mod destruction;
mod enclave;
mod grants;
mod grid;
mod house;
mod imports;
mod key_stores;
mod kinds;
mod limits;
mod managed;
mod model;
mod multi_region;
mod order;
mod pages;
mod people;
mod policies;
mod quotas;
mod races;
mod recipients;
mod references;
mod rewrap;
mod rotation;
mod secrets;
mod specs;
mod states;
mod strangers;
mod table;
mod upkeep;
mod usage;
mod world;
