//! Tests of CIs, relations, groups.
