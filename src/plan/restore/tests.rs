//! Planner tables.
