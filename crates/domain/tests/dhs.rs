//! Tests of units, reservations, the ledger.
