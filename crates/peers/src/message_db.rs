//! message-db: one function in SQL, which locks the category of the stream, checks its version and inserts.

use std::process::{Command, Stdio};

use uuid::Uuid;

use crate::scratch::Scratch;
use crate::{ENTITY_COMMANDS, Load, entity, text};

/// The directory `database` of its package, with its own installer in it.
const DIRECTORY: &str = "AHADI_PEERS_MESSAGE_DB";
const SQL: &str = "SELECT write_message($1, $2, 'TermsRecorded', $3::jsonb, NULL, $4)";

/// Messages of one stream each, which must be where the client left it.
pub async fn run(load: Load) -> f64 {
    let scratch = Scratch::new().await;
    install(&scratch);
    let mut at_home = scratch;
    at_home.options = at_home.options.options([("search_path", "message_store,public")]);
    let pool = at_home.connect().await;
    let connections = pool.clone();
    let rate = load
        .drive(move |client, n| {
            let pool = connections.clone();
            async move {
                let stream = format!("contract-{}", entity(client, n));
                let data = format!(
                    r#"{{"contractId":"{stream}","amount":"25000.00","currency":"KES","note":"{}"}}"#,
                    text(n)
                );
                let expected = i64::try_from(n % ENTITY_COMMANDS).unwrap() - 1;
                let query = sqlx::query(SQL).bind(Uuid::new_v4().to_string()).bind(stream);
                query.bind(data).bind(expected).execute(&pool).await.unwrap();
            }
        })
        .await;
    pool.close().await;
    at_home.remove().await;
    rate
}

/// By its own installer, which runs psql.
fn install(scratch: &Scratch) {
    let directory = std::env::var(DIRECTORY).expect("run `just peers`");
    let mut installer = Command::new(format!("{directory}/install.sh"));
    installer.stdout(Stdio::null()).env("DATABASE_NAME", scratch.name()).env("CREATE_DATABASE", "off");
    installer.env("PGHOST", scratch.options.get_host()).env("PGPORT", scratch.options.get_port().to_string());
    installer.env("PGUSER", scratch.options.get_username());
    assert!(installer.status().unwrap().success(), "message-db was not installed");
}
