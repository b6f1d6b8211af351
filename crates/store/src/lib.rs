//! The laptop's encrypted SQLite: rows, search, pending commands.
