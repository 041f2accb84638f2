/// Why an instance leaves.
pub(super) struct Departure;
