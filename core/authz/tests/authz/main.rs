//! The room through its door: tables of decisions, conditions, patterns and refused documents, and properties.

#![cfg(test)]

mod conditions;
mod decisions;
mod documents;
mod properties;
mod rules;
mod support;
