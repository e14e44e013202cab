//! How the kata screen is shared out, in percent, within what stays readable.

/// The shares of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaneSizes {
    /// Width of the task where it stands beside the shell.
    pub task_width: u16,
    /// Height of the cluster above the shell.
    pub cluster_height: u16,
    /// Height of task or cluster where they stand above the shell.
    pub upper_height: u16,
    /// The task stands on the right.
    pub task_on_right: bool,
}

impl Default for PaneSizes {
    fn default() -> Self {
        Self {
            task_width: 42,
            cluster_height: 40,
            upper_height: 50,
            task_on_right: false,
        }
    }
}

impl PaneSizes {
    /// No pane gets less or more than this.
    pub const LIMITS: (u16, u16) = (20, 80);

    /// The share of whatever stands on the left.
    pub fn width_of_first(self) -> u16 {
        if self.task_on_right {
            100 - self.task_width
        } else {
            self.task_width
        }
    }

    /// A share within the limits.
    pub fn clamp(share: i32) -> u16 {
        let (least, most) = Self::LIMITS;
        u16::try_from(share.clamp(i32::from(least), i32::from(most))).unwrap_or(least)
    }
}
