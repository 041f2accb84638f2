mod dates;
mod dump_names;
mod dumps;
mod ids;
mod limits;
mod redaction;
