//! UmaDB: a file of its own, group commit, conditions on appends.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use umadb_client::{AsyncUmaDbClient, UmaDbClient};
use umadb_core::mvcc::StorageOptions;
use umadb_dcb::{DcbAppendCondition, DcbEvent, DcbEventStoreAsync, DcbQuery, DcbQueryItem};
use umadb_server::{ServerOptions, start_server_with_options};

use crate::{Load, entity, text};

/// The word by which this program is started as the server.
pub const SERVE: &str = "umadb-serve";

/// Serves until the process is stopped.
pub async fn serve(path: &str, address: &str) {
    let storage = StorageOptions::default().db_path(path);
    let options = ServerOptions { listen_addr: address.to_owned(), tls: None, api_key: None, storage };
    let (_never, stop) = oneshot::channel();
    start_server_with_options(options, stop).await.unwrap();
}

/// Stops the server when the run is over, however it ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Appends of one event each, with a condition that no event of another type stands on the entity, or without one.
pub async fn run(load: Load, condition: bool) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let path = directory.path().join("uma.db");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(SERVE).arg(path).arg(&address).stdout(std::process::Stdio::null());
    let _server = Server(command.spawn().unwrap());
    let mut clients = Vec::new();
    for _ in 0..load.clients {
        clients.push(connect(&address).await);
    }
    let clients = Arc::new(clients);
    load.drive(move |client, n| {
        let clients = clients.clone();
        async move { append(&clients[client], &entity(client, n), n, condition).await }
    })
    .await
}

async fn connect(address: &str) -> AsyncUmaDbClient {
    loop {
        match UmaDbClient::new(format!("http://{address}")).connect_async().await {
            Ok(client) => return client,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn append(client: &AsyncUmaDbClient, entity: &str, n: u64, condition: bool) {
    let data =
        format!(r#"{{"contract_id":"{entity}","amount":"25000.00","currency":"KES","note":"{}"}}"#, text(n));
    let event =
        DcbEvent::default().event_type("TermsRecorded").tags([entity.to_owned()]).data(data.into_bytes());
    let event = event.uuid(uuid::Uuid::new_v4());
    let never = DcbQueryItem::new().types(["TermsWithdrawn"]).tags([entity.to_owned()]);
    let condition = condition
        .then(|| DcbAppendCondition { fail_if_events_match: DcbQuery::new().item(never), after: None });
    client.append(vec![event], condition, None).await.unwrap();
}
