//! Telling callers that what they appended is on the disk.

use tokio::sync::mpsc;

use super::AppendError;
use super::portion::Reply;

/// A caller, and the position of what it appended.
pub(super) type Answer = (Reply<u64>, Result<u64, AppendError>);

/// Hands the answers of one transaction to the runtime in one piece. Waking a task from outside it costs the thread that
/// writes some microseconds for each, and all who come next wait for that thread; among tasks it costs a tenth of that.
pub(super) struct Answers(mpsc::UnboundedSender<Vec<Answer>>);

impl Answers {
    /// Starts the task that tells them, on the runtime of the caller. It ends with the writer.
    pub fn start() -> Answers {
        // What waits is bounded by the callers, each of whom waits for one answer.
        let (sender, mut given) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(answers) = given.recv().await {
                tell(answers);
            }
        });
        Answers(sender)
    }

    /// Tells all of them.
    pub fn give(&self, answers: Vec<Answer>) {
        if answers.len() < 2 {
            tell(answers);
        } else if let Err(mpsc::error::SendError(answers)) = self.0.send(answers) {
            // The runtime is ending; callers may be on another.
            tell(answers);
        }
    }
}

fn tell(answers: Vec<Answer>) {
    for (reply, answer) in answers {
        // Who asked may have left.
        reply.send(answer).ok();
    }
}
