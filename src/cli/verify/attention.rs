//! How fast cluster time passes while a learner's program runs: slowly while something goes on
//! between it and the cluster, quickly once both wait for each other.
//!
//! A program takes machine time to react. Whoever gives it a minute of cluster time must let it have
//! enough of that, also on a busy machine, and need not wait for a program that does nothing.

use std::time::{Duration, Instant};

use crate::sandbox::{Embedded, Traffic};

/// With each beat of a hundredth of a second, while something goes on.
const SLOW: Duration = Duration::from_millis(50);

/// With each beat, when nothing has been going on for long.
const FAST: Duration = Duration::from_millis(500);

/// A program that is going to react has done so within this machine time.
const REACTS: Duration = Duration::from_secs(4);

/// A program that was started asks its first question within this machine time.
const STARTS: Duration = Duration::from_secs(20);

/// The administrator, as whom attacks are carried out.
const ATTACKER: &str = "kubernetes-admin";

pub struct Attention<'a> {
    sandbox: &'a Embedded,
    user: &'a str,
    seen: (Traffic, u64),
    moved: Instant,
}

impl<'a> Attention<'a> {
    /// Pays attention to the requests of `user`, and to what is done to the cluster.
    pub fn new(sandbox: &'a Embedded, user: &'a str) -> Self {
        Self {
            sandbox,
            user,
            seen: (Traffic::default(), 0),
            moved: Instant::now(),
        }
    }

    /// How much cluster time passes with this beat.
    pub fn step(&mut self) -> Duration {
        let writes = self.sandbox.traffic(ATTACKER).writes;
        let seen = (self.sandbox.traffic(self.user), writes);
        if seen != self.seen {
            self.seen = seen;
            self.moved = Instant::now();
        }
        let reacts = match seen.0.requests {
            0 => STARTS,
            _ => REACTS,
        };
        if self.moved.elapsed() < reacts {
            SLOW
        } else {
            FAST
        }
    }
}
