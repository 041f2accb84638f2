//! Crash storage and source in PostgreSQL.
