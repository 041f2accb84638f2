mod config;
mod keys;
mod sets;
mod table;
