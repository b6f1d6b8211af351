//! Tests of change states, edits, imports.
