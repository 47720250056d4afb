//! Questions of many callers, asked in one statement.
//!
//! Under load the same short question comes from many callers at once. A statement costs the server and this process far more
//! than a row, so what comes while one is on its way waits for the next, together. Who asks alone waits for nobody.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::Postgres;
use crate::error::{Interrupted, StoreError};
use crate::rows::StreamRow;

/// Space and key of a link.
type Key = (String, String);
/// For each key, what it leads to.
type Led = Vec<Vec<StreamRow>>;

/// Most questions in one statement.
const QUESTIONS_MAX: usize = 256;

/// What waits to be asked.
#[derive(Clone, Default)]
pub(super) struct Together(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    questions: Vec<Question>,
    /// Somebody is at it, and will ask these too.
    is_asked: bool,
}

struct Question {
    keys: Vec<Key>,
    answer: oneshot::Sender<Result<Led, StoreError>>,
}

/// Asks until nothing waits.
struct Asker {
    together: Together,
    has_left: bool,
}

impl Together {
    /// Adds a question; gives who has to ask it, if nobody is at it.
    fn add(&self, question: Question) -> Option<Asker> {
        let mut waiting = self.lock();
        waiting.questions.push(question);
        let is_asked = mem::replace(&mut waiting.is_asked, true);
        (!is_asked).then(|| Asker { together: self.clone(), has_left: false })
    }

    /// A panic elsewhere cannot leave what is behind it half changed, so a poisoned lock is as good as a clean one.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asker {
    /// What to ask next. Nothing: then it has left, and whoever comes with a question next brings another.
    fn next(&mut self) -> Option<Vec<Question>> {
        let mut waiting = self.together.lock();
        let count = waiting.questions.len().min(QUESTIONS_MAX);
        if count == 0 {
            waiting.is_asked = false;
            self.has_left = true;
            return None;
        }
        let rest = waiting.questions.split_off(count);
        Some(mem::replace(&mut waiting.questions, rest))
    }
}

impl Drop for Asker {
    /// One that was cut off leaves nobody waiting: their questions go, which tells them.
    fn drop(&mut self) {
        if !self.has_left {
            let mut waiting = self.together.lock();
            waiting.is_asked = false;
            waiting.questions.clear();
        }
    }
}

impl Postgres {
    /// Asks together with whoever asks at the same time. A caller may leave: the question is asked all the same.
    pub(crate) async fn linked(&self, keys: Vec<Key>) -> Result<Led, StoreError> {
        let (answer, answered) = oneshot::channel();
        if let Some(mut asker) = self.together.add(Question { keys, answer }) {
            let db = self.clone();
            tokio::spawn(async move {
                while let Some(questions) = asker.next() {
                    db.ask(questions).await;
                }
            });
        }
        answered.await.unwrap_or_else(|_| Err(Interrupted.into()))
    }

    async fn ask(&self, questions: Vec<Question>) {
        let (keys, askers): (Vec<Vec<Key>>, Vec<_>) =
            questions.into_iter().map(|question| (question.keys, question.answer)).unzip();
        let counts: Vec<usize> = keys.iter().map(Vec::len).collect();
        let mut found = self.linked_now(keys.into_iter().flatten().collect()).await.map(Vec::into_iter);
        for (asker, count) in askers.into_iter().zip(counts) {
            let led = match &mut found {
                Ok(found) => Ok(found.by_ref().take(count).collect()),
                Err(error) => Err(error.clone()),
            };
            // Who has left needs no answer.
            let _ = asker.send(led);
        }
    }
}
