//! What a service publishes, audited from outside.
