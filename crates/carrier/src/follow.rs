//! What a provider does with a call by the answers it gets, whichever way they are written.

/// Most steps that are followed for one call: answers that send each other round in a circle end here.
const STEPS_MAX: usize = 100;

/// One instruction of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask for keys, and send them to an address of their own, or to no other than that of events.
    Ask(Option<String>),
    /// Ask elsewhere what to do.
    Go(String),
    /// Join a room, by its name where it has one.
    Join { room: Option<String>, record: bool },
    /// Record from here on.
    Record,
    /// The call ends.
    End,
    /// What changes nothing of the story: words, music, a pause.
    Heard,
}

/// What became of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Followed {
    /// The room it joined; without a name where the provider has one for each number.
    pub(crate) joined: Option<Option<String>>,
    /// Whether it is recorded.
    pub(crate) recorded: bool,
    /// The keys that were pressed at questions without an address of their own.
    pub(crate) pressed: Vec<String>,
}

/// Follows answers to the end of the call, or into a room. `ask` sends the keys that were pressed, or that the call is
/// there, to an address and reads the answer; none where there was none that can be read, which ends the call.
pub(crate) async fn follow<F>(
    first: Vec<Step>,
    keys: &[String],
    mut ask: impl FnMut(String, Option<String>) -> F,
) -> Followed
where
    F: Future<Output = Option<Vec<Step>>>,
{
    let mut told = Followed::default();
    let mut keys = keys.iter();
    let mut steps = first.into_iter();
    for _ in 0..STEPS_MAX {
        let Some(step) = steps.next() else { return told };
        let asked = match step {
            Step::Heard => continue,
            Step::Record => {
                told.recorded = true;
                continue;
            }
            Step::Join { room, record } => {
                told.recorded |= record;
                told.joined = Some(room);
                return told;
            }
            Step::End => return told,
            Step::Ask(address) => match (keys.next(), address) {
                (None, _) => continue,
                (Some(pressed), None) => {
                    told.pressed.push(pressed.clone());
                    continue;
                }
                (Some(pressed), Some(address)) => ask(address, Some(pressed.clone())).await,
            },
            Step::Go(address) => ask(address, None).await,
        };
        let Some(next) = asked else { return told };
        steps = next.into_iter();
    }
    told
}
