//! Requests without end, made before they are needed: the carrier's mix of webhooks, with new ids on every pass.

use carrier::UrlKind;
use it::load::route;

use crate::wire;

/// Sessions differ in these first hexadecimal digits of their ids on every pass.
const PASS_DIGITS: usize = 8;
/// Digits of an id.
const ID_DIGITS: usize = 32;

/// A request whose id changes with the pass.
struct Template {
    bytes: Vec<u8>,
    /// Where the digits of the pass stand.
    places: Vec<usize>,
}

/// A pool of requests.
pub struct Mix {
    templates: Vec<Template>,
}

impl Mix {
    /// The first `count` webhooks of a seed, to be posted under this path.
    pub fn webhooks(seed: u64, count: usize, hooks: &str) -> Mix {
        let template = |webhook: carrier::Webhook| {
            let path = format!("{hooks}/{}", route(webhook.path_kind));
            let bytes = wire::post(&path, "application/x-www-form-urlencoded", &webhook.body);
            let places = places(&bytes, &webhook.body);
            Template { bytes, places }
        };
        Mix { templates: carrier::webhooks(seed).take(count).map(template).collect() }
    }

    /// Only those that journal one input each and ask for no answer document.
    pub fn events(seed: u64, count: usize, hooks: &str) -> Mix {
        let of_one_kind = carrier::webhooks(seed).filter(|webhook| webhook.path_kind == UrlKind::VoiceEvents);
        let template = |webhook: carrier::Webhook| {
            let bytes = wire::post(hooks, "application/x-www-form-urlencoded", &webhook.body);
            let places = places(&bytes, &webhook.body);
            Template { bytes, places }
        };
        Mix { templates: of_one_kind.take(count).map(template).collect() }
    }

    /// The n-th request, written over what `request` holds.
    pub fn write(&self, n: usize, request: &mut Vec<u8>) {
        let template = &self.templates[n % self.templates.len()];
        request.clear();
        request.extend_from_slice(&template.bytes);
        let digits = format!("{:08x}", n / self.templates.len());
        for place in &template.places {
            request[*place..*place + PASS_DIGITS].copy_from_slice(digits.as_bytes());
        }
    }
}

/// Where the id of a webhook's session begins, each time it is named.
fn places(request: &[u8], body: &str) -> Vec<usize> {
    let Some(id) = ["ATVId_", "ATXid_", "ATUid_"].iter().find_map(|prefix| {
        let at = body.find(prefix)? + prefix.len();
        body.get(at..at + ID_DIGITS).filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit()))
    }) else {
        return Vec::new();
    };
    let windows = request.windows(ID_DIGITS).enumerate();
    windows.filter(|(_, window)| *window == id.as_bytes()).map(|(at, _)| at).collect()
}
