//! Programs that were written for any cluster work with this one, also when their watch is cut and
//! when they come back with a revision that is too old: controllers of kube-rs, the Python client,
//! and an operator of kopf. What is proven from outside the process is in the lab's `tests/clients`.

mod controller;
mod python;
