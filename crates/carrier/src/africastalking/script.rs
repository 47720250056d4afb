//! What a person does with the questions of a call script: the keys go to the address of the question, and what is
//! answered there goes on.

use super::instruction::{Element, Instruction};
use crate::courier::Courier;
use crate::delivery;
use crate::follow::{self, Step};
use crate::plan::Planned;
use crate::server::Shared;

/// Follows an answer as far as it can be followed without a rest: questions and redirects. The phone is silent unless the
/// story says what it presses.
pub(crate) async fn follow(shared: &Shared, asked: &Planned, told: &Instruction) {
    let form: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
    let phone = super::field(&form, "callerNumber").unwrap_or_default();
    let keys = shared.behaviour().script.keys(phone);
    if keys.is_empty() {
        return;
    }
    let base: Vec<(String, String)> = form.into_iter().filter(|(name, _)| name != "dtmfDigits").collect();
    follow::follow(steps(&told.elements), &keys, |address, pressed| {
        let mut form = base.clone();
        form.extend(pressed.map(|digits| ("dtmfDigits".to_owned(), digits)));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let shared = shared.clone();
        async move {
            let asked_at = shared.behaviour().targets.voice_instruct.clone()?;
            let (status, answer) = ask(&shared.courier, &asked_at, &address, body.clone()).await?;
            let told = Instruction::read(&asked.subject, status, answer);
            shared.log().instructions.push(told.clone());
            Some(steps(&told.elements))
        }
    })
    .await;
}

async fn ask(courier: &Courier, reach: &str, address: &str, form: String) -> Option<(u16, String)> {
    let manner = &courier.manner;
    let request = manner
        .client
        .post(crate::reach::moved(address, reach)?)
        .timeout(manner.callback_timeout)
        .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    delivery::read(request.send().await.ok()?).await.ok()
}

/// The instructions in order. What stands within another is its prompt.
fn steps(elements: &[Element]) -> Vec<Step> {
    let outer = elements.iter().filter(|element| element.depth == 0);
    let attribute = |element: &Element, name: &str| {
        element.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    outer
        .map(|element| match element.name.as_str() {
            "GetDigits" => Step::Ask(attribute(element, "callbackUrl")),
            "Redirect" => Step::Go(element.text.clone()),
            "Conference" => Step::Join { room: None, record: false },
            "Reject" => Step::End,
            _ => Step::Heard,
        })
        .collect()
}
