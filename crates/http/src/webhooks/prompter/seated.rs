//! Whether a call that asks for a room finds a place in it.

use contract::fact::Subject;
use providers::script::{Dialect, Rendered, Say, Script, Step};

use super::{Course, Prompter, Question};
use crate::webhooks::Inlet;

impl Prompter {
    /// The same course, unless it leads into a room that is full. Whoever was rung for a conference has a place in it. Africa's
    /// Talking has rooms without a name, of which nothing is told.
    pub(super) async fn seated<'b>(
        &self,
        inlet: &Inlet,
        question: &Question<'_>,
        course: Course<'b>,
    ) -> Course<'b> {
        if question.dialect == Dialect::AfricasTalking {
            return course;
        }
        let room = match &course {
            Course::At { script, part, .. } => script.room_ahead(*part),
            Course::Usual(_) => question.query.get("room").or(question.usual.room),
            Course::Close(..) | Course::Keyed { .. } => None,
        };
        let call = question.facts.iter().find_map(|fact| match &fact.subject {
            Subject::Call { provider, id } => Some((*provider, id)),
            _ => None,
        });
        let (Some(room), Some((provider, id))) = (room, call) else { return course };
        if self.placed_for(inlet, &question.facts, question.named).await.is_some()
            || self.inner.seats.admits(provider, room, id).await
        {
            return course;
        }
        tracing::info!("a call found a room full");
        match course {
            Course::At { script, .. } => Course::Close(script, script.tongue.full()),
            _ => Course::Usual(full(question.dialect)),
        }
    }
}

/// The answer to a call that finds its room full: words, where they can be said, and the end.
fn full(dialect: Dialect) -> Rendered {
    let Ok(words) = Say::plain("The conference is full. Please call again later. Goodbye.") else {
        return dialect.nothing();
    };
    let say = Step::Say(words);
    let pages = [vec![say.clone(), Step::Hangup], vec![say]];
    let scripts = pages.into_iter().filter_map(|steps| Script::new(steps).ok());
    scripts.into_iter().find_map(|script| script.render(dialect).ok()).unwrap_or_else(|| dialect.nothing())
}
