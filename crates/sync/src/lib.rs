//! Protocol types and the sync engine as a state machine; no HTTP client.
