mod agreement;
mod bounds;
mod field;
mod generate;
mod grammar;
mod splice;
