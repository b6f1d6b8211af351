//! Tests of items, quarantine, masters.
