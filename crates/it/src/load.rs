//! Webhooks in numbers, and which of them were answered with success.

use carrier::{UrlKind, Webhook};
use futures_util::{StreamExt, stream};

use crate::World;
use crate::world::SECRET;

/// The last parts of the path that takes webhooks of a kind.
pub fn route(kind: UrlKind) -> &'static str {
    match kind {
        UrlKind::VoiceEvents => "voice/events",
        UrlKind::VoiceInstruct => "voice/instruct",
        UrlKind::SmsIncoming => "sms/incoming",
        UrlKind::SmsDelivery => "sms/delivery",
    }
}

/// The first so many of the carrier's endless mix.
pub fn webhooks(seed: u64, count: usize) -> Vec<Webhook> {
    carrier::webhooks(seed).take(count).collect()
}

/// A form posted to one of the service's routes, as given.
pub fn webhook(kind: UrlKind, body: impl Into<String>) -> Webhook {
    Webhook { path_kind: kind, body: body.into() }
}

/// Posts webhooks to a service. Does not mind that it goes away.
#[derive(Clone, Debug)]
pub struct Poster {
    http: reqwest::Client,
    hooks: String,
}

impl Poster {
    /// To the service as it runs now.
    pub fn to(world: &World) -> Poster {
        let hooks = world.url(&format!("/hooks/africastalking/{SECRET}"));
        Poster { http: world.http.clone(), hooks }
    }

    /// Posts one and gives the status of the answer, if there was one.
    pub async fn post(&self, webhook: &Webhook) -> Option<u16> {
        let url = format!("{}/{}", self.hooks, route(webhook.path_kind));
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(webhook.body.clone()).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Posts all of them, so many at once. Gives those that were answered with success, and those that were not.
    pub async fn post_all(&self, webhooks: Vec<Webhook>, at_once: usize) -> (Vec<Webhook>, Vec<Webhook>) {
        let posted = stream::iter(webhooks).map(|webhook| async {
            let status = self.post(&webhook).await;
            (webhook, status.is_some_and(|status| (200..300).contains(&status)))
        });
        let posted: Vec<(Webhook, bool)> = posted.buffer_unordered(at_once).collect().await;
        let (taken, refused): (Vec<_>, Vec<_>) = posted.into_iter().partition(|(_, taken)| *taken);
        let without = |all: Vec<(Webhook, bool)>| all.into_iter().map(|(webhook, _)| webhook).collect();
        (without(taken), without(refused))
    }
}

impl World {
    /// Posts webhooks, each of which has to be taken.
    pub async fn deliver(&self, webhooks: Vec<Webhook>, at_once: usize) {
        let (_, refused) = Poster::to(self).post_all(webhooks, at_once).await;
        assert!(refused.is_empty(), "{} webhooks were not taken", refused.len());
    }
}
