//! The words of the linear mode.

pub const WELCOME: &str = "Type help for all orders, list for the course, continue to go on.";
pub const HELP: &str = "\
list [TRACK]      the course, with a number for each kata
continue          open the kata that comes next
open NUMBER       open a kata, also by words of its title
lesson            read the lesson of the kata; answer N answers its questions
story             what the kata is about
tasks             the tasks, and why the first open one is open
check             judge everything again now
hint              the next hint
solution          the solution; it asks first
reset             set the scene again; it asks first
cluster           what stands in the cluster
shell             your own shell, pointed at the cluster; leave it with exit
debrief           what happened, once the kata is solved
next              the kata after this one
home              leave the kata
statistics        how far you have come
quit              leave; everything is kept";
pub const SHELL_BEGINS: &str = "Your shell begins. Type exit to come back.";
pub const SHELL_ENDED: &str = "Back in kubekata. Type tasks to hear how far you are.";
pub const NO_DEBRIEF: &str = "The debrief comes when every task is done.";
pub const LAST_KATA: &str = "This is the last kata of the course.";
pub const LEFT: &str = "You have left the kata. Everything in it is kept.";
pub const YES_OR_NO: &str = "Please type yes or no.";
pub const RESETTING: &str = "The scene is set again.";
pub const NO_QUESTION: &str = "No question is open. Read a lesson first.";
pub const CLUSTER_READY: &str = "The cluster is ready.";
pub const SCENE_STANDS: &str =
    "The scene stands. Type shell to work on it, or use another terminal: kubekata shell.";
pub const AFTER_DEBRIEF: &str = "Type next to go on.";

/// What to go on with.
pub fn comes_next(title: &str) -> String {
    format!("Next: {title}.")
}

/// Nobody knows the order.
pub fn no_order(word: &str) -> String {
    format!("There is no order {word} here. Type help for all orders.")
}

/// Nothing was found to open.
pub fn no_kata(wanted: &str) -> String {
    format!("There is no kata {wanted}. Type list for all of them.")
}

/// Nothing was found to list.
pub fn no_track(wanted: &str) -> String {
    format!("There is no track {wanted}.")
}

/// A kata was opened; its scene is being set.
pub fn opening(title: &str) -> String {
    format!("Opening {title}. It has a lesson: type lesson to read it.")
}

/// The cluster did not start.
pub fn no_cluster(reason: &str) -> String {
    format!("The cluster could not be started: {reason}")
}

/// The scene could not be set.
pub fn no_scene(reason: &str) -> String {
    format!("The scene could not be set: {reason}")
}

/// A task ticked, or came loose again.
pub fn task_changed(number: usize, done: bool) -> String {
    if done {
        format!("Task {number} is done.")
    } else {
        format!("Task {number} is open again.")
    }
}

/// Every task is done.
pub fn solved(time: &str, hints: &str) -> String {
    format!("Solved in {time} with {hints}.")
}

/// There are only so many answers.
pub fn answer_from(count: usize) -> String {
    format!("Type answer and a number from 1 to {count}.")
}
