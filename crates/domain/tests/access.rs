//! Tests of which role may issue which command.
