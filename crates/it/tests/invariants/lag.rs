//! Later.

use it::Setup;

pub async fn story(_: Setup) {}
